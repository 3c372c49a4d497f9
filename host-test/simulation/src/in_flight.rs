//! The writes of one call that are on their way at the same time.

use std::cell::RefCell;
use std::collections::BTreeMap;

use mock_retool::{ADMIN, Organisation};
use serde_json::Value;

use crate::change::key;
use crate::request::Act;

/// The writes about users that the component waits for.
#[derive(Default)]
pub struct InFlightWrites {
    next: u64,
    writes: BTreeMap<u64, InFlightWrite>,
}

struct InFlightWrite {
    user: String,
    takes_rights: bool,
}

/// Ends a write when its request ends, also if its caller stops waiting.
pub struct Ticket<'a> {
    all: &'a RefCell<InFlightWrites>,
    number: u64,
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        self.all.borrow_mut().writes.remove(&self.number);
    }
}

/// Begins a write, if it is about one user. Returns the rule that it violates, and how. Where
/// `rights_one_by_one`, only one write at a time may take an administrator's rights.
pub fn begin<'a>(
    all: &'a RefCell<InFlightWrites>,
    act: &Act,
    organisation: &Organisation,
    rights_one_by_one: bool,
) -> Option<(Ticket<'a>, Option<(&'static str, String)>)> {
    let user = user_of(act)?;
    let takes_rights = takes_rights(act, organisation);
    let writes = &mut *all.borrow_mut();
    let found = if writes.writes.values().any(|other| other.user == user) {
        Some(("one writer", format!("two writes of {user} are on their way")))
    } else if rights_one_by_one
        && takes_rights
        && let Some(other) = writes.writes.values().find(|other| other.takes_rights)
    {
        let what = format!("{user} and {} lose an administrator's rights at once", other.user);
        Some(("one administrator at a time", what))
    } else {
        None
    };
    let number = writes.next;
    writes.next += 1;
    writes.writes.insert(number, InFlightWrite { user, takes_rights });
    Some((Ticket { all, number }, found))
}

/// Returns the user of a write. People join several groups at once, so an addition has none.
fn user_of(act: &Act) -> Option<String> {
    match act {
        Act::Create { email, .. } | Act::Invite { email, .. } => Some(key(email)),
        Act::Update { id, .. }
        | Act::Delete { id }
        | Act::Leave { id, .. }
        | Act::EndSessions { id }
        | Act::ResetTwoFactor { id } => Some(id.clone()),
        Act::CreateGroup { .. }
        | Act::UpdateGroup { .. }
        | Act::DeleteGroup { .. }
        | Act::Join { .. }
        | Act::Unknown => None,
    }
}

/// Whether a write takes the rights of an enabled administrator.
fn takes_rights(act: &Act, organisation: &Organisation) -> bool {
    let administers =
        |id: &str| organisation.user(id).is_some_and(|user| user.is_admin && !user.is_disabled);
    match act {
        Act::Update { id, fields, .. } => {
            let is = |field: &str, value: bool| fields.get(field) == Some(&Value::Bool(value));
            administers(id) && (is("isDisabled", true) || is("isAdmin", false))
        }
        Act::Delete { id } | Act::Leave { group: ADMIN, id } => administers(id),
        _ => false,
    }
}
