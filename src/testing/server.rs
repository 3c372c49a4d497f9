//! A fake server with one user and one group, for any dialect.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::format;
use alloc::rc::Rc;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::future::Future;

use serde_json::{Value, json};

use crate::config::Settings;
use crate::domain::Dialect;
use crate::http::{BaseUrl, Client, Method, Request, Response, Secret, TransportError};
use crate::retool::Directory;
use crate::retool::scim::{Base, Scim};
use crate::retool::v1::V1;
use crate::retool::v2::V2;
use crate::testing::platform::{FakePlatform, Reply};

/// The only user that can be read.
pub const ADA: &str = "user_ada";
/// A user who is in the group.
pub const CID: &str = "user_cid";

/// A fault of a write.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// No fault.
    Works,
    /// The write is applied, and its reply is lost.
    Lost,
    /// The write is not applied, and its reply is lost.
    Undone,
    /// The write is applied, and half of the body is received.
    Half,
    /// The write is not applied, and half of a body is received.
    HalfUndone,
    /// The write is not applied, and the body says so.
    Denied,
    /// The write is not applied, and the status says so.
    Status(u16),
    /// The write is not applied, and the response is a page of HTML with this status.
    Page(u16),
}

/// The state of the server.
#[derive(Clone)]
pub struct State {
    pub email: String,
    pub first_name: String,
    pub last_name: String,
    pub disabled: bool,
    pub admin: bool,
    pub group_name: String,
    /// `None` if the group was deleted.
    pub members: Option<Vec<String>>,
    /// How many more reads do not find the group.
    pub hidden: u32,
}

type Edits = Rc<RefCell<Vec<(usize, Box<dyn FnMut(&mut State)>)>>>;

pub struct Server {
    pub dialect: Dialect,
    pub state: Rc<RefCell<State>>,
    fake: FakePlatform,
    edits: Edits,
    counted: Cell<usize>,
}

