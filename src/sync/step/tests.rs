//! Single steps: what they report besides their own write.

use alloc::format;
use alloc::rc::Rc;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cell::Cell;

use super::*;
use crate::config::Settings;
use crate::http::{BaseUrl, Client, Method, Secret};
use crate::lifecycle::testing::{ADA, FakeV1, State};
use crate::retool::v2::V2;
use crate::sync::digest;
use crate::testing::platform::{FakePlatform, Reply};

/// A server with one user, which answers a logout with this status.
fn server(logout: u16, enabled: bool) -> FakePlatform {
    let enabled = Rc::new(Cell::new(enabled));
    FakePlatform::new(move |request| {
        let record = |active: bool| {
            let user = format!(
                r#"{{"id":"user_1","email":"ada@example.com","active":{active},"is_admin":false,
                "user_type":"default","groups":[]}}"#
            );
            Reply::json(200, format!(r#"{{"success":true,"data":{user}}}"#))
        };
        match (request.method, request.path_and_query.ends_with("/logout")) {
            (Method::Post, true) => Reply::json(logout, "{}"),
            (Method::Patch | Method::Delete, _) => {
                enabled.set(false);
                record(false)
            }
            _ => record(enabled.get()),
        }
    })
}

fn v2(fake: &FakePlatform) -> V2 {
    let base = BaseUrl::parse("https://acme.retool.com").expect("a URL");
    let secret = Secret::new("t0ken".to_string());
    V2::new(Client::new(fake.platform(), base, secret, Settings::default()))
}

/// Returns the step that disables or deletes the user, planned on an enabled one.
fn step(directory: &dyn Directory, kind: StepKind, id: &str) -> Step {
    let id = UserId { dialect: directory.capabilities().dialect, value: id.into() };
    let mut user = crate::testing::plan::user("ada@example.com");
    user.id = id.clone();
    user.user_type = Some(crate::domain::UserType::Default);
    (user.first_name, user.last_name) = match id.dialect {
        Dialect::V1 => (Some("Ada".into()), Some("Byron".into())),
        _ => (None, None),
    };
    (user.admin, user.disabled, user.profile_photo_url) = (false, false, None);
    let disable = UserPatch { disabled: Some(true), ..UserPatch::default() };
    let changes = match kind {
        StepKind::DisableUser => disable.differences(&user),
        _ => Vec::new(),
    };
    Step {
        kind,
        email: Some(user.email.clone()),
        user: Some(id),
        group_name: None,
        group: None,
        group_admin: None,
        changes,
        precondition: digest::user_state(&user),
    }
}

#[test]
fn sessions_are_ended_by_the_step_and_by_its_repetition() {
    let fake = server(200, true);
    let directory = v2(&fake);
    for kind in [StepKind::DisableUser, StepKind::DeleteUser] {
        let step = step(&directory, kind, "user_1");
        for outcome in [StepOutcome::Applied, StepOutcome::AlreadySo] {
            let done =
                fake.run(apply(&directory, &step, &AdminGuard::default(), 0)).expect("no failure");
            let is_first = kind == StepKind::DisableUser && outcome == StepOutcome::Applied;
            let expected = if is_first { outcome } else { StepOutcome::AlreadySo };
            assert_eq!((done.outcome, done.note), (expected, None));
            let ended = done.writes.iter().filter(|write| write.kind == WriteKind::SessionsEnded);
            assert_eq!(ended.count(), 1, "{:?}", done.writes);
            assert_eq!(done.tombstone.is_some(), is_first);
        }
    }
}

#[test]
fn sessions_that_could_not_be_ended_are_in_the_result() {
    for (logout, said) in [(403, "forbidden"), (422, "server-refused"), (404, "no request")] {
        for (kind, enabled) in [
            (StepKind::DisableUser, true),
            (StepKind::DisableUser, false),
            (StepKind::DeleteUser, true),
            (StepKind::DeleteUser, false),
        ] {
            let fake = server(logout, enabled);
            let directory = v2(&fake);
            let step = step(&directory, kind, "user_1");
            let done =
                fake.run(apply(&directory, &step, &AdminGuard::default(), 0)).expect("no failure");
            let note = done.note.expect("a note");
            assert!(note.contains("sessions") && note.contains(said), "{note}");
        }
    }
}

