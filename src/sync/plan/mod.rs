//! Plans the steps that make an organisation match a roster: a function without I/O.
//!
//! The modules split the decisions: `matching` matches the roster with the users in Retool,
//! `groups` finds the groups, `people` decides what happens to a person, `memberships` decides
//! which memberships change, and `seats` counts the billed seats. The guards then check the steps
//! as a whole.
//!
//! The plan does not depend on the order of the roster or of the snapshot: both are sorted by
//! address.

use alloc::string::String;
use alloc::vec::Vec;

use super::absence::Absence;
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
mod limitations;
mod matching;
mod memberships;
mod people;
mod same_name;
mod seats;

#[cfg(test)]
mod tests;

use groups::Groups;
use limitations::limitations;
use matching::{Matching, Person};
use people::Planner;
use seats::Seats;

/// Returns whether the snapshot for a request must contain every user's memberships: because they
/// may change, or because a guard counts those that are lost with deleted accounts.
pub fn needs_memberships(request: &SyncRequest) -> bool {
    request.policy.memberships != MembershipPolicy::Leave
        || match request.policy.absent {
            AbsentPolicy::Keep => false,
            AbsentPolicy::Delete => true,
            AbsentPolicy::DisableThenDelete(_) if !request.disabled_since.is_empty() => true,
            AbsentPolicy::Disable | AbsentPolicy::DisableThenDelete(_) => {
                !request.policy.absence.members_of.is_empty()
            }
        }
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

    let absence = Absence::of(request, snapshot)?;
    let planner = Planner::new(request, snapshot, &groups, &absence);
    for Person { desired, email, accounts } in matching.by_address() {
        let users = accounts.users();
        if desired.is_none() && !planner.covers_absent(users) {
            planner.count_spared(users, &mut draft);
            continue;
        }
        inputs.person(
            desired.map(|(_, desired)| desired),
            request.policy.memberships != MembershipPolicy::Leave,
        );
        // Of the only account, as a rule.
        let mut current = Vec::new();
        for user in users {
            current = groups.memberships_of(user);
            let memberships = current.iter().filter_map(|&rank| {
                let group = &groups.all()[rank];
                Some((group.id.as_ref()?, group.is_administered_by(user)))
            });
            inputs.account(user, memberships);
            if let Some(since) = absence.disabled_since(user) {
                inputs.disabled_since(since);
            }
        }
        match desired {
            Some((index, desired)) => {
                planner.on_roster((index, desired), email, &accounts, &current, &mut draft)?;
            }
            None => planner.absent(users, &mut draft),
        }
    }

    planner.unreadable(&matching, &mut draft);
    let Draft { mut steps, unchanged, refusals, seats, tombstones, notes } = draft;
    // A stable sort, so that the steps of each kind stay sorted by address and then by group.
    sort::sort_by(&mut steps, |a, b| a.kind.cmp(&b.kind));
    let mut named: Vec<&GroupId> =
        groups.all().iter().filter_map(|group| group.id.as_ref()).collect();
    sort::sort(&mut named);
    let reports = guards::judge(request, snapshot, &absence, &named, &steps);
    let same_names = same_name::pairs(&request.roster, &steps, &tombstones, snapshot.dialect);
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
        limitations: {
            let mut texts = limitations(request, snapshot, &absence, notes);
            texts.extend(same_names);
            texts
        },
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
    sort::sort(&mut policy.absence.domains);
    policy.absence.domains.dedup();
    sort::sort(&mut policy.absence.members_of);
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
    notes: Notes,
}

/// What the plan's limitations report about people.
#[derive(Default)]
struct Notes {
    /// How many people have a type on the roster and none in the listing.
    untyped: usize,
    /// How many people are not on the roster, and have addresses inside and outside its span.
    straddling: usize,
    /// How many people are spared because their accounts are new.
    new: usize,
    /// How many people are spared because it is not known how old their accounts are.
    undated: usize,
    /// The people on the roster who are treated as absent because they are inactive.
    inactive: Vec<Email>,
    /// The disabled people on the roster who are not enabled because they are inactive.
    not_enabled: Vec<Email>,
    /// The disabled people without a record of when they were disabled.
    unrecorded: Vec<Email>,
    /// How many disabled people wait for their deletion.
    waiting: usize,
    /// When the first of them may be deleted, in milliseconds since the Unix epoch.
    first_due: Option<i64>,
    /// How many disabled people stay because the server does not say what time it is.
    no_clock: usize,
    /// How many people are invited whose entries have fields that an invitation can't have.
    without_fields: usize,
    /// Whether a person can't get another address over this API.
    not_renamed: bool,
    /// How many invited people should administer a group.
    invited_admins: usize,
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
