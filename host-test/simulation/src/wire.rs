//! A request as it stands on the wire, and what it means: the same for every dialect.

use mock_retool::Dialect;
use retool_lifecycle::http::{Method, Request};
use serde_json::{Map, Value};

use crate::dialects::tongue;

/// Fields of a person or a group, under the names that `/api/v1` has for them. Ids are those of
/// the organisation, whatever the dialect makes of them; an invitation is a person whose id is
/// that of [`invitation`](crate::change::invitation).
pub type Fields = Map<String, Value>;

/// The field in which a record tells its version.
pub const VERSION: &str = "version";

/// What a path is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Everybody.
    Users,
    /// One person, by id.
    User(String),
    /// The sessions of one person.
    Sessions(String),
    /// Everybody who is invited.
    Invitations,
    /// Every group.
    Groups,
    /// One group, by id.
    Group(u32),
    /// A group's members.
    Members(u32),
    /// One of a group's members.
    Member(u32, String),
    /// Nothing that the dialect has.
    Other,
}

/// What of a listing is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// The beginning of it, or all of it.
    Beginning,
    /// What comes after a page.
    Rest,
    /// What is named so: the address of a person, the name of a group.
    Named(String),
}

/// What a write does.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// It creates somebody.
    Create { email: String, fields: Fields },
    /// It changes somebody's fields; with `whole` it resets all others.
    Update { id: String, fields: Fields, whole: bool },
    /// It deletes somebody, as far as the server deletes anybody.
    Delete { id: String },
    /// It creates a group.
    CreateGroup { name: String },
    /// It changes a group's fields; with `whole` it resets all others.
    UpdateGroup { id: u32, fields: Fields, whole: bool },
    /// It deletes a group.
    DeleteGroup { id: u32 },
    /// It puts people into a group.
    Join { group: u32, people: Vec<String> },
    /// It takes somebody out of a group.
    Leave { group: u32, id: String },
    /// It ends somebody's sessions.
    EndSessions { id: String },
    /// Nothing that anybody could ask for.
    Unknown,
}

/// What an answer shows.
#[derive(Clone, Debug, PartialEq)]
pub enum Shown {
    /// People of a listing.
    People(Vec<Fields>),
    /// Everybody who is invited.
    Invitations(Vec<Fields>),
    /// One person.
    Person(Fields),
    /// Groups of a listing.
    Groups(Vec<Fields>),
    /// One group.
    Group(Fields),
    /// Nothing.
    Nothing,
}

/// A request, taken apart.
#[derive(Clone, Debug)]
pub struct Wire {
    /// The method.
    pub method: Method,
    /// What it is about.
    pub target: Target,
    /// What of a listing it asks for.
    pub ask: Ask,
    /// What it does; `None` for one that only reads.
    pub act: Option<Act>,
    /// The version that the record must still have.
    pub if_match: Option<String>,
    /// What is sent; null where nothing is.
    pub body: Value,
    /// Path and query, for people.
    pub path_and_query: String,
    /// Whether the server did what it says.
    pub served: bool,
    /// The status that came back to the component; `None` where no answer did.
    pub answered: Option<u16>,
}

impl Wire {
    /// Takes a request of a dialect apart.
    pub fn of(dialect: Dialect, request: &Request) -> Self {
        let (path, query) =
            request.path_and_query.split_once('?').unwrap_or((&request.path_and_query, ""));
        let query: Vec<(&str, String)> = query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name, decoded(value)))
            .collect();
        let body = request
            .body
            .as_deref()
            .and_then(|body| serde_json::from_slice(body).ok())
            .unwrap_or_default();
        let tongue = tongue(dialect);
        let target = tongue.target(path);
        let act = (request.method != Method::Get)
            .then(|| tongue.act(request.method, &target, path, &body).unwrap_or(Act::Unknown));
        Wire {
            method: request.method,
            ask: tongue.ask(&query),
            target,
            act,
            if_match: request.if_match.clone(),
            body,
            path_and_query: request.path_and_query.clone(),
            served: false,
            answered: None,
        }
    }

    /// Whether it may write.
    pub fn is_write(&self) -> bool {
        self.act.is_some()
    }

    /// Whether it asks for a listing of everybody, or for somebody in it.
    pub fn lists_people(&self) -> bool {
        !self.is_write() && self.target == Target::Users
    }

    /// The address that it looks for.
    pub fn address(&self) -> Option<&str> {
        match &self.ask {
            Ask::Named(name) if self.lists_people() => Some(name),
            _ => None,
        }
    }

    /// The address of whom it creates.
    pub fn created(&self) -> Option<&str> {
        match &self.act {
            Some(Act::Create { email, .. }) => Some(email),
            _ => None,
        }
    }

    /// The id of the person that it is about, where it is about one.
    pub fn person(&self) -> Option<&str> {
        match (&self.target, &self.act) {
            (Target::User(id) | Target::Sessions(id) | Target::Member(_, id), _) => Some(id),
            (_, Some(Act::Join { people, .. })) => people.first().map(String::as_str),
            (_, Some(Act::Leave { id, .. })) => Some(id),
            _ => None,
        }
    }

    /// Method, path and query.
    pub fn line(&self) -> String {
        format!("{} {}", self.method.as_str(), self.path_and_query)
    }
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let escaped = match (first, after) {
            (b'%', [high, low, ..]) => {
                let digits = [*high, *low];
                std::str::from_utf8(&digits)
                    .ok()
                    .and_then(|digits| u8::from_str_radix(digits, 16).ok())
            }
            _ => None,
        };
        match escaped {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(if *first == b'+' { b' ' } else { *first });
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Changes a body, if it is JSON.
pub fn change(body: &mut Vec<u8>, change: impl FnOnce(&mut Value)) {
    if let Ok(mut answer) = serde_json::from_slice::<Value>(body) {
        change(&mut answer);
        *body = answer.to_string().into_bytes();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_taken_apart() {
        assert_eq!(decoded("a%2Bb%40example.com+%"), "a+b@example.com %");
    }
}