#[test]
fn a_step_keeps_the_memberships_and_says_when_the_account_was_disabled() {
    for (resets, dates) in [(false, true), (true, true), (true, false)] {
        let mut state = State::default();
        (state.server.resets, state.server.dates) = (resets, dates);
        let server = FakeV1::new(state);
        let directory = server.directory();
        let step = step(&directory, StepKind::DisableUser, ADA);
        let done = server
            .fake
            .run(apply(&directory, &step, &AdminGuard::default(), 0))
            .expect("no failure");
        assert_eq!(done.outcome, StepOutcome::Applied);
        let note: String = done.note.unwrap_or_default();
        assert_eq!(note.contains("put back"), resets, "{note}");
        let since = done.tombstone.expect("a tombstone").disabled_since;
        assert_eq!(since.is_some(), dates);
        assert_eq!(server.state.borrow().group_names(), ["All Users", "Engineering", "Support"]);
    }
}

/// The user is hidden as soon as they are disabled.
#[test]
fn a_step_on_a_server_that_shows_no_disabled_users_is_applied() {
    let mut state = State::default();
    (state.server.hides, state.server.short_replies) = (true, true);
    let server = FakeV1::new(state);
    let directory = server.directory();
    let step = step(&directory, StepKind::DisableUser, ADA);
    let done =
        server.fake.run(apply(&directory, &step, &AdminGuard::default(), 0)).expect("no failure");
    assert_eq!(done.outcome, StepOutcome::Applied);
    assert!(done.note.expect("a note").contains("hides or deletes"));
    assert!(done.writes[0].confirmed);
}

/// A deletion that leaves a disabled account as it is has nothing left to do.
#[test]
fn a_deletion_that_a_server_does_not_make_is_already_so() {
    let mut state = State { disabled: true, ..State::default() };
    state.server.deletes = false;
    let server = FakeV1::new(state);
    let directory = server.directory();
    let mut planned = step(&directory, StepKind::DeleteUser, ADA);
    let account = server.fake.run(directory.read_user(planned.user.as_ref().expect("an id")));
    planned.precondition = digest::user_state(&account.expect("an answer").expect("Ada").user);
    for deletions in [1, 1] {
        let done = server
            .fake
            .run(apply(&directory, &planned, &AdminGuard::default(), 0))
            .expect("no failure");
        assert_eq!(done.outcome, StepOutcome::AlreadySo);
        assert_eq!(server.count(Method::Delete), deletions);
    }
}

