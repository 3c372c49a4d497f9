//! Which groups a person is in, before and after the writes.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::Arrival;
use crate::domain::{Email, Group, GroupId, GroupLink, Member, User, UserId, UserPatch};
use crate::error::{Code, Error, Result};
use crate::lifecycle::person::reread_renamed;
use crate::retool::read_back::{ReadBack, read_back};
use crate::retool::{Capabilities, Directory, membership};

/// Reads the user back until fields and memberships are as written.
pub(super) async fn verify_provision(
    directory: &dyn Directory,
    id: &UserId,
    arrival: &Arrival,
    fields: &UserPatch,
    added: &[GroupLink],
) -> Result<User> {
    let email = &arrival.email;
    // A read may still show the former address.
    let former = if fields.email.is_some() { &arrival.former_emails[..] } else { &[] };
    let read = read_back(directory, async || {
        let Some(account) = reread_renamed(directory, id, email, former).await? else {
            return Ok(ReadBack::NotYet(String::from("the account")));
        };
        let mut user = account.user;
        let unseen = not_in(&user, added, directory.capabilities());
        if !unseen.is_empty() {
            let joined = joined(directory, id, &unseen).await?;
            membership::join(user.groups.get_or_insert_default(), joined);
        }
        if let Some(change) = fields.visible_differences(&user).first() {
            return Ok(ReadBack::NotYet(format!("the field {}", change.field)));
        }
        let is_in = |group: &GroupId| user.groups.iter().flatten().any(|link| link.id == *group);
        Ok(match added.iter().find(|group| !is_in(&group.id)) {
            None => ReadBack::Holds(user),
            Some(group) => ReadBack::NotYet(format!("the membership of {}", group.label())),
        })
    });
    read.await?.map_err(|missing| {
        Error::new(
            Code::NotVerified,
            format!("The server accepted the writes, but {missing} did not hold when read back. Look at the person in Retool, then ask again."),
        )
        .about(email.as_str())
    })
}

/// Returns the groups whose own records must be read, because the user's record does not prove that
/// the user is not in them.
pub(super) fn not_in(user: &User, groups: &[GroupLink], can: Capabilities) -> Vec<GroupLink> {
    let own = match &user.groups {
        Some(_) if !can.groups_may_lack_members => return Vec::new(),
        own => own.as_deref().unwrap_or_default(),
    };
    let is_out = |group: &&GroupLink| own.iter().all(|link| link.id != group.id);
    groups.iter().filter(is_out).cloned().collect()
}

/// Returns the groups that list a user, for servers that don't return the groups of users.
pub(super) async fn joined(
    directory: &dyn Directory,
    id: &UserId,
    groups: &[GroupLink],
) -> Result<Vec<GroupLink>> {
    let ids: Vec<GroupId> = groups.iter().map(|group| group.id.clone()).collect();
    let members = directory.list_members(&ids).await?;
    let is_in =
        |members: &Option<Vec<Member>>| members.iter().flatten().any(|member| member.id == *id);
    Ok(groups.iter().zip(&members).filter(|(_, m)| is_in(m)).map(|(g, _)| g.clone()).collect())
}

/// Like [`joined`], but uses the members in the listing of groups if it contained them.
pub(super) async fn joined_of(
    directory: &dyn Directory,
    id: &UserId,
    wanted: &[GroupLink],
    listed: &[Group],
) -> Result<Vec<GroupLink>> {
    let (mut joined_groups, mut without_members) = (Vec::new(), Vec::new());
    for link in wanted {
        let group = listed.iter().find(|group| group.id == link.id);
        match group.and_then(|group| group.members.as_ref()) {
            Some(members) if members.iter().any(|member| member.id == *id) => {
                joined_groups.push(link.clone());
            }
            Some(_) => {}
            None => without_members.push(link.clone()),
        }
    }
    joined_groups.extend(joined(directory, id, &without_members).await?);
    Ok(joined_groups)
}

/// Returns the error for a membership that the server says exists, and that is not visible.
pub(super) fn membership_not_held(email: &Email, group: &GroupLink) -> Error {
    Error::new(
        Code::NotVerified,
        format!(
            "The server says that the person is in the group {} already, but the group does not list the person. Look \
             at the group in Retool, then ask again.",
            group.label()
        ),
    )
    .about(email.as_str())
}
