//! Users.

use serde_json::json;

use super::{ENTERPRISE, Scim, USER, id, includes, refused};
use crate::client::Client;

#[tokio::test]
async fn a_resource_contains_the_fields_of_the_other_dialects() {
    let scim = Scim::start().await;
    let at =
        scim.mock.state().users.iter().position(|user| user.is_disabled).expect("a disabled user");
    let user = scim.mock.edit(|state| {
        let user = &mut state.users[at];
        user.first_name = Some("Ada".to_owned());
        user.last_name = Some("Byron".to_owned());
        user.memberships.clear();
        user.is_admin = true;
        let id = user.id.clone();
        state.join(4, &id).expect("a group");
        state.users[at].clone()
    });
    let base = format!("{}/scim/v2", scim.mock.base_url());
    let path = format!("/Users/{}", user.scim_id());
    let (admin, engineering) = (scim.group("admin"), scim.group("Engineering"));
    let answer = scim.get(&path).await;
    assert_eq!(answer.header("content-type"), "application/scim+json");
    let mut body = answer.body.clone();
    let version = body["meta"].as_object_mut().and_then(|meta| meta.remove("version"));
    assert_eq!(version, Some(json!(answer.header("etag"))));
    assert_eq!(answer.header("location"), format!("{base}{path}"));
    assert_eq!(
        body,
        json!({
            "schemas": [USER],
            "id": user.scim_id(),
            "userName": user.email,
            "name": {"givenName": "Ada", "familyName": "Byron", "formatted": "Ada Byron"},
            "displayName": "Ada Byron",
            "emails": [{"value": user.email, "type": "work", "primary": true}],
            "active": false,
            "groups": [
                {
                    "value": admin, "$ref": format!("{base}/Groups/{admin}"),
                    "display": "admin", "type": "direct",
                },
                {
                    "value": engineering, "$ref": format!("{base}/Groups/{engineering}"),
                    "display": "Engineering", "type": "direct",
                },
            ],
            "meta": {
                "resourceType": "User", "created": user.created_at,
                "lastModified": user.updated_at, "location": format!("{base}{path}"),
            },
        })
    );
}

#[tokio::test]
async fn a_new_user_is_found_at_its_location_and_in_rest() {
    let scim = Scim::start().await;
    let answer = scim.post("/Users", json!({"userName": "new@example.com"})).await;
    assert_eq!(answer.status, 201);
    let location = answer.header("location").to_owned();
    assert_eq!(json!(location), answer.body["meta"]["location"]);
    let path = location.strip_prefix(&scim.mock.base_url()).expect("on this server");
    let read = scim.client.get(path).await;
    assert_eq!(read.body, answer.body);
    assert_eq!(read.header("etag"), answer.header("etag"));

    let rest = Client::new(&scim.mock, Some("Bearer mock-token".to_owned()));
    let found = rest.get("/api/v1/users?email=new@example.com").await.body;
    includes(
        &found["users"][0],
        &json!({"isDisabled": false, "isAdmin": false, "userType": "default", "groups": []}),
    );
    assert!(found["users"][0].get("scim").is_none());
    assert_ne!(found["users"][0]["id"], answer.body["id"]);
    assert!(
        scim.mock.state().invitations.is_empty(),
        "users who log in through SSO are not invited"
    );
}

#[tokio::test]
async fn a_user_can_be_created_disabled() {
    let scim = Scim::start().await;
    for (active, name) in [(json!(false), "a@example.com"), (json!("False"), "b@example.com")] {
        let made = scim.post("/Users", json!({"userName": name, "active": active})).await;
        assert_eq!(made.body["active"], json!(false), "{active}");
        assert!(scim.mock.state().user_by_email(name).expect("the user").is_disabled);
    }
}

#[tokio::test]
async fn attributes_unknown_to_rest_are_kept_and_hidden_there() {
    let scim = Scim::start().await;
    let sent = json!({
        "schemas": [USER, "urn:acme:1.0:User", ENTERPRISE],
        "userName": "new@example.com",
        "name": {"givenName": "New", "honorificPrefix": "Dr.", "formatted": "Dr. New"},
        "displayName": "Newt",
        "externalId": "X-1",
        "locale": "de-DE",
        "badge": {"colour": "red", "number": 7},
        "phoneNumbers": [{"type": "work", "value": "123"}],
        ENTERPRISE: {"department": "Sales", "manager": {"value": "boss"}},
        "urn:acme:1.0:User": {"floor": 3},
    });
    let made = scim.post("/Users", sent.clone()).await;
    let id = id(&made.body);
    let read = scim.get(&format!("/Users/{id}")).await;
    includes(&read.body, &sent);

    let rest = Client::new(&scim.mock, Some("Bearer mock-token".to_owned()));
    let found = rest.get("/api/v1/users?email=new@example.com").await;
    for hidden in ["X-1", "Sales", "badge", "Newt"] {
        assert!(!found.text.contains(hidden), "{hidden}");
    }
    // A PUT in REST that omits fields does not reset these attributes.
    let path = format!("/api/v1/users/{}", found.body["users"][0]["id"].as_str().expect("an id"));
    assert_eq!(rest.put(&path, json!({"lastName": "Person"})).await.status, 200);
    let mut after = sent;
    after["name"] =
        json!({"familyName": "Person", "honorificPrefix": "Dr.", "formatted": "Dr. New"});
    includes(&scim.get(&format!("/Users/{id}")).await.body, &after);
}

