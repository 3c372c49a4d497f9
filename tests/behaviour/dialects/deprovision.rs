//! `deprovision`: disables or deletes one user, as the mode says and as far as the dialect can.

use host_test::retool::lifecycle::{DeprovisionMode, DeprovisionOutcome, DeprovisionRequest};
use host_test::retool::types::{Dialect, UserType};
use mock_retool::{Options, V2Options};
use serde_json::Value;

use crate::support::acme::{ADA, GRACE, JOAN, KEN, NEW, timeless, written};
use crate::support::{World, by_email, departure, done, failed};

over_every_dialect!(
    disabling_changes_nothing_else,
    stripping_removes_all_memberships_of_the_user_and_no_others,
    a_membership_that_the_server_manages_is_reported_as_remaining,
    a_deletion_is_reported_as_what_the_server_did,
    a_disabled_user_is_deleted_if_the_dialect_can_delete,
    repeating_a_deprovision_only_ends_the_sessions_again,
    an_unknown_user_is_already_gone_in_every_mode,
    deletion_by_age_uses_the_servers_dates_or_is_reported_as_remaining,
    the_tombstone_holds_the_account_as_it_was,
    protected_users_and_the_last_administrator_are_not_removed,
    the_user_must_have_the_expected_id,
);

/// Returns the writes of a deprovision. `/api/v2` also ends the sessions, right after the account is
/// disabled.
fn with_sessions_ended(dialect: Dialect, writes: &[&str]) -> Vec<String> {
    let ended = (dialect == Dialect::V2).then_some("sessions-ended joan@acme.example");
    let (disabled, others) = writes.split_at(1);
    let writes = disabled.iter().copied().chain(ended).chain(others.iter().copied());
    writes.map(str::to_owned).collect()
}

/// The writes of a departure of somebody who is disabled already.
fn sessions_ended(dialect: Dialect, email: &str) -> Vec<String> {
    (dialect == Dialect::V2).then(|| format!("sessions-ended {email}")).into_iter().collect()
}

async fn disabling_changes_nothing_else(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let before = world.mock.state();
    let result = done(world.tenant.deprovision(&departure(JOAN, DeprovisionMode::Disable)).await);
    assert_eq!(result.outcome, DeprovisionOutcome::Deactivated);
    assert_eq!(
        written(&result.writes),
        with_sessions_ended(dialect, &["user-disabled joan@acme.example"])
    );
    assert!(result.groups_removed.is_empty() && result.remaining.is_empty());
    assert_eq!(result.deletion_due, None);
    let mut expected = before.users;
    expected[2].is_disabled = true;
    let after = world.mock.state();
    let joan = after.users[2].id.clone();
    assert_eq!(
        after.users.into_iter().map(timeless).collect::<Vec<_>>(),
        expected.into_iter().map(timeless).collect::<Vec<_>>()
    );
    let ended = if dialect == Dialect::V2 { vec![joan] } else { vec![] };
    assert_eq!(after.ended_sessions, ended);
}

async fn stripping_removes_all_memberships_of_the_user_and_no_others(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let request = departure(JOAN, DeprovisionMode::DisableAndStripGroups);
    let result = done(world.tenant.deprovision(&request).await);
    assert_eq!(result.outcome, DeprovisionOutcome::Deactivated);
    assert_eq!(result.groups_removed, world.taken_links(&["viewer", "Support"]));
    assert_eq!(
        written(&result.writes),
        with_sessions_ended(
            dialect,
            &[
                "user-disabled joan@acme.example",
                "member-removed joan@acme.example [viewer]",
                "member-removed joan@acme.example [Support]",
            ]
        )
    );
    assert!(result.remaining.is_empty());
    assert!(world.person(JOAN).is_disabled);
    assert!(world.groups_of(JOAN).is_empty());
    assert_eq!(world.members_of("Support"), [ADA, KEN]);

    world.mock.clear_requests();
    let again = done(world.tenant.deprovision(&request).await);
    assert_eq!(again.outcome, DeprovisionOutcome::AlreadyDeactivated);
    assert!(again.groups_removed.is_empty());
    let ended = sessions_ended(dialect, JOAN);
    assert_eq!(written(&again.writes), ended);
    assert_eq!(world.writes().len(), ended.len());
}

