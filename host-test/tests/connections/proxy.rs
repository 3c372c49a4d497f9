//! Proxies: the requests and tunnels that they get, and the data that they can see.

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

/// A proxy that answers forwarded requests itself, and opens all tunnels to one server, whatever
/// their target is.
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

#[tokio::test]
async fn a_plain_http_request_goes_to_the_proxy_with_its_absolute_uri() {
    let proxy = Proxy::start(None).await;
    let origin = format!("http://{}", nowhere().await);
    let proxies = Proxies::new(&proxy.url(), "", "", "").expect("a proxy");
    let tenant = tenant(options(&origin).proxies(proxies));
    let email = proxy.service.first_email();
    let found =
        tenant.find_user(&by_email(&email)).await.expect("the host").expect("the component");
    assert_eq!(found.expect("a user").email, Some(email));
    let seen = proxy.service.seen();
    assert!(seen.iter().all(|seen| seen.uri.starts_with(&format!("{origin}/api/v1/"))), "{seen:?}");
    assert!(seen.iter().all(|seen| seen.proxy_authorization.as_deref() == Some(CREDENTIALS)));
    assert!(proxy.tunnels().is_empty());
}

#[tokio::test]
async fn https_goes_through_a_tunnel_and_the_proxy_resolves_the_name() {
    let authority = Authority::new();
    let tls = authority.tls("acme.invalid", &["h2", "http/1.1"]);
    let server = Server::start(Service::new(3), Some(tls)).await;
    let proxy = Proxy::start(Some(server.address)).await;
    let proxies = Proxies::new("", &proxy.url(), "", "").expect("a proxy");
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
    let proxies = Proxies::new("", &url, "", "").expect("a proxy");
    let options = options("https://acme.invalid").ca_certificates(authority.certificates());
    let found =
        tenant(options.proxies(proxies)).find_user(&by_email(server.service.first_email())).await;
    assert!(found.expect("the host").expect("the component").is_some());
    assert!(!proxy.tunnels().is_empty());
}

#[tokio::test]
async fn excepted_servers_are_reached_directly() {
    let proxy = Proxy::start(None).await;
    let server = Server::start(Service::new(3), None).await;
    let proxies = Proxies::new("", "", &proxy.url(), "10.0.0.0/8, 127.0.0.0/8").expect("a proxy");
    let tenant = tenant(options(&format!("http://{}", server.address)).proxies(proxies));
    let found = tenant.find_user(&by_email(server.service.first_email())).await.expect("the host");
    assert!(found.expect("the component").is_some());
    assert_eq!(proxy.service.connections(), 0);
    assert!(server.service.seen().iter().all(|seen| seen.proxy_authorization.is_none()));
}

/// Makes a call through this proxy, which must fail, and returns its log.
async fn refused(url: &str) -> String {
    let authority = Authority::new();
    let options = options("https://acme.invalid").ca_certificates(authority.certificates());
    let tenant = tenant(options.proxies(Proxies::new("", url, "", "").expect("a proxy")));
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
    for proxies in [Proxies::default(), Proxies::new(&proxy.url(), "", "", "").expect("a proxy")] {
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
