//! A fake server of `/api/v1` with one user, for tests: what it keeps with a PUT, which users it shows, and
//! what it does with a deletion can be chosen.

use alloc::format;
use alloc::rc::Rc;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cell::RefCell;

use serde_json::{Map, Value, json};

use crate::config::Settings;
use crate::http::{BaseUrl, Client, Method, Request, Response, Secret};
use crate::retool::v1::V1;
use crate::testing::platform::{FakePlatform, Reply};

/// The id of the user.
pub(crate) const ADA: &str = "u-ada";

/// The groups, by id. The members of the first follow from `isAdmin`.
pub(crate) const GROUPS: [(u32, &str); 4] =
    [(1, "admin"), (2, "All Users"), (3, "Engineering"), (4, "Support")];

/// The user and the server.
#[derive(Clone)]
pub(crate) struct State {
    pub email: String,
    pub first_name: String,
    pub admin: bool,
    pub disabled: bool,
    pub updated_at: String,
    /// Records say when the user was last active.
    pub last_active: Option<&'static str>,
    /// The ids of the groups that the user is in, besides `admin`.
    pub groups: Vec<u32>,
    /// Whether the user exists.
    pub exists: bool,
    pub server: Behaviour,
}

/// How the server behaves.
#[derive(Clone)]
pub(crate) struct Behaviour {
    /// A PUT drops the groups from the third on.
    pub resets: bool,
    /// Additions to these groups are refused.
    pub refuses: Vec<u32>,
    /// Records of users contain the groups: as objects, as ids, or not at all.
    pub groups_as: GroupsAs,
    /// A PUT is answered with an acknowledgement alone.
    pub short_replies: bool,
    /// A change moves the date.
    pub dates: bool,
    /// Disabled users are not shown.
    pub hides: bool,
    /// A deletion deletes.
    pub deletes: bool,
    /// Responses have a date.
    pub clock: Option<&'static str>,
}

/// How records of users contain the groups.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum GroupsAs {
    Objects,
    Ids,
    Nothing,
}

impl Default for State {
    fn default() -> Self {
        State {
            email: "ada@example.com".into(),
            first_name: "Ada".into(),
            admin: false,
            disabled: false,
            updated_at: "2026-01-01T00:00:00.000Z".into(),
            last_active: None,
            groups: Vec::from([2, 3, 4]),
            exists: true,
            server: Behaviour {
                resets: false,
                refuses: Vec::new(),
                groups_as: GroupsAs::Objects,
                short_replies: false,
                dates: true,
                hides: false,
                deletes: true,
                clock: Some("Thu, 05 Mar 2026 00:00:00 GMT"),
            },
        }
    }
}

impl State {
    /// Returns the names of the user's groups.
    pub fn group_names(&self) -> Vec<&'static str> {
        let is_in = |id: u32| self.groups.contains(&id) || id == 1 && self.admin;
        GROUPS.iter().filter(|(id, _)| is_in(*id)).map(|(_, name)| *name).collect()
    }

    fn is_shown(&self) -> bool {
        self.exists && !(self.server.hides && self.disabled)
    }

    fn record(&self) -> Value {
        let mut record = json!({
            "id": ADA, "email": self.email, "firstName": self.first_name, "lastName": "Byron",
            "isAdmin": self.admin, "isDisabled": self.disabled, "userType": "default",
            "updatedAt": self.updated_at,
        });
        if let Some(last_active) = self.last_active {
            record["lastActive"] = last_active.into();
        }
        let is_in = |id: u32| self.groups.contains(&id) || id == 1 && self.admin;
        let links = GROUPS.iter().filter(|(id, _)| is_in(*id));
        record["groups"] = match self.server.groups_as {
            GroupsAs::Objects => links.map(|(id, name)| json!({"id": id, "name": name})).collect(),
            GroupsAs::Ids => links.map(|(id, _)| json!(id)).collect(),
            GroupsAs::Nothing => {
                record.as_object_mut().and_then(|record| record.remove("groups"));
                return record;
            }
        };
        record
    }
}

/// The server and its state, which tests can change.
pub(crate) struct FakeV1 {
    pub fake: FakePlatform,
    pub state: Rc<RefCell<State>>,
}

