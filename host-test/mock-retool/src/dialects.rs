//! The routes of all dialects.

use std::convert::Infallible;

use axum::Router;
use axum::extract::Request;
use axum::http::Uri;
use axum::http::uri::PathAndQuery;
use axum::response::{IntoResponse, Response};
use tower::ServiceExt;

use crate::options::{Dialect, Options};
use crate::{scim, v1, v2};

/// Returns the routes of the dialects that are served. Every request must carry a
/// [`Call`](crate::call::Call).
pub(crate) fn routes(options: &Options) -> Router {
    let mut routes = Router::new();
    let serves = |dialect| options.dialects.contains(&dialect);
    if serves(Dialect::V1) {
        routes = routes.nest(
            "/api/v1",
            v1::router(v1::Settings {
                token: options.token.clone(),
                scopes: options.scopes.clone(),
                max_page_size: options.max_page_size,
            }),
        );
    }
    // `nest` would not match the base path with a trailing slash; `nest_service` does.
    if serves(Dialect::V2) {
        routes = routes.nest_service(
            "/api/v2",
            v2::router(v2::Settings {
                token: options.token.clone(),
                scopes: options.scopes.clone(),
                max_page_size: options.max_page_size,
                has: options.v2,
            }),
        );
    }
    if serves(Dialect::Scim) {
        for base in options.scim_base.paths() {
            let scim = if options.scim_not_configured {
                scim::absent()
            } else {
                scim::router(scim::Settings {
                    path: format!("{}{base}", options.base_path()),
                    token: options.scim_token.clone(),
                    max_page_size: options.max_page_size,
                    quirks: options.scim_quirks.clone(),
                })
            };
            routes = routes.nest_service(base, scim);
        }
    }
    below(options.base_path(), routes.fallback(async || v1::Refusal::not_found()))
}

/// Puts the prefix before the paths of these routes.
fn below(prefix: String, routes: Router) -> Router {
    if prefix.is_empty() {
        return routes;
    }
    // A nested router would read some prefixes as patterns.
    Router::new().fallback(async move |request: Request| -> Result<Response, Infallible> {
        match without(&prefix, request) {
            Some(request) => routes.oneshot(request).await,
            None => Ok(v1::Refusal::not_found().into_response()),
        }
    })
}

/// Removes the prefix from the path of a request. Returns `None` if the path does not begin with
/// it.
fn without(prefix: &str, mut request: Request) -> Option<Request> {
    let path = request.uri().path_and_query()?.as_str().strip_prefix(prefix)?;
    if !path.starts_with('/') {
        return None;
    }
    let mut parts = request.uri().clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(path).ok()?);
    *request.uri_mut() = Uri::from_parts(parts).ok()?;
    Some(request)
}
