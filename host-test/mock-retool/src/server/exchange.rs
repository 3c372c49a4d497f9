//! One request and its response: log, hook, latency, quota, faults, and then the dialect.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::{DATE, HeaderName};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use serde_json::Value;
use tokio::time::{Instant, sleep};
use tower::ServiceExt;

use super::{Close, ServerState, control, reply};
use crate::call::Call;
use crate::faults::{Effects, FaultKind};
use crate::hook::Hook;
use crate::log::{Entry, LoggedRequest, masked};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The largest request body. Requests of these dialects are far smaller.
const MAX_REQUEST_BODY: usize = 16 * 1024 * 1024;

/// Serves one request.
pub(super) async fn exchange(
    server: Arc<ServerState>,
    request: hyper::Request<Incoming>,
) -> Result<Response, Close> {
    if let Some(answer) = control::serve(&server, request.method(), request.uri().path()) {
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
    let entry = server.log().enter(logged.clone());
    let mut answer = match body {
        Ok(body) => {
            let request = Request::from_parts(parts, Body::from(body));
            answer(&server, entry, &logged, request).await?
        }
        Err(_) => StatusCode::PAYLOAD_TOO_LARGE.into_response(),
    };
    if let Ok(id) = HeaderValue::try_from(server.request_id()) {
        answer.headers_mut().insert(REQUEST_ID, id);
    }
    if let Some(date) = server.date() {
        answer.headers_mut().insert(DATE, date);
    }
    server.log().answered(entry, answer.status().as_u16());
    Ok(answer)
}

fn json_or_null(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).map_or(Value::Null, masked)
}

async fn answer(
    server: &ServerState,
    entry: Entry,
    logged: &LoggedRequest,
    request: Request,
) -> Result<Response, Close> {
    let verdict = server.hook().map_or(Hook::Serve, |hook| hook(entry.number, logged));
    match verdict {
        Hook::CloseBefore => return Err(Close::Quietly),
        Hook::Respond(code) => return Ok(reply::status(code, None, None)),
        Hook::Serve | Hook::ServeThenClose => {}
    }
    let latency = server.options().latency;
    if !latency.is_zero() {
        sleep(latency).await;
    }
    let within_quota = server.quota().take(Instant::now());
    if let Err(seconds) = within_quota {
        let wait = Duration::from_secs(seconds);
        return Ok(reply::throttled(server.options().throttling, wait));
    }
    let mut effects = server.faults().apply(logged);
    let answer = match effects.response_fault.take() {
        None => dispatch(server, effects, logged, request).await,
        Some(FaultKind::Delay(time)) => {
            sleep(time).await;
            dispatch(server, effects, logged, request).await
        }
        Some(FaultKind::Silence) => pending().await,
        Some(fault) => match reply::replacement(&fault, &logged.path) {
            Some(answer) => answer?,
            None => {
                let answer = dispatch(server, effects, logged, request).await;
                reply::apply(answer, fault).await?
            }
        },
    };
    match verdict {
        Hook::ServeThenClose => Err(Close::Quietly),
        _ => Ok(answer),
    }
}

/// Lets the dialect serve the request.
async fn dispatch(
    server: &ServerState,
    effects: Effects,
    logged: &LoggedRequest,
    mut request: Request,
) -> Response {
    let organisation = server.organisation_for(logged.is_write());
    if effects.stale_reads.is_some() || effects.stale_for.is_some() {
        server.remember(effects.stale_reads, effects.stale_for);
    }
    let quirks = effects.quirks.of_server(&server.options().listing);
    request.extensions_mut().insert(Call { organisation, quirks });
    match server.routes().oneshot(request).await {
        Ok(answer) => answer,
        Err(never) => match never {},
    }
}
