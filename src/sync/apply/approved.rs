//! Checks that a plan is the one that was approved, before anything is sent.

use alloc::format;

use crate::error::{Code, Error, Result};
use crate::sync::{Plan, Step, digest};

/// The part of a plan that a call applies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// The first step, counted from 0.
    pub first: u32,
    /// The number of steps; all that follow if `None`.
    pub count: Option<u32>,
}

/// A plan that is as it was approved, and the part of it to apply.
#[derive(Clone, Debug)]
pub struct Approved {
    pub(super) plan: Plan,
    /// The first step, and the step after the last one.
    pub(super) first: usize,
    pub(super) end: usize,
}

impl Approved {
    /// Returns the steps of the part, with their numbers in the plan.
    pub fn steps(&self) -> impl Iterator<Item = (usize, &Step)> {
        self.plan.steps.iter().enumerate().take(self.end).skip(self.first)
    }

    /// Checks a plan that a caller gave back. `organisation` is that of the connection.
    ///
    /// # Errors
    ///
    /// `plan-changed` for an altered plan or another digest, `wrong-organisation`, `guard-tripped`
    /// for a plan with withheld steps, and `invalid-value` for a part that the plan does not have.
    pub fn check(
        plan: Plan,
        approved_digest: &str,
        part: Part,
        organisation: &str,
    ) -> Result<Approved> {
        if digest::plan(&plan) != plan.digest {
            return Err(altered("The plan does not have its own digest"));
        }
        if plan.digest != approved_digest {
            let message = "The approved digest is that of another plan. Nothing was written. Apply \
                           the plan that was approved, or have this one approved.";
            return Err(Error::new(Code::PlanChanged, message).in_field("request.approved-digest"));
        }
        if plan.context.organisation != organisation {
            let message = format!(
                "The plan is of {}, and this connection is to {organisation}. Nothing was written. \
                 Apply the plan where it was made.",
                plan.context.organisation
            );
            return Err(
                Error::new(Code::WrongOrganisation, message).in_field("request.plan.organisation")
            );
        }
        if plan.tripped().next().is_some() || !plan.withheld.is_empty() {
            return Err(super::refused(plan.tripped()).in_field("request.plan.withheld"));
        }
        let (first, all) = (part.first as usize, plan.steps.len());
        if first > all {
            let message =
                format!("The plan has {all} steps. Give the number of one of them, from 0.");
            return Err(Error::new(Code::InvalidValue, message).in_field("request.first"));
        }
        let end = match part.count {
            None => all,
            Some(0) => {
                let message = "A part without steps would never end. Give 1 or more, or none.";
                return Err(Error::new(Code::InvalidValue, message).in_field("request.count"));
            }
            Some(count) => first.saturating_add(count as usize).min(all),
        };
        Ok(Approved { plan, first, end })
    }
}

/// Returns the error for a plan that was altered after it was made. `why` is a main clause.
pub fn altered(why: &str) -> Error {
    let message = format!(
        "{why}: it was altered after it was made, or made by another version. Nothing was written. \
         Plan again and have that plan approved."
    );
    Error::new(Code::PlanChanged, message).in_field("request.plan")
}

#[cfg(test)]
mod tests {
    use alloc::string::String;
    use std::vec::Vec;

    use super::*;
    use crate::sync::{AbsentPolicy, Limit, SyncRequest};
    use crate::testing::plan::{desired, fulfilled, model, plan, user};

    fn request() -> SyncRequest {
        let mut request = model();
        request.roster.push(desired("new@example.com", &["Engineering"]));
        request
    }

    fn made() -> Plan {
        plan(&request(), &fulfilled(&model()))
    }

    fn check(plan: Plan, part: Part) -> Result<Approved> {
        let (digest, organisation) = (plan.digest.clone(), plan.context.organisation.clone());
        Approved::check(plan, &digest, part, &organisation)
    }

    fn code(checked: Result<Approved>) -> (Code, String) {
        let error = checked.expect_err("a refusal");
        assert!(error.is_permanent());
        (error.code, error.field.clone().unwrap_or_default())
    }

    #[test]
    fn the_parts_of_a_plan_follow_each_other() {
        let all = made().steps.len();
        assert_eq!(all, 2);
        let bounds = |first, count| {
            let approved = check(made(), Part { first, count }).expect("a part");
            (approved.first, approved.end)
        };
        assert_eq!(bounds(0, None), (0, 2));
        assert_eq!(bounds(0, Some(1)), (0, 1));
        assert_eq!(bounds(1, Some(u32::MAX)), (1, 2));
        assert_eq!(bounds(2, None), (2, 2));
        for (part, field) in [
            (Part { first: 3, count: None }, "request.first"),
            (Part { first: u32::MAX, count: Some(1) }, "request.first"),
            (Part { first: 0, count: Some(0) }, "request.count"),
        ] {
            assert_eq!(code(check(made(), part)), (Code::InvalidValue, field.into()));
        }
    }

    #[test]
    fn a_plan_that_was_altered_is_refused() {
        let alterations: [fn(&mut Plan); 6] = [
            |plan| plan.steps[0].changes.clear(),
            |plan| plan.steps[1].group_name = Some("Admins".into()),
            |plan| drop(plan.steps.pop()),
            |plan| plan.context.policy.guards.minimum_admins += 1,
            |plan| plan.context.organisation.push('x'),
            |plan| plan.unchanged_count += 1,
        ];
        for alter in alterations {
            let mut plan = made();
            alter(&mut plan);
            assert_eq!(
                code(check(plan, Part::default())),
                (Code::PlanChanged, "request.plan".into())
            );
        }
    }

    #[test]
    fn a_plan_is_refused_under_another_digest_and_for_another_organisation() {
        let plan = made();
        let organisation = plan.context.organisation.clone();
        for digest in [String::new(), "0".repeat(64), plan.digest.to_uppercase() + " "] {
            let checked = Approved::check(plan.clone(), &digest, Part::default(), &organisation);
            assert_eq!(code(checked), (Code::PlanChanged, "request.approved-digest".into()));
        }
        let digest = plan.digest.clone();
        let checked = Approved::check(plan, &digest, Part::default(), "https://other.retool.com");
        assert_eq!(code(checked), (Code::WrongOrganisation, "request.plan.organisation".into()));
    }

    #[test]
    fn a_plan_with_a_tripped_guard_is_refused() {
        let mut request = request();
        request.policy.absent = AbsentPolicy::Delete;
        request.policy.guards.user_removals = Limit::new(0, 0);
        let mut actual = fulfilled(&model());
        actual.users.push(user("old@example.com"));
        let tripped = plan(&request, &actual);
        assert!(!tripped.withheld.is_empty());
        assert_eq!(code(check(tripped.clone(), Part::default())).0, Code::GuardTripped);

        // Steps that were moved out of `withheld`, with the digest of the result.
        let mut moved = tripped;
        moved.steps = core::mem::take(&mut moved.withheld);
        moved.digest = digest::plan(&moved);
        assert_eq!(code(check(moved, Part::default())).0, Code::GuardTripped);
        let names: Vec<&str> = made().tripped().map(|report| report.guard.as_str()).collect();
        assert_eq!(names, Vec::<&str>::new());
    }
}
