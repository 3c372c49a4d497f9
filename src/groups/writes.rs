//! Adds people to a group and removes them, with as few requests as the dialect allows.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::cell::Cell;

use super::administration::Administration;
use crate::domain::{Group, User, UserId, WriteKind};
use crate::error::Result;
use crate::http::{Local, run_in};
use crate::lifecycle::{Together, add_together};
use crate::retool::Directory;
use crate::write_log::WriteLog;

/// Adds users who are not in the group yet.
pub(super) async fn add(
    directory: &dyn Directory,
    group: &Group,
    users: &[&User],
    admins: &Administration,
    write_log: &mut WriteLog,
) -> Result<()> {
    let is_plain = |user: &&&User| admins.wanted(user) != Some(true);
    let mut alone: Vec<&User> = users.to_vec();
    let kinds: &[bool] =
        if directory.capabilities().batches_members { &[false, true] } else { &[] };
    for is_invitation in kinds {
        let is_one = |user: &&&User| is_plain(user) && user.is_invitation() == *is_invitation;
        let together: Vec<&User> = users.iter().filter(is_one).copied().collect();
        let ids: Vec<UserId> = together.iter().map(|user| user.id.clone()).collect();
        let names: Vec<&str> = together.iter().map(|user| user.email.as_str()).collect();
        match add_together(directory, &group.link(), &ids, &names, write_log).await {
            Together::Added(_) => alone.retain(|user| !is_one(&user)),
            Together::OneByOne => {}
            Together::Failed(error) => return Err(error.about(group.name.as_str())),
        }
    }
    let one = async |user: &User| match admins.wanted(user) {
        Some(true) => directory.add_group_admin(&group.id, &user.id).await,
        Some(false) | None => directory.add_member(&group.id, &user.id).await,
    };
    let written = side_by_side(directory, group, &alone, WriteKind::MemberAdded, one, write_log);
    written.await.map(drop)
}

/// Removes users from the group. Returns for each whether the server removed them now.
pub(super) async fn remove(
    directory: &dyn Directory,
    group: &Group,
    users: &[&User],
    write_log: &mut WriteLog,
) -> Result<Vec<bool>> {
    let one = async |user: &User| directory.remove_member(&group.id, &user.id).await;
    side_by_side(directory, group, users, WriteKind::MemberRemoved, one, write_log).await
}

/// Makes one write for each user, side by side where the dialect allows it. After a failure no
/// further one is begun, and those that were begun are finished.
async fn side_by_side(
    directory: &dyn Directory,
    group: &Group,
    users: &[&User],
    kind: WriteKind,
    write: impl AsyncFn(&User) -> Result<bool>,
    write_log: &mut WriteLog,
) -> Result<Vec<bool>> {
    let is_ended = Cell::new(false);
    let start = |at: usize| -> Local<'_, Result<Option<Result<bool>>>> {
        let (user, is_ended, write) = (users[at], &is_ended, &write);
        Box::pin(async move {
            if is_ended.get() {
                return Ok(None);
            }
            let written = write(user).await;
            is_ended.set(is_ended.get() || written.is_err());
            Ok(Some(written))
        })
    };
    let written = run_in(directory.write_window(), users.len(), start).await?;
    let (mut changed, mut failure) = (Vec::with_capacity(users.len()), None);
    for (user, written) in users.iter().zip(written) {
        let Some(written) = written else { continue };
        match write_log.member(kind, user.email.as_str(), &group.name, written) {
            Ok(new) => changed.push(new),
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    failure.map_or(Ok(changed), Err)
}
