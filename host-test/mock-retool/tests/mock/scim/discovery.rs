//! Discovery: the configuration, the schemas and the resource types.

use mock_retool::{Options, ScimQuirks};
use serde_json::{Value, json};

use super::{ENTERPRISE, GROUP, LIST, Scim, USER, includes, listed, refused};

#[tokio::test]
async fn the_configuration_lists_the_supported_features() {
    let scim = Scim::with(Options { max_page_size: 50, ..Options::default() }).await;
    let answer = scim.get("/ServiceProviderConfig").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/scim+json");
    includes(
        &answer.body,
        &json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
            "patch": {"supported": true},
            "bulk": {"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
            "filter": {"supported": true, "maxResults": 50},
            "changePassword": {"supported": false},
            "sort": {"supported": false},
            "etag": {"supported": true},
            "authenticationSchemes": [{"type": "oauthbearertoken"}],
            "meta": {
                "resourceType": "ServiceProviderConfig",
                "location": format!("{}/scim/v2/ServiceProviderConfig", scim.mock.base_url()),
            },
        }),
    );
    let scim = Scim::quirky(ScimQuirks { no_etag: true, ..ScimQuirks::default() }).await;
    let answer = scim.get("/ServiceProviderConfig").await;
    assert_eq!(answer.body["etag"]["supported"], false);
}

#[tokio::test]
async fn schemas_are_listed_and_can_be_read_one_by_one() {
    let scim = Scim::start().await;
    let answer = scim.get("/Schemas").await;
    assert_eq!(answer.body["schemas"], json!([LIST]));
    assert_eq!(answer.body["totalResults"], 3);
    assert_eq!(listed(&answer, "id"), [USER, ENTERPRISE, GROUP]);
    for schema in answer.body["Resources"].as_array().expect("schemas") {
        let one = scim.get(&format!("/Schemas/{}", super::id(schema))).await;
        assert_eq!((one.status, &one.body), (200, schema));
        let location = schema["meta"]["location"].as_str().expect("a location");
        assert!(location.ends_with(&super::id(schema)), "{location}");
    }
    refused(&scim.get("/Schemas/urn:nothing").await, 404, None);
    refused(&scim.get("/Schemas?filter=id%20pr").await, 403, None);
}

#[tokio::test]
async fn a_schema_describes_every_attribute_completely() {
    fn check(attributes: &Value) {
        for attribute in attributes.as_array().expect("attributes") {
            for name in ["name", "type", "mutability", "returned", "uniqueness", "description"] {
                assert!(attribute[name].is_string(), "{name} of {attribute}");
            }
            assert!(attribute["multiValued"].is_boolean() && attribute["required"].is_boolean());
            if attribute["type"] == "complex" {
                check(&attribute["subAttributes"]);
            }
        }
    }
    let scim = Scim::start().await;
    let schemas = scim.get("/Schemas").await.body;
    for schema in schemas["Resources"].as_array().expect("schemas") {
        check(&schema["attributes"]);
    }
    let user = &schemas["Resources"][0]["attributes"];
    let named = |name: &str| {
        let found = user.as_array().expect("attributes").iter();
        found.clone().find(|attribute| attribute["name"] == name).expect("the attribute")
    };
    includes(
        named("userName"),
        &json!({"required": true, "uniqueness": "server", "caseExact": false}),
    );
    includes(named("groups"), &json!({"mutability": "readOnly", "multiValued": true}));
    includes(named("password"), &json!({"mutability": "writeOnly", "returned": "never"}));
    assert_eq!(named("active")["type"], "boolean");
}

#[tokio::test]
async fn resource_types_name_their_endpoints_and_schemas() {
    let scim = Scim::start().await;
    let answer = scim.get("/ResourceTypes").await;
    includes(
        &answer.body,
        &json!({
            "totalResults": 2,
            "Resources": [
                {
                    "id": "User", "name": "User", "endpoint": "/Users", "schema": USER,
                    "schemaExtensions": [{"schema": ENTERPRISE, "required": false}],
                },
                {"id": "Group", "name": "Group", "endpoint": "/Groups", "schema": GROUP},
            ],
        }),
    );
    let one = scim.get("/ResourceTypes/Group").await;
    assert_eq!((one.status, &one.body), (200, &answer.body["Resources"][1]));
    refused(&scim.get("/ResourceTypes/Device").await, 404, None);
}
