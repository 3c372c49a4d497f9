//! Tests the connections against servers that record requests and misbehave.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinSet, yield_now};
use tokio_rustls::TlsAcceptor;
use wasmtime_wasi_http::{Error as WasiError, RequestOptions, WasiBody};

use super::*;

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// How a server replies to a request after reading all of it.
#[derive(Clone, Copy)]
enum Reply {
    /// Sends this and waits for the next request.
    Say(&'static str),
    /// Sends this and closes the connection.
    SayAndClose(&'static str),
    /// Closes the connection with a TCP reset.
    Reset,
    /// Sends this and then nothing more, without closing the connection.
    SayAndWait(&'static str),
}

/// The requests that a server got: the number of the connection and the first line of each.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<(usize, String)>>>);

impl Seen {
    fn all(&self) -> Vec<(usize, String)> {
        self.0.lock().expect("what was seen").clone()
    }

    fn lines(&self) -> Vec<String> {
        self.all().into_iter().map(|(_, line)| line).collect()
    }
}

struct Server {
    origin: String,
    seen: Seen,
    _serving: JoinSet<()>,
}

impl Server {
    /// Answers the requests with `replies` in order; the last one is used for all further requests.
    async fn start(replies: &'static [Reply]) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let seen = Seen::default();
        let mut serving = JoinSet::new();
        let log = seen.clone();
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            for number in 0.. {
                let (stream, _) = listener.accept().await.expect("a connection");
                connections.spawn(converse(stream, number, log.clone(), replies));
            }
        });
        Server { origin, seen, _serving: serving }
    }

    fn request(&self, method: Method, body: &'static str) -> Request<WasiBody> {
        request(method, &format!("{}/path?query", self.origin), body)
    }
}

async fn converse(mut stream: TcpStream, number: usize, seen: Seen, replies: &'static [Reply]) {
    while let Some(line) = read_request(&mut stream).await {
        let reply = {
            let mut seen = seen.0.lock().expect("what was seen");
            let reply = replies[seen.len().min(replies.len() - 1)];
            seen.push((number, line));
            reply
        };
        match reply {
            Reply::Say(text) => stream.write_all(text.as_bytes()).await.expect("an answer"),
            Reply::SayAndClose(text) => {
                stream.write_all(text.as_bytes()).await.expect("an answer");
                return;
            }
            Reply::Reset => {
                stream.set_zero_linger().expect("a socket");
                return;
            }
            Reply::SayAndWait(text) => {
                stream.write_all(text.as_bytes()).await.expect("an answer");
                std::future::pending::<()>().await;
            }
        }
    }
}

/// Reads a whole request and returns its first line; `None` if the connection ends.
pub(super) async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    if let Some(length) = length {
        let mut body = vec![0; length.parse().ok()?];
        stream.read_exact(&mut body).await.ok()?;
    }
    Some(head.lines().next()?.to_owned())
}

pub(super) fn request(method: Method, uri: &str, body: &'static str) -> Request<WasiBody> {
    let body = Full::from(body).map_err(|never| match never {}).boxed_unsync();
    Request::builder().method(method).uri(uri).body(body).expect("a request")
}

pub(super) fn connections() -> Connections {
    Connections::new(CaCertificates::default(), Proxies::default(), false, 128)
}

pub(super) async fn text(answer: Response<WasiBody>) -> Result<String, WasiError> {
    let bytes = answer.into_body().collect().await?.to_bytes();
    Ok(String::from_utf8(bytes.to_vec()).expect("UTF-8"))
}

/// Lets the runtime process the events of its sockets.
async fn process_events() {
    for _ in 0..1000 {
        yield_now().await;
    }
}

#[tokio::test]
async fn a_connection_is_reused() {
    let server = Server::start(&[Reply::Say(OK)]).await;
    let connections = connections();
    for _ in 0..20 {
        let answer = connections.send(server.request(Method::GET, ""), None).await;
        assert_eq!(text(answer.expect("an answer")).await.expect("a body"), "ok");
        process_events().await;
    }
    let seen = server.seen.all();
    assert_eq!(seen.len(), 20);
    assert!(seen.iter().all(|(connection, _)| *connection == 0), "{seen:?}");
}

#[tokio::test]
async fn there_are_no_more_connections_than_requests_in_flight() {
    let server = Server::start(&[Reply::Say(OK)]).await;
    let connections = connections();
    let mut workers = JoinSet::new();
    for _ in 0..8 {
        let connections = connections.clone();
        let uri = server.origin.clone();
        workers.spawn(async move {
            for _ in 0..50 {
                let answer = connections.send(request(Method::GET, &uri, ""), None).await;
                text(answer.expect("an answer")).await.expect("a body");
            }
        });
    }
    workers.join_all().await;
    let seen = server.seen.all();
    assert_eq!(seen.len(), 400);
    let opened = seen.iter().map(|(connection, _)| connection).max().map_or(0, |last| last + 1);
    assert!(opened <= 8, "{opened} connections");
}

