//! A server with very low cost: every page is built before the first request. It runs in a process
//! of its own, so that its time is not measured.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::people;

/// How many people are on a page.
pub const PAGE: usize = 1000;

/// A server in a process of its own. Dropping it ends the process.
pub struct Server {
    process: Child,
    /// The base URL of the server.
    pub base_url: String,
    /// The certificate of its authority, in PEM.
    pub ca: String,
}

impl Server {
    /// Starts a server with this number of people, which delays each answer by `latency`.
    pub fn start(users: usize, latency: Duration, tls: bool) -> Server {
        let mut process = Command::new(std::env::current_exe().expect("this program's file"))
            .args(["serve", &users.to_string(), &latency.as_millis().to_string()])
            .arg(if tls { "tls" } else { "plain" })
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a second process");
        let mut lines = BufReader::new(process.stdout.take().expect("its output")).lines();
        let mut line = || lines.next().and_then(Result::ok).expect("the server says where it is");
        let base_url = line();
        let ca = line().replace('|', "\n");
        Server { process, base_url, ca }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // This fails if the process has already ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Runs the second process: serves until it is killed, or until the first process has ended.
pub fn serve(arguments: &[String]) {
    let number = |at: usize| arguments[at].parse::<u64>().expect("a number");
    let pages = Arc::new(pages(number(0) as usize));
    let latency = Duration::from_millis(number(1));
    let tls = arguments[2] == "tls";
    std::thread::spawn(|| {
        // The copy ends when the first process has ended, which closes the pipe.
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        std::process::exit(0);
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (acceptor, ca) = acceptor();
        let scheme = if tls { "https" } else { "http" };
        println!("{scheme}://localhost:{port}\n{}", ca.replace('\n', "|"));
        io::stdout().flush().expect("a listener");
        loop {
            let Ok((stream, _)) = listener.accept().await else { continue };
            let _ = stream.set_nodelay(true);
            let (pages, acceptor) = (Arc::clone(&pages), acceptor.clone());
            tokio::spawn(async move {
                if !tls {
                    connection(stream, pages, latency).await;
                } else if let Ok(stream) = acceptor.accept(stream).await {
                    connection(stream, pages, latency).await;
                }
            });
        }
    });
}

async fn connection<S>(stream: S, pages: Arc<Pages>, latency: Duration)
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let service = service_fn(|request: Request<Incoming>| {
        let answer = pages.answer(&request);
        async move {
            if !latency.is_zero() {
                tokio::time::sleep(latency).await;
            }
            Ok::<_, Infallible>(answer)
        }
    });
    // The client may close the connection at any time.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

struct Pages {
    users: Vec<Bytes>,
    groups: Bytes,
}

fn pages(users: usize) -> Pages {
    let people: Vec<String> = (0..users).map(people::record).collect();
    let page = |page: &[String]| {
        Bytes::from(format!("{{\"users\":[{}],\"total\":{users}}}", page.join(",")))
    };
    Pages { users: people.chunks(PAGE).map(page).collect(), groups: Bytes::from(people::groups()) }
}

impl Pages {
    fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let query = request.uri().query().unwrap_or_default();
        let query: HashMap<&str, &str> =
            query.split('&').filter_map(|pair| pair.split_once('=')).collect();
        let body = match request.uri().path() {
            "/api/v1/users" => {
                let page = query.get("page").and_then(|page| page.parse::<usize>().ok());
                self.users.get(page.unwrap_or(1) - 1)
            }
            "/api/v1/groups" => Some(&self.groups),
            _ => None,
        };
        let mut answer = Response::new(Full::new(body.cloned().unwrap_or_default()));
        if body.is_none() {
            *answer.status_mut() = StatusCode::NOT_FOUND;
        }
        answer.headers_mut().insert(CONTENT_TYPE, "application/json".parse().expect("a value"));
        answer
    }
}

/// Creates a self-signed certificate for `localhost`.
fn acceptor() -> (TlsAcceptor, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]);
    let made = made.expect("a certificate");
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("its key");
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .expect("a configuration");
    (TlsAcceptor::from(Arc::new(config)), made.cert.pem())
}
