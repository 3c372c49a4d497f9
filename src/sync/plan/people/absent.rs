//! Decides about people who are absent: not on the roster, or inactive.

use alloc::format;
use alloc::vec::Vec;

use super::{Planner, account_step, refuse_ambiguous};
use crate::domain::{FieldChange, User, UserPatch};
use crate::sort;
use crate::sync::absence::{Grace, Spared};
use crate::sync::plan::matching::Matching;
use crate::sync::plan::{Draft, Refused};
use crate::sync::{AbsentPolicy, RefusalReason, Step, StepKind, digest};

/// Why a person counts as absent.
#[derive(Clone, Copy)]
enum Why {
    NotOnRoster,
    Inactive,
}

impl Why {
    /// Returns the reason as a predicate.
    fn as_str(self) -> &'static str {
        match self {
            Why::NotOnRoster => "is not on the roster",
            Why::Inactive => "was last active too long ago",
        }
    }
}

impl<'a> Planner<'a> {
    /// Returns whether the policy for absent users covers accounts that are not on the roster. All
    /// accounts of an address must be covered.
    pub(in crate::sync::plan) fn covers_absent(&self, accounts: &[&User]) -> bool {
        self.policy.absent != AbsentPolicy::Keep
            && !accounts.is_empty()
            && accounts.iter().all(|user| self.absence.covers(user))
    }

    /// Counts the accounts that are not on the roster and not [covered](Self::covers_absent), if
    /// that needs to be explained: only some addresses are inside the span, or the account is new.
    pub(in crate::sync::plan) fn count_spared(&self, accounts: &[&User], draft: &mut Draft) {
        if self.policy.absent == AbsentPolicy::Keep {
            return;
        }
        for user in accounts {
            if !self.absence.covers_but_for_age(user) {
                draft.notes.straddling += usize::from(self.absence.straddles(user));
                continue;
            }
            match self.absence.spares(user) {
                Some(Spared::New) => draft.notes.new += 1,
                Some(Spared::Undated) => draft.notes.undated += 1,
                None => {}
            }
        }
    }

    /// Returns whether a person on the roster is treated as absent. Protected people are not, and
    /// neither are disabled ones: the policies for disabled people on the roster hold for them.
    pub(super) fn is_inactive(&self, user: &User) -> bool {
        !user.disabled && self.removes_inactive(user)
    }

    /// Returns whether a disabled person on the roster stays disabled: the next sync would disable
    /// them again for inactivity.
    pub(super) fn stays_inactive(&self, user: &User) -> bool {
        user.disabled && self.policy.re_enable_disabled && self.removes_inactive(user)
    }

    fn removes_inactive(&self, user: &User) -> bool {
        self.absence.is_inactive(user) && self.covers_absent(&[user]) && !self.protected.has(user)
    }

    pub(super) fn inactive(&self, who: &Refused<'_>, user: &User, draft: &mut Draft) {
        let steps_before = draft.steps.len();
        self.remove(who, user, Why::Inactive, draft);
        if draft.steps.len() > steps_before {
            draft.notes.inactive.push(user.email.clone());
        }
    }

    /// Plans a person who is not on the roster and is [covered](Self::covers_absent) by the policy.
    pub(in crate::sync::plan) fn absent(&self, accounts: &[&User], draft: &mut Draft) {
        let [user] = accounts else {
            if let [first, ..] = accounts {
                let who = Refused { email: &first.email, login: None, user: None };
                refuse_ambiguous(&who, first.email.as_str(), accounts, draft);
            }
            return;
        };
        let who = Refused { email: &user.email, login: None, user: Some(&user.id) };
        self.remove(&who, user, Why::NotOnRoster, draft);
    }

