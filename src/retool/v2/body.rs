//! The bodies of requests to `/api/v2`.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use serde::Serialize;
use serde_json::value::RawValue;

use super::access::{self, NewGroup, Value};
use super::wire::user_type_text;
use crate::domain::{
    AccessSetting, Changes, Field, GroupPatch, Metadata, NewUser, UserId, UserPatch,
};
use crate::ser::to_body;

/// Returns the body that creates a user; `None` without both names.
pub fn create_user(user: &NewUser) -> Option<Vec<u8>> {
    #[derive(Serialize)]
    struct CreateUser<'a> {
        email: &'a str,
        first_name: &'a str,
        last_name: &'a str,
        active: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        user_type: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        metadata: Option<Box<RawValue>>,
    }
    let fields = &user.fields;
    let metadata = Metadata::default().with(&fields.metadata);
    Some(to_body(&CreateUser {
        email: user.email.as_str(),
        first_name: given(fields.first_name.as_deref())?,
        last_name: given(fields.last_name.as_deref())?,
        active: true,
        user_type: fields.user_type.and_then(user_type_text),
        metadata: (!metadata.is_empty()).then(|| raw(&metadata.to_json())),
    }))
}

/// Returns a JSON text as a part of a body. A text that is no JSON was refused before.
fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.into()).unwrap_or_default()
}

/// Returns a name if it is more than white space.
fn given(name: Option<&str>) -> Option<&str> {
    name.filter(|name| !name.trim().is_empty())
}

/// Returns the body that creates a group and sets what its members may do.
pub fn create_group(name: &str, access: &[AccessSetting]) -> Vec<u8> {
    to_body(&NewGroup { name, access })
}

/// Returns the body that adds members to a group. It also sets whether each administers the group,
/// for existing members too.
pub fn members(people: &[&UserId], is_group_admin: bool) -> Vec<u8> {
    #[derive(Serialize)]
    struct AddMembers<'a> {
        members: Vec<NewMember<'a>>,
    }
    #[derive(Serialize)]
    struct NewMember<'a> {
        id: &'a str,
        is_group_admin: bool,
    }
    let members = people.iter().map(|id| NewMember { id: &id.value, is_group_admin });
    to_body(&AddMembers { members: members.collect() })
}

/// Returns the body that invites a person to groups, by their numbers, with metadata.
pub fn invite(email: &str, groups: &[u64], metadata: &Changes) -> Vec<u8> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Invite<'a> {
        email: &'a str,
        #[serde(skip_serializing_if = "<[u64]>::is_empty")]
        default_group_ids: &'a [u64],
        #[serde(skip_serializing_if = "Option::is_none")]
        metadata: Option<Box<RawValue>>,
    }
    let metadata = Metadata::default().with(metadata);
    let metadata = (!metadata.is_empty()).then(|| raw(&metadata.to_json()));
    to_body(&Invite { email, default_group_ids: groups, metadata })
}

/// Returns the body that adds invitations to a group, by the server's numbers.
pub fn add_invites(numbers: &[u64]) -> Vec<u8> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct AddInvites<'a> {
        user_invite_ids: &'a [u64],
    }
    to_body(&AddInvites { user_invite_ids: numbers })
}

/// Returns the body that sets a user attribute.
pub fn set_attribute(name: &str, value: &str) -> Vec<u8> {
    #[derive(Serialize)]
    struct SetAttribute<'a> {
        name: &'a str,
        value: &'a str,
    }
    to_body(&SetAttribute { name, value })
}

/// The path of the metadata in a user's record.
const METADATA: &str = "/metadata";

/// Returns a key as a part of a JSON pointer.
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// The body that changes some fields of a record.
#[derive(Default, Serialize)]
pub struct Operations<'a> {
    operations: Vec<Operation<'a>>,
}

/// A change of one field.
#[derive(Serialize)]
struct Operation<'a> {
    op: &'static str,
    path: Cow<'static, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Value<'a>>,
}

/// How the operations of a PATCH name what they change of the metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetadataForm {
    /// One operation for each key. It can't lose a key that another user sets at the same time.
    ByKey,
    /// One operation for the metadata as a whole, for servers that know no paths inside it.
    Whole,
}

impl<'a> Operations<'a> {
    /// Creates operations for the fields of a patch that this dialect can set. `metadata` is that of
    /// the user as it was last read.
    pub fn of_user(patch: &'a UserPatch, metadata: &Metadata, form: MetadataForm) -> Self {
        let UserPatch {
            email: _,
            first_name,
            last_name,
            user_type,
            admin: _,
            disabled,
            profile_photo_url: _,
            clear: _,
            metadata: keys,
        } = patch;
        let mut operations = Operations::default();
        operations.text("/first_name", first_name.as_deref());
        operations.text("/last_name", last_name.as_deref());
        operations.text("/user_type", user_type.and_then(user_type_text));
        if let Some(disabled) = disabled {
            operations.push("replace", "/active".into(), Some(Value::Flag(!disabled)));
        }
        for (field, path) in [(Field::FirstName, "/first_name"), (Field::LastName, "/last_name")] {
            if patch.clears(field) {
                operations.push("remove", path.into(), None);
            }
        }
        match form {
            MetadataForm::Whole if keys.is_empty() => {}
            MetadataForm::Whole => {
                let whole = metadata.with(keys).to_json();
                operations.push("replace", METADATA.into(), Some(Value::Json(raw(&whole))));
            }
            MetadataForm::ByKey => {
                for (key, json) in keys {
                    let path = format!("{METADATA}/{}", escaped(key));
                    match json {
                        Some(json) => {
                            operations.push("add", path.into(), Some(Value::Json(raw(json))));
                        }
                        None => operations.push("remove", path.into(), None),
                    }
                }
            }
        }
        operations
    }

    /// Creates operations for the fields of a group's patch.
    pub fn of_group(patch: &'a GroupPatch) -> Self {
        let GroupPatch { name, access: settings } = patch;
        let mut operations = Operations::default();
        operations.text("/name", name.as_deref());
        for setting in settings {
            let path = access::path(setting.field).into();
            operations.push("replace", path, Some(Value::of(setting)));
        }
        operations
    }

    /// Sets a field to a text, if there is one.
    fn text(&mut self, path: &'static str, value: Option<&'a str>) {
        if let Some(value) = value {
            self.push("replace", path.into(), Some(Value::Text(value)));
        }
    }

    fn push(&mut self, op: &'static str, path: Cow<'static, str>, value: Option<Value<'a>>) {
        self.operations.push(Operation { op, path, value });
    }

    /// Returns whether the operations change nothing.
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }

    /// Returns the body as it is sent.
    pub fn body(&self) -> Vec<u8> {
        to_body(self)
    }
}
