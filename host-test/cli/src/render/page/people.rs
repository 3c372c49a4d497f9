//! The changes of a plan for each person, collected from its steps.

use std::collections::BTreeMap;

use super::super::plan::{group_of, is_of_group, person_of};
use super::super::words;
use super::LastActive;
use crate::ids::{accounts_of, user_id_of};
use host_test::retool::synchronization::{Step, StepKind};
use host_test::retool::types::{FieldChange, Tombstone, User};

/// What happens to a person. The most serious is first, because an approver looks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Action {
    Delete,
    Disable,
    Enable,
    Create,
    Rename,
    Update,
}

impl Action {
    pub(super) const ALL: [Action; 6] = [
        Action::Delete,
        Action::Disable,
        Action::Enable,
        Action::Create,
        Action::Rename,
        Action::Update,
    ];

    /// Returns its verb, which is also the name of its section and of its CSS class.
    pub(super) fn verb(self) -> &'static str {
        match self {
            Action::Delete => "delete",
            Action::Disable => "disable",
            Action::Enable => "enable",
            Action::Create => "create",
            Action::Rename => "rename",
            Action::Update => "update",
        }
    }
}

/// One person with all their changes in the plan.
#[derive(Debug)]
pub(super) struct Person<'a> {
    pub(super) email: &'a str,
    pub(super) action: Action,
    /// The changed fields, without `disabled`, which the action shows.
    pub(super) changes: Vec<&'a FieldChange>,
    /// The groups to join, by name.
    pub(super) joins: Vec<String>,
    /// The groups to leave.
    pub(super) leaves: Vec<String>,
    /// The account as it is now, if it is to be disabled, deleted or stripped.
    pub(super) record: Option<&'a User>,
    /// When the account was last active, if it is removed and this was read.
    pub(super) last_active: Option<&'a Option<String>>,
}

impl Person<'_> {
    /// Returns whether the account is disabled or deleted.
    pub(super) fn is_removed(&self) -> bool {
        matches!(self.action, Action::Delete | Action::Disable)
    }

    /// Returns whether they become an administrator (true) or cease to be one (false); `None` if
    /// neither.
    pub(super) fn administers(&self) -> Option<bool> {
        let change = self.changes.iter().find(|change| change.field == "admin")?;
        match (change.before.as_deref(), change.after.as_deref()) {
            (Some("true"), Some("false")) => Some(false),
            (None | Some("false"), Some("true")) => Some(true),
            _ => None,
        }
    }
}

/// Lists the people that the steps change, by action and then by address.
pub(super) fn people<'a>(
    steps: &'a [Step],
    tombstones: &'a [Tombstone],
    last_active: Option<&'a LastActive>,
) -> Vec<Person<'a>> {
    let records = accounts_of(tombstones);
    let mut people: BTreeMap<&str, Person<'_>> = BTreeMap::new();
    for step in steps {
        if is_of_group(step) {
            continue;
        }
        let email = person_of(step);
        let person = people.entry(email).or_insert_with(|| Person {
            email,
            action: Action::Update,
            changes: Vec::new(),
            joins: Vec::new(),
            leaves: Vec::new(),
            record: None,
            last_active: None,
        });
        let id = step.user.as_ref().map(user_id_of);
        person.last_active = person.last_active.or(id.and_then(|id| last_active?.get(id)));
        let record = step.user.as_ref().and_then(|user| records.get(user_id_of(user)).copied());
        person.record = person.record.or(record);
        let action = match step.kind {
            StepKind::CreateGroup
            | StepKind::ChangeGroup
            | StepKind::UpdateUser
            | StepKind::ChangeAttributes
            | StepKind::ChangeMember => Action::Update,
            StepKind::AddMember => {
                person.joins.push(group_of(step));
                Action::Update
            }
            StepKind::RemoveMember => {
                person.leaves.push(group_of(step));
                Action::Update
            }
            StepKind::CreateUser | StepKind::InviteUser => Action::Create,
            StepKind::RenameUser if words::enables(&step.changes) => Action::Enable,
            StepKind::RenameUser => Action::Rename,
            StepKind::EnableUser => Action::Enable,
            StepKind::DisableUser => Action::Disable,
            StepKind::CancelInvitation | StepKind::DeleteUser => Action::Delete,
        };
        person.action = person.action.min(action);
        person.changes.extend(step.changes.iter().filter(|change| !words::is_said(change)));
    }
    let mut people: Vec<Person<'_>> = people.into_values().collect();
    people.sort_by_key(|person| person.action);
    people
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{change, step};

    #[test]
    fn a_person_is_listed_once_with_the_most_serious_action() {
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
        let people = people(&steps, &[], None);
        let [zoe, ada] = &people[..] else { panic!("{people:?}") };
        assert_eq!((zoe.email, zoe.action), ("zoe@x.com", Action::Delete));
        assert_eq!((ada.email, ada.action), ("ada@x.com", Action::Enable));
        assert_eq!(
            (&ada.joins[..], &ada.leaves[..]),
            (&["Data".into()][..], &["Sales".into()][..])
        );
        assert_eq!(ada.changes.len(), 1);
        assert_eq!(ada.administers(), Some(true));
        assert_eq!(zoe.administers(), None);
    }

    #[test]
    fn a_renamed_person_keeps_the_change_of_the_address_also_if_enabled() {
        let email = || change("email", Some("ada@x.com"), "ada@y.com");
        let enabled = vec![email(), change("disabled", Some("true"), "false")];
        for (changes, action) in [(vec![email()], Action::Rename), (enabled, Action::Enable)] {
            let steps = [
                Step { changes, ..step(StepKind::RenameUser, "ada@y.com") },
                Step {
                    group_name: Some("Data".to_owned()),
                    ..step(StepKind::AddMember, "ada@y.com")
                },
            ];
            let people = people(&steps, &[], None);
            let [ada] = &people[..] else { panic!("{people:?}") };
            assert_eq!((ada.email, ada.action), ("ada@y.com", action));
            assert_eq!(ada.changes, [&email()]);
        }
    }

    #[test]
    fn a_new_person_without_admin_rights_does_not_cease_to_be_an_administrator() {
        let step = |changes| [Step { changes, ..step(StepKind::CreateUser, "ada@x.com") }];
        let administers = |before, after| {
            let steps = step(vec![change("admin", before, after)]);
            people(&steps, &[], None)[0].administers()
        };
        assert_eq!(administers(None, "false"), None);
        assert_eq!(administers(None, "true"), Some(true));
        assert_eq!(administers(Some("true"), "false"), Some(false));
    }
}
