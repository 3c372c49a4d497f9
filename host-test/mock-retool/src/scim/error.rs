//! Error responses: the Error message of RFC 7644, section 3.12.

use axum::Json;
use axum::http::header::WWW_AUTHENTICATE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::state::Refused;

const SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// Why a request was not served.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ScimError {
    status: StatusCode,
    kind: Option<Kind>,
    detail: String,
}

/// The `scimType` of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    InvalidFilter,
    InvalidPath,
    InvalidSyntax,
    InvalidValue,
    Mutability,
    NoTarget,
    Uniqueness,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::InvalidFilter => "invalidFilter",
            Kind::InvalidPath => "invalidPath",
            Kind::InvalidSyntax => "invalidSyntax",
            Kind::InvalidValue => "invalidValue",
            Kind::Mutability => "mutability",
            Kind::NoTarget => "noTarget",
            Kind::Uniqueness => "uniqueness",
        }
    }
}

impl ScimError {
    fn plain(status: StatusCode, detail: impl Into<String>) -> Self {
        ScimError { status, kind: None, detail: detail.into() }
    }

    /// The request is invalid.
    pub(super) fn bad(kind: Kind, detail: impl Into<String>) -> Self {
        ScimError { status: StatusCode::BAD_REQUEST, kind: Some(kind), detail: detail.into() }
    }

    /// The page size is too large, or missing.
    pub(super) fn page_size(status: u16, detail: impl Into<String>) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
        ScimError { status, kind: Some(Kind::InvalidValue), detail: detail.into() }
    }

    /// The server does not support the request.
    pub(super) fn unknown() -> Self {
        ScimError::plain(StatusCode::NOT_IMPLEMENTED, "This is not supported")
    }

    /// Another resource has the value.
    pub(super) fn taken(detail: impl Into<String>) -> Self {
        ScimError {
            status: StatusCode::CONFLICT,
            kind: Some(Kind::Uniqueness),
            detail: detail.into(),
        }
    }

    /// The token is missing or wrong.
    pub(super) fn unauthorized() -> Self {
        ScimError::plain(StatusCode::UNAUTHORIZED, "Invalid or missing SCIM token")
    }

    /// The request is not allowed with these parameters.
    pub(super) fn forbidden(detail: impl Into<String>) -> Self {
        ScimError::plain(StatusCode::FORBIDDEN, detail)
    }

    /// There is nothing at this path.
    pub(super) fn no_endpoint() -> Self {
        ScimError::plain(StatusCode::NOT_FOUND, "There is no such endpoint")
    }

    /// There is no resource with this id.
    pub(super) fn not_found(id: &str) -> Self {
        ScimError::plain(StatusCode::NOT_FOUND, format!("Resource {id} not found"))
    }

    /// This path exists only for other methods.
    pub(super) fn wrong_method() -> Self {
        ScimError::plain(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed")
    }

    /// The resource no longer has the version in `If-Match`.
    pub(super) fn changed() -> Self {
        ScimError::plain(
            StatusCode::PRECONDITION_FAILED,
            "Failed to update. Resource has changed on the server.",
        )
    }

    /// The content type is not JSON.
    pub(super) fn unsupported_media_type() -> Self {
        ScimError::plain(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Content-Type must be application/scim+json or application/json",
        )
    }

    /// Returns the body. The status is a string, as RFC 7644 requires, or a number.
    pub(super) fn document(&self, numeric_status: bool) -> Value {
        let code = self.status.as_u16();
        let status = if numeric_status { json!(code) } else { json!(code.to_string()) };
        let mut document = json!({ "schemas": [SCHEMA], "status": status, "detail": self.detail });
        if let Some(kind) = self.kind {
            document["scimType"] = json!(kind.name());
        }
        document
    }
}

impl From<Refused> for ScimError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::EmailTaken => ScimError::taken("Another user has this e-mail address"),
            Refused::NoSuchUser => ScimError::bad(Kind::InvalidValue, "There is no such user"),
            Refused::NoSuchGroup => ScimError::bad(Kind::InvalidValue, "There is no such group"),
            Refused::NotAMember => ScimError::bad(Kind::InvalidValue, "The user is not a member"),
            // These can't happen: SCIM has no invitations, and disabling a user twice changes
            // nothing.
            Refused::AlreadyInvited
            | Refused::AlreadyDisabled
            | Refused::NoSuchInvite
            | Refused::NoSuchAttribute
            | Refused::WrongValue
            | Refused::InviteClosed => ScimError::bad(Kind::InvalidValue, "That is not possible"),
            Refused::BuiltIn => {
                ScimError::bad(Kind::Mutability, "A built-in group cannot be renamed or deleted")
            }
            Refused::Managed => ScimError::bad(
                Kind::Mutability,
                "The members of the admin group are the administrators",
            ),
        }
    }
}

impl IntoResponse for ScimError {
    /// Adds the error to the extensions of the response, because a quirk may rewrite the body.
    fn into_response(self) -> Response {
        let mut answer = (self.status, Json(self.document(false))).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        answer.extensions_mut().insert(self);
        answer
    }
}
