//! One HTTP exchange over `wasi:http`. Hosts require that every handle is dropped before the
//! handle that it came from. The blocks ensure this.

use alloc::boxed::Box;
use alloc::format;
use alloc::rc::Rc;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cell::Cell;
use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::Poll;

use wasi::clocks::monotonic_clock;
use wasi::http::outgoing_handler;
use wasi::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingBody, IncomingResponse,
    Method as WasiMethod, OutgoingBody, OutgoingRequest, Scheme,
};
use wasi::io::streams::StreamError;

use super::NS_PER_MS;
use super::executor::Reactor;
use crate::http::{Limits, Local, Method, Request, Response, Transport, TransportError};

/// How many bytes of a body one read asks for.
const CHUNK: u64 = 64 * 1024;

/// The most bytes that are reserved for an announced body before it is received.
const MOST_AT_ONCE: usize = 1024 * 1024;

/// The longest value of a header that is kept.
const MAX_HEADER: usize = 1024;

const USER_AGENT: &str = concat!("retool-lifecycle/", env!("CARGO_PKG_VERSION"));

pub(super) struct WasiTransport {
    reactor: Rc<Reactor>,
}

impl WasiTransport {
    pub fn new(reactor: Rc<Reactor>) -> Self {
        WasiTransport { reactor }
    }
}

impl Transport for WasiTransport {
    fn send<'a>(
        &'a self,
        request: &'a Request,
        limits: Limits,
    ) -> Local<'a, Result<Response, TransportError>> {
        Box::pin(async move {
            let last_byte = LastByte(Cell::new(now_ms()));
            let mut timeout = pin!(timeout(&self.reactor, limits, &last_byte));
            let mut exchange = pin!(exchange(&self.reactor, request, limits, &last_byte));
            poll_fn(|context| {
                if let Poll::Ready(result) = exchange.as_mut().poll(context) {
                    return Poll::Ready(result);
                }
                timeout.as_mut().poll(context).map(|()| Err(TransportError::TimedOut))
            })
            .await
        })
    }
}

/// When the last byte was sent or received, in milliseconds of the monotonic clock.
struct LastByte(Cell<u64>);

impl LastByte {
    fn is_now(&self) {
        self.0.set(now_ms());
    }
}

fn now_ms() -> u64 {
    monotonic_clock::now() / NS_PER_MS
}

/// Waits until the exchange has taken as long as it may, or until no byte came for as long as it may
/// be silent. The host's own timeouts are per phase, and a server that sends very slowly stays within
/// them; and not every host has them.
async fn timeout(reactor: &Reactor, limits: Limits, last_byte: &LastByte) {
    let started = now_ms();
    loop {
        let now = now_ms();
        let of_all = limits.timeout_ms.saturating_sub(now.saturating_sub(started));
        let of_silence = limits.idle_ms.saturating_sub(now.saturating_sub(last_byte.0.get()));
        match of_all.min(of_silence) {
            0 => return,
            left => reactor.timer(left).ready().await,
        }
    }
}

async fn exchange(
    reactor: &Reactor,
    request: &Request,
    limits: Limits,
    last_byte: &LastByte,
) -> Result<Response, TransportError> {
    let response = {
        let future = start(reactor, request, last_byte).await?;
        let pollable = reactor.register(future.subscribe());
        loop {
            pollable.ready().await;
            match future.get() {
                Some(Ok(Ok(response))) => break response,
                Some(Ok(Err(code))) => return Err(reason(&code)),
                Some(Err(())) => return Err(TransportError::Failed),
                None => {}
            }
        }
    };
    last_byte.is_now();
    receive(reactor, &response, limits.max_body_bytes, last_byte).await
}

