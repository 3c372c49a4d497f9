//! Checks calls that apply a slice of a plan.

use mock_retool::Organisation;
use retool_lifecycle::domain::UserPatch;
use retool_lifecycle::sync::{Step, StepKind};
use serde_json::Value;

use super::Checker;
use super::goal::{FIELDS, find};
use super::writes::Verdict;
use crate::change::key;
use crate::dialects::group_number;
use crate::operation::Operation;
use crate::request::{Act, Fields, ParsedRequest, Target};
use crate::slices::{PlanSlice, Seen};

impl Checker {
    /// Returns the records that the responses of this call contained last.
    pub fn seen(&self) -> Seen {
        self.visible.clone()
    }

    /// Checks that a slice does not write to a user whose record differs from the one that the plan
    /// was made from, as far as the component saw it.
    pub(super) fn check_precondition(&self, parsed: &ParsedRequest) -> Verdict {
        let Operation::Slice(slice) = &*self.operation else { return Ok(()) };
        let (Some(Act::Update { id, .. }) | Some(Act::Delete { id })) = &parsed.act else {
            return Ok(());
        };
        let (Some(planned), Some(records)) = (slice.planned_on.get(id), self.seen_as.get(id))
        else {
            return Ok(());
        };
        let deletes = matches!(parsed.act, Some(Act::Delete { .. }));
        let difference = |seen: &Fields| {
            // A deletion may only have disabled the user.
            let may_differ = |field: &str| {
                deletes && field == "isDisabled" && seen.get(field) == Some(&true.into())
            };
            let differs = |field: &str| match (planned.get(field), seen.get(field)) {
                (Some(one), Some(two)) => one != two && !may_differ(field),
                _ => false,
            };
            let is_moved = is_renamed(planned, seen) && !self.renames(planned, seen);
            let moved = is_moved.then_some("email");
            // The step compares the attributes alone.
            let is_attribute = matches!(parsed.target, Target::Attributes(_));
            let fields = FIELDS.into_iter().filter(|_| !is_attribute);
            let mut fields = fields.filter(|(field, _)| self.can.sets(*field));
            moved.or_else(|| fields.find(|(_, name)| differs(name)).map(|(_, name)| name))
        };
        // A listing that was read again, and an edit that was undone, show several states.
        let differences: Option<Vec<&str>> = records.iter().map(difference).collect();
        match differences.and_then(|fields| fields.first().copied()) {
            Some(field) => {
                Err(("preconditions", format!("{field} of {id} is not as the plan saw it")))
            }
            None => Ok(()),
        }
    }

    /// Whether the call gives the person of one record the address of the other.
    fn renames(&self, planned: &Fields, seen: &Fields) -> bool {
        let new = self.operation.new_address(&address(planned)).map(key);
        new.is_some_and(|new| new == address(seen))
    }

    /// Returns a step of a slice that does not hold.
    pub(super) fn missed_by_slice(&self, slice: &PlanSlice, now: &Organisation) -> Option<String> {
        slice.steps().iter().find_map(|step| self.missed_by_step(step, now))
    }

    fn missed_by_step(&self, step: &Step, now: &Organisation) -> Option<String> {
        let name = step.group_name.as_deref().unwrap_or_default().trim();
        let group = match &step.group {
            Some(id) => now.groups.iter().find(|group| group_number(id) == Some(group.id)),
            None => now.groups.iter().find(|group| group.name.trim() == name),
        };
        if step.kind == StepKind::CreateGroup {
            return group.is_none().then(|| format!("there is no group {name:?}"));
        }
        let person = step.email.as_ref()?.key();
        if self.open_invitation(now, person).is_some() || self.is_hidden(person) {
            return None;
        }
        let user = find(now, person);
        match step.kind {
            StepKind::CreateGroup => None,
            // An invitation that was accepted is an account.
            StepKind::InviteUser => user.is_none().then(|| format!("{person} is not invited")),
            StepKind::CancelInvitation => None,
            StepKind::DeleteUser => {
                let stays = user.is_some_and(|user| !user.is_disabled || self.can.deletes_people);
                stays.then(|| format!("{person} still has an account"))
            }
            StepKind::DisableUser => {
                let is_enabled = user.is_some_and(|user| !user.is_disabled);
                is_enabled.then(|| format!("{person} is enabled"))
            }
            StepKind::CreateUser
            | StepKind::RenameUser
            | StepKind::EnableUser
            | StepKind::UpdateUser => {
                let Some(user) = user else { return Some(format!("{person} has no account")) };
                self.differs(user, &UserPatch::of(&step.changes))
            }
            StepKind::ChangeAttributes => {
                let Some(user) = user else { return Some(format!("{person} has no account")) };
                let named = step.changes.iter().filter_map(|change| {
                    Some((change.attribute()?.to_owned(), change.after.clone()))
                });
                self.lacks_attributes(user, &named.collect(), true)
            }
            StepKind::ChangeMember => {
                let (user, group) = (user?, group?);
                let wanted = step.group_admin.unwrap_or_default();
                let mut members = now.members(group.id).filter(|member| member.user.id == user.id);
                members
                    .any(|member| member.is_group_admin != wanted)
                    .then(|| format!("who administers {:?} is wrong for {person}", group.name))
            }
            StepKind::AddMember | StepKind::RemoveMember => {
                let (user, group) = (user?, group?);
                let is_in = now.groups_of(user).any(|joined| joined.id == group.id);
                let wanted = step.kind == StepKind::AddMember;
                (is_in != wanted)
                    .then(|| format!("the membership of {person} in {:?} is wrong", group.name))
            }
        }
    }
}

fn is_renamed(planned: &Fields, seen: &Fields) -> bool {
    address(planned) != address(seen)
}

fn address(record: &Fields) -> String {
    key(record.get("email").and_then(Value::as_str).unwrap_or_default())
}
