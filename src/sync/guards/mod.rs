//! Guards limit the damage of a wrong roster: pure functions that compare the organisation before a
//! plan with the organisation after it.
//!
//! A limit is a percentage of what the guard names, rounded down, or the floor if that is higher. A
//! number equal to the limit is allowed.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::absence::Absence;
use super::model::Model;
use super::{Guard, GuardReport, Snapshot, Step, SyncRequest};
use crate::domain::GroupId;

mod admins;
mod groups;
mod protected;
mod users;

#[cfg(test)]
mod tests;

/// Checks steps with every guard, and reports in the order of [`Guard`], groups by name and people
/// by address. `named` are the ids of the groups that the request names.
pub fn judge(
    request: &SyncRequest,
    snapshot: &Snapshot,
    absence: &Absence<'_>,
    named: &[&GroupId],
    steps: &[Step],
) -> Vec<GuardReport> {
    let limits = &request.policy.guards;
    let model = Model::new(snapshot, steps);
    let users = users::Counts::of(&model, request, absence);
    let groups = groups::Counts::of(&model);
    let mut reports = Vec::new();
    reports.push(users.removals(limits.user_removals));
    reports.extend(groups.removals(limits.member_removals));
    reports.push(groups.removals_over_all(named, limits.membership_removals));
    reports.push(users.creations(limits.creations));
    reports.push(users.promotions(limits.promotions));
    reports.push(users.re_enablements(limits.re_enablements));
    reports.push(users.updates(limits.updates));
    reports.extend(groups.additions(limits.member_additions));
    reports.push(admins::minimum(limits.minimum_admins, &model));
    reports.extend(admins::required(&limits.required_admins, &model));
    reports.extend(protected::people(&limits.protected_people, &model));
    reports.push(empty_roster(limits.allow_empty_roster, request.roster.len()));
    reports.push(incomplete_snapshot(snapshot.complete, model.absences()));
    reports
}

/// Checks for an empty roster, whatever happens to absent users: it is far more often a failed
/// export than intended.
fn empty_roster(allowed: bool, people: usize) -> GuardReport {
    let limit = u32::from(!allowed);
    let actual = number(people);
    GuardReport {
        guard: Guard::EmptyRoster,
        subject: None,
        limit,
        actual,
        tripped: actual < limit,
        message: format!("People on the roster: {actual}; the minimum is {limit}."),
    }
}

/// Checks for users that are removed for being absent from a listing that may lack users: none is
/// allowed. A removal from a group is not based on absence: the user is on the roster.
fn incomplete_snapshot(complete: bool, absences: usize) -> GuardReport {
    let actual = number(if complete { 0 } else { absences });
    let message = format!("Removals out of an incomplete listing: {actual}; the limit is 0.");
    GuardReport {
        guard: Guard::IncompleteSnapshot,
        subject: None,
        limit: 0,
        actual,
        tripped: actual > 0,
        message,
    }
}

/// Returns the report of a guard whose limit is a maximum. `what` is the count and its base, as a
/// clause.
fn most(
    guard: Guard,
    subject: Option<String>,
    limit: u32,
    actual: usize,
    what: &str,
) -> GuardReport {
    let actual = number(actual);
    let message = format!("{what}; the limit is {limit}.");
    GuardReport { guard, subject, limit, actual, tripped: actual > limit, message }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
