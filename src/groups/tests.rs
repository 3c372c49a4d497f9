//! A change of a group keeps its members.

use alloc::rc::Rc;
use alloc::string::{String, ToString};
use core::cell::RefCell;

use super::*;
use crate::config::Settings;
use crate::domain::{AccessField, Dialect, GroupId, GroupIdKind};
use crate::http::{BaseUrl, Client, Method, Secret};
use crate::retool::scim::{Base, Scim};
use crate::retool::v1::V1;
use crate::retool::v2::V2;
use crate::testing::platform::{FakePlatform, Reply};

/// The group Support of a `/api/v1` server: its members, and what a PUT does to them.
#[derive(Clone, Default)]
struct State {
    name: String,
    /// The ids of the members, and whether each administers the group.
    members: Vec<(&'static str, bool)>,
    resets: bool,
    refuses: &'static [&'static str],
}

fn server(state: State) -> (FakePlatform, Rc<RefCell<State>>) {
    let state = Rc::new(RefCell::new(state));
    let own = Rc::clone(&state);
    let fake = FakePlatform::new(move |request| {
        let state = &mut *own.borrow_mut();
        let record = format!(r#"{{"id":4,"name":"{}"}}"#, state.name);
        let path = request.path_and_query.split('?').next().unwrap_or_default();
        let body = request.body.as_deref().unwrap_or_default();
        let body = core::str::from_utf8(body).expect("JSON");
        match (request.method, path) {
            (Method::Get, "/api/v1/groups") => {
                Reply::json(200, format!(r#"{{"groups":[{record}]}}"#))
            }
            (Method::Get, "/api/v1/groups/4") => Reply::json(200, record),
            (Method::Get, "/api/v1/groups/4/members") => {
                let members = state.members.iter().map(|(id, admin)| {
                    format!(r#"{{"id":"{id}","email":"{id}@example.com","isGroupAdmin":{admin}}}"#)
                });
                let members = members.collect::<Vec<_>>().join(",");
                Reply::json(200, format!(r#"{{"members":[{members}]}}"#))
            }
            (Method::Put, "/api/v1/groups/4") => {
                state.name = "Help".into();
                if state.resets {
                    state.members.clear();
                }
                Reply::json(200, "{}")
            }
            (Method::Post, "/api/v1/groups/4/members") => {
                let id = ["ada", "bob", "cid"].into_iter().find(|id| body.contains(id));
                let id = id.expect("a member");
                if state.refuses.contains(&id) {
                    return Reply::json(400, "{}");
                }
                state.members.push((id, false));
                Reply::json(200, r#"{"success":true}"#)
            }
            (method, _) => panic!("{method:?} {path}"),
        }
    });
    (fake, state)
}

fn client(fake: &FakePlatform) -> Client {
    let base = BaseUrl::parse("https://acme.retool.com").expect("a URL");
    Client::new(fake.platform(), base, Secret::new("t0ken".to_string()), Settings::default())
}

fn no_guard() -> MemberGuard {
    MemberGuard { protected_people: Vec::new(), minimum_admins: 0 }
}

fn renamed(fake: &FakePlatform) -> Result<Reshaped> {
    let reshaping = Reshaping {
        group: GroupRef::Name("Support".into()),
        patch: GroupPatch { name: Some("Help".into()), access: Vec::new() },
        add: Vec::new(),
        group_admins: BTreeMap::new(),
        remove: Vec::new(),
        guard: no_guard(),
    };
    fake.run(change(&V1::new(client(fake)), &reshaping))
}

fn support(members: &[(&'static str, bool)]) -> State {
    State { name: "Support".into(), members: members.to_vec(), ..State::default() }
}

#[test]
fn members_that_a_put_drops_are_put_back_and_reported() {
    let before = [("ada", false), ("bob", false), ("cid", false)];
    for resets in [false, true] {
        let (fake, state) = server(State { resets, ..support(&before) });
        let done = renamed(&fake).expect("a change");
        assert_eq!(done.group.name, "Help");
        assert_eq!(state.borrow().members, before);
        let kinds = |kind| done.writes.iter().filter(|write| write.kind == kind).count();
        let dropped = if resets { 3 } else { 0 };
        assert_eq!(kinds(WriteKind::MemberRemoved), dropped);
        assert_eq!(kinds(WriteKind::MemberAdded), dropped);
        assert!(done.writes.iter().all(|write| write.confirmed));
    }
}

#[test]
fn members_that_can_not_be_put_back_are_named_and_the_change_is_not_confirmed() {
    let before = [("ada", false), ("bob", false)];
    for refuses in [&["bob"][..], &["ada", "bob"]] {
        let (fake, _) = server(State { resets: true, refuses, ..support(&before) });
        let error = renamed(&fake).expect_err("lost members");
        assert_eq!((error.code, error.subject.as_deref()), (Code::NotVerified, Some("Support")));
        assert!(error.message.contains("bob@example.com"), "{}", error.message);
        assert_eq!(error.message.contains("ada@example.com"), refuses.len() == 2);
        let first = &error.writes[0];
        assert_eq!((first.kind, first.confirmed), (WriteKind::GroupUpdated, false));
    }
}

/// No request of `/api/v1` makes a member an administrator of the group again.
#[test]
fn lost_administrators_of_the_group_are_named() {
    let (fake, _) = server(State { resets: true, ..support(&[("ada", true), ("bob", false)]) });
    let error = renamed(&fake).expect_err("a lost administrator");
    assert_eq!(error.code, Code::NotVerified);
    assert!(error.message.contains("ada@example.com"), "{}", error.message);
    assert!(!error.message.contains("bob"), "{}", error.message);
}

/// A SCIM server whose record of the group shows the first members only.
fn scim(members: &[&str], listed: usize) -> (FakePlatform, Rc<RefCell<Vec<String>>>) {
    let members: Vec<String> = members.iter().map(ToString::to_string).collect();
    let state = Rc::new(RefCell::new(members));
    let own = Rc::clone(&state);
    let fake = FakePlatform::new(move |request| {
        let members = &mut *own.borrow_mut();
        let user = |id: &str, members: &[String]| {
            let is_in = members.iter().any(|member| member == id);
            let link = if is_in { r#"{"value":"g1","display":"Support"}"# } else { "" };
            format!(
                r#"{{"id":"{id}","userName":"{id}@example.com","active":true,"groups":[{link}]}}"#
            )
        };
        let shown = members.iter().take(listed).map(|id| format!(r#"{{"value":"{id}"}}"#));
        let shown = shown.collect::<Vec<_>>().join(",");
        let group = format!(r#"{{"id":"g1","displayName":"Support","members":[{shown}]}}"#);
        let list = |record: &str| format!(r#"{{"totalResults":1,"Resources":[{record}]}}"#);
        let path = request.path_and_query.split('?').next().unwrap_or_default();
        let body = request.body.as_deref().unwrap_or_default();
        let body = core::str::from_utf8(body).expect("JSON");
        let id = ["ada", "bob"]
            .into_iter()
            .find(|id| body.contains(id) || request.path_and_query.contains(id));
        let id = id.unwrap_or("ada");
        match (request.method, path) {
            (Method::Get, "/scim/v2/Users") => Reply::json(200, list(&user(id, members))),
            (Method::Get, "/scim/v2/Groups") => Reply::json(200, list(&group)),
            (Method::Get, "/scim/v2/Groups/g1") => Reply::json(200, group),
            (Method::Get, _) => Reply::json(200, user(id, members)),
            (Method::Patch, _) => {
                members.retain(|member| member != id);
                if body.contains(r#""add""#) {
                    members.push(id.to_string());
                }
                Reply::json(204, "")
            }
            (Method::Delete, _) => panic!("the group has members"),
            (method, _) => panic!("{method:?} {path}"),
        }
    });
    (fake, state)
}

fn support_of_scim() -> GroupRef {
    GroupRef::Id(GroupId { kind: GroupIdKind::Scim, value: "g1".into() })
}

fn reshaped(fake: &FakePlatform, add: &[&str], remove: &[&str]) -> Result<Reshaped> {
    let emails = |people: &[&str]| people.iter().map(|email| Email::new(email).into()).collect();
    let reshaping = Reshaping {
        group: support_of_scim(),
        patch: GroupPatch::default(),
        add: emails(add),
        group_admins: BTreeMap::new(),
        remove: emails(remove),
        guard: no_guard(),
    };
    fake.run(change(&Scim::new(client(fake), Some(Base::Scim)), &reshaping))
}

#[test]
fn members_whom_the_group_does_not_show_join_and_leave() {
    for listed in [0, 1, 5] {
        let (fake, members) = scim(&["bob", "ada"], listed);
        let done = reshaped(&fake, &[], &["ada@example.com"]).expect("a removal");
        assert_eq!(*members.borrow(), ["bob"], "{listed}");
        assert_eq!(done.members_removed.len(), 1, "{listed}");
        assert_eq!(done.members_removed[0].id.dialect, Dialect::Scim);

        let done = reshaped(&fake, &["ada@example.com"], &[]).expect("an addition");
        assert_eq!(*members.borrow(), ["bob", "ada"], "{listed}");
        assert_eq!(done.members_added.len(), 1, "{listed}");

        let done = reshaped(&fake, &["ada@example.com"], &[]).expect("nothing to do");
        assert!(done.writes.is_empty() && done.members_added.is_empty(), "{listed}");
    }
}

#[test]
fn a_group_with_members_whom_it_does_not_show_is_not_removed() {
    let (fake, _) = scim(&["ada"], 0);
    let directory = Scim::new(client(&fake), Some(Base::Scim));
    let removal = Removal { group: support_of_scim(), even_with_members: false, guard: no_guard() };
    let error = fake.run(remove(&directory, &removal)).expect_err("a member");
    assert_eq!(error.code, Code::GroupHasMembers);
}

#[test]
fn a_protected_member_is_found_by_each_name() {
    use crate::domain::{Dialect, UserId};
    let refs = [
        UserRef::Email(Email::new("ADA@example.com")),
        UserRef::Id(UserId { dialect: Dialect::Scim, value: "ada".into() }),
    ];
    for who in refs {
        let (fake, members) = scim(&["ada"], 5);
        let directory = Scim::new(client(&fake), Some(Base::Scim));
        let guard = MemberGuard { protected_people: vec![who], minimum_admins: 0 };
        let removal =
            Removal { group: support_of_scim(), even_with_members: true, guard: guard.clone() };
        let error = fake.run(remove(&directory, &removal)).expect_err("Ada is protected");
        assert_eq!(error.code, Code::ProtectedPerson);
        let reshaping = Reshaping {
            group: support_of_scim(),
            patch: GroupPatch::default(),
            add: Vec::new(),
            group_admins: BTreeMap::new(),
            remove: vec![Email::new("ada@example.com").into()],
            guard,
        };
        let error = fake.run(change(&directory, &reshaping)).expect_err("Ada is protected");
        assert_eq!(error.code, Code::ProtectedPerson);
        assert_eq!(*members.borrow(), ["ada"]);
    }
}

#[test]
fn a_person_who_is_named_under_two_names_is_refused() {
    use crate::domain::{Dialect, UserId};
    let (fake, _) = scim(&["ada"], 5);
    let by_id = UserRef::Id(UserId { dialect: Dialect::Scim, value: "ada".into() });
    let reshaping = Reshaping {
        group: support_of_scim(),
        patch: GroupPatch::default(),
        add: vec![Email::new("ada@example.com").into()],
        group_admins: BTreeMap::new(),
        remove: vec![by_id],
        guard: no_guard(),
    };
    let directory = Scim::new(client(&fake), Some(Base::Scim));
    let error = fake.run(change(&directory, &reshaping)).expect_err("Ada twice");
    assert_eq!(error.code, Code::DuplicatePerson);
}

#[test]
fn a_protected_member_whom_the_group_does_not_show_keeps_the_membership() {
    for listed in [0, 1, 2] {
        let (fake, members) = scim(&["bob", "ada"], listed);
        let directory = Scim::new(client(&fake), Some(Base::Scim));
        let protected_people = Vec::from([Email::new("ada@example.com").into()]);
        let guard = MemberGuard { protected_people, minimum_admins: 0 };
        let removal = Removal { group: support_of_scim(), even_with_members: true, guard };
        let error = fake.run(remove(&directory, &removal)).expect_err("a protected person");
        assert_eq!(error.code, Code::ProtectedPerson, "{listed}");
        assert_eq!(members.borrow().len(), 2, "{listed}");
    }
}

/// A server that takes the settings of a group only by a change, and refuses that.
#[test]
fn an_error_says_that_a_group_was_created_without_its_settings() {
    let fake = FakePlatform::new(|request| {
        let group = r#"{"id":4,"name":"Night","universal_app_access":"none"}"#;
        let one = || Reply::json(200, format!(r#"{{"success":true,"data":{group}}}"#));
        match (request.method, request.path_and_query.split('?').next().unwrap_or_default()) {
            (Method::Get, "/api/v2/groups") => Reply::json(200, r#"{"success":true,"data":[]}"#),
            (Method::Get, "/api/v2/groups/4") | (Method::Post, "/api/v2/groups") => one(),
            (Method::Patch, "/api/v2/groups/4") => Reply::json(400, r#"{"success":false}"#),
            (method, path) => panic!("{method:?} {path}"),
        }
    });
    let settings = [AccessSetting { field: AccessField::UniversalApp, value: "use".into() }];
    let directory = V2::new(client(&fake));
    let error = fake.run(ensure(&directory, "Night", &settings)).expect_err("a refusal");
    assert_eq!(error.code, Code::ServerRefused);
    for part in ["The group was created", "`change-group`"] {
        assert!(error.message.contains(part), "{}", error.message);
    }
    let writes: Vec<_> = error.writes.iter().map(|one| (one.kind, one.confirmed)).collect();
    assert_eq!(writes, [(WriteKind::GroupCreated, true)]);
}
