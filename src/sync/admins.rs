//! Tracks the enabled administrators while a plan is applied. The guard on the minimum passed for
//! the plan as a whole. It must also hold if a step that grants rights fails.

use alloc::collections::BTreeSet;

use super::{Step, StepKind};
use crate::domain::{Field, User, UserId};

/// The administrators after the steps so far.
pub struct Admins {
    minimum: usize,
    enabled: BTreeSet<UserId>,
    /// Those who will be administrators once they are enabled.
    disabled: BTreeSet<UserId>,
}

impl Admins {
    /// Starts without administrators. `minimum` is how many must be left.
    pub fn new(minimum: u32) -> Self {
        Admins { minimum: minimum as usize, enabled: BTreeSet::new(), disabled: BTreeSet::new() }
    }

    /// Adds a user of the snapshot, if they are an administrator.
    pub fn see(&mut self, user: &User) {
        if user.admin {
            let set = if user.disabled { &mut self.disabled } else { &mut self.enabled };
            set.insert(user.id.clone());
        }
    }

    /// Returns whether a step would leave fewer administrators than the minimum.
    pub fn too_few_after(&self, step: &Step) -> bool {
        takes_rights(step)
            && step.user.as_ref().is_some_and(|id| self.enabled.contains(id))
            && self.enabled.len() <= self.minimum
    }

    /// Returns how many would be left without one of them, and the minimum.
    pub fn others(&self) -> (u32, u32) {
        (self.enabled.len().saturating_sub(1) as u32, self.minimum as u32)
    }

    /// Updates the administrators after a step was applied to a user.
    pub fn applied(&mut self, step: &Step, id: &UserId) {
        let enabled = step.kind == StepKind::EnableUser && self.disabled.remove(id);
        if takes_rights(step) {
            self.enabled.remove(id);
        } else if enabled || sets(step, Field::Admin, "true") {
            self.enabled.insert(id.clone());
        }
    }
}

fn sets(step: &Step, field: Field, value: &str) -> bool {
    step.changes.iter().any(|change| change.field == field.as_str() && change.after == value)
}

/// Returns whether a step removes rights from an administrator.
fn takes_rights(step: &Step) -> bool {
    matches!(step.kind, StepKind::DisableUser | StepKind::DeleteUser)
        || sets(step, Field::Admin, "false")
}
