//! Steps that change memberships.

use alloc::format;
use alloc::string::ToString;

use super::{StepOutcome, group_name, person};
use crate::admins::{AdminGuard, check_leaving};
use crate::domain::{Email, GroupId, GroupLink, GroupRef, User, UserId, WriteKind};
use crate::error::{Code, Error, Result};
use crate::group_index::GroupIndex;
use crate::lifecycle::reread;
use crate::retool::read_back::{ReadBack, read_back};
use crate::retool::{Directory, ReadDirectory, membership};
use crate::sync::{Step, StepKind};
use crate::write_log::WriteLog;

/// Refuses to take a user out of the administrators' group if too few would be left.
pub(in crate::sync) async fn check_membership_removal(
    directory: &dyn ReadDirectory,
    user: &User,
    group: &GroupLink,
    guard: &AdminGuard,
) -> Result<()> {
    match group.is_administrators() {
        true => check_leaving(directory, user, guard).await,
        false => Ok(()),
    }
}

/// Adds or removes a member. The caller reads it back. Returns `false` if it was so already.
pub(in crate::sync) async fn write_membership(
    directory: &dyn Directory,
    step: &Step,
    user: &UserId,
    group: &GroupLink,
    write_log: &mut WriteLog,
) -> Result<bool> {
    let address = person(step)?.as_str();
    if step.kind == StepKind::AddMember {
        let added = match step.group_admin {
            Some(true) => directory.add_group_admin(&group.id, user).await,
            Some(false) | None => directory.add_member(&group.id, user).await,
        };
        write_log.member(WriteKind::MemberAdded, address, group.label(), added)
    } else {
        let removed = directory.remove_member(&group.id, user).await;
        write_log.member(WriteKind::MemberRemoved, address, group.label(), removed)
    }
}

/// Makes a member an administrator of a group, or takes that away, after comparing who administers
/// it now.
pub(in crate::sync) async fn change_member(
    directory: &dyn Directory,
    step: &Step,
    user: &UserId,
    group: &GroupLink,
    write_log: &mut WriteLog,
) -> Result<StepOutcome> {
    let wanted = step.group_admin.unwrap_or_default();
    let administers = match administration(directory, user, group).await? {
        None => return Ok(StepOutcome::Stale(NOT_A_MEMBER.into())),
        Some(administers) => administers,
    };
    if administers == wanted {
        return Ok(StepOutcome::AlreadySo);
    }
    let changed = directory.set_group_admin(&group.id, user, wanted).await;
    let address = person(step)?.as_str();
    let recorded =
        write_log.record(WriteKind::MemberChanged, address, Some(group.label()), changed);
    if step.strips() {
        write_log.strip();
    }
    recorded.map(|()| StepOutcome::Applied)
}

/// Returns whether a member administers a group; `None` for a user who is not in it.
pub(super) async fn administration(
    directory: &dyn Directory,
    user: &UserId,
    group: &GroupLink,
) -> Result<Option<bool>> {
    let members = membership::members(directory, &group.id).await?.unwrap_or_default();
    let own = members.iter().find(|member| member.id == *user);
    Ok(own.map(|member| member.group_admin.unwrap_or_default()))
}

/// Returns the outcome of an addition of a user who is in the group already. If the step says
/// whether they administer it, that must be so too.
pub(in crate::sync) async fn already_in(
    directory: &dyn Directory,
    step: &Step,
    user: &UserId,
    group: &GroupLink,
) -> Result<StepOutcome> {
    let Some(wanted) = step.group_admin else { return Ok(StepOutcome::AlreadySo) };
    Ok(match administration(directory, user, group).await? {
        Some(administers) if administers != wanted => StepOutcome::Stale(IN_OTHERWISE.into()),
        _ => StepOutcome::AlreadySo,
    })
}

/// What is different about a person who should administer a group, or no longer.
pub(in crate::sync) const NOT_A_MEMBER: &str = "The person is not in the group any more.";

/// What is different about a person who joined a group meanwhile, in another role.
pub(in crate::sync) const IN_OTHERWISE: &str =
    "The person is in the group already, and whether they administer it differs.";

pub(super) async fn verify_membership(
    directory: &dyn Directory,
    user: &User,
    group: &GroupLink,
    wanted: bool,
) -> Result<()> {
    let read = read_back(directory, async || {
        let Some(account) = reread(directory, &user.id, &user.email).await? else {
            return Ok(ReadBack::NotYet(()));
        };
        let holds = is_member(directory, &account.user, &group.id).await? == wanted;
        Ok(if holds { ReadBack::Holds(()) } else { ReadBack::NotYet(()) })
    });
    read.await?.map_err(|()| membership_not_held(&user.email, group))
}

/// Returns whether a membership is as the step wants it; `false` if it can't be read.
pub(in crate::sync) async fn membership_holds(
    directory: &dyn Directory,
    step: &Step,
    user: &UserId,
    group: &GroupLink,
) -> bool {
    let Ok(Some(account)) = directory.read_user(user).await else { return false };
    let wanted = step.kind == StepKind::AddMember;
    is_member(directory, &account.user, &group.id).await.is_ok_and(|is_in| is_in == wanted)
}

/// Returns the error for a change of a membership that was accepted, but is not visible.
pub(in crate::sync) fn membership_not_held(email: &Email, group: &GroupLink) -> Error {
    Error::new(
        Code::NotVerified,
        format!(
            "The server accepted the change to the group {}, but it did not hold when read back. Look at the group in Retool, then ask again.",
            group.label()
        ),
    )
    .about(email.as_str())
}

pub(in crate::sync) async fn is_member(
    directory: &dyn Directory,
    user: &User,
    group: &GroupId,
) -> Result<bool> {
    if let Some(groups) = &user.groups {
        let is_in = groups.iter().any(|link| link.id == *group);
        // One view does not prove that a user is not a member.
        if is_in || !directory.capabilities().groups_may_lack_members {
            return Ok(is_in);
        }
    }
    is_listed(directory, &user.id, group).await
}

/// Returns whether the record of a group lists a user.
pub(in crate::sync) async fn is_listed(
    directory: &dyn Directory,
    user: &UserId,
    group: &GroupId,
) -> Result<bool> {
    let members = membership::members(directory, group).await?.unwrap_or_default();
    Ok(members.iter().any(|member| member.id == *user))
}

pub(super) async fn find_group(
    directory: &dyn Directory,
    step: &Step,
) -> Result<Option<GroupLink>> {
    let reference = match &step.group {
        Some(id) => GroupRef::Id(id.clone()),
        None => GroupRef::Name(group_name(step)?.to_string()),
    };
    let groups = directory.list_groups().await?;
    match GroupIndex::new(&groups).find(&reference) {
        Ok(found) => Ok(found.map(|group| group.link())),
        Err(error) if matches!(error.code, Code::GroupNotFound | Code::SimilarGroup) => Ok(None),
        Err(error) => Err(error),
    }
}
