//! What is sent.

use alloc::string::String;
use alloc::vec::Vec;

use crate::domain::{NewUser, UserPatch};
use crate::json::{Object, array, quoted};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// An object of this schema, without its fields.
fn of_schema(schema: &str) -> Object {
    Object::default().list("schemas", &[quoted(schema)])
}

/// What creates a user.
pub(super) fn create_user(user: &NewUser) -> Vec<u8> {
    let email = user.email.as_str();
    let name = Object::default()
        .text_if("givenName", user.fields.first_name.as_deref())
        .text_if("familyName", user.fields.last_name.as_deref());
    let address = Object::default().text("value", email).text("type", "work").flag("primary", true);
    let mut body = of_schema(USER).text("userName", email);
    if !name.is_empty() {
        body = body.raw("name", &name.into_json());
    }
    body.list("emails", &[address.into_json()]).flag("active", true).into_body()
}

/// What creates a group.
pub(super) fn create_group(name: &str) -> Vec<u8> {
    of_schema(GROUP).text("displayName", name).into_body()
}

/// A PATCH.
#[derive(Default)]
pub(super) struct PatchOp(Vec<String>);

impl PatchOp {
    fn with(mut self, op: &str, path: &str, value: Option<&str>) -> Self {
        let operation = Object::default().text("op", op).text("path", path);
        let operation = match value {
            Some(json) => operation.raw("value", json),
            None => operation,
        };
        self.0.push(operation.into_json());
        self
    }

    fn replace(self, path: &str, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.with("replace", path, Some(&quoted(text))),
            None => self,
        }
    }

    /// Whether it changes nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Sets the fields of a patch that SCIM has.
    pub(super) fn user(patch: &UserPatch) -> Self {
        let change = Self::default()
            .replace("name.givenName", patch.first_name.as_deref())
            .replace("name.familyName", patch.last_name.as_deref());
        match patch.disabled {
            Some(true) => change.with("replace", "active", Some("false")),
            Some(false) => change.with("replace", "active", Some("true")),
            None => change,
        }
    }

    /// Renames a group.
    pub(super) fn rename(name: &str) -> Self {
        Self::default().replace("displayName", Some(name))
    }

    /// Adds members to a group.
    pub(super) fn add_members(ids: &[&str]) -> Self {
        Self::default().with("add", "members", Some(&members(ids)))
    }

    /// Removes one member, named in the path.
    pub(super) fn remove_by_path(path: &str) -> Self {
        Self::default().with("remove", path, None)
    }

    /// Removes one member, named in the value.
    pub(super) fn remove_by_value(id: &str) -> Self {
        Self::default().with("remove", "members", Some(&members(&[id])))
    }

    /// As it is sent.
    pub(super) fn body(&self) -> Vec<u8> {
        of_schema(PATCH).list("Operations", &self.0).into_body()
    }
}

/// Members by their ids.
fn members(ids: &[&str]) -> String {
    let mut members = Vec::with_capacity(ids.len());
    for id in ids {
        members.push(Object::default().text("value", id).into_json());
    }
    array(&members)
}
