//! The way to the server with a defect in it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use mock_retool::Dialect;
use retool_lifecycle::http::{Limits, Local, Method, Request, Response, Transport, TransportError};
use serde_json::{Value, json};

use super::Defect;
use crate::change::key;
use crate::dialects::{Tongue, tongue};
use crate::wire::{Act, Shown, Target, Wire};

/// A way to a server of this dialect with a defect in it.
pub fn between(dialect: Dialect, defect: Defect, inner: Rc<dyn Transport>) -> Rc<dyn Transport> {
    Rc::new(Planted { inner, dialect, defect, memory: RefCell::default() })
}

/// A way to the server with a defect in it, for one call.
struct Planted {
    inner: Rc<dyn Transport>,
    dialect: Dialect,
    defect: Defect,
    memory: RefCell<Memory>,
}

#[derive(Default)]
struct Memory {
    /// Records as they were first read.
    first: BTreeMap<String, Vec<u8>>,
    /// Addresses whose creation got no answer.
    lost: BTreeSet<String>,
    /// Whether a look-up is being skipped, in the filter's answer and in the whole listing.
    skipping: bool,
    /// Whom ids are taken for.
    taken_for: BTreeMap<String, String>,
    /// The address that was looked for last.
    sought: Option<String>,
    /// Who was deleted.
    deleted: BTreeSet<String>,
}

impl Memory {
    /// Whether this is a look-up after a creation that got no answer.
    fn skips(&mut self, wire: &Wire) -> bool {
        if !wire.lists_people() {
            return false;
        }
        if let Some(email) = wire.address() {
            self.skipping = self.lost.contains(&key(email));
        }
        self.skipping
    }
}

impl Transport for Planted {
    fn send<'a>(
        &'a self,
        request: &'a Request,
        limits: Limits,
    ) -> Local<'a, Result<Response, TransportError>> {
        Box::pin(async move {
            let wire = Wire::of(self.dialect, request);
            if self.defect == Defect::SkipTheLookUp && self.memory.borrow_mut().skips(&wire) {
                return Ok(json_answer(&self.tongue().nobody()));
            }
            if self.defect == Defect::ForgetTheSessions
                && matches!(wire.target, Target::Sessions(_))
            {
                let nothing = json_answer(&json!({"success": false}));
                return Ok(Response { status: 404, ..nothing });
            }
            let sent = self.outgoing(request, &wire);
            let limits = match self.defect {
                Defect::WaitForEver => Limits { timeout_ms: u64::MAX, ..limits },
                _ => limits,
            };
            let mut result = self.inner.send(&sent, limits).await;
            if self.defect == Defect::RepeatCreationsBlindly
                && matches!(result, Err(TransportError::Failed))
            {
                result = self.inner.send(&sent, limits).await;
            }
            self.incoming(&wire, result)
        })
    }
}

