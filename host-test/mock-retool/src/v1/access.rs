//! Authentication and scopes.

use std::sync::{Arc, MutexGuard};

use axum::extract::{Extension, FromRequestParts};
use axum::http::request::Parts;

use super::Refusal;
use super::settings::Settings;
use crate::call::{Call, bearer};
use crate::faults::Quirks;
use crate::options::{Deviations, Scope};
use crate::state::Organisation;

/// A caller with the right token. Routes get the organisation only from the caller, so that no
/// route can forget to check the scope.
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
    /// Locks the organisation, if the token has this scope.
    pub(super) fn with(&self, scope: Scope) -> Result<MutexGuard<'_, Organisation>, Refusal> {
        if !self.settings.scopes.contains(&scope) {
            return Err(Refusal::missing_scope(scope));
        }
        Ok(self.call.organisation())
    }

    /// Returns how the response deviates.
    pub(super) fn quirks(&self) -> &Quirks {
        &self.call.quirks
    }

    /// Returns how the server always deviates.
    pub(super) fn deviations(&self) -> Deviations {
        self.settings.deviations
    }

    /// Returns the largest page size.
    pub(super) fn max_page_size(&self) -> usize {
        self.settings.max_page_size
    }
}
