//! Tests the connections against servers that send without end what was not asked for, and against
//! servers at addresses that are not public.

use std::convert::Infallible;
use std::iter;
use std::sync::Arc;

use http::Method;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::crypto::cipher::OutboundPlainMessage;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ConnectionTrafficSecrets, ContentType, ProtocolVersion};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, copy, sink, split};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use wasmtime_wasi_http::{Error as WasiError, WasiBody};

use super::inbound::{BEFORE_ANSWER, WINDOW};
use super::tests::{connections, read_request, request, text};
use super::*;
use crate::meter::ComputeTime;

/// Starts a server that answers each request with these bytes, without end.
async fn endless(head: &'static str, repeated: &'static str) -> (String, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            read_request(&mut stream).await.expect("a request");
            let mut written = stream.write_all(head.as_bytes()).await;
            let block = repeated.repeat(1 + 1_000 / repeated.len());
            while written.is_ok() {
                written = stream.write_all(block.as_bytes()).await;
            }
        }
    });
    (origin, serving)
}

pub(super) async fn sent(
    connections: &Connections,
    origin: &str,
) -> Result<Response<WasiBody>, Failure> {
    connections.send(request(Method::GET, origin, ""), None).await
}

#[tokio::test]
async fn a_request_ends_if_the_server_sends_without_end_before_its_answer() {
    for (head, repeated) in [
        ("", "HTTP/1.1 100 Continue\r\n\r\n"),
        ("", "HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\n"),
        ("", "HTTP/1.1 199 Whatever\r\n\r\n"),
        ("HTTP/1.1 200 OK\r\nx: ", "y"),
        ("HTTP/1.1 200 OK\r\n", "x: y\r\n"),
        ("HTTP/1.1 200 ", "OK "),
    ] {
        let (origin, _serving) = endless(head, repeated).await;
        let failure = sent(&connections(), &origin).await.map(|_| ());
        // The library refuses a head with more than 100 headers.
        let expected = if repeated == "x: y\r\n" {
            [Failure::TooMuchBeforeAnswer, Failure::NotHttp]
        } else {
            [Failure::TooMuchBeforeAnswer; 2]
        };
        let failure = failure.expect_err("a failure");
        assert!(expected.contains(&failure), "{head:?}, {repeated:?}: {failure:?}");
    }
}

#[tokio::test]
async fn each_request_has_the_whole_budget_and_bodies_are_not_counted() {
    let informational = "HTTP/1.1 100 Continue\r\n\r\n";
    // The library may read some of the body before it hands over the head.
    let hints = informational.repeat(BEFORE_ANSWER / informational.len() / 2);
    let body = "x".repeat(3 * BEFORE_ANSWER);
    let answer = format!("{hints}HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        while read_request(&mut stream).await.is_some() {
            stream.write_all(answer.as_bytes()).await.expect("an answer");
        }
    });
    let connections = connections();
    // There is only one connection.
    for _ in 0..5 {
        let answer = sent(&connections, &origin).await.expect("an answer");
        assert_eq!(text(answer).await.expect("a body").len(), body.len());
    }
}

#[tokio::test]
async fn the_time_of_a_connection_counts_as_computing_of_its_call() {
    let (origin, _serving) = endless("", "HTTP/1.1 100 Continue\r\n\r\n").await;
    let (spent, other) = (ComputeTime::default(), ComputeTime::default());
    let connections = connections();
    let _idle = connections.of_call(&other, 1, &CancellationToken::new());
    let failure =
        sent(&connections.of_call(&spent, 1, &CancellationToken::new()), &origin).await.map(|_| ());
    assert_eq!(failure, Err(Failure::TooMuchBeforeAnswer));
    assert!(!spent.get().is_zero());
    assert!(other.get().is_zero());
}

#[tokio::test]
async fn a_call_has_no_more_requests_in_flight_than_its_limit() {
    const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    let call = connections().of_call(&ComputeTime::default(), 2, &CancellationToken::new());
    let mut requests = JoinSet::new();
    for _ in 0..6 {
        let (call, origin) = (call.clone(), origin.clone());
        requests.spawn(async move {
            text(sent(&call, &origin).await.expect("an answer")).await.expect("a body")
        });
    }
    let mut open = Vec::new();
    for _ in 0..2 {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        read_request(&mut stream).await.expect("a request");
        open.push(stream);
    }
    // The other requests get no connection before one of these is answered.
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(call.call.as_ref().expect("a call").requests.available_permits(), 0);
    let accepted = tokio::select! {
        biased;
        accepted = listener.accept() => Some(accepted),
        () = std::future::ready(()) => None,
    };
    assert!(accepted.is_none(), "a third connection");
    let mut serving = JoinSet::new();
    for mut stream in open {
        serving.spawn(async move {
            loop {
                stream.write_all(OK.as_bytes()).await.expect("an answer");
                if read_request(&mut stream).await.is_none() {
                    return;
                }
            }
        });
    }
    assert_eq!(requests.join_all().await, ["ok"; 6]);
}