async fn a_membership_that_the_server_manages_is_reported_as_remaining(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let request = departure(ADA, DeprovisionMode::DisableAndStripGroups);
    let result = done(world.tenant.deprovision(&request).await);
    assert_eq!(result.groups_removed, world.taken_links(&["Engineering", "Support"]));
    assert_eq!(world.groups_of(ADA), ["admin"]);
    let [remaining] = &result.remaining[..] else { panic!("{:?}", result.remaining) };
    assert!(remaining.contains("admin") && remaining.contains(ADA), "{remaining}");
}

/// A deletion on `/api/v2` only disables. It is never reported as a deletion.
async fn a_deletion_is_reported_as_what_the_server_did(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let request = departure(JOAN, DeprovisionMode::Delete);
    let result = done(world.tenant.deprovision(&request).await);
    let again = done(world.tenant.deprovision(&request).await);
    if dialect == Dialect::V2 {
        assert_eq!(result.outcome, DeprovisionOutcome::Deactivated);
        assert_eq!(
            written(&result.writes),
            ["user-disabled joan@acme.example", "sessions-ended joan@acme.example"]
        );
        assert!(world.person(JOAN).is_disabled);
        assert_eq!(world.members_of("Support"), [ADA, JOAN, KEN], "memberships stay");
        assert_eq!(again.outcome, DeprovisionOutcome::AlreadyDeactivated);
    } else {
        assert_eq!(result.outcome, DeprovisionOutcome::Deleted);
        assert_eq!(written(&result.writes), ["user-deleted joan@acme.example"]);
        assert!(!world.has(JOAN));
        assert_eq!(world.members_of("Support"), [ADA, KEN]);
        assert_eq!(again.outcome, DeprovisionOutcome::AlreadyGone);
        assert!(again.tombstone.is_none());
    }
    assert_eq!(written(&again.writes), sessions_ended(dialect, JOAN));
}

async fn a_disabled_user_is_deleted_if_the_dialect_can_delete(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let result = done(world.tenant.deprovision(&departure(KEN, DeprovisionMode::Delete)).await);
    if dialect == Dialect::V2 {
        assert_eq!(result.outcome, DeprovisionOutcome::AlreadyDeactivated);
        assert_eq!(written(&result.writes), sessions_ended(dialect, KEN));
        assert!(world.person(KEN).is_disabled);
    } else {
        assert_eq!(result.outcome, DeprovisionOutcome::Deleted);
        assert!(!world.has(KEN));
    }
}

async fn repeating_a_deprovision_only_ends_the_sessions_again(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let mut before = world.mock.state();
    let result = done(world.tenant.deprovision(&departure(KEN, DeprovisionMode::Disable)).await);
    assert_eq!(result.outcome, DeprovisionOutcome::AlreadyDeactivated);
    let ended = sessions_ended(dialect, KEN);
    assert_eq!(written(&result.writes), ended);
    assert_eq!(world.writes().len(), ended.len());
    assert!(result.tombstone.expect("a tombstone").user.disabled);
    before.ended_sessions.extend(ended.iter().map(|_| world.id_of(KEN)));
    assert_eq!(world.mock.state(), before);
}

async fn an_unknown_user_is_already_gone_in_every_mode(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let before = world.mock.state();
    for mode in [
        DeprovisionMode::Disable,
        DeprovisionMode::DisableAndStripGroups,
        DeprovisionMode::Delete,
        DeprovisionMode::DeleteOnceDisabled(1),
    ] {
        let result = done(world.tenant.deprovision(&departure(NEW, mode)).await);
        assert_eq!(result.outcome, DeprovisionOutcome::AlreadyGone, "{mode:?}");
        assert!(result.tombstone.is_none(), "{mode:?}");
    }
    assert!(world.writes().is_empty());
    assert_eq!(world.mock.state(), before);
}

