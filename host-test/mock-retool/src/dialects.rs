//! The routes of all dialects.

use std::convert::Infallible;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::uri::PathAndQuery;
use axum::http::{Method, Uri};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tower::ServiceExt;

use crate::call::Call;
use crate::options::{Deviations, Dialect, DisabledUsers, Options};
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
                deviations: options.deviations,
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
    let routes = routes.fallback(async || v1::Refusal::not_found());
    let routes = match options.deviations {
        Deviations { disabled_users: DisabledUsers::Shown, frozen_dates: false, .. } => routes,
        deviations => routes.layer(from_fn_with_state(deviations, deviate)),
    };
    below(options.base_path(), routes)
}

/// Applies what a server does to users with every write.
async fn deviate(State(deviations): State<Deviations>, request: Request, next: Next) -> Response {
    let call = request.extensions().get::<Call>().cloned();
    let Some(call) = call.filter(|_| request.method() != Method::GET) else {
        return next.run(request).await;
    };
    call.organisation().freeze_dates(deviations.frozen_dates);
    let answer = next.run(request).await;
    let mut organisation = call.organisation();
    organisation.freeze_dates(false);
    organisation.remove_disabled(deviations.disabled_users);
    drop(organisation);
    answer
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
