//! The SCIM dialect, as Okta, Entra ID and careful clients use it.

mod access;
mod discovery;
mod entra;
mod faults;
mod filters;
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
    /// A mock with these options.
    async fn with(options: Options) -> Self {
        let mock = Mock::start(options).await.expect("a free port");
        let client = Client::new(&mock, Some(format!("Bearer {}", mock.scim_token())));
        Scim { mock, client }
    }

    /// A mock with twelve people and eight groups.
    async fn start() -> Self {
        Scim::with(Options::default()).await
    }

    /// A mock that deviates.
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

    /// A PATCH of these operations.
    async fn patch(&self, path: &str, operations: Value) -> Answer {
        let body = json!({"schemas": [PATCH], "Operations": operations});
        self.send_with("PATCH", path, &[], Some(body)).await
    }

    /// A listing of what a filter holds for.
    async fn find(&self, endpoint: &str, filter: &str) -> Answer {
        self.get(&format!("/{endpoint}?filter={}", encoded(filter))).await
    }

    /// The id of the seeded person at this place.
    fn person(&self, at: usize) -> String {
        self.mock.state().users[at].scim_id()
    }

    /// The id of the group of this name.
    fn group(&self, name: &str) -> String {
        self.mock.state().group_named(name).expect("a group").scim_id()
    }

    /// The ids of a group's members, sorted.
    fn members(&self, group: &str) -> Vec<String> {
        let state = self.mock.state();
        let group = state.group_by_scim_id(group).expect("a group").id;
        let mut members: Vec<String> =
            state.members(group).map(|member| member.user.scim_id()).collect();
        members.sort();
        members
    }

    /// A group of these seeded people alone.
    async fn group_of(&self, name: &str, people: &[usize]) -> String {
        let members: Vec<Value> =
            people.iter().map(|at| json!({"value": self.person(*at)})).collect();
        let made = self.post("/Groups", json!({"displayName": name, "members": members})).await;
        assert_eq!(made.status, 201, "{}", made.text);
        id(&made.body)
    }

    /// These seeded people's ids, sorted.
    fn people(&self, places: &[usize]) -> Vec<String> {
        let mut ids: Vec<String> = places.iter().map(|at| self.person(*at)).collect();
        ids.sort();
        ids
    }
}

/// The id of a resource.
fn id(resource: &Value) -> String {
    resource["id"].as_str().expect("an id").to_owned()
}

/// What is listed of each hit, or null.
fn listed(answer: &Answer, attribute: &str) -> Vec<Value> {
    assert_eq!(answer.status, 200, "{}", answer.text);
    let hits = answer.body["Resources"].as_array().expect("Resources");
    hits.iter().map(|hit| hit[attribute].clone()).collect()
}

/// Percent-encodes everything that may need it.
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

/// Fails unless everything expected is there; objects may say more.
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

/// Fails unless this is an error of this status and type.
fn refused(answer: &Answer, status: u16, kind: Option<&str>) {
    assert_eq!(answer.status, status, "{}", answer.text);
    assert_eq!(answer.header("content-type"), "application/scim+json");
    assert_eq!(answer.body["schemas"], json!([ERROR]));
    assert_eq!(answer.body["status"], json!(status.to_string()));
    assert_eq!(answer.body.get("scimType").and_then(Value::as_str), kind, "{}", answer.text);
    assert!(answer.body["detail"].as_str().is_some_and(|detail| !detail.is_empty()));
}
