//! A SCIM server whose groups show none, or only the first of their members: a member who is missing
//! from one view is not proved absent.

use host_test::retool::groups::ChangeGroupRequest;
use host_test::retool::lifecycle::{DeprovisionMode, ProvisionRequest};
use host_test::retool::synchronization::{
    MembershipPolicy, RosterEntry, StepKind, StepOutcome, SyncRequest,
};
use host_test::retool::types::Dialect;
use mock_retool::{MemberRemoval, Options, ScimQuirks};

use crate::support::acme::{ADA, GRACE, JOAN, KEN, written};
use crate::support::dialects::known;
use crate::support::{
    World, by_email, changing, departure, done, entry, failed, memberships, named, new_member,
    removing, roster,
};

async fn world(listed: usize) -> World {
    quirky(ScimQuirks { listed_members: Some(listed), ..ScimQuirks::default() }).await
}

async fn quirky(scim_quirks: ScimQuirks) -> World {
    World::acme_over_with(Dialect::Scim, Options { scim_quirks, ..Options::default() }).await
}

/// Joan leaves Support; everybody else stays where they are.
fn leaving() -> SyncRequest {
    let stay = |email: &str, groups: &[&str]| RosterEntry {
        groups: memberships(groups.iter().map(|name| named(name))),
        ..entry(email)
    };
    let mut request = roster(vec![
        stay(ADA, &["Engineering", "Support"]),
        stay(GRACE, &["Engineering"]),
        stay(JOAN, &["viewer"]),
        stay(KEN, &["Support"]),
    ]);
    request.policy.default_user_type = None;
    request.policy.memberships = MembershipPolicy::Exact;
    request
}

#[tokio::test]
async fn a_sync_and_its_steps_remove_a_member_whom_the_group_does_not_show() {
    for listed in [0, 1, 2] {
        let world = world(listed).await;
        let report = done(world.tenant.sync(&leaving()).await);
        let removed = ["member-removed joan@acme.example [Support]"];
        let memberships = |lines: Vec<String>| -> Vec<String> {
            lines.into_iter().filter(|line| line.starts_with("member")).collect()
        };
        assert_eq!(memberships(written(&report.writes)), removed, "{listed}");
        assert!(report.complete);
        assert_eq!(world.members_of("Support"), [ADA, KEN]);
        assert!(done(world.tenant.sync(&leaving()).await).writes.is_empty());

        let world = self::world(listed).await;
        let plan = done(world.tenant.plan_sync(&leaving()).await);
        let step = plan.steps.iter().find(|step| step.kind == StepKind::RemoveMember);
        for outcome in [StepOutcome::Applied, StepOutcome::AlreadySo] {
            let result = done(world.tenant.apply_step(step.expect("a removal")).await);
            assert_eq!(result.outcome, outcome, "{:?}", result.reason);
        }
        assert_eq!(world.members_of("Support"), [ADA, KEN]);
    }
}

#[tokio::test]
async fn a_strip_leaves_every_group() {
    for listed in [0, 1] {
        let world = world(listed).await;
        let request = departure(JOAN, DeprovisionMode::DisableAndStripGroups);
        let result = done(world.tenant.deprovision(&request).await);
        assert_eq!(result.groups_removed, world.links(&["viewer", "Support"]));
        assert!(world.groups_of(JOAN).is_empty() && result.remaining.is_empty());
        assert_eq!(world.members_of("Support"), [ADA, KEN]);
    }
}

#[tokio::test]
async fn what_the_server_does_not_do_is_not_reported_as_done() {
    for (remove_by_filter, failure) in
        [(MemberRemoval::Ignored, "not-verified"), (MemberRemoval::Refused, "server-refused")]
    {
        let world = quirky(ScimQuirks {
            listed_members: Some(0),
            remove_by_filter,
            ..ScimQuirks::default()
        })
        .await;
        let report = done(world.tenant.sync(&leaving()).await);
        let joan = report.people.iter().find(|one| one.email.as_deref() == Some(JOAN));
        let code = joan.and_then(|joan| joan.failure.as_ref()).map(|detail| detail.code.as_str());
        assert_eq!(code, Some(failure));
        assert!(!report.complete);
        assert_eq!(world.members_of("Support"), [ADA, JOAN, KEN]);
    }
}

