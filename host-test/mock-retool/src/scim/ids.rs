//! The ids of SCIM, which are strings of their own: no id of REST is one, and neither is the
//! other way round.
//!
//! A user's is a UUID as in REST, but a different one: the same bits under a mask, so that it
//! stays what it is without being stored. A group's is `grp_` and the number of REST.

use uuid::Uuid;

use crate::state::{Group, Organisation, User};

/// Leaves the bits alone that say which version of UUID it is.
const MASK: u128 = 0xa7c3_915e_64d2_0b8f_1e53_c90a_72b6_d41f;

/// Before the id of somebody whose id in REST is not a UUID.
const OTHER_USER: &str = "usr_";
const GROUP: &str = "grp_";

impl User {
    /// The id in SCIM. It differs from the [id](User::id) in REST and is as stable.
    pub fn scim_id(&self) -> String {
        match uuid(&self.id) {
            Some(id) => masked(id),
            None => format!("{OTHER_USER}{}", self.id),
        }
    }
}

impl Group {
    /// The id in SCIM: a string that is no number. It is as stable as the [id](Group::id) in REST.
    pub fn scim_id(&self) -> String {
        format!("{GROUP}{}", self.id)
    }
}

impl Organisation {
    /// The person with this id in SCIM.
    pub fn user_by_scim_id(&self, id: &str) -> Option<&User> {
        match (uuid(id), id.strip_prefix(OTHER_USER)) {
            (Some(id), _) => self.user(&masked(id)),
            (None, Some(id)) => self.user(id).filter(|user| uuid(&user.id).is_none()),
            (None, None) => None,
        }
    }

    /// The group with this id in SCIM.
    pub fn group_by_scim_id(&self, id: &str) -> Option<&Group> {
        let number = id.strip_prefix(GROUP)?.parse().ok()?;
        // `grp_04` and `grp_+4` are not it.
        self.group(number).filter(|group| group.scim_id() == id)
    }
}

/// A UUID as it is written here, in small letters with hyphens.
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
    fn everybody_is_found_by_the_scim_id_and_by_no_id_of_rest() {
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
    fn a_masked_uuid_is_of_the_same_version() {
        let organisation = Organisation::seeded(3, 20, 0);
        for user in &organisation.users {
            let id = uuid::Uuid::parse_str(&user.scim_id()).expect("a UUID");
            assert_eq!(id.get_version_num(), 4);
            assert_eq!(id.get_variant(), uuid::Variant::RFC4122);
        }
    }
}
