//! Adds several users to a group with one request.

use alloc::vec::Vec;

use crate::domain::{GroupLink, UserId, WriteKind};
use crate::error::{Error, ends_the_run};
use crate::retool::Directory;
use crate::write_log::WriteLog;

/// What came of adding several users together.
pub enum Together {
    /// For each user, whether they are new to the group.
    Added(Vec<bool>),
    /// Nothing was written. One of the users may be the reason, so that each is to be added alone.
    OneByOne,
    /// It failed for all of them. They may have been added, if the error says so.
    Failed(Error),
}

/// Adds several users to a group, and records the writes by their names.
pub async fn add_together(
    directory: &dyn Directory,
    group: &GroupLink,
    users: &[UserId],
    names: &[&str],
    write_log: &mut WriteLog,
) -> Together {
    if users.len() < 2 {
        return Together::OneByOne;
    }
    let (kind, label) = (WriteKind::MemberAdded, Some(group.label()));
    match directory.add_members(&group.id, users).await {
        Ok(new) => {
            let added = names.iter().zip(&new).filter(|(_, new)| **new);
            added.for_each(|(name, _)| write_log.confirmed(kind, name, label));
            Together::Added(new)
        }
        Err(error) => {
            if error.maybe_applied {
                names.iter().for_each(|name| write_log.unconfirmed(kind, name, label));
            }
            // Another status is not about one of the users, and would be the same for each.
            let may_be_one = matches!(error.http_status, Some(400 | 404 | 409 | 413 | 422));
            match may_be_one && !error.maybe_applied && !ends_the_run(&error) {
                true => Together::OneByOne,
                false => Together::Failed(error),
            }
        }
    }
}
