//! The groups that people are provisioned with.

use super::*;

#[tokio::test]
async fn a_missing_group_is_found_before_anything_is_written() {
    let world = World::acme().await;
    for email in [NEW, JOAN, KEN] {
        let request = ProvisionRequest {
            first_name: Some("Other".into()),
            last_name: Some("Name".into()),
            groups: memberships([named("Engineering"), named("Legal")]),
            ..arrival(email)
        };
        let (case, detail) = failed(world.tenant.provision(&request).await);
        assert_eq!((case, detail.code.as_str()), ("permanent not-found", "group-not-found"));
        assert_eq!(detail.subject.as_deref(), Some("Legal"));
    }
    assert!(world.writes().is_empty());
}

#[tokio::test]
async fn missing_groups_are_created_if_allowed() {
    let world = World::acme().await;
    let request = ProvisionRequest {
        groups: memberships([named("Legal"), named("Engineering"), named(" Tax ")]),
        create_missing_groups: true,
        ..nina(Dialect::V2)
    };
    let result = done(world.tenant.provision(&request).await);
    assert_eq!(result.groups_created, [link(7, "Legal"), link(8, "Tax")]);
    assert_eq!(world.groups_of(NEW), ["Engineering", "Legal", "Tax"]);
    assert_eq!(world.mock.state().groups.len(), 8);
    assert_eq!(
        written(&result.writes),
        [
            "group-created Legal [Legal]",
            "group-created Tax [Tax]",
            "user-created new@acme.example",
            "member-added new@acme.example [Engineering]",
            "member-added new@acme.example [Legal]",
            "member-added new@acme.example [Tax]",
        ]
    );

    let again = done(world.tenant.provision(&request).await);
    assert_eq!(again.outcome, ProvisionOutcome::Unchanged);
    assert!(again.groups_created.is_empty());
    assert_eq!(world.mock.state().groups.len(), 8);
}

#[tokio::test]
async fn groups_may_be_given_by_id() {
    let world = World::acme().await;
    let with = |groups: Vec<GroupRef>| ProvisionRequest {
        groups: memberships(groups),
        create_missing_groups: true,
        ..arrival(JOAN)
    };
    let ids = vec![numbered(SUPPORT), numbered(ENGINEERING)];
    let result = done(world.tenant.provision(&with(ids)).await);
    assert_eq!(result.groups_kept, [link(SUPPORT, "Support")]);
    assert_eq!(result.groups_added, [link(ENGINEERING, "Engineering")]);
    assert_eq!(world.groups_of(JOAN), ["Engineering", "Support", "viewer"]);
    world.mock.clear_requests();

    // A group can't be created from an id. And the SCIM id "5" is not the id 5 of the REST API.
    let unknown = [numbered(99), GroupRef::Id(GroupId::Scim(SUPPORT.to_string()))];
    for group in unknown {
        let (case, _) = failed(world.tenant.provision(&with(vec![group])).await);
        assert_eq!(case, "permanent not-found");
    }
    assert!(world.writes().is_empty());
}

#[tokio::test]
async fn group_names_are_compared_exactly_except_for_surrounding_white_space() {
    let world = World::acme().await;
    let with = |name| ProvisionRequest { groups: memberships([named(name)]), ..arrival(JOAN) };
    for other in ["Engineer", "Engineering Team"] {
        let (case, _) = failed(world.tenant.provision(&with(other)).await);
        assert_eq!(case, "permanent not-found", "{other}");
    }
    // A name that looks the same is not the name. The error names both.
    let (case, detail) = failed(world.tenant.provision(&with("engineering")).await);
    assert_eq!((case, detail.code.as_str()), ("permanent conflict", "similar-group"));
    let result = done(world.tenant.provision(&with("\u{a0} Engineering ")).await);
    assert_eq!(result.groups_added, [link(ENGINEERING, "Engineering")]);
}

#[tokio::test]
async fn two_groups_with_one_name_are_an_error() {
    let world = World::acme().await;
    world.mock.edit(|acme| {
        acme.create_group(Group::new("Engineering"));
    });
    let groups = memberships([named("Engineering")]);
    let request = ProvisionRequest { groups, ..nina(Dialect::V2) };
    let (case, detail) = failed(world.tenant.provision(&request).await);
    assert_eq!((case, detail.code.as_str()), ("permanent conflict", "ambiguous-group"));
    assert!(world.writes().is_empty());
    assert!(world.members_of("Engineering").len() == 2);
}

/// No user can be added to the built-in group that contains all administrators.
#[tokio::test]
async fn v1_reports_the_admin_group_of_a_new_administrator_as_kept() {
    let world = World::acme_over(Dialect::V1).await;
    let request = ProvisionRequest {
        admin: Some(true),
        groups: memberships([named("admin"), named("Support")]),
        ..arrival(NEW)
    };
    let result = done(world.tenant.provision(&request).await);
    assert_eq!(result.groups_kept, [link(1, "admin")]);
    assert_eq!(result.groups_added, [link(SUPPORT, "Support")]);
    assert_eq!(world.groups_of(NEW), ["Support", "admin"]);
}
