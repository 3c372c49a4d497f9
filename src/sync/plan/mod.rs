//! What making a roster true takes: a function of request and snapshot, without I/O.
//!
//! The work is split by what is decided: `matching` says who on the roster is who in Retool,
//! `groups` which groups are meant, `people` what happens to a person, `memberships` which
//! memberships change, `seats` what that does to the bill. The guards then judge the steps as
//! a whole.
//!
//! Nothing depends on the order of the roster or of the snapshot: both are walked by address.

use alloc::string::String;
use alloc::vec::Vec;

use super::digest::InputsDigest;
use super::{
    AbsentPolicy, MembershipPolicy, Occasion, Plan, PlanContext, Policy, Refusal, RefusalReason,
    Snapshot, Step, SyncRequest, digest, guards,
};
use crate::domain::{Dialect, Email, Tombstone, User};
use crate::error::{Code, Error, Result};
use crate::sort;
use crate::time::format_iso;

mod groups;
mod matching;
mod memberships;
mod people;
mod seats;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use groups::Groups;
use matching::{Matching, Person};
use people::Planner;
use seats::Seats;

/// Whether the snapshot for a request must carry everybody's memberships: because they are to
/// change, or because they go with deleted accounts and are counted by a guard.
pub fn needs_memberships(request: &SyncRequest) -> bool {
    request.policy.memberships != MembershipPolicy::Leave
        || request.policy.absent == AbsentPolicy::Delete
}

/// Says what making the roster true takes. The same request and snapshot give the same plan,
/// byte for byte, in whatever order they list people and groups.
///
/// A tripped guard is not an error: the plan then holds its steps back in `withheld`. `seats`
/// are those of the steps or, if they are withheld, of what they would have been.
///
/// # Errors
///
/// `group-not-found` and `ambiguous-group` for groups that are named and not to be had,
/// `duplicate-person` and `duplicate-group` for what stands twice in one list,
/// `operation-unsupported` for a user type that the dialect can't set, and `listing-incomplete` if the snapshot lacks
/// memberships that the plan [needs](needs_memberships). Nothing is planned then.
pub fn plan(request: &SyncRequest, snapshot: &Snapshot, occasion: &Occasion) -> Result<Plan> {
    if needs_memberships(request) && snapshot.users.iter().any(|user| user.groups.is_none()) {
        return Err(Error::new(
            Code::ListingIncomplete,
            "The listing did not carry everybody's memberships, so no plan was made. Try again.",
        ));
    }

    let matching = Matching::of(request, snapshot)?;
    let groups = Groups::resolve(request, snapshot)?;
    let mut inputs = InputsDigest::new(request, snapshot.complete);
    let mut draft = Draft::default();
    for group in groups.all() {
        inputs.group(&group.name, group.id.as_ref());
        if group.id.is_none() {
            draft.steps.push(group.creation());
        }
    }

    let planner = Planner::new(request, snapshot.dialect, &groups);
    for Person { desired, accounts } in matching.by_address() {
        if desired.is_none() && !planner.covers_absent(accounts) {
            continue;
        }
        inputs.person(
            desired.map(|(_, desired)| desired),
            request.policy.memberships != MembershipPolicy::Leave,
        );
        for user in accounts {
            let memberships = groups.memberships_of(user);
            inputs.account(
                user,
                memberships.into_iter().filter_map(|rank| groups.all()[rank].id.as_ref()),
            );
        }
        match desired {
            Some((index, desired)) => {
                planner.on_roster(index, desired, accounts, &mut draft)?;
            }
            None => planner.absent(accounts, &mut draft),
        }
    }

    let Draft { mut steps, unchanged, refusals, seats, tombstones } = draft;
    // Stable, so that within each kind the steps stay by address and then by group.
    sort::sort_by(&mut steps, |a, b| a.kind.cmp(&b.kind));
    let reports = guards::judge(request, snapshot, &steps);
    let (steps, withheld) = if reports.iter().any(|report| report.tripped) {
        (Vec::new(), steps)
    } else {
        (steps, Vec::new())
    };
    let made_at = format_iso(occasion.now);
    let mut plan = Plan {
        digest: String::new(),
        inputs_digest: inputs.finish(),
        context: PlanContext {
            organisation: occasion.organisation.clone(),
            dialect: snapshot.dialect,
            span: request.span.clone(),
            policy: in_order(request.policy.clone()),
        },
        steps,
        withheld,
        tombstones: { tombstones.into_iter() }.map(|user| tombstone(user, &made_at)).collect(),
        unchanged,
        refusals,
        seats: seats.rows(|user_type| snapshot.seats(user_type)),
        guards: reports,
        limitations: limitations(request, snapshot.dialect),
        made_at,
    };
    plan.digest = digest::plan(&plan);
    Ok(plan)
}

/// The record of an account that a step takes something from.
fn tombstone(mut user: User, recorded_at: &str) -> Tombstone {
    // The listing does not keep them of everybody.
    user.forget_times();
    if let Some(groups) = &mut user.groups {
        sort::sort_by(groups, |a, b| a.id.cmp(&b.id));
    }
    Tombstone { user, raw: None, disabled_since: None, recorded_at: recorded_at.into() }
}

/// The policy with its sets in one order, so that the same request gives the same plan.
fn in_order(mut policy: Policy) -> Policy {
    sort::sort(&mut policy.managed_groups);
    for people in [&mut policy.guards.required_admins, &mut policy.guards.protected_people] {
        sort::sort(people);
        people.dedup();
    }
    policy
}

/// What has been decided so far.
#[derive(Default)]
struct Draft {
    steps: Vec<Step>,
    unchanged: Vec<Email>,
    refusals: Vec<Refusal>,
    seats: Seats,
    /// The accounts that a step disables, deletes or strips.
    tombstones: Vec<User>,
}

impl Draft {
    fn refuse(&mut self, email: &Email, reason: RefusalReason, message: String) {
        self.refusals.push(Refusal { email: email.clone(), reason, message });
    }
}

/// What the dialect can't do that bears on the request.
fn limitations(request: &SyncRequest, dialect: Dialect) -> Vec<String> {
    let types_given = request.policy.default_user_type.is_some()
        || request.roster.iter().any(|desired| desired.fields.user_type.is_some());
    let mut limitations = Vec::new();
    let can = dialect.capabilities();
    if !can.bills_seats && types_given {
        limitations.push(String::from(
            "This API has no user types: those of the roster are neither compared nor set.",
        ));
    }
    if !can.sets_admins && request.roster.iter().any(|desired| desired.fields.admin.is_some()) {
        limitations.push(String::from(
            "This API makes nobody an administrator: `admin` on the roster is neither compared nor set.",
        ));
    }
    if !can.deletes_people && request.policy.absent == AbsentPolicy::Delete {
        limitations.push(String::from(
            "This API deletes nobody for good: who is to be deleted is disabled.",
        ));
    }
    limitations
}