/// Hands the request to the host and writes its body.
async fn start(
    reactor: &Reactor,
    request: &Request,
    last_byte: &LastByte,
) -> Result<FutureIncomingResponse, TransportError> {
    let outgoing = OutgoingRequest::new(headers(request)?);
    let scheme = if request.https { Scheme::Https } else { Scheme::Http };
    let set = outgoing
        .set_method(&method(request.method))
        .and_then(|()| outgoing.set_scheme(Some(&scheme)))
        .and_then(|()| outgoing.set_authority(Some(&request.authority)))
        .and_then(|()| outgoing.set_path_with_query(Some(&request.path_and_query)));
    set.map_err(|()| TransportError::Failed)?;
    let body = match &request.body {
        Some(bytes) => Some((outgoing.body().map_err(|()| TransportError::Failed)?, bytes)),
        None => None,
    };
    // Without options: hosts may keep them for as long as the call takes, and the timer of the
    // exchange ends it before any timeout of theirs.
    let future = outgoing_handler::handle(outgoing, None).map_err(|code| reason(&code))?;
    if let Some((body, bytes)) = body {
        // A server may answer without reading the whole body. Then its response counts. If there
        // is no response, the future fails.
        let _ = write(reactor, body, bytes, last_byte).await;
    }
    Ok(future)
}

fn headers(request: &Request) -> Result<Fields, TransportError> {
    let mut list = Vec::from([
        ("authorization".to_string(), format!("Bearer {}", request.token.expose()).into_bytes()),
        ("accept".to_string(), request.media_type.as_bytes().to_vec()),
        ("user-agent".to_string(), USER_AGENT.as_bytes().to_vec()),
    ]);
    if request.body.is_some() {
        list.push(("content-type".to_string(), request.media_type.as_bytes().to_vec()));
    }
    if let Some(version) = &request.if_match {
        list.push(("if-match".to_string(), version.as_bytes().to_vec()));
    }
    let headers = Fields::from_list(&list).map_err(|_| TransportError::Failed)?;
    if let Some(body) = &request.body {
        // Avoids a chunked body. A host that sets this header itself may refuse it.
        let _ = headers.append("content-length", body.len().to_string().as_bytes());
    }
    Ok(headers)
}

fn method(method: Method) -> WasiMethod {
    match method {
        Method::Get => WasiMethod::Get,
        Method::Post => WasiMethod::Post,
        Method::Put => WasiMethod::Put,
        Method::Patch => WasiMethod::Patch,
        Method::Delete => WasiMethod::Delete,
    }
}

/// Maps the host's error code, as far as hosts agree on it. The host's own text is never used.
///
/// A host that ends a call refuses its requests with `loop-detected`. No host uses that for
/// requests like these otherwise, and by its definition the request was not sent on.
fn reason(code: &ErrorCode) -> TransportError {
    match code {
        ErrorCode::LoopDetected => TransportError::Stopped,
        ErrorCode::DnsTimeout
        | ErrorCode::ConnectionTimeout
        | ErrorCode::ConnectionReadTimeout
        | ErrorCode::ConnectionWriteTimeout
        | ErrorCode::HttpResponseTimeout => TransportError::TimedOut,
        _ => TransportError::Failed,
    }
}

struct NotWritten;

async fn write(
    reactor: &Reactor,
    body: OutgoingBody,
    bytes: &[u8],
    last_byte: &LastByte,
) -> Result<(), NotWritten> {
    {
        let stream = body.write().map_err(|()| NotWritten)?;
        let pollable = reactor.register(stream.subscribe());
        let mut rest = bytes;
        while !rest.is_empty() {
            let allowed = stream.check_write().map_err(|_| NotWritten)?;
            if allowed == 0 {
                pollable.ready().await;
                continue;
            }
            let (now, later) =
                rest.split_at(rest.len().min(usize::try_from(allowed).unwrap_or(usize::MAX)));
            stream.write(now).map_err(|_| NotWritten)?;
            last_byte.is_now();
            rest = later;
        }
        stream.flush().map_err(|_| NotWritten)?;
        while stream.check_write().map_err(|_| NotWritten)? == 0 {
            pollable.ready().await;
        }
    }
    OutgoingBody::finish(body, None).map_err(|_| NotWritten)
}

