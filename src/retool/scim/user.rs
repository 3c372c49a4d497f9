//! The wire format of users.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::value::{Meta, is_address};
use super::{Scim, value};
use crate::de::{BoolOrName, Id, Object, Objects, filled};
use crate::domain::{
    Account, Dialect, Email, GroupIdKind, GroupLink, Names, SharedLinks, Times, User, UserId,
    UserType,
};
use crate::error::Result;
use crate::http::Answer;
use crate::retool::request::another_user;
use crate::retool::user_filter::{Lacks, Listable, Listed, Who, key};

/// A user record.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserRecord<'a> {
    #[serde(borrow)]
    id: Id<'a>,
    user_name: Option<Id<'a>>,
    name: Option<Object<Name<'a>>>,
    // Decoded on its own, because servers write these in many ways.
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

    fn who(&self) -> Who<'_> {
        let Texts { address, login, more } = self.texts();
        let mut who = Who::new(&self.id, address.unwrap_or_default());
        who.login = login.map(key).filter(|login| !login.is_empty() && *login != who.address);
        who.more = more.into_iter().map(key).collect();
        who
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

    fn forget_times(&mut self) {
        self.meta = None;
    }

    fn into_user(self, links: &mut SharedLinks) -> User {
        UserRecord::with_links(self, links)
    }
}

/// The addresses and the login of a record, as they are written.
struct Texts<'r> {
    /// The main address: that of the mail, else the login if it is an address.
    address: Option<Cow<'r, str>>,
    /// The login.
    login: Option<Cow<'r, str>>,
    /// The other addresses.
    more: Vec<Cow<'r, str>>,
}

impl<'a> UserRecord<'a> {
    fn texts(&self) -> Texts<'_> {
        let login = self.user_name.as_deref().filter(|login| !login.trim().is_empty());
        let mut more = self.emails.map(|emails| addresses(emails.get())).unwrap_or_default();
        let address = match more.is_empty() {
            true => login.filter(|login| is_address(login)).map(Cow::Borrowed),
            false => Some(more.remove(0)),
        };
        Texts { address, login: login.map(Cow::Borrowed), more }
    }

    /// Returns the groups in which the user is a direct member. A user who is in a group through
    /// another group can't be removed from it.
    fn direct(&self) -> impl Iterator<Item = &LinkRecord<'a>> {
        let groups = self.groups.iter().flat_map(|groups| &groups.0);
        groups.filter(|link| !is(link.kind.as_deref(), "indirect"))
    }

    /// Converts the record to a [`User`].
    pub(super) fn into_user(self) -> User {
        self.with_links(&mut SharedLinks::default())
    }

    fn with_links(self, links: &mut SharedLinks) -> User {
        let links: Vec<GroupLink> = self.direct().map(|record| record.link(links)).collect();
        let (admin, disabled) = (self.is_admin(), self.is_disabled());
        let id = UserId { dialect: Dialect::Scim, value: (&*self.id).into() };
        let Texts { address, login, more } = self.texts();
        let email = Email::of_account(&address.unwrap_or_default(), &id, login.as_deref());
        let is_plain = more.is_empty()
            && email.is_address()
            && login.as_deref().is_some_and(|login| login.trim() == email.as_str());
        let names = (!is_plain).then(|| {
            Box::new(Names {
                login: login.map(|login| Email::new(&login)),
                emails: more.iter().map(|address| Email::new(address)).collect(),
            })
        });
        let Object(name) = self.name.unwrap_or_default();
        let Object(meta) = self.meta.unwrap_or_default();
        User {
            email,
            admin,
            disabled,
            // Some servers echo the empty list that a client sent. Then the groups must be read.
            groups: (!links.is_empty()).then_some(links),
            id,
            names,
            first_name: filled(name.given_name),
            last_name: filled(name.family_name),
            user_type: None,
            invited: None,
            profile_photo_url: None,
            metadata: None,
            attributes: None,
            times: Times {
                created_at: filled(meta.created),
                updated_at: filled(meta.last_modified),
                last_active_at: None,
            }
            .into(),
        }
    }
}

impl LinkRecord<'_> {
    fn link(&self, links: &mut SharedLinks) -> GroupLink {
        let name = self.display.as_deref().filter(|name| !name.is_empty());
        links.get(GroupIdKind::Scim, &self.value, name)
    }
}

/// Returns whether a text is this name, in any case.
pub(super) fn is(text: Option<&str>, name: &str) -> bool {
    text.is_some_and(|text| text.eq_ignore_ascii_case(name))
}

/// Returns a user's addresses, each once. The main one is first: the primary one, else the one for
/// work, else the first.
fn addresses(emails: &str) -> Vec<Cow<'_, str>> {
    let Ok(Objects(records)) = serde_json::from_str::<Objects<EmailRecord<'_>>>(emails) else {
        return Vec::new();
    };
    let mut main = 0;
    let mut best = None;
    let mut addresses: Vec<Cow<'_, str>> = Vec::new();
    for record in records {
        let Some(value) = record.value.filter(|value| is_address(value)) else {
            continue;
        };
        let rank = match record.primary {
            Some(BoolOrName(true)) => 2,
            _ if is(record.kind.as_deref(), "work") => 1,
            _ => 0,
        };
        let value: Cow<'_, str> = value.into();
        let same = |known: &Cow<'_, str>| Email::key_of(known) == Email::key_of(&value);
        let at = addresses.iter().position(same).unwrap_or_else(|| {
            addresses.push(value);
            addresses.len() - 1
        });
        if best.is_none_or(|known| rank > known) {
            (best, main) = (Some(rank), at);
        }
    }
    if main > 0 {
        addresses.swap(0, main);
    }
    addresses
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
