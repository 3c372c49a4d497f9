//! A fake server with one group, g1, whose handling of membership changes is configurable.

use alloc::format;
use alloc::rc::Rc;
use alloc::string::{String, ToString};
use core::cell::{Cell, RefCell};

use serde_json::Value;

use super::platform::{FakePlatform, Reply};
use crate::http::{Method, Request, Response, TransportError};

/// The effect of an operation.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Effect {
    Works,
    Refused,
    Unknown,
    Ignored,
    /// All members are removed, and then the users of an addition are added.
    Replaces,
    /// Only the first of many users is processed.
    TakesOne,
    /// Several users at once are refused.
    RefusesMany,
    /// One more member is removed.
    TakesAlong,
    /// The operation has no effect, but another administrator removes all members not in it.
    OthersGo,
}

/// How the server behaves.
#[derive(Clone)]
pub(crate) struct Behaviour {
    /// How an addition is handled that has a path.
    pub add: Effect,
    /// How an addition is handled that has no path; `None`: the same.
    pub add_by_value: Option<Effect>,
    pub by_path: Effect,
    pub by_value: Effect,
    /// How many changes are applied but get no reply.
    pub lost: Rc<Cell<u32>>,
    /// How many reads after a change return the state before it.
    pub stale: u32,
    /// How many members the group's record shows. The records of users show all their groups.
    pub listed: usize,
}

impl Default for Behaviour {
    fn default() -> Self {
        Behaviour {
            add: Effect::Works,
            add_by_value: None,
            by_path: Effect::Works,
            by_value: Effect::Works,
            lost: Rc::default(),
            stale: 0,
            listed: usize::MAX,
        }
    }
}

/// The group's members. Tests can change them too.
pub(crate) type Members = Rc<RefCell<Vec<String>>>;

/// Creates the server. Also returns the members of its group.
pub(crate) fn server(members: &[&str], behaviour: Behaviour) -> (FakePlatform, Members) {
    let members: Members = Rc::new(RefCell::new(members.iter().map(ToString::to_string).collect()));
    let state = Rc::clone(&members);
    let mut old: Option<(u32, Vec<String>)> = None;
    let fake = FakePlatform::new(move |request| {
        if request.method == Method::Get {
            if let Some(id) = request.path_and_query.strip_prefix("/scim/v2/Users/") {
                return own_record(id, &state.borrow());
            }
            assert_eq!(request.path_and_query, "/scim/v2/Groups/g1");
            if let Some((left, before)) = &mut old
                && *left > 0
            {
                *left -= 1;
                return record(before);
            }
            let members = state.borrow();
            return record(&members[..members.len().min(behaviour.listed)]);
        }
        old = Some((behaviour.stale, state.borrow().clone()));
        let reply = change(request, &mut state.borrow_mut(), &behaviour);
        match behaviour.lost.get() {
            0 => reply,
            left => {
                behaviour.lost.set(left - 1);
                Reply::fails(TransportError::Failed)
            }
        }
    });
    (fake, members)
}

/// Returns the record of a user, which names the group if the user is in it.
fn own_record(id: &str, members: &[String]) -> Reply {
    let is_in = members.iter().any(|member| member == id);
    let groups: &[&str] = if is_in { &["g1", "g2"] } else { &["g2"] };
    let groups: Vec<Value> =
        groups.iter().map(|id| serde_json::json!({ "value": id, "display": id })).collect();
    let record = serde_json::json!({
        "id": id, "userName": format!("{id}@example.com"), "active": true, "groups": groups,
    });
    reply(200, record.to_string())
}

fn record(members: &[String]) -> Reply {
    let members: Vec<Value> = members.iter().map(|id| serde_json::json!({ "value": id })).collect();
    reply(
        200,
        serde_json::json!({"id": "g1", "displayName": "Support", "members": members}).to_string(),
    )
}

fn change(request: &Request, members: &mut Vec<String>, behaviour: &Behaviour) -> Reply {
    let body: Value = serde_json::from_slice(request.body.as_deref().unwrap()).unwrap();
    let operation = &body["Operations"][0];
    let path = operation["path"].as_str();
    let value = &operation["value"];
    let mut named: Vec<String> = if path.is_some() { value } else { &value["members"] }
        .as_array()
        .into_iter()
        .flatten()
        .map(|member| member["value"].as_str().unwrap().to_string())
        .collect();
    let effect = match (operation["op"].as_str().unwrap(), path) {
        ("add", Some("members")) => behaviour.add,
        ("add", None) => behaviour.add_by_value.unwrap_or(behaviour.add),
        ("remove", Some("members")) => behaviour.by_value,
        ("remove", Some(path)) => {
            let id = path.strip_prefix("members[value eq ").unwrap().strip_suffix(']').unwrap();
            named.push(serde_json::from_str(id).unwrap());
            behaviour.by_path
        }
        other => panic!("{other:?}"),
    };
    let adds = operation["op"] == "add";
    match effect {
        Effect::Refused => return refusal(400),
        Effect::Unknown => return refusal(501),
        Effect::RefusesMany if named.len() > 1 => return refusal(400),
        Effect::Ignored => return reply(204, ""),
        Effect::OthersGo => {
            members.retain(|id| named.contains(id));
            return reply(204, "");
        }
        Effect::Replaces => members.clear(),
        Effect::TakesOne => named.truncate(1),
        Effect::TakesAlong => {
            members.pop();
        }
        Effect::Works | Effect::RefusesMany => {}
    }
    members.retain(|id| !named.contains(id));
    if adds {
        members.extend(named);
    }
    reply(204, "")
}

/// Returns the operations of the changes that were sent.
pub(crate) fn changes(fake: &FakePlatform) -> Vec<String> {
    let sent = fake.sent();
    let patches = sent.iter().filter(|sent| sent.request.method == Method::Patch);
    let operations = patches.map(|sent| {
        let body: Value = serde_json::from_str(sent.body()).unwrap();
        assert_eq!(body["schemas"][0], "urn:ietf:params:scim:api:messages:2.0:PatchOp");
        body["Operations"].to_string()
    });
    operations.collect()
}

/// Returns a reply of a SCIM server.
pub(crate) fn reply(status: u16, body: impl Into<String>) -> Reply {
    Response {
        status,
        content_type: Some("application/scim+json".to_string()),
        body: body.into().into_bytes(),
        ..Response::default()
    }
    .into()
}

/// Returns an error reply of a SCIM server.
pub(crate) fn refusal(status: u16) -> Reply {
    reply(
        status,
        format!(
            r#"{{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":{status}}}"#
        ),
    )
}
