//! Who is in which group, with as few requests as the dialect allows.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::slice;

use super::ReadDirectory;
use super::read_back::{ReadBack, read_back};
use super::user_filter::Others;
use super::write_once::after_write;
use crate::domain::{Group, GroupId, GroupLink, Member, UserId};
use crate::error::Result;

/// Everybody in one group. `None` if the server has no group of this id.
pub async fn members(directory: &dyn ReadDirectory, id: &GroupId) -> Result<Option<Vec<Member>>> {
    Ok(directory.list_members(slice::from_ref(id)).await?.pop().flatten())
}

/// Whether a group is read to be as it shall be, at the latest with the last of several readings.
/// `None` stands for a group that is not there.
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

/// Everybody in each of these groups of a listing, in its order. Groups whose members the
/// listing carried are not asked for again; one that went meanwhile has nobody in it.
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

/// The groups of everybody who is in one of these, by the person's id. Of the `others` it is
/// counted how many are in each.
pub async fn links(
    directory: &dyn ReadDirectory,
    groups: &[Group],
    others: &mut Others,
) -> Result<BTreeMap<UserId, Vec<GroupLink>>> {
    let mut links: BTreeMap<UserId, Vec<GroupLink>> = BTreeMap::new();
    for (group, members) in groups.iter().zip(members_of(directory, groups).await?) {
        let mut counted = BTreeSet::new();
        for member in &members {
            if others.has_silent(&member.id) {
                counted.insert(&member.id);
            } else {
                links.entry(member.id.clone()).or_default().push(group.link());
            }
        }
        others.join(&group.id, counted.len());
    }
    Ok(links)
}
