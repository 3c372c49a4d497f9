//! The context that every dialect gets with a request.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};

use crate::faults::Quirks;
use crate::state::Organisation;

/// The context in which one request is served; an extension of the request.
#[derive(Clone)]
pub(crate) struct Call {
    /// The organisation to read and change.
    pub(crate) organisation: Arc<Mutex<Organisation>>,
    /// How the response deviates.
    pub(crate) quirks: Quirks,
}

impl Call {
    /// Locks the organisation for this request.
    pub(crate) fn organisation(&self) -> MutexGuard<'_, Organisation> {
        // If a test panics while it edits, the poisoned lock must not hide the test's own message.
        self.organisation.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the bearer token of a request.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Whether the headers declare the body as JSON.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}
