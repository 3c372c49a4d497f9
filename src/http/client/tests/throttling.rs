//! What throttling and servers that do not answer cost: time, and nothing else.

use alloc::rc::Rc;

use super::*;
use crate::http::Pace;

const HOUR_MS: u32 = 3_600_000;

/// Returns a reply with this status and one header.
fn with_header(status: u16, header: &str, value: &str) -> Reply {
    let value = Some(value.to_string());
    let mut response = Response { status, ..Response::default() };
    match header {
        "retry-after" => response.retry_after = value,
        "reset" => response.rate_limit_reset = value,
        "remaining" => response.rate_limit_remaining = value,
        _ => panic!("{header}"),
    }
    response.into()
}

/// A server that throttles all requests before a time.
fn closed_until(open_at: u64, refusal: impl Fn() -> Reply + 'static) -> FakePlatform {
    let clock: Rc<RefCell<Option<Rc<dyn Clock>>>> = Rc::default();
    let seen = Rc::clone(&clock);
    let fake = FakePlatform::new(move |_| {
        let now = seen.borrow().as_ref().map_or(0, |clock| clock.monotonic_ms());
        if now < open_at { refusal() } else { status(200) }.after(20)
    });
    *clock.borrow_mut() = Some(fake.clock());
    fake
}

#[test]
fn reads_and_writes_go_on_while_the_server_throttles_whatever_the_number_of_tries_is() {
    for call in [READ, put(), create()] {
        for refusal in [
            || status(429),
            || Reply::retry_after(429, "0"),
            || Reply::retry_after(429, "soon"),
            || Reply::retry_after(403, "3"),
            || with_header(403, "remaining", "0"),
        ] {
            let fake = closed_until(300_000, refusal);
            let settings =
                Settings { deadline_ms: HOUR_MS, max_attempts: 1, ..Settings::default() };
            let client = client(&fake, settings);
            assert!(fake.run(client.send(call.clone())).is_ok());
            // No storm, and no long wait after it is over.
            assert!((10..=110).contains(&fake.sent().len()), "{}", fake.sent().len());
            assert!(client.elapsed_ms() < 325_000, "{}", client.elapsed_ms());
        }
    }
}

#[test]
fn a_server_that_throttles_for_ever_is_given_up_at_the_deadline_and_nothing_was_done() {
    for call in [READ, put(), create()] {
        let fake = FakePlatform::new(|_| status(429).after(10));
        let client = client(&fake, Settings::default());
        let error = fake.run(client.send(call)).unwrap_err();
        assert_eq!((error.code, error.http_status), (Code::RateLimited, Some(429)));
        assert!(!error.maybe_applied && !error.is_permanent());
        assert_eq!((error.retry_after_ms, error.attempts as usize), (None, fake.sent().len()));
        assert!((119_000..120_000).contains(&client.elapsed_ms()), "{}", client.elapsed_ms());
        assert!(fake.sent().len() < 30, "{}", fake.sent().len());
    }
}

#[test]
fn the_reset_of_a_rate_limit_is_waited_for_in_every_form() {
    // The fake starts on Sun, 06 Nov 1994 08:49:37 GMT. A number is
    // seconds from now.
    for (header, value, wait_ms) in [
        ("reset", "7", 7000),
        ("reset", "6.2", 7000),
        ("reset", "Sun, 06 Nov 1994 08:49:44 GMT", 7000),
        ("reset", "1994-11-06T08:49:44Z", 7000),
        ("retry-after", "7", 7000),
    ] {
        for number in [429, 403] {
            let (answer, fake) = outcome(READ, [with_header(number, header, value), status(200)]);
            assert!(answer.is_ok(), "{number} {value}");
            assert_eq!(fake.sent()[1].at_ms, wait_ms, "{number} {value}");
        }
    }
}

#[test]
fn a_reset_beyond_the_deadline_is_handed_to_the_caller_at_once() {
    for value in ["600", "Sun, 06 Nov 1994 08:59:37 GMT"] {
        let (result, fake) = outcome(put(), [with_header(429, "reset", value)]);
        let error = result.unwrap_err();
        assert_eq!((error.code, error.retry_after_ms), (Code::RateLimited, Some(600_000)));
        assert_eq!((fake.clock().monotonic_ms(), error.maybe_applied), (0, false));
    }
}

