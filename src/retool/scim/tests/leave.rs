//! Removing members, from servers of every kind.

use alloc::rc::Rc;
use core::cell::Cell;

use super::server::{Behaviour, Effect, Members, changes, server};
use super::*;
use crate::error::{Code, Result};
use crate::http::Method;
use crate::retool::WriteDirectory;

const BY_PATH: &str = r#"[{"op":"remove","path":"members[value eq \"u2\"]"}]"#;
const BY_VALUE: &str = r#"[{"op":"remove","path":"members","value":[{"value":"u2"}]}]"#;

/// Removes u2 from a group of three.
fn remove(behaviour: Behaviour) -> (Result<bool>, FakePlatform, Members) {
    let (fake, members) = server(&["u1", "u2", "u3"], behaviour);
    let removed = fake.run(scim(&fake).remove_member(&group_id("g1"), &user_id("u2")));
    (removed, fake, members)
}

#[test]
fn one_member_is_removed_by_path_and_the_group_read_back() {
    let (removed, fake, members) = remove(Behaviour::default());
    assert!(removed.unwrap());
    assert_eq!(*members.borrow(), ["u1", "u3"]);
    assert_eq!(changes(&fake), [BY_PATH]);
    assert_eq!(fake.sent().last().unwrap().request.method, Method::Get);
}

#[test]
fn an_id_stays_inside_the_quotes_of_its_path() {
    let id = r#"x"] or members[value pr or value eq "\"#;
    let (fake, members) = server(&["u1", id], Behaviour::default());
    assert!(fake.run(scim(&fake).remove_member(&group_id("g1"), &user_id(id))).unwrap());
    assert_eq!(*members.borrow(), ["u1"]);
}

#[test]
fn who_is_not_in_it_is_not_removed() {
    let (fake, _) = server(&["u1"], Behaviour::default());
    assert!(!fake.run(scim(&fake).remove_member(&group_id("g1"), &user_id("u2"))).unwrap());
    let fake_gone = FakePlatform::replying([refusal(404)]);
    assert!(
        !fake_gone.run(scim(&fake_gone).remove_member(&group_id("g1"), &user_id("u2"))).unwrap()
    );
    assert!(changes(&fake).is_empty() && changes(&fake_gone).is_empty());
}

#[test]
fn the_other_form_is_tried_once_where_the_first_does_nothing() {
    for by_path in [Effect::Ignored, Effect::Refused] {
        let (removed, fake, members) = remove(Behaviour { by_path, ..Behaviour::default() });
        assert!(removed.unwrap());
        assert_eq!(*members.borrow(), ["u1", "u3"]);
        assert_eq!(changes(&fake), [BY_PATH, BY_VALUE]);
        // What is refused needs no look, and what is ignored five.
        assert_eq!(fake.sent().len(), if by_path == Effect::Refused { 4 } else { 9 });
    }
    let (removed, _, _) = remove(Behaviour { by_path: Effect::Unknown, ..Behaviour::default() });
    assert!(removed.unwrap());
}

#[test]
fn what_a_server_taught_is_remembered() {
    let (fake, members) =
        server(&["u1", "u2", "u3"], Behaviour { by_path: Effect::Ignored, ..Behaviour::default() });
    let scim = scim(&fake);
    for user in ["u2", "u3"] {
        assert!(fake.run(scim.remove_member(&group_id("g1"), &user_id(user))).unwrap());
    }
    assert_eq!(*members.borrow(), ["u1"]);
    assert_eq!(changes(&fake).len(), 3);
}

#[test]
fn a_removal_that_nothing_brings_about_is_told() {
    let behaviour =
        Behaviour { by_path: Effect::Ignored, by_value: Effect::Ignored, ..Behaviour::default() };
    let (removed, fake, members) = remove(behaviour);
    let error = removed.unwrap_err();
    assert_eq!((error.code, error.maybe_applied), (Code::NotVerified, true));
    assert_eq!(*members.borrow(), ["u1", "u2", "u3"]);
    assert_eq!(changes(&fake).len(), 2);

    let behaviour =
        Behaviour { by_path: Effect::Refused, by_value: Effect::Ignored, ..Behaviour::default() };
    let (removed, _, _) = remove(behaviour);
    let error = removed.unwrap_err();
    assert_eq!((error.code, error.maybe_applied), (Code::ServerRefused, true));

    let behaviour =
        Behaviour { by_path: Effect::Refused, by_value: Effect::Refused, ..Behaviour::default() };
    let (removed, _, _) = remove(behaviour);
    let error = removed.unwrap_err();
    assert_eq!((error.code, error.http_status), (Code::ServerRefused, Some(400)));
    assert!(!error.maybe_applied, "the members of some groups are the server's own");
}

