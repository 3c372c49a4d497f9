use mock_retool::{Fault, FaultKind, Options};
use serde_json::{Value, json};

use crate::client::{Client, start};

#[tokio::test]
async fn the_log_contains_every_request_as_it_was_sent() {
    let (mock, client) = start(Options::default()).await;
    client.get("/api/v1/users?email=a%2Bb%40example.com").await;
    client.post("/api/v1/groups", json!({"name": "New"})).await;
    client.send("PUT", "/api/v1/groups/%2e%2e", "{").await;
    let log = mock.requests();
    let line = |at: usize| {
        let entry = &log[at];
        (
            entry.method.as_str(),
            entry.path.as_str(),
            entry.query.as_str(),
            entry.status,
            entry.is_write(),
        )
    };
    assert_eq!(log.len(), 3);
    assert_eq!(line(0), ("GET", "/api/v1/users", "email=a%2Bb%40example.com", Some(200), false));
    assert_eq!(line(1), ("POST", "/api/v1/groups", "", Some(200), true));
    assert_eq!(line(2), ("PUT", "/api/v1/groups/%2e%2e", "", Some(404), true));
    assert_eq!(log[1].body, json!({"name": "New"}));
    assert_eq!(log[2].body, Value::Null);

    mock.clear_requests();
    assert!(mock.requests().is_empty());
}

#[tokio::test]
async fn log_and_state_need_no_token_and_are_not_logged() {
    let (mock, client) = start(Options::default()).await;
    client.post("/api/v1/users", json!({"email": "new@example.com"})).await;

    let anonymous = Client::new(&mock, None);
    let state = anonymous.get("/_mock/state").await.body;
    assert_eq!(state["users"].as_array().map(Vec::len), Some(13));
    assert_eq!(state["users"][12]["email"], "new@example.com");
    assert_eq!(state["invitations"], json!(["new@example.com"]));
    let requests = anonymous.get("/_mock/requests").await;
    assert_eq!(
        requests.body,
        json!({"requests": [{
            "method": "POST",
            "path": "/api/v1/users",
            "query": "",
            "body": {"email": "new@example.com"},
            "status": 200,
        }]})
    );
    assert!(!requests.text.contains(mock.token()));
    assert_eq!(mock.requests().len(), 1);
}

#[tokio::test]
async fn passwords_are_masked_in_the_log() {
    let (mock, _) = start(Options::default()).await;
    let user = json!({"userName": "new@example.com", "password": "1mz050nq"});
    let made = Client::new(&mock, Some(format!("Bearer {}", mock.scim_token())))
        .post("/scim/v2/Users", user)
        .await;
    assert_eq!(made.status, 201, "{}", made.text);
    let requests = Client::new(&mock, None).get("/_mock/requests").await;
    assert_eq!(requests.body["requests"][0]["body"]["password"], "***");
    assert!(!requests.text.contains("1mz050nq"));
}

#[tokio::test]
async fn reset_restores_the_initial_state() {
    let (mock, client) = start(Options { quota: Some(2), ..Options::default() }).await;
    let start = mock.state();
    client.delete(&format!("/api/v1/users/{}", start.users[0].id)).await;
    client.post("/api/v1/users", json!({"email": "new@example.com"})).await;
    assert_ne!(mock.state(), start);
    mock.inject(Fault::new(FaultKind::Html200));

    let answer = Client::new(&mock, None).send("POST", "/_mock/reset", "").await;
    assert_eq!(answer.status, 200);
    assert_eq!(mock.state(), start);
    assert!(mock.requests().is_empty());
    let listed = client.get("/api/v1/users").await;
    assert_eq!((listed.status, &listed.body["total"]), (200, &json!(12)));
}

#[tokio::test]
async fn control_routes_ignore_faults_and_quota() {
    let (mock, client) = start(Options { quota: Some(0), ..Options::default() }).await;
    mock.inject(Fault::new(FaultKind::Reset));
    assert_eq!(client.get("/_mock/state").await.status, 200);
    assert_eq!(client.get("/_mock/reset").await.status, 405);
    assert_eq!(client.get("/_mock/other").await.status, 404);
    assert!(mock.requests().is_empty());
}

#[tokio::test]
async fn a_dropped_mock_stops_serving() {
    let (mock, client) = start(Options::default()).await;
    client.get("/api/v1/users").await;
    drop(mock);
    assert!(client.try_send("GET", "/api/v1/users", "").await.is_err());
}
