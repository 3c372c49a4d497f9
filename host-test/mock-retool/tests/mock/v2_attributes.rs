//! User attributes, metadata and second factors over `/api/v2`.

use mock_retool::{MetadataPaths, Options, User, UserAttribute, V2Options};
use serde_json::{Value, json};

use crate::client::{Client, start};

fn path(user: &User) -> String {
    format!("/api/v2/users/{}", user.sid())
}

fn operations(operations: Value) -> Value {
    json!({ "operations": operations })
}

async fn metadata(client: &Client, user: &User) -> Value {
    client.get(&path(user)).await.body["data"]["metadata"].clone()
}

#[tokio::test]
async fn an_attribute_is_shown_in_the_metadata_of_its_user() {
    let (mock, client) = start(Options::default()).await;
    let user = mock.edit(|state| {
        state.attributes = vec![
            UserAttribute::text("team"),
            UserAttribute { data_type: "number".to_owned(), ..UserAttribute::text("floor") },
        ];
        state.users[3].metadata = [("note".to_owned(), json!("kept"))].into_iter().collect();
        state.users[3].clone()
    });
    let listed = client.get("/api/v2/user_attributes").await.body;
    assert_eq!(listed["success"], json!(true));
    assert_eq!(listed["data"][0]["name"], json!("team"));
    assert_eq!(listed["data"][1]["data_type"], json!("number"));

    let attributes = format!("{}/user_attributes", path(&user));
    let answer = client.post(&attributes, json!({"name": "team", "value": "blue"})).await;
    let expected = json!({"note": "kept", "team": "blue"});
    assert_eq!((answer.status, &answer.body["data"]["metadata"]), (200, &expected));
    client.post(&attributes, json!({"name": "floor", "value": "3"})).await;
    assert_eq!(metadata(&client, &user).await, json!({"note": "kept", "team": "blue", "floor": 3}));

    for (body, status) in [
        (json!({"name": "tema", "value": "blue"}), 404),
        (json!({"name": "floor", "value": "three"}), 400),
        (json!({"name": "team"}), 200),
        (json!({"name": "team", "value": 1}), 400),
        (json!({"value": "blue"}), 400),
    ] {
        assert_eq!(client.post(&attributes, body.clone()).await.status, status, "{body}");
    }
    let answer = client.send("DELETE", &format!("{attributes}/floor"), "").await;
    assert_eq!((answer.status, &answer.body["data"]["metadata"]), (200, &json!({"note": "kept"})));
    assert_eq!(client.send("DELETE", &format!("{attributes}/tema"), "").await.status, 404);
    let nobody = "/api/v2/users/user_1/user_attributes";
    let answer = client.post(nobody, json!({"name": "team", "value": "blue"})).await;
    assert_eq!(answer.status, 404);
}

#[tokio::test]
async fn a_second_factor_is_reset() {
    let (mock, client) = start(Options::default()).await;
    let user = mock.state().users[2].clone();
    assert!(user.two_factor_auth_enabled);
    let reset = format!("/api/v2/users/reset2fa/{}", user.sid());
    let answer = client.send("PUT", &reset, "").await;
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    let state = mock.state();
    assert!(!state.users[2].two_factor_auth_enabled);
    assert_eq!(state.two_factor_resets, [user.id]);
    assert_eq!(client.send("PUT", "/api/v2/users/reset2fa/user_1", "").await.status, 404);
}

#[tokio::test]
async fn an_older_server_has_neither_attributes_nor_a_reset() {
    let v2 = V2Options { user_attributes: false, two_factor_reset: false, ..V2Options::default() };
    let (mock, client) = start(Options { v2, ..Options::default() }).await;
    let before = mock.state();
    let user = &before.users[3];
    assert_eq!(client.get("/api/v2/user_attributes").await.status, 404);
    let attributes = format!("{}/user_attributes", path(user));
    assert_eq!(client.post(&attributes, json!({"name": "a", "value": "b"})).await.status, 404);
    let reset = format!("/api/v2/users/reset2fa/{}", user.sid());
    assert_eq!(client.send("PUT", &reset, "").await.status, 404);
    assert_eq!(mock.state(), before);
}

#[tokio::test]
async fn servers_differ_in_paths_inside_the_metadata() {
    for (metadata_paths, status, expected) in [
        (MetadataPaths::Known, 200, json!({"a": 1, "b": 2})),
        (MetadataPaths::Refused, 400, json!({"a": 1})),
        (MetadataPaths::Ignored, 200, json!({"a": 1})),
    ] {
        let v2 = V2Options { metadata_paths, ..V2Options::default() };
        let (mock, client) = start(Options { v2, ..Options::default() }).await;
        let user = mock.edit(|state| {
            state.users[3].metadata = [("a".to_owned(), json!(1))].into_iter().collect();
            state.users[3].clone()
        });
        let inside = operations(json!([{"op": "add", "path": "/metadata/b", "value": 2}]));
        assert_eq!(client.patch(&path(&user), inside).await.status, status);
        assert_eq!(metadata(&client, &user).await, expected);
        let whole = operations(json!([{"op": "replace", "path": "/metadata", "value": {"c": 3}}]));
        assert_eq!(client.patch(&path(&user), whole).await.status, 200);
        assert_eq!(metadata(&client, &user).await, json!({"c": 3}));
    }
}

#[tokio::test]
async fn servers_differ_in_whether_a_name_can_be_removed() {
    for (removes_names, status) in [(true, 200), (false, 400)] {
        let v2 = V2Options { removes_names, ..V2Options::default() };
        let (mock, client) = start(Options { v2, ..Options::default() }).await;
        let user = mock.state().users[3].clone();
        let remove = operations(json!([{"op": "remove", "path": "/first_name"}]));
        assert_eq!(client.patch(&path(&user), remove).await.status, status);
        assert_eq!(mock.state().users[3].first_name.is_none(), removes_names);
    }
}
