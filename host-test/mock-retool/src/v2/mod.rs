//! The `/api/v2` dialect: wire records and routes over an [`Organisation`](crate::Organisation).
//!
//! If neither Retool's documentation nor a recorded exchange shows what a server does, this one is
//! strict: it refuses what it does not know, and a PUT resets what it omits.

mod access;
mod answer;
mod attributes;
mod groups;
mod invites;
mod members;
mod paging;
mod patch;
mod payload;
mod refusal;
mod settings;
mod users;
mod wire;

use std::sync::Arc;

use axum::Router;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{MethodRouter, delete, get, post, put};

use crate::options::{InviteOptions, Support};
use refusal::Refusal;
pub(crate) use settings::Settings;

/// Returns the routes, to be nested under `/api/v2`. Every request must carry a
/// [`Call`](crate::call::Call).
pub(crate) fn router(settings: Settings) -> Router {
    let mut routes = Router::new()
        .route("/users", get(users::list).post(users::create))
        .route("/users/{user}", get(users::read).patch(users::patch).delete(users::disable))
        .route("/groups", get(groups::list).post(groups::create))
        .route(
            "/groups/{group}",
            get(groups::read).put(groups::replace).patch(groups::patch).delete(groups::delete),
        )
        .route("/groups/{group}/members", post(members::add))
        .route("/groups/{group}/members/{user}", delete(members::remove));
    if settings.has.logout {
        routes = routes.route("/users/{user}/logout", post(users::log_out));
    }
    if settings.has.user_invites {
        let InviteOptions { list, one, create, groups, attributes, .. } = settings.has.invites;
        let invites = served(list, get(invites::list), get).merge(served(
            create,
            post(invites::create),
            post,
        ));
        let invite = served(one, get(invites::read), get).merge(served(
            one,
            delete(invites::delete),
            delete,
        ));
        routes = routes
            .route("/user_invites", invites)
            .route("/user_invites/{invite}", invite)
            .route(
                "/user_invites/{invite}/user_attributes",
                served(attributes, post(invites::set_attribute), post),
            )
            .route(
                "/user_invites/{invite}/user_attributes/{attribute}",
                served(attributes, delete(invites::remove_attribute), delete),
            )
            .route(
                "/groups/{group}/user_invites",
                served(groups, post(invites::add_to_group), post),
            )
            .route(
                "/groups/{group}/user_invites/{invite}",
                served(groups, delete(invites::remove_from_group), delete),
            );
    }
    if settings.has.user_attributes {
        routes = routes
            .route("/user_attributes", get(attributes::list))
            .route("/users/{user}/user_attributes", post(attributes::set))
            .route("/users/{user}/user_attributes/{attribute}", delete(attributes::remove));
    }
    if settings.has.two_factor_reset {
        routes = routes.route("/users/reset2fa/{user}", put(attributes::reset_2fa));
    }
    routes
        .fallback(async || Refusal::not_found())
        .method_not_allowed_fallback(async || Refusal::wrong_method())
        .with_state(Arc::new(settings))
}

/// The method of a route, with a handler for servers that lack the route.
type Method = fn(fn() -> std::future::Ready<Response>) -> MethodRouter<Arc<Settings>>;

/// Returns a route, or what a server without it answers to the same method.
fn served(
    support: Support,
    route: MethodRouter<Arc<Settings>>,
    method: Method,
) -> MethodRouter<Arc<Settings>> {
    match support {
        Support::Served => route,
        Support::NotFound => method(|| std::future::ready(Refusal::not_found().into_response())),
        Support::Page => method(|| std::future::ready(Html(PAGE).into_response())),
    }
}

/// What a server answers where its plan or its version lacks a route.
const PAGE: &str = "<!doctype html><html><head><title>Retool</title></head><body></body></html>";
