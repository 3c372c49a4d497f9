//! Dialects, and the ids and references of users and groups.

use alloc::string::String;

/// One of Retool's APIs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dialect {
    /// `/api/v1`.
    V1,
    /// `/api/v2`.
    V2,
    /// SCIM 2.0.
    Scim,
}

impl Dialect {
    /// Returns the name for messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Dialect::V1 => "/api/v1",
            Dialect::V2 => "/api/v2",
            Dialect::Scim => "SCIM",
        }
    }

    /// Returns the kind of its group ids.
    pub fn group_ids(self) -> GroupIdKind {
        match self {
            Dialect::V1 | Dialect::V2 => GroupIdKind::Rest,
            Dialect::Scim => GroupIdKind::Scim,
        }
    }
}

/// A user's id and the API that issued it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UserId {
    /// The API that issued it.
    pub dialect: Dialect,
    /// The id in that API.
    pub value: String,
}

/// The kind of a group id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GroupIdKind {
    /// The integer of `/api/v1` and `/api/v2`, in decimal.
    Rest,
    /// A SCIM string.
    Scim,
}

/// A group's id and its kind. Ordered as text within a kind; the order has no meaning.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GroupId {
    /// Its kind.
    pub kind: GroupIdKind,
    /// The id.
    pub value: String,
}

/// How a request names a group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GroupRef {
    /// By id.
    Id(GroupId),
    /// By name, trimmed, compared exactly.
    Name(String),
}

/// A group in a user's list of memberships.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupLink {
    /// The id.
    pub id: GroupId,
    /// The name, where known.
    pub name: Option<String>,
    /// Whether the user administers the group; `None` if the server did not say.
    pub group_admin: Option<bool>,
}

impl GroupLink {
    /// Returns whether the members of this group administer the organisation.
    pub fn is_administrators(&self) -> bool {
        self.name.as_deref().map(str::trim) == Some(super::ADMINISTRATORS)
    }

    /// Returns the label for messages: the name, or the id if the name is not known.
    pub fn label(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.id.value)
    }
}
