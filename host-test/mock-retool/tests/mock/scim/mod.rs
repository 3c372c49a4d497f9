//! Tests of the SCIM dialect, with the requests of Okta, Entra ID and other clients.

mod access;
mod addresses;
mod discovery;
mod entra;
mod faults;
mod filters;
mod forms;
mod groups;
mod listings;
mod okta;
mod patch;
mod quirks;
mod users;

use mock_retool::{Mock, Options, ScimQuirks};
use serde_json::{Value, json};

use crate::client::{Answer, Client};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// A mock, and a client with its SCIM token. Paths are below `/scim/v2`.
struct Scim {
    mock: Mock,
    client: Client,
}

impl Scim {
    /// Starts a mock with these options.
    async fn with(options: Options) -> Self {
        let mock = Mock::start(options).await.expect("a free port");
        let client = Client::new(&mock, Some(format!("Bearer {}", mock.scim_token())));
        Scim { mock, client }
    }

    /// Starts a mock with twelve users and eight groups.
    async fn start() -> Self {
        Scim::with(Options::default()).await
    }

    /// Starts a mock with these quirks.
    async fn quirky(scim_quirks: ScimQuirks) -> Self {
        Scim::with(Options { scim_quirks, ..Options::default() }).await
    }

    async fn send_with(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Answer {
        let mut headers = headers.to_vec();
        if body.is_some() {
            headers.push(("content-type", "application/scim+json; charset=utf-8"));
        }
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        self.client
            .try_send_with(method, &format!("/scim/v2{path}"), &headers, &body)
            .await
            .expect("an answer")
    }

    async fn get(&self, path: &str) -> Answer {
        self.send_with("GET", path, &[], None).await
    }

    async fn delete(&self, path: &str) -> Answer {
        self.send_with("DELETE", path, &[], None).await
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.send_with("POST", path, &[], Some(body)).await
    }

    async fn put(&self, path: &str, body: Value) -> Answer {
        self.send_with("PUT", path, &[], Some(body)).await
    }

    /// Sends a PATCH with these operations.
    async fn patch(&self, path: &str, operations: Value) -> Answer {
        let body = json!({"schemas": [PATCH], "Operations": operations});
        self.send_with("PATCH", path, &[], Some(body)).await
    }

    /// Lists the resources that match a filter.
    async fn find(&self, endpoint: &str, filter: &str) -> Answer {
        self.get(&format!("/{endpoint}?filter={}", encoded(filter))).await
    }

    /// Returns the id of the seeded user at this index.
    fn user(&self, at: usize) -> String {
        self.mock.state().users[at].scim_id()
    }

    /// Returns the id of the group with this name.
    fn group(&self, name: &str) -> String {
        self.mock.state().group_named(name).expect("a group").scim_id()
    }

    /// Returns the ids of a group's members, sorted.
    fn members(&self, group: &str) -> Vec<String> {
        let state = self.mock.state();
        let group = state.group_by_scim_id(group).expect("a group").id;
        let mut members: Vec<String> =
            state.members(group).map(|member| member.user.scim_id()).collect();
        members.sort();
        members
    }

    /// Creates a group with these seeded users.
    async fn group_of(&self, name: &str, users: &[usize]) -> String {
        let members: Vec<Value> = users.iter().map(|at| json!({"value": self.user(*at)})).collect();
        let made = self.post("/Groups", json!({"displayName": name, "members": members})).await;
        assert_eq!(made.status, 201, "{}", made.text);
        id(&made.body)
    }

    /// Returns the ids of these seeded users, sorted.
    fn users(&self, indexes: &[usize]) -> Vec<String> {
        let mut ids: Vec<String> = indexes.iter().map(|at| self.user(*at)).collect();
        ids.sort();
        ids
    }
}

/// Returns the id of a resource.
fn id(resource: &Value) -> String {
    resource["id"].as_str().expect("an id").to_owned()
}

/// Returns this attribute of each listed resource, or null.
fn listed(answer: &Answer, attribute: &str) -> Vec<Value> {
    assert_eq!(answer.status, 200, "{}", answer.text);
    let hits = answer.body["Resources"].as_array().expect("Resources");
    hits.iter().map(|hit| hit[attribute].clone()).collect()
}

/// Percent-encodes everything except ASCII letters and digits.
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

/// Checks that the actual value contains everything expected. Objects may have more fields.
fn includes(actual: &Value, expected: &Value) {
    match (actual, expected) {
        (Value::Object(actual), Value::Object(fields)) => {
            for (name, expected) in fields {
                match actual.get(name) {
                    Some(actual) => includes(actual, expected),
                    None => panic!("{name} is missing in {actual:?}"),
                }
            }
        }
        (Value::Array(actual), Value::Array(expected)) => {
            assert_eq!(actual.len(), expected.len(), "{actual:?} should be {expected:?}");
            for (actual, expected) in actual.iter().zip(expected) {
                includes(actual, expected);
            }
        }
        _ => assert_eq!(actual, expected),
    }
}

/// Checks that this is an error with this status and type.
fn refused(answer: &Answer, status: u16, kind: Option<&str>) {
    assert_eq!(answer.status, status, "{}", answer.text);
    assert_eq!(answer.header("content-type"), "application/scim+json");
    assert_eq!(answer.body["schemas"], json!([ERROR]));
    assert_eq!(answer.body["status"], json!(status.to_string()));
    assert_eq!(answer.body.get("scimType").and_then(Value::as_str), kind, "{}", answer.text);
    assert!(answer.body["detail"].as_str().is_some_and(|detail| !detail.is_empty()));
}
