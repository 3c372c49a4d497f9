//! The guards against a wrong roster work the same over every dialect, and write nothing.

use host_test::retool::synchronization::{
    AbsentPolicy, Guard, MembershipPolicy, Plan, SyncRequest,
};
use host_test::retool::types::Dialect;

use crate::support::acme::{ADA, GRACE, JOAN, KEN};
use crate::support::{World, by_email, done, entry, failed, memberships, named, roster};

over_every_dialect!(
    four_removals_of_users_are_refused_and_three_are_not,
    four_removals_from_a_group_are_refused_and_three_are_not,
    two_administrators_must_remain,
    required_administrators_must_be_administrators,
    an_empty_roster_is_refused_unless_it_is_allowed,
    protected_users_stay_enabled_and_in_their_groups,
);

/// Returns the guards that a plan trips.
fn tripped(plan: &Plan) -> Vec<Guard> {
    plan.guards.iter().filter(|report| report.tripped).map(|report| report.guard).collect()
}

/// Checks that a guard refuses plan and sync, and that nothing is written.
async fn assert_refused(world: &World, request: &SyncRequest, guard: Guard) {
    let before = world.mock.state();
    let plan = done(world.tenant.plan_sync(request).await);
    assert_eq!(tripped(&plan), [guard]);
    assert!(plan.steps.is_empty());
    let (case, detail) = failed(world.tenant.sync(request).await);
    assert_eq!((case, detail.code.as_str()), ("permanent refused", "guard-tripped"));
    assert!(world.writes().is_empty());
    assert_eq!(world.mock.state(), before);
}

async fn four_removals_of_users_are_refused_and_three_are_not(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let leavers = ["p1@acme.example", "p2@acme.example", "p3@acme.example"];
    for leaver in leavers {
        world.add(leaver, &[]);
    }
    for absent in [AbsentPolicy::Disable, AbsentPolicy::Delete] {
        let mut request = roster(vec![entry(ADA), entry(GRACE), entry(KEN)]);
        request.policy.re_enable_disabled = false;
        request.policy.absent = absent;
        // Joan is the fourth.
        assert_refused(&world, &request, Guard::UserRemovals).await;
        request.roster.push(entry(JOAN));
        assert_eq!(tripped(&done(world.tenant.plan_sync(&request).await)), []);
    }
}

async fn four_removals_from_a_group_are_refused_and_three_are_not(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let people = ["p1@acme.example", "p2@acme.example", "p3@acme.example", "p4@acme.example"];
    for person in people {
        world.add(person, &["Finance"]);
    }
    let mut request = roster(people.into_iter().map(entry).collect());
    request.policy.memberships = MembershipPolicy::Exact;
    request.policy.managed_groups = vec![named("Finance")];
    assert_refused(&world, &request, Guard::MemberRemovals).await;
    request.roster[0].groups = memberships([named("Finance")]);
    assert!(done(world.tenant.sync(&request).await).complete);
    assert_eq!(world.members_of("Finance"), ["p1@acme.example"]);
}

async fn two_administrators_must_remain(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let mut request = roster(vec![entry(GRACE), entry(JOAN)]);
    request.policy.absent = AbsentPolicy::Disable;
    assert_refused(&world, &request, Guard::MinimumAdmins).await;
    request.policy.guards.minimum_admins = Some(1);
    assert!(done(world.tenant.sync(&request).await).complete);
    assert!(world.person(ADA).is_disabled);
}

async fn required_administrators_must_be_administrators(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let mut request = roster(vec![entry(ADA), entry(GRACE)]);
    request.policy.guards.required_admins = vec![by_email(ADA), by_email(JOAN)];
    assert_refused(&world, &request, Guard::RequiredAdmins).await;
    request.policy.guards.required_admins = vec![by_email(ADA), by_email(GRACE.to_uppercase())];
    assert_eq!(tripped(&done(world.tenant.plan_sync(&request).await)), []);
}

async fn an_empty_roster_is_refused_unless_it_is_allowed(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let mut request = roster(Vec::new());
    assert_refused(&world, &request, Guard::EmptyRoster).await;
    request.policy.guards.allow_empty_roster = true;
    assert!(done(world.tenant.sync(&request).await).writes.is_empty());
}

async fn protected_users_stay_enabled_and_in_their_groups(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let before = world.mock.state();
    let mut request = roster(vec![entry(ADA), entry(GRACE)]);
    request.policy.absent = AbsentPolicy::Delete;
    request.policy.memberships = MembershipPolicy::Exact;
    request.policy.managed_groups = vec![named("Support"), named("Engineering")];
    request.policy.guards.protected_people = [ADA, GRACE, JOAN, KEN].map(by_email).to_vec();
    let report = done(world.tenant.sync(&request).await);
    assert!(!report.complete && report.writes.is_empty());
    assert_eq!(world.mock.state(), before);
}

/// SCIM has no field for administrators. If no record lists their group, no user is removed.
#[tokio::test]
async fn without_known_administrators_removals_are_refused() {
    let world = World::acme_over(Dialect::Scim).await;
    for email in [ADA, GRACE] {
        world.shape(email, |user| user.is_admin = false);
    }
    let mut request = roster(vec![entry(ADA), entry(GRACE)]);
    request.policy.absent = AbsentPolicy::Disable;
    assert_refused(&world, &request, Guard::MinimumAdmins).await;
    let plan = done(world.tenant.plan_sync(&request).await);
    let report = plan.guards.iter().find(|report| report.tripped).expect("a guard");
    assert!(report.message.contains("does not say who administers"), "{}", report.message);

    request.policy.guards.minimum_admins = Some(0);
    assert!(done(world.tenant.sync(&request).await).complete);
    assert!(world.person(JOAN).is_disabled);
}
