//! What changed between what a cursor remembers and what there is.

use alloc::string::String;
use alloc::vec::Vec;

use super::cursor_state::{CursorState, Remembered};
use super::{Change, ChangeKind, Present};
use crate::domain::{Dialect, Group, GroupId, GroupLink, UserId};

/// The changes. `present` must be in order of ids, and `groups` too.
pub fn diff(
    dialect: Dialect,
    before: &CursorState<'_>,
    present: &[Present<'_>],
    groups: &[Group],
) -> Vec<Change> {
    let mut told = Told { dialect, groups, changes: Vec::new() };
    let mut present = present.iter().peekable();
    for person in before.people() {
        while let Some(new) = present.next_if(|now| now.id() < person.id.as_str()) {
            told.came(new);
        }
        match present.next_if(|now| now.id() == person.id) {
            Some(now) => told.stayed(&person, now),
            None => told.went(person.id),
        }
    }
    present.for_each(|new| told.came(new));
    told.changes
}

struct Told<'a> {
    dialect: Dialect,
    groups: &'a [Group],
    changes: Vec<Change>,
}

impl Told<'_> {
    fn came(&mut self, now: &Present<'_>) {
        self.tell(ChangeKind::Created, now);
        if now.fingerprint.disabled {
            self.tell(ChangeKind::Disabled, now);
        }
        for link in &now.groups {
            self.joined(now, link);
        }
    }

    fn stayed(&mut self, before: &Remembered<'_>, now: &Present<'_>) {
        let fields: Vec<_> = now.fingerprint.differences(&before.fingerprint).collect();
        if !fields.is_empty() {
            self.changes.push(Change { fields, ..change(ChangeKind::Updated, now) });
        }
        match (before.fingerprint.disabled, now.fingerprint.disabled) {
            (false, true) => self.tell(ChangeKind::Disabled, now),
            (true, false) => self.tell(ChangeKind::Enabled, now),
            (false, false) | (true, true) => {}
        }
        // Both are in order.
        for link in &now.groups {
            if before.groups.binary_search(&link.id.value.as_str()).is_err() {
                self.joined(now, link);
            }
        }
        for id in &before.groups {
            if now.groups.binary_search_by(|link| link.id.value.as_str().cmp(id)).is_err() {
                let id = group_id(self.dialect, id);
                let group = GroupLink { name: self.name(&id), id };
                let left = Change { group: Some(group), ..change(ChangeKind::Left, now) };
                self.changes.push(left);
            }
        }
    }

    fn went(&mut self, id: String) {
        self.changes.push(Change {
            kind: ChangeKind::Deleted,
            user: UserId { dialect: self.dialect, value: id },
            email: None,
            fields: Vec::new(),
            group: None,
        });
    }

    fn tell(&mut self, kind: ChangeKind, now: &Present<'_>) {
        self.changes.push(change(kind, now));
    }

    fn joined(&mut self, now: &Present<'_>, link: &GroupLink) {
        let name = link.name.clone().or_else(|| self.name(&link.id));
        let group = GroupLink { id: link.id.clone(), name };
        self.changes.push(Change { group: Some(group), ..change(ChangeKind::Joined, now) });
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

/// The id of a group as a dialect has them.
pub fn group_id(dialect: Dialect, id: &str) -> GroupId {
    GroupId { kind: dialect.group_ids(), value: id.into() }
}
