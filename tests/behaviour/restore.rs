//! Restoring deprovisioned users.

use host_test::retool::lifecycle::{DeprovisionMode, RestoreOutcome};
use host_test::retool::types::{Dialect, Tombstone, UserType};
use mock_retool::{Fault, FaultKind};

use crate::support::acme::{ADA, GRACE, JOAN, SUPPORT, link, timeless, written};
use crate::support::dialects::text;
use crate::support::{
    Restored, World, departure, done, failed, failed_to_restore, restored, restoring,
};

/// Deprovisions a user and returns the tombstone.
async fn deprovision(world: &World, email: &str, mode: DeprovisionMode) -> Tombstone {
    let result = done(world.tenant.deprovision(&departure(email, mode)).await);
    world.mock.clear_requests();
    result.tombstone.expect("a tombstone")
}

/// Deprovisions a user, deletes the account for good, and returns the tombstone. Over `/api/v2` a
/// deletion only disables, so the account is then deleted in Retool.
async fn delete(world: &World, email: &str) -> Tombstone {
    let tombstone = deprovision(world, email, DeprovisionMode::Delete).await;
    if world.dialect() == Dialect::V2 {
        let id = world.id_of(email);
        world.mock.edit(|acme| acme.delete_user(&id)).expect("an account");
    }
    assert!(!world.has(email));
    tombstone
}

async fn restore(world: &World, tombstone: &Tombstone) -> Restored {
    let request = restoring([tombstone.clone()], true);
    restored(world.tenant.restore(&request).await)
}

#[tokio::test]
async fn a_disabled_account_is_enabled_with_its_memberships() {
    let world = World::acme().await;
    let before = world.person(JOAN);
    let tombstone = deprovision(&world, JOAN, DeprovisionMode::DisableAndStripGroups).await;
    let result = restore(&world, &tombstone).await;
    assert_eq!(result.outcome, RestoreOutcome::ReEnabled);
    assert_eq!(result.groups_added, [link(3, "viewer"), link(SUPPORT, "Support")]);
    assert!(!result.invitation_sent && result.not_restored.is_empty());
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
    let again = restore(&world, &tombstone).await;
    assert_eq!(again.outcome, RestoreOutcome::Unchanged);
    assert!(again.writes.is_empty() && world.writes().is_empty());
}

#[tokio::test]
async fn fields_that_changed_meanwhile_are_restored() {
    let world = World::acme().await;
    let tombstone = deprovision(&world, JOAN, DeprovisionMode::Disable).await;
    world.shape(JOAN, |joan| {
        joan.is_disabled = false;
        joan.last_name = Some("Other".into());
    });
    let result = restore(&world, &tombstone).await;
    assert_eq!(result.outcome, RestoreOutcome::Updated);
    assert_eq!(world.person(JOAN).last_name.as_deref(), Some("Doe"));
}

#[tokio::test]
async fn a_deleted_account_is_created_again_if_allowed() {
    for dialect in [Dialect::V2, Dialect::V1] {
        let world = World::acme_over(dialect).await;
        let before = world.person(JOAN);
        let tombstone = delete(&world, JOAN).await;
        let request = restoring([tombstone.clone()], false);
        let (kind, _) = failed_to_restore(world.tenant.restore(&request).await);
        assert_eq!(kind, "not-found");
        assert!(world.writes().is_empty());

        let result = restore(&world, &tombstone).await;
        assert_eq!(result.outcome, RestoreOutcome::ReCreated);
        let after = world.person(JOAN);
        assert_ne!(after.id, before.id);
        let id = world.user_id(JOAN);
        assert_eq!(result.user.id, id);
        assert_eq!((after.first_name, after.last_name), (before.first_name, before.last_name));
        assert_eq!(world.groups_of(JOAN), ["Support", "viewer"]);
        assert!(
            result.not_restored.iter().any(|line| line.contains(text(&id))),
            "{:?}",
            result.not_restored
        );
        // Only `/api/v1` sends an invitation with the creation, and sets photos.
        let v1 = dialect == Dialect::V1;
        assert_eq!(result.invitation_sent, v1);
        assert_eq!(world.mock.state().invitations, if v1 { &[JOAN][..] } else { &[] });
        let photo = before.profile_photo_url.filter(|_| v1);
        assert_eq!(after.profile_photo_url, photo);
    }
}

