//! Who administers a group. It is a part of a membership, and no record of a user says it.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec::Vec;

use super::person::{check_ref, find_one, memberships, reread};
use super::provision::Arrival;
use crate::domain::{Account, Dialect, GroupId, GroupLink, User, UserRef, WriteKind};
use crate::error::{Code, Error, Result};
use crate::group_index::GroupIndex;
use crate::retool::read_back::{ReadBack, read_back};
use crate::retool::{Capabilities, Directory, ReadDirectory};
use crate::write_log::WriteLog;

/// Adds to a user's memberships whether the user administers the groups, if the dialect says it.
/// Reads the groups of which it is not known yet.
pub async fn add_group_admins(directory: &dyn ReadDirectory, user: &mut User) -> Result<()> {
    if !directory.capabilities().reports_group_admins || user.is_invitation() {
        return Ok(());
    }
    let links = user.groups.iter_mut().flatten();
    let mut unknown: Vec<_> = links.filter(|link| link.group_admin.is_none()).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let ids: Vec<GroupId> = unknown.iter().map(|link| link.id.clone()).collect();
    let members = directory.list_members(&ids).await?;
    for (link, members) in unknown.iter_mut().zip(members) {
        let own = members.iter().flatten().find(|member| member.id == user.id);
        link.set_group_admin(own.and_then(|member| member.group_admin));
    }
    Ok(())
}

/// Returns the account with its memberships, and who administers the groups: what a tombstone must
/// contain before the memberships are lost.
pub async fn with_memberships(
    directory: &dyn ReadDirectory,
    mut account: Account,
) -> Result<Account> {
    if account.user.groups.is_none() {
        account.user.groups = Some(memberships(directory, &account.user).await?);
    }
    add_group_admins(directory, &mut account.user).await?;
    Ok(account)
}

/// Finds the one user who is meant, with the memberships. Over `/api/v2` a listing does not contain
/// them, so the user is read too. Who administers the groups stays unknown, and so do the
/// memberships where a server's records have none: that would take a request for every group.
pub async fn find_with_memberships(
    directory: &dyn ReadDirectory,
    who: &UserRef,
) -> Result<Option<User>> {
    check_ref(directory.capabilities().dialect, who, || format!("user.{}", who.what()))?;
    let Some(mut user) = find_one(directory, who).await? else { return Ok(None) };
    let is_listed_without = directory.capabilities().dialect == Dialect::V2;
    if user.groups.is_none() && is_listed_without && !user.is_invitation() {
        let account = reread(directory, &user.id, &user.email).await?;
        user.groups = account.and_then(|account| account.user.groups);
    }
    Ok(Some(user))
}

/// Refuses to say who administers a group where the dialect can't set it.
pub fn check(can: Capabilities, arrival: &Arrival) -> Result<()> {
    let is_said = |group| arrival.group_admins.contains_key(group);
    match arrival.groups.iter().position(is_said) {
        Some(index) if !can.reports_group_admins => Err(unsupported()
            .in_field(format!("request.groups[{index}].group-admin"))
            .about(arrival.email.as_str())),
        _ => Ok(()),
    }
}

/// Returns the error for a dialect that does not say who administers a group.
pub fn unsupported() -> Error {
    Error::new(
        Code::OperationUnsupported,
        "This API does not say who administers a group and can't change it, so nothing was written. Leave \
         `group-admin` out, or use /api/v2.",
    )
}

/// Refuses to make a person who is only invited, or is to be invited, an administrator of a group.
pub fn check_invited(arrival: &Arrival) -> Result<()> {
    let is_asked = |group| arrival.group_admins.get(group) == Some(&true);
    match arrival.groups.iter().position(is_asked) {
        Some(index) => Err(invited()
            .in_field(format!("request.groups[{index}].group-admin"))
            .about(arrival.email.as_str())),
        None => Ok(()),
    }
}

/// Returns the error for a person who can't administer a group yet.
pub fn invited() -> Error {
    Error::new(
        Code::OperationUnsupported,
        "A person who is only invited can't administer a group. Leave `group-admin` out until the invitation is \
         accepted.",
    )
}

/// Returns whether the person should administer the existing groups that say so, by their ids.
pub fn by_id(index: &GroupIndex<'_>, arrival: &Arrival) -> BTreeMap<GroupId, bool> {
    let mut admins = BTreeMap::new();
    for (group, administers) in &arrival.group_admins {
        if let Ok(Some(group)) = index.find(group) {
            admins.insert(group.id.clone(), *administers);
        }
    }
    admins
}

/// Sets whether a user administers the groups that they were in already. Returns whether anything
/// was written.
pub async fn set(
    directory: &dyn Directory,
    user: &User,
    kept: &[GroupLink],
    wanted: &BTreeMap<GroupId, bool>,
    write_log: &mut WriteLog,
) -> Result<bool> {
    let said: Vec<&GroupLink> = kept.iter().filter(|link| wanted.contains_key(&link.id)).collect();
    if said.is_empty() {
        return Ok(false);
    }
    let ids: Vec<GroupId> = said.iter().map(|link| link.id.clone()).collect();
    let members = directory.list_members(&ids).await?;
    let mut is_written = false;
    for (link, members) in said.iter().zip(members) {
        let own = members.iter().flatten().find(|member| member.id == user.id);
        let administers = own.and_then(|member| member.group_admin).unwrap_or_default();
        if administers == wanted[&link.id] || user.is_invitation() {
            continue;
        }
        let changed = directory.set_group_admin(&link.id, &user.id, !administers).await;
        let (kind, address) = (WriteKind::MemberChanged, user.email.as_str());
        write_log.record(kind, address, Some(link.label()), changed)?;
        is_written = true;
    }
    Ok(is_written)
}

/// Adds to a user's memberships whether the user administers the groups that a request is about.
/// If that was written, reads until it is visible.
pub async fn verify(
    directory: &dyn Directory,
    user: &mut User,
    wanted: &BTreeMap<GroupId, bool>,
    is_written: bool,
) -> Result<()> {
    if wanted.is_empty() || user.is_invitation() {
        return Ok(());
    }
    let ids: Vec<GroupId> = wanted.keys().cloned().collect();
    let id = user.id.clone();
    let read = read_back(directory, async || {
        let mut known = BTreeMap::new();
        for (group, members) in ids.iter().zip(directory.list_members(&ids).await?) {
            let own = members.iter().flatten().find(|member| member.id == id);
            known.insert(group.clone(), own.and_then(|member| member.group_admin));
        }
        let holds = |group: &&GroupId| known[*group].unwrap_or_default() == wanted[*group];
        Ok(match ids.iter().find(|group| !holds(group)) {
            Some(group) if is_written => ReadBack::NotYet(group.value.clone()),
            _ => ReadBack::Holds(known),
        })
    });
    let known = read.await?.map_err(|group| {
        let message = format!(
            "The server accepted the writes, but who administers the group {group} did not hold when read back. Look \
             at the group in Retool, then ask again."
        );
        Error::new(Code::NotVerified, message).about(user.email.as_str())
    })?;
    for link in user.groups.iter_mut().flatten() {
        if let Some(administers) = known.get(&link.id) {
            link.set_group_admin(*administers);
        }
    }
    Ok(())
}
