//! Servers that are slow, send too much, send something else, or return inconsistent data.

use std::time::{Duration, Instant};

use host_test::Tenant;
use host_test::retool::directory::PageRequest;
use host_test::retool::lifecycle::DeprovisionMode;
use host_test::retool::synchronization::{AbsentPolicy, SyncRequest};
use host_test::retool::types::Dialect;
use mock_retool::{Fault, FaultKind, Options};

use super::dialect::{accounts, api, current_roster, new_entry, new_user, sent_invitations};
use super::fault::{always, answer, once, status};
use crate::support::acme::{ADA, GRACE, JOAN, KEN, NEW, written};
use crate::support::{
    World, allow_growth, by_email, departure, done, entry, failed, limit, roster,
};

over_v2_and_v1!(
    many_slow_responses_end_at_the_deadline,
    a_sync_that_runs_out_of_time_reports_its_writes,
    an_unusable_response_is_reported_and_not_requested_again,
    an_untrustworthy_listing_removes_no_user,
    a_good_listing_removes_the_same_users,
    an_inconsistent_listing_is_reported_and_given_up,
    a_repeated_page_is_read_again,
    a_listing_whose_total_changed_once_is_read_again,
    an_ignored_filter_finds_the_right_user_or_none,
    records_without_groups_are_completed_from_the_groups,
    one_bad_page_fails_the_listing,
);

const USERS: &str = "/api/v2/users";
const FIND: &str = "GET /api/v2/users";

/// Returns an organisation with 60 users, and a tenant that reads ten at a time.
async fn sixty(dialect: Dialect) -> (World, Tenant) {
    let world = World::with_over(dialect, Options { users: 60, ..Options::default() }).await;
    let tenant = by_page(&world, "10", "20000");
    (world, tenant)
}

/// Returns a tenant that reads users page by page. Over `/api/v2` it does so only if the list of
/// all users is too large for one response.
fn by_page(world: &World, page_size: &str, max_body: &str) -> Tenant {
    let dialect = world.dialect();
    let env = [("RETOOL_PAGE_SIZE", page_size), ("RETOOL_MAX_BODY_BYTES", max_body)];
    let used = if dialect == Dialect::V1 { &env[..1] } else { &env[..] };
    world.over_with_env(dialect, used)
}

/// Checks that a call ends at its deadline, however the time is spent.
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