async fn deletion_by_age_uses_the_servers_dates_or_is_reported_as_remaining(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let request = departure(JOAN, DeprovisionMode::DeleteOnceDisabled(1));
    let result = done(world.tenant.deprovision(&request).await);
    assert_eq!(result.outcome, DeprovisionOutcome::Deactivated);
    assert!(world.person(JOAN).is_disabled);
    // `/api/v2` does not return the time of the last change.
    let dated = dialect != Dialect::V2;
    let changed = world.person(JOAN).updated_at;
    let due = dated.then(|| changed.replacen("01-05", "01-06", 1));
    assert_eq!(result.deletion_due, due);
    assert_eq!(result.disabled_since, dated.then_some(changed));
    assert_eq!(result.remaining.len(), usize::from(!dated), "{:?}", result.remaining);

    let since = "2020-01-01T00:00:00Z";
    world.shape(JOAN, |joan| joan.updated_at = since.into());
    let request = DeprovisionRequest { disabled_since: Some(since.into()), ..request };
    let result = done(world.tenant.deprovision(&request).await);
    if dated {
        assert_eq!(result.outcome, DeprovisionOutcome::Deleted);
        assert!(!world.has(JOAN));
    } else {
        assert_eq!(result.outcome, DeprovisionOutcome::AlreadyDeactivated);
        assert_eq!(result.deletion_due, None);
        assert!(world.has(JOAN));
    }
}

async fn the_tombstone_holds_the_account_as_it_was(dialect: Dialect) {
    for mode in [DeprovisionMode::Disable, DeprovisionMode::Delete] {
        let world = World::acme_over(dialect).await;
        let id = world.user_id(JOAN);
        let takes_memberships = matches!(mode, DeprovisionMode::Delete);
        let links = if takes_memberships { World::taken_links } else { World::links };
        let links = links(&world, &["viewer", "Support"]);
        let result = done(world.tenant.deprovision(&departure(JOAN, mode)).await);
        let tombstone = result.tombstone.expect("a tombstone");
        assert_eq!(tombstone.base_url, world.mock.base_url());
        assert_eq!(tombstone.user.id, id);
        assert_eq!(tombstone.user.email.as_deref(), Some(JOAN));
        assert_eq!(tombstone.user.first_name.as_deref(), Some("joan"));
        let user_type = (dialect != Dialect::Scim).then_some(UserType::Default);
        assert_eq!(tombstone.user.user_type, user_type);
        assert!(!tombstone.user.disabled, "as it was before");
        assert_eq!(tombstone.user.groups.as_ref(), Some(&links));
        let raw: Value = serde_json::from_str(&tombstone.raw.expect("a record")).expect("JSON");
        let own = match dialect {
            Dialect::V1 => &raw["isDisabled"],
            _ => &raw["active"],
        };
        assert_eq!(*own, Value::from(dialect != Dialect::V1), "{raw}");
    }
}

async fn protected_users_and_the_last_administrator_are_not_removed(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let request = DeprovisionRequest {
        protected_people: vec![by_email(" JOAN@acme.EXAMPLE ")],
        ..departure(JOAN, DeprovisionMode::Delete)
    };
    let (case, detail) = failed(world.tenant.deprovision(&request).await);
    assert_eq!((case, detail.code.as_str()), ("permanent refused", "protected-person"));

    world.shape(GRACE, |grace| grace.is_admin = false);
    for mode in [DeprovisionMode::Disable, DeprovisionMode::Delete] {
        let (case, detail) = failed(world.tenant.deprovision(&departure(ADA, mode)).await);
        assert_eq!((case, detail.code.as_str()), ("permanent refused", "last-admin"));
    }
    assert!(world.writes().is_empty());

    let request =
        DeprovisionRequest { minimum_admins: Some(0), ..departure(ADA, DeprovisionMode::Disable) };
    done(world.tenant.deprovision(&request).await);
    assert!(world.person(ADA).is_disabled);
}

