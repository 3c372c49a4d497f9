//! A request as it stands on the wire.

use retool_lifecycle::http::{Method, Request};
use serde_json::Value;

/// What a path is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Everybody.
    Users,
    /// One person, by id.
    User(String),
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

/// A request, taken apart.
#[derive(Clone, Debug)]
pub struct Wire {
    /// The method.
    pub method: Method,
    /// What it is about.
    pub target: Target,
    /// The address that it looks for.
    pub email: Option<String>,
    /// The page that it asks for.
    pub page: Option<u32>,
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
    /// Takes a request apart.
    pub fn of(request: &Request) -> Self {
        let (path, query) =
            request.path_and_query.split_once('?').unwrap_or((&request.path_and_query, ""));
        let of_query = |name: &str| {
            query
                .split('&')
                .filter_map(|pair| pair.split_once('='))
                .find(|(found, _)| *found == name)
                .map(|(_, value)| decoded(value))
        };
        Wire {
            method: request.method,
            target: target(path),
            email: of_query("email"),
            page: of_query("page").and_then(|page| page.parse().ok()),
            body: request
                .body
                .as_deref()
                .and_then(|body| serde_json::from_slice(body).ok())
                .unwrap_or_default(),
            path_and_query: request.path_and_query.clone(),
            served: false,
            answered: None,
        }
    }

    /// Whether it may write.
    pub fn is_write(&self) -> bool {
        self.method != Method::Get
    }

    /// The id of the person that it is about, where it is about one.
    pub fn person(&self) -> Option<&str> {
        match &self.target {
            Target::User(id) | Target::Member(_, id) => Some(id),
            Target::Members(_) => self.body["userId"].as_str(),
            Target::Users | Target::Groups | Target::Group(_) | Target::Other => None,
        }
    }

    /// Method, path and query.
    pub fn line(&self) -> String {
        format!("{} {}", self.method.as_str(), self.path_and_query)
    }
}

fn target(path: &str) -> Target {
    let Some(path) = path.strip_prefix("/api/v1/") else { return Target::Other };
    let segments: Vec<&str> = path.split('/').collect();
    let group = |id: &str| id.parse().ok();
    match segments.as_slice() {
        ["users"] => Target::Users,
        ["users", id] => Target::User((*id).to_owned()),
        ["groups"] => Target::Groups,
        ["groups", id] => group(id).map_or(Target::Other, Target::Group),
        ["groups", id, "members"] => group(id).map_or(Target::Other, Target::Members),
        ["groups", id, "members", user] => {
            group(id).map_or(Target::Other, |group| Target::Member(group, (*user).to_owned()))
        }
        _ => Target::Other,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_queries_are_taken_apart() {
        assert_eq!(target("/api/v1/groups/4/members/a-b"), Target::Member(4, "a-b".into()));
        assert_eq!(target("/api/v1/groups/x"), Target::Other);
        assert_eq!(target("/api/v2/users"), Target::Other);
        assert_eq!(decoded("a%2Bb%40example.com+%"), "a+b@example.com %");
    }
}
