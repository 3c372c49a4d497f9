//! Bodies, on WASI's streams.

use alloc::vec::Vec;

use crate::bindings::wasi::http::types::{IncomingRequest, OutgoingBody};
use crate::bindings::wasi::io::streams::StreamError;
use crate::limit::{self, CutOff};
use crate::problem::Problem;

/// How much is read at once, in bytes.
const CHUNK: u64 = 64 << 10;

/// Reads the body of a request, of at most this many bytes.
pub(crate) fn read(request: &IncomingRequest, most: usize) -> Result<Vec<u8>, Problem> {
    let lengths = request.headers().get("content-length");
    // Both can be taken once, and this is the first time.
    let body = request.consume().ok();
    let stream = body.as_ref().and_then(|body| body.stream().ok());
    limit::read(most, lengths.first().map(Vec::as_slice), || {
        let stream = stream.as_ref().ok_or(CutOff)?;
        match stream.blocking_read(CHUNK) {
            Ok(chunk) => Ok(Some(chunk)),
            Err(StreamError::Closed) => Ok(None),
            Err(StreamError::LastOperationFailed(_)) => Err(CutOff),
        }
    })
}

/// Writes a body. If the caller is gone, there is nobody to tell.
pub(crate) fn write(body: OutgoingBody, bytes: &[u8]) {
    if let Ok(stream) = body.write() {
        let ready = stream.subscribe();
        let mut rest = bytes;
        while !rest.is_empty() {
            ready.block();
            let Ok(most) = stream.check_write() else { return };
            let (now, later) = rest.split_at(rest.len().min(usize::try_from(most).unwrap_or(0)));
            if stream.write(now).is_err() {
                return;
            }
            rest = later;
        }
        if stream.flush().is_err() {
            return;
        }
        ready.block();
    }
    let _ = OutgoingBody::finish(body, None);
}