/// Only `/api/v1` can make a user an administrator.
#[tokio::test]
async fn v1_a_deleted_administrator_is_an_administrator_again() {
    let world = World::acme_over(Dialect::V1).await;
    let tombstone = deprovision(&world, ADA, DeprovisionMode::Delete).await;
    let result = restore(&world, &tombstone).await;
    assert_eq!(result.outcome, RestoreOutcome::ReCreated);
    assert!(world.person(ADA).is_admin);
    assert_eq!(world.groups_of(ADA), ["Engineering", "Support", "admin"]);
}

#[tokio::test]
async fn a_deleted_group_is_reported_as_not_restored() {
    let world = World::acme().await;
    let tombstone = deprovision(&world, JOAN, DeprovisionMode::DisableAndStripGroups).await;
    world.mock.edit(|acme| acme.delete_group(SUPPORT).expect("a group"));
    let result = restore(&world, &tombstone).await;
    assert_eq!(result.groups_added, [link(3, "viewer")]);
    let [line] = &result.not_restored[..] else { panic!("{:?}", result.not_restored) };
    assert!(line.contains("Support"), "{line}");
}

#[tokio::test]
async fn a_tombstone_of_another_organisation_is_refused_before_any_request() {
    let world = World::acme().await;
    let mut tombstone = deprovision(&world, JOAN, DeprovisionMode::Disable).await;
    tombstone.base_url = "https://other.example".into();
    let request = restoring([tombstone], true);
    let (case, detail) = failed(world.tenant.restore(&request).await);
    assert_eq!(case, "permanent invalid-input");
    assert_eq!(detail.field.as_deref(), Some("request.tombstones[0].base-url"));
    assert!(world.requests().is_empty());
}

/// Another user may have the address by now.
#[tokio::test]
async fn another_account_with_the_address_is_not_changed() {
    let world = World::acme().await;
    let tombstone = delete(&world, JOAN).await;
    world.add(JOAN, &[]);
    world.shape(JOAN, |other| {
        other.first_name = Some("Joanna".into());
        other.is_disabled = true;
    });
    let before = world.mock.state();
    let request = restoring([tombstone], false);
    let (kind, detail) = failed_to_restore(world.tenant.restore(&request).await);
    assert_eq!((kind, detail.code.as_str()), ("conflict", "wrong-person"));
    assert_eq!(detail.subject.as_deref(), Some(JOAN));
    assert!(world.writes().is_empty());
    assert_eq!(world.mock.state(), before);
}

/// Only `/api/v1` can make a user an administrator.
#[tokio::test]
async fn v1_an_administrator_is_restored_even_if_user_records_have_no_groups() {
    let world = World::acme_over(Dialect::V1).await;
    world.mock.inject(Fault::new(FaultKind::OmitField("groups".into())));
    world.shape(JOAN, |joan| joan.is_admin = true);
    let tombstone = deprovision(&world, JOAN, DeprovisionMode::Delete).await;
    let result = restore(&world, &tombstone).await;
    assert_eq!(result.outcome, RestoreOutcome::ReCreated);
    assert!(world.person(JOAN).is_admin);
    assert_eq!(
        written(&result.writes),
        [
            "user-created joan@acme.example",
            "member-added joan@acme.example [viewer]",
            "member-added joan@acme.example [Support]",
        ]
    );
}

/// No account has the address of the tombstone, so a creation would make a second account.
#[tokio::test]
async fn an_account_with_a_new_address_is_not_created_again() {
    let world = World::acme().await;
    let tombstone = deprovision(&world, JOAN, DeprovisionMode::Disable).await;
    world.shape(JOAN, |joan| joan.email = "joan.new@acme.example".into());
    for re_create in [false, true] {
        let request = restoring([tombstone.clone()], re_create);
        let (kind, detail) = failed_to_restore(world.tenant.restore(&request).await);
        assert_eq!((kind, detail.code.as_str()), ("conflict", "wrong-person"));
        assert_eq!(detail.subject.as_deref(), Some(JOAN));
        assert!(detail.message.contains("joan.new@acme.example"), "{}", detail.message);
    }
    assert!(world.writes().is_empty());
}

