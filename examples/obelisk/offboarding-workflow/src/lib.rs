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
use user_lifecycle::retool::types::{Connection, Error};

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
            left: None,
        };
        if plan.guards.iter().any(|guard| guard.tripped) {
            report.outcome = Outcome::Withheld;
        } else if !plan.steps.is_empty() {
            if approved(&connection, &plan, &mut report) {
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
fn approved(connection: &Connection, plan: &Plan, report: &mut Report) -> bool {
    match decide(&connection.base_url, plan) {
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

/// Applies the steps in their order. Where one of a person's is not done, the rest of that
/// person's are left alone; the others go on, unless the token is rejected.
fn apply(connection: &Connection, steps: &[Step], report: &mut Report) -> Outcome {
    let mut left_alone = BTreeSet::new();
    for step in steps {
        let cause = if left_alone.contains(step.email.as_str()) {
            Cause::Skipped
        } else {
            match apply_step(connection, step) {
                Ok(result) => match result.outcome {
                    StepOutcome::Applied => {
                        report.applied += 1;
                        continue;
                    }
                    StepOutcome::AlreadySo => {
                        report.already_so += 1;
                        continue;
                    }
                    StepOutcome::Stale => Cause::Stale(result.reason),
                },
                Err(error) => Cause::Failed(error),
            }
        };
        // A group that could not be created is nobody's step: those who were to join it fail
        // by themselves.
        if !step.email.is_empty() {
            left_alone.insert(step.email.as_str());
        }
        let stop = matches!(cause, Cause::Failed(Error::PermanentDenied(_)));
        report.undone.push(Undone { step: step.clone(), cause });
        if stop {
            return Outcome::Stopped;
        }
    }
    Outcome::CarriedOut
}

fn count(steps: &[Step]) -> u32 {
    u32::try_from(steps.len()).unwrap_or(u32::MAX)
}

export!(Offboarding);
