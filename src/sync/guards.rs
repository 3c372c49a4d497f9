//! Guards limit the damage of a wrong roster: pure functions that check a plan's steps against
//! the organisation that they were planned on.
//!
//! A limit on removals is a percentage of the existing users or members, rounded down, or the floor
//! if that is higher. A number equal to the limit is allowed.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Guard, GuardLimits, GuardReport, Snapshot, Span, Step, StepKind, SyncRequest};
use crate::domain::{Email, Field, GroupId, User, UserId};
use crate::sort;

/// The effects of steps on users.
#[derive(Debug, Default)]
pub struct Effects<'a> {
    disabled: BTreeSet<&'a UserId>,
    enabled: BTreeSet<&'a UserId>,
    deleted: BTreeSet<&'a UserId>,
    admin: BTreeMap<&'a UserId, bool>,
    created_admins: BTreeSet<&'a Email>,
    /// How many members each group loses.
    members_removed: BTreeMap<&'a GroupId, usize>,
    removals: usize,
}

impl<'a> Effects<'a> {
    /// Computes the effects of steps.
    pub fn of(steps: &'a [Step]) -> Self {
        let mut effects = Effects::default();
        for step in steps {
            effects.note(step);
        }
        effects
    }

    fn note(&mut self, step: &'a Step) {
        let admin = step
            .changes
            .iter()
            .find(|change| change.field == Field::Admin.as_str())
            .map(|change| change.after == "true");
        if let (Some(id), Some(admin)) = (&step.user, admin) {
            self.admin.insert(id, admin);
        }
        match step.kind {
            StepKind::CreateUser => {
                if admin == Some(true)
                    && let Some(email) = &step.email
                {
                    self.created_admins.insert(email);
                }
            }
            StepKind::EnableUser => note(&mut self.enabled, step),
            StepKind::DisableUser => {
                self.removals += 1;
                note(&mut self.disabled, step);
            }
            StepKind::DeleteUser => {
                self.removals += 1;
                note(&mut self.deleted, step);
            }
            StepKind::RemoveMember => {
                self.removals += 1;
                if let Some(group) = &step.group {
                    *self.members_removed.entry(group).or_default() += 1;
                }
            }
            StepKind::CreateGroup | StepKind::UpdateUser | StepKind::AddMember => {}
        }
    }

    /// Returns whether an existing user is an enabled administrator afterwards.
    fn leaves_admin(&self, user: &User) -> bool {
        let disabled =
            self.disabled.contains(&user.id) || (user.disabled && !self.enabled.contains(&user.id));
        let admin = self.admin.get(&user.id).copied().unwrap_or(user.admin);
        admin && !disabled && !self.deleted.contains(&user.id)
    }
}

fn note<'a>(people: &mut BTreeSet<&'a UserId>, step: &'a Step) {
    if let Some(id) = &step.user {
        people.insert(id);
    }
}

/// Checks steps with every guard, and reports in the order of [`Guard`], groups by name and
/// required administrators by address.
pub fn judge(request: &SyncRequest, snapshot: &Snapshot, steps: &[Step]) -> Vec<GuardReport> {
    let limits = &request.policy.guards;
    let effects = Effects::of(steps);
    let mut reports = Vec::new();
    reports.push(user_removals(limits, &request.span, snapshot, &effects));
    reports.extend(member_removals(limits, snapshot, &effects));
    reports.push(minimum_admins(limits, snapshot, &effects));
    reports.extend(required_admins(limits, snapshot, &effects));
    reports.push(empty_roster(limits, request.roster.len()));
    reports.push(incomplete_snapshot(snapshot.complete, &effects));
    reports
}

