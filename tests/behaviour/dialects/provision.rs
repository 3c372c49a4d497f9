//! `provision`: creates, updates or enables one user.

use host_test::retool::lifecycle::{ProvisionOutcome, ProvisionRequest};
use host_test::retool::types::Dialect;

use crate::support::acme::{ADA, GRACE, JOAN, KEN, NEW, changed, timeless, written};
use crate::support::dialects::{known, nina};
use crate::support::{World, done, failed, memberships, named};

over_every_dialect!(
    a_new_user_is_created_with_names_and_groups,
    repeating_a_creation_writes_nothing,
    an_existing_user_without_differences_is_not_written,
    only_fields_that_differ_are_set,
    without_update_existing_differences_are_reported,
    a_disabled_user_is_enabled_only_if_allowed,
    a_missing_user_is_created_only_if_allowed,
    case_and_white_space_create_no_second_account,
    an_existing_user_joins_groups_and_stays_in_the_others,
);

async fn a_new_user_is_created_with_names_and_groups(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let before = world.mock.state();
    let request = ProvisionRequest {
        groups: memberships([named("Engineering"), named("Support")]),
        ..nina(dialect)
    };
    let result = done(world.tenant.provision(&request).await);

    let person = world.person(NEW);
    assert_eq!(person.first_name.as_deref(), Some("Nina"));
    assert_eq!(person.last_name.as_deref(), Some("Newman"));
    assert_eq!(person.user_type, "default");
    assert!(!person.is_admin && !person.is_disabled);
    assert_eq!(world.groups_of(NEW), ["Engineering", "Support"]);
    let after = world.mock.state();
    assert_eq!(after.users[..4], before.users[..], "no other user changes");

    assert_eq!(result.outcome, ProvisionOutcome::Created);
    assert_eq!(result.user.id, world.user_id(NEW));
    assert_eq!(result.user.email.as_deref(), Some(NEW));
    assert_eq!(result.user.first_name.as_deref(), Some("Nina"));
    assert!(!result.user.disabled && !result.user.admin);
    let links = world.links(&["Engineering", "Support"]);
    assert_eq!(result.user.groups.as_ref(), Some(&links));
    assert_eq!(result.groups_added, links);
    assert!(result.groups_kept.is_empty() && result.groups_created.is_empty());
    assert!(result.differences.is_empty());
    let mut changes = vec!["first-name: (nothing) -> Nina", "last-name: (nothing) -> Newman"];
    // SCIM has no user types.
    if dialect != Dialect::Scim {
        changes.push("user-type: (nothing) -> default");
    }
    assert_eq!(changed(&result.changes), changes);
    assert_eq!(
        written(&result.writes),
        [
            "user-created new@acme.example",
            "member-added new@acme.example [Engineering]",
            "member-added new@acme.example [Support]",
        ]
    );

    // Only `/api/v1` sends an invitation.
    let invites = dialect == Dialect::V1;
    assert_eq!(after.invitations, if invites { vec![NEW] } else { vec![] });
    assert_eq!(result.invitation_sent, invites);
    let mentions = |word: &str| result.remaining.iter().any(|line| line.contains(word));
    assert_eq!(mentions("invitation"), invites, "{:?}", result.remaining);
    assert!(mentions("SSO"), "{:?}", result.remaining);
}

async fn repeating_a_creation_writes_nothing(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let request = ProvisionRequest { groups: memberships([named("Support")]), ..nina(dialect) };
    done(world.tenant.provision(&request).await);
    let before = world.mock.state();
    world.mock.clear_requests();
    let again = done(world.tenant.provision(&request).await);
    assert_eq!(again.outcome, ProvisionOutcome::Unchanged);
    assert_eq!(again.groups_kept, world.links(&["Support"]));
    assert!(again.writes.is_empty() && again.groups_added.is_empty() && !again.invitation_sent);
    assert!(world.writes().is_empty());
    assert_eq!(world.mock.state(), before);
}

async fn an_existing_user_without_differences_is_not_written(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let before = world.mock.state();
    let request = ProvisionRequest {
        first_name: Some("joan".into()),
        last_name: Some("Doe".into()),
        groups: memberships([named("Support")]),
        ..known(JOAN)
    };
    let result = done(world.tenant.provision(&request).await);
    assert_eq!(result.outcome, ProvisionOutcome::Unchanged);
    assert_eq!(result.user.id, world.user_id(JOAN));
    assert_eq!(result.groups_kept, world.links(&["Support"]));
    assert!(result.remaining.is_empty(), "{:?}", result.remaining);
    assert!(world.writes().is_empty());
    assert_eq!(world.mock.state(), before);
}

