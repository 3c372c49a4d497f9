//! `ensure-group`, `change-group` and `remove-group`.

use host_test::retool::groups::{ChangeGroupRequest, EnsureGroupRequest};
use host_test::retool::types::{Dialect, Member};
use mock_retool::Group;

use crate::support::acme::{ADA, GRACE, JOAN, KEN, NEW, changed, written};
use crate::support::{
    World, app_access, app_access_of, by_email, changing, done, ensuring, failed, named,
    new_member, removing,
};

over_every_dialect!(
    a_group_is_created_once,
    special_characters_in_a_group_name_are_preserved,
    two_groups_with_one_name_are_an_error_and_no_third_is_created,
    the_access_of_a_group_is_set_if_the_dialect_can,
    a_renamed_group_keeps_everything_else,
    the_name_of_another_group_is_refused,
    members_are_added_and_removed,
    a_change_without_effect_writes_nothing,
    an_unknown_user_is_an_error_before_anything_is_written,
    a_group_with_members_is_removed_only_if_requested,
    a_built_in_group_can_not_be_removed,
);

/// Checks that the members are the users with these addresses, in any order.
fn assert_are(world: &World, members: &[Member], emails: &[&str]) {
    let mut ids: Vec<_> = members.iter().map(|member| format!("{:?}", member.id)).collect();
    let mut expected: Vec<_> =
        emails.iter().map(|email| format!("{:?}", world.user_id(email))).collect();
    ids.sort();
    expected.sort();
    assert_eq!(ids, expected);
}

/// Returns the known addresses of members, sorted.
fn addresses(members: &[Member]) -> Vec<&str> {
    let mut emails: Vec<_> = members.iter().filter_map(|member| member.email.as_deref()).collect();
    emails.sort_unstable();
    emails
}

async fn a_group_is_created_once(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let result = done(world.tenant.ensure_group(&ensuring("  Legal ")).await);
    assert!(result.created);
    assert_eq!(result.group.name, "Legal");
    assert_eq!(result.group.id, world.group_id("Legal"));
    assert_eq!(written(&result.writes), ["group-created Legal [Legal]"]);
    assert_eq!(world.count_of_writes(), 1);
    world.mock.clear_requests();
    let again = done(world.tenant.ensure_group(&ensuring("Legal")).await);
    assert!(!again.created && again.writes.is_empty() && world.writes().is_empty());
    assert_eq!(again.group.id, result.group.id);
    assert_eq!(world.mock.state().groups.len(), 7);
}

async fn special_characters_in_a_group_name_are_preserved(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    for name in [
        "R&D + \"QA\" \\ Ops",
        "Support\" or displayName pr and \"a\" eq \"a",
        "100% Ärzte/Ärztinnen?#",
        "{id}",
    ] {
        let result = done(world.tenant.ensure_group(&ensuring(name)).await);
        assert!(result.created, "{name}");
        assert_eq!(result.group.name, name);
        let again = done(world.tenant.ensure_group(&ensuring(name)).await);
        assert!(!again.created, "{name}");
        let join =
            ChangeGroupRequest { add_members: vec![new_member(JOAN)], ..changing(named(name)) };
        done(world.tenant.change_group(&join).await);
        assert_eq!(world.members_of(name), [JOAN]);
    }
    assert_eq!(world.mock.state().groups.len(), 10);
    assert_eq!(world.members_of("Support"), [ADA, JOAN, KEN]);
}

async fn two_groups_with_one_name_are_an_error_and_no_third_is_created(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    world.mock.edit(|acme| acme.create_group(Group::new("Support")).id);
    let (case, detail) = failed(world.tenant.ensure_group(&ensuring("Support")).await);
    assert_eq!((case, detail.code.as_str()), ("permanent conflict", "ambiguous-group"));
    assert!(world.writes().is_empty());
}

async fn the_access_of_a_group_is_set_if_the_dialect_can(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let access = app_access("use");
    let ensure = EnsureGroupRequest { access: access.clone(), ..ensuring("Legal") };
    let change = ChangeGroupRequest { access: access.clone(), ..changing(named("Support")) };
    if dialect == Dialect::Scim {
        for (case, detail) in [
            failed(world.tenant.ensure_group(&ensure).await),
            failed(world.tenant.change_group(&change).await),
        ] {
            assert_eq!(
                (case, detail.code.as_str()),
                ("permanent unsupported", "operation-unsupported")
            );
        }
        assert!(world.writes().is_empty());
        assert_eq!(world.mock.state().groups.len(), 6);
        return;
    }
    let result = done(world.tenant.ensure_group(&ensure).await);
    assert_eq!(app_access_of(&result.group), Some("use"));
    let result = done(world.tenant.change_group(&change).await);
    assert_eq!(changed(&result.changes), ["universal-app-access: none -> use"]);
    for name in ["Legal", "Support"] {
        assert_eq!(world.group(name).universal_app_access, "use");
    }
}