#[tokio::test]
async fn derived_names_follow_changes_in_other_dialects() {
    let scim = Scim::start().await;
    let sent = json!({
        "userName": "ada@example.com", "displayName": "Ada Byron",
        "name": {"givenName": "Ada", "familyName": "Byron", "formatted": "Ada Byron"},
        "emails": [{"type": "work", "primary": true, "value": "ada@example.com"}],
    });
    let id = id(&scim.post("/Users", sent).await.body);
    scim.mock.edit(|state| {
        let user = state.user_by_email_mut("ada@example.com").expect("the user");
        user.last_name = Some("King".to_owned());
        user.email = "ada.king@example.com".to_owned();
    });
    includes(
        &scim.get(&format!("/Users/{id}")).await.body,
        &json!({
            "userName": "ada.king@example.com", "displayName": "Ada King",
            "name": {"givenName": "Ada", "familyName": "King", "formatted": "Ada King"},
            "emails": [{"value": "ada.king@example.com"}],
        }),
    );
}

#[tokio::test]
async fn a_user_name_is_unique_regardless_of_case() {
    let scim = Scim::start().await;
    let before = scim.mock.state();
    let taken = before.users[0].email.to_uppercase();
    let (own, other) = (scim.user(0), scim.user(1));
    refused(&scim.post("/Users", json!({"userName": taken})).await, 409, Some("uniqueness"));
    let answer = scim.put(&format!("/Users/{other}"), json!({"userName": taken})).await;
    refused(&answer, 409, Some("uniqueness"));
    let operations = json!([{"op": "replace", "path": "userName", "value": taken}]);
    let answer = scim.patch(&format!("/Users/{other}"), operations.clone()).await;
    refused(&answer, 409, Some("uniqueness"));
    // The address of an existing user, with another login.
    let taken_address = json!({"userName": "login", "emails": [{"value": taken}]});
    refused(&scim.post("/Users", taken_address).await, 409, Some("uniqueness"));
    assert_eq!(scim.mock.state(), before);

    let answer = scim.patch(&format!("/Users/{own}"), operations).await;
    assert_eq!((answer.status, &answer.body["userName"]), (200, &json!(taken)));

    let login = json!({"userName": "Login", "emails": [{"value": "l@example.com"}]});
    assert_eq!(scim.post("/Users", login).await.status, 201);
    let again = json!({"userName": "lOGIN", "emails": [{"value": "m@example.com"}]});
    refused(&scim.post("/Users", again).await, 409, Some("uniqueness"));
}

#[tokio::test]
async fn bad_users_are_refused_and_change_nothing() {
    let scim = Scim::start().await;
    let before = scim.mock.state();
    let path = format!("/Users/{}", scim.user(0));
    let name = &before.users[0].email;
    for body in [
        json!({}),
        json!({"userName": ""}),
        json!({"userName": null}),
        json!({"userName": 7}),
        json!({"userName": name, "active": "yes"}),
        json!({"userName": name, "name": "Ada"}),
        json!({"userName": name, "displayName": 7}),
        json!({"userName": name, "emails": [7]}),
        json!({"userName": name, ENTERPRISE: "x"}),
    ] {
        for (method, path) in [("POST", "/Users"), ("PUT", path.as_str())] {
            let answer = scim.send_with(method, path, &[], Some(body.clone())).await;
            refused(&answer, 400, Some("invalidValue"));
        }
    }
    assert_eq!(scim.mock.state(), before);
}

