//! A small organisation with four named users, and helpers to inspect it afterwards.

use std::sync::{Arc, Mutex, PoisonError};

use host_test::json;
use host_test::retool::types::{Certainty, FieldChange, GroupId, GroupLink, Write};
use mock_retool::{Group, Hook, Membership, Mock, Options, Organisation, User};
use serde_json::{Map, Value, json};

use super::World;

/// An enabled administrator, in Engineering and Support.
pub const ADA: &str = "ada@acme.example";
/// An enabled administrator, in Engineering.
pub const GRACE: &str = "grace@acme.example";
/// In Support and in the built-in group `viewer`.
pub const JOAN: &str = "joan@acme.example";
/// Disabled, an end user, in Support.
pub const KEN: &str = "ken@acme.example";
/// The address of a user who does not exist yet.
pub const NEW: &str = "new@acme.example";

/// The ids of the groups.
pub const ENGINEERING: u32 = 4;
/// See [`ENGINEERING`].
pub const SUPPORT: u32 = 5;
/// It has no members. See [`ENGINEERING`].
pub const FINANCE: u32 = 6;

impl World {
    /// Starts an organisation with Ada, Grace, Joan and Ken, over `/api/v2`. Each has fields that
    /// no dialect defines.
    pub async fn acme() -> World {
        World::acme_with(Options::default()).await
    }

    /// Starts the same organisation on a mock with other options.
    pub async fn acme_with(options: Options) -> World {
        let world = World::with(Options { empty: true, ..options }).await;
        world.mock.edit(|acme| {
            for name in ["Engineering", "Support", "Finance"] {
                acme.create_group(Group::new(name));
            }
        });
        world.add(ADA, &["Engineering", "Support"]);
        world.add(GRACE, &["Engineering"]);
        world.add(JOAN, &["viewer", "Support"]);
        world.add(KEN, &["Support"]);
        for admin in [ADA, GRACE] {
            world.shape(admin, |user| user.is_admin = true);
        }
        world.shape(KEN, |user| {
            user.is_disabled = true;
            user.user_type = "endUser".into();
        });
        world
    }

    /// Adds a user without an invitation, named after the address. Returns the id.
    pub fn add(&self, email: &str, groups: &[&str]) -> String {
        let name = email.split('@').next().unwrap_or_default();
        self.mock.edit(|acme| {
            let memberships = groups.iter().map(|name| Membership {
                group: acme.group_named(name).expect("a group").id,
                is_group_admin: false,
            });
            let draft = User {
                first_name: Some(name.to_owned()),
                last_name: Some("Doe".to_owned()),
                profile_photo_url: Some(format!("https://acme.example/{name}.png")),
                memberships: memberships.collect(),
                extra: unknown_fields(),
                ..User::new(email)
            };
            let id = acme.create_user(draft).expect("a new address").id.clone();
            acme.invitations.clear();
            id
        })
    }

    /// Changes a user as another administrator would.
    pub fn shape(&self, email: &str, change: impl FnOnce(&mut User)) {
        self.mock.edit(|acme| change(acme.user_by_email_mut(email).expect("a user")));
    }

    /// Changes the organisation before the first request with this `METHOD path` is served.
    pub fn before(&self, request: &str, change: impl FnOnce(&mut Organisation) + Send + 'static) {
        self.before_one_of(&[request.to_owned()], change);
    }

    /// Changes the organisation before the first of these requests, each a `METHOD path`. It is for
    /// requests that are sent side by side, so that either may be the first.
    pub fn before_one_of(
        &self,
        requests: &[String],
        change: impl FnOnce(&mut Organisation) + Send + 'static,
    ) {
        let (mock, requests) = (Arc::downgrade(&self.mock), requests.to_owned());
        let change = Mutex::new(Some(change));
        self.mock.on_request(move |_, logged| {
            if requests.contains(&format!("{} {}", logged.method, logged.path))
                && let Some(change) = change.lock().unwrap_or_else(PoisonError::into_inner).take()
                && let Some(mock) = mock.upgrade()
            {
                Mock::edit(&mock, change);
            }
            Hook::Serve
        });
    }

