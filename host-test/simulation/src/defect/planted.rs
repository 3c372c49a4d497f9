//! A connection to the server with a planted defect.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use mock_retool::Dialect;
use retool_lifecycle::http::{Limits, Local, Method, Request, Response, Transport, TransportError};
use serde_json::{Value, json};

use super::Defect;
use crate::change::key;
use crate::dialects::{DialectWire, dialect_wire};
use crate::parse_request::parse_request;
use crate::request::{Act, ParsedRequest, Target, Visible};

/// Wraps a connection to a server of this dialect in one with a defect.
pub fn wrap(dialect: Dialect, defect: Defect, inner: Rc<dyn Transport>) -> Rc<dyn Transport> {
    Rc::new(Planted { inner, dialect, defect, state: RefCell::default() })
}

/// A connection to the server with a defect, for one call.
struct Planted {
    inner: Rc<dyn Transport>,
    dialect: Dialect,
    defect: Defect,
    state: RefCell<CallState>,
}

#[derive(Default)]
struct CallState {
    /// The first read of each record, by id.
    first: BTreeMap<String, Vec<u8>>,
    /// Addresses whose creation got no response.
    lost: BTreeSet<String>,
    /// Whether a look-up is being skipped, in the filtered and in the whole listing.
    skipping: bool,
    /// The wrong address of an id: the one that the filter searched for.
    mistaken_for: BTreeMap<String, String>,
    /// The address that was searched for last.
    last_searched: Option<String>,
    /// Ids of the deleted users.
    deleted: BTreeSet<String>,
    /// Whether a look-up by address found nobody, and none has found somebody since.
    is_unknown: bool,
    /// Whether a write was sent.
    has_written: bool,
    /// The groups in the first record of each user, by id.
    groups: BTreeMap<String, Value>,
    /// The address in the last record of each user, by id.
    shown: BTreeMap<String, String>,
    /// Ids of the users whose first record was that of a disabled user.
    disabled: BTreeSet<String>,
    /// Ids of the users whose record was read.
    seen: BTreeSet<String>,
}

impl CallState {
    /// Whether a component with this defect does not send this logout.
    fn forgets_sessions(&self, defect: Defect, target: &Target) -> bool {
        match (defect, target) {
            (Defect::ForgetTheSessions, Target::Sessions(_)) => true,
            (Defect::EndSessionsOnce, Target::Sessions(id)) => self.disabled.contains(id),
            _ => false,
        }
    }

    /// Whether this reads a user by id that no look-up by address found in this call.
    fn is_gone_by_address(&self, parsed: &ParsedRequest) -> bool {
        let reads_one = matches!(parsed.target, Target::User(_)) && !parsed.is_write();
        reads_one && self.is_unknown && !self.has_written
    }

    /// Notes what the first record of a user says.
    fn note_user(&mut self, id: &str, visible: &Visible) {
        if let Visible::User(record) = visible
            && self.seen.insert(id.to_owned())
            && record.get("isDisabled") == Some(&Value::Bool(true))
        {
            self.disabled.insert(id.to_owned());
        }
    }

