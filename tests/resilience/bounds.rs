//! Servers that take their time, that send too much, that send something else, that lie.

use std::time::{Duration, Instant};

use host_test::retool::directory::PageRequest;
use host_test::retool::groups::EnsureGroupRequest;
use host_test::retool::lifecycle::{DeprovisionMode, ProvisionOutcome};
use host_test::retool::synchronization::{AbsentPolicy, SyncRequest};
use host_test::retool::types::Dialect;
use host_test::{Host, Limits, TenantOptions};
use mock_retool::{Fault, FaultKind, Mock, Options};

use super::fault::{always, once, status};
use crate::support::acme::{ADA, GRACE, JOAN, KEN, NEW, timeless, written};
use crate::support::{World, arrival, departure, done, entry, failed, named, roster, roster_of};

const USERS: &str = "/api/v1/users";
const FIND: &str = "GET /api/v1/users";

/// A page of a listing has two people.
const SMALL_PAGES: &[(&str, &str)] = &[("RETOOL_PAGE_SIZE", "2")];

fn body(json: &str) -> FaultKind {
    FaultKind::Status { code: 200, retry_after: None, body: Some(json.to_owned()) }
}

fn first_page() -> PageRequest {
    PageRequest { cursor: None, page_size: None, with_members: false, with_other_ids: false }
}

/// The time a call takes is bounded, however it is spent.
async fn ends_at_the_deadline(world: &World, what: &str) {
    let begun = Instant::now();
    let tenant = world.tenant_with(&[("RETOOL_DEADLINE_MS", "500")]);
    let (case, detail) = failed(tenant.find_user(JOAN).await);
    let took = begun.elapsed();
    assert_eq!((case, detail.code.as_str()), ("unavailable", "deadline-exceeded"), "{what}");
    assert_eq!(detail.request.as_deref(), Some(FIND), "{what}");
    assert!(detail.message.contains("RETOOL_DEADLINE_MS"), "{what}: {}", detail.message);
    assert!(took >= Duration::from_millis(490), "{what}: gave up after {took:?}");
    assert!(took < Duration::from_secs(10), "{what}: took {took:?}");
    assert_eq!(world.requests(), [FIND], "{what}");
}

#[tokio::test]
async fn a_body_that_drips_ends_at_the_deadline() {
    let world = World::acme().await;
    // Every byte comes well before any timeout between bytes.
    world
        .mock
        .inject(Fault::new(FaultKind::Drip { bytes_per_tick: 1, tick: Duration::from_millis(20) }));
    ends_at_the_deadline(&world, "a dripping body").await;
}

#[tokio::test]
async fn an_answer_that_does_not_begin_ends_at_the_deadline() {
    let world =
        World::with(Options { latency: Duration::from_secs(600), ..Options::default() }).await;
    ends_at_the_deadline(&world, "no answer").await;
}

/// The deadline is the call's, not each request's.
#[tokio::test]
async fn many_slow_answers_end_at_the_deadline() {
    let world = World::with(Options {
        users: 100,
        latency: Duration::from_millis(100),
        ..Options::default()
    })
    .await;
    let tenant = world.tenant_with(&[
        ("RETOOL_DEADLINE_MS", "700"),
        ("RETOOL_PAGE_SIZE", "1"),
        ("RETOOL_WINDOW", "1"),
    ]);
    let begun = Instant::now();
    let (case, detail) = failed(tenant.plan_sync(&roster_of(&world.mock)).await);
    assert_eq!((case, detail.code.as_str()), ("unavailable", "deadline-exceeded"));
    assert!(begun.elapsed() < Duration::from_secs(7), "{:?}", begun.elapsed());
    assert!((1..=8).contains(&world.requests().len()));
}

