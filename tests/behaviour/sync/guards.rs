//! Guards against a wrong roster. A number equal to the limit is allowed. One more is refused.

use host_test::retool::synchronization::{
    AbsentPolicy, Guard, GuardReport, MembershipPolicy, RosterEntry, SyncRequest,
};
use host_test::retool::types::{Dialect, ErrorDetail};
use mock_retool::{Fault, FaultKind, Options};

use super::{current_roster, in_groups, v1_with};
use crate::support::acme::{ADA, GRACE, JOAN, KEN, wit_name, written};
use crate::support::{World, by_email, done, email_of, entry, failed, limit, roster, roster_of};

/// Checks that the plan is withheld, and that `sync` refuses without a write. Its message names the
/// guard, the limit and the actual number.
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

/// Adds five users to Finance, and enables Ken.
async fn staffed(dialect: Dialect) -> (World, [&'static str; 5]) {
    let world = World::acme_over(dialect).await;
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

/// Returns the current roster without these users.
fn absent(world: &World, removed: &[&str], absent: AbsentPolicy) -> SyncRequest {
    let mut request = match world.dialect() {
        Dialect::V2 => current_roster(world),
        _ => roster_of(&world.mock),
    };
    request.roster.retain(|entry| !removed.contains(&email_of(entry)));
    request.policy.absent = absent;
    request
}

#[tokio::test]
async fn three_users_may_be_removed_and_not_a_fourth() {
    for (dialect, policy, kinds) in [
        (Dialect::V2, AbsentPolicy::Disable, &["user-disabled", "sessions-ended"][..]),
        // A deletion over `/api/v2` only disables.
        (Dialect::V2, AbsentPolicy::Delete, &["user-disabled", "sessions-ended"]),
        (Dialect::V1, AbsentPolicy::Disable, &["user-disabled"]),
        (Dialect::V1, AbsentPolicy::Delete, &["user-deleted"]),
    ] {
        let (world, staff) = staffed(dialect).await;
        // The guard on members of a group must not trip too.
        let mut request = absent(&world, &staff[..4], policy);
        limit(&mut request.policy.guards.member_removals).percent = Some(100);
        trips(&world, &request, (Guard::UserRemovals, 3, 4)).await;
        let mut request = absent(&world, &staff[..3], policy);
        limit(&mut request.policy.guards.member_removals).percent = Some(100);
        let report = done(world.tenant.sync(&request).await);
        let expected: Vec<_> = staff[..3]
            .iter()
            .flat_map(|email| kinds.iter().map(move |kind| format!("{kind} {email}")))
            .collect();
        assert_eq!(written(&report.writes), expected, "{dialect:?} {policy:?}");
    }
}

#[tokio::test]
async fn five_percent_of_the_users_may_be_removed() {
    let world = World::with(Options { users: 100, ..Options::default() }).await;
    // 90 of the 100 are enabled: 5 % of them are 4.
    let people: Vec<_> = world.mock.state().users;
    let removed: Vec<_> = people
        .iter()
        .filter(|user| !user.is_admin && !user.is_disabled)
        .map(|user| user.email.as_str())
        .take(5)
        .collect();
    let request = |removed: &[&str]| absent(&world, removed, AbsentPolicy::Disable);
    trips(&world, &request(&removed), (Guard::UserRemovals, 4, 5)).await;
    passes(&world, &request(&removed[..4])).await;
}

#[tokio::test]
async fn the_caller_sets_the_limits() {
    let (world, staff) = staffed(Dialect::V2).await;
    let mut request = absent(&world, &staff[..2], AbsentPolicy::Disable);
    limit(&mut request.policy.guards.user_removals).floor = Some(1);
    trips(&world, &request, (Guard::UserRemovals, 1, 2)).await;
    // 25 % of the 9 enabled users.
    limit(&mut request.policy.guards.user_removals).percent = Some(25);
    passes(&world, &request).await;
    assert!(staff[..2].iter().all(|email| world.person(email).is_disabled));
}

/// Over `/api/v2` there is nothing to do for a disabled user.
#[tokio::test]
async fn v1_deleting_a_disabled_user_counts_as_a_removal() {
    let world = World::acme_over(Dialect::V1).await;
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
    let (world, staff) = staffed(Dialect::V2).await;
    let leaving = |count: usize| {
        let staying = staff.iter().skip(count).map(|email| in_groups(email, &["Finance"]));
        let leaving = staff.iter().take(count).map(|email| entry(email));
        let mut request = roster(staying.chain(leaving).collect());
        request.policy.memberships = MembershipPolicy::Exact;
        request
    };
    let report = trips(&world, &leaving(4), (Guard::MemberRemovals, 3, 4)).await;
    assert_eq!(report.subject.as_deref(), Some("Finance"));
    passes(&world, &leaving(3)).await;
    assert_eq!(world.members_of("Finance"), staff[3..]);
}

/// Only `/api/v1` and SCIM delete users, and their memberships with them.
#[tokio::test]
async fn v1_memberships_lost_with_deleted_users_count_as_member_removals() {
    let (world, staff) = staffed(Dialect::V1).await;
    let mut request = absent(&world, &staff[..2], AbsentPolicy::Delete);
    limit(&mut request.policy.guards.member_removals).floor = Some(1);
    let report = trips(&world, &request, (Guard::MemberRemovals, 1, 2)).await;
    assert_eq!(report.subject.as_deref(), Some("Finance"));
    // 40 % of five.
    limit(&mut request.policy.guards.member_removals).percent = Some(40);
    passes(&world, &request).await;
}

#[tokio::test]
async fn two_enabled_administrators_must_be_left() {
    let world = World::acme().await;
    let request = || absent(&world, &[GRACE], AbsentPolicy::Disable);
    trips(&world, &request(), (Guard::MinimumAdmins, 2, 1)).await;

    let mut one_is_enough = request();
    one_is_enough.policy.guards.minimum_admins = Some(1);
    let plan = done(world.tenant.plan_sync(&one_is_enough).await);
    assert!(plan.guards.iter().all(|guard| !guard.tripped));

    // With a third one, who is enabled in the same sync, two are left.
    world.shape(KEN, |ken| ken.is_admin = true);
    let mut request = request();
    request.roster.push(entry(KEN));
    passes(&world, &request).await;
    assert!(world.person(GRACE).is_disabled && !world.person(KEN).is_disabled);
}

/// Only `/api/v1` can change who is an administrator.
#[tokio::test]
async fn v1_two_administrators_are_left_by_demotions() {
    let world = World::acme_over(Dialect::V1).await;
    let demote = |email| RosterEntry { admin: Some(false), ..entry(email) };
    let request = roster(vec![demote(GRACE)]);
    trips(&world, &request, (Guard::MinimumAdmins, 2, 1)).await;
    trips(&world, &absent(&world, &[GRACE], AbsentPolicy::Disable), (Guard::MinimumAdmins, 2, 1))
        .await;

    // With a third one, who is promoted in the same sync, two are left.
    let promote = RosterEntry { admin: Some(true), ..entry(JOAN) };
    passes(&world, &roster(vec![demote(GRACE), promote])).await;
    assert!(!world.person(GRACE).is_admin && world.person(JOAN).is_admin);

    let mut request = roster(vec![demote(JOAN)]);
    request.policy.guards.minimum_admins = Some(1);
    passes(&world, &request).await;
}

#[tokio::test]
async fn too_few_administrators_do_not_block_a_plan_that_removes_none() {
    let world = World::acme().await;
    world.shape(GRACE, |grace| grace.is_admin = false);
    let request = roster(vec![RosterEntry { first_name: Some("J".into()), ..entry(JOAN) }]);
    passes(&world, &request).await;
    assert_eq!(world.person(JOAN).first_name.as_deref(), Some("J"));
}

/// The guard counted on an administrator who could not be enabled, so the other one is not
/// disabled.
#[tokio::test]
async fn an_administrator_is_disabled_only_after_another_is_enabled() {
    let world = World::acme().await;
    world.shape(KEN, |ken| ken.is_admin = true);
    world.mock.inject(Fault {
        method: Some("PATCH".into()),
        path: Some(world.user_path(KEN)),
        ..Fault::new(FaultKind::Status { code: 422, retry_after: None, body: None })
    });
    let mut request = roster(vec![entry(ADA), entry(JOAN), entry(KEN)]);
    request.policy.absent = AbsentPolicy::Disable;
    let report = done(world.tenant.sync(&request).await);
    assert!(!report.complete && report.writes.is_empty());
    let failure = super::of(&report, GRACE).failure.as_ref().expect("a failure");
    assert_eq!(failure.code, "last-admin");
    assert!(!world.person(GRACE).is_disabled);

    world.mock.clear_faults();
    let report = done(world.tenant.sync(&request).await);
    assert!(report.complete);
    assert_eq!(
        written(&report.writes),
        [
            "user-enabled ken@acme.example",
            "user-disabled grace@acme.example",
            "sessions-ended grace@acme.example",
        ],
        "the enabled one first"
    );
}

/// The guard counted on a new administrator who could not be promoted, so the old one keeps the
/// right. Only `/api/v1` can change who is an administrator.
#[tokio::test]
async fn v1_an_administrator_is_demoted_only_after_another_is_promoted() {
    let world = World::acme_over(Dialect::V1).await;
    world.mock.inject(Fault {
        method: Some("PUT".into()),
        path: Some(world.v1_path_of(JOAN)),
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
async fn required_administrators_must_be_enabled_afterwards() {
    let world = World::acme().await;
    let mut request = roster(vec![entry(ADA), entry(GRACE), entry(KEN)]);
    request.policy.guards.required_admins = vec![by_email(ADA), by_email(" Ken@acme.example")];
    let report = trips(&world, &request, (Guard::RequiredAdmins, 1, 0)).await;
    assert_eq!(report.subject.as_deref(), Some("Ken@acme.example"));

    // Ken is disabled before, and the sync enables him.
    world.shape(KEN, |ken| ken.is_admin = true);
    passes(&world, &request).await;
    assert!(!world.person(KEN).is_disabled);
}

/// Only `/api/v1` can change who is an administrator.
#[tokio::test]
async fn v1_required_administrators_may_be_promoted_by_the_sync() {
    let world = World::acme_over(Dialect::V1).await;
    let mut request = roster(vec![entry(JOAN)]);
    request.policy.guards.required_admins = vec![by_email(ADA), by_email(" Joan@acme.example")];
    let report = trips(&world, &request, (Guard::RequiredAdmins, 1, 0)).await;
    assert_eq!(report.subject.as_deref(), Some("Joan@acme.example"));

    request.roster = vec![RosterEntry { admin: Some(true), ..entry(JOAN) }];
    passes(&world, &request).await;
    assert!(world.person(JOAN).is_admin);
}

#[tokio::test]
async fn an_empty_roster_is_refused_unless_it_is_allowed() {
    let world = World::acme().await;
    let mut request = roster(Vec::new());
    trips(&world, &request, (Guard::EmptyRoster, 1, 0)).await;
    request.policy.guards.allow_empty_roster = true;
    passes(&world, &request).await;
}

#[tokio::test]
async fn the_message_names_every_tripped_guard() {
    for dialect in [Dialect::V2, Dialect::V1] {
        let world = World::acme_over(dialect).await;
        if dialect == Dialect::V2 {
            // Ken is disabled already, which is no removal over `/api/v2`.
            world.shape(KEN, |ken| ken.is_disabled = false);
        }
        let mut request = roster(Vec::new());
        request.policy.absent = AbsentPolicy::Delete;
        let detail = refused(&world, &request).await;
        for guard in ["user-removals", "minimum-admins", "empty-roster"] {
            assert!(detail.message.contains(guard), "{guard}: {}", detail.message);
        }
    }
}

#[tokio::test]
async fn no_plan_is_made_from_an_inconsistent_listing() {
    let world = World::with(Options { users: 60, ..Options::default() }).await;
    // The list of all users is too large for one response, so it is read page by page.
    let tenant =
        world.tenant_with(&[("RETOOL_PAGE_SIZE", "10"), ("RETOOL_MAX_BODY_BYTES", "20000")]);
    let mut request = current_roster(&world);
    request.policy.absent = AbsentPolicy::Delete;
    assert!(done(tenant.plan_sync(&request).await).guards.iter().all(|guard| !guard.tripped));
    world.mock.inject(Fault::new(FaultKind::RepeatPage));
    for (case, detail) in
        [failed(tenant.plan_sync(&request).await), failed(tenant.sync(&request).await)]
    {
        assert_eq!((case, detail.code.as_str()), ("transient unavailable", "listing-incomplete"));
    }
    assert!(world.writes().is_empty());
}

#[tokio::test]
async fn v1_no_plan_is_made_from_an_inconsistent_listing() {
    let world = v1_with(Options { users: 12, max_page_size: 5, ..Options::default() }).await;
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