#[tokio::test]
async fn the_error_for_a_tombstone_without_a_user_type_names_the_field() {
    let world = World::acme().await;
    for unusable in [None, Some(UserType::Unrecognized)] {
        let world = World::acme().await;
        let mut tombstone = delete(&world, JOAN).await;
        tombstone.user.user_type = unusable;
        let request = restoring([tombstone.clone()], true);
        let (kind, detail) = failed_to_restore(world.tenant.restore(&request).await);
        assert_eq!((kind, detail.code.as_str()), ("invalid-input", "user-type-required"));
        assert_eq!(detail.field.as_deref(), Some("request.tombstones[0].user.user-type"));
        assert!(world.writes().is_empty());

        tombstone.user.user_type = Some(UserType::Default);
        assert_eq!(restore(&world, &tombstone).await.outcome, RestoreOutcome::ReCreated);
    }
    // An existing account needs none.
    let mut tombstone = deprovision(&world, JOAN, DeprovisionMode::Disable).await;
    tombstone.user.user_type = None;
    assert_eq!(restore(&world, &tombstone).await.outcome, RestoreOutcome::ReEnabled);
}

#[tokio::test]
async fn a_group_without_new_members_does_not_block_the_others() {
    let world = World::acme().await;
    let mut tombstone = deprovision(&world, JOAN, DeprovisionMode::DisableAndStripGroups).await;
    let groups = tombstone.user.groups.as_mut().expect("her groups");
    groups.insert(0, link(1, "admin"));
    let result = restore(&world, &tombstone).await;
    assert_eq!(result.not_restored, ["The group admin accepts no new members."]);
    assert_eq!(world.groups_of(JOAN), ["Support", "viewer"]);
    assert!(!world.person(JOAN).is_disabled);
}

/// Only `/api/v1` can change who is an administrator.
#[tokio::test]
async fn v1_administrators_are_restored_before_other_users_are_demoted() {
    let world = World::acme_over(Dialect::V1).await;
    let joan = deprovision(&world, JOAN, DeprovisionMode::DisableAndStripGroups).await;
    world.shape(JOAN, |joan| {
        joan.is_disabled = false;
        joan.is_admin = true;
    });
    let grace = deprovision(&world, GRACE, DeprovisionMode::Disable).await;
    // Joan is the only administrator now. In her tombstone she is none.
    world.shape(ADA, |ada| ada.is_admin = false);

    let result = done(world.tenant.restore(&restoring([joan, grace], true)).await);
    assert!(result.complete, "{:?}", result.people);
    let emails: Vec<_> = result.people.iter().map(|person| person.email.as_deref()).collect();
    assert_eq!(emails, [Some(JOAN), Some(GRACE)], "reported in the order of the list");
    assert!(world.person(GRACE).is_admin && !world.person(GRACE).is_disabled);
    assert!(!world.person(JOAN).is_admin);
    assert_eq!(world.groups_of(JOAN), ["Support", "viewer"]);
}

#[tokio::test]
async fn v1_restores_a_membership_without_its_administration_and_says_so() {
    let world = World::acme_over(Dialect::V1).await;
    let mut tombstone = deprovision(&world, JOAN, DeprovisionMode::DisableAndStripGroups).await;
    for (group, group_admin) in tombstone.user.groups.iter_mut().flatten().zip([false, true]) {
        group.group_admin = Some(group_admin);
    }
    let result = restore(&world, &tombstone).await;
    assert_eq!(result.outcome, RestoreOutcome::ReEnabled);
    assert_eq!(world.groups_of(JOAN), ["Support", "viewer"]);
    let [line] = &result.not_restored[..] else { panic!("{:?}", result.not_restored) };
    assert!(line.contains("administration of the group Support"), "{line}");
}
