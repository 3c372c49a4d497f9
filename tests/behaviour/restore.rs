//! A departure undone.

use host_test::retool::lifecycle::{DeprovisionMode, RestoreOutcome};
use host_test::retool::types::{Tombstone, UserId, UserType};
use mock_retool::{Fault, FaultKind};

use crate::support::acme::{ADA, GRACE, JOAN, SUPPORT, link, timeless, written};
use crate::support::{
    Restored, World, departure, done, failed, failed_to_restore, restored, restoring,
};

async fn tombstone(world: &World, email: &str, mode: DeprovisionMode) -> Tombstone {
    let result = done(world.tenant.deprovision(&departure(email, mode)).await);
    world.mock.clear_requests();
    result.tombstone.expect("a tombstone")
}

async fn restore(world: &World, tombstone: &Tombstone) -> Restored {
    let request = restoring([tombstone.clone()], true);
    restored(world.tenant.restore(&request).await)
}

#[tokio::test]
async fn a_disabled_account_is_enabled_with_its_memberships() {
    let world = World::acme().await;
    let before = world.person(JOAN);
    let stone = tombstone(&world, JOAN, DeprovisionMode::DisableAndStripGroups).await;
    let result = restore(&world, &stone).await;
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
    let again = restore(&world, &stone).await;
    assert_eq!(again.outcome, RestoreOutcome::Unchanged);
    assert!(again.writes.is_empty() && world.writes().is_empty());
}

#[tokio::test]
async fn fields_that_changed_meanwhile_are_set_back() {
    let world = World::acme().await;
    let stone = tombstone(&world, JOAN, DeprovisionMode::Disable).await;
    world.shape(JOAN, |joan| {
        joan.is_disabled = false;
        joan.last_name = Some("Other".into());
    });
    let result = restore(&world, &stone).await;
    assert_eq!(result.outcome, RestoreOutcome::Updated);
    assert_eq!(world.person(JOAN).last_name.as_deref(), Some("Doe"));
}

#[tokio::test]
async fn a_deleted_account_is_made_anew_if_allowed() {
    let world = World::acme().await;
    let before = world.person(JOAN);
    let stone = tombstone(&world, JOAN, DeprovisionMode::Delete).await;
    let request = restoring([stone.clone()], false);
    let (kind, _) = failed_to_restore(world.tenant.restore(&request).await);
    assert_eq!(kind, "not-found");
    assert!(world.writes().is_empty());

    let result = restore(&world, &stone).await;
    assert_eq!(result.outcome, RestoreOutcome::ReCreated);
    assert!(result.invitation_sent);
    let after = world.person(JOAN);
    assert_ne!(after.id, before.id);
    assert_eq!(result.user.id, UserId::V1(after.id.clone()));
    assert_eq!(
        (after.first_name, after.last_name, after.profile_photo_url),
        (before.first_name, before.last_name, before.profile_photo_url)
    );
    assert_eq!(world.groups_of(JOAN), ["Support", "viewer"]);
    assert_eq!(world.mock.state().invitations, [JOAN]);
    assert!(
        result.not_restored.iter().any(|line| line.contains(&after.id)),
        "{:?}",
        result.not_restored
    );
}

#[tokio::test]
async fn a_deleted_administrator_administers_again() {
    let world = World::acme().await;
    let stone = tombstone(&world, ADA, DeprovisionMode::Delete).await;
    let result = restore(&world, &stone).await;
    assert_eq!(result.outcome, RestoreOutcome::ReCreated);
    assert!(world.person(ADA).is_admin);
    assert_eq!(world.groups_of(ADA), ["Engineering", "Support", "admin"]);
}

#[tokio::test]
async fn a_group_that_is_gone_is_said_to_be() {
    let world = World::acme().await;
    let stone = tombstone(&world, JOAN, DeprovisionMode::DisableAndStripGroups).await;
    world.mock.edit(|acme| acme.delete_group(SUPPORT).expect("a group"));
    let result = restore(&world, &stone).await;
    assert_eq!(result.groups_added, [link(3, "viewer")]);
    let [line] = &result.not_restored[..] else { panic!("{:?}", result.not_restored) };
    assert!(line.contains("Support"), "{line}");
}

#[tokio::test]
async fn a_tombstone_of_another_organisation_is_refused_before_any_request() {
    let world = World::acme().await;
    let mut stone = tombstone(&world, JOAN, DeprovisionMode::Disable).await;
    stone.base_url = "https://other.example".into();
    let request = restoring([stone], true);
    let (case, detail) = failed(world.tenant.restore(&request).await);
    assert_eq!(case, "permanent invalid-input");
    assert_eq!(detail.field.as_deref(), Some("request.tombstones[0].base-url"));
    assert!(world.requests().is_empty());
}

