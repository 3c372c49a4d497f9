use super::{assert_guard, group_of, leavers, report};
use crate::sync::{AbsentPolicy, Guard, Plan};
use crate::testing::plan::{fulfilled, group_id, join, named, plan};

#[test]
fn removals_of_members_trip_beyond_the_percentage_of_a_group() {
    let (request, actual) = group_of(40, 10);
    let at = plan(&request, &actual);
    assert_guard(&at, Guard::MemberRemovals, 10, 10, false);
    assert_eq!(at.steps.len(), 10);

    let (request, actual) = group_of(40, 11);
    let beyond = plan(&request, &actual);
    assert_guard(&beyond, Guard::MemberRemovals, 10, 11, true);
    let report = report(&beyond, Guard::MemberRemovals);
    assert_eq!(report.subject.as_deref(), Some("Sales"));
    assert_eq!(
        report.message,
        "11 of 40 members of the group \"Sales\" would be removed; the limit is 10."
    );

    let (request, actual) = group_of(3, 3);
    assert_guard(&plan(&request, &actual), Guard::MemberRemovals, 3, 3, false);
    let (request, actual) = group_of(4, 4);
    assert_guard(&plan(&request, &actual), Guard::MemberRemovals, 3, 4, true);
}

#[test]
fn members_outside_the_span_count_as_members() {
    let (mut request, actual) = group_of(40, 5);
    request.span.before = Some("p0010".into());
    request.roster.truncate(10);
    let plan = plan(&request, &actual);
    assert_guard(&plan, Guard::MemberRemovals, 10, 5, false);
}

#[test]
fn memberships_that_go_with_a_deleted_account_count_in_every_group() {
    let (mut request, mut actual) = leavers(12, 3, AbsentPolicy::Delete);
    request.policy.guards.member_removals.floor = 0;
    for user in &mut actual.users {
        join(user, "All Users");
        // Some servers list a membership twice. It counts once.
        join(user, "All Users");
    }
    let at = plan(&request, &actual);
    assert_guard(&at, Guard::MemberRemovals, 3, 3, false);
    assert_eq!(report(&at, Guard::MemberRemovals).subject.as_deref(), Some("All Users"));

    request.policy.absent = AbsentPolicy::Disable;
    let disabled = plan(&request, &actual);
    assert!(
        disabled.guards.iter().all(|report| report.guard != Guard::MemberRemovals),
        "disabled people stay members"
    );

    request.policy.absent = AbsentPolicy::Delete;
    request.policy.guards.member_removals.percent = 24;
    assert_guard(&plan(&request, &actual), Guard::MemberRemovals, 2, 3, true);
}

#[test]
fn removed_and_deleted_members_of_a_group_add_up() {
    let (mut request, actual) = group_of(12, 2);
    request.policy.absent = AbsentPolicy::Delete;
    request.roster.truncate(10);
    assert_guard(&plan(&request, &actual), Guard::MemberRemovals, 3, 4, true);
}

#[test]
fn every_group_that_loses_members_is_reported_by_name() {
    let names = ["Design", "Finance", "Legal", "Sales", "Support"];
    let (mut request, mut actual) = leavers(4, 0, AbsentPolicy::Keep);
    request.policy.managed_groups = named(&["Untouched"]);
    request.policy.managed_groups.extend(named(&names).into_iter().rev());
    actual.groups = fulfilled(&request).groups;
    for name in names {
        join(&mut actual.users[0], name);
    }
    assert!(!names.map(group_id).is_sorted(), "the order by id is another");
    let plan = plan(&request, &actual);
    let subjects: Vec<_> =
        plan.guards.iter().filter_map(|report| report.subject.as_deref()).collect();
    assert_eq!(subjects, names);
}

#[test]
fn a_group_whose_name_is_not_known_is_reported_by_id() {
    let (request, mut actual) = leavers(4, 1, AbsentPolicy::Delete);
    join(&mut actual.users[3], "Sales");
    let with_name = plan(&request, &actual);
    let subject = |plan: &Plan| report(plan, Guard::MemberRemovals).subject.clone();
    assert_eq!(subject(&with_name).as_deref(), Some("Sales"));
    for link in actual.users[3].groups.iter_mut().flatten() {
        link.name = None;
    }
    assert_eq!(subject(&plan(&request, &actual)), Some(group_id("Sales").value));
}
