//! Plan, wait for a person's decision, apply step by step, report.
//!
//! Every call of an import is a child execution: the engine records its result, and when this
//! workflow is moved to another machine or started again, it is replayed from those records.
//! So it must be deterministic, and is: it has no clock, no randomness and no I/O of its own.

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
                // What was written is not lost with a plan that fails.
                report.left = plan_sync(&connection, &request).ok().map(|plan| count(&plan.steps));
            } else {
                report.outcome = Outcome::NotApproved;
            }
        }
        Ok(report)
    }
}

/// Waits until a person decides. Only an approval of this very plan counts.
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

/// Applies the steps in their order, each as the plan has it. Where one of a person's is not
/// done, the rest of that person's are left alone; the others go on, unless the connection can't
/// be used any more.
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
        // A group that could not be created is nobody's step: those who were to join it fail
        // by themselves.
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

/// The person of a step: by address, or by id where there is none. `None` for groups.
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