    /// Whether this request is a look-up after a creation that got no response.
    fn skips(&mut self, parsed: &ParsedRequest) -> bool {
        if !parsed.lists_users() {
            return false;
        }
        if let Some(email) = parsed.address() {
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
            let parsed = parse_request(self.dialect, request);
            if self.defect == Defect::SkipTheLookUp && self.state.borrow_mut().skips(&parsed) {
                return Ok(json_answer(&self.dialect_wire().empty_user_list()));
            }
            if self.state.borrow().forgets_sessions(self.defect, &parsed.target) {
                return Ok(json_answer(&json!({"success": true, "data": {}})));
            }
            if let (Defect::ForgetTheAttributes, Target::Attributes(_), Method::Post) =
                (self.defect, &parsed.target, parsed.method)
            {
                let name = parsed.body["name"].as_str().unwrap_or_default().to_owned();
                let metadata = json!({ name: parsed.body["value"] });
                return Ok(json_answer(&json!({"success": true, "data": {"metadata": metadata}})));
            }
            if self.defect == Defect::TrustTheAddress
                && self.state.borrow().is_gone_by_address(&parsed)
            {
                return Ok(Response { status: 404, ..json_answer(&json!({"success": false})) });
            }
            self.state.borrow_mut().has_written |= parsed.is_write();
            let sent = self.outgoing(request, &parsed);
            let limits = match self.defect {
                Defect::WaitForEver => Limits { timeout_ms: u64::MAX, idle_ms: u64::MAX, ..limits },
                Defect::WaitOnOneRequest => Limits { idle_ms: u64::MAX, ..limits },
                _ => limits,
            };
            if self.defect == Defect::WriteTwiceAtOnce
                && matches!(parsed.act, Some(Act::Update { .. }))
            {
                let (first, second) =
                    (self.inner.send(&sent, limits), self.inner.send(&sent, limits));
                return at_once(first, second).await;
            }
            let mut result = self.inner.send(&sent, limits).await;
            if self.defect == Defect::RepeatCreationsBlindly
                && matches!(result, Err(TransportError::Failed))
            {
                result = self.inner.send(&sent, limits).await;
            }
            if self.defect == Defect::InviteWithoutLooking
                && matches!(parsed.act, Some(Act::Invite { .. }))
                && result.as_ref().map_or(true, |response| response.status >= 500)
            {
                result = self.inner.send(&sent, limits).await;
            }
            if self.defect == Defect::DeleteAgain
                && matches!(parsed.act, Some(Act::Delete { .. }))
                && result.is_ok()
            {
                result = self.inner.send(&sent, limits).await;
            }
            self.incoming(&parsed, result)
        })
    }
}

