use std::time::{Duration, Instant};

use mock_retool::{Guidance, Options, Throttling};

use crate::client::{raw, raw_get, start};

#[tokio::test]
async fn requests_beyond_the_quota_get_429_with_retry_after() {
    let (mock, client) = start(Options { quota: Some(3), ..Options::default() }).await;
    for _ in 0..3 {
        assert_eq!(client.get("/api/v1/users").await.status, 200);
    }
    let answer = client.send("POST", "/api/v1/groups", r#"{"name": "New"}"#).await;
    assert_eq!(answer.status, 429);
    assert!(!answer.message().is_empty());
    let seconds: u64 = answer.header("retry-after").parse().expect("seconds");
    assert!((1..=60).contains(&seconds), "{seconds}");
    assert!(mock.state().group_named("New").is_none());
}

#[tokio::test]
async fn a_request_beyond_the_quota_is_answered_as_the_options_say() {
    for guidance in Guidance::ALL {
        for status in [429, 403] {
            let throttling = Throttling { status, guidance };
            let options = Options { quota: Some(0), throttling, ..Options::default() };
            let (_mock, client) = start(options).await;
            let answer = client.get("/api/v1/users").await;
            assert_eq!(answer.status, status);
            let has_time = ["retry-after", "ratelimit-reset", "x-ratelimit-reset"]
                .iter()
                .any(|name| !answer.header(name).is_empty());
            assert_eq!(has_time, guidance.has_time(), "{guidance:?}");
        }
    }
}

#[tokio::test]
async fn latency_is_added_to_every_request() {
    let latency = Duration::from_millis(30);
    let (_mock, client) = start(Options { latency, ..Options::default() }).await;
    let begin = Instant::now();
    client.get("/api/v1/users").await;
    client.get("/nowhere").await;
    assert!(begin.elapsed() >= 2 * latency);
}

#[tokio::test]
async fn a_connection_serves_many_requests() {
    let (mock, _) = start(Options::default()).await;
    let last =
        raw_get(&mock, "/api/v1/users/x").replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n");
    let sent =
        format!("{}{}{last}", raw_get(&mock, "/api/v1/users"), raw_get(&mock, "/api/v1/groups"));
    let (received, end) = raw(&mock, &sent).await;
    assert!(end.is_ok());
    assert_eq!(received.matches("HTTP/1.1 200 OK").count(), 2);
    assert_eq!(received.matches("HTTP/1.1 404 Not Found").count(), 1);
}
