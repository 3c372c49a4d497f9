//! Bodies, on WASI's streams.

use alloc::vec::Vec;

use crate::bindings::wasi::http::types::{IncomingRequest, OutgoingBody};
use crate::bindings::wasi::io::streams::StreamError;
use crate::problem::Problem;

/// How much is read at once, in bytes.
const CHUNK: u64 = 64 << 10;

/// Reads the body of a request, of at most this many bytes. A length that is too large is refused
/// unread.
pub(crate) fn read(request: &IncomingRequest, most: usize) -> Result<Vec<u8>, Problem> {
    let lengths = request.headers().get("content-length");
    let length = lengths.first().and_then(|length| core::str::from_utf8(length).ok());
    if length.and_then(|length| length.parse().ok()).is_some_and(|length: u64| length > most as u64)
    {
        return Err(Problem::too_large(most));
    }
    let body = request.consume().map_err(|()| Problem::cut_body())?;
    let stream = body.stream().map_err(|()| Problem::cut_body())?;
    let mut bytes = Vec::new();
    loop {
        match stream.blocking_read(CHUNK) {
            Ok(chunk) if bytes.len() + chunk.len() > most => return Err(Problem::too_large(most)),
            Ok(chunk) => bytes.extend(chunk),
            Err(StreamError::Closed) => return Ok(bytes),
            Err(StreamError::LastOperationFailed(_)) => return Err(Problem::cut_body()),
        }
    }
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
