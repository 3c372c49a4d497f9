//! The guard on protected people. The planner plans nothing against them; this looks at the result.

use alloc::format;
use alloc::vec::Vec;

use crate::domain::{User, UserRef, UserSet};
use crate::sort;
use crate::sync::model::Model;
use crate::sync::{Guard, GuardReport};

/// Reports on each protected user that the plan changes. Trips for a user who would lose the account, the
/// rights of an administrator or a membership.
pub(super) fn people(refs: &[UserRef], model: &Model<'_>) -> Vec<GuardReport> {
    if refs.is_empty() {
        return Vec::new();
    }
    let protected = UserSet::of(refs);
    let is_protected = |user: &User| {
        protected.has(user) || model.renamed(user).is_some_and(|renamed| protected.has(&renamed))
    };
    let users = model.snapshot.users.iter();
    let mut users: Vec<&User> =
        users.filter(|user| model.change(user).is_some() && is_protected(user)).collect();
    sort::sort_by(&mut users, |a, b| a.email.cmp(&b.email).then_with(|| a.id.cmp(&b.id)));
    let report = |user: &User| {
        let (before, after) = (model.before(user), model.after(user));
        let memberships =
            model.change(user).map_or(0, |change| change.left.len() + change.demoted.len());
        let lost = u32::from(before.exists && !after.exists || before.enabled && !after.enabled)
            + u32::from(before.admin && !after.admin)
            + memberships as u32;
        let address = user.email.as_str();
        GuardReport {
            guard: Guard::ProtectedPeople,
            subject: Some(address.into()),
            limit: 0,
            actual: lost,
            tripped: lost > 0,
            message: format!(
                "{address} is protected and would lose {lost} of account, rights and memberships; \
                 the limit is 0."
            ),
        }
    };
    users.into_iter().map(report).collect()
}
