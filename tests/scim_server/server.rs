//! Starts `server.js`, the SCIM 2.0 server SCIMMY, as a child process on a free loopback port.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

use crate::install;

/// The token that the server accepts.
pub const TOKEN: &str = "scimmy-token";

/// The path of SCIM.
const BASE: &str = "/scim/v2";

/// A running server. It ends when this is dropped.
pub struct Scimmy {
    base_url: String,
    process: Child,
    client: Client<HttpConnector, Full<Bytes>>,
}

/// A response of the server.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The headers, with names in lower case.
    pub headers: BTreeMap<String, String>,
    text: String,
}

impl Reply {
    /// Returns the body; null if there is none.
    pub fn body(&self) -> Value {
        if self.text.is_empty() {
            return Value::Null;
        }
        serde_json::from_str(&self.text).expect("JSON")
    }
}

impl Scimmy {
    /// Starts a server without users and groups.
    pub async fn start() -> Scimmy {
        let server = install::server().unwrap_or_else(|error| panic!("{error}"));
        let mut process = Command::new("node")
            .arg(server)
            .arg(TOKEN)
            // The server ends when this pipe is closed, also if the test is killed.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}", install::missing("node", &error)));
        let mut line = String::new();
        let mut output = BufReader::new(process.stdout.take().expect("a pipe"));
        output.read_line(&mut line).expect("text");
        let port: u16 = line.trim().parse().expect("a port: the server did not start");
        Scimmy {
            base_url: format!("http://127.0.0.1:{port}"),
            process,
            client: Client::builder(TokioExecutor::new()).build_http(),
        }
    }

    /// Returns the base URL of the instance, not of SCIM.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Returns the requests of the component since the last call, as `METHOD /path?query` below
    /// SCIM's base.
    pub async fn requests(&self) -> Vec<String> {
        let requests = self.send("DELETE", "/control/requests", &Value::Null).await.body();
        serde_json::from_value(requests).expect("requests")
    }

    /// Returns the write requests among them.
    pub async fn writes(&self) -> Vec<String> {
        let mut requests = self.requests().await;
        requests.retain(|request| !request.starts_with("GET "));
        requests
    }

    /// Returns every user, as the server stores them.
    pub async fn users(&self) -> Vec<Value> {
        self.stored("users").await
    }

    /// Returns every group, as the server stores it.
    pub async fn groups(&self) -> Vec<Value> {
        self.stored("groups").await
    }

    async fn stored(&self, kind: &str) -> Vec<Value> {
        let mut state = self.send("GET", "/control/state", &Value::Null).await.body();
        match state[kind].take() {
            Value::Array(stored) => stored,
            other => panic!("{kind}: {other}"),
        }
    }

    /// Returns a user, as the server stores them.
    pub async fn user(&self, user_name: &str) -> Option<Value> {
        self.users().await.into_iter().find(|user| user["userName"] == user_name)
    }

    /// Returns the user names of a group's members, sorted.
    pub async fn members_of(&self, group: &str) -> Vec<String> {
        let (users, groups) = (self.users().await, self.groups().await);
        let named: BTreeMap<_, _> =
            users.iter().map(|user| (user["id"].as_str(), user["userName"].as_str())).collect();
        let group = groups.iter().find(|stored| stored["displayName"] == group).expect("a group");
        let mut names: Vec<String> = group["members"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|member| named[&member["value"].as_str()].expect("a user name").to_owned())
            .collect();
        names.sort();
        names
    }

    /// Sends a SCIM request as another client would.
    pub async fn ask(&self, method: &str, path: &str, body: &Value) -> Reply {
        self.send(method, &format!("{BASE}{path}"), body).await
    }

    async fn send(&self, method: &str, path: &str, body: &Value) -> Reply {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base_url))
            .header("authorization", format!("Bearer {TOKEN}"))
            .header("content-type", "application/scim+json")
            // With this header it does not count as a request of the component.
            .header("x-other-client", "yes")
            .body(Full::from(text))
            .expect("a request");
        let response = self.client.request(request).await.expect("a response");
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.expect("a body").to_bytes();
        let headers = head.headers.iter().map(|(name, value)| {
            (name.to_string(), value.to_str().expect("a header of ASCII").to_owned())
        });
        Reply {
            status: head.status.as_u16(),
            headers: headers.collect(),
            text: String::from_utf8(bytes.into()).expect("UTF-8"),
        }
    }
}

impl Drop for Scimmy {
    fn drop(&mut self) {
        // An error means that the process has ended already.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
