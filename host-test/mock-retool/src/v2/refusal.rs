//! Error responses: a status and `{"success": false, "message": …}`.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::options::Scope;
use crate::state::Refused;

/// Why a request was not served.
#[derive(Debug, PartialEq)]
pub(super) struct Refusal {
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

    /// The address has an open invitation, with this link.
    pub(super) fn already_invited(link: &str) -> Self {
        Refusal::new(StatusCode::CONFLICT, format!("Already invited, see {link} for the invite"))
    }

    /// There is nothing at this path.
    pub(super) fn not_found() -> Self {
        Refusal::new(StatusCode::NOT_FOUND, "Not found")
    }

    /// This path exists only for other methods.
    pub(super) fn wrong_method() -> Self {
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
            Refused::AlreadyInvited => {
                (StatusCode::CONFLICT, "A user with this email is already invited")
            }
            Refused::AlreadyDisabled => {
                (StatusCode::UNPROCESSABLE_ENTITY, "The user is already disabled")
            }
            Refused::InviteClosed => {
                (StatusCode::UNPROCESSABLE_ENTITY, "The user invite is claimed or has expired")
            }
            Refused::NoSuchUser => (StatusCode::NOT_FOUND, "User not found"),
            Refused::NoSuchGroup => (StatusCode::NOT_FOUND, "Group not found"),
            Refused::NoSuchInvite => (StatusCode::NOT_FOUND, "User invite not found"),
            Refused::NoSuchAttribute => (StatusCode::NOT_FOUND, "User attribute not found"),
            Refused::WrongValue => {
                (StatusCode::BAD_REQUEST, "The value is not of the attribute's type")
            }
            Refused::NotAMember => (StatusCode::NOT_FOUND, "Not a member of the group"),
            Refused::BuiltIn => {
                (StatusCode::BAD_REQUEST, "A built-in group cannot be renamed or deleted")
            }
            Refused::Managed => {
                (StatusCode::BAD_REQUEST, "The members of the admin group follow from is_admin")
            }
        };
        Refusal::new(status, message)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "success": false, "message": self.message }))).into_response()
    }
}