    /// Changes the organisation at the first request with this `METHOD path`, and answers it with a
    /// status instead of serving it.
    pub fn instead(
        &self,
        request: &str,
        status: u16,
        change: impl FnOnce(&mut Organisation) + Send + 'static,
    ) {
        let (mock, request) = (Arc::downgrade(&self.mock), request.to_owned());
        let change = Mutex::new(Some(change));
        self.mock.on_request(move |_, logged| {
            if format!("{} {}", logged.method, logged.path) == request
                && let Some(change) = change.lock().unwrap_or_else(PoisonError::into_inner).take()
                && let Some(mock) = mock.upgrade()
            {
                Mock::edit(&mock, change);
                return Hook::Respond(status);
            }
            Hook::Serve
        });
    }

    /// Returns a user's id in `/api/v1`, by which the mock also stores the user.
    pub fn id_of(&self, email: &str) -> String {
        self.person(email).id
    }

    /// Returns a user's path in `/api/v1`.
    pub fn v1_path_of(&self, email: &str) -> String {
        format!("/api/v1/users/{}", self.id_of(email))
    }

    /// Returns a group of the organisation.
    pub fn group(&self, name: &str) -> Group {
        let state = self.mock.state();
        state.group_named(name).expect("a group").clone()
    }

    /// Returns the addresses of a group's members, sorted.
    pub fn members_of(&self, name: &str) -> Vec<String> {
        let state = self.mock.state();
        let group = state.group_named(name).expect("a group").id;
        let mut emails: Vec<_> =
            state.members(group).map(|member| member.user.email.clone()).collect();
        emails.sort();
        emails
    }

    /// Returns whether a user has this address.
    pub fn has(&self, email: &str) -> bool {
        self.mock.state().user_by_email(email).is_some()
    }

    /// Returns the requests since the last call, as `METHOD path?query`.
    pub fn requests_with_queries(&self) -> Vec<String> {
        let requests = self.mock.requests();
        self.mock.clear_requests();
        requests
            .iter()
            .map(|request| format!("{} {}?{}", request.method, request.path, request.query))
            .collect()
    }

    /// Returns the body of the only write request.
    pub fn body_of_the_write(&self) -> Value {
        let [write] = &self.writes()[..] else { panic!("{:?}", self.writes()) };
        write.body.clone()
    }
}

/// Returns fields that the component does not know: integers that a float can't hold, fractions,
/// objects, lists, empty values and a null.
pub fn unknown_fields() -> Map<String, Value> {
    let fields = json!({
        "legacyId": 16_777_217,
        "sequence": 9_007_199_254_740_993_u64,
        "largest": u64::MAX,
        "smallest": i64::MIN,
        "ratio": 1.25,
        "locale": "de-DE",
        "note": "\"quoted\" \\ \u{1f600} \u{7f}",
        "preferences": {"theme": "dark", "tabs": [1, {"a": null}], "empty": {}},
        "labels": [],
        "nickname": "",
        "manager": null,
    });
    match fields {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// Returns a link to a group by its REST id.
pub fn link(id: u32, name: &str) -> GroupLink {
    GroupLink { id: GroupId::Rest(id.to_string()), name: Some(name.to_owned()), group_admin: None }
}

/// Returns changes as `field: before -> after`.
pub fn changed(changes: &[FieldChange]) -> Vec<String> {
    changes
        .iter()
        .map(|change| {
            let before = change.before.as_deref().unwrap_or("(nothing)");
            let after = change.after.as_deref().unwrap_or("(nothing)");
            format!("{}: {before} -> {after}", change.field)
        })
        .collect()
}

/// Returns writes as `kind subject [group]`, with a question mark if the effect is not known.
pub fn written(writes: &[Write]) -> Vec<String> {
    writes
        .iter()
        .map(|write| {
            let kind = wit_name(&write.kind);
            let mut line = format!("{kind} {}", write.subject);
            if let Some(group) = &write.group {
                line += &format!(" [{group}]");
            }
            if write.certainty == Certainty::Unknown {
                line += " ?";
            }
            line
        })
        .collect()
}

/// Returns the WIT name of an enumeration's case.
pub fn wit_name<T: serde::Serialize>(case: &T) -> String {
    match json::value(case) {
        Ok(Value::String(name)) => name,
        other => panic!("not an enumeration: {other:?}"),
    }
}

/// Returns a user without the time that the server sets with each write.
pub fn timeless(mut user: User) -> User {
    user.updated_at.clear();
    user
}
