//! The egress rule: a tenant's component may reach only the server of its connection.

pub use egress_rule::Origin;

use http::Uri;
use tokio_util::sync::CancellationToken;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use crate::credentials::Credentials;
use crate::event::{Event, RequestFailure};
use crate::log::Stderr;
use crate::net::{Connections, Failure};

/// How many bytes of each outgoing body the host keeps until they are sent.
const OUTGOING_PIECE: usize = 16 << 10;

/// How a tenant's requests leave the host. The calls of a tenant share it.
#[derive(Clone)]
pub(crate) struct Ways {
    /// The one origin that may be reached. A token may be sent there.
    pub(crate) allowed: Option<Origin>,
    pub(crate) connections: Connections,
    /// The tokens that replace the component's placeholders.
    pub(crate) credentials: Credentials,
}

/// Returns the origin that a tenant with this base URL may reach. `None` if a token may not be sent
/// there: over plain HTTP, only this machine is reached.
pub(crate) fn allowed_by(base_url: &str) -> Option<Origin> {
    Origin::of(base_url).filter(Origin::protects_tokens)
}

/// Returns the origin of a request.
fn origin_of(uri: &Uri) -> Option<Origin> {
    Origin::new(uri.scheme_str()?, uri.authority()?.as_str())
}

/// Sends requests to the allowed origin. Refuses all others, and remembers the first of them.
/// Refuses every request once the call is stopped.
pub(crate) struct Egress {
    ways: Ways,
    stop: CancellationToken,
    refused: Option<String>,
    log: Stderr,
}

impl Egress {
    /// Writes to `log` why a request could not be sent.
    pub(crate) fn new(ways: Ways, stop: CancellationToken, log: Stderr) -> Self {
        Egress { ways, stop, refused: None, log }
    }

    /// Returns the token that stops the call.
    pub(crate) fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// Returns the first origin that was refused, without path and query.
    pub(crate) fn refused(&self) -> Option<&str> {
        self.refused.as_deref()
    }

    /// Returns the allowed origin as text.
    pub(crate) fn allowed(&self) -> Option<String> {
        self.ways.allowed.as_ref().map(ToString::to_string)
    }

    fn permits(&mut self, uri: &Uri) -> bool {
        let origin = origin_of(uri);
        if origin.is_some() && origin == self.ways.allowed {
            return true;
        }
        self.refused.get_or_insert_with(|| match origin {
            Some(origin) => origin.to_string(),
            None => "an address without an origin".to_owned(),
        });
        false
    }
}

/// The outcome of a request: the response, and a future that drives its connection, which does
/// nothing here.
type Sent = Result<(http::Response<WasiBody>, Driver), Error>;
type Driver = Box<dyn Future<Output = Result<(), Error>> + Send>;

impl WasiHttpHooks for Egress {
    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        OUTGOING_PIECE
    }

    fn send_request(
        &mut self,
        mut request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Driver,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        // Check this first: nothing of the request may leave the host, not even a DNS query for its
        // server.
        if !self.permits(request.uri()) {
            return Box::new(async { Err(Error::HttpRequestDenied) });
        }
        if self.stop.is_cancelled() {
            return Box::new(async { Err(Failure::Stopped.into()) });
        }
        self.ways.credentials.put_into(request.headers_mut());
        let Ways { connections, credentials, .. } = self.ways.clone();
        let (log, origin) = (self.log.clone(), self.allowed());
        Box::new(async move {
            match connections.send(request, options).await {
                Ok(answer) => {
                    Ok((credentials.kept_out(answer), Box::new(async { Ok(()) }) as Driver))
                }
                // The caller asked for it, so there is nothing to explain.
                Err(Failure::Stopped) => Err(Failure::Stopped.into()),
                Err(failure) => {
                    let origin = origin.unwrap_or_default();
                    let failed = RequestFailure { origin, reason: failure };
                    log.report(&Event::RequestFailed(failed));
                    Err(failure.into())
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::LogLines;

    fn egress(allowed: Option<Origin>) -> Egress {
        let ways = Ways {
            allowed,
            connections: Connections::new(Default::default(), Default::default(), false, 1),
            credentials: Credentials::default(),
        };
        Egress::new(ways, CancellationToken::new(), Stderr::new(1000, LogLines::default(), None))
    }

    #[test]
    fn another_scheme_host_or_port_is_refused_and_the_first_is_remembered() {
        let mut egress = egress(Origin::of("https://acme.retool.com/api"));
        let mut permits = |url: &str| egress.permits(&url.parse().expect("a URI"));

        assert!(permits("https://acme.retool.com/anything?q"));
        assert!(permits("https://ACME.retool.com:443/"));
        assert!(!permits("https://evil.example/token?secret=1"));
        assert!(!permits("http://acme.retool.com/"));
        assert!(!permits("https://acme.retool.com:8443/"));
        assert!(!permits("https://acme.retool.com.evil.example/"));
        assert!(!permits("https://x@acme.retool.com/"));
        assert_eq!(egress.refused(), Some("https://evil.example:443"));
    }

    #[test]
    fn plain_http_is_allowed_to_this_machine_only() {
        for (base_url, allowed) in [
            ("http://127.0.0.1:8080/retool", Some("http://127.0.0.1:8080")),
            ("http://localhost", Some("http://localhost:80")),
            ("https://10.0.0.1", Some("https://10.0.0.1:443")),
            ("http://acme.retool.com", None),
            ("http://10.0.0.1:3000", None),
            ("http://localhost.example", None),
        ] {
            let origin = allowed_by(base_url).map(|origin| origin.to_string());
            assert_eq!(origin.as_deref(), allowed, "{base_url}");
        }
        let mut egress = egress(allowed_by("http://10.0.0.1:3000"));
        assert!(!egress.permits(&"http://10.0.0.1:3000/".parse().expect("a URI")));
    }

    #[test]
    fn without_an_origin_everything_is_refused() {
        let mut egress = egress(None);
        assert!(!egress.permits(&"https://acme.retool.com/".parse().expect("a URI")));
        assert!(!egress.permits(&"/relative".parse().expect("a URI")));
    }
}
