//! The dialects, ready to serve requests.

use axum::Router;

use crate::options::Options;
use crate::v1;

/// The routes of all dialects. Every request must carry a [`v1::Call`].
pub(crate) fn routes(options: &Options) -> Router {
    Router::new()
        .nest(
            "/api/v1",
            v1::router(v1::Settings {
                token: options.token.clone(),
                scopes: options.scopes.clone(),
                max_page_size: options.max_page_size,
            }),
        )
        .fallback(async || v1::Refusal::not_found())
}
