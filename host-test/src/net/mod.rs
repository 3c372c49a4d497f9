//! The connections of a tenant: a pool of them, which its calls share.
//!
//! A connection is kept for the next request, speaks HTTP/2 where the server does, and goes
//! through a proxy if there is one. Redirects are not followed and nothing is sent twice: a
//! request is moved to a fresh connection only if not a byte of it has left.

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
use http::uri::Scheme;
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

/// How many connections are kept while nobody uses them: as many as the widest window of
/// requests (`RETOOL_WINDOW`) may have opened.
const IDLE_CONNECTIONS: usize = 64;

/// How long a connection is kept while nobody uses it. Servers close such a connection after 5
/// seconds or more: a request that crosses with that is lost, and this side had better be first.
const IDLE_LIMIT: Duration = Duration::from_secs(4);

/// What a component that sets no limit waits for the parts of an answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(600);

/// A pool of connections. Cheap to clone; clones share the pool. A connection is driven by the
/// runtime of the call that opened it.
#[derive(Clone)]
pub(crate) struct Connections {
    client: Client<Connector, WasiBody>,
    proxies: Proxies,
    places: Places,
}

impl Connections {
    /// Opens nothing yet, and reads no certificates.
    pub(crate) fn new(added: CaCertificates, proxies: Proxies) -> Connections {
        let places = Places::default();
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE_LIMIT)
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .pool_timer(TokioTimer::new())
            // For a request that was given to a connection which had been closed, and that has
            // not begun to be written. One that has is an error: it may have been done.
            .retry_canceled_requests(true)
            .build(Connector::new(Tls::new(added), proxies.clone(), places.clone()));
        Connections { client, proxies, places }
    }

    /// Sends a request and waits for the head of its answer, for as long as the options allow:
    /// `connect_timeout` until there is a connection, then `first_byte_timeout` until the answer
    /// begins, then `between_bytes_timeout` for each piece of its body.
    pub(crate) async fn send(
        &self,
        mut request: Request<WasiBody>,
        options: Option<RequestOptions>,
    ) -> Result<Response<WasiBody>, Failure> {
        let options = options.unwrap_or_default();
        // The client sets it where it has to be: in HTTP/1.1.
        request.headers_mut().remove(HOST);
        self.introduce(&mut request);

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

    /// Adds the proxy's credentials, if a proxy reads this request. It doesn't read one for
    /// `https`, whose tunnel was opened with them.
    fn introduce(&self, request: &mut Request<WasiBody>) {
        request.headers_mut().remove(PROXY_AUTHORIZATION);
        if request.uri().scheme() != Some(&Scheme::HTTP) {
            return;
        }
        let proxy = self.proxies.of(request.uri());
        if let Some(credentials) = proxy.as_ref().and_then(|proxy| proxy.basic_auth()) {
            request.headers_mut().insert(PROXY_AUTHORIZATION, credentials.clone());
        }
    }
}

/// Ends after this long. The connector has a limit of its own for where there is none.
async fn expired(limit: Option<Duration>) {
    match limit {
        Some(limit) => tokio::time::sleep(limit).await,
        None => future::pending().await,
    }
}
