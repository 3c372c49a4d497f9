//! `restore`: undoes a deprovision.

use host_test::retool::lifecycle::{DeprovisionMode, RestoreOutcome};
use host_test::retool::types::{Dialect, Tombstone};

use crate::support::acme::{ADA, JOAN, timeless, written};
use crate::support::{Restored, World, departure, done, failed_to_restore, restored, restoring};

over_every_dialect!(
    a_disabled_account_is_enabled_with_its_memberships,
    a_deleted_account_is_created_again,
    fields_that_changed_meanwhile_are_reset,
    a_right_that_can_not_be_given_is_reported,
    a_right_that_was_kept_is_not_reported,
    deleted_groups_are_reported,
    a_tombstone_of_another_api_is_refused,
);

async fn tombstone(world: &World, email: &str, mode: DeprovisionMode) -> Tombstone {
    let result = done(world.tenant.deprovision(&departure(email, mode)).await);
    world.mock.clear_requests();
    result.tombstone.expect("a tombstone")
}

async fn restore(world: &World, tombstone: &Tombstone) -> Restored {
    let request = restoring([tombstone.clone()], true);
    restored(world.tenant.restore(&request).await)
}

async fn a_disabled_account_is_enabled_with_its_memberships(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let before = world.person(JOAN);
    let was = tombstone(&world, JOAN, DeprovisionMode::DisableAndStripGroups).await;
    let result = restore(&world, &was).await;
    assert_eq!(result.outcome, RestoreOutcome::ReEnabled);
    assert_eq!(result.groups_added, world.links(&["viewer", "Support"]));
    assert!(!result.invitation_sent && result.not_restored.is_empty(), "{:?}", result.not_restored);
    assert_eq!(
        written(&result.writes),
        [
            "user-enabled joan@acme.example",
            "member-added joan@acme.example [viewer]",
            "member-added joan@acme.example [Support]",
        ]
    );
    assert_eq!(timeless(world.person(JOAN)), timeless(before));

    world.mock.clear_requests();
    let again = restore(&world, &was).await;
    assert_eq!(again.outcome, RestoreOutcome::Unchanged);
    assert!(again.writes.is_empty() && world.writes().is_empty());
}

async fn a_deleted_account_is_created_again(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let before = world.person(JOAN);
    let was = tombstone(&world, JOAN, DeprovisionMode::Delete).await;
    if dialect == Dialect::V2 {
        // The deletion only disabled.
        let result = restore(&world, &was).await;
        assert_eq!(result.outcome, RestoreOutcome::ReEnabled);
        assert_eq!(written(&result.writes), ["user-enabled joan@acme.example"]);
        assert_eq!(timeless(world.person(JOAN)), timeless(before));
        return;
    }
    let request = restoring([was.clone()], false);
    let (kind, _) = failed_to_restore(world.tenant.restore(&request).await);
    assert_eq!(kind, "not-found");
    assert!(world.writes().is_empty());

    let result = restore(&world, &was).await;
    assert_eq!(result.outcome, RestoreOutcome::ReCreated);
    let after = world.person(JOAN);
    assert_ne!(after.id, before.id);
    assert_eq!(result.user.id, world.user_id(JOAN));
    assert_eq!((after.first_name, after.last_name), (before.first_name, before.last_name));
    assert_eq!(world.groups_of(JOAN), ["Support", "viewer"]);
    assert_eq!(result.invitation_sent, dialect == Dialect::V1);
    let mentions = |word: &str| result.not_restored.iter().any(|line| line.contains(word));
    assert!(mentions("new id") && mentions("App permissions"), "{:?}", result.not_restored);
}

async fn fields_that_changed_meanwhile_are_reset(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let was = tombstone(&world, JOAN, DeprovisionMode::Disable).await;
    world.shape(JOAN, |joan| {
        joan.is_disabled = false;
        joan.last_name = Some("Other".into());
    });
    let result = restore(&world, &was).await;
    assert_eq!(result.outcome, RestoreOutcome::Updated);
    assert_eq!(world.person(JOAN).last_name.as_deref(), Some("Doe"));
}

async fn a_right_that_can_not_be_given_is_reported(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let was = tombstone(&world, ADA, DeprovisionMode::Disable).await;
    world.shape(ADA, |ada| ada.is_admin = false);
    let result = restore(&world, &was).await;
    assert_eq!(result.outcome, RestoreOutcome::ReEnabled);
    let reported = result.not_restored.iter().any(|line| line.contains("administrator"));
    let can_give = dialect == Dialect::V1;
    assert_eq!(world.person(ADA).is_admin, can_give);
    assert_eq!(reported, !can_give, "{:?}", result.not_restored);
}

/// A disabled administrator keeps the right, so it does not have to be given back.
async fn a_right_that_was_kept_is_not_reported(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let was = tombstone(&world, ADA, DeprovisionMode::Disable).await;
    let result = restore(&world, &was).await;
    assert_eq!(result.outcome, RestoreOutcome::ReEnabled);
    assert!(world.person(ADA).is_admin);
    assert!(result.not_restored.is_empty(), "{:?}", result.not_restored);
}

async fn deleted_groups_are_reported(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let was = tombstone(&world, JOAN, DeprovisionMode::DisableAndStripGroups).await;
    let support = world.group("Support").id;
    world.mock.edit(|acme| acme.delete_group(support)).expect("the group");
    let result = restore(&world, &was).await;
    assert_eq!(result.groups_added, world.links(&["viewer"]));
    let [gone] = &result.not_restored[..] else { panic!("{:?}", result.not_restored) };
    assert!(gone.contains("Support"), "{gone}");
}

/// The ids of one API have no meaning in another. So no request is sent.
async fn a_tombstone_of_another_api_is_refused(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let was = tombstone(&world, JOAN, DeprovisionMode::Disable).await;
    let other = match dialect {
        Dialect::V1 => Dialect::V2,
        Dialect::V2 => Dialect::Scim,
        _ => Dialect::V1,
    };
    for re_create in [false, true] {
        let request = restoring([was.clone()], re_create);
        let (kind, detail) = failed_to_restore(world.over(other).restore(&request).await);
        assert_eq!((kind, detail.code.as_str()), ("invalid-input", "invalid-value"));
        assert_eq!(detail.field.as_deref(), Some("request.tombstones[0].user.id"));
    }
    assert!(world.requests().is_empty());
    assert!(world.person(JOAN).is_disabled);
}
