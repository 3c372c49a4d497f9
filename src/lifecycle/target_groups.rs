//! The groups that a request names, found or made.

use alloc::vec::Vec;

use crate::domain::{Group, GroupLink, GroupRef, WriteKind};
use crate::error::Result;
use crate::group_index::{GroupIndex, groups_missing};
use crate::journal::Journal;
use crate::retool::Directory;
use crate::retool::read_back::{ReadBack, read_back};

/// How often the creation of a group is sent, each time after a look that found none.
const CREATIONS: u32 = 3;

/// Creates a group at most once: after a lost answer the name is looked up before anything is
/// posted again, because servers take two groups of one name.
pub async fn create_group_once(
    directory: &dyn Directory,
    name: &str,
    universal_app_access: Option<&str>,
    journal: &mut Journal,
) -> Result<Group> {
    let mut lost = false;
    let mut attempt = 1;
    loop {
        let mut failure = match directory.create_group(name, universal_app_access).await {
            Ok(group) => {
                journal.confirmed(WriteKind::GroupCreated, name, Some(name));
                return Ok(group);
            }
            Err(error) => error,
        };
        failure.attempts += attempt - 1;
        lost |= failure.maybe_applied;
        let found = if failure.maybe_applied { look(directory, name).await } else { None };
        match found {
            Some(Some(group)) => {
                journal.confirmed(WriteKind::GroupCreated, name, Some(name));
                return Ok(group);
            }
            Some(None)
                if attempt < CREATIONS
                    && directory.pause(attempt, failure.retry_after_ms).await =>
            {
                attempt += 1;
            }
            Some(None) | None => {
                if lost {
                    journal.unconfirmed(WriteKind::GroupCreated, name, Some(name));
                }
                return Err(failure);
            }
        }
    }
}

/// Looks for a group whose creation got no answer: `None` if that can't be told. A look-up
/// right after a write may not see it yet, and a second group of one name is not taken back,
/// so it has to be missed again and again.
async fn look(directory: &dyn Directory, name: &str) -> Option<Option<Group>> {
    let found = read_back(directory, async || {
        let groups = directory.list_groups().await?;
        let group = groups.into_iter().find(|group| group.name.trim() == name);
        Ok(group.map_or(ReadBack::NotYet(()), ReadBack::Holds))
    });
    found.await.ok().map(core::result::Result::ok)
}

/// The groups of a request: those that exist, and the names to create.
pub struct Targets {
    /// Those that exist.
    pub existing: Vec<GroupLink>,
    /// Those to create.
    pub missing: Vec<alloc::string::String>,
}

/// Sorts a request's groups into existing and missing ones, before anything is written.
pub fn targets(
    index: &GroupIndex<'_>,
    references: &[GroupRef],
    create_missing: bool,
) -> Result<Targets> {
    let mut targets = Targets { existing: Vec::new(), missing: Vec::new() };
    for reference in references {
        match (index.find(reference)?, reference) {
            (Some(group), _) => targets.existing.push(group.link()),
            (None, GroupRef::Name(name)) if create_missing => targets.missing.push(name.clone()),
            (None, GroupRef::Name(name)) => return Err(groups_missing(name, 0)),
            (None, GroupRef::Id(_)) => {}
        }
    }
    Ok(targets)
}

#[cfg(test)]
mod tests;
