//! Finding, creating and re-reading one person, so that it is the right one and there is only
//! one of them.

use alloc::format;
use alloc::vec::Vec;

use crate::domain::{Account, Email, GroupLink, NewUser, User, UserId, WriteKind};
use crate::error::{Code, Error, Result};
use crate::journal::Journal;
use crate::retool::{Directory, ReadDirectory, membership};

/// How often a creation is sent, each time after a look that found nobody.
const CREATIONS: u32 = 3;

/// Finds the one person of an address.
pub async fn find_one(directory: &dyn ReadDirectory, email: &Email) -> Result<Option<User>> {
    let mut found = directory.find_users(email).await?;
    if found.len() > 1 {
        return Err(Error::new(
            Code::AmbiguousUser,
            format!("{} people in Retool have this address, so none of them was touched. Remove or rename all but one.", found.len()),
        )
        .about(email.as_str()));
    }
    Ok(found.pop())
}

/// Reads one person whole, and makes sure that it is still the one of this address.
pub async fn reread(
    directory: &dyn ReadDirectory,
    id: &UserId,
    email: &Email,
) -> Result<Option<Account>> {
    let account = directory.read_user(id).await.map_err(|error| error.about(email.as_str()))?;
    if let Some(account) = &account
        && account.user.email != *email
    {
        return Err(Error::new(
            Code::WrongPerson,
            "The account that was found by this address has another one now, so nothing more was \
             done to it. Look at who it belongs to.",
        )
        .about(email.as_str()));
    }
    Ok(account)
}

/// What a creation came to.
pub enum Creation {
    /// This call made the account.
    Created(User),
    /// Somebody else had made it.
    Found(User),
}

/// Creates a person at most once: after a lost answer the person is looked up before anything
/// is posted again, because each creation sends an invitation.
pub async fn create_once(
    directory: &dyn Directory,
    user: &NewUser,
    journal: &mut Journal,
) -> Result<Creation> {
    let address = user.email.as_str();
    let mut lost = false;
    let mut attempt = 1;
    loop {
        let mut failure = match directory.create_user(user).await {
            Ok(created) if created.email == user.email => {
                journal.confirmed(WriteKind::UserCreated, address, None);
                return Ok(Creation::Created(created));
            }
            Ok(_) => {
                journal.confirmed(WriteKind::UserCreated, address, None);
                return Err(Error::new(
                    Code::WrongPerson,
                    "The server answered the creation with somebody else. Look up both people in Retool.",
                )
                .about(address));
            }
            Err(error) => error,
        };
        failure.attempts += attempt - 1;
        lost |= failure.maybe_applied;
        // A conflict says that the address is taken, perhaps by the first try.
        let taken = failure.http_status == Some(409);
        if !failure.maybe_applied && !taken {
            return Err(unconfirmed(journal, lost, address, failure));
        }
        // A look-up right after a write may not see it yet.
        let waited = directory.pause(attempt, failure.retry_after_ms).await
            && directory.settle(attempt + 1).await;
        match find_one(directory, &user.email).await {
            Ok(Some(found)) if lost => {
                journal.confirmed(WriteKind::UserCreated, address, None);
                return Ok(Creation::Created(found));
            }
            Ok(Some(found)) => return Ok(Creation::Found(found)),
            Ok(None) if waited && attempt < CREATIONS => attempt += 1,
            Ok(None) | Err(_) => return Err(unconfirmed(journal, lost, address, failure)),
        }
    }
}

fn unconfirmed(journal: &mut Journal, lost: bool, address: &str, mut failure: Error) -> Error {
    if lost {
        journal.unconfirmed(WriteKind::UserCreated, address, None);
    }
    failure.maybe_applied = lost;
    failure
}

/// The groups somebody is in. Where the record does not say, every group is asked.
pub async fn memberships(directory: &dyn ReadDirectory, user: &User) -> Result<Vec<GroupLink>> {
    if let Some(groups) = &user.groups {
        return Ok(groups.clone());
    }
    let groups = directory.list_groups().await?;
    Ok(membership::links(directory, &groups).await?.remove(&user.id).unwrap_or_default())
}

/// How many enabled administrators there are besides one person.
pub async fn enabled_admins_besides(directory: &dyn ReadDirectory, id: &UserId) -> Result<u32> {
    let users = directory.list_users().await?;
    Ok(users.iter().filter(|user| user.is_enabled_admin() && user.id != *id).count() as u32)
}
