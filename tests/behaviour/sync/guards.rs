//! What limits the damage of a wrong roster. Each limit is allowed, and one more refuses all.

use host_test::retool::synchronization::{
    AbsentPolicy, Guard, GuardReport, MembershipPolicy, RosterEntry, SyncRequest,
};
use host_test::retool::types::ErrorDetail;
use mock_retool::{Fault, FaultKind, Options};

use super::in_groups;
use crate::support::acme::{ADA, GRACE, JOAN, KEN, wit_name, written};
use crate::support::{World, by_email, done, email_of, entry, failed, limit, roster, roster_of};

/// The plan is withheld and `sync` refuses, naming guard, limit and number; nothing is written.
async fn trips(world: &World, request: &SyncRequest, expected: (Guard, u32, u32)) -> GuardReport {
    let before = world.mock.state();
    world.mock.clear_requests();
    let plan = done(world.tenant.plan_sync(request).await);
    let tripped: Vec<_> = plan.guards.into_iter().filter(|guard| guard.tripped).collect();
    let [report] = &tripped[..] else { panic!("{tripped:?}") };
    assert_eq!((report.guard, report.limit, report.actual), expected);
    assert!(plan.steps.is_empty());

    let detail = refused(world, request).await;
    let (guard, limit, actual) = expected;
    for part in [wit_name(&guard), limit.to_string(), actual.to_string()] {
        assert!(detail.message.contains(&part), "{part}: {}", detail.message);
    }
    if let Some(subject) = &report.subject {
        assert!(detail.message.contains(subject), "{subject}: {}", detail.message);
    }
    assert!(world.writes().is_empty());
    assert_eq!(world.mock.state(), before);
    report.clone()
}

async fn refused(world: &World, request: &SyncRequest) -> ErrorDetail {
    let (case, detail) = failed(world.tenant.sync(request).await);
    assert_eq!((case, detail.code.as_str()), ("permanent refused", "guard-tripped"));
    assert!(detail.writes.is_empty());
    detail
}

async fn passes(world: &World, request: &SyncRequest) {
    let report = done(world.tenant.sync(request).await);
    assert!(report.complete && report.guards.iter().all(|guard| !guard.tripped));
}

