//! The requests that Entra ID sends, in the order in which it documents them.

use serde_json::{Value, json};

use super::{ENTERPRISE, GROUP, LIST, Scim, USER, encoded, id, includes, listed, refused};
use crate::client::Answer;

/// Entra ID's own tests use a `userName` that is not an address.
const LOGIN: &str = "Test_User_5b1c";
const EMAIL: &str = "Test_User_77aa@entra.example";

/// Returns the body that Entra ID sends to create a user.
fn new_user() -> Value {
    json!({
        "schemas": [USER, ENTERPRISE],
        "externalId": "e7b2",
        "userName": LOGIN,
        "active": true,
        "emails": [{"primary": true, "type": "work", "value": EMAIL}],
        "meta": {"resourceType": "User"},
        "name": {"formatted": "Radia Perlman", "familyName": "Perlman", "givenName": "Radia"},
        "roles": [],
    })
}

/// Returns the user as Entra ID expects to read it.
fn expected(id: &str) -> Value {
    json!({
        "schemas": [USER],
        "id": id,
        "externalId": "e7b2",
        "meta": {"resourceType": "User"},
        "userName": LOGIN,
        "name": {"formatted": "Radia Perlman", "familyName": "Perlman", "givenName": "Radia"},
        "active": true,
        "emails": [{"value": EMAIL, "type": "work", "primary": true}],
    })
}

/// Starts a mock with that user. Returns it with the user's id.
async fn with_new_user() -> (Scim, String) {
    let scim = Scim::start().await;
    let made = scim.post("/Users", new_user()).await;
    assert_eq!(made.status, 201, "{}", made.text);
    (scim, id(&made.body))
}

/// Applies one operation to that user.
async fn patched(operation: Value) -> (Scim, String, Answer) {
    let (scim, id) = with_new_user().await;
    let answer = scim.patch(&format!("/Users/{id}"), json!([operation])).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(scim.get(&format!("/Users/{id}")).await.body, answer.body);
    (scim, id, answer)
}

/// 18: a new user.
#[tokio::test]
async fn a_user_is_created_as_documented() {
    let scim = Scim::start().await;
    let answer = scim.post("/Users", new_user()).await;
    assert_eq!(answer.status, 201);
    includes(&answer.body, &expected(&id(&answer.body)));
    let (created, modified) =
        (&answer.body["meta"]["created"], &answer.body["meta"]["lastModified"]);
    assert!(created.is_string() && created == modified, "{}", answer.text);
    let state = scim.mock.state();
    let user = state.user_by_email(EMAIL).expect("the address in the other dialects");
    assert_eq!(user.last_name.as_deref(), Some("Perlman"));
}

/// 19: one user.
#[tokio::test]
async fn a_user_is_read() {
    let (scim, id) = with_new_user().await;
    let answer = scim.get(&format!("/Users/{id}")).await;
    assert_eq!(answer.status, 200);
    includes(&answer.body, &expected(&id));
}

/// 20: a user who does not exist.
#[tokio::test]
async fn an_unknown_user_is_a_scim_error() {
    let scim = Scim::start().await;
    refused(&scim.get("/Users/5171a35d82074e068ce2").await, 404, None);
}

/// 21: a user by `userName`, compared without case.
#[tokio::test]
async fn a_user_is_found_by_user_name() {
    let (scim, id) = with_new_user().await;
    for name in [LOGIN, &LOGIN.to_lowercase()] {
        let answer = scim.find("Users", &format!("userName eq \"{name}\"")).await;
        assert_eq!(answer.status, 200);
        includes(
            &answer.body,
            &json!({
                "schemas": [LIST], "totalResults": 1, "Resources": [expected(&id)],
                "startIndex": 1,
            }),
        );
    }
}

/// 22: no user with this `userName`.
#[tokio::test]
async fn an_unknown_user_name_finds_no_user() {
    let (scim, _) = with_new_user().await;
    let answer = scim.find("Users", "userName eq \"non-existent user\"").await;
    assert_eq!(answer.status, 200);
    includes(
        &answer.body,
        &json!({"schemas": [LIST], "totalResults": 0, "Resources": [], "startIndex": 1}),
    );
}

/// 23: a user by the address for work.
#[tokio::test]
async fn a_user_is_found_by_the_address_for_work() {
    let (scim, id) = with_new_user().await;
    let by = |kind: &str| format!("emails[type eq \"{kind}\"].value eq \"{EMAIL}\"");
    assert_eq!(listed(&scim.find("Users", &by("work")).await, "id"), [json!(id)]);
    assert!(listed(&scim.find("Users", &by("home")).await, "id").is_empty());
    let seeded = scim.mock.state().users[3].clone();
    let filter = format!("emails[type eq \"work\"].value eq \"{}\"", seeded.email);
    assert_eq!(listed(&scim.find("Users", &filter).await, "id"), [json!(seeded.scim_id())]);
}

