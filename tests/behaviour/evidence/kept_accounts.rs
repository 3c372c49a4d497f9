//! A DELETE that only disables: the account that it leaves is not asked for every night.

use host_test::retool::lifecycle::{DeprovisionMode, DeprovisionOutcome};
use host_test::retool::synchronization::{
    AbsentPolicy, PersonOutcome, StepOutcome, SyncReport, SyncRequest,
};
use host_test::retool::types::Dialect;
use mock_retool::{Deviations, Options, ScimQuirks};

use crate::support::acme::{ADA, GRACE, JOAN, KEN};
use crate::support::{World, departure, done, entry, limit, roster};

const DIALECTS: [Dialect; 2] = [Dialect::V1, Dialect::Scim];

async fn world(dialect: Dialect, delete_disables: bool) -> World {
    let options = Options {
        deviations: Deviations { delete_disables, ..Deviations::default() },
        scim_quirks: ScimQuirks { delete_disables, ..ScimQuirks::default() },
        ..Options::default()
    };
    World::acme_over_with(dialect, options).await
}

/// Returns how many deletions were sent since the last look.
fn deletions(world: &World) -> usize {
    world.requests().iter().filter(|line| line.starts_with("DELETE")).count()
}

#[tokio::test]
async fn a_deletion_is_repeated_without_end_and_without_failure() {
    for dialect in DIALECTS {
        let world = world(dialect, true).await;
        let request = departure(JOAN, DeprovisionMode::Delete);
        let result = done(world.tenant.deprovision(&request).await);
        assert_eq!(result.outcome, DeprovisionOutcome::Deactivated);
        world.requests();
        for _ in 0..3 {
            let again = done(world.tenant.deprovision(&request).await);
            assert_eq!(again.outcome, DeprovisionOutcome::AlreadyDeactivated, "{dialect:?}");
            assert!(again.remaining[0].contains("only disable"), "{:?}", again.remaining);
            assert_eq!(deletions(&world), 1);
            assert!(world.person(JOAN).is_disabled);
        }
    }
}

/// Everybody but the administrators is absent, and one removal is allowed.
fn leaving() -> SyncRequest {
    let mut request = roster([ADA, GRACE].map(entry).to_vec());
    request.policy.absent = AbsentPolicy::Delete;
    let guards = &mut request.policy.guards;
    (limit(&mut guards.user_removals).percent, limit(&mut guards.user_removals).floor) =
        (Some(0), Some(1));
    limit(&mut guards.member_removals).percent = Some(100);
    request
}

fn outcome(report: &SyncReport, email: &str) -> PersonOutcome {
    let person = report.people.iter().find(|person| person.email.as_deref() == Some(email));
    person.expect("a person").outcome
}

#[tokio::test]
async fn a_sync_is_complete_every_night() {
    let world = world(Dialect::Scim, true).await;
    for email in ["kay@acme.example", "liz@acme.example", "moe@acme.example"] {
        world.add(email, &["Support"]);
        world.shape(email, |user| user.is_disabled = true);
    }
    for night in 0..3 {
        world.requests();
        let report = done(world.tenant.sync(&leaving()).await);
        assert!(report.complete, "{:?}", report.people);
        let expected = if night == 0 { PersonOutcome::Disabled } else { PersonOutcome::Unchanged };
        assert_eq!(outcome(&report, JOAN), expected);
        assert_eq!(outcome(&report, KEN), PersonOutcome::Unchanged);
        // The first answer shows what the server does with all of them.
        assert_eq!(deletions(&world), 1, "night {night}");
        assert!(report.limitations.iter().any(|line| line.contains("only disables")));
        assert_eq!(world.mock.state().users.len(), 7);
    }
}

/// The same plan where a deletion deletes: the limit holds for what is deleted.
#[tokio::test]
async fn disabled_accounts_that_are_deleted_count_when_they_are() {
    let world = world(Dialect::Scim, false).await;
    let report = done(world.tenant.sync(&leaving()).await);
    assert_eq!(outcome(&report, JOAN), PersonOutcome::Deleted);
    assert_eq!(outcome(&report, KEN), PersonOutcome::Refused);
    assert!(!report.complete && !world.has(JOAN) && world.has(KEN));
    let report = done(world.tenant.sync(&leaving()).await);
    assert_eq!(outcome(&report, KEN), PersonOutcome::Deleted);
    assert!(report.complete && !world.has(KEN));
}

/// Their memberships count too, when they are lost.
#[tokio::test]
async fn a_group_keeps_enough_members_when_disabled_accounts_are_deleted() {
    let emails = ["kay@acme.example", "liz@acme.example", "moe@acme.example"];
    for delete_disables in [false, true] {
        let world = world(Dialect::Scim, delete_disables).await;
        world.shape(JOAN, |joan| joan.is_disabled = true);
        for email in emails {
            world.add(email, &["Finance"]);
            world.shape(email, |user| user.is_disabled = true);
        }
        let mut request = leaving();
        let guards = &mut request.policy.guards;
        limit(&mut guards.user_removals).floor = Some(9);
        (limit(&mut guards.member_removals).percent, limit(&mut guards.member_removals).floor) =
            (Some(0), Some(2));
        let plan = done(world.tenant.plan_sync(&request).await);
        assert!(plan.guards.iter().all(|guard| !guard.tripped), "{:?}", plan.guards);
        let report = done(world.tenant.sync(&request).await);
        let left = emails.iter().filter(|email| world.has(email)).count();
        let refused = report.people.iter().filter(|one| one.outcome == PersonOutcome::Refused);
        let refused: Vec<&str> = refused.filter_map(|one| one.refusal.as_deref()).collect();
        if delete_disables {
            assert_eq!((left, refused.len()), (3, 0), "{refused:?}");
        } else {
            assert_eq!((left, refused.len()), (1, 1), "{refused:?}");
            assert!(refused[0].contains("member-removals of the group Finance"), "{refused:?}");
        }
    }
}

#[tokio::test]
async fn a_step_that_deletes_such_an_account_is_already_so() {
    for dialect in DIALECTS {
        let world = world(dialect, true).await;
        world.shape(JOAN, |joan| joan.is_disabled = true);
        let mut request = leaving();
        limit(&mut request.policy.guards.user_removals).floor = Some(9);
        let plan = done(world.tenant.plan_sync(&request).await);
        assert_eq!(plan.steps.len(), 2);
        for step in &plan.steps {
            world.requests();
            let result = done(world.tenant.apply_step(step).await);
            assert_eq!(result.outcome, StepOutcome::AlreadySo, "{dialect:?}");
            assert_eq!(deletions(&world), 1);
        }
    }
}
