//! Planted defects: what a careless component would do, put between the component and the
//! server, so that nothing of it is in the component itself.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use mock_retool::Dialect;
use retool_lifecycle::http::{Limits, Local, Method, Request, Response, Transport, TransportError};
use retool_lifecycle::sync::{GuardLimits, Span};
use serde_json::{Value, json};

use crate::change::key;
use crate::dialects::{Tongue, tongue};
use crate::operation::Operation;
use crate::wire::{Act, Shown, Target, Wire};

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
    /// Groups are read as if nobody were in them: who joins is added along with whoever should be
    /// in the group, as somebody who does not administer it.
    ForgetTheMembers = "forget-the-members",
    /// A deletion that only disables is taken for one.
    TakeDisabledForDeleted = "take-disabled-for-deleted",
    /// The invitations are not looked at: who is invited gets an account too.
    ForgetTheInvitations = "forget-the-invitations",
    /// A change of somebody sends their metadata along, as empty.
    EmptyTheMetadata = "empty-the-metadata",
    /// A member is removed without saying which one.
    EmptyTheGroup = "empty-the-group",
    /// Who joins a group is put in place of those who are in it.
    ReplaceTheMembers = "replace-the-members",
}

impl Defect {
    /// The defect of this name.
    pub fn named(name: &str) -> Option<Defect> {
        Defect::ALL.iter().copied().find(|defect| defect.name() == name)
    }

    /// The dialects in which it can be made.
    pub fn dialects(self) -> &'static [Dialect] {
        use Dialect::{Scim, V1, V2};
        match self {
            // Only there is a record replaced by what is sent.
            Defect::DropTheMerge | Defect::MergeAnOldRecord => &[V1],
            // Only there does an answer tell it.
            Defect::ForgetTheMembers
            | Defect::TakeDisabledForDeleted
            | Defect::ForgetTheInvitations
            | Defect::EmptyTheMetadata => &[V2],
            Defect::EmptyTheGroup | Defect::ReplaceTheMembers => &[Scim],
            // The whole listing is read where everybody comes at once.
            Defect::IgnoreTheOtherPages => &[V1, Scim],
            // Elsewhere what was removed is looked for, whatever the answer was.
            Defect::TakeFailureForDone => &[V1],
            // There the filter finds people however their address is written, and says so.
            Defect::CompareWithCase => &[V1, Scim],
            // What is not found by its address is looked for in the whole listing.
            _ => &Dialect::ALL,
        }
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

    /// A way to a server of this dialect with this defect in it.
    pub fn planted(self, dialect: Dialect, inner: Rc<dyn Transport>) -> Rc<dyn Transport> {
        Rc::new(Planted { inner, dialect, defect: self, memory: RefCell::default() })
    }
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
                return Ok(json_answer(&self.nobody()));
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

    /// A listing of nobody.
    fn nobody(&self) -> Value {
        match self.dialect {
            Dialect::V1 => json!({"users": [], "total": 0}),
            Dialect::V2 => {
                json!({"success": true, "data": [], "total_count": 0, "has_more": false})
            }
            Dialect::Scim => json!({"Resources": [], "totalResults": 0}),
        }
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
                    change(response, |answer| {
                        let listed = self.tongue().items(answer).map(|items| items.len());
                        self.say_total(answer, listed);
                    });
                }
            }
            (Defect::CompareWithCase, Target::Users) => {
                if let (Some(email), Ok(response)) = (wire.address(), &mut result) {
                    change(response, |answer| {
                        let is_theirs = |record: &Value| self.address(record) == Some(email);
                        let listed = self.tongue().items(answer).map(|items| {
                            items.retain(is_theirs);
                            items.len()
                        });
                        self.say_total(answer, listed);
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
                            match self.dialect {
                                Dialect::V1 => user["lastName"] = Value::Null,
                                Dialect::V2 => user["last_name"] = Value::Null,
                                Dialect::Scim => user["name"]["familyName"] = Value::Null,
                            }
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
                return Ok(json_answer(&self.nobody()));
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
        match self.dialect {
            Dialect::V1 | Dialect::V2 => first["email"] = json!(email),
            Dialect::Scim => first["userName"] = json!(email),
        }
        if let Shown::People(people) = self.tongue().shown(&Target::Users, answer) {
            let id = people.first().and_then(|one| one.get("id")).and_then(Value::as_str);
            memory.taken_for.extend(id.map(|id| (id.to_owned(), email.to_owned())));
        }
        self.say_total(answer, Some(1));
    }

    /// Gives the record of one person another address.
    fn readdress(&self, answer: &mut Value, email: &str) {
        let (record, field) = match self.dialect {
            Dialect::V1 => (answer, "email"),
            Dialect::V2 => (&mut answer["data"], "email"),
            Dialect::Scim => (answer, "userName"),
        };
        if record.get(field).is_some() {
            record[field] = json!(email);
        }
    }

    /// The address in a record of a listing.
    fn address<'r>(&self, record: &'r Value) -> Option<&'r str> {
        match self.dialect {
            Dialect::V1 | Dialect::V2 => record["email"].as_str(),
            Dialect::Scim => record["userName"].as_str(),
        }
    }

    fn say_total(&self, answer: &mut Value, listed: Option<usize>) {
        if let (Some(total), Some(listed)) = (self.tongue().total(answer), listed) {
            *total = json!(listed);
        }
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
