//! Who administers a group is recorded and restored with the membership.

use host_test::retool::lifecycle::{DeprovisionMode, RestoreOutcome};
use host_test::retool::synchronization::{MembershipPolicy, RosterEntry, SyncRequest};
use host_test::retool::types::{Dialect, Tombstone, User};

use crate::support::acme::{ADA, GRACE, JOAN, KEN, written};
use crate::support::{
    World, by_email, departure, done, entry, memberships, named, restored, restoring, roster,
};

/// Joan administers Support, and is a plain member of `viewer`.
async fn world(dialect: Dialect) -> World {
    let world = World::acme_over(dialect).await;
    world.shape(JOAN, |joan| joan.memberships[1].is_group_admin = true);
    world
}

fn administered(user: &User) -> Vec<Option<bool>> {
    user.groups.iter().flatten().map(|link| link.group_admin).collect()
}

fn administers_support(world: &World) -> bool {
    world.person(JOAN).memberships.iter().any(|membership| membership.is_group_admin)
}

async fn strip(world: &World) -> Tombstone {
    let request = departure(JOAN, DeprovisionMode::DisableAndStripGroups);
    let tombstone = done(world.tenant.deprovision(&request).await).tombstone.expect("a tombstone");
    assert!(world.groups_of(JOAN).is_empty());
    tombstone
}

#[tokio::test]
async fn a_strip_records_who_administers_a_group_and_restore_gives_it_back() {
    let world = world(Dialect::V2).await;
    let tombstone = strip(&world).await;
    assert_eq!(administered(&tombstone.user), [Some(false), Some(true)]);
    let result = restored(world.tenant.restore(&restoring([tombstone.clone()], false)).await);
    assert_eq!(result.not_restored, [""; 0]);
    assert!(written(&result.writes).contains(&"member-changed joan@acme.example [Support]".into()));
    assert_eq!(world.groups_of(JOAN), ["Support", "viewer"]);
    assert!(administers_support(&world));
    let again = restored(world.tenant.restore(&restoring([tombstone], false)).await);
    assert_eq!((again.outcome, again.writes.len()), (RestoreOutcome::Unchanged, 0));
}

#[tokio::test]
async fn a_sync_that_takes_a_group_from_its_administrator_is_undone_whole() {
    let world = world(Dialect::V2).await;
    let stay = |email: &str, group: &str| RosterEntry {
        groups: memberships([named(group)]),
        ..entry(email)
    };
    let mut request: SyncRequest = roster(vec![
        stay(ADA, "Engineering"),
        stay(GRACE, "Engineering"),
        stay(JOAN, "viewer"),
        stay(KEN, "Support"),
    ]);
    request.policy.re_enable_disabled = false;
    request.policy.memberships = MembershipPolicy::Exact;
    let report = done(world.tenant.sync(&request).await);
    assert_eq!(world.groups_of(JOAN), ["viewer"]);
    let joan = report.tombstones.into_iter().find(|one| one.user.email.as_deref() == Some(JOAN));
    restored(world.tenant.restore(&restoring(joan, false)).await);
    assert!(administers_support(&world));
}

#[tokio::test]
async fn what_find_user_says_restores_memberships_and_the_rest_is_said() {
    let world = world(Dialect::V2).await;
    let found = done(world.tenant.find_user(&by_email(JOAN)).await).expect("Joan");
    // That would take a request for each group.
    assert_eq!(administered(&found), [None, None]);
    let tombstone = Tombstone { user: found, ..strip(&world).await };
    let result = restored(world.tenant.restore(&restoring([tombstone], false)).await);
    assert_eq!(world.groups_of(JOAN), ["Support", "viewer"]);
    for (group, line) in ["viewer", "Support"].iter().zip(&result.not_restored) {
        assert!(line.contains(group) && line.contains("administer"), "{line}");
    }
    assert_eq!(result.not_restored.len(), 2);
}

/// A tombstone that a caller made of a record without memberships.
#[tokio::test]
async fn a_tombstone_without_memberships_is_not_restored_in_silence() {
    for dialect in [Dialect::V1, Dialect::V2, Dialect::Scim] {
        let world = world(dialect).await;
        let mut tombstone = strip(&world).await;
        tombstone.user.groups = None;
        let result = restored(world.tenant.restore(&restoring([tombstone], false)).await);
        let [what] = &result.not_restored[..] else { panic!("{:?}", result.not_restored) };
        assert!(what.contains("which groups"), "{what}");
        assert!(world.groups_of(JOAN).is_empty());
    }
}

/// A dialect that can't make somebody an administrator of a group says so.
#[tokio::test]
async fn what_a_dialect_can_not_restore_is_said() {
    for dialect in [Dialect::V1, Dialect::Scim] {
        let world = world(dialect).await;
        let mut tombstone = strip(&world).await;
        for link in tombstone.user.groups.iter_mut().flatten() {
            link.group_admin = Some(link.name.as_deref() == Some("Support"));
        }
        let result = restored(world.tenant.restore(&restoring([tombstone], false)).await);
        let [what] = &result.not_restored[..] else { panic!("{:?}", result.not_restored) };
        assert!(what.contains("administration") && what.contains("Support"), "{what}");
    }
}