/// Returns a frame of HTTP/2.
pub(super) fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).expect("a short payload").to_be_bytes();
    let mut frame = vec![0, length[0], length[1], kind, flags, 0, 0, 0, stream];
    frame.extend(payload);
    frame
}

/// Returns a frame with a head of this status.
pub(super) fn head(status: &str) -> Vec<u8> {
    // A literal value for the name `:status`, which is number 8 in the static table.
    frame(1, 4, 1, &[&[8, 3], status.as_bytes()].concat())
}

/// Creates TLS for a server that speaks HTTP/2, and connections that trust it.
pub(super) fn tls() -> (TlsAcceptor, Connections) {
    tls_with(|config| config.alpn_protocols = vec![b"h2".to_vec()])
}

fn tls_with(set: impl FnOnce(&mut rustls::ServerConfig)) -> (TlsAcceptor, Connections) {
    let key = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a key");
    let trusted = CaCertificates::from_pem(key.cert.pem().as_bytes()).expect("a certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let der = PrivatePkcs8KeyDer::from(key.signing_key.serialize_der());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![key.cert.der().clone()], der.into())
        .expect("a certificate with its key");
    set(&mut config);
    let connections = Connections::new(trusted, Proxies::default(), false, 128);
    (TlsAcceptor::from(Arc::new(config)), connections)
}

/// Reads the head of the first request: a frame of kind 1. `None` if the connection ends.
pub(super) async fn read_http2_request(input: &mut (impl AsyncRead + Unpin)) -> Option<()> {
    let mut preface = [0; 24];
    input.read_exact(&mut preface).await.ok()?;
    loop {
        let mut header = [0; 9];
        input.read_exact(&mut header).await.ok()?;
        let mut payload = vec![0; usize::from(header[1]) << 8 | usize::from(header[2])];
        input.read_exact(&mut payload).await.ok()?;
        if header[3] == 1 {
            return Some(());
        }
    }
}

/// Starts a server that speaks HTTP/2, and sends these bytes after the first request: the first
/// once, the second without end.
async fn endless_http2(begin: Vec<u8>, repeated: Vec<u8>) -> (String, Connections, JoinSet<()>) {
    let (tls, connections) = tls();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let origin = format!("https://{}", listener.local_addr().expect("an address"));
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        let (stream, _) = listener.accept().await.expect("a connection");
        let stream = tls.accept(stream).await.expect("TLS");
        let (mut input, mut output) = split(stream);
        output.write_all(&frame(4, 0, 0, &[])).await.expect("settings");
        read_http2_request(&mut input).await.expect("a request");
        let mut reading = JoinSet::new();
        reading.spawn(async move {
            let _ = copy(&mut input, &mut sink()).await;
        });
        let mut written = output.write_all(&begin).await;
        let block: Vec<u8> = iter::repeat_n(repeated, 100).flatten().collect();
        while written.is_ok() {
            written = output.write_all(&block).await;
        }
    });
    (origin, connections, serving)
}

#[tokio::test]
async fn over_http2_a_request_ends_if_the_server_sends_without_end_before_its_answer() {
    for (what, repeated) in [
        ("informational responses", head("103")),
        ("pings", frame(6, 0, 0, &[0; 8])),
        ("settings", frame(4, 0, 0, &[])),
        ("window updates", frame(8, 0, 0, &[0, 0, 0, 1])),
        ("priorities", frame(2, 0, 1, &[0, 0, 0, 0, 1])),
        ("frames of an unknown kind", frame(0x42, 0, 0, &[])),
    ] {
        let (origin, connections, _serving) = endless_http2(Vec::new(), repeated).await;
        let failure = sent(&connections, &origin).await.map(|_| ());
        assert_eq!(failure, Err(Failure::TooMuchBeforeAnswer), "{what}");
    }
}

