//! Short constructors for faults.

use mock_retool::{Fault, FaultKind};

/// Returns a fault of every request with this method whose path begins with this.
pub fn always(method: &str, path: &str, kind: FaultKind) -> Fault {
    Fault { method: Some(method.to_owned()), path: Some(path.to_owned()), ..Fault::new(kind) }
}

/// Returns a fault of the first such request.
pub fn once(method: &str, path: &str, kind: FaultKind) -> Fault {
    Fault { times: Some(1), ..always(method, path, kind) }
}

/// The request is not served, and the response has this status.
pub fn status(code: u16) -> FaultKind {
    FaultKind::Status { code, retry_after: None, body: None }
}

/// The same, with a `Retry-After` header.
pub fn status_after(code: u16, retry_after: &str) -> FaultKind {
    FaultKind::Status { code, retry_after: Some(retry_after.to_owned()), body: None }
}

/// The request is not served, and the response is 200 with this body.
pub fn answer(body: &str) -> FaultKind {
    FaultKind::Status { code: 200, retry_after: None, body: Some(body.to_owned()) }
}
