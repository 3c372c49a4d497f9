use alloc::rc::Rc;
use alloc::string::ToString;
use core::cell::Cell;

use super::*;
use crate::config::Settings;
use crate::domain::Email;
use crate::http::{BaseUrl, Client, Method, Secret};
use crate::retool::v2::V2;
use crate::testing::platform::{FakePlatform, Reply};
use crate::time::parse_iso;

mod age;
mod expected;
mod kept;
mod named;
mod sessions;

fn v2(fake: &FakePlatform) -> V2 {
    let base = BaseUrl::parse("https://acme.retool.com").expect("a URL");
    let secret = Secret::new("t0ken".to_string());
    V2::new(Client::new(fake.platform(), base, secret, Settings::default()))
}

fn departure(mode: Mode) -> Departure {
    Departure {
        user: Email::new("ada@example.com").into(),
        expected_id: None,
        mode,
        disabled_since: None,
        protected_people: Vec::new(),
        minimum_admins: 2,
    }
}

fn account(active: bool) -> String {
    format!(
        r#"{{"id":"user_1","email":"ada@example.com","active":{active},"is_admin":false,
        "user_type":"default","groups":[]}}"#
    )
}

/// The same account, from a server that does not return the groups of users.
fn without_groups(active: bool) -> String {
    account(active).replace(r#","groups":[]"#, "")
}

fn one(record: &str) -> Reply {
    Reply::json(200, format!(r#"{{"success":true,"data":{record}}}"#))
}

fn list(records: &str) -> Reply {
    one(&format!("[{records}]"))
}

/// `/api/v2` can't delete, so a deletion disables. Repeating the deletion reports that the user is
/// disabled already, and ends the sessions again.
#[test]
fn a_deletion_that_only_disables_may_be_repeated() {
    let fake = FakePlatform::new(|request| {
        if request.path_and_query == "/api/v2/users/user_1/logout" {
            return one("{}");
        }
        assert_eq!(request.method, Method::Get, "{}", request.path_and_query);
        if request.path_and_query.starts_with("/api/v2/users?") {
            return list(&account(false));
        }
        one(&account(false))
    });
    let done = fake.run(deprovision(&v2(&fake), &departure(Mode::Delete), 0)).expect("no failure");
    assert_eq!(done.outcome, DeprovisionOutcome::AlreadyDeactivated);
    // No server says whether there are sessions, so they are ended again.
    let [write] = &done.writes[..] else { panic!("{:?}", done.writes) };
    assert_eq!((write.kind, write.confirmed), (WriteKind::SessionsEnded, true));
    assert!(done.tombstone.is_some());
}

/// A proxy without the route answers 404 to the deletion too.
#[test]
fn a_deletion_that_is_answered_with_404_is_looked_at_again() {
    for is_gone in [false, true] {
        let deleted = Rc::new(Cell::new(false));
        let fake = FakePlatform::new(move |request| {
            let path = request.path_and_query.split('?').next().unwrap_or_default();
            match (request.method, path) {
                (Method::Delete, _) => {
                    deleted.set(true);
                    Reply::json(404, "{}")
                }
                (Method::Get, "/api/v2/users") => list(&account(true)),
                _ if deleted.get() && is_gone => Reply::json(404, "{}"),
                _ => one(&account(true)),
            }
        });
        let done = fake.run(deprovision(&v2(&fake), &departure(Mode::Delete), 0));
        if is_gone {
            assert_eq!(done.expect("no failure").outcome, DeprovisionOutcome::AlreadyGone);
        } else {
            let error = done.expect_err("the account is still there");
            assert_eq!(error.code, Code::OperationUnsupported);
            assert!(error.writes.is_empty() && error.message.contains("404"), "{}", error.message);
        }
    }
}

/// A record that is missing for a moment does not make a listed account gone.
#[test]
fn an_account_that_the_listing_shows_is_not_gone_because_its_record_is_missing() {
    let fake =
        FakePlatform::new(|request| match request.path_and_query.starts_with("/api/v2/users?") {
            true => list(&account(true)),
            false => Reply::json(404, "{}"),
        });
    let error = fake.run(deprovision(&v2(&fake), &departure(Mode::Disable), 0));
    let error = error.expect_err("two views that contradict each other");
    assert_eq!((error.code, error.is_permanent()), (Code::ListingIncomplete, false));
}

/// Slow requests come before the read of the account that the write is based on.
#[test]
fn if_an_account_has_no_groups_they_are_looked_up_and_it_is_read_again() {
    let fake = FakePlatform::new(|request| {
        let path = request.path_and_query.split('?').next().unwrap_or_default();
        let of_group =
            r#"{"id":4,"name":"Support","members":[{"id":"user_1","is_group_admin":true}]}"#;
        match (request.method, path) {
            (Method::Get, "/api/v2/users") => list(&without_groups(true)),
            (Method::Get, "/api/v2/groups") => list(of_group),
            (Method::Get, "/api/v2/users/user_1") => one(&without_groups(true)),
            (Method::Patch, "/api/v2/users/user_1") => one(&without_groups(false)),
            _ => Reply::json(404, "{}"),
        }
    });
    let done = fake.run(deprovision(&v2(&fake), &departure(Mode::Disable), 0)).expect("no failure");
    let groups = done.tombstone.expect("a tombstone").user.groups.expect("groups");
    assert!(matches!(&groups[..], [group] if group.label() == "Support"));
    assert_eq!(groups[0].group_admin, Some(true));
    let sent: Vec<_> = fake.sent().iter().map(|sent| sent.line()).collect();
    let account = "GET /api/v2/users/user_1?includeGroups=true";
    assert_eq!(
        sent,
        [
            "GET /api/v2/users?email=ada%40example.com",
            "GET /api/v2/user_invites",
            account,
            "GET /api/v2/groups",
            account,
            "PATCH /api/v2/users/user_1",
            "POST /api/v2/users/user_1/logout",
        ]
    );
}

/// A server with an invitation that is accepted at the `accepted`th request for this invitation,
/// and whether the account is enabled.
fn inviting(accepted: u32) -> (FakePlatform, Rc<Cell<bool>>) {
    let enabled = Rc::new(Cell::new(true));
    let (state, seen) = (Rc::clone(&enabled), Cell::new(0));
    let fake = FakePlatform::new(move |request| {
        let invite = r#"{"id":7,"invited_email":"ada@example.com","groups":[]}"#;
        let path = request.path_and_query.as_str();
        if path.starts_with("/api/v2/user_invites/") {
            seen.set(seen.get() + 1);
        }
        let is_accepted = seen.get() >= accepted;
        match (request.method, path) {
            (Method::Get, "/api/v2/user_invites") if is_accepted => list(""),
            (Method::Get, "/api/v2/user_invites") => list(invite),
            (Method::Get, "/api/v2/user_invites/7") if is_accepted => Reply::json(404, "{}"),
            (Method::Get, "/api/v2/user_invites/7") => one(invite),
            (Method::Delete, "/api/v2/user_invites/7") => Reply::json(204, ""),
            (Method::Get, path) if path.starts_with("/api/v2/users/") => one(&account(state.get())),
            (Method::Get, _) if is_accepted => list(&account(state.get())),
            (Method::Get, _) => list(""),
            (Method::Patch, _) => {
                state.set(false);
                one(&account(false))
            }
            (Method::Post, _) => Reply::json(404, "{}"),
            (_, path) => panic!("{path}"),
        }
    });
    (fake, enabled)
}

#[test]
fn a_user_who_accepts_the_invitation_meanwhile_is_disabled() {
    let (fake, enabled) = inviting(1);
    let departure = Departure { minimum_admins: 0, ..departure(Mode::Disable) };
    let done = fake.run(deprovision(&v2(&fake), &departure, 0)).expect("no failure");
    assert_eq!((done.outcome, enabled.get()), (DeprovisionOutcome::Deactivated, false));
}

#[test]
fn an_invitation_accepted_during_its_withdrawal_is_not_reported_as_gone() {
    let (fake, enabled) = inviting(2);
    let error = fake.run(deprovision(&v2(&fake), &departure(Mode::Disable), 0)).expect_err("Ada");
    assert_eq!((error.code, enabled.get()), (Code::NotVerified, true));
    let [write] = &error.writes[..] else { panic!("{:?}", error.writes) };
    assert_eq!((write.kind, write.confirmed), (WriteKind::InvitationCancelled, false));
}
