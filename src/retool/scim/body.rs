//! The bodies of SCIM requests.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::form::Form;
use crate::domain::{Account, Email, Field, NewUser, UserPatch};
use crate::retool::raw_record::RawRecord;
use crate::ser::to_body;

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// Returns the body that creates a user.
pub(super) fn create_user(user: &NewUser) -> Vec<u8> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct CreateUser<'a> {
        schemas: [&'static str; 1],
        user_name: &'a str,
        #[serde(skip_serializing_if = "Name::is_empty")]
        name: Name<'a>,
        emails: [Address<'a>; 1],
        active: bool,
    }
    #[derive(Serialize)]
    struct Address<'a> {
        value: &'a str,
        r#type: &'static str,
        primary: bool,
    }
    let email = user.email.as_str();
    to_body(&CreateUser {
        schemas: [USER],
        user_name: user.login.as_deref().unwrap_or(email),
        name: Name {
            given_name: user.fields.first_name.as_deref(),
            family_name: user.fields.last_name.as_deref(),
        },
        emails: [Address { value: email, r#type: "work", primary: true }],
        active: true,
    })
}

/// Returns the body that creates a group.
pub(super) fn create_group(name: &str) -> Vec<u8> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct CreateGroup<'a> {
        schemas: [&'static str; 1],
        display_name: &'a str,
    }
    to_body(&CreateGroup { schemas: [GROUP], display_name: name })
}

/// The body of a PATCH.
#[derive(Serialize)]
pub(super) struct PatchOp<'a> {
    schemas: [&'static str; 1],
    #[serde(rename = "Operations")]
    operations: Vec<Operation<'a>>,
}

/// A change of one attribute, or without a path of several.
#[derive(Serialize)]
struct Operation<'a> {
    op: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Value<'a>>,
}

/// The value that an attribute is set to, or that is added to it or removed from it.
#[derive(Serialize)]
#[serde(untagged)]
enum Value<'a> {
    Text(&'a str),
    Flag(bool),
    Members(Vec<Member<'a>>),
    Json(Box<RawValue>),
    Attributes(Attributes<'a>),
}

/// The attributes that an operation without a path changes.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Attributes<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    user_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    emails: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<Name<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    active: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    members: Option<Vec<Member<'a>>>,
}

/// A user's names.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Name<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    given_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    family_name: Option<&'a str>,
}

#[derive(Serialize)]
struct Member<'a> {
    value: &'a str,
}

impl Name<'_> {
    fn is_empty(&self) -> bool {
        self.given_name.is_none() && self.family_name.is_none()
    }
}

impl<'a> PatchOp<'a> {
    fn new() -> Self {
        PatchOp { schemas: [PATCH], operations: Vec::new() }
    }

    fn with(mut self, op: &'static str, path: &'a str, value: Option<Value<'a>>) -> Self {
        self.operations.push(Operation { op, path: Some(path), value });
        self
    }

    fn without_path(op: &'static str, attributes: Attributes<'a>) -> Self {
        let value = Some(Value::Attributes(attributes));
        PatchOp { schemas: [PATCH], operations: Vec::from([Operation { op, path: None, value }]) }
    }

    fn replace(self, path: &'a str, value: Option<Value<'a>>) -> Self {
        if value.is_some() { self.with("replace", path, value) } else { self }
    }

    fn remove_if(self, path: &'a str, is_cleared: bool) -> Self {
        if is_cleared { self.with("remove", path, None) } else { self }
    }

    /// Sets those fields of a patch that SCIM has.
    pub(super) fn user(account: &'a Account, patch: &'a UserPatch, form: Form) -> Self {
        let UserPatch { first_name, last_name, disabled, .. } = patch;
        let user = &account.user;
        let active = disabled.map(|disabled| !disabled);
        let Renaming { login, emails } = Renaming::of(account, patch);
        if form == Form::ByPath {
            return Self::new()
                .replace("userName", login.map(Value::Text))
                .replace("emails", emails.map(Value::Json))
                .replace("name.givenName", first_name.as_deref().map(Value::Text))
                .replace("name.familyName", last_name.as_deref().map(Value::Text))
                .remove_if("name.givenName", patch.clears(Field::FirstName))
                .remove_if("name.familyName", patch.clears(Field::LastName))
                .replace("active", active.map(Value::Flag));
        }
        // Both names, because some servers replace the whole of them. An empty one clears it.
        let cleared = |field| patch.clears(field).then_some("");
        let given_name = first_name.as_deref().or(cleared(Field::FirstName));
        let family_name = last_name.as_deref().or(cleared(Field::LastName));
        let name = (given_name.is_some() || family_name.is_some()).then(|| Name {
            given_name: given_name.or(user.first_name.as_deref()),
            family_name: family_name.or(user.last_name.as_deref()),
        });
        let attributes =
            Attributes { user_name: login, emails, name, active, ..Attributes::default() };
        Self::without_path("replace", attributes)
    }

    /// Renames a group.
    pub(super) fn rename(name: &'a str, form: Form) -> Self {
        if form == Form::ByPath {
            return Self::new().replace("displayName", Some(Value::Text(name)));
        }
        let attributes = Attributes { display_name: Some(name), ..Attributes::default() };
        Self::without_path("replace", attributes)
    }

