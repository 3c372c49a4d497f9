//! Finds, creates and reads one user again. Makes sure that it is the right user and that there is
//! only one.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::domain::{
    Account, Dialect, Email, GroupLink, NewUser, User, UserId, UserIndex, UserRef, WriteKind,
};
use crate::error::{Code, Error, Result};
use crate::retool::read_back::{ReadBack, not_read_back, read_back};
use crate::retool::user_filter::{NamedUsers, Others};
use crate::retool::write_once::unchecked;
use crate::retool::{Directory, ReadDirectory, membership};
use crate::write_log::WriteLog;

/// The maximum number of times that a creation is sent. Each retry comes after a look-up that found
/// no such user.
const CREATIONS: u32 = 3;

/// Finds the one user that a request means.
pub async fn find_one(directory: &dyn ReadDirectory, who: &UserRef) -> Result<Option<User>> {
    let id = match who {
        UserRef::Email(_) | UserRef::Login(_) => None,
        UserRef::Id(id) => Some(id),
    };
    if let Some(id) = id {
        let account = directory.read_user(id).await.map_err(|error| error.about(who.as_str()))?;
        if account.is_none() {
            // With a wrong base URL the user is missing too. This request fails then.
            directory.probe().await.map_err(|error| error.about(who.as_str()))?;
        }
        return Ok(account.map(|account| account.user));
    }
    let mut found = directory.find_users(who).await?;
    if found.len() > 1 {
        return Err(several(who, found.len()));
    }
    Ok(found.pop())
}

/// Finds the one user that each of several references means, with one listing of everyone.
pub async fn find_listed(
    directory: &dyn ReadDirectory,
    refs: &[UserRef],
) -> Result<Vec<Option<User>>> {
    let found = directory.list_people(&NamedUsers::of(refs)).await?;
    let index = UserIndex::of(&found.users);
    let mut users = Vec::with_capacity(refs.len());
    for who in refs {
        if found.others.unreadable.means(who) {
            return Err(found.others.unreadable.error_for(who));
        }
        match index.meant(who) {
            [] => users.push(None),
            [user] => users.push(Some((*user).clone())),
            more => return Err(several(who, more.len())),
        }
    }
    Ok(users)
}

/// Returns the error for a reference that means several people.
fn several(who: &UserRef, count: usize) -> Error {
    let message = format!(
        "{count} people in Retool have this {}, so none of them was touched. Remove or rename all but one.",
        who.what()
    );
    Error::new(Code::AmbiguousUser, message).about(who.as_str())
}

/// Finds the one user of an address.
pub async fn find_by_email(directory: &dyn ReadDirectory, email: &Email) -> Result<Option<User>> {
    find_one(directory, &UserRef::Email(email.clone())).await
}

/// Refuses references that can't mean any user of this dialect. `field` returns where the request
/// has the reference at a place.
pub fn check_refs(
    dialect: Dialect,
    refs: &[UserRef],
    field: impl Fn(usize) -> String,
) -> Result<()> {
    for (at, who) in refs.iter().enumerate() {
        check_ref(dialect, who, || field(at))?;
    }
    Ok(())
}

/// Refuses a reference that can't mean any user of this dialect: an id of another API, and a login
/// where there are none. `field` returns where the request has it.
pub fn check_ref(dialect: Dialect, who: &UserRef, field: impl FnOnce() -> String) -> Result<()> {
    let (code, message) = match who {
        UserRef::Id(id) if id.dialect != dialect => (
            Code::InvalidValue,
            format!(
                "The id is of {}, and this connection speaks {}: their ids have nothing in common, so nothing was \
                 written. Give the id of {}, or the address.",
                id.dialect.as_str(),
                dialect.as_str(),
                dialect.as_str()
            ),
        ),
        UserRef::Login(_) if dialect != Dialect::Scim => (
            Code::OperationUnsupported,
            format!(
                "{} has no logins, so nothing was written. Name the person by address or id, or use SCIM.",
                dialect.as_str()
            ),
        ),
        _ => return Ok(()),
    };
    Err(Error::new(code, message).in_field(field()).about(who.as_str()))
}

