//! The connections of a tenant: a pool that its calls share.
//!
//! A connection is kept for the next request, uses HTTP/2 if the server does, and goes through a
//! proxy's tunnel if there is one. Redirects are not followed. Nothing is sent twice: a request is moved to
//! a fresh connection only if none of its bytes was sent.

mod body;
mod connector;
mod failure;
mod places;
mod proxies;
mod stream;
#[cfg(test)]
mod tests;
mod tls;

use std::future;
use std::pin::pin;
use std::time::Duration;

use http::header::{HOST, PROXY_AUTHORIZATION};
use http::{Request, Response};
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::capture_connection;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::timeout;
use wasmtime_wasi_http::{RequestOptions, WasiBody};

use body::Timed;
use connector::Connector;
use places::Places;
use tls::Tls;

pub(crate) use failure::Failure;
pub use proxies::{Proxies, ProxyError};
pub use tls::{CaCertificates, CaCertificatesError};

/// How many idle connections are kept: as many as the largest window of requests (`RETOOL_WINDOW`)
/// may have opened.
const IDLE_CONNECTIONS: usize = 64;

/// How long an idle connection is kept. Servers close idle connections after 5 seconds or more. A
/// request that is sent at that moment is lost, so this side should close first.
const IDLE_LIMIT: Duration = Duration::from_secs(4);

/// The default time limit for each part of a response, if the component sets none.
const ANSWER_LIMIT: Duration = Duration::from_secs(600);

/// A pool of connections. It is cheap to clone; clones share the pool. A connection runs on the
/// runtime of the call that opened it.
#[derive(Clone)]
pub(crate) struct Connections {
    client: Client<Connector, WasiBody>,
    places: Places,
}

impl Connections {
    /// Creates an empty pool. It opens no connection and reads no certificates yet.
    pub(crate) fn new(added: CaCertificates, proxies: Proxies) -> Connections {
        let places = Places::default();
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE_LIMIT)
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .pool_timer(TokioTimer::new())
            // This retries a request only if its connection was closed before anything of it was
            // written. If writing had begun, it is an error: the request may have been done.
            .retry_canceled_requests(true)
            .build(Connector::new(Tls::new(added), proxies, places.clone()));
        Connections { client, places }
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

        let flight = self.places.request();
        let mut connection = capture_connection(&mut request);
        let mut answer = pin!(self.client.request(request));
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
        let limit = options.between_bytes_timeout.unwrap_or(ANSWER_LIMIT);
        answer
            .map(|answer| answer.map(|body| Timed::new(body, limit, Some(flight)).boxed_unsync()))
            .map_err(|error| Failure::sending(&error))
    }
}

/// Waits for the limit; without one, waits forever. The connector has its own limit.
async fn expired(limit: Option<Duration>) {
    match limit {
        Some(limit) => tokio::time::sleep(limit).await,
        None => future::pending().await,
    }
}
