//! The `/api/v2` dialect: wire records and routes over an [`Organisation`](crate::Organisation).
//!
//! Where neither Retool's description nor a recorded exchange says what a server does, this one
//! is strict: what it does not know is refused, and what a PUT leaves out is reset.

mod access;
mod answer;
mod groups;
mod invites;
mod members;
mod options;
mod paging;
mod patch;
mod payload;
mod refusal;
mod users;
mod wire;

use std::sync::Arc;

use axum::Router;
use axum::routing::{delete, get, post};

use crate::options::Scope;
pub use options::V2Options;
use refusal::Refusal;

/// What holds for every request of one mock.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The token that is accepted.
    pub(crate) token: String,
    /// What the token may do.
    pub(crate) scopes: Vec<Scope>,
    /// The largest page that is given.
    pub(crate) max_page_size: usize,
    /// What this server has.
    pub(crate) has: V2Options,
}

/// The routes, to be nested under `/api/v2`. Every request must carry a
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
