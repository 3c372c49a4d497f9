//! SCIMMY, a SCIM 2.0 server that others wrote, on a port of loopback.

mod script;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use script::Script;

/// The token that the server takes.
pub const TOKEN: &str = "scimmy-token";

/// Where SCIM is.
const BASE: &str = "/scim/v2";

/// A server; it stops when this is dropped.
pub struct Scimmy {
    base_url: String,
    served: Arc<Served>,
    task: JoinHandle<()>,
}

struct Served {
    script: Script,
    log: Mutex<Vec<String>>,
}

/// What the server answered.
#[derive(Debug, Deserialize)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The headers, in lower case.
    pub headers: BTreeMap<String, String>,
    text: String,
}

impl Reply {
    /// The body; null where there is none.
    pub fn body(&self) -> Value {
        if self.text.is_empty() {
            return Value::Null;
        }
        serde_json::from_str(&self.text).expect("JSON")
    }
}

impl Scimmy {
    /// Starts a server without people and groups.
    pub async fn start() -> Scimmy {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let served = Arc::new(Served { script: Script::start(TOKEN), log: Mutex::default() });
        let app = Router::new().fallback(serve).with_state(served.clone());
        let task = tokio::spawn(async move {
            axum::serve(listener, app).await.expect("a server that serves");
        });
        Scimmy { base_url: format!("http://127.0.0.1:{port}"), served, task }
    }

    /// The base URL of the instance, not of SCIM.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The requests that came since the last call of this, as `METHOD /path?query` below SCIM's
    /// base.
    pub fn requests(&self) -> Vec<String> {
        std::mem::take(&mut *self.served.log())
    }

    /// Those of them that write.
    pub fn writes(&self) -> Vec<String> {
        let mut requests = self.requests();
        requests.retain(|request| !request.starts_with("GET "));
        requests
    }

    /// Everybody, as the server keeps them.
    pub async fn users(&self) -> Vec<Value> {
        self.kept("users").await
    }

    /// Every group, as the server keeps it.
    pub async fn groups(&self) -> Vec<Value> {
        self.kept("groups").await
    }

    async fn kept(&self, kind: &str) -> Vec<Value> {
        let state = self.served.script.state().await;
        let mut state: Value = serde_json::from_str(&state).expect("JSON");
        match state[kind].take() {
            Value::Array(kept) => kept,
            other => panic!("{kind}: {other}"),
        }
    }

    /// Somebody, as the server keeps them.
    pub async fn user(&self, user_name: &str) -> Option<Value> {
        self.users().await.into_iter().find(|user| user["userName"] == user_name)
    }

    /// The user names of a group's members, in order.
    pub async fn members_of(&self, group: &str) -> Vec<String> {
        let (users, groups) = (self.users().await, self.groups().await);
        let named: BTreeMap<_, _> =
            users.iter().map(|user| (user["id"].as_str(), user["userName"].as_str())).collect();
        let group = groups.iter().find(|kept| kept["displayName"] == group).expect("a group");
        let mut names: Vec<String> = group["members"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|member| named[&member["value"].as_str()].expect("a user name").to_owned())
            .collect();
        names.sort();
        names
    }

    /// Asks as any other client would.
    pub async fn ask(&self, method: &str, path: &str, body: &Value) -> Reply {
        let headers = json!({
            "authorization": format!("Bearer {TOKEN}"),
            "content-type": "application/scim+json",
        });
        let text = if body.is_null() { String::new() } else { body.to_string() };
        self.served.exchange(method, &path.parse().expect("a path"), headers, &text).await
    }
}

impl Drop for Scimmy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Served {
    fn log(&self) -> MutexGuard<'_, Vec<String>> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn exchange(&self, method: &str, uri: &Uri, headers: Value, text: &str) -> Reply {
        let Query(query): Query<BTreeMap<String, String>> =
            Query::try_from_uri(uri).expect("a query");
        let path = uri.path();
        let request = json!({
            "method": method, "path": path, "query": query, "headers": headers, "text": text,
        });
        let reply = self.script.serve(request.to_string()).await;
        serde_json::from_str(&reply).expect("a reply")
    }
}

async fn serve(
    State(served): State<Arc<Served>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    text: String,
) -> Response<String> {
    let below = uri.path_and_query().and_then(|path| path.as_str().strip_prefix(BASE));
    let Some(below) = below else {
        return response(StatusCode::NOT_FOUND.as_u16(), &BTreeMap::new(), String::new());
    };
    served.log().push(format!("{method} {below}"));
    let headers: BTreeMap<&str, &str> = headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
        .collect();
    let uri = below.parse().expect("a path");
    let reply = served.exchange(method.as_str(), &uri, json!(headers), &text).await;
    response(reply.status, &reply.headers, reply.text)
}

fn response(status: u16, headers: &BTreeMap<String, String>, text: String) -> Response<String> {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response.body(text).expect("a response")
}
