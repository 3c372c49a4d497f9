//! Tests how much the host holds of answers that a component keeps and does not read.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::service::service_fn;
use hyper_util::client::legacy::connect::Connection;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncWriteExt, copy, duplex, sink, split};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::{JoinSet, yield_now};

use super::flood_tests::{frame, head, read_http2_request, sent, tls};
use super::inbound::Raw;
use super::places::HTTP2_CONNECTIONS;
use super::stream::Stream;
use super::tests::{connections, read_request, text};
use super::*;

/// The window of one stream, which the library announces.
const STREAM: usize = 2 << 20;

/// How an answer over HTTP/2 ends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    /// The body is complete, and the connection ends.
    Complete,
    /// There could be more.
    Open,
}

struct Server {
    origin: String,
    /// Has an entry for each connection that the client has closed.
    closed: mpsc::UnboundedReceiver<()>,
    _serving: JoinSet<()>,
}

/// Starts a server that answers one request of each HTTP/2 connection with as much as the window
/// allows, and wants no further request on it.
async fn leaving(end: End) -> (Server, Connections) {
    let (tls, connections) = tls();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let origin = format!("https://{}", listener.local_addr().expect("an address"));
    let (closing, closed) = mpsc::unbounded_channel();
    let piece = [0; 16 << 10];
    // The client's settings, which include the window, are valid once they are acknowledged. GOAWAY
    // comes before the head, so that the client knows it when it has the answer.
    let settings = frame(4, 1, 0, &[]);
    let goaway = frame(7, 0, 0, &[0, 0, 0, 1, 0, 0, 0, 0]);
    let mut answer = [settings, goaway, head("200")].concat();
    for left in (0..STREAM / piece.len()).rev() {
        answer.extend(frame(0, u8::from(left == 0 && end == End::Complete), 1, &piece));
    }
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        let mut conversations = JoinSet::new();
        loop {
            let (stream, _) = listener.accept().await.expect("a connection");
            let (tls, answer, closing) = (tls.clone(), answer.clone(), closing.clone());
            conversations.spawn(async move {
                let (mut input, mut output) = split(tls.accept(stream).await.expect("TLS"));
                output.write_all(&frame(4, 0, 0, &[])).await.expect("settings");
                if read_http2_request(&mut input).await.is_none() {
                    // The request was given to another connection.
                    return;
                }
                output.write_all(&answer).await.expect("an answer");
                let _ = copy(&mut input, &mut sink()).await;
                let _ = closing.send(());
            });
        }
    });
    (Server { origin, closed, _serving: serving }, connections)
}

/// Lets the runtime do all that it can.
async fn settle() {
    for _ in 0..1_000 {
        yield_now().await;
    }
}

/// Returns the requests of a call.
fn call(connections: &Connections, requests: usize) -> Connections {
    connections.of_call(&ComputeTime::default(), requests, &CancellationToken::new())
}

#[tokio::test]
async fn over_http2_unread_bodies_are_limited_also_of_connections_that_have_ended() {
    for end in [End::Complete, End::Open] {
        let (mut server, connections) = leaving(end).await;
        // The calls of a tenant share the limit.
        let calls = [call(&connections, 128), call(&connections, 128)];
        let mut held = Vec::new();
        for number in 0..HTTP2_CONNECTIONS {
            let answer = sent(&calls[number % 2], &server.origin).await.expect("an answer");
            held.push(answer);
            if end == End::Complete {
                server.closed.recv().await.expect("the end of the connection");
            }
        }
        for _ in 0..3 {
            let mut further = Box::pin(sent(&calls[0], &server.origin));
            for _ in 0..10 {
                settle().await;
                let early = tokio::select! {
                    biased;
                    answer = &mut further => Some(answer.map(|_| ())),
                    () = std::future::ready(()) => None,
                };
                assert_eq!(early, None, "{end:?}");
            }
            drop(held.remove(0));
            held.push(further.await.expect("an answer"));
        }
        let open = held.pop().expect("an answer");
        drop(held);
        if end == End::Complete {
            assert_eq!(text(open).await.expect("a body").len(), STREAM);
        }
    }
}

#[tokio::test]
async fn over_http2_bodies_that_are_read_do_not_count() {
    let (server, connections) = leaving(End::Complete).await;
    let call = call(&connections, 1);
    for _ in 0..3 * HTTP2_CONNECTIONS {
        let answer = sent(&call, &server.origin).await.expect("an answer");
        assert_eq!(text(answer).await.expect("a body").len(), STREAM);
    }
}

#[tokio::test]
async fn over_http2_many_first_requests_for_large_pages_share_a_connection() {
    let page = Bytes::from(vec![b'x'; 450_000]);
    let length = page.len();
    let (tls, connections) = tls();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let origin = format!("https://{}", listener.local_addr().expect("an address"));
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        let mut conversations = JoinSet::new();
        loop {
            let (stream, _) = listener.accept().await.expect("a connection");
            let (tls, page) = (tls.clone(), page.clone());
            conversations.spawn(async move {
                let stream = TokioIo::new(tls.accept(stream).await.expect("TLS"));
                let service = service_fn(|_| {
                    let answer = Response::new(Full::new(page.clone()));
                    async move { Ok::<_, Infallible>(answer) }
                });
                let builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                let _ = builder.serve_connection(stream, service).await;
            });
        }
    });
    let mut requests = JoinSet::new();
    for _ in 0..64 {
        let (connections, origin) = (connections.clone(), origin.clone());
        requests.spawn(async move {
            let answer = sent(&connections, &origin).await.expect("an answer");
            text(answer).await.expect("a body").len()
        });
    }
    assert_eq!(requests.join_all().await, [length; 64]);
}