async fn the_user_must_have_the_expected_id(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let others = [Dialect::V1, Dialect::V2, Dialect::Scim].into_iter().filter(|d| *d != dialect);
    let foreign = others.map(|other| world.user_id_in(other, JOAN));
    for id in [world.user_id(KEN)].into_iter().chain(foreign) {
        let request = DeprovisionRequest {
            expected_id: Some(id),
            ..departure(JOAN, DeprovisionMode::Disable)
        };
        let (case, detail) = failed(world.tenant.deprovision(&request).await);
        assert_eq!((case, detail.code.as_str()), ("permanent conflict", "wrong-person"));
    }
    assert!(world.writes().is_empty());
    let request = DeprovisionRequest {
        expected_id: Some(world.user_id(JOAN)),
        ..departure(JOAN, DeprovisionMode::Disable)
    };
    done(world.tenant.deprovision(&request).await);
    assert!(world.person(JOAN).is_disabled);
}

/// Old servers have no route to log users out.
#[tokio::test]
async fn a_server_without_a_logout_route_is_no_failure() {
    let v2 = V2Options { logout: false, ..V2Options::default() };
    let options = Options { v2, ..Options::default() };
    let world = World::acme_over_with(Dialect::V2, options).await;
    for (email, mode) in [(JOAN, DeprovisionMode::Disable), (GRACE, DeprovisionMode::Delete)] {
        let result = done(world.tenant.deprovision(&departure(email, mode)).await);
        assert_eq!(result.outcome, DeprovisionOutcome::Deactivated);
        assert_eq!(written(&result.writes), [format!("user-disabled {email}")]);
        let [remaining] = &result.remaining[..] else { panic!("{:?}", result.remaining) };
        assert!(remaining.contains("no request that ends sessions"), "{remaining}");
    }
}

/// The user stays disabled if the sessions can't be ended. The result says that a person must end
/// them.
#[tokio::test]
async fn sessions_that_can_not_be_ended_are_reported_as_remaining() {
    let world = World::acme_over(Dialect::V2).await;
    let logout = format!("{}/logout", world.user_path(JOAN));
    world.instead(&format!("POST {logout}"), 422, |_| {});
    let result = done(world.tenant.deprovision(&departure(JOAN, DeprovisionMode::Disable)).await);
    assert_eq!(result.outcome, DeprovisionOutcome::Deactivated);
    assert_eq!(written(&result.writes), ["user-disabled joan@acme.example"]);
    let [remaining] = &result.remaining[..] else { panic!("{:?}", result.remaining) };
    assert!(remaining.contains("sessions") && remaining.contains(JOAN), "{remaining}");
}

/// If no record lists the administrators' group, the last administrator is unknown.
#[tokio::test]
async fn without_known_administrators_a_removal_is_refused_unless_the_minimum_is_0() {
    let world = World::acme_over(Dialect::Scim).await;
    for email in [ADA, GRACE] {
        world.shape(email, |user| user.is_admin = false);
    }
    let request = departure(JOAN, DeprovisionMode::Disable);
    let (case, detail) = failed(world.tenant.deprovision(&request).await);
    assert_eq!((case, detail.code.as_str()), ("permanent refused", "last-admin"));
    assert_eq!(detail.field.as_deref(), Some("request.minimum-admins"));
    assert!(world.writes().is_empty());

    let request = DeprovisionRequest { minimum_admins: Some(0), ..request };
    let result = done(world.tenant.deprovision(&request).await);
    assert_eq!(result.outcome, DeprovisionOutcome::Deactivated);
    assert!(world.person(JOAN).is_disabled);
}
