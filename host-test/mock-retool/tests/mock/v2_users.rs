use mock_retool::{Options, User, V2Options};
use serde_json::{Value, json};

use crate::client::{Client, start};

const USERS: &str = "/api/v2/users";

fn path(user: &User) -> String {
    format!("{USERS}/{}", user.sid())
}

fn replace(path: &str, value: Value) -> Value {
    json!({"operations": [{"op": "replace", "path": path, "value": value}]})
}

/// Returns a body that creates an account.
fn new() -> Value {
    json!({"email": "new@example.com", "first_name": "New", "last_name": "Person"})
}

#[tokio::test]
async fn a_record_has_every_field_of_the_recorded_ones() {
    let (mock, client) = start(Options::default()).await;
    let user = mock.edit(|state| {
        let user = &mut state.users[4];
        user.id = "1607dcd4-2a48-4c31-b560-95ec5df0b125".to_owned();
        user.legacy_id = 9_007_199_254_740_993;
        user.email = "jane@example.com".to_owned();
        user.first_name = Some("Jane".to_owned());
        user.last_name = None;
        user.is_disabled = true;
        user.two_factor_auth_enabled = true;
        user.seat_type = Some("builder".to_owned());
        user.metadata = [("department".to_owned(), json!("engineering"))].into_iter().collect();
        user.created_at = "2020-02-29T00:00:00.000Z".to_owned();
        user.last_active = Some("2021-01-01T00:00:00.000Z".to_owned());
        user.clone()
    });
    let answer = client.get(&path(&user)).await;
    assert_eq!(
        (answer.status, answer.body),
        (
            200,
            json!({
                "success": true,
                "data": {
                    "id": "user_1607dcd42a484c31b56095ec5df0b125",
                    "legacy_id": 9_007_199_254_740_993_u64,
                    "first_name": "Jane",
                    "last_name": null,
                    "created_at": "2020-02-29T00:00:00.000Z",
                    "last_active": "2021-01-01T00:00:00.000Z",
                    "email": "jane@example.com",
                    "active": false,
                    "metadata": {"department": "engineering"},
                    "is_admin": false,
                    "two_factor_auth_enabled": true,
                    "user_type": "default",
                    "seat_type": "builder",
                },
            })
        )
    );
    let listed = client.get(USERS).await.body;
    assert_eq!(listed["data"][4], client.get(&path(&user)).await.body["data"]);
}

#[tokio::test]
async fn seeded_accounts_have_numbers_that_a_32_bit_float_cannot_hold() {
    let (mock, client) = start(Options::default()).await;
    let data = client.get(USERS).await.body["data"].clone();
    let numbers: Vec<u64> = data
        .as_array()
        .expect("users")
        .iter()
        .map(|user| user["legacy_id"].as_u64().expect("a whole number"))
        .collect();
    assert_eq!(numbers.len(), 12);
    assert_eq!(numbers[0], 16_777_217);
    assert!(numbers.is_sorted_by(|one, next| one < next));
    assert_eq!(mock.state().users[0].extra["legacyId"], json!(numbers[0]), "the same as in v1");

    let made = client.post(USERS, new()).await.body;
    assert_eq!(made["data"]["legacy_id"], json!(numbers[11] + 1));
}

#[tokio::test]
async fn groups_are_included_only_on_request() {
    let (mock, client) = start(Options::default()).await;
    let user = mock.edit(|state| {
        let id = state.users[4].id.clone();
        state.users[4].memberships.clear();
        state.users[4].is_admin = true;
        state.join(4, &id).expect("a group");
        state.users[4].clone()
    });
    for query in ["", "?includeGroups=false"] {
        let record = client.get(&format!("{}{query}", path(&user))).await.body;
        assert!(record["data"].get("groups").is_none(), "{query}");
    }
    let record = client.get(&format!("{}?includeGroups=true", path(&user))).await.body;
    assert_eq!(
        record["data"]["groups"],
        json!([
            {"id": 1, "legacy_id": 1, "name": "admin"},
            {"id": 4, "legacy_id": 4, "name": "Engineering"},
        ])
    );
    let nonsense = client.get(&format!("{}?includeGroups=maybe", path(&user))).await;
    assert_eq!(nonsense.status, 400);
}

