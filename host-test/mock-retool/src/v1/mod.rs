//! The `/api/v1` dialect: wire records and routes over an [`Organisation`](crate::Organisation).

mod access;
mod groups;
mod members;
mod paging;
mod payload;
mod refusal;
mod settings;
mod users;
mod wire;

use std::sync::Arc;

use axum::Router;
use axum::routing::{delete, get};

pub(crate) use refusal::Refusal;
pub(crate) use settings::Settings;

/// Returns the routes, to be nested under `/api/v1`. Every request must carry a
/// [`Call`](crate::call::Call).
pub(crate) fn router(settings: Settings) -> Router {
    Router::new()
        .route("/users", get(users::list).post(users::create))
        .route("/users/{user}", get(users::read).put(users::replace).delete(users::delete))
        .route("/groups", get(groups::list).post(groups::create))
        .route("/groups/{group}", get(groups::read).put(groups::replace).delete(groups::delete))
        .route("/groups/{group}/members", get(members::list).post(members::add))
        .route("/groups/{group}/members/{user}", delete(members::remove))
        .method_not_allowed_fallback(async || Refusal::wrong_method())
        .with_state(Arc::new(settings))
}
