//! A native client for writes: it sends what the component sent, and computes nothing.

use std::collections::BTreeMap;

use futures_util::{StreamExt, stream};
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper::header;
use mock_retool::LoggedRequest;

use crate::native::Connections;

/// Requests that may be sent side by side. All of them must be answered before the next stage.
pub type Stage = Vec<LoggedRequest>;

/// Splits the requests of a run into stages: the listings, the new people, then for each group what
/// was read before it was written, the writes, and what was read back.
pub fn stages(requests: Vec<LoggedRequest>) -> Vec<Stage> {
    let mut stages: BTreeMap<(u8, usize), Stage> = BTreeMap::new();
    // Whether the last request about a group was a write, and how often that changed. What is read
    // before the first write is at 0.
    let mut groups: BTreeMap<String, (bool, usize)> = BTreeMap::new();
    let mut is_written = false;
    for request in requests {
        let key = match group_of(&request.path) {
            Some(group) => {
                let now = request.is_write();
                let (last, level) =
                    groups.entry(group.to_owned()).or_insert((now, usize::from(now)));
                *level += usize::from(*last != now);
                *last = now;
                (2, *level)
            }
            None if request.is_write() => (1, 0),
            None if is_written => (3, 0),
            None => (0, 0),
        };
        is_written |= request.is_write();
        stages.entry(key).or_default().push(request);
    }
    stages.into_values().collect()
}

/// Returns the part of a path that names a group.
fn group_of(path: &str) -> Option<&str> {
    let at = path.find("roups/")? + "roups/".len();
    let end = path[at..].find('/').map_or(path.len(), |length| at + length);
    Some(&path[..end])
}

/// Sends the stages, each with at most `window` requests at the same time.
pub async fn send(
    connections: &Connections,
    base_url: &str,
    token: &str,
    stages: &[Stage],
    window: usize,
) {
    for stage in stages {
        let answers = stream::iter(stage).map(async |request| {
            let query = if request.query.is_empty() { "" } else { "?" };
            let url = format!("{base_url}{}{query}{}", request.path, request.query);
            let body = match request.body.is_null() {
                true => Bytes::new(),
                false => serde_json::to_vec(&request.body).expect("JSON").into(),
            };
            let kind = match request.path.starts_with("/scim") {
                true => "application/scim+json",
                false => "application/json",
            };
            let sent = Request::builder()
                .method(request.method.as_str())
                .uri(url)
                .header(header::AUTHORIZATION, format!("Bearer {token}"))
                .header(header::ACCEPT, kind)
                .header(header::CONTENT_TYPE, kind)
                .body(Full::new(body))
                .expect("a request");
            let answer = connections.request(sent).await.expect("an answer");
            let status = answer.status();
            answer.into_body().collect().await.expect("a body");
            assert!(status.is_success(), "{} {}: {status}", request.method, request.path);
        });
        answers.buffer_unordered(window).for_each(async |()| {}).await;
    }
}
