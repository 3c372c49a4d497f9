//! Jobs that keep a plan, and apply it in slices.

use std::rc::Rc;

use retool_lifecycle::error::{Code, Error};
use retool_lifecycle::sync::apply::Part;
use retool_lifecycle::sync::report::{PersonOutcome, SyncReport};
use retool_lifecycle::sync::{Plan, SyncRequest};

use crate::operation::{Done, Operation};
use crate::slices::{PlanSlice, altered};
use crate::world::World;

impl World {
    /// Plans, and applies the plan in slices, with edits and kills between them. Some slices are
    /// repeated, some are left out, and some plans are altered. In the end the whole plan is applied
    /// twice without faults: the second time writes nothing.
    pub fn do_sliced_plan(&mut self, request: &Rc<SyncRequest>) {
        let planning = Rc::new(Operation::Plan((**request).clone()));
        let Some(Ok(Done::Planned(plan))) = self.attempt_without_faults(&planning) else { return };
        let planned_on = Rc::new(self.server.state().checker.seen());
        let plan = Rc::new(plan);
        let slice = |given: &Rc<Plan>, digest: &str, part| {
            Rc::new(Operation::Slice(Box::new(PlanSlice {
                approved: Rc::clone(&plan),
                given: Rc::clone(given),
                digest: digest.to_owned(),
                part,
                request: Rc::clone(request),
                planned_on: Rc::clone(&planned_on),
                is_blind: false,
            })))
        };
        let whole = slice(&plan, &plan.digest, Part::default());
        if plan.tripped().next().is_some() {
            self.must_be_refused(&whole, Code::GuardTripped);
            return;
        }
        let mut first = 0;
        while first < plan.steps.len() {
            let count = match self.scenario.slices.percent(20) {
                true => plan.steps.len(),
                false => self.scenario.slices.between(1, 6) as usize,
            };
            let part = Part { first: first as u32, count: Some(count as u32) };
            first += count;
            if self.scenario.slices.percent(50) {
                let mut state = self.server.state();
                if state.concurrent_editor.is_active() {
                    state.edit(&self.trace);
                }
            }
            if self.scenario.slices.percent(15)
                && let Some(other) = altered(&plan, &mut self.scenario.slices)
            {
                let altered = slice(&Rc::new(other), &plan.digest, part);
                self.must_be_refused(&altered, Code::PlanChanged);
            }
            if self.scenario.slices.percent(5) {
                self.must_be_refused(&slice(&plan, &"0".repeat(64), part), Code::PlanChanged);
            }
            if self.scenario.slices.percent(8) {
                continue;
            }
            let slice = slice(&plan, &plan.digest, part);
            let repetitions = if self.scenario.slices.percent(25) { 2 } else { 1 };
            for _ in 0..repetitions {
                for _ in 0..3 {
                    if let Some(Ok(_)) = self.attempt(&slice, true) {
                        break;
                    }
                }
            }
            if !self.server.state().checker.violations().is_empty() {
                return;
            }
        }
        let done = self.attempt_without_faults(&whole);
        self.check_result_without_faults(&whole, done.as_ref());
        let is_settled = matches!(&done, Some(Ok(Done::Synced(report))) if !has_failures(report));
        self.attempt_without_faults(&whole);
        if is_settled {
            self.check_no_writes(&whole);
        }
    }

    /// Makes a call that must be refused for this reason, and write nothing.
    fn must_be_refused(&mut self, operation: &Rc<Operation>, code: Code) {
        let done = self.attempt_without_faults(operation);
        self.check_no_writes(operation);
        let is_refused =
            |done: &Result<Done, Error>| done.as_ref().is_err_and(|error| error.code == code);
        if !done.as_ref().is_some_and(is_refused) {
            let what = format!("{} was not refused: {done:?}", operation.describe());
            self.server.state().checker.violated("approval", what);
        }
    }

    /// Returns an outcome of a slice that no edit explains.
    pub(crate) fn odd_in_slice(
        &self,
        operation: &Operation,
        report: &SyncReport,
    ) -> Option<String> {
        let odd = report.people.iter().find(|person| match &person.outcome {
            PersonOutcome::Failed(error) => !self.is_stated_reason(operation, error),
            _ => false,
        })?;
        Some(format!("{} is {:?}", odd.email.as_str(), odd.outcome))
    }
}

fn has_failures(report: &SyncReport) -> bool {
    let failed = |outcome: &PersonOutcome| matches!(outcome, PersonOutcome::Failed(_));
    !report.groups_failed.is_empty() || report.people.iter().any(|person| failed(&person.outcome))
}
