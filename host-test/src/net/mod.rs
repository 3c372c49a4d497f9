//! The connections of a tenant: a pool that its calls share.
//!
//! A connection is kept for the next request, uses HTTP/2 if the server does, and goes through a
//! proxy's tunnel if there is one. Redirects are not followed. Nothing is sent twice: a request is moved to
//! a fresh connection only if none of its bytes was sent.

mod addresses;
mod body;
mod connector;
mod driver;
mod failure;
#[cfg(test)]
mod flood_tests;
mod frames;
mod head;
#[cfg(test)]
mod held_tests;
mod inbound;
mod places;
mod proxies;
mod resolver;
#[cfg(test)]
mod stop_tests;
mod stream;
#[cfg(test)]
mod tests;
mod tls;

use std::future::{self, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use http::header::{HOST, PROXY_AUTHORIZATION};
use http::{Extensions, Request, Response, Uri};
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{CaptureConnection, capture_connection};
use hyper_util::rt::TokioTimer;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use wasmtime_wasi_http::{RequestOptions, WasiBody};

use body::Timed;
use connector::Connector;
use driver::Drivers;
use inbound::{Inbound, WINDOW};
use places::Places;
use tls::Tls;

use crate::meter::ComputeTime;

pub use failure::Failure;
pub use proxies::{Proxies, ProxyError};
pub use tls::{CaCertificates, CaCertificatesError};

/// How many idle connections are kept: as many as the largest window of requests (`RETOOL_WINDOW`)
/// may have opened.
const IDLE_CONNECTIONS: usize = 64;

/// How long an idle connection is kept. Servers close idle connections after 5 seconds or more. A
/// request that is sent at that moment is lost, so this side should close first.
const IDLE_LIMIT: Duration = Duration::from_secs(4);

/// The largest buffer of an HTTP/1.1 connection.
const BUFFER: usize = 64 << 10;

/// The default time limit for each part of a response, if the component sets none.
const ANSWER_LIMIT: Duration = Duration::from_secs(600);

/// A pool of connections. It is cheap to clone; clones share the pool. A connection runs on the
/// runtime of the call that opened it.
#[derive(Clone)]
pub(crate) struct Connections {
    client: Client<Connector, WasiBody>,
    proxies: Proxies,
    places: Places,
    call: Option<OfCall>,
}

/// What the requests of one call share.
#[derive(Clone)]
struct OfCall {
    /// The time in which its connections are opened and driven is added to this.
    payer: ComputeTime,
    /// Stops requests that no connection has taken yet.
    stop: CancellationToken,
    /// Limits its requests in flight.
    requests: Arc<Semaphore>,
}

impl Connections {
    /// Creates an empty pool. It opens no connection and reads no certificates yet. If
    /// `public_only` is set, it reaches only public addresses, and no server through a proxy.
    /// There are at most this many connections, idle ones included.
    pub(crate) fn new(
        added: CaCertificates,
        proxies: Proxies,
        public_only: bool,
        most: usize,
    ) -> Connections {
        let places = Places::new(most);
        let connector =
            Connector::new(Tls::new(added), proxies.clone(), places.clone(), public_only);
        let client = Client::builder(Drivers)
            .http1_max_buf_size(BUFFER)
            .http2_initial_connection_window_size(WINDOW as u32)
            .pool_idle_timeout(IDLE_LIMIT)
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .pool_timer(TokioTimer::new())
            // This retries a request only if its connection was closed before anything of it was
            // written. If writing had begun, it is an error: the request may have been done.
            .retry_canceled_requests(true)
            .build(connector);
        Connections { client, proxies, places, call: None }
    }

    /// Returns the same pool for the requests of one call, of which this many may be in flight. The
    /// call pays for the time in which its connections are opened and driven. Once it is stopped, no
    /// request is given to a connection.
    pub(crate) fn of_call(
        &self,
        payer: &ComputeTime,
        requests: usize,
        stop: &CancellationToken,
    ) -> Connections {
        let requests = Arc::new(Semaphore::new(requests.clamp(1, Semaphore::MAX_PERMITS)));
        let call = OfCall { payer: payer.clone(), requests, stop: stop.clone() };
        Connections { call: Some(call), ..self.clone() }
    }

    /// Returns whether requests to this origin go through a proxy.
    pub(crate) fn use_proxy(&self, origin: &str) -> bool {
        // An origin that is not a URI is not reached in any way.
        origin.parse::<Uri>().is_ok_and(|origin| self.proxies.of(&origin).is_some())
    }

    /// Sends a request and waits for the head of the response, within the limits of the options:
    /// `connect_timeout` until there is a connection, then `first_byte_timeout` until the response
    /// begins, then `between_bytes_timeout` for each piece of its body.
    pub(crate) async fn send(
        &self,
        mut request: Request<WasiBody>,
        options: Option<RequestOptions>,
    ) -> Result<Response<WasiBody>, Failure> {
        let options = options.unwrap_or_default();
        // The client sets it where it is needed, in HTTP/1.1.
        request.headers_mut().remove(HOST);
        // No proxy reads a request: its credentials are in the request for a tunnel.
        request.headers_mut().remove(PROXY_AUTHORIZATION);

        let stop = self.call.as_ref().map(|call| call.stop.clone()).unwrap_or_default();
        let permit = match &self.call {
            Some(call) => tokio::select! {
                biased;
                () = stop.cancelled() => return Err(Failure::Stopped),
                // It fails only if it is closed, which it never is.
                permit = Arc::clone(&call.requests).acquire_owned() => permit.ok(),
            },
            None => None,
        };
        let flight = self.places.request(permit);
        let mut connection = capture_connection(&mut request);
        let mut used = Used { capture: connection.clone(), payer: self.payer(), inbound: None };
        let mut sent = pin!(self.client.request(request));
        let mut stopped = pin!(stop.cancelled());
        let mut answer = pin!(poll_fn(|context| {
            // A connection that has taken the request writes it next.
            if used.inbound.is_none() && stopped.as_mut().poll(context).is_ready() {
                return Poll::Ready(Err(Failure::Stopped));
            }
            // Connections are opened here, handshakes included.
            let began = Instant::now();
            let polled = sent.as_mut().poll(context);
            used.charge(began.elapsed());
            used.follow();
            polled.map(|answer| answer.map_err(|error| Failure::sending(&error)))
        }));
        let connected = async {
            connection.wait_for_connection_metadata().await;
        };
        let early = tokio::select! {
            biased;
            answer = &mut answer => Some(answer),
            () = connected => None,
            () = expired(options.connect_timeout) => return Err(Failure::ConnectTimeout),
        };
        let answer = match early {
            Some(answer) => answer,
            None => timeout(options.first_byte_timeout.unwrap_or(ANSWER_LIMIT), answer)
                .await
                .map_err(|_| Failure::AnswerTimeout)?,
        };
        let inbound = used.inbound;
        let limit = options.between_bytes_timeout.unwrap_or(ANSWER_LIMIT);
        match answer {
            Ok(answer) => {
                let open = inbound.as_ref().map(Inbound::head);
                let answer = head::kept(answer)?;
                Ok(answer.map(|body| Timed::new(body, limit).of(flight, open).boxed_unsync()))
            }
            Err(Failure::Stopped) => Err(Failure::Stopped),
            // The library does not pass on the error of the stream in every case.
            Err(_) if inbound.is_some_and(|inbound| inbound.is_exhausted()) => {
                Err(Failure::TooMuchBeforeAnswer)
            }
            Err(failure) => Err(failure),
        }
    }

    fn payer(&self) -> Option<ComputeTime> {
        self.call.as_ref().map(|call| call.payer.clone())
    }
}

/// The connection that a request uses. The client may move the request to another one, as long as
/// nothing of it was sent.
struct Used {
    capture: CaptureConnection,
    payer: Option<ComputeTime>,
    inbound: Option<Arc<Inbound>>,
}

impl Used {
    /// Announces the request to its connection, if that is a new one.
    fn follow(&mut self) {
        let Some(inbound) = self.captured() else { return };
        if self.inbound.as_ref().is_none_or(|known| !Arc::ptr_eq(known, &inbound)) {
            inbound.request(self.payer.as_ref());
            self.inbound = Some(inbound);
        }
    }

    /// Adds time in which the request was worked on outside of its connection's own task.
    fn charge(&self, time: Duration) {
        if let Some(payer) = &self.payer {
            payer.add(time);
        }
    }

    fn captured(&self) -> Option<Arc<Inbound>> {
        let mut extras = Extensions::new();
        self.capture.connection_metadata().as_ref()?.get_extras(&mut extras);
        extras.remove()
    }
}

/// Waits for the limit; without one, waits forever. The connector has its own limit.
async fn expired(limit: Option<Duration>) {
    match limit {
        Some(limit) => tokio::time::sleep(limit).await,
        None => future::pending().await,
    }
}