/// Reads the whole record of one user, and checks that this is still one of the account's own
/// addresses.
pub async fn reread(
    directory: &dyn ReadDirectory,
    id: &UserId,
    email: &Email,
) -> Result<Option<Account>> {
    reread_renamed(directory, id, email, &[]).await
}

/// Like [`reread`], for an account that was just given another address: a read may still show one
/// of the `former` ones.
pub async fn reread_renamed(
    directory: &dyn ReadDirectory,
    id: &UserId,
    email: &Email,
    former: &[Email],
) -> Result<Option<Account>> {
    let account = directory.read_user(id).await.map_err(|error| error.about(email.as_str()))?;
    if let Some(account) = &account
        && !account.user.answers_to(email)
        && !former.iter().any(|former| account.user.answers_to(former))
    {
        return Err(Error::new(
            Code::WrongPerson,
            format!(
                "The account that was found by this address has the address {} now, so nothing more was done to it. \
                 Look at who it belongs to.",
                account.user.email.as_str()
            ),
        )
        .about(email.as_str()));
    }
    Ok(account)
}

/// The outcome of a creation.
pub enum Creation {
    /// This call created the account.
    Created(User),
    /// The account existed already.
    Found(User),
}

/// Creates a user at most once: after a lost response it looks up the user before it sends the
/// creation again, because each creation sends an invitation.
pub async fn create_once(
    directory: &dyn Directory,
    user: &NewUser,
    write_log: &mut WriteLog,
) -> Result<Creation> {
    let address = user.email.as_str();
    let mut lost = false;
    let mut attempt = 1;
    loop {
        let mut failure = match directory.create_user(user).await {
            Ok(created) if is_created(user, &created) => {
                write_log.confirmed(WriteKind::UserCreated, address, None);
                return Ok(Creation::Created(created));
            }
            Ok(_) => {
                write_log.confirmed(WriteKind::UserCreated, address, None);
                return Err(Error::new(
                    Code::WrongPerson,
                    "The server answered the creation with another user. Look up both users in Retool.",
                )
                .about(address));
            }
            Err(error) => error,
        };
        failure.attempts += attempt - 1;
        lost |= failure.maybe_applied;
        // A conflict means that the address is taken, perhaps by the first attempt.
        let taken = failure.http_status == Some(409);
        if !failure.maybe_applied && !taken {
            return Err(unconfirmed(write_log, lost, address, failure));
        }
        let (found, again) = if taken {
            (wait_until_visible(directory, &user.email).await, false)
        } else {
            // A look-up right after a write may not see it yet.
            let paused = directory.pause(attempt, failure.retry_after_ms).await;
            let in_time = directory.wait_to_read_back(attempt + 1).await;
            if !in_time {
                failure = unchecked(failure, not_read_back());
            }
            (find_by_email(directory, &user.email).await, paused && in_time && attempt < CREATIONS)
        };
        match found {
            // Neither an invitation nor a disabled account is what this call created: a listing may
            // have lacked an account that existed before.
            Ok(Some(found)) if lost && !found.is_invitation() && !found.disabled => {
                write_log.confirmed(WriteKind::UserCreated, address, None);
                return Ok(Creation::Created(found));
            }
            Ok(Some(found)) => {
                if lost {
                    write_log.unconfirmed(WriteKind::UserCreated, address, None);
                }
                return Ok(Creation::Found(found));
            }
            Ok(None) if again => attempt += 1,
            // These explain the conflict.
            Err(mut error)
                if taken && matches!(error.code, Code::AmbiguousUser | Code::RecordUnreadable) =>
            {
                error.attempts = failure.attempts;
                return Err(unconfirmed(write_log, lost, address, error));
            }
            Ok(None) if taken => {
                let failure = taken_by_no_one(failure);
                return Err(unconfirmed(write_log, lost, address, failure));
            }
            Ok(None) => return Err(unconfirmed(write_log, lost, address, failure)),
            Err(check) => {
                return Err(unconfirmed(write_log, lost, address, unchecked(failure, check)));
            }
        }
    }
}

