//! What a plan does to each person, gathered from its steps.

use std::collections::BTreeMap;

use super::super::plan::{group_of, is_of_group, person_of};
use super::super::words;
use crate::retool::synchronization::{Step, StepKind};
use crate::retool::types::FieldChange;

/// What happens to somebody, the gravest first: that is what an approver looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fate {
    Delete,
    Disable,
    Enable,
    Create,
    Update,
}

impl Fate {
    pub(super) const ALL: [Fate; 5] =
        [Fate::Delete, Fate::Disable, Fate::Enable, Fate::Create, Fate::Update];

    /// The word for it, which is also the name of its section and of its style.
    pub(super) fn verb(self) -> &'static str {
        match self {
            Fate::Delete => "delete",
            Fate::Disable => "disable",
            Fate::Enable => "enable",
            Fate::Create => "create",
            Fate::Update => "update",
        }
    }
}

/// One person, with everything that the plan does to them.
#[derive(Debug)]
pub(super) struct Person<'a> {
    pub(super) email: &'a str,
    pub(super) fate: Fate,
    /// The fields, but for `disabled`, which the fate says.
    pub(super) changes: Vec<&'a FieldChange>,
    /// The groups to join, by name.
    pub(super) joins: Vec<String>,
    /// The groups to leave.
    pub(super) leaves: Vec<String>,
}

impl Person<'_> {
    /// Whether they become an administrator, or cease to be one; `None` where neither.
    pub(super) fn administers(&self) -> Option<bool> {
        let change = self.changes.iter().find(|change| change.field == "admin")?;
        match (change.before.as_deref(), change.after.as_deref()) {
            (Some("true"), Some("false")) => Some(false),
            (None | Some("false"), Some("true")) => Some(true),
            _ => None,
        }
    }
}

/// Everybody whom the steps concern, by fate and then by address.
pub(super) fn people(steps: &[Step]) -> Vec<Person<'_>> {
    let mut people: BTreeMap<&str, Person<'_>> = BTreeMap::new();
    for step in steps {
        if is_of_group(step) {
            continue;
        }
        let email = person_of(step);
        let person = people.entry(email).or_insert_with(|| Person {
            email,
            fate: Fate::Update,
            changes: Vec::new(),
            joins: Vec::new(),
            leaves: Vec::new(),
        });
        let fate = match step.kind {
            StepKind::CreateGroup
            | StepKind::ChangeGroup
            | StepKind::RenameUser
            | StepKind::UpdateUser
            | StepKind::ChangeAttributes
            | StepKind::ChangeMember => Fate::Update,
            StepKind::AddMember => {
                person.joins.push(group_of(step));
                Fate::Update
            }
            StepKind::RemoveMember => {
                person.leaves.push(group_of(step));
                Fate::Update
            }
            StepKind::CreateUser | StepKind::InviteUser => Fate::Create,
            StepKind::EnableUser => Fate::Enable,
            StepKind::DisableUser => Fate::Disable,
            StepKind::CancelInvitation | StepKind::DeleteUser => Fate::Delete,
        };
        person.fate = person.fate.min(fate);
        person.changes.extend(step.changes.iter().filter(|change| !words::is_said(change)));
    }
    let mut people: Vec<Person<'_>> = people.into_values().collect();
    people.sort_by_key(|person| person.fate);
    people
}

#[cfg(test)]
mod tests {
    use super::super::super::samples::{change, step};
    use super::*;

    #[test]
    fn a_person_is_told_once_under_the_gravest_of_what_happens() {
        let member = |kind, group: &str| Step {
            group_name: Some(group.to_owned()),
            ..step(kind, "ada@x.com")
        };
        let steps = [
            step(StepKind::UpdateUser, "zoe@x.com"),
            Step {
                changes: vec![
                    change("disabled", Some("true"), "false"),
                    change("admin", Some("false"), "true"),
                ],
                ..step(StepKind::EnableUser, "ada@x.com")
            },
            member(StepKind::AddMember, "Data"),
            member(StepKind::RemoveMember, "Sales"),
            step(StepKind::DeleteUser, "zoe@x.com"),
        ];
        let people = people(&steps);
        let [zoe, ada] = &people[..] else { panic!("{people:?}") };
        assert_eq!((zoe.email, zoe.fate), ("zoe@x.com", Fate::Delete));
        assert_eq!((ada.email, ada.fate), ("ada@x.com", Fate::Enable));
        assert_eq!(
            (&ada.joins[..], &ada.leaves[..]),
            (&["Data".into()][..], &["Sales".into()][..])
        );
        assert_eq!(ada.changes.len(), 1);
        assert_eq!(ada.administers(), Some(true));
        assert_eq!(zoe.administers(), None);
    }

    #[test]
    fn whoever_is_created_without_rights_does_not_lose_any() {
        let step = |changes| [Step { changes, ..step(StepKind::CreateUser, "ada@x.com") }];
        let administers = |before, after| {
            let steps = step(vec![change("admin", before, after)]);
            people(&steps)[0].administers()
        };
        assert_eq!(administers(None, "false"), None);
        assert_eq!(administers(None, "true"), Some(true));
        assert_eq!(administers(Some("true"), "false"), Some(false));
    }
}
