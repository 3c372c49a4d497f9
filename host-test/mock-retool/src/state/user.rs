//! Users.

use serde::Serialize;
use serde_json::{Map, Value};

use super::group::ADMIN;

const SID_PREFIX: &str = "user_";

/// A user.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct User {
    /// The id: a UUID in lower case.
    pub id: String,
    /// The numeric id of the account, which is never reused.
    pub legacy_id: u64,
    /// The address, as it was written.
    pub email: String,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// The URL of the photo.
    pub profile_photo_url: Option<String>,
    /// Whether the user administers the organisation.
    pub is_admin: bool,
    /// Whether the account is disabled, so that it can't be used to log in.
    pub is_disabled: bool,
    /// The type that the seat is billed as: `default`, `endUser`, `mobile`, `embed`, or any value
    /// that a test sets.
    pub user_type: String,
    /// The assigned seat, if seats are assigned by name.
    pub seat_type: Option<String>,
    /// Whether the login needs a second factor.
    pub two_factor_auth_enabled: bool,
    /// The organisation's metadata about the user.
    pub metadata: Map<String, Value>,
    /// The groups of the user, ordered by id. The `admin` group is never among them.
    pub memberships: Vec<Membership>,
    /// The creation time of the account, in RFC 3339.
    pub created_at: String,
    /// The time of the last change to a field, in RFC 3339.
    pub updated_at: String,
    /// The time of the user's last activity, in RFC 3339; `None` before the first login.
    pub last_active: Option<String>,
    /// Fields that the dialects do not define. A real instance has such fields too.
    pub extra: Map<String, Value>,
    /// Attributes that SCIM clients wrote and that the other dialects don't have, such as
    /// `externalId`, by their SCIM names. The other dialects neither show nor reset them.
    pub scim: Map<String, Value>,
}

/// The membership of a user in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Membership {
    /// The group's id.
    pub group: u32,
    /// Whether the user administers the group.
    pub is_group_admin: bool,
}

/// A user as a member of one group.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Member<'a> {
    /// The user.
    pub user: &'a User,
    /// Whether the user administers the group.
    pub is_group_admin: bool,
}

impl User {
    /// Creates a draft with this address and the server's defaults.
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

    /// Returns the id of the account in `/api/v2`: `user_` and the UUID without its hyphens.
    pub fn sid(&self) -> String {
        let digits = self.id.chars().filter(|digit| *digit != '-');
        SID_PREFIX.chars().chain(digits).collect()
    }

    /// Whether this is the user's [`User::sid`].
    pub(super) fn has_sid(&self, sid: &str) -> bool {
        let digits = self.id.bytes().filter(|digit| *digit != b'-');
        sid.strip_prefix(SID_PREFIX).is_some_and(|sid| sid.bytes().eq(digits))
    }

    /// Returns [`User::scim`] for a user who gets this address through another dialect: the mails
    /// with the old address get the new one. A login that is another address stays.
    pub fn scim_with_address(&self, email: &str) -> Map<String, Value> {
        let mut scim = self.scim.clone();
        if email == self.email {
            return scim;
        }
        for mail in scim.get_mut("emails").and_then(Value::as_array_mut).into_iter().flatten() {
            let is_old = |mail: &Value| {
                mail["value"].as_str().is_some_and(|value| same_email(value, &self.email))
            };
            if is_old(mail) {
                mail["value"] = email.into();
            }
        }
        let login = scim.get("userName").and_then(Value::as_str);
        if login.is_some_and(|login| login == email || same_email(login, &self.email)) {
            scim.remove("userName");
        }
        scim
    }

    /// Makes the user a member of a group. Replaces an existing membership of the same group.
    pub(super) fn set_membership(&mut self, joined: Membership) {
        if joined.group == ADMIN {
            self.is_admin = true;
            return;
        }
        self.memberships.retain(|membership| membership.group != joined.group);
        self.memberships.push(joined);
        self.memberships.sort_by_key(|membership| membership.group);
    }

    /// Removes the user from a group. Returns whether the user was in it.
    pub(super) fn clear_membership(&mut self, group: u32) -> bool {
        if group == ADMIN {
            return std::mem::take(&mut self.is_admin);
        }
        let before = self.memberships.len();
        self.memberships.retain(|membership| membership.group != group);
        self.memberships.len() < before
    }

    /// Returns the user as a member of this group, if the user is one.
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

/// Compares two addresses as the server does, which ignores case but not white space.
pub fn same_email(one: &str, other: &str) -> bool {
    // Most addresses are ASCII, and listings compare one with thousands.
    one.eq_ignore_ascii_case(other)
        || !(one.is_ascii() && other.is_ascii()) && one.to_lowercase() == other.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::{User, same_email};

    #[test]
    fn the_sid_matches_exactly_the_digits_of_the_uuid() {
        let user =
            User { id: "1607dcd4-2a48-4c31-b560-95ec5df0b125".to_owned(), ..User::new("a@b") };
        assert_eq!(user.sid(), "user_1607dcd42a484c31b56095ec5df0b125");
        assert!(user.has_sid(&user.sid()));
        for other in [&user.id, &user.sid()[5..], &user.sid()[..36], "user_", ""] {
            assert!(!user.has_sid(other), "{other}");
        }
    }

    #[test]
    fn same_email_ignores_case_beyond_ascii_too() {
        assert!(same_email("Jürgen@Example.com", "jÜrgen@example.com"));
        assert!(!same_email("jurgen@example.com", "jürgen@example.com"));
        assert!(!same_email(" jane@example.com", "jane@example.com"));
    }
}