#[tokio::test]
async fn a_put_resets_what_it_omits_and_keeps_fields_unknown_to_scim() {
    let scim = Scim::start().await;
    let before = scim.mock.edit(|state| {
        let user = &mut state.users[0];
        user.is_disabled = true;
        user.scim.insert("externalId".to_owned(), json!("X-1"));
        user.clone()
    });
    assert!(before.is_admin && !before.memberships.is_empty() && !before.extra.is_empty());
    let put = json!({"userName": before.email, "id": "other", "groups": [{"value": "grp_5"}]});
    let answer = scim.put(&format!("/Users/{}", before.scim_id()), put).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body.get("name"), None);
    assert_eq!(answer.body.get("externalId"), None);
    let after = scim.mock.state().users[0].clone();
    assert_eq!((after.first_name.as_ref(), after.last_name.as_ref()), (None, None));
    assert!(!after.is_disabled);
    assert!(after.scim.is_empty());
    let kept = |user: &mock_retool::User| {
        (user.id.clone(), user.is_admin, user.memberships.clone(), user.extra.clone())
    };
    assert_eq!(kept(&after), kept(&before));
    assert_eq!(after.profile_photo_url, before.profile_photo_url);
    assert_eq!(answer.body["id"], json!(before.scim_id()));
}

#[tokio::test]
async fn a_put_of_an_unchanged_user_changes_nothing() {
    let scim = Scim::start().await;
    let path = format!("/Users/{}", scim.user(3));
    let before = scim.mock.state();
    let read = scim.get(&path).await;
    let answer = scim.put(&path, read.body.clone()).await;
    assert_eq!((answer.status, &answer.body), (200, &read.body));
    assert_eq!(answer.header("etag"), read.header("etag"));
    assert_eq!(scim.mock.state(), before);
}

#[tokio::test]
async fn if_match_allows_a_change_only_to_the_expected_version() {
    let scim = Scim::start().await;
    for (path, change) in [
        (format!("/Users/{}", scim.user(3)), json!({"userName": "changed@example.com"})),
        (format!("/Groups/{}", scim.group("Support")), json!({"displayName": "Changed"})),
    ] {
        let first = scim.get(&path).await.header("etag").to_owned();
        assert!(first.starts_with("W/\""), "{first}");
        let put = async |tag: &str| {
            scim.send_with("PUT", &path, &[("if-match", tag)], Some(change.clone())).await
        };
        assert_eq!(put(&first).await.status, 200);
        let before = scim.mock.state();
        refused(&put(&first).await, 412, None);
        let operations = json!({"Operations": [{"op": "add", "path": "externalId", "value": "1"}]});
        let old = [("if-match", first.as_str())];
        refused(&scim.send_with("PATCH", &path, &old, Some(operations.clone())).await, 412, None);
        refused(&scim.send_with("DELETE", &path, &old, None).await, 412, None);
        assert_eq!(scim.mock.state(), before);

        let read = scim.get(&path).await;
        let current = read.header("etag").to_owned();
        assert_eq!(json!(current), read.body["meta"]["version"]);
        let unchanged = scim.send_with("GET", &path, &[("if-none-match", &current)], None).await;
        assert_eq!((unchanged.status, unchanged.text.as_str()), (304, ""));
        let new = [("if-match", current.as_str())];
        let changed = scim.send_with("PATCH", &path, &new, Some(operations)).await;
        assert!([200, 204].contains(&changed.status));
        assert_ne!(
            changed.header("etag"),
            current,
            "the response contains the new version, with or without a body"
        );
        assert_eq!(changed.header("etag"), scim.get(&path).await.header("etag"));
        let any = scim.send_with("DELETE", &path, &[("if-match", "*")], None).await;
        assert_eq!(any.status, 204);
    }
}

#[tokio::test]
async fn the_version_changes_with_edits_outside_of_scim() {
    let scim = Scim::start().await;
    let path = format!("/Users/{}", scim.user(2));
    let tag = async || scim.get(&path).await.header("etag").to_owned();
    let first = tag().await;
    assert_eq!(tag().await, first);
    scim.mock.edit(|state| state.users[2].first_name = Some("Another".to_owned()));
    assert_ne!(tag().await, first);
}

#[tokio::test]
async fn a_user_name_need_not_be_an_address() {
    let scim = Scim::start().await;
    let made = scim.post("/Users", json!({"userName": "bjensen"})).await;
    assert_eq!((made.status, made.body.get("emails")), (201, None), "{}", made.text);
    assert_eq!(scim.mock.state().users[12].email, "bjensen");
    let emails = json!([
        {"type": "home", "value": "b@home.example"}, {"type": "work", "value": "b@example.com"},
    ]);
    let operations = json!([{"op": "add", "path": "emails", "value": emails}]);
    let path = format!("/Users/{}", id(&made.body));
    let answer = scim.patch(&path, operations).await;
    includes(&answer.body, &json!({"userName": "bjensen", "emails": emails}));
    assert_eq!(scim.mock.state().users[12].email, "b@example.com");
    let first = json!([{"op": "add", "path": "emails[type eq \"home\"].primary", "value": true}]);
    assert_eq!(scim.patch(&path, first).await.status, 200);
    assert_eq!(scim.mock.state().users[12].email, "b@home.example");
}
