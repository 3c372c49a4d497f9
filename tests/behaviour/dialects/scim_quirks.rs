//! SCIM servers that respond differently. Each can create, change, disable, restore and delete a
//! user.

use host_test::retool::groups::ChangeGroupRequest;
use host_test::retool::lifecycle::{
    DeprovisionMode, DeprovisionOutcome, ProvisionOutcome, ProvisionRequest, RestoreOutcome,
};
use host_test::retool::types::Dialect;
use mock_retool::{MemberRemoval, Options, PatchAnswer, ScimQuirks};

use crate::support::acme::{ADA, GRACE, JOAN, KEN, NEW, changed, written};
use crate::support::dialects::{known, nina};
use crate::support::{
    World, by_email, changing, departure, done, failed, memberships, named, restored, restoring,
};

async fn with(scim_quirks: ScimQuirks) -> World {
    World::acme_over_with(Dialect::Scim, Options { scim_quirks, ..Options::default() }).await
}

fn quirks() -> Vec<ScimQuirks> {
    let good = ScimQuirks::default;
    vec![
        ScimQuirks { ignore_paging: true, ..good() },
        ScimQuirks { leave_out_empty_resources: true, ..good() },
        ScimQuirks { active_as_text: true, ..good() },
        ScimQuirks { no_location: true, ..good() },
        ScimQuirks { no_etag: true, ..good() },
        ScimQuirks { numeric_error_status: true, ..good() },
        ScimQuirks { plain_json: true, ..good() },
        ScimQuirks { patch_answer: PatchAnswer::Resource, ..good() },
        ScimQuirks { patch_answer: PatchAnswer::NoContent, ..good() },
        ScimQuirks { remove_by_filter: MemberRemoval::Refused, ..good() },
        ScimQuirks { remove_by_filter: MemberRemoval::Ignored, ..good() },
        ScimQuirks { remove_by_value: MemberRemoval::EmptiesGroup, ..good() },
        ScimQuirks {
            ignore_paging: true,
            leave_out_empty_resources: true,
            active_as_text: true,
            no_location: true,
            no_etag: true,
            numeric_error_status: true,
            plain_json: true,
            patch_answer: PatchAnswer::NoContent,
            remove_by_filter: MemberRemoval::Refused,
            ..good()
        },
    ]
}

#[tokio::test]
async fn all_operations_succeed_with_every_quirk() {
    for quirks in quirks() {
        let how = format!("{quirks:?}");
        let world = with(quirks).await;
        let tenant = &world.tenant;
        assert!(done(tenant.find_user(&by_email(NEW)).await).is_none(), "{how}");
        let ken = done(tenant.find_user(&by_email(KEN)).await).expect("Ken");
        assert!(ken.disabled, "{how}");
        let request =
            ProvisionRequest { groups: memberships([named("Support")]), ..nina(Dialect::Scim) };
        let created = done(tenant.provision(&request).await);
        assert_eq!(created.outcome, ProvisionOutcome::Created, "{how}");
        assert_eq!(world.members_of("Support"), [ADA, JOAN, KEN, NEW], "{how}");

        let renamed = ProvisionRequest { first_name: Some("Nadia".into()), ..known(NEW) };
        let updated = done(tenant.provision(&renamed).await);
        assert_eq!(changed(&updated.changes), ["first-name: Nina -> Nadia"], "{how}");

        let request = departure(NEW, DeprovisionMode::DisableAndStripGroups);
        let left = done(tenant.deprovision(&request).await);
        assert_eq!(left.outcome, DeprovisionOutcome::Deactivated, "{how}");
        assert_eq!(world.members_of("Support"), [ADA, JOAN, KEN], "{how}");
        assert!(world.person(NEW).is_disabled, "{how}");

        let tombstone = left.tombstone.expect("a tombstone");
        let back = restored(tenant.restore(&restoring([tombstone], false)).await);
        assert_eq!(back.outcome, RestoreOutcome::ReEnabled, "{how}");
        assert_eq!(world.members_of("Support"), [ADA, JOAN, KEN, NEW], "{how}");

        let deleted = done(tenant.deprovision(&departure(NEW, DeprovisionMode::Delete)).await);
        assert_eq!(deleted.outcome, DeprovisionOutcome::Deleted, "{how}");
        assert!(!world.has(NEW), "{how}");
    }
}