    /// Plans what the policy says about a person who is absent.
    fn remove(&self, who: &Refused<'_>, user: &User, why: Why, draft: &mut Draft) {
        let delete = (StepKind::DeleteUser, Vec::new(), "deleted");
        let disable = || (StepKind::DisableUser, disabled_to(user, true), "disabled");
        let withdraw = (StepKind::CancelInvitation, Vec::new(), "withdrawn");
        let mut precondition = match why {
            Why::NotOnRoster => digest::user_state(user),
            Why::Inactive => digest::inactive_state(user),
        };
        let why = why.as_str();
        let (kind, changes, verb) = match self.policy.absent {
            AbsentPolicy::Keep => return,
            // There is no account yet to disable.
            _ if user.is_invitation() => withdraw,
            AbsentPolicy::DisableThenDelete(days) if user.disabled => {
                if self.is_grace_over(user, days, draft) {
                    precondition = digest::disabled_state(user);
                    delete
                } else if self.has_invitation(user) {
                    withdraw
                } else {
                    draft.unchanged.push(user.email.clone());
                    return;
                }
            }
            AbsentPolicy::Delete if self.can.deletes_people || !user.disabled => delete,
            // An invitation would let the person in again.
            _ if user.disabled && self.has_invitation(user) => withdraw,
            _ if user.disabled => {
                draft.unchanged.push(user.email.clone());
                return;
            }
            _ => disable(),
        };
        if self.protected.has(user) {
            let message = format!(
                "{} is protected, so it is not {verb} although it {why}.",
                user.email.as_str()
            );
            draft.refuse(who, RefusalReason::ProtectedPerson, message);
            return;
        }
        if !self.is_complete {
            let message = format!(
                "{} {why}, and is not {verb}, because the listing may lack users.",
                user.email.as_str()
            );
            draft.refuse(who, RefusalReason::ListingIncomplete, message);
            return;
        }
        if !user.disabled
            && let Some(seat) = user.seat()
        {
            draft.seats.free(Some(seat));
        }
        // A disabled account keeps what it has.
        if kind != StepKind::CancelInvitation || user.is_invitation() {
            draft.tombstones.push(user.clone());
            draft.steps.push(Step { precondition, ..account_step(kind, user, changes) });
        }
        for invitation in self.invitations_of(user) {
            let step = account_step(StepKind::CancelInvitation, invitation, Vec::new());
            draft.steps.push(step);
        }
    }

    /// Returns the open invitations of a user beside the account, or beside the invitation that
    /// counts as the user.
    fn invitations_of(&self, user: &User) -> impl Iterator<Item = &'a User> {
        self.invitations.iter().copied().filter(|invitation| invitation.email == user.email)
    }

    fn has_invitation(&self, user: &User) -> bool {
        self.invitations_of(user).next().is_some()
    }

    /// Returns whether a disabled person may be deleted, and notes why not.
    fn is_grace_over(&self, user: &User, days: u32, draft: &mut Draft) -> bool {
        let notes = &mut draft.notes;
        match self.absence.grace(user, days) {
            Grace::Over => return self.can.deletes_people,
            Grace::Until(due) => {
                notes.waiting += 1;
                notes.first_due = Some(notes.first_due.map_or(due, |first| first.min(due)));
            }
            Grace::NoRecord => notes.unrecorded.push(user.email.clone()),
            Grace::NoClock => notes.no_clock += 1,
        }
        false
    }

    /// Refuses the people that the policy covers as absent, and whose records can't be used.
    pub(in crate::sync::plan) fn unreadable(&self, matching: &Matching<'_>, draft: &mut Draft) {
        let before = draft.refusals.len();
        for record in self.unreadable.records() {
            let Some(email) = &record.email else { continue };
            let is_covered = self.policy.absent != AbsentPolicy::Keep
                && self.request.span.contains(email)
                && !matching.is_on_roster(email);
            if is_covered {
                let message = format!(
                    "{} is not on the roster, and the server's record can't be used, so nothing is done. Repair it \
                     in Retool.",
                    email.as_str()
                );
                let who = Refused { email, login: None, user: None };
                draft.refuse(&who, RefusalReason::RecordUnreadable, message);
            }
        }
        if draft.refusals.len() > before {
            sort::sort_by(&mut draft.refusals, |a, b| a.email.cmp(&b.email));
        }
    }
}

fn disabled_to(user: &User, disabled: bool) -> Vec<FieldChange> {
    let patch = UserPatch { disabled: Some(disabled), ..UserPatch::default() };
    patch.differences(user)
}
