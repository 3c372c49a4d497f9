//! Access to the parts of the component's typed error.

use crate::retool::types::{Error, ErrorDetail, ErrorKind};

/// Returns the name of an error's case in WIT, and its detail, which every error except
/// `execution-failed` has. The kind of failure is in the detail.
///
/// ```
/// use host_test::{error_case, retool::types::Error};
///
/// let (case, detail) = error_case(&Error::ExecutionFailed);
/// assert_eq!(case, "execution-failed");
/// assert!(detail.is_none());
/// ```
pub fn error_case(error: &Error) -> (&'static str, Option<&ErrorDetail>) {
    match error {
        Error::ExecutionFailed => ("execution-failed", None),
        Error::Permanent(detail) => ("permanent", Some(detail)),
        Error::Transient(detail) => ("transient", Some(detail)),
    }
}

/// Returns the name of a kind of failure in WIT.
///
/// ```
/// use host_test::{error_kind, retool::types::ErrorKind};
///
/// assert_eq!(error_kind(ErrorKind::NotFound), "not-found");
/// ```
pub fn error_kind(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::InvalidInput => "invalid-input",
        ErrorKind::Denied => "denied",
        ErrorKind::NotFound => "not-found",
        ErrorKind::Conflict => "conflict",
        ErrorKind::Refused => "refused",
        ErrorKind::Unsupported => "unsupported",
        ErrorKind::RateLimited => "rate-limited",
        ErrorKind::Unavailable => "unavailable",
    }
}
