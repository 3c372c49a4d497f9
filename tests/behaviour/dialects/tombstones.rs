//! A sync or a step records what it removed from users, and `restore` undoes it.

use host_test::retool::lifecycle::RestoreOutcome;
use host_test::retool::synchronization::{
    AbsentPolicy, MembershipPolicy, RosterEntry, StepOutcome, SyncRequest,
};
use host_test::retool::types::{Dialect, Tombstone};

use crate::support::acme::{ADA, GRACE, JOAN, KEN};
use crate::support::{World, address, done, entry, memberships, named, restoring, roster};

over_every_dialect!(
    restore_undoes_a_sync_that_disabled_and_stripped,
    restore_undoes_a_sync_that_deleted,
    restore_undoes_steps_that_disabled_and_stripped,
    restore_undoes_steps_that_deleted,
);

/// Returns a request that removes Ada from Support, and Joan, who is absent. Grace and Ken do not
/// change.
fn leaving(absent: AbsentPolicy) -> SyncRequest {
    let stay = |email, groups: &[&str]| RosterEntry {
        groups: memberships(groups.iter().map(|name| named(name))),
        ..entry(email)
    };
    let mut request = roster(vec![
        stay(ADA, &["Engineering"]),
        stay(GRACE, &["Engineering"]),
        stay(KEN, &["Support"]),
    ]);
    request.policy.default_user_type = None;
    request.policy.re_enable_disabled = false;
    request.policy.absent = absent;
    request.policy.memberships = MembershipPolicy::Exact;
    request
}

/// Restores Ada and Joan, and compares all users with their state before.
async fn assert_restored(
    world: &World,
    tombstones: Vec<Tombstone>,
    before: &[mock_retool::User],
    groups: &[Vec<String>],
) {
    let emails: Vec<_> = tombstones.iter().map(|was| address(&was.user.email)).collect();
    assert_eq!(emails, [ADA, JOAN]);
    assert!(tombstones.iter().all(|was| !was.user.disabled && was.user.groups.is_some()));
    let request = restoring(tombstones, true);
    let result = done(world.tenant.restore(&request).await);
    assert!(result.complete, "{:?}", result.people);
    for (was, groups) in before.iter().zip(groups) {
        let now = world.person(&was.email);
        assert_eq!((now.is_disabled, now.is_admin), (was.is_disabled, was.is_admin));
        assert_eq!((&now.first_name, &now.last_name), (&was.first_name, &was.last_name));
        assert_eq!(world.groups_of(&was.email), *groups, "{}", was.email);
    }
    let again = done(world.tenant.restore(&request).await);
    assert!(again.people.iter().all(|person| person.outcome == RestoreOutcome::Unchanged));
    assert!(again.writes.is_empty());
}

async fn by_sync(dialect: Dialect, absent: AbsentPolicy) {
    let world = World::acme_over(dialect).await;
    let (before, groups) = people(&world);
    let ids = [ADA, JOAN].map(|email| world.user_id(email));
    let report = done(world.tenant.sync(&leaving(absent)).await);
    assert!(report.tombstones.iter().map(|was| &was.user.id).eq(&ids));
    assert_restored(&world, report.tombstones, &before, &groups).await;
}

async fn by_steps(dialect: Dialect, absent: AbsentPolicy) {
    let world = World::acme_over(dialect).await;
    let (before, groups) = people(&world);
    let plan = done(world.tenant.plan_sync(&leaving(absent)).await);
    let mut tombstones = Vec::new();
    for step in &plan.steps {
        let result = done(world.tenant.apply_step(step).await);
        assert_eq!(result.outcome, StepOutcome::Applied, "{:?}", result.reason);
        tombstones.push(result.tombstone.expect("a tombstone"));
    }
    let known = plan.tombstones.iter().map(|was| (&was.user.id, was.user.disabled));
    assert!(known.eq(tombstones.iter().map(|was| (&was.user.id, was.user.disabled))));
    assert_restored(&world, tombstones, &before, &groups).await;
}

/// Returns all users and their groups.
fn people(world: &World) -> (Vec<mock_retool::User>, Vec<Vec<String>>) {
    let users = world.mock.state().users;
    let groups = users.iter().map(|user| world.groups_of(&user.email)).collect();
    (users, groups)
}

async fn restore_undoes_a_sync_that_disabled_and_stripped(dialect: Dialect) {
    by_sync(dialect, AbsentPolicy::Disable).await;
}

async fn restore_undoes_a_sync_that_deleted(dialect: Dialect) {
    by_sync(dialect, AbsentPolicy::Delete).await;
}

async fn restore_undoes_steps_that_disabled_and_stripped(dialect: Dialect) {
    by_steps(dialect, AbsentPolicy::Disable).await;
}

async fn restore_undoes_steps_that_deleted(dialect: Dialect) {
    by_steps(dialect, AbsentPolicy::Delete).await;
}
