//! Error responses: a status and `{"message": …}`.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::options::Scope;
use crate::state::Refused;

/// Why a request was not served.
#[derive(Debug, PartialEq)]
pub(crate) struct Refusal {
    status: StatusCode,
    message: String,
}

impl Refusal {
    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Refusal { status, message: message.into() }
    }

    /// The request is invalid.
    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Refusal::new(StatusCode::BAD_REQUEST, message)
    }

    /// The request is valid, and the server does not make the change.
    pub(super) fn unprocessable(message: impl Into<String>) -> Self {
        Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, message)
    }

    /// The page size is too large, or missing.
    pub(super) fn page_size(status: u16, message: impl Into<String>) -> Self {
        Refusal::new(StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST), message)
    }

    /// The token is missing or wrong.
    pub(super) fn unauthorized() -> Self {
        Refusal::new(StatusCode::UNAUTHORIZED, "Invalid or missing access token")
    }

    /// The token lacks a scope.
    pub(super) fn missing_scope(scope: Scope) -> Self {
        Refusal::new(StatusCode::FORBIDDEN, format!("The access token lacks the scope {scope}"))
    }

    /// There is nothing at this path.
    pub(crate) fn not_found() -> Self {
        Refusal::new(StatusCode::NOT_FOUND, "Not found")
    }

    /// This path exists only for other methods.
    pub(crate) fn wrong_method() -> Self {
        Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed")
    }

    /// The content type is not JSON.
    pub(super) fn unsupported_media_type() -> Self {
        Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Content-Type must be application/json")
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        let (status, message) = match refused {
            Refused::EmailTaken => (StatusCode::CONFLICT, "A user with this email already exists"),
            Refused::NoSuchUser => (StatusCode::NOT_FOUND, "User not found"),
            Refused::NoSuchGroup => (StatusCode::NOT_FOUND, "Group not found"),
            Refused::NotAMember => (StatusCode::NOT_FOUND, "The user is not a member of the group"),
            // These can't happen in this dialect.
            Refused::AlreadyInvited
            | Refused::AlreadyDisabled
            | Refused::NoSuchInvite
            | Refused::NoSuchAttribute
            | Refused::WrongValue
            | Refused::InviteClosed => (StatusCode::CONFLICT, "The request could not be served"),
            Refused::BuiltIn => {
                (StatusCode::BAD_REQUEST, "A built-in group cannot be renamed or deleted")
            }
            Refused::Managed => {
                (StatusCode::BAD_REQUEST, "The members of the admin group follow from isAdmin")
            }
        };
        Refusal::new(status, message)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "message": self.message }))).into_response()
    }
}
