use mock_retool::Options;
use serde_json::{Value, json};

use crate::client::{Client, start};

const MEMBERS: &str = "/api/v1/groups/4/members";

/// The ids of the members of a group, as the server lists them.
async fn ids(client: &Client, path: &str) -> Vec<Value> {
    let answer = client.get(path).await;
    answer.body["members"]
        .as_array()
        .expect("members")
        .iter()
        .map(|member| member["id"].clone())
        .collect()
}

#[tokio::test]
async fn somebody_joins_and_leaves() {
    let (mock, client) = start(Options { groups: 1, ..Options::default() }).await;
    let (user, email) = mock.edit(|state| {
        for user in &mut state.users {
            user.memberships.clear();
        }
        (state.users[5].id.clone(), state.users[5].email.clone())
    });

    let joined = client.post(MEMBERS, json!({"userId": user})).await;
    assert_eq!((joined.status, joined.body), (200, json!({"success": true})));
    assert_eq!(
        client.get(MEMBERS).await.body,
        json!({"members": [{"id": user, "email": email, "isGroupAdmin": false}], "total": 1})
    );
    let record = client.get(&format!("/api/v1/users/{user}")).await.body;
    assert_eq!(record["groups"], json!([{"id": 4, "name": "Engineering"}]));

    let path = format!("{MEMBERS}/{user}");
    let left = client.delete(&path).await;
    assert_eq!((left.status, left.body), (200, json!({"success": true})));
    assert_eq!(client.delete(&path).await.status, 404);
    let record = client.get(&format!("/api/v1/users/{user}")).await.body;
    assert_eq!(record["groups"], json!([]));
    assert_eq!(record["isDisabled"], true, "as before: leaving changes no field");
}

#[tokio::test]
async fn joining_twice_changes_nothing() {
    let (mock, client) = start(Options::default()).await;
    let user = mock.edit(|state| {
        let user = &mut state.users[0];
        for membership in &mut user.memberships {
            membership.is_group_admin = true;
        }
        user.id.clone()
    });
    let group = mock.state().users[0].memberships[0].group;
    let before = mock.state();
    let again =
        client.post(&format!("/api/v1/groups/{group}/members"), json!({"userId": user})).await;
    assert_eq!((again.status, again.body), (200, json!({"success": true})));
    assert_eq!(mock.state(), before);
}

#[tokio::test]
async fn only_who_is_there_can_join() {
    let (mock, client) = start(Options::default()).await;
    let before = mock.state();
    let user = before.users[0].id.clone();
    let unknown_user = client.post(MEMBERS, json!({"userId": "nobody"})).await;
    assert_eq!(unknown_user.status, 404);
    let unknown_group = client.post("/api/v1/groups/99/members", json!({"userId": user})).await;
    assert_eq!(unknown_group.status, 404);
    assert_eq!(client.post(MEMBERS, json!({})).await.status, 400);
    assert_eq!(client.delete(&format!("{MEMBERS}/nobody")).await.status, 404);
    assert_eq!(mock.state(), before);
}

#[tokio::test]
async fn all_members_come_at_once_unless_a_page_is_asked_for() {
    let (mock, client) = start(Options { users: 130, groups: 1, ..Options::default() }).await;
    let everybody: Vec<Value> = mock.state().users.iter().map(|user| json!(user.id)).collect();
    assert_eq!(ids(&client, MEMBERS).await, everybody);

    let mut paged = ids(&client, &format!("{MEMBERS}?page=1")).await;
    assert_eq!(paged.len(), 100);
    paged.extend(ids(&client, &format!("{MEMBERS}?page=2&pageSize=100")).await);
    assert_eq!(paged, everybody);
}

#[tokio::test]
async fn the_admin_group_follows_from_who_is_an_administrator() {
    let (mock, client) = start(Options::default()).await;
    let admins = "/api/v1/groups/1/members";
    let state = mock.state();
    let (admin, other) = (state.users[0].id.clone(), state.users[4].id.clone());
    assert!(ids(&client, admins).await.contains(&json!(admin)));
    assert!(!ids(&client, admins).await.contains(&json!(other)));

    let joined = client.post(admins, json!({"userId": other})).await;
    assert_eq!(joined.status, 400);
    assert_eq!(client.delete(&format!("{admins}/{admin}")).await.status, 400);
    assert_eq!(mock.state(), state);

    client.put(&format!("/api/v1/users/{other}"), json!({"isAdmin": true})).await;
    client.put(&format!("/api/v1/users/{admin}"), json!({})).await;
    let after = ids(&client, admins).await;
    assert!(after.contains(&json!(other)));
    assert!(!after.contains(&json!(admin)));
}