async fn only_fields_that_differ_are_set(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let before = world.mock.state().users;
    let request = ProvisionRequest {
        first_name: Some("Joanna".into()),
        last_name: Some("Doe".into()),
        ..known(JOAN)
    };
    let result = done(world.tenant.provision(&request).await);
    assert_eq!(result.outcome, ProvisionOutcome::Updated);
    assert_eq!(changed(&result.changes), ["first-name: joan -> Joanna"]);
    assert_eq!(written(&result.writes), ["user-updated joan@acme.example"]);
    assert_eq!(world.count_of_writes(), 1);
    let mut expected = before;
    expected[2].first_name = Some("Joanna".into());
    let after = world.mock.state().users;
    assert_eq!(
        after.into_iter().map(timeless).collect::<Vec<_>>(),
        expected.into_iter().map(timeless).collect::<Vec<_>>()
    );
}

async fn without_update_existing_differences_are_reported(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let request = ProvisionRequest {
        first_name: Some("Joanna".into()),
        update_existing: false,
        groups: memberships([named("Finance")]),
        ..known(JOAN)
    };
    let result = done(world.tenant.provision(&request).await);
    assert_eq!(result.outcome, ProvisionOutcome::Updated, "she joined a group");
    assert_eq!(changed(&result.differences), ["first-name: joan -> Joanna"]);
    assert!(result.changes.is_empty());
    assert_eq!(written(&result.writes), ["member-added joan@acme.example [Finance]"]);
    assert_eq!(world.person(JOAN).first_name.as_deref(), Some("joan"));
}

async fn a_disabled_user_is_enabled_only_if_allowed(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let refused = ProvisionRequest { re_enable_disabled: false, ..known(KEN) };
    let (case, detail) = failed(world.tenant.provision(&refused).await);
    assert_eq!((case, detail.code.as_str()), ("permanent refused", "user-disabled"));
    assert!(world.writes().is_empty());

    let before = world.person(KEN);
    let result = done(world.tenant.provision(&known(KEN)).await);
    assert_eq!(result.outcome, ProvisionOutcome::ReEnabled);
    assert_eq!(changed(&result.changes), ["disabled: true -> false"]);
    assert_eq!(written(&result.writes), ["user-enabled ken@acme.example"]);
    assert!(!result.user.disabled);
    let expected = mock_retool::User { is_disabled: false, ..before };
    assert_eq!(timeless(world.person(KEN)), timeless(expected));
}

async fn a_missing_user_is_created_only_if_allowed(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let request = ProvisionRequest { create_missing: false, ..nina(dialect) };
    let (case, detail) = failed(world.tenant.provision(&request).await);
    assert_eq!((case, detail.code.as_str()), ("permanent not-found", "user-not-found"));
    assert_eq!(detail.subject.as_deref(), Some(NEW));
    assert!(world.writes().is_empty() && !world.has(NEW));
}

async fn case_and_white_space_create_no_second_account(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    world.shape(GRACE, |grace| grace.email = "Grace@ACME.example".into());
    for spelling in ["  GRACE@acme.example", "grace@acme.example ", "Grace@Acme.Example"] {
        let result = done(world.tenant.provision(&known(spelling)).await);
        assert_eq!(result.outcome, ProvisionOutcome::Unchanged, "{spelling:?}");
        assert_eq!(result.user.id, world.user_id(GRACE), "{spelling:?}");
    }
    assert!(world.writes().is_empty());
    assert_eq!(world.mock.state().users.len(), 4);
}

async fn an_existing_user_joins_groups_and_stays_in_the_others(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let request = ProvisionRequest {
        groups: memberships([named("Finance"), named("Engineering"), named("Support")]),
        ..known(ADA)
    };
    let result = done(world.tenant.provision(&request).await);
    assert_eq!(result.outcome, ProvisionOutcome::Updated);
    assert_eq!(result.groups_added, world.links(&["Finance"]));
    assert_eq!(result.groups_kept, world.links(&["Engineering", "Support"]));
    assert_eq!(world.groups_of(ADA), ["Engineering", "Finance", "Support", "admin"]);
    assert_eq!(world.members_of("Finance"), [ADA]);
    assert_eq!(world.members_of("Support"), [ADA, JOAN, KEN], "no other user joins");
    assert_eq!(world.count_of_writes(), 1);
}
