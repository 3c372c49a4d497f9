//! Deletion by age. The server's clock says 5 March 2026.

use super::*;
use crate::http::Method;
use crate::lifecycle::testing::{FakeV1, State};

fn disabled(updated_at: &str) -> State {
    State { disabled: true, updated_at: updated_at.into(), ..State::default() }
}

fn deprovisioned(server: &FakeV1, days: u32, since: Option<&str>) -> Deprovisioned {
    let departure = Departure {
        disabled_since: since.map(|since| parse_iso(since).expect("a time")),
        minimum_admins: 0,
        ..departure(Mode::DeleteOnceDisabled(days))
    };
    server.fake.run(deprovision(&server.directory(), &departure, 0)).expect("no failure")
}

#[test]
fn an_account_is_deleted_once_it_was_disabled_for_the_days() {
    for (days, since, expected) in [
        (30, "2026-02-03T00:00:00Z", DeprovisionOutcome::Deleted),
        (30, "2026-02-03T00:00:01Z", DeprovisionOutcome::AlreadyDeactivated),
        (1, "2026-03-04T01:00:00+01:00", DeprovisionOutcome::Deleted),
        (3650, "2026-02-03T00:00:00Z", DeprovisionOutcome::AlreadyDeactivated),
        // A date that is still to come.
        (1, "2027-01-01T00:00:00Z", DeprovisionOutcome::AlreadyDeactivated),
    ] {
        let server = FakeV1::new(disabled("2026-01-01T00:00:00Z"));
        let done = deprovisioned(&server, days, Some(since));
        assert_eq!(done.outcome, expected, "{days} days since {since}");
        let is_deleted = expected == DeprovisionOutcome::Deleted;
        assert_eq!(server.state.borrow().exists, !is_deleted);
        assert_eq!(done.deletion_due.is_none(), is_deleted);
    }
}

/// The date of the last change may be that of any edit, however long ago.
#[test]
fn without_a_date_nothing_is_deleted_and_it_says_why() {
    for updated_at in ["2020-01-01T00:00:00Z", "2026-03-04T23:59:59Z", "some time ago", ""] {
        let server = FakeV1::new(disabled(updated_at));
        let done = deprovisioned(&server, 1, None);
        assert_eq!(done.outcome, DeprovisionOutcome::AlreadyDeactivated);
        assert_eq!(done.deletion_due, None);
        let [remaining] = &done.remaining[..] else { panic!("{:?}", done.remaining) };
        assert!(remaining.contains("disabled-since"), "{remaining}");
        assert_eq!(server.count(Method::Delete), 0);
        assert!(done.writes.is_empty());
    }
}

/// An edit after the date may have enabled the account, so the days count from it again.
#[test]
fn a_later_edit_restarts_the_count() {
    let server = FakeV1::new(disabled("2026-03-01T00:00:00Z"));
    let done = deprovisioned(&server, 30, Some("2025-01-01T00:00:00Z"));
    assert_eq!(done.outcome, DeprovisionOutcome::AlreadyDeactivated);
    assert_eq!(done.deletion_due.as_deref(), Some("2026-03-31T00:00:00.000Z"));
}

#[test]
fn the_date_is_in_the_result_if_the_write_moved_it() {
    for (dates, mode) in [
        (true, Mode::Disable),
        (true, Mode::DisableAndStripGroups),
        (true, Mode::DeleteOnceDisabled(1)),
        (false, Mode::Disable),
        (false, Mode::DeleteOnceDisabled(1)),
    ] {
        let mut state = State::default();
        state.server.dates = dates;
        let server = FakeV1::new(state);
        let departure = Departure { minimum_admins: 0, ..departure(mode) };
        let done = server.fake.run(deprovision(&server.directory(), &departure, 0));
        let done = done.expect("no failure");
        assert_eq!(done.outcome, DeprovisionOutcome::Deactivated);
        let since = done.tombstone.expect("a tombstone").disabled_since;
        let moved = dates.then_some("2026-03-04T00:00:00.000Z");
        assert_eq!(since.as_deref(), moved, "{mode:?}");
        let is_by_age = mode == Mode::DeleteOnceDisabled(1);
        let due = moved.filter(|_| is_by_age).map(|_| "2026-03-05T00:00:00.000Z");
        assert_eq!(done.deletion_due.as_deref(), due);
        assert_eq!(done.remaining.len(), usize::from(is_by_age && !dates), "{:?}", done.remaining);
    }
}

/// A repetition right after the first call deletes nothing, whatever the date of the record says.
#[test]
fn the_repetition_does_not_delete_what_the_first_call_disabled() {
    for dates in [false, true] {
        let mut state = State { updated_at: "2020-01-01T00:00:00Z".into(), ..State::default() };
        state.server.dates = dates;
        let server = FakeV1::new(state);
        let first = deprovisioned(&server, 30, None);
        assert_eq!(first.outcome, DeprovisionOutcome::Deactivated);
        let since = first.tombstone.and_then(|tombstone| tombstone.disabled_since);
        for since in [None, since] {
            let again = deprovisioned(&server, 30, since.as_deref());
            assert_eq!(again.outcome, DeprovisionOutcome::AlreadyDeactivated);
        }
        assert_eq!(server.count(Method::Delete), 0);
    }
}

#[test]
fn a_date_is_not_used_for_an_account_that_is_enabled() {
    let server = FakeV1::new(State::default());
    let done = deprovisioned(&server, 1, Some("2020-01-01T00:00:00Z"));
    assert_eq!(done.outcome, DeprovisionOutcome::Deactivated);
    assert_eq!(done.deletion_due.as_deref(), Some("2026-03-05T00:00:00.000Z"));
    assert_eq!(server.count(Method::Delete), 0);
}

#[test]
fn without_the_servers_clock_nothing_is_deleted() {
    let mut state = disabled("2026-01-01T00:00:00Z");
    state.server.clock = None;
    let server = FakeV1::new(state);
    let done = deprovisioned(&server, 1, Some("2020-01-01T00:00:00Z"));
    assert_eq!(done.outcome, DeprovisionOutcome::AlreadyDeactivated);
    assert_eq!((done.remaining.len(), server.count(Method::Delete)), (1, 0));
}
