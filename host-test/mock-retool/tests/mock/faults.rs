use std::io::ErrorKind;
use std::time::{Duration, Instant};

use mock_retool::{Chance, Fault, FaultKind, Mock, Options};
use serde_json::{Value, json};

use crate::client::{Client, raw, raw_get, start};

/// Starts a mock with this fault on every request.
async fn broken(kind: FaultKind) -> (Mock, Client) {
    let (mock, client) = start(Options::default()).await;
    mock.inject(Fault::new(kind));
    (mock, client)
}

/// Returns the announced content length, and the length of the received body.
fn lengths(received: &str) -> (usize, usize) {
    let (head, body) = received.split_once("\r\n\r\n").expect("headers");
    let announced = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .expect("a content length")
        .parse()
        .expect("a number");
    (announced, body.len())
}

/// Returns the ids in a listing.
fn ids(listing: &Value) -> Vec<String> {
    listing["users"]
        .as_array()
        .expect("users")
        .iter()
        .map(|user| user["id"].as_str().expect("an id").to_owned())
        .collect()
}

#[tokio::test]
async fn a_status_fault_does_not_serve_the_request() {
    let (mock, client) = broken(FaultKind::Status {
        code: 503,
        retry_after: Some("Wed, 21 Oct 2026 07:28:00 GMT".to_owned()),
        body: Some("<h1>Down</h1>".to_owned()),
    })
    .await;
    let answer = client.post("/api/v1/groups", json!({"name": "New"})).await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.header("retry-after"), "Wed, 21 Oct 2026 07:28:00 GMT");
    assert_eq!(answer.text, "<h1>Down</h1>");
    assert!(answer.header("content-type").starts_with("text/plain"));
    assert!(!answer.header("x-request-id").is_empty());
    assert!(mock.state().group_named("New").is_none());
}

#[tokio::test]
async fn a_bare_status_fault_has_a_message_and_no_retry_after() {
    let (mock, client) =
        broken(FaultKind::Status { code: 429, retry_after: None, body: None }).await;
    let answer = client.get("/api/v1/users").await;
    assert_eq!((answer.status, answer.message()), (429, "Too Many Requests"));
    assert_eq!(answer.header("retry-after"), "");
    mock.clear_faults();
    assert_eq!(client.get("/api/v1/users").await.status, 200);
}

#[tokio::test]
async fn a_fault_applies_only_to_its_method_path_and_times() {
    let (mock, client) = start(Options::default()).await;
    mock.inject(Fault {
        method: Some("GET".to_owned()),
        path: Some("/api/v1/users".to_owned()),
        skip: 1,
        times: Some(1),
        ..Fault::new(FaultKind::Status { code: 500, retry_after: None, body: None })
    });
    let mut statuses = Vec::new();
    for path in ["groups", "users", "groups", "users", "users"] {
        statuses.push(client.get(&format!("/api/v1/{path}")).await.status);
    }
    assert_eq!(statuses, [200, 200, 200, 500, 200]);
}

#[tokio::test]
async fn a_status_after_fault_serves_the_request_and_hides_the_result() {
    let (mock, client) = broken(FaultKind::StatusAfter(502)).await;
    let answer = client.post("/api/v1/groups", json!({"name": "New"})).await;
    assert_eq!((answer.status, answer.message()), (502, "Bad Gateway"));
    assert!(mock.state().group_named("New").is_some(), "it was served");
    assert_eq!(mock.requests()[0].status, Some(502));
}

#[tokio::test]
async fn a_status_after_fault_with_204_has_no_body() {
    let (mock, client) = broken(FaultKind::StatusAfter(204)).await;
    let id = mock.state().users[0].id.clone();
    let answer = client.delete(&format!("/api/v1/users/{id}")).await;
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    assert!(mock.state().user(&id).is_none());
}

/// Sends the same requests to two mocks with one seed, and to a mock with another seed.
#[tokio::test]
async fn a_chance_affects_the_same_requests_each_time() {
    let statuses = async |seed| {
        let (mock, client) = start(Options::default()).await;
        mock.inject(Fault {
            path: Some("/api/v1/users".to_owned()),
            chance: Some(Chance { per_mille: 400, seed }),
            ..Fault::new(FaultKind::StatusAfter(500))
        });
        let mut statuses = Vec::new();
        for _ in 0..40 {
            assert_eq!(client.get("/api/v1/groups").await.status, 200);
            statuses.push(client.get("/api/v1/users?pageSize=1").await.status);
        }
        statuses
    };
    let first = statuses(1).await;
    assert!(first.contains(&500) && first.contains(&200), "{first:?}");
    assert_eq!(first, statuses(1).await);
    assert_ne!(first, statuses(2).await);
}

