//! Proxies: the tunnels that they get, and the data that they can see.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use host_test::requests::by_email;
use host_test::{HostError, Proxies};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::server::{Authority, Server, Service, TOKEN, options, tenant};

const USER: &str = "user:hunter2%21@";
const CREDENTIALS: &str = "Basic dXNlcjpodW50ZXIyIQ==";

/// The requested tunnels: target and credentials.
type Tunnels = Arc<Mutex<Vec<(String, Option<String>)>>>;

/// A proxy that opens all tunnels to one server, whatever their target is. It answers other requests
/// itself, which should not come.
struct Proxy {
    address: SocketAddr,
    service: Arc<Service>,
    tunnels: Tunnels,
    _serving: JoinSet<()>,
}

impl Proxy {
    async fn start(tunnel: Option<SocketAddr>) -> Proxy {
        Proxy::over(None, tunnel).await
    }

    async fn over(tls: Option<TlsAcceptor>, tunnel: Option<SocketAddr>) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
        let address = listener.local_addr().expect("an address");
        let (service, tunnels) = (Service::new(3), Tunnels::default());
        let mut serving = JoinSet::new();
        let (shared, log) = (Arc::clone(&service), Arc::clone(&tunnels));
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                shared.count_connection();
                let (service, tunnels) = (Arc::clone(&shared), Arc::clone(&log));
                let tls = tls.clone();
                connections.spawn(async move {
                    let answers = service_fn(move |request| {
                        answer(Arc::clone(&service), Arc::clone(&tunnels), tunnel, request)
                    });
                    let http = http1::Builder::new();
                    // How the connection ends does not matter here.
                    let _ = match tls {
                        None => {
                            let io = TokioIo::new(stream);
                            http.serve_connection(io, answers).with_upgrades().await
                        }
                        Some(tls) => {
                            let io = TokioIo::new(tls.accept(stream).await.expect("TLS"));
                            http.serve_connection(io, answers).with_upgrades().await
                        }
                    };
                });
            }
        });
        Proxy { address, service, tunnels, _serving: serving }
    }

    fn tunnels(&self) -> Vec<(String, Option<String>)> {
        self.tunnels.lock().expect("tunnels").clone()
    }

    fn url(&self) -> String {
        format!("http://{USER}{}", self.address)
    }
}

async fn answer(
    service: Arc<Service>,
    tunnels: Tunnels,
    tunnel: Option<SocketAddr>,
    request: Request<Incoming>,
) -> Result<Response<Full<hyper::body::Bytes>>, Infallible> {
    if request.method() != Method::CONNECT {
        return Ok(service.answer(request).await);
    }
    let credentials = request.headers().get(hyper::header::PROXY_AUTHORIZATION);
    let credentials = credentials.map(|value| value.to_str().expect("ASCII").to_owned());
    let refused = credentials.as_deref() != Some(CREDENTIALS);
    tunnels.lock().expect("tunnels").push((request.uri().to_string(), credentials));
    let status = match tunnel {
        _ if refused => StatusCode::PROXY_AUTHENTICATION_REQUIRED,
        None => StatusCode::FORBIDDEN,
        Some(server) => {
            tokio::spawn(async move {
                let upgraded = hyper::upgrade::on(request).await.expect("a tunnel");
                let mut server = TcpStream::connect(server).await.expect("the server");
                // It ends when one side closes.
                let _ =
                    tokio::io::copy_bidirectional(&mut TokioIo::new(upgraded), &mut server).await;
            });
            StatusCode::OK
        }
    };
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = status;
    Ok(answer)
}

/// Returns an address without a listener.
async fn nowhere() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    listener.local_addr().expect("an address")
}

/// Returns proxies for every request that may go through one.
fn proxies(https: &str, all: &str) -> Proxies {
    Proxies::new(https, all, "").expect("a proxy")
}

#[tokio::test]
async fn this_machine_is_reached_without_a_proxy_over_http_and_https() {
    let authority = Authority::new();
    let tls = authority.tls("127.0.0.1", &["http/1.1"]);
    for (scheme, tls) in [("http", None), ("https", Some(tls))] {
        let proxy = Proxy::start(None).await;
        let server = Server::start(Service::new(3), tls).await;
        for proxies in [proxies(&proxy.url(), ""), proxies("", &proxy.url())] {
            let options = options(&format!("{scheme}://{}", server.address)).proxies(proxies);
            let tenant = tenant(options.ca_certificates(authority.certificates()));
            let found = tenant.find_user(&by_email(server.service.first_email())).await;
            assert!(found.expect("the host").expect("the component").is_some(), "{scheme}");
        }
        assert_eq!(proxy.service.connections(), 0, "{scheme}");
        let seen = server.service.seen();
        assert!(!seen.is_empty());
        assert!(seen.iter().all(|seen| seen.proxy_authorization.is_none()), "{seen:?}");
    }
}

