//! Servers that accept only some forms of a change, or compare versions in another way.

use alloc::rc::Rc;
use core::cell::RefCell;

use serde_json::{Value, json};

use super::*;
use crate::domain::{User, UserPatch};
use crate::error::{Code, Result};
use crate::http::{Method, Request};
use crate::retool::{ReadDirectory, WriteDirectory};

/// How a server handles a form of a change.
#[derive(Clone, Copy, PartialEq)]
enum Takes {
    Works,
    Refused(u16),
    /// Refused with 400 for a reason of SCIM, with this text.
    For(&'static str, &'static str),
    Ignored,
}

/// How a server compares a demanded version with its own.
#[derive(Clone, Copy, PartialEq)]
enum IfMatch {
    /// As RFC 9110 demands: a weak tag never matches.
    Strong,
    /// A proxy weakened the tag of the record.
    StrongForm,
    /// Every demand is refused.
    Never,
    /// Every change is refused with 412.
    AlwaysOutdated,
    /// The version is another one at each reading.
    Unstable,
    Works,
}

struct Behaviour {
    by_path: Takes,
    by_value: Takes,
    put: Takes,
    /// What a PUT removes from the record, although it was sent.
    put_drops: &'static [&'static str],
    /// Whether a PUT removes the user from every group.
    put_leaves: bool,
    /// Whether another administrator changes the record before the first write.
    is_edited: bool,
    /// The first reading that is refused with 501.
    refused_reading: Option<u32>,
    if_match: IfMatch,
}

impl Default for Behaviour {
    fn default() -> Self {
        Behaviour {
            by_path: Takes::Works,
            by_value: Takes::Works,
            put: Takes::Works,
            put_drops: &[],
            put_leaves: false,
            is_edited: false,
            refused_reading: None,
            if_match: IfMatch::Works,
        }
    }
}

struct State {
    users: Vec<Value>,
    members: Vec<String>,
    reads: u32,
    version: u32,
}

struct Server {
    fake: FakePlatform,
    state: Rc<RefCell<State>>,
}

fn record(id: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "id": id, "userName": format!("{id}@example.com"), "externalId": "ext-1", "active": true,
        "displayName": "Ada Byron",
        "name": { "givenName": "Ada", "familyName": "Byron", "formatted": "Ada Byron", "middleName": "A." },
        "emails": [{ "value": format!("{id}@example.com"), "primary": true }],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "employeeNumber": "7" },
    })
}

fn serve(behaviour: Behaviour) -> Server {
    let state = Rc::new(RefCell::new(State {
        users: Vec::from([record("u1"), record("u2")]),
        members: Vec::from(["u1", "u2", "u3"].map(ToString::to_string)),
        reads: 0,
        version: 1,
    }));
    let there = Rc::clone(&state);
    let fake =
        FakePlatform::new(move |request| answer(request, &mut there.borrow_mut(), &behaviour));
    Server { fake, state }
}

