use mock_retool::Options;
use serde_json::{Value, json};

use crate::client::{Client, start};

const MEMBERS: &str = "/api/v1/groups/4/members";

/// Lists the ids of a group's members, in the server's order.
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
async fn a_user_can_be_added_to_a_group_and_removed() {
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
    assert_eq!(record["isDisabled"], true, "removal from a group changes no field");
}

#[tokio::test]
async fn adding_a_member_twice_changes_nothing() {
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
async fn unknown_users_and_groups_are_refused() {
    let (mock, client) = start(Options::default()).await;
    let before = mock.state();
    let user = before.users[0].id.clone();
    let unknown_user = client.post(MEMBERS, json!({"userId": "missing"})).await;
    assert_eq!(unknown_user.status, 404);
    let unknown_group = client.post("/api/v1/groups/99/members", json!({"userId": user})).await;
    assert_eq!(unknown_group.status, 404);
    assert_eq!(client.post(MEMBERS, json!({})).await.status, 400);
    assert_eq!(client.delete(&format!("{MEMBERS}/missing")).await.status, 404);
    assert_eq!(mock.state(), before);
}

#[tokio::test]
async fn all_members_are_listed_unless_a_page_is_requested() {
    let (mock, client) = start(Options { users: 130, groups: 1, ..Options::default() }).await;
    let all: Vec<Value> = mock.state().users.iter().map(|user| json!(user.id)).collect();
    assert_eq!(ids(&client, MEMBERS).await, all);

    let mut paged = ids(&client, &format!("{MEMBERS}?page=1")).await;
    assert_eq!(paged.len(), 100);
    paged.extend(ids(&client, &format!("{MEMBERS}?page=2&pageSize=100")).await);
    assert_eq!(paged, all);
}

#[tokio::test]
async fn the_members_of_the_admin_group_are_derived_from_is_admin() {
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
