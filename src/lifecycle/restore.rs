//! Return: a departure undone from its tombstone.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::departure::Tombstone;
use super::person::find_one;
use super::provision::{Arrival, ProvisionOutcome, provision};
use crate::domain::{GroupLink, GroupRef, User, UserPatch, UserType, Write};
use crate::error::{Code, Error, Result};
use crate::retool::Directory;

/// What to bring back.
#[derive(Clone, Debug)]
pub struct Restoration {
    /// What the departure recorded.
    pub tombstone: Tombstone,
    /// Create the account again if it is gone.
    pub re_create: bool,
}

/// What became of the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestoreOutcome {
    /// Enabled again.
    ReEnabled,
    /// Made anew.
    ReCreated,
    /// Fields or memberships were changed.
    Updated,
    /// Nothing was written.
    Unchanged,
}

/// What a return took.
#[derive(Clone, Debug)]
pub struct Restored {
    /// What became of the account.
    pub outcome: RestoreOutcome,
    /// The person afterwards.
    pub user: User,
    /// The groups the person was added to again.
    pub groups_added: Vec<GroupLink>,
    /// What could not be brought back.
    pub not_restored: Vec<String>,
    /// Whether this call made the server send an invitation.
    pub invitation_sent: bool,
    /// The writes, in order.
    pub writes: Vec<Write>,
}

/// Brings a person back as they were: an arrival with the tombstone's fields and those of its
/// groups that still exist.
pub async fn restore(directory: &dyn Directory, restoration: &Restoration) -> Result<Restored> {
    let was = &restoration.tombstone.user;
    if !restoration.re_create {
        same_account(directory, was).await?;
    }
    let mut not_restored = Vec::new();
    let mut groups = Vec::new();
    let wanted = was.groups.as_deref().unwrap_or_default();
    if !wanted.is_empty() {
        let existing = directory.list_groups().await?;
        for link in wanted {
            if existing.iter().any(|group| group.id == link.id) {
                groups.push(GroupRef::Id(link.id.clone()));
            } else {
                not_restored.push(format!("The group {} is gone.", link.label()));
            }
        }
    }
    let arrival = Arrival {
        email: was.email.clone(),
        fields: UserPatch {
            first_name: was.first_name.clone(),
            last_name: was.last_name.clone(),
            user_type: was.user_type.filter(|user_type| *user_type != UserType::Unrecognized),
            admin: Some(was.admin),
            disabled: None,
            profile_photo_url: was.profile_photo_url.clone(),
        },
        groups,
        create_missing_groups: false,
        create_missing: restoration.re_create,
        update_existing: true,
        re_enable_disabled: true,
    };
    let done = provision(directory, &arrival).await?;
    if done.user.id != was.id {
        not_restored.push(format!(
            "The account has the new id {}; the old one can't be had again.",
            done.user.id.value
        ));
        not_restored.push(String::from(
            "App permissions given to the person alone went with the old account.",
        ));
        not_restored.push(String::from(
            "Fields that this version does not know were not set on the new account; the tombstone has them.",
        ));
    }
    Ok(Restored {
        outcome: match done.outcome {
            ProvisionOutcome::Created => RestoreOutcome::ReCreated,
            ProvisionOutcome::ReEnabled => RestoreOutcome::ReEnabled,
            ProvisionOutcome::Updated => RestoreOutcome::Updated,
            ProvisionOutcome::Unchanged => RestoreOutcome::Unchanged,
        },
        user: done.user,
        groups_added: done.groups_added,
        not_restored,
        invitation_sent: done.invitation_sent,
        writes: done.writes,
    })
}

/// Without leave to create, the account must be the one that left: the address may be somebody
/// else's by now.
async fn same_account(directory: &dyn Directory, was: &User) -> Result<()> {
    match find_one(directory, &was.email).await? {
        Some(user) if user.id == was.id => Ok(()),
        Some(_) => Err(Error::new(
            Code::WrongPerson,
            "The account is gone, and another one has its address, so nothing was written. Look at whose it is; \
             allow the account to be created again to restore onto the other one.",
        )
        .about(was.email.as_str())),
        None => Err(Error::new(
            Code::UserNotFound,
            "The account is gone. Allow it to be created again.",
        )
        .about(was.email.as_str())),
    }
}
