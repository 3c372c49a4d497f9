//! Removes a group.

use alloc::format;
use alloc::vec::Vec;

use super::guard::MemberGuard;
use super::with_addresses;
use crate::domain::{Group, GroupRef, Member, User, Write, WriteKind};
use crate::error::{Code, Error, Result};
use crate::group_index::GroupIndex;
use crate::lifecycle::no_deletion;
use crate::retool::read_back::{ReadBack, read_back};
use crate::retool::write_once::unchecked;
use crate::retool::{Directory, membership};
use crate::write_log::WriteLog;

/// A group to delete.
#[derive(Clone, Debug)]
pub struct Removal {
    /// The group.
    pub group: GroupRef,
    /// Deletes the group even if it has members.
    pub even_with_members: bool,
    /// What must be true of its members.
    pub guard: MemberGuard,
}

/// What `remove` did.
#[derive(Clone, Debug)]
pub struct Removed {
    /// The group as it was.
    pub removed: Option<Group>,
    /// The writes.
    pub writes: Vec<Write>,
}

/// Deletes a group. Deletes a group with members only if `even_with_members`.
pub async fn remove(directory: &dyn Directory, removal: &Removal) -> Result<Removed> {
    let Removal { group: reference, even_with_members, guard } = removal;
    guard.check_refs(directory.capabilities().dialect)?;
    let groups = directory.list_groups().await?;
    let found = match GroupIndex::new(&groups).find(reference) {
        Err(error) if matches!(error.code, Code::GroupNotFound | Code::SimilarGroup) => None,
        other => other?,
    };
    let Some(found) = found else {
        return Ok(Removed { removed: None, writes: Vec::new() });
    };
    // Read again: a group that was renamed since the listing must not be deleted by its old name.
    let Some(account) = directory.read_group(&found.id).await? else {
        return Ok(Removed { removed: None, writes: Vec::new() });
    };
    if account.group.name != found.name {
        return Err(Error::new(
            Code::NotVerified,
            "Another administrator renamed the group meanwhile, so it was not removed. Ask again.",
        )
        .about(found.name.as_str()));
    }
    let mut group = account.group;
    let members = all_members(directory, &group).await?;
    if !members.is_empty() && !*even_with_members {
        return Err(Error::new(
            Code::GroupHasMembers,
            format!("The group has {} members, so it was not removed. Remove them first, or allow the group to be removed with its members.", members.len()),
        )
        .about(group.name.as_str()));
    }
    if group.is_administrators() || !guard.protected_people.is_empty() {
        let lost = with_addresses(directory, members.clone()).await?;
        let lost: Vec<_> = lost.iter().map(|(id, email)| (id, email)).collect();
        guard.check(directory, &group, &lost, None).await?;
    }
    group.members = Some(members);
    let deleted = delete(directory, &group).await;
    let mut write_log = WriteLog::default();
    match write_log.record(WriteKind::GroupDeleted, &group.name.clone(), Some(&group.name), deleted)
    {
        Ok(true) => Ok(Removed { removed: Some(group), writes: write_log.into_writes() }),
        Ok(false) => Ok(Removed { removed: None, writes: Vec::new() }),
        Err(error) => Err(write_log.attach_writes(error)),
    }
}

/// Lists the members of a group, also those that only their own records show. A group that is gone
/// has none.
pub(super) async fn all_members(directory: &dyn Directory, group: &Group) -> Result<Vec<Member>> {
    let mut all = membership::members(directory, &group.id).await?.unwrap_or_default();
    if directory.capabilities().groups_may_lack_members {
        let users = directory.list_users().await?;
        let is_in = |user: &User| user.groups.iter().flatten().any(|link| link.id == group.id);
        for user in users.into_iter().filter(is_in) {
            if all.iter().all(|member| member.id != user.id) {
                let email = Some(user.email);
                all.push(Member { id: user.id, email, group_admin: None });
            }
        }
    }
    Ok(all)
}

/// Deletes a group and checks that it is gone, whatever the server answered. Returns `false` if it
/// was gone before.
async fn delete(directory: &dyn Directory, group: &Group) -> Result<bool> {
    let failure = match directory.delete_group(&group.id).await {
        Ok(true) => None,
        Err(error) if error.maybe_applied => Some(error),
        Err(error) => return Err(error),
        Ok(false) => {
            // A 404 may also mean that there is no such request.
            return match directory.read_group(&group.id).await? {
                None => Ok(false),
                Some(_) => Err(no_deletion("group").about(group.name.as_str())),
            };
        }
    };
    let look = read_back(directory, async || {
        let left = directory.read_group(&group.id).await?;
        Ok(if left.is_none() { ReadBack::Holds(()) } else { ReadBack::NotYet(()) })
    });
    let mut error = match (look.await, failure) {
        (Ok(Ok(())), _) => return Ok(true),
        (Ok(Err(())), Some(failure)) | (Err(failure), None) => failure,
        (Err(check), Some(failure)) => unchecked(failure, check),
        (Ok(Err(())), None) => Error::new(
            Code::NotVerified,
            "The server accepted the deletion, but the group is still there. Look at it in Retool, and ask again.",
        ),
    };
    error.maybe_applied = true;
    Err(error)
}
