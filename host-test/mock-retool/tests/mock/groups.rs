use mock_retool::Options;
use serde_json::{Value, json};

use crate::client::start;

#[tokio::test]
async fn the_built_in_groups_come_first_and_ids_are_integers() {
    let (_mock, client) = start(Options::default()).await;
    let answer = client.get("/api/v1/groups").await;
    let named: Vec<(Value, Value)> = answer.body["groups"]
        .as_array()
        .expect("groups")
        .iter()
        .map(|group| (group["id"].clone(), group["name"].clone()))
        .collect();
    let expected = [
        (1, "admin"),
        (2, "editor"),
        (3, "viewer"),
        (4, "Engineering"),
        (5, "Support"),
        (6, "Finance"),
        (7, "Sales"),
        (8, "Operations"),
    ];
    assert_eq!(named, expected.map(|(id, name)| (json!(id), json!(name))));
    assert!(answer.body["groups"][3]["universalAppAccess"].is_string());
}

#[tokio::test]
async fn group_names_need_not_be_unique() {
    let (mock, client) = start(Options::default()).await;
    let answer = client.post("/api/v1/groups", json!({"name": "Support"})).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["id"], 9);
    assert_eq!(answer.body["universalAppAccess"], "none");
    assert_eq!(client.get("/api/v1/groups/9").await.body, answer.body);
    let namesakes = mock.state().groups;
    assert_eq!(namesakes.iter().filter(|group| group.name == "Support").count(), 2);
}

#[tokio::test]
async fn a_group_needs_a_name() {
    let (mock, client) = start(Options::default()).await;
    for body in [json!({}), json!({"name": ""}), json!({"name": 4})] {
        assert_eq!(client.post("/api/v1/groups", body.clone()).await.status, 400);
        assert_eq!(client.put("/api/v1/groups/4", body).await.status, 400);
    }
    assert_eq!(mock.state().groups.len(), 8);
}

#[tokio::test]
async fn a_put_resets_what_it_omits_and_keeps_the_members() {
    let (mock, client) = start(Options::default()).await;
    let members = client.get("/api/v1/groups/4/members").await.body;
    let written = client
        .put(
            "/api/v1/groups/4",
            json!({"name": "Platform", "universalAppAccess": "own", "themeAccess": true}),
        )
        .await;
    assert_eq!(written.body["universalAppAccess"], "own");
    assert_eq!(written.body["themeAccess"], true);

    let answer = client.put("/api/v1/groups/4", json!({"name": "Platform"})).await;
    assert_eq!(answer.body["id"], 4);
    assert_eq!(answer.body["name"], "Platform");
    assert_eq!(answer.body["universalAppAccess"], "none");
    assert_eq!(answer.body["themeAccess"], Value::Null);
    assert_eq!(answer.body["createdAt"], written.body["createdAt"]);
    assert_ne!(answer.body["updatedAt"], written.body["updatedAt"]);
    assert_eq!(client.get("/api/v1/groups/4/members").await.body, members);
    assert!(mock.state().group_named("Engineering").is_none());
}

#[tokio::test]
async fn deleting_a_group_keeps_its_members_in_the_organisation() {
    let (mock, client) = start(Options::default()).await;
    let user = mock.state().users[0].id.clone();
    client.post("/api/v1/groups/4/members", json!({"userId": user})).await;
    let answer = client.delete("/api/v1/groups/4").await;
    assert_eq!((answer.status, answer.body), (200, json!({"success": true})));
    assert_eq!(client.get("/api/v1/groups/4").await.status, 404);
    assert_eq!(client.delete("/api/v1/groups/4").await.status, 404);
    assert_eq!(client.get("/api/v1/groups/4/members").await.status, 404);
    let record = client.get(&format!("/api/v1/users/{user}")).await;
    assert_eq!(record.status, 200);
    assert!(!record.body["groups"].to_string().contains("Engineering"));

    let next = client.post("/api/v1/groups", json!({"name": "Next"})).await;
    assert_eq!(next.body["id"], 9, "an id is not used twice");
}

#[tokio::test]
async fn built_in_groups_cannot_be_renamed_or_deleted() {
    let (mock, client) = start(Options::default()).await;
    for id in 1..=3 {
        let path = format!("/api/v1/groups/{id}");
        let name = mock.state().group(id).expect("built in").name.clone();
        assert_eq!(client.delete(&path).await.status, 400);
        let renamed = client.put(&path, json!({"name": "Other"})).await;
        assert_eq!(renamed.status, 400);
        let same = client.put(&path, json!({"name": name, "universalAppAccess": "edit"})).await;
        assert_eq!(same.status, 200);
    }
    assert_eq!(mock.state().groups.len(), 8);
}

#[tokio::test]
async fn malformed_group_ids_are_not_found() {
    let (_mock, client) = start(Options::default()).await;
    for id in ["four", "4.0", "-4", "99999999999999999999", "%2e%2e"] {
        let path = format!("/api/v1/groups/{id}");
        assert_eq!(client.get(&path).await.status, 404, "{id}");
        assert_eq!(client.get(&format!("{path}/members")).await.status, 404, "{id}");
        assert_eq!(client.delete(&path).await.status, 404, "{id}");
    }
}