/// The address may be somebody else's by now.
#[tokio::test]
async fn another_account_of_the_address_is_left_alone() {
    let world = World::acme().await;
    let stone = tombstone(&world, JOAN, DeprovisionMode::Delete).await;
    world.add(JOAN, &[]);
    world.shape(JOAN, |other| {
        other.first_name = Some("Joanna".into());
        other.is_disabled = true;
    });
    let before = world.mock.state();
    let request = restoring([stone], false);
    let (kind, detail) = failed_to_restore(world.tenant.restore(&request).await);
    assert_eq!((kind, detail.code.as_str()), ("conflict", "wrong-person"));
    assert_eq!(detail.subject.as_deref(), Some(JOAN));
    assert!(world.writes().is_empty());
    assert_eq!(world.mock.state(), before);
}

#[tokio::test]
async fn an_administrator_comes_back_though_the_server_does_not_tell_peoples_groups() {
    let world = World::acme().await;
    world.mock.inject(Fault::new(FaultKind::OmitField("groups".into())));
    world.shape(JOAN, |joan| joan.is_admin = true);
    let stone = tombstone(&world, JOAN, DeprovisionMode::Delete).await;
    let result = restore(&world, &stone).await;
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

/// The address that the tombstone knows is free, and a creation would make a second account.
#[tokio::test]
async fn an_account_with_another_address_by_now_is_not_made_twice() {
    let world = World::acme().await;
    let stone = tombstone(&world, JOAN, DeprovisionMode::Disable).await;
    world.shape(JOAN, |joan| joan.email = "joan.new@acme.example".into());
    for re_create in [false, true] {
        let request = restoring([stone.clone()], re_create);
        let (kind, detail) = failed_to_restore(world.tenant.restore(&request).await);
        assert_eq!((kind, detail.code.as_str()), ("conflict", "wrong-person"));
        assert_eq!(detail.subject.as_deref(), Some(JOAN));
        assert!(detail.message.contains("joan.new@acme.example"), "{}", detail.message);
    }
    assert!(world.writes().is_empty());
}

#[tokio::test]
async fn a_tombstone_without_a_user_type_says_what_to_fill_in() {
    let world = World::acme().await;
    for unusable in [None, Some(UserType::Unrecognized)] {
        let world = World::acme().await;
        let mut stone = tombstone(&world, JOAN, DeprovisionMode::Delete).await;
        stone.user.user_type = unusable;
        let request = restoring([stone.clone()], true);
        let (kind, detail) = failed_to_restore(world.tenant.restore(&request).await);
        assert_eq!((kind, detail.code.as_str()), ("invalid-input", "user-type-required"));
        assert_eq!(detail.field.as_deref(), Some("request.tombstones[0].user.user-type"));
        assert!(world.writes().is_empty());

        stone.user.user_type = Some(UserType::Default);
        assert_eq!(restore(&world, &stone).await.outcome, RestoreOutcome::ReCreated);
    }
    // Whoever is still there needs none.
    let mut stone = tombstone(&world, JOAN, DeprovisionMode::Disable).await;
    stone.user.user_type = None;
    assert_eq!(restore(&world, &stone).await.outcome, RestoreOutcome::ReEnabled);
}

#[tokio::test]
async fn a_group_that_takes_nobody_in_keeps_nobody_out_of_the_others() {
    let world = World::acme().await;
    let mut stone = tombstone(&world, JOAN, DeprovisionMode::DisableAndStripGroups).await;
    let groups = stone.user.groups.as_mut().expect("her groups");
    groups.insert(0, link(1, "admin"));
    let result = restore(&world, &stone).await;
    assert_eq!(result.not_restored, ["The group admin takes nobody in."]);
    assert_eq!(world.groups_of(JOAN), ["Support", "viewer"]);
    assert!(!world.person(JOAN).is_disabled);
}

#[tokio::test]
async fn rights_are_given_back_before_others_are_given_up_whatever_the_order_of_the_list() {
    let world = World::acme().await;
    let joan = tombstone(&world, JOAN, DeprovisionMode::DisableAndStripGroups).await;
    world.shape(JOAN, |joan| {
        joan.is_disabled = false;
        joan.is_admin = true;
    });
    let grace = tombstone(&world, GRACE, DeprovisionMode::Disable).await;
    // Joan is the only administrator now, and was none.
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
async fn a_membership_comes_back_without_its_administration_and_the_report_says_so() {
    let world = World::acme().await;
    let mut stone = tombstone(&world, JOAN, DeprovisionMode::DisableAndStripGroups).await;
    for (group, group_admin) in stone.user.groups.iter_mut().flatten().zip([false, true]) {
        group.group_admin = Some(group_admin);
    }
    let result = restore(&world, &stone).await;
    assert_eq!(result.outcome, RestoreOutcome::ReEnabled);
    assert_eq!(world.groups_of(JOAN), ["Support", "viewer"]);
    let [line] = &result.not_restored[..] else { panic!("{:?}", result.not_restored) };
    assert!(line.contains("administration of the group Support"), "{line}");
}
