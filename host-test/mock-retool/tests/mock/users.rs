use mock_retool::{Options, Organisation, User};
use serde_json::{Value, json};

use crate::client::start;

/// Returns the id of a user who is neither disabled nor an administrator, and has a photo.
fn ordinary(state: &Organisation) -> String {
    state
        .users
        .iter()
        .find(|user| !user.is_admin && !user.is_disabled && user.profile_photo_url.is_some())
        .expect("such a seeded user")
        .id
        .clone()
}

#[tokio::test]
async fn pages_count_from_one_and_list_every_user_once() {
    let (mock, client) = start(Options::default()).await;
    let mut ids = Vec::new();
    for (page, length) in [(1, 5), (2, 5), (3, 2), (4, 0)] {
        let answer = client.get(&format!("/api/v1/users?page={page}&pageSize=5")).await;
        let users = answer.body["users"].as_array().expect("users").clone();
        assert_eq!(users.len(), length, "page {page}");
        assert_eq!(answer.body["total"], 12, "page {page}");
        ids.extend(users.iter().map(|user| user["id"].clone()));
    }
    let expected: Vec<Value> = mock.state().users.iter().map(|user| json!(user.id)).collect();
    assert_eq!(ids, expected);
}

#[tokio::test]
async fn a_page_has_100_users_by_default_and_at_most_the_maximum() {
    let (_mock, client) =
        start(Options { users: 160, max_page_size: 150, ..Options::default() }).await;
    for (query, length) in [("", 100), ("?page=2", 60), ("?pageSize=5000", 150)] {
        let answer = client.get(&format!("/api/v1/users{query}")).await;
        let users = answer.body["users"].as_array().expect("users");
        assert_eq!(users.len(), length, "{query}");
        assert_eq!(answer.body["total"], 160, "{query}");
    }
}

#[tokio::test]
async fn invalid_page_parameters_are_refused() {
    let (_mock, client) = start(Options::default()).await;
    for query in ["page=0", "pageSize=0", "page=-1", "page=one", "pageSize="] {
        let answer = client.get(&format!("/api/v1/users?{query}")).await;
        assert_eq!(answer.status, 400, "{query}");
    }
}

#[tokio::test]
async fn the_filter_by_address_ignores_case_and_matches_whole_addresses() {
    let (mock, client) = start(Options::default()).await;
    let id = mock.edit(|state| {
        state.users[4].email = "O'Brien+Test@Example.com".to_owned();
        state.users[4].id.clone()
    });
    let found = client.get("/api/v1/users?email=o%27brien%2Btest%40example.com").await;
    assert_eq!(found.body["total"], 1);
    assert_eq!(found.body["users"][0]["id"], json!(id));
    assert_eq!(found.body["users"][0]["email"], "O'Brien+Test@Example.com");

    let part = client.get("/api/v1/users?email=brien").await;
    assert_eq!(part.body, json!({"users": [], "total": 0}));
}

#[tokio::test]
async fn a_record_has_every_field_and_the_groups_by_id_and_name() {
    let (mock, client) = start(Options::default()).await;
    let id = ordinary(&mock.state());
    mock.edit(|state| {
        let user = state.user_mut(&id).expect("the user");
        user.email = "jane@example.com".to_owned();
        user.first_name = Some("Jane".to_owned());
        user.last_name = None;
        user.profile_photo_url = None;
        user.is_admin = true;
        user.user_type = "endUser".to_owned();
        user.created_at = "2020-02-29T00:00:00.000Z".to_owned();
        user.updated_at = "2021-01-01T00:00:00.000Z".to_owned();
        user.memberships.clear();
        user.extra = [("legacyId".to_owned(), json!(16_777_217))].into_iter().collect();
        state.join(5, &id).expect("a group");
        state.join(4, &id).expect("a group");
    });
    let answer = client.get(&format!("/api/v1/users/{id}")).await;
    assert_eq!(
        answer.body,
        json!({
            "id": id,
            "email": "jane@example.com",
            "firstName": "Jane",
            "lastName": null,
            "profilePhotoUrl": null,
            "isAdmin": true,
            "isDisabled": false,
            "userType": "endUser",
            "groups": [
                {"id": 1, "name": "admin"},
                {"id": 4, "name": "Engineering"},
                {"id": 5, "name": "Support"},
            ],
            "createdAt": "2020-02-29T00:00:00.000Z",
            "updatedAt": "2021-01-01T00:00:00.000Z",
            "legacyId": 16_777_217,
        })
    );
}

