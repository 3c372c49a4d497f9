//! Finding, creating and re-reading one person, so that it is the right one and there is only
//! one of them.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::domain::{Account, Email, GroupLink, NewUser, User, UserId, WriteKind};
use crate::error::{Code, Error, Result};
use crate::journal::Journal;
use crate::retool::read_back::{ReadBack, read_back};
use crate::retool::user_filter::{Administrators, Others};
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
        let (found, again) = if taken {
            (shown(directory, &user.email).await, false)
        } else {
            // A look-up right after a write may not see it yet.
            let waited = directory.pause(attempt, failure.retry_after_ms).await
                && directory.wait_to_read_back(attempt + 1).await;
            (find_one(directory, &user.email).await, waited && attempt < CREATIONS)
        };
        match found {
            // An invitation is no account that this call made.
            Ok(Some(found)) if lost && !found.is_invitation() => {
                journal.confirmed(WriteKind::UserCreated, address, None);
                return Ok(Creation::Created(found));
            }
            Ok(Some(found)) => {
                if lost {
                    journal.unconfirmed(WriteKind::UserCreated, address, None);
                }
                return Ok(Creation::Found(found));
            }
            Ok(None) if again => attempt += 1,
            Ok(None) | Err(_) => return Err(unconfirmed(journal, lost, address, failure)),
        }
    }
}

/// Looks for somebody who must be there, as the server refuses to create them again: a read may
/// answer from the state before for a moment.
async fn shown(directory: &dyn ReadDirectory, email: &Email) -> Result<Option<User>> {
    let look = read_back(directory, async || {
        Ok(find_one(directory, email).await?.map_or(ReadBack::NotYet(()), ReadBack::Holds))
    });
    Ok(look.await?.ok())
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
    Ok(membership::links(directory, &groups, &mut Others::default())
        .await?
        .remove(&user.id)
        .unwrap_or_default())
}

/// The administrators besides one person.
pub struct Admins {
    /// How many of them are enabled.
    pub enabled: u32,
    /// Whether there is any at all.
    pub any: bool,
}

/// Counts the administrators besides one person.
pub async fn admins_besides(directory: &dyn ReadDirectory, id: &UserId) -> Result<Admins> {
    let found = directory.list_people(&Administrators).await?;
    let others = found.users.iter().filter(|user| user.admin && user.id != *id);
    let enabled = others.clone().filter(|user| !user.disabled).count() as u32;
    Ok(Admins { enabled, any: others.count() > 0 })
}

/// Ends the sessions of somebody who was just disabled, where the server can. That they may
/// not log in again holds whatever comes of this; what is then left to do is the answer.
pub async fn end_sessions(
    directory: &dyn Directory,
    user: &User,
    journal: &mut Journal,
) -> Option<String> {
    if !directory.capabilities().ends_sessions {
        return None;
    }
    let address = user.email.as_str();
    match directory.end_sessions(&user.id).await {
        Ok(true) => {
            journal.confirmed(WriteKind::SessionsEnded, address, None);
            None
        }
        Ok(false) => None,
        Err(error) => {
            if error.maybe_applied {
                journal.unconfirmed(WriteKind::SessionsEnded, address, None);
            }
            Some(format!(
                "The sessions of {address} could not be ended ({}). End them in Retool.",
                error.code.as_str()
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;
    use crate::config::Settings;
    use crate::domain::UserPatch;
    use crate::http::testing::{FakePlatform, Reply};
    use crate::http::{BaseUrl, Client, Method, Secret, TransportError};
    use crate::retool::v2::V2;

    /// Somebody invites the person while the answer to their creation is lost.
    #[test]
    fn an_invitation_is_not_taken_for_the_account_whose_creation_got_no_answer() {
        let fake = FakePlatform::new(|request| {
            let list = |records: &str| {
                Reply::json(200, format!(r#"{{"success":true,"data":[{records}]}}"#))
            };
            match (request.method, request.path_and_query.as_str()) {
                (Method::Post, _) => Reply::fails(TransportError::Failed),
                (_, "/api/v2/user_invites") => {
                    list(r#"{"id":7,"invited_email":"ada@example.com","groups":[]}"#)
                }
                _ => list(""),
            }
        });
        let base = BaseUrl::parse("https://acme.retool.com").expect("a URL");
        let secret = Secret::new("t0ken".to_string());
        let directory = V2::new(Client::new(fake.platform(), base, secret, Settings::default()));
        let fields = UserPatch {
            first_name: Some("Ada".to_string()),
            last_name: Some("Byron".to_string()),
            ..UserPatch::default()
        };
        let new = NewUser { email: Email::new("ada@example.com"), fields };
        let mut journal = Journal::default();
        let made = fake.run(create_once(&directory, &new, &mut journal));
        assert!(matches!(made, Ok(Creation::Found(found)) if found.is_invitation()));
        let [write] = &journal.into_writes()[..] else { panic!("one write") };
        assert!(!write.confirmed);
    }
}
