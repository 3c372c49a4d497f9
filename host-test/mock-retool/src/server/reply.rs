//! Faults in responses.

use std::time::{Duration, SystemTime};

use axum::body::{Body, Bytes, to_bytes};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, LOCATION, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::task::yield_now;
use tokio::time::sleep;

use super::Close;
use crate::faults::{FaultKind, Forbidden};
use crate::throttling::Throttling;

const JSON: &str = "application/json";

/// The number of announced bytes that a truncated response does not send.
const MISSING: usize = 64;

/// Builds a response with this status. If `body` is `None`, the body is a message in JSON.
pub(super) fn status(code: u16, retry_after: Option<&str>, body: Option<&str>) -> Response {
    let status = StatusCode::from_u16(code)
        .ok()
        // An informational status is not a final response.
        .filter(|status| !status.is_informational())
        .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let text = match body {
        Some(body) => body.to_owned(),
        None => {
            json!({ "message": status.canonical_reason().unwrap_or("Injected fault") }).to_string()
        }
    };
    let is_json = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
    let mut answer = (status, text).into_response();
    if is_json {
        set(&mut answer, CONTENT_TYPE, JSON);
    }
    if let Some(retry_after) = retry_after {
        set(&mut answer, RETRY_AFTER, retry_after);
    }
    answer
}

/// Builds the response to a request too many, which asks to wait this long.
pub(super) fn throttled(throttling: Throttling, wait: Duration) -> Response {
    let mut answer = status(throttling.status, None, None);
    for (name, value) in throttling.guidance.headers(wait, SystemTime::now()) {
        set(&mut answer, HeaderName::from_static(name), &value);
    }
    answer
}

/// Builds a 403 for this reason, in the form of the dialect of the path.
fn forbidden(reason: Forbidden, path: &str) -> Response {
    let message = reason.message();
    let body = if path.contains("/scim/") {
        let schemas = ["urn:ietf:params:scim:api:messages:2.0:Error"];
        json!({ "schemas": schemas, "status": "403", "detail": message })
    } else if path.contains("/api/v2/") {
        json!({ "success": false, "message": message })
    } else {
        json!({ "message": message })
    };
    status(403, None, Some(&body.to_string()))
}

/// Returns the response that replaces serving a request with this path. Returns `None` if the fault
/// needs the request to be served.
pub(super) fn replacement(fault: &FaultKind, path: &str) -> Option<Result<Response, Close>> {
    match fault {
        FaultKind::Throttled { throttling, wait } => Some(Ok(throttled(*throttling, *wait))),
        FaultKind::Forbidden(reason) => Some(Ok(forbidden(*reason, path))),
        FaultKind::Page(code) => {
            let mut answer = login_page();
            *answer.status_mut() = status(*code, None, None).status();
            Some(Ok(answer))
        }
        FaultKind::Status { code, retry_after, body } => {
            Some(Ok(status(*code, retry_after.as_deref(), body.as_deref())))
        }
        FaultKind::Reset => Some(Err(Close::Reset)),
        FaultKind::Html200 => Some(Ok(login_page())),
        FaultKind::HugeBody(bytes) => Some(Ok(huge(*bytes))),
        FaultKind::Redirect(to) => {
            let mut answer = status(302, None, None);
            set(&mut answer, LOCATION, to);
            Some(Ok(answer))
        }
        _ => None,
    }
}

/// Applies a fault to the real response.
pub(super) async fn apply(answer: Response, fault: FaultKind) -> Result<Response, Close> {
    let (parts, body) = answer.into_parts();
    // The dialects build their bodies in memory, so this can't fail.
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let length = body.len();
    let (length, body) = match fault {
        FaultKind::LoseReply => return Err(Close::Quietly),
        FaultKind::StatusAfter(code) => return Ok(status(code, None, None)),
        FaultKind::ResetInBody => {
            let half = body.slice(..length / 2);
            (length, cut_off(half, Close::Reset))
        }
        FaultKind::Stall => (length, stall(body.slice(..length / 2))),
        FaultKind::Truncate => (length + MISSING, cut_off(body, Close::Quietly)),
        FaultKind::Drip { bytes_per_tick, tick } => {
            (length, drip(body, bytes_per_tick.max(1), tick))
        }
        FaultKind::InvalidJson => (length / 2, Body::from(body.slice(..length / 2))),
        FaultKind::DeepJson(depth) => {
            let deep = nest(&body, depth);
            (deep.len(), Body::from(deep))
        }
        FaultKind::ContentType(kind) => {
            let mut answer = Response::from_parts(parts, Body::from(body));
            set(&mut answer, CONTENT_TYPE, &kind);
            return Ok(answer);
        }
        _ => (length, Body::from(body)),
    };
    let mut answer = Response::from_parts(parts, body);
    answer.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    Ok(answer)
}