#[test]
fn a_reset_says_nothing_if_requests_remain_or_the_status_is_another() {
    for number in [403, 400, 500] {
        let response = Response {
            status: number,
            rate_limit_reset: Some("9".to_string()),
            rate_limit_remaining: Some("41".to_string()),
            ..Response::default()
        };
        let fake = FakePlatform::new(move |_| response.clone().into());
        let error = fake.run(client(&fake, Settings::default()).send(READ)).unwrap_err();
        assert_ne!(error.code, Code::RateLimited, "{number}");
        assert_eq!(error.retry_after_ms, None);
        assert!(fake.clock().monotonic_ms() < 1000);
    }
}

#[test]
fn all_requests_of_a_call_wait_together() {
    let fake = closed_until(5000, || Reply::retry_after(429, "5"));
    let client = client(&fake, Settings::default());
    let done = fake.run(async {
        let send = async |_| client.send(READ).await.map(drop);
        client.window().run(40, |at| Box::pin(send(at))).await
    });
    assert_eq!(done.map(|all| all.len()), Ok(40));
    let sent = fake.sent();
    let early = sent.iter().filter(|sent| sent.at_ms < 5000).count();
    assert_eq!((early, sent.len()), (8, 48), "only those in flight were throttled");
}

#[test]
fn a_throttled_client_slows_the_other_clients_of_its_call_down() {
    let fake = FakePlatform::replying([Reply::retry_after(429, "9"), status(200), status(200)]);
    let pace = Rc::new(Pace::default());
    let client = || client(&fake, Settings::default()).at_pace(Rc::clone(&pace));
    let (one, other) = (client(), client());
    assert!(fake.run(one.send(READ)).is_ok());
    assert!(fake.run(other.send(READ)).is_ok());
    let times: Vec<u64> = fake.sent().iter().map(|sent| sent.at_ms).collect();
    assert_eq!(times, [0, 9000, 9000]);
}

#[test]
fn nothing_is_sent_while_the_server_asks_to_wait_longer_than_the_call_has() {
    let fake = FakePlatform::replying([Reply::retry_after(429, "300")]);
    let client = client(&fake, Settings::default());
    fake.run(client.send(READ)).unwrap_err();
    let error = fake.run(client.send(put())).unwrap_err();
    assert_eq!((error.code, error.attempts, error.maybe_applied), (Code::RateLimited, 0, false));
    assert_eq!((error.retry_after_ms, error.http_status), (Some(300_000), None));
    assert_eq!(error.subject.as_deref(), Some("ann@example.com"));
}

#[test]
fn throttling_does_not_use_up_the_tries_of_other_failures() {
    let replies = [
        status(500),
        status(429),
        Reply::fails(TransportError::Failed),
        Reply::retry_after(429, "1"),
        status(429),
        status(200),
    ];
    let (answer, fake) = outcome(put(), replies);
    assert_eq!((answer.map(|answer| answer.attempts), fake.sent().len()), (Ok(6), 6));
    let replies = [status(429), status(500), status(429), status(500), status(429), status(500)];
    let (result, _) = outcome(put(), replies);
    let error = result.unwrap_err();
    assert_eq!((error.code, error.attempts, error.maybe_applied), (Code::ServerError, 6, true));
}

#[test]
fn one_throttling_is_one_line_of_the_log() {
    let fake = closed_until(2000, || Reply::retry_after(429, "2"));
    let client = client(&fake, Settings::default());
    let send = async |_| client.send(READ).await.map(drop);
    fake.run(client.window().run(8, |at| Box::pin(send(at)))).unwrap();
    assert_eq!(fake.log(), ["GET /api/v1/users/{id}: status 429, try 2 in 2000 ms"]);
}

