//! Compares an account with the state that a step was planned on.

use crate::domain::User;
use crate::retool::Capabilities;
use crate::sync::{Step, StepKind, digest};

/// What is different about an account that is not as it was planned on.
pub(in crate::sync) const CHANGED: &str = "Another user changed the account's fields.";

/// What is different about an invitation that was accepted: the account has another id.
pub(in crate::sync) const REPLACED: &str = "It is gone, and another account has its address now.";

/// Returns whether an account is as the step was planned on. A removal for inactivity also needs
/// the time when the user was last active.
pub(in crate::sync) fn is_as_planned(step: &Step, user: &User) -> bool {
    let may_be_for_inactivity = matches!(step.kind, StepKind::DisableUser | StepKind::DeleteUser);
    digest::user_state_for(&step.changes, user) == step.precondition
        || may_be_for_inactivity && digest::inactive_state(user) == step.precondition
}

/// Returns whether an account is as its deletion was planned on. An earlier deletion may have
/// disabled it, on servers that do so. A deletion that waited for days of grace also needs the time
/// of the account's last change.
pub(in crate::sync) fn is_as_planned_to_delete(
    step: &Step,
    user: &User,
    can: Capabilities,
) -> bool {
    let before = || User { disabled: false, ..user.clone() };
    is_as_planned(step, user)
        || user.disabled && digest::disabled_state(user) == step.precondition
        || can.deletion_may_disable && user.disabled && is_as_planned(step, &before())
}