#[tokio::test]
async fn creating_a_user_sends_one_invitation() {
    let (mock, client) = start(Options::default()).await;
    let answer = client
        .post(
            "/api/v1/users",
            json!({"email": "new@example.com", "firstName": "New", "userType": "default"}),
        )
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["firstName"], "New");
    assert_eq!(answer.body["lastName"], Value::Null);
    assert_eq!(answer.body["isAdmin"], false);
    assert_eq!(answer.body["groups"], json!([]));
    let id = answer.body["id"].as_str().expect("an id");
    let read = client.get(&format!("/api/v1/users/{id}")).await;
    assert_eq!(read.body, answer.body);
    assert_eq!(mock.state().invitations, ["new@example.com"]);
}

#[tokio::test]
async fn a_user_can_be_created_with_groups() {
    let (mock, client) = start(Options::default()).await;
    let answer = client
        .post(
            "/api/v1/users",
            json!({"email": "new@example.com", "groups": [{"id": 5}, {"id": 4}]}),
        )
        .await;
    assert_eq!(
        answer.body["groups"],
        json!([{"id": 4, "name": "Engineering"}, {"id": 5, "name": "Support"}])
    );

    let missing = client
        .post("/api/v1/users", json!({"email": "newer@example.com", "groups": [{"id": 99}]}))
        .await;
    assert_eq!(missing.status, 404);
    assert!(mock.state().user_by_email("newer@example.com").is_none());
}

#[tokio::test]
async fn an_address_is_unique_regardless_of_case() {
    let (mock, client) = start(Options::default()).await;
    let before = mock.state();
    let taken = before.users[0].email.to_uppercase();
    let created = client.post("/api/v1/users", json!({"email": taken})).await;
    assert_eq!(created.status, 409);
    let renamed =
        client.put(&format!("/api/v1/users/{}", before.users[1].id), json!({"email": taken})).await;
    assert_eq!(renamed.status, 409);
    assert_eq!(mock.state(), before);

    let own =
        client.put(&format!("/api/v1/users/{}", before.users[0].id), json!({"email": taken})).await;
    assert_eq!(own.status, 200);
    assert_eq!(own.body["email"], json!(taken));
}

#[tokio::test]
async fn another_address_keeps_the_id_the_memberships_and_the_metadata() {
    let (mock, client) = start(Options::default()).await;
    let id = ordinary(&mock.state());
    let path = format!("/api/v1/users/{id}");
    let before = mock.state().user(&id).expect("the user").clone();
    let mut record = client.get(&path).await.body;
    record["email"] = json!("moved@example.com");
    let answer = client.put(&path, record.clone()).await;
    assert_eq!(answer.status, 200);
    record["updatedAt"] = answer.body["updatedAt"].clone();
    assert_eq!(answer.body, record);
    let after = mock.state().user(&id).expect("the user").clone();
    let updated_at = after.updated_at.clone();
    assert_eq!(after, User { email: "moved@example.com".to_owned(), updated_at, ..before.clone() });
    for (email, total) in [("moved@example.com", 1), (&*before.email, 0)] {
        let found = client.get(&format!("/api/v1/users?email={email}")).await;
        assert_eq!(found.body["total"], total, "{email}");
    }
    // The old address is free.
    assert_eq!(client.post("/api/v1/users", json!({"email": before.email})).await.status, 200);
}

