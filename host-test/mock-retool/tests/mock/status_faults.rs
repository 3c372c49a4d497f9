//! Faults that are about what a status says, and about silence.

use std::time::Duration;

use mock_retool::{Fault, FaultKind, Forbidden, Guidance, Mock, Options, Throttling};
use serde_json::{Value, json};

use crate::client::{Client, raw, raw_get, start};

/// Starts a mock with this fault on every request.
async fn broken(kind: FaultKind) -> (Mock, Client) {
    let (mock, client) = start(Options::default()).await;
    mock.inject(Fault::new(kind));
    (mock, client)
}

#[tokio::test]
async fn a_throttled_request_is_not_served_and_says_when_to_ask_again() {
    let throttling = Throttling { status: 403, guidance: Guidance::ResetSeconds };
    let wait = Duration::from_millis(6500);
    let (mock, client) = broken(FaultKind::Throttled { throttling, wait }).await;
    let answer = client.post("/api/v1/groups", json!({"name": "New"})).await;
    assert_eq!((answer.status, answer.header("ratelimit-reset")), (403, "7"));
    assert_eq!(answer.header("ratelimit-remaining"), "0");
    assert!(mock.state().group_named("New").is_none());
}

#[tokio::test]
async fn a_forbidden_request_has_its_reason_in_the_form_of_the_dialect() {
    for reason in Forbidden::ALL {
        let (_mock, client) = broken(FaultKind::Forbidden(reason)).await;
        for (path, field) in [
            ("/api/v1/users", "message"),
            ("/api/v2/users", "message"),
            ("/scim/v2/Users", "detail"),
        ] {
            let answer = client.get(path).await;
            assert_eq!(answer.status, 403);
            let body: Value = serde_json::from_str(&answer.text).expect("JSON");
            assert_eq!(body[field], reason.message(), "{path}");
            assert_eq!(body.get("success").is_some(), path.starts_with("/api/v2"), "{path}");
        }
    }
}

#[tokio::test]
async fn a_page_is_html_with_its_status() {
    for code in [200, 403, 502] {
        let (mock, client) = broken(FaultKind::Page(code)).await;
        let answer = client.post("/api/v1/groups", json!({"name": "New"})).await;
        assert_eq!(answer.status, code);
        assert!(answer.header("content-type").starts_with("text/html"));
        assert!(answer.text.starts_with("<!doctype html>"));
        assert!(mock.state().group_named("New").is_none());
    }
}

#[tokio::test]
async fn silence_sends_nothing_and_a_stall_sends_half() {
    let (mock, _) = broken(FaultKind::Silence).await;
    let request = raw_get(&mock, "/api/v1/users");
    let read = raw(&mock, &request);
    assert!(tokio::time::timeout(Duration::from_millis(200), read).await.is_err());
    let (mock, _) = broken(FaultKind::Stall).await;
    let request = raw_get(&mock, "/api/v1/users");
    let read = raw(&mock, &request);
    assert!(tokio::time::timeout(Duration::from_millis(200), read).await.is_err());
    assert_eq!(mock.requests().len(), 1);
}
