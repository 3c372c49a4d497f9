//! `ensure-group`, `change-group` and `remove-group`.

use host_test::retool::groups::{ChangeGroupRequest, EnsureGroupRequest};
use host_test::retool::types::{Dialect, GroupId, GroupRef, Member};
use mock_retool::Group;
use serde_json::json;

use crate::support::acme::{
    ADA, ENGINEERING, FINANCE, GRACE, JOAN, KEN, NEW, SUPPORT, changed, written,
};
use crate::support::{
    World, app_access, app_access_of, by_email, changing, done, ensuring, failed, named,
    new_member, numbered, removing,
};

fn emails(members: &[Member]) -> Vec<&str> {
    let mut emails: Vec<_> =
        members.iter().map(|member| member.email.as_deref().expect("an address")).collect();
    emails.sort_unstable();
    emails
}

fn twins(world: &World) {
    world.mock.edit(|acme| {
        acme.create_group(Group::new("Support"));
    });
}

#[tokio::test]
async fn a_group_is_created_once() {
    for (dialect, access) in
        [(Dialect::V1, "universalAppAccess"), (Dialect::V2, "universal_app_access")]
    {
        let world = World::acme_over(dialect).await;
        let (list, create) =
            (format!("GET {}", world.groups_path()), format!("POST {}", world.groups_path()));
        let request = EnsureGroupRequest { access: app_access("use"), ..ensuring("  Legal ") };
        let result = done(world.tenant.ensure_group(&request).await);
        assert!(result.created);
        assert_eq!(result.group.name, "Legal");
        assert_eq!(result.group.id, GroupId::Rest("7".into()));
        assert_eq!(app_access_of(&result.group), Some("use"));
        assert_eq!(written(&result.writes), ["group-created Legal [Legal]"]);
        assert_eq!(world.body_of_the_write(), json!({"name": "Legal", access: "use"}));
        assert_eq!(world.requests(), [list.clone(), create]);

        let again = done(world.tenant.ensure_group(&ensuring("Legal")).await);
        assert!(!again.created);
        assert_eq!(again.group.id, result.group.id);
        assert!(again.writes.is_empty());
        assert_eq!(world.requests(), [list]);
        assert_eq!(world.mock.state().groups.len(), 7);
    }
}

#[tokio::test]
async fn the_server_sets_the_access_of_a_new_group_unless_it_is_given() {
    let world = World::acme().await;
    let result = done(world.tenant.ensure_group(&ensuring("Legal")).await);
    assert_eq!(world.body_of_the_write(), json!({"name": "Legal"}));
    assert_eq!(app_access_of(&result.group), Some("none"));
}

#[tokio::test]
async fn the_access_of_an_existing_group_stays() {
    let world = World::acme().await;
    let request = EnsureGroupRequest { access: app_access("own"), ..ensuring("Support") };
    let result = done(world.tenant.ensure_group(&request).await);
    assert!(!result.created);
    assert_eq!(app_access_of(&result.group), Some("none"));
    assert_eq!(world.group("Support").universal_app_access, "none");
    assert!(world.writes().is_empty());
}

#[tokio::test]
async fn two_groups_with_one_name_are_an_error_and_no_third_is_created() {
    let world = World::acme().await;
    twins(&world);
    let (case, detail) = failed(world.tenant.ensure_group(&ensuring("Support")).await);
    assert_eq!((case, detail.code.as_str()), ("permanent conflict", "ambiguous-group"));
    assert!(world.writes().is_empty());
}

#[tokio::test]
async fn fields_of_a_group_are_changed_and_reported() {
    let world = World::acme().await;
    let request = ChangeGroupRequest {
        new_name: Some(" Helpdesk ".into()),
        access: app_access("edit"),
        ..changing(named("Support"))
    };
    let result = done(world.tenant.change_group(&request).await);
    assert_eq!(
        changed(&result.changes),
        ["name: Support -> Helpdesk", "universal-app-access: none -> edit"]
    );
    assert_eq!(result.group.name, "Helpdesk");
    assert_eq!(app_access_of(&result.group), Some("edit"));
    assert_eq!(written(&result.writes), ["group-updated Support [Support]"]);
    assert_eq!(world.members_of("Helpdesk"), [ADA, JOAN, KEN]);
    assert_eq!(
        world.requests(),
        ["GET /api/v2/groups", "GET /api/v2/groups/5", "PATCH /api/v2/groups/5",],
        "found, read, changed; the response shows the change"
    );
}

