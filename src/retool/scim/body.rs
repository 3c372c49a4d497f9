//! What is sent.

use alloc::string::String;
use alloc::vec::Vec;

use serde::Serialize;

use crate::domain::{NewUser, UserPatch};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// What creates a user.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateUser<'a> {
    schemas: [&'static str; 1],
    user_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<Name<'a>>,
    emails: [EmailValue<'a>; 1],
    active: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Name<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    given_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    family_name: Option<&'a str>,
}

#[derive(Serialize)]
struct EmailValue<'a> {
    value: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    primary: bool,
}

impl<'a> CreateUser<'a> {
    pub(super) fn new(user: &'a NewUser) -> Self {
        let email = user.email.as_str();
        let given_name = user.fields.first_name.as_deref();
        let family_name = user.fields.last_name.as_deref();
        let named = given_name.is_some() || family_name.is_some();
        CreateUser {
            schemas: [USER],
            user_name: email,
            name: named.then_some(Name { given_name, family_name }),
            emails: [EmailValue { value: email, kind: "work", primary: true }],
            active: true,
        }
    }
}

/// What creates a group.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateGroup<'a> {
    schemas: [&'static str; 1],
    display_name: &'a str,
}

impl<'a> CreateGroup<'a> {
    pub(super) fn new(name: &'a str) -> Self {
        CreateGroup { schemas: [GROUP], display_name: name }
    }
}

/// A PATCH.
#[derive(Serialize)]
pub(super) struct PatchOp<'a> {
    schemas: [&'static str; 1],
    #[serde(rename = "Operations")]
    operations: Vec<Operation<'a>>,
}

#[derive(Serialize)]
struct Operation<'a> {
    op: &'static str,
    path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Value<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Value<'a> {
    Flag(bool),
    Text(&'a str),
    Members(Vec<Reference<'a>>),
}

/// A member by id.
#[derive(Serialize)]
struct Reference<'a> {
    value: &'a str,
}

fn members<'a>(ids: &[&'a str]) -> Option<Value<'a>> {
    Some(Value::Members(ids.iter().map(|id| Reference { value: id }).collect()))
}

impl<'a> PatchOp<'a> {
    fn of(operations: Vec<Operation<'a>>) -> Self {
        PatchOp { schemas: [PATCH], operations }
    }

    /// Whether it changes nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }

    /// Sets the fields of a patch that SCIM has.
    pub(super) fn user(patch: &'a UserPatch) -> Self {
        let text = |path, value: &'a Option<String>| {
            value.as_deref().map(|value| (path, Value::Text(value)))
        };
        let values = [
            text("name.givenName", &patch.first_name),
            text("name.familyName", &patch.last_name),
            patch.disabled.map(|disabled| ("active", Value::Flag(!disabled))),
        ];
        let values = values.into_iter().flatten();
        Self::of(
            values
                .map(|(path, value)| Operation { op: "replace", path, value: Some(value) })
                .collect(),
        )
    }

    /// Renames a group.
    pub(super) fn rename(name: &'a str) -> Self {
        let value = Some(Value::Text(name));
        Self::of(Vec::from([Operation { op: "replace", path: "displayName", value }]))
    }

    /// Adds members to a group.
    pub(super) fn add_members(ids: &[&'a str]) -> Self {
        Self::of(Vec::from([Operation { op: "add", path: "members", value: members(ids) }]))
    }

    /// Removes one member, named in the path.
    pub(super) fn remove_by_path(path: &'a str) -> Self {
        Self::of(Vec::from([Operation { op: "remove", path, value: None }]))
    }

    /// Removes one member, named in the value.
    pub(super) fn remove_by_value(id: &'a str) -> Self {
        Self::of(Vec::from([Operation { op: "remove", path: "members", value: members(&[id]) }]))
    }
}

/// As JSON.
pub(super) fn json<T: Serialize>(body: &T) -> Vec<u8> {
    // Plain structs of text and flags: this can't fail.
    serde_json::to_vec(body).unwrap_or_default()
}
