//! Adding members.

use super::server::{Behaviour, Effect, changes, server};
use super::*;
use crate::error::Code;
use crate::retool::WriteDirectory;
use crate::retool::read_back::READINGS;

fn ids(values: &[&str]) -> Vec<UserId> {
    values.iter().map(|value| user_id(value)).collect()
}

const BOTH: &str = r#"[{"op":"add","path":"members","value":[{"value":"u2"},{"value":"u3"}]}]"#;

#[test]
fn many_are_added_at_once_and_read_back() {
    let (fake, members) = server(&["u1"], Behaviour::default());
    let users = ids(&["u1", "u2", "u3", "u2"]);
    let new = fake.run(scim(&fake).add_members(&group_id("g1"), &users)).unwrap();
    assert_eq!(new, [false, true, true, false]);
    assert_eq!(*members.borrow(), ["u1", "u2", "u3"]);
    assert_eq!(changes(&fake), [BOTH]);
    assert_eq!(fake.sent().len(), 3);
}

#[test]
fn who_is_in_it_is_not_added_again() {
    let (fake, _) = server(&["u1"], Behaviour::default());
    let scim = scim(&fake);
    assert!(!fake.run(scim.add_member(&group_id("g1"), &user_id("u1"))).unwrap());
    assert!(fake.run(scim.add_member(&group_id("g1"), &user_id("u2"))).unwrap());
    assert_eq!(changes(&fake).len(), 1);
}

#[test]
fn a_server_that_takes_one_at_a_time_gets_one_at_a_time() {
    for (add, sent) in [(Effect::RefusesMany, 3), (Effect::TakesOne, 2)] {
        let (fake, members) = server(&["u1"], Behaviour { add, ..Behaviour::default() });
        let new = fake.run(scim(&fake).add_members(&group_id("g1"), &ids(&["u2", "u3"]))).unwrap();
        assert_eq!(new, [true, true]);
        assert_eq!(*members.borrow(), ["u1", "u2", "u3"]);
        assert_eq!(changes(&fake)[0], BOTH);
        assert_eq!(changes(&fake).len(), sent);
    }
}

#[test]
fn hundreds_come_in_batches() {
    let (fake, members) = server(&[], Behaviour::default());
    let users: Vec<UserId> = (0..250).map(|n| user_id(&format!("u{n}"))).collect();
    let new = fake.run(scim(&fake).add_members(&group_id("g1"), &users)).unwrap();
    assert!(new.iter().all(|new| *new));
    assert_eq!((members.borrow().len(), changes(&fake).len()), (250, 3));
}

#[test]
fn what_shows_late_is_waited_for_and_what_never_does_is_told() {
    let (fake, _) = server(&[], Behaviour { stale: 3, ..Behaviour::default() });
    assert!(fake.run(scim(&fake).add_member(&group_id("g1"), &user_id("u1"))).unwrap());
    assert_eq!(changes(&fake).len(), 1);

    let (fake, _) = server(&[], Behaviour { add: Effect::Ignored, ..Behaviour::default() });
    let error = fake.run(scim(&fake).add_member(&group_id("g1"), &user_id("u1"))).unwrap_err();
    assert_eq!((error.code, error.maybe_applied), (Code::NotVerified, true));
}

#[test]
fn a_lost_answer_is_looked_after() {
    let behaviour = Behaviour::default();
    behaviour.lost.set(1);
    let (fake, members) = server(&["u1"], behaviour);
    assert!(fake.run(scim(&fake).add_member(&group_id("g1"), &user_id("u2"))).unwrap());
    assert_eq!(*members.borrow(), ["u1", "u2"]);
    assert_eq!(changes(&fake).len(), 1);
}

#[test]
fn a_refusal_is_the_servers_own() {
    let (fake, members) =
        server(&["u1"], Behaviour { add: Effect::Refused, ..Behaviour::default() });
    let error = fake.run(scim(&fake).add_member(&group_id("g1"), &user_id("u2"))).unwrap_err();
    assert_eq!((error.code, error.http_status), (Code::ServerRefused, Some(400)));
    assert!(!error.maybe_applied);
    assert_eq!(*members.borrow(), ["u1"]);
}

/// Members must not be lost because somebody joins.
#[test]
fn who_is_pushed_out_is_put_back_and_it_is_told() {
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
fn somebody_who_is_gone_is_not_taken_for_the_group() {
    let group = reply(200, r#"{"id":"g1","displayName":"Support"}"#);
    let fake = FakePlatform::replying([group, refusal(404)]);
    let error = fake.run(scim(&fake).add_member(&group_id("g1"), &user_id("u1"))).unwrap_err();
    assert_eq!((error.code, error.http_status), (Code::ServerRefused, Some(404)));
}

#[test]
fn a_group_that_is_gone_takes_nobody() {
    // It may have been created a moment ago, so it is looked for more than once.
    let fake = FakePlatform::replying((0..READINGS).map(|_| refusal(404)));
    let error = fake.run(scim(&fake).add_member(&group_id("g1"), &user_id("u1"))).unwrap_err();
    assert_eq!((error.code, error.maybe_applied), (Code::GroupNotFound, false));
}
