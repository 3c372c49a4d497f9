//! Adding members.

use super::*;
use crate::error::Code;
use crate::retool::WriteDirectory;
use crate::retool::read_back::READINGS;
use crate::testing::scim_group::{Behaviour, Effect, changes, server};

fn ids(values: &[&str]) -> Vec<UserId> {
    values.iter().map(|value| user_id(value)).collect()
}

const BOTH: &str = r#"[{"op":"add","path":"members","value":[{"value":"u2"},{"value":"u3"}]}]"#;

#[test]
fn many_members_are_added_at_once_and_read_back() {
    let (fake, members) = server(&["u1"], Behaviour::default());
    let users = ids(&["u1", "u2", "u3", "u2"]);
    let new = fake.run(scim(&fake).add_members(&group_id("g1"), &users)).unwrap();
    assert_eq!(new, [false, true, true, false]);
    assert_eq!(*members.borrow(), ["u1", "u2", "u3"]);
    assert_eq!(changes(&fake), [BOTH]);
    assert_eq!(fake.sent().len(), 3);
}

#[test]
fn existing_members_are_not_added_again() {
    let (fake, _) = server(&["u1"], Behaviour::default());
    let scim = scim(&fake);
    assert!(!fake.run(scim.add_member(&group_id("g1"), &user_id("u1"))).unwrap());
    assert!(fake.run(scim.add_member(&group_id("g1"), &user_id("u2"))).unwrap());
    assert_eq!(changes(&fake).len(), 1);
}

#[test]
fn members_are_added_one_by_one_if_the_server_requires_it() {
    // A refused form is followed by the other one, and then by one user at a time.
    for (add, sent) in [(Effect::RefusesMany, 4), (Effect::TakesOne, 2)] {
        let (fake, members) = server(&["u1"], Behaviour { add, ..Behaviour::default() });
        let new = fake.run(scim(&fake).add_members(&group_id("g1"), &ids(&["u2", "u3"]))).unwrap();
        assert_eq!(new, [true, true]);
        assert_eq!(*members.borrow(), ["u1", "u2", "u3"]);
        assert_eq!(changes(&fake)[0], BOTH);
        assert_eq!(changes(&fake).len(), sent);
    }
}

#[test]
fn an_addition_without_a_path_is_tried_if_the_one_with_a_path_has_no_effect() {
    for (add, first) in [(Effect::Refused, 2), (Effect::Unknown, 2), (Effect::Ignored, 2)] {
        let add_by_value = Some(Effect::Works);
        let behaviour = Behaviour { add, add_by_value, ..Behaviour::default() };
        let (fake, members) = server(&["u1"], behaviour);
        let scim = scim(&fake);
        let new = fake.run(scim.add_members(&group_id("g1"), &ids(&["u2", "u3"]))).unwrap();
        assert_eq!((new, changes(&fake).len()), (Vec::from([true, true]), first));
        assert_eq!(
            changes(&fake)[1],
            r#"[{"op":"add","value":{"members":[{"value":"u2"},{"value":"u3"}]}}]"#
        );
        // The next addition begins with the form that worked.
        assert!(fake.run(scim.add_member(&group_id("g1"), &user_id("u4"))).unwrap());
        assert_eq!(changes(&fake).len(), first + 1);
        assert_eq!(*members.borrow(), ["u1", "u2", "u3", "u4"]);
    }
}

#[test]
fn hundreds_of_members_are_added_in_batches() {
    let (fake, members) = server(&[], Behaviour::default());
    let users: Vec<UserId> = (0..250).map(|n| user_id(&format!("u{n}"))).collect();
    let new = fake.run(scim(&fake).add_members(&group_id("g1"), &users)).unwrap();
    assert!(new.iter().all(|new| *new));
    assert_eq!((members.borrow().len(), changes(&fake).len()), (250, 3));
}

#[test]
fn a_late_addition_is_waited_for_and_a_missing_one_is_an_error() {
    let (fake, _) = server(&[], Behaviour { stale: 3, ..Behaviour::default() });
    assert!(fake.run(scim(&fake).add_member(&group_id("g1"), &user_id("u1"))).unwrap());
    assert_eq!(changes(&fake).len(), 1);

    let (fake, _) = server(&[], Behaviour { add: Effect::Ignored, ..Behaviour::default() });
    let error = fake.run(scim(&fake).add_member(&group_id("g1"), &user_id("u1"))).unwrap_err();
    assert_eq!((error.code, error.maybe_applied), (Code::NotVerified, true));
}

