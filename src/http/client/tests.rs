use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::cell::Cell;

use serde::Deserialize;

use super::super::{Clock, Method, Missing, Path, Response, TransportError};
use super::*;
use crate::de::Text;
use crate::testing::platform::{FakePlatform, Reply};

mod throttling;

const TOKEN: &str = "t0ken-value";

fn client(fake: &FakePlatform, settings: Settings) -> Client {
    let base = BaseUrl::parse("https://acme.retool.com:8443/pre").unwrap();
    Client::new(fake.platform(), base, Secret::new(TOKEN.to_string()), settings)
}

const READ: Call<'static> = Call {
    method: Method::Get,
    path: Path { template: "/api/v1/users/{id}", segments: &["u/1"] },
    query: &[],
    body: None,
    repeat: Repeat::Safe,
    about: Some("ann@example.com"),
    missing: Missing::User,
    scope: "users:read",
};

fn put() -> Call<'static> {
    Call { method: Method::Put, body: Some(b"{}".to_vec()), scope: "users:write", ..READ }
}

fn create() -> Call<'static> {
    Call {
        method: Method::Post,
        path: Path { template: "/api/v1/users", segments: &[] },
        repeat: Repeat::Never,
        missing: Missing::BaseUrl,
        ..put()
    }
}

/// Makes one call against a server that gives exactly these replies.
fn outcome(
    call: Call<'_>,
    replies: impl IntoIterator<Item = Reply>,
) -> (Result<Answer>, FakePlatform) {
    let fake = FakePlatform::replying(replies);
    let client = client(&fake, Settings::default());
    let result = fake.run(client.send(call));
    (result, fake)
}

fn status(status: u16) -> Reply {
    Reply::json(status, "{}")
}