#[tokio::test]
async fn an_account_is_created_as_recorded_without_an_invitation() {
    let (mock, client) = start(Options { empty: true, ..Options::default() }).await;
    let answer = client
        .post(
            USERS,
            json!({
                "active": true,
                "email": "tf-acc-user-v4@example.retool.com",
                "first_name": "Test",
                "last_name": "User",
                "metadata": {"department": "engineering"},
            }),
        )
        .await;
    assert_eq!(answer.status, 200);
    let user = mock.state().users[0].clone();
    assert_eq!(
        answer.body,
        json!({
            "success": true,
            "data": {
                "id": format!("user_{}", user.id.replace('-', "")),
                "legacy_id": 16_777_217,
                "first_name": "Test",
                "last_name": "User",
                "created_at": "2026-01-05T09:00:04.000Z",
                "last_active": null,
                "email": "tf-acc-user-v4@example.retool.com",
                "active": true,
                "metadata": {"department": "engineering"},
                "is_admin": false,
                "two_factor_auth_enabled": false,
                "user_type": "default",
                "seat_type": null,
            },
        })
    );
    assert_eq!(client.get(&path(&user)).await.body, answer.body);
    assert!(mock.state().invitations.is_empty());
    assert!(mock.state().invites.is_empty());
}

#[tokio::test]
async fn invalid_and_incomplete_new_accounts_are_refused() {
    let (mock, client) = start(Options::default()).await;
    let before = mock.state();
    for (field, value) in [
        ("email", None),
        ("first_name", None),
        ("last_name", None),
        ("email", Some(json!("no-address"))),
        ("email", Some(json!("@example.com"))),
        ("first_name", Some(json!(""))),
        ("last_name", Some(json!(""))),
        ("last_name", Some(json!(null))),
        ("user_type", Some(json!("endUser"))),
        ("user_type", Some(json!("Default"))),
        ("is_admin", Some(json!(false))),
        ("active", Some(json!("yes"))),
        ("metadata", Some(json!([]))),
        ("firstName", Some(json!("New"))),
    ] {
        let mut body = new();
        match &value {
            Some(value) => body[field] = value.clone(),
            None => drop(body.as_object_mut().expect("an object").remove(field)),
        }
        let answer = client.post(USERS, body).await;
        assert_eq!(answer.status, 400, "{field} {value:?}");
        assert_eq!(answer.body["success"], false, "{field} {value:?}");
        assert!(!answer.message().is_empty(), "{field} {value:?}");
    }
    for body in ["", "{", "[]", "null"] {
        let answer = client.send("POST", USERS, body).await;
        assert!(matches!(answer.status, 400 | 415), "{body}");
    }
    assert_eq!(mock.state(), before);
}

#[tokio::test]
async fn an_account_can_be_created_disabled_and_with_any_type_of_this_dialect() {
    let (mock, client) = start(Options::default()).await;
    for (at, user_type) in ["default", "mobile", "embed"].into_iter().enumerate() {
        let mut body = new();
        body["email"] = json!(format!("{user_type}@example.com"));
        body["user_type"] = json!(user_type);
        body["active"] = json!(false);
        let made = client.post(USERS, body).await.body;
        assert_eq!(
            (&made["data"]["user_type"], &made["data"]["active"]),
            (&json!(user_type), &json!(false))
        );
        let user = &mock.state().users[12 + at];
        assert_eq!((user.user_type.as_str(), user.is_disabled), (user_type, true));
    }
}

#[tokio::test]
async fn an_address_is_unique_regardless_of_case_and_of_disabled_users() {
    let (mock, client) = start(Options::default()).await;
    let before = mock.state();
    let disabled = before.users.iter().find(|user| user.is_disabled).expect("a disabled user");
    for user in [&before.users[0], disabled] {
        let mut body = new();
        body["email"] = json!(user.email.to_uppercase());
        let answer = client.post(USERS, body).await;
        assert_eq!((answer.status, &answer.body["success"]), (409, &json!(false)));
    }
    assert_eq!(mock.state(), before);
}

