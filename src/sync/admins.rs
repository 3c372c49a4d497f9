//! The enabled administrators while a plan is applied: the guard held for the plan as a whole,
//! and must also hold if a step that it counted on comes to nothing.

use alloc::collections::BTreeSet;

use super::{Step, StepKind};
use crate::domain::{Field, User, UserId};

/// Who administers the organisation by now.
pub struct Admins {
    minimum: usize,
    enabled: BTreeSet<UserId>,
    /// Those who will be administrators once they are enabled.
    disabled: BTreeSet<UserId>,
}

impl Admins {
    /// Nobody so far, of whom there must be this many.
    pub fn new(minimum: u32) -> Self {
        Admins { minimum: minimum as usize, enabled: BTreeSet::new(), disabled: BTreeSet::new() }
    }

    /// Counts somebody of the snapshot.
    pub fn see(&mut self, user: &User) {
        if user.admin {
            let set = if user.disabled { &mut self.disabled } else { &mut self.enabled };
            set.insert(user.id.clone());
        }
    }

    /// Whether a step would take one away who is needed.
    pub fn too_few_after(&self, step: &Step) -> bool {
        takes_rights(step)
            && step.user.as_ref().is_some_and(|id| self.enabled.contains(id))
            && self.enabled.len() <= self.minimum
    }

    /// How many would be left without one of them, and how many there must be.
    pub fn others(&self) -> (u32, u32) {
        (self.enabled.len().saturating_sub(1) as u32, self.minimum as u32)
    }

    /// A step was applied to somebody.
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

/// Whether a step leaves an administrator without rights.
fn takes_rights(step: &Step) -> bool {
    matches!(step.kind, StepKind::DisableUser | StepKind::DeleteUser)
        || sets(step, Field::Admin, "false")
}