/// Hosts keep a limited number of objects for a call.
#[tokio::test]
async fn a_call_may_send_any_number_of_requests() {
    let options = Options { users: 1600, ..Options::default() };
    let world = World::with_over(Dialect::V1, options).await;
    let tenant = by_page(&world, "1", "20000");
    assert!(1600 > host_test::Limits::default().resources);
    done(tenant.plan_sync(&roster(Vec::new())).await);
    assert!(world.requests().len() >= 1600);
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
async fn a_slow_body_within_the_deadline_is_read() {
    let world = World::with(Options::default()).await;
    let request = current_roster(&world);
    let drip = FaultKind::Drip { bytes_per_tick: 100, tick: Duration::from_millis(1) };
    world.mock.inject(Fault::new(drip));
    assert!(done(world.tenant.plan_sync(&request).await).steps.is_empty());
}

#[tokio::test]
async fn a_response_that_never_begins_ends_at_the_deadline() {
    let world =
        World::with(Options { latency: Duration::from_secs(600), ..Options::default() }).await;
    ends_at_the_deadline(&world, "no response").await;
}

/// The deadline is that of the call, not of each request.
async fn many_slow_responses_end_at_the_deadline(dialect: Dialect) {
    let options = Options { users: 100, latency: Duration::from_millis(100), ..Options::default() };
    let world = World::with_over(dialect, options).await;
    let env = [
        ("RETOOL_DEADLINE_MS", "700"),
        ("RETOOL_PAGE_SIZE", "1"),
        ("RETOOL_WINDOW", "1"),
        // Over `/api/v2` users are read by page only if all are too large for one response.
        ("RETOOL_MAX_BODY_BYTES", if dialect == Dialect::V1 { "8388608" } else { "16384" }),
    ];
    let tenant = world.over_with_env(dialect, &env);
    let begun = Instant::now();
    let (case, detail) = failed(tenant.plan_sync(&current_roster(&world)).await);
    assert_eq!((case, detail.code.as_str()), ("transient unavailable", "deadline-exceeded"));
    assert!(begun.elapsed() < Duration::from_secs(7), "{:?}", begun.elapsed());
    assert!((1..=8).contains(&world.requests().len()));
}

async fn a_sync_that_runs_out_of_time_reports_its_writes(dialect: Dialect) {
    let options = Options { latency: Duration::from_millis(100), ..Options::default() };
    let world = World::acme_over_with(dialect, options).await;
    let tenant =
        world.over_with_env(dialect, &[("RETOOL_DEADLINE_MS", "2500"), ("RETOOL_WINDOW", "1")]);
    let new: Vec<_> = (0..40).map(|at| format!("new{at:02}@acme.example")).collect();
    let mut request = roster(new.iter().map(|email| new_entry(email)).collect());
    allow_growth(&mut request);
    let (case, detail) = failed(tenant.sync(&request).await);
    assert_eq!((case, detail.code.as_str()), ("transient unavailable", "deadline-exceeded"));
    let written = written(&detail.writes);
    let created: Vec<_> = new.iter().filter(|email| world.has(email)).collect();
    assert!((1..40).contains(&created.len()), "{}", created.len());
    assert_eq!(world.mock.state().invitations, sent_invitations(dialect, &created));
    // The last one may have been cut off, and is then reported as unknown.
    for email in created {
        let line = format!("user-created {email}");
        assert!(written.iter().any(|write| write.trim_end_matches(" ?") == line), "{line}");
    }

    assert!(done(world.tenant.sync(&request).await).complete);
    for email in &new {
        assert_eq!(accounts(&world, email), 1, "{email}");
    }
    let mut invitations = world.mock.state().invitations;
    invitations.sort();
    assert_eq!(invitations, sent_invitations(dialect, &new), "every user is invited once");
}

/// Returns a listing of users as the dialect's server sends it.
fn listing(dialect: Dialect, users: &str, total: i64) -> String {
    match dialect {
        Dialect::V1 => format!(r#"{{"users":{users},"total":{total}}}"#),
        _ => format!(r#"{{"success":true,"data":{users},"total_count":{total}}}"#),
    }
}

/// Returns everything that is not a listing of users.
fn unusable(dialect: Dialect) -> Vec<FaultKind> {
    let mut kinds = vec![
        FaultKind::Html200,
        FaultKind::InvalidJson,
        FaultKind::ContentType("text/html; charset=utf-8".into()),
        FaultKind::ContentType("text/plain".into()),
        FaultKind::OmitField("id".into()),
        FaultKind::OmitField("email".into()),
    ];
    kinds.extend(["null", "[]", "{}", "17", "\"users\""].map(answer));
    // `/api/v2` refuses with this body, whatever the status is.
    if dialect == Dialect::V1 {
        kinds.push(answer(REFUSAL));
    }
    let listing = |users: &str, total| listing(dialect, users, total);
    let bodies = [
        listing("null", 0),
        listing("{}", 0),
        listing("[null]", 1),
        listing(r#"[{"id":[],"email":"a@x.example"}]"#, 1),
        listing("[]", -1),
        listing("[]", 0) + r#"{"users":[]}"#,
    ];
    kinds.extend(bodies.iter().map(|body| answer(body)));
    kinds
}

const REFUSAL: &str = r#"{"success":false,"message":"no"}"#;

async fn an_unusable_response_is_reported_and_not_requested_again(dialect: Dialect) {
    // A record without an address does not make the response unusable.
    let without_address = FaultKind::OmitField("email".into());
    for kind in unusable(dialect).into_iter().filter(|kind| *kind != without_address) {
        let world = World::acme_over(dialect).await;
        let find = format!("GET {}", world.users_path());
        world.mock.inject(Fault::new(kind.clone()));
        let (case, detail) = failed(world.tenant.find_user(&by_email(JOAN)).await);
        let expected = match kind {
            FaultKind::Html200 => ("permanent unsupported", "html-page"),
            _ => ("transient unavailable", "answer-unusable"),
        };
        assert_eq!((case, detail.code.as_str()), expected, "{kind:?}");
        assert_eq!(detail.request.as_deref(), Some(find.as_str()), "{kind:?}");
        assert_eq!((detail.http_status, detail.attempts), (Some(200), 1), "{kind:?}");
        assert!(detail.message.contains("base URL"), "{kind:?}: {}", detail.message);
        assert_eq!(world.requests(), [find], "{kind:?}");
    }
}

#[tokio::test]
async fn other_json_content_types_are_accepted() {
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
        "/api/v2/groups".into(),
        "https://evil.example/api/v2/users".into(),
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
async fn a_redirect_of_a_write_is_not_followed() {
    let (world, other) = (World::acme().await, World::acme().await);
    world.mock.inject(always("POST", USERS, FaultKind::Redirect(other.mock.base_url())));
    let (case, detail) = failed(world.tenant.provision(&new_user(NEW)).await);
    assert_eq!((case, detail.code.as_str()), ("permanent denied", "redirected"));
    assert_eq!(other.requests(), [""; 0]);
    assert!(!world.has(NEW));
}

/// Returns the organisation with twenty more users, and a tenant that reads two at a time.
async fn acme_by_page(dialect: Dialect) -> (World, Tenant) {
    let world = World::acme_over(dialect).await;
    for at in 0..20 {
        world.add(&format!("user{at:02}@acme.example"), &[]);
    }
    let tenant = by_page(&world, "2", "6000");
    (world, tenant)
}

/// Returns a request to remove all users but two, if the listing is trusted.
fn removal_of_most(absent: AbsentPolicy) -> SyncRequest {
    let mut request = roster(vec![entry(ADA), entry(GRACE)]);
    request.policy.absent = absent;
    request.policy.create_missing = false;
    limit(&mut request.policy.guards.user_removals).percent = Some(100);
    request
}

/// Whatever is wrong with a listing, no user is removed because of it.
async fn an_untrustworthy_listing_removes_no_user(dialect: Dialect) {
    let mut kinds = unusable(dialect);
    kinds.extend([
        FaultKind::RepeatPage,
        FaultKind::EndlessPages,
        FaultKind::MovingTotal,
        FaultKind::HugeBody(9 << 20),
        FaultKind::Reset,
        FaultKind::ResetInBody,
        FaultKind::Truncate,
        FaultKind::Redirect(format!("{}groups", api(dialect))),
        status(404),
        status(500),
    ]);
    if dialect == Dialect::V2 {
        kinds.push(answer(REFUSAL));
    }
    // No users although the total is not 0; a larger total than possible; a total of 0 and a user.
    kinds.extend([4, 4_294_967_295].map(|total| answer(&listing(dialect, "[]", total))));
    let user = r#"[{"id":"a","email":"a@x.example"}]"#;
    kinds.push(answer(&listing(dialect, user, 0)));
    for kind in kinds {
        for absent in [AbsentPolicy::Disable, AbsentPolicy::Delete] {
            let (world, tenant) = acme_by_page(dialect).await;
            let before = world.mock.state();
            world.mock.inject(always("GET", world.users_path(), kind.clone()));
            let (case, detail) = failed(tenant.sync(&removal_of_most(absent)).await);
            let expected = match &kind {
                kind if *kind == answer(REFUSAL) && dialect == Dialect::V2 => {
                    case == "permanent conflict" && detail.code == "server-refused"
                }
                FaultKind::Html200 => {
                    (case, detail.code.as_str()) == ("permanent unsupported", "html-page")
                }
                _ => matches!(case, "transient unavailable" | "permanent denied"),
            };
            assert!(expected, "{kind:?}: {case} {detail:?}");
            assert_eq!(world.writes(), [], "{kind:?}");
            assert_eq!(world.mock.state(), before, "{kind:?}");
        }
    }
}

async fn a_good_listing_removes_the_same_users(dialect: Dialect) {
    for absent in [AbsentPolicy::Disable, AbsentPolicy::Delete] {
        let (world, tenant) = acme_by_page(dialect).await;
        assert!(done(tenant.sync(&removal_of_most(absent)).await).complete);
        assert!(world.mock.state().user_by_email(JOAN).is_none_or(|joan| joan.is_disabled));
        let list = format!("GET {}", world.users_path());
        let pages = world.requests().iter().filter(|request| **request == list).count();
        // Over `/api/v2` the list of all users is requested first.
        assert_eq!(pages, if dialect == Dialect::V1 { 12 } else { 13 });
    }
}

async fn an_inconsistent_listing_is_reported_and_given_up(dialect: Dialect) {
    for kind in [FaultKind::RepeatPage, FaultKind::EndlessPages, FaultKind::MovingTotal] {
        let (world, tenant) = sixty(dialect).await;
        world.mock.inject(always("GET", world.users_path(), kind.clone()));
        let (case, detail) = failed(tenant.plan_sync(&current_roster(&world)).await);
        assert_eq!(
            (case, detail.code.as_str()),
            ("transient unavailable", "listing-incomplete"),
            "{kind:?}"
        );
        let sent = world.requests().len();
        match (dialect, kind) {
            // Three readings of six pages, and the pages that are on their way when it is given up.
            (Dialect::V1, kind) => assert!((3..=24).contains(&sent), "{kind:?}: {sent} requests"),
            // The invitations, all users at once, and three readings of six pages.
            (_, kind @ FaultKind::EndlessPages) => assert_eq!(sent, 2 + 3 * 6, "{kind:?}"),
            // The same with three readings of two pages.
            (_, kind) => assert_eq!(sent, 2 + 3 * 2, "{kind:?}"),
        }
    }
}

/// A cache in between returns the first page again. The listing is read again, and no user is
/// missed.
async fn a_repeated_page_is_read_again(dialect: Dialect) {
    let (world, tenant) = sixty(dialect).await;
    let request = current_roster(&world);
    // The second page. Over `/api/v2` the list of all users is requested before the first.
    let skip = if dialect == Dialect::V1 { 1 } else { 2 };
    let repeated = once("GET", world.users_path(), FaultKind::RepeatPage);
    world.mock.inject(Fault { skip, ..repeated });
    assert!(done(tenant.plan_sync(&request).await).steps.is_empty());
    let list = format!("GET {}", world.users_path());
    let pages = world.requests().iter().filter(|request| **request == list).count();
    let expected = match dialect {
        // Six pages, twice.
        Dialect::V1 => 12,
        // All at once, two pages of which the second is the first, and six pages.
        _ => 1 + 2 + 6,
    };
    assert_eq!(pages, expected);
}

/// Groups are not paged. A server that ignores the requested page returns all groups each time.
#[tokio::test]
async fn a_full_page_of_groups_is_complete() {
    for dialect in [Dialect::V2, Dialect::V1] {
        let world = World::with_over(dialect, Options { groups: 97, ..Options::default() }).await;
        let everything = PageRequest {
            cursor: None,
            page_size: Some(1000),
            with_members: false,
            with_other_ids: false,
        };
        let page = done(world.tenant.page_groups(&everything).await);
        assert_eq!((page.groups.len(), page.next), (100, None), "{dialect:?}");
    }
}

/// A user is created or deleted while the pages are read. The listing is read again.
async fn a_listing_whose_total_changed_once_is_read_again(dialect: Dialect) {
    let (world, tenant) = sixty(dialect).await;
    let request = current_roster(&world);
    let moving = always("GET", world.users_path(), FaultKind::MovingTotal);
    world.mock.inject(Fault { times: Some(2), ..moving });
    assert!(done(tenant.plan_sync(&request).await).steps.is_empty());
    let list = format!("GET {}", world.users_path());
    let pages = world.requests().iter().filter(|request| **request == list).count();
    let expected = match dialect {
        // Six pages, twice.
        Dialect::V1 => 12,
        // All at once, two pages with different totals, and six pages.
        _ => 1 + 2 + 6,
    };
    assert_eq!(pages, expected);
}

async fn an_ignored_filter_finds_the_right_user_or_none(dialect: Dialect) {
    let (world, tenant) = sixty(dialect).await;
    world.mock.inject(Fault::new(FaultKind::IgnoreFilter));
    let last = world.mock.state().users.last().expect("a user").email.clone();
    assert_eq!(done(tenant.find_user(&by_email(&last)).await).expect("the last").email, Some(last));
    assert_eq!(done(tenant.find_user(&by_email("nobody@example.com")).await), None);

    let mut gone = departure("nobody@example.com", DeprovisionMode::Delete);
    gone.minimum_admins = Some(0);
    done(tenant.deprovision(&gone).await);
    assert_eq!(world.writes(), []);
    assert_eq!(world.mock.state().users.len(), 60);
}

/// A field that is missing in one record is not taken for its default if that would remove a
/// user. Memberships are then read from the groups.
async fn records_without_groups_are_completed_from_the_groups(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let request = current_roster(&world);
    world.mock.inject(Fault::new(FaultKind::OmitField("groups".into())));
    let plan = done(world.tenant.plan_sync(&request).await);
    assert!(plan.steps.is_empty(), "{:#?}", plan.steps);
    let strip = departure(KEN, DeprovisionMode::DisableAndStripGroups);
    assert_eq!(done(world.tenant.deprovision(&strip).await).groups_removed.len(), 1);
    assert_eq!(world.groups_of(KEN), [""; 0]);
    done(world.tenant.sync(&request).await);
}

async fn one_bad_page_fails_the_listing(dialect: Dialect) {
    let (world, tenant) = sixty(dialect).await;
    let request = current_roster(&world);
    for (kind, expected) in [
        (FaultKind::InvalidJson, ("transient unavailable", "answer-unusable")),
        (FaultKind::Html200, ("permanent unsupported", "html-page")),
    ] {
        world.mock.clear_faults();
        world.mock.inject(Fault { skip: 4, ..once("GET", world.users_path(), kind) });
        let (case, detail) = failed(tenant.plan_sync(&request).await);
        assert_eq!((case, detail.code.as_str()), expected);
    }
    world.mock.clear_faults();
    world.mock.inject(Fault { skip: 4, ..once("GET", world.users_path(), FaultKind::Truncate) });
    assert!(done(tenant.plan_sync(&request).await).steps.is_empty());
}
