//! What is sent again, how often, and after how long; and what is not.

use std::collections::BTreeSet;
use std::net::TcpListener;

use host_test::retool::lifecycle::{DeprovisionMode, ProvisionOutcome};
use host_test::retool::synchronization::PersonOutcome;
use host_test::retool::types::{Connection, ErrorDetail};
use mock_retool::{Fault, FaultKind, Hook, Options};

use super::fault::{always, once, status, status_after};
use crate::support::acme::{ADA, GRACE, JOAN, NEW, written};
use crate::support::{
    World, arrival, by_email, departure, done, email_of, entry, failed, host, membership, named,
    roster, roster_of,
};

const USERS: &str = "/api/v1/users";
const FIND: &str = "GET /api/v1/users";

async fn find_fails(world: &World, env: &[(&str, &str)]) -> (&'static str, ErrorDetail) {
    failed(world.tenant_with(env).find_user(&by_email(JOAN)).await)
}

#[tokio::test]
async fn a_passing_failure_is_not_noticed() {
    let kinds = [500, 502, 503, 504, 408].map(status);
    let broken = [FaultKind::Reset, FaultKind::ResetInBody, FaultKind::Truncate];
    for kind in kinds.into_iter().chain(broken).chain([FaultKind::LoseReply]) {
        let world = World::acme().await;
        world.mock.inject(once("GET", USERS, kind.clone()));
        assert!(done(world.tenant.find_user(&by_email(JOAN)).await).is_some(), "{kind:?}");
        assert_eq!(world.requests(), [FIND, FIND], "{kind:?}");
    }
}

#[tokio::test]
async fn a_failure_that_stays_is_told_after_three_tries() {
    for code in [500, 502, 503, 504, 408] {
        let world = World::acme().await;
        world.mock.inject(Fault::new(status(code)));
        let (case, detail) = find_fails(&world, &[]).await;
        assert_eq!(
            (case, detail.code.as_str()),
            ("transient unavailable", "server-error"),
            "{code}"
        );
        assert_eq!((detail.http_status, detail.attempts), (Some(code), 3));
        assert_eq!(world.requests(), [FIND; 3], "{code}");
    }
    for kind in [FaultKind::Reset, FaultKind::ResetInBody, FaultKind::Truncate] {
        let world = World::acme().await;
        world.mock.inject(Fault::new(kind.clone()));
        let (case, detail) = find_fails(&world, &[]).await;
        assert_eq!(
            (case, detail.code.as_str()),
            ("transient unavailable", "connection-failed"),
            "{kind:?}"
        );
        assert_eq!((detail.http_status, detail.attempts), (None, 3), "{kind:?}");
        assert_eq!(world.requests(), [FIND; 3], "{kind:?}");
    }
}

#[tokio::test]
async fn how_often_is_a_setting() {
    for tries in [1, 2, 5] {
        let world = World::acme().await;
        world.mock.inject(Fault::new(status(500)));
        let (_, detail) = find_fails(&world, &[("RETOOL_MAX_ATTEMPTS", &tries.to_string())]).await;
        assert_eq!(detail.attempts, tries);
        assert_eq!(world.requests().len() as u32, tries);
    }
}

#[tokio::test]
async fn what_cannot_help_is_not_tried_again() {
    let cases = [
        (400, "permanent conflict", "server-refused"),
        (401, "permanent denied", "token-rejected"),
        (403, "permanent denied", "scope-missing"),
        (404, "permanent denied", "base-url-wrong"),
        (409, "permanent conflict", "server-refused"),
        (422, "permanent conflict", "server-refused"),
        (501, "transient unavailable", "server-error"),
        (505, "transient unavailable", "server-error"),
    ];
    for (code, case, reason) in cases {
        let world = World::acme().await;
        // Not even where the server says when.
        world.mock.inject(Fault::new(status_after(code, "0")));
        let (told, detail) = find_fails(&world, &[]).await;
        assert_eq!((told, detail.code.as_str()), (case, reason), "{code}");
        assert_eq!((detail.http_status, detail.attempts), (Some(code), 1));
        assert_eq!(detail.retry_after_ms, None, "{code}");
        assert_eq!(world.requests(), [FIND], "{code}");
    }
}