#[test]
fn an_invitation_accepted_during_its_withdrawal_is_stale() {
    let seen = Cell::new(0);
    let fake = FakePlatform::new(move |request| {
        let invite = r#"{"id":7,"invited_email":"ada@example.com","groups":[]}"#;
        let account = r#"{"id":"user_1","email":"ada@example.com","active":true,"is_admin":false,
            "user_type":"default","groups":[]}"#;
        let list = |item: &str| {
            Reply::json(200, format!(r#"{{"success":true,"data":[{item}],"has_more":false}}"#))
        };
        if request.path_and_query == "/api/v2/user_invites/7" {
            seen.set(seen.get() + 1);
        }
        // The invitation is accepted right before the request that withdraws it.
        let is_accepted = seen.get() > 1;
        match (request.method, request.path_and_query.as_str()) {
            (Method::Get, "/api/v2/user_invites") if !is_accepted => list(invite),
            (Method::Get, "/api/v2/user_invites/7") if !is_accepted => {
                Reply::json(200, format!(r#"{{"success":true,"data":{invite}}}"#))
            }
            (_, "/api/v2/user_invites/7") => Reply::json(404, "{}"),
            (Method::Get, path) if path.starts_with("/api/v2/users?") && is_accepted => {
                list(account)
            }
            _ => list(""),
        }
    });
    let directory = v2(&fake);
    let email = crate::domain::Email::new("ada@example.com");
    let found = fake.run(crate::lifecycle::find_by_email(&directory, &email));
    let invited = found.expect("an answer").expect("an invitation");
    let step = Step {
        user: Some(invited.id.clone()),
        precondition: digest::user_state(&invited),
        ..step(&directory, StepKind::DeleteUser, "user_1")
    };
    let done = fake.run(apply(&directory, &step, &AdminGuard::default(), 0)).expect("no failure");
    assert!(matches!(&done.outcome, StepOutcome::Stale(how) if how.contains("another account")));
    assert!(done.writes.is_empty(), "{:?}", done.writes);
}

/// The account keeps what it has, and a restore of its invitation would enable it.
#[test]
fn a_withdrawn_invitation_has_a_tombstone_only_if_there_is_no_account() {
    for has_account in [true, false] {
        let is_open = Cell::new(true);
        let fake = FakePlatform::new(move |request| {
            let invite = r#"{"id":7,"invited_email":"ada@example.com","groups":[]}"#;
            let account = r#"{"id":"user_1","email":"ada@example.com","active":false,
                "is_admin":false,"user_type":"default","groups":[]}"#;
            let list = |item: &str| {
                Reply::json(200, format!(r#"{{"success":true,"data":[{item}],"has_more":false}}"#))
            };
            match (request.method, request.path_and_query.as_str()) {
                (Method::Get, "/api/v2/user_invites") if is_open.get() => list(invite),
                (Method::Get, "/api/v2/user_invites/7") if is_open.get() => {
                    Reply::json(200, format!(r#"{{"success":true,"data":{invite}}}"#))
                }
                (Method::Delete, "/api/v2/user_invites/7") => {
                    is_open.set(false);
                    Reply::json(204, "")
                }
                (_, "/api/v2/user_invites/7") => Reply::json(404, "{}"),
                (Method::Get, path) if path.starts_with("/api/v2/users?") && has_account => {
                    list(account)
                }
                (Method::Get, _) => list(""),
                (method, path) => panic!("{method:?} {path}"),
            }
        });
        let directory = v2(&fake);
        let email = crate::domain::Email::new("ada@example.com");
        let listed = fake.run(directory.invitations_to(&email)).expect("an answer");
        let invited = listed.expect("a list").remove(0).user;
        let step = Step {
            user: Some(invited.id.clone()),
            precondition: digest::user_state(&invited),
            ..step(&directory, StepKind::CancelInvitation, "user_1")
        };
        let done =
            fake.run(apply(&directory, &step, &AdminGuard::default(), 0)).expect("no failure");
        assert_eq!(done.outcome, StepOutcome::Applied);
        let kinds: Vec<WriteKind> = done.writes.iter().map(|write| write.kind).collect();
        assert_eq!(kinds, [WriteKind::InvitationCancelled]);
        assert_eq!(done.tombstone.is_some(), !has_account);
    }
}

/// Some servers show the defaults of attributes for a new person, and others nothing.
#[test]
fn the_default_of_an_attribute_is_not_a_change_by_another_user() {
    let mut request = crate::testing::plan::model();
    let mut actual = crate::testing::plan::fulfilled(&request);
    actual.dialect = Dialect::V2;
    let office =
        crate::domain::AttributeDefinition { name: "office".into(), default: Some("Bonn".into()) };
    actual.attributes = Some(Vec::from([office]));
    let mut new = crate::testing::plan::desired("new@example.com", &[]);
    new.fields.first_name = Some("New".into());
    new.fields.last_name = Some("Doe".into());
    let now = |step: &Step, metadata: &str| {
        let mut user = crate::testing::plan::user("new@example.com");
        user.metadata = crate::domain::Metadata::parse(metadata);
        attributes_now(step, &user)
    };
    for way_in in [None, Some(crate::domain::WayIn::Invitation)] {
        for (wanted, is_default) in [("Paris", false), ("Bonn", true)] {
            new.details.way_in = way_in;
            new.details.attributes.insert("office".into(), Some(wanted.into()));
            request.roster.truncate(3);
            request.roster.push(new.clone());
            let planned = crate::testing::plan::plan(&request, &actual);
            let mut steps = planned.steps.iter();
            let step = steps.find(|step| step.kind == StepKind::ChangeAttributes).expect("a step");
            let expected = Some("Bonn").filter(|_| !is_default);
            assert_eq!(step.changes[0].before.as_deref(), expected);
            assert_eq!(now(step, "{}"), AttributesNow::AsPlanned);
            assert_eq!(now(step, r#"{"office":"Rome"}"#), AttributesNow::Other);
            let shown = match is_default {
                true => AttributesNow::AsWanted,
                false => AttributesNow::AsPlanned,
            };
            assert_eq!(now(step, r#"{"office":"Bonn"}"#), shown);
        }
    }
}
