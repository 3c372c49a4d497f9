//! The bodies of SCIM requests.

use alloc::vec::Vec;

use serde::Serialize;

use crate::domain::{NewUser, UserPatch};
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
    #[serde(rename_all = "camelCase")]
    struct Name<'a> {
        #[serde(skip_serializing_if = "Option::is_none")]
        given_name: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        family_name: Option<&'a str>,
    }
    impl Name<'_> {
        fn is_empty(&self) -> bool {
            self.given_name.is_none() && self.family_name.is_none()
        }
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
        user_name: email,
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

/// A change of one attribute.
#[derive(Serialize)]
struct Operation<'a> {
    op: &'static str,
    path: &'a str,
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
}

#[derive(Serialize)]
struct Member<'a> {
    value: &'a str,
}

impl<'a> PatchOp<'a> {
    fn new() -> Self {
        PatchOp { schemas: [PATCH], operations: Vec::new() }
    }

    fn with(mut self, op: &'static str, path: &'a str, value: Option<Value<'a>>) -> Self {
        self.operations.push(Operation { op, path, value });
        self
    }

    fn replace(self, path: &'a str, value: Option<Value<'a>>) -> Self {
        if value.is_some() { self.with("replace", path, value) } else { self }
    }

    /// Returns whether the PATCH changes nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }

    /// Sets those fields of a patch that SCIM has.
    pub(super) fn user(patch: &'a UserPatch) -> Self {
        Self::new()
            .replace("name.givenName", patch.first_name.as_deref().map(Value::Text))
            .replace("name.familyName", patch.last_name.as_deref().map(Value::Text))
            .replace("active", patch.disabled.map(|disabled| Value::Flag(!disabled)))
    }

    /// Renames a group.
    pub(super) fn rename(name: &'a str) -> Self {
        Self::new().replace("displayName", Some(Value::Text(name)))
    }

    /// Adds members to a group.
    pub(super) fn add_members(ids: &[&'a str]) -> Self {
        Self::new().with("add", "members", Some(members(ids)))
    }

    /// Removes one member, given in the path.
    pub(super) fn remove_by_path(path: &'a str) -> Self {
        Self::new().with("remove", path, None)
    }

    /// Removes one member, given in the value.
    pub(super) fn remove_by_value(id: &'a str) -> Self {
        Self::new().with("remove", "members", Some(members(&[id])))
    }

    /// Returns the body as it is sent.
    pub(super) fn body(&self) -> Vec<u8> {
        to_body(self)
    }
}

/// Returns members by their ids.
fn members<'a>(ids: &[&'a str]) -> Value<'a> {
    Value::Members(ids.iter().map(|id| Member { value: id }).collect())
}
