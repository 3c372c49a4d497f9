//! The log of requests, which tests assert on.

use std::collections::VecDeque;

use serde::Serialize;
use serde_json::Value;

/// One request as it arrived, and the status of its response. Headers are not kept, so that the log
/// never contains a token. The password of a new user is masked.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LoggedRequest {
    /// The method, e.g. `GET`.
    pub method: String,
    /// The path as it was sent, still percent-encoded.
    pub path: String,
    /// The query as it was sent, without the `?`; empty if there was none.
    pub query: String,
    /// The body if it was JSON; null otherwise. Every `password` in it is `***`.
    pub body: Value,
    /// The status of the response; `None` if no response was sent (or not yet).
    pub status: Option<u16>,
}

impl LoggedRequest {
    /// Whether the request may have changed something: any method but `GET` and `HEAD`.
    pub fn is_write(&self) -> bool {
        !matches!(self.method.as_str(), "GET" | "HEAD")
    }
}

/// Masks the passwords in a body, at any depth and in any case. SCIM operations can also name a
/// password in their path.
pub(crate) fn masked(mut body: Value) -> Value {
    mask(&mut body);
    body
}

fn mask(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(mask),
        Value::Object(fields) => {
            let sets_password = fields.iter().any(|(name, path)| {
                name.eq_ignore_ascii_case("path") && path.as_str().is_some_and(is_password)
            });
            for (name, field) in fields {
                let is_value = sets_password && name.eq_ignore_ascii_case("value");
                if is_value || is_password(name) {
                    *field = Value::from(MASK);
                } else {
                    mask(field);
                }
            }
        }
        _ => {}
    }
}

/// Whether an attribute name, with or without its schema, is the password.
fn is_password(name: &str) -> bool {
    let attribute = name.rsplit(':').next().unwrap_or_default();
    attribute.trim().eq_ignore_ascii_case("password")
}

/// The text that replaces a password.
const MASK: &str = "***";

/// The number of requests that are kept; the oldest are dropped first. A mock may run for days.
const KEPT: usize = 100_000;

/// The latest requests, in the order of their arrival.
#[derive(Default)]
pub(crate) struct Log {
    entries: VecDeque<(u64, LoggedRequest)>,
    next_key: u64,
    /// The number of requests dropped since the log was cleared.
    forgotten: usize,
}

/// A handle to a request in the log.
#[derive(Clone, Copy)]
pub(crate) struct Entry {
    key: u64,
    /// The position in the log, from 1.
    pub(crate) number: usize,
}

impl Log {
    /// Adds a request.
    pub(crate) fn enter(&mut self, request: LoggedRequest) -> Entry {
        let key = self.next_key;
        self.next_key += 1;
        if self.entries.len() == KEPT {
            self.entries.pop_front();
            self.forgotten += 1;
        }
        self.entries.push_back((key, request));
        Entry { key, number: self.forgotten + self.entries.len() }
    }

    /// Records the status of a response. Does nothing if the log was cleared meanwhile.
    pub(crate) fn answered(&mut self, entry: Entry, status: u16) {
        if let Ok(at) = self.entries.binary_search_by_key(&entry.key, |(key, _)| *key) {
            self.entries[at].1.status = Some(status);
        }
    }

    /// Removes every request; numbers start from 1 again.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.forgotten = 0;
    }

    /// Returns the requests.
    pub(crate) fn requests(&self) -> Vec<LoggedRequest> {
        self.entries.iter().map(|(_, request)| request.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn passwords_are_masked_at_any_depth() {
        let body = json!({
            "userName": "ada@acme.example",
            "PassWord": "s3cret",
            "Operations": [
                {"op": "replace", "path": "password", "value": "s3cret"},
                {"op": "Replace", "value": {"urn:ietf:params:scim:schemas:core:2.0:User:password": {"a": "s3cret"}}},
                {"op": "replace", "path": "title", "value": "Password"},
            ],
        });
        let expected = json!({
            "userName": "ada@acme.example",
            "PassWord": "***",
            "Operations": [
                {"op": "replace", "path": "password", "value": "***"},
                {"op": "Replace", "value": {"urn:ietf:params:scim:schemas:core:2.0:User:password": "***"}},
                {"op": "replace", "path": "title", "value": "Password"},
            ],
        });
        assert_eq!(masked(body), expected);
    }

    #[test]
    fn the_log_keeps_the_latest_requests_and_counts_all() {
        let mut log = Log::default();
        let request = |path: usize| LoggedRequest {
            method: "GET".to_owned(),
            path: path.to_string(),
            query: String::new(),
            body: Value::Null,
            status: None,
        };
        let first = log.enter(request(1));
        let mut last = first;
        for number in 2..=KEPT + 1 {
            last = log.enter(request(number));
        }
        assert_eq!(last.number, KEPT + 1);
        log.answered(first, 500);
        log.answered(last, 200);
        let kept = log.requests();
        assert_eq!(kept.len(), KEPT);
        assert_eq!((kept[0].path.as_str(), kept[0].status), ("2", None));
        assert_eq!(kept[KEPT - 1].status, Some(200));
    }
}
