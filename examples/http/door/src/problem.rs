//! Errors, as documents of RFC 9457.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use contract_json::path_in_json;
use serde::Serialize;

use crate::bindings::user_lifecycle::retool::types::{
    Error, ErrorDetail, ErrorKind, Tombstone, Write,
};
use crate::functions::RESPELLED;

/// How many seconds a caller waits where nothing is known.
const RETRY_AFTER_SECONDS: u32 = 5;

/// Why there is no result.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) status: u16,
    permanent: bool,
    pub(crate) detail: Box<ErrorDetail>,
    /// The methods that the path takes, for 405.
    pub(crate) allow: Option<&'static str>,
}

/// The document, in the order of its members.
#[derive(Serialize)]
struct Document<'a> {
    r#type: &'a str,
    title: &'a str,
    status: u16,
    detail: &'a str,
    permanent: bool,
    kind: ErrorKind,
    code: &'a str,
    subject: Option<&'a str>,
    field: Option<&'a str>,
    request: Option<&'a str>,
    request_id: Option<&'a str>,
    http_status: Option<u16>,
    attempts: u32,
    retry_after_ms: Option<u32>,
    writes: &'a [Write],
    tombstones: &'a [Tombstone],
}

impl Problem {
    /// Converts an error of the component. What may pass is 429 or 503, so that clients which go by
    /// the status try again; nothing else is.
    pub(crate) fn of(error: Error) -> Problem {
        let (permanent, mut detail) = match error {
            Error::Permanent(detail) => (true, detail),
            Error::Transient(detail) => (false, detail),
            Error::ExecutionFailed => {
                let message = "The call was not finished. Call again.";
                (false, detail(ErrorKind::Unavailable, "execution-failed", message.to_owned()))
            }
        };
        detail.field = detail.field.map(|field| path_in_json(&field, RESPELLED));
        let status = status(permanent, detail.kind);
        Problem { status, permanent, detail: Box::new(detail), allow: None }
    }

    fn own(status: u16, kind: ErrorKind, code: &str, message: impl Into<String>) -> Problem {
        let detail = detail(kind, code, message.into());
        Problem { status, permanent: true, detail: Box::new(detail), allow: None }
    }

    pub(crate) fn not_json(message: String) -> Problem {
        Problem::own(400, ErrorKind::InvalidInput, "not-json", message)
    }

    pub(crate) fn wrong_form(field: String, message: String) -> Problem {
        let mut problem = Problem::own(422, ErrorKind::InvalidInput, "wrong-form", message);
        problem.detail.field = Some(field).filter(|field| !field.is_empty());
        problem
    }

    pub(crate) fn unknown_connection(message: String) -> Problem {
        let mut problem = Problem::own(422, ErrorKind::InvalidInput, "connection-unknown", message);
        problem.detail.field = Some("connection".to_owned());
        problem
    }

    pub(crate) fn connection_refused() -> Problem {
        let message = "This token may not use this connection. Use another, or ask the operator.";
        let mut problem = Problem::own(403, ErrorKind::Refused, "connection-refused", message);
        problem.detail.field = Some("connection".to_owned());
        problem
    }

    pub(crate) fn function_refused() -> Problem {
        let message = "This token may not call this function. Use another, or ask the operator.";
        Problem::own(403, ErrorKind::Refused, "function-refused", message)
    }

    pub(crate) fn misconfigured(message: String) -> Problem {
        Problem::own(424, ErrorKind::Denied, "door-misconfigured", message)
    }

    /// No token is configured.
    pub(crate) fn closed() -> Problem {
        let message = "This door has no valid tokens. Its operator must set DOOR_TOKENS.";
        Problem::own(401, ErrorKind::Denied, "door-closed", message)
    }

    pub(crate) fn no_token() -> Problem {
        let message = "Send a token of this door: `Authorization: Bearer …`.";
        Problem::own(401, ErrorKind::Denied, "token-required", message)
    }

    pub(crate) fn no_such_path() -> Problem {
        let message = "There is nothing at this path. GET /openapi.json lists the functions.";
        Problem::own(404, ErrorKind::NotFound, "path-unknown", message)
    }

    pub(crate) fn other_method(allow: &'static str) -> Problem {
        let message = format!("This path takes {allow} only.");
        let problem = Problem::own(405, ErrorKind::InvalidInput, "method-refused", message);
        Problem { allow: Some(allow), ..problem }
    }

    pub(crate) fn too_large(most: usize) -> Problem {
        let message = format!(
            "The body has more than {most} bytes. Send a part of the roster with a span, or have the \
             operator raise DOOR_MAX_BODY_BYTES."
        );
        Problem::own(413, ErrorKind::InvalidInput, "body-too-large", message)
    }