#[test]
fn after_a_lost_reply_the_group_is_read_before_a_retry() {
    let behaviour = Behaviour::default();
    behaviour.lost.set(1);
    let (fake, members) = server(&["u1"], behaviour);
    assert!(fake.run(scim(&fake).add_member(&group_id("g1"), &user_id("u2"))).unwrap());
    assert_eq!(*members.borrow(), ["u1", "u2"]);
    assert_eq!(changes(&fake).len(), 1);
}

#[test]
fn a_refused_addition_is_an_error() {
    let (fake, members) =
        server(&["u1"], Behaviour { add: Effect::Refused, ..Behaviour::default() });
    let error = fake.run(scim(&fake).add_member(&group_id("g1"), &user_id("u2"))).unwrap_err();
    assert_eq!((error.code, error.http_status), (Code::ServerRefused, Some(400)));
    assert!(!error.maybe_applied);
    assert_eq!(*members.borrow(), ["u1"]);
}

/// An addition must not remove other members.
#[test]
fn members_removed_by_an_addition_are_put_back_and_reported() {
    let behaviour = Behaviour { add: Effect::Replaces, ..Behaviour::default() };
    let (fake, members) = server(&["u1", "u2"], behaviour);
    let error = fake.run(scim(&fake).add_member(&group_id("g1"), &user_id("u3"))).unwrap_err();
    assert_eq!((error.code, error.maybe_applied), (Code::NotVerified, true));
    assert!(error.message.contains("emptied"), "{}", error.message);
    let mut now = members.borrow().clone();
    now.sort();
    assert_eq!(now, ["u1", "u2", "u3"]);
}

#[test]
fn a_missing_user_is_not_reported_as_a_missing_group() {
    let group = reply(200, r#"{"id":"g1","displayName":"Support"}"#);
    let fake = FakePlatform::replying([group, refusal(404)]);
    let error = fake.run(scim(&fake).add_member(&group_id("g1"), &user_id("u1"))).unwrap_err();
    assert_eq!((error.code, error.http_status), (Code::ServerRefused, Some(404)));
}

#[test]
fn adding_to_a_deleted_group_is_an_error() {
    // The group may have been created a moment ago, so it is read more than once.
    let fake = FakePlatform::replying((0..READINGS).map(|_| refusal(404)));
    let error = fake.run(scim(&fake).add_member(&group_id("g1"), &user_id("u1"))).unwrap_err();
    assert_eq!((error.code, error.maybe_applied), (Code::GroupNotFound, false));
}

/// The group's record shows the first members only, so one of them is not shown any more.
#[test]
fn an_addition_is_seen_in_the_record_of_the_user_and_nobody_is_put_back() {
    for listed in [0, 1, 2] {
        let behaviour = Behaviour { listed, ..Behaviour::default() };
        let (fake, members) = server(&["u1", "u2"], behaviour);
        members.borrow_mut().rotate_left(1);
        let directory = scim(&fake);
        let add = |ids: &[&str]| {
            let ids: Vec<_> = ids.iter().map(|id| user_id(id)).collect();
            fake.run(directory.add_members(&group_id("g1"), &ids))
        };
        assert_eq!(add(&["u3", "u4"]).unwrap(), [true, true], "{listed}");
        assert_eq!(members.borrow().len(), 4);
    }
}

/// One of the users was in the group before, which its record does not show. That they are in it
/// does not prove that the server understood the form.
#[test]
fn a_member_of_before_is_no_proof_that_a_form_works() {
    let behaviour = Behaviour {
        listed: 1,
        add: Effect::Ignored,
        add_by_value: Some(Effect::Works),
        ..Behaviour::default()
    };
    let (fake, members) = server(&["u1", "u2"], behaviour);
    let added = fake.run(scim(&fake).add_members(&group_id("g1"), &ids(&["u2", "u3"])));
    assert!(added.is_ok(), "{added:?}");
    assert_eq!(*members.borrow(), ["u1", "u2", "u3"]);
}

#[test]
fn a_form_that_is_not_implemented_is_sent_once() {
    let behaviour = Behaviour {
        add: Effect::Unknown,
        add_by_value: Some(Effect::Refused),
        ..Behaviour::default()
    };
    let (fake, _) = server(&["u1"], behaviour);
    let scim = scim(&fake);
    for user in ["u2", "u3"] {
        fake.run(scim.add_member(&group_id("g1"), &user_id(user))).unwrap_err();
    }
    let with_path = changes(&fake).iter().filter(|change| change.contains("path")).count();
    assert_eq!((with_path, changes(&fake).len()), (1, 3));
}
