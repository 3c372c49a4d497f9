//! A server with the mock's dialects, with optional TLS and HTTP/2. It counts its connections.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use host_test::retool::types::Dialect;
use host_test::{CaCertificates, Host, Tenant, TenantOptions};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, Version, server};
use hyper_util::rt::{TokioExecutor, TokioIo};
use mock_retool::{Offline, Options, Organisation};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// The token that the servers accept.
pub const TOKEN: &str = "the-token-of-this-server";

/// A certificate authority of one test.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub fn new() -> Authority {
        Authority::named("an authority")
    }

    pub fn named(name: &str) -> Authority {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Authority(CertifiedIssuer::self_signed(params, key).expect("an authority"))
    }

    pub fn pem(&self) -> String {
        self.0.pem()
    }

    pub fn certificates(&self) -> CaCertificates {
        CaCertificates::from_pem(self.pem().as_bytes()).expect("a certificate")
    }

    /// Creates TLS for a server of this name that offers these protocols.
    pub fn tls(&self, name: &str, protocols: &[&str]) -> TlsAcceptor {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new([name.to_owned()]).expect("a name");
        let certificate = params.signed_by(&key, &self.0).expect("a certificate");
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .expect("a certificate with its key");
        config.alpn_protocols =
            protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        TlsAcceptor::from(Arc::new(config))
    }
}

/// A request that the server got.
#[derive(Clone, Debug)]
pub struct Seen {
    pub version: Version,
    /// The URI of the first line, or of the pseudo-headers of HTTP/2.
    pub uri: String,
    pub host: Option<String>,
    pub authorization: Option<String>,
    pub proxy_authorization: Option<String>,
}

/// The data that a server serves, and the requests that it got.
pub struct Service {
    offline: Offline,
    organisation: Mutex<Organisation>,
    seen: Mutex<Vec<Seen>>,
    connections: AtomicUsize,
}

impl Service {
    pub fn new(users: usize) -> Arc<Service> {
        let options = Options { token: TOKEN.to_owned(), ..Options::default() };
        Arc::new(Service {
            offline: Offline::new(&options),
            organisation: Mutex::new(Organisation::seeded(1, users, 2)),
            seen: Mutex::default(),
            connections: AtomicUsize::new(0),
        })
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub fn count_connection(&self) {
        self.connections.fetch_add(1, Ordering::SeqCst);
    }

    pub fn seen(&self) -> Vec<Seen> {
        lock(&self.seen).clone()
    }

    pub fn first_email(&self) -> String {
        lock(&self.organisation).users[0].email.clone()
    }

    pub async fn answer(&self, request: Request<Incoming>) -> Response<Full<hyper::body::Bytes>> {
        let (mut parts, body) = request.into_parts();
        let header = |name| {
            let value = parts.headers.get(name)?;
            Some(value.to_str().expect("ASCII").to_owned())
        };
        lock(&self.seen).push(Seen {
            version: parts.version,
            uri: parts.uri.to_string(),
            host: header(hyper::header::HOST),
            authorization: header(hyper::header::AUTHORIZATION),
            proxy_authorization: header(hyper::header::PROXY_AUTHORIZATION),
        });
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        parts.uri = path.parse().expect("a path");
        let body = body.collect().await.expect("a body").to_bytes().to_vec();
        let request = Request::from_parts(parts, body);
        let answer = self.offline.serve(&mut lock(&self.organisation), request);
        answer.map(|body| Full::new(body.into()))
    }

    /// Serves one connection in HTTP/2 or HTTP/1.1.
    async fn converse(
        self: Arc<Self>,
        io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        http2: bool,
    ) {
        let service = service_fn(|request| {
            let service = Arc::clone(&self);
            async move { Ok::<_, Infallible>(service.answer(request).await) }
        });
        let io = TokioIo::new(io);
        // How the connection ends does not matter here.
        let _ = if http2 {
            let builder = server::conn::http2::Builder::new(TokioExecutor::new());
            builder.serve_connection(io, service).await
        } else {
            server::conn::http1::Builder::new().serve_connection(io, service).await
        };
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A running server. Dropping it closes its connections.
pub struct Server {
    pub address: SocketAddr,
    pub service: Arc<Service>,
    _serving: JoinSet<()>,
}

impl Server {
    pub async fn start(service: Arc<Service>, tls: Option<TlsAcceptor>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
        let address = listener.local_addr().expect("an address");
        let mut serving = JoinSet::new();
        let shared = Arc::clone(&service);
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                stream.set_nodelay(true).expect("a socket");
                shared.count_connection();
                let (service, tls) = (Arc::clone(&shared), tls.clone());
                connections.spawn(async move {
                    let Some(tls) = tls else {
                        return service.converse(stream, false).await;
                    };
                    // A client that doesn't trust the server closes the connection.
                    let Ok(stream) = tls.accept(stream).await else {
                        return;
                    };
                    let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                    service.converse(stream, http2).await;
                });
            }
        });
        Server { address, service, _serving: serving }
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }
}

/// Returns the options of a tenant at this base URL, with the servers' token.
pub fn options(base_url: &str) -> TenantOptions {
    TenantOptions::new(base_url).dialect(Dialect::V1).env("RETOOL_API_TOKEN", TOKEN)
}

pub fn tenant(options: TenantOptions) -> Tenant {
    // SAFETY: the build folder is trusted as the build is.
    let host = unsafe { Host::shared_in(Path::new(env!("CARGO_TARGET_TMPDIR"))) };
    host.expect("a host").tenant(options)
}