#[tokio::test]
async fn faults_of_the_options_are_active_at_the_start_and_after_a_reset() {
    let fault = "GET /api/v1/users 503 times=1 retry-after=9".parse().expect("a fault");
    let (mock, client) = start(Options { faults: vec![fault], ..Options::default() }).await;
    for _ in 0..2 {
        let answer = client.get("/api/v1/users").await;
        assert_eq!((answer.status, answer.header("retry-after")), (503, "9"));
        assert_eq!(client.get("/api/v1/users").await.status, 200);
        mock.reset();
    }
    mock.clear_faults();
    assert_eq!(client.get("/api/v1/users").await.status, 200);
}

#[tokio::test]
async fn a_lost_reply_still_creates_the_user() {
    let (mock, client) = start(Options::default()).await;
    mock.inject(Fault { times: Some(1), ..Fault::new(FaultKind::LoseReply) });
    let lost = client.try_send("POST", "/api/v1/users", r#"{"email": "new@example.com"}"#).await;
    assert!(lost.is_err());
    assert_eq!(mock.state().invitations, ["new@example.com"]);
    assert_eq!(mock.requests()[0].status, None);
    let again = client.post("/api/v1/users", json!({"email": "new@example.com"})).await;
    assert_eq!(again.status, 409);
}

#[tokio::test]
async fn a_lost_reply_closes_the_connection_and_a_reset_resets_it() {
    let (mock, _) = broken(FaultKind::LoseReply).await;
    let (received, end) = raw(&mock, &raw_get(&mock, "/api/v1/users")).await;
    assert_eq!(received, "");
    assert!(end.is_ok(), "{end:?}");

    let (mock, client) = broken(FaultKind::Reset).await;
    let (received, end) = raw(&mock, &raw_get(&mock, "/api/v1/users")).await;
    assert_eq!(received, "");
    assert_eq!(end.map_err(|e| e.kind()), Err(ErrorKind::ConnectionReset));
    let write = client.try_send("POST", "/api/v1/groups", r#"{"name": "New"}"#).await;
    assert!(write.is_err());
    assert!(mock.state().group_named("New").is_none());
}

#[tokio::test]
async fn a_reset_in_the_body_comes_after_half_of_it() {
    let (mock, _) = broken(FaultKind::ResetInBody).await;
    let (received, end) = raw(&mock, &raw_get(&mock, "/api/v1/users")).await;
    assert_eq!(end.map_err(|e| e.kind()), Err(ErrorKind::ConnectionReset));
    assert!(received.starts_with("HTTP/1.1 200 OK"), "{received}");
    let (announced, sent) = lengths(&received);
    assert_eq!(sent, announced / 2);
}

#[tokio::test]
async fn a_truncated_body_is_shorter_than_announced() {
    let (mock, client) = broken(FaultKind::Truncate).await;
    let (received, end) = raw(&mock, &raw_get(&mock, "/api/v1/users")).await;
    assert!(end.is_ok(), "{end:?}");
    let (announced, sent) = lengths(&received);
    assert!(sent > 0 && sent < announced, "{sent} of {announced}");
    let body = received.split_once("\r\n\r\n").expect("a body").1;
    assert!(serde_json::from_str::<Value>(body).is_ok());
    assert!(client.try_send("GET", "/api/v1/users", "").await.is_err());
}

#[tokio::test]
async fn a_delayed_request_is_served_correctly_after_the_delay() {
    let delay = Duration::from_millis(30);
    let (_mock, client) = broken(FaultKind::Delay(delay)).await;
    let begin = Instant::now();
    let answer = client.get("/api/v1/users").await;
    assert_eq!(ids(&answer.body).len(), 12);
    assert!(begin.elapsed() >= delay);
}

#[tokio::test]
async fn a_dripping_body_arrives_slowly_and_completely() {
    let (_mock, client) =
        broken(FaultKind::Drip { bytes_per_tick: 100, tick: Duration::from_millis(2) }).await;
    let begin = Instant::now();
    let answer = client.get("/api/v1/users").await;
    assert_eq!(ids(&answer.body).len(), 12);
    let pauses = (answer.text.len().div_ceil(100) - 1) as u32;
    assert!(pauses > 10);
    assert!(begin.elapsed() >= pauses * Duration::from_millis(2));
}

#[tokio::test]
async fn a_content_type_fault_keeps_the_body() {
    let (_mock, client) = broken(FaultKind::ContentType("text/html".to_owned())).await;
    let answer = client.get("/api/v1/users").await;
    assert_eq!(answer.header("content-type"), "text/html");
    assert_eq!(answer.body["total"], 12);
}

#[tokio::test]
async fn a_login_page_is_returned_with_200() {
    let (mock, client) = broken(FaultKind::Html200).await;
    let answer = client.post("/api/v1/groups", json!({"name": "New"})).await;
    assert_eq!(answer.status, 200);
    assert!(answer.header("content-type").starts_with("text/html"));
    assert!(answer.text.starts_with("<!doctype html>"));
    assert!(mock.state().group_named("New").is_none());
}

#[tokio::test]
async fn invalid_json_has_a_correct_length() {
    let (mock, client) = broken(FaultKind::InvalidJson).await;
    let answer = client.post("/api/v1/groups", json!({"name": "New"})).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/json");
    assert!(answer.text.starts_with('{'));
    assert!(serde_json::from_str::<Value>(&answer.text).is_err());
    assert!(mock.state().group_named("New").is_some(), "it was served");
}

#[tokio::test]
async fn deep_json_is_nested_to_the_given_depth_in_every_user() {
    let (_mock, client) = broken(FaultKind::DeepJson(100_000)).await;
    let answer = client.get("/api/v1/users?pageSize=2").await;
    assert_eq!(answer.text.matches('[').count(), answer.text.matches(']').count());
    let deep = "[".repeat(100_000);
    assert_eq!(answer.text.matches(&deep).count(), 3);
}

#[tokio::test]
async fn a_huge_body_has_the_given_size_and_no_content_length() {
    for size in [1_000, 300_000] {
        let (_mock, client) = broken(FaultKind::HugeBody(size)).await;
        let answer = client.get("/api/v1/users").await;
        assert_eq!(answer.text.len(), size);
        assert!(answer.body["padding"].is_string());
        assert_eq!(answer.header("content-length"), "");
        assert_eq!(answer.header("content-type"), "application/json");
    }
}

#[tokio::test]
async fn a_redirect_has_the_given_location() {
    let (_mock, client) =
        broken(FaultKind::Redirect("https://elsewhere.example/".to_owned())).await;
    let answer = client.get("/api/v1/users").await;
    assert_eq!(answer.status, 302);
    assert_eq!(answer.header("location"), "https://elsewhere.example/");
}

#[tokio::test]
async fn a_repeated_page_is_always_the_first() {
    let (_mock, client) = broken(FaultKind::RepeatPage).await;
    let first = client.get("/api/v1/users?page=1&pageSize=5").await.body;
    let second = client.get("/api/v1/users?page=2&pageSize=5").await.body;
    assert_eq!(first["users"].as_array().map(Vec::len), Some(5));
    assert_eq!(first, second);
}

#[tokio::test]
async fn endless_pages_are_full_of_new_users() {
    let (mock, client) = broken(FaultKind::EndlessPages).await;
    let mut seen = Vec::new();
    let mut totals = Vec::new();
    for page in 1..=5 {
        let answer = client.get(&format!("/api/v1/users?page={page}&pageSize=5")).await;
        let page = ids(&answer.body);
        assert_eq!(page.len(), 5);
        seen.extend(page);
        totals.push(answer.body["total"].as_u64().expect("a total"));
        assert!(totals[totals.len() - 1] > seen.len() as u64);
    }
    let real: Vec<String> = mock.state().users.into_iter().map(|user| user.id).collect();
    assert_eq!(seen[..12], real);
    assert!(totals[4] > totals[2]);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 25);
}

#[tokio::test]
async fn the_filter_by_address_works_with_endless_pages() {
    let (mock, client) = broken(FaultKind::EndlessPages).await;
    let email = mock.state().users[0].email.clone();
    let answer = client.get(&format!("/api/v1/users?email={email}")).await;
    assert_eq!(answer.body["total"], 1);
}

#[tokio::test]
async fn a_moving_total_grows_and_the_users_stay_the_same() {
    let (_mock, client) = broken(FaultKind::MovingTotal).await;
    for total in [12, 13, 14] {
        let answer = client.get("/api/v1/users").await;
        assert_eq!(answer.body["total"], total);
        assert_eq!(ids(&answer.body).len(), 12);
    }
}

#[tokio::test]
async fn an_ignored_filter_returns_another_user_first() {
    let (mock, client) = broken(FaultKind::IgnoreFilter).await;
    let state = mock.state();
    let answer = client.get(&format!("/api/v1/users?email={}", state.users[3].email)).await;
    assert_eq!(answer.body["total"], 12);
    assert_eq!(answer.body["users"][0]["id"], json!(state.users[0].id));
}

#[tokio::test]
async fn an_exact_filter_compares_case() {
    let (mock, client) = start(Options::default()).await;
    let email = mock.state().users[3].email.clone();
    let found = async |email: &str| {
        client.get(&format!("/api/v1/users?email={email}")).await.body["total"].clone()
    };
    let upper = email.to_uppercase();
    assert_eq!((found(&email).await, found(&upper).await), (json!(1), json!(1)));
    mock.inject(Fault::new(FaultKind::ExactFilter));
    assert_eq!((found(&email).await, found(&upper).await), (json!(1), json!(0)));
}

#[tokio::test]
async fn a_second_account_has_its_own_id_and_invitation() {
    let (mock, client) = broken(FaultKind::SecondAccount).await;
    let email = mock.state().users[3].email.clone();
    let answer = client.post("/api/v1/users", json!({"email": email})).await;
    assert_eq!(answer.status, 200);
    let found = client.get(&format!("/api/v1/users?email={email}")).await.body;
    assert_eq!(found["total"], 2);
    assert_ne!(found["users"][0]["id"], found["users"][1]["id"]);
    assert_eq!(mock.state().invitations, [email]);
}

#[tokio::test]
async fn a_field_omitted_in_lists_is_present_in_single_records() {
    let (mock, client) = broken(FaultKind::OmitInLists("isDisabled".to_owned())).await;
    let user = mock.state().users[0].clone();
    for list in ["/api/v1/users".to_owned(), format!("/api/v1/users?email={}", user.email)] {
        let listed = client.get(&list).await.body["users"][0].clone();
        assert_eq!(listed["id"], json!(user.id));
        assert!(listed.get("isDisabled").is_none() && listed["isAdmin"].is_boolean());
    }
    let read = client.get(&format!("/api/v1/users/{}", user.id)).await.body;
    assert_eq!(read["isDisabled"], json!(user.is_disabled));
}

#[tokio::test]
async fn an_omitted_field_is_missing_only_from_users() {
    let (mock, client) = start(Options::default()).await;
    for field in ["groups", "email"] {
        mock.inject(Fault::new(FaultKind::OmitField(field.to_owned())));
    }
    let id = mock.state().users[0].id.clone();
    let path = format!("/api/v1/users/{id}");
    let listed = client.get("/api/v1/users").await.body["users"][0].clone();
    let read = client.get(&path).await.body;
    let written = client.put(&path, json!({"firstName": "Jo"})).await.body;
    for record in [&listed, &read, &written] {
        let fields = record.as_object().expect("a record");
        assert!(!fields.contains_key("groups") && !fields.contains_key("email"));
        assert_eq!(fields["id"], json!(id));
    }
    let members = client.get("/api/v1/groups/1/members").await.body;
    assert!(members["members"][0]["email"].is_string());
}

#[tokio::test]
async fn stale_reads_do_not_see_the_write_before_them() {
    let (mock, client) = broken(FaultKind::StaleReads { requests: 2 }).await;
    assert_eq!(client.get("/api/v1/users").await.body["total"], 12);
    client.post("/api/v1/users", json!({"email": "new@example.com"})).await;
    assert_eq!(mock.state().users.len(), 13, "it was written");
    for total in [12, 12, 13, 13] {
        assert_eq!(client.get("/api/v1/users").await.body["total"], total);
    }

    client.post("/api/v1/users", json!({"email": "newer@example.com"})).await;
    mock.clear_faults();
    assert_eq!(client.get("/api/v1/users").await.body["total"], 14);
}

#[tokio::test]
async fn a_write_becomes_visible_after_the_stale_time() {
    let lag = Duration::from_millis(60);
    let (mock, client) = broken(FaultKind::StaleFor(lag)).await;
    let begin = Instant::now();
    client.post("/api/v1/users", json!({"email": "new@example.com"})).await;
    assert_eq!(mock.state().users.len(), 13, "it was written");
    while client.get("/api/v1/users").await.body["total"] == 12 {}
    assert!(begin.elapsed() >= lag, "{:?}", begin.elapsed());
    assert_eq!(client.get("/api/v1/users").await.body["total"], 13);
}

#[tokio::test]
async fn writes_during_the_stale_time_apply_to_the_current_state() {
    let (mock, client) = broken(FaultKind::StaleFor(Duration::from_secs(3600))).await;
    for email in ["new@example.com", "newer@example.com"] {
        client.post("/api/v1/users", json!({"email": email})).await;
        assert_eq!(client.get("/api/v1/users").await.body["total"], 12);
    }
    // A write applies to the current state, not to the stale one.
    let again = client.post("/api/v1/users", json!({"email": "new@example.com"})).await;
    assert_eq!(again.status, 409);
    mock.clear_faults();
    assert_eq!(client.get("/api/v1/users").await.body["total"], 14);
}