impl Planted {
    fn dialect_wire(&self) -> &'static dyn DialectWire {
        dialect_wire(self.dialect)
    }

    fn outgoing(&self, request: &Request, parsed: &ParsedRequest) -> Request {
        let mut request = request.clone();
        let mut send = |body: Value| request.body = Some(body.to_string().into_bytes());
        match (self.defect, &parsed.act) {
            (Defect::DropTheMerge, Some(Act::Update { fields, .. })) => {
                let kept = ["email", "isDisabled", "isAdmin", "userType"];
                let fields = fields.iter().filter(|(field, _)| kept.contains(&field.as_str()));
                send(fields.map(|(field, value)| (field.clone(), value.clone())).collect());
            }
            (Defect::SendTheAddressAlone, Some(Act::Update { id, fields, .. })) => {
                let new = fields.get("email").and_then(Value::as_str);
                let before = self.state.borrow().shown.get(id).cloned();
                if let (Some(new), Some(before)) = (new, before)
                    && key(new) != before
                {
                    send(with_address_alone(parsed.body.clone(), new));
                }
            }
            (Defect::EmptyTheMetadata, Some(Act::Update { .. })) => {
                let mut body = parsed.body.clone();
                if let Some(operations) = body["operations"].as_array_mut() {
                    operations.push(json!({"op": "replace", "path": "/metadata", "value": {}}));
                }
                send(body);
            }
            (Defect::ResetTheAccess, Some(Act::UpdateGroup { .. })) => {
                let mut body = parsed.body.clone();
                if let Some(operations) = body["operations"].as_array_mut() {
                    let path = "/universal_resource_access";
                    operations.push(json!({"op": "replace", "path": path, "value": "none"}));
                }
                send(body);
            }
            (Defect::JoinAsAdmins, Some(Act::Join { .. })) => {
                let mut body = parsed.body.clone();
                for member in body["members"].as_array_mut().into_iter().flatten() {
                    member["is_group_admin"] = json!(true);
                }
                send(body);
            }
            (Defect::ReplaceTheMetadata, Some(Act::Update { .. })) => {
                let mut body = parsed.body.clone();
                for operation in body["operations"].as_array_mut().into_iter().flatten() {
                    let path = operation["path"].as_str().unwrap_or_default();
                    let key = path.strip_prefix("/metadata/").map(str::to_owned);
                    if let (Some(key), true) = (key, operation["op"] == "add") {
                        let metadata = json!({ key: operation["value"] });
                        *operation =
                            json!({"op": "replace", "path": "/metadata", "value": metadata});
                    }
                }
                send(body);
            }
            (Defect::DropTheVersion, _) => request.if_match = None,
            (Defect::EmptyTheGroup, Some(Act::Leave { .. })) => {
                send(json!({"Operations": [{"op": "remove", "path": "members"}]}));
            }
            (Defect::ReplaceTheMembers, Some(Act::Join { .. })) => {
                let mut body = parsed.body.clone();
                body["Operations"][0]["op"] = json!("replace");
                send(body);
            }
            _ => {}
        }
        request
    }

    fn incoming(
        &self,
        parsed: &ParsedRequest,
        mut result: Result<Response, TransportError>,
    ) -> Result<Response, TransportError> {
        let state = &mut *self.state.borrow_mut();
        let is_read = !parsed.is_write();
        let is_good = result.as_ref().is_ok_and(|response| (200..=299).contains(&response.status));
        let failed =
            result.as_ref().map_or(true, |response| matches!(response.status, 408 | 500..=599));
        match (self.defect, &parsed.target) {
            (Defect::MergeAnOldRecord, Target::User(id)) if is_read && is_good => {
                let first = state.first.entry(id.clone());
                if let Ok(response) = &mut result {
                    let body = first.or_insert_with(|| response.body.clone());
                    response.body.clone_from(body);
                }
            }
            (Defect::SkipTheLookUp, Target::Users) if failed => {
                state.lost.extend(parsed.created().map(key));
            }
            (Defect::TrustTheFilter, Target::Users) => {
                if let (Some(email), Ok(response)) = (parsed.address(), &mut result) {
                    edit_object(response, |answer| self.keep_first(answer, email, state));
                }
            }
            (Defect::TrustTheFilter, Target::User(id)) => {
                if let (Some(email), Ok(response)) = (state.mistaken_for.get(id), &mut result) {
                    edit_object(response, |answer| self.set_address(answer, email));
                }
            }
            (Defect::IgnoreTheOtherPages, Target::Users) if parsed.address().is_none() => {
                if let Ok(response) = &mut result {
                    edit_object(response, |answer| self.dialect_wire().make_only_page(answer));
                }
            }
            (Defect::CompareWithCase, Target::Users) => {
                if let Some(email) = parsed.address() {
                    state.last_searched = Some(email.to_owned());
                }
                if let (Some(email), Ok(response)) = (&state.last_searched, &mut result) {
                    edit_object(response, |answer| {
                        let is_seen = |record: &mut Value| match self.address(record) {
                            Some(theirs) => theirs == email || key(theirs) != key(email),
                            None => true,
                        };
                        if let Some(items) = self.dialect_wire().items(answer) {
                            items.retain_mut(is_seen);
                        }
                        self.dialect_wire().make_only_page(answer);
                    });
                }
            }
            (Defect::TakeLostForRefused, _) if !is_read && result.is_err() => {
                let refused = json_answer(&json!({"message": "it was not done"}));
                return Ok(Response { status: 400, ..refused });
            }
            (Defect::TakeFailureForDone, _) if parsed.method == Method::Delete && failed => {
                return Ok(json_answer(&json!({"success": true})));
            }
            (Defect::ForgetLastNames, Target::Users | Target::User(_)) => {
                if let Ok(response) = &mut result {
                    edit_object(response, |answer| {
                        for user in self.dialect_wire().items(answer).into_iter().flatten() {
                            self.dialect_wire().remove_last_name(user);
                        }
                    });
                }
            }
            (Defect::ForgetTheMembers, Target::Groups | Target::Group(_)) if is_read => {
                if let Ok(response) = &mut result {
                    edit_object(response, |answer| match answer["data"].as_array_mut() {
                        Some(groups) => {
                            groups.iter_mut().for_each(|group| group["members"] = json!([]));
                        }
                        None => answer["data"]["members"] = json!([]),
                    });
                }
            }
            (Defect::TakeDisabledForDeleted, Target::User(id)) => {
                if parsed.method == Method::Delete && is_good {
                    state.deleted.insert(id.clone());
                } else if is_read && state.deleted.contains(id) {
                    return Ok(Response { status: 404, ..json_answer(&json!({"success": false})) });
                }
            }
            (Defect::IgnoreTheAdminGroup, _) if is_read => {
                if let Ok(response) = &mut result {
                    edit_object(response, rename_admin_group);
                }
            }
            (Defect::OverlookAdministrators, _) => {
                if let Ok(response) = &mut result {
                    edit_object(response, overlook_administrators);
                }
            }
            (Defect::GiveUpWhenThrottled | Defect::IgnoreTheWait, _) => {
                if let Ok(response) = &mut result
                    && is_throttled(response)
                {
                    let for_a_day = self.defect == Defect::GiveUpWhenThrottled;
                    response.retry_after = for_a_day.then(|| "86400".into());
                    response.rate_limit_reset = None;
                    // It still says that the server throttles.
                    response.rate_limit_remaining = Some("0".into());
                }
            }
            (Defect::RepeatFinalStatuses, _) if !is_read => {
                if let Ok(response) = &mut result
                    && matches!(response.status, 300..=399 | 501 | 505)
                {
                    response.status = 503;
                }
            }
            (Defect::EndSessionsOnce, Target::User(id)) if is_read => {
                if let Ok(response) = &result
                    && let Ok(body) = serde_json::from_slice(&response.body)
                {
                    state.note_user(id, &self.dialect_wire().visible(&parsed.target, &body));
                }
            }
            (Defect::SendTheAddressAlone, Target::User(id)) if is_read => {
                if let Ok(response) = &result
                    && let Ok(body) = serde_json::from_slice(&response.body)
                    && let Visible::User(user) = self.dialect_wire().visible(&parsed.target, &body)
                {
                    let email = user.get("email").and_then(Value::as_str).unwrap_or_default();
                    state.shown.insert(id.clone(), key(email));
                }
            }
            (Defect::TrustTheAddress, Target::Users) if is_read => {
                if let (Some(email), Ok(response)) = (parsed.address(), &result)
                    && let Ok(body) = serde_json::from_slice(&response.body)
                    && let Visible::Users(users) =
                        self.dialect_wire().visible(&parsed.target, &body)
                {
                    let has_it = |user: &crate::request::Fields| {
                        let theirs = user.get("email").and_then(Value::as_str);
                        theirs.is_some_and(|theirs| key(theirs) == key(email))
                    };
                    state.is_unknown = !users.iter().any(has_it);
                }
            }
            (Defect::TakeMembershipsForKept, Target::User(id)) if is_good => {
                if let Ok(response) = &mut result {
                    edit_object(response, |record| {
                        if let Some(groups) = record.get("groups").cloned() {
                            let first = state.groups.entry(id.clone()).or_insert(groups);
                            record["groups"] = first.clone();
                        }
                    });
                }
            }
            (Defect::ForgetTheGroupAdmins, Target::Groups | Target::Group(_)) if is_good => {
                if let Ok(response) = &mut result {
                    edit_object(response, |answer| {
                        let forget = |group: &mut Value| {
                            for member in group["members"].as_array_mut().into_iter().flatten() {
                                member["is_group_admin"] = json!(false);
                            }
                        };
                        match answer["data"].as_array_mut() {
                            Some(groups) => groups.iter_mut().for_each(forget),
                            None => forget(&mut answer["data"]),
                        }
                    });
                }
            }
            (Defect::TrustOneView, Target::User(_)) if is_good => {
                if let Ok(response) = &mut result {
                    edit_object(response, |record| self.dialect_wire().remove_groups(record));
                }
            }
            (Defect::TrustTheUsersRecord, Target::Groups) if is_read => {
                if let Ok(response) = &mut result {
                    edit_object(response, |answer| {
                        let groups = self.dialect_wire().items(answer);
                        for group in groups.into_iter().flatten() {
                            if let Some(group) = group.as_object_mut() {
                                group.remove("members");
                            }
                        }
                    });
                }
            }
            (Defect::InventALastLogin, Target::Users) if is_read && is_good => {
                if let Ok(response) = &mut result {
                    edit_object(response, |answer| {
                        let users = self.dialect_wire().items(answer).into_iter().flatten();
                        for user in users.filter_map(Value::as_object_mut) {
                            let name = match self.dialect {
                                Dialect::V1 => "lastActive",
                                _ => "last_active",
                            };
                            let date = user.entry(name).or_insert(Value::Null);
                            if date.is_null() {
                                *date = json!("2000-01-01T00:00:00.000Z");
                            }
                        }
                    });
                }
            }
            (Defect::ForgetTheInvitations, Target::Invitations) if is_read => {
                return Ok(json_answer(&self.dialect_wire().empty_user_list()));
            }
            _ => {}
        }
        result
    }

    /// Reduces a listing to its first user, and gives that user this address.
    fn keep_first(&self, answer: &mut Value, email: &str, state: &mut CallState) {
        let Some(items) = self.dialect_wire().items(answer) else { return };
        items.truncate(1);
        let Some(first) = items.first_mut() else { return };
        forget_mails(first);
        if let Some(address) = self.dialect_wire().address(first) {
            *address = json!(email);
        }
        if let Visible::Users(users) = self.dialect_wire().visible(&Target::Users, answer) {
            let id = users.first().and_then(|one| one.get("id")).and_then(Value::as_str);
            state.mistaken_for.extend(id.map(|id| (id.to_owned(), email.to_owned())));
        }
        self.dialect_wire().make_only_page(answer);
    }

    /// Replaces the address in a response about one user.
    fn set_address(&self, answer: &mut Value, email: &str) {
        forget_mails(self.dialect_wire().record(answer));
        if let Some(address) = self.dialect_wire().address(self.dialect_wire().record(answer)) {
            *address = json!(email);
        }
    }

    /// Returns the address in a record of a listing.
    fn address<'r>(&self, record: &'r mut Value) -> Option<&'r str> {
        self.dialect_wire().address(record)?.as_str()
    }
}