/// 24: two changes; one of them changes one of several values.
#[tokio::test]
async fn an_address_and_a_part_of_the_name_are_replaced() {
    let (scim, id) = with_new_user().await;
    let operations = json!([
        {"op": "Replace", "path": "emails[type eq \"work\"].value", "value": "new@entra.example"},
        {"op": "Replace", "path": "name.familyName", "value": "Spanning"},
    ]);
    let answer = scim.patch(&format!("/Users/{id}"), operations).await;
    assert_eq!(answer.status, 200);
    let mut after = expected(&id);
    after["emails"][0]["value"] = json!("new@entra.example");
    after["name"] =
        json!({"formatted": "Radia Spanning", "familyName": "Spanning", "givenName": "Radia"});
    includes(&answer.body, &after);
    let state = scim.mock.state();
    let user = state.user_by_scim_id(&id).expect("the user");
    assert_eq!(user.email, "new@entra.example", "the login is not an address");
}

/// 25: another `userName`.
#[tokio::test]
async fn only_the_user_name_is_replaced() {
    let (_scim, id, answer) =
        patched(json!({"op": "Replace", "path": "userName", "value": "5b50642d@entra.example"}))
            .await;
    let mut after = expected(&id);
    after["userName"] = json!("5b50642d@entra.example");
    includes(&answer.body, &after);
}

/// 26, 27 and 28: a user is disabled, with a boolean or a string, in either spelling.
#[tokio::test]
async fn a_user_is_disabled_in_every_form() {
    for (op, value) in
        [("Replace", json!(false)), ("Replace", json!("False")), ("replace", json!(false))]
    {
        let operation = json!({"op": op, "path": "active", "value": value});
        let (scim, id, answer) = patched(operation).await;
        assert_eq!(answer.body["active"], json!(false), "{op} {value}");
        let is_disabled =
            |scim: &Scim| scim.mock.state().user_by_scim_id(&id).expect("the user").is_disabled;
        assert!(is_disabled(&scim), "{op} {value}");
        let back = json!([{"op": op, "path": "active", "value": "True"}]);
        let answer = scim.patch(&format!("/Users/{id}"), back).await;
        assert_eq!((answer.status, &answer.body["active"]), (200, &json!(true)));
        assert!(!is_disabled(&scim));
    }
}

/// 29: a value for an attribute that had none.
#[tokio::test]
async fn a_nickname_is_added() {
    let (_scim, id, answer) =
        patched(json!({"op": "Add", "path": "nickName", "value": "Babs"})).await;
    let mut after = expected(&id);
    after["nickName"] = json!("Babs");
    includes(&answer.body, &after);
}

/// 30: many changes with a path each.
#[tokio::test]
async fn many_attributes_are_replaced_by_their_paths() {
    let (scim, id) = with_new_user().await;
    let number = format!("{ENTERPRISE}:employeeNumber");
    let operations: Vec<Value> = [
        ("displayName", "Pvlo"),
        ("emails[type eq \"work\"].value", "bcwqnm@entra.example"),
        ("name.givenName", "Gtfd"),
        ("name.familyName", "Pkqf"),
        ("externalId", "Eqpj"),
        (&number, "A-17"),
    ]
    .into_iter()
    .map(|(path, value)| json!({"op": "Replace", "path": path, "value": value}))
    .collect();
    let answer = scim.patch(&format!("/Users/{id}"), json!(operations)).await;
    assert_eq!(answer.status, 200);
    includes(
        &answer.body,
        &json!({
            "schemas": [USER, ENTERPRISE],
            "displayName": "Pvlo",
            "emails": [{"value": "bcwqnm@entra.example", "type": "work", "primary": true}],
            "name": {"givenName": "Gtfd", "familyName": "Pkqf", "formatted": "Gtfd Pkqf"},
            "externalId": "Eqpj",
            "userName": LOGIN,
            ENTERPRISE: {"employeeNumber": "A-17"},
        }),
    );
}

/// 31: many changes without path, by names with dots and URNs.
#[tokio::test]
async fn many_attributes_are_replaced_by_their_names() {
    let (scim, id) = with_new_user().await;
    let number = format!("{ENTERPRISE}:employeeNumber");
    let operations = json!([
        {"op": "replace", "path": "emails[type eq \"work\"].value", "value": "mhv@entra.example"},
        {"op": "replace", "value": {
            "displayName": "Bjfe",
            "name.givenName": "Kkom",
            "name.familyName": "Unua",
            number: "A-18",
        }},
    ]);
    let answer = scim.patch(&format!("/Users/{id}"), operations).await;
    assert_eq!(answer.status, 200);
    includes(
        &answer.body,
        &json!({
            "displayName": "Bjfe",
            "emails": [{"value": "mhv@entra.example", "type": "work", "primary": true}],
            "name": {"givenName": "Kkom", "familyName": "Unua"},
            ENTERPRISE: {"employeeNumber": "A-18"},
        }),
    );
    assert_eq!(answer.body.get("name.givenName"), None);
}

