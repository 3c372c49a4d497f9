//! The egress rule: a tenant's component may reach only the server of its connection.

use std::fmt;

use http::Uri;
use tokio_util::sync::CancellationToken;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use crate::credentials::Credentials;
use crate::log::Stderr;
use crate::net::Connections;

/// Scheme, host and port of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    scheme: String,
    host: String,
    port: u16,
}

impl Origin {
    /// Returns the origin of an absolute `http` or `https` URL. If the URL has no port, the origin
    /// has the scheme's default port. Returns `None` for anything else, and for a URL with user
    /// information.
    pub fn of(url: &str) -> Option<Origin> {
        Origin::of_uri(&url.trim().parse().ok()?)
    }

    fn of_uri(uri: &Uri) -> Option<Origin> {
        let scheme = uri.scheme_str()?.to_ascii_lowercase();
        let authority = uri.authority()?;
        if authority.as_str().contains('@') || authority.host().is_empty() {
            return None;
        }
        let default = match scheme.as_str() {
            "http" => 80,
            "https" => 443,
            _ => return None,
        };
        // Not `Authority::port`, which returns `None` for a number that is too large.
        let port = match authority.as_str().strip_prefix(authority.host())? {
            "" => default,
            port => port.strip_prefix(':')?.parse().ok()?,
        };
        Some(Origin { scheme, host: authority.host().to_ascii_lowercase(), port })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", self.scheme, self.host, self.port)
    }
}

/// How a tenant's requests leave the host. The calls of a tenant share it.
#[derive(Clone)]
pub(crate) struct Ways {
    /// The one origin that may be reached.
    pub(crate) allowed: Option<Origin>,
    pub(crate) connections: Connections,
    /// The tokens that replace the component's placeholders.
    pub(crate) credentials: Credentials,
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
        self.ways.allowed.as_ref().map(Origin::to_string)
    }

    fn permits(&mut self, uri: &Uri) -> bool {
        let origin = Origin::of_uri(uri);
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

/// The error for a request of a stopped call. The component ends its work when it gets this code,
/// which this host uses for nothing else.
const STOPPED: Error = Error::LoopDetected;

impl WasiHttpHooks for Egress {
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
            return Box::new(async { Err(STOPPED) });
        }
        self.ways.credentials.put_into(request.headers_mut());
        let Ways { connections, credentials, .. } = self.ways.clone();
        let (log, origin) = (self.log.clone(), self.allowed());
        Box::new(async move {
            match connections.send(request, options).await {
                Ok(answer) => {
                    Ok((credentials.kept_out(answer), Box::new(async { Ok(()) }) as Driver))
                }
                Err(failure) => {
                    let origin = origin.unwrap_or_default();
                    log.note(&format!("host: a request to {origin} failed: {failure}"));
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
            connections: Connections::new(Default::default(), Default::default()),
            credentials: Credentials::default(),
        };
        Egress::new(ways, CancellationToken::new(), Stderr::new(1000, LogLines::default(), None))
    }

    fn origin(url: &str) -> Option<String> {
        Origin::of(url).map(|origin| origin.to_string())
    }

    #[test]
    fn an_origin_has_the_default_port_of_its_scheme_and_no_path() {
        assert_eq!(
            origin("https://Acme.retool.com/base/?q=1").as_deref(),
            Some("https://acme.retool.com:443")
        );
        assert_eq!(origin(" http://127.0.0.1:8080 ").as_deref(), Some("http://127.0.0.1:8080"));
        assert_eq!(origin("http://[::1]/").as_deref(), Some("http://[::1]:80"));
    }

    #[test]
    fn only_http_urls_have_an_origin() {
        for url in [
            "",
            "acme.retool.com",
            "/api/v1",
            "ftp://acme.retool.com",
            "ftp://acme.retool.com:21",
            "https://user:secret@acme.retool.com",
            "https://acme.retool.com:99999",
            "https://acme.retool.com:",
        ] {
            assert_eq!(origin(url), None, "{url}");
        }
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
    fn without_an_origin_everything_is_refused() {
        let mut egress = egress(None);
        assert!(!egress.permits(&"https://acme.retool.com/".parse().expect("a URI")));
        assert!(!egress.permits(&"/relative".parse().expect("a URI")));
    }
}