/// Returns what encrypts further records of the server's side, and the number of the next one.
fn records(
    tls: rustls::ServerConnection,
) -> (u64, Box<dyn rustls::crypto::cipher::MessageEncrypter>) {
    let suite = tls.negotiated_cipher_suite().and_then(|suite| suite.tls13());
    let suite = suite.expect("TLS 1.3");
    let (next, secrets) = tls.dangerous_extract_secrets().expect("the secrets").tx;
    let (ConnectionTrafficSecrets::Aes128Gcm { key, iv }
    | ConnectionTrafficSecrets::Aes256Gcm { key, iv }
    | ConnectionTrafficSecrets::Chacha20Poly1305 { key, iv }) = secrets
    else {
        panic!("another cipher");
    };
    (next, suite.aead_alg.encrypter(key, iv))
}

#[tokio::test]
async fn a_request_ends_if_tls_brings_session_tickets_without_end() {
    // A session ticket: its lifetime, a number, a nonce, the ticket, no extensions.
    let ticket = [&[4, 0, 0, 14][..], &[0, 0, 1, 0], &[0; 4], &[0], &[0, 1, 7], &[0, 0]].concat();
    let (tls, connections) = tls_with(|config| config.enable_secret_extraction = true);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let origin = format!("https://{}", listener.local_addr().expect("an address"));
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        let (stream, _) = listener.accept().await.expect("a connection");
        let mut stream = tls.accept(stream).await.expect("TLS");
        read_request(&mut stream).await.expect("a request");
        let (mut stream, tls) = stream.into_inner();
        let (next, mut records) = records(tls);
        // Far more than is accepted.
        for number in next..next + 50_000 {
            let plain = OutboundPlainMessage {
                typ: ContentType::Handshake,
                version: ProtocolVersion::TLSv1_2,
                payload: (&ticket[..]).into(),
            };
            let record = records.encrypt(plain, number).expect("a record").encode();
            if stream.write_all(&record).await.is_err() {
                return;
            }
        }
    });
    let failure = sent(&connections, &origin).await.map(|_| ());
    assert_eq!(failure, Err(Failure::TooMuchBeforeAnswer));
}

#[tokio::test]
async fn over_http2_a_body_of_empty_frames_ends() {
    for (what, repeated) in [
        ("empty pieces", frame(0, 0, 1, &[])),
        ("padding", frame(0, 8, 1, &[7, 0, 0, 0, 0, 0, 0, 0])),
        ("pings", frame(6, 0, 0, &[0; 8])),
    ] {
        let (origin, connections, _serving) = endless_http2(head("200"), repeated).await;
        let answer = sent(&connections, &origin).await.expect("a head");
        let read = text(answer).await;
        assert!(matches!(read, Err(WasiError::HttpResponseIncomplete)), "{what}: {read:?}");
    }
}

#[tokio::test]
async fn over_http2_a_body_that_is_read_has_no_limit() {
    let (tls, connections) = tls();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let origin = format!("https://{}", listener.local_addr().expect("an address"));
    let mut serving = JoinSet::new();
    let body = Bytes::from(vec![b'x'; 3 * (WINDOW + BEFORE_ANSWER)]);
    let length = body.len();
    serving.spawn(async move {
        let (stream, _) = listener.accept().await.expect("a connection");
        let stream = TokioIo::new(tls.accept(stream).await.expect("TLS"));
        let service = service_fn(move |_| {
            let answer = Response::new(Full::new(body.clone()));
            async move { Ok::<_, Infallible>(answer) }
        });
        let builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
        let _ = builder.serve_connection(stream, service).await;
    });
    for _ in 0..2 {
        let answer = sent(&connections, &origin).await.expect("a head");
        assert_eq!(text(answer).await.expect("a body").len(), length);
    }
}

#[tokio::test]
async fn addresses_that_are_not_public_are_not_connected_to() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let port = listener.local_addr().expect("an address").port();
    let public = Connections::new(CaCertificates::default(), Proxies::default(), true, 128);
    for host in [
        "127.0.0.1",
        "localhost",
        "0.0.0.0",
        "[::]",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::127.0.0.1]",
        "[fe80::1]",
        "169.254.169.254",
        "10.0.0.1",
        // The system's resolver reads these as 127.0.0.1.
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
    ] {
        let failure = sent(&public, &format!("http://{host}:{port}/")).await.map(|_| ());
        assert_eq!(failure, Err(Failure::NotPublic), "{host}");
    }
    let accepted = tokio::select! {
        biased;
        accepted = listener.accept() => Some(accepted),
        () = std::future::ready(()) => None,
    };
    assert!(accepted.is_none(), "there was a connection");
}
