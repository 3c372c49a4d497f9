//! Deletes accounts that were disabled before, on servers that may keep them: a deletion that only
//! disables leaves such an account as it is.
//!
//! The guards don't count these deletions, because a server that keeps the accounts would make them
//! count every night. So they are counted here, once the server turns out to delete.

use alloc::collections::BTreeSet;
use alloc::format;

use super::run::Run;
use crate::domain::UserId;
use crate::error::Result;
use crate::retool::Capabilities;
use crate::sort;
use crate::sync::report::PersonOutcome;
use crate::sync::{Guard, Plan, Step, StepKind};

/// The accounts that a deletion may leave as they are.
pub(super) struct KeptAccounts {
    accounts: BTreeSet<UserId>,
    /// The limit on removals.
    limit: u32,
    allowed: Allowed,
}

/// Which of the accounts may be deleted, if the server does delete.
enum Allowed {
    /// So many of them.
    Any(u32),
    /// These. Every call for a slice of one plan allows the same ones, also if it is repeated.
    These(BTreeSet<UserId>),
}

impl KeptAccounts {
    /// Finds the accounts of a plan. There are none in a dialect whose deletions delete.
    pub(super) fn of(plan: &Plan, can: Capabilities) -> Self {
        let mut accounts = BTreeSet::new();
        if can.deletion_may_disable {
            for tombstone in plan.tombstones.iter().filter(|tombstone| tombstone.user.disabled) {
                accounts.insert(tombstone.user.id.clone());
            }
        }
        let guard = plan.guards.iter().find(|report| report.guard == Guard::UserRemovals);
        let (limit, actual) = guard.map_or((0, 0), |report| (report.limit, report.actual));
        KeptAccounts { accounts, limit, allowed: Allowed::Any(limit.saturating_sub(actual)) }
    }

    /// Finds the accounts of a plan that is applied in slices.
    pub(super) fn in_slices(plan: &Plan, can: Capabilities) -> Self {
        let kept = KeptAccounts::of(plan, can);
        let Allowed::Any(left) = kept.allowed else { return kept };
        let deletions = plan.steps.iter().filter(|step| kept.may_be_kept(step));
        let first = deletions.take(left as usize).filter_map(|step| step.user.clone());
        KeptAccounts { allowed: Allowed::These(sort::set(first)), ..kept }
    }

    fn allows(&self, step: &Step) -> bool {
        match &self.allowed {
            Allowed::Any(left) => *left > 0,
            Allowed::These(accounts) => step.user.as_ref().is_some_and(|id| accounts.contains(id)),
        }
    }

    /// Returns whether a step deletes such an account.
    pub(super) fn may_be_kept(&self, step: &Step) -> bool {
        step.kind == StepKind::DeleteUser
            && step.user.as_ref().is_some_and(|id| self.accounts.contains(id))
    }
}

impl Run<'_> {
    /// Applies the deletion of an account that was disabled before, as long as the limit on
    /// removals allows it. Once a deletion was seen to only disable, nothing is sent.
    pub(super) async fn delete_disabled(&mut self, step: &Step) -> Result<()> {
        if !self.kept.allows(step) && self.directory.capabilities().deletes_people {
            self.refuse_deletion(step);
            return Ok(());
        }
        if !self.take(step).await? {
            self.refuse_last_admin(step);
        }
        let person = step.email.as_ref().and_then(|email| self.people.get(email));
        let is_deleted = person.is_some_and(|person| person.outcome == PersonOutcome::Deleted);
        if let (true, Allowed::Any(left)) = (is_deleted, &mut self.kept.allowed) {
            *left = left.saturating_sub(1);
        }
        Ok(())
    }

    fn refuse_deletion(&mut self, step: &Step) {
        let limit = self.kept.limit;
        let Some(person) = step.email.as_ref().and_then(|email| self.people.get_mut(email)) else {
            return;
        };
        person.outcome = PersonOutcome::Refused(format!(
            "{} is disabled and was not deleted: guard {} allows {limit} removals in one run, and they are used up. \
             Sync again, or raise the limit.",
            person.email.as_str(),
            Guard::UserRemovals.as_str()
        ));
    }
}
