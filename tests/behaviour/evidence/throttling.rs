//! Throttling is pacing and not failure: a call slows down, and goes on for as long as it may. A
//! request that is never answered does not take the time of the others.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use host_test::retool::lifecycle::{DeprovisionMode, ProvisionOutcome, ProvisionRequest};
use host_test::retool::types::Dialect;
use host_test::{Tenant, TenantOptions};
use mock_retool::{Fault, FaultKind, Guidance, Hook, Options, Throttling};
use tokio::task::JoinSet;

use crate::support::acme::{GRACE, JOAN, NEW, written};
use crate::support::dialects::{ALL, known, nina};
use crate::support::{
    World, by_email, departure, done, entry, failed, host, memberships, named, roster,
};

fn tenant(world: &World, dialect: Dialect, env: &[(&str, &str)]) -> Tenant {
    let options = TenantOptions::new(world.mock.base_url())
        .dialect(dialect)
        .env("RETOOL_API_TOKEN", world.mock.token())
        .env("RETOOL_SCIM_TOKEN", world.mock.scim_token());
    let options = env.iter().fold(options, |options, (name, value)| options.env(*name, *value));
    host().tenant(options)
}

/// A fault of these requests, whose response asks to wait this long.
fn throttled(method: &str, status: u16, guidance: Guidance, wait: Duration) -> Fault {
    let throttling = Throttling { status, guidance };
    let fault = Fault::new(FaultKind::Throttled { throttling, wait });
    Fault { method: Some(method.into()), ..fault }
}

/// The reads and writes of a call, whatever the server says about when to ask again, and with one
/// try for everything else.
#[tokio::test]
async fn a_throttled_call_goes_on_whatever_form_the_guidance_has() {
    let mut calls = JoinSet::new();
    for dialect in ALL {
        for guidance in Guidance::ALL {
            for status in [429, 403] {
                if status == 403 && guidance == Guidance::Nothing {
                    continue;
                }
                calls.spawn(async move {
                    let what = format!("{dialect:?} {guidance:?} {status}");
                    let world = World::acme_over(dialect).await;
                    let wait = Duration::from_secs(1);
                    for method in ["GET", "POST", "PUT", "PATCH"] {
                        let fault = throttled(method, status, guidance, wait);
                        world.mock.inject(Fault { times: Some(2), ..fault });
                    }
                    let tenant = tenant(&world, dialect, &[("RETOOL_MAX_ATTEMPTS", "1")]);
                    let begun = Instant::now();
                    let request = ProvisionRequest {
                        groups: memberships([named("Finance")]),
                        ..nina(dialect)
                    };
                    let result = done(tenant.provision(&request).await);
                    assert_eq!(result.outcome, ProvisionOutcome::Created, "{what}");
                    assert!(world.members_of("Finance").contains(&NEW.to_owned()), "{what}");
                    let known = guidance.has_time();
                    assert!(!known || begun.elapsed() >= Duration::from_secs(2), "{what}");
                });
            }
        }
    }
    calls.join_all().await;
}

#[tokio::test]
async fn a_wait_beyond_the_deadline_is_handed_on_in_whatever_form_it_comes() {
    for guidance in Guidance::ALL.into_iter().filter(|guidance| guidance.has_time()) {
        let world = World::acme_over(Dialect::V2).await;
        world.mock.inject(throttled("PATCH", 429, guidance, Duration::from_secs(600)));
        let tenant = tenant(&world, Dialect::V2, &[("RETOOL_DEADLINE_MS", "20000")]);
        let begun = Instant::now();
        let disable = departure(JOAN, DeprovisionMode::Disable);
        let (case, detail) = failed(tenant.deprovision(&disable).await);
        assert_eq!((case, detail.code.as_str()), ("transient rate-limited", "rate-limited"));
        let wait = detail.retry_after_ms.expect("a time to wait");
        assert!((595_000..=601_000).contains(&wait), "{guidance:?}: {wait}");
        assert_eq!(written(&detail.writes), [""; 0], "429 says that nothing was done");
        assert!(begun.elapsed() < Duration::from_secs(10), "{guidance:?}: waited for nothing");
        assert_eq!(world.writes().len(), 1);
    }
}

