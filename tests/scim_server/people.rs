//! One user: provision, change, deprovision, restore.

use host_test::retool::lifecycle::{
    DeprovisionMode, DeprovisionOutcome, DeprovisionRequest, ProvisionOutcome, ProvisionRequest,
    RestoreOutcome,
};
use serde_json::json;

use crate::support::acme::written;
use crate::support::{by_email, departure, failed, memberships, named, restored, restoring};
use crate::{ADA, GRACE, JOAN, World, done, person};

/// Returns a request to deprovision a user that requires no remaining administrators, because SCIM
/// has no field for administrators.
fn leaving(address: &str, mode: DeprovisionMode) -> DeprovisionRequest {
    DeprovisionRequest { minimum_admins: Some(0), ..departure(address, mode) }
}

#[tokio::test]
async fn a_new_user_is_created_once_and_joins_groups_that_are_created_once() {
    let world = World::new().await;
    let request = ProvisionRequest {
        first_name: Some("Ada".into()),
        last_name: Some("Byron".into()),
        groups: memberships([named("Engineering"), named("Support")]),
        create_missing_groups: true,
        ..person(ADA)
    };
    let result = done(world.tenant.provision(&request).await);
    assert_eq!(result.outcome, ProvisionOutcome::Created);
    assert_eq!(
        written(&result.writes),
        [
            "group-created Engineering [Engineering]",
            "group-created Support [Support]",
            "user-created ada@example.com",
            "member-added ada@example.com [Engineering]",
            "member-added ada@example.com [Support]",
        ]
    );
    let ada = world.record(ADA).await;
    assert_eq!(ada["name"], json!({"givenName": "Ada", "familyName": "Byron"}));
    assert_eq!(ada["active"], true);
    for group in ["Engineering", "Support"] {
        assert_eq!(world.server.members_of(group).await, [ADA], "{group}");
    }

    world.server.requests().await;
    let again = done(world.tenant.provision(&request).await);
    assert_eq!(again.outcome, ProvisionOutcome::Unchanged);
    assert_eq!(world.server.writes().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_change_keeps_all_other_fields() {
    let world = World::with_engineers().await;
    let before = world.record(ADA).await;
    let request = ProvisionRequest { last_name: Some("King".into()), ..person(ADA) };
    let result = done(world.tenant.provision(&request).await);
    assert_eq!(result.outcome, ProvisionOutcome::Updated);
    let mut expected = before;
    let after = world.record(ADA).await;
    expected["name"]["familyName"] = json!("King");
    expected["meta"]["lastModified"] = after["meta"]["lastModified"].clone();
    assert_eq!(after, expected);
    assert_eq!(world.server.members_of("Engineering").await, [ADA, GRACE, JOAN]);
}

#[tokio::test]
async fn deprovision_removes_the_groups_of_one_user_and_restore_adds_them_again() {
    let world = World::with_engineers().await;
    let mode = DeprovisionMode::DisableAndStripGroups;
    let left = done(world.tenant.deprovision(&leaving(ADA, mode)).await);
    assert_eq!(left.outcome, DeprovisionOutcome::Deactivated);
    assert_eq!(world.record(ADA).await["active"], false);
    assert_eq!(world.server.members_of("Engineering").await, [GRACE, JOAN]);

    world.server.requests().await;
    let again = done(world.tenant.deprovision(&leaving(ADA, mode)).await);
    assert_eq!(again.outcome, DeprovisionOutcome::AlreadyDeactivated);
    assert_eq!(world.server.writes().await, Vec::<String>::new());

    let tombstone = left.tombstone.expect("a tombstone");
    let back = restored(world.tenant.restore(&restoring([tombstone], false)).await);
    assert_eq!(back.outcome, RestoreOutcome::ReEnabled);
    assert_eq!(back.not_restored, Vec::<String>::new());
    assert_eq!(world.record(ADA).await["active"], true);
    assert_eq!(world.server.members_of("Engineering").await, [ADA, GRACE, JOAN]);
}

#[tokio::test]
async fn a_deleted_user_is_gone_with_their_memberships() {
    let world = World::with_engineers().await;
    let left = done(world.tenant.deprovision(&leaving(ADA, DeprovisionMode::Delete)).await);
    assert_eq!(left.outcome, DeprovisionOutcome::Deleted);
    assert_eq!(world.server.user(ADA).await, None);
    assert_eq!(world.server.members_of("Engineering").await, [GRACE, JOAN]);
    let again = done(world.tenant.deprovision(&leaving(ADA, DeprovisionMode::Delete)).await);
    assert_eq!(again.outcome, DeprovisionOutcome::AlreadyGone);
}

#[tokio::test]
async fn deprovision_without_known_administrators_is_refused_unless_allowed() {
    let world = World::with_engineers().await;
    let (case, error) =
        failed(world.tenant.deprovision(&departure(ADA, DeprovisionMode::Disable)).await);
    assert_eq!((case, &*error.code), ("permanent refused", "last-admin"));
    assert_eq!(error.field.as_deref(), Some("request.minimum-admins"));
    assert_eq!(world.server.writes().await, Vec::<String>::new());
}

#[tokio::test]
async fn odd_addresses_are_found_again() {
    let world = World::new().await;
    for address in ["o'brien+x@example.com", "a%22b&c=d#e@example.com", "jürgen@example.com"] {
        let created = done(world.tenant.provision(&person(address)).await);
        assert_eq!(created.outcome, ProvisionOutcome::Created, "{address}");
        world.server.requests().await;
        let found = done(world.tenant.find_user(&by_email(address)).await).expect(address);
        assert_eq!(found.id, created.user.id);
        // The filter found the user. Otherwise every user would be listed.
        assert_eq!(world.server.requests().await.len(), 1, "{address}");
    }
    assert_eq!(world.server.users().await.len(), 3);
}
