//! Reads group memberships, with as few requests as the dialect allows.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::slice;

use super::ReadDirectory;
use super::read_back::{ReadBack, read_back};
use super::user_filter::Others;
use super::write_once::after_write;
use crate::domain::{Group, GroupId, GroupLink, Member, UserId};
use crate::error::Result;

/// Lists the members of one group. `None` if the server has no group with this id.
pub async fn members(directory: &dyn ReadDirectory, id: &GroupId) -> Result<Option<Vec<Member>>> {
    Ok(directory.list_members(slice::from_ref(id)).await?.pop().flatten())
}

/// Adds the memberships of another view that a user's own view lacks.
pub fn join(own: &mut Vec<GroupLink>, other: Vec<GroupLink>) {
    for link in other {
        if own.iter().all(|known| known.id != link.id) {
            own.push(link);
        }
    }
}

/// Returns whether a user's own record names a group. Where the record of a group may leave members
/// out, this is the second view: a member who is missing from one view is not proved absent.
pub async fn is_in_own_record(
    directory: &dyn ReadDirectory,
    user: &UserId,
    group: &GroupId,
) -> Result<bool> {
    if !directory.capabilities().groups_may_lack_members {
        return Ok(false);
    }
    let account = directory.read_user(user).await?;
    let groups = account.and_then(|account| account.user.groups);
    Ok(groups.iter().flatten().any(|link| link.id == *group))
}

/// Returns whether a group is in the wanted state, after up to several readings. `is_so` gets
/// `None` for a group that does not exist.
pub(super) async fn is_visible<T>(
    directory: &dyn ReadDirectory,
    read: impl AsyncFn() -> Result<Option<T>>,
    is_so: impl Fn(Option<&T>) -> bool,
) -> Result<bool> {
    let read = read_back(directory, async || {
        let now = read().await.map_err(after_write)?;
        Ok(if is_so(now.as_ref()) { ReadBack::Holds(()) } else { ReadBack::NotYet(()) })
    });
    Ok(read.await?.is_ok())
}

/// Lists the members of each of these groups of a listing, in its order. Groups whose members the
/// listing contains are not read again. A group that was deleted meanwhile has no members.
pub async fn members_of(
    directory: &dyn ReadDirectory,
    groups: &[Group],
) -> Result<Vec<Vec<Member>>> {
    let silent = groups.iter().filter(|group| group.members.is_none());
    let ids: Vec<GroupId> = silent.map(|group| group.id.clone()).collect();
    let mut asked = directory.list_members(&ids).await?.into_iter();
    let mut all = Vec::with_capacity(groups.len());
    for group in groups {
        all.push(match &group.members {
            Some(members) => members.clone(),
            None => asked.next().flatten().unwrap_or_default(),
        });
    }
    Ok(all)
}

/// Returns the groups of each member of these groups, by user id. The members among `others` are
/// only counted per group.
pub async fn links(
    directory: &dyn ReadDirectory,
    groups: &[Group],
    others: &mut Others,
) -> Result<BTreeMap<UserId, Vec<GroupLink>>> {
    let mut links: BTreeMap<UserId, Vec<GroupLink>> = BTreeMap::new();
    for (group, members) in groups.iter().zip(members_of(directory, groups).await?) {
        let mut counted = BTreeSet::new();
        let link = group.link();
        for member in &members {
            if others.has_silent(&member.id) {
                counted.insert(&member.id);
            } else {
                let mut link = link.clone();
                link.set_group_admin(member.group_admin);
                links.entry(member.id.clone()).or_default().push(link);
            }
        }
        others.join(&group.id, counted.len());
    }
    Ok(links)
}