#[tokio::test]
async fn a_deletion_that_only_disabled_is_reported_as_deactivated() {
    let world = with(ScimQuirks { delete_disables: true, ..ScimQuirks::default() }).await;
    let result = done(world.tenant.deprovision(&departure(JOAN, DeprovisionMode::Delete)).await);
    assert_eq!(result.outcome, DeprovisionOutcome::Deactivated);
    assert_eq!(written(&result.writes), ["user-disabled joan@acme.example"]);
    assert!(world.person(JOAN).is_disabled);
}

fn leaving(email: &str) -> ChangeGroupRequest {
    ChangeGroupRequest { remove_members: vec![by_email(email)], ..changing(named("Support")) }
}

/// If one form does nothing, the other is tried. The form that worked is used from then on.
#[tokio::test]
async fn a_member_is_removed_with_the_form_that_the_server_supports() {
    for (remove_by_filter, forms) in [
        (MemberRemoval::Works, 2),
        // The first removal tries both, the second the one that worked.
        (MemberRemoval::Refused, 3),
        (MemberRemoval::Ignored, 3),
    ] {
        let world = with(ScimQuirks { remove_by_filter, ..ScimQuirks::default() }).await;
        let request = ChangeGroupRequest {
            remove_members: vec![by_email(JOAN), by_email(KEN)],
            ..leaving(JOAN)
        };
        let result = done(world.tenant.change_group(&request).await);
        assert_eq!(world.members_of("Support"), [ADA], "{remove_by_filter:?}");
        assert_eq!(result.members_removed.len(), 2, "{remove_by_filter:?}");
        assert_eq!(world.count_of_writes(), forms, "{remove_by_filter:?}");
    }
}

/// The removal of one member removes all. The others are added again, and the call fails.
#[tokio::test]
async fn a_server_that_empties_the_group_is_detected_and_the_members_are_restored() {
    let emptying = ScimQuirks {
        remove_by_filter: MemberRemoval::EmptiesGroup,
        remove_by_value: MemberRemoval::EmptiesGroup,
        ..ScimQuirks::default()
    };
    let world = with(emptying).await;
    let (case, detail) = failed(world.tenant.change_group(&leaving(JOAN)).await);
    assert_eq!((case, detail.code.as_str()), ("permanent conflict", "not-verified"));
    assert!(detail.message.contains("emptied the whole group"), "{}", detail.message);
    assert_eq!(world.members_of("Support"), [ADA, KEN], "the others are members again");
    assert_eq!(world.members_of("Engineering"), [ADA, GRACE]);
}

/// A user who is still a member is not reported as removed.
#[tokio::test]
async fn a_removal_that_no_form_achieves_is_an_error() {
    for removal in [MemberRemoval::Ignored, MemberRemoval::Refused] {
        let quirks = ScimQuirks {
            remove_by_filter: removal,
            remove_by_value: removal,
            ..ScimQuirks::default()
        };
        let world = with(quirks).await;
        let (_, detail) = failed(world.tenant.change_group(&leaving(JOAN)).await);
        let code =
            if removal == MemberRemoval::Ignored { "not-verified" } else { "server-refused" };
        assert_eq!(detail.code, code);
        assert_eq!(world.members_of("Support"), [ADA, JOAN, KEN]);
    }
}

/// Entra ID creates users with a user name that is no address. The e-mail address identifies them.
#[tokio::test]
async fn a_user_name_that_is_no_address_causes_no_second_account() {
    let world = with(ScimQuirks::default()).await;
    world.shape(JOAN, |joan| {
        joan.scim.insert("userName".into(), "Test_User_joan".into());
    });
    let result = done(world.tenant.provision(&known(JOAN)).await);
    assert_eq!(result.outcome, ProvisionOutcome::Unchanged);
    assert_eq!(result.user.id, world.user_id(JOAN));
    assert!(world.writes().is_empty(), "no second account is created");
}
