//! The ids of SCIM. They never equal an id of REST.
//!
//! The SCIM id of a user is a different UUID than in REST: the same bits, XORed with a mask. So it
//! is stable and need not be stored. The SCIM id of a group is `grp_` and the number in REST.

use uuid::Uuid;

use crate::state::{Group, Organisation, User};

/// The mask does not change the version and variant bits of a UUID.
const MASK: u128 = 0xa7c3_915e_64d2_0b8f_1e53_c90a_72b6_d41f;

/// The prefix of a user's SCIM id if the REST id is not a UUID.
const OTHER_USER: &str = "usr_";
const GROUP: &str = "grp_";

impl User {
    /// Returns the id in SCIM. It differs from the [id](User::id) in REST and is as stable.
    pub fn scim_id(&self) -> String {
        match uuid(&self.id) {
            Some(id) => masked(id),
            None => format!("{OTHER_USER}{}", self.id),
        }
    }
}

impl Group {
    /// Returns the id in SCIM, which is not a number. It is as stable as the [id](Group::id) in
    /// REST.
    pub fn scim_id(&self) -> String {
        format!("{GROUP}{}", self.id)
    }
}

impl Organisation {
    /// Finds the user with this id in SCIM.
    pub fn user_by_scim_id(&self, id: &str) -> Option<&User> {
        match (uuid(id), id.strip_prefix(OTHER_USER)) {
            (Some(id), _) => self.user(&masked(id)),
            (None, Some(id)) => self.user(id).filter(|user| uuid(&user.id).is_none()),
            (None, None) => None,
        }
    }

    /// Finds the group with this id in SCIM.
    pub fn group_by_scim_id(&self, id: &str) -> Option<&Group> {
        let number = id.strip_prefix(GROUP)?.parse().ok()?;
        // `grp_04` and `grp_+4` are refused, although they parse as 4.
        self.group(number).filter(|group| group.scim_id() == id)
    }
}

/// Parses a UUID in lower case with hyphens.
fn uuid(text: &str) -> Option<Uuid> {
    Uuid::parse_str(text).ok().filter(|id| id.to_string() == text)
}

fn masked(id: Uuid) -> String {
    Uuid::from_u128(id.as_u128() ^ MASK).to_string()
}

#[cfg(test)]
mod tests {
    use crate::state::Organisation;

    #[test]
    fn users_and_groups_are_found_only_by_their_scim_id() {
        let mut organisation = Organisation::seeded(3, 20, 5);
        organisation.users[0].id = "not-a-uuid".to_owned();
        for user in &organisation.users {
            let id = user.scim_id();
            assert_ne!(id, user.id);
            assert_eq!(organisation.user_by_scim_id(&id), Some(user), "{id}");
            assert_eq!(organisation.user(&id), None);
            assert_eq!(organisation.user_by_scim_id(&user.id), None);
            assert_eq!(organisation.user_by_scim_id(&format!("usr_{}", user.id)).is_some(), {
                user.id == "not-a-uuid"
            });
        }
        for group in &organisation.groups {
            let id = group.scim_id();
            assert!(id.parse::<u64>().is_err());
            assert_eq!(organisation.group_by_scim_id(&id), Some(group), "{id}");
        }
        for id in ["4", "grp_04", "grp_+4", "grp_99", "grp_", ""] {
            assert_eq!(organisation.group_by_scim_id(id), None, "{id}");
        }
    }

    #[test]
    fn a_masked_uuid_has_the_same_version() {
        let organisation = Organisation::seeded(3, 20, 0);
        for user in &organisation.users {
            let id = uuid::Uuid::parse_str(&user.scim_id()).expect("a UUID");
            assert_eq!(id.get_version_num(), 4);
            assert_eq!(id.get_variant(), uuid::Variant::RFC4122);
        }
    }
}