#[tokio::test]
async fn an_account_can_be_created_despite_a_pending_invitation_which_stays_pending() {
    let (mock, client) = start(Options::default()).await;
    client.post("/api/v2/user_invites", json!({"email": "new@example.com"})).await;
    assert_eq!(client.post(USERS, new()).await.status, 200);
    let state = mock.state();
    assert!(state.user_by_email("new@example.com").is_some());
    assert_eq!(state.pending_invites("new@example.com").count(), 1);
    assert_eq!(state.invitations, ["new@example.com"], "only the mail of the invitation");
}

#[tokio::test]
async fn a_patch_changes_only_the_named_fields() {
    let (mock, client) = start(Options::default()).await;
    let before = mock.state().users[3].clone();
    let answer = client
        .patch(
            &path(&before),
            json!({"operations": [
                {"op": "replace", "path": "/first_name", "value": "Updated"},
                {"op": "add", "path": "/last_name", "value": "TestUser"},
                {"op": "replace", "path": "/active", "value": false},
            ]}),
        )
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body, client.get(&path(&before)).await.body);
    let after = mock.state().users[3].clone();
    let expected = User {
        first_name: Some("Updated".to_owned()),
        last_name: Some("TestUser".to_owned()),
        is_disabled: true,
        updated_at: mock.state().now(),
        ..before
    };
    assert_eq!(after, expected);

    let enabled = client.patch(&path(&after), replace("/active", json!(true))).await;
    assert_eq!(enabled.body["data"]["active"], true);
    assert!(!mock.state().users[3].is_disabled);
}

#[tokio::test]
async fn metadata_change_by_field_or_as_a_whole() {
    let (mock, client) = start(Options::default()).await;
    let user = mock.edit(|state| {
        let user = &mut state.users[3];
        user.metadata =
            [("a/b".to_owned(), json!(1)), ("gone".to_owned(), json!([]))].into_iter().collect();
        user.clone()
    });
    let patched = client
        .patch(
            &path(&user),
            json!({"operations": [
                {"op": "replace", "path": "/metadata/a~1b", "value": {"deep": null}},
                {"op": "remove", "path": "/metadata/gone"},
                {"op": "add", "path": "/metadata/sequence", "value": 9_007_199_254_740_993_u64},
            ]}),
        )
        .await;
    let expected = json!({"a/b": {"deep": null}, "sequence": 9_007_199_254_740_993_u64});
    assert_eq!(patched.body["data"]["metadata"], expected);
    assert_eq!(json!(mock.state().users[3].metadata), expected);

    let whole = client.patch(&path(&user), replace("/metadata", json!({"x": "y"}))).await;
    assert_eq!(whole.body["data"]["metadata"], json!({"x": "y"}));
    let none = json!({"operations": [{"op": "remove", "path": "/metadata"}]});
    assert_eq!(client.patch(&path(&user), none).await.body["data"]["metadata"], json!({}));
}

