//! Deletes accounts that were disabled before, on servers that may keep them: a deletion that only
//! disables leaves such an account as it is.
//!
//! The guards don't count these deletions, because a server that keeps the accounts would make them
//! count every night. So they are counted here, once the server turns out to delete.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::run::Run;
use crate::domain::UserId;
use crate::error::Result;
use crate::retool::Capabilities;
use crate::sync::report::PersonOutcome;
use crate::sync::{Guard, GuardReport, Plan, Step, StepKind};

/// The accounts that a deletion may leave as they are. Every call for a slice of one plan allows
/// the same deletions, also if it is repeated.
#[derive(Default)]
pub(super) struct KeptAccounts {
    /// Why an account may not be deleted, if the server does delete. Empty for those that may.
    accounts: BTreeMap<UserId, String>,
}

/// How much of the limits is left.
struct Left<'a> {
    users: u32,
    /// By the group's name.
    members: BTreeMap<&'a str, u32>,
}

impl<'a> Left<'a> {
    fn of(guards: &'a [GuardReport]) -> Self {
        let mut left = Left { users: 0, members: BTreeMap::new() };
        for report in guards {
            let rest = report.limit.saturating_sub(report.actual);
            match (report.guard, report.subject.as_deref()) {
                (Guard::UserRemovals, _) => left.users = rest,
                (Guard::MemberRemovals, Some(group)) => {
                    left.members.insert(group, rest);
                }
                _ => {}
            }
        }
        left
    }

    /// Takes one account that is in these groups. Returns which limit does not allow it.
    fn take(&mut self, groups: &[&str]) -> core::result::Result<(), String> {
        if self.users == 0 {
            return Err(String::from(Guard::UserRemovals.as_str()));
        }
        let full = groups.iter().find(|group| self.members.get(**group) == Some(&0));
        if let Some(group) = full {
            return Err(format!("{} of the group {group}", Guard::MemberRemovals.as_str()));
        }
        self.users -= 1;
        for group in groups {
            if let Some(left) = self.members.get_mut(*group) {
                *left -= 1;
            }
        }
        Ok(())
    }
}

impl KeptAccounts {
    /// Finds the accounts of a plan. There are none in a dialect whose deletions delete.
    pub(super) fn of(plan: &Plan, can: Capabilities) -> Self {
        let mut kept = KeptAccounts::default();
        if !can.deletion_may_disable {
            return kept;
        }
        let mut left = Left::of(&plan.guards);
        let mut disabled = BTreeMap::new();
        for user in plan.tombstones.iter().map(|tombstone| &tombstone.user) {
            if user.disabled {
                disabled.insert(&user.id, user);
            }
        }
        for step in plan.steps.iter().filter(|step| step.kind == StepKind::DeleteUser) {
            let Some(user) = step.user.as_ref().and_then(|id| disabled.get(id)) else { continue };
            let links = user.groups.iter().flatten();
            let groups: Vec<&str> = links.map(|link| link.label()).collect();
            let refusal = left.take(&groups).err().unwrap_or_default();
            kept.accounts.insert(user.id.clone(), refusal);
        }
        kept
    }

    /// Returns why a step's account may not be deleted.
    fn refusal(&self, step: &Step) -> Option<&str> {
        let refusal = step.user.as_ref().and_then(|id| self.accounts.get(id))?;
        (!refusal.is_empty()).then_some(refusal)
    }

    /// Returns whether a step deletes such an account.
    pub(super) fn may_be_kept(&self, step: &Step) -> bool {
        step.kind == StepKind::DeleteUser
            && step.user.as_ref().is_some_and(|id| self.accounts.contains_key(id))
    }
}

impl Run<'_> {
    /// Applies the deletion of an account that was disabled before, as long as the limits on
    /// removals allow it. Once a deletion was seen to only disable, nothing is sent.
    pub(super) async fn delete_disabled(&mut self, step: &Step) -> Result<()> {
        if self.directory.capabilities().deletes_people
            && let Some(guard) = self.kept.refusal(step).map(String::from)
        {
            self.refuse_deletion(step, &guard);
            return Ok(());
        }
        if !self.take(step).await? {
            self.refuse_last_admin(step);
        }
        Ok(())
    }

    fn refuse_deletion(&mut self, step: &Step, guard: &str) {
        let Some(person) = step.email.as_ref().and_then(|email| self.people.get_mut(email)) else {
            return;
        };
        person.outcome = PersonOutcome::Refused(format!(
            "{} is disabled and was not deleted: the removals that the guard {guard} allows in one run are used up. \
             Sync again, or raise the limit.",
            person.email.as_str()
        ));
    }
}