#[test]
fn a_request_has_the_right_path_query_headers_and_limits() {
    let call = Call { query: &[("email", "a+b@x.com"), ("page", "2")], ..put() };
    let (answer, fake) = outcome(call, [Reply::json(200, r#"{"a":1}"#)]);
    assert_eq!(answer.unwrap().body(), br#"{"a":1}"#);
    let sent = &fake.sent()[0];
    assert_eq!(sent.line(), "PUT /pre/api/v1/users/u%2F1?email=a%2Bb%40x.com&page=2");
    assert_eq!(sent.body(), "{}");
    let request = &sent.request;
    assert_eq!((request.https, request.authority.as_str()), (true, "acme.retool.com:8443"));
    assert_eq!((request.media_type, request.token.expose()), ("application/json", TOKEN));
    assert_eq!((sent.limits.timeout_ms, sent.limits.max_body_bytes), (120_000, 8 * 1024 * 1024));
    assert_eq!(sent.limits.idle_ms, 30_000);
}

#[test]
fn a_request_of_a_stopped_call_is_not_repeated_and_did_nothing() {
    for call in [READ, put(), create()] {
        let (result, fake) = outcome(call, [Reply::fails(TransportError::Stopped)]);
        let error = result.unwrap_err();
        assert_eq!(
            (error.code, error.attempts, error.maybe_applied),
            (Code::CallStopped, 0, false)
        );
        assert!(!error.is_permanent() && crate::error::ends_the_run(&error));
        assert_eq!(fake.sent().len(), 1);
    }
}

#[test]
fn a_write_whose_reply_was_lost_before_the_call_was_stopped_may_hold() {
    let replies = [Reply::fails(TransportError::Failed), Reply::fails(TransportError::Stopped)];
    let error = outcome(put(), replies).0.unwrap_err();
    assert_eq!((error.code, error.attempts, error.maybe_applied), (Code::CallStopped, 1, true));
}

#[test]
fn reads_and_idempotent_writes_are_sent_until_they_succeed() {
    for call in [READ, put()] {
        for failure in [
            || status(500),
            || status(502),
            || status(503),
            || status(408),
            || status(429),
            || Reply::fails(TransportError::Failed),
            || Reply::fails(TransportError::TimedOut),
        ] {
            let (answer, fake) = outcome(call.clone(), [failure(), failure(), status(200)]);
            assert!(answer.is_ok());
            let sent = fake.sent();
            assert_eq!(sent.len(), 3);
            assert_eq!(sent[0].line(), sent[2].line());
            assert_eq!(sent[0].body(), sent[2].body());
            assert!(sent[2].limits.timeout_ms <= 120_000 - sent[2].at_ms);
        }
    }
}

#[test]
fn after_the_last_try_the_error_contains_the_number_of_tries() {
    let (result, fake) = outcome(READ, [status(500), status(500), status(502)]);
    let error = result.unwrap_err();
    assert_eq!((error.code, error.http_status, error.attempts), (Code::ServerError, Some(502), 3));
    assert_eq!(error.request.as_deref(), Some("GET /api/v1/users/{id}"));
    assert_eq!(error.subject.as_deref(), Some("ann@example.com"));
    assert_eq!(fake.sent().len(), 3);
}

#[test]
fn errors_that_are_not_transient_are_not_retried() {
    let cases = [
        (301, Code::Redirected),
        (400, Code::ServerRefused),
        (401, Code::TokenRejected),
        (403, Code::Forbidden),
        (404, Code::UserNotFound),
        (409, Code::ServerRefused),
        (501, Code::OperationUnsupported),
        (505, Code::OperationUnsupported),
    ];
    for (number, code) in cases {
        let (result, _) = outcome(READ, [status(number)]);
        let error = result.unwrap_err();
        assert_eq!((error.code, error.http_status, error.attempts), (code, Some(number), 1));
    }
    let (result, _) = outcome(READ, [Reply::fails(TransportError::TooLarge)]);
    assert_eq!(result.unwrap_err().code, Code::BodyTooLarge);
}

#[test]
fn a_creation_is_sent_again_after_a_429_and_after_nothing_else() {
    let (answer, fake) = outcome(create(), [status(429), status(200)]);
    assert!(answer.is_ok());
    assert_eq!(fake.lines(), ["POST /pre/api/v1/users", "POST /pre/api/v1/users"]);
    let failures = [
        (status(500), Code::ServerError),
        (status(408), Code::ServerError),
        (Reply::retry_after(503, "1"), Code::ServerError),
        (Reply::fails(TransportError::Failed), Code::ConnectionFailed),
        (Reply::fails(TransportError::TimedOut), Code::ConnectionFailed),
        (Reply::fails(TransportError::TooLarge), Code::BodyTooLarge),
        // No byte for 30 seconds.
        (Reply::never(), Code::ConnectionFailed),
        (
            Response {
                status: 200,
                content_type: Some("text/html".to_string()),
                body: vec![b'<'],
                ..Response::default()
            }
            .into(),
            Code::HtmlPage,
        ),
    ];
    for (failure, code) in failures {
        let (result, _) = outcome(create(), [failure]);
        let error = result.unwrap_err();
        assert_eq!((error.code, error.attempts, error.maybe_applied), (code, 1, true));
    }
}

#[test]
fn a_refused_write_is_not_maybe_applied_unless_an_earlier_try_was_lost() {
    for number in [301, 302, 303, 307, 308, 400, 401, 403, 404, 409, 422, 429, 501, 505] {
        let fake = FakePlatform::new(move |_| status(number));
        let client = client(&fake, Settings::default());
        let error = fake.run(client.send(put())).unwrap_err();
        assert!(!error.maybe_applied, "{number}");
        assert!(number == 429 || fake.sent().len() == 1, "{number}");
    }
    let delete = Call { method: Method::Delete, body: None, ..put() };
    let (result, _) = outcome(delete, [Reply::fails(TransportError::Failed), status(404)]);
    let error = result.unwrap_err();
    assert_eq!((error.code, error.maybe_applied), (Code::UserNotFound, true));
    let (result, _) = outcome(put(), [Reply::fails(TransportError::Failed), status(501)]);
    let error = result.unwrap_err();
    assert_eq!((error.code, error.maybe_applied), (Code::OperationUnsupported, true));
}

#[test]
fn a_read_is_never_maybe_applied() {
    let (result, _) = outcome(READ, [Reply::never(), Reply::never(), Reply::never()]);
    assert!(!result.unwrap_err().maybe_applied);
    let (answer, _) = outcome(READ, [status(200)]);
    assert!(!answer.unwrap().error(Code::AnswerUnusable, "x").maybe_applied);
}

#[test]
fn retry_after_is_honoured_within_the_deadline() {
    for number in [429, 503] {
        for text in ["7", "Sun, 06 Nov 1994 08:49:44 GMT"] {
            let (answer, fake) = outcome(READ, [Reply::retry_after(number, text), status(200)]);
            assert!(answer.is_ok());
            assert_eq!(fake.sent()[1].at_ms, 7000, "{number} {text}");
        }
    }
}

#[test]
fn retry_after_beyond_the_deadline_fails_at_once() {
    let cases = [
        (429, "120", Code::RateLimited, Some(120_000)),
        (429, "1000000000", Code::RateLimited, Some(86_400_000)),
        (503, "600", Code::ServerError, Some(600_000)),
    ];
    for (number, text, code, wait) in cases {
        let (result, fake) = outcome(READ, [Reply::retry_after(number, text)]);
        let error = result.unwrap_err();
        assert_eq!((error.code, error.retry_after_ms, error.attempts), (code, wait, 1));
        assert_eq!(fake.clock().monotonic_ms(), 0);
    }
}

#[test]
fn an_invalid_retry_after_means_the_usual_backoff() {
    for text in ["soon", "-1", "0", "Sun, 06 Nov 1994 08:00:00 GMT"] {
        let (answer, fake) = outcome(READ, [Reply::retry_after(429, text), status(200)]);
        assert!(answer.is_ok());
        assert!(fake.sent()[1].at_ms <= 1000, "{text}");
    }
}

#[test]
fn the_deadline_covers_all_requests_and_waits_together() {
    let fake = FakePlatform::new(|_| status(200).after(40));
    let settings = Settings { deadline_ms: 100, ..Settings::default() };
    let client = client(&fake, settings);
    let result = fake.run(async {
        client.send(READ).await?;
        client.send(READ).await?;
        assert_eq!((client.elapsed_ms(), client.remaining_ms()), (80, 20));
        client.send(put()).await
    });
    let error = result.unwrap_err();
    assert_eq!(
        (error.code, error.attempts, error.maybe_applied),
        (Code::DeadlineExceeded, 1, true)
    );
    assert_eq!(fake.clock().monotonic_ms(), 100);
    let timeouts: Vec<u64> = fake.sent().iter().map(|sent| sent.limits.timeout_ms).collect();
    assert_eq!(timeouts, [100, 60, 20]);
    let late = fake.run(client.send(put())).unwrap_err();
    assert_eq!((late.code, late.attempts, late.maybe_applied), (Code::DeadlineExceeded, 0, false));
    assert_eq!(fake.sent().len(), 3);
}

#[test]
fn the_retry_quota_is_used_up_when_everything_fails() {
    let fake = FakePlatform::new(|_| status(500));
    let client = client(&fake, Settings { deadline_ms: 3_600_000, ..Settings::default() });
    fake.run(async {
        for _ in 0..100 {
            client.send(READ).await.unwrap_err();
        }
    });
    assert_eq!(fake.sent().len(), 100 + 35);
}

#[test]
fn a_pause_has_the_same_backoff_and_quota_as_a_retry() {
    let fake = FakePlatform::new(|_| status(200));
    let client = client(&fake, Settings::default());
    assert!(fake.run(client.pause(1, None)));
    assert!(fake.run(client.pause(2, None)));
    assert!(!fake.run(client.pause(3, None)));
    assert!((1..=150).contains(&client.elapsed_ms()));
    for _ in 0..33 {
        assert!(fake.run(client.pause(1, None)));
    }
    assert!(!fake.run(client.pause(1, None)));
}

#[test]
fn throttling_narrows_the_window_and_successes_widen_it() {
    let calls = Cell::new(0);
    let fake = FakePlatform::new(move |_| {
        calls.set(calls.get() + 1);
        if calls.get() <= 8 { Reply::retry_after(429, "1") } else { status(200) }.after(10)
    });
    let client = client(&fake, Settings::default());
    let done = fake.run(async {
        let narrowed = async |_| client.send(READ).await.map(|_| client.window().width());
        client.window().run(40, |index| Box::pin(narrowed(index))).await
    });
    let widths = done.unwrap();
    assert_eq!(widths.iter().min(), Some(&4));
    assert_eq!(client.window().width(), 8);
}

#[test]
fn growing_latency_narrows_the_window() {
    let calls = Cell::new(0);
    let fake = FakePlatform::new(move |_| {
        calls.set(calls.get() + 1);
        status(200).after(if (2..=9).contains(&calls.get()) { 500 } else { 20 })
    });
    let client = client(&fake, Settings::default());
    let done = fake.run(async {
        client.send(READ).await?;
        let narrowed = async |_| client.send(READ).await.map(|_| client.window().width());
        client.window().run(40, |index| Box::pin(narrowed(index))).await
    });
    let widths = done.unwrap();
    assert_eq!(widths.iter().min(), Some(&4));
    assert_eq!(client.window().width(), 8);
}

#[test]
fn a_retry_is_logged_without_values() {
    let call = Call { query: &[("email", "ann@example.com")], ..READ };
    let (_, fake) = outcome(
        call,
        [Reply::retry_after(429, "2"), Reply::fails(TransportError::Failed), status(200)],
    );
    let log = fake.log();
    assert_eq!(log.len(), 2);
    assert_eq!(log[0], "GET /api/v1/users/{id}: status 429, try 2 in 2000 ms");
    assert!(
        log[1].starts_with("GET /api/v1/users/{id}: connection failed, try 3 in "),
        "{}",
        log[1]
    );
}

#[test]
fn an_id_that_would_change_the_path_is_refused_before_any_request() {
    for id in ["", ".", ".."] {
        let call = Call { path: Path { segments: &[id], ..READ.path }, ..READ };
        let (result, fake) = outcome(call, []);
        let error = result.unwrap_err();
        assert_eq!((error.code, error.attempts), (Code::InvalidValue, 0));
        assert!(error.message.contains("/api/v1/users/{id}"), "{}", error.message);
        assert!(fake.sent().is_empty());
    }
}

/// A record with one required field.
#[derive(Debug, Deserialize)]
struct Name<'a> {
    #[serde(borrow)]
    name: Text<'a>,
}

#[test]
fn the_body_is_decoded_in_place() {
    let (answer, _) = outcome(READ, [Reply::json(200, r#"{"name":"Ann","more":[]}"#)]);
    let answer = answer.unwrap();
    let Name { name } = answer.decode().unwrap();
    assert_eq!(&*name, "Ann");
    assert!(answer.body().as_ptr_range().contains(&name.as_ptr()));
}

#[test]
fn an_error_about_an_undecodable_answer_repeats_none_of_it() {
    let deep = "[".repeat(100_000);
    let deep_within = format!(r#"{{"x":{deep}"#);
    for (body, what) in [
        ("", "ends too early (line 1, column 1)"),
        ("{", "ends too early (line 1, column 2)"),
        ("{\n \"hunter2\":", "ends too early (line 2, column 12)"),
        ("[1,2", "has another shape"),
        ("hunter2", "is not JSON (line 1, column 1)"),
        (r#"{"hunter2":1}"#, "has another shape"),
        (r#"{"name":1}"#, "has another shape"),
        (r#"{"name":"hunter2"}}"#, "is not JSON"),
        (r#""hunter2""#, "has another shape"),
        (&deep, "has another shape"),
        (&deep_within, "ends too early"),
        ("\u{0}", "is not JSON"),
    ] {
        let (answer, _) = outcome(create(), [Reply::json(201, body)]);
        let error = answer.unwrap().decode::<Name<'_>>().unwrap_err();
        assert_eq!(
            (error.code, error.http_status, error.attempts),
            (Code::AnswerUnusable, Some(201), 1)
        );
        assert_eq!(error.request.as_deref(), Some("POST /api/v1/users"));
        assert!(error.maybe_applied);
        assert!(error.message.contains(what), "{}", error.message);
        assert!(!error.message.contains("hunter2"), "{}", error.message);
    }
}

#[test]
fn no_error_and_no_log_line_contains_the_token() {
    for number in [200, 301, 400, 401, 403, 404, 429, 500] {
        let fake = FakePlatform::new(move |_| {
            let mut response = Response {
                status: number,
                content_type: Some(TOKEN.to_string()),
                date: Some(TOKEN.to_string()),
                etag: Some(TOKEN.to_string()),
                retry_after: Some(TOKEN.to_string()),
                rate_limit_reset: Some(TOKEN.to_string()),
                rate_limit_remaining: Some(TOKEN.to_string()),
                www_authenticate: Some(TOKEN.to_string()),
                request_id: Some(TOKEN.to_string()),
                body: format!(r#"{{"message":"{TOKEN}","error":"Bearer {TOKEN}"}}"#).into_bytes(),
            };
            if number == 401 {
                response.body = TOKEN.as_bytes().to_vec();
            }
            response.into()
        });
        let client = client(&fake, Settings::default());
        let error = fake.run(client.send(READ)).unwrap_err();
        assert!(!format!("{error:?}").contains(TOKEN), "{error:?}");
        assert!(!fake.log().concat().contains(TOKEN));
    }
}

#[test]
fn debug_output_of_a_request_does_not_contain_the_token() {
    let (_, fake) = outcome(READ, [status(200)]);
    assert!(!format!("{:?}", fake.sent()).contains(TOKEN));
}
