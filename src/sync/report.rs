//! The report of a sync.

use alloc::string::String;
use alloc::vec::Vec;

use super::Plan;
use crate::domain::{Email, FieldChange, GroupLink, Tombstone, UserId, Write};
use crate::error::Error;

/// The outcome for a person.
#[derive(Clone, Debug, PartialEq)]
pub enum PersonOutcome {
    /// New.
    Created,
    /// Invited; there is no account yet.
    Invited,
    /// The address was changed, and perhaps other fields.
    Renamed,
    /// Fields or memberships were changed.
    Updated,
    /// Disabled before, enabled now.
    ReEnabled,
    /// Disabled now.
    Disabled,
    /// Deleted.
    Deleted,
    /// Nothing to do.
    Unchanged,
    /// Left alone, and why.
    Refused(String),
    /// Changed by another user since the plan was made, and how.
    Stale(String),
    /// A step failed.
    Failed(Error),
    /// Nothing was begun: steps that must come first are outside the slice. Which ones.
    NotBegun(String),
}

impl PersonOutcome {
    /// Returns whether the person is as planned.
    pub fn is_done(&self) -> bool {
        !matches!(
            self,
            PersonOutcome::Refused(_)
                | PersonOutcome::Stale(_)
                | PersonOutcome::Failed(_)
                | PersonOutcome::NotBegun(_)
        )
    }
}

/// One person of a sync.
#[derive(Clone, Debug)]
pub struct PersonReport {
    /// The person.
    pub email: Email,
    /// The login, if the roster names the person by it.
    pub login: Option<String>,
    /// The id, where known.
    pub user: Option<UserId>,
    /// The outcome.
    pub outcome: PersonOutcome,
    /// The fields that were set.
    pub changes: Vec<FieldChange>,
    /// The groups they were added to.
    pub groups_added: Vec<GroupLink>,
    /// The groups that they administer now, or no longer.
    pub groups_changed: Vec<GroupLink>,
    /// The groups they were removed from.
    pub groups_removed: Vec<GroupLink>,
    /// Since when the account is disabled, where this run saw that its own write disabled it.
    pub disabled_since: Option<String>,
    /// What could not be done besides the steps, or what else happened to the account.
    pub note: Option<String>,
}

impl PersonReport {
    /// Creates the report of a person before the first write.
    pub fn new(email: &Email, user: Option<&UserId>, outcome: PersonOutcome) -> Self {
        PersonReport {
            email: email.clone(),
            login: None,
            user: user.cloned(),
            outcome,
            changes: Vec::new(),
            groups_added: Vec::new(),
            groups_changed: Vec::new(),
            groups_removed: Vec::new(),
            disabled_since: None,
            note: None,
        }
    }
}

/// What a sync or a slice of a plan did.
#[derive(Clone, Debug)]
pub struct SyncReport {
    /// The plan that was applied.
    pub plan: Plan,
    /// A report for every person, by address. For a slice, for the people of its steps.
    pub people: Vec<PersonReport>,
    /// The groups that this run created.
    pub groups_created: Vec<GroupLink>,
    /// The groups that could not be created, and why.
    pub groups_failed: Vec<Error>,
    /// The accounts that this run disabled, deleted or stripped, as they were.
    pub tombstones: Vec<Tombstone>,
    /// The limitations of the plan, and those that the run found.
    pub limitations: Vec<String>,
    /// Where the next slice of the plan begins; `None` if no steps are left.
    pub next: Option<u32>,
    /// Whether every person is as planned, and the listing was not found to lack anyone.
    pub complete: bool,
    /// The writes, in order.
    pub writes: Vec<Write>,
}