/// Returns whether a server's answer to a creation is about the new user. An answer without an
/// address is, if it has the login.
fn is_created(user: &NewUser, created: &User) -> bool {
    let login = user.login.as_deref().map(Email::new);
    created.answers_to(&user.email)
        || !created.email.is_address() && login.is_some_and(|login| created.has_login(&login))
}

/// Explains a conflict with an account that can't be found.
fn taken_by_no_one(mut failure: Error) -> Error {
    let said = failure.message.find(" The server says: ").map(|at| failure.message.split_off(at));
    failure.message = String::from(
        "The server refuses to create the person (409), as if the address were taken. But no account with this \
         address can be found. It may be hidden or deactivated, be in another space of the organisation, or have \
         this address as its login and another one as its address. Look for it in Retool, and enable or rename it \
         there.",
    );
    failure.message.push_str(said.as_deref().unwrap_or_default());
    failure
}

/// Fails if it can't be told whether a user who was not found exists: the listing contains records
/// whose address can't be read, and one of them may be theirs. Returns what must be checked by hand
/// if it contains accounts without an address.
pub fn check_absence(directory: &dyn ReadDirectory, who: &UserRef) -> Result<Option<String>> {
    if matches!(who, UserRef::Id(_)) {
        return Ok(None);
    }
    let unreadable = directory.unreadable();
    if unreadable.hides_addresses() {
        return Err(unreadable.not_proven_absent(who));
    }
    Ok((unreadable.without_address() > 0).then(|| {
        format!(
            "There are accounts without an address: {}. Look whether one of them is this person's.",
            unreadable.named()
        )
    }))
}

/// Looks up a user who must exist, because the server refuses to create them. Retries, because a
/// read may be stale for a moment.
async fn wait_until_visible(directory: &dyn ReadDirectory, email: &Email) -> Result<Option<User>> {
    let look = read_back(directory, async || {
        Ok(find_by_email(directory, email).await?.map_or(ReadBack::NotYet(()), ReadBack::Holds))
    });
    Ok(look.await?.ok())
}

fn unconfirmed(write_log: &mut WriteLog, lost: bool, address: &str, mut failure: Error) -> Error {
    if lost {
        write_log.unconfirmed(WriteKind::UserCreated, address, None);
    }
    failure.maybe_applied = lost;
    failure
}

/// Returns the error for an account that a listing shows, and whose own record is missing.
pub fn listed_without_record(email: &Email) -> Error {
    Error::new(
        Code::ListingIncomplete,
        "The listing shows the account, and its own record is missing (404), so it can't be told whether it is gone. \
         Nothing more was written. Ask again.",
    )
    .about(email.as_str())
}

/// Returns the groups of a user. Reads every group if the user's record does not contain them, or
/// where one of the two views may lack some.
pub async fn memberships(directory: &dyn ReadDirectory, user: &User) -> Result<Vec<GroupLink>> {
    let is_proof = !directory.capabilities().groups_may_lack_members;
    if let Some(own) = &user.groups
        && is_proof
    {
        return Ok(own.clone());
    }
    let groups = directory.list_groups().await?;
    let mut all = user.groups.clone().unwrap_or_default();
    let is_listed = groups.iter().all(|group| group.members.is_some());
    if user.groups.is_none() || is_listed {
        let mut links = membership::links(directory, &groups, &mut Others::default()).await?;
        membership::join(&mut all, links.remove(&user.id).unwrap_or_default());
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;
    use crate::config::Settings;
    use crate::domain::UserPatch;
    use crate::http::{BaseUrl, Client, Method, Secret, TransportError};
    use crate::retool::v2::V2;
    use crate::testing::platform::{FakePlatform, Reply};

    /// The user is invited while the response to their creation is lost.
    #[test]
    fn an_invitation_is_not_taken_for_an_account_whose_creation_got_no_response() {
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
        let new = NewUser { email: Email::new("ada@example.com"), login: None, fields };
        let mut write_log = WriteLog::default();
        let made = fake.run(create_once(&directory, &new, &mut write_log));
        assert!(matches!(made, Ok(Creation::Found(found)) if found.is_invitation()));
        let [write] = &write_log.into_writes()[..] else { panic!("one write") };
        assert!(!write.confirmed);
    }
}
