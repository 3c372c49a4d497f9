//! What `/api/v2` is sent.

use alloc::vec::Vec;

use serde::Serialize;

use super::wire::user_type_text;
use crate::domain::{GroupPatch, NewUser, UserId, UserPatch};

/// What creates a user.
#[derive(Serialize)]
pub struct CreateUser<'a> {
    email: &'a str,
    first_name: &'a str,
    last_name: &'a str,
    active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_type: Option<&'static str>,
}

impl<'a> CreateUser<'a> {
    /// From what is asked for; `None` without both names.
    pub fn new(user: &'a NewUser) -> Option<Self> {
        let given = |name: &'a Option<alloc::string::String>| {
            name.as_deref().filter(|name| !name.trim().is_empty())
        };
        Some(CreateUser {
            email: user.email.as_str(),
            first_name: given(&user.fields.first_name)?,
            last_name: given(&user.fields.last_name)?,
            active: true,
            user_type: user.fields.user_type.and_then(user_type_text),
        })
    }
}

/// What creates a group.
#[derive(Serialize)]
pub struct CreateGroup<'a> {
    /// The name.
    pub name: &'a str,
    /// What members may do in every app.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub universal_app_access: Option<&'a str>,
}

/// What adds members, and sets whether they administer the group.
#[derive(Serialize)]
pub struct AddMembers<'a> {
    members: Vec<NewMember<'a>>,
}

#[derive(Serialize)]
struct NewMember<'a> {
    id: &'a str,
    is_group_admin: bool,
}

impl<'a> AddMembers<'a> {
    /// As members who don't administer the group: only for people who are not in it.
    pub fn new(people: &[&'a UserId]) -> Self {
        let members = people.iter().map(|id| NewMember { id: &id.value, is_group_admin: false });
        AddMembers { members: members.collect() }
    }
}

/// What adds invitations to a group.
#[derive(Serialize)]
pub struct AddInvites {
    /// The server's numbers of them.
    #[serde(rename = "userInviteIds")]
    pub numbers: Vec<u64>,
}

/// What changes fields of a record and no other.
#[derive(Default, Serialize)]
pub struct Operations<'a> {
    operations: Vec<Replace<'a>>,
}

#[derive(Serialize)]
struct Replace<'a> {
    op: &'static str,
    path: &'static str,
    value: Value<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Value<'a> {
    Text(&'a str),
    Flag(bool),
}

impl<'a> Operations<'a> {
    /// For the fields of a patch that this dialect can set.
    pub fn of_user(patch: &'a UserPatch) -> Self {
        let UserPatch {
            first_name,
            last_name,
            user_type,
            admin: _,
            disabled,
            profile_photo_url: _,
        } = patch;
        let mut operations = Operations::default();
        operations.text("/first_name", first_name.as_deref());
        operations.text("/last_name", last_name.as_deref());
        operations.text("/user_type", user_type.and_then(user_type_text));
        if let Some(disabled) = disabled {
            operations.replace("/active", Value::Flag(!disabled));
        }
        operations
    }

    /// For the fields of a patch of a group.
    pub fn of_group(patch: &'a GroupPatch) -> Self {
        let GroupPatch { name, universal_app_access } = patch;
        let mut operations = Operations::default();
        operations.text("/name", name.as_deref());
        operations.text("/universal_app_access", universal_app_access.as_deref());
        operations
    }

    /// Sets a field to a text, if there is one.
    fn text(&mut self, path: &'static str, value: Option<&'a str>) {
        if let Some(value) = value {
            self.replace(path, Value::Text(value));
        }
    }

    fn replace(&mut self, path: &'static str, value: Value<'a>) {
        self.operations.push(Replace { op: "replace", path, value });
    }

    /// Whether they change nothing.
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }
}
