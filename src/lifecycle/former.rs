//! Finds a person under the present and the former addresses.

use alloc::format;
use alloc::vec::Vec;

use super::person::{find_by_email, find_listed};
use crate::domain::{EMAIL, Email, FieldChange, User, UserRef};
use crate::error::{Code, Error, Result};
use crate::retool::{Capabilities, ReadDirectory};

/// Finds the one account of a person, by the present address or else by a former one. Fails with
/// `ambiguous-user` if several accounts have one of the addresses. With former addresses it lists
/// everyone once: a search for each of them that finds nobody would do that too.
pub async fn find_person(
    directory: &dyn ReadDirectory,
    present: &Email,
    former: &[Email],
) -> Result<Option<User>> {
    if former.is_empty() {
        return find_by_email(directory, present).await;
    }
    let refs: Vec<UserRef> =
        core::iter::once(present).chain(former).cloned().map(UserRef::Email).collect();
    let mut found: Vec<User> = Vec::new();
    for user in find_listed(directory, &refs).await?.into_iter().flatten() {
        if found.iter().all(|other| other.id != user.id) {
            found.push(user);
        }
    }
    if let [one, other, ..] = &found[..] {
        return Err(several(present, one, other));
    }
    let Some(user) = found.pop() else { return Ok(None) };
    if !user.answers_to(present) && !former.contains(&user.email) {
        let message = format!(
            "The account {} (id {}) has a former address of the person as a further address or as its login, and \
             another main address, so it is not known whether it is theirs. Nothing was written. Look at the account \
             in Retool.",
            user.email.as_str(),
            user.id.value
        );
        let error = Error::new(Code::WrongPerson, message).about(present.as_str());
        return Err(error.in_field("request.former-emails"));
    }
    Ok(Some(user))
}

fn several(present: &Email, one: &User, other: &User) -> Error {
    let message = format!(
        "Two accounts have addresses of the person: {} (id {}) and {} (id {}). It is not known which one is theirs, so \
         nothing was written. Remove one of them in Retool, or leave its address out of the request.",
        one.email.as_str(),
        one.id.value,
        other.email.as_str(),
        other.id.value
    );
    Error::new(Code::AmbiguousUser, message)
        .in_field("request.former-emails")
        .about(present.as_str())
}

/// Returns why an account can't get another address; `None` if it can.
pub fn why_not_renamed(can: Capabilities, user: &User) -> Option<&'static str> {
    if !can.renames {
        Some("This API can't change addresses. Change the address in Retool.")
    } else if user.is_invitation() {
        Some(
            "It is an invitation, whose address can't be changed. Withdraw it, and invite the person again.",
        )
    } else {
        None
    }
}

/// Checks, right before an account gets another address, that no other account has it.
pub async fn check_is_free(
    directory: &dyn ReadDirectory,
    email: &Email,
    user: &User,
) -> Result<()> {
    match find_by_email(directory, email).await? {
        Some(other) if other.id != user.id => Err(several(email, user, &other)),
        _ => Ok(()),
    }
}

/// Returns the address that changes give an account, if they do.
pub fn renamed(changes: &[FieldChange]) -> Option<Email> {
    let change = changes.iter().find(|change| change.field == EMAIL)?;
    change.after.as_deref().map(Email::new)
}
