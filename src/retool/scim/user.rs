//! Users as they stand on the wire.

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::convert::Infallible;

use super::value::{Meta, is_address};
use super::{Scim, value};
use crate::domain::{Account, Dialect, Email, GroupId, GroupIdKind, GroupLink, User, UserId};
use crate::error::{Code, Result};
use crate::http::Answer;
use crate::json::{self, Flag, List, Nested, Record, Slot, Text, Told};
use crate::retool::user_filter::{Listable, Listed};

/// A user record.
#[derive(Default)]
pub(super) struct UserRecord<'a> {
    id: Text<'a>,
    user_name: Text<'a>,
    name: Nested<Name<'a>>,
    // Read only where the user name is no address: servers write these in many ways.
    emails: Text<'a>,
    active: Flag,
    groups: List<LinkRecord<'a>>,
    meta: Nested<Meta<'a>>,
}

impl<'a> Record<'a> for UserRecord<'a> {
    fn field(&mut self, name: &str) -> Slot<'_, 'a> {
        match name {
            "id" => Slot::Id(&mut self.id),
            "userName" => Slot::Id(&mut self.user_name),
            "name" => self.name.slot(),
            "emails" => Slot::Raw(&mut self.emails),
            "active" => Slot::NamedFlag(&mut self.active),
            "groups" => self.groups.slot(),
            "meta" => self.meta.slot(),
            _ => Slot::Skip,
        }
    }

    fn is_whole(&self) -> bool {
        self.id.is_value() && self.user_name.is_value()
    }
}

#[derive(Default)]
struct Name<'a> {
    given_name: Text<'a>,
    family_name: Text<'a>,
}

impl<'a> Record<'a> for Name<'a> {
    fn field(&mut self, name: &str) -> Slot<'_, 'a> {
        match name {
            "givenName" => Slot::Id(&mut self.given_name),
            "familyName" => Slot::Id(&mut self.family_name),
            _ => Slot::Skip,
        }
    }
}

/// A group next to a user.
#[derive(Default)]
struct LinkRecord<'a> {
    value: Text<'a>,
    display: Text<'a>,
    kind: Text<'a>,
}

impl<'a> Record<'a> for LinkRecord<'a> {
    fn field(&mut self, name: &str) -> Slot<'_, 'a> {
        match name {
            "value" => Slot::Id(&mut self.value),
            "display" => Slot::Id(&mut self.display),
            "type" => Slot::Id(&mut self.kind),
            _ => Slot::Skip,
        }
    }

    fn is_whole(&self) -> bool {
        self.value.is_value()
    }
}

#[derive(Default)]
struct EmailRecord<'a> {
    value: Text<'a>,
    kind: Text<'a>,
    primary: Flag,
}

impl<'a> Record<'a> for EmailRecord<'a> {
    fn field(&mut self, name: &str) -> Slot<'_, 'a> {
        match name {
            "value" => Slot::Id(&mut self.value),
            "type" => Slot::Id(&mut self.kind),
            "primary" => Slot::NamedFlag(&mut self.primary),
            _ => Slot::Skip,
        }
    }
}

/// The built-in group of those who administer the organisation.
const ADMINISTRATORS: &str = "admin";

impl Listable for UserRecord<'_> {
    type Unusable = Infallible;

    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn address(&self) -> Cow<'_, str> {
        let user_name = self.user_name.as_str();
        let stated = self.emails.get().filter(|_| !is_address(user_name));
        stated.and_then(|emails| address(emails)).unwrap_or(Cow::Borrowed(user_name))
    }

    // SCIM has no field for who administers the organisation; the members of Retool's built-in
    // group for it do.
    fn is_admin(&self) -> bool {
        self.direct().any(|link| link.display.as_str() == ADMINISTRATORS)
    }

    fn is_disabled(&self) -> bool {
        self.active == Told::Value(false)
    }

    fn is_short(&self) -> bool {
        !self.active.is_value()
    }

    fn groups(&self) -> Option<Vec<&str>> {
        let ids: Vec<&str> = self.direct().map(|link| link.value.as_str()).collect();
        // Some servers echo the empty list that a client sent; the groups themselves know.
        (!ids.is_empty()).then_some(ids)
    }

    fn into_user(self) -> Result<User, Infallible> {
        Ok(UserRecord::into_user(self))
    }
}

impl<'a> UserRecord<'a> {
    /// The groups that they are in themselves: who is in one through another can't be removed
    /// from it.
    fn direct(&self) -> impl Iterator<Item = &LinkRecord<'a>> {
        let groups = self.groups.get().into_iter().flatten();
        groups.filter(|link| !is(&link.kind, "indirect"))
    }

    /// As the rest of the component knows it.
    pub(super) fn into_user(self) -> User {
        let links: Vec<GroupLink> = self.direct().map(LinkRecord::link).collect();
        User {
            email: Email::new(&self.address()),
            admin: self.is_admin(),
            disabled: self.is_disabled(),
            // Some servers echo the empty list that a client sent; the groups themselves know.
            groups: (!links.is_empty()).then_some(links),
            id: user_id(self.id),
            first_name: self.name.record.given_name.filled(),
            last_name: self.name.record.family_name.filled(),
            user_type: None,
            invited: None,
            profile_photo_url: None,
            created_at: self.meta.record.created.filled(),
            updated_at: self.meta.record.last_modified.filled(),
            last_active_at: None,
        }
    }
}

impl LinkRecord<'_> {
    fn link(&self) -> GroupLink {
        let name = self.display.as_str();
        GroupLink {
            id: GroupId { kind: GroupIdKind::Scim, value: self.value.as_str().to_string() },
            name: (!name.is_empty()).then(|| name.to_string()),
        }
    }
}

/// Whether it is this name, in any case.
pub(super) fn is(text: &Text<'_>, name: &str) -> bool {
    text.get().is_some_and(|text| text.eq_ignore_ascii_case(name))
}

/// The address that stands for a person: the primary one, else the one for work, else the first.
fn address(emails: &str) -> Option<Cow<'_, str>> {
    let mut records = List::<EmailRecord<'_>>::default();
    json::read(emails.as_bytes(), records.slot()).ok()?;
    let records = records.value()?;
    let mut best = None;
    for record in records {
        let Some(value) = record.value.value().filter(|value| is_address(value)) else {
            continue;
        };
        let rank = match record.primary {
            Told::Value(true) => 2,
            _ if is(&record.kind, "work") => 1,
            _ => 0,
        };
        if best.as_ref().is_none_or(|(known, _)| rank > *known) {
            best = Some((rank, value));
        }
    }
    best.map(|(_, value)| value)
}

fn user_id(id: Text<'_>) -> UserId {
    UserId { dialect: Dialect::Scim, value: id.into_text() }
}

/// Reads a user and makes sure that it is the one asked for.
pub(super) fn decode_user(answer: &Answer, id: &UserId) -> Result<Listed> {
    let record: UserRecord<'_> = answer.decode()?;
    let listed = Listed { short: record.is_short(), user: record.into_user() };
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
