//! A plan that is applied in slices.

use super::*;
use crate::domain::{Dialect, UserPatch};
use crate::lifecycle::testing::{FakeV1, State};
use crate::sync::digest;
use crate::sync::step::{self, StepOutcome};

fn planned(fake: &FakePlatform, floor: u32) -> Plan {
    fake.run(plan_sync(&scim(fake), &request(floor), None, &occasion())).expect("a plan")
}

/// Applies a part of a plan, in a call of its own.
fn applied(fake: &FakePlatform, plan: &Plan, first: u32, count: u32) -> Result<SyncReport> {
    let part = Part { first, count: Some(count) };
    let approved = Approved::check(plan.clone(), &plan.digest, part, &occasion().organisation)?;
    let log = fake.platform().log;
    fake.run(apply_plan(&scim(fake), approved, 1_000, &*log))
}

fn outcomes(report: &SyncReport) -> Vec<(&str, &PersonOutcome)> {
    report.people.iter().map(|person| (person.email.as_str(), &person.outcome)).collect()
}

#[test]
fn the_slices_of_a_plan_do_what_the_whole_plan_does() {
    for size in 1..=4 {
        let (fake, users) = server(3, 0, true);
        let plan = planned(&fake, 3);
        assert_eq!(plan.steps.len(), 3);
        let (mut first, mut deleted) = (0, 0);
        loop {
            let report = applied(&fake, &plan, first, size).expect("a slice");
            assert!(report.complete);
            assert!(report.people.iter().all(|one| one.outcome == PersonOutcome::Deleted));
            assert_eq!(report.people.len(), report.tombstones.len());
            deleted += report.people.len();
            assert_eq!(report.plan.digest, plan.digest);
            match report.next {
                Some(next) => first = next,
                None => break,
            }
        }
        assert_eq!((deleted, users.borrow().len()), (3, 1));
        // A repetition reads and writes nothing.
        let before = deletions(&fake);
        let report = applied(&fake, &plan, 0, 3).expect("the whole plan again");
        assert!(report.complete && report.writes.is_empty() && report.tombstones.is_empty());
        assert!(outcomes(&report).iter().all(|(_, outcome)| **outcome == PersonOutcome::Unchanged));
        assert_eq!(deletions(&fake), before);
    }
}

/// The limit is for the plan, and not for each slice or each repetition of one.
#[test]
fn slices_delete_no_more_disabled_accounts_than_the_limit_of_the_plan_allows() {
    for size in [1, 2, 5] {
        let (fake, users) = server(1, 5, true);
        let plan = planned(&fake, 3);
        assert_eq!(plan.steps.len(), 6);
        for _ in 0..2 {
            let mut first = Some(0);
            while let Some(start) = first {
                first = applied(&fake, &plan, start, size).expect("a slice").next;
            }
            // The enabled one and two others.
            assert_eq!((users.borrow().len(), deletions(&fake)), (4, 3), "slices of {size}");
        }
    }
}

#[test]
fn a_repeated_deletion_on_a_server_that_only_disables_is_not_stale() {
    let (fake, users) = server(2, 0, false);
    let plan = planned(&fake, 2);
    for repeated in [false, true] {
        let report = applied(&fake, &plan, 0, 2).expect("the plan");
        assert!(report.complete, "{:?}", outcomes(&report));
        let expected = if repeated { PersonOutcome::Unchanged } else { PersonOutcome::Disabled };
        assert!(outcomes(&report).iter().all(|(_, outcome)| **outcome == expected));
    }
    assert!(users.borrow().iter().all(|(id, enabled)| *enabled == (id == "boss")));
}

#[test]
fn an_empty_slice_sends_nothing() {
    let (fake, _) = server(1, 0, true);
    let plan = planned(&fake, 1);
    let before = fake.sent().len();
    let report = applied(&fake, &plan, 1, 7).expect("nothing to do");
    assert!(report.complete && report.people.is_empty() && report.next.is_none());
    assert_eq!(fake.sent().len(), before);
}

#[test]
fn a_plan_of_another_dialect_is_refused_before_any_request() {
    let (fake, users) = server(1, 0, true);
    let mut plan = planned(&fake, 1);
    plan.context.dialect = Dialect::V1;
    plan.digest = digest::plan(&plan);
    let before = fake.sent().len();
    let error = applied(&fake, &plan, 0, 1).expect_err("a refusal");
    assert_eq!(error.code, Code::WrongDialect);
    assert_eq!(error.field.as_deref(), Some("request.plan.dialect"));
    assert_eq!((fake.sent().len(), users.borrow().len()), (before, 2));
}