/// Starts a server that answers each request over HTTP/1.1 with this.
async fn answering(answer: String) -> (String, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            read_request(&mut stream).await.expect("a request");
            // The client does not want all answers.
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    (origin, serving)
}

/// Starts a server that answers one request over HTTP/2 with this.
async fn answering_http2(answer: Vec<u8>) -> (String, Connections, JoinSet<()>) {
    let (tls, connections) = tls();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let origin = format!("https://{}", listener.local_addr().expect("an address"));
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        let (stream, _) = listener.accept().await.expect("a connection");
        let (mut input, mut output) = split(tls.accept(stream).await.expect("TLS"));
        output.write_all(&frame(4, 0, 0, &[])).await.expect("settings");
        read_http2_request(&mut input).await.expect("a request");
        output.write_all(&answer).await.expect("an answer");
        let _ = copy(&mut input, &mut sink()).await;
    });
    (origin, connections, serving)
}

#[tokio::test]
async fn a_request_counts_as_long_as_there_is_its_body() {
    for body in ["", "ok"] {
        let length = body.len();
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}");
        let (origin, _serving) = answering(answer).await;
        let call = call(&connections(), 1);
        let free = || call.call.as_ref().expect("a call").requests.available_permits();
        let mut answer = sent(&call, &origin).await.expect("an answer");
        // The last piece may be in the engine, which asks for the end when the piece was read.
        let piece = answer.body_mut().frame().await;
        assert_eq!(piece.is_some(), length > 0);
        assert_eq!(free(), 0, "{body:?}");
        drop(answer);
        assert_eq!(free(), 1, "{body:?}");
    }
}

#[tokio::test]
async fn trailers_are_not_kept() {
    let answer = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x\r\n\r\n\
        2\r\nok\r\n0\r\nx: y\r\n\r\n";
    let (origin, _serving) = answering(answer.to_owned()).await;
    let answer = sent(&connections(), &origin).await.expect("an answer");
    let read = answer.into_body().collect().await.expect("a body");
    assert!(read.trailers().is_none());
    assert_eq!(read.to_bytes(), "ok");

    let trailers = frame(1, 5, 1, &[0, 1, b'x', 1, b'y']);
    let answer = [head("200"), frame(0, 0, 1, b"ok"), trailers].concat();
    let (origin, connections, _serving) = answering_http2(answer).await;
    let answer = sent(&connections, &origin).await.expect("an answer");
    let read = answer.into_body().collect().await.expect("a body");
    assert!(read.trailers().is_none());
    assert_eq!(read.to_bytes(), "ok");
}

#[tokio::test]
async fn an_answer_with_a_large_head_is_refused() {
    let value = "y".repeat(20 << 10);
    let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx: {value}\r\n\r\n");
    let (origin, _serving) = answering(answer).await;
    let failure = sent(&connections(), &origin).await.map(|_| ());
    assert_eq!(failure, Err(Failure::TooMuchBeforeAnswer));

    // The library counts less for a field than it takes.
    let fields = [0, 1, b'x', 0].repeat(300);
    let answer = frame(1, 5, 1, &[&[8, 3][..], b"200", &fields].concat());
    let (origin, connections, _serving) = answering_http2(answer).await;
    let failure = sent(&connections, &origin).await.map(|_| ());
    assert_eq!(failure, Err(Failure::TooMuchBeforeAnswer));
}

#[tokio::test]
async fn over_http1_little_is_read_of_a_body_that_is_not_wanted() {
    const BETWEEN: usize = 4 * BUFFER;
    let (client, mut server) = duplex(BETWEEN);
    let place = Places::new(1);
    let _flight = place.request(None);
    let stream = Stream::http1(Box::new(client), Raw::default(), place.connection().await);
    let mut extras = Extensions::new();
    stream.connected().get_extras(&mut extras);
    let inbound: Arc<Inbound> = extras.remove().expect("what is known of the connection");
    let mut builder = hyper::client::conn::http1::Builder::new();
    let opened = builder.max_buf_size(BUFFER).handshake::<_, Full<Bytes>>(stream).await;
    let (mut requests, connection) = opened.expect("a connection");
    let mut running = JoinSet::new();
    running.spawn(async move {
        let _ = connection.await;
    });
    let sent = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&sent);
    running.spawn(async move {
        read_request(&mut server).await.expect("a request");
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n";
        server.write_all(head).await.expect("a head");
        let block = [0; 1 << 10];
        while server.write_all(&block).await.is_ok() {
            counted.fetch_add(block.len(), Ordering::Relaxed);
        }
    });
    let mut request = Request::new(Full::default());
    *request.uri_mut() = Uri::from_static("/");
    let mut answer = requests.send_request(request).await.expect("an answer");
    let _answer = inbound.head();
    // The more is read, the larger are the pieces.
    let mut read = 0;
    for wanted in [0, 1 << 20] {
        while read < wanted {
            let piece = answer.body_mut().frame().await.expect("a piece").expect("a piece");
            read += piece.into_data().expect("data").len();
        }
        settle().await;
        let kept = (sent.load(Ordering::Relaxed) - read).saturating_sub(BETWEEN);
        assert!(kept <= 2 * BUFFER, "{kept}");
    }
}