fn answer(request: &Request, state: &mut State, behaviour: &Behaviour) -> Reply {
    let path = request.path_and_query.strip_prefix("/scim/v2/").unwrap();
    let body: Value = serde_json::from_slice(request.body.as_deref().unwrap_or(b"null")).unwrap();
    if path.starts_with("Groups") {
        let group = |members: &[String]| {
            let members: Vec<Value> = members.iter().map(|id| json!({ "value": id })).collect();
            json!({ "id": "g1", "displayName": "Support", "members": members })
        };
        if request.method == Method::Patch {
            let added = body["Operations"][0]["value"].as_array().unwrap();
            state
                .members
                .extend(added.iter().map(|one| one["value"].as_str().unwrap().to_string()));
            return reply(204, "");
        }
        let group = group(&state.members);
        return reply(
            200,
            match path.contains('?') {
                true => json!({ "totalResults": 1, "Resources": [group] }),
                false => group,
            }
            .to_string(),
        );
    }
    let id = path.strip_prefix("Users/").unwrap();
    if request.method == Method::Get {
        state.reads += 1;
        if behaviour.refused_reading.is_some_and(|first| state.reads >= first) {
            return refusal(501);
        }
        return reply(200, shown(state, id, behaviour).to_string());
    }
    if behaviour.is_edited && state.version == 1 {
        state.version = 2;
        state.users[0]["externalId"] = json!("ext-2");
    }
    if !is_current(request.if_match.as_deref(), state, behaviour) {
        return refusal(412);
    }
    let takes = match request.method {
        Method::Put => behaviour.put,
        _ if body["Operations"][0].get("path").is_some() => behaviour.by_path,
        _ => behaviour.by_value,
    };
    match takes {
        Takes::Refused(status) => return refusal(status),
        Takes::For(scim_type, detail) => {
            let body = json!({"status": "400", "scimType": scim_type, "detail": detail});
            return reply(400, body.to_string());
        }
        Takes::Ignored => return reply(204, ""),
        Takes::Works => {}
    }
    state.version += 1;
    if request.method == Method::Put {
        let user = state.users.iter_mut().find(|user| user["id"] == id).unwrap();
        assert!(body.get("meta").is_none() && body.get("groups").is_none(), "{body}");
        *user = body;
        for field in behaviour.put_drops {
            user.as_object_mut().unwrap().remove(*field);
            user["name"].as_object_mut().unwrap().remove(*field);
        }
        if behaviour.put_leaves {
            state.members.retain(|member| member != id);
        }
        return reply(200, shown(state, id, behaviour).to_string());
    }
    let user = state.users.iter_mut().find(|user| user["id"] == id).unwrap();
    for operation in body["Operations"].as_array().unwrap() {
        match operation["path"].as_str() {
            Some("active") => user["active"] = operation["value"].clone(),
            Some(path) => {
                user["name"][path.strip_prefix("name.").unwrap()] = operation["value"].clone()
            }
            None => {
                for (name, value) in operation["value"].as_object().unwrap() {
                    // This server replaces a complex attribute as a whole.
                    user[name] = value.clone();
                }
            }
        }
    }
    reply(204, "")
}

/// Returns a record as the server shows it.
fn shown(state: &State, id: &str, behaviour: &Behaviour) -> Value {
    let mut user = state.users.iter().find(|user| user["id"] == id).unwrap().clone();
    let version = match behaviour.if_match {
        IfMatch::Unstable => format!("W/\"{}-{}\"", state.version, state.reads),
        _ => format!("W/\"{}\"", state.version),
    };
    user["meta"] = json!({ "resourceType": "User", "version": version });
    if state.members.iter().any(|member| member == id) {
        user["groups"] = json!([{ "value": "g1", "display": "Support" }]);
    }
    user
}

fn is_current(demanded: Option<&str>, state: &State, behaviour: &Behaviour) -> bool {
    let strong = format!("\"{}\"", state.version);
    match (behaviour.if_match, demanded) {
        (IfMatch::AlwaysOutdated, _) => false,
        (_, None) => true,
        (IfMatch::Strong | IfMatch::Never | IfMatch::Unstable, Some(_)) => false,
        (IfMatch::StrongForm, Some(demanded)) => demanded == strong,
        (IfMatch::Works, Some(demanded)) => demanded == format!("W/{strong}"),
    }
}

impl Server {
    fn change(&self, scim: &Scim, id: &str, patch: &UserPatch) -> Result<User> {
        let account = self.fake.run(scim.read_user(&user_id(id))).unwrap().expect("an account");
        self.fake.run(scim.update_user(&account, patch))
    }

    fn user(&self, id: &str) -> Value {
        self.state.borrow().users.iter().find(|user| user["id"] == id).unwrap().clone()
    }

    /// Returns method and `If-Match` of each write of a user so far.
    fn writes(&self) -> Vec<String> {
        let sent = self.fake.sent();
        let writes = sent.iter().filter(|sent| {
            sent.request.method != Method::Get && sent.request.path_and_query.contains("Users")
        });
        let form = |sent: &crate::testing::platform::Sent| match sent.request.method {
            Method::Put => "PUT",
            _ if sent.body().contains("\"path\"") => "path",
            _ => "value",
        };
        let line = |sent: &crate::testing::platform::Sent| {
            let demanded = sent.request.if_match.as_ref();
            format!("{} {}", form(sent), demanded.map_or("-", String::as_str))
        };
        writes.map(line).collect()
    }
}