/// Sets a header. Removes it if the value can't be sent, for example because of a line break.
fn set(answer: &mut Response, name: HeaderName, value: &str) {
    match HeaderValue::from_str(value) {
        Ok(value) => answer.headers_mut().insert(name, value),
        Err(_) => answer.headers_mut().remove(name),
    };
}

fn login_page() -> Response {
    Html("<!doctype html><html><head><title>Log in</title></head><body>Log in</body></html>")
        .into_response()
}

/// Sends these bytes and then closes the connection.
fn cut_off(bytes: Bytes, end: Close) -> Body {
    Body::from_stream(stream::unfold(Some(bytes), move |bytes| async move {
        match bytes {
            Some(bytes) if !bytes.is_empty() => Some((Ok(bytes), Some(Bytes::new()))),
            Some(_) => {
                // hyper flushes its buffer when the body is pending, and discards it when the body
                // fails. So the body is pending once before it fails.
                yield_now().await;
                Some((Err(end), None))
            }
            None => None,
        }
    }))
}

/// Sends these bytes and then nothing, for ever.
fn stall(bytes: Bytes) -> Body {
    let pieces = stream::iter([Ok::<_, Close>(bytes)]);
    Body::from_stream(pieces.chain(stream::pending()))
}

fn drip(bytes: Bytes, piece: usize, tick: Duration) -> Body {
    Body::from_stream(stream::unfold((bytes, false), move |(mut rest, begun)| async move {
        if rest.is_empty() {
            return None;
        }
        if begun {
            sleep(tick).await;
        }
        let next = rest.split_to(piece.min(rest.len()));
        Some((Ok::<_, Close>(next), (rest, true)))
    }))
}

/// Builds a JSON object of this many bytes while it is sent.
fn huge(bytes: usize) -> Response {
    const OPEN: &[u8] = b"{\"padding\":\"";
    const FILL: &[u8] = &[b'x'; 64 * 1024];
    const CLOSE: &[u8] = b"\"}";

    let fill = bytes.saturating_sub(OPEN.len() + CLOSE.len());
    let pieces = std::iter::once(OPEN)
        .chain(std::iter::repeat_n(FILL, fill / FILL.len()))
        .chain([&FILL[..fill % FILL.len()], CLOSE])
        .filter(|piece| !piece.is_empty())
        .map(|piece| Ok::<_, Close>(Bytes::from_static(piece)));
    let mut answer = Body::from_stream(stream::iter(pieces)).into_response();
    set(&mut answer, CONTENT_TYPE, JSON);
    answer
}

/// The fields that contain the records of a response in the dialects.
const RECORDS: [&str; 3] = ["users", "data", "Resources"];

/// Adds the field `nested`, with nested arrays, to a response and to every record in it. The arrays
/// replace a placeholder in the text, because dropping a `Value` of that depth would overflow the
/// stack.
fn nest(body: &[u8], depth: usize) -> Bytes {
    const PLACEHOLDER: &str = "the nested arrays go here";

    let Ok(mut answer) = serde_json::from_slice::<Value>(body) else {
        return Bytes::copy_from_slice(body);
    };
    for place in RECORDS {
        let records = match answer.get_mut(place) {
            Some(Value::Array(records)) => records.as_mut_slice(),
            Some(record) => std::slice::from_mut(record),
            None => &mut [],
        };
        for record in records.iter_mut().filter_map(Value::as_object_mut) {
            record.insert("nested".to_owned(), json!(PLACEHOLDER));
        }
    }
    if let Some(fields) = answer.as_object_mut() {
        fields.insert("nested".to_owned(), json!(PLACEHOLDER));
    }
    let arrays = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    Bytes::from(answer.to_string().replace(&format!("\"{PLACEHOLDER}\""), &arrays))
}
