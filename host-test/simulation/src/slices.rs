//! A plan that is kept, approved, and applied in slices.

use std::collections::BTreeMap;
use std::rc::Rc;

use retool_lifecycle::error::Result;
use retool_lifecycle::retool::user_filter::AllUsers;
use retool_lifecycle::session::Session;
use retool_lifecycle::sync::apply::{self, Approved, Part};
use retool_lifecycle::sync::report::SyncReport;
use retool_lifecycle::sync::{Plan, Step, StepKind, SyncRequest, digest};

use crate::chance::Chance;
use crate::request::Fields;

/// The record of each user that a call saw last, by id.
pub type Seen = BTreeMap<String, Fields>;

/// A slice of a plan that was made by an earlier call.
#[derive(Clone, Debug)]
pub struct PlanSlice {
    /// The plan as it was approved.
    pub approved: Rc<Plan>,
    /// The plan that the caller gives. It may have been altered.
    pub given: Rc<Plan>,
    /// The digest that the caller gives.
    pub digest: String,
    /// The part to apply.
    pub part: Part,
    /// The request that the plan was made for.
    pub request: Rc<SyncRequest>,
    /// The records that the plan was made from.
    pub planned_on: Rc<Seen>,
    /// Plants a defect: no step is compared with the state that it was planned on.
    pub is_blind: bool,
}

impl PlanSlice {
    /// Returns whether the caller gives the approved plan.
    pub fn is_approved(&self) -> bool {
        self.given == self.approved && self.digest == self.approved.digest
    }

    /// Returns the steps that may be applied: none of an altered plan.
    pub fn steps(&self) -> &[Step] {
        let Part { first, count } = self.part;
        let steps = self.approved.steps.get(first as usize..).unwrap_or_default();
        match (self.is_approved(), count) {
            (false, _) => &[],
            (true, None) => steps,
            (true, Some(count)) => &steps[..steps.len().min(count as usize)],
        }
    }

    /// Plants a defect: the steps of the slice that remove members come first.
    pub fn remove_first(&mut self) {
        if !self.is_approved() {
            return;
        }
        let mut plan = (*self.given).clone();
        let steps = plan.steps.iter_mut().skip(self.part.first as usize);
        let mut steps: Vec<&mut Step> = match self.part.count {
            Some(count) => steps.take(count as usize).collect(),
            None => steps.collect(),
        };
        let mut sorted: Vec<Step> = steps.iter().map(|step| (**step).clone()).collect();
        sorted.sort_by_key(|step| step.kind != StepKind::RemoveMember);
        for (step, new) in steps.iter_mut().zip(sorted) {
            **step = new;
        }
        plan.digest = digest::plan(&plan);
        self.digest.clone_from(&plan.digest);
        self.given = Rc::new(plan);
    }

    /// Makes the call.
    pub async fn apply(&self, session: &Session) -> Result<SyncReport> {
        let organisation = session.occasion().organisation;
        let check =
            |plan: Plan, digest: &str| Approved::check(plan, digest, self.part, &organisation);
        let mut approved = check((*self.given).clone(), &self.digest)?;
        if self.is_blind {
            let mut plan = (*self.given).clone();
            forget_preconditions(&mut plan, session).await?;
            let digest = plan.digest.clone();
            approved = check(plan, &digest)?;
        }
        apply::apply_plan(&*session.directory, approved, session.now, &*session.log).await
    }

    /// Describes the call for the trace.
    pub fn describe(&self) -> String {
        let approved = if self.is_approved() { "" } else { ", which is not the approved one" };
        let steps: Vec<String> = self.steps().iter().map(line).collect();
        format!(
            "apply {:?} of a plan of {} steps{approved}\n    {}",
            self.part,
            self.approved.steps.len(),
            steps.join("\n    ")
        )
    }
}

/// Describes a step for the trace.
fn line(step: &Step) -> String {
    format!(
        "{} {} {:?} {:?}",
        step.kind.as_str(),
        step.email.as_ref().map_or("", |email| email.as_str()),
        step.group_name,
        step.changes
    )
}

/// Replaces every precondition by the state that the user is in now.
async fn forget_preconditions(plan: &mut Plan, session: &Session) -> Result<()> {
    let found = session.reader().list_people(&AllUsers { with_times: false }).await?;
    for step in &mut plan.steps {
        let user = found.users.iter().find(|user| Some(&user.id) == step.user.as_ref());
        let is_of_account = !matches!(
            step.kind,
            StepKind::AddMember
                | StepKind::ChangeMember
                | StepKind::RemoveMember
                | StepKind::ChangeAttributes
        );
        if let (Some(user), true) = (user, is_of_account) {
            step.precondition = digest::user_state_for(&step.changes, user);
        }
    }
    plan.digest = digest::plan(plan);
    Ok(())
}

/// Alters a plan: another value in a step, or a step less. `None` if it has no steps.
pub fn altered(plan: &Plan, chance: &mut Chance) -> Option<Plan> {
    let mut plan = plan.clone();
    let names = plan.steps.iter_mut().flat_map(|step| &mut step.changes);
    let names = names.filter(|change| matches!(&*change.field, "first-name" | "last-name"));
    let mut names: Vec<_> = names.filter_map(|change| change.after.as_mut()).collect();
    if !names.is_empty() && chance.percent(70) {
        let place = chance.below(names.len());
        names[place].push_str(" of another");
        return Some(plan);
    }
    if plan.steps.is_empty() {
        return None;
    }
    let place = chance.below(plan.steps.len());
    plan.steps.remove(place);
    Some(plan)
}