/// Five people more, in Finance; and Ken is enabled.
async fn staffed() -> (World, [&'static str; 5]) {
    let world = World::acme().await;
    let staff = [
        "s1@acme.example",
        "s2@acme.example",
        "s3@acme.example",
        "s4@acme.example",
        "s5@acme.example",
    ];
    for email in staff {
        world.add(email, &["Finance"]);
    }
    world.shape(KEN, |ken| ken.is_disabled = false);
    (world, staff)
}

fn absent(world: &World, gone: &[&str], absent: AbsentPolicy) -> SyncRequest {
    let mut request = roster_of(&world.mock);
    request.roster.retain(|entry| !gone.contains(&email_of(entry)));
    request.policy.absent = absent;
    request
}

#[tokio::test]
async fn three_people_may_go_and_not_a_fourth() {
    for policy in [AbsentPolicy::Disable, AbsentPolicy::Delete] {
        let (world, staff) = staffed().await;
        // A group with a guard of its own must not come first.
        let mut request = absent(&world, &staff[..4], policy);
        limit(&mut request.policy.guards.member_removals).percent = Some(100);
        trips(&world, &request, (Guard::UserRemovals, 3, 4)).await;
        let mut request = absent(&world, &staff[..3], policy);
        limit(&mut request.policy.guards.member_removals).percent = Some(100);
        let report = done(world.tenant.sync(&request).await);
        assert_eq!(report.writes.len(), 3);
    }
}

#[tokio::test]
async fn five_in_a_hundred_may_go() {
    let world = World::with(Options { users: 100, ..Options::default() }).await;
    // 90 of the 100 are enabled: 5 % of them are 4.
    let people: Vec<_> = world.mock.state().users;
    let gone: Vec<_> = people
        .iter()
        .filter(|user| !user.is_admin && !user.is_disabled)
        .map(|user| user.email.as_str())
        .take(5)
        .collect();
    let request = |gone: &[&str]| {
        let mut request = roster_of(&world.mock);
        request.roster.retain(|entry| !gone.contains(&email_of(entry)));
        request.policy.absent = AbsentPolicy::Disable;
        request
    };
    trips(&world, &request(&gone), (Guard::UserRemovals, 4, 5)).await;
    passes(&world, &request(&gone[..4])).await;
}

#[tokio::test]
async fn the_limits_are_the_callers_to_set() {
    let (world, staff) = staffed().await;
    let mut request = absent(&world, &staff[..2], AbsentPolicy::Disable);
    limit(&mut request.policy.guards.user_removals).floor = Some(1);
    trips(&world, &request, (Guard::UserRemovals, 1, 2)).await;
    // 25 % of the 9 enabled people.
    limit(&mut request.policy.guards.user_removals).percent = Some(25);
    passes(&world, &request).await;
    assert!(staff[..2].iter().all(|email| world.person(email).is_disabled));
}

#[tokio::test]
async fn deleting_somebody_who_is_disabled_counts_too() {
    let world = World::acme().await;
    let mut request = roster_of(&world.mock);
    request.policy.absent = AbsentPolicy::Delete;
    limit(&mut request.policy.guards.user_removals).floor = Some(0);
    trips(&world, &request, (Guard::UserRemovals, 0, 1)).await;
    limit(&mut request.policy.guards.user_removals).floor = Some(1);
    passes(&world, &request).await;
    assert!(!world.has(KEN));
}

#[tokio::test]
async fn three_members_may_leave_a_group_and_not_a_fourth() {
    let (world, staff) = staffed().await;
    let leaving = |count: usize| {
        let stays = staff.iter().skip(count).map(|email| in_groups(email, &["Finance"]));
        let goes = staff.iter().take(count).map(|email| entry(email));
        let mut request = roster(stays.chain(goes).collect());
        request.policy.memberships = MembershipPolicy::Exact;
        request
    };
    let report = trips(&world, &leaving(4), (Guard::MemberRemovals, 3, 4)).await;
    assert_eq!(report.subject.as_deref(), Some("Finance"));
    passes(&world, &leaving(3)).await;
    assert_eq!(world.members_of("Finance"), staff[3..]);
}

#[tokio::test]
async fn memberships_that_go_with_deleted_people_count() {
    let (world, staff) = staffed().await;
    let mut request = absent(&world, &staff[..2], AbsentPolicy::Delete);
    limit(&mut request.policy.guards.member_removals).floor = Some(1);
    let report = trips(&world, &request, (Guard::MemberRemovals, 1, 2)).await;
    assert_eq!(report.subject.as_deref(), Some("Finance"));
    // 40 % of five.
    limit(&mut request.policy.guards.member_removals).percent = Some(40);
    passes(&world, &request).await;
}

#[tokio::test]
async fn two_administrators_are_left() {
    let world = World::acme().await;
    let demote = |email| RosterEntry { admin: Some(false), ..entry(email) };
    let request = roster(vec![demote(GRACE)]);
    trips(&world, &request, (Guard::MinimumAdmins, 2, 1)).await;
    trips(&world, &absent(&world, &[GRACE], AbsentPolicy::Disable), (Guard::MinimumAdmins, 2, 1))
        .await;

    // With a third one, made in the same sync, it is two again.
    let promote = RosterEntry { admin: Some(true), ..entry(JOAN) };
    passes(&world, &roster(vec![demote(GRACE), promote])).await;
    assert!(!world.person(GRACE).is_admin && world.person(JOAN).is_admin);

    let mut request = roster(vec![demote(JOAN)]);
    request.policy.guards.minimum_admins = Some(1);
    passes(&world, &request).await;
}

#[tokio::test]
async fn too_few_administrators_do_not_stop_a_plan_that_takes_none() {
    let world = World::acme().await;
    world.shape(GRACE, |grace| grace.is_admin = false);
    let request = roster(vec![RosterEntry { first_name: Some("J".into()), ..entry(JOAN) }]);
    passes(&world, &request).await;
    assert_eq!(world.person(JOAN).first_name.as_deref(), Some("J"));
}

/// The guard counted on a new administrator who could not be made: the old one stays.
#[tokio::test]
async fn an_old_administrator_goes_only_when_the_new_one_is_there() {
    let world = World::acme().await;
    world.mock.inject(Fault {
        method: Some("PUT".into()),
        path: Some(world.path_of(JOAN)),
        ..Fault::new(FaultKind::Status { code: 422, retry_after: None, body: None })
    });
    let request = roster(vec![
        RosterEntry { admin: Some(false), ..entry(GRACE) },
        RosterEntry { admin: Some(true), ..entry(JOAN) },
    ]);
    let report = done(world.tenant.sync(&request).await);
    assert!(!report.complete && report.writes.is_empty());
    let failure = super::of(&report, GRACE).failure.as_ref().expect("a failure");
    assert_eq!(failure.code, "last-admin");
    assert!(world.person(GRACE).is_admin);

    world.mock.clear_faults();
    let report = done(world.tenant.sync(&request).await);
    assert!(report.complete);
    assert_eq!(
        written(&report.writes),
        ["user-updated joan@acme.example", "user-updated grace@acme.example"],
        "the new one first"
    );
}

#[tokio::test]
async fn required_administrators_must_be_left_or_made() {
    let world = World::acme().await;
    let mut request = roster(vec![entry(JOAN)]);
    request.policy.guards.required_admins = vec![by_email(ADA), by_email(" Joan@acme.example")];
    let report = trips(&world, &request, (Guard::RequiredAdmins, 1, 0)).await;
    assert_eq!(report.subject.as_deref(), Some("Joan@acme.example"));

    request.roster = vec![RosterEntry { admin: Some(true), ..entry(JOAN) }];
    passes(&world, &request).await;
    assert!(world.person(JOAN).is_admin);
}

#[tokio::test]
async fn an_empty_roster_is_refused_unless_it_is_meant() {
    let world = World::acme().await;
    let mut request = roster(Vec::new());
    trips(&world, &request, (Guard::EmptyRoster, 1, 0)).await;
    request.policy.guards.allow_empty_roster = true;
    passes(&world, &request).await;
}

#[tokio::test]
async fn every_guard_that_trips_is_told() {
    let world = World::acme().await;
    let mut request = roster(Vec::new());
    request.policy.absent = AbsentPolicy::Delete;
    let detail = refused(&world, &request).await;
    for guard in ["user-removals", "minimum-admins", "empty-roster"] {
        assert!(detail.message.contains(guard), "{guard}: {}", detail.message);
    }
}

#[tokio::test]
async fn no_plan_is_made_from_a_listing_that_did_not_add_up() {
    let world = World::with(Options { users: 12, max_page_size: 5, ..Options::default() }).await;
    let mut request = roster_of(&world.mock);
    request.policy.absent = AbsentPolicy::Delete;
    world.mock.inject(Fault::new(FaultKind::RepeatPage));
    for (case, detail) in
        [failed(world.tenant.plan_sync(&request).await), failed(world.tenant.sync(&request).await)]
    {
        assert_eq!((case, detail.code.as_str()), ("transient unavailable", "listing-incomplete"));
    }
    assert!(world.writes().is_empty());
}