fn disable() -> UserPatch {
    UserPatch { disabled: Some(true), ..UserPatch::default() }
}

fn rename() -> UserPatch {
    UserPatch { first_name: Some("Augusta".to_string()), ..UserPatch::default() }
}

const NOT: Takes = Takes::Refused(400);

#[test]
fn a_form_that_is_refused_or_ignored_is_followed_by_the_next() {
    for status in [400, 422, 501, 405] {
        for takes in [Takes::Refused(status), Takes::Ignored] {
            let server = serve(Behaviour { by_path: takes, ..Behaviour::default() });
            let scim = scim(&server.fake);
            assert!(server.change(&scim, "u1", &disable()).unwrap().disabled);
            assert_eq!(server.user("u1")["active"], false);
            let no_patch = matches!(takes, Takes::Refused(405));
            let form = if no_patch { "PUT" } else { "value" };
            assert_eq!(server.writes(), ["path W/\"1\"".to_string(), format!("{form} W/\"1\"")]);
            // The next change begins with the form that worked.
            assert!(server.change(&scim, "u2", &disable()).unwrap().disabled);
            assert_eq!(server.writes()[2..], [format!("{form} W/\"2\"")]);
        }
    }
}

/// The record was read again after the 412, and the next form is about that reading.
#[test]
fn the_next_form_has_the_version_that_was_read_last() {
    for status in [400, 422, 501, 405] {
        let by_path = Takes::Refused(status);
        let server = serve(Behaviour { by_path, is_edited: true, ..Behaviour::default() });
        let changed = server.change(&scim(&server.fake), "u1", &rename()).unwrap();
        assert_eq!(changed.first_name.as_deref(), Some("Augusta"));
        assert_eq!(server.user("u1")["externalId"], "ext-2");
        let form = if status == 405 { "PUT" } else { "value" };
        let expected = ["path W/\"1\"".into(), "path W/\"2\"".into(), format!("{form} W/\"2\"")];
        assert_eq!(server.writes(), expected);
    }
}

#[test]
fn a_refusal_after_a_form_without_effect_is_in_the_report() {
    let server = serve(Behaviour {
        by_path: Takes::Ignored,
        by_value: NOT,
        put: NOT,
        ..Behaviour::default()
    });
    let error = server.change(&scim(&server.fake), "u1", &disable()).unwrap_err();
    assert_eq!((error.code, error.maybe_applied), (Code::NotVerified, true));
    assert!(error.message.contains("refused (400)"), "{}", error.message);
    assert_eq!(server.writes().len(), 3);
}

#[test]
fn names_without_a_path_are_sent_together() {
    let server = serve(Behaviour { by_path: NOT, ..Behaviour::default() });
    let changed = server.change(&scim(&server.fake), "u1", &rename()).unwrap();
    assert_eq!(
        (changed.first_name.as_deref(), changed.last_name.as_deref()),
        (Some("Augusta"), Some("Byron"))
    );
}

#[test]
fn a_put_contains_the_whole_record_and_names_that_follow() {
    let server = serve(Behaviour { by_path: NOT, by_value: NOT, ..Behaviour::default() });
    let patch = UserPatch { disabled: Some(true), ..rename() };
    assert!(server.change(&scim(&server.fake), "u1", &patch).unwrap().disabled);
    let mut expected = record("u1");
    expected["active"] = json!(false);
    expected["name"]["givenName"] = json!("Augusta");
    expected["name"]["formatted"] = json!("Augusta Byron");
    expected["displayName"] = json!("Augusta Byron");
    assert_eq!(server.user("u1"), expected);
    assert_eq!(server.writes(), ["path W/\"1\"", "value W/\"1\"", "PUT W/\"1\""]);
    assert_eq!(server.state.borrow().members, ["u1", "u2", "u3"]);
}

