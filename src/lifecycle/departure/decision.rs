//! Decides what a deprovision does to an account, before the first write. The plan of a deprovision
//! uses the same decision.

use alloc::string::String;

use super::age::{days_count_from, due};
use super::{Departure, DeprovisionOutcome, Mode};
use crate::domain::{Account, User};
use crate::retool::Capabilities;
use crate::time::days_ms;

/// What is done to an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// It is an invitation: there is no account to disable.
    Withdraw,
    /// Disable the account unless it is disabled.
    Disable,
    /// Disable the account unless it is disabled, and remove its memberships.
    DisableAndStrip,
    /// Delete the account, or disable it where deletions only disable.
    Delete,
    /// Disable the account. It may be deleted after this many days.
    StartCount(u32),
    /// Leave the account disabled: it is not old enough, or that is not known.
    Wait(Wait),
}

/// Why an account that is disabled is not deleted by age.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// It is not known since when it is disabled.
    NoRecord,
    /// It may be deleted at this time.
    Until(String),
    /// It may be deleted at this time, and the server does not say what time it is.
    NoClock(String),
}

impl Wait {
    /// Returns what a person must do, if waiting is not enough.
    pub fn why(&self) -> Option<&'static str> {
        match self {
            Wait::NoRecord => Some(
                "It is not known since when the account is disabled, so it is not deleted by age. Give `disabled-since` \
                 from the result or the tombstone of the call that disabled it, or delete it by hand.",
            ),
            Wait::Until(_) => None,
            Wait::NoClock(_) => Some(
                "The server's answers carry no date, so the account is not deleted by age. Delete it by hand.",
            ),
        }
    }

    /// Returns when the account may be deleted.
    pub fn due(self) -> Option<String> {
        match self {
            Wait::NoRecord => None,
            Wait::Until(due) | Wait::NoClock(due) => Some(due),
        }
    }
}

/// Decides what is done to an account that was just read.
///
/// An early deletion can't be undone, so a deletion by age needs a date on which a call saw that it
/// disabled the account, and the server's clock: a host's clock may be wrong by any amount.
pub(super) fn decide(departure: &Departure, account: &Account) -> Action {
    let user = &account.user;
    if user.is_invitation() {
        return Action::Withdraw;
    }
    let days = match departure.mode {
        Mode::Disable => return Action::Disable,
        Mode::DisableAndStripGroups => return Action::DisableAndStrip,
        Mode::Delete => return Action::Delete,
        Mode::DeleteOnceDisabled(days) => days,
    };
    if !user.disabled {
        return Action::StartCount(days);
    }
    let Some(recorded) = departure.disabled_since else { return Action::Wait(Wait::NoRecord) };
    let since = days_count_from(user, recorded);
    match account.read_at {
        Some(now) if since.saturating_add(days_ms(days)) <= now => Action::Delete,
        Some(_) => Action::Wait(Wait::Until(due(since, days))),
        None => Action::Wait(Wait::NoClock(due(since, days))),
    }
}

/// Returns what becomes of an account, on a server that does what its dialect says.
pub(super) fn outcome(action: &Action, user: &User, can: Capabilities) -> DeprovisionOutcome {
    match action {
        Action::Withdraw => DeprovisionOutcome::Deleted,
        Action::Delete if can.deletes_people => DeprovisionOutcome::Deleted,
        _ if user.disabled => DeprovisionOutcome::AlreadyDeactivated,
        _ => DeprovisionOutcome::Deactivated,
    }
}
