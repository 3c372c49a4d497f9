//! The dialects, ready to serve requests.

use std::convert::Infallible;

use axum::Router;
use axum::extract::Request;
use axum::http::Uri;
use axum::http::uri::PathAndQuery;
use axum::response::{IntoResponse, Response};
use tower::ServiceExt;

use crate::options::Options;
use crate::{scim, v1, v2};

/// A dialect of Retool's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dialect {
    /// `/api/v1`.
    V1,
    /// `/api/v2`.
    V2,
    /// SCIM 2.0, `/scim/v2` and `/api/scim/v2`.
    Scim,
}

impl Dialect {
    /// Every dialect there is.
    pub const ALL: [Dialect; 3] = [Dialect::V1, Dialect::V2, Dialect::Scim];
}

/// The routes of the dialects that are served. Every request must carry a
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
    // Not `nest`, which leaves the base with a slash behind it to others.
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

/// These routes, with the prefix before their paths.
fn below(prefix: String, routes: Router) -> Router {
    if prefix.is_empty() {
        return routes;
    }
    // Not a nested router, to which some prefixes are patterns.
    Router::new().fallback(async move |request: Request| -> Result<Response, Infallible> {
        match without(&prefix, request) {
            Some(request) => routes.oneshot(request).await,
            None => Ok(v1::Refusal::not_found().into_response()),
        }
    })
}

/// The request as it is without the prefix, if its path begins with it.
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