/// A server that serves some requests in each minute.
fn quota(limit: usize, has_guidance: bool) -> FakePlatform {
    let clock: Rc<RefCell<Option<Rc<dyn Clock>>>> = Rc::default();
    let seen = Rc::clone(&clock);
    let (mut minute, mut used) = (0, 0);
    let fake = FakePlatform::new(move |_| {
        let now = seen.borrow().as_ref().map_or(0, |clock| clock.monotonic_ms());
        if now / 60_000 > minute {
            (minute, used) = (now / 60_000, 0);
        }
        used += 1;
        match used {
            used if used <= limit => status(200).after(50),
            _ if has_guidance => {
                let left = (60_000 - now % 60_000).div_ceil(1000);
                with_header(429, "reset", &left.to_string())
            }
            _ => status(429),
        }
    });
    *clock.borrow_mut() = Some(fake.clock());
    fake
}

#[test]
fn a_call_beyond_the_quota_takes_as_long_as_the_quota_allows() {
    for (has_guidance, most) in [(true, 1.15), (false, 1.25)] {
        let fake = quota(300, has_guidance);
        let client = client(&fake, Settings { deadline_ms: HOUR_MS, ..Settings::default() });
        let done = fake.run(async {
            let send = async |_| client.send(put()).await.map(drop);
            client.window().run(1000, |at| Box::pin(send(at))).await
        });
        assert_eq!(done.map(|all| all.len()), Ok(1000));
        // Three whole minutes, and what is left.
        let refused = fake.sent().len() - 1000;
        assert!(refused < 20, "{refused} refused {has_guidance}");
        let ratio = client.elapsed_ms() as f64 / (180_000.0 + 100.0 * 50.0 / 8.0);
        assert!((1.0..most).contains(&ratio), "{ratio} {has_guidance}");
    }
}

/// A server that serves ten requests at once and then five a second, and never says when.
#[test]
fn a_server_that_never_says_when_is_still_used_for_the_most_part() {
    let clock: Rc<RefCell<Option<Rc<dyn Clock>>>> = Rc::default();
    let seen = Rc::clone(&clock);
    let (mut filled_at, mut tokens) = (0, 10_u64);
    let fake = FakePlatform::new(move |_| {
        let now = seen.borrow().as_ref().map_or(0, |clock| clock.monotonic_ms());
        let new = (now - filled_at) / 200;
        filled_at += new * 200;
        tokens = (tokens + new).min(10);
        match tokens.checked_sub(1) {
            Some(left) => {
                tokens = left;
                status(200).after(50)
            }
            None => status(429),
        }
    });
    *clock.borrow_mut() = Some(fake.clock());
    let client = client(&fake, Settings { deadline_ms: HOUR_MS, ..Settings::default() });
    let done = fake.run(async {
        let send = async |_| client.send(put()).await.map(drop);
        client.window().run(1000, |at| Box::pin(send(at))).await
    });
    assert_eq!(done.map(|all| all.len()), Ok(1000));
    let ratio = client.elapsed_ms() as f64 / (990.0 * 200.0);
    assert!((1.0..1.15).contains(&ratio), "{ratio}");
    let refused = fake.sent().len() - 1000;
    assert!(refused < 150, "{refused}");
}

#[test]
fn a_request_that_is_never_answered_ends_after_its_own_time_and_is_sent_again() {
    let (answer, fake) = outcome(READ, [Reply::never(), status(200)]);
    assert!(answer.is_ok());
    assert!((30_000..30_100).contains(&fake.sent()[1].at_ms), "{}", fake.sent()[1].at_ms);

    let fake = FakePlatform::new(|_| Reply::never());
    let settings = Settings { try_timeout_ms: 5000, ..Settings::default() };
    let client = client(&fake, settings);
    let error = fake.run(client.send(put())).unwrap_err();
    assert_eq!(
        (error.code, error.attempts, error.maybe_applied),
        (Code::ConnectionFailed, 3, true)
    );
    for part in ["5000 ms", "RETOOL_TRY_TIMEOUT_MS"] {
        assert!(error.message.contains(part), "{}", error.message);
    }
    assert!((15_000..15_200).contains(&client.elapsed_ms()));
}

#[test]
fn the_deadline_counts_if_it_is_earlier_than_the_time_of_a_try() {
    let fake = FakePlatform::new(|_| Reply::never());
    let client = client(&fake, Settings { deadline_ms: 10_000, ..Settings::default() });
    let error = fake.run(client.send(READ)).unwrap_err();
    assert_eq!((error.code, error.attempts), (Code::DeadlineExceeded, 1));
    assert_eq!(client.elapsed_ms(), 10_000);
}
