//! What `/api/v2` is sent.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::wire::user_type_text;
use crate::domain::{GroupPatch, NewUser, UserId, UserPatch};
use crate::json::{Object, quoted};

/// What creates a user; `None` without both names.
pub fn create_user(user: &NewUser) -> Option<Vec<u8>> {
    let body = Object::default()
        .text("email", user.email.as_str())
        .text("first_name", given(user.fields.first_name.as_deref())?)
        .text("last_name", given(user.fields.last_name.as_deref())?)
        .flag("active", true)
        .text_if("user_type", user.fields.user_type.and_then(user_type_text));
    Some(body.into_body())
}

/// A name that is more than white space.
fn given(name: Option<&str>) -> Option<&str> {
    name.filter(|name| !name.trim().is_empty())
}

/// What creates a group, and sets what its members may do in every app.
pub fn create_group(name: &str, universal_app_access: Option<&str>) -> Vec<u8> {
    Object::default()
        .text("name", name)
        .text_if("universal_app_access", universal_app_access)
        .into_body()
}

/// What adds members who don't administer the group: only for people who are not in it, as it
/// sets that too.
pub fn add_members(people: &[&UserId]) -> Vec<u8> {
    let mut members = Vec::with_capacity(people.len());
    for id in people {
        let member = Object::default().text("id", &id.value).flag("is_group_admin", false);
        members.push(member.into_json());
    }
    Object::default().list("members", &members).into_body()
}

/// What adds invitations to a group, by the server's numbers of them.
pub fn add_invites(numbers: &[u64]) -> Vec<u8> {
    let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
    Object::default().list("userInviteIds", &numbers).into_body()
}

/// What changes fields of a record and no other.
#[derive(Default)]
pub struct Operations(Vec<String>);

impl Operations {
    /// For the fields of a patch that this dialect can set.
    pub fn of_user(patch: &UserPatch) -> Self {
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
            operations.replace("/active", if *disabled { "false" } else { "true" });
        }
        operations
    }

    /// For the fields of a patch of a group.
    pub fn of_group(patch: &GroupPatch) -> Self {
        let GroupPatch { name, universal_app_access } = patch;
        let mut operations = Operations::default();
        operations.text("/name", name.as_deref());
        operations.text("/universal_app_access", universal_app_access.as_deref());
        operations
    }

    /// Sets a field to a text, if there is one.
    fn text(&mut self, path: &'static str, value: Option<&str>) {
        if let Some(value) = value {
            self.replace(path, &quoted(value));
        }
    }

    fn replace(&mut self, path: &'static str, json: &str) {
        let operation = Object::default().text("op", "replace").text("path", path);
        self.0.push(operation.raw("value", json).into_json());
    }

    /// Whether they change nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As they are sent.
    pub fn body(&self) -> Vec<u8> {
        Object::default().list("operations", &self.0).into_body()
    }
}
