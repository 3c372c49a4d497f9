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

use super::digest::PlanDigest;
use super::{
    AbsentPolicy, MembershipPolicy, Plan, Refusal, RefusalReason, Snapshot, Step, SyncRequest,
    guards,
};
use crate::domain::{Dialect, Email};
use crate::error::{Code, Error, Result};

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
pub fn plan(request: &SyncRequest, snapshot: &Snapshot) -> Result<Plan> {
    if needs_memberships(request) && snapshot.users.iter().any(|user| user.groups.is_none()) {
        return Err(Error::new(
            Code::ListingIncomplete,
            "The listing did not carry everybody's memberships, so no plan was made. Try again.",
        ));
    }

    let matching = Matching::of(request, snapshot)?;
    let groups = Groups::resolve(request, snapshot)?;
    let mut digest = PlanDigest::new(snapshot.dialect, request, snapshot.complete);
    let mut draft = Draft::default();
    for group in groups.all() {
        digest.group(&group.name, group.id.as_ref());
        if group.id.is_none() {
            draft.steps.push(group.creation());
        }
    }

    let planner = Planner::new(request, snapshot.dialect, &groups);
    for Person { desired, accounts } in matching.by_address() {
        if desired.is_none() && !planner.covers_absent(accounts) {
            continue;
        }
        digest.person(
            desired.map(|(_, desired)| desired),
            request.policy.memberships != MembershipPolicy::Leave,
        );
        for user in accounts {
            let memberships = groups.memberships_of(user);
            digest.account(
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

    let Draft { mut steps, unchanged, refusals, seats } = draft;
    // Stable, so that within each kind the steps stay by address and then by group.
    steps.sort_by_key(|step| step.kind);
    let reports = guards::judge(request, snapshot, &steps);
    let digest = digest.finish(&steps, &reports);
    let (steps, withheld) = if reports.iter().any(|report| report.tripped) {
        (Vec::new(), steps)
    } else {
        (steps, Vec::new())
    };
    Ok(Plan {
        digest,
        dialect: snapshot.dialect,
        steps,
        withheld,
        unchanged,
        refusals,
        seats: seats.rows(),
        guards: reports,
        limitations: limitations(request, snapshot.dialect),
    })
}

/// What has been decided so far.
#[derive(Default)]
struct Draft {
    steps: Vec<Step>,
    unchanged: Vec<Email>,
    refusals: Vec<Refusal>,
    seats: Seats,
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