#[test]
fn a_group_that_was_emptied_is_filled_again_and_it_is_told() {
    let emptied = [
        Behaviour { by_path: Effect::Replaces, ..Behaviour::default() },
        Behaviour { by_path: Effect::Refused, by_value: Effect::Replaces, ..Behaviour::default() },
        Behaviour { by_path: Effect::Ignored, by_value: Effect::Replaces, ..Behaviour::default() },
    ];
    for behaviour in emptied {
        let (removed, fake, members) = remove(behaviour);
        let error = removed.unwrap_err();
        assert_eq!((error.code, error.maybe_applied), (Code::NotVerified, true));
        assert!(error.message.contains("emptied the whole group"), "{}", error.message);
        assert!(error.message.contains("was put back"), "{}", error.message);
        assert_eq!(*members.borrow(), ["u1", "u3"], "the one who was to go is out");
        let last = changes(&fake).pop().unwrap();
        assert_eq!(
            last,
            r#"[{"op":"add","path":"members","value":[{"value":"u1"},{"value":"u3"}]}]"#
        );
    }
}

#[test]
fn a_server_that_always_empties_is_not_asked_a_third_time() {
    let behaviour =
        Behaviour { by_path: Effect::Replaces, by_value: Effect::Replaces, ..Behaviour::default() };
    let (fake, members) = server(&["u1", "u2", "u3", "u4", "u5"], behaviour);
    let scim = scim(&fake);
    let mut codes = Vec::new();
    for user in ["u2", "u3", "u4"] {
        codes.push(fake.run(scim.remove_member(&group_id("g1"), &user_id(user))).unwrap_err().code);
    }
    assert_eq!(codes, [Code::NotVerified, Code::NotVerified, Code::OperationUnsupported]);
    assert_eq!(*members.borrow(), ["u1", "u4", "u5"]);
}

#[test]
fn who_cannot_be_put_back_is_named() {
    let behaviour =
        Behaviour { by_path: Effect::Replaces, add: Effect::Refused, ..Behaviour::default() };
    let (removed, _, _) = remove(behaviour);
    let error = removed.unwrap_err();
    assert_eq!(error.code, Code::NotVerified);
    assert!(error.message.ends_with("put them back in Retool: u1, u3."), "{}", error.message);
}

#[test]
fn the_last_member_leaves_an_empty_group_behind() {
    for by_path in [Effect::Works, Effect::Replaces] {
        let (fake, members) = server(&["u2"], Behaviour { by_path, ..Behaviour::default() });
        assert!(fake.run(scim(&fake).remove_member(&group_id("g1"), &user_id("u2"))).unwrap());
        assert!(members.borrow().is_empty());
    }
}

/// It may be somebody else's doing, which must not be undone.
#[test]
fn others_who_leave_at_the_same_time_are_told_and_left_out() {
    let (removed, fake, members) =
        remove(Behaviour { by_path: Effect::TakesAlong, ..Behaviour::default() });
    let error = removed.unwrap_err();
    assert_eq!((error.code, error.maybe_applied), (Code::NotVerified, true));
    assert!(error.message.contains("The person left the group"), "{}", error.message);
    assert!(error.message.ends_with("Retool: u3."), "{}", error.message);
    assert_eq!(*members.borrow(), ["u1"]);
    assert_eq!(changes(&fake), [BY_PATH]);
}

/// The others may have lost their rights by it, and must not get them back.
#[test]
fn a_group_that_still_has_the_person_in_it_was_not_emptied() {
    let (removed, fake, members) =
        remove(Behaviour { by_path: Effect::OthersGo, ..Behaviour::default() });
    let error = removed.unwrap_err();
    assert_eq!((error.code, error.maybe_applied), (Code::NotVerified, true));
    assert!(error.message.ends_with("Retool: u1, u3."), "{}", error.message);
    assert_eq!(*members.borrow(), ["u2"]);
    assert_eq!(changes(&fake), [BY_PATH]);
}