#[tokio::test]
async fn v1_changes_a_group_with_a_merge_and_verifies_it() {
    let world = World::acme_over(Dialect::V1).await;
    let request = ChangeGroupRequest {
        new_name: Some(" Helpdesk ".into()),
        access: app_access("edit"),
        ..changing(named("Support"))
    };
    let result = done(world.tenant.change_group(&request).await);
    assert_eq!(
        changed(&result.changes),
        ["name: Support -> Helpdesk", "universal-app-access: none -> edit"]
    );
    assert_eq!(written(&result.writes), ["group-updated Support [Support]"]);
    assert_eq!(world.members_of("Helpdesk"), [ADA, JOAN, KEN]);
    assert_eq!(
        world.requests(),
        [
            "GET /api/v1/groups",
            "GET /api/v1/groups/5/members",
            "GET /api/v1/groups/5",
            "PUT /api/v1/groups/5",
            "GET /api/v1/groups/5",
            "GET /api/v1/groups/5/members",
        ],
        "found, read to merge, written, verified; and the members are compared"
    );
}

#[tokio::test]
async fn a_change_without_effect_writes_nothing() {
    let world = World::acme().await;
    let request = ChangeGroupRequest {
        new_name: Some("Support".into()),
        access: app_access("none"),
        add_members: vec![new_member(JOAN)],
        remove_members: vec![by_email(GRACE)],
        ..changing(numbered(SUPPORT))
    };
    let result = done(world.tenant.change_group(&request).await);
    assert!(result.changes.is_empty() && result.writes.is_empty());
    assert!(result.members_added.is_empty() && result.members_removed.is_empty());
    assert!(world.writes().is_empty());
}

#[tokio::test]
async fn a_renaming_by_id_can_be_repeated() {
    let world = World::acme().await;
    let request =
        ChangeGroupRequest { new_name: Some("Helpdesk".into()), ..changing(numbered(SUPPORT)) };
    done(world.tenant.change_group(&request).await);
    world.mock.clear_requests();
    let again = done(world.tenant.change_group(&request).await);
    assert!(again.changes.is_empty());
    assert!(world.writes().is_empty());
}

#[tokio::test]
async fn the_name_of_another_group_is_refused() {
    let world = World::acme().await;
    let request = ChangeGroupRequest {
        new_name: Some("Finance".into()),
        add_members: vec![new_member(GRACE)],
        ..changing(named("Support"))
    };
    let (case, detail) = failed(world.tenant.change_group(&request).await);
    assert_eq!((case, detail.code.as_str()), ("permanent conflict", "name-taken"));
    assert!(world.writes().is_empty());
}

#[tokio::test]
async fn members_are_added_and_removed_and_verified() {
    for dialect in [Dialect::V1, Dialect::V2] {
        let world = World::acme_over(dialect).await;
        let (id, sid) = (world.id_of(JOAN), world.person(JOAN).sid());
        let request = ChangeGroupRequest {
            add_members: vec![new_member(" Grace@ACME.example "), new_member(ADA)],
            remove_members: vec![by_email(JOAN), by_email("unknown@acme.example")],
            ..changing(named("Support"))
        };
        let result = done(world.tenant.change_group(&request).await);
        assert_eq!(world.members_of("Support"), [ADA, GRACE, KEN]);
        assert_eq!(emails(&result.members_added), [GRACE]);
        assert_eq!(emails(&result.members_removed), [JOAN]);
        assert_eq!(result.members_added[0].id, world.user_id(GRACE));
        assert_eq!(emails(result.group.members.as_deref().expect("members")), [ADA, GRACE, KEN]);
        assert_eq!(
            written(&result.writes),
            [
                "member-added grace@acme.example [Support]",
                "member-removed joan@acme.example [Support]",
            ]
        );
        assert!(result.changes.is_empty());
        let expected = if dialect == Dialect::V1 {
            vec![
                "GET /api/v1/groups?".to_owned(),
                "GET /api/v1/users?email=Grace%40ACME.example".to_owned(),
                "GET /api/v1/users?email=ada%40acme.example".to_owned(),
                "GET /api/v1/users?email=joan%40acme.example".to_owned(),
                "GET /api/v1/users?email=unknown%40acme.example".to_owned(),
                "GET /api/v1/users?page=1&pageSize=500".to_owned(),
                "GET /api/v1/groups/5/members?".to_owned(),
                "POST /api/v1/groups/5/members?".to_owned(),
                format!("DELETE /api/v1/groups/5/members/{id}?"),
                "GET /api/v1/groups/5/members?".to_owned(),
            ]
        } else {
            vec![
                "GET /api/v2/groups?".to_owned(),
                "GET /api/v2/users?email=Grace%40ACME.example".to_owned(),
                "GET /api/v2/users?email=ada%40acme.example".to_owned(),
                "GET /api/v2/users?email=joan%40acme.example".to_owned(),
                "GET /api/v2/users?email=unknown%40acme.example".to_owned(),
                "GET /api/v2/users?".to_owned(),
                "GET /api/v2/user_invites?".to_owned(),
                "GET /api/v2/groups/5?".to_owned(),
                "GET /api/v2/groups/5?".to_owned(),
                "POST /api/v2/groups/5/members?".to_owned(),
                format!("DELETE /api/v2/groups/5/members/{sid}?"),
                "GET /api/v2/groups/5?".to_owned(),
            ]
        };
        assert_eq!(world.requests_with_queries(), expected);

        let again = done(world.tenant.change_group(&request).await);
        assert!(again.members_added.is_empty() && again.members_removed.is_empty());
        assert!(world.writes().is_empty());
    }
}

