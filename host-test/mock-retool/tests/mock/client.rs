//! An HTTP client for the tests.

use std::io;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{HeaderMap, Request};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use mock_retool::{Mock, Options};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Longer than any test takes. A mock that doesn't respond fails the test.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A response.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    /// Null if it is not JSON.
    pub body: Value,
}

impl Answer {
    /// Returns a header; empty if it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("a header in ASCII"))
    }

    /// Returns the `message` of an error response.
    pub fn message(&self) -> &str {
        self.body["message"].as_str().expect("a message")
    }
}

/// A client with a token.
pub struct Client {
    pool: Pool<HttpConnector, Full<Bytes>>,
    base_url: String,
    authorization: Option<String>,
}

/// Starts a mock with these options. Returns it with a client that has its token.
pub async fn start(options: Options) -> (Mock, Client) {
    let mock = Mock::start(options).await.expect("a free port");
    let client = Client::new(&mock, Some(format!("Bearer {}", mock.token())));
    (mock, client)
}

impl Client {
    /// Creates a client that sends this as `Authorization`.
    pub fn new(mock: &Mock, authorization: Option<String>) -> Self {
        Client {
            pool: Pool::builder(TokioExecutor::new()).build_http(),
            base_url: mock.base_url(),
            authorization,
        }
    }

    /// Sends a request. An incomplete response is an error.
    pub async fn try_send(&self, method: &str, path: &str, body: &str) -> Result<Answer, String> {
        let kind = [("content-type", "application/json")];
        self.try_send_with(method, path, if body.is_empty() { &[] } else { &kind }, body).await
    }

    /// Sends a request with these headers. It has no content type unless they contain one.
    pub async fn try_send_with(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Answer, String> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base_url));
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request
            .body(Full::new(Bytes::copy_from_slice(body.as_bytes())))
            .expect("a valid request");
        let exchange = async {
            let answer = self.pool.request(request).await.map_err(|e| e.to_string())?;
            let (parts, body) = answer.into_parts();
            let bytes = body.collect().await.map_err(|e| e.to_string())?.to_bytes();
            let text = String::from_utf8_lossy(&bytes).into_owned();
            Ok(Answer {
                status: parts.status.as_u16(),
                headers: parts.headers,
                body: serde_json::from_str(&text).unwrap_or_default(),
                text,
            })
        };
        timeout(TIMEOUT, exchange).await.expect("an answer in time")
    }

    pub async fn send(&self, method: &str, path: &str, body: &str) -> Answer {
        self.try_send(method, path, body).await.expect("an answer")
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, "").await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, "").await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, &body.to_string()).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send("PATCH", path, &body.to_string()).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send("PUT", path, &body.to_string()).await
    }
}

/// Sends raw bytes. Returns the received text, and how the connection ended.
pub async fn raw(mock: &Mock, sent: &str) -> (String, io::Result<()>) {
    raw_to(&mock.base_url(), sent).await
}

/// Like [`raw`], to the mock at this URL.
pub async fn raw_to(base_url: &str, sent: &str) -> (String, io::Result<()>) {
    let address = base_url.replace("http://", "");
    let exchange = async {
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        stream.write_all(sent.as_bytes()).await.expect("to write");
        let mut received = Vec::new();
        let end = stream.read_to_end(&mut received).await;
        (String::from_utf8_lossy(&received).into_owned(), end.map(|_| ()))
    };
    timeout(TIMEOUT, exchange).await.expect("an end in time")
}

/// Returns a raw GET request for this path with the mock's token.
pub fn raw_get(mock: &Mock, path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: mock\r\nauthorization: Bearer {}\r\n\r\n", mock.token())
}