#[tokio::test]
async fn plain_http_to_another_machine_is_not_sent_at_all() {
    // The component refuses such a base URL itself, and here the connection that it gets has
    // another one than the tenant.
    let proxy = Proxy::start(None).await;
    for inject in [false, true] {
        let mut options = options("http://acme.invalid").proxies(proxies("", &proxy.url()));
        options.inject_credentials = inject;
        let tenant = tenant(options);
        let error = tenant.find_user(&by_email("ada@example.com")).await.expect("the host");
        let error = format!("{:?}", error.expect_err("a refusal"));
        assert!(error.contains("https-required"), "{error}");
        let mut connection = tenant.connection().clone();
        connection.base_url = "https://acme.invalid".to_owned();
        let elsewhere = tenant.with_connection(connection);
        let refused = elsewhere.find_user(&by_email("ada@example.com")).await;
        let refused = refused.expect_err("a refusal");
        assert!(matches!(refused, HostError::Egress { allowed: None, .. }), "{refused:?}");
    }
    assert_eq!(proxy.service.connections(), 0);
}

#[tokio::test]
async fn https_goes_through_a_tunnel_and_the_proxy_resolves_the_name() {
    let authority = Authority::new();
    let tls = authority.tls("acme.invalid", &["h2", "http/1.1"]);
    let server = Server::start(Service::new(3), Some(tls)).await;
    let proxy = Proxy::start(Some(server.address)).await;
    let proxies = proxies(&proxy.url(), "");
    let options = options("https://acme.invalid").ca_certificates(authority.certificates());
    let tenant = tenant(options.proxies(proxies));
    let email = server.service.first_email();
    let found =
        tenant.find_user(&by_email(&email)).await.expect("the host").expect("the component");
    assert_eq!(found.expect("a user").email, Some(email));

    let tunnels = proxy.tunnels();
    assert_eq!(tunnels[0], ("acme.invalid:443".to_owned(), Some(CREDENTIALS.to_owned())));
    assert!(proxy.service.seen().is_empty(), "the proxy has read a request");
    let seen = server.service.seen();
    assert!(seen.iter().all(|seen| seen.proxy_authorization.is_none()), "{seen:?}");
    assert_eq!(seen[0].authorization.as_deref(), Some(format!("Bearer {TOKEN}").as_str()));
}

#[tokio::test]
async fn a_proxy_may_speak_tls_itself() {
    let authority = Authority::new();
    let tls = authority.tls("acme.invalid", &["http/1.1"]);
    let server = Server::start(Service::new(3), Some(tls)).await;
    let tls = authority.tls("127.0.0.1", &[]);
    let proxy = Proxy::over(Some(tls), Some(server.address)).await;
    let url = format!("https://{USER}{}", proxy.address);
    let proxies = proxies(&url, "");
    let options = options("https://acme.invalid").ca_certificates(authority.certificates());
    let found =
        tenant(options.proxies(proxies)).find_user(&by_email(server.service.first_email())).await;
    assert!(found.expect("the host").expect("the component").is_some());
    assert!(!proxy.tunnels().is_empty());
}

/// Makes a call through this proxy, which must fail, and returns its log.
async fn refused(url: &str) -> String {
    let authority = Authority::new();
    let options = options("https://acme.invalid").ca_certificates(authority.certificates());
    let tenant = tenant(options.proxies(proxies(url, "")));
    let error = tenant
        .find_user(&by_email("ada@example.com"))
        .await
        .expect("the host")
        .expect_err("no way");
    let log = tenant.log().concat();
    for text in [&log, &format!("{error:?}"), &format!("{tenant:?}")] {
        assert!(!text.contains("hunter2") && !text.contains("dXNl"), "{text}");
    }
    log
}

#[tokio::test]
async fn failures_of_the_proxy_are_distinguished_in_the_log() {
    let proxy = Proxy::start(None).await;
    let log = refused(&proxy.url()).await;
    assert!(log.contains("the proxy opened no tunnel to the server"), "{log}");

    let log = refused(&format!("http://user:hunter2@{}", proxy.address)).await;
    assert!(log.contains("the proxy wants other credentials"), "{log}");

    let log = refused(&format!("http://{USER}{}", nowhere().await)).await;
    assert!(log.contains("the proxy could not be reached"), "{log}");
}

#[tokio::test]
async fn another_origin_is_refused_before_any_socket_is_opened() {
    let (proxy, own, other) = (
        Proxy::start(None).await,
        Server::start(Service::new(3), None).await,
        Server::start(Service::new(3), None).await,
    );
    for proxies in [Proxies::default(), proxies(&proxy.url(), "")] {
        let tenant = tenant(options(&format!("http://{}", own.address)).proxies(proxies));
        let mut connection = tenant.connection().clone();
        connection.base_url = format!("http://{}", other.address);
        let refused =
            tenant.with_connection(connection).find_user(&by_email("ada@example.com")).await;
        assert!(matches!(refused, Err(HostError::Egress { .. })), "{refused:?}");
    }
    let opened =
        [&proxy.service, &own.service, &other.service].map(|service| service.connections());
    assert_eq!(opened, [0, 0, 0]);
}
