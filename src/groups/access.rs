//! What the members of a group may do.

use alloc::format;

use super::differences;
use crate::domain::{AccessSetting, Group, GroupPatch, WriteKind};
use crate::error::{Code, Error, Result};
use crate::lifecycle::create_group_once;
use crate::retool::Directory;
use crate::write_log::WriteLog;

/// Refuses settings that the dialect does not have.
pub(super) fn check(directory: &dyn Directory, settings: &[AccessSetting]) -> Result<()> {
    let can = directory.capabilities();
    match settings.iter().find(|setting| !can.access_settings.contains(&setting.field)) {
        None => Ok(()),
        Some(setting) => Err(Error::new(
            Code::OperationUnsupported,
            format!(
                "This API can't set {} of a group, so nothing was written. Leave it out, or use \
                 /api/v2.",
                setting.field.as_str()
            ),
        )),
    }
}

/// Creates a group, and sets what its members may do. A server may ignore settings of a creation:
/// those that it did not set are set by a change. If that fails, the error says that the group is
/// there without them: a repetition finds the group and leaves its settings alone.
pub(super) async fn create(
    directory: &dyn Directory,
    name: &str,
    settings: &[AccessSetting],
    write_log: &mut WriteLog,
) -> Result<Group> {
    let group = create_group_once(directory, name, settings, write_log).await?;
    complete(directory, group, name, settings, write_log).await.map_err(|mut error| {
        error.message = format!(
            "The group was created, and what its members may do was not all set: {} A repetition of this call keeps \
             the settings of the group. Set them with `change-group`.",
            error.message
        );
        error
    })
}

/// Sets what the members of a new group may do, as far as its creation did not.
async fn complete(
    directory: &dyn Directory,
    group: Group,
    name: &str,
    settings: &[AccessSetting],
    write_log: &mut WriteLog,
) -> Result<Group> {
    let patch = GroupPatch { name: None, access: settings.into() };
    if differences(&patch, &group).is_empty() {
        return Ok(group);
    }
    // The answer to a creation may be a part of the record.
    let Some(account) = directory.read_group(&group.id).await? else {
        return Err(not_visible(name));
    };
    if differences(&patch, &account.group).is_empty() {
        return Ok(account.group);
    }
    let updated = directory.update_group(&account, &patch).await;
    write_log.record(WriteKind::GroupUpdated, name, Some(name), updated)
}

fn not_visible(name: &str) -> Error {
    Error::new(
        Code::NotVerified,
        "The server created the group, but does not show it, so what its members may do was not \
         checked. Look at the group in Retool.",
    )
    .about(name)
}
