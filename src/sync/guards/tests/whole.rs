use super::{assert_guard, group_of, leavers};
use crate::sync::guards::incomplete_snapshot;
use crate::sync::{AbsentPolicy, Guard, RefusalReason};
use crate::testing::plan::plan;

#[test]
fn an_empty_roster_is_refused_whatever_happens_to_absent_people() {
    for absent in [AbsentPolicy::Keep, AbsentPolicy::Disable, AbsentPolicy::Delete] {
        let (mut request, actual) = leavers(3, 3, absent);
        assert_guard(&plan(&request, &actual), Guard::EmptyRoster, 1, 0, true);
        request.policy.guards.allow_empty_roster = true;
        let allowed = plan(&request, &actual);
        assert_guard(&allowed, Guard::EmptyRoster, 0, 0, false);
        assert_eq!(allowed.steps.is_empty(), absent == AbsentPolicy::Keep);
    }
    let (request, actual) = leavers(3, 2, AbsentPolicy::Keep);
    assert_guard(&plan(&request, &actual), Guard::EmptyRoster, 1, 1, false);
}

/// Everything that is not based on absence goes on.
#[test]
fn a_plan_on_an_incomplete_listing_removes_no_user() {
    for absent in [AbsentPolicy::Disable, AbsentPolicy::Delete] {
        let (mut request, mut actual) = leavers(4, 1, absent);
        request.roster[0].fields.first_name = Some("New".into());
        let complete = plan(&request, &actual);
        assert_guard(&complete, Guard::IncompleteSnapshot, 0, 0, false);
        assert_eq!(complete.steps.len(), 2);
        actual.complete = false;
        let incomplete = plan(&request, &actual);
        assert_guard(&incomplete, Guard::IncompleteSnapshot, 0, 0, false);
        assert_eq!(incomplete.steps.len(), 1, "the update");
        let reasons: Vec<_> = incomplete.refusals.iter().map(|refusal| refusal.reason).collect();
        assert_eq!(reasons, [RefusalReason::ListingIncomplete]);
        // The guard holds whatever makes the steps.
        assert!(incomplete_snapshot(false, complete.steps.len()).tripped);
        assert!(!incomplete_snapshot(true, complete.steps.len()).tripped);
    }
    let (request, mut actual) = group_of(4, 1);
    actual.complete = false;
    let removed = plan(&request, &actual);
    assert_guard(&removed, Guard::IncompleteSnapshot, 0, 0, false);
    assert_eq!(removed.steps.len(), 1, "the person is on the roster, and not in this group");
}

#[test]
fn guards_on_the_whole_plan_are_always_reported() {
    let (request, actual) = leavers(4, 0, AbsentPolicy::Keep);
    let guards: Vec<_> = plan(&request, &actual).guards.iter().map(|report| report.guard).collect();
    assert_eq!(
        guards,
        [
            Guard::UserRemovals,
            Guard::MembershipRemovals,
            Guard::Creations,
            Guard::Promotions,
            Guard::ReEnablements,
            Guard::Updates,
            Guard::MinimumAdmins,
            Guard::EmptyRoster,
            Guard::IncompleteSnapshot,
        ]
    );
}
