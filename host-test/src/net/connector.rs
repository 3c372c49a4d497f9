//! Opens connections: DNS, TCP, a proxy if there is one, TLS.

use std::net::IpAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use http::uri::Scheme;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Intercept;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tower_service::Service;

use super::addresses::is_elsewhere;
use super::inbound::Raw;
use super::places::{Place, Places};
use super::resolver::{Made, Resolver};
use super::stream::{Duplex, Paced, Stream};
use super::tls::Tls;
use super::{Failure, Proxies};

/// The maximum time to open a connection, even if the component allows more.
const LIMIT: Duration = Duration::from_secs(30);

/// Opens the connections of one tenant. It is cheap to clone.
#[derive(Clone)]
pub(super) struct Connector(Arc<Ways>);

struct Ways {
    tcp: HttpConnector<Resolver>,
    tls: Tls,
    proxies: Proxies,
    places: Places,
    /// Whether the server may only be at public addresses.
    public_only: bool,
}

impl Connector {
    pub(super) fn new(tls: Tls, proxies: Proxies, places: Places, public_only: bool) -> Connector {
        let mut tcp = HttpConnector::new_with_resolver(Resolver::new(public_only));
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        Connector(Arc::new(Ways { tcp, tls, proxies, places, public_only }))
    }
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = Failure;
    type Future = Made<Stream>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, server: Uri) -> Self::Future {
        let ways = Arc::clone(&self.0);
        Box::pin(async move {
            let place = ways.places.connection().await;
            let made = tokio::time::timeout(LIMIT, connect(ways, server, place)).await;
            made.unwrap_or(Err(Failure::ConnectTimeout))
        })
    }
}

async fn connect(ways: Arc<Ways>, server: Uri, place: Place) -> Result<Stream, Failure> {
    let raw = Raw::default();
    let https = server.scheme() == Some(&Scheme::HTTPS);
    let proxy = ways.proxies.of(&server);
    if ways.public_only && proxy.is_some() {
        // The proxy would choose the address. `Tenant` refuses this before a call begins.
        return Err(Failure::NotPublic);
    }
    if !https {
        // No proxy gets to read a request.
        let io = dial(&ways, server, raw.clone()).await?;
        return Ok(Stream::http1(io, raw, place));
    }
    // Read the configuration first: if that fails, no socket has to be opened.
    let config = ways.tls.config()?;
    let io = match ways.proxies.of(&server) {
        Some(proxy) => tunnel(&ways, proxy, server.clone(), raw.clone()).await?,
        None => dial(&ways, server.clone(), raw.clone()).await?,
    };
    let secured = secure(io, &server, config).await?;
    let http2 = secured.get_ref().1.alpn_protocol() == Some(b"h2");
    let io = Box::new(secured);
    if !http2 {
        return Ok(Stream::http1(io, raw, place));
    }
    let http2_place = ways.places.http2().await;
    Ok(Stream::http2(io, raw, place, http2_place))
}

async fn dial(ways: &Ways, server: Uri, raw: Raw) -> Result<Box<dyn Duplex>, Failure> {
    // The resolver checks the addresses of names. An address in the URL is not resolved.
    if ways.public_only && literal(&server).is_some_and(|address| !is_elsewhere(address)) {
        return Err(Failure::NotPublic);
    }
    let dialed = ways.tcp.clone().call(server).await;
    let stream = dialed.map_err(|error| Failure::connecting(&error))?.into_inner();
    if ways.public_only {
        // Whatever led here, this is the address that counts.
        let connected = stream.peer_addr().map_err(|_| Failure::NoConnection)?;
        if !is_elsewhere(connected.ip()) {
            return Err(Failure::NotPublic);
        }
    }
    Ok(Box::new(Paced::under(stream, raw)))
}

/// Returns the address in a URL, if its host is one.
fn literal(server: &Uri) -> Option<IpAddr> {
    let host = server.host()?;
    let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    inner.unwrap_or(host).parse().ok()
}

async fn secure(
    io: Box<dyn Duplex>,
    server: &Uri,
    config: Arc<ClientConfig>,
) -> Result<TlsStream<Box<dyn Duplex>>, Failure> {
    let host = server.host().ok_or(Failure::Tls)?;
    let literal = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let name = ServerName::try_from(literal.unwrap_or(host)).map_err(|_| Failure::OtherName)?;
    let shaken = TlsConnector::from(config).connect(name.to_owned(), io).await;
    shaken.map_err(|error| Failure::shaking_hands(&error))
}

/// Opens a connection to the proxy itself.
async fn reach(ways: &Ways, proxy: &Intercept, raw: Raw) -> Result<Box<dyn Duplex>, Failure> {
    let uri = proxy.uri();
    let dialed = dial(ways, uri.clone(), raw).await.map_err(|_| Failure::NoProxy)?;
    if uri.scheme() != Some(&Scheme::HTTPS) {
        return Ok(dialed);
    }
    let mut config = ClientConfig::clone(&*ways.tls.config()?);
    // Without ALPN, the connection to the proxy uses HTTP/1.1.
    config.alpn_protocols.clear();
    Ok(Box::new(secure(dialed, uri, Arc::new(config)).await?))
}

/// Opens a tunnel through the proxy to the server. The proxy sees only encrypted bytes.
async fn tunnel(
    ways: &Arc<Ways>,
    proxy: Intercept,
    server: Uri,
    raw: Raw,
) -> Result<Box<dyn Duplex>, Failure> {
    let reach = Reach(Arc::clone(ways), proxy.clone(), raw);
    let mut tunnel = Tunnel::new(proxy.uri().clone(), reach);
    if let Some(credentials) = proxy.basic_auth() {
        tunnel = tunnel.with_auth(credentials.clone());
    }
    let opened = tunnel.call(server).await;
    let io = opened.map_err(|error| match Failure::connecting(&error) {
        Failure::NoConnection => refusal(&error),
        failure => failure,
    })?;
    Ok(io.into_inner())
}

/// The error of a tunnel. The library does not export its name, only the service that has it.
type TunnelError = <Tunnel<Reach> as Service<Uri>>::Error;

/// Returns why the proxy opened no tunnel.
fn refusal(error: &TunnelError) -> Failure {
    match error {
        TunnelError::ProxyAuthRequired => Failure::ProxyCredentials,
        _ => Failure::ProxyRefused,
    }
}

/// [`reach`] as a service, for the tunnel.
struct Reach(Arc<Ways>, Intercept, Raw);

impl Service<Uri> for Reach {
    type Response = TokioIo<Box<dyn Duplex>>;
    type Error = Failure;
    type Future = Made<Self::Response>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let Reach(ways, proxy, raw) = self;
        let (ways, proxy, raw) = (Arc::clone(ways), proxy.clone(), raw.clone());
        Box::pin(async move { Ok(TokioIo::new(reach(&ways, &proxy, raw).await?)) })
    }
}