#[tokio::test]
async fn bad_bodies_are_refused_and_change_nothing() {
    let (mock, client) = start(Options::default()).await;
    let before = mock.state();
    let path = format!("/api/v1/users/{}", before.users[0].id);
    for (method, path, body) in [
        ("POST", "/api/v1/users", r#"{"firstName": "New"}"#),
        ("POST", "/api/v1/users", r#"{"email": "no-address"}"#),
        ("POST", "/api/v1/users", r#"{"email": 1}"#),
        ("POST", "/api/v1/users", r#"{"email": "a@example.com", "userType": "mobile"}"#),
        ("POST", "/api/v1/users", r#"{"email": "a@example.com", "isAdmin": "yes"}"#),
        ("POST", "/api/v1/users", r#"{"email": "a@example.com""#),
        ("POST", "/api/v1/users", r#"["a@example.com"]"#),
        ("PUT", &path, r#"{"userType": "embed"}"#),
        ("PUT", &path, r#"{"email": "no-address"}"#),
    ] {
        let answer = client.send(method, path, body).await;
        assert_eq!(answer.status, 400, "{body}");
        assert!(!answer.message().is_empty(), "{body}");
    }
    assert_eq!(mock.state(), before);
}

#[tokio::test]
async fn a_put_resets_what_it_omits() {
    let (mock, client) = start(Options::default()).await;
    let id = ordinary(&mock.state());
    let before = mock.edit(|state| {
        let user = state.user_mut(&id).expect("the user");
        user.is_admin = true;
        user.user_type = "endUser".to_owned();
        user.clone()
    });
    assert!(before.extra.contains_key("locale"));

    let answer = client.put(&format!("/api/v1/users/{id}"), json!({"isDisabled": true})).await;
    assert_eq!(answer.status, 200);
    let after = mock.state().user(&id).expect("the user").clone();
    assert_eq!(after.email, before.email);
    assert_eq!(after.first_name, None);
    assert_eq!(after.last_name, None);
    assert_eq!(after.profile_photo_url, None);
    assert!(!after.is_admin);
    assert!(after.is_disabled);
    assert_eq!(after.user_type, "default");
    assert!(after.extra.is_empty());
    assert_eq!(after.memberships, before.memberships);
    assert_eq!(after.created_at, before.created_at);
    assert_ne!(after.updated_at, before.updated_at);
}

#[tokio::test]
async fn a_put_of_the_whole_record_keeps_unknown_fields_too() {
    let (mock, client) = start(Options::default()).await;
    let id = ordinary(&mock.state());
    mock.edit(|state| {
        // No request may set this type, but a PUT may send it back.
        state.user_mut(&id).expect("the user").user_type = "contractor".to_owned();
    });
    let path = format!("/api/v1/users/{id}");
    let mut record = client.get(&path).await.body;
    record["lastName"] = json!("Married");
    let answer = client.put(&path, record.clone()).await;
    assert_eq!(answer.status, 200);
    record["updatedAt"] = answer.body["updatedAt"].clone();
    assert_eq!(answer.body, record);
    assert!(answer.body["preferences"].is_object());
}

#[tokio::test]
async fn a_put_does_not_change_id_groups_or_creation_time() {
    let (mock, client) = start(Options::default()).await;
    let before = mock.state().users[3].clone();
    client
        .put(
            &format!("/api/v1/users/{}", before.id),
            json!({"id": "other", "groups": [], "createdAt": "1999-01-01T00:00:00.000Z"}),
        )
        .await;
    let after = mock.state().users[3].clone();
    assert_eq!(after.id, before.id);
    assert_eq!(after.memberships, before.memberships);
    assert_eq!(after.created_at, before.created_at);
    assert!(after.extra.is_empty());
}

#[tokio::test]
async fn a_deleted_user_is_removed_from_listings_and_groups() {
    let (mock, client) = start(Options::default()).await;
    let state = mock.state();
    let user = state
        .users
        .iter()
        .find(|user| !user.memberships.is_empty())
        .expect("a member of something");
    let group = user.memberships[0].group;
    let path = format!("/api/v1/users/{}", user.id);

    let answer = client.delete(&path).await;
    assert_eq!((answer.status, answer.body), (200, json!({"success": true})));
    assert_eq!(client.get(&path).await.status, 404);
    assert_eq!(client.delete(&path).await.status, 404);
    let members = client.get(&format!("/api/v1/groups/{group}/members")).await.text;
    assert!(!members.contains(&user.id));
    assert_eq!(client.get("/api/v1/users").await.body["total"], 11);
}

#[tokio::test]
async fn unknown_and_malformed_user_ids_are_not_found() {
    let (_mock, client) = start(Options::default()).await;
    for id in [
        "missing",
        "00000000-0000-4000-8000-000000000000",
        "%2e%2e",
        "a%20b",
        "..%2Fgroups%2F1",
        "%ff",
    ] {
        let path = format!("/api/v1/users/{id}");
        assert_eq!(client.get(&path).await.status, 404, "{id}");
        assert_eq!(client.put(&path, json!({})).await.status, 404, "{id}");
        assert_eq!(client.delete(&path).await.status, 404, "{id}");
    }
}

#[tokio::test]
async fn every_write_advances_the_time_by_a_second() {
    let (mock, client) = start(Options { empty: true, ..Options::default() }).await;
    let mut times = vec![mock.state().now()];
    for name in ["one", "two"] {
        let answer =
            client.post("/api/v1/users", json!({"email": format!("{name}@example.com")})).await;
        assert_eq!(answer.body["createdAt"], answer.body["updatedAt"]);
        times.push(answer.body["createdAt"].as_str().expect("a time").to_owned());
    }
    // Creating the built-in groups took the first three seconds.
    assert_eq!(
        times,
        ["2026-01-05T09:00:03.000Z", "2026-01-05T09:00:04.000Z", "2026-01-05T09:00:05.000Z",]
    );
}
