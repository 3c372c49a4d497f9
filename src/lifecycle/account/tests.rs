use super::*;
use crate::domain::{Dialect, UserId, Write};
use crate::http::Method;
use crate::lifecycle::testing::{ADA, Behaviour, FakeV1, GroupsAs, State};
use crate::retool::WriteDirectory;

fn ada() -> UserId {
    UserId { dialect: Dialect::V1, value: ADA.into() }
}

fn rename() -> UserPatch {
    UserPatch { first_name: Some("Augusta".into()), ..UserPatch::default() }
}

/// A server that drops memberships with every PUT.
fn resetting(behaviour: impl FnOnce(&mut Behaviour)) -> FakeV1 {
    let mut state = State::default();
    state.server.resets = true;
    behaviour(&mut state.server);
    FakeV1::new(state)
}

/// Changes the user in one session. Returns the result, and the writes that were recorded.
fn changed(
    server: &FakeV1,
    directory: &dyn Directory,
    patch: &UserPatch,
    dropped: Dropped,
) -> (Result<Changed>, Vec<Write>) {
    let mut write_log = WriteLog::at(0);
    let result = server.fake.run(async {
        let account = directory.read_user(&ada()).await?.expect("Ada");
        let account = with_memberships_at_risk(directory, account).await?.expect("Ada");
        let kind = WriteKind::UserUpdated;
        change_account(directory, &account, patch, kind, dropped, &mut write_log).await
    });
    match result {
        Ok(changed) => (Ok(changed), write_log.into_writes()),
        Err(error) => {
            let error = write_log.attach_writes(error);
            let writes = error.writes.clone();
            (Err(error), writes)
        }
    }
}

/// Returns the writes as lines, such as `+ Support` for an addition.
fn lines(writes: &[Write]) -> Vec<String> {
    let line = |write: &Write| {
        let sign = match write.kind {
            WriteKind::MemberAdded => "+",
            WriteKind::MemberRemoved => "-",
            _ => "updated",
        };
        let group = write.group.as_deref().unwrap_or_default();
        let doubt = if write.confirmed { "" } else { " ?" };
        format!("{sign} {group}{doubt}")
    };
    writes.iter().map(line).collect()
}

#[test]
fn a_change_that_keeps_the_memberships_takes_one_write_and_no_read() {
    let server = FakeV1::new(State::default());
    let (result, writes) = changed(&server, &server.directory(), &rename(), Dropped::PutBack);
    assert_eq!(result.expect("a change").dropped, []);
    assert_eq!(lines(&writes), ["updated "]);
    assert_eq!(server.lines(), ["GET /users/u-ada", "PUT /users/u-ada"]);
}

#[test]
fn memberships_that_a_put_drops_are_put_back_and_reported() {
    for groups_as in [GroupsAs::Objects, GroupsAs::Ids, GroupsAs::Nothing] {
        for short_replies in [false, true] {
            let server = resetting(|behaviour| {
                behaviour.groups_as = groups_as;
                behaviour.short_replies = short_replies;
            });
            let (result, writes) =
                changed(&server, &server.directory(), &rename(), Dropped::PutBack);
            let changed = result.expect("a change");
            assert_eq!(changed.user.first_name.as_deref(), Some("Augusta"), "{groups_as:?}");
            let note = changed.put_back_note().expect("a note");
            assert!(note.contains("Engineering, Support"), "{note}");
            let expected = ["updated ", "- Engineering", "- Support", "+ Engineering", "+ Support"];
            assert_eq!(lines(&writes), expected, "{groups_as:?} {short_replies}");
            let state = server.state.borrow();
            assert_eq!(state.group_names(), ["All Users", "Engineering", "Support"]);
        }
    }
}

#[test]
fn memberships_that_can_not_be_put_back_are_named_and_the_change_is_not_confirmed() {
    for refuses in [&[4][..], &[3, 4]] {
        for groups_as in [GroupsAs::Objects, GroupsAs::Nothing] {
            let server = resetting(|behaviour| {
                behaviour.refuses = refuses.to_vec();
                behaviour.groups_as = groups_as;
            });
            let (result, writes) =
                changed(&server, &server.directory(), &rename(), Dropped::PutBack);
            let error = result.expect_err("lost memberships");
            assert_eq!(error.code, Code::NotVerified);
            assert_eq!(error.subject.as_deref(), Some("ada@example.com"));
            assert!(error.message.contains("Support"), "{}", error.message);
            assert_eq!(error.message.contains("Engineering"), refuses.len() == 2);
            assert_eq!(lines(&writes)[..3], ["updated  ?", "- Engineering", "- Support"]);
            let [tombstone] = &error.tombstones[..] else { panic!("{:?}", error.tombstones) };
            assert_eq!(tombstone.user.groups.as_ref().map(Vec::len), Some(3));
        }
    }
}

