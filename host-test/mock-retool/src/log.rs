//! The log of requests, which tests assert on.

use serde::Serialize;
use serde_json::Value;

/// One request as it arrived, and how it was answered. Headers are not kept, so that the log
/// never holds a token.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LoggedRequest {
    /// The method, e.g. `GET`.
    pub method: String,
    /// The path as it was sent, percent-encoding and all.
    pub path: String,
    /// The query as it was sent, without the `?`; empty where there was none.
    pub query: String,
    /// The body, if it was JSON; null otherwise.
    pub body: Value,
    /// The status of the answer; `None` where no answer was sent (or not yet).
    pub status: Option<u16>,
}

impl LoggedRequest {
    /// Whether the request may have changed something: any method but `GET` and `HEAD`.
    pub fn is_write(&self) -> bool {
        !matches!(self.method.as_str(), "GET" | "HEAD")
    }
}

/// The requests so far, in the order of their arrival.
#[derive(Default)]
pub(crate) struct Log {
    entries: Vec<(u64, LoggedRequest)>,
    next_key: u64,
}

/// What a request is entered under.
#[derive(Clone, Copy)]
pub(crate) struct Entry {
    key: u64,
    /// The place in the log, from 1.
    pub(crate) number: usize,
}

impl Log {
    /// Enters a request.
    pub(crate) fn enter(&mut self, request: LoggedRequest) -> Entry {
        let key = self.next_key;
        self.next_key += 1;
        self.entries.push((key, request));
        Entry { key, number: self.entries.len() }
    }

    /// Notes how a request was answered. Does nothing if the log was cleared meanwhile.
    pub(crate) fn answered(&mut self, entry: Entry, status: u16) {
        if let Ok(at) = self.entries.binary_search_by_key(&entry.key, |(key, _)| *key) {
            self.entries[at].1.status = Some(status);
        }
    }

    /// Forgets every request; numbers start from 1 again.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }

    /// The requests.
    pub(crate) fn requests(&self) -> Vec<LoggedRequest> {
        self.entries.iter().map(|(_, request)| request.clone()).collect()
    }
}
