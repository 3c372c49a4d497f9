//! Planted defects: what a careless component would do, put between the component and the
//! server, so that nothing of it is in the component itself.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use retool_lifecycle::http::{Limits, Local, Method, Request, Response, Transport, TransportError};
use retool_lifecycle::sync::{GuardLimits, Span};
use serde_json::{Value, json};

use crate::change::key;
use crate::operation::Operation;
use crate::wire::{Target, Wire};

/// Declares the defects with their names and what a component with them would do.
macro_rules! defects {
    ($($(#[doc = $doc:literal])* $name:ident = $text:literal,)*) => {
        /// A defect that can be planted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Defect { $($(#[doc = $doc])* $name,)* }

        impl Defect {
            /// All of them.
            pub const ALL: &'static [Defect] = &[$(Defect::$name,)*];

            /// Its name on the command line and in the documents.
            pub fn name(self) -> &'static str {
                match self { $(Defect::$name => $text,)* }
            }
        }
    };
}

defects! {
    /// A PUT carries the address and the flags alone, and so resets the rest.
    DropTheMerge = "drop-the-merge",
    /// A PUT is made of the record as it was first read in the call.
    MergeAnOldRecord = "merge-an-old-record",
    /// After a lost answer to a creation nobody is looked up: it is posted again.
    SkipTheLookUp = "skip-the-look-up",
    /// Every request is sent again at once when the connection breaks, creations too.
    RepeatCreationsBlindly = "repeat-creations-blindly",
    /// Whoever is answered first is taken for the person who was looked for.
    TrustTheFilter = "trust-the-filter",
    /// The first page is taken for the whole listing.
    IgnoreTheOtherPages = "ignore-the-other-pages",
    /// Addresses are compared with regard to case.
    CompareWithCase = "compare-with-case",
    /// A lost answer to a write is taken for a refusal: nothing was done.
    TakeLostForRefused = "take-lost-for-refused",
    /// A failure of the server is taken for success where something is removed.
    TakeFailureForDone = "take-failure-for-done",
    /// The limits of the guards are not looked at.
    IgnoreTheLimits = "ignore-the-limits",
    /// The list of protected people is not looked at.
    IgnoreTheProtected = "ignore-the-protected",
    /// The roster speaks for everybody, whatever its span says.
    IgnoreTheSpan = "ignore-the-span",
    /// Nothing limits how long an answer may take.
    WaitForEver = "wait-for-ever",
    /// Last names are read as if there were none, so that they are always to be set.
    ForgetLastNames = "forget-last-names",
}

impl Defect {
    /// The defect of this name.
    pub fn named(name: &str) -> Option<Defect> {
        Defect::ALL.iter().copied().find(|defect| defect.name() == name)
    }

    /// What the component would understand of a call.
    pub fn misunderstood(self, operation: &Operation) -> Operation {
        let mut operation = operation.clone();
        if let Operation::Deprovision(departure) = &mut operation
            && self == Defect::IgnoreTheProtected
        {
            departure.protected_people.clear();
        }
        if let Operation::Sync(request) | Operation::Plan(request) = &mut operation {
            let guards = &mut request.policy.guards;
            match self {
                Defect::IgnoreTheLimits => {
                    *guards = GuardLimits {
                        max_user_removal_percent: 100,
                        max_user_removal_floor: u32::MAX,
                        max_member_removal_percent: 100,
                        max_member_removal_floor: u32::MAX,
                        minimum_admins: 0,
                        ..guards.clone()
                    };
                }
                Defect::IgnoreTheProtected => guards.protected_people.clear(),
                Defect::IgnoreTheSpan => request.span = Span::default(),
                _ => {}
            }
        }
        operation
    }

    /// A way to the server with this defect in it.
    pub fn planted(self, inner: Rc<dyn Transport>) -> Rc<dyn Transport> {
        Rc::new(Planted { inner, defect: self, memory: RefCell::default() })
    }
}

/// A way to the server with a defect in it, for one call.
struct Planted {
    inner: Rc<dyn Transport>,
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
}

impl Memory {
    /// Whether this is a look-up after a creation that got no answer.
    fn skips(&mut self, wire: &Wire) -> bool {
        if wire.method != Method::Get || wire.target != Target::Users {
            return false;
        }
        if let Some(email) = &wire.email {
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
            let wire = Wire::of(request);
            if self.defect == Defect::SkipTheLookUp && self.memory.borrow_mut().skips(&wire) {
                return Ok(json_answer(&json!({"users": [], "total": 0})));
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
    fn outgoing(&self, request: &Request, wire: &Wire) -> Request {
        let mut request = request.clone();
        let puts_user = wire.method == Method::Put && matches!(wire.target, Target::User(_));
        if self.defect == Defect::DropTheMerge && puts_user {
            let kept = ["email", "isDisabled", "isAdmin", "userType"];
            let body: serde_json::Map<String, Value> = wire
                .body
                .as_object()
                .into_iter()
                .flatten()
                .filter(|(field, _)| kept.contains(&field.as_str()))
                .map(|(field, value)| (field.clone(), value.clone()))
                .collect();
            request.body = Some(Value::Object(body).to_string().into_bytes());
        }
        request
    }

    fn incoming(
        &self,
        wire: &Wire,
        mut result: Result<Response, TransportError>,
    ) -> Result<Response, TransportError> {
        let memory = &mut *self.memory.borrow_mut();
        let is_read = wire.method == Method::Get;
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
            (Defect::SkipTheLookUp, Target::Users) if wire.method == Method::Post && failed => {
                memory.lost.insert(key(wire.body["email"].as_str().unwrap_or_default()));
            }
            (Defect::TrustTheFilter, Target::Users) => {
                if let (Some(email), Ok(response)) = (&wire.email, &mut result) {
                    change(response, |answer| {
                        let Some(first) = answer["users"].get(0).cloned() else { return };
                        let id = first["id"].as_str().unwrap_or_default().to_owned();
                        memory.taken_for.insert(id, email.clone());
                        *answer = json!({"users": [first], "total": 1});
                        answer["users"][0]["email"] = json!(email);
                    });
                }
            }
            (Defect::TrustTheFilter, Target::User(id)) => {
                if let (Some(email), Ok(response)) = (memory.taken_for.get(id), &mut result) {
                    change(response, |record| {
                        if record.get("email").is_some() {
                            record["email"] = json!(email);
                        }
                    });
                }
            }
            (Defect::IgnoreTheOtherPages, Target::Users) if wire.email.is_none() => {
                if let Ok(response) = &mut result {
                    change(response, |answer| {
                        if let Some(users) = answer["users"].as_array() {
                            answer["total"] = json!(users.len());
                        }
                    });
                }
            }
            (Defect::CompareWithCase, Target::Users) => {
                if let (Some(email), Ok(response)) = (&wire.email, &mut result) {
                    change(response, |answer| {
                        if let Some(users) = answer.get_mut("users").and_then(Value::as_array_mut) {
                            users.retain(|user| user["email"] == json!(email));
                            answer["total"] = json!(users.len());
                        }
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
                        for user in answer
                            .get_mut("users")
                            .and_then(Value::as_array_mut)
                            .into_iter()
                            .flatten()
                        {
                            user["lastName"] = Value::Null;
                        }
                    });
                }
            }
            _ => {}
        }
        result
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