#[test]
fn a_call_that_removes_the_memberships_anyway_does_not_put_them_back() {
    let server = resetting(|_| {});
    let (result, writes) = changed(&server, &server.directory(), &rename(), Dropped::Stay);
    let changed = result.expect("a change");
    let dropped: Vec<&str> = changed.dropped.iter().map(GroupLink::label).collect();
    assert_eq!(dropped, ["Engineering", "Support"]);
    assert_eq!(lines(&writes), ["updated ", "- Engineering", "- Support"]);
    assert_eq!(server.count(Method::Post), 0);
}

/// The membership of `admin` follows from the field, so it is not lost with it.
#[test]
fn a_membership_that_follows_from_a_field_is_not_put_back() {
    let demote = UserPatch { admin: Some(false), ..UserPatch::default() };
    for groups_as in [GroupsAs::Objects, GroupsAs::Ids, GroupsAs::Nothing] {
        let mut state = State { admin: true, ..State::default() };
        state.server.groups_as = groups_as;
        let server = FakeV1::new(state);
        let (result, writes) = changed(&server, &server.directory(), &demote, Dropped::PutBack);
        assert_eq!(result.expect("a change").dropped, [], "{groups_as:?}");
        assert_eq!(lines(&writes), ["updated "]);
        assert_eq!(server.count(Method::Post), 0);
    }
}

/// Where the records have no groups, they are read for the first change of a session alone.
#[test]
fn that_a_server_keeps_memberships_is_learned_once() {
    let mut state = State::default();
    state.server.groups_as = GroupsAs::Nothing;
    let server = FakeV1::new(state);
    let directory = server.directory();
    assert!(changed(&server, &directory, &rename(), Dropped::PutBack).0.is_ok());
    let first = server.lines().len();
    assert!(first > 2, "{:?}", server.lines());
    let back = UserPatch { first_name: Some("Ada".into()), ..UserPatch::default() };
    assert!(changed(&server, &directory, &back, Dropped::PutBack).0.is_ok());
    assert_eq!(server.lines()[first..], ["GET /users/u-ada", "PUT /users/u-ada"]);
}

#[test]
fn a_disabled_user_who_is_shown_no_longer_counts_as_disabled() {
    let disable = UserPatch { disabled: Some(true), ..UserPatch::default() };
    for (resets, short_replies) in [(false, true), (true, true), (true, false)] {
        let mut state = State::default();
        (state.server.hides, state.server.resets) = (true, resets);
        state.server.short_replies = short_replies;
        let server = FakeV1::new(state);
        let (result, writes) = changed(&server, &server.directory(), &disable, Dropped::PutBack);
        let changed = result.expect("a change");
        assert!(changed.gone && changed.user.disabled, "{resets} {short_replies}");
        assert!(writes[0].confirmed, "{writes:?}");
    }
    // Another change does not explain that the user is gone.
    let mut state = State { disabled: true, ..State::default() };
    (state.server.hides, state.server.short_replies) = (false, true);
    let server = FakeV1::new(state);
    let own = alloc::rc::Rc::clone(&server.state);
    let directory = server.directory();
    let account = server.fake.run(directory.read_user(&ada())).expect("an answer").expect("Ada");
    own.borrow_mut().server.hides = true;
    let error = server.fake.run(directory.update_user(&account, &rename())).expect_err("gone");
    assert!(!error.gone);
}

#[test]
fn the_date_of_disabling_is_known_only_if_the_write_moved_it() {
    let user = |disabled: bool, updated_at: Option<&str>| {
        let mut user = State { disabled, ..State::default() };
        user.updated_at = updated_at.unwrap_or_default().into();
        let server = FakeV1::new(user);
        let directory = server.directory();
        server.fake.run(directory.read_user(&ada())).expect("an answer").expect("Ada").user
    };
    let was = Some("2026-01-01T00:00:00Z");
    let later = Some("2026-01-01T01:00:00.500+01:00");
    assert_eq!(disabled_since(&user(false, was), later).as_deref(), later);
    for (before, after) in [
        (user(false, was), was),
        (user(false, was), Some("2025-12-31T23:59:59Z")),
        (user(false, was), Some("today")),
        (user(false, was), None),
        (user(false, None), later),
        (user(false, Some("yesterday")), later),
        (user(true, was), later),
    ] {
        assert_eq!(disabled_since(&before, after), None, "{before:?} {after:?}");
    }
}
