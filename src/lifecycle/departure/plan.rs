//! Says what a deprovision would do, without a write.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::age::{NO_DATE, due};
use super::decision::{Action, decide, outcome};
use super::{Departing, Departure, DeprovisionOutcome, find_departing, lacks_record};
use crate::domain::{GroupLink, Tombstone};
use crate::error::Result;
use crate::lifecycle::account::is_derived;
use crate::retool::ReadDirectory;
use crate::time::format_iso;

/// What a deprovision would do.
#[derive(Clone, Debug)]
pub struct DeparturePlan {
    /// The outcome for the account.
    pub outcome: DeprovisionOutcome,
    /// The account as it is now.
    pub tombstone: Option<Tombstone>,
    /// The groups that the person would be removed from.
    pub groups_to_remove: Vec<GroupLink>,
    /// How many open invitations would be withdrawn.
    pub invitations_to_cancel: u32,
    /// When the account may be deleted.
    pub deletion_due: Option<String>,
    /// What would still have to be done by hand, and what is not known.
    pub remaining: Vec<String>,
}

/// Returns what [`deprovision`](super::deprovision) would do, and fails as it would before its first
/// write. `now` is milliseconds since the Unix epoch, for the tombstone.
pub async fn plan_deprovision(
    directory: &dyn ReadDirectory,
    departure: &Departure,
    now: i64,
) -> Result<DeparturePlan> {
    let (account, invitations, mut remaining) = match find_departing(directory, departure).await? {
        Departing::Gone(done) => {
            return Ok(DeparturePlan {
                outcome: done.outcome,
                tombstone: None,
                groups_to_remove: Vec::new(),
                invitations_to_cancel: 0,
                deletion_due: None,
                remaining: done.remaining,
            });
        }
        Departing::Found { account, invitations, remaining } => (*account, invitations, remaining),
    };
    let can = directory.capabilities();
    let action = decide(departure, &account);
    let outcome = outcome(&action, &account.user, can);
    let (mut groups_to_remove, mut deletion_due) = (Vec::new(), None);
    match &action {
        Action::Withdraw | Action::Disable => {}
        Action::DisableAndStrip => {
            let links = account.user.groups.iter().flatten().cloned();
            let is_managed = |link: &GroupLink| is_derived(link.name.as_deref());
            let (derived, removable): (Vec<_>, Vec<_>) = links.partition(is_managed);
            groups_to_remove = removable;
            remaining.extend(derived.iter().map(|link: &GroupLink| {
                format!(
                    "The server may keep {} in the group {}: it manages the members itself.",
                    account.user.email.as_str(),
                    link.label()
                )
            }));
        }
        Action::Delete if can.deletion_may_disable => remaining.push(String::from(
            "Some servers of this API only disable an account that they are asked to delete. The result then says so.",
        )),
        Action::Delete => {}
        Action::StartCount(days) if can.reports_changes => {
            deletion_due = account.read_at.map(|now| due(now, *days));
        }
        Action::StartCount(_) => remaining.push(String::from(NO_DATE)),
        Action::Wait(wait) => {
            remaining.extend(wait.why().map(String::from));
            deletion_due = wait.clone().due();
        }
    }
    let beside = invitations.iter().filter(|one| one.id != account.user.id).count();
    let withdrawn = beside + usize::from(action == Action::Withdraw);
    let tombstone = Tombstone::of(account, format_iso(now));
    remaining.extend(lacks_record(&tombstone));
    Ok(DeparturePlan {
        outcome,
        tombstone: Some(tombstone),
        groups_to_remove,
        invitations_to_cancel: u32::try_from(withdrawn).unwrap_or(u32::MAX),
        deletion_due,
        remaining,
    })
}