#[tokio::test]
async fn an_unknown_user_can_not_be_added_and_nothing_is_written() {
    let world = World::acme().await;
    let request = ChangeGroupRequest {
        new_name: Some("Helpdesk".into()),
        add_members: vec![new_member(GRACE), new_member(NEW)],
        remove_members: vec![by_email(JOAN)],
        ..changing(named("Support"))
    };
    let (case, detail) = failed(world.tenant.change_group(&request).await);
    assert_eq!((case, detail.code.as_str()), ("permanent not-found", "user-not-found"));
    assert_eq!(detail.subject.as_deref(), Some(NEW));
    assert!(world.writes().is_empty());
}

#[tokio::test]
async fn a_user_in_both_lists_is_refused() {
    let world = World::acme().await;
    let request = ChangeGroupRequest {
        add_members: vec![new_member(GRACE), new_member(JOAN)],
        remove_members: vec![by_email("JOAN@acme.example")],
        ..changing(named("Support"))
    };
    let (case, detail) = failed(world.tenant.change_group(&request).await);
    assert_eq!((case, detail.code.as_str()), ("permanent invalid-input", "duplicate-person"));
    assert_eq!(detail.field.as_deref(), Some("request.remove-members[0]"));
    assert!(world.requests().is_empty());
}

#[tokio::test]
async fn an_unknown_group_can_not_be_changed() {
    let world = World::acme().await;
    for group in [named("Legal"), numbered(99), GroupRef::Id(GroupId::Scim("5".into()))] {
        let request = ChangeGroupRequest { new_name: Some("Helpdesk".into()), ..changing(group) };
        let (case, detail) = failed(world.tenant.change_group(&request).await);
        assert_eq!((case, detail.code.as_str()), ("permanent not-found", "group-not-found"));
    }
    assert!(world.writes().is_empty());
}

#[tokio::test]
async fn an_empty_group_is_removed() {
    let world = World::acme().await;
    let result = done(world.tenant.remove_group(&removing(named("Finance"), false)).await);
    let removed = result.removed.expect("the group");
    assert_eq!(removed.id, GroupId::Rest(FINANCE.to_string()));
    assert_eq!(removed.members.as_deref(), Some(&[][..]));
    assert_eq!(written(&result.writes), ["group-deleted Finance [Finance]"]);
    assert!(world.mock.state().group(FINANCE).is_none());
    assert_eq!(world.mock.state().groups.len(), 5);

    world.mock.clear_requests();
    let again = done(world.tenant.remove_group(&removing(named("Finance"), false)).await);
    assert!(again.removed.is_none() && again.writes.is_empty());
    assert!(world.writes().is_empty());
}

#[tokio::test]
async fn a_group_with_members_is_removed_only_if_requested() {
    let world = World::acme().await;
    let users = world.mock.state().users.len();
    let (case, detail) =
        failed(world.tenant.remove_group(&removing(numbered(ENGINEERING), false)).await);
    assert_eq!((case, detail.code.as_str()), ("permanent refused", "group-has-members"));
    assert!(detail.message.contains('2'), "{}", detail.message);
    assert!(world.writes().is_empty());

    let result = done(world.tenant.remove_group(&removing(numbered(ENGINEERING), true)).await);
    let members = result.removed.and_then(|group| group.members);
    assert_eq!(emails(&members.expect("members")), [ADA, GRACE]);
    assert!(world.mock.state().group(ENGINEERING).is_none());
    assert_eq!(world.mock.state().users.len(), users, "its members stay");
    assert_eq!(world.groups_of(GRACE), ["admin"]);
}

#[tokio::test]
async fn one_of_two_groups_with_one_name_is_removed_by_id_only() {
    let world = World::acme().await;
    twins(&world);
    let (case, _) = failed(world.tenant.remove_group(&removing(named("Support"), true)).await);
    assert_eq!(case, "permanent conflict");
    done(world.tenant.remove_group(&removing(numbered(7), true)).await);
    assert_eq!(world.members_of("Support"), [ADA, JOAN, KEN]);
}

#[tokio::test]
async fn a_built_in_group_can_not_be_removed() {
    let world = World::acme().await;
    let (case, detail) = failed(world.tenant.remove_group(&removing(named("editor"), true)).await);
    assert_eq!((case, detail.code.as_str()), ("permanent conflict", "server-refused"));
    assert!(detail.writes.is_empty());
    assert!(world.mock.state().group(2).is_some());
}