#[test]
fn a_server_without_patch_is_found_by_its_404() {
    let server = serve(Behaviour { by_path: Takes::Refused(404), ..Behaviour::default() });
    assert!(server.change(&scim(&server.fake), "u1", &disable()).unwrap().disabled);
    assert_eq!(server.writes(), ["path W/\"1\"", "PUT W/\"1\""]);
}

#[test]
fn a_field_that_a_put_lost_is_reported() {
    for field in ["externalId", "middleName", "displayName"] {
        let put_drops: &'static [&'static str] = alloc::boxed::Box::leak(Box::new([field]));
        let server =
            serve(Behaviour { by_path: NOT, by_value: NOT, put_drops, ..Behaviour::default() });
        let error = server.change(&scim(&server.fake), "u1", &disable()).unwrap_err();
        assert_eq!((error.code, error.maybe_applied), (Code::NotVerified, true));
        assert!(error.message.contains(field), "{}", error.message);
    }
}

#[test]
fn memberships_that_a_put_lost_are_put_back_and_reported() {
    let server =
        serve(Behaviour { by_path: NOT, by_value: NOT, put_leaves: true, ..Behaviour::default() });
    let scim = scim(&server.fake);
    let error = server.change(&scim, "u1", &disable()).unwrap_err();
    assert_eq!((error.code, error.maybe_applied), (Code::NotVerified, true));
    assert!(
        error.message.contains("Support") && error.message.contains("put back"),
        "{}",
        error.message
    );
    assert_eq!(server.state.borrow().members, ["u2", "u3", "u1"]);
    assert_eq!(server.user("u1")["active"], false);
    // No other user is changed in this way.
    let writes = server.writes().len();
    let error = server.change(&scim, "u2", &disable()).unwrap_err();
    assert_eq!((error.code, error.maybe_applied), (Code::OperationUnsupported, false));
    assert_eq!(server.writes().len(), writes);
}

#[test]
fn a_refusal_in_every_form_is_the_first_one() {
    for status in [400, 422] {
        let takes = Takes::Refused(status);
        let server =
            serve(Behaviour { by_path: takes, by_value: NOT, put: NOT, ..Behaviour::default() });
        let error = server.change(&scim(&server.fake), "u1", &disable()).unwrap_err();
        assert_eq!(
            (error.code, error.http_status, error.maybe_applied),
            (Code::ServerRefused, Some(status), false)
        );
        assert!(error.message.contains("Every other form"), "{}", error.message);
        assert_eq!(server.user("u1"), record("u1"));
    }
}

/// A server that knows only the later forms says with them why it refuses the change.
#[test]
fn of_several_refusals_the_one_about_the_change_is_reported() {
    let form = Takes::For("invalidPath", "no paths here");
    let change = Takes::For("mutability", "managed by the identity provider");
    let unclear = Takes::Refused(400);
    for (by_path, by_value, put) in
        [(form, change, form), (form, form, change), (change, form, form), (unclear, change, form)]
    {
        let server = serve(Behaviour { by_path, by_value, put, ..Behaviour::default() });
        let error = server.change(&scim(&server.fake), "u1", &disable()).unwrap_err();
        assert_eq!((error.code, error.http_status), (Code::ServerRefused, Some(400)));
        assert!(error.message.contains("managed by the identity provider"), "{}", error.message);
        assert!(!error.message.contains("no paths here"), "{}", error.message);
        assert!(error.message.ends_with("Every other form of the request was refused too."));
    }
}

/// Without a reason, it is not known which refusal is about the change.
#[test]
fn refusals_that_say_as_much_are_all_reported() {
    let (one, other) = (Takes::For("", "one text"), Takes::For("", "another text"));
    let server =
        serve(Behaviour { by_path: one, by_value: other, put: one, ..Behaviour::default() });
    let error = server.change(&scim(&server.fake), "u1", &disable()).unwrap_err();
    let texts = ["one text", "another text"].map(|text| error.message.matches(text).count());
    assert_eq!(texts, [1, 1], "{}", error.message);
}

