//! Compares the state in a cursor with the current users.

use alloc::string::String;
use alloc::vec::Vec;

use super::cursor_state::{CursorState, Remembered};
use super::{Change, ChangeKind, Present};
use crate::domain::{Dialect, Group, GroupId, GroupLink, LinkedGroup, UserId};

/// Returns the changes. `present` and `groups` must be in order of their ids.
pub fn diff(
    dialect: Dialect,
    before: &CursorState<'_>,
    present: &[Present<'_>],
    groups: &[Group],
) -> Vec<Change> {
    let mut diff = Diff { dialect, groups, changes: Vec::new() };
    let mut present = present.iter().peekable();
    for person in before.people() {
        while let Some(new) = present.next_if(|now| now.id() < person.id.as_str()) {
            diff.add_new_user(new);
        }
        match present.next_if(|now| now.id() == person.id) {
            Some(now) => diff.compare_user(&person, now),
            None => diff.add_deleted_user(person.id),
        }
    }
    present.for_each(|new| diff.add_new_user(new));
    diff.changes
}

/// Collects the changes.
struct Diff<'a> {
    dialect: Dialect,
    groups: &'a [Group],
    changes: Vec<Change>,
}

impl Diff<'_> {
    fn add_new_user(&mut self, now: &Present<'_>) {
        self.push(ChangeKind::Created, now);
        if now.fingerprint.disabled {
            self.push(ChangeKind::Disabled, now);
        }
        for link in &now.groups {
            self.push_joined(now, link);
        }
    }

    fn compare_user(&mut self, before: &Remembered<'_>, now: &Present<'_>) {
        let fields: Vec<_> = now.fingerprint.differences(&before.fingerprint).collect();
        if !fields.is_empty() {
            self.changes.push(Change { fields, ..change(ChangeKind::Updated, now) });
        }
        match (before.fingerprint.disabled, now.fingerprint.disabled) {
            (false, true) => self.push(ChangeKind::Disabled, now),
            (true, false) => self.push(ChangeKind::Enabled, now),
            (false, false) | (true, true) => {}
        }
        // Both lists of groups are in order of their ids, as a binary search requires.
        for link in &now.groups {
            if before.groups.binary_search(&link.id.value.as_str()).is_err() {
                self.push_joined(now, link);
            }
        }
        for id in &before.groups {
            if now.groups.binary_search_by(|link| link.id.value.as_str().cmp(id)).is_err() {
                let id = group_id(self.dialect, id);
                let name = self.name(&id);
                let group = GroupLink::new(id, name);
                let left = Change { group: Some(group), ..change(ChangeKind::Left, now) };
                self.changes.push(left);
            }
        }
    }

    fn add_deleted_user(&mut self, id: String) {
        self.changes.push(Change {
            kind: ChangeKind::Deleted,
            user: UserId { dialect: self.dialect, value: id },
            email: None,
            fields: Vec::new(),
            group: None,
        });
    }

    fn push(&mut self, kind: ChangeKind, now: &Present<'_>) {
        self.changes.push(change(kind, now));
    }

    fn push_joined(&mut self, now: &Present<'_>, link: &GroupLink) {
        let name = link.name.clone().or_else(|| self.name(&link.id));
        let group = LinkedGroup { name, ..LinkedGroup::clone(link) };
        self.changes.push(Change { group: Some(group.into()), ..change(ChangeKind::Joined, now) });
    }

    fn name(&self, id: &GroupId) -> Option<String> {
        let at = self.groups.binary_search_by(|group| group.id.cmp(id)).ok()?;
        Some(self.groups[at].name.clone())
    }
}

fn change(kind: ChangeKind, now: &Present<'_>) -> Change {
    Change {
        kind,
        user: now.user.id.clone(),
        email: Some(now.user.email.clone()),
        fields: Vec::new(),
        group: None,
    }
}

/// Returns a group id of the kind that the dialect uses.
pub fn group_id(dialect: Dialect, id: &str) -> GroupId {
    GroupId { kind: dialect.group_ids(), value: id.into() }
}
