//! Faults, said briefly.

use mock_retool::{Fault, FaultKind};

/// What goes wrong with every request of this method whose path starts so.
pub fn always(method: &str, path: &str, kind: FaultKind) -> Fault {
    Fault { method: Some(method.to_owned()), path: Some(path.to_owned()), ..Fault::new(kind) }
}

/// What goes wrong with the first of them.
pub fn once(method: &str, path: &str, kind: FaultKind) -> Fault {
    Fault { times: Some(1), ..always(method, path, kind) }
}

/// Nothing is done, and the answer has this status.
pub fn status(code: u16) -> FaultKind {
    FaultKind::Status { code, retry_after: None, body: None }
}

/// The same, with a `Retry-After` header.
pub fn status_after(code: u16, retry_after: &str) -> FaultKind {
    FaultKind::Status { code, retry_after: Some(retry_after.to_owned()), body: None }
}

/// Nothing is done, and this is the answer, with 200.
pub fn answer(body: &str) -> FaultKind {
    FaultKind::Status { code: 200, retry_after: None, body: Some(body.to_owned()) }
}
