//! What the codes of the component's errors mean for a command: its exit code, and whether the error
//! would be the same for other people.

use crate::exit::Exit;
use host_test::retool::types::{Error, ErrorDetail, ErrorKind};

/// Codes of errors in the arguments or the environment, which are found before any request.
pub(super) const USAGE_CODES: [&str; 6] = [
    "base-url-invalid",
    "https-required",
    "setting-invalid",
    "token-invalid",
    "token-missing",
    "variable-refused",
];

/// Codes of errors that are the same for everyone, beside [`USAGE_CODES`].
const ENDING_CODES: [&str; 6] = [
    "access-blocked",
    "base-url-wrong",
    "call-stopped",
    "dialect-unsupported",
    "redirected",
    "token-rejected",
];

/// Returns the exit code for an error of the component.
pub(super) fn exit(error: &Error, detail: &ErrorDetail) -> Exit {
    // Check this first: the exit code must show that something was written.
    if !detail.writes.is_empty() {
        return Exit::Partly;
    }
    match (error, detail.kind) {
        (Error::Permanent(_), ErrorKind::InvalidInput) => Exit::Usage,
        (Error::Permanent(_), ErrorKind::Denied) if USAGE_CODES.contains(&detail.code.as_str()) => {
            Exit::Usage
        }
        (Error::Permanent(_), ErrorKind::Refused) => Exit::Refused,
        _ => Exit::Failed,
    }
}

/// Returns whether the same error would follow for other people.
pub(super) fn ends_a_run(detail: &ErrorDetail) -> bool {
    let code = &*detail.code;
    USAGE_CODES.contains(&code) || ENDING_CODES.contains(&code)
}