/// Serves TLS and answers every request with [`OK`]. On all connections except the first, the
/// handshake begins only after this many answers. Returns the number of connections.
async fn serve_with_slow_handshakes(
    listener: TcpListener,
    tls: TlsAcceptor,
    answers: usize,
) -> usize {
    let (answered, mut enough) = tokio::sync::watch::channel(0);
    let mut connections = JoinSet::new();
    let mut opened = 0;
    loop {
        let (stream, _) = tokio::select! {
            accepted = listener.accept() => accepted.expect("a connection"),
            _ = enough.wait_for(|answered| *answered >= 2 * answers) => return opened,
        };
        let (tls, answered, mut seen) = (tls.clone(), answered.clone(), answered.subscribe());
        let slow = opened > 0;
        opened += 1;
        connections.spawn(async move {
            if slow {
                seen.wait_for(|answered| *answered >= answers).await.expect("answers");
            }
            let mut stream = tls.accept(stream).await.expect("TLS");
            while read_request(&mut stream).await.is_some() {
                stream.write_all(OK.as_bytes()).await.expect("an answer");
                stream.flush().await.expect("an answer");
                answered.send_modify(|answered| *answered += 1);
            }
        });
    }
}

#[tokio::test]
async fn slow_handshakes_do_not_open_more_connections() {
    let key = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a key");
    let trusted = CaCertificates::from_pem(key.cert.pem().as_bytes()).expect("a certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let der = PrivatePkcs8KeyDer::from(key.signing_key.serialize_der());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![key.cert.der().clone()], der.into())
        .expect("a certificate with its key");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let uri = format!("https://{}", listener.local_addr().expect("an address"));
    let mut serving = JoinSet::new();
    serving.spawn(serve_with_slow_handshakes(listener, TlsAcceptor::from(Arc::new(config)), 100));

    let connections = Connections::new(trusted, Proxies::default(), false, 128);
    let mut workers = JoinSet::new();
    for _ in 0..4 {
        let (connections, uri) = (connections.clone(), uri.clone());
        workers.spawn(async move {
            for _ in 0..50 {
                let answer = connections.send(request(Method::GET, &uri, ""), None).await;
                text(answer.expect("an answer")).await.expect("a body");
            }
        });
    }
    workers.join_all().await;
    let opened = serving.join_next().await.expect("a server").expect("a count");
    assert!(opened <= 4, "{opened} connections");
}

#[tokio::test]
async fn a_request_that_was_sent_is_never_sent_again() {
    // The connection works for one request, and breaks after the server has read the second.
    for method in [Method::POST, Method::PATCH, Method::PUT, Method::DELETE, Method::GET] {
        for reply in [&[Reply::Say(OK), Reply::Reset], &[Reply::Say(OK), Reply::SayAndClose("")]] {
            let server = Server::start(reply).await;
            let connections = connections();
            let answer = connections.send(server.request(Method::GET, ""), None).await;
            text(answer.expect("an answer")).await.expect("a body");
            process_events().await;

            let answer = connections.send(server.request(method.clone(), "{}"), None).await;
            assert_eq!(answer.map(|_| ()), Err(Failure::Broken), "{method}");
            process_events().await;
            let seen = server.seen.all();
            assert_eq!(seen.len(), 2, "{seen:?}");
            assert_eq!(seen[0].0, seen[1].0, "it was not the same connection");
        }
    }
}

#[tokio::test]
async fn a_truncated_body_is_the_same_error_on_a_reused_and_on_a_fresh_connection() {
    const CUT: &str = "HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\nshort";
    let used: &'static [Reply] = &[Reply::Say(OK), Reply::SayAndClose(CUT)];
    let fresh: &'static [Reply] = &[Reply::SayAndClose(CUT)];
    for replies in [used, fresh] {
        let server = Server::start(replies).await;
        let connections = connections();
        let mut last = None;
        for _ in replies {
            let answer = connections.send(server.request(Method::GET, ""), None).await;
            last = Some(text(answer.expect("an answer")).await);
            process_events().await;
        }
        assert!(matches!(last, Some(Err(WasiError::HttpResponseIncomplete))), "{last:?}");
    }
}

#[tokio::test]
async fn a_connection_that_the_server_closed_is_not_reused() {
    let server = Server::start(&[Reply::SayAndClose(OK)]).await;
    let connections = connections();
    for count in 1..=10 {
        let answer = connections.send(server.request(Method::POST, "{}"), None).await;
        assert_eq!(text(answer.expect("an answer")).await.expect("a body"), "ok");
        process_events().await;
        assert_eq!(server.seen.all().len(), count);
    }
}

#[tokio::test]
async fn a_request_during_the_close_of_its_connection_is_sent_at_most_once() {
    let server = Server::start(&[Reply::SayAndClose(OK)]).await;
    let connections = connections();
    for _ in 0..50 {
        let before = server.seen.all().len();
        // Send at once, while the client may not have noticed the end of the last connection.
        let answer = connections.send(server.request(Method::POST, "{}"), None).await;
        let answered = answer.map(|_| ());
        process_events().await;
        let sent = server.seen.all().len() - before;
        match answered {
            Ok(()) => assert_eq!(sent, 1),
            Err(failure) => assert_eq!((failure, sent), (Failure::Broken, 0)),
        }
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    const REDIRECT: &str =
        "HTTP/1.1 307 Elsewhere\r\nlocation: /there\r\ncontent-length: 0\r\n\r\n";
    let server = Server::start(&[Reply::Say(REDIRECT)]).await;
    let answer = connections().send(server.request(Method::POST, "{}"), None).await;
    assert_eq!(answer.expect("an answer").status(), StatusCode::TEMPORARY_REDIRECT);
    process_events().await;
    assert_eq!(server.seen.lines(), ["POST /path?query HTTP/1.1"]);
}

const SHORT: Duration = Duration::from_millis(30);
const LONG: Duration = Duration::from_secs(600);

#[tokio::test]
async fn a_connection_attempt_times_out() {
    // The listener accepts the connection, but does not answer the TLS handshake.
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let address = listener.local_addr().expect("an address");
    let options = RequestOptions {
        connect_timeout: Some(SHORT),
        first_byte_timeout: Some(LONG),
        between_bytes_timeout: Some(LONG),
    };
    let request = request(Method::GET, &format!("https://{address}/"), "");
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("one");
    let trusted = CaCertificates::from_pem(own.cert.pem().as_bytes()).expect("a certificate");
    let connections = Connections::new(trusted, Proxies::default(), false, 128);
    let answer = connections.send(request, Some(options)).await;
    assert_eq!(answer.map(|_| ()), Err(Failure::ConnectTimeout));
}

#[tokio::test]
async fn a_response_that_does_not_begin_in_time_times_out() {
    let server = Server::start(&[Reply::SayAndWait(""), Reply::Say(OK)]).await;
    let options = RequestOptions {
        connect_timeout: Some(LONG),
        first_byte_timeout: Some(SHORT),
        between_bytes_timeout: Some(LONG),
    };
    let connections = connections();
    let answer = connections.send(server.request(Method::POST, "{}"), Some(options)).await;
    assert_eq!(answer.map(|_| ()), Err(Failure::AnswerTimeout));
    assert_eq!(server.seen.all().len(), 1);

    // A late response must not be taken for the response to the next request.
    let answer = connections.send(server.request(Method::GET, ""), None).await;
    assert_eq!(text(answer.expect("an answer")).await.expect("a body"), "ok");
    let seen = server.seen.all();
    assert_ne!(seen[0].0, seen[1].0, "the connection was used again");
}

#[tokio::test]
async fn a_body_that_stalls_times_out() {
    const BEGUN: &str = "HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\nbegun";
    let server = Server::start(&[Reply::SayAndWait(BEGUN)]).await;
    let options = RequestOptions {
        connect_timeout: Some(LONG),
        first_byte_timeout: Some(LONG),
        between_bytes_timeout: Some(SHORT),
    };
    let answer = connections().send(server.request(Method::GET, ""), Some(options)).await;
    let read = text(answer.expect("an answer")).await;
    assert!(matches!(read, Err(WasiError::ConnectionReadTimeout)), "{read:?}");
}

async fn failure(uri: &str) -> Failure {
    let answer = connections().send(request(Method::GET, uri, ""), None).await;
    answer.map(|_| ()).expect_err("a failure")
}

#[tokio::test]
async fn reasons_for_a_missing_response_are_distinguished() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    assert_eq!(failure(&format!("http://{address}/")).await, Failure::Refused);

    // The name is invalid, so that no resolver is asked: a label has at most 63 letters.
    let name = "a".repeat(64);
    assert_eq!(failure(&format!("http://{name}/")).await, Failure::Dns);

    let server = Server::start(&[Reply::SayAndClose("220 mail.example ready\r\n\r\n")]).await;
    assert_eq!(failure(&server.origin).await, Failure::NotHttp);

    let server = Server::start(&[Reply::SayAndClose("")]).await;
    assert_eq!(failure(&server.origin).await, Failure::Broken);
}
