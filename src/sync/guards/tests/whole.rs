use super::{assert_guard, group_of, leavers};
use crate::sync::{AbsentPolicy, Guard};
use crate::testing::plan::{named, plan};

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

#[test]
fn a_plan_on_an_incomplete_listing_removes_no_user() {
    for absent in [AbsentPolicy::Disable, AbsentPolicy::Delete] {
        let (request, mut actual) = leavers(4, 1, absent);
        let complete = plan(&request, &actual);
        assert_guard(&complete, Guard::IncompleteSnapshot, 0, 0, false);
        actual.complete = false;
        let incomplete = plan(&request, &actual);
        assert_guard(&incomplete, Guard::IncompleteSnapshot, 0, 1, true);
    }

    let (mut request, mut actual) = group_of(4, 1);
    actual.complete = false;
    let removed = plan(&request, &actual);
    assert_guard(&removed, Guard::IncompleteSnapshot, 0, 1, true);

    request.roster[0].groups = named(&["Sales"]);
    request.roster[0].fields.first_name = Some("New".into());
    let updated = plan(&request, &actual);
    assert_guard(&updated, Guard::IncompleteSnapshot, 0, 0, false);
    assert_eq!(updated.steps.len(), 1);
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
