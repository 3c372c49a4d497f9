//! How many people and memberships a plan changes, and how.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::plan::person_of;
use super::words::{self, count};
use host_test::retool::synchronization::{Step, StepKind};

/// The number of steps of each kind. `updated` is different: like in a report, it is the number of
/// people who are updated, even if only in their memberships.
#[derive(Default)]
pub(super) struct Tally {
    created: usize,
    renamed: usize,
    enabled: usize,
    updated: usize,
    disabled: usize,
    deleted: usize,
    added: usize,
    removed: usize,
    groups: usize,
}

impl Tally {
    pub(super) fn of(steps: &[Step]) -> Tally {
        let mut tally = Tally::default();
        let mut updated = BTreeSet::new();
        let mut otherwise = BTreeSet::new();
        for step in steps {
            match step.kind {
                StepKind::CreateGroup | StepKind::ChangeGroup => {}
                StepKind::UpdateUser
                | StepKind::ChangeAttributes
                | StepKind::AddMember
                | StepKind::ChangeMember
                | StepKind::RemoveMember => {
                    updated.insert(person_of(step));
                }
                StepKind::CreateUser
                | StepKind::InviteUser
                | StepKind::RenameUser
                | StepKind::EnableUser
                | StepKind::CancelInvitation
                | StepKind::DisableUser
                | StepKind::DeleteUser => {
                    otherwise.insert(person_of(step));
                }
            }
            let counter = match step.kind {
                StepKind::CreateGroup => &mut tally.groups,
                StepKind::CreateUser | StepKind::InviteUser => &mut tally.created,
                StepKind::RenameUser => {
                    tally.enabled += usize::from(words::enables(&step.changes));
                    &mut tally.renamed
                }
                StepKind::EnableUser => &mut tally.enabled,
                StepKind::ChangeGroup
                | StepKind::UpdateUser
                | StepKind::ChangeAttributes
                | StepKind::ChangeMember
                | StepKind::CancelInvitation => continue,
                StepKind::AddMember => &mut tally.added,
                StepKind::RemoveMember => &mut tally.removed,
                StepKind::DisableUser => &mut tally.disabled,
                StepKind::DeleteUser => &mut tally.deleted,
            };
            *counter += 1;
        }
        tally.updated = updated.difference(&otherwise).count();
        tally
    }

    /// Returns how many memberships are added, and how many are removed.
    pub(super) fn memberships(&self) -> (usize, usize) {
        (self.added, self.removed)
    }

    /// Returns the numbers for programs.
    pub(super) fn counts(&self) -> Value {
        json!({
            "created": self.created,
            "renamed": self.renamed,
            "enabled": self.enabled,
            "updated": self.updated,
            "disabled": self.disabled,
            "deleted": self.deleted,
            "memberships_added": self.added,
            "memberships_removed": self.removed,
            "groups_created": self.groups,
        })
    }

    pub(super) fn words(&self) -> String {
        let Tally { created, renamed, enabled, updated, disabled, deleted, added, removed, groups } =
            self;
        let mut words = vec![format!("{created} to create"), format!("{updated} to update")];
        if *renamed > 0 {
            words.push(format!("{renamed} to rename"));
        }
        if *enabled > 0 {
            words.push(format!("{enabled} to enable"));
        }
        words.push(format!("{disabled} to disable"));
        words.push(format!("{deleted} to delete"));
        words.push(format!(
            "{} to add and {removed} to remove",
            count(*added, "membership", "memberships")
        ));
        if *groups > 0 {
            words.push(format!("{} to create", count(*groups, "group", "groups")));
        }
        words.join(", ")
    }
}
