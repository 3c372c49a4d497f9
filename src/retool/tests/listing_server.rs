//! A fake server whose listings may contradict the server, for any dialect.

use alloc::boxed::Box;
use alloc::format;
use alloc::rc::Rc;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cell::RefCell;
use core::future::Future;

use serde_json::{Value, json};

use crate::config::Settings;
use crate::domain::{Dialect, Email, UserPatch, UserType};
use crate::error::Error;
use crate::http::{BaseUrl, Client, Log, Method, Request, Secret};
use crate::lifecycle::{Departure, DeprovisionOutcome, Mode, deprovision};
use crate::retool::Directory;
use crate::retool::scim::{Base, Scim};
use crate::retool::v1::V1;
use crate::retool::v2::V2;
use crate::sync::apply::sync;
use crate::sync::report::SyncReport;
use crate::sync::{AbsentPolicy, DesiredUser, GuardLimits, Limit, Occasion, Policy, SyncRequest};
use crate::testing::platform::{FakePlatform, Reply};

/// How a server answers.
#[derive(Clone)]
pub struct Options {
    /// The total is the length of the page.
    pub page_totals: bool,
    /// The largest page size that is accepted; a larger one is refused with this status.
    pub largest: usize,
    pub refusal: u16,
    /// What a refusal says.
    pub says: &'static str,
    /// Listings lack these fields, by their names in `/api/v1`.
    pub lists_lack: &'static [&'static str],
    /// Single records lack them too.
    pub records_lack: &'static [&'static str],
    /// These users are in no listing until something is written.
    pub hidden: Rc<RefCell<Vec<String>>>,
    /// These users are never found, although their addresses are taken.
    pub taken: &'static [&'static str],
}

pub struct Server {
    pub dialect: Dialect,
    pub fake: FakePlatform,
    pub users: Rc<RefCell<Vec<Value>>>,
    pub page_size: u32,
}

/// Returns a user's record, by its names in `/api/v1`.
pub fn user(number: usize) -> Value {
    json!({
        "id": format!("u{number}"), "email": format!("p{number}@example.com"), "firstName": "Ada",
        "lastName": "Byron", "isAdmin": number < 2, "isDisabled": false, "userType": "default",
        "groups": [],
    })
}

pub fn options() -> Options {
    Options {
        page_totals: false,
        largest: usize::MAX,
        refusal: 400,
        says: "too large",
        lists_lack: &[],
        records_lack: &[],
        hidden: Rc::default(),
        taken: &[],
    }
}

pub fn serve(dialect: Dialect, count: usize, options: Options) -> Server {
    let users: Rc<RefCell<Vec<Value>>> = Rc::new(RefCell::new((0..count).map(user).collect()));
    let there = Rc::clone(&users);
    let fake = FakePlatform::new(move |request| {
        answer(dialect, request, &mut there.borrow_mut(), &options)
    });
    Server { dialect, fake, users, page_size: 500 }
}

/// Returns the value of a query parameter.
fn parameter(request: &Request, name: &str) -> Option<usize> {
    let query = request.path_and_query.split_once('?')?.1;
    let value = query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")))?;
    value.parse().ok()
}

/// Returns a record as the dialect writes it.
fn spelled(dialect: Dialect, mut user: Value, lack: &[&str]) -> Value {
    let fields = user.as_object_mut().expect("a record");
    for field in lack {
        fields.remove(*field);
    }
    let get = |name: &str| user.get(name);
    let set = |record: &mut Value, name: &str, value: Option<Value>| {
        if let Some(value) = value {
            record[name] = value;
        }
    };
    let not = |value: Option<&Value>| value.map(|value| json!(*value == json!(false)));
    let mut record = json!({});
    match dialect {
        Dialect::V1 => return user,
        Dialect::V2 => {
            for (ours, theirs) in [
                ("id", "id"),
                ("email", "email"),
                ("firstName", "first_name"),
                ("lastName", "last_name"),
                ("isAdmin", "is_admin"),
                ("userType", "user_type"),
                ("groups", "groups"),
            ] {
                set(&mut record, theirs, get(ours).cloned());
            }
            set(&mut record, "active", not(get("isDisabled")));
        }
        Dialect::Scim => {
            set(&mut record, "id", get("id").cloned());
            set(&mut record, "userName", get("email").cloned());
            record["name"] =
                json!({ "givenName": get("firstName"), "familyName": get("lastName") });
            set(&mut record, "active", not(get("isDisabled")));
            if get("isAdmin") == Some(&json!(true)) {
                record["groups"] = json!([{ "value": "g1", "display": "admin" }]);
            }
        }
    }
    record
}

