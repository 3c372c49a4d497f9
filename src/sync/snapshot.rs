//! Reads a snapshot of an organisation.

use alloc::vec::Vec;
use core::future::poll_fn;
use core::task::Poll;

use super::Snapshot;
use crate::domain::Group;
use crate::error::Result;
use crate::http::Local;
use crate::retool::user_filter::{AllUsers, Found, UserFilter};
use crate::retool::{ReadDirectory, membership};

/// Reads the users that the filter keeps, and with `memberships` all groups and their members.
pub async fn read(
    directory: &dyn ReadDirectory,
    filter: &dyn UserFilter,
    memberships: bool,
) -> Result<Snapshot> {
    let found = directory.list_people(filter).await?;
    let groups = if memberships { directory.list_groups().await? } else { Vec::new() };
    put_together(directory, found, groups, memberships).await
}

/// Reads all users and all memberships. `users` is how many users there were at the last reading,
/// so that all pages are requested at once.
pub async fn read_again(directory: &dyn ReadDirectory, users: u32) -> Result<Snapshot> {
    directory.expect_users(users);
    let people = directory.list_people(&AllUsers { with_times: false });
    let (found, groups) = both(people, directory.list_groups()).await?;
    put_together(directory, found, groups, true).await
}

/// Waits for two futures concurrently. Fails as soon as one of them fails.
async fn both<A, B>(
    mut one: Local<'_, Result<A>>,
    mut other: Local<'_, Result<B>>,
) -> Result<(A, B)> {
    let (mut a, mut b) = (None, None);
    poll_fn(|context| {
        if a.is_none()
            && let Poll::Ready(ready) = one.as_mut().poll(context)
        {
            a = Some(ready?);
        }
        if b.is_none()
            && let Poll::Ready(ready) = other.as_mut().poll(context)
        {
            b = Some(ready?);
        }
        match (a.take(), b.take()) {
            (Some(ready), Some(other)) => Poll::Ready(Ok((ready, other))),
            (still_a, still_b) => {
                (a, b) = (still_a, still_b);
                Poll::Pending
            }
        }
    })
    .await
}

async fn put_together(
    directory: &dyn ReadDirectory,
    found: Found,
    groups: Vec<Group>,
    memberships: bool,
) -> Result<Snapshot> {
    let Found { mut users, mut others, invitations } = found;
    // Most records of users contain their memberships. If one does not, read the groups. Where the
    // two may differ, one view does not prove that a member is absent.
    let is_read = others.are_silent() || users.iter().any(|user| user.groups.is_none());
    let differs = directory.capabilities().groups_may_lack_members
        && groups.iter().all(|group| group.members.is_some());
    // Only the records of groups say who administers them.
    let is_admin_unknown = directory.capabilities().reports_group_admins
        && users
            .iter()
            .flat_map(|user| &user.groups)
            .flatten()
            .any(|link| link.group_admin.is_none());
    if memberships && (is_read || differs || is_admin_unknown) {
        let mut links = membership::links(directory, &groups, &mut others).await?;
        for user in &mut users {
            let listed = links.remove(&user.id).unwrap_or_default();
            match &mut user.groups {
                Some(own) if differs => membership::join(own, listed),
                Some(own) => {
                    for link in own {
                        let listed = listed.iter().find(|listed| listed.id == link.id);
                        let group_admin =
                            link.group_admin.or(listed.and_then(|listed| listed.group_admin));
                        link.set_group_admin(group_admin);
                    }
                }
                None => user.groups = Some(listed),
            }
        }
    }
    let dialect = directory.capabilities().dialect;
    let complete = others.unreadable.is_empty();
    let read_at = directory.server_time();
    Ok(Snapshot {
        dialect,
        users,
        others,
        invitations,
        groups,
        attributes: None,
        complete,
        read_at,
    })
}