#[tokio::test]
async fn a_refused_token_ends_every_function_with_one_request() {
    for code in [401, 403] {
        let world = World::acme().await;
        world.mock.inject(Fault::new(status(code)));
        let tenant = &world.tenant;
        let plan = roster_of(&world.mock);
        let mut ends = Vec::new();
        ends.push(failed(tenant.provision(&arrival(NEW)).await));
        ends.push(failed(tenant.deprovision(&departure(JOAN, DeprovisionMode::Delete)).await));
        ends.push(failed(tenant.plan_sync(&plan).await));
        ends.push(failed(tenant.sync(&plan).await));
        ends.push(failed(tenant.find_user(&by_email(JOAN)).await));
        for (case, detail) in &ends {
            assert_eq!((*case, detail.attempts), ("permanent denied", 1), "{detail:?}");
        }
        assert_eq!(world.requests().len(), ends.len(), "{code}");
    }
}

#[tokio::test]
async fn a_write_that_is_refused_is_sent_once() {
    for code in [401, 403] {
        for method in ["POST", "PUT", "DELETE"] {
            let world = World::acme().await;
            world.mock.inject(always(method, "/api/v1/", status(code)));
            let tenant = &world.tenant;
            let mut change = arrival(JOAN);
            change.first_name = Some("Joanna".into());
            let (case, detail) = match method {
                "POST" => failed(tenant.provision(&arrival(NEW)).await),
                "PUT" => failed(tenant.provision(&change).await),
                _ => failed(tenant.deprovision(&departure(JOAN, DeprovisionMode::Delete)).await),
            };
            assert_eq!((case, detail.attempts), ("permanent denied", 1), "{method} {code}");
            assert_eq!(written(&detail.writes), [""; 0], "{method} {code}");
            assert_eq!(world.writes().len(), 1, "{method} {code}");
        }
    }
}

/// How many requests there were between two creations.
fn looks_between_creations(world: &World) -> Vec<usize> {
    let requests = world.requests();
    let posts: Vec<_> =
        (0..requests.len()).filter(|at| requests[*at] == "POST /api/v1/users").collect();
    posts.windows(2).map(|pair| pair[1] - pair[0] - 1).collect()
}

/// The server may have made the account all the same: look, then post.
#[tokio::test]
async fn a_failed_creation_is_looked_up_before_it_is_sent_again() {
    let world = World::acme().await;
    world.mock.inject(once("POST", USERS, status(503)));
    done(world.tenant.provision(&arrival(NEW)).await);
    let looks = looks_between_creations(&world);
    assert!(looks.len() == 1 && looks[0] > 0, "{looks:?}");
}

/// 429 says that nothing was done: no look is needed.
#[tokio::test]
async fn a_throttled_creation_is_sent_again_as_it_is() {
    let world = World::acme().await;
    world.mock.inject(once("POST", USERS, status_after(429, "0")));
    let result = done(world.tenant.provision(&arrival(NEW)).await);
    assert_eq!(result.outcome, ProvisionOutcome::Created);
    assert_eq!(looks_between_creations(&world), [0]);
}

/// Each of these is its own request to the client, and one to the caller.
#[tokio::test]
async fn tries_with_a_look_in_between_are_counted_too() {
    let world = World::acme().await;
    world.mock.inject(always("POST", USERS, status(503)));
    let (_, detail) = failed(world.tenant.provision(&arrival(NEW)).await);
    assert_eq!(detail.attempts as usize, world.writes().len());
    assert_eq!(detail.attempts, 3);

    let world = World::acme().await;
    world.mock.inject(always("PUT", USERS, status(503)));
    let mut change = arrival(JOAN);
    change.first_name = Some("Joanna".into());
    let (_, detail) = failed(world.tenant.provision(&change).await);
    assert_eq!(detail.attempts as usize, world.writes().len());
    assert_eq!(detail.attempts, 3);
}