/// Limits how many users are disabled or deleted: a share of the enabled users in the span.
/// Deleting a user who is disabled counts too, because it can't be undone.
pub fn user_removals(
    limits: &GuardLimits,
    span: &Span,
    snapshot: &Snapshot,
    effects: &Effects<'_>,
) -> GuardReport {
    let mut base = snapshot.others.enabled;
    let mut of_base = 0;
    let mut others = 0;
    for user in &snapshot.users {
        let enabled = !user.disabled;
        base += usize::from(enabled && span.contains(&user.email));
        if effects.deleted.contains(&user.id) || effects.disabled.contains(&user.id) {
            of_base += usize::from(enabled);
            others += usize::from(!enabled);
        }
    }
    let limit = allowed(base, limits.max_user_removal_percent, limits.max_user_removal_floor);
    let actual = number(of_base + others);
    let message = if others == 0 {
        format!(
            "{of_base} of {base} enabled people would be disabled or deleted; the limit is {limit}."
        )
    } else {
        format!(
            "{actual} people would be disabled or deleted: {of_base} of {base} enabled people \
             and {others} disabled before; the limit is {limit}."
        )
    };
    most(Guard::UserRemovals, None, limit, actual, message)
}

/// Compares the removed members of each group with its members. Reports on each group that loses
/// some. Memberships that are lost with a deleted account count too, even in groups that the
/// request does not name.
pub fn member_removals(
    limits: &GuardLimits,
    snapshot: &Snapshot,
    effects: &Effects<'_>,
) -> Vec<GuardReport> {
    let mut removed = effects.members_removed.clone();
    for user in &snapshot.users {
        if effects.deleted.contains(&user.id) {
            for group in group_ids(user) {
                *removed.entry(group).or_default() += 1;
            }
        }
    }
    if removed.is_empty() {
        return Vec::new();
    }
    let mut members: BTreeMap<&GroupId, usize> = BTreeMap::new();
    for group in snapshot.users.iter().flat_map(group_ids) {
        if removed.contains_key(group) {
            *members.entry(group).or_default() += 1;
        }
    }
    let names = group_names(snapshot, &removed);
    let mut groups: Vec<(&str, &GroupId, usize)> = removed
        .into_iter()
        .map(|(group, members)| (names.get(group).copied().unwrap_or(&group.value), group, members))
        .collect();
    sort::sort(&mut groups);
    groups
        .into_iter()
        .map(|(name, id, removed)| {
            let members = members.get(id).copied().unwrap_or(0) + snapshot.others.members(id);
            let limit = allowed(
                members,
                limits.max_member_removal_percent,
                limits.max_member_removal_floor,
            );
            let message = format!(
                "{removed} of {members} members of the group \"{name}\" would be removed; \
                 the limit is {limit}."
            );
            let subject = Some(String::from(name));
            most(Guard::MemberRemovals, subject, limit, number(removed), message)
        })
        .collect()
}

/// Returns the names of the groups that lose members. A snapshot without groups has their names
/// only in users' memberships, if at all.
fn group_names<'a>(
    snapshot: &'a Snapshot,
    wanted: &BTreeMap<&GroupId, usize>,
) -> BTreeMap<&'a GroupId, &'a str> {
    let mut names = BTreeMap::new();
    for group in &snapshot.groups {
        names.insert(&group.id, group.name.as_str());
    }
    if wanted.keys().any(|group| !names.contains_key(group)) {
        let links = snapshot.users.iter().flat_map(|user| &user.groups).flatten();
        for link in links.filter(|link| wanted.contains_key(&link.id)) {
            if let Some(name) = &link.name {
                names.entry(&link.id).or_insert(name);
            }
        }
    }
    names
}

/// Returns whether the listing distinguishes administrators. Where records have no field for it,
/// the members of the administrators' group count as administrators, if the server lists it.
fn admins_are_known(snapshot: &Snapshot) -> bool {
    snapshot.dialect.capabilities().reports_admins || snapshot.users.iter().any(|user| user.admin)
}

