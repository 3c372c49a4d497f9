//! Groups.

use serde::Serialize;
use serde_json::{Map, Value};

/// The id of the built-in group of the administrators. Its members follow from
/// [`User::is_admin`](crate::User::is_admin).
pub const ADMIN: u32 = 1;
/// The id of the built-in group `editor`.
pub const EDITOR: u32 = 2;
/// The id of the built-in group `viewer`.
pub const VIEWER: u32 = 3;

/// Id, name and access of the groups that every organisation has.
pub(super) const BUILT_IN: [(u32, &str, &str); 3] =
    [(ADMIN, "admin", "own"), (EDITOR, "editor", "edit"), (VIEWER, "viewer", "use")];

/// What a group may do in every app where nobody says otherwise.
const DEFAULT_ACCESS: &str = "none";

/// A group. Who is in it stands with the people: see
/// [`Organisation::members`](crate::Organisation::members).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Group {
    /// The id; never used twice.
    pub id: u32,
    /// The name; two groups may have the same one.
    pub name: String,
    /// What members may do in every app: `none`, `use`, `edit`, `own`, or whatever was written.
    pub universal_app_access: String,
    /// When it was made, in RFC 3339.
    pub created_at: String,
    /// When it, or who is in it, last changed, in RFC 3339.
    pub updated_at: String,
    /// Fields that the dialects do not define.
    pub extra: Map<String, Value>,
}

impl Group {
    /// A draft of this name, with the server's defaults.
    pub fn new(name: impl Into<String>) -> Self {
        Group {
            id: 0,
            name: name.into(),
            universal_app_access: DEFAULT_ACCESS.to_owned(),
            created_at: String::new(),
            updated_at: String::new(),
            extra: Map::new(),
        }
    }

    /// Whether it is one of the three that can't be renamed or deleted.
    pub fn is_built_in(&self) -> bool {
        BUILT_IN.iter().any(|(id, _, _)| *id == self.id)
    }
}
