//! Stopping the world at a request.

use std::sync::Arc;

use crate::log::LoggedRequest;

/// What becomes of a request that a hook was asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hook {
    /// It is served, faults included.
    Serve,
    /// The connection is closed and nothing is done.
    CloseBefore,
    /// It is served, and the connection is closed without an answer.
    ServeThenClose,
    /// Nothing is done, and the answer has this status.
    Respond(u16),
}

/// What decides about requests: called with the place of the request in the log, from 1, and the
/// request.
pub(crate) type OnRequest = Arc<dyn Fn(usize, &LoggedRequest) -> Hook + Send + Sync>;
