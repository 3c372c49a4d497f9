use std::sync::{Arc, Mutex};

use mock_retool::{Hook, Options};
use serde_json::json;

use crate::client::start;

#[tokio::test]
async fn a_hook_sees_each_request_with_its_number_before_it_is_served() {
    let (mock, client) = start(Options::default()).await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    mock.on_request(move |number, request| {
        log.lock().expect("no panic").push((number, request.method.clone(), request.status));
        Hook::Serve
    });
    client.get("/api/v1/users").await;
    client.post("/api/v1/groups", json!({"name": "New"})).await;
    mock.clear_requests();
    client.get("/api/v1/groups").await;
    let expected = [(1, "GET"), (2, "POST"), (1, "GET")];
    assert_eq!(
        *seen.lock().expect("no panic"),
        expected.map(|(number, method)| (number, method.to_owned(), None))
    );
}

#[tokio::test]
async fn a_hook_can_close_the_connection_before_and_after_a_write() {
    for (hook, created) in [(Hook::CloseBefore, false), (Hook::ServeThenClose, true)] {
        let (mock, client) = start(Options::default()).await;
        mock.on_request(move |number, _| if number == 2 { hook } else { Hook::Serve });
        client.get("/api/v1/users").await;
        let lost =
            client.try_send("POST", "/api/v1/users", r#"{"email": "new@example.com"}"#).await;
        assert!(lost.is_err(), "{hook:?}");
        let state = mock.state();
        assert_eq!(state.user_by_email("new@example.com").is_some(), created);
        assert_eq!(state.invitations.len(), usize::from(created));
        let log = mock.requests();
        assert_eq!(log.len(), 2);
        assert_eq!(log[1].status, None);
        assert_eq!(client.get("/api/v1/users").await.status, 200, "{hook:?}");
    }
}

#[tokio::test]
async fn a_hook_can_respond_with_a_status() {
    let (mock, client) = start(Options::default()).await;
    mock.on_request(|_, request| if request.is_write() { Hook::Respond(503) } else { Hook::Serve });
    let answer = client.post("/api/v1/groups", json!({"name": "New"})).await;
    assert_eq!(answer.status, 503);
    assert_eq!(mock.state().groups.len(), 8);
    assert_eq!(mock.requests()[0].status, Some(503));
}