#[tokio::test]
async fn a_patch_with_an_invalid_operation_changes_nothing() {
    let (mock, client) = start(Options::default()).await;
    let before = mock.state();
    let user = path(&before.users[3]);
    let first = json!({"op": "replace", "path": "/first_name", "value": "Changed"});
    for operation in [
        json!({"op": "replace", "path": "/is_admin", "value": true}),
        json!({"op": "add", "path": "/is_admin", "value": true}),
        json!({"op": "replace", "path": "/email", "value": "new@example.com"}),
        json!({"op": "replace", "path": "/id", "value": "user_1"}),
        json!({"op": "replace", "path": "/last_active", "value": null}),
        json!({"op": "replace", "path": "/groups", "value": []}),
        json!({"op": "replace", "path": "/isDisabled", "value": true}),
        json!({"op": "replace", "path": "first_name", "value": "No slash"}),
        json!({"op": "replace", "path": "/user_type", "value": "endUser"}),
        json!({"op": "replace", "path": "/active", "value": "False"}),
        json!({"op": "replace", "path": "/first_name", "value": ""}),
        json!({"op": "replace", "path": "/first_name", "value": 1}),
        json!({"op": "replace", "path": "/first_name"}),
        json!({"op": "replace", "path": "/metadata", "value": "text"}),
        json!({"op": "replace", "path": "/metadata/missing", "value": 1}),
        json!({"op": "remove", "path": "/metadata/missing"}),
        json!({"op": "remove", "path": "/active"}),
        json!({"op": "test", "path": "/active", "value": true}),
        json!({"op": "Replace", "path": "/active", "value": true}),
        json!({"path": "/active", "value": true}),
    ] {
        let answer = client.patch(&user, json!({"operations": [first, operation]})).await;
        assert_eq!((answer.status, &answer.body["success"]), (400, &json!(false)), "{operation}");
    }
    for body in [json!([first]), first.clone(), json!({}), json!({"operations": first})] {
        assert_eq!(client.patch(&user, body.clone()).await.status, 400, "{body}");
    }
    assert_eq!(mock.state(), before);
}

#[tokio::test]
async fn an_end_user_reads_as_default_and_stays_an_end_user() {
    let (mock, client) = start(Options::default()).await;
    let user = mock.state().users[3].clone();
    assert_eq!(user.user_type, "endUser");
    assert_eq!(client.get(&path(&user)).await.body["data"]["user_type"], "default");
    client.patch(&path(&user), replace("/user_type", json!("default"))).await;
    assert_eq!(mock.state().users[3].user_type, "endUser");
    let mobile = client.patch(&path(&user), replace("/user_type", json!("mobile"))).await;
    assert_eq!(mobile.body["data"]["user_type"], "mobile");
    let v1 = client.get(&format!("/api/v1/users/{}", user.id)).await.body;
    assert_eq!(v1["userType"], "mobile");
}

#[tokio::test]
async fn a_delete_disables_and_a_second_delete_is_refused() {
    let (mock, client) = start(Options::default()).await;
    let before = mock.state().users[0].clone();
    assert!(!before.memberships.is_empty());
    let deleted = client.delete(&path(&before)).await;
    assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
    let read = client.get(&path(&before)).await;
    assert_eq!((read.status, &read.body["data"]["active"]), (200, &json!(false)));
    let after = mock.state().users[0].clone();
    assert_eq!(after.memberships, before.memberships);
    assert_eq!((after.is_admin, after.is_disabled), (before.is_admin, true));
    assert_eq!(client.get(USERS).await.body["total_count"], 12);

    let state = mock.state();
    let again = client.delete(&path(&before)).await;
    assert_eq!((again.status, &again.body["success"]), (422, &json!(false)));
    assert_eq!(mock.state(), state);
}

#[tokio::test]
async fn each_logout_is_recorded() {
    let (mock, client) = start(Options::default()).await;
    let user = mock.state().users[3].clone();
    for _ in 0..2 {
        let answer = client.send("POST", &format!("{}/logout", path(&user)), "").await;
        assert_eq!((answer.status, &answer.body["success"]), (200, &json!(true)));
    }
    assert_eq!(mock.state().ended_sessions, [user.id.clone(), user.id.clone()]);
    assert_eq!(mock.state().users[3], user);
    assert_eq!(client.send("POST", "/api/v2/users/user_1/logout", "").await.status, 404);
}

#[tokio::test]
async fn an_older_server_has_neither_logout_nor_seats() {
    let v2 = V2Options { logout: false, seat_type: false, ..V2Options::default() };
    let (mock, client) = start(Options { v2, ..Options::default() }).await;
    let before = mock.state();
    let user = path(&before.users[3]);
    assert_eq!(client.send("POST", &format!("{user}/logout"), "").await.status, 404);
    assert!(client.get(&user).await.body["data"].get("seat_type").is_none());
    assert_eq!(client.patch(&user, replace("/seat_type", json!("builder"))).await.status, 400);
    let mut body = new();
    body["seat_type"] = json!("builder");
    assert_eq!(client.post(USERS, body).await.status, 400);
    assert_eq!(mock.state(), before);

    client.patch(&user, replace("/first_name", json!("Jo"))).await;
    assert_eq!(mock.state().users[3].seat_type, before.users[3].seat_type, "the seat is kept");
}

