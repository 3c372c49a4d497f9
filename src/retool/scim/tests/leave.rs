//! Removing members, on servers with different behaviours.

use alloc::rc::Rc;
use core::cell::Cell;

use super::*;
use crate::error::{Code, Result};
use crate::http::Method;
use crate::retool::WriteDirectory;
use crate::testing::scim_group::{Behaviour, Effect, Members, changes, server};

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
fn a_user_who_is_not_a_member_is_not_removed() {
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
        // A refused form needs no reading, an ignored one needs five.
        assert_eq!(fake.sent().len(), if by_path == Effect::Refused { 4 } else { 9 });
    }
    let (removed, _, _) = remove(Behaviour { by_path: Effect::Unknown, ..Behaviour::default() });
    assert!(removed.unwrap());
}

#[test]
fn the_form_that_works_is_remembered() {
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
fn a_removal_that_no_form_achieves_is_an_error() {
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
fn members_of_an_emptied_group_are_put_back_and_it_is_reported() {
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
        assert_eq!(*members.borrow(), ["u1", "u3"], "the user to remove is not in it");
        let last = changes(&fake).pop().unwrap();
        assert_eq!(
            last,
            r#"[{"op":"add","path":"members","value":[{"value":"u1"},{"value":"u3"}]}]"#
        );
    }
}

#[test]
fn after_two_emptied_groups_removals_are_refused() {
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
fn members_who_can_not_be_put_back_are_named() {
    let behaviour =
        Behaviour { by_path: Effect::Replaces, add: Effect::Refused, ..Behaviour::default() };
    let (removed, _, _) = remove(behaviour);
    let error = removed.unwrap_err();
    assert_eq!(error.code, Code::NotVerified);
    assert!(error.message.ends_with("put them back in Retool: u1, u3."), "{}", error.message);
}

#[test]
fn removing_the_last_member_leaves_an_empty_group() {
    for by_path in [Effect::Works, Effect::Replaces] {
        let (fake, members) = server(&["u2"], Behaviour { by_path, ..Behaviour::default() });
        assert!(fake.run(scim(&fake).remove_member(&group_id("g1"), &user_id("u2"))).unwrap());
        assert!(members.borrow().is_empty());
    }
}

/// Another administrator may have removed them, and this must not be undone.
#[test]
fn members_who_disappear_at_the_same_time_are_reported_and_not_put_back() {
    let (removed, fake, members) =
        remove(Behaviour { by_path: Effect::TakesAlong, ..Behaviour::default() });
    let error = removed.unwrap_err();
    assert_eq!((error.code, error.maybe_applied), (Code::NotVerified, true));
    assert!(error.message.contains("The person left the group"), "{}", error.message);
    assert!(error.message.ends_with("Retool: u3."), "{}", error.message);
    assert_eq!(*members.borrow(), ["u1"]);
    assert_eq!(changes(&fake), [BY_PATH]);
}

/// The removal of the others may have been intended, and they must not get their rights back.
#[test]
fn a_group_that_still_contains_the_user_does_not_count_as_emptied() {
    let (removed, fake, members) =
        remove(Behaviour { by_path: Effect::OthersGo, ..Behaviour::default() });
    let error = removed.unwrap_err();
    assert_eq!((error.code, error.maybe_applied), (Code::NotVerified, true));
    assert!(error.message.ends_with("Retool: u1, u3."), "{}", error.message);
    assert_eq!(*members.borrow(), ["u2"]);
    assert_eq!(changes(&fake), [BY_PATH]);
}

#[test]
fn a_late_removal_is_waited_for() {
    let (removed, fake, _) = remove(Behaviour { stale: 3, ..Behaviour::default() });
    assert!(removed.unwrap());
    assert_eq!(changes(&fake), [BY_PATH]);
}

/// A removal that is not visible yet must not lead to a form that may remove more.
#[test]
fn without_time_to_wait_no_other_form_is_tried() {
    let behaviour = Behaviour { stale: 9, by_value: Effect::Replaces, ..Behaviour::default() };
    let (fake, members) = server(&["u1", "u2", "u3"], behaviour);
    let settings = Settings { deadline_ms: 1_000, ..Settings::default() };
    let scim = Scim::new(client(&fake, settings), Some(Base::Scim));
    let removed = fake.run(scim.remove_member(&group_id("g1"), &user_id("u2")));
    let error = removed.unwrap_err();
    assert_eq!((error.code, error.maybe_applied), (Code::DeadlineExceeded, true));
    assert!(!error.is_permanent(), "it may hold");
    assert_eq!(*members.borrow(), ["u1", "u3"]);
    assert_eq!(changes(&fake), [BY_PATH]);
}

#[test]
fn after_a_lost_reply_the_group_is_read_before_a_retry() {
    for by_path in [Effect::Works, Effect::Replaces] {
        let behaviour = Behaviour { by_path, lost: Rc::new(Cell::new(1)), ..Behaviour::default() };
        let (removed, fake, members) = remove(behaviour);
        assert_eq!(removed.is_ok(), by_path == Effect::Works);
        assert_eq!(*members.borrow(), ["u1", "u3"]);
        assert_eq!(changes(&fake)[0], BY_PATH);
    }
    // Not applied, so the same form is sent again.
    let behaviour =
        Behaviour { by_path: Effect::Ignored, lost: Rc::new(Cell::new(1)), ..Behaviour::default() };
    let (removed, fake, _) = remove(behaviour);
    assert!(removed.unwrap());
    assert_eq!(changes(&fake), [BY_PATH, BY_PATH, BY_VALUE]);
}

#[test]
fn after_a_lost_reply_and_a_refusal_the_other_form_is_tried() {
    let behaviour =
        Behaviour { by_path: Effect::Refused, lost: Rc::new(Cell::new(1)), ..Behaviour::default() };
    let (removed, fake, members) = remove(behaviour);
    assert!(removed.unwrap());
    assert_eq!(*members.borrow(), ["u1", "u3"]);
    assert_eq!(changes(&fake), [BY_PATH, BY_PATH, BY_VALUE]);
}

#[test]
fn removal_from_a_group_deleted_meanwhile_returns_false() {
    let group = || reply(200, r#"{"id":"g1","displayName":"Support","members":[{"value":"u2"}]}"#);
    let fake = FakePlatform::replying([group(), refusal(404), refusal(404)]);
    assert!(!fake.run(scim(&fake).remove_member(&group_id("g1"), &user_id("u2"))).unwrap());
    // If the server answers 404 only because it does not support the path, the other form is sent.
    let empty = reply(200, r#"{"id":"g1","displayName":"Support"}"#);
    let fake = FakePlatform::replying([group(), refusal(404), group(), reply(204, ""), empty]);
    assert!(fake.run(scim(&fake).remove_member(&group_id("g1"), &user_id("u2"))).unwrap());
    assert_eq!(changes(&fake), [BY_PATH, BY_VALUE]);
}

/// A reading that shows the state before an earlier removal must not bring a user back.
#[test]
fn a_previously_removed_member_is_not_put_back() {
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
    // Nor does such a reading count as an existing membership when the user is added again.
    let users = [user_id("u1"), user_id("u3")];
    assert_eq!(fake.run(scim.add_members(&group_id("g1"), &users)).unwrap(), [true, true]);
}

/// The group's record shows none or one of its members, and theirs show the group.
#[test]
fn a_member_whom_the_group_does_not_show_is_removed() {
    for listed in [0, 1] {
        let behaviour = Behaviour { listed, ..Behaviour::default() };
        let (fake, members) = server(&["u1", "u2", "u3"], behaviour);
        let directory = scim(&fake);
        let leave = |id| fake.run(directory.remove_member(&group_id("g1"), &user_id(id)));
        assert!(leave("u3").unwrap());
        assert_eq!(*members.borrow(), ["u1", "u2"]);
        assert_eq!(changes(&fake), [r#"[{"op":"remove","path":"members[value eq \"u3\"]"}]"#]);
        assert!(!leave("u3").unwrap(), "neither record shows the membership");
        assert!(leave("u1").unwrap() && leave("u2").unwrap());
        assert!(members.borrow().is_empty());
    }
}

/// The form by value is not tried: its harm to members who are not shown could not be seen.
#[test]
fn a_member_whom_the_group_does_not_show_and_who_stays_is_an_error() {
    for (by_path, code) in
        [(Effect::Ignored, Code::NotVerified), (Effect::Refused, Code::ServerRefused)]
    {
        let behaviour = Behaviour { listed: 1, by_path, ..Behaviour::default() };
        let (fake, members) = server(&["u1", "u2"], behaviour);
        let error = fake.run(scim(&fake).remove_member(&group_id("g1"), &user_id("u2")));
        assert_eq!(error.unwrap_err().code, code);
        assert_eq!((changes(&fake).len(), members.borrow().len()), (1, 2));
    }
}

#[test]
fn a_member_whom_the_group_does_not_show_is_removed_once_after_a_lost_reply() {
    let behaviour = Behaviour { listed: 0, ..Behaviour::default() };
    behaviour.lost.set(1);
    let (fake, members) = server(&["u1", "u2"], behaviour);
    assert!(fake.run(scim(&fake).remove_member(&group_id("g1"), &user_id("u2"))).unwrap());
    assert_eq!((changes(&fake).len(), &members.borrow()[..]), (1, &["u1".to_string()][..]));
}
