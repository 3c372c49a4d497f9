use mock_retool::{Fault, FaultKind, Mock, Options};
use serde_json::{Value, json};

use crate::client::{Client, start};
use crate::v2_pages::next;

const USERS: &str = "/api/v2/users";

/// Starts a mock with this fault on every request.
async fn broken(kind: FaultKind) -> (Mock, Client) {
    let (mock, client) = start(Options::default()).await;
    mock.inject(Fault::new(kind));
    (mock, client)
}

fn ids(listing: &Value) -> Vec<String> {
    let data = listing["data"].as_array().expect("users");
    data.iter().map(|user| user["id"].as_str().expect("an id").to_owned()).collect()
}

#[tokio::test]
async fn a_repeated_page_has_the_same_token() {
    let (_mock, client) = broken(FaultKind::RepeatPage).await;
    let first = client.get(&format!("{USERS}?limit=5")).await;
    let second = next(&client, 5, &first).await;
    assert_eq!(first.body["has_more"], true);
    assert_eq!(second.body, first.body);
}

#[tokio::test]
async fn endless_pages_are_full_of_new_users_and_have_new_tokens() {
    let (mock, client) = broken(FaultKind::EndlessPages).await;
    let mut answer = client.get(&format!("{USERS}?limit=5")).await;
    let mut seen = ids(&answer.body);
    let mut tokens = Vec::new();
    for _ in 0..4 {
        assert!(answer.body["total_count"].as_u64() > Some(seen.len() as u64));
        tokens.push(answer.body["next_token"].to_string());
        answer = next(&client, 5, &answer).await;
        assert_eq!(ids(&answer.body).len(), 5);
        seen.extend(ids(&answer.body));
    }
    assert_eq!(answer.body["has_more"], true);
    let real: Vec<String> = mock.state().users.iter().map(|user| user.sid()).collect();
    assert_eq!(seen[..12], real);
    seen.sort();
    seen.dedup();
    tokens.sort();
    tokens.dedup();
    assert_eq!((seen.len(), tokens.len()), (25, 4));
}

#[tokio::test]
async fn filtered_lists_and_lists_without_pages_are_not_endless() {
    let (mock, client) = broken(FaultKind::EndlessPages).await;
    let email = mock.state().users[0].email.clone();
    for (query, total) in [(format!("?email={email}&limit=5"), 1), (String::new(), 12)] {
        let answer = client.get(&format!("{USERS}{query}")).await;
        assert_eq!(
            (&answer.body["total_count"], &answer.body["has_more"]),
            (&json!(total), &json!(false))
        );
    }
}

#[tokio::test]
async fn a_moving_total_grows_on_every_list() {
    for path in [USERS, "/api/v2/groups", "/api/v2/user_invites"] {
        let (_mock, client) = broken(FaultKind::MovingTotal).await;
        let first = client.get(path).await.body;
        for drift in 1..3 {
            let answer = client.get(path).await.body;
            let total = first["total_count"].as_u64().map(|total| total + drift);
            assert_eq!(answer["total_count"].as_u64(), total, "{path}");
            assert_eq!(answer["data"], first["data"], "{path}");
        }
    }
}

#[tokio::test]
async fn the_filter_by_address_can_be_ignored_or_exact() {
    let (mock, client) = start(Options::default()).await;
    let user = mock.state().users[3].clone();
    let found = async |email: &str| ids(&client.get(&format!("{USERS}?email={email}")).await.body);
    let upper = user.email.to_uppercase();
    assert_eq!(found(&upper).await, [user.sid()]);
    mock.inject(Fault::new(FaultKind::ExactFilter));
    assert!(found(&upper).await.is_empty());
    assert_eq!(found(&user.email).await, [user.sid()]);
    mock.clear_faults();
    mock.inject(Fault::new(FaultKind::IgnoreFilter));
    let all = found(&user.email).await;
    assert_eq!((all.len(), &all[0]), (12, &mock.state().users[0].sid()));
}

#[tokio::test]
async fn omitted_fields_are_missing_only_from_users() {
    let (mock, client) = start(Options::default()).await;
    let path = format!("{USERS}/{}", mock.state().users[3].sid());
    mock.inject(Fault::new(FaultKind::OmitField("metadata".to_owned())));
    mock.inject(Fault::new(FaultKind::OmitInLists("active".to_owned())));
    let listed = client.get(USERS).await.body["data"][3].clone();
    let read = client.get(&path).await.body["data"].clone();
    let patched = client.patch(&path, json!({"operations": []})).await.body["data"].clone();
    for (record, has_active) in [(&listed, false), (&read, true), (&patched, true)] {
        assert!(record["email"].is_string() && record.get("metadata").is_none());
        assert_eq!(record.get("active").is_some(), has_active);
    }
    let group = client.get("/api/v2/groups/1").await.body;
    assert!(group["data"]["members"][0]["email"].is_string());
}

#[tokio::test]
async fn paging_fields_can_be_missing_from_a_list() {
    for missing in ["next_token", "has_more", "total_count"] {
        let (_mock, client) = broken(FaultKind::OmitInLists(missing.to_owned())).await;
        let answer = client.get(&format!("{USERS}?limit=5")).await;
        assert_eq!(ids(&answer.body).len(), 5);
        for field in ["next_token", "has_more", "total_count"] {
            assert_eq!(answer.body.get(field).is_none(), field == missing, "{field}");
        }
    }
}

#[tokio::test]
async fn stale_reads_do_not_see_the_write_before_them() {
    let (mock, client) = broken(FaultKind::StaleReads { requests: 2 }).await;
    let body = json!({"email": "new@example.com", "first_name": "New", "last_name": "Person"});
    let made = client.post(USERS, body).await.body;
    assert_eq!(mock.state().users.len(), 13);
    let path = format!("{USERS}/{}", made["data"]["id"].as_str().expect("an id"));
    let statuses = [client.get(&path).await.status, client.get(&path).await.status];
    assert_eq!(statuses, [404, 404]);
    assert_eq!(client.get(&path).await.status, 200);
}

#[tokio::test]
async fn a_second_account_with_the_same_address_can_be_accepted() {
    let (mock, client) = broken(FaultKind::SecondAccount).await;
    let email = mock.state().users[0].email.clone();
    let body = json!({"email": email, "first_name": "New", "last_name": "Person"});
    assert_eq!(client.post(USERS, body).await.status, 200);
    let found = client.get(&format!("{USERS}?email={email}")).await.body;
    assert_eq!(found["total_count"], 2);
}

#[tokio::test]
async fn a_failure_can_be_reported_with_status_200() {
    let (mock, client) = broken(FaultKind::Status {
        code: 200,
        retry_after: None,
        body: Some(r#"{"success":false,"message":"Not now"}"#.to_owned()),
    })
    .await;
    let answer = client.post("/api/v2/groups", json!({"name": "Team"})).await;
    assert_eq!((answer.status, answer.message()), (200, "Not now"));
    assert!(mock.state().group_named("Team").is_none());
}

#[tokio::test]
async fn deep_json_is_in_every_record_and_in_the_response() {
    let (mock, client) = broken(FaultKind::DeepJson(1000)).await;
    let deep = "[".repeat(1000);
    let path = format!("{USERS}/{}", mock.state().users[0].sid());
    for (path, places) in [(format!("{USERS}?limit=2"), 3), (path, 2)] {
        let answer = client.get(&path).await;
        assert_eq!(answer.text.matches(&deep).count(), places, "{path}");
    }
}
