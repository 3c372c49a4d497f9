//! Who is asking, and what they may do.

use std::sync::{Arc, MutexGuard};

use axum::extract::{Extension, FromRequestParts};
use axum::http::request::Parts;

use super::{Refusal, Settings, V2Options};
use crate::call::{Call, bearer};
use crate::faults::Quirks;
use crate::options::Scope;
use crate::state::Organisation;

/// Somebody with the right token. The organisation is only to be had through them, so that no
/// route can forget the scope.
pub(super) struct Caller {
    settings: Arc<Settings>,
    call: Call,
}

impl FromRequestParts<Arc<Settings>> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(
        parts: &mut Parts,
        settings: &Arc<Settings>,
    ) -> Result<Self, Refusal> {
        if bearer(&parts.headers) != Some(settings.token.as_str()) {
            return Err(Refusal::unauthorized());
        }
        let Extension(call) = Extension::<Call>::from_request_parts(parts, settings)
            .await
            .map_err(|_| Refusal::not_found())?;
        Ok(Caller { settings: Arc::clone(settings), call })
    }
}

impl Caller {
    /// The organisation, if the token has this scope.
    pub(super) fn with(&self, scope: Scope) -> Result<MutexGuard<'_, Organisation>, Refusal> {
        if !self.settings.scopes.contains(&scope) {
            return Err(Refusal::missing_scope(scope));
        }
        Ok(self.call.organisation())
    }

    /// How the answer is to deviate.
    pub(super) fn quirks(&self) -> &Quirks {
        &self.call.quirks
    }

    /// The largest page that is given.
    pub(super) fn max_page_size(&self) -> usize {
        self.settings.max_page_size
    }

    /// What this server has.
    pub(super) fn server_has(&self) -> V2Options {
        self.settings.has
    }
}
