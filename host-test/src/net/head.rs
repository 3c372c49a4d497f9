//! The head of an answer, as the host keeps it while the component has it.
//!
//! The component decides how long it keeps a head. The HTTP library's head may be part of a buffer of
//! the connection, which would then be kept too.

use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, Response};

use super::Failure;
use crate::limits::HEADERS;

/// The maximum number of fields, which is the HTTP library's own over HTTP/1.1. The table of the fields
/// has more room than is counted for it, and doubles.
const FIELDS: usize = 100;

/// Returns the answer with a head of its own, which has nothing but the status and the fields. Fails
/// if it is larger than a head of the component may be, or has more fields than a usual one.
pub(super) fn kept<B>(answer: Response<B>) -> Result<Response<B>, Failure> {
    let (mut parts, body) = answer.into_parts();
    if parts.headers.len() > FIELDS || size(&parts.headers) > HEADERS {
        return Err(Failure::TooMuchBeforeAnswer);
    }
    for value in parts.headers.values_mut() {
        // This can't fail: it is valid already.
        if let Ok(mut copy) = HeaderValue::from_bytes(value.as_bytes()) {
            copy.set_sensitive(value.is_sensitive());
            *value = copy;
        }
    }
    let mut kept = Response::new(body);
    *kept.status_mut() = parts.status;
    *kept.headers_mut() = parts.headers;
    Ok(kept)
}

/// Returns the size of the fields as the engine counts those of the component: with the structures
/// around their texts, so that empty fields count too.
fn size(headers: &HeaderMap) -> usize {
    let field = size_of::<HeaderName>() + size_of::<HeaderValue>();
    headers.iter().map(|(name, value)| name.as_str().len() + value.len() + field).sum()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use wasmtime_wasi_io::bytes::Bytes;

    use super::*;

    /// A buffer of a connection. The test can see whether something still refers to it.
    struct Buffer(#[expect(dead_code, reason = "it is dropped")] Arc<()>);

    impl AsRef<[u8]> for Buffer {
        fn as_ref(&self) -> &[u8] {
            b"a value in a large buffer"
        }
    }

    #[test]
    fn a_kept_head_keeps_nothing_of_its_connection() {
        let seen = Arc::new(());
        let buffer = Bytes::from_owner(Buffer(Arc::clone(&seen)));
        let value = HeaderValue::from_maybe_shared(buffer.slice(2..7)).expect("a value");
        let mut answer = Response::new(());
        *answer.status_mut() = http::StatusCode::NOT_FOUND;
        answer.headers_mut().insert("x", value);
        answer.extensions_mut().insert(buffer);
        let answer = kept(answer).expect("a small head");
        assert_eq!(Arc::strong_count(&seen), 1);
        assert_eq!(answer.status(), 404);
        assert_eq!(answer.headers()["x"], "value");
    }

    #[test]
    fn a_head_is_limited_in_texts_and_fields() {
        let kept = |fields: usize, value: usize| {
            let mut answer = Response::new(());
            for field in 0..fields {
                let name = HeaderName::try_from(format!("x{field}")).expect("a name");
                let value = HeaderValue::try_from("v".repeat(value)).expect("a value");
                answer.headers_mut().append(name, value);
            }
            kept(answer).map(|answer| answer.headers().len())
        };
        assert_eq!(kept(1, 15 << 10), Ok(1));
        assert_eq!(kept(100, 80), Ok(100));
        for (fields, value) in [(1, 16 << 10), (100, 100), (101, 0)] {
            assert_eq!(kept(fields, value), Err(Failure::TooMuchBeforeAnswer), "{fields}, {value}");
        }
    }

    #[test]
    fn values_of_one_name_count_like_others() {
        let mut answer = Response::new(());
        for _ in 0..101 {
            answer.headers_mut().append("x", HeaderValue::from_static(""));
        }
        assert_eq!(kept(answer).map(|_| ()), Err(Failure::TooMuchBeforeAnswer));
    }
}
