//! Groups and their members.

use alloc::string::String;
use alloc::vec::Vec;

use super::{AccessSetting, Email, GroupId, GroupLink, UserId};

/// The name of the built-in group whose members administer the organisation.
pub const ADMINISTRATORS: &str = "admin";

/// A user in a group's list of members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The user.
    pub id: UserId,
    /// The address; `None` if the server did not return it.
    pub email: Option<Email>,
    /// Whether the member administers the group; `None` if the server does not say.
    pub group_admin: Option<bool>,
}

/// A group of people.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// The id in the dialect spoken.
    pub id: GroupId,
    /// The name.
    pub name: String,
    /// What members may do, as far as the server says, in the order of
    /// [`AccessField::ALL`](super::AccessField::ALL).
    pub access: Vec<AccessSetting>,
    /// The members; `None` if they were not asked for.
    pub members: Option<Vec<Member>>,
    /// When created, as the server wrote it.
    pub created_at: Option<String>,
    /// When last changed, as the server wrote it.
    pub updated_at: Option<String>,
}

impl Group {
    /// Returns whether the members of this group administer the organisation.
    pub fn is_administrators(&self) -> bool {
        self.name.trim() == ADMINISTRATORS
    }

    /// Returns the group as it appears in a user's list of memberships.
    pub fn link(&self) -> GroupLink {
        GroupLink::new(self.id.clone(), Some(self.name.clone()))
    }
}

/// A group that was read individually, so that it can be written back.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupAccount {
    /// The group.
    pub group: Group,
    /// The server's record as JSON.
    pub raw: String,
}

/// Changes to a group. `None` leaves a field as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GroupPatch {
    /// The name.
    pub name: Option<String>,
    /// What members may do. Other settings are left as they are.
    pub access: Vec<AccessSetting>,
}
