//! The organisation as one listing sees it.

use alloc::vec::Vec;

use super::Snapshot;
use crate::error::Result;
use crate::retool::{ReadDirectory, membership};

/// Reads everybody, and with `memberships` every group and who is in it.
pub async fn read(directory: &dyn ReadDirectory, memberships: bool) -> Result<Snapshot> {
    let mut users = directory.list_users().await?;
    let groups = if memberships { directory.list_groups().await? } else { Vec::new() };
    // Users mostly carry their memberships; where one doesn't, the groups are asked.
    if memberships && users.iter().any(|user| user.groups.is_none()) {
        let mut links = membership::links(directory, &groups).await?;
        for user in &mut users {
            user.groups.get_or_insert_with(|| links.remove(&user.id).unwrap_or_default());
        }
    }
    Ok(Snapshot { dialect: directory.capabilities().dialect, users, groups, complete: true })
}
