//! Guards on administrators. Users count by what they are before and after the plan, whichever
//! steps lead there.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::number;
use crate::domain::{Email, User, UserRef, UserSet};
use crate::sort;
use crate::sync::model::Model;
use crate::sync::{Guard, GuardReport};

/// Returns whether the listing distinguishes administrators. Where records have no field for it,
/// the members of the administrators' group count as administrators, if the server lists it.
fn are_known(model: &Model<'_>) -> bool {
    let snapshot = model.snapshot;
    snapshot.dialect.capabilities().reports_admins
        || snapshot.users.iter().any(|user| model.before(user).admin)
}

/// Compares the enabled administrators left in the whole organisation with the minimum. An
/// invitation is not an account, and does not count. Does not trip if the plan removes none, so
/// that an organisation with too few can still be synced.
pub(super) fn minimum(limit: u32, model: &Model<'_>) -> GuardReport {
    let (mut left, mut taken) = (0, 0);
    for user in &model.snapshot.users {
        let remains = model.after(user).is_enabled_admin();
        left += usize::from(remains);
        taken += usize::from(model.before(user).is_enabled_admin() && !remains);
    }
    left += model.created().filter(|(_, _, after)| after.is_enabled_admin()).count();
    let actual = number(left);
    let unknown = model.removes() && limit > 0 && !are_known(model);
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
/// after the plan, even if they were none before. If several users are meant, all must be
/// administrators.
pub(super) fn required(refs: &[UserRef], model: &Model<'_>) -> Vec<GuardReport> {
    let any = UserSet::of(refs);
    let named: Vec<(&User, Option<User>)> = { model.snapshot.users.iter() }
        .map(|user| (user, model.renamed(user)))
        .filter(|(user, renamed)| any.has(user) || renamed.as_ref().is_some_and(|it| any.has(it)))
        .collect();
    let created = |email: &Email| model.created().find(|(new, _, _)| *new == email);
    let mut sorted: Vec<&UserRef> = refs.iter().collect();
    sort::sort(&mut sorted);
    sorted.dedup();
    sorted
        .into_iter()
        .map(|who| {
            let existing = named.iter().filter(|(user, renamed)| {
                who.means(user) || renamed.as_ref().is_some_and(|it| who.means(it))
            });
            let existing = existing.map(|(user, _)| model.after(user));
            let new = who.email().and_then(created).map(|(_, _, after)| after);
            let mut meant = existing.chain(new).peekable();
            let holds = meant.peek().is_some() && meant.all(|after| after.is_enabled_admin());
            let address = who.as_str();
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