impl Server {
    pub fn new(dialect: Dialect, faults: &[Fault]) -> Self {
        let state = Rc::new(RefCell::new(State {
            email: "ada@example.com".into(),
            first_name: "Ada".into(),
            last_name: "Byron".into(),
            disabled: false,
            admin: false,
            group_name: "Support".into(),
            members: Some(Vec::from([CID.to_string()])),
            hidden: 0,
        }));
        let edits = Edits::default();
        let mut faults: VecDeque<Fault> = faults.iter().copied().collect();
        let (there, edits_there, mut writes) = (Rc::clone(&state), Rc::clone(&edits), 0);
        let fake = FakePlatform::new(move |request| {
            let state = &mut *there.borrow_mut();
            if request.method == Method::Get {
                return read(dialect, request, state);
            }
            writes += 1;
            let fault = faults.pop_front().unwrap_or(Fault::Works);
            if matches!(fault, Fault::Works | Fault::Lost | Fault::Half) {
                write(dialect, request, state);
            }
            let body = acknowledgement(dialect, request, state);
            for (number, edit) in edits_there.borrow_mut().iter_mut() {
                if *number == writes {
                    edit(state);
                }
            }
            match fault {
                Fault::Works => Reply::json(200, body),
                Fault::Lost | Fault::Undone => Reply::fails(TransportError::Failed),
                Fault::Half | Fault::HalfUndone => Reply::json(200, &body[..body.len() / 2]),
                Fault::Denied => Reply::json(200, r#"{"success":false}"#),
                Fault::Status(status) => Reply::json(status, "{}"),
                Fault::Page(status) => Response {
                    status,
                    content_type: Some("text/html".to_string()),
                    body: b"<html>Log in</html>".to_vec(),
                    ..Response::default()
                }
                .into(),
            }
        });
        Server { dialect, state, fake, edits, counted: Cell::new(0) }
    }

    /// Creates a directory.
    pub fn directory(&self) -> Box<dyn Directory> {
        self.directory_with(Settings::default())
    }

    /// Creates a directory with these settings. Its deadline counts from now.
    pub fn directory_with(&self, settings: Settings) -> Box<dyn Directory> {
        let base = BaseUrl::parse("https://acme.retool.com").expect("a base URL");
        let token = Secret::new("t0ken".to_string());
        let client = Client::new(self.fake.platform(), base, token, settings);
        match self.dialect {
            Dialect::V1 => Box::new(V1::new(client)),
            Dialect::V2 => Box::new(V2::new(client)),
            Dialect::Scim => Box::new(Scim::new(client, Some(Base::Scim))),
        }
    }

    pub fn run<T>(&self, future: impl Future<Output = T>) -> T {
        self.fake.run(future)
    }

    /// Simulates a concurrent change right after the write with this number.
    pub fn after_write(&self, number: usize, edit: impl FnMut(&mut State) + 'static) {
        self.edits.borrow_mut().push((number, Box::new(edit)));
    }

    /// Ignores the requests so far in later counts.
    pub fn count_from_here(&self) {
        self.counted.set(self.fake.sent().len());
    }

    /// Returns `W` for each write and `R` for each read, in order.
    pub fn requests(&self) -> String {
        let sent = self.fake.sent();
        let letter = |method| if method == Method::Get { 'R' } else { 'W' };
        sent[self.counted.get()..].iter().map(|sent| letter(sent.request.method)).collect()
    }

    pub fn writes(&self) -> usize {
        self.requests().matches('W').count()
    }
}

fn is_about_group(request: &Request) -> bool {
    request.path_and_query.to_ascii_lowercase().contains("/groups")
}

fn read(dialect: Dialect, request: &Request, state: &mut State) -> Reply {
    if !is_about_group(request) {
        if !request.path_and_query.contains(ADA) && request.path_and_query.contains("Users/") {
            return Reply::json(404, "{}");
        }
        return Reply::json(200, user_record(dialect, state));
    }
    if state.hidden > 0 {
        state.hidden -= 1;
        return Reply::json(404, "{}");
    }
    let Some(members) = &state.members else { return Reply::json(404, "{}") };
    if request.path_and_query.ends_with("/members") {
        let members: Vec<Value> = members.iter().map(|id| json!({ "id": id })).collect();
        return Reply::json(200, json!({ "members": members }).to_string());
    }
    Reply::json(200, group_record(dialect, state))
}

fn user_record(dialect: Dialect, state: &State) -> String {
    let State { email, first_name, last_name, disabled, admin, .. } = state;
    match dialect {
        Dialect::V1 => json!({
            "id": ADA, "email": email, "firstName": first_name, "lastName": last_name,
            "isAdmin": admin, "isDisabled": disabled, "userType": "default",
        }),
        Dialect::V2 => json!({ "success": true, "data": {
            "id": ADA, "email": email, "first_name": first_name, "last_name": last_name,
            "is_admin": admin, "active": !disabled, "user_type": "default",
        }}),
        Dialect::Scim => json!({
            "id": ADA, "userName": email, "active": !disabled,
            "name": { "givenName": first_name, "familyName": last_name },
            "groups": if *admin { json!([{ "value": "1", "display": "admin" }]) } else { json!([]) },
        }),
    }
    .to_string()
}

fn group_record(dialect: Dialect, state: &State) -> String {
    let members = state.members.iter().flatten();
    match dialect {
        Dialect::V1 => json!({ "id": 4, "name": state.group_name }),
        Dialect::V2 => {
            let members: Vec<Value> =
                members.map(|id| json!({ "id": id, "is_group_admin": false })).collect();
            json!({ "success": true, "data": {
                "id": 4, "name": state.group_name, "members": members, "user_invites": [],
            }})
        }
        Dialect::Scim => {
            let members: Vec<Value> = members.map(|id| json!({ "value": id })).collect();
            json!({ "id": "4", "displayName": state.group_name, "members": members })
        }
    }
    .to_string()
}

/// Returns the body of the response to an applied write.
fn acknowledgement(dialect: Dialect, request: &Request, state: &State) -> String {
    let path = &request.path_and_query;
    match (dialect, is_about_group(request)) {
        (Dialect::V1, _) if path.contains("/members") => r#"{"success":true}"#.to_string(),
        (Dialect::V1, _) if request.method == Method::Delete => r#"{"success":true}"#.to_string(),
        (_, true) => group_record(dialect, state),
        (_, false) => user_record(dialect, state),
    }
}

/// Applies a write.
fn write(dialect: Dialect, request: &Request, state: &mut State) {
    let body = request.body.as_deref().unwrap_or(b"{}");
    let body: Value = serde_json::from_slice(body).expect("JSON");
    let path = request.path_and_query.as_str();
    let last = path.rsplit('/').next().unwrap_or_default();
    let members = state.members.get_or_insert_default();
    match (dialect, request.method) {
        (Dialect::V2, Method::Delete) if !path.contains("/groups/") => state.disabled = true,
        (_, Method::Delete) => members.retain(|id| id != last),
        (Dialect::V1, Method::Post) => members.push(text(&body["userId"])),
        (Dialect::V2, Method::Post) => {
            members.extend(list(&body["members"]).map(|member| text(&member["id"])));
        }
        (Dialect::V1, _) => {
            for (name, value) in body.as_object().expect("a record") {
                set(state, name, value);
            }
        }
        _ => {
            let operations = body.get("operations").or(body.get("Operations"));
            for operation in list(operations.expect("operations")) {
                operate(operation, state);
            }
        }
    }
}

fn operate(operation: &Value, state: &mut State) {
    let value = &operation["value"];
    let Some(path) = operation["path"].as_str().map(ToString::to_string) else {
        // Over SCIM, without a path.
        for (name, value) in value.as_object().expect("attributes") {
            match name.as_str() {
                "name" => {
                    set(state, "name.givenName", &value["givenName"]);
                    set(state, "name.familyName", &value["familyName"]);
                }
                name => set(state, name, value),
            }
        }
        return;
    };
    let members = state.members.get_or_insert_default();
    match (operation["op"].as_str(), path.as_str()) {
        (Some("add"), "members") => {
            members.extend(list(value).map(|member| text(&member["value"])));
        }
        (Some("remove"), path) => {
            members.retain(|id| path != format!("members[value eq \"{id}\"]"));
        }
        (_, path) => set(state, path, value),
    }
}

/// Sets a field, by its name in any dialect.
fn set(state: &mut State, name: &str, value: &Value) {
    match name {
        "firstName" | "/first_name" | "name.givenName" => state.first_name = text(value),
        "lastName" | "/last_name" | "name.familyName" => state.last_name = text(value),
        "isDisabled" => state.disabled = *value == json!(true),
        "/active" | "active" => state.disabled = *value == json!(false),
        "name" | "/name" | "displayName" => state.group_name = text(value),
        _ => {}
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_string()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().expect("a list").iter()
}
