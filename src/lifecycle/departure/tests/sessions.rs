//! Sessions are ended right after disabling, and again by a repetition.

use core::cell::RefCell;

use super::*;
use crate::domain::Write;

/// How the server answers a logout, and the removal from the second group.
#[derive(Clone, Copy)]
struct Answers {
    logout: u16,
    second_group: u16,
}

/// A server with Ada in two groups, both of which she administers.
fn server(answers: Answers, active: bool) -> FakePlatform {
    let state = Rc::new(RefCell::new((active, Vec::from([4, 5]))));
    let account = |active: bool, groups: &[u32]| {
        let links: Vec<String> =
            groups.iter().map(|id| format!(r#"{{"id":{id},"name":"G{id}"}}"#)).collect();
        account(active).replace("[]", &format!("[{}]", links.join(",")))
    };
    let group = |id: &str, is_in: bool| {
        let member = r#"{"id":"user_1","is_group_admin":true}"#;
        let members = if is_in { member } else { "" };
        format!(r#"{{"id":{id},"name":"G{id}","members":[{members}],"user_invites":[]}}"#)
    };
    FakePlatform::new(move |request| {
        let (active, groups) = &mut *state.borrow_mut();
        let path = request.path_and_query.split('?').next().unwrap_or_default();
        let segments: Vec<&str> = path.trim_start_matches("/api/v2/").split('/').collect();
        match (request.method, &segments[..]) {
            (Method::Get, ["users"]) => list(&account(*active, groups).replace("groups", "x")),
            (Method::Get, ["users", _]) => one(&account(*active, groups)),
            (Method::Patch, ["users", _]) => {
                *active = false;
                one(&account(false, groups))
            }
            (Method::Post, ["users", _, "logout"]) => Reply::json(answers.logout, "{}"),
            (Method::Get, ["user_invites"]) => list(""),
            (Method::Get, ["groups", id]) => {
                one(&group(id, groups.iter().any(|own| own.to_string() == *id)))
            }
            (Method::Delete, ["groups", id, "members", _]) => {
                if *id == "5" && answers.second_group != 200 {
                    return Reply::json(answers.second_group, "{}");
                }
                groups.retain(|own| own.to_string() != *id);
                one(&group(id, false))
            }
            (method, _) => panic!("{method:?} {path}"),
        }
    })
}

fn kinds(writes: &[Write]) -> Vec<WriteKind> {
    writes.iter().map(|write| write.kind).collect()
}

fn strip(fake: &FakePlatform) -> Result<Deprovisioned> {
    fake.run(deprovision(&v2(fake), &departure(Mode::DisableAndStripGroups), 0))
}

#[test]
fn sessions_are_ended_before_the_groups_are_left() {
    use WriteKind::{MemberRemoved, SessionsEnded, UserDisabled};
    let fake = server(Answers { logout: 200, second_group: 200 }, true);
    let done = strip(&fake).expect("no failure");
    assert_eq!(kinds(&done.writes), [UserDisabled, SessionsEnded, MemberRemoved, MemberRemoved]);
    assert!(done.remaining.is_empty());
    let groups = done.tombstone.and_then(|tombstone| tombstone.user.groups).expect("groups");
    assert!(groups.iter().all(|group| group.group_admin == Some(true)), "{groups:?}");

    // The second group can't be left. The sessions are ended nevertheless.
    let fake = server(Answers { logout: 200, second_group: 403 }, true);
    let error = strip(&fake).expect_err("a refusal");
    assert_eq!(kinds(&error.writes), [UserDisabled, SessionsEnded, MemberRemoved]);
    assert_eq!(error.tombstones.len(), 1);
}

#[test]
fn a_repetition_ends_the_sessions_again() {
    for mode in
        [Mode::Disable, Mode::DisableAndStripGroups, Mode::Delete, Mode::DeleteOnceDisabled(3)]
    {
        let fake = server(Answers { logout: 200, second_group: 200 }, false);
        let done = fake.run(deprovision(&v2(&fake), &departure(mode), 0)).expect("no failure");
        assert_eq!(done.outcome, DeprovisionOutcome::AlreadyDeactivated, "{mode:?}");
        assert_eq!(done.writes.first().map(|write| write.kind), Some(WriteKind::SessionsEnded));
    }
}

#[test]
fn what_could_not_be_done_about_sessions_is_said() {
    // The last server has no such request.
    for (logout, said) in [(403, "forbidden"), (422, "server-refused"), (404, "no request")] {
        for active in [true, false] {
            let fake = server(Answers { logout, second_group: 200 }, active);
            let done = fake.run(deprovision(&v2(&fake), &departure(Mode::Disable), 0));
            let done = done.expect("no failure");
            let [remaining] = &done.remaining[..] else { panic!("{:?}", done.remaining) };
            assert!(remaining.contains("sessions") && remaining.contains(said), "{remaining}");
            assert!(remaining.contains("ada@example.com"), "{remaining}");
            assert!(!kinds(&done.writes).contains(&WriteKind::SessionsEnded));
        }
    }
    // Also if the call fails after that.
    let fake = server(Answers { logout: 403, second_group: 403 }, true);
    let error = strip(&fake).expect_err("a refusal");
    assert!(error.message.contains("sessions"), "{}", error.message);
}
