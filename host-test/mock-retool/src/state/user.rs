//! People.

use serde::Serialize;
use serde_json::{Map, Value};

use super::group::ADMIN;

/// A person.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct User {
    /// The id: a UUID in small letters.
    pub id: String,
    /// The address, as it was written.
    pub email: String,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// Where the photo is.
    pub profile_photo_url: Option<String>,
    /// Whether the person administers the organisation.
    pub is_admin: bool,
    /// Whether the person is barred from logging in.
    pub is_disabled: bool,
    /// What the seat is billed as: `default`, `endUser`, or what a test made it.
    pub user_type: String,
    /// The groups that the person joined, by id. The `admin` group is never among them.
    pub memberships: Vec<Membership>,
    /// When the account was made, in RFC 3339.
    pub created_at: String,
    /// When a field last changed, in RFC 3339.
    pub updated_at: String,
    /// Fields that the dialects do not define, as a real instance has some.
    pub extra: Map<String, Value>,
}

/// That somebody is in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Membership {
    /// The group's id.
    pub group: u32,
    /// Whether they administer the group.
    pub is_group_admin: bool,
}

/// A person as a member of one group.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Member<'a> {
    /// The person.
    pub user: &'a User,
    /// Whether they administer the group.
    pub is_group_admin: bool,
}

impl User {
    /// A draft with this address, and the server's defaults for the rest.
    pub fn new(email: impl Into<String>) -> Self {
        User {
            id: String::new(),
            email: email.into(),
            first_name: None,
            last_name: None,
            profile_photo_url: None,
            is_admin: false,
            is_disabled: false,
            user_type: "default".to_owned(),
            memberships: Vec::new(),
            created_at: String::new(),
            updated_at: String::new(),
            extra: Map::new(),
        }
    }

    /// The person as a member of this group, if they are one.
    pub(super) fn as_member(&self, group: u32) -> Option<Member<'_>> {
        let is_group_admin = if group == ADMIN {
            self.is_admin.then_some(false)
        } else {
            self.memberships
                .iter()
                .find(|membership| membership.group == group)
                .map(|membership| membership.is_group_admin)
        }?;
        Some(Member { user: self, is_group_admin })
    }
}

/// Whether two addresses are the same to the server, which ignores case but not white space.
pub fn same_email(one: &str, other: &str) -> bool {
    // Most addresses are ASCII, and listings compare one with thousands.
    one.eq_ignore_ascii_case(other)
        || !(one.is_ascii() && other.is_ascii()) && one.to_lowercase() == other.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::same_email;

    #[test]
    fn case_is_ignored_beyond_ascii_too() {
        assert!(same_email("Jürgen@Example.com", "jÜrgen@example.com"));
        assert!(!same_email("jurgen@example.com", "jürgen@example.com"));
        assert!(!same_email(" jane@example.com", "jane@example.com"));
    }
}
