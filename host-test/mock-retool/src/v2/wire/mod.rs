//! The records in requests and responses.

mod group;
mod invite;
mod user;

use serde::Serialize;

use super::Refusal;
use crate::state::Group;
pub(super) use group::{GroupBody, GroupFields, GroupRecord, NewMember};
pub(super) use invite::{InviteRecord, NewInvite};
pub(super) use user::{NewUser, UserFields, UserRecord};

/// A group in the record of a user or an invitation.
#[derive(Serialize)]
pub(super) struct GroupLink<'a> {
    id: u32,
    legacy_id: u32,
    name: &'a str,
}

impl<'a> From<&'a Group> for GroupLink<'a> {
    fn from(group: &'a Group) -> Self {
        GroupLink { id: group.id, legacy_id: group.id, name: &group.name }
    }
}

/// Checks that a text has the form of an address.
fn check_email(email: &str) -> Result<(), Refusal> {
    match email.split_once('@') {
        Some((mailbox, domain)) if !mailbox.is_empty() && !domain.is_empty() => Ok(()),
        _ => Err(Refusal::bad_request("email must be an email address")),
    }
}

/// Checks that a value is one of these, or the current value of the record. The server returns
/// more values than it accepts.
fn check_choice(
    name: &str,
    value: &str,
    choices: &[&str],
    current: Option<&str>,
) -> Result<(), Refusal> {
    if choices.contains(&value) || current == Some(value) {
        return Ok(());
    }
    Err(Refusal::bad_request(format!("{name} must be one of {}", choices.join(", "))))
}
