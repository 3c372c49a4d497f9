//! `/api/v2`: answers in an envelope, pages by cursor, records changed field by field, deletion
//! that only disables, members next to groups, and invitations beside accounts.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::Cell;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::request::{found, refused};
use crate::de::{self, Objects};
use crate::error::{Code, Error, Result};
use crate::http::{Answer, Call, Client};
use crate::retool::page_buffer::PageItems;
use crate::retool::raw_record::RawRecord;

mod body;
mod cursor;
mod invites;
mod listing;
mod members;
mod pages;
mod read;
mod update;
mod wire;
mod write;

#[cfg(test)]
mod tests;

use listing::{FetchedPage, Next};
use wire::Envelope;

const USERS: &str = "/api/v2/users";
const USER: &str = "/api/v2/users/{id}";
const LOGOUT: &str = "/api/v2/users/{id}/logout";
const GROUPS: &str = "/api/v2/groups";
const GROUP: &str = "/api/v2/groups/{id}";
const MEMBERS: &str = "/api/v2/groups/{id}/members";
const MEMBER: &str = "/api/v2/groups/{id}/members/{userId}";
const GROUP_INVITES: &str = "/api/v2/groups/{id}/user_invites";
const GROUP_INVITE: &str = "/api/v2/groups/{id}/user_invites/{inviteId}";
const INVITES: &str = "/api/v2/user_invites";
const INVITE: &str = "/api/v2/user_invites/{id}";

const USERS_READ: &str = "users:read";
const USERS_WRITE: &str = "users:write";
const GROUPS_READ: &str = "groups:read";
const GROUPS_WRITE: &str = "groups:write";

/// One organisation over `/api/v2`.
pub struct V2 {
    client: Client,
    /// Whether the list of everybody in one answer turned out to be too much.
    by_page: Cell<bool>,
}

impl V2 {
    /// Speaks through a client.
    pub fn new(client: Client) -> Self {
        V2 { client, by_page: Cell::new(false) }
    }

    /// The time at which an answer was given, in milliseconds since the Unix epoch: by the
    /// server's clock, or by the host's where the server does not say.
    fn now(&self, answer: &Answer) -> i64 {
        answer.answered_at().unwrap_or_else(|| {
            i64::try_from(self.client.platform().clock.unix_ms()).unwrap_or(i64::MAX)
        })
    }

    /// Sends a request about one user or group; `None` if the server has none of it.
    async fn send_to_one(&self, call: Call<'_>) -> Result<Option<Answer>> {
        found(self.client.send(call).await)
    }
}

/// Opens the envelope of an answer. Fails with `server-refused` where it says that the request
/// was not served, whatever the status says.
fn open<'a, D: Deserialize<'a>>(answer: &'a Answer) -> Result<Envelope<'a, D>> {
    match answer.decode() {
        Ok(Envelope { success: Some(false), .. }) => Err(refused(answer)),
        Ok(envelope) => Ok(envelope),
        // What comes with a refusal has no particular shape.
        Err(error) => Err(if is_refused(answer) { refused(answer) } else { error }),
    }
}

/// Whether an answer says that the request was not served.
fn is_refused(answer: &Answer) -> bool {
    de::object::<Envelope<'_, IgnoredAny>>(answer.body())
        .is_ok_and(|envelope| envelope.success == Some(false))
}

/// An answer that is a page of a listing, of whose records `take` makes what is kept; `None` if
/// they are unusable.
fn open_list<'a, R: Deserialize<'a>, P>(
    answer: &'a Answer,
    take: impl FnOnce(Vec<R>) -> Option<PageItems<P>>,
) -> Result<FetchedPage<P>> {
    let Envelope { data, total_count, next_token, has_more, .. } = open::<Objects<R>>(answer)?;
    let content = data.and_then(|Objects(records)| take(records));
    let content = content.ok_or_else(|| odd_shape(answer))?;
    Ok(FetchedPage { content, total: total_count, next: Next::new(has_more, next_token) })
}

/// The records of a page that is kept whole, each converted.
fn each<R, T>(
    records: Vec<R>,
    convert: impl Fn(R) -> Option<T>,
    key: fn(&T) -> &str,
) -> Option<PageItems<Vec<T>>> {
    let items = records.into_iter().map(convert).collect::<Option<Vec<T>>>()?;
    Some(PageItems::whole(items, key))
}

/// The one record of an answer, unread.
fn open_record(answer: &Answer) -> Result<&str> {
    let record = open::<&RawValue>(answer)?.data.ok_or_else(|| odd_shape(answer))?;
    Ok(record.get())
}

/// Reads a record of an answer.
fn read_record<'a, R: Deserialize<'a>>(answer: &Answer, raw: &'a str) -> Result<R> {
    de::object(raw.as_bytes()).map_err(|_| odd_shape(answer))
}

/// For a record that lacks what can't be done without.
fn odd_shape(answer: &Answer) -> Error {
    answer.error(
        Code::AnswerUnusable,
        "The server's answer has another shape than expected. Check that the base URL leads to Retool and nothing in between changes its answers.",
    )
}

/// A write that answers with nothing, or with nothing that has to be looked at.
fn acknowledged(answer: &Answer) -> Result<()> {
    if answer.body().is_empty() {
        return Ok(());
    }
    open::<IgnoredAny>(answer).map(drop)
}

/// The part of a record that is kept: as it stands, or without some fields.
fn kept(raw: &str, without: &[&str]) -> String {
    if without.is_empty() {
        return raw.to_owned();
    }
    let Some(mut record) = RawRecord::parse(raw) else {
        return raw.to_owned();
    };
    for field in without {
        record.remove(field);
    }
    record.to_json()
}
