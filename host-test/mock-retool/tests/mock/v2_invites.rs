use std::time::Duration;

use mock_retool::{EDITOR, InviteOptions, Options, Support, V2Options};
use serde_json::{Value, json};

use crate::client::{Client, start};

const INVITES: &str = "/api/v2/user_invites";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn invite(client: &Client, body: Value) -> Value {
    let answer = client.post(INVITES, body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.body["data"].clone()
}

#[tokio::test]
async fn an_invitation_has_groups_and_metadata_and_sends_one_mail() {
    let (mock, client) = start(Options::default()).await;
    let made = invite(
        &client,
        json!({
            "email": "New@Example.com",
            "defaultGroupIds": [5, 4],
            "metadata": {"department": "engineering"},
        }),
    )
    .await;
    let state = mock.state();
    let link = state.invites[0].link.clone();
    assert_eq!(
        made,
        json!({
            "id": 1,
            "legacy_id": 1,
            "invited_by": state.users[0].sid(),
            "invited_email": "New@Example.com",
            "expires_at": "2026-01-12T09:00:21.000Z",
            "claimed_by": null,
            "claimed_at": null,
            "user_type": "default",
            "metadata": {"department": "engineering"},
            "created_at": "2026-01-05T09:00:21.000Z",
            "invite_link": link,
            "groups": [
                {"id": 4, "legacy_id": 4, "name": "Engineering"},
                {"id": 5, "legacy_id": 5, "name": "Support"},
            ],
        })
    );
    assert!(link.starts_with("https://"));
    assert_eq!(state.invitations, ["New@Example.com"]);
    assert!(state.user_by_email("new@example.com").is_none(), "there is no account yet");
    assert_eq!(client.get(&format!("{INVITES}/1")).await.body["data"], made);
    let list = client.get(INVITES).await.body;
    assert_eq!(
        list,
        json!({
            "success": true,
            "data": [made],
            "total_count": 1,
            "next_token": null,
            "has_more": false,
        })
    );
}

#[tokio::test]
async fn a_group_contains_its_invitations() {
    let (_mock, client) = start(Options::default()).await;
    let made = invite(&client, json!({"email": "new@example.com", "defaultGroupIds": [4]})).await;
    let other = invite(&client, json!({"email": "other@example.com"})).await;
    let invites_of = async |group: u32| {
        client.get(&format!("/api/v2/groups/{group}")).await.body["data"]["user_invites"].clone()
    };
    assert_eq!(invites_of(4).await, json!([made]));
    assert_eq!(invites_of(5).await, json!([]));

    let path = "/api/v2/groups/5/user_invites";
    let ids = json!({"userInviteIds": [made["id"], other["id"]]});
    let added = client.post(path, ids).await;
    assert_eq!(added.status, 200);
    let listed: Vec<&Value> = added.body["data"]["user_invites"]
        .as_array()
        .expect("invitations")
        .iter()
        .map(|invite| &invite["invited_email"])
        .collect();
    assert_eq!(listed, ["new@example.com", "other@example.com"]);

    let removed = client.delete(&format!("{path}/1")).await;
    assert_eq!((removed.status, removed.text.as_str()), (204, ""));
    assert_eq!(invites_of(5).await[0]["id"], other["id"]);
    assert_eq!(client.delete(&format!("{path}/1")).await.status, 404);
    assert_eq!(client.delete(&format!("{path}/99")).await.status, 404);
    assert_eq!(client.delete("/api/v2/groups/99/user_invites/1").await.status, 404);
}

#[tokio::test]
async fn all_invitations_of_a_batch_are_added_to_a_group_or_none() {
    let (mock, client) = start(Options::default()).await;
    invite(&client, json!({"email": "new@example.com"})).await;
    let before = mock.state();
    for (group, body, status) in [
        (4, json!({"userInviteIds": [1, 99]}), 404),
        (99, json!({"userInviteIds": [1]}), 404),
        (1, json!({"userInviteIds": [1]}), 400),
        (4, json!({"userInviteIds": ["1"]}), 400),
        (4, json!({}), 400),
    ] {
        let answer =
            client.post(&format!("/api/v2/groups/{group}/user_invites"), body.clone()).await;
        assert_eq!((answer.status, &answer.body["success"]), (status, &json!(false)), "{body}");
    }
    assert_eq!(mock.state(), before);
}

#[tokio::test]
async fn an_address_with_an_account_or_an_invitation_is_not_invited() {
    let (mock, client) = start(Options::default()).await;
    invite(&client, json!({"email": "new@example.com"})).await;
    let before = mock.state();
    let disabled = before.users.iter().find(|user| user.is_disabled).expect("a disabled user");
    for email in [&before.users[0].email.to_uppercase(), &disabled.email, "NEW@example.com"] {
        let answer = client.post(INVITES, json!({"email": email})).await;
        assert_eq!((answer.status, &answer.body["success"]), (409, &json!(false)), "{email}");
    }
    for (body, status) in [
        (json!({}), 400),
        (json!({"email": "no-address"}), 400),
        (json!({"email": "a@example.com", "groups": [4]}), 400),
        (json!({"email": "a@example.com", "user_type": "default"}), 400),
        (json!({"email": "a@example.com", "defaultGroupIds": ["4"]}), 400),
        (json!({"email": "a@example.com", "defaultGroupIds": [99]}), 404),
    ] {
        let answer = client.post(INVITES, body.clone()).await;
        assert_eq!((answer.status, &answer.body["success"]), (status, &json!(false)), "{body}");
    }
    assert_eq!(mock.state(), before, "and no mail is sent");
}

#[tokio::test]
async fn an_address_can_be_invited_again_after_the_invitation_is_deleted() {
    let (mock, client) = start(Options::default()).await;
    invite(&client, json!({"email": "new@example.com", "defaultGroupIds": [4]})).await;
    let path = format!("{INVITES}/1");
    let deleted = client.delete(&path).await;
    assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
    for method in ["GET", "DELETE"] {
        let answer = client.send(method, &path, "").await;
        assert_eq!((answer.status, &answer.body["success"]), (404, &json!(false)), "{method}");
    }
    assert!(mock.state().invites_to(4).next().is_none());
    let again = invite(&client, json!({"email": "new@example.com"})).await;
    assert_eq!(again["id"], 2, "an id is not used twice");
    assert_eq!(mock.state().invitations.len(), 2);
}

#[tokio::test]
async fn a_claimed_invitation_names_the_user_and_has_no_link() {
    let (mock, client) = start(Options::default()).await;
    invite(&client, json!({"email": "new@example.com", "defaultGroupIds": [EDITOR]})).await;
    let sid = mock.edit(|state| state.claim_invite(1, "New", "Person").expect("an account").sid());
    let record = client.get(&format!("{INVITES}/1")).await.body["data"].clone();
    assert_eq!(record["claimed_by"], json!(sid));
    assert_eq!(record["claimed_at"], json!(mock.state().now()));
    assert!(record.get("invite_link").is_none());
    let user = client.get(&format!("/api/v2/users/{sid}?includeGroups=true")).await.body;
    assert_eq!(user["data"]["groups"], json!([{"id": 2, "legacy_id": 2, "name": "editor"}]));
    let group = client.get("/api/v2/groups/2").await.body;
    assert_eq!(group["data"]["user_invites"], json!([]), "a member is not invited any more");

    let path = "/api/v2/groups/4/user_invites";
    let late = client.post(path, json!({"userInviteIds": [1]})).await;
    assert_eq!((late.status, &late.body["success"]), (422, &json!(false)));
}

#[tokio::test]
async fn an_invitation_expires_after_seven_days() {
    let (mock, client) = start(Options::default()).await;
    invite(&client, json!({"email": "new@example.com"})).await;
    mock.edit(|state| state.advance(6 * DAY));
    assert_eq!(client.post(INVITES, json!({"email": "new@example.com"})).await.status, 409);
    mock.edit(|state| state.advance(DAY));
    let expired = client.get(&format!("{INVITES}/1")).await.body["data"].clone();
    assert!(expired.get("invite_link").is_none());
    assert_eq!(expired["claimed_at"], Value::Null);
    invite(&client, json!({"email": "new@example.com"})).await;
    assert_eq!(client.get(INVITES).await.body["total_count"], 2);
}

#[tokio::test]
async fn a_deleted_group_is_removed_from_invitations() {
    let (mock, client) = start(Options::default()).await;
    invite(&client, json!({"email": "new@example.com", "defaultGroupIds": [4, 5]})).await;
    client.delete("/api/v2/groups/4").await;
    assert_eq!(mock.state().invites[0].groups, [5]);
}

#[tokio::test]
async fn an_older_server_has_no_invitations() {
    let v2 = V2Options { user_invites: false, ..V2Options::default() };
    let (mock, client) = start(Options { v2, ..Options::default() }).await;
    mock.edit(|state| {
        let mut invite = mock_retool::Invite::new("new@example.com");
        invite.groups = vec![4];
        state.invite(invite).map(|invite| invite.id).expect("an invitation")
    });
    for (method, path) in [
        ("GET", "/api/v2/user_invites"),
        ("POST", "/api/v2/user_invites"),
        ("GET", "/api/v2/user_invites/1"),
        ("DELETE", "/api/v2/user_invites/1"),
        ("POST", "/api/v2/groups/4/user_invites"),
        ("DELETE", "/api/v2/groups/4/user_invites/1"),
    ] {
        let answer = client.send(method, path, "").await;
        assert_eq!((answer.status, answer.message()), (404, "Not found"), "{method} {path}");
    }
    assert_eq!(client.get("/api/v2/groups/4").await.body["data"]["user_invites"], json!([]));
    assert_eq!(mock.state().invites.len(), 1);
}

fn with(invites: InviteOptions) -> Options {
    Options { v2: V2Options { invites, ..V2Options::default() }, ..Options::default() }
}

#[tokio::test]
async fn each_route_of_invitations_may_be_missing_on_its_own() {
    const ROUTES: [(&str, &str); 6] = [
        ("GET", "/api/v2/user_invites"),
        ("POST", "/api/v2/user_invites"),
        ("GET", "/api/v2/user_invites/1"),
        ("DELETE", "/api/v2/user_invites/1"),
        ("POST", "/api/v2/groups/4/user_invites"),
        ("DELETE", "/api/v2/groups/4/user_invites/1"),
    ];
    type Set = fn(&mut InviteOptions, Support);
    let switches: [(Set, &[usize]); 4] = [
        (|invites, support| invites.list = support, &[0]),
        (|invites, support| invites.create = support, &[1]),
        (|invites, support| invites.one = support, &[2, 3]),
        (|invites, support| invites.groups = support, &[4, 5]),
    ];
    for (set, missing) in switches {
        for (support, status) in [(Support::NotFound, 404), (Support::Page, 200)] {
            let mut invites = InviteOptions::default();
            set(&mut invites, support);
            let (mock, client) = start(with(invites)).await;
            for at in missing {
                let (method, path) = ROUTES[*at];
                let answer = client.send(method, path, "").await;
                assert_eq!(answer.status, status, "{method} {path}");
                assert_eq!(answer.text.contains("<html>"), support == Support::Page);
            }
            assert!(mock.state().invites.is_empty());
            if !missing.contains(&1) {
                invite(&client, json!({"email": "new@example.com"})).await;
            }
        }
    }
}

#[tokio::test]
async fn a_server_may_accept_a_second_invitation_or_repeat_the_link_of_the_first() {
    let (mock, client) =
        start(with(InviteOptions { accepts_second: true, ..InviteOptions::default() })).await;
    for _ in 0..2 {
        invite(&client, json!({"email": "new@example.com"})).await;
    }
    assert_eq!(mock.state().pending_invites("new@example.com").count(), 2);

    let (mock, client) =
        start(with(InviteOptions { repeats_link: true, ..InviteOptions::default() })).await;
    invite(&client, json!({"email": "new@example.com"})).await;
    let again = client.post(INVITES, json!({"email": "new@example.com"})).await;
    assert_eq!(again.status, 409);
    assert!(again.message().contains(&mock.state().invites[0].link), "{}", again.text);

    let (mock, client) =
        start(with(InviteOptions { ignores_groups: true, ..InviteOptions::default() })).await;
    invite(&client, json!({"email": "new@example.com", "defaultGroupIds": [4]})).await;
    assert!(mock.state().invites[0].groups.is_empty());
}

#[tokio::test]
async fn attributes_of_an_invitation_are_in_its_metadata_and_go_to_the_account() {
    let (mock, client) = start(Options::default()).await;
    mock.edit(|state| state.attributes.push(mock_retool::UserAttribute::text("team")));
    invite(&client, json!({"email": "new@example.com", "metadata": {"desk": 5}})).await;
    let path = format!("{INVITES}/1/user_attributes");
    let set = client.post(&path, json!({"name": "team", "value": "blue"})).await;
    assert_eq!((set.status, &set.body["data"]["metadata"]["team"]), (200, &json!("blue")));
    let unknown = client.post(&path, json!({"name": "tema", "value": "blue"})).await;
    assert!((400..500).contains(&unknown.status), "{}", unknown.text);
    assert_eq!(
        client
            .post(&path.replace("/1/", "/9/"), json!({"name": "team", "value": "x"}))
            .await
            .status,
        404
    );
    mock.edit(|state| drop(state.claim_invite(1, "New", "Person").expect("an account").sid()));
    let user = mock.state().user_by_email("new@example.com").expect("an account").clone();
    assert_eq!(json!(user.metadata), json!({"desk": 5, "team": "blue"}));
    let removed = client.delete(&format!("{path}/team")).await;
    assert_eq!(removed.body["data"]["metadata"], json!({"desk": 5}));
}
