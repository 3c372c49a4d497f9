//! Compares the person of an address with the id that the caller expects.

use alloc::format;
use alloc::string::String;

use crate::domain::{User, UserId, UserRef};
use crate::error::{Code, Error, Result};
use crate::retool::ReadDirectory;

/// Checks that the person who is named has the expected id, and returns the person. If no person
/// has the address or login, the account may have another one by now: then it is not gone. Or the
/// look-up missed it: then id and name show that it is the person.
pub(in crate::lifecycle) async fn check_expected(
    directory: &dyn ReadDirectory,
    who: &UserRef,
    expected: &UserId,
    found: Option<User>,
) -> Result<Option<User>> {
    if found.as_ref().is_some_and(|found| found.id == *expected) {
        return Ok(found);
    }
    let spoken = directory.capabilities().dialect;
    let message = if expected.dialect == spoken {
        let account = directory.read_user(expected).await.map_err(|error| match error.code {
            Code::AnswerUnusable => unreadable(who, &error),
            _ => error.about(who.as_str()),
        })?;
        match (account, found) {
            (Some(account), None) if who.means(&account.user) => return Ok(Some(account.user)),
            (Some(account), _) if who.means(&account.user) => return Err(two_accounts(who)),
            (Some(account), _) => format!(
                "The account with the expected id has the address {} now, and not {}, so nothing was written. \
                 Name the address that the person has now.",
                account.user.email.as_str(),
                who.as_str()
            ),
            (None, Some(_)) => String::from(
                "The person of this address has another id than expected, and the account with the expected id is \
                 gone, so nothing was written. Look at who has the address now.",
            ),
            (None, None) => return Ok(None),
        }
    } else {
        format!(
            "The expected id is of {}, and this connection speaks {}: their ids have nothing in common, so nothing \
             was written. Give the id of {}.",
            expected.dialect.as_str(),
            spoken.as_str(),
            spoken.as_str()
        )
    };
    Err(Error::new(Code::WrongPerson, message).in_field("request.expected-id").about(who.as_str()))
}

/// Returns the error for an account with the expected id whose record can't be used.
fn unreadable(who: &UserRef, why: &Error) -> Error {
    let mut error = Error::new(
        Code::RecordUnreadable,
        format!(
            "No account with this address was found. The account with the expected id has a record that can't be \
             used, so it can't be told whether it is this person's, and nothing was written. Correct the record in \
             Retool. {}",
            why.message
        ),
    )
    .about(who.as_str());
    error.request.clone_from(&why.request);
    error.http_status = why.http_status;
    error
}

/// Returns the error for an address that two accounts have: the one that the look-up found, and the
/// expected one.
fn two_accounts(who: &UserRef) -> Error {
    Error::new(
        Code::AmbiguousUser,
        "Two accounts have this address: the look-up finds another one than the account with the expected id. \
         Nothing was written. Remove or rename one of them in Retool.",
    )
    .in_field("request.expected-id")
    .about(who.as_str())
}
