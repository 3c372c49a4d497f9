//! Plans, waits for a person's decision, applies step by step, and reports.
//!
//! Every call of an import is a child execution, and the engine records its result. When this
//! workflow is moved to another machine or restarted, the engine replays it from these records. So
//! it must be deterministic: it has no clock, no randomness and no I/O of its own.

use std::collections::BTreeSet;

wit_bindgen::generate!({
    path: ["../../../wit", "../approval", "wit"],
    world: "example:offboarding/workflow",
    generate_all,
});

use example::approval::desk::decide;
use exports::example::offboarding::offboarding::{Cause, Guest, Outcome, Report, Undone};
use user_lifecycle::retool::synchronization::{
    Plan, Step, StepOutcome, SyncRequest, apply_step, plan_sync,
};
use user_lifecycle::retool::types::{Connection, Error, ErrorKind, UserId};

struct Offboarding;

impl Guest for Offboarding {
    fn run(connection: Connection, request: SyncRequest) -> Result<Report, Error> {
        let plan = plan_sync(&connection, &request)?;
        let mut report = Report {
            outcome: Outcome::NothingToDo,
            digest: plan.digest.clone(),
            decided_by: None,
            steps: count(if plan.steps.is_empty() { &plan.withheld } else { &plan.steps }),
            applied: 0,
            already_so: 0,
            undone: Vec::new(),
            tombstones: Vec::new(),
            left: None,
        };
        if plan.guards.iter().any(|guard| guard.tripped) {
            report.outcome = Outcome::Withheld;
        } else if !plan.steps.is_empty() {
            if approved(&plan, &mut report) {
                report.outcome = apply(&connection, &plan.steps, &mut report);
                // If the second plan fails, the report of the writes must not be lost.
                report.left = plan_sync(&connection, &request).ok().map(|plan| count(&plan.steps));
            } else {
                report.outcome = Outcome::NotApproved;
            }
        }
        Ok(report)
    }
}

/// Waits until a person decides. Only an approval with this plan's digest is valid.
fn approved(plan: &Plan, report: &mut Report) -> bool {
    match decide(plan) {
        Ok(decision) => {
            report.decided_by = Some(decision.by);
            decision.approved && decision.digest == plan.digest
        }
        Err(reason) => {
            report.decided_by = Some(reason);
            false
        }
    }
}

/// Applies the steps of the plan in their order. If a step of a person is not done, skips the other
/// steps of that person and continues with the next person. Stops if the connection can't be used
/// any more.
fn apply(connection: &Connection, steps: &[Step], report: &mut Report) -> Outcome {
    let mut left_alone = BTreeSet::new();
    for step in steps {
        let person = person(step);
        let cause = if person.is_some_and(|person| left_alone.contains(person)) {
            Cause::Skipped
        } else {
            match apply_step(connection, step) {
                Ok(result) => {
                    report.tombstones.extend(result.tombstone);
                    match result.outcome {
                        StepOutcome::Applied => {
                            report.applied += 1;
                            continue;
                        }
                        StepOutcome::AlreadySo => {
                            report.already_so += 1;
                            continue;
                        }
                        StepOutcome::Stale => Cause::Stale(result.reason),
                    }
                }
                Err(error) => Cause::Failed(error),
            }
        };
        // The creation of a group has no person. If it fails, the steps that add members to the
        // group fail by themselves.
        left_alone.extend(person);
        let stop = matches!(
            &cause,
            Cause::Failed(Error::Permanent(detail)) if detail.kind == ErrorKind::Denied
        );
        report.undone.push(Undone { step: step.clone(), cause });
        if stop {
            return Outcome::Stopped;
        }
    }
    Outcome::CarriedOut
}

/// Returns the person of a step: the address, or the id if there is none. `None` for groups.
fn person(step: &Step) -> Option<&str> {
    let id = step.user.as_ref().map(|id| match id {
        UserId::V1(id) | UserId::V2(id) | UserId::Scim(id) => id.as_str(),
    });
    step.email.as_deref().or(id)
}

fn count(steps: &[Step]) -> u32 {
    u32::try_from(steps.len()).unwrap_or(u32::MAX)
}

export!(Offboarding);
