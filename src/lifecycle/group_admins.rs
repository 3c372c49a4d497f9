//! Who administers a group. It is a part of a membership, and no record of a user says it.

use alloc::format;
use alloc::vec::Vec;

use super::person::{check_ref, find_one, memberships, reread};
use crate::domain::{Account, Dialect, GroupId, User, UserRef};
use crate::error::Result;
use crate::retool::ReadDirectory;

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
        link.group_admin = own.and_then(|member| member.group_admin);
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
