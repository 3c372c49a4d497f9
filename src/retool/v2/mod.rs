//! `/api/v2`: responses in an envelope, pages by cursor, records changed field by field, deletion
//! that only disables, members in group records, and invitations in addition to accounts.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::Cell;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::find::Gaps;
use super::page_size::PageSize;
use super::request::{found, refused};
use super::unreadable::{Salvaged, salvage, unreadable_records};
use crate::de::{self, Objects};
use crate::error::{Code, Error, Result};
use crate::http::{Answer, Call, Client};
use crate::retool::page_buffer::PageItems;
use crate::retool::raw_record::RawRecord;

mod access;
mod attributes;
mod body;
mod cursor;
mod invites;
mod listing;
mod members;
mod pages;
mod read;
mod two_factor;
mod update;
pub mod wire;
mod write;

#[cfg(test)]
mod tests;

pub use attributes::no_attributes;
use body::MetadataForm;
use listing::{FetchedPage, Next};
use wire::{Envelope, GroupRecord};

const USERS: &str = "/api/v2/users";
const USER: &str = "/api/v2/users/{id}";
const LOGOUT: &str = "/api/v2/users/{id}/logout";
const RESET_2FA: &str = "/api/v2/users/reset2fa/{id}";
const ATTRIBUTES: &str = "/api/v2/user_attributes";
const USER_ATTRIBUTES: &str = "/api/v2/users/{id}/user_attributes";
const USER_ATTRIBUTE: &str = "/api/v2/users/{id}/user_attributes/{name}";
const GROUPS: &str = "/api/v2/groups";
const GROUP: &str = "/api/v2/groups/{id}";
const MEMBERS: &str = "/api/v2/groups/{id}/members";
const MEMBER: &str = "/api/v2/groups/{id}/members/{userId}";
const GROUP_INVITES: &str = "/api/v2/groups/{id}/user_invites";
const GROUP_INVITE: &str = "/api/v2/groups/{id}/user_invites/{inviteId}";
const INVITES: &str = "/api/v2/user_invites";
const INVITE: &str = "/api/v2/user_invites/{id}";
const INVITE_ATTRIBUTES: &str = "/api/v2/user_invites/{id}/user_attributes";
const INVITE_ATTRIBUTE: &str = "/api/v2/user_invites/{id}/user_attributes/{name}";

const USERS_READ: &str = "users:read";
const USERS_WRITE: &str = "users:write";
const GROUPS_READ: &str = "groups:read";
const GROUPS_WRITE: &str = "groups:write";

/// One organisation over `/api/v2`.
pub struct V2 {
    client: Client,
    /// Whether the list of all users is known to be too large for one response.
    by_page: Cell<bool>,
    /// The page size that this server accepts.
    page_size: PageSize,
    /// What the listings of this call lack.
    gaps: Gaps,
    /// How this server lets the metadata of a user be changed.
    metadata_form: Cell<MetadataForm>,
}

impl V2 {
    /// Creates a directory on a client.
    pub fn new(client: Client) -> Self {
        let page_size = PageSize::new(listing::limit(client.settings().page_size));
        V2 {
            client,
            by_page: Cell::new(false),
            page_size,
            gaps: Gaps::default(),
            metadata_form: Cell::new(MetadataForm::ByKey),
        }
    }

    /// Sends a request about one user or group; `None` if the server does not have it.
    async fn send_to_one(&self, call: Call<'_>) -> Result<Option<Answer>> {
        found(self.client.send(call).await)
    }
}

