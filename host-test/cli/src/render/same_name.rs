//! People of one full name, some created and some removed by a plan: they may be the same person under a
//! new address. The planner compares names in the same way.

use std::collections::{BTreeMap, BTreeSet};

use super::plan::person_of;
use crate::ids::{accounts_of, user_id_of};
use host_test::retool::synchronization::{Step, StepKind};
use host_test::retool::types::{Dialect, FieldChange, Tombstone};
use host_test::text::is_shown;
use unicode_normalization::UnicodeNormalization;

/// How many addresses are named beside a person.
const MOST_NAMED: usize = 3;

/// People of one full name, by address.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct SameName<'a> {
    pub(super) created: Vec<&'a str>,
    pub(super) removed: Vec<&'a str>,
}

impl<'a> SameName<'a> {
    /// Lists everyone with those who may be the same person.
    pub(super) fn people(&self) -> impl Iterator<Item = (&'a str, Others<'_>)> {
        let created = self.created.iter().map(|person| (*person, Others(&self.removed)));
        created.chain(self.removed.iter().map(|person| (*person, Others(&self.created))))
    }
}

/// Those who may be the same person as somebody.
#[derive(Clone, Copy, Debug)]
pub(super) struct Others<'a>(&'a [&'a str]);

impl<'a> Others<'a> {
    /// Returns the first of them, and the number of the rest.
    pub(super) fn named(self) -> (&'a [&'a str], usize) {
        let (named, rest) = self.0.split_at(self.0.len().min(MOST_NAMED));
        (named, rest.len())
    }
}

/// Finds the people that the steps create or invite and that have the name of a person to be disabled
/// or deleted. The names of the removed are in the plan's tombstones. Only people with a given and a family
/// name count.
pub(super) fn same_names<'a>(steps: &'a [Step], tombstones: &[Tombstone]) -> Vec<SameName<'a>> {
    let records = accounts_of(tombstones);
    let mut by_name: BTreeMap<String, SameName<'a>> = BTreeMap::new();
    for step in steps {
        let name = match step.kind {
            StepKind::CreateUser | StepKind::InviteUser => {
                full_name(set(&step.changes, "first-name"), set(&step.changes, "last-name"))
            }
            StepKind::DisableUser | StepKind::DeleteUser => {
                let user = step.user.as_ref().and_then(|user| records.get(user_id_of(user)));
                user.and_then(|user| {
                    full_name(user.first_name.as_deref(), user.last_name.as_deref())
                })
            }
            _ => None,
        };
        let Some(name) = name else { continue };
        let people = by_name.entry(name).or_default();
        match step.kind {
            StepKind::CreateUser | StepKind::InviteUser => people.created.push(person_of(step)),
            _ => people.removed.push(person_of(step)),
        }
    }
    let mut found: Vec<_> = by_name
        .into_values()
        .filter(|people| !people.created.is_empty() && !people.removed.is_empty())
        .collect();
    for people in &mut found {
        people.created.sort_unstable();
        people.removed.sort_unstable();
    }
    found.sort_unstable_by(|one, other| one.created.cmp(&other.created));
    found
}

/// Returns everyone in a set of one name.
pub(super) fn everyone<'a>(found: &[SameName<'a>]) -> BTreeSet<&'a str> {
    found.iter().flat_map(|people| people.created.iter().chain(&people.removed)).copied().collect()
}

/// Returns what to do about people of one name.
pub(super) fn advice(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::V2 => {
            "If they are the same person, change the address of the account in Retool, as /api/v2 can't, \
             and plan again: the account then keeps its id, memberships and history."
        }
        Dialect::Auto | Dialect::V1 | Dialect::Scim => {
            "If they are the same person, name the former address on the roster (column `former emails`) \
             and plan again: the account is then renamed, and keeps its id, memberships and history. \
             `provision --former-email EMAIL` does this for one person."
        }
    }
}

/// Returns the value that the changes set a field to.
fn set<'a>(changes: &'a [FieldChange], field: &str) -> Option<&'a str> {
    changes.iter().find(|change| change.field == field)?.after.as_deref()
}