async fn receive(
    reactor: &Reactor,
    incoming: &IncomingResponse,
    max_body_bytes: usize,
    last_byte: &LastByte,
) -> Result<Response, TransportError> {
    let mut response = Response { status: incoming.status(), ..Response::default() };
    let announced = {
        let headers = incoming.headers();
        response.date = header(&headers, "date");
        response.etag = header(&headers, "etag");
        response.retry_after = header(&headers, "retry-after");
        response.rate_limit_reset = first(&headers, ["ratelimit-reset", "x-ratelimit-reset"]);
        response.rate_limit_remaining =
            first(&headers, ["ratelimit-remaining", "x-ratelimit-remaining"]);
        response.www_authenticate = header(&headers, "www-authenticate");
        response.content_type = header(&headers, "content-type");
        response.request_id = header(&headers, "x-request-id");
        header(&headers, "content-length").and_then(|text| text.parse::<usize>().ok())
    };
    let read = if announced.is_some_and(|length| length > max_body_bytes) {
        Err(TransportError::TooLarge)
    } else {
        let body = incoming.consume().map_err(|()| TransportError::Failed)?;
        read(reactor, &body, announced.unwrap_or(0), max_body_bytes, last_byte).await
    };
    let good = (200..=299).contains(&response.status);
    response.body = match read {
        // Only some hosts notice a body that ends too early.
        Ok(body)
            if good
                && response.status != 204
                && announced.is_some_and(|length| body.len() < length) =>
        {
            return Err(TransportError::Failed);
        }
        Ok(body) => body,
        // The status alone is enough for an error.
        Err(_) if !good => Vec::new(),
        Err(error) => return Err(error),
    };
    Ok(response)
}

/// Returns the value of a header. A value that is too long counts as none.
fn header(headers: &Fields, name: &str) -> Option<String> {
    let value = headers.get(name).into_iter().next()?;
    (value.len() <= MAX_HEADER).then(|| String::from_utf8_lossy(&value).into_owned())
}

/// Returns the value of the first of these headers that there is.
fn first(headers: &Fields, names: [&str; 2]) -> Option<String> {
    names.into_iter().find_map(|name| header(headers, name))
}

async fn read(
    reactor: &Reactor,
    body: &IncomingBody,
    announced: usize,
    max_body_bytes: usize,
    last_byte: &LastByte,
) -> Result<Vec<u8>, TransportError> {
    let stream = body.stream().map_err(|()| TransportError::Failed)?;
    let mut pollable = None;
    let mut bytes = Vec::new();
    loop {
        // Read before waiting: most of the body is there already. Also, not every host makes the
        // pollable ready at the end of a body that was not read.
        let piece = stream.read(CHUNK);
        if piece.as_ref().is_ok_and(|chunk| !chunk.is_empty()) {
            last_byte.is_now();
        }
        match piece {
            Ok(chunk) if chunk.is_empty() => {
                pollable.get_or_insert_with(|| reactor.register(stream.subscribe())).ready().await;
            }
            Ok(chunk) if bytes.len() + chunk.len() > max_body_bytes => {
                return Err(TransportError::TooLarge);
            }
            Ok(chunk) if bytes.is_empty() && chunk.len() >= announced => bytes = chunk,
            Ok(chunk) => {
                if bytes.is_empty() {
                    bytes.reserve_exact(announced.min(MOST_AT_ONCE));
                }
                make_room(&mut bytes, chunk.len(), max_body_bytes);
                bytes.extend_from_slice(&chunk);
            }
            Err(StreamError::Closed) => return Ok(bytes),
            Err(StreamError::LastOperationFailed(_)) => return Err(TransportError::Failed),
        }
    }
}

/// Reserves room for more bytes by doubling, as a `Vec` does, but never more than `max`. Without
/// this, a body that is refused could take three times its limit.
fn make_room(bytes: &mut Vec<u8>, more: usize, max: usize) {
    let needed = bytes.len() + more;
    if needed > bytes.capacity() {
        let doubled = bytes.capacity().saturating_mul(2).min(max);
        bytes.reserve_exact(needed.max(doubled) - bytes.len());
    }
}
