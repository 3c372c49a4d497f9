//! `/api/v1`: pages by number, records replaced whole, integer group ids.

use alloc::borrow::ToOwned;
use core::cell::Cell;

use crate::domain::{Account, UserId};
use crate::error::{Code, Error, Result};
use crate::http::{Answer, Call, Client, Method, Missing, Path, Repeat};

mod body;
mod cursor;
mod read;
mod record;
mod update;
mod wire;
mod write;

use wire::UserRecord;

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
    /// How many people there were the last time.
    expected: Cell<Option<u32>>,
}

impl V1 {
    /// Speaks through a client.
    pub fn new(client: Client) -> Self {
        V1 { client, expected: Cell::new(None) }
    }
}

/// A request with nothing special about it.
fn call<'a>(
    method: Method,
    template: &'static str,
    segments: &'a [&'a str],
    scope: &'static str,
) -> Call<'a> {
    Call {
        method,
        path: Path { template, segments },
        query: &[],
        body: None,
        repeat: Repeat::Safe,
        about: None,
        missing: Missing::Unspecified,
        scope,
    }
}

/// Reads a user and makes sure that it is the one asked for.
fn decode_account(answer: &Answer, id: &UserId) -> Result<Account> {
    let record: UserRecord<'_> = answer.decode()?;
    let user = record.into_user();
    if user.id != *id {
        return Err(answer.error(
            Code::WrongPerson,
            "The server answered with another user than the one asked for. Look for a proxy that mixes up answers.",
        ));
    }
    Ok(Account { user, raw: answer.text()?.to_owned(), read_at: answer.answered_at() })
}

fn is_not_found(error: &Error) -> bool {
    matches!(error.code, Code::UserNotFound | Code::GroupNotFound)
}