/// Returns a full name as it is compared: without regard to case, spaces and invisible characters.
/// `None` unless both of its parts are known.
fn full_name(first: Option<&str>, last: Option<&str>) -> Option<String> {
    let part = |text: &str| {
        let visible = text.chars().filter(|letter| letter.is_whitespace() || is_shown(*letter));
        let lower: String = visible.nfc().flat_map(char::to_lowercase).nfc().collect();
        let words: Vec<&str> = lower.split_whitespace().collect();
        (!words.is_empty()).then(|| words.join(" "))
    };
    Some(format!("{} {}", part(first?)?, part(last?)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{change, step, tombstone, user};
    use host_test::retool::types::{User, UserId};

    fn created(email: &str, first: &str, last: &str) -> Step {
        Step {
            changes: vec![change("first-name", None, first), change("last-name", None, last)],
            ..step(StepKind::CreateUser, email)
        }
    }

    fn id(email: &str) -> UserId {
        UserId::V1(format!("id of {email}"))
    }

    fn removed(kind: StepKind, email: &str) -> Step {
        Step { user: Some(id(email)), ..step(kind, email) }
    }

    fn record(email: &str, first: &str, last: Option<&str>) -> Tombstone {
        Tombstone {
            user: User {
                id: id(email),
                first_name: Some(first.to_owned()),
                last_name: last.map(str::to_owned),
                ..user(email)
            },
            ..tombstone(email)
        }
    }

    #[test]
    fn people_of_one_name_are_found_without_regard_to_case_and_spaces() {
        let steps = [
            created("zoe.new@x.com", "ZOE\u{301} ", "van  Dam"),
            created("bob@x.com", "Bob", "Ray"),
            created("ada.new@x.com", "Ada", "King"),
            created("ada.too@x.com", "ada", "\u{200b}king"),
            removed(StepKind::DisableUser, "ada.old@x.com"),
            removed(StepKind::DisableUser, "eve@x.com"),
            removed(StepKind::DeleteUser, "zoe.old@x.com"),
        ];
        let records = [
            record("ada.old@x.com", " Ada", Some("King")),
            record("eve@x.com", "Eve", Some("Ray")),
            record("zoe.old@x.com", "zoé", Some("Van\u{a0}Dam")),
        ];
        assert_eq!(
            same_names(&steps, &records),
            [
                SameName {
                    created: vec!["ada.new@x.com", "ada.too@x.com"],
                    removed: vec!["ada.old@x.com"],
                },
                SameName { created: vec!["zoe.new@x.com"], removed: vec!["zoe.old@x.com"] },
            ]
        );
    }

    #[test]
    fn a_person_without_a_given_and_a_family_name_is_not_compared() {
        let steps = [
            created("ada@x.com", "Ada", " "),
            created("bob@x.com", "Bob", ""),
            removed(StepKind::DisableUser, "ada.old@x.com"),
            removed(StepKind::DisableUser, "bob.old@x.com"),
            // The plan has no record of this account.
            removed(StepKind::DisableUser, "ada.older@x.com"),
        ];
        let records =
            [record("ada.old@x.com", "Ada", None), record("bob.old@x.com", "Bob", Some(""))];
        assert_eq!(same_names(&steps, &records), []);
    }

    #[test]
    fn at_most_three_of_many_people_are_named() {
        let mut steps = vec![created("ada@x.com", "Ada", "King")];
        let old: Vec<String> = (0..5).map(|number| format!("old{number}@x.com")).collect();
        steps.extend(old.iter().map(|email| removed(StepKind::DeleteUser, email)));
        let records: Vec<_> = old.iter().map(|email| record(email, "Ada", Some("King"))).collect();
        let found = same_names(&steps, &records);
        assert_eq!(everyone(&found).len(), 6);
        let people: Vec<_> =
            found[0].people().map(|(person, others)| (person, others.named())).collect();
        assert_eq!(people[0], ("ada@x.com", (&["old0@x.com", "old1@x.com", "old2@x.com"][..], 2)));
        assert_eq!(people[5], ("old4@x.com", (&["ada@x.com"][..], 0)));
    }
}
