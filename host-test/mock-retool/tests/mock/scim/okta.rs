//! The requests that Okta sends, in the order in which it documents them.

use serde_json::{Value, json};

use super::{GROUP, LIST, PATCH, Scim, USER, encoded, id, includes, refused};
use mock_retool::Options;

const LOGIN: &str = "hedy.lamarr@okta.example";

/// Returns the body that Okta sends to create a user.
fn new_user() -> Value {
    json!({
        "schemas": [USER],
        "userName": LOGIN,
        "name": {"givenName": "Hedy", "familyName": "Lamarr"},
        "emails": [{"primary": true, "value": LOGIN, "type": "work"}],
        "displayName": "Hedy Lamarr",
        "locale": "en-US",
        "externalId": "00u1hedy",
        "groups": [],
        "password": "1mz050nq",
        "active": true,
    })
}

/// Starts a mock with that user. Returns it with the user's id.
async fn with_new_user() -> (Scim, String) {
    let scim = Scim::start().await;
    let made = scim.post("/Users", new_user()).await;
    assert_eq!(made.status, 201, "{}", made.text);
    (scim, id(&made.body))
}

/// 01: Okta searches for a user before it creates the user.
#[tokio::test]
async fn a_search_for_an_unknown_user_is_an_empty_list() {
    let scim = Scim::start().await;
    let filter = encoded(&format!("userName eq \"{LOGIN}\""));
    let answer = scim.get(&format!("/Users?filter={filter}&startIndex=1&count=100")).await;
    assert_eq!(answer.status, 200);
    let empty = json!({
        "schemas": [LIST], "totalResults": 0, "startIndex": 1, "itemsPerPage": 0, "Resources": [],
    });
    assert_eq!(answer.body, empty);
}

/// 02: a new user.
#[tokio::test]
async fn a_user_is_created_as_documented_without_the_password() {
    let scim = Scim::start().await;
    let answer = scim.post("/Users", new_user()).await;
    assert_eq!(answer.status, 201);
    let mut expected = new_user();
    expected.as_object_mut().expect("an object").remove("password");
    expected["meta"] = json!({"resourceType": "User"});
    includes(&answer.body, &expected);
    assert!(!answer.text.contains("1mz050nq"), "{}", answer.text);
    assert!(!format!("{:?}", scim.mock.state()).contains("1mz050nq"));
    assert_eq!(scim.mock.requests()[0].body["password"], "***");
    assert!(scim.mock.state().invitations.is_empty());
}

/// 03: the same user once more, and one without an `externalId`.
#[tokio::test]
async fn a_user_name_cannot_be_created_twice() {
    let (scim, _) = with_new_user().await;
    let mut again = new_user();
    again.as_object_mut().expect("an object").remove("externalId");
    refused(&scim.post("/Users", again.clone()).await, 409, Some("uniqueness"));
    again["userName"] = json!("another@okta.example");
    let another = scim.post("/Users", again).await;
    assert_eq!(another.status, 201, "{}", another.text);
    assert_eq!(another.body.get("externalId"), None);
}

/// 04: all users.
#[tokio::test]
async fn all_users_are_listed() {
    let scim = Scim::start().await;
    let answer = scim.get("/Users?startIndex=1&count=100").await;
    assert_eq!((answer.status, &answer.body["totalResults"]), (200, &json!(12)));
    assert_eq!(answer.body["Resources"].as_array().map(Vec::len), Some(12));
    assert_eq!(answer.body["itemsPerPage"], 12);
}

/// 05 and 06: one user, before and after a change outside of SCIM.
#[tokio::test]
async fn a_user_is_read_with_changes_made_outside_of_scim() {
    let (scim, id) = with_new_user().await;
    let path = format!("/Users/{id}");
    let mut expected = json!({
        "schemas": [USER], "id": id, "userName": LOGIN,
        "name": {"givenName": "Hedy", "familyName": "Lamarr"},
        "active": true, "groups": [],
        "emails": [{"primary": true, "value": LOGIN, "type": "work"}],
        "meta": {"resourceType": "User"},
    });
    let read = scim.get(&path).await;
    assert_eq!(read.status, 200);
    includes(&read.body, &expected);

    scim.mock.edit(|state| {
        let user = state.user_by_email_mut(LOGIN).expect("the user");
        user.first_name = Some("Hedwig".to_owned());
    });
    expected["name"]["givenName"] = json!("Hedwig");
    expected["displayName"] = json!("Hedwig Lamarr");
    includes(&scim.get(&path).await.body, &expected);
}

