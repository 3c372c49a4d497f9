//! Everyone that a sync or an applied plan removed comes back as they were.

use host_test::retool::lifecycle::RestoreOutcome;
use host_test::retool::synchronization::{AbsentPolicy, ApplyPlanRequest, SyncRequest};
use host_test::retool::types::{Dialect, Tombstone};
use mock_retool::Options;

use crate::support::acme::timeless;
use crate::support::{World, address, allow_growth, done, email_of, limit, restoring, roster_of};

over_every_dialect!(
    everyone_whom_a_sync_removed_comes_back_as_they_were,
    everyone_whom_an_applied_plan_removed_comes_back_as_they_were,
);

const PEOPLE: usize = 24;

/// An organisation of people who are all enabled, and a roster that lacks those who are no
/// administrators.
async fn leaving(dialect: Dialect, absent: AbsentPolicy) -> (World, SyncRequest) {
    let options = Options { users: PEOPLE, ..Options::default() };
    let world = World::with_over(dialect, options).await;
    world.mock.edit(|acme| acme.users.iter_mut().for_each(|user| user.is_disabled = false));
    let mut request = roster_of(&world.mock);
    request.policy.default_user_type = None;
    request.policy.absent = absent;
    request.roster.retain(|entry| world.person(email_of(entry)).is_admin);
    // The types of this organisation are not those of each dialect.
    request.roster.iter_mut().for_each(|entry| {
        entry.user_type = None;
        entry.admin = None;
        entry.groups.clear();
    });
    let guards = &mut request.policy.guards;
    guards.minimum_admins = Some(0);
    limit(&mut guards.user_removals).floor = Some(PEOPLE as u32);
    limit(&mut guards.member_removals).floor = Some(PEOPLE as u32);
    allow_growth(&mut request);
    (world, request)
}

async fn assert_restored(world: &World, tombstones: Vec<Tombstone>, before: &[mock_retool::User]) {
    assert!(tombstones.len() > PEOPLE / 2, "{}", tombstones.len());
    let order: Vec<String> =
        tombstones.iter().map(|one| address(&one.user.email).to_owned()).collect();
    let request = restoring(tombstones, true);
    let result = done(world.tenant.restore(&request).await);
    assert!(result.complete, "{:?}", result.people);
    assert!(result.people.iter().map(|one| address(&one.email)).eq(order.iter()));
    for was in before {
        let now = world.person(&was.email);
        assert_eq!(
            (&now.first_name, &now.last_name, now.is_admin, now.is_disabled),
            (&was.first_name, &was.last_name, was.is_admin, false),
            "{}",
            was.email
        );
        let joined = |user: &mock_retool::User| {
            user.memberships.iter().map(|one| one.group).collect::<Vec<_>>()
        };
        assert_eq!(joined(&now), joined(was), "{}", was.email);
        if now.id == was.id {
            assert_eq!(timeless(now), timeless(was.clone()));
        }
    }
    world.mock.clear_requests();
    let again = done(world.tenant.restore(&request).await);
    assert!(again.people.iter().all(|one| one.outcome == RestoreOutcome::Unchanged));
    assert!(again.writes.is_empty() && world.writes().is_empty());
}

async fn everyone_whom_a_sync_removed_comes_back_as_they_were(dialect: Dialect) {
    for absent in [AbsentPolicy::Disable, AbsentPolicy::Delete] {
        let (world, request) = leaving(dialect, absent).await;
        let before = world.mock.state().users;
        let report = done(world.tenant.sync(&request).await);
        assert!(report.complete, "{report:?}");
        assert_restored(&world, report.tombstones, &before).await;
    }
}

async fn everyone_whom_an_applied_plan_removed_comes_back_as_they_were(dialect: Dialect) {
    for absent in [AbsentPolicy::Disable, AbsentPolicy::Delete] {
        let (world, request) = leaving(dialect, absent).await;
        let before = world.mock.state().users;
        let plan = done(world.tenant.plan_sync(&request).await);
        let approved_digest = plan.digest.clone();
        let apply = ApplyPlanRequest { plan, approved_digest, first: 0, count: None };
        let report = done(world.tenant.apply_plan(&apply).await);
        assert!(report.complete, "{report:?}");
        assert_restored(&world, report.tombstones, &before).await;
    }
}