/// Eight requests are on their way when the server throttles one. No other starts before the server
/// takes requests again.
#[tokio::test]
async fn all_requests_of_a_call_wait_together() {
    let options = Options { users: 60, max_page_size: 1, ..Options::default() };
    let world = World::with_over(Dialect::V1, options).await;
    let fault = throttled("GET", 429, Guidance::RetryAfter, Duration::from_secs(2));
    world.mock.inject(Fault { skip: 9, times: Some(1), ..fault });
    let times = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&times);
    world.mock.on_request(move |_, _| {
        seen.lock().expect("no panic").push(Instant::now());
        Hook::Serve
    });
    let mut request = roster(vec![entry(NEW)]);
    request.policy.create_missing = false;
    done(world.tenant.plan_sync(&request).await);

    let requests = world.mock.requests();
    assert_eq!(requests.len(), 60 + 1 + 1, "one was sent again");
    let at = requests.iter().position(|request| request.status == Some(429)).expect("a 429");
    let times = times.lock().expect("no panic");
    let pause = Duration::from_millis(500)..Duration::from_millis(1900);
    let since = times.iter().map(|time| time.saturating_duration_since(times[at]));
    assert_eq!(since.filter(|since| pause.contains(since)).count(), 0, "requests in the pause");
}

#[tokio::test]
async fn a_request_that_is_never_answered_is_sent_again_after_its_own_time() {
    let mut calls = JoinSet::new();
    for dialect in ALL {
        for kind in [FaultKind::Silence, FaultKind::Stall] {
            calls.spawn(async move {
                let world = World::acme_over(dialect).await;
                world.mock.inject(Fault { times: Some(1), ..Fault::new(kind.clone()) });
                let tenant = tenant(&world, dialect, &[("RETOOL_TRY_TIMEOUT_MS", "1000")]);
                let begun = Instant::now();
                let found = done(tenant.find_user(&by_email(JOAN)).await);
                assert!(found.is_some(), "{dialect:?} {kind:?}");
                let took = begun.elapsed();
                let expected = Duration::from_millis(990)..Duration::from_secs(20);
                assert!(expected.contains(&took), "{dialect:?} {kind:?}: {took:?}");
                assert!(world.requests().len() >= 2, "{dialect:?} {kind:?}");
            });
        }
    }
    calls.join_all().await;
}

/// A write without a response may have been made: it is looked for, and made once.
#[tokio::test]
async fn a_write_that_is_never_answered_is_made_once() {
    let mut calls = JoinSet::new();
    for dialect in ALL {
        for kind in [FaultKind::Silence, FaultKind::Stall] {
            calls.spawn(async move {
                let world = World::acme_over(dialect).await;
                let fault = Fault::new(kind.clone());
                world.mock.inject(Fault { method: Some("POST".into()), times: Some(1), ..fault });
                let tenant = tenant(&world, dialect, &[("RETOOL_TRY_TIMEOUT_MS", "1000")]);
                let result = done(tenant.provision(&nina(dialect)).await);
                assert_eq!(written(&result.writes), [format!("user-created {NEW}")]);
                let state = world.mock.state();
                let made = state.users.iter().filter(|user| user.email == NEW).count();
                assert_eq!(made, 1, "{dialect:?} {kind:?}");
            });
        }
    }
    calls.join_all().await;
}

/// A body that comes slowly takes longer than a try may go without a byte, and is read.
#[tokio::test]
async fn a_slow_body_is_no_silence() {
    let world = World::with_over(Dialect::V2, Options { users: 30, ..Options::default() }).await;
    let drip = FaultKind::Drip { bytes_per_tick: 400, tick: Duration::from_millis(100) };
    world.mock.inject(Fault { path: Some("/api/v2/users".into()), ..Fault::new(drip) });
    let tenant = tenant(&world, Dialect::V2, &[("RETOOL_TRY_TIMEOUT_MS", "1000")]);
    let begun = Instant::now();
    let mut request = roster(vec![entry(GRACE)]);
    request.policy.create_missing = false;
    done(tenant.plan_sync(&request).await);
    assert!(begun.elapsed() > Duration::from_millis(1500), "{:?}", begun.elapsed());
    let listings = world.requests().iter().filter(|line| *line == "GET /api/v2/users").count();
    assert_eq!(listings, 1, "it was not asked for again");
}

/// A change of a known person, on a server that always throttles without a word.
#[tokio::test]
async fn a_server_that_never_stops_throttling_ends_the_call_at_its_deadline() {
    for dialect in ALL {
        let world = World::acme_over(dialect).await;
        let before = world.mock.state();
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            world.mock.inject(throttled(method, 429, Guidance::Nothing, Duration::ZERO));
        }
        let tenant = tenant(&world, dialect, &[("RETOOL_DEADLINE_MS", "2500")]);
        let begun = Instant::now();
        let renamed = ProvisionRequest { first_name: Some("Jo".into()), ..known(JOAN) };
        let (case, detail) = failed(tenant.provision(&renamed).await);
        assert_eq!((case, detail.code.as_str()), ("transient rate-limited", "rate-limited"));
        assert_eq!(written(&detail.writes), [""; 0], "{dialect:?}");
        assert!(begun.elapsed() > Duration::from_secs(2), "{dialect:?}: it gave up early");
        assert!((2..=12).contains(&world.writes().len()), "{dialect:?}");
        assert_eq!(world.mock.state(), before, "{dialect:?}");
    }
}