/// Waits for two requests at the same time. Returns the response to the first.
async fn at_once<T>(mut first: Local<'_, T>, mut second: Local<'_, T>) -> T {
    let (mut result, mut is_over) = (None, false);
    poll_fn(|context| {
        if result.is_none()
            && let Poll::Ready(done) = first.as_mut().poll(context)
        {
            result = Some(done);
        }
        is_over = is_over || second.as_mut().poll(context).is_ready();
        match result.take_if(|_| is_over) {
            Some(result) => Poll::Ready(result),
            None => Poll::Pending,
        }
    })
    .await
}

/// Returns a change of a user that has only the new address: a record without the other fields, or a
/// PATCH without the other mails.
fn with_address_alone(mut body: Value, new: &str) -> Value {
    let mails = json!([{"value": new, "type": "work", "primary": true}]);
    if let Some(operations) = body["Operations"].as_array_mut() {
        for operation in operations {
            if operation["path"] == "emails" {
                operation["value"] = mails.clone();
            } else if let Some(sent) = operation["value"].get_mut("emails") {
                *sent = mails.clone();
            }
        }
        return body;
    }
    match body.get("userName") {
        Some(login) => json!({"schemas": body["schemas"], "userName": login, "emails": mails}),
        None => json!({ "email": new }),
    }
}

