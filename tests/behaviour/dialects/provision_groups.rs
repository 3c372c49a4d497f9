//! `provision`: the groups of a new or existing user.

use host_test::retool::lifecycle::{ProvisionOutcome, ProvisionRequest};
use host_test::retool::types::{Dialect, GroupId, GroupRef};
use mock_retool::Group;

use crate::support::acme::{JOAN, NEW, written};
use crate::support::dialects::{known, nina};
use crate::support::{World, done, failed, memberships, named};

over_every_dialect!(
    groups_may_be_given_by_name_or_by_id,
    a_missing_group_is_an_error_before_anything_is_written,
    a_missing_group_is_created_once_and_joined,
    a_group_id_of_another_api_is_unknown,
    two_groups_with_one_name_are_an_error,
    white_space_creates_no_second_group,
);

async fn groups_may_be_given_by_name_or_by_id(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let request = ProvisionRequest {
        groups: memberships([world.by_id("Finance"), world.by_id("Engineering")]),
        ..nina(dialect)
    };
    let result = done(world.tenant.provision(&request).await);
    assert_eq!(result.groups_added, world.links(&["Finance", "Engineering"]));
    assert_eq!(world.groups_of(NEW), ["Engineering", "Finance"]);

    world.mock.clear_requests();
    let names = vec![named("Engineering"), named("Finance")];
    let again = ProvisionRequest { groups: memberships(names), ..nina(dialect) };
    let result = done(world.tenant.provision(&again).await);
    assert_eq!(result.outcome, ProvisionOutcome::Unchanged);
    assert!(world.writes().is_empty());
}

async fn a_missing_group_is_an_error_before_anything_is_written(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    for request in [nina(dialect), known(JOAN)] {
        let groups = memberships([named("Support"), named("Legal")]);
        let request = ProvisionRequest { groups, ..request };
        let (case, detail) = failed(world.tenant.provision(&request).await);
        assert_eq!((case, detail.code.as_str()), ("permanent not-found", "group-not-found"));
        assert_eq!(detail.subject.as_deref(), Some("Legal"));
    }
    assert!(world.writes().is_empty() && !world.has(NEW));
}

async fn a_missing_group_is_created_once_and_joined(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let request = ProvisionRequest {
        groups: memberships([named("Legal"), named("Support")]),
        create_missing_groups: true,
        ..nina(dialect)
    };
    let result = done(world.tenant.provision(&request).await);
    assert_eq!(result.groups_created, world.links(&["Legal"]));
    assert_eq!(result.groups_added.len(), 2);
    assert_eq!(
        written(&result.writes),
        [
            "group-created Legal [Legal]",
            "user-created new@acme.example",
            "member-added new@acme.example [Support]",
            "member-added new@acme.example [Legal]",
        ]
    );
    assert_eq!(world.groups_of(NEW), ["Legal", "Support"]);
    assert_eq!(world.mock.state().groups.len(), 7);

    done(world.tenant.provision(&request).await);
    assert_eq!(world.mock.state().groups.len(), 7);
}

async fn a_group_id_of_another_api_is_unknown(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let foreign = match dialect {
        Dialect::Scim => world.group_id_in(Dialect::V1, "Support"),
        _ => GroupId::Scim("5".into()),
    };
    let request =
        ProvisionRequest { groups: memberships([GroupRef::Id(foreign)]), ..nina(dialect) };
    let (case, detail) = failed(world.tenant.provision(&request).await);
    assert_eq!((case, detail.code.as_str()), ("permanent not-found", "group-not-found"));
    assert!(world.writes().is_empty());
}

async fn two_groups_with_one_name_are_an_error(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let second = world.mock.edit(|acme| acme.create_group(Group::new("Support")).clone());
    let request = ProvisionRequest {
        groups: memberships([named("Support")]),
        create_missing_groups: true,
        ..nina(dialect)
    };
    let (case, detail) = failed(world.tenant.provision(&request).await);
    assert_eq!((case, detail.code.as_str()), ("permanent conflict", "ambiguous-group"));
    assert!(world.writes().is_empty());
    assert_eq!(world.mock.state().groups.len(), 7, "no third group is created");

    // The id is unambiguous.
    let id = match dialect {
        Dialect::Scim => GroupId::Scim(second.scim_id()),
        _ => GroupId::Rest(second.id.to_string()),
    };
    let request = ProvisionRequest { groups: memberships([GroupRef::Id(id)]), ..nina(dialect) };
    done(world.tenant.provision(&request).await);
    let state = world.mock.state();
    let members: Vec<_> = state.members(second.id).map(|member| &*member.user.email).collect();
    assert_eq!(members, [NEW]);
}

async fn white_space_creates_no_second_group(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    world.mock.edit(|acme| acme.create_group(Group::new(" Legal ")).id);
    let request = ProvisionRequest {
        groups: memberships([named("Legal  ")]),
        create_missing_groups: true,
        ..nina(dialect)
    };
    let result = done(world.tenant.provision(&request).await);
    assert!(result.groups_created.is_empty());
    assert_eq!(world.groups_of(NEW), [" Legal "]);
    assert_eq!(world.mock.state().groups.len(), 7);
}
