//! Dialects, and the ids and references of users and groups.

use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;
use core::ops::{Deref, DerefMut};

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

/// A group in a user's list of memberships. Clones share their texts, because a listing holds a
/// group once for each of its members.
#[derive(Clone, PartialEq, Eq)]
pub struct GroupLink(Arc<LinkedGroup>);

/// What a [`GroupLink`] says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkedGroup {
    /// The id.
    pub id: GroupId,
    /// The name, where known.
    pub name: Option<String>,
    /// Whether the user administers the group; `None` if the server did not say.
    pub group_admin: Option<bool>,
}

impl GroupLink {
    /// Creates a link to a group, of which the server did not say whether the user administers it.
    pub fn new(id: GroupId, name: Option<String>) -> Self {
        LinkedGroup { id, name, group_admin: None }.into()
    }

    /// Sets whether the user administers the group. If that is known already, the link goes on to
    /// share its texts.
    pub fn set_group_admin(&mut self, group_admin: Option<bool>) {
        if self.group_admin != group_admin {
            Arc::make_mut(&mut self.0).group_admin = group_admin;
        }
    }

    /// Returns what it says, copied if another link shares it.
    pub fn into_inner(self) -> LinkedGroup {
        Arc::unwrap_or_clone(self.0)
    }

    /// Returns whether the members of this group administer the organisation.
    pub fn is_administrators(&self) -> bool {
        self.name.as_deref().map(str::trim) == Some(super::ADMINISTRATORS)
    }

    /// Returns the label for messages: the name, or the id if the name is not known.
    pub fn label(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.id.value)
    }
}

impl Deref for GroupLink {
    type Target = LinkedGroup;

    fn deref(&self) -> &LinkedGroup {
        &self.0
    }
}

/// A link that shares its texts gets its own first.
impl DerefMut for GroupLink {
    fn deref_mut(&mut self) -> &mut LinkedGroup {
        Arc::make_mut(&mut self.0)
    }
}

impl From<LinkedGroup> for GroupLink {
    fn from(link: LinkedGroup) -> Self {
        GroupLink(Arc::new(link))
    }
}

impl fmt::Debug for GroupLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