/// Opens the envelope of a response. Fails with `server-refused` if the envelope says that the
/// request was refused, whatever the status is.
fn open<'a, D: Deserialize<'a>>(answer: &'a Answer) -> Result<Envelope<'a, D>> {
    match answer.decode() {
        Ok(Envelope { success: Some(false), .. }) => Err(refused(answer)),
        Ok(envelope) => Ok(envelope),
        // The data of a refusal may have any shape.
        Err(error) => Err(if is_refused(answer) { refused(answer) } else { error }),
    }
}

/// Returns whether a response says that the request was refused.
fn is_refused(answer: &Answer) -> bool {
    de::object::<Envelope<'_, IgnoredAny>>(answer.body())
        .is_ok_and(|envelope| envelope.success == Some(false))
}

/// Decodes a page of a listing. `take` converts its records to the part that is kept, or returns
/// `None` if they are unusable.
fn open_list<'a, R: Deserialize<'a>, P>(
    answer: &'a Answer,
    take: impl FnOnce(Vec<R>) -> Option<PageItems<P>>,
) -> Result<FetchedPage<P>> {
    let Envelope { data, total_count, next_token, has_more, .. } = open::<Objects<R>>(answer)?;
    let content = data.and_then(|Objects(records)| take(records));
    let content = content.ok_or_else(|| odd_shape(answer))?;
    Ok(FetchedPage { content, total: total_count, next: Next::new(has_more, next_token) })
}

/// The records of a page, decoded one by one if the page can't be decoded as a whole.
struct Records<R> {
    salvaged: Salvaged<R>,
    total: Option<u32>,
    next: Next,
}

/// Decodes a page of a listing. A record that can't be decoded does not decide about the others.
fn open_records<'a, R: Deserialize<'a>>(answer: &'a Answer) -> Result<Records<R>> {
    let error = match open::<Objects<R>>(answer) {
        Ok(Envelope { data, total_count, next_token, has_more, .. }) => {
            let Objects(records) = data.ok_or_else(|| odd_shape(answer))?;
            let next = Next::new(has_more, next_token);
            return Ok(Records { salvaged: Salvaged::whole(records), total: total_count, next });
        }
        Err(error) if error.code == Code::ServerRefused => return Err(error),
        Err(error) => error,
    };
    let Ok(Envelope { data, total_count, next_token, has_more, .. }) =
        open::<Vec<&RawValue>>(answer)
    else {
        return Err(error);
    };
    let salvaged = data.and_then(salvage).ok_or(error)?;
    Ok(Records { salvaged, total: total_count, next: Next::new(has_more, next_token) })
}

/// Returns the error that names the groups of a response that can't be used, if it is a listing.
fn unreadable_groups_in(answer: &Answer) -> Option<Error> {
    let envelope = open::<Vec<&RawValue>>(answer).ok()?;
    let has_id = |record: GroupRecord<'_>| record.into_group(None).is_some();
    unreadable_records(envelope.data?, "groups", has_id)
}

/// Converts each record of a page and keeps them all.
fn each<R, T>(
    records: Vec<R>,
    convert: impl Fn(R) -> Option<T>,
    key: fn(&T) -> &str,
) -> Option<PageItems<Vec<T>>> {
    let items = records.into_iter().map(convert).collect::<Option<Vec<T>>>()?;
    Some(PageItems::whole(items, key))
}

/// Returns the single record of a response, not decoded.
fn open_record(answer: &Answer) -> Result<&str> {
    let record = open::<&RawValue>(answer)?.data.ok_or_else(|| odd_shape(answer))?;
    Ok(record.get())
}

/// Decodes a record of a response.
fn read_record<'a, R: Deserialize<'a>>(answer: &Answer, raw: &'a str) -> Result<R> {
    de::object(raw.as_bytes()).map_err(|_| odd_shape(answer))
}

/// Returns the error for a record that lacks a required field.
fn odd_shape(answer: &Answer) -> Error {
    answer.error(
        Code::AnswerUnusable,
        "The server's answer has another shape than expected. Check that the base URL leads to Retool and nothing in between changes its answers.",
    )
}

/// Checks the response to a write: it may be empty, and its data is ignored.
fn acknowledged(answer: &Answer) -> Result<()> {
    if answer.body().is_empty() {
        return Ok(());
    }
    open::<IgnoredAny>(answer).map(drop)
}

/// Returns a record unchanged, or without some fields.
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
