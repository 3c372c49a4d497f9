//! `/api/v1`: pages by number, records replaced whole, integer group ids.

use alloc::borrow::ToOwned;
use core::cell::Cell;

use super::find::Gaps;
use super::page_size::PageSize;
use super::request::{another_user, refused};
use super::user_filter::{Listable, Listed};
use crate::de::object;
use crate::domain::{Account, UserId};
use crate::error::Result;
use crate::http::{Answer, Client};

mod body;
mod cursor;
mod read;
mod record;
mod update;
mod wire;
mod write;

use wire::{Acknowledgement, UserRecord};

const USERS: &str = "/api/v1/users";
const USER: &str = "/api/v1/users/{id}";
const GROUPS: &str = "/api/v1/groups";
const GROUP: &str = "/api/v1/groups/{id}";
const MEMBERS: &str = "/api/v1/groups/{id}/members";
const MEMBER: &str = "/api/v1/groups/{id}/members/{userId}";

const USERS_READ: &str = "users:read";
const USERS_WRITE: &str = "users:write";
const GROUPS_READ: &str = "groups:read";
const GROUPS_WRITE: &str = "groups:write";

/// One organisation over `/api/v1`.
pub struct V1 {
    client: Client,
    /// The number of users in the previous listing.
    expected: Cell<Option<u32>>,
    /// The page size that this server accepts.
    page_size: PageSize,
    /// What the listings of this call lack.
    gaps: Gaps,
    /// Whether a PUT of a user was seen to keep the memberships.
    keeps_memberships: Cell<bool>,
    /// Whether a deletion was seen to only disable.
    only_disables: Cell<bool>,
}

impl V1 {
    /// Creates a directory on a client.
    pub fn new(client: Client) -> Self {
        let page_size = PageSize::new(client.settings().page_size);
        V1 {
            client,
            expected: Cell::new(None),
            page_size,
            gaps: Gaps::default(),
            keeps_memberships: Cell::new(false),
            only_disables: Cell::new(false),
        }
    }
}

/// Decodes a user and checks that it is the requested one.
fn decode_user(answer: &Answer, id: &UserId) -> Result<Listed> {
    let record: UserRecord<'_> = answer.decode()?;
    let listed = Listed { lacks: record.lacks(), user: record.into_user() };
    if listed.user.id == *id { Ok(listed) } else { Err(another_user(answer)) }
}

/// Returns the whole account in a response.
fn decode_account(answer: &Answer, id: &UserId) -> Result<Account> {
    let Listed { user, .. } = decode_user(answer, id)?;
    Ok(Account { user, raw: answer.text()?.to_owned(), read_at: answer.answered_at() })
}

/// Fails if the body says that the request was refused, whatever the status is.
fn check_not_refused(answer: &Answer) -> Result<()> {
    match object::<Acknowledgement>(answer.body()) {
        Ok(Acknowledgement { success: Some(false) }) => Err(refused(answer)),
        _ => Ok(()),
    }
}
