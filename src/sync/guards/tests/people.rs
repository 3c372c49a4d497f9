use super::{assert_guard, leavers, report};
use crate::sync::{AbsentPolicy, Guard};
use crate::testing::plan::{account, desired, plan};

#[test]
fn a_tripped_guard_holds_back_every_step() {
    let (mut request, actual) = leavers(100, 6, AbsentPolicy::Disable);
    request.roster.push(desired("new@example.com", &[]));
    let plan = plan(&request, &actual);
    assert_eq!(plan.steps, []);
    assert_eq!(plan.withheld.len(), 7, "creation and disabling alike");
    assert_eq!(plan.tripped().count(), 1);
    assert_eq!(plan.seats.len(), 1, "what the steps would have done");
}

#[test]
fn removals_of_people_trip_beyond_the_percentage() {
    for absent in [AbsentPolicy::Disable, AbsentPolicy::Delete] {
        let (request, actual) = leavers(100, 5, absent);
        let at = plan(&request, &actual);
        assert_guard(&at, Guard::UserRemovals, 5, 5, false);
        assert_eq!(at.steps.len(), 5);

        let (request, actual) = leavers(100, 6, absent);
        let beyond = plan(&request, &actual);
        assert_guard(&beyond, Guard::UserRemovals, 5, 6, true);
        assert_eq!(
            report(&beyond, Guard::UserRemovals).message,
            "6 of 100 enabled people would be disabled or deleted; the limit is 5."
        );
    }
}

#[test]
fn the_percentage_is_rounded_down() {
    for (people, limit) in [(79, 3), (80, 4), (99, 4), (100, 5)] {
        let (request, actual) = leavers(people, 0, AbsentPolicy::Disable);
        let plan = plan(&request, &actual);
        assert_guard(&plan, Guard::UserRemovals, limit, 0, false);
    }
}

#[test]
fn a_few_people_may_go_whatever_the_percentage_says() {
    let (request, actual) = leavers(4, 3, AbsentPolicy::Disable);
    assert_guard(&plan(&request, &actual), Guard::UserRemovals, 3, 3, false);
    let (mut request, actual) = leavers(4, 4, AbsentPolicy::Disable);
    request.policy.guards.allow_empty_roster = true;
    assert_guard(&plan(&request, &actual), Guard::UserRemovals, 3, 4, true);

    let (mut request, actual) = leavers(4, 1, AbsentPolicy::Disable);
    request.policy.guards.user_removals.floor = 0;
    assert_guard(&plan(&request, &actual), Guard::UserRemovals, 0, 1, true);
}

#[test]
fn the_percentage_is_of_the_enabled_people_inside_the_span() {
    let (mut request, mut actual) = leavers(100, 5, AbsentPolicy::Disable);
    for user in &mut actual.users[..20] {
        user.disabled = true;
    }
    assert_guard(&plan(&request, &actual), Guard::UserRemovals, 4, 5, true);

    let (_, whole) = leavers(100, 5, AbsentPolicy::Disable);
    request.span.start = Some("p0020".into());
    request.roster.drain(..20);
    assert_guard(&plan(&request, &whole), Guard::UserRemovals, 4, 5, true);
}

#[test]
fn deleting_a_disabled_user_counts_as_a_removal() {
    let (request, mut actual) = leavers(100, 6, AbsentPolicy::Delete);
    account(&mut actual, "p0099@example.com").disabled = true;
    let deleted = plan(&request, &actual);
    assert_guard(&deleted, Guard::UserRemovals, 4, 6, true);
    let message = &report(&deleted, Guard::UserRemovals).message;
    assert!(message.contains("5 of 99 enabled"), "{message}");

    let (request, mut actual) = leavers(100, 6, AbsentPolicy::Disable);
    account(&mut actual, "p0098@example.com").disabled = true;
    account(&mut actual, "p0099@example.com").disabled = true;
    assert_guard(&plan(&request, &actual), Guard::UserRemovals, 4, 4, false);
}