impl FakeV1 {
    /// Creates a server.
    pub fn new(state: State) -> Self {
        let state = Rc::new(RefCell::new(state));
        let own = Rc::clone(&state);
        let fake = FakePlatform::new(move |request| serve(request, &mut own.borrow_mut()));
        FakeV1 { fake, state }
    }

    /// Opens a session.
    pub fn directory(&self) -> V1 {
        let base = BaseUrl::parse("https://acme.retool.com").expect("a URL");
        let secret = Secret::new("t0ken".to_string());
        V1::new(Client::new(self.fake.platform(), base, secret, Settings::default()))
    }

    /// Returns the requests so far, without the base, each as `METHOD path`.
    pub fn lines(&self) -> Vec<String> {
        let lines = self.fake.lines().into_iter();
        lines.map(|line| line.replacen("/api/v1", "", 1)).collect()
    }

    /// Returns how many requests had this method.
    pub fn count(&self, method: Method) -> usize {
        self.fake.sent().iter().filter(|sent| sent.request.method == method).count()
    }
}

fn reply(state: &State, status: u16, body: &Value) -> Reply {
    Response {
        status,
        content_type: Some("application/json".to_string()),
        body: body.to_string().into_bytes(),
        date: state.server.clock.map(ToString::to_string),
        ..Response::default()
    }
    .into()
}

fn serve(request: &Request, state: &mut State) -> Reply {
    let path = request.path_and_query.strip_prefix("/api/v1/").expect("the base");
    let path = path.split('?').next().unwrap_or_default();
    let body: Map<String, Value> = request
        .body
        .as_deref()
        .map_or_else(Map::new, |body| serde_json::from_slice(body).expect("JSON"));
    let segments: Vec<&str> = path.split('/').collect();
    let group = |id: &str| id.parse::<u32>().expect("a group");
    let done = json!({"success": true});
    match (request.method, &segments[..]) {
        (Method::Get, ["users"]) => {
            let wanted =
                request.path_and_query.split("email=").nth(1).map(|text| text.replace("%40", "@"));
            let is_wanted = wanted.is_none_or(|wanted| wanted == state.email);
            let users: Vec<Value> =
                (state.is_shown() && is_wanted).then(|| state.record()).into_iter().collect();
            reply(state, 200, &json!({"total": users.len(), "users": users}))
        }
        (Method::Get, ["groups"]) => {
            let groups: Vec<Value> =
                GROUPS.iter().map(|(id, name)| json!({"id": id, "name": name})).collect();
            reply(state, 200, &json!({"groups": groups}))
        }
        (Method::Get, ["groups", id, "members"]) => {
            let is_in = state.is_shown() && state.groups.contains(&group(id));
            let members: Vec<Value> = is_in.then(|| json!({"id": ADA})).into_iter().collect();
            reply(state, 200, &json!({"members": members}))
        }
        (Method::Post, ["groups", id, "members"]) => {
            if state.server.refuses.contains(&group(id)) {
                return reply(state, 400, &json!({}));
            }
            state.groups.push(group(id));
            state.groups.sort_unstable();
            reply(state, 200, &done)
        }
        (Method::Delete, ["groups", id, "members", _]) => {
            let before = state.groups.len();
            state.groups.retain(|own| *own != group(id));
            reply(state, if state.groups.len() < before { 200 } else { 404 }, &done)
        }
        (_, ["users", id]) if *id != ADA || !state.is_shown() => reply(state, 404, &json!({})),
        (Method::Get, ["users", _]) => reply(state, 200, &state.record()),
        (Method::Put, ["users", _]) => {
            assert!(!body.contains_key("groups"), "the server sets them itself");
            state.email = body["email"].as_str().unwrap_or_default().into();
            state.first_name = body["firstName"].as_str().unwrap_or_default().into();
            state.admin = body["isAdmin"] == json!(true);
            state.disabled = body["isDisabled"] == json!(true);
            if state.server.resets {
                state.groups.retain(|id| *id < 3);
            }
            if state.server.dates {
                state.updated_at = "2026-03-04T00:00:00.000Z".into();
            }
            let record = if state.server.short_replies { done } else { state.record() };
            reply(state, 200, &record)
        }
        (Method::Delete, ["users", _]) => {
            if state.server.deletes {
                state.exists = false;
            } else {
                state.disabled = true;
            }
            reply(state, 200, &done)
        }
        (method, _) => panic!("{}", format!("{method:?} {path}")),
    }
}
