//! Hooks, which decide about single requests.

use std::sync::Arc;

use crate::log::LoggedRequest;

/// What a hook decides about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hook {
    /// The request is served, and faults apply to it.
    Serve,
    /// The request is not served, and the connection is closed.
    CloseBefore,
    /// The request is served, and the connection is closed without a response.
    ServeThenClose,
    /// The request is not served, and the response has this status.
    Respond(u16),
}

/// The hook function. Its arguments are the position of the request in the log, from 1, and the
/// request.
pub(crate) type OnRequest = Arc<dyn Fn(usize, &LoggedRequest) -> Hook + Send + Sync>;