    /// Adds members to a group.
    pub(super) fn add_members(ids: &[&'a str], form: Form) -> Self {
        if form == Form::ByPath {
            return Self::new().with("add", "members", Some(Value::Members(members(ids))));
        }
        Self::without_path(
            "add",
            Attributes { members: Some(members(ids)), ..Attributes::default() },
        )
    }

    /// Removes one member, given in the path.
    pub(super) fn remove_by_path(path: &'a str) -> Self {
        Self::new().with("remove", path, None)
    }

    /// Removes one member, given in the value.
    pub(super) fn remove_by_value(id: &'a str) -> Self {
        Self::new().with("remove", "members", Some(Value::Members(members(&[id]))))
    }

    /// Returns the body as it is sent.
    pub(super) fn body(&self) -> Vec<u8> {
        to_body(self)
    }
}

/// Returns members by their ids.
fn members<'a>(ids: &[&'a str]) -> Vec<Member<'a>> {
    ids.iter().map(|id| Member { value: id }).collect()
}

/// The attributes of a user that only the server sets. A PUT does not contain them.
const SERVER_MANAGED: [&str; 2] = ["meta", "groups"];

/// Returns whether a patch sets no field that SCIM has.
pub(super) fn sets_nothing(patch: &UserPatch) -> bool {
    let changes_name =
        [Field::FirstName, Field::LastName].map(|field| patch.wanted(field).is_some());
    changes_name == [false; 2] && patch.disabled.is_none() && patch.email.is_none()
}

/// What gives an account another address.
#[derive(Debug, Default)]
pub(super) struct Renaming<'a> {
    /// The new `userName`, where the former address was the login too. Another login stays.
    login: Option<&'a str>,
    /// All mails of the account, the main one with the new address.
    emails: Option<Box<RawValue>>,
}

impl<'a> Renaming<'a> {
    /// Returns what a patch changes. Mails keep everything but the address.
    fn of(account: &Account, patch: &'a UserPatch) -> Self {
        let Some(email) = &patch.email else { return Renaming::default() };
        let user = &account.user;
        Renaming {
            login: user.has_login(&user.email).then_some(email.as_str()),
            emails: mails(&account.raw, &user.email, email),
        }
    }

    /// Returns whether a patch gives an account another address, and the record has no place for
    /// it.
    pub(super) fn is_impossible(account: &Account, patch: &UserPatch) -> bool {
        let Renaming { login, emails } = Renaming::of(account, patch);
        patch.email.is_some() && login.is_none() && emails.is_none()
    }
}

/// Returns the mails of a record with another address instead of `before`; `None` if none has it.
fn mails(raw: &str, before: &Email, after: &Email) -> Option<Box<RawValue>> {
    let mails = RawRecord::parse(raw)?.nested("emails")?;
    let mails: Vec<&RawValue> = serde_json::from_str(&mails).ok()?;
    let mut mails: Vec<RawRecord<'_>> =
        mails.into_iter().map(|mail| RawRecord::parse(mail.get())).collect::<Option<_>>()?;
    let mut is_found = false;
    for mail in &mut mails {
        if mail.text("value").is_some_and(|value| Email::new(&value) == *before) {
            mail.set_text("value", Some(after.as_str()));
            is_found = true;
        }
    }
    if !is_found {
        return None;
    }
    to_raw_value(&mails).ok()
}

/// Returns the record to PUT for a user: the record that was read, byte for byte, with the changes
/// of a patch. `None` if the record that was read is not an object.
pub(super) fn whole_user<'a>(account: &'a Account, patch: &UserPatch) -> Option<RawRecord<'a>> {
    let (raw, user) = (&account.raw, &account.user);
    let mut record = RawRecord::parse(raw)?;
    for field in SERVER_MANAGED {
        record.remove(field);
    }
    let Renaming { login, emails } = Renaming::of(account, patch);
    record.set_text("userName", login);
    if let Some(emails) = emails {
        record.set_json("emails", emails);
    }
    record.set_flag("active", patch.disabled.map(|disabled| !disabled));
    let (first, last) = (patch.first_name.as_deref(), patch.last_name.as_deref());
    let (no_first, no_last) = (patch.clears(Field::FirstName), patch.clears(Field::LastName));
    if first.is_none() && last.is_none() && !no_first && !no_last {
        return Some(record);
    }
    let before = full_name(user.first_name.as_deref(), user.last_name.as_deref());
    let after = full_name(
        first.or(user.first_name.as_deref().filter(|_| !no_first)),
        last.or(user.last_name.as_deref().filter(|_| !no_last)),
    );
    let nested = record.nested("name");
    let mut name = nested.as_deref().and_then(RawRecord::parse).unwrap_or_default();
    name.set_text("givenName", first);
    name.set_text("familyName", last);
    for (field, is_cleared) in [("givenName", no_first), ("familyName", no_last)] {
        if is_cleared {
            name.remove(field);
        }
    }
    // A text that is made of the names follows them.
    if name.text("formatted").is_some_and(|text| text == before) {
        name.set_text("formatted", Some(&after));
    }
    if name.is_empty() {
        record.remove("name");
    } else {
        record.set_record("name", &name);
    }
    if record.text("displayName").is_some_and(|text| text == before) {
        record.set_text("displayName", Some(&after));
    }
    Some(record)
}

/// Returns the names that exist, in the order in which servers join them.
fn full_name<'a>(first: Option<&'a str>, last: Option<&'a str>) -> Cow<'a, str> {
    match (first, last) {
        (Some(first), Some(last)) => Cow::Owned(String::from(first) + " " + last),
        (name, other) => Cow::Borrowed(name.or(other).unwrap_or_default()),
    }
}
