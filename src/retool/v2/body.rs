//! The bodies of requests to `/api/v2`.

use alloc::vec::Vec;

use serde::Serialize;

use super::wire::user_type_text;
use crate::domain::{GroupPatch, NewUser, UserId, UserPatch};
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
    }
    let fields = &user.fields;
    Some(to_body(&CreateUser {
        email: user.email.as_str(),
        first_name: given(fields.first_name.as_deref())?,
        last_name: given(fields.last_name.as_deref())?,
        active: true,
        user_type: fields.user_type.and_then(user_type_text),
    }))
}

/// Returns a name if it is more than white space.
fn given(name: Option<&str>) -> Option<&str> {
    name.filter(|name| !name.trim().is_empty())
}

/// Returns the body that creates a group and sets what its members may do in every app.
pub fn create_group(name: &str, universal_app_access: Option<&str>) -> Vec<u8> {
    #[derive(Serialize)]
    struct CreateGroup<'a> {
        name: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        universal_app_access: Option<&'a str>,
    }
    to_body(&CreateGroup { name, universal_app_access })
}

/// Returns the body that adds members who do not administer the group. Use it only for users who
/// are not in the group: it would remove this right from existing members.
pub fn add_members(people: &[&UserId]) -> Vec<u8> {
    members(people, false)
}

/// Returns the body that makes a member an administrator of the group.
pub fn make_group_admin(user: &UserId) -> Vec<u8> {
    members(&[user], true)
}

fn members(people: &[&UserId], is_group_admin: bool) -> Vec<u8> {
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

/// Returns the body that adds invitations to a group, by the server's numbers.
pub fn add_invites(numbers: &[u64]) -> Vec<u8> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct AddInvites<'a> {
        user_invite_ids: &'a [u64],
    }
    to_body(&AddInvites { user_invite_ids: numbers })
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
    path: &'static str,
    value: Value<'a>,
}

/// The value that a field is set to.
#[derive(Serialize)]
#[serde(untagged)]
enum Value<'a> {
    Text(&'a str),
    Flag(bool),
}

impl<'a> Operations<'a> {
    /// Creates operations for the fields of a patch that this dialect can set.
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

    /// Creates operations for the fields of a group's patch.
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
        self.operations.push(Operation { op: "replace", path, value });
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
