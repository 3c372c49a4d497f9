//! The component's typed error, taken apart.

use crate::retool::types::{Error, ErrorDetail};

/// What an error says, to be said in the user's own words.
pub(crate) fn error_detail_mut(error: &mut Error) -> Option<&mut ErrorDetail> {
    match error {
        Error::ExecutionFailed => None,
        Error::PermanentInvalidInput(detail)
        | Error::PermanentDenied(detail)
        | Error::PermanentNotFound(detail)
        | Error::PermanentConflict(detail)
        | Error::PermanentRefused(detail)
        | Error::PermanentUnsupported(detail)
        | Error::RateLimited(detail)
        | Error::Unavailable(detail) => Some(detail),
    }
}

/// The name of an error's case, as WIT has it, and what every error but `execution-failed`
/// says.
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
        Error::PermanentInvalidInput(detail) => ("permanent-invalid-input", Some(detail)),
        Error::PermanentDenied(detail) => ("permanent-denied", Some(detail)),
        Error::PermanentNotFound(detail) => ("permanent-not-found", Some(detail)),
        Error::PermanentConflict(detail) => ("permanent-conflict", Some(detail)),
        Error::PermanentRefused(detail) => ("permanent-refused", Some(detail)),
        Error::PermanentUnsupported(detail) => ("permanent-unsupported", Some(detail)),
        Error::RateLimited(detail) => ("rate-limited", Some(detail)),
        Error::Unavailable(detail) => ("unavailable", Some(detail)),
    }
}
