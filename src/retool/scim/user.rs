//! Users as they stand on the wire.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::group::group_id;
use super::value::{Flag, Meta, Object, Text, is_address, text};
use super::{Scim, decode, value};
use crate::domain::{Account, Dialect, Email, GroupLink, User, UserId};
use crate::error::{Code, Result};
use crate::http::Answer;

/// A user record.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserRecord<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    user_name: Text<'a>,
    #[serde(borrow)]
    name: Option<Object<Name<'a>>>,
    // Read only where the user name is no address: servers write these in many ways.
    #[serde(borrow)]
    emails: Option<&'a RawValue>,
    active: Option<Flag>,
    #[serde(borrow)]
    groups: Option<Vec<Object<LinkRecord<'a>>>>,
    #[serde(borrow)]
    meta: Option<Object<Meta<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Name<'a> {
    #[serde(borrow)]
    given_name: Option<Text<'a>>,
    #[serde(borrow)]
    family_name: Option<Text<'a>>,
}

/// A group next to a user.
#[derive(Deserialize)]
struct LinkRecord<'a> {
    #[serde(borrow)]
    value: Text<'a>,
    #[serde(borrow)]
    display: Option<Text<'a>>,
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct EmailRecord<'a> {
    #[serde(borrow)]
    value: Option<Text<'a>>,
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    primary: Option<Flag>,
}

/// The built-in group of those who administer the organisation.
const ADMINISTRATORS: &str = "admin";

/// A user, and whether the record said all that decides what is done to them.
pub(super) struct Listed {
    pub user: User,
    /// It does not say whether the account is active.
    pub short: bool,
}

impl UserRecord<'_> {
    /// As the rest of the component knows it. SCIM has no field for who administers the
    /// organisation; the members of Retool's built-in group for it do.
    pub(super) fn into_listed(self) -> Listed {
        let (first_name, last_name) = match self.name {
            Some(Object(name)) => (text(name.given_name), text(name.family_name)),
            None => (None, None),
        };
        let (created_at, updated_at) = match self.meta {
            Some(Object(meta)) => (text(meta.created), text(meta.last_modified)),
            None => (None, None),
        };
        let email = match self.emails {
            Some(emails) if !is_address(&self.user_name.0) => address(emails),
            _ => None,
        };
        // Some servers echo the empty list that a client sent; the groups themselves know.
        let groups = self.groups.map(links).filter(|links| !links.is_empty());
        let is_admins = |link: &GroupLink| link.name.as_deref() == Some(ADMINISTRATORS);
        let user = User {
            id: user_id(self.id),
            email: email.unwrap_or_else(|| Email::new(&self.user_name.0)),
            first_name,
            last_name,
            user_type: None,
            admin: groups.iter().flatten().any(is_admins),
            disabled: self.active.is_some_and(|Flag(active)| !active),
            invited: None,
            profile_photo_url: None,
            groups,
            created_at,
            updated_at,
            last_active_at: None,
        };
        Listed { user, short: self.active.is_none() }
    }
}

fn links(records: Vec<Object<LinkRecord<'_>>>) -> Vec<GroupLink> {
    let direct = records.into_iter().map(|Object(record)| record).filter(|record| {
        // Who is in a group through another one can't be removed from it.
        !record.kind.as_ref().is_some_and(|kind| kind.0.eq_ignore_ascii_case("indirect"))
    });
    direct.map(|link| GroupLink { id: group_id(link.value), name: text(link.display) }).collect()
}

/// The address that stands for a person: the primary one, else the one for work, else the first.
fn address(emails: &RawValue) -> Option<Email> {
    let records: Vec<Object<EmailRecord<'_>>> = serde_json::from_str(emails.get()).ok()?;
    let is_work = |record: &EmailRecord<'_>| {
        record.kind.as_ref().is_some_and(|kind| kind.0.eq_ignore_ascii_case("work"))
    };
    let mut best = None;
    for Object(record) in &records {
        let Some(value) = record.value.as_ref().filter(|value| is_address(&value.0)) else {
            continue;
        };
        let rank = match record.primary {
            Some(Flag(true)) => 2,
            _ if is_work(record) => 1,
            _ => 0,
        };
        if best.is_none_or(|(known, _)| rank > known) {
            best = Some((rank, value.0.as_ref()));
        }
    }
    best.map(|(_, value)| Email::new(value))
}

fn user_id(id: Text<'_>) -> UserId {
    UserId { dialect: Dialect::Scim, value: id.0.into_owned() }
}

/// Reads a user and makes sure that it is the one asked for.
pub(super) fn decode_user(answer: &Answer, id: &UserId) -> Result<Listed> {
    let record: UserRecord<'_> = decode(answer)?;
    let listed = record.into_listed();
    if listed.user.id != *id {
        return Err(answer.error(
            Code::WrongPerson,
            "The server answered with another user than the one asked for. Look for a proxy that mixes up answers.",
        ));
    }
    Ok(listed)
}

impl Scim {
    /// The whole account that an answer shows.
    pub(super) fn account_in(&self, answer: &Answer, id: &UserId) -> Result<Account> {
        let Listed { user, .. } = decode_user(answer, id)?;
        let raw = whole_body(answer)?;
        let tag = answer.etag().filter(|tag| value::is_entity_tag(tag));
        *self.last_read.borrow_mut() = tag.map(|tag| (id.value.clone(), tag.to_string()));
        Ok(Account { user, raw, read_at: answer.answered_at() })
    }

    /// The version of an account as `If-Match` names it; `None` if the server gave none.
    pub(super) fn version_of(&self, account: &Account) -> Option<String> {
        value::version(&account.raw).or_else(|| {
            let last = self.last_read.borrow();
            last.as_ref().filter(|(id, _)| *id == account.user.id.value).map(|(_, tag)| tag.clone())
        })
    }
}

/// The body as text. That it was read as JSON does not make it UTF-8: what is not looked at is
/// not checked either.
pub(super) fn whole_body(answer: &Answer) -> Result<String> {
    str::from_utf8(answer.body()).map(ToString::to_string).map_err(|_| {
        answer.error(
            Code::AnswerUnusable,
            "The server's answer is not UTF-8, so it can't be kept as it is. Look for a proxy that changes answers.",
        )
    })
}
