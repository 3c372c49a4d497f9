//! A parsed request, and what its response shows. These types are the same for every dialect.

use retool_lifecycle::http::Method;
use serde_json::{Map, Value};

/// Fields of a user or a group, under their `/api/v1` names. Ids are those of the organisation, not
/// the dialect's spelling. An invitation is a user whose id
/// [`invitation_id`](crate::change::invitation_id) returns.
pub type Fields = Map<String, Value>;

/// The field that contains the login of a record, where there is one.
pub const LOGIN: &str = "login";

/// The field that contains a record's version.
pub const VERSION: &str = "version";

/// The resource of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// All users.
    Users,
    /// One user, by id.
    User(String),
    /// The sessions of one user.
    Sessions(String),
    /// The attributes of one user.
    Attributes(String),
    /// The second factor of one user.
    TwoFactor(String),
    /// All invitations.
    Invitations,
    /// All groups.
    Groups,
    /// One group, by id.
    Group(u32),
    /// A group's members.
    Members(u32),
    /// One member of a group.
    Member(u32, String),
    /// A path that the dialect does not have.
    Other,
}

/// The part of a listing that a query requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListQuery {
    /// The first page, or the whole listing.
    FirstPage,
    /// A later page.
    LaterPage,
    /// The items with this name: a user's address or a group's name.
    Named(String),
}

/// What a write does.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// It creates a user.
    Create { email: String, fields: Fields },
    /// It sends an invitation to groups, with metadata.
    Invite { email: String, groups: Vec<u32>, metadata: Fields },
    /// It changes a user's fields. With `whole` it resets all other fields.
    Update { id: String, fields: Fields, whole: bool },
    /// It deletes a user. Some servers only disable the user.
    Delete { id: String },
    /// It creates a group.
    CreateGroup { name: String },
    /// It changes a group's fields. With `whole` it resets all other fields.
    UpdateGroup { id: u32, fields: Fields, whole: bool },
    /// It deletes a group.
    DeleteGroup { id: u32 },
    /// It adds users to a group.
    Join { group: u32, users: Vec<String> },
    /// It removes a user from a group.
    Leave { group: u32, id: String },
    /// It ends a user's sessions.
    EndSessions { id: String },
    /// It resets a user's second factor.
    ResetTwoFactor { id: String },
    /// A write that no call of the component can need.
    Unknown,
}

/// What a response shows.
#[derive(Clone, Debug, PartialEq)]
pub enum Visible {
    /// Users of a listing.
    Users(Vec<Fields>),
    /// Invitations of a listing.
    Invitations(Vec<Fields>),
    /// One user or invitation.
    User(Fields),
    /// Groups of a listing.
    Groups(Vec<Fields>),
    /// One group.
    Group(Fields),
    /// Nothing.
    Nothing,
}

/// A parsed request.
#[derive(Clone, Debug)]
pub struct ParsedRequest {
    /// The method.
    pub method: Method,
    /// The resource.
    pub target: Target,
    /// The part of a listing that it requests.
    pub list_query: ListQuery,
    /// What it writes. `None` if it only reads.
    pub act: Option<Act>,
    /// The version that the record must still have.
    pub if_match: Option<String>,
    /// The JSON body. Null if there is none.
    pub body: Value,
    /// Path and query, for messages.
    pub path_and_query: String,
    /// Whether the server executed the request.
    pub served: bool,
    /// The status that the component received. `None` if it received no response.
    pub answered: Option<u16>,
    /// Whether it changed the organisation.
    pub changed: bool,
}

impl ParsedRequest {
    /// Whether the request may write.
    pub fn is_write(&self) -> bool {
        self.act.is_some()
    }

    /// Whether the request lists users or searches for one.
    pub fn lists_users(&self) -> bool {
        !self.is_write() && self.target == Target::Users
    }

    /// Returns the address that the request searches for.
    pub fn address(&self) -> Option<&str> {
        match &self.list_query {
            ListQuery::Named(name) if self.lists_users() => Some(name),
            _ => None,
        }
    }

    /// Returns the address of the user that the request creates.
    pub fn created(&self) -> Option<&str> {
        match &self.act {
            Some(Act::Create { email, .. }) => Some(email),
            _ => None,
        }
    }

    /// Returns the user's id, if the request is about one user.
    pub fn user_id(&self) -> Option<&str> {
        match (&self.target, &self.act) {
            (
                Target::User(id)
                | Target::Sessions(id)
                | Target::Attributes(id)
                | Target::TwoFactor(id)
                | Target::Member(_, id),
                _,
            ) => Some(id),
            (_, Some(Act::Join { users, .. })) => users.first().map(String::as_str),
            (_, Some(Act::Leave { id, .. })) => Some(id),
            _ => None,
        }
    }

    /// Returns method, path and query.
    pub fn line(&self) -> String {
        format!("{} {}", self.method.as_str(), self.path_and_query)
    }
}

/// Edits a body, if it is JSON.
pub fn edit_json(body: &mut Vec<u8>, edit: impl FnOnce(&mut Value)) {
    if let Ok(mut answer) = serde_json::from_slice::<Value>(body) {
        edit(&mut answer);
        *body = answer.to_string().into_bytes();
    }
}