impl Planted {
    fn tongue(&self) -> &'static dyn Tongue {
        tongue(self.dialect)
    }

    fn outgoing(&self, request: &Request, wire: &Wire) -> Request {
        let mut request = request.clone();
        let mut send = |body: Value| request.body = Some(body.to_string().into_bytes());
        match (self.defect, &wire.act) {
            (Defect::DropTheMerge, Some(Act::Update { fields, .. })) => {
                let kept = ["email", "isDisabled", "isAdmin", "userType"];
                let fields = fields.iter().filter(|(field, _)| kept.contains(&field.as_str()));
                send(fields.map(|(field, value)| (field.clone(), value.clone())).collect());
            }
            (Defect::EmptyTheMetadata, Some(Act::Update { .. })) => {
                let mut body = wire.body.clone();
                if let Some(operations) = body["operations"].as_array_mut() {
                    operations.push(json!({"op": "replace", "path": "/metadata", "value": {}}));
                }
                send(body);
            }
            (Defect::DropTheVersion, _) => request.if_match = None,
            (Defect::EmptyTheGroup, Some(Act::Leave { .. })) => {
                send(json!({"Operations": [{"op": "remove", "path": "members"}]}));
            }
            (Defect::ReplaceTheMembers, Some(Act::Join { .. })) => {
                let mut body = wire.body.clone();
                body["Operations"][0]["op"] = json!("replace");
                send(body);
            }
            _ => {}
        }
        request
    }

    fn incoming(
        &self,
        wire: &Wire,
        mut result: Result<Response, TransportError>,
    ) -> Result<Response, TransportError> {
        let memory = &mut *self.memory.borrow_mut();
        let is_read = !wire.is_write();
        let is_good = result.as_ref().is_ok_and(|response| (200..=299).contains(&response.status));
        let failed =
            result.as_ref().map_or(true, |response| matches!(response.status, 408 | 500..=599));
        match (self.defect, &wire.target) {
            (Defect::MergeAnOldRecord, Target::User(id)) if is_read && is_good => {
                let first = memory.first.entry(id.clone());
                if let Ok(response) = &mut result {
                    let body = first.or_insert_with(|| response.body.clone());
                    response.body.clone_from(body);
                }
            }
            (Defect::SkipTheLookUp, Target::Users) if failed => {
                memory.lost.extend(wire.created().map(key));
            }
            (Defect::TrustTheFilter, Target::Users) => {
                if let (Some(email), Ok(response)) = (wire.address(), &mut result) {
                    change(response, |answer| self.take_the_first(answer, email, memory));
                }
            }
            (Defect::TrustTheFilter, Target::User(id)) => {
                if let (Some(email), Ok(response)) = (memory.taken_for.get(id), &mut result) {
                    change(response, |answer| self.readdress(answer, email));
                }
            }
            (Defect::IgnoreTheOtherPages, Target::Users) if wire.address().is_none() => {
                if let Ok(response) = &mut result {
                    change(response, |answer| self.tongue().close(answer));
                }
            }
            (Defect::CompareWithCase, Target::Users) => {
                if let Some(email) = wire.address() {
                    memory.sought = Some(email.to_owned());
                }
                if let (Some(email), Ok(response)) = (&memory.sought, &mut result) {
                    change(response, |answer| {
                        let is_seen = |record: &mut Value| match self.address(record) {
                            Some(theirs) => theirs == email || key(theirs) != key(email),
                            None => true,
                        };
                        if let Some(items) = self.tongue().items(answer) {
                            items.retain_mut(is_seen);
                        }
                        self.tongue().close(answer);
                    });
                }
            }
            (Defect::TakeLostForRefused, _) if !is_read && result.is_err() => {
                let refused = json_answer(&json!({"message": "it was not done"}));
                return Ok(Response { status: 400, ..refused });
            }
            (Defect::TakeFailureForDone, _) if wire.method == Method::Delete && failed => {
                return Ok(json_answer(&json!({"success": true})));
            }
            (Defect::ForgetLastNames, Target::Users | Target::User(_)) => {
                if let Ok(response) = &mut result {
                    change(response, |answer| {
                        for user in self.tongue().items(answer).into_iter().flatten() {
                            self.tongue().forget_last_name(user);
                        }
                    });
                }
            }
            (Defect::ForgetTheMembers, Target::Groups | Target::Group(_)) if is_read => {
                if let Ok(response) = &mut result {
                    change(response, |answer| match answer["data"].as_array_mut() {
                        Some(groups) => {
                            groups.iter_mut().for_each(|group| group["members"] = json!([]));
                        }
                        None => answer["data"]["members"] = json!([]),
                    });
                }
            }
            (Defect::TakeDisabledForDeleted, Target::User(id)) => {
                if wire.method == Method::Delete && is_good {
                    memory.deleted.insert(id.clone());
                } else if is_read && memory.deleted.contains(id) {
                    return Ok(Response { status: 404, ..json_answer(&json!({"success": false})) });
                }
            }
            (Defect::ForgetTheInvitations, Target::Invitations) if is_read => {
                return Ok(json_answer(&self.tongue().nobody()));
            }
            _ => {}
        }
        result
    }

    /// Makes the first one of a listing the only one, with this address.
    fn take_the_first(&self, answer: &mut Value, email: &str, memory: &mut Memory) {
        let Some(items) = self.tongue().items(answer) else { return };
        items.truncate(1);
        let Some(first) = items.first_mut() else { return };
        if let Some(address) = self.tongue().address(first) {
            *address = json!(email);
        }
        if let Shown::People(people) = self.tongue().shown(&Target::Users, answer) {
            let id = people.first().and_then(|one| one.get("id")).and_then(Value::as_str);
            memory.taken_for.extend(id.map(|id| (id.to_owned(), email.to_owned())));
        }
        self.tongue().close(answer);
    }

    /// Gives the record of one person another address.
    fn readdress(&self, answer: &mut Value, email: &str) {
        if let Some(address) = self.tongue().address(self.tongue().record(answer)) {
            *address = json!(email);
        }
    }

    /// The address in a record of a listing.
    fn address<'r>(&self, record: &'r mut Value) -> Option<&'r str> {
        self.tongue().address(record)?.as_str()
    }
}

fn json_answer(body: &Value) -> Response {
    Response {
        status: 200,
        content_type: Some("application/json".into()),
        body: body.to_string().into_bytes(),
        ..Response::default()
    }
}

fn change(response: &mut Response, change: impl FnOnce(&mut Value)) {
    if let Ok(mut answer) = serde_json::from_slice::<Value>(&response.body)
        && answer.is_object()
    {
        change(&mut answer);
        response.body = answer.to_string().into_bytes();
    }
}
