//! One request and its answer: log, hook, latency, quota, faults, and the dialect in the middle.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::{DATE, HeaderName};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use serde_json::Value;
use tokio::time::{Instant, sleep};
use tower::ServiceExt;

use super::{Close, World, control, reply};
use crate::faults::{FaultKind, Trouble};
use crate::hook::Hook;
use crate::log::{Entry, LoggedRequest, masked};
use crate::v1::Call;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// No request of these dialects comes near it.
const MAX_REQUEST_BODY: usize = 16 * 1024 * 1024;

/// Serves one request.
pub(super) async fn exchange(
    world: Arc<World>,
    request: hyper::Request<Incoming>,
) -> Result<Response, Close> {
    if let Some(answer) = control::serve(&world, request.method(), request.uri().path()) {
        return Ok(answer);
    }
    let (parts, body) = request.into_parts();
    let body = to_bytes(Body::new(body), MAX_REQUEST_BODY).await;
    let logged = LoggedRequest {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        body: body.as_deref().map_or(Value::Null, json_or_null),
        status: None,
    };
    let entry = world.log().enter(logged.clone());
    let mut answer = match body {
        Ok(body) => {
            let request = Request::from_parts(parts, Body::from(body));
            answer(&world, entry, &logged, request).await?
        }
        Err(_) => StatusCode::PAYLOAD_TOO_LARGE.into_response(),
    };
    if let Ok(id) = HeaderValue::try_from(world.request_id()) {
        answer.headers_mut().insert(REQUEST_ID, id);
    }
    if let Some(date) = world.date() {
        answer.headers_mut().insert(DATE, date);
    }
    world.log().answered(entry, answer.status().as_u16());
    Ok(answer)
}

fn json_or_null(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).map_or(Value::Null, masked)
}

async fn answer(
    world: &World,
    entry: Entry,
    logged: &LoggedRequest,
    request: Request,
) -> Result<Response, Close> {
    let verdict = world.hook().map_or(Hook::Serve, |hook| hook(entry.number, logged));
    match verdict {
        Hook::CloseBefore => return Err(Close::Quietly),
        Hook::Respond(code) => return Ok(reply::status(code, None, None)),
        Hook::Serve | Hook::ServeThenClose => {}
    }
    let latency = world.options().latency;
    if !latency.is_zero() {
        sleep(latency).await;
    }
    let within_quota = world.quota().take(Instant::now());
    if let Err(seconds) = within_quota {
        return Ok(reply::status(429, Some(&seconds.to_string()), None));
    }
    let mut trouble = world.faults().meet(logged);
    let answer = match trouble.spoil.take() {
        None => dispatch(world, trouble, logged, request).await,
        Some(FaultKind::Delay(time)) => {
            sleep(time).await;
            dispatch(world, trouble, logged, request).await
        }
        Some(fault) => match reply::instead(&fault) {
            Some(answer) => answer?,
            None => {
                let answer = dispatch(world, trouble, logged, request).await;
                reply::spoil(answer, fault).await?
            }
        },
    };
    match verdict {
        Hook::ServeThenClose => Err(Close::Quietly),
        _ => Ok(answer),
    }
}

/// Has a dialect serve the request.
async fn dispatch(
    world: &World,
    trouble: Trouble,
    logged: &LoggedRequest,
    mut request: Request,
) -> Response {
    let organisation = world.organisation_for(logged.is_write());
    if trouble.stale_reads.is_some() || trouble.stale_for.is_some() {
        world.remember(trouble.stale_reads, trouble.stale_for);
    }
    request.extensions_mut().insert(Call { organisation, quirks: trouble.quirks });
    match world.routes().oneshot(request).await {
        Ok(answer) => answer,
        Err(never) => match never {},
    }
}
