//! The component's typed error, taken apart.

use crate::retool::types::{Error, ErrorDetail, ErrorKind};

/// What an error says, so that it can be said in the user's own words.
pub(crate) fn error_detail_mut(error: &mut Error) -> Option<&mut ErrorDetail> {
    match error {
        Error::ExecutionFailed => None,
        Error::Permanent(detail) | Error::Transient(detail) => Some(detail),
    }
}

/// The name of an error's case, as WIT has it, and what every error but `execution-failed`
/// says. The kind of failure is in the detail.
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

/// The error of one person as the error of a call about that person alone. A report has no case,
/// so the kind decides whether another try is worth it.
pub(crate) fn error_of(detail: ErrorDetail) -> Error {
    match detail.kind {
        ErrorKind::RateLimited | ErrorKind::Unavailable => Error::Transient(detail),
        ErrorKind::InvalidInput
        | ErrorKind::Denied
        | ErrorKind::NotFound
        | ErrorKind::Conflict
        | ErrorKind::Refused
        | ErrorKind::Unsupported => Error::Permanent(detail),
    }
}

/// The name of a kind of failure, as WIT has it.
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
