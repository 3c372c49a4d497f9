//! Plans the steps that make an organisation match a roster: a function without I/O.
//!
//! The modules split the decisions: `matching` matches the roster with the users in Retool,
//! `groups` finds the groups, `people` decides what happens to a person, `memberships` decides
//! which memberships change, and `seats` counts the billed seats. The guards then check the steps
//! as a whole.
//!
//! The plan does not depend on the order of the roster or of the snapshot: both are sorted by
//! address.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::digest::InputsDigest;
use super::{
    AbsentPolicy, MembershipPolicy, Occasion, Plan, PlanContext, Policy, Refusal, RefusalReason,
    Snapshot, Step, SyncRequest, digest, guards,
};
use crate::domain::{Email, GroupId, Tombstone, User, UserId};
use crate::error::{Code, Error, Result};
use crate::sort;
use crate::time::format_iso;

mod groups;
mod matching;
mod memberships;
mod people;
mod seats;

#[cfg(test)]
mod tests;

use groups::Groups;
use matching::{Accounts, Matching, Person};
use people::Planner;
use seats::Seats;

/// Returns whether the snapshot for a request must contain every user's memberships: because they
/// may change, or because a guard counts those that are lost with deleted accounts.
pub fn needs_memberships(request: &SyncRequest) -> bool {
    request.policy.memberships != MembershipPolicy::Leave
        || request.policy.absent == AbsentPolicy::Delete
}

/// Plans the steps that make the snapshot match the roster. Equal inputs give the same plan,
/// byte for byte, whatever the order of their users and groups.
///
/// A tripped guard is not an error: the plan then has its steps in `withheld`. `seats` are the
/// effect of the steps, even if they are withheld.
///
/// # Errors
///
/// `group-not-found` and `ambiguous-group` for named groups that can't be found,
/// `duplicate-person` and `duplicate-group` for a person or group twice in one list,
/// `operation-unsupported` for a user type that the dialect can't set, and `listing-incomplete` if
/// the snapshot lacks memberships that the plan [needs](needs_memberships).
pub fn plan(request: &SyncRequest, snapshot: &Snapshot, occasion: &Occasion) -> Result<Plan> {
    if needs_memberships(request) && snapshot.users.iter().any(|user| user.groups.is_none()) {
        return Err(Error::new(
            Code::ListingIncomplete,
            "The listing did not contain every user's memberships, so no plan was made. Try again.",
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

    let planner = Planner::new(request, snapshot, &groups);
    for Person { desired, email, accounts } in matching.by_address() {
        let users = match &accounts {
            Accounts::Named(users) | Accounts::Others(users) => users,
        };
        if desired.is_none() && !planner.covers_absent(users) {
            draft.straddling += planner.straddles(users);
            continue;
        }
        inputs.person(
            desired.map(|(_, desired)| desired),
            request.policy.memberships != MembershipPolicy::Leave,
        );
        for user in users {
            let memberships = groups.memberships_of(user);
            inputs.account(
                user,
                memberships.into_iter().filter_map(|rank| groups.all()[rank].id.as_ref()),
            );
        }
        match desired {
            Some((index, desired)) => {
                planner.on_roster(index, desired, email, &accounts, &mut draft)?;
            }
            None => planner.absent(users, &mut draft),
        }
    }

    planner.unreadable(&matching, &mut draft);
    let Draft { mut steps, unchanged, refusals, seats, tombstones, untyped, straddling } = draft;
    // A stable sort, so that the steps of each kind stay sorted by address and then by group.
    sort::sort_by(&mut steps, |a, b| a.kind.cmp(&b.kind));
    let mut named: Vec<&GroupId> =
        groups.all().iter().filter_map(|group| group.id.as_ref()).collect();
    sort::sort(&mut named);
    let reports = guards::judge(request, snapshot, &named, &steps);
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
        unchanged_count: unchanged.len() as u32,
        unchanged,
        refusals,
        seats: seats.rows(|user_type| snapshot.seats(user_type)),
        guards: reports,
        limitations: limitations(request, snapshot, untyped, straddling),
        made_at,
    };
    plan.digest = digest::plan(&plan);
    Ok(plan)
}

/// Returns the tombstone of an account that a step disables, deletes or strips.
fn tombstone(mut user: User, recorded_at: &str) -> Tombstone {
    // The listing does not keep the times of every user.
    user.forget_times();
    if let Some(groups) = &mut user.groups {
        sort::sort_by(groups, |a, b| a.id.cmp(&b.id));
    }
    Tombstone { user, raw: None, disabled_since: None, recorded_at: recorded_at.into() }
}

/// Sorts the sets of a policy, so that the same request gives the same plan.
fn in_order(mut policy: Policy) -> Policy {
    sort::sort(&mut policy.managed_groups);
    for people in [&mut policy.guards.required_admins, &mut policy.guards.protected_people] {
        sort::sort(people);
        people.dedup();
    }
    policy
}

/// The decisions so far.
#[derive(Default)]
struct Draft {
    steps: Vec<Step>,
    unchanged: Vec<Email>,
    refusals: Vec<Refusal>,
    seats: Seats,
    /// The accounts that a step disables, deletes or strips.
    tombstones: Vec<User>,
    /// How many people have a type on the roster and none in the listing.
    untyped: usize,
    /// How many people are not on the roster, and have addresses inside and outside its span.
    straddling: usize,
}

impl Draft {
    fn refuse(&mut self, who: &Refused<'_>, reason: RefusalReason, message: String) {
        self.refusals.push(Refusal {
            email: who.email.clone(),
            login: who.login.clone(),
            user: who.user.cloned(),
            reason,
            message,
        });
    }
}

/// A person who is left alone.
struct Refused<'a> {
    email: &'a Email,
    /// The login, if the roster names the person by it.
    login: Option<String>,
    user: Option<&'a UserId>,
}

/// Returns what the request needs and the dialect can't do, and what the listing lacks.
fn limitations(
    request: &SyncRequest,
    snapshot: &Snapshot,
    untyped: usize,
    straddling: usize,
) -> Vec<String> {
    let types_given = request.policy.default_user_type.is_some()
        || request.roster.iter().any(|desired| desired.fields.user_type.is_some());
    let mut limitations = Vec::new();
    let can = snapshot.dialect.capabilities();
    if !can.bills_seats && types_given {
        limitations.push(String::from(
            "This API has no user types: those of the roster are neither compared nor set.",
        ));
    }
    if !can.sets_admins && request.roster.iter().any(|desired| desired.fields.admin.is_some()) {
        limitations.push(String::from(
            "This API can't make a user an administrator: `admin` on the roster is neither compared nor set.",
        ));
    }
    let sets_photo = |desired: &super::DesiredUser| desired.fields.profile_photo_url.is_some();
    if !can.sets_photos && request.roster.iter().any(sets_photo) {
        limitations.push(String::from(
            "This API can't set profile photos: those of the roster are neither compared nor set.",
        ));
    }
    if !can.deletes_people && request.policy.absent == AbsentPolicy::Delete {
        limitations.push(String::from(
            "This API does not delete users for good: users to be deleted are disabled.",
        ));
    }
    if untyped > 0 {
        limitations.push(format!(
            "The server does not report what the seats of {untyped} people are billed as: their types on the roster \
             are neither compared nor set."
        ));
    }
    if straddling > 0 {
        limitations.push(format!(
            "{straddling} people who are not on the roster have addresses inside and outside its span, and may be on \
             the roster of another part: they are neither disabled nor deleted. Sync without a span to remove them."
        ));
    }
    limitations.extend(snapshot.others.unreadable.limitation());
    limitations
}
