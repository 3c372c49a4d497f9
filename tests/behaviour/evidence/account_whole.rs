//! A PUT of `/api/v1` on servers that reset what it leaves out: an account includes its memberships,
//! and a group its members.

use host_test::retool::groups::ChangeGroupRequest;
use host_test::retool::lifecycle::{DeprovisionMode, ProvisionRequest};
use host_test::retool::synchronization::{PersonOutcome, RosterEntry, StepOutcome};
use host_test::retool::types::{Certainty, Dialect};
use mock_retool::{Deviations, Fault, FaultKind, Options};

use crate::support::acme::{ADA, JOAN, KEN, written};
use crate::support::dialects::known;
use crate::support::{World, changing, departure, done, entry, failed, named, roster};

async fn world(deviations: Deviations) -> World {
    World::acme_over_with(Dialect::V1, Options { deviations, ..Options::default() }).await
}

fn resetting() -> Deviations {
    Deviations { put_resets_memberships: true, ..Deviations::default() }
}

/// A server that resets memberships, and takes no member back.
fn refusing() -> Deviations {
    Deviations { refuses_members: true, ..resetting() }
}

fn renamed() -> ProvisionRequest {
    ProvisionRequest { last_name: Some("Clarke".into()), ..known(JOAN) }
}

const PUT_BACK: [&str; 5] = [
    "user-updated joan@acme.example",
    "member-removed joan@acme.example [viewer]",
    "member-removed joan@acme.example [Support]",
    "member-added joan@acme.example [viewer]",
    "member-added joan@acme.example [Support]",
];

#[tokio::test]
async fn provision_puts_memberships_back_that_a_put_drops() {
    for omit_groups in [false, true] {
        let world = world(resetting()).await;
        if omit_groups {
            world.mock.inject(Fault::new(FaultKind::OmitField("groups".into())));
        }
        let result = done(world.tenant.provision(&renamed()).await);
        assert_eq!(written(&result.writes), PUT_BACK);
        assert!(result.writes.iter().all(|write| write.certainty == Certainty::Confirmed));
        let [note] = &result.remaining[..] else { panic!("{:?}", result.remaining) };
        assert!(note.contains("viewer, Support") && note.contains(JOAN), "{note}");
        assert_eq!(world.groups_of(JOAN), ["Support", "viewer"]);
        assert_eq!(world.person(JOAN).last_name.as_deref(), Some("Clarke"));
    }
}

#[tokio::test]
async fn a_membership_that_is_lost_is_named_and_the_write_is_not_confirmed() {
    let world = world(refusing()).await;
    let (case, detail) = failed(world.tenant.provision(&renamed()).await);
    assert_eq!((case, detail.code.as_str()), ("permanent conflict", "not-verified"));
    assert_eq!(detail.subject.as_deref(), Some(JOAN));
    for group in ["viewer", "Support"] {
        assert!(detail.message.contains(group), "{}", detail.message);
    }
    assert_eq!(detail.writes[0].certainty, Certainty::Unknown);
    assert_eq!(written(&detail.writes[1..]), PUT_BACK[1..3]);
    assert!(world.groups_of(JOAN).is_empty());
}

#[tokio::test]
async fn a_deprovision_that_only_disables_keeps_the_memberships() {
    let world = world(resetting()).await;
    let result = done(world.tenant.deprovision(&departure(JOAN, DeprovisionMode::Disable)).await);
    assert_eq!(world.groups_of(JOAN), ["Support", "viewer"]);
    assert!(world.person(JOAN).is_disabled);
    assert!(result.groups_removed.is_empty());

    let strip = departure(ADA, DeprovisionMode::DisableAndStripGroups);
    let result = done(world.tenant.deprovision(&strip).await);
    assert_eq!(result.groups_removed, world.links(&["Engineering", "Support"]));
    assert_eq!(world.groups_of(ADA), ["admin"]);

    let world = self::world(refusing()).await;
    let disable = departure(JOAN, DeprovisionMode::Disable);
    let (_, detail) = failed(world.tenant.deprovision(&disable).await);
    assert_eq!(detail.code, "not-verified");
    // What `restore` needs is in the error.
    let [tombstone] = &detail.tombstones[..] else { panic!("{:?}", detail.tombstones) };
    assert_eq!(tombstone.user.groups.as_ref(), Some(&world.links(&["viewer", "Support"])));
}

