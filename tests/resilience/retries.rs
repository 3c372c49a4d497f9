//! Which requests are sent again, and how often, and which are not.

use std::collections::BTreeSet;
use std::net::TcpListener;

use host_test::retool::lifecycle::{DeprovisionMode, ProvisionOutcome};
use host_test::retool::synchronization::PersonOutcome;
use host_test::retool::types::{Connection, Dialect, ErrorDetail};
use mock_retool::{Fault, FaultKind, Hook, Options};

use super::dialect::{
    api, change_method, current_roster, new_entry, new_user, sent_invitations, write_methods,
};
use super::fault::{always, once, status, status_after};
use crate::support::acme::{ADA, GRACE, JOAN, NEW, written};
use crate::support::{
    World, allow_growth, arrival, by_email, departure, done, email_of, failed, host, membership,
    named, roster,
};

over_v2_and_v1!(
    a_refused_write_is_sent_once,
    a_failed_creation_is_looked_up_before_it_is_sent_again,
    a_throttled_creation_is_sent_again_without_a_lookup,
    tries_with_a_lookup_in_between_are_counted,
    a_failing_server_gets_few_retries,
    a_sync_beyond_the_quota_reports_the_wait_and_its_writes,
    throttling_in_the_middle_of_a_sync_loses_no_change,
);

const USERS: &str = "/api/v2/users";
const FIND: &str = "GET /api/v2/users";

/// Returns how often a user was looked up by address.
fn lookups(world: &World) -> usize {
    world.requests().into_iter().filter(|request| request == FIND).count()
}

async fn find_fails(world: &World, env: &[(&str, &str)]) -> (&'static str, ErrorDetail) {
    failed(world.tenant_with(env).find_user(&by_email(JOAN)).await)
}

#[tokio::test]
async fn a_temporary_failure_is_retried() {
    let kinds = [500, 502, 503, 504, 408].map(status);
    let broken = [FaultKind::Reset, FaultKind::ResetInBody, FaultKind::Truncate];
    for kind in kinds.into_iter().chain(broken).chain([FaultKind::LoseReply]) {
        let world = World::acme().await;
        world.mock.inject(once("GET", USERS, kind.clone()));
        assert!(done(world.tenant.find_user(&by_email(JOAN)).await).is_some(), "{kind:?}");
        assert_eq!(lookups(&world), 2, "{kind:?}");
    }
}

