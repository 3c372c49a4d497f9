//! The mock's own routes, which no Retool has. They need no token and are not logged.

use axum::Json;
use axum::http::Method;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::World;
use crate::v1::Refusal;

/// Serves a request to the mock itself; `None` if it is not one.
pub(super) fn serve(world: &World, method: &Method, path: &str) -> Option<Response> {
    let expected = match path.strip_prefix("/_mock/")? {
        "requests" | "state" => Method::GET,
        "reset" => Method::POST,
        _ => return Some(Refusal::not_found().into_response()),
    };
    if *method != expected {
        return Some(Refusal::wrong_method().into_response());
    }
    Some(match path {
        "/_mock/requests" => Json(json!({ "requests": world.log().requests() })).into_response(),
        "/_mock/state" => Json(&*world.organisation()).into_response(),
        _ => {
            world.reset();
            Json(json!({ "success": true })).into_response()
        }
    })
}
