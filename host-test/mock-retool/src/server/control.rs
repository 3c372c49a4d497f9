//! The mock's own routes, which Retool does not have. They need no token and are not logged.

use axum::Json;
use axum::http::Method;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::ServerState;
use crate::v1::Refusal;

/// Serves a request to the mock itself. Returns `None` for any other request.
pub(super) fn serve(server: &ServerState, method: &Method, path: &str) -> Option<Response> {
    let expected = match path.strip_prefix("/_mock/")? {
        "requests" | "state" => Method::GET,
        "reset" => Method::POST,
        _ => return Some(Refusal::not_found().into_response()),
    };
    if *method != expected {
        return Some(Refusal::wrong_method().into_response());
    }
    Some(match path {
        "/_mock/requests" => Json(json!({ "requests": server.log().requests() })).into_response(),
        "/_mock/state" => Json(&*server.organisation()).into_response(),
        _ => {
            server.reset();
            Json(json!({ "success": true })).into_response()
        }
    })
}