#[tokio::test]
async fn a_sync_that_runs_out_of_time_says_what_it_wrote() {
    let world =
        World::acme_with(Options { latency: Duration::from_millis(100), ..Options::default() })
            .await;
    let tenant = world.tenant_with(&[("RETOOL_DEADLINE_MS", "2500")]);
    let people = (0..40).map(|at| entry(&format!("new{at:02}@acme.example")));
    let request = roster(people.collect());
    let (case, detail) = failed(tenant.sync(&request).await);
    assert_eq!((case, detail.code.as_str()), ("unavailable", "deadline-exceeded"));
    let written = written(&detail.writes);
    let state = world.mock.state();
    assert!((1..40).contains(&state.invitations.len()), "{}", state.invitations.len());
    // The last one may have been cut off, and says so then.
    for email in &state.invitations {
        let line = format!("user-created {email}");
        assert!(written.iter().any(|write| write.trim_end_matches(" ?") == line), "{line}");
    }

    let unhurried = world.tenant_with(&[]);
    assert!(done(unhurried.sync(&request).await).complete);
    let mut invitations = world.mock.state().invitations;
    invitations.sort();
    invitations.dedup();
    assert_eq!(invitations.len(), 40, "somebody was invited twice, or not at all");
    assert_eq!(world.mock.state().invitations.len(), 40);
}

fn small(mock: &Mock, memory: usize) -> host_test::Tenant {
    let options = TenantOptions::new(mock.base_url())
        .dialect(Dialect::V1)
        .env("RETOOL_API_TOKEN", mock.token())
        .limits(Limits { memory, ..Limits::default() });
    Host::shared().expect("a host").tenant(options)
}

/// 64 MiB, into a component that may have 24.
#[tokio::test]
async fn a_body_without_end_is_not_kept() {
    let world = World::acme().await;
    world.mock.inject(Fault::new(FaultKind::HugeBody(64 << 20)));
    let tenant = small(&world.mock, 24 << 20);
    let (case, detail) = failed(tenant.find_user(JOAN).await);
    assert_eq!((case, detail.code.as_str()), ("unavailable", "body-too-large"));
    assert!(detail.message.contains("RETOOL_MAX_BODY_BYTES"), "{}", detail.message);
    assert_eq!(world.requests(), [FIND], "what is too large once is too large again");
}

#[tokio::test]
async fn how_much_is_too_much_is_a_setting() {
    let world = World::acme().await;
    let length = 100_000;
    world.mock.inject(always("GET", "/api/v1/users/", FaultKind::HugeBody(length)));
    let request = departure(JOAN, DeprovisionMode::Disable);
    let under = world.tenant_with(&[("RETOOL_MAX_BODY_BYTES", &(length - 1).to_string())]);
    let (_, detail) = failed(under.deprovision(&request).await);
    assert_eq!(detail.code, "body-too-large");
    let exact = world.tenant_with(&[("RETOOL_MAX_BODY_BYTES", &length.to_string())]);
    let (_, detail) = failed(exact.deprovision(&request).await);
    assert_eq!(detail.code, "answer-unusable", "it was read, and is nobody");
}

#[tokio::test]
async fn an_announced_length_is_enough_to_refuse() {
    let world = World::with(Options { users: 200, ..Options::default() }).await;
    let tenant = world.tenant_with(&[("RETOOL_MAX_BODY_BYTES", "2048")]);
    let (case, detail) = failed(tenant.page_users(&first_page()).await);
    assert_eq!((case, detail.code.as_str()), ("unavailable", "body-too-large"));
    assert!(detail.message.contains("2048"), "{}", detail.message);
    let smaller = PageRequest { page_size: Some(2), ..first_page() };
    assert_eq!(done(tenant.page_users(&smaller).await).users.len(), 2);
}

/// Nesting costs a recursive reader its stack; here it costs nothing, and is kept.
#[tokio::test]
async fn nesting_ten_thousand_deep_is_no_trap() {
    let world = World::acme().await;
    world.mock.inject(always("GET", USERS, FaultKind::DeepJson(10_000)));
    assert_eq!(done(world.tenant.find_user(JOAN).await).expect("Joan").email, JOAN);
    assert_eq!(done(world.tenant.page_users(&first_page()).await).users.len(), 4);
    assert!(done(world.tenant.plan_sync(&roster_of(&world.mock)).await).steps.is_empty());

    // Where the whole record must be understood, what can't be is an error and not a trap.
    let mut change = arrival(JOAN);
    change.first_name = Some("Joanna".into());
    let before = world.person(JOAN);
    let answer = world.tenant.provision(&change).await.expect("an answer of the component");
    match answer {
        Ok(result) => assert_eq!(result.outcome, ProvisionOutcome::Updated),
        Err(_) => assert_eq!(world.person(JOAN), before),
    }

    let world = World::acme().await;
    world.mock.inject(always("POST", "/api/v1/", FaultKind::DeepJson(10_000)));
    let mut new = arrival(NEW);
    new.groups = vec![named("Support")];
    assert_eq!(done(world.tenant.provision(&new).await).outcome, ProvisionOutcome::Created);
}