async fn a_renamed_group_keeps_everything_else(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    world.mock.edit(|acme| {
        let id = acme.group_named("Support").expect("a group").id;
        let support = acme.group_mut(id).expect("a group");
        support.universal_app_access = "edit".into();
        support.access.audit_log_access = true;
        support.scim.insert("externalId".into(), "00g-support".into());
    });
    let before = world.group("Support");
    let request = ChangeGroupRequest {
        new_name: Some(" Helpdesk ".into()),
        ..changing(world.by_id("Support"))
    };
    let result = done(world.tenant.change_group(&request).await);
    assert_eq!(changed(&result.changes), ["name: Support -> Helpdesk"]);
    assert_eq!(written(&result.writes), ["group-updated Support [Support]"]);
    assert_eq!(result.group.name, "Helpdesk");
    assert_eq!(result.group.members, None, "no members were to change");
    let updated_at = world.group("Helpdesk").updated_at;
    let expected = Group { name: "Helpdesk".into(), updated_at, ..before };
    assert_eq!(world.group("Helpdesk"), expected);
    assert_eq!(world.members_of("Helpdesk"), [ADA, JOAN, KEN]);

    world.mock.clear_requests();
    let request = ChangeGroupRequest { group: world.by_id("Helpdesk"), ..request };
    let again = done(world.tenant.change_group(&request).await);
    assert!(again.writes.is_empty() && world.writes().is_empty(), "by id it can be repeated");
}

async fn the_name_of_another_group_is_refused(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let request = ChangeGroupRequest {
        new_name: Some("Finance".into()),
        add_members: vec![new_member(GRACE)],
        ..changing(named("Support"))
    };
    let (case, detail) = failed(world.tenant.change_group(&request).await);
    assert_eq!((case, detail.code.as_str()), ("permanent conflict", "name-taken"));
    assert!(world.writes().is_empty());
}

async fn members_are_added_and_removed(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let request = ChangeGroupRequest {
        add_members: vec![new_member(GRACE.to_uppercase()), new_member(JOAN)],
        remove_members: vec![by_email(ADA), by_email(KEN), by_email(NEW)],
        ..changing(named("Support"))
    };
    let result = done(world.tenant.change_group(&request).await);
    assert_eq!(world.members_of("Support"), [GRACE, JOAN]);
    assert_are(&world, &result.members_added, &[GRACE]);
    assert_are(&world, &result.members_removed, &[ADA, KEN]);
    assert_eq!(addresses(&result.members_added), [GRACE]);
    assert_eq!(addresses(&result.members_removed), [ADA, KEN]);
    assert_are(&world, &result.group.members.expect("members"), &[GRACE, JOAN]);
    assert_eq!(
        written(&result.writes),
        [
            "member-added grace@acme.example [Support]",
            "member-removed ada@acme.example [Support]",
            "member-removed ken@acme.example [Support]",
        ]
    );
    assert_eq!(world.members_of("Engineering"), [ADA, GRACE], "no other group");
}

async fn a_change_without_effect_writes_nothing(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let request = ChangeGroupRequest {
        new_name: Some("Support".into()),
        add_members: vec![new_member(JOAN)],
        remove_members: vec![by_email(GRACE)],
        ..changing(named("Support"))
    };
    let result = done(world.tenant.change_group(&request).await);
    assert!(result.changes.is_empty() && result.writes.is_empty());
    assert!(result.members_added.is_empty() && result.members_removed.is_empty());
    assert!(world.writes().is_empty());
}

async fn an_unknown_user_is_an_error_before_anything_is_written(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let request = ChangeGroupRequest {
        new_name: Some("Helpdesk".into()),
        add_members: vec![new_member(GRACE), new_member(NEW)],
        ..changing(named("Support"))
    };
    let (case, detail) = failed(world.tenant.change_group(&request).await);
    assert_eq!((case, detail.code.as_str()), ("permanent not-found", "user-not-found"));
    assert_eq!(detail.subject.as_deref(), Some(NEW));
    assert!(world.writes().is_empty());
}

async fn a_group_with_members_is_removed_only_if_requested(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let (case, detail) =
        failed(world.tenant.remove_group(&removing(named("Support"), false)).await);
    assert_eq!((case, detail.code.as_str()), ("permanent refused", "group-has-members"));
    assert!(detail.message.contains('3'), "{}", detail.message);
    assert!(world.writes().is_empty());

    let id = world.group_id("Support");
    let result = done(world.tenant.remove_group(&removing(named("Support"), true)).await);
    let removed = result.removed.expect("the group");
    assert_eq!(removed.id, id);
    assert_are(&world, &removed.members.expect("members"), &[ADA, JOAN, KEN]);
    assert_eq!(written(&result.writes), ["group-deleted Support [Support]"]);
    let state = world.mock.state();
    assert!(state.group_named("Support").is_none());
    assert_eq!((state.groups.len(), state.users.len()), (5, 4), "its members stay");

    world.mock.clear_requests();
    let again = done(world.tenant.remove_group(&removing(named("Support"), true)).await);
    assert!(again.removed.is_none() && again.writes.is_empty() && world.writes().is_empty());
    // An empty group is removed without the flag.
    done(world.tenant.remove_group(&removing(named("Finance"), false)).await);
    assert!(world.mock.state().group_named("Finance").is_none());
}

async fn a_built_in_group_can_not_be_removed(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let (case, detail) = failed(world.tenant.remove_group(&removing(named("editor"), true)).await);
    assert_eq!((case, detail.code.as_str()), ("permanent conflict", "server-refused"));
    assert!(detail.writes.is_empty());
    assert!(world.mock.state().group_named("editor").is_some());
}
