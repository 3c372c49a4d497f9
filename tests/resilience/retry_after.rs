//! The wait that a server asks for, in every form that servers use.

use std::time::{Duration, Instant, SystemTime};

use host_test::retool::lifecycle::{DeprovisionMode, ProvisionOutcome};
use host_test::retool::types::{Dialect, ErrorDetail};
use mock_retool::Fault;
use tokio::task::JoinSet;

use super::dialect::{
    accounts, api, change_method, new_entry, new_user, sent_invitations, write_methods,
};
use super::fault::{always, once, status, status_after};
use crate::support::acme::{GRACE, JOAN, NEW, written};
use crate::support::{
    World, arrival, by_email, departure, done, ensuring, failed, memberships, named, roster,
};

over_v2_and_v1!(
    a_write_that_must_wait_too_long_is_sent_once,
    a_creation_waits_as_long_as_asked_before_it_is_looked_up,
);

const USERS: &str = "/api/v2/users";
const FIND: &str = "GET /api/v2/users";

/// A day, the longest wait that is accepted.
const DAY_MS: u32 = 24 * 60 * 60 * 1000;

/// A deadline that is too short for the longer waits. They are returned to the caller.
const HURRIED: &[(&str, &str)] = &[("RETOOL_DEADLINE_MS", "20000")];

async fn find_fails(world: &World, env: &[(&str, &str)]) -> (&'static str, ErrorDetail) {
    failed(world.tenant_with(env).find_user(&by_email(JOAN)).await)
}

/// Returns a moment in the three forms of HTTP.
fn dates(moment: SystemTime) -> [String; 3] {
    let fixed = httpdate::fmt_http_date(moment);
    let words: Vec<&str> = fixed.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    let [weekday, day, month, year, time, _] = words[..] else { panic!("{fixed}") };
    let whole = match weekday {
        "Tue" => "Tuesday".to_owned(),
        "Wed" => "Wednesday".to_owned(),
        "Thu" => "Thursday".to_owned(),
        "Sat" => "Saturday".to_owned(),
        short => format!("{short}day"),
    };
    let unpadded = day.trim_start_matches('0');
    [
        format!("{whole}, {day}-{month}-{} {time} GMT", &year[2..]),
        format!("{weekday} {month} {unpadded:>2} {time} {year}"),
        fixed,
    ]
}

/// Returns how often a user was looked up by address.
fn lookups(world: &World) -> usize {
    world.requests().into_iter().filter(|request| request == FIND).count()
}

#[tokio::test]
async fn a_wait_beyond_the_deadline_is_returned_to_the_caller_at_once() {
    let forms = [
        ("30", 30_000),
        (" 0060 ", 60_000),
        ("1000000000", DAY_MS),
        ("99999999999999999999999", DAY_MS),
        ("Fri, 06 Nov 2093 08:49:37 GMT", DAY_MS),
        ("Friday, 06-Nov-70 08:49:37 GMT", DAY_MS),
        ("Fri Nov  6 08:49:37 2093", DAY_MS),
    ];
    for (code, case, reason) in [
        (429, "transient rate-limited", "rate-limited"),
        (503, "transient unavailable", "server-error"),
    ] {
        for (form, wait) in forms {
            let world = World::acme().await;
            world.mock.inject(Fault::new(status_after(code, form)));
            let begun = Instant::now();
            let (reported, detail) = find_fails(&world, HURRIED).await;
            assert_eq!((reported, detail.code.as_str()), (case, reason), "{form}");
            assert_eq!(detail.retry_after_ms, Some(wait), "{form}");
            assert_eq!((detail.http_status, detail.attempts), (Some(code), 1), "{form}");
            assert_eq!(world.requests(), [FIND], "{form}");
            assert!(begun.elapsed() < Duration::from_secs(10), "{form}: an unnecessary wait");
        }
    }
}

/// If the header is invalid or past, the component tries again after its own backoff.
#[tokio::test]
async fn an_invalid_or_past_wait_is_not_waited_for() {
    let forms = [
        "0",
        "-5",
        "1.5",
        "soon",
        "",
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
    ];
    let mut calls = JoinSet::new();
    for form in forms {
        calls.spawn(async move {
            let world = World::acme().await;
            world.mock.inject(once("GET", USERS, status_after(429, form)));
            let found = done(world.tenant.find_user(&by_email(JOAN)).await);
            assert!(found.is_some(), "{form}");
            assert_eq!(lookups(&world), 2, "{form}");
        });
    }
    calls.join_all().await;
}

#[tokio::test]
async fn a_wait_that_fits_is_waited_for() {
    for code in [429, 503] {
        let world = World::acme().await;
        world.mock.inject(once("GET", USERS, status_after(code, "1")));
        let begun = Instant::now();
        assert!(done(world.tenant.find_user(&by_email(JOAN)).await).is_some());
        assert!(begun.elapsed() >= Duration::from_secs(1), "{code}: {:?}", begun.elapsed());
        assert_eq!(lookups(&world), 2);
    }
}

