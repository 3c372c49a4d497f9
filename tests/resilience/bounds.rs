//! Servers that take their time, that send too much, that send something else, that lie.

use std::time::{Duration, Instant};

use host_test::retool::directory::PageRequest;
use host_test::retool::lifecycle::DeprovisionMode;
use host_test::retool::synchronization::{AbsentPolicy, SyncRequest};
use mock_retool::{Fault, FaultKind, Options};

use super::fault::{always, answer, once, status};
use crate::support::acme::{ADA, GRACE, JOAN, KEN, NEW, written};
use crate::support::{
    World, arrival, by_email, departure, done, entry, failed, limit, roster, roster_of,
};

const USERS: &str = "/api/v1/users";
const FIND: &str = "GET /api/v1/users";

/// A page of a listing has two people.
const SMALL_PAGES: &[(&str, &str)] = &[("RETOOL_PAGE_SIZE", "2")];

/// The time a call takes is bounded, however it is spent.
async fn ends_at_the_deadline(world: &World, what: &str) {
    let begun = Instant::now();
    let tenant = world.tenant_with(&[("RETOOL_DEADLINE_MS", "500")]);
    let (case, detail) = failed(tenant.find_user(&by_email(JOAN)).await);
    let took = begun.elapsed();
    assert_eq!(
        (case, detail.code.as_str()),
        ("transient unavailable", "deadline-exceeded"),
        "{what}"
    );
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
async fn a_body_that_comes_slowly_and_in_time_is_read() {
    let world = World::with(Options::default()).await;
    let request = roster_of(&world.mock);
    let drip = FaultKind::Drip { bytes_per_tick: 100, tick: Duration::from_millis(1) };
    world.mock.inject(Fault::new(drip));
    assert!(done(world.tenant.plan_sync(&request).await).steps.is_empty());
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
    assert_eq!((case, detail.code.as_str()), ("transient unavailable", "deadline-exceeded"));
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
    assert_eq!((case, detail.code.as_str()), ("transient unavailable", "deadline-exceeded"));
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
    kinds.extend(bodies.map(answer));
    kinds
}

#[tokio::test]
async fn an_answer_that_is_something_else_is_told_and_not_asked_for_again() {
    for kind in unusable() {
        let world = World::acme().await;
        world.mock.inject(Fault::new(kind.clone()));
        let (case, detail) = failed(world.tenant.find_user(&by_email(JOAN)).await);
        assert_eq!(
            (case, detail.code.as_str()),
            ("transient unavailable", "answer-unusable"),
            "{kind:?}"
        );
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
        assert!(done(world.tenant.find_user(&by_email(JOAN)).await).is_some(), "{name}");
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
        let (case, detail) = failed(world.tenant.find_user(&by_email(JOAN)).await);
        assert_eq!((case, detail.code.as_str()), ("permanent denied", "redirected"), "{place}");
        assert_eq!((detail.http_status, detail.attempts), (Some(302), 1), "{place}");
        assert_eq!(world.requests(), [FIND], "{place}");
    }
    assert_eq!(other.requests(), [""; 0]);
}

#[tokio::test]
async fn no_kind_of_redirect_is_followed() {
    for code in [300, 301, 303, 304, 305, 307, 308] {
        let world = World::acme().await;
        world.mock.inject(Fault::new(status(code)));
        let (case, detail) = failed(world.tenant.find_user(&by_email(JOAN)).await);
        assert_eq!((case, detail.code.as_str()), ("permanent denied", "redirected"), "{code}");
        assert_eq!((detail.http_status, detail.attempts), (Some(code), 1), "{code}");
        assert_eq!(world.requests(), [FIND], "{code}");
    }
}

#[tokio::test]
async fn a_write_is_not_redirected_either() {
    let (world, other) = (World::acme().await, World::acme().await);
    world.mock.inject(always("POST", USERS, FaultKind::Redirect(other.mock.base_url())));
    let (case, detail) = failed(world.tenant.provision(&arrival(NEW)).await);
    assert_eq!((case, detail.code.as_str()), ("permanent denied", "redirected"));
    assert_eq!(other.requests(), [""; 0]);
    assert!(!world.has(NEW));
}

/// Where everybody but two is to go, if the listing is to be believed.
fn clearance(absent: AbsentPolicy) -> SyncRequest {
    let mut request = roster(vec![entry(ADA), entry(GRACE)]);
    request.policy.absent = absent;
    request.policy.create_missing = false;
    limit(&mut request.policy.guards.user_removals).percent = Some(100);
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
    kinds.extend([r#"{"users":[],"total":4}"#, r#"{"users":[],"total":4294967295}"#].map(answer));
    kinds.push(answer(r#"{"users":[{"id":"a","email":"a@x.example"}],"total":0}"#));
    for kind in kinds {
        for absent in [AbsentPolicy::Disable, AbsentPolicy::Delete] {
            let world = World::acme().await;
            let before = world.mock.state();
            let tenant = world.tenant_with(SMALL_PAGES);
            world.mock.inject(always("GET", USERS, kind.clone()));
            let (case, detail) = failed(tenant.sync(&clearance(absent)).await);
            assert!(
                matches!(case, "transient unavailable" | "permanent denied"),
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
        assert_eq!(
            (case, detail.code.as_str()),
            ("transient unavailable", "listing-incomplete"),
            "{kind:?}"
        );
        let sent = world.requests().len();
        assert!((3..=12).contains(&sent), "{kind:?}: {sent} requests");
    }
}

/// A cache in between gives the first page once more: it is read again, and nobody is missed.
#[tokio::test]
async fn a_page_that_came_twice_is_read_again() {
    let world = World::with(Options::default()).await;
    let tenant = world.tenant_with(&[("RETOOL_PAGE_SIZE", "5")]);
    let request = roster_of(&world.mock);
    world.mock.inject(Fault { skip: 1, ..once("GET", USERS, FaultKind::RepeatPage) });
    assert!(done(tenant.plan_sync(&request).await).steps.is_empty());
    let pages = world.requests().iter().filter(|request| **request == FIND).count();
    assert_eq!(pages, 6, "three pages, twice");
}

/// The groups are not paged: a server that ignores the page asked for gives them all again.
#[tokio::test]
async fn as_many_groups_as_fill_a_page_are_all_there_are() {
    let world = World::with(Options { groups: 97, ..Options::default() }).await;
    let everything = PageRequest {
        cursor: None,
        page_size: Some(1000),
        with_members: false,
        with_other_ids: false,
    };
    let page = done(world.tenant.page_groups(&everything).await);
    assert_eq!((page.groups.len(), page.next), (100, None));
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
    assert_eq!(done(tenant.find_user(&by_email(&last)).await).expect("the last").email, Some(last));
    assert_eq!(done(tenant.find_user(&by_email("nobody@example.com")).await), None);

    let mut gone = departure("nobody@example.com", DeprovisionMode::Delete);
    gone.minimum_admins = Some(0);
    done(tenant.deprovision(&gone).await);
    assert_eq!(world.writes(), []);
    assert_eq!(world.mock.state().users.len(), 12);
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
        assert_eq!((case, detail.code.as_str()), ("transient unavailable", "answer-unusable"));
    }
    world.mock.clear_faults();
    world.mock.inject(Fault { skip: 4, ..once("GET", USERS, FaultKind::Truncate) });
    assert!(done(tenant.plan_sync(&roster_of(&world.mock)).await).steps.is_empty());
}