    pub(crate) fn cut_body() -> Problem {
        Problem::own(400, ErrorKind::InvalidInput, "body-incomplete", "The body ended early.")
    }

    /// Returns how many seconds to wait before trying again, if it may pass.
    pub(crate) fn retry_after(&self) -> Option<u32> {
        let known = self.detail.retry_after_ms.map(|ms| ms.div_ceil(1000).max(1));
        (!self.permanent).then(|| known.unwrap_or(RETRY_AFTER_SECONDS))
    }

    /// Returns the document.
    pub(crate) fn json(&self) -> Vec<u8> {
        let ErrorDetail { kind, http_status, attempts, retry_after_ms, .. } = *self.detail;
        let document = Document {
            r#type: "about:blank",
            title: title(self.status),
            status: self.status,
            detail: &self.detail.message,
            permanent: self.permanent,
            kind,
            code: &self.detail.code,
            subject: self.detail.subject.as_deref(),
            field: self.detail.field.as_deref(),
            request: self.detail.request.as_deref(),
            request_id: self.detail.request_id.as_deref(),
            http_status,
            attempts,
            retry_after_ms,
            writes: &self.detail.writes,
            tombstones: &self.detail.tombstones,
        };
        serde_json::to_vec(&document).unwrap_or_default()
    }
}

fn detail(kind: ErrorKind, code: &str, message: String) -> ErrorDetail {
    ErrorDetail {
        kind,
        code: code.to_owned(),
        message,
        subject: None,
        field: None,
        request: None,
        request_id: None,
        http_status: None,
        attempts: 0,
        retry_after_ms: None,
        writes: Vec::new(),
        tombstones: Vec::new(),
    }
}

/// Returns the status of an error. What will not change is never 429 or 5xx, which clients repeat.
fn status(permanent: bool, kind: ErrorKind) -> u16 {
    match (permanent, kind) {
        (false, ErrorKind::RateLimited) => 429,
        (false, _) => 503,
        (true, ErrorKind::InvalidInput | ErrorKind::Unsupported) => 422,
        (true, ErrorKind::NotFound) => 404,
        (true, ErrorKind::Conflict) => 409,
        (true, ErrorKind::Refused) => 403,
        // Not 401 or 403: Retool denies the token of this deployment, and not the caller's.
        (true, ErrorKind::Denied | ErrorKind::RateLimited | ErrorKind::Unavailable) => 424,
    }
}

fn title(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        409 => "Conflict",
        413 => "Content Too Large",
        422 => "Unprocessable Content",
        424 => "Failed Dependency",
        429 => "Too Many Requests",
        _ => "Service Unavailable",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [(ErrorKind, u16); 8] = [
        (ErrorKind::InvalidInput, 422),
        (ErrorKind::Denied, 424),
        (ErrorKind::NotFound, 404),
        (ErrorKind::Conflict, 409),
        (ErrorKind::Refused, 403),
        (ErrorKind::Unsupported, 422),
        (ErrorKind::RateLimited, 424),
        (ErrorKind::Unavailable, 424),
    ];

    #[test]
    fn only_what_may_pass_has_a_status_that_clients_repeat() {
        for (kind, permanent) in KINDS {
            let problem = Problem::of(Error::Permanent(detail(kind, "x", String::new())));
            assert_eq!((problem.status, problem.retry_after()), (permanent, None), "{kind:?}");
            let problem = Problem::of(Error::Transient(detail(kind, "x", String::new())));
            let expected = if kind == ErrorKind::RateLimited { 429 } else { 503 };
            assert_eq!((problem.status, problem.retry_after()), (expected, Some(5)), "{kind:?}");
        }
        assert_eq!(Problem::of(Error::ExecutionFailed).status, 503);
    }

    #[test]
    fn the_wait_is_in_seconds_and_rounded_up() {
        for (ms, seconds) in [(0, 1), (1, 1), (1000, 1), (1001, 2), (90_500, 91)] {
            let mut detail = detail(ErrorKind::RateLimited, "x", String::new());
            detail.retry_after_ms = Some(ms);
            assert_eq!(Problem::of(Error::Transient(detail)).retry_after(), Some(seconds));
        }
    }

    #[test]
    fn a_problem_has_its_members_and_the_field_as_the_caller_spells_it() {
        let mut detail = detail(ErrorKind::InvalidInput, "invalid-email", "No.".to_owned());
        detail.field = Some("request.former-emails[1]".to_owned());
        let json = Problem::of(Error::Permanent(detail)).json();
        let json: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
        assert_eq!(json["field"], "request.former_emails[1]");
        assert_eq!(json["kind"], "invalid-input");
        assert_eq!(json["detail"], "No.");
        assert_eq!((&json["status"], &json["permanent"]), (&422.into(), &true.into()));
        assert!(json["writes"].is_array() && json["message"].is_null());
    }
}
