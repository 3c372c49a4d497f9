//! The wire format of users.

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::value::{Meta, is_address};
use super::{Scim, value};
use crate::de::{BoolOrName, Id, Object, Objects, filled};
use crate::domain::{
    Account, Dialect, Email, GroupId, GroupIdKind, GroupLink, User, UserId, UserType,
};
use crate::error::Result;
use crate::http::Answer;
use crate::retool::request::another_user;
use crate::retool::user_filter::{Lacks, Listable, Listed};

/// A user record.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserRecord<'a> {
    #[serde(borrow)]
    id: Id<'a>,
    user_name: Option<Id<'a>>,
    name: Option<Object<Name<'a>>>,
    // Decoded only if the user name is not an address, because servers write these in many ways.
    emails: Option<&'a RawValue>,
    active: Option<BoolOrName>,
    groups: Option<Objects<LinkRecord<'a>>>,
    meta: Option<Object<Meta<'a>>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Name<'a> {
    #[serde(borrow)]
    given_name: Option<Id<'a>>,
    family_name: Option<Id<'a>>,
}

/// A group in a user record.
#[derive(Deserialize)]
struct LinkRecord<'a> {
    #[serde(borrow)]
    value: Id<'a>,
    display: Option<Id<'a>>,
    #[serde(rename = "type")]
    kind: Option<Id<'a>>,
}

#[derive(Deserialize)]
struct EmailRecord<'a> {
    #[serde(borrow)]
    value: Option<Id<'a>>,
    #[serde(rename = "type")]
    kind: Option<Id<'a>>,
    primary: Option<BoolOrName>,
}

/// The built-in group of the organisation's administrators.
const ADMINISTRATORS: &str = "admin";

impl Listable for UserRecord<'_> {
    fn id(&self) -> &str {
        &self.id
    }

    fn address(&self) -> Cow<'_, str> {
        let user_name = self.user_name.as_deref().unwrap_or_default();
        let stated = self.emails.filter(|_| !is_address(user_name));
        stated.and_then(|emails| address(emails.get())).unwrap_or(Cow::Borrowed(user_name))
    }

    // SCIM has no field for this. The members of Retool's built-in group administer the
    // organisation.
    fn is_admin(&self) -> bool {
        self.direct().any(|link| link.display.as_deref() == Some(ADMINISTRATORS))
    }

    fn is_disabled(&self) -> bool {
        self.active == Some(BoolOrName(false))
    }

    fn seat(&self) -> Option<UserType> {
        Some(UserType::Default)
    }

    fn lacks(&self) -> Lacks {
        if self.active.is_none() { Lacks::Needed } else { Lacks::Nothing }
    }

    fn groups(&self) -> Option<Vec<&str>> {
        let ids: Vec<&str> = self.direct().map(|link| &*link.value).collect();
        // Some servers echo the empty list that a client sent. Then the groups must be read.
        (!ids.is_empty()).then_some(ids)
    }

    fn into_user(self) -> User {
        UserRecord::into_user(self)
    }
}

impl<'a> UserRecord<'a> {
    /// Returns the groups in which the user is a direct member. A user who is in a group through
    /// another group can't be removed from it.
    fn direct(&self) -> impl Iterator<Item = &LinkRecord<'a>> {
        let groups = self.groups.iter().flat_map(|groups| &groups.0);
        groups.filter(|link| !is(link.kind.as_deref(), "indirect"))
    }

    /// Converts the record to a [`User`].
    pub(super) fn into_user(self) -> User {
        let links: Vec<GroupLink> = self.direct().map(LinkRecord::link).collect();
        let (email, admin, disabled) =
            (Email::new(&self.address()), self.is_admin(), self.is_disabled());
        let Object(name) = self.name.unwrap_or_default();
        let Object(meta) = self.meta.unwrap_or_default();
        User {
            email,
            admin,
            disabled,
            // Some servers echo the empty list that a client sent. Then the groups must be read.
            groups: (!links.is_empty()).then_some(links),
            id: user_id(self.id),
            first_name: filled(name.given_name),
            last_name: filled(name.family_name),
            user_type: None,
            invited: None,
            profile_photo_url: None,
            created_at: filled(meta.created),
            updated_at: filled(meta.last_modified),
            last_active_at: None,
        }
    }
}

impl LinkRecord<'_> {
    fn link(&self) -> GroupLink {
        GroupLink {
            id: GroupId { kind: GroupIdKind::Scim, value: self.value.to_string() },
            name: filled(self.display.as_deref()),
            group_admin: None,
        }
    }
}

/// Returns whether a text is this name, in any case.
pub(super) fn is(text: Option<&str>, name: &str) -> bool {
    text.is_some_and(|text| text.eq_ignore_ascii_case(name))
}

/// Returns a user's main address: the primary one, else the one for work, else the first.
fn address(emails: &str) -> Option<Cow<'_, str>> {
    let Objects(records) = serde_json::from_str::<Objects<EmailRecord<'_>>>(emails).ok()?;
    let mut best = None;
    for record in records {
        let Some(value) = record.value.filter(|value| is_address(value)) else {
            continue;
        };
        let rank = match record.primary {
            Some(BoolOrName(true)) => 2,
            _ if is(record.kind.as_deref(), "work") => 1,
            _ => 0,
        };
        if best.as_ref().is_none_or(|(known, _)| rank > *known) {
            best = Some((rank, value));
        }
    }
    best.map(|(_, value)| value.into())
}

fn user_id(id: Id<'_>) -> UserId {
    UserId { dialect: Dialect::Scim, value: id.into_string() }
}

/// Decodes a user and checks that it is the requested one.
pub(super) fn decode_user(answer: &Answer, id: &UserId) -> Result<Listed> {
    let record: UserRecord<'_> = answer.decode()?;
    let listed = Listed { lacks: record.lacks(), user: record.into_user() };
    if listed.user.id != *id {
        return Err(another_user(answer));
    }
    Ok(listed)
}

impl Scim {
    /// Returns the whole account in a response.
    pub(super) fn account_in(&self, answer: &Answer, id: &UserId) -> Result<Account> {
        let Listed { user, .. } = decode_user(answer, id)?;
        let raw = answer.text()?.to_string();
        let tag = answer.etag().filter(|tag| value::is_entity_tag(tag));
        *self.last_read.borrow_mut() = tag.map(|tag| (id.value.clone(), tag.to_string()));
        Ok(Account { user, raw, read_at: answer.answered_at() })
    }

    /// Returns the version of an account for `If-Match`; `None` if the server gave none.
    pub(super) fn version_of(&self, account: &Account) -> Option<String> {
        value::version(&account.raw).or_else(|| {
            let last = self.last_read.borrow();
            last.as_ref().filter(|(id, _)| *id == account.user.id.value).map(|(_, tag)| tag.clone())
        })
    }
}