/// 07: a PUT of the whole user.
#[tokio::test]
async fn a_user_is_replaced_as_a_whole() {
    let (scim, id) = with_new_user().await;
    let put = json!({
        "schemas": [USER],
        "id": id,
        "userName": LOGIN,
        "name": {"givenName": "Hedwig", "middleName": "Eva Maria", "familyName": "Lamarr"},
        "emails": [{"primary": true, "value": LOGIN, "type": "work", "display": LOGIN}],
        "active": true,
        "groups": [],
        "meta": {"resourceType": "User"},
    });
    let answer = scim.put(&format!("/Users/{id}"), put.clone()).await;
    assert_eq!(answer.status, 200);
    includes(&answer.body, &put);
    assert_eq!(answer.body.get("locale"), None, "an omitted attribute is removed");
    assert_eq!(scim.get(&format!("/Users/{id}")).await.body, answer.body);
    let state = scim.mock.state();
    let user = state.user_by_scim_id(&id).expect("the user");
    assert_eq!(user.first_name.as_deref(), Some("Hedwig"));
}

/// 08: a user whose assignment ends is disabled.
#[tokio::test]
async fn a_user_is_disabled_by_an_operation_without_path() {
    let (scim, id) = with_new_user().await;
    let operations = json!([{"op": "replace", "value": {"active": false}}]);
    let answer = scim.patch(&format!("/Users/{id}"), operations).await;
    assert_eq!((answer.status, &answer.body["active"]), (200, &json!(false)));
    includes(&answer.body, &json!({"id": id, "userName": LOGIN, "groups": [], "locale": "en-US"}));
    assert!(scim.mock.state().user_by_email(LOGIN).expect("the user").is_disabled);
}

/// 09: a group is pushed.
#[tokio::test]
async fn a_group_is_created_without_members() {
    let scim = Scim::start().await;
    let pushed = json!({"schemas": [GROUP], "displayName": "Pushed", "members": []});
    let answer = scim.post("/Groups", pushed.clone()).await;
    assert_eq!(answer.status, 201);
    includes(&answer.body, &pushed);
    assert_eq!(answer.body["meta"]["resourceType"], "Group");
    assert!(scim.mock.state().group_named("Pushed").is_some());
}

/// 10: all groups.
#[tokio::test]
async fn all_groups_are_listed() {
    let scim = Scim::start().await;
    let answer = scim.get("/Groups?startIndex=1&count=100").await;
    assert_eq!((answer.status, &answer.body["totalResults"]), (200, &json!(8)));
    assert_eq!(answer.body["Resources"][3]["displayName"], "Engineering");
}

/// 11: a search for a group by its name.
#[tokio::test]
async fn a_group_is_found_only_by_its_whole_name() {
    let scim = Scim::start().await;
    let group = scim.group_of("Pushed Group", &[1]).await;
    for (name, hits) in [("Pushed Group", json!([group])), ("Pushed", json!([]))] {
        let filter = encoded(&format!("displayName eq \"{name}\""));
        let answer = scim.get(&format!("/Groups?filter={filter}&startIndex=1&count=100")).await;
        assert_eq!(json!(super::listed(&answer, "id")), hits, "{name}");
        let count = hits.as_array().map(Vec::len);
        includes(
            &answer.body,
            &json!({
                "schemas": [LIST], "totalResults": count, "itemsPerPage": count, "startIndex": 1,
            }),
        );
    }
}

/// 12: a group with its members.
#[tokio::test]
async fn a_group_is_read_with_its_members() {
    let scim = Scim::start().await;
    let group = scim.group_of("Pushed", &[2]).await;
    let answer = scim.get(&format!("/Groups/{group}")).await;
    let member = scim.mock.state().users[2].clone();
    includes(
        &answer.body,
        &json!({
            "schemas": [GROUP], "id": group, "displayName": "Pushed",
            "members": [{"value": member.scim_id(), "display": member.email}],
            "meta": {"resourceType": "Group"},
        }),
    );
}

