//! Sessions of disabled people are ended right away, and again; what could not be done is said.

use host_test::retool::lifecycle::{DeprovisionMode, DeprovisionOutcome};
use host_test::retool::synchronization::{
    AbsentPolicy, PersonOutcome, PersonReport, StepOutcome, SyncReport, SyncRequest,
};
use host_test::retool::types::Dialect;
use mock_retool::{Options, V2Options};

use crate::support::acme::{ADA, GRACE, JOAN, KEN, written};
use crate::support::{World, departure, done, entry, failed, roster};

async fn world() -> World {
    World::acme_over(Dialect::V2).await
}

/// Joan is absent, and disabled.
fn leaving(absent: AbsentPolicy) -> SyncRequest {
    let mut request = roster([ADA, GRACE, KEN].map(entry).to_vec());
    request.policy.re_enable_disabled = false;
    request.policy.absent = absent;
    request
}

fn joan(report: &SyncReport) -> &PersonReport {
    let is_joan = |person: &&PersonReport| person.email.as_deref() == Some(JOAN);
    report.people.iter().find(is_joan).expect("Joan")
}

#[tokio::test]
async fn sessions_are_ended_although_a_group_can_not_be_left() {
    let world = world().await;
    let request = departure(JOAN, DeprovisionMode::DisableAndStripGroups);
    let second =
        format!("DELETE {}/members/{}", world.group_path("Support"), world.person(JOAN).sid());
    world.instead(&second, 403, |_| {});
    let (_, detail) = failed(world.tenant.deprovision(&request).await);
    assert_eq!(
        written(&detail.writes),
        [
            "user-disabled joan@acme.example",
            "sessions-ended joan@acme.example",
            "member-removed joan@acme.example [viewer]",
        ]
    );
    let id = world.person(JOAN).id;
    assert_eq!(world.mock.state().ended_sessions, std::slice::from_ref(&id));

    // The repetition finishes, and ends the sessions again: nothing shows whether there are any.
    let result = done(world.tenant.deprovision(&request).await);
    assert_eq!(result.outcome, DeprovisionOutcome::AlreadyDeactivated);
    assert_eq!(
        written(&result.writes),
        ["sessions-ended joan@acme.example", "member-removed joan@acme.example [Support]"]
    );
    assert_eq!(world.mock.state().ended_sessions, [id.clone(), id]);
}

#[tokio::test]
async fn a_call_that_ended_before_the_logout_is_completed_by_its_repetition() {
    let world = world().await;
    let logout = format!("POST {}/logout", world.user_path(JOAN));
    for mode in [DeprovisionMode::Disable, DeprovisionMode::Delete] {
        world.shape(JOAN, |joan| joan.is_disabled = false);
        world.mock.edit(|acme| acme.ended_sessions.clear());
        world.instead(&logout, 403, |_| {});
        let result = done(world.tenant.deprovision(&departure(JOAN, mode)).await);
        let [remaining] = &result.remaining[..] else { panic!("{:?}", result.remaining) };
        assert!(remaining.contains("sessions") && remaining.contains(JOAN), "{remaining}");
        assert!(world.mock.state().ended_sessions.is_empty());
        let again = done(world.tenant.deprovision(&departure(JOAN, mode)).await);
        assert!(again.remaining.is_empty(), "{:?}", again.remaining);
        assert_eq!(world.mock.state().ended_sessions.len(), 1);
    }
}

#[tokio::test]
async fn a_sync_says_whose_sessions_it_could_not_end() {
    for absent in [AbsentPolicy::Disable, AbsentPolicy::Delete] {
        let world = world().await;
        world.instead(&format!("POST {}/logout", world.user_path(JOAN)), 403, |_| {});
        let report = done(world.tenant.sync(&leaving(absent)).await);
        let joan = joan(&report);
        assert_eq!(joan.outcome, PersonOutcome::Disabled);
        let note = joan.refusal.as_deref().expect("a note");
        assert!(note.contains("sessions") && note.contains(JOAN), "{note}");
        assert!(note.contains("forbidden"), "{note}");
    }
}

#[tokio::test]
async fn a_server_without_the_route_is_named_once() {
    let v2 = V2Options { logout: false, ..V2Options::default() };
    let options = Options { v2, ..Options::default() };
    let world = World::acme_over_with(Dialect::V2, options).await;
    let report = done(world.tenant.sync(&leaving(AbsentPolicy::Disable)).await);
    assert_eq!(
        (joan(&report).outcome, joan(&report).refusal.as_deref()),
        (PersonOutcome::Disabled, None)
    );
    let said = report.limitations.iter().filter(|line| line.contains("sessions")).count();
    assert_eq!(said, 1, "{:?}", report.limitations);
    let result = done(world.tenant.deprovision(&departure(JOAN, DeprovisionMode::Disable)).await);
    assert!(result.remaining[0].contains("sessions"), "{:?}", result.remaining);
}

#[tokio::test]
async fn a_step_ends_the_sessions_and_so_does_its_repetition() {
    let world = world().await;
    let plan = done(world.tenant.plan_sync(&leaving(AbsentPolicy::Disable)).await);
    let [step] = &plan.steps[..] else { panic!("{:?}", plan.steps) };
    for (outcome, writes) in [(StepOutcome::Applied, 2), (StepOutcome::AlreadySo, 1)] {
        let result = done(world.tenant.apply_step(step).await);
        assert_eq!((result.outcome, result.reason), (outcome, None));
        assert_eq!(result.writes.len(), writes);
    }
    assert_eq!(world.mock.state().ended_sessions.len(), 2);
    world.instead(&format!("POST {}/logout", world.user_path(JOAN)), 403, |_| {});
    let result = done(world.tenant.apply_step(step).await);
    assert!(result.reason.is_some_and(|note| note.contains("sessions")));
}
