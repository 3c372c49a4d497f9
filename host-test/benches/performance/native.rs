//! Native clients: an ordinary one, written only for a listing, and the component's own logic
//! compiled natively, which shows the cost of the sandbox alone.

use std::borrow::Cow;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use futures_util::{StreamExt, TryStreamExt, stream};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Request, header};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use retool_lifecycle::http::{
    Clock, Entropy, Limits, Local, Log, Platform, Response, Transport, TransportError,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde::Deserialize;

use crate::server::{PAGE, Server};

/// The token that every request carries.
pub const TOKEN: &str = "benchmark-token";

/// A pool of connections.
pub type Connections = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// Creates a pool of connections to a server.
pub fn connections(server: &Server) -> Connections {
    let mut roots = rustls::RootCertStore::empty();
    let certificate = CertificateDer::from_pem_slice(server.ca.as_bytes()).expect("a certificate");
    roots.add(certificate).expect("a root");
    pool(roots)
}

/// Creates a pool of connections without TLS.
pub fn plain_connections() -> Connections {
    pool(rustls::RootCertStore::empty())
}

fn pool(roots: rustls::RootCertStore) -> Connections {
    let config =
        rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    http.set_nodelay(true);
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(config)
        .https_or_http()
        .enable_http1()
        .wrap_connector(http);
    Client::builder(TokioExecutor::new()).pool_max_idle_per_host(64).build(connector)
}

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    users: Vec<Record<'a>>,
    total: usize,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    email: Cow<'a, str>,
    #[serde(borrow)]
    first_name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    last_name: Option<Cow<'a, str>>,
    is_admin: bool,
    is_disabled: bool,
    #[serde(borrow)]
    groups: Vec<Link<'a>>,
}

#[derive(Deserialize)]
struct Link<'a> {
    id: u64,
    #[serde(borrow)]
    name: Cow<'a, str>,
}

/// A person in the memory of an ordinary program.
#[derive(Debug)]
#[allow(dead_code, reason = "storing the fields is part of the measurement")]
pub struct Person {
    id: String,
    email: String,
    first_name: Option<String>,
    last_name: Option<String>,
    admin: bool,
    disabled: bool,
    groups: Vec<(u64, String)>,
}

/// Lists everyone like an ordinary client: the first page, then the others in a window.
pub async fn list(connections: &Connections, base_url: &str, window: usize) -> Vec<Person> {
    let page = async |number: usize| {
        let url = format!("{base_url}/api/v1/users?page={number}&pageSize={PAGE}");
        let request = Request::get(url)
            .header(header::AUTHORIZATION, format!("Bearer {TOKEN}"))
            .header(header::ACCEPT, "application/json")
            .body(Full::default())
            .expect("a request");
        let answer = connections.request(request).await?;
        let body = answer.into_body().collect().await?.to_bytes();
        Ok::<_, Box<dyn std::error::Error>>(decode(&body)?)
    };
    let (mut people, total) = page(1).await.expect("the first page");
    let rest = stream::iter(2..=total.div_ceil(PAGE)).map(page).buffered(window);
    let rest: Vec<_> = rest.try_collect().await.expect("every page");
    for (page, _) in rest {
        people.extend(page);
    }
    assert_eq!(people.len(), total);
    people
}

fn decode(body: &[u8]) -> serde_json::Result<(Vec<Person>, usize)> {
    let page: Page<'_> = serde_json::from_slice(body)?;
    let person = |record: Record<'_>| Person {
        id: record.id.into_owned(),
        email: record.email.into_owned(),
        first_name: record.first_name.map(Cow::into_owned),
        last_name: record.last_name.map(Cow::into_owned),
        admin: record.is_admin,
        disabled: record.is_disabled,
        groups: record.groups.into_iter().map(|link| (link.id, link.name.into_owned())).collect(),
    };
    Ok((page.users.into_iter().map(person).collect(), page.total))
}

/// Creates the platform for the component's logic, compiled natively.
pub fn platform(connections: Connections) -> Platform {
    Platform {
        transport: Rc::new(Hyper(connections)),
        clock: Rc::new(Tokio(Instant::now())),
        entropy: Rc::new(Fixed),
        log: Rc::new(Silent),
    }
}

struct Hyper(Connections);

impl Transport for Hyper {
    fn send<'a>(
        &'a self,
        request: &'a retool_lifecycle::http::Request,
        limits: Limits,
    ) -> Local<'a, Result<Response, TransportError>> {
        Box::pin(async move {
            let limit = Duration::from_millis(limits.timeout_ms);
            let exchange = self.exchange(request);
            let answer = tokio::time::timeout(limit, exchange).await;
            answer.map_err(|_| TransportError::TimedOut)?.ok_or(TransportError::Failed)
        })
    }
}

impl Hyper {
    async fn exchange(&self, request: &retool_lifecycle::http::Request) -> Option<Response> {
        let scheme = if request.https { "https" } else { "http" };
        let sent = Request::builder()
            .method(request.method.as_str())
            .uri(format!("{scheme}://{}{}", request.authority, request.path_and_query))
            .header(header::AUTHORIZATION, format!("Bearer {}", request.token.expose()))
            .header(header::ACCEPT, request.media_type)
            .body(Full::from(request.body.clone().unwrap_or_default()))
            .ok()?;
        let answer = self.0.request(sent).await.ok()?;
        let header =
            |name: header::HeaderName| Some(answer.headers().get(name)?.to_str().ok()?.to_owned());
        Some(Response {
            status: answer.status().as_u16(),
            date: header(header::DATE),
            content_type: header(header::CONTENT_TYPE),
            body: answer.into_body().collect().await.ok()?.to_bytes().to_vec(),
            ..Response::default()
        })
    }
}

struct Tokio(Instant);

impl Clock for Tokio {
    fn monotonic_ms(&self) -> u64 {
        self.0.elapsed().as_millis() as u64
    }

    fn unix_ms(&self) -> u64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        now.unwrap_or_default().as_millis() as u64
    }

    fn sleep(&self, ms: u64) -> Local<'_, ()> {
        Box::pin(tokio::time::sleep(Duration::from_millis(ms)))
    }
}

struct Fixed;

impl Entropy for Fixed {
    fn random_u64(&self) -> u64 {
        4
    }
}

struct Silent;

impl Log for Silent {
    fn line(&self, _: &str) {}
}

/// Keeps the compiler from optimizing the value away.
pub fn keep<T>(value: T) {
    std::hint::black_box(Arc::new(value));
}
