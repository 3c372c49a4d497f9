//! The SCIM 2.0 dialect (RFC 7643 and RFC 7644) over an [`Organisation`](crate::Organisation), as
//! Okta and Entra ID use it.
//!
//! Attributes that no other dialect has are kept in [`User::scim`](crate::User::scim) and
//! [`Group::scim`](crate::Group::scim). The ids of users and groups differ from those in REST.

mod access;
mod attr;
mod discovery;
mod error;
mod filter;
mod groups;
mod ids;
mod input;
mod listing;
mod patch;
mod payload;
mod record;
mod schema;
mod search;
mod select;
mod settings;
mod users;

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::map_response_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};

use access::Caller;
use error::ScimError;
pub(crate) use settings::Settings;

/// Returns the routes, to be nested under the base. Every request must carry a
/// [`Call`](crate::call::Call).
pub(crate) fn router(settings: Settings) -> Router {
    let settings = Arc::new(settings);
    let one_user = get(users::read).put(users::replace).patch(users::modify).delete(users::delete);
    let one_group =
        get(groups::read).put(groups::replace).patch(groups::modify).delete(groups::delete);
    Router::new()
        .route("/Users", get(users::list).post(users::create))
        .route("/Users/.search", post(search::users))
        .route("/Users/{id}", one_user)
        .route("/Groups", get(groups::list).post(groups::create))
        .route("/Groups/.search", post(search::groups))
        .route("/Groups/{id}", one_group)
        .route("/.search", post(search::everything))
        .route("/ServiceProviderConfig", get(discovery::config))
        .route("/Schemas", get(discovery::schemas))
        .route("/Schemas/{id}", get(discovery::one_schema))
        .route("/ResourceTypes", get(discovery::resource_types))
        .route("/ResourceTypes/{id}", get(discovery::one_resource_type))
        .method_not_allowed_fallback(async |_: Caller| ScimError::wrong_method())
        .fallback(async |_: Caller| ScimError::no_endpoint())
        .layer(map_response_with_state(Arc::clone(&settings), apply_quirks))
        .with_state(settings)
}

/// Returns the routes of an instance without SCIM, because it is too old or has no SSO: always 404
/// without an explanation.
pub(crate) fn absent() -> Router {
    Router::new().fallback(async || StatusCode::NOT_FOUND)
}

/// Rewrites a response according to the quirks of this server.
async fn apply_quirks(State(settings): State<Arc<Settings>>, mut answer: Response) -> Response {
    let quirks = &settings.quirks;
    if quirks.numeric_error_status
        && let Some(error) = answer.extensions_mut().remove::<ScimError>()
    {
        let (head, _) = answer.into_parts();
        let body = Json(error.document(true)).into_response().into_body();
        answer = Response::from_parts(head, body);
    }
    if answer.headers().contains_key(CONTENT_TYPE) {
        let kind = if quirks.plain_json { "application/json" } else { "application/scim+json" };
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    answer
}

#[cfg(test)]
mod tests {
    use axum::http::{Request, Response};
    use serde_json::{Value, json};

    use crate::offline::Offline;
    use crate::options::Options;
    use crate::state::Organisation;

    fn body(answer: &Response<Vec<u8>>) -> Value {
        serde_json::from_slice(answer.body()).unwrap_or_default()
    }

    #[test]
    fn scim_is_served_offline_without_a_host_header() {
        let offline = Offline::new(&Options::default());
        let mut organisation = Organisation::seeded(1, 4, 1);
        let id = organisation.users[3].scim_id();
        let request = |method: &str, path: String, body: &Value| {
            Request::builder()
                .method(method)
                .uri(format!("/scim/v2{path}"))
                .header("authorization", "Bearer mock-scim-token")
                .header("content-type", "application/scim+json")
                .body(body.to_string().into_bytes())
                .expect("a request")
        };
        let patch = json!({"Operations": [{"op": "replace", "value": {"active": "False"}}]});
        let answer =
            offline.serve(&mut organisation, request("PATCH", format!("/Users/{id}"), &patch));
        assert_eq!(answer.status(), 200);
        assert!(organisation.users[3].is_disabled);
        assert_eq!(body(&answer)["meta"]["location"], format!("/scim/v2/Users/{id}"));

        let listed =
            offline.serve(&mut organisation, request("GET", "/Users?count=1".into(), &json!(null)));
        assert_eq!(body(&listed)["totalResults"], 4);
    }
}