/// Compares the enabled administrators left in the whole organisation with the minimum. Does not
/// trip if the plan removes none, so that an organisation with too few can still be synced.
pub fn minimum_admins(
    limits: &GuardLimits,
    snapshot: &Snapshot,
    effects: &Effects<'_>,
) -> GuardReport {
    let mut left = effects.created_admins.len();
    let mut taken = 0;
    for user in &snapshot.users {
        let remains = effects.leaves_admin(user);
        left += usize::from(remains);
        taken += usize::from(user.admin && !user.disabled && !remains);
    }
    let limit = limits.minimum_admins;
    let actual = number(left);
    let unknown = effects.removals > 0 && limit > 0 && !admins_are_known(snapshot);
    let tripped = taken > 0 && actual < limit || unknown;
    let message = if unknown {
        format!(
            "This API does not say who administers, so it is not known whether {limit} enabled \
             administrators are left. Protect them by address, and set the minimum to 0."
        )
    } else if taken == 0 && actual < limit {
        format!(
            "Enabled administrators left: {actual}; the minimum is {limit}, but this plan takes \
             none away."
        )
    } else {
        format!("Enabled administrators left: {actual}; the minimum is {limit}.")
    };
    GuardReport { guard: Guard::MinimumAdmins, subject: None, limit, actual, tripped, message }
}

/// Reports on each required administrator. Trips for a user who is not an enabled administrator
/// after the plan, even if they were none before. If several users share the address, all must be
/// administrators.
pub fn required_admins(
    limits: &GuardLimits,
    snapshot: &Snapshot,
    effects: &Effects<'_>,
) -> Vec<GuardReport> {
    let mut required: BTreeMap<&Email, Option<bool>> = BTreeMap::new();
    for email in &limits.required_admins {
        required.insert(email, None);
    }
    if required.is_empty() {
        return Vec::new();
    }
    for user in &snapshot.users {
        if let Some(held) = required.get_mut(&user.email) {
            *held = Some(held.unwrap_or(true) && effects.leaves_admin(user));
        }
    }
    required
        .into_iter()
        .map(|(email, held)| {
            let holds = held.unwrap_or_else(|| effects.created_admins.contains(email));
            let address = email.as_str();
            let message = if holds {
                format!("{address} would be an enabled administrator: 1 of 1 required.")
            } else {
                format!("{address} would not be an enabled administrator: 0 of 1 required.")
            };
            GuardReport {
                guard: Guard::RequiredAdmins,
                subject: Some(String::from(address)),
                limit: 1,
                actual: u32::from(holds),
                tripped: !holds,
                message,
            }
        })
        .collect()
}

/// Checks for an empty roster, whatever happens to absent users: it is far more often a failed
/// export than intended.
pub fn empty_roster(limits: &GuardLimits, people: usize) -> GuardReport {
    let limit = u32::from(!limits.allow_empty_roster);
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

/// Checks for removals that are based on a listing that may lack users: none is allowed.
pub fn incomplete_snapshot(complete: bool, effects: &Effects<'_>) -> GuardReport {
    let actual = if complete { 0 } else { effects.removals };
    let message = format!("Removals out of an incomplete listing: {actual}; the limit is 0.");
    most(Guard::IncompleteSnapshot, None, 0, number(actual), message)
}

/// Returns the report of a guard whose limit is a maximum.
fn most(
    guard: Guard,
    subject: Option<String>,
    limit: u32,
    actual: u32,
    message: String,
) -> GuardReport {
    GuardReport { guard, subject, limit, actual, tripped: actual > limit, message }
}

/// Returns how many of `base` may be removed.
fn allowed(base: usize, percent: u32, floor: u32) -> u32 {
    let share = base as u64 * u64::from(percent) / 100;
    u32::try_from(share).unwrap_or(u32::MAX).max(floor)
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Returns the groups of a user, each once.
fn group_ids(user: &User) -> Vec<&GroupId> {
    let mut ids: Vec<&GroupId> = user.groups.iter().flatten().map(|link| &link.id).collect();
    sort::sort(&mut ids);
    ids.dedup();
    ids
}

#[cfg(test)]
mod tests;