#[tokio::test]
async fn a_sync_and_a_step_put_memberships_back() {
    let request = || roster(vec![RosterEntry { last_name: Some("Clarke".into()), ..entry(JOAN) }]);
    let world = world(resetting()).await;
    let report = done(world.tenant.sync(&request()).await);
    assert!(report.complete);
    assert_eq!(written(&report.writes), PUT_BACK);
    let joan = report.people.iter().find(|person| person.email.as_deref() == Some(JOAN));
    let joan = joan.expect("Joan");
    assert_eq!(joan.outcome, PersonOutcome::Updated);
    assert!(joan.refusal.as_deref().is_some_and(|note| note.contains("put back")), "{joan:?}");
    assert_eq!(world.groups_of(JOAN), ["Support", "viewer"]);
    assert!(done(world.tenant.sync(&request()).await).writes.is_empty());

    let world = self::world(resetting()).await;
    let plan = done(world.tenant.plan_sync(&request()).await);
    let result = done(world.tenant.apply_step(&plan.steps[0]).await);
    assert_eq!(result.outcome, StepOutcome::Applied);
    assert!(result.reason.is_some_and(|note| note.contains("put back")));
    assert_eq!(world.groups_of(JOAN), ["Support", "viewer"]);

    let world = self::world(refusing()).await;
    let report = done(world.tenant.sync(&request()).await);
    assert!(!report.complete);
    let failure = report.people[0].failure.as_ref().expect("a failure");
    assert_eq!(failure.code, "not-verified");
    assert!(failure.message.contains("Support"), "{}", failure.message);
    assert_eq!(report.tombstones.len(), 1);
}

/// The membership of `admin` follows from the field that is written.
#[tokio::test]
async fn an_administrator_who_is_demoted_is_not_put_back() {
    let world = world(Deviations::default()).await;
    let request = ProvisionRequest { admin: Some(false), ..known(ADA) };
    let result = done(world.tenant.provision(&request).await);
    assert_eq!(written(&result.writes), ["user-updated ada@acme.example"]);
    assert_eq!(world.groups_of(ADA), ["Engineering", "Support"]);
}

#[tokio::test]
async fn a_group_keeps_its_members_when_it_is_renamed() {
    let request =
        || ChangeGroupRequest { new_name: Some("Help".into()), ..changing(named("Support")) };
    let world = world(resetting()).await;
    let result = done(world.tenant.change_group(&request()).await);
    assert_eq!(result.group.name, "Help");
    assert_eq!(world.members_of("Help"), [ADA, JOAN, KEN]);
    assert_eq!(
        written(&result.writes)[1..3],
        ["member-removed ada@acme.example [Support]", "member-added ada@acme.example [Support]"]
    );

    let world = self::world(refusing()).await;
    let (case, detail) = failed(world.tenant.change_group(&request()).await);
    assert_eq!((case, detail.code.as_str()), ("permanent conflict", "not-verified"));
    for email in [ADA, JOAN, KEN] {
        assert!(detail.message.contains(email), "{}", detail.message);
    }
    assert_eq!(detail.writes[0].certainty, Certainty::Unknown);
}

/// On a server that keeps memberships, nothing is asked for besides.
#[tokio::test]
async fn a_server_that_keeps_memberships_gets_no_more_requests() {
    let world = world(Deviations::default()).await;
    world.requests();
    done(world.tenant.provision(&renamed()).await);
    let writes = world.requests().into_iter().filter(|line| !line.starts_with("GET")).count();
    assert_eq!(writes, 1);
    assert_eq!(world.groups_of(JOAN), ["Support", "viewer"]);
}