pub fn answer(
    dialect: Dialect,
    request: &Request,
    users: &mut Vec<Value>,
    options: &Options,
) -> Reply {
    let path = request.path_and_query.split('?').next().unwrap_or_default();
    let refused = |status: u16, said: &str| {
        Reply::json(status, json!({ "message": said, "detail": said }).to_string())
    };
    if path.ends_with("/user_invites") || path.ends_with("/logout") {
        return refused(404, "no route");
    }
    if path.to_ascii_lowercase().contains("/groups") {
        return Reply::json(
            200,
            match dialect {
                Dialect::V1 => r#"{"groups":[]}"#,
                Dialect::V2 => r#"{"success":true,"data":[],"has_more":false}"#,
                Dialect::Scim => r#"{"totalResults":0,"Resources":[]}"#,
            },
        );
    }
    let one = |user: &Value| {
        let record = spelled(dialect, user.clone(), options.records_lack);
        let body = match dialect {
            Dialect::V2 => json!({ "success": true, "data": record }),
            _ => record,
        };
        Reply::json(200, body.to_string())
    };
    let is_list = path.to_ascii_lowercase().ends_with("/users");
    let body: Value =
        serde_json::from_slice(request.body.as_deref().unwrap_or(b"null")).expect("JSON");
    if request.method == Method::Post {
        options.hidden.borrow_mut().clear();
        let email = body.get("email").or(body.get("userName")).cloned().expect("an address");
        if users.iter().any(|user| user.get("email") == Some(&email))
            || options.taken.contains(&email.as_str().expect("text"))
        {
            return refused(409, "email is taken");
        }
        let mut new = user(users.len());
        new["email"] = email;
        users.push(new);
        return one(users.last().expect("a user"));
    }
    if !is_list {
        let id = path.rsplit('/').next().expect("an id");
        let Some(at) = users.iter().position(|user| user["id"] == id) else {
            return refused(404, "no such user");
        };
        match request.method {
            Method::Get => {}
            Method::Delete => {
                users.remove(at);
                return Reply::json(200, r#"{"success":true}"#);
            }
            // The only change in these tests.
            _ => users[at]["isDisabled"] = json!(true),
        }
        return one(&users[at]);
    }
    let hidden = options.hidden.borrow();
    let is_visible =
        |user: &&Value| !hidden.iter().any(|email| user.get("email") == Some(&json!(email)));
    let mut visible: Vec<&Value> = users.iter().filter(is_visible).collect();
    let decoded = request.path_and_query.replace("%40", "@").replace("%22", "\"");
    let filter = decoded.split_once("email=").or(decoded.split_once("userName%20eq%20"));
    if let Some((_, filter)) = filter {
        let email = filter.split('&').next().unwrap_or_default().trim_matches('"');
        visible.retain(|user| user.get("email") == Some(&json!(email)));
    }
    let (offset, asked) = match dialect {
        Dialect::V1 => {
            let size = parameter(request, "pageSize");
            let page = parameter(request, "page").unwrap_or(1);
            ((page - 1) * size.unwrap_or(100), size.or(Some(100)).filter(|_| filter.is_none()))
        }
        Dialect::V2 => (parameter(request, "next_token").unwrap_or(0), parameter(request, "limit")),
        Dialect::Scim => {
            (parameter(request, "startIndex").unwrap_or(1) - 1, parameter(request, "count"))
        }
    };
    if asked.is_some_and(|asked| asked > options.largest) {
        return refused(options.refusal, options.says);
    }
    let total = visible.len();
    let page: Vec<Value> = visible
        .into_iter()
        .skip(offset)
        .take(asked.unwrap_or(usize::MAX))
        .map(|user| spelled(dialect, user.clone(), options.lists_lack))
        .collect();
    let end = offset + page.len();
    let stated = if options.page_totals { page.len() } else { total };
    let body = match dialect {
        Dialect::V1 => json!({ "users": page, "total": stated }),
        Dialect::V2 => json!({
            "success": true, "data": page, "total_count": stated, "has_more": end < total,
            "next_token": (end < total).then(|| end.to_string()),
        }),
        Dialect::Scim => json!({ "totalResults": stated, "Resources": page }),
    };
    Reply::json(200, body.to_string())
}

struct NoLog;

impl Log for NoLog {
    fn line(&self, _: &str) {}
}

pub fn directory_on(dialect: Dialect, fake: &FakePlatform) -> Box<dyn Directory> {
    directory_with(dialect, fake, Settings::default())
}

fn directory_with(dialect: Dialect, fake: &FakePlatform, settings: Settings) -> Box<dyn Directory> {
    let base = BaseUrl::parse("https://acme.retool.com").expect("a base URL");
    let client = Client::new(fake.platform(), base, Secret::new("t0ken".to_string()), settings);
    match dialect {
        Dialect::V1 => Box::new(V1::new(client)),
        Dialect::V2 => Box::new(V2::new(client)),
        Dialect::Scim => Box::new(Scim::new(client, Some(Base::Scim))),
    }
}

impl Server {
    pub fn directory(&self) -> Box<dyn Directory> {
        let settings = Settings { page_size: self.page_size, ..Settings::default() };
        directory_with(self.dialect, &self.fake, settings)
    }

    pub fn run<T>(&self, future: impl Future<Output = T>) -> T {
        self.fake.run(future)
    }

    pub fn edit(&self, number: usize, change: impl FnOnce(&mut Value)) {
        change(&mut self.users.borrow_mut()[number]);
    }

    pub fn count_of_requests(&self, part: &str) -> usize {
        self.fake.lines().iter().filter(|line| line.contains(part)).count()
    }

    /// Syncs a roster of these users. All others are absent.
    pub fn sync(&self, roster: &[String]) -> Result<SyncReport, Error> {
        let desired = |email: &String| DesiredUser {
            fields: UserPatch {
                first_name: Some("Ada".into()),
                last_name: Some("Byron".into()),
                user_type: (self.dialect != Dialect::Scim).then_some(UserType::Default),
                ..UserPatch::default()
            },
            ..DesiredUser::new(Email::new(email))
        };
        let guards = GuardLimits {
            user_removals: Limit::new(100, 0),
            creations: Limit::new(100, 1000),
            minimum_admins: 0,
            ..GuardLimits::default()
        };
        let request = SyncRequest {
            roster: roster.iter().map(desired).collect(),
            policy: Policy {
                create_missing: true,
                update_existing: true,
                absent: AbsentPolicy::Disable,
                guards,
                ..Policy::default()
            },
            ..SyncRequest::default()
        };
        let occasion = Occasion { organisation: "https://acme.retool.com".into(), now: 0 };
        self.run(sync(&*self.directory(), &request, None, &occasion, &NoLog))
    }

    /// Disables a user. Returns the outcome, and what must be done by hand.
    pub fn deprovision(&self, email: &str) -> Result<(DeprovisionOutcome, String), Error> {
        let departure = Departure {
            user: Email::new(email).into(),
            expected_id: None,
            mode: Mode::Disable,
            disabled_since: None,
            protected_people: Vec::new(),
            minimum_admins: 0,
        };
        let done = self.run(deprovision(&*self.directory(), &departure, 0))?;
        Ok((done.outcome, done.remaining.join(" ")))
    }

    pub fn is_disabled(&self, number: usize) -> bool {
        self.users.borrow()[number]["isDisabled"] == json!(true)
    }
}
