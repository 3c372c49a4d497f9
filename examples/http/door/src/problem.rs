//! Errors, as documents of RFC 9457.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use contract_json::path_in_json;
use serde::Serialize;

use crate::bindings::user_lifecycle::retool::types::{
    Connection, Error, ErrorDetail, ErrorKind, Tombstone, Write,
};
use crate::functions::RESPELLED;

/// The parameter with the connection, and the key with its name.
const CONNECTION: &str = "connection";

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

/// An error of the door itself, from the table in `host-test/schema/src/problems.rs`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Own {
    code: &'static str,
    status: u16,
    kind: ErrorKind,
    permanent: bool,
    field: Option<&'static str>,
    message: &'static str,
}
include!(concat!(env!("OUT_DIR"), "/errors.rs"));

impl Problem {
    /// Converts an error of the component, which was called with a connection. Its status is 429 or
    /// 503 if another try may succeed, and never otherwise: clients repeat what has such a status.
    pub(crate) fn of(error: Error, connection: &Connection) -> Problem {
        let (permanent, mut detail) = match error {
            Error::Permanent(detail) => (true, detail),
            Error::Transient(detail) => (false, detail),
            Error::ExecutionFailed => return Problem::own(EXECUTION_FAILED),
        };
        // A caller gives the connection's name, and knows nothing else of it.
        detail.field = detail.field.map(|field| match field.split('.').next() {
            Some(CONNECTION) => CONNECTION.to_owned(),
            _ => path_in_json(&field, RESPELLED),
        });
        detail.subject = detail.subject.filter(|subject| !is_server(subject, &connection.base_url));
        let status = status(permanent, detail.kind);
        Problem { status, permanent, detail: Box::new(detail), allow: None }
    }

    /// Returns an error of the door itself.
    pub(crate) fn own(own: Own) -> Problem {
        let detail = ErrorDetail {
            kind: own.kind,
            code: own.code.to_owned(),
            message: own.message.to_owned(),
            subject: None,
            field: own.field.map(str::to_owned),
            request: None,
            request_id: None,
            http_status: None,
            attempts: 0,
            retry_after_ms: None,
            writes: Vec::new(),
            tombstones: Vec::new(),
        };
        let (status, permanent) = (own.status, own.permanent);
        Problem { status, permanent, detail: Box::new(detail), allow: None }
    }

    /// Replaces the message.
    pub(crate) fn saying(mut self, message: String) -> Problem {
        self.detail.message = message;
        self
    }

    /// Replaces the field. An empty one is the whole body.
    pub(crate) fn about(mut self, field: String) -> Problem {
        self.detail.field = Some(field).filter(|field| !field.is_empty());
        self
    }

    pub(crate) fn misconfigured(variable: &str) -> Problem {
        Problem::own(DOOR_MISCONFIGURED).saying(format!(
            "The operator of this door must correct {variable}; the log says what is wrong."
        ))
    }

    pub(crate) fn other_method(allow: &'static str) -> Problem {
        let message = format!("This path takes {allow} only.");
        Problem { allow: Some(allow), ..Problem::own(METHOD_REFUSED).saying(message) }
    }

    pub(crate) fn too_large(most: usize) -> Problem {
        Problem::own(REQUEST_TOO_LARGE).saying(format!(
            "The body has more than {most} bytes. Send a part of the roster with a span, or have the \
             operator raise DOOR_MAX_BODY_BYTES."
        ))
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

/// Returns whether a subject is the address of the server at a base URL: the same scheme and host.
fn is_server(subject: &str, base_url: &str) -> bool {
    let host = |url: &str| {
        let (scheme, rest) = url.split_once("://")?;
        let host = rest.split(['/', ':']).next()?;
        Some(format!("{scheme}://{host}").to_ascii_lowercase())
    };
    host(subject).is_some_and(|server| Some(server) == host(base_url))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::user_lifecycle::retool::types::Dialect;

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

    fn detail(kind: ErrorKind) -> ErrorDetail {
        let Problem { detail, .. } = Problem::own(PATH_UNKNOWN);
        ErrorDetail { kind, ..*detail }
    }

    fn of(error: Error) -> Problem {
        let connection = Connection {
            base_url: "HTTPS://Acme.retool.com:443/sub/".to_owned(),
            dialect: Dialect::Auto,
            api_token_variable: None,
            scim_token_variable: None,
        };
        Problem::of(error, &connection)
    }

    #[test]
    fn only_what_may_pass_has_a_status_that_clients_repeat() {
        for (kind, permanent) in KINDS {
            let problem = of(Error::Permanent(detail(kind)));
            assert_eq!((problem.status, problem.retry_after()), (permanent, None), "{kind:?}");
            let problem = of(Error::Transient(detail(kind)));
            let expected = if kind == ErrorKind::RateLimited { 429 } else { 503 };
            assert_eq!((problem.status, problem.retry_after()), (expected, Some(5)), "{kind:?}");
        }
        assert_eq!(of(Error::ExecutionFailed).status, 503);
    }

    #[test]
    fn a_body_that_broke_off_may_be_sent_again() {
        let problem = Problem::own(BODY_INCOMPLETE);
        assert_eq!((problem.status, problem.retry_after()), (503, Some(5)));
        let json: serde_json::Value = serde_json::from_slice(&problem.json()).expect("JSON");
        assert_eq!(json["permanent"], false);
    }

    #[test]
    fn the_wait_is_in_seconds_and_rounded_up() {
        for (ms, seconds) in [(0, 1), (1, 1), (1000, 1), (1001, 2), (90_500, 91)] {
            let mut detail = detail(ErrorKind::RateLimited);
            detail.retry_after_ms = Some(ms);
            assert_eq!(of(Error::Transient(detail)).retry_after(), Some(seconds));
        }
    }

    #[test]
    fn a_field_of_the_connection_is_its_name_for_the_caller() {
        for (field, expected) in [
            ("connection.base-url", "connection"),
            ("connection.api-token-variable", "connection"),
            ("connection", "connection"),
            ("request.former-emails[1]", "request.former_emails[1]"),
            ("connections[0].base-url", "connections[0].base_url"),
        ] {
            let mut detail = detail(ErrorKind::Denied);
            detail.field = Some(field.to_owned());
            let problem = of(Error::Permanent(detail));
            assert_eq!(problem.detail.field.as_deref(), Some(expected));
        }
    }

    #[test]
    fn a_subject_is_no_address_of_the_organisation() {
        for (subject, expected) in [
            ("https://acme.retool.com/sub", None),
            ("https://acme.retool.com", None),
            ("ada@example.com", Some("ada@example.com")),
            ("Engineering", Some("Engineering")),
            ("https://other.example", Some("https://other.example")),
        ] {
            let mut detail = detail(ErrorKind::Unsupported);
            detail.subject = Some(subject.to_owned());
            let problem = of(Error::Permanent(detail));
            assert_eq!(problem.detail.subject.as_deref(), expected);
        }
    }

    #[test]
    fn a_problem_has_its_members_and_the_field_as_the_caller_spells_it() {
        let mut detail = detail(ErrorKind::InvalidInput);
        detail.message = "No.".to_owned();
        detail.field = Some("request.former-emails[1]".to_owned());
        let json = of(Error::Permanent(detail)).json();
        let json: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
        assert_eq!(json["field"], "request.former_emails[1]");
        assert_eq!(json["kind"], "invalid-input");
        assert_eq!(json["detail"], "No.");
        assert_eq!((&json["status"], &json["permanent"]), (&422.into(), &true.into()));
        assert!(json["writes"].is_array() && json["message"].is_null());
    }
}
