//! Ids as texts, and accounts by their ids.

use std::collections::BTreeMap;

use host_test::retool::types::{GroupId, Tombstone, User, UserId};

/// Returns a person's id without its dialect.
pub(crate) fn user_id_of(id: &UserId) -> &str {
    let (UserId::V1(id) | UserId::V2(id) | UserId::Scim(id)) = id;
    id
}

/// Returns a group's id without its kind.
pub(crate) fn group_id_of(id: &GroupId) -> &str {
    let (GroupId::Rest(id) | GroupId::Scim(id)) = id;
    id
}

/// Returns the accounts of tombstones by their ids.
pub(crate) fn accounts_of(tombstones: &[Tombstone]) -> BTreeMap<&str, &User> {
    tombstones.iter().map(|Tombstone { user, .. }| (user_id_of(&user.id), user)).collect()
}