/// Everything that is not what was asked for, in place of a listing of people.
fn unusable() -> Vec<FaultKind> {
    let mut kinds = vec![
        FaultKind::Html200,
        FaultKind::InvalidJson,
        FaultKind::ContentType("text/html; charset=utf-8".into()),
        FaultKind::ContentType("text/plain".into()),
        FaultKind::OmitField("id".into()),
        FaultKind::OmitField("email".into()),
    ];
    let bodies = [
        "null",
        "[]",
        "{}",
        "17",
        "\"users\"",
        r#"{"success":false,"message":"no"}"#,
        r#"{"users":null,"total":0}"#,
        r#"{"users":{},"total":0}"#,
        r#"{"users":[null],"total":1}"#,
        r#"{"users":[{"id":[],"email":"a@x.example"}],"total":1}"#,
        r#"{"users":[],"total":-1}"#,
        r#"{"users":[],"total":0}{"users":[]}"#,
    ];
    kinds.extend(bodies.map(body));
    kinds
}

#[tokio::test]
async fn an_answer_that_is_something_else_is_told_and_not_asked_for_again() {
    for kind in unusable() {
        let world = World::acme().await;
        world.mock.inject(Fault::new(kind.clone()));
        let (case, detail) = failed(world.tenant.find_user(JOAN).await);
        assert_eq!((case, detail.code.as_str()), ("unavailable", "answer-unusable"), "{kind:?}");
        assert_eq!(detail.request.as_deref(), Some(FIND), "{kind:?}");
        assert_eq!((detail.http_status, detail.attempts), (Some(200), 1), "{kind:?}");
        assert!(detail.message.contains("base URL"), "{kind:?}: {}", detail.message);
        assert_eq!(world.requests(), [FIND], "{kind:?}");
    }
}

