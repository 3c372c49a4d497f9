//! Deletes one account, and finds out what the server did: some only disable.

use alloc::format;

use crate::domain::{User, WriteKind};
use crate::error::{Code, Error, Result};
use crate::retool::Directory;
use crate::retool::read_back::{ReadBack, read_back};
use crate::retool::write_once::unchecked;
use crate::write_log::WriteLog;

use super::account::disabled_since;
use super::person::{find_by_email, reread};

/// The outcome of a deletion.
pub enum Deletion {
    /// The account is gone for good.
    Deleted,
    /// The server only disabled it.
    Deactivated,
    /// It was disabled before, and the server keeps it although it accepted the deletion.
    Kept,
    /// It did not exist.
    AlreadyGone,
    /// It was an invitation, which was accepted. The account has another id, and was left as it is.
    Accepted,
}

/// What a person must still do about an account that the server keeps.
pub const KEPT: &str = "The server accepted the deletion and still shows the account, which was disabled before: here a \
     deletion seems to only disable. Delete the account in Retool, if it must go.";

/// What a report says once if a server turns out to keep the accounts that it is asked to delete.
pub const DELETIONS_DISABLE: &str = "This server accepts deletions and only disables: the accounts stay. Let absent people \
     be disabled instead, or delete the accounts in Retool.";

/// Returns whether a deletion has nothing left to do: deletions only disable, and the user is
/// disabled.
pub fn is_as_gone_as_can_be(directory: &dyn Directory, user: &User) -> bool {
    user.disabled && !user.is_invitation() && !directory.capabilities().deletes_people
}

/// Deletes an account that was just read, and reads it back. Reports what the server did, which
/// may be only disabling. The deletion is asked for once.
pub async fn delete_account(
    directory: &dyn Directory,
    user: &User,
    write_log: &mut WriteLog,
) -> Result<Deletion> {
    delete(directory, user, false, write_log).await
}

/// Withdraws an invitation of a person who has an account, and reads it back.
pub async fn withdraw_beside_account(
    directory: &dyn Directory,
    user: &User,
    write_log: &mut WriteLog,
) -> Result<Deletion> {
    delete(directory, user, true, write_log).await
}

/// `has_account` says that an account with the address of an invitation was there before, so that
/// it does not show that the invitation was accepted.
async fn delete(
    directory: &dyn Directory,
    user: &User,
    has_account: bool,
    write_log: &mut WriteLog,
) -> Result<Deletion> {
    let address = user.email.as_str();
    let kind = match user.is_invitation() {
        true => WriteKind::InvitationCancelled,
        false => WriteKind::UserDeleted,
    };
    let failure = match directory.delete_user(&user.id).await {
        Ok(true) => None,
        Ok(false) => {
            // A 404 may also mean that there is no such request, or come from a late read.
            let read = read_back(directory, async || {
                let left = reread(directory, &user.id, &user.email).await?;
                Ok(if left.is_none() { ReadBack::Holds(()) } else { ReadBack::NotYet(()) })
            });
            let what = if user.is_invitation() { "invitation" } else { "account" };
            read.await?.map_err(|()| no_deletion(what).about(address))?;
            return Ok(match !has_account && is_accepted(directory, user).await? {
                true => Deletion::Accepted,
                false => Deletion::AlreadyGone,
            });
        }
        Err(error) if error.maybe_applied => Some(error.about(address)),
        Err(error) => return Err(error.about(address)),
    };
    // If deletions only disable, a disabled account is the final state: don't wait for more.
    let only_disables = failure.is_none()
        && !user.disabled
        && !user.is_invitation()
        && !directory.capabilities().deletes_people;
    let look = read_back(directory, async || {
        Ok(match reread(directory, &user.id, &user.email).await? {
            None => ReadBack::Holds(None),
            Some(account) if only_disables && account.user.disabled => {
                ReadBack::Holds(Some(account.user))
            }
            Some(account) => ReadBack::NotYet(account.user),
        })
    });
    let left = match (look.await, failure) {
        (Ok(Ok(Some(left))), _) => left,
        (Ok(Ok(None)), _) => {
            let accepted = match has_account {
                true => Ok(false),
                false => is_accepted(directory, user).await,
            };
            return match accepted {
                Ok(false) => {
                    write_log.confirmed(kind, address, None);
                    Ok(Deletion::Deleted)
                }
                accepted => {
                    write_log.unconfirmed(kind, address, None);
                    accepted.map(|_| Deletion::Accepted)
                }
            };
        }
        (Ok(Err(left)), None) => left,
        (Ok(Err(_)), Some(failure)) | (Err(failure), None) => {
            write_log.unconfirmed(kind, address, None);
            return Err(failure.about(address));
        }
        (Err(check), Some(failure)) => {
            write_log.unconfirmed(kind, address, None);
            return Err(unchecked(failure, check));
        }
    };
    if left.disabled && !user.is_invitation() {
        directory.deletion_only_disables();
        if !user.disabled {
            write_log.confirmed(WriteKind::UserDisabled, address, None);
            let since = disabled_since(user, left.times.updated_at.as_deref());
            write_log.disabled_since(&user.id, since);
            return Ok(Deletion::Deactivated);
        }
        // Nothing is visible of this deletion. The server may still be about to make it.
        write_log.unconfirmed(kind, address, None);
        return Ok(Deletion::Kept);
    }
    write_log.unconfirmed(kind, address, None);
    Err(Error::new(
        Code::NotVerified,
        "The server accepted the deletion, but the account is still there. Look at it in Retool, and ask again.",
    )
    .about(address))
}

/// Returns the error for a deletion that is answered as if the record were gone, while the server
/// shows it.
pub fn no_deletion(what: &str) -> Error {
    Error::new(
        Code::OperationUnsupported,
        format!(
            "The server answers the deletion as if the {what} were gone (404), and still shows it: it seems to have \
             no such request. Nothing was deleted. Delete the {what} in Retool."
        ),
    )
}

/// Returns the error for an invitation that was accepted before it could be withdrawn.
pub fn accepted(address: &str) -> Error {
    Error::new(
        Code::NotVerified,
        "The invitation was accepted at the same time, so there is an account now, which was left as it is. Ask again.",
    )
    .about(address)
}

/// Returns whether an invitation that is gone was accepted rather than withdrawn.
async fn is_accepted(directory: &dyn Directory, user: &User) -> Result<bool> {
    if !user.is_invitation() {
        return Ok(false);
    }
    let found = find_by_email(directory, &user.email).await?;
    Ok(found.is_some_and(|found| !found.is_invitation()))
}
