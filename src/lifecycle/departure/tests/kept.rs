//! Accounts that the server keeps or shows no longer, whatever it answered.

use super::*;
use crate::http::Method;
use crate::lifecycle::testing::{FakeV1, State};

fn deprovisioned(server: &FakeV1, mode: Mode) -> Deprovisioned {
    let departure = Departure { minimum_admins: 0, ..departure(mode) };
    server.fake.run(deprovision(&server.directory(), &departure, 0)).expect("no failure")
}

#[test]
fn a_deletion_that_only_disables_ends_as_already_deactivated_when_repeated() {
    let mut state = State::default();
    state.server.deletes = false;
    let server = FakeV1::new(state);
    let first = deprovisioned(&server, Mode::Delete);
    assert_eq!(first.outcome, DeprovisionOutcome::Deactivated);
    for call in 2..5 {
        let again = deprovisioned(&server, Mode::Delete);
        assert_eq!(again.outcome, DeprovisionOutcome::AlreadyDeactivated);
        let [remaining] = &again.remaining[..] else { panic!("{:?}", again.remaining) };
        assert!(remaining.contains("only disable"), "{remaining}");
        // Nothing is visible of this deletion, so it is not reported as confirmed.
        let [write] = &again.writes[..] else { panic!("{:?}", again.writes) };
        assert_eq!((write.kind, write.confirmed), (WriteKind::UserDeleted, false));
        assert_eq!(server.count(Method::Delete), call, "once in a call");
    }
}

/// A session that saw a deletion only disable does not ask for another one of a disabled account.
#[test]
fn that_deletions_only_disable_is_learned_once() {
    let mut state = State::default();
    state.server.deletes = false;
    let server = FakeV1::new(state);
    let directory = server.directory();
    let departure = Departure { minimum_admins: 0, ..departure(Mode::Delete) };
    for outcome in [DeprovisionOutcome::Deactivated, DeprovisionOutcome::AlreadyDeactivated] {
        let done = server.fake.run(deprovision(&directory, &departure, 0)).expect("no failure");
        assert_eq!(done.outcome, outcome);
    }
    assert_eq!(server.count(Method::Delete), 1);
}

#[test]
fn a_disabled_account_that_is_deleted_is_gone() {
    let server = FakeV1::new(State { disabled: true, ..State::default() });
    assert_eq!(deprovisioned(&server, Mode::Delete).outcome, DeprovisionOutcome::Deleted);
    assert_eq!(deprovisioned(&server, Mode::Delete).outcome, DeprovisionOutcome::AlreadyGone);
}

#[test]
fn an_account_that_is_hidden_once_disabled_is_disabled_and_then_gone() {
    for mode in [Mode::Disable, Mode::DisableAndStripGroups, Mode::DeleteOnceDisabled(1)] {
        let mut state = State::default();
        (state.server.hides, state.server.short_replies) = (true, true);
        let server = FakeV1::new(state);
        let done = deprovisioned(&server, mode);
        assert_eq!(done.outcome, DeprovisionOutcome::Deactivated, "{mode:?}");
        let write = &done.writes[0];
        assert_eq!((write.kind, write.confirmed), (WriteKind::UserDisabled, true));
        assert!(done.remaining[0].contains("hides or deletes"), "{:?}", done.remaining);
        let tombstone = done.tombstone.expect("a tombstone");
        assert_eq!(tombstone.disabled_since, None);
        assert_eq!(tombstone.user.groups.map(|groups| groups.len()), Some(3));
        assert_eq!(deprovisioned(&server, mode).outcome, DeprovisionOutcome::AlreadyGone);
    }
}

/// The groups that the PUT dropped are as good as left, and are reported.
#[test]
fn a_strip_reports_the_groups_that_a_put_dropped() {
    let mut state = State::default();
    state.server.resets = true;
    let server = FakeV1::new(state);
    let done = deprovisioned(&server, Mode::DisableAndStripGroups);
    let left: Vec<&str> = done.groups_removed.iter().map(GroupLink::label).collect();
    assert_eq!(left, ["All Users", "Engineering", "Support"]);
    assert!(server.state.borrow().group_names().is_empty());
    assert_eq!(server.count(Method::Post), 0);

    // A call that leaves the memberships puts them back.
    let mut state = State::default();
    state.server.resets = true;
    let server = FakeV1::new(state);
    let done = deprovisioned(&server, Mode::Disable);
    assert!(done.remaining.iter().any(|line| line.contains("put back")), "{:?}", done.remaining);
    let state = server.state.borrow();
    assert_eq!(state.group_names(), ["All Users", "Engineering", "Support"]);
}