#[test]
fn a_version_that_is_right_and_refused_is_demanded_in_another_way() {
    let cases: [(IfMatch, &[&str]); 4] = [
        (IfMatch::Works, &["path W/\"1\""]),
        (IfMatch::StrongForm, &["path W/\"1\"", "path \"1\""]),
        (IfMatch::Strong, &["path W/\"1\"", "path \"1\"", "path -"]),
        (IfMatch::Never, &["path W/\"1\"", "path \"1\"", "path -"]),
    ];
    for (if_match, writes) in cases {
        let server = serve(Behaviour { if_match, ..Behaviour::default() });
        let scim = scim(&server.fake);
        assert!(server.change(&scim, "u1", &disable()).unwrap().disabled);
        assert_eq!(server.writes(), writes);
        // What the server taught is kept for the next user.
        assert!(server.change(&scim, "u2", &disable()).unwrap().disabled);
        assert_eq!(server.writes().len(), writes.len() + 1);
    }
}

#[test]
fn a_version_that_is_another_one_at_each_reading_is_not_demanded() {
    let server = serve(Behaviour { if_match: IfMatch::Unstable, ..Behaviour::default() });
    assert!(server.change(&scim(&server.fake), "u1", &disable()).unwrap().disabled);
    assert!(server.writes().last().unwrap().ends_with('-'), "{:?}", server.writes());
}

#[test]
fn a_412_that_no_conflict_explains_is_reported_as_that() {
    let server = serve(Behaviour { if_match: IfMatch::AlwaysOutdated, ..Behaviour::default() });
    let error = server.change(&scim(&server.fake), "u1", &disable()).unwrap_err();
    assert_eq!(
        (error.code, error.http_status, error.maybe_applied),
        (Code::ServerRefused, Some(412), false)
    );
    assert!(error.message.contains("still what was read"), "{}", error.message);
    assert_eq!(server.writes(), ["path W/\"1\"", "path \"1\"", "path -"]);
    assert_eq!(server.user("u1"), record("u1"));
}

/// The record was changed by another administrator, and the server compares weak tags strictly.
#[test]
fn a_change_by_another_administrator_is_not_overwritten_by_a_weaker_demand() {
    let server = serve(Behaviour { if_match: IfMatch::Strong, ..Behaviour::default() });
    let scim = scim(&server.fake);
    let account = server.fake.run(scim.read_user(&user_id("u1"))).unwrap().expect("an account");
    {
        let mut state = server.state.borrow_mut();
        state.version += 1;
        state.users[0]["name"]["givenName"] = json!("Countess");
    }
    let error = server.fake.run(scim.update_user(&account, &rename())).unwrap_err();
    assert_eq!(error.http_status, Some(412));
    assert!(error.message.contains("was changed at the same time"), "{}", error.message);
    assert_eq!(server.user("u1")["name"]["givenName"], "Countess");
    assert_eq!(server.writes(), ["path W/\"1\""]);
}

/// The answer to a reading says nothing about the form of the write before it.
#[test]
fn a_refused_reading_is_not_followed_by_another_form() {
    for by_path in [Takes::Works, Takes::Ignored] {
        let behaviour = Behaviour { by_path, refused_reading: Some(2), ..Behaviour::default() };
        let server = serve(behaviour);
        let error = server.change(&scim(&server.fake), "u1", &disable()).unwrap_err();
        assert!(error.maybe_applied, "{error:?}");
        assert_eq!(server.writes(), ["path W/\"1\""]);
    }
}

/// A record may lack a group that the listing of groups shows. It is not taken for lost.
#[test]
fn a_put_is_compared_with_what_the_record_showed() {
    let server = serve(Behaviour { by_path: NOT, by_value: NOT, ..Behaviour::default() });
    let scim = scim(&server.fake);
    let mut account = server.fake.run(scim.read_user(&user_id("u1"))).unwrap().expect("u1");
    let listed = crate::domain::GroupLink::new(group_id("g2"), Some("Sales".to_string()));
    account.user.groups.get_or_insert_default().push(listed);
    let user = server.fake.run(scim.update_user(&account, &disable()));
    assert!(user.unwrap().disabled);
    assert_eq!(server.writes().last().map(|write| write.starts_with("PUT")), Some(true));
}
