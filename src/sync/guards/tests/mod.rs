mod admins;
mod growth;
mod members;
mod people;
mod properties;
mod whole;

use crate::sync::{AbsentPolicy, Guard, GuardLimits, GuardReport, Plan, Snapshot, SyncRequest};
use crate::testing::plan::{desired, fulfilled, model, named};

/// An organisation of `people` users. The last `gone` of them are not on the roster. Guards have
/// their defaults, except that no administrators are needed.
fn leavers(people: usize, gone: usize, absent: AbsentPolicy) -> (SyncRequest, Snapshot) {
    let mut request = model();
    request.policy.guards = GuardLimits { minimum_admins: 0, ..GuardLimits::default() };
    request.policy.absent = absent;
    request.roster =
        (0..people).map(|number| desired(&format!("p{number:04}@example.com"), &[])).collect();
    let actual = fulfilled(&request);
    request.roster.truncate(people - gone);
    (request, actual)
}

fn report(plan: &Plan, guard: Guard) -> &GuardReport {
    let mut reports = plan.guards.iter().filter(|report| report.guard == guard);
    let report = reports.next().expect("a report");
    assert!(reports.next().is_none(), "one report of {guard:?}");
    report
}

/// Asserts a guard's report, and that the plan's steps are held back only if the guard tripped.
#[track_caller]
fn assert_guard(plan: &Plan, guard: Guard, limit: u32, actual: u32, tripped: bool) {
    let report = report(plan, guard);
    assert_eq!((report.limit, report.actual, report.tripped), (limit, actual, tripped));
    for number in [limit, actual] {
        assert!(report.message.contains(&number.to_string()), "{}", report.message);
    }
    if tripped {
        assert_eq!(plan.steps, []);
    } else {
        assert_eq!(plan.withheld, []);
    }
}

/// A group of `members` users. The roster removes the first `removed` of them from the group.
fn group_of(members: usize, removed: usize) -> (SyncRequest, Snapshot) {
    let (mut request, _) = leavers(members, 0, AbsentPolicy::Keep);
    request.policy.managed_groups = named(&["Sales"]);
    for desired in &mut request.roster {
        desired.groups = named(&["Sales"]);
    }
    let actual = fulfilled(&request);
    for desired in &mut request.roster[..removed] {
        desired.groups.clear();
    }
    (request, actual)
}