/// Removes the mails from a record of SCIM, so that the login is the only address.
fn forget_mails(record: &mut Value) {
    if let Some(record) = record.as_object_mut() {
        record.remove("emails");
    }
}

/// Gives the group of administrators another name, wherever a response contains it.
fn rename_admin_group(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if name == "name" && *value == "admin" {
                    *value = json!("another");
                }
                rename_admin_group(value);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(rename_admin_group),
        _ => {}
    }
}

/// Makes every other administrator an ordinary person, wherever a response contains the record.
fn overlook_administrators(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            let id = fields.get("id").or_else(|| fields.get("sid")).map(Value::to_string);
            let is_overlooked =
                id.is_some_and(|id| id.bytes().map(u64::from).sum::<u64>().is_multiple_of(2));
            if is_overlooked && fields.contains_key("email") {
                for (field, value) in fields.iter_mut() {
                    if matches!(field.as_str(), "is_admin" | "isAdmin") {
                        *value = json!(false);
                    }
                    rename_admin_group(value);
                }
            }
            fields.values_mut().for_each(overlook_administrators);
        }
        Value::Array(items) => items.iter_mut().for_each(overlook_administrators),
        _ => {}
    }
}

fn is_throttled(response: &Response) -> bool {
    let Response { status, retry_after, rate_limit_reset, rate_limit_remaining, .. } = response;
    let has_guidance =
        retry_after.is_some() || rate_limit_reset.is_some() || rate_limit_remaining.is_some();
    *status == 429 || (*status == 403 && has_guidance)
}

fn json_answer(body: &Value) -> Response {
    Response {
        status: 200,
        content_type: Some("application/json".into()),
        body: body.to_string().into_bytes(),
        ..Response::default()
    }
}

/// Edits the JSON object of a response.
pub(super) fn edit_object(response: &mut Response, edit: impl FnOnce(&mut Value)) {
    if let Ok(mut answer) = serde_json::from_slice::<Value>(&response.body)
        && answer.is_object()
    {
        edit(&mut answer);
        response.body = answer.to_string().into_bytes();
    }
}