#[tokio::test]
async fn a_permanent_failure_is_reported_after_three_tries() {
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
async fn the_number_of_tries_is_a_setting() {
    for tries in [1, 2, 5] {
        let world = World::acme().await;
        world.mock.inject(Fault::new(status(500)));
        let (_, detail) = find_fails(&world, &[("RETOOL_MAX_ATTEMPTS", &tries.to_string())]).await;
        assert_eq!(detail.attempts, tries);
        assert_eq!(world.requests().len() as u32, tries);
    }
}

#[tokio::test]
async fn a_status_that_a_retry_cannot_help_is_not_retried() {
    let cases = [
        (400, "permanent conflict", "server-refused"),
        (401, "permanent denied", "token-rejected"),
        (403, "permanent denied", "forbidden"),
        (404, "permanent denied", "base-url-wrong"),
        (409, "permanent conflict", "server-refused"),
        (422, "permanent conflict", "server-refused"),
        (407, "permanent denied", "access-blocked"),
        (501, "permanent unsupported", "operation-unsupported"),
        (505, "permanent unsupported", "operation-unsupported"),
        (511, "permanent denied", "access-blocked"),
    ];
    for (code, case, reason) in cases {
        let world = World::acme().await;
        // Not even if the server says when to try again. A 403 that says when is a rate limit.
        let kind = if code == 403 { status(code) } else { status_after(code, "0") };
        world.mock.inject(Fault::new(kind));
        let (reported, detail) = find_fails(&world, &[]).await;
        assert_eq!((reported, detail.code.as_str()), (case, reason), "{code}");
        assert_eq!((detail.http_status, detail.attempts), (Some(code), 1));
        assert_eq!(detail.retry_after_ms, None, "{code}");
        // The server may have refused the size of the page: smaller ones are tried.
        let tries = if matches!(code, 400 | 422) { 7 } else { 1 };
        assert_eq!(lookups(&world), tries, "{code}");
    }
}

#[tokio::test]
async fn a_refused_token_ends_every_function_with_one_request() {
    for code in [401, 403] {
        let world = World::acme().await;
        world.mock.inject(Fault::new(status(code)));
        let tenant = &world.tenant;
        let plan = current_roster(&world);
        let mut ends = Vec::new();
        ends.push(failed(tenant.provision(&new_user(NEW)).await));
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

async fn a_refused_write_is_sent_once(dialect: Dialect) {
    for code in [401, 403] {
        for method in write_methods(dialect) {
            let world = World::acme_over(dialect).await;
            world.mock.inject(always(method, api(dialect), status(code)));
            let tenant = &world.tenant;
            let mut change = arrival(JOAN);
            change.first_name = Some("Joanna".into());
            let (case, detail) = match method {
                "POST" => failed(tenant.provision(&new_user(NEW)).await),
                "DELETE" => {
                    failed(tenant.deprovision(&departure(JOAN, DeprovisionMode::Delete)).await)
                }
                _ => failed(tenant.provision(&change).await),
            };
            assert_eq!((case, detail.attempts), ("permanent denied", 1), "{method} {code}");
            assert_eq!(written(&detail.writes), [""; 0], "{method} {code}");
            assert_eq!(world.writes().len(), 1, "{method} {code}");
        }
    }
}

/// Returns the number of requests between each creation and the next.
fn requests_between_creations(world: &World) -> Vec<usize> {
    let requests = world.requests();
    let creation = format!("POST {}", world.users_path());
    let posts: Vec<_> = (0..requests.len()).filter(|at| requests[*at] == creation).collect();
    posts.windows(2).map(|pair| pair[1] - pair[0] - 1).collect()
}

/// The server may have created the account although it failed. So the component looks first.
async fn a_failed_creation_is_looked_up_before_it_is_sent_again(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    world.mock.inject(once("POST", world.users_path(), status(503)));
    done(world.tenant.provision(&new_user(NEW)).await);
    let between = requests_between_creations(&world);
    assert!(between.len() == 1 && between[0] > 0, "{between:?}");
}

/// A 429 means that nothing was done, so no lookup is needed.
async fn a_throttled_creation_is_sent_again_without_a_lookup(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    world.mock.inject(once("POST", world.users_path(), status_after(429, "0")));
    let result = done(world.tenant.provision(&new_user(NEW)).await);
    assert_eq!(result.outcome, ProvisionOutcome::Created);
    assert_eq!(requests_between_creations(&world), [0]);
}

/// Each of these tries is a request of its own to the HTTP client, and one write to the caller.
async fn tries_with_a_lookup_in_between_are_counted(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    world.mock.inject(always("POST", world.users_path(), status(503)));
    let (_, detail) = failed(world.tenant.provision(&new_user(NEW)).await);
    assert_eq!(detail.attempts as usize, world.writes().len());
    assert_eq!(detail.attempts, 3);

    let world = World::acme_over(dialect).await;
    world.mock.inject(always(change_method(dialect), world.users_path(), status(503)));
    let mut change = arrival(JOAN);
    change.first_name = Some("Joanna".into());
    let (_, detail) = failed(world.tenant.provision(&change).await);
    assert_eq!(detail.attempts as usize, world.writes().len());
    assert_eq!(detail.attempts, 3);
}

#[tokio::test]
async fn a_closed_port_is_a_failed_connection() {
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

/// If every request fails, more requests only make it worse.
async fn a_failing_server_gets_few_retries(dialect: Dialect) {
    let people = 80;
    let world = World::with_over(dialect, Options { users: people, ..Options::default() }).await;
    let mut request = current_roster(&world);
    for person in &mut request.roster {
        person.first_name = Some("Renamed".into());
    }
    allow_growth(&mut request);
    let changed = request.roster.len();
    // Requests for one user fail, the listing does not.
    world.mock.inject(always("GET", &format!("{}/", world.users_path()), status(500)));
    let report = done(world.tenant.sync(&request).await);
    assert!(!report.complete);
    assert!(report.people.iter().all(|person| person.outcome == PersonOutcome::Failed));
    assert_eq!(written(&report.writes), [""; 0]);
    let sent = world.requests().len();
    // The retry quota is 500, and each repetition costs 14. The listings take a few requests.
    assert!(sent > changed + 20, "{sent}: no request was repeated");
    assert!(sent <= changed + 36 + 4, "{sent} requests for {changed} people");
}

async fn a_sync_beyond_the_quota_reports_the_wait_and_its_writes(dialect: Dialect) {
    let options = Options { quota: Some(8), ..Options::default() };
    let world = World::acme_over_with(dialect, options).await;
    let tenant = world.over_with_env(dialect, &[("RETOOL_DEADLINE_MS", "20000")]);
    let new: Vec<_> = (0..10).map(|at| format!("new{at}@acme.example")).collect();
    let request = roster(new.iter().map(|email| new_entry(email)).collect());
    let (case, detail) = failed(tenant.sync(&request).await);
    assert_eq!((case, detail.code.as_str()), ("transient rate-limited", "rate-limited"));
    assert!(detail.retry_after_ms.is_some_and(|ms| (1..=60_000).contains(&ms)), "{detail:?}");
    let created: Vec<_> = new.iter().filter(|email| world.has(email)).collect();
    assert!(!created.is_empty() && created.len() < new.len());
    let mut invited = world.mock.state().invitations;
    invited.sort();
    assert_eq!(invited, sent_invitations(dialect, &created));
    let writes: Vec<_> = created.iter().map(|email| format!("user-created {email}")).collect();
    assert_eq!(written(&detail.writes), writes);
}

async fn throttling_in_the_middle_of_a_sync_loses_no_change(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let mut request = current_roster(&world);
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

/// `auto` asks for the dialect once, first, and retries that request like any other.
#[tokio::test]
async fn finding_the_dialect_is_one_request_and_is_retried_like_any_other() {
    let world = World::acme().await;
    let auto = world.tenant.with_connection(Connection {
        dialect: Dialect::Auto,
        ..world.tenant.connection().clone()
    });
    world.mock.inject(once("GET", USERS, status(502)));
    assert!(done(auto.find_user(&by_email(JOAN)).await).is_some());
    assert_eq!(lookups(&world), 3, "the first one, its repetition, and the look-up");
}