#[tokio::test]
async fn throttling_without_guidance_is_tried_until_the_deadline() {
    let world = World::acme().await;
    world.mock.inject(Fault::new(status(429)));
    let begun = Instant::now();
    let env = [("RETOOL_DEADLINE_MS", "3000"), ("RETOOL_MAX_ATTEMPTS", "1")];
    let (case, detail) = find_fails(&world, &env).await;
    assert_eq!((case, detail.code.as_str()), ("transient rate-limited", "rate-limited"));
    assert!(begun.elapsed() > Duration::from_millis(2500), "{:?}", begun.elapsed());
    let requests = world.requests();
    assert!((3..=12).contains(&requests.len()), "{requests:?}");
    assert_eq!((detail.attempts as usize, detail.retry_after_ms), (requests.len(), None));
}

#[tokio::test]
async fn a_date_is_counted_from_now() {
    for form in dates(SystemTime::now() + Duration::from_secs(3600)) {
        let world = World::acme().await;
        world.mock.inject(Fault::new(status_after(429, &form)));
        let (case, detail) = find_fails(&world, HURRIED).await;
        assert_eq!(case, "transient rate-limited", "{form}");
        let wait = detail.retry_after_ms.expect("a time to wait");
        // The date has whole seconds, and a moment has passed.
        assert!((3_580_000..=3_600_000).contains(&wait), "{form}: {wait} ms");
        assert_eq!(world.requests(), [FIND], "{form}");
    }
}

#[tokio::test]
async fn a_date_that_fits_is_waited_for() {
    let mut calls = JoinSet::new();
    let moment = SystemTime::now() + Duration::from_secs(3);
    for form in dates(moment) {
        calls.spawn(async move {
            let world = World::acme().await;
            world.mock.inject(once("GET", USERS, status_after(503, &form)));
            assert!(done(world.tenant.find_user(&by_email(JOAN)).await).is_some(), "{form}");
            let early = moment.duration_since(SystemTime::now()).unwrap_or_default();
            assert!(early < Duration::from_secs(1), "{form}: {early:?} too early");
            assert_eq!(lookups(&world), 2, "{form}");
        });
    }
    calls.join_all().await;
}

/// A 429 means that nothing was done. The error says when to try again.
async fn a_write_that_must_wait_too_long_is_sent_once(dialect: Dialect) {
    let before = World::acme().await.mock.state();
    for method in write_methods(dialect) {
        let world = World::acme_over(dialect).await;
        let tenant = world.over_with_env(dialect, HURRIED);
        world.mock.inject(always(method, api(dialect), status_after(429, "60")));
        let mut change = arrival(JOAN);
        change.first_name = Some("Joanna".into());
        let mut joining = arrival(GRACE);
        joining.groups = memberships([named("Finance")]);
        let legal = ensuring("Legal");
        let mut ends = Vec::new();
        if method == "POST" {
            ends.push(failed(tenant.provision(&new_user(NEW)).await));
            ends.push(failed(tenant.provision(&joining).await));
            ends.push(failed(tenant.ensure_group(&legal).await));
            ends.push(failed(tenant.sync(&roster(vec![new_entry(NEW)])).await));
        } else if method == change_method(dialect) {
            ends.push(failed(tenant.provision(&change).await));
            let disable = departure(JOAN, DeprovisionMode::Disable);
            ends.push(failed(tenant.deprovision(&disable).await));
        } else {
            let delete = departure(JOAN, DeprovisionMode::Delete);
            ends.push(failed(tenant.deprovision(&delete).await));
        }
        for (case, detail) in &ends {
            assert_eq!(
                (*case, detail.attempts),
                ("transient rate-limited", 1),
                "{method}: {detail:?}"
            );
            assert_eq!(detail.retry_after_ms, Some(60_000), "{method}");
            assert_eq!(written(&detail.writes), [""; 0], "{method}");
        }
        assert_eq!(world.writes().len(), ends.len(), "{method}");
        assert_eq!(world.mock.state(), before, "{method}");
    }
}

/// A 503 does not mean that nothing was done. The lookup comes after the wait that was asked for.
async fn a_creation_waits_as_long_as_asked_before_it_is_looked_up(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    world.mock.inject(once("POST", world.users_path(), status_after(503, "1")));
    let begun = Instant::now();
    let result = done(world.tenant.provision(&new_user(NEW)).await);
    assert!(begun.elapsed() >= Duration::from_secs(1), "{:?}", begun.elapsed());
    assert_eq!(result.outcome, ProvisionOutcome::Created);
    assert_eq!(accounts(&world, NEW), 1);
    assert_eq!(world.mock.state().invitations, sent_invitations(dialect, &[NEW]));
    assert_eq!(world.writes().len(), 2);
}
