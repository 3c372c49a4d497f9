//! The `/api/v2` dialect: wire records and routes over an [`Organisation`](crate::Organisation).
//!
//! If neither Retool's documentation nor a recorded exchange shows what a server does, this one is
//! strict: it refuses what it does not know, and a PUT resets what it omits.

mod access;
mod answer;
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
use axum::routing::{delete, get, post};

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
        routes = routes
            .route("/user_invites", get(invites::list).post(invites::create))
            .route("/user_invites/{invite}", get(invites::read).delete(invites::delete))
            .route("/groups/{group}/user_invites", post(invites::add_to_group))
            .route("/groups/{group}/user_invites/{invite}", delete(invites::remove_from_group));
    }
    routes
        .fallback(async || Refusal::not_found())
        .method_not_allowed_fallback(async || Refusal::wrong_method())
        .with_state(Arc::new(settings))
}