#[tokio::test]
async fn a_seat_is_kept_until_it_is_changed() {
    let (mock, client) = start(Options::default()).await;
    let user = mock.state().users[3].clone();
    let renamed = client.patch(&path(&user), replace("/first_name", json!("Jo"))).await.body;
    assert_eq!(renamed["data"]["seat_type"], json!(user.seat_type));
    let seated = client.patch(&path(&user), replace("/seat_type", json!("external"))).await.body;
    assert_eq!(seated["data"]["seat_type"], "external");
    let mut body = new();
    body["seat_type"] = json!("builder");
    assert_eq!(client.post(USERS, body).await.body["data"]["seat_type"], "builder");
}

#[tokio::test]
async fn both_dialects_change_the_same_account() {
    let (mock, client) = start(Options::default()).await;
    let before = mock.state().users[3].clone();
    let v1 = format!("/api/v1/users/{}", before.id);

    client.patch(&path(&before), replace("/last_name", json!("Married"))).await;
    let record = client.get(&v1).await.body;
    assert_eq!(record["lastName"], "Married");
    assert_eq!(record["profilePhotoUrl"], json!(before.profile_photo_url));
    assert_eq!(record["preferences"], before.extra["preferences"], "a patch keeps unknown fields");

    client.put(&v1, json!({"isDisabled": true, "userType": "default"})).await;
    let record = client.get(&path(&before)).await.body["data"].clone();
    assert_eq!((&record["active"], &record["first_name"]), (&json!(false), &Value::Null));
    for (field, kept) in [
        ("metadata", json!(before.metadata)),
        ("legacy_id", json!(before.legacy_id)),
        ("seat_type", json!(before.seat_type)),
        ("last_active", json!(before.last_active)),
        ("two_factor_auth_enabled", json!(before.two_factor_auth_enabled)),
    ] {
        assert_eq!(record[field], kept, "v1 does not know {field}");
    }
    assert!(!before.metadata.is_empty() && before.last_active.is_some());

    client.delete(&v1).await;
    assert_eq!(client.get(&path(&before)).await.status, 404);
}

#[tokio::test]
async fn unknown_and_malformed_user_ids_are_not_found() {
    let (mock, client) = start(Options::default()).await;
    let uuid = mock.state().users[0].id.clone();
    let upper = mock.state().users[0].sid().to_uppercase();
    for id in [
        uuid.as_str(),
        &uuid.replace('-', ""),
        &upper,
        "user_",
        "user_00000000000040008000000000000000",
        "%2e%2e",
        "a%20b",
        "..%2Fgroups%2F1",
        "%ff",
    ] {
        let path = format!("{USERS}/{id}");
        for method in ["GET", "DELETE"] {
            let answer = client.send(method, &path, "").await;
            assert_eq!(
                (answer.status, &answer.body["success"]),
                (404, &json!(false)),
                "{method} {id}"
            );
        }
        assert_eq!(client.patch(&path, replace("/active", json!(false))).await.status, 404, "{id}");
    }
}

#[tokio::test]
async fn an_account_created_with_a_lost_reply_can_be_found() {
    let (mock, client) = start(Options::default()).await;
    mock.inject("POST /api/v2/users lose-reply times=1".parse().expect("a fault"));
    let lost = client.try_send("POST", USERS, &new().to_string()).await;
    assert!(lost.is_err());
    let found = found(&client, "NEW@example.com").await;
    assert_eq!(found.len(), 1);
    assert_eq!(client.post(USERS, new()).await.status, 409);
}

/// Returns the addresses that the filter finds.
async fn found(client: &Client, email: &str) -> Vec<Value> {
    let answer = client.get(&format!("{USERS}?email={email}")).await;
    let users = answer.body["data"].as_array().expect("users").clone();
    users.iter().map(|user| user["email"].clone()).collect()
}