#[tokio::test]
async fn nobody_listening_is_a_failed_connection() {
    let world = World::acme().await;
    let gone = TcpListener::bind("127.0.0.1:0").expect("a port");
    let base_url = format!("http://{}", gone.local_addr().expect("its address"));
    drop(gone);
    let nowhere = host_test::TenantOptions::new(&base_url)
        .dialect(world.tenant.connection().dialect)
        .env("RETOOL_API_TOKEN", "t");
    let nowhere = host().tenant(nowhere);
    let (case, detail) = failed(nowhere.find_user(&by_email(JOAN)).await);
    assert_eq!((case, detail.code.as_str()), ("transient unavailable", "connection-failed"));
    assert_eq!((detail.http_status, detail.attempts), (None, 3));
}

/// When everything fails, more requests only make it worse.
#[tokio::test]
async fn a_server_that_is_down_is_not_stormed() {
    let people = 80;
    let world = World::with(Options { users: people, ..Options::default() }).await;
    let mut request = roster_of(&world.mock);
    for person in &mut request.roster {
        person.first_name = Some("Renamed".into());
    }
    let changed = request.roster.len();
    // One person each, not the listing.
    world.mock.inject(always("GET", "/api/v1/users/", status(500)));
    let report = done(world.tenant.sync(&request).await);
    assert!(!report.complete);
    assert!(report.people.iter().all(|person| person.outcome == PersonOutcome::Failed));
    assert_eq!(written(&report.writes), [""; 0]);
    let sent = world.requests().len();
    // 500 tokens at 14 for each of the repetitions; a few requests for the listings.
    assert!(sent > changed + 20, "{sent}: nothing was tried again");
    assert!(sent <= changed + 36 + 4, "{sent} requests for {changed} people");
}

#[tokio::test]
async fn a_sync_beyond_the_quota_says_when_to_go_on_and_what_was_written() {
    let world = World::acme_with(Options { quota: Some(8), ..Options::default() }).await;
    let tenant = world.tenant_with(&[("RETOOL_DEADLINE_MS", "20000")]);
    let new: Vec<_> = (0..10).map(|at| format!("new{at}@acme.example")).collect();
    let request = roster(new.iter().map(|email| entry(email)).collect());
    let (case, detail) = failed(tenant.sync(&request).await);
    assert_eq!((case, detail.code.as_str()), ("transient rate-limited", "rate-limited"));
    assert!(detail.retry_after_ms.is_some_and(|ms| (1..=60_000).contains(&ms)), "{detail:?}");
    let state = world.mock.state();
    assert!(!state.invitations.is_empty() && state.invitations.len() < new.len());
    let invited: Vec<_> =
        state.invitations.iter().map(|email| format!("user-created {email}")).collect();
    assert_eq!(written(&detail.writes), invited);
}

#[tokio::test]
async fn throttling_in_the_middle_of_a_sync_costs_nobody_anything() {
    let world = World::acme().await;
    let mut request = roster_of(&world.mock);
    for email in [ADA, GRACE, JOAN] {
        let person = request.roster.iter_mut().find(|person| email_of(person) == email);
        person.expect("on the roster").groups.push(membership(named("Finance")));
    }
    world.mock.on_request(|number, _| match number {
        3 | 5 => Hook::Respond(429),
        _ => Hook::Serve,
    });
    let report = done(world.tenant.sync(&request).await);
    assert!(report.complete, "{report:#?}");
    assert_eq!(world.members_of("Finance"), [ADA, GRACE, JOAN]);
    let distinct: BTreeSet<_> = written(&report.writes).into_iter().collect();
    assert_eq!(distinct.len(), 3);
}

/// `with_connection` changes nothing about what is sent again: `auto` asks first, once.
#[tokio::test]
async fn finding_the_dialect_is_one_request_and_is_retried_like_any_other() {
    let world = World::acme().await;
    let auto = world.tenant.with_connection(Connection {
        dialect: host_test::retool::types::Dialect::Auto,
        ..world.tenant.connection().clone()
    });
    world.mock.inject(once("GET", "/api/v2/users", status(502)));
    assert!(done(auto.find_user(&by_email(JOAN)).await).is_some());
    assert_eq!(world.requests(), ["GET /api/v2/users"; 3]);
}