#[tokio::test]
async fn json_under_its_other_names_is_json() {
    for name in ["application/json; charset=utf-8", "Application/JSON", "application/vnd.x+json"] {
        let world = World::acme().await;
        world.mock.inject(Fault::new(FaultKind::ContentType(name.into())));
        assert!(done(world.tenant.find_user(JOAN).await).is_some(), "{name}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (world, other) = (World::acme().await, World::acme().await);
    let places = [
        other.mock.base_url(),
        format!("{}{USERS}", other.mock.base_url()),
        "//evil.example/".into(),
        "/api/v1/groups".into(),
        "https://evil.example/api/v1/users".into(),
    ];
    for place in places {
        world.mock.clear_faults();
        world.mock.inject(Fault::new(FaultKind::Redirect(place.clone())));
        let (case, detail) = failed(world.tenant.find_user(JOAN).await);
        assert_eq!((case, detail.code.as_str()), ("permanent-denied", "redirected"), "{place}");
        assert_eq!((detail.http_status, detail.attempts), (Some(302), 1), "{place}");
        assert_eq!(world.requests(), [FIND], "{place}");
    }
    assert_eq!(other.requests(), [""; 0]);
}

#[tokio::test]
async fn a_write_is_not_redirected_either() {
    let (world, other) = (World::acme().await, World::acme().await);
    world.mock.inject(always("POST", USERS, FaultKind::Redirect(other.mock.base_url())));
    let (case, detail) = failed(world.tenant.provision(&arrival(NEW)).await);
    assert_eq!((case, detail.code.as_str()), ("permanent-denied", "redirected"));
    assert_eq!(other.requests(), [""; 0]);
    assert!(!world.has(NEW));
}

/// Where everybody but two is to go, if the listing is to be believed.
fn clearance(absent: AbsentPolicy) -> SyncRequest {
    let mut request = roster(vec![entry(ADA), entry(GRACE)]);
    request.policy.absent = absent;
    request.policy.create_missing = false;
    request.policy.guards.max_user_removal_percent = Some(100);
    request
}

/// Whatever is wrong with a listing, nobody is removed for it.
#[tokio::test]
async fn a_listing_that_cannot_be_trusted_removes_nobody() {
    let mut kinds = unusable();
    kinds.extend([
        FaultKind::RepeatPage,
        FaultKind::EndlessPages,
        FaultKind::MovingTotal,
        FaultKind::HugeBody(9 << 20),
        FaultKind::Reset,
        FaultKind::ResetInBody,
        FaultKind::Truncate,
        FaultKind::Redirect("/api/v1/groups".into()),
        status(404),
        status(500),
    ]);
    // Nobody, although there are some; more than there are; fewer than are shown.
    kinds.extend([r#"{"users":[],"total":4}"#, r#"{"users":[],"total":4294967295}"#].map(body));
    kinds.push(body(r#"{"users":[{"id":"a","email":"a@x.example"}],"total":0}"#));
    for kind in kinds {
        for absent in [AbsentPolicy::Disable, AbsentPolicy::Delete] {
            let world = World::acme().await;
            let before = world.mock.state();
            let tenant = world.tenant_with(SMALL_PAGES);
            world.mock.inject(always("GET", USERS, kind.clone()));
            let (case, detail) = failed(tenant.sync(&clearance(absent)).await);
            assert!(
                matches!(case, "unavailable" | "permanent-denied"),
                "{kind:?}: {case} {detail:?}"
            );
            assert_eq!(world.writes(), [], "{kind:?}");
            assert_eq!(world.mock.state(), before, "{kind:?}");
        }
    }
}

#[tokio::test]
async fn with_a_listing_that_can_be_trusted_the_same_roster_removes_them() {
    for absent in [AbsentPolicy::Disable, AbsentPolicy::Delete] {
        let world = World::acme().await;
        let tenant = world.tenant_with(SMALL_PAGES);
        assert!(done(tenant.sync(&clearance(absent)).await).complete);
        assert!(world.mock.state().user_by_email(JOAN).is_none_or(|joan| joan.is_disabled));
    }
}

#[tokio::test]
async fn a_listing_that_does_not_add_up_says_so_and_ends() {
    for kind in [FaultKind::RepeatPage, FaultKind::EndlessPages, FaultKind::MovingTotal] {
        let world = World::with(Options::default()).await;
        let tenant = world.tenant_with(&[("RETOOL_PAGE_SIZE", "5")]);
        world.mock.inject(always("GET", USERS, kind.clone()));
        let (case, detail) = failed(tenant.plan_sync(&roster_of(&world.mock)).await);
        assert_eq!((case, detail.code.as_str()), ("unavailable", "listing-incomplete"), "{kind:?}");
        let sent = world.requests().len();
        assert!((3..=12).contains(&sent), "{kind:?}: {sent} requests");
    }
}

/// Somebody joins or goes while the pages are read: it is read again.
#[tokio::test]
async fn a_listing_that_moved_once_is_read_again() {
    let world = World::with(Options::default()).await;
    let tenant = world.tenant_with(&[("RETOOL_PAGE_SIZE", "5")]);
    let request = roster_of(&world.mock);
    world.mock.inject(Fault { times: Some(2), ..always("GET", USERS, FaultKind::MovingTotal) });
    assert!(done(tenant.plan_sync(&request).await).steps.is_empty());
}

#[tokio::test]
async fn an_ignored_filter_finds_the_right_person_or_nobody() {
    let world = World::with(Options::default()).await;
    let tenant = world.tenant_with(&[("RETOOL_PAGE_SIZE", "5")]);
    world.mock.inject(Fault::new(FaultKind::IgnoreFilter));
    let last = world.mock.state().users.last().expect("somebody").email.clone();
    assert_eq!(done(tenant.find_user(&last).await).expect("the last").email, last);
    assert_eq!(done(tenant.find_user("nobody@example.com").await), None);

    let mut gone = departure("nobody@example.com", DeprovisionMode::Delete);
    gone.minimum_admins = Some(0);
    done(tenant.deprovision(&gone).await);
    assert_eq!(world.writes(), []);
    assert_eq!(world.mock.state().users.len(), 12);
}

#[tokio::test]
async fn reads_from_the_state_before_a_write_are_waited_out() {
    let stale = || Fault::new(FaultKind::StaleReads { requests: 2 });
    let world = World::acme().await;
    world.mock.inject(stale());
    let mut new = arrival(NEW);
    new.groups = vec![named("Support")];
    let result = done(world.tenant.provision(&new).await);
    assert_eq!(result.outcome, ProvisionOutcome::Created);
    assert_eq!(world.groups_of(NEW), ["Support"]);

    let world = World::acme().await;
    world.mock.inject(stale());
    done(world.tenant.deprovision(&departure(JOAN, DeprovisionMode::Delete)).await);
    assert!(!world.has(JOAN));

    let world = World::acme().await;
    world.mock.inject(stale());
    let before = world.person(JOAN);
    let mut change = arrival(JOAN);
    change.first_name = Some("Joanna".into());
    done(world.tenant.provision(&change).await);
    let mut after = world.person(JOAN);
    assert_eq!(after.first_name.as_deref(), Some("Joanna"));
    after.first_name.clone_from(&before.first_name);
    assert_eq!(timeless(after), timeless(before));

    let world = World::acme().await;
    world.mock.inject(stale());
    let mut request = roster_of(&world.mock);
    let mut person = entry(NEW);
    person.groups = vec![named("Brand new"), named("Support")];
    request.roster.push(person);
    assert!(done(world.tenant.sync(&request).await).complete);
    assert_eq!(world.mock.state().invitations, [NEW]);
    assert_eq!(world.members_of("Brand new"), [NEW]);

    let world = World::acme().await;
    world.mock.inject(stale());
    let legal = EnsureGroupRequest { name: "Legal".into(), universal_app_access: None };
    assert!(done(world.tenant.ensure_group(&legal).await).created);
}

/// A write that the server takes and never shows is not reported as done.
#[tokio::test]
async fn a_write_that_never_shows_is_an_error() {
    let world = World::acme().await;
    world.mock.inject(Fault::new(FaultKind::StaleReads { requests: 1000 }));
    let mut change = arrival(GRACE);
    change.groups = vec![named("Finance")];
    let (case, detail) = failed(world.tenant.provision(&change).await);
    assert_eq!((case, detail.code.as_str()), ("permanent-conflict", "not-verified"));
    assert_eq!(detail.subject.as_deref(), Some(GRACE));
    assert_eq!(written(&detail.writes).len(), 1);
}

/// A field that is missing in one record is not taken for its default where that would remove
/// somebody: memberships are then read from the groups.
#[tokio::test]
async fn records_without_groups_are_completed_from_the_groups() {
    let world = World::acme().await;
    let request = roster_of(&world.mock);
    world.mock.inject(Fault::new(FaultKind::OmitField("groups".into())));
    let plan = done(world.tenant.plan_sync(&request).await);
    assert!(plan.steps.is_empty(), "{:#?}", plan.steps);
    let strip = departure(KEN, DeprovisionMode::DisableAndStripGroups);
    assert_eq!(done(world.tenant.deprovision(&strip).await).groups_removed.len(), 1);
    assert_eq!(world.groups_of(KEN), [""; 0]);
    done(world.tenant.sync(&request).await);
}

#[tokio::test]
async fn one_bad_page_out_of_many_is_enough() {
    let world = World::with(Options { users: 40, ..Options::default() }).await;
    let tenant = world.tenant_with(&[("RETOOL_PAGE_SIZE", "5")]);
    for kind in [FaultKind::InvalidJson, FaultKind::Html200] {
        world.mock.clear_faults();
        world.mock.inject(Fault { skip: 4, ..once("GET", USERS, kind) });
        let (case, detail) = failed(tenant.plan_sync(&roster_of(&world.mock)).await);
        assert_eq!((case, detail.code.as_str()), ("unavailable", "answer-unusable"));
    }
    world.mock.clear_faults();
    world.mock.inject(Fault { skip: 4, ..once("GET", USERS, FaultKind::Truncate) });
    assert!(done(tenant.plan_sync(&roster_of(&world.mock)).await).steps.is_empty());
}