/// A step that no plan makes, in a plan with the digest of its content.
#[test]
fn a_made_up_step_is_refused_before_any_request() {
    let (fake, _) = server(1, 0, true);
    let mut plan = planned(&fake, 1);
    plan.steps[0].changes = UserPatch { admin: Some(true), ..UserPatch::default() }
        .differences(&plan.tombstones[0].user);
    plan.digest = digest::plan(&plan);
    let before = fake.sent().len();
    let error = applied(&fake, &plan, 0, 1).expect_err("a refusal");
    assert_eq!(error.code, Code::StepInvalid);
    assert_eq!(error.field.as_deref(), Some("request.plan.steps[0].changes"));
    assert_eq!(fake.sent().len(), before);
}

#[test]
fn a_sync_whose_plan_has_another_digest_writes_nothing() {
    let (fake, users) = server(1, 0, true);
    let expected = planned(&fake, 2).digest;
    users.borrow_mut().insert("e7".to_string(), false);
    let log = fake.platform().log;
    let run = |expected: &str| {
        fake.run(sync(&scim(&fake), &request(2), Some(expected), &occasion(), &*log))
    };
    let error = run(&expected).expect_err("another plan");
    assert_eq!(error.code, Code::PlanChanged);
    assert_eq!(error.field.as_deref(), Some("request.expected-digest"));
    assert!(error.writes.is_empty() && error.is_permanent());
    let now = planned(&fake, 2).digest;
    assert!(error.message.contains(&now), "{}", error.message);
    assert_eq!((deletions(&fake), users.borrow().len()), (0, 3));
    let report = run(&now).expect("the plan");
    assert_eq!(report.plan.digest, now);
    assert_eq!(deletions(&fake), 2);
    let error = fake
        .run(plan_sync(&scim(&fake), &request(2), Some(&now), &occasion()))
        .expect_err("another plan");
    assert_eq!(error.code, Code::PlanChanged);
}

/// A plan for a roster of one person who was last active a year ago.
fn planned_for_inactive(server: &FakeV1, absent: AbsentPolicy) -> Plan {
    let mut request = request(1);
    request.roster = Vec::from([DesiredUser::new(Email::new("ada@example.com"))]);
    (request.policy.absent, request.policy.inactive_for_days) = (absent, Some(30));
    request.policy.guards.minimum_admins = 0;
    let (directory, occasion) = (server.directory(), occasion());
    server.fake.run(plan_sync(&directory, &request, None, &occasion)).expect("a plan")
}

/// A login is no edit: nothing else about the account changes.
#[test]
fn a_login_after_the_plan_keeps_a_person_from_being_removed_for_inactivity() {
    for absent in [AbsentPolicy::Disable, AbsentPolicy::Delete] {
        for is_back in [true, false] {
            let last_active = Some("2025-03-05T00:00:00.000Z");
            let server = FakeV1::new(State { last_active, ..State::default() });
            let plan = planned_for_inactive(&server, absent);
            assert_eq!(plan.steps.len(), 1, "{plan:?}");
            if is_back {
                server.state.borrow_mut().last_active = Some("2026-03-04T23:00:00.000Z");
            }
            let before = server.lines().len();
            let part = Part { first: 0, count: None };
            let organisation = occasion().organisation;
            let approved = Approved::check(plan.clone(), &plan.digest, part, &organisation);
            let log = server.fake.platform().log;
            let directory = server.directory();
            let applying = apply_plan(&directory, approved.expect("a plan"), 0, &*log);
            let report = server.fake.run(applying).expect("a report");
            let is_stale = matches!(report.people[0].outcome, PersonOutcome::Stale(_));
            assert_eq!(is_stale, is_back, "{:?}", report.people);
            let lines = server.lines().split_off(before);
            assert_eq!(lines.iter().any(|line| !line.starts_with("GET")), !is_back, "{lines:?}");
            if is_back {
                let guard = crate::admins::AdminGuard::default();
                let applying = step::apply(&directory, &plan.steps[0], &guard, 0);
                let done = server.fake.run(applying).expect("an outcome");
                assert!(matches!(done.outcome, StepOutcome::Stale(_)), "{:?}", done.outcome);
                assert!(done.writes.is_empty());
            }
            let state = server.state.borrow();
            assert_eq!(state.exists && !state.disabled, is_back);
        }
    }
}
