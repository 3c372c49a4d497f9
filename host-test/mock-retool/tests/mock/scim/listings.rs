//! Pages and selections.

use mock_retool::{Options, ScimQuirks};
use serde_json::{Value, json};

use super::{ENTERPRISE, LIST, Scim, encoded, id, listed, refused};

#[tokio::test]
async fn pages_count_from_one_and_list_every_user_once() {
    let scim = Scim::start().await;
    let mut ids = Vec::new();
    for (start, length) in [(1, 5), (6, 5), (11, 2), (13, 0), (1000, 0)] {
        let answer = scim.get(&format!("/Users?startIndex={start}&count=5")).await;
        let page = listed(&answer, "id");
        assert_eq!(page.len(), length, "from {start}");
        assert_eq!(answer.body["schemas"], json!([LIST]));
        assert_eq!(answer.body["totalResults"], 12);
        assert_eq!(answer.body["startIndex"], start);
        assert_eq!(answer.body["itemsPerPage"], json!(length));
        ids.extend(page);
    }
    let expected: Vec<Value> =
        scim.mock.state().users.iter().map(|user| json!(user.scim_id())).collect();
    assert_eq!(ids, expected);
}

#[tokio::test]
async fn filtered_listings_are_paged_too() {
    let scim = Scim::start().await;
    let filter = encoded("userName co \"example.com\"");
    let answer = scim.get(&format!("/Users?filter={filter}&startIndex=11&count=5")).await;
    assert_eq!(listed(&answer, "id"), [json!(scim.user(10)), json!(scim.user(11))]);
    assert_eq!(answer.body["totalResults"], 12);
}

#[tokio::test]
async fn a_count_of_zero_returns_only_the_total_and_numbers_are_clamped() {
    let scim = Scim::with(Options { max_page_size: 7, ..Options::default() }).await;
    for (query, first, length) in [
        ("count=0", 1, 0),
        ("count=-3", 1, 0),
        ("startIndex=0&count=2", 1, 2),
        ("startIndex=-7&count=2", 1, 2),
        ("count=5000", 1, 7),
        ("", 1, 7),
        ("startIndex=8", 8, 5),
        ("sortBy=userName&sortOrder=descending&STARTINDEX=12", 12, 1),
    ] {
        let answer = scim.get(&format!("/Users?{query}")).await;
        assert_eq!(listed(&answer, "id").len(), length, "{query}");
        assert_eq!(answer.body["totalResults"], 12, "{query}");
        assert_eq!(answer.body["startIndex"], first, "{query}");
    }
    for query in ["count=many", "startIndex=1.5", "count="] {
        refused(&scim.get(&format!("/Users?{query}")).await, 400, Some("invalidValue"));
    }
}

#[tokio::test]
async fn paging_can_be_ignored_as_retool_does() {
    let scim = Scim::with(Options {
        max_page_size: 7,
        scim_quirks: ScimQuirks { ignore_paging: true, ..ScimQuirks::default() },
        ..Options::default()
    })
    .await;
    for query in ["startIndex=9&count=2", "count=0", ""] {
        let answer = scim.get(&format!("/Users?{query}")).await;
        assert_eq!(listed(&answer, "id").len(), 12, "{query}");
        assert_eq!(answer.body["startIndex"], 1);
        assert_eq!(answer.body["itemsPerPage"], 12);
    }
}

#[tokio::test]
async fn only_selected_attributes_are_returned() {
    let scim = Scim::start().await;
    let made = scim
        .post(
            "/Users?attributes=userName",
            json!({
                "userName": "new@example.com", "name": {"givenName": "New", "familyName": "Person"},
                ENTERPRISE: {"department": "Sales", "division": "North"},
            }),
        )
        .await;
    let names = |value: &Value| -> Vec<String> {
        value.as_object().expect("an object").keys().cloned().collect()
    };
    assert_eq!(names(&made.body), ["id", "schemas", "userName"]);
    let path = format!("/Users/{}", id(&made.body));
    let selected = scim
        .get(&format!("{path}?attributes=NAME.familyName,{ENTERPRISE}:division,emails.value"))
        .await
        .body;
    assert_eq!(selected["name"], json!({"familyName": "Person"}));
    assert_eq!(selected[ENTERPRISE], json!({"division": "North"}));
    assert_eq!(selected["emails"], json!([{"value": "new@example.com"}]));
    assert_eq!(names(&selected), ["emails", "id", "name", "schemas", ENTERPRISE]);

    let without =
        scim.get(&format!("{path}?excludedAttributes=meta,emails,id,name.formatted")).await;
    assert_eq!(without.body.get("meta"), None);
    assert_eq!(without.body.get("emails"), None);
    assert_eq!(without.body["name"], json!({"givenName": "New", "familyName": "Person"}));
    assert!(without.body["id"].is_string(), "the id is always returned");

    let list = scim.get("/Groups?attributes=displayName&count=2").await.body;
    for group in list["Resources"].as_array().expect("groups") {
        assert_eq!(names(group), ["displayName", "id", "schemas"]);
    }
    // A PATCH that requests attributes gets them, even if the response would be empty otherwise.
    let group = scim.group("Support");
    let operations = json!([{"op": "replace", "path": "displayName", "value": "Helpers"}]);
    let answer = scim.patch(&format!("/Groups/{group}?attributes=displayName"), operations).await;
    assert_eq!((answer.status, &answer.body["displayName"]), (200, &json!("Helpers")));
    assert_eq!(names(&answer.body), ["displayName", "id", "schemas"]);
}

#[tokio::test]
async fn a_search_is_a_listing_with_its_query_in_the_body() {
    let scim = Scim::start().await;
    let query = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
        "filter": "userName co \"@example.com\"", "startIndex": 11, "count": 5,
        "attributes": ["userName", "active"], "excludedAttributes": ["active"], "sortBy": null,
    });
    let found = scim.post("/Users/.search", query).await;
    assert_eq!(listed(&found, "id"), [json!(scim.user(10)), json!(scim.user(11))]);
    let state = scim.mock.state();
    assert_eq!(
        listed(&found, "userName"),
        [json!(state.users[10].email), json!(state.users[11].email)]
    );
    assert_eq!(listed(&found, "active"), [Value::Null, Value::Null]);
    assert_eq!((&found.body["totalResults"], &found.body["startIndex"]), (&json!(12), &json!(11)));

    let groups = scim.post("/Groups/.search", json!({"filter": "displayName sw \"eng\""})).await;
    assert_eq!(listed(&groups, "displayName"), ["Engineering"]);
    let first = scim.mock.state().users[0].clone();
    let either = format!("userName eq \"{}\" or displayName eq \"Support\"", first.email);
    let both = scim.post("/.search", json!({"filter": either})).await;
    assert_eq!(listed(&both, "id"), [json!(first.scim_id()), json!(scim.group("Support"))]);
    assert_eq!(scim.post("/.search", json!({})).await.body["totalResults"], 20);

    let bad = scim.post("/.search", json!({"filter": "x"})).await;
    refused(&bad, 400, Some("invalidFilter"));
    for query in [json!({"filter": 7}), json!({"count": "many"})] {
        refused(&scim.post("/Users/.search", query).await, 400, Some("invalidValue"));
    }
    refused(&scim.get("/Users/.search").await, 405, None);
}
