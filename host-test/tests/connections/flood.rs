//! Servers that send without end before they answer.

use host_test::requests::by_email;
use host_test::retool::types::{Error, ErrorKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::server::{Server, Service, options, tenant};

/// Starts a server that sends this again and again instead of an answer. Returns its base URL.
async fn flooding(repeated: &'static str) -> (String, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        let mut connections = JoinSet::new();
        loop {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            connections.spawn(async move {
                let mut request = [0; 4096];
                let mut written = stream.read(&mut request).await.map(|_| ());
                let block = repeated.repeat(1_000);
                while written.is_ok() {
                    written = stream.write_all(block.as_bytes()).await;
                }
            });
        }
    });
    (url, serving)
}

// The runtime has one thread for the server, the flooded tenant and its neighbour.
#[tokio::test]
async fn a_flood_before_an_answer_ends_the_request_and_a_neighbour_is_served() {
    let (url, _serving) = flooding("HTTP/1.1 100 Continue\r\n\r\n").await;
    let flooded = tenant(options(&url));
    let ada = by_email("ada@example.com");
    let call = flooded.find_user(&ada);

    let server = Server::start(Service::new(3), None).await;
    let email = by_email(server.service.first_email());
    let neighbour = tenant(options(&format!("http://{}", server.address)));
    let beside = async {
        for _ in 0..20 {
            let found = neighbour.find_user(&email).await.expect("the host");
            assert!(found.expect("the component").is_some());
        }
    };
    let (failed, ()) = tokio::join!(call, beside);
    let error = failed.expect("the host").expect_err("an error");
    let Error::Transient(detail) = &error else { panic!("{error:?}") };
    assert_eq!(detail.kind, ErrorKind::Unavailable, "{error:?}");
    assert!(detail.writes.is_empty(), "{error:?}");
    let log = flooded.log().join("\n");
    assert!(log.contains("the server sent too much before its answer"), "{log}");
    assert!(!flooded.timing().computing.is_zero());
}
