//! People.

use serde::Serialize;
use serde_json::{Map, Value};

use super::group::ADMIN;

const SID_PREFIX: &str = "user_";

/// A person.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct User {
    /// The id: a UUID in small letters.
    pub id: String,
    /// The number that the account has beside its id; never used twice.
    pub legacy_id: u64,
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
    /// What the seat is billed as: `default`, `endUser`, `mobile`, `embed`, or what a test made it.
    pub user_type: String,
    /// The seat that is assigned where seats are assigned by name.
    pub seat_type: Option<String>,
    /// Whether logging in takes a second factor.
    pub two_factor_auth_enabled: bool,
    /// What the organisation notes about the person.
    pub metadata: Map<String, Value>,
    /// The groups that the person joined, by id. The `admin` group is never among them.
    pub memberships: Vec<Membership>,
    /// When the account was made, in RFC 3339.
    pub created_at: String,
    /// When a field last changed, in RFC 3339.
    pub updated_at: String,
    /// When the person last did something, in RFC 3339; `None` before they first log in.
    pub last_active: Option<String>,
    /// Fields that the dialects do not define, as a real instance has some.
    pub extra: Map<String, Value>,
    /// What SCIM clients wrote and the other dialects have no field for, such as `externalId`,
    /// by the names of the SCIM schemas. The other dialects neither show nor reset it.
    pub scim: Map<String, Value>,
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
            legacy_id: 0,
            email: email.into(),
            first_name: None,
            last_name: None,
            profile_photo_url: None,
            is_admin: false,
            is_disabled: false,
            user_type: "default".to_owned(),
            seat_type: None,
            two_factor_auth_enabled: false,
            metadata: Map::new(),
            memberships: Vec::new(),
            created_at: String::new(),
            updated_at: String::new(),
            last_active: None,
            extra: Map::new(),
            scim: Map::new(),
        }
    }

    /// The id that `/api/v2` gives the same account: `user_` and the UUID without its hyphens.
    pub fn sid(&self) -> String {
        let digits = self.id.chars().filter(|digit| *digit != '-');
        SID_PREFIX.chars().chain(digits).collect()
    }

    /// Whether this is their [`User::sid`].
    pub(super) fn has_sid(&self, sid: &str) -> bool {
        let digits = self.id.bytes().filter(|digit| *digit != b'-');
        sid.strip_prefix(SID_PREFIX).is_some_and(|sid| sid.bytes().eq(digits))
    }

    /// Makes the person a member, in place of the membership of the group that they have.
    pub(super) fn enter(&mut self, joined: Membership) {
        self.memberships.retain(|membership| membership.group != joined.group);
        self.memberships.push(joined);
        self.memberships.sort_by_key(|membership| membership.group);
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
    use super::{User, same_email};

    #[test]
    fn the_sid_has_the_digits_of_the_uuid_and_no_other() {
        let user =
            User { id: "1607dcd4-2a48-4c31-b560-95ec5df0b125".to_owned(), ..User::new("a@b") };
        assert_eq!(user.sid(), "user_1607dcd42a484c31b56095ec5df0b125");
        assert!(user.has_sid(&user.sid()));
        for other in [&user.id, &user.sid()[5..], &user.sid()[..36], "user_", ""] {
            assert!(!user.has_sid(other), "{other}");
        }
    }

    #[test]
    fn case_is_ignored_beyond_ascii_too() {
        assert!(same_email("Jürgen@Example.com", "jÜrgen@example.com"));
        assert!(!same_email("jurgen@example.com", "jürgen@example.com"));
        assert!(!same_email(" jane@example.com", "jane@example.com"));
    }
}