/// 13: a group gets another name, by an operation that repeats its id.
#[tokio::test]
async fn a_group_is_renamed_by_an_operation_without_path() {
    let scim = Scim::start().await;
    let group = scim.group_of("Pushed", &[2]).await;
    let operations =
        json!([{"op": "replace", "value": {"id": group, "displayName": "Pushed again"}}]);
    let answer = scim.patch(&format!("/Groups/{group}"), operations).await;
    assert_eq!(answer.status, 200);
    includes(&answer.body, &json!({"id": group, "displayName": "Pushed again"}));
    assert_eq!(scim.members(&group), scim.users(&[2]));
}

/// 14: one member is removed and another added in one request.
#[tokio::test]
async fn a_member_is_removed_and_another_added_in_one_request() {
    let scim = Scim::start().await;
    let group = scim.group_of("Pushed", &[1, 2]).await;
    let (removed, added) = (scim.user(1), scim.user(3));
    let operations = json!([
        {"op": "remove", "path": format!("members[value eq \"{removed}\"]")},
        {"op": "add", "path": "members", "value": [{"value": added, "display": "New Member"}]},
    ]);
    let answer = scim.patch(&format!("/Groups/{group}"), operations.clone()).await;
    assert!([200, 204].contains(&answer.status), "{}", answer.text);
    assert_eq!(scim.members(&group), scim.users(&[2, 3]));
    // The same request again changes nothing.
    assert_eq!(scim.patch(&format!("/Groups/{group}"), operations).await.status, answer.status);
    assert_eq!(scim.members(&group), scim.users(&[2, 3]));
}

/// 15: a PUT of a group with all its members.
#[tokio::test]
async fn a_group_is_replaced_with_its_members() {
    let scim = Scim::start().await;
    let group = scim.group_of("Pushed", &[1, 2]).await;
    let put = json!({
        "schemas": [GROUP],
        "displayName": "Pushed anew",
        "members": [{"value": scim.user(4), "display": scim.mock.state().users[4].email}],
    });
    let answer = scim.put(&format!("/Groups/{group}"), put.clone()).await;
    assert_eq!(answer.status, 200);
    includes(&answer.body, &put);
    assert_eq!(answer.body["id"], json!(group));
    assert_eq!(scim.members(&group), scim.users(&[4]));
}

/// 16: all members are replaced.
#[tokio::test]
async fn the_members_of_a_group_are_replaced() {
    let scim = Scim::start().await;
    let group = scim.group_of("Pushed", &[1, 2]).await;
    let members = json!([
        {"value": scim.user(2), "display": "one"},
        {"value": scim.user(5), "display": "another"},
    ]);
    let operations = json!([{"op": "replace", "path": "members", "value": members}]);
    let answer = scim.patch(&format!("/Groups/{group}"), operations).await;
    assert!([200, 204].contains(&answer.status), "{}", answer.text);
    assert_eq!(scim.members(&group), scim.users(&[2, 5]));
}

/// 17: a group is deleted.
#[tokio::test]
async fn a_group_is_deleted() {
    let scim = Scim::start().await;
    let group = scim.group_of("Pushed", &[1]).await;
    let answer = scim.delete(&format!("/Groups/{group}")).await;
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    refused(&scim.get(&format!("/Groups/{group}")).await, 404, None);
    assert!(scim.mock.state().group_named("Pushed").is_none());
}

/// The organisation may be empty, and Okta may use either base with `application/scim+json`.
#[tokio::test]
async fn okta_can_start_with_an_empty_organisation_below_api() {
    let scim = Scim::with(Options { empty: true, ..Options::default() }).await;
    let path = "/api/scim/v2/Users";
    let headers = [("content-type", "application/scim+json")];
    let client = &scim.client;
    let made = client
        .try_send_with("POST", path, &headers, &new_user().to_string())
        .await
        .expect("an answer");
    assert_eq!(made.status, 201, "{}", made.text);
    let operations = json!({
        "schemas": [PATCH], "Operations": [{"op": "replace", "value": {"active": false}}],
    });
    let path = format!("{path}/{}", id(&made.body));
    let answer = client
        .try_send_with("PATCH", &path, &headers, &operations.to_string())
        .await
        .expect("an answer");
    assert_eq!((answer.status, &answer.body["active"]), (200, &json!(false)));
}
