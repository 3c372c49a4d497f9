//! Whoever loses rights or values by a sync or a step has a tombstone, and `restore` gives them
//! back.

use host_test::retool::lifecycle::RestoreOutcome;
use host_test::retool::synchronization::{MembershipPolicy, RosterEntry, StepOutcome, SyncRequest};
use host_test::retool::types::{ClearableField, Dialect, Membership, Tombstone};
use mock_retool::UserAttribute;
use serde_json::{Value, json};

use crate::support::acme::{ADA, FINANCE, GRACE, JOAN, KEN, timeless};
use crate::support::{World, address, done, entry, named, restoring, roster};

over_every_dialect!(
    restore_gives_back_cleared_values,
    restore_gives_back_administrators_rights,
    restore_gives_back_the_administration_of_a_group,
    a_change_that_takes_nothing_has_no_tombstone,
);

/// Returns a request about one person that may leave one administrator.
fn request(desired: RosterEntry) -> SyncRequest {
    let mut request = roster(vec![desired]);
    request.policy.memberships = MembershipPolicy::Add;
    request.policy.guards.minimum_admins = Some(1);
    request
}

/// The ways of applying a plan.
#[derive(Clone, Copy, Debug)]
enum By {
    Sync,
    Plan,
    Steps,
}

/// Applies a request. Returns the tombstones.
async fn apply(world: &World, request: &SyncRequest, by: By) -> Vec<Tombstone> {
    let plan = done(world.tenant.plan_sync(request).await);
    let planned: Vec<_> = plan.tombstones.iter().map(|was| was.user.id.clone()).collect();
    let tombstones = match by {
        By::Sync => done(world.tenant.sync(request).await).tombstones,
        By::Plan => {
            let digest = plan.digest.clone();
            let request = host_test::requests::apply_plan(plan, digest);
            done(world.tenant.apply_plan(&request).await).tombstones
        }
        By::Steps => {
            let mut tombstones: Vec<Tombstone> = Vec::new();
            for step in &plan.steps {
                let result = done(world.tenant.apply_step(step).await);
                assert_eq!(result.outcome, StepOutcome::Applied, "{:?}", result.reason);
                // The first one of a person is from before all steps.
                let is_new =
                    |was: &Tombstone| tombstones.iter().all(|had| had.user.id != was.user.id);
                tombstones.extend(result.tombstone.filter(is_new));
            }
            tombstones
        }
    };
    let recorded: Vec<_> = tombstones.iter().map(|was| was.user.id.clone()).collect();
    assert_eq!(recorded, planned, "{by:?}");
    tombstones
}

/// Applies a request to an organisation in each way, and undoes it: `person` is as before, and so is
/// everybody else. An edit by another administrator in between, of what the tombstone does not
/// name, is kept.
async fn assert_undone(dialect: Dialect, person: &str, desired: &RosterEntry, prepare: fn(&World)) {
    for by in [By::Sync, By::Plan, By::Steps] {
        let world = World::acme_over(dialect).await;
        prepare(&world);
        let before = world.mock.state();
        let was = world.person(person);
        let tombstones = apply(&world, &request(desired.clone()), by).await;
        let people: Vec<_> = tombstones.iter().map(|was| address(&was.user.email)).collect();
        assert_eq!(people, [person], "{by:?}");
        assert_ne!(timeless(world.person(person)), timeless(was.clone()), "{by:?}");

        let finance = mock_retool::Membership { group: FINANCE, is_group_admin: false };
        world.shape(person, |user| user.memberships.push(finance));
        let mut expected = was;
        expected.memberships.push(finance);
        world.mock.clear_requests();
        let request = restoring(tombstones, false);
        let result = done(world.tenant.restore(&request).await);
        assert!(result.complete, "{:?}", result.people);
        assert_eq!(result.people[0].outcome, RestoreOutcome::Updated, "{by:?}");
        assert_eq!(timeless(world.person(person)), timeless(expected), "{by:?}");
        for other in before.users.iter().filter(|user| user.email != person) {
            assert_eq!(&world.person(&other.email), other, "{by:?}");
        }
        let again = done(world.tenant.restore(&request).await);
        assert_eq!(again.people[0].outcome, RestoreOutcome::Unchanged, "{by:?}");
        assert!(again.writes.is_empty());
    }
}

async fn restore_gives_back_cleared_values(dialect: Dialect) {
    let clear = match dialect {
        Dialect::V1 => vec![ClearableField::LastName, ClearableField::ProfilePhotoUrl],
        Dialect::V2 => vec![
            ClearableField::FirstName,
            ClearableField::MetadataKey("note".into()),
            ClearableField::Attribute("team".into()),
        ],
        _ => vec![ClearableField::FirstName, ClearableField::LastName],
    };
    let prepare = |world: &World| {
        world.mock.edit(|acme| acme.attributes = vec![UserAttribute::text("team")]);
        if world.dialect() == Dialect::V2 {
            let metadata = json!({"note": {"a": 1}, "team": "red", "kept": true});
            let Value::Object(metadata) = metadata else { panic!("an object") };
            world.shape(JOAN, |joan| joan.metadata = metadata);
        }
    };
    assert_undone(dialect, JOAN, &RosterEntry { clear, ..entry(JOAN) }, prepare).await;
}

async fn restore_gives_back_administrators_rights(dialect: Dialect) {
    let desired = RosterEntry { admin: Some(false), ..entry(GRACE) };
    if dialect != Dialect::V1 {
        // The others give and take these rights by the group `admin` alone.
        let world = World::acme_over(dialect).await;
        let plan = done(world.tenant.plan_sync(&request(desired)).await);
        assert!(plan.steps.is_empty() && plan.tombstones.is_empty());
        return;
    }
    assert_undone(dialect, GRACE, &desired, |_| {}).await;
}

async fn restore_gives_back_the_administration_of_a_group(dialect: Dialect) {
    let groups = vec![Membership { group: named("Support"), group_admin: Some(false) }];
    let desired = RosterEntry { groups, ..entry(ADA) };
    if dialect != Dialect::V2 {
        let world = World::acme_over(dialect).await;
        let plan = done(world.tenant.plan_sync(&request(desired)).await);
        assert!(plan.steps.is_empty() && plan.tombstones.is_empty());
        return;
    }
    let prepare = |world: &World| {
        world.shape(ADA, |ada| {
            ada.memberships.iter_mut().for_each(|membership| membership.is_group_admin = true);
        });
    };
    assert_undone(dialect, ADA, &desired, prepare).await;
}

async fn a_change_that_takes_nothing_has_no_tombstone(dialect: Dialect) {
    for by in [By::Sync, By::Plan, By::Steps] {
        let world = World::acme_over(dialect).await;
        let mut request = request(RosterEntry {
            first_name: Some("Kenneth".into()),
            groups: vec![Membership { group: named("Finance"), group_admin: None }],
            ..entry(KEN)
        });
        request.policy.default_user_type = None;
        assert!(apply(&world, &request, by).await.is_empty());
        assert_eq!(world.person(KEN).first_name.as_deref(), Some("Kenneth"));
    }
}