#[tokio::test]
async fn people_join_groups_that_do_not_show_them() {
    for listed in [0, 1] {
        let world = world(listed).await;
        let request = ProvisionRequest {
            groups: memberships([named("Engineering"), named("Finance")]),
            ..known(JOAN)
        };
        let result = done(world.tenant.provision(&request).await);
        assert_eq!(result.groups_added, world.links(&["Engineering", "Finance"]));
        assert_eq!(world.groups_of(JOAN), ["Engineering", "Finance", "Support", "viewer"]);
        assert!(done(world.tenant.provision(&request).await).writes.is_empty());
    }
}

#[tokio::test]
async fn a_group_is_changed_and_not_removed_although_it_shows_nobody() {
    let world = world(0).await;
    let request = || ChangeGroupRequest {
        add_members: vec![new_member(GRACE)],
        remove_members: vec![by_email(JOAN)],
        ..changing(named("Support"))
    };
    let result = done(world.tenant.change_group(&request()).await);
    assert_eq!((result.members_added.len(), result.members_removed.len()), (1, 1));
    assert_eq!(world.members_of("Support"), [ADA, GRACE, KEN]);
    assert!(done(world.tenant.change_group(&request()).await).writes.is_empty());

    let (case, detail) =
        failed(world.tenant.remove_group(&removing(named("Support"), false)).await);
    assert_eq!((case, detail.code.as_str()), ("permanent refused", "group-has-members"));
    assert!(world.mock.state().group_named("Support").is_some());
}

/// A server whose users show none, or only the first of their groups.
async fn short_users(listed: usize) -> World {
    quirky(ScimQuirks { listed_groups: Some(listed), ..ScimQuirks::default() }).await
}

#[tokio::test]
async fn a_sync_removes_a_member_whose_record_does_not_show_the_group() {
    for listed in [0, 1] {
        let world = short_users(listed).await;
        let report = done(world.tenant.sync(&leaving()).await);
        assert!(report.complete, "{listed}: {:?}", report.people);
        assert_eq!(world.members_of("Support"), [ADA, KEN]);
        assert_eq!(world.groups_of(JOAN), ["viewer"]);
        assert!(done(world.tenant.sync(&leaving()).await).writes.is_empty());
    }
}

#[tokio::test]
async fn people_join_groups_that_their_record_does_not_show() {
    for listed in [0, 1] {
        let world = short_users(listed).await;
        let request = ProvisionRequest {
            groups: memberships([named("Engineering"), named("Finance")]),
            ..known(JOAN)
        };
        done(world.tenant.provision(&request).await);
        assert_eq!(world.groups_of(JOAN), ["Engineering", "Finance", "Support", "viewer"]);
        let again = done(world.tenant.provision(&request).await);
        assert!(again.writes.is_empty(), "{listed}: {:?}", again.writes);
    }
}

#[tokio::test]
async fn a_strip_leaves_the_groups_that_the_record_does_not_show() {
    for listed in [0, 1] {
        let world = short_users(listed).await;
        let request = departure(JOAN, DeprovisionMode::DisableAndStripGroups);
        let result = done(world.tenant.deprovision(&request).await);
        assert!(world.groups_of(JOAN).is_empty(), "{listed}");
        assert_eq!(result.groups_removed.len(), 2, "{listed}");
        assert!(result.remaining.is_empty(), "{:?}", result.remaining);
        let tombstone = result.tombstone.expect("a tombstone");
        assert_eq!(tombstone.user.groups.map_or(0, |groups| groups.len()), 2, "{listed}");
    }
}
