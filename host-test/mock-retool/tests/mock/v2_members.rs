use mock_retool::Options;
use serde_json::{Value, json};

use crate::client::start;

const MEMBERS: &str = "/api/v2/groups/4/members";

#[tokio::test]
async fn several_users_are_added_in_one_request_which_returns_the_group() {
    let (mock, client) = start(Options { groups: 1, ..Options::default() }).await;
    mock.edit(|state| state.users.iter_mut().for_each(|user| user.memberships.clear()));
    let state = mock.state();
    let [one, two] = [&state.users[4], &state.users[7]];
    let answer = client
        .post(
            MEMBERS,
            json!({"members": [{"id": two.sid(), "is_group_admin": true}, {"id": one.sid()}]}),
        )
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.body["data"]["members"],
        json!([
            {"id": one.sid(), "email": one.email, "is_group_admin": false},
            {"id": two.sid(), "email": two.email, "is_group_admin": true},
        ])
    );
    assert_eq!(answer.body, client.get("/api/v2/groups/4").await.body);
    assert_eq!(answer.body["data"]["updated_at"], json!(mock.state().now()));

    let none = client.post(MEMBERS, json!({"members": []})).await;
    assert_eq!(
        none.body["data"]["members"], answer.body["data"]["members"],
        "no member is removed"
    );
}

#[tokio::test]
async fn adding_a_member_again_overwrites_is_group_admin() {
    let (mock, client) = start(Options::default()).await;
    let (sid, is_admin) = mock.edit(|state| {
        let id = state.users[4].id.clone();
        state.join_as(4, &[(id, true)]).expect("a group");
        (state.users[4].sid(), |state: &mock_retool::Organisation| {
            let mut memberships = state.users[4].memberships.iter();
            memberships.find(|joined| joined.group == 4).map(|joined| joined.is_group_admin)
        })
    });
    assert_eq!(is_admin(&mock.state()), Some(true));
    client.post(MEMBERS, json!({"members": [{"id": sid, "is_group_admin": true}]})).await;
    assert_eq!(is_admin(&mock.state()), Some(true));
    client.post(MEMBERS, json!({"members": [{"id": sid}]})).await;
    assert_eq!(is_admin(&mock.state()), Some(false), "the default is false");
    client.post(MEMBERS, json!({"members": [{"id": sid, "is_group_admin": true}]})).await;
    assert_eq!(is_admin(&mock.state()), Some(true));
}

#[tokio::test]
async fn all_users_of_a_batch_are_added_or_none() {
    let (mock, client) = start(Options::default()).await;
    let before = mock.state();
    let known = before.users[4].sid();
    for (body, status) in [
        (json!({"members": [{"id": known}, {"id": "user_1"}]}), 404),
        (json!({"members": [{"id": known}, {"id": before.users[5].id}]}), 404),
        (json!({"members": [{"id": known, "is_group_admin": 1}]}), 400),
        (json!({"members": [{}]}), 400),
        (json!({"members": known}), 400),
        (json!({"userId": known}), 400),
        (json!({}), 400),
    ] {
        let answer = client.post(MEMBERS, body.clone()).await;
        assert_eq!((answer.status, &answer.body["success"]), (status, &json!(false)), "{body}");
    }
    assert_eq!(mock.state(), before);
}

#[tokio::test]
async fn a_removed_member_is_missing_from_the_response_and_cannot_be_removed_again() {
    let (mock, client) = start(Options::default()).await;
    let sid = mock.edit(|state| {
        let id = state.users[4].id.clone();
        state.join_as(4, &[(id, true)]).expect("a group");
        state.users[4].sid()
    });
    let others = mock.state().members(4).count() - 1;
    assert!(others > 0);
    let path = format!("{MEMBERS}/{sid}");
    let left = client.delete(&path).await;
    assert_eq!(left.status, 200);
    let members = left.body["data"]["members"].as_array().expect("members").clone();
    assert_eq!(members.len(), others);
    assert!(members.iter().all(|member| member["id"] != json!(sid)));

    let before = mock.state();
    for path in [path, format!("{MEMBERS}/user_1"), format!("/api/v2/groups/99/members/{sid}")] {
        let answer = client.delete(&path).await;
        assert_eq!((answer.status, &answer.body["success"]), (404, &json!(false)), "{path}");
    }
    assert_eq!(mock.state(), before);
}

#[tokio::test]
async fn the_members_of_the_admin_group_are_derived_from_is_admin() {
    let (mock, client) = start(Options::default()).await;
    let before = mock.state();
    let group = client.get("/api/v2/groups/1").await.body;
    let ids: Vec<&Value> = group["data"]["members"]
        .as_array()
        .expect("members")
        .iter()
        .map(|member| &member["id"])
        .collect();
    let admins = before.users.iter().filter(|user| user.is_admin);
    assert_eq!(json!(ids), json!(admins.map(|user| user.sid()).collect::<Vec<_>>()));

    let path = "/api/v2/groups/1/members";
    let joined = client.post(path, json!({"members": [{"id": before.users[4].sid()}]})).await;
    assert_eq!((joined.status, &joined.body["success"]), (400, &json!(false)));
    let left = client.delete(&format!("{path}/{}", before.users[0].sid())).await;
    assert_eq!(left.status, 400);
    assert_eq!(mock.state(), before);
}
