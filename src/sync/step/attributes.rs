//! Changes of a user's attributes by a step.

use alloc::vec::Vec;

use super::planned::CHANGED;
use super::{Current, StepOutcome, current, person, renamed};
use crate::domain::metadata::is_attribute;
use crate::domain::{FieldChange, User, UserId};
use crate::error::Result;
use crate::lifecycle;
use crate::retool::Directory;
use crate::sync::Step;
use crate::write_log::WriteLog;

/// How the attributes of a user compare with a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sync) enum AttributesNow {
    /// They are as the step wants them.
    AsWanted,
    /// Those that are not as wanted are as they were when the step was planned.
    AsPlanned,
    /// Another user changed one of them.
    Other,
}

/// Compares the attributes of a user with a step.
pub(in crate::sync) fn attributes_now(step: &Step, user: &User) -> AttributesNow {
    let left = left(step, user);
    if left.is_empty() {
        return AttributesNow::AsWanted;
    }
    // Not every server shows the defaults of a new person.
    let is_unset = |change: &FieldChange| step.user.is_none() && has(user, change, None);
    let is_as_before =
        |change: &FieldChange| has(user, change, change.before.as_deref()) || is_unset(change);
    match left.iter().all(is_as_before) {
        true => AttributesNow::AsPlanned,
        false => AttributesNow::Other,
    }
}

/// Changes the attributes of a step's person: reads, compares, writes and verifies. Attributes that
/// are as wanted are not written again.
pub(in crate::sync) async fn change_attributes(
    directory: &dyn Directory,
    step: &Step,
    id: &UserId,
    write_log: &mut WriteLog,
) -> Result<StepOutcome> {
    let account = match current(directory, id, &[person(step)?]).await? {
        Current::Account(account) => *account,
        Current::Gone { .. } => return Ok(StepOutcome::Stale("The account is gone.".into())),
        Current::Renamed => return Ok(renamed()),
    };
    match attributes_now(step, &account.user) {
        AttributesNow::AsWanted => return Ok(StepOutcome::AlreadySo),
        AttributesNow::Other => return Ok(StepOutcome::Stale(CHANGED.into())),
        AttributesNow::AsPlanned => {}
    }
    let left = left(step, &account.user);
    let strips = left.iter().any(FieldChange::strips);
    if strips {
        write_log.keep(account.clone());
    }
    let changed = lifecycle::change_attributes(directory, account, &left, write_log).await;
    if strips {
        write_log.strip();
    }
    changed.map(|_| StepOutcome::Applied)
}

/// Returns the changes of a step that a user's record does not show.
fn left(step: &Step, user: &User) -> Vec<FieldChange> {
    let is_left = |change: &&FieldChange| !has(user, change, change.after.as_deref());
    step.changes.iter().filter(is_left).cloned().collect()
}

fn has(user: &User, change: &FieldChange, value: Option<&str>) -> bool {
    let name = change.attribute().unwrap_or_default();
    is_attribute(user.metadata.as_ref(), name, value)
}
