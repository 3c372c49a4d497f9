//! The numbers of a plan and of a report, for programs.

use serde_json::{Value, json};

use super::tally::Tally;
use crate::joined::is_left;
use host_test::retool::synchronization::{PersonOutcome, Plan, SyncReport};

/// Returns the numbers of a plan, of its withheld steps if a guard has tripped. `updated` are people,
/// the others are steps.
pub(crate) fn of_plan(plan: &Plan) -> Value {
    let refused = plan.guards.iter().any(|guard| guard.tripped);
    let steps = if refused { &plan.withheld } else { &plan.steps };
    let mut counts = Tally::of(steps).counts();
    counts["steps"] = steps.len().into();
    counts["unchanged"] = plan.unchanged.into();
    counts["left_alone"] = plan.refusals.len().into();
    counts["guards_tripped"] = plan.guards.iter().filter(|guard| guard.tripped).count().into();
    counts
}

/// Returns the numbers of people in a report, and of its writes. `unchanged` people are not in the
/// report.
pub(crate) fn of_report(report: &SyncReport, unchanged: usize) -> Value {
    let count = |outcome| report.people.iter().filter(|one| one.outcome == outcome).count();
    json!({
        "created": count(PersonOutcome::Created),
        "invited": count(PersonOutcome::Invited),
        "renamed": count(PersonOutcome::Renamed),
        "updated": count(PersonOutcome::Updated),
        "enabled": count(PersonOutcome::ReEnabled),
        "disabled": count(PersonOutcome::Disabled),
        "deleted": count(PersonOutcome::Deleted),
        "unchanged": count(PersonOutcome::Unchanged) + unchanged,
        "not_done": report.people.iter().filter(|one| is_left(one.outcome)).count(),
        "groups_created": report.groups_created.len(),
        "groups_failed": report.groups_failed.len(),
        "writes": report.writes.len(),
    })
}
