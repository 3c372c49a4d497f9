//! Tests what a call pays for before it has a connection, and what a stop ends by then.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::flood_tests::{sent, tls};
use super::tests::{connections, read_request, text};
use super::*;

#[tokio::test]
async fn the_time_of_a_handshake_counts_as_computing_of_its_call() {
    // The connections trust another server.
    let (server, _) = tls();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let origin = format!("https://{}", listener.local_addr().expect("an address"));
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.expect("a connection");
            assert!(server.accept(stream).await.is_err(), "the certificate is trusted");
        }
    });
    let (_, connections) = tls();
    let (spent, other) = (ComputeTime::default(), ComputeTime::default());
    let stop = CancellationToken::new();
    let _idle = connections.of_call(&other, 1, &stop);
    // There was no connection, so there was no task of one either.
    let failure = sent(&connections.of_call(&spent, 1, &stop), &origin).await.map(|_| ());
    assert_eq!(failure, Err(Failure::UnknownAuthority));
    assert!(!spent.get().is_zero());
    assert!(other.get().is_zero());
}

#[tokio::test]
async fn a_request_that_waits_for_tls_when_the_stop_comes_is_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let origin = format!("https://{}", listener.local_addr().expect("an address"));
    let (tls, connections) = tls();
    let stop = CancellationToken::new();
    let call = connections.of_call(&ComputeTime::default(), 1, &stop);
    let requesting = async { sent(&call, &origin).await.map(|_| ()) };
    let serving = async {
        let (stream, _) = listener.accept().await.expect("a connection");
        let mut first = [0];
        assert_eq!(stream.peek(&mut first).await.expect("the handshake"), 1);
        stop.cancel();
        // The server would go on, and read the request.
        let Ok(mut stream) = tls.accept(stream).await else { return Vec::new() };
        let mut request = vec![0; 1000];
        let length = stream.read(&mut request).await.unwrap_or_default();
        request.truncate(length);
        request
    };
    let (failure, received) = tokio::join!(requesting, serving);
    assert_eq!(failure, Err(Failure::Stopped));
    assert!(received.is_empty(), "{received:?}");
}

#[tokio::test]
async fn requests_that_wait_for_their_turn_when_the_stop_comes_are_not_sent_and_others_end() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    let stop = CancellationToken::new();
    let call = connections().of_call(&ComputeTime::default(), 1, &stop);
    let first = tokio::spawn({
        let (call, origin) = (call.clone(), origin.clone());
        async move { text(sent(&call, &origin).await.expect("an answer")).await.expect("a body") }
    });
    let (mut stream, _) = listener.accept().await.expect("a connection");
    read_request(&mut stream).await.expect("a request");
    let mut waiting = JoinSet::new();
    for _ in 0..3 {
        let (call, origin) = (call.clone(), origin.clone());
        waiting.spawn(async move { sent(&call, &origin).await.map(|_| ()) });
    }
    tokio::task::yield_now().await;
    stop.cancel();
    let server = tokio::spawn(async move {
        let mut further = 0;
        loop {
            let ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
            stream.write_all(ok.as_bytes()).await.expect("an answer");
            if read_request(&mut stream).await.is_none() {
                return further;
            }
            further += 1;
        }
    });
    assert_eq!(waiting.join_all().await, [Err(Failure::Stopped); 3]);
    assert_eq!(first.await.expect("a request"), "ok");
    drop(call);
    assert_eq!(server.await.expect("a server"), 0);
}