/// 32: a user is deleted.
#[tokio::test]
async fn a_user_is_deleted_permanently() {
    let (scim, id) = with_new_user().await;
    let path = format!("/Users/{id}");
    let answer = scim.delete(&path).await;
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    refused(&scim.delete(&path).await, 404, None);
    refused(&scim.get(&path).await, 404, None);
    assert!(scim.mock.state().user_by_email(EMAIL).is_none());
}

/// Creates a group as Entra ID does: with a schema that the server does not know, and without
/// members.
async fn with_group() -> (Scim, String, Answer) {
    let scim = Scim::start().await;
    let made = scim
        .post(
            "/Groups",
            json!({
                "schemas": [GROUP, "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],
                "externalId": "8aa1",
                "displayName": "Protocols",
                "meta": {"resourceType": "Group"},
            }),
        )
        .await;
    let id = id(&made.body);
    (scim, id, made)
}

/// 33: a new group.
#[tokio::test]
async fn a_group_is_created_with_an_unknown_schema() {
    let (_scim, _, made) = with_group().await;
    assert_eq!(made.status, 201);
    includes(
        &made.body,
        &json!({
            "schemas": [GROUP], "externalId": "8aa1", "displayName": "Protocols", "members": [],
            "meta": {"resourceType": "Group"},
        }),
    );
}

/// 34: a group without its members.
#[tokio::test]
async fn a_group_is_read_without_its_members() {
    let (scim, id, made) = with_group().await;
    let answer = scim.get(&format!("/Groups/{id}?excludedAttributes=members")).await;
    assert_eq!(answer.status, 200);
    let mut after = made.body.clone();
    after.as_object_mut().expect("an object").remove("members");
    assert_eq!(answer.body, after);
}

/// 35: a group by its name, without its members.
#[tokio::test]
async fn a_group_is_found_without_its_members() {
    let (scim, id, made) = with_group().await;
    let filter = encoded("displayName eq \"Protocols\"");
    let answer = scim.get(&format!("/Groups?excludedAttributes=members&filter={filter}")).await;
    let mut after = made.body.clone();
    after.as_object_mut().expect("an object").remove("members");
    includes(
        &answer.body,
        &json!({"schemas": [LIST], "totalResults": 1, "Resources": [after], "startIndex": 1}),
    );
    assert_eq!(answer.body["Resources"][0]["id"], json!(id));
    assert_eq!(answer.body["Resources"][0].get("members"), None);
}

/// 36: another name.
#[tokio::test]
async fn a_group_is_renamed() {
    let (scim, id, _) = with_group().await;
    let operations = json!([{"op": "Replace", "path": "displayName", "value": "Protocols 2"}]);
    let answer = scim.patch(&format!("/Groups/{id}"), operations).await;
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    let after = scim.get(&format!("/Groups/{id}")).await.body;
    assert_eq!(
        (&after["displayName"], &after["externalId"]),
        (&json!("Protocols 2"), &json!("8aa1"))
    );
}

/// 37: a member is added, with a `$ref` of null.
#[tokio::test]
async fn a_member_is_added() {
    let (scim, id, _) = with_group().await;
    let members = json!([{"$ref": null, "value": scim.user(3)}]);
    let operations = json!([{"op": "Add", "path": "members", "value": members}]);
    let answer = scim.patch(&format!("/Groups/{id}"), operations).await;
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    assert_eq!(scim.members(&id), scim.users(&[3]));
}

/// 38: a member is removed by value, and the others stay.
#[tokio::test]
async fn a_member_is_removed_by_value() {
    let scim = Scim::start().await;
    let id = scim.group_of("Protocols", &[1, 2, 3]).await;
    let members = json!([{"$ref": null, "value": scim.user(2)}]);
    let operations = json!([{"op": "Remove", "path": "members", "value": members}]);
    let answer = scim.patch(&format!("/Groups/{id}"), operations).await;
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    assert_eq!(scim.members(&id), scim.users(&[1, 3]));
}

/// 39: a member is removed by a filter, and the others stay.
#[tokio::test]
async fn a_member_is_removed_by_filter() {
    let scim = Scim::start().await;
    let id = scim.group_of("Protocols", &[1, 2, 3]).await;
    let path = format!("members[value eq \"{}\"]", scim.user(1));
    let answer =
        scim.patch(&format!("/Groups/{id}"), json!([{"op": "remove", "path": path}])).await;
    assert!([200, 204].contains(&answer.status), "{}", answer.text);
    assert_eq!(scim.members(&id), scim.users(&[2, 3]));
}

/// 40: a group is deleted.
#[tokio::test]
async fn a_group_is_deleted() {
    let (scim, id, _) = with_group().await;
    let answer = scim.delete(&format!("/Groups/{id}")).await;
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    refused(&scim.delete(&format!("/Groups/{id}")).await, 404, None);
}