#[test]
fn a_removal_that_shows_late_is_waited_for() {
    let (removed, fake, _) = remove(Behaviour { stale: 3, ..Behaviour::default() });
    assert!(removed.unwrap());
    assert_eq!(changes(&fake), [BY_PATH]);
}

/// What does not show yet is no reason to try a form that may do more.
#[test]
fn without_time_to_wait_no_other_form_is_tried() {
    let behaviour = Behaviour { stale: 9, by_value: Effect::Replaces, ..Behaviour::default() };
    let (fake, members) = server(&["u1", "u2", "u3"], behaviour);
    let settings = Settings { deadline_ms: 1_000, ..Settings::default() };
    let scim = Scim::new(client(&fake, settings), Some(Base::Scim));
    let removed = fake.run(scim.remove_member(&group_id("g1"), &user_id("u2")));
    let error = removed.unwrap_err();
    assert_eq!((error.code, error.maybe_applied), (Code::NotVerified, true));
    assert_eq!(*members.borrow(), ["u1", "u3"]);
    assert_eq!(changes(&fake), [BY_PATH]);
}

#[test]
fn a_lost_answer_is_looked_after() {
    for by_path in [Effect::Works, Effect::Replaces] {
        let behaviour = Behaviour { by_path, lost: Rc::new(Cell::new(1)), ..Behaviour::default() };
        let (removed, fake, members) = remove(behaviour);
        assert_eq!(removed.is_ok(), by_path == Effect::Works);
        assert_eq!(*members.borrow(), ["u1", "u3"]);
        assert_eq!(changes(&fake)[0], BY_PATH);
    }
    // Not done, so sent again in the same form.
    let behaviour =
        Behaviour { by_path: Effect::Ignored, lost: Rc::new(Cell::new(1)), ..Behaviour::default() };
    let (removed, fake, _) = remove(behaviour);
    assert!(removed.unwrap());
    assert_eq!(changes(&fake), [BY_PATH, BY_PATH, BY_VALUE]);
}

#[test]
fn a_refusal_after_a_lost_answer_leads_to_the_other_form_too() {
    let behaviour =
        Behaviour { by_path: Effect::Refused, lost: Rc::new(Cell::new(1)), ..Behaviour::default() };
    let (removed, fake, members) = remove(behaviour);
    assert!(removed.unwrap());
    assert_eq!(*members.borrow(), ["u1", "u3"]);
    assert_eq!(changes(&fake), [BY_PATH, BY_PATH, BY_VALUE]);
}

#[test]
fn a_group_that_goes_meanwhile_has_no_member_to_remove() {
    let group = || reply(200, r#"{"id":"g1","displayName":"Support","members":[{"value":"u2"}]}"#);
    let fake = FakePlatform::replying([group(), refusal(404), refusal(404)]);
    assert!(!fake.run(scim(&fake).remove_member(&group_id("g1"), &user_id("u2"))).unwrap());
    // A server that says so of a path that it can't follow is asked in the other form.
    let empty = reply(200, r#"{"id":"g1","displayName":"Support"}"#);
    let fake = FakePlatform::replying([group(), refusal(404), group(), reply(204, ""), empty]);
    assert!(fake.run(scim(&fake).remove_member(&group_id("g1"), &user_id("u2"))).unwrap());
    assert_eq!(changes(&fake), [BY_PATH, BY_VALUE]);
}

/// A late answer from before an earlier removal is no reason to bring anybody back.
#[test]
fn who_was_removed_before_is_not_put_back() {
    let group = |members: &[&str]| {
        let members: Vec<String> =
            members.iter().map(|id| format!(r#"{{"value":"{id}"}}"#)).collect();
        reply(
            200,
            format!(r#"{{"id":"g1","displayName":"Support","members":[{}]}}"#, members.join(",")),
        )
    };
    let fake = FakePlatform::replying([
        group(&["u1", "u2"]),
        reply(204, ""),
        group(&["u2"]),
        group(&["u1", "u2"]),
        reply(204, ""),
        group(&[]),
        group(&["u1", "u2"]),
        reply(204, ""),
        group(&["u1", "u3"]),
    ]);
    let scim = scim(&fake);
    for user in ["u1", "u2"] {
        assert!(fake.run(scim.remove_member(&group_id("g1"), &user_id(user))).unwrap());
    }
    // Nor that somebody is in it still who comes back.
    let users = [user_id("u1"), user_id("u3")];
    assert_eq!(fake.run(scim.add_members(&group_id("g1"), &users)).unwrap(), [true, true]);
}
