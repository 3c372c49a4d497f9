//! Finds or creates the groups that a request names.

use alloc::vec::Vec;

use crate::domain::{AccessSetting, Group, GroupLink, GroupRef, WriteKind};
use crate::error::Result;
use crate::group_index::{GroupIndex, check_new_names, groups_missing};
use crate::retool::Directory;
use crate::retool::read_back::{ReadBack, read_back};
use crate::retool::write_once::unchecked;
use crate::write_log::WriteLog;

/// The maximum number of times that a creation is sent. Each retry comes after a look-up that found
/// no such group.
const CREATIONS: u32 = 3;

/// Creates a group at most once: after a lost response it looks up the name before it sends the
/// creation again, because servers accept two groups with one name.
pub async fn create_group_once(
    directory: &dyn Directory,
    name: &str,
    access: &[AccessSetting],
    write_log: &mut WriteLog,
) -> Result<Group> {
    let mut lost = false;
    let mut attempt = 1;
    loop {
        let mut failure = match directory.create_group(name, access).await {
            Ok(group) => {
                write_log.confirmed(WriteKind::GroupCreated, name, Some(name));
                return Ok(group);
            }
            Err(error) => error,
        };
        failure.attempts += attempt - 1;
        lost |= failure.maybe_applied;
        if failure.maybe_applied {
            match look_up(directory, name).await {
                Ok(Some(group)) => {
                    write_log.confirmed(WriteKind::GroupCreated, name, Some(name));
                    return Ok(group);
                }
                Ok(None)
                    if attempt < CREATIONS
                        && directory.pause(attempt, failure.retry_after_ms).await =>
                {
                    attempt += 1;
                    continue;
                }
                Ok(None) => {}
                Err(check) => failure = unchecked(failure, check),
            }
        }
        if lost {
            write_log.unconfirmed(WriteKind::GroupCreated, name, Some(name));
        }
        return Err(failure);
    }
}

/// Looks up a group whose creation got no response. A look-up right after a write may not see the
/// group yet, and a second group with the name would stay, so the group counts as missing only after
/// several look-ups.
async fn look_up(directory: &dyn Directory, name: &str) -> Result<Option<Group>> {
    let found = read_back(directory, async || {
        let groups = directory.list_groups().await?;
        let group = groups.into_iter().find(|group| group.name.trim() == name);
        Ok(group.map_or(ReadBack::NotYet(()), ReadBack::Holds))
    });
    Ok(found.await?.ok())
}

/// The groups of a request: existing groups, and names to create.
pub struct Targets {
    /// Existing groups.
    pub existing: Vec<GroupLink>,
    /// The names of groups to create.
    pub missing: Vec<alloc::string::String>,
}

/// Splits a request's groups into existing and missing ones, before anything is written.
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
    check_new_names(targets.missing.iter().map(|name| name.as_str()))?;
    Ok(targets)
}

#[cfg(test)]
mod tests;
