//! One person, one group, several ids: what stands in one API joined with what stands in
//! another, by address and by name.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::domain::{Dialect, Group, GroupId, User, UserId};
use crate::error::Result;
use crate::retool::Page;
use crate::session::Session;

/// What the other API calls each item, and what could not be joined.
pub struct Joined<Id> {
    /// For each item here, its ids there.
    pub ids: Vec<Vec<Id>>,
    /// What could not be joined, or is not the same, for people.
    pub mismatches: Vec<String>,
}

impl<Id> Default for Joined<Id> {
    fn default() -> Self {
        Joined { ids: Vec::new(), mismatches: Vec::new() }
    }
}

/// Joins a page of people with everybody in the other kind of API. With the last page, whoever
/// is only there is told too; `first` says that there was none before it.
pub async fn users(session: &Session, page: &Page<User>, first: bool) -> Result<Joined<UserId>> {
    let counterpart = session.counterpart().await?;
    let there = counterpart.list_users().await?;
    let other = counterpart.capabilities().dialect;
    let listed;
    let everybody = match page.next {
        Some(_) => None,
        None if first => Some(page.items.as_slice()),
        None => {
            listed = session.reader().list_users().await?;
            Some(listed.as_slice())
        }
    };
    Ok(join_people(&page.items, &there, other, everybody))
}

/// The same for groups, which are joined by name.
pub async fn groups(session: &Session, page: &Page<Group>, first: bool) -> Result<Joined<GroupId>> {
    let counterpart = session.counterpart().await?;
    let there = counterpart.list_groups().await?;
    let other = counterpart.capabilities().dialect;
    let listed;
    let every = match page.next {
        Some(_) => None,
        None if first => Some(page.items.as_slice()),
        None => {
            listed = session.reader().list_groups().await?;
            Some(listed.as_slice())
        }
    };
    Ok(join_groups(&page.items, &there, other, every))
}

/// What is the same in both APIs.
struct Item<'a, Id> {
    /// What it is joined by.
    key: &'a str,
    label: &'a str,
    id: &'a Id,
    disabled: bool,
}

fn join_people(
    here: &[User],
    there: &[User],
    other: Dialect,
    everybody: Option<&[User]>,
) -> Joined<UserId> {
    fn item(user: &User) -> Item<'_, UserId> {
        let email = &user.email;
        Item { key: email.key(), label: email.as_str(), id: &user.id, disabled: user.disabled }
    }
    join(here, there, other, everybody, item)
}

fn join_groups(
    here: &[Group],
    there: &[Group],
    other: Dialect,
    every: Option<&[Group]>,
) -> Joined<GroupId> {
    fn item(group: &Group) -> Item<'_, GroupId> {
        Item { key: group.name.trim(), label: &group.name, id: &group.id, disabled: false }
    }
    join(here, there, other, every, item)
}

fn join<T, Id: Clone>(
    here: &[T],
    there: &[T],
    other: Dialect,
    whole: Option<&[T]>,
    item: for<'a> fn(&'a T) -> Item<'a, Id>,
) -> Joined<Id> {
    let other = other.as_str();
    let mut by_key: BTreeMap<&str, Vec<Item<'_, Id>>> = BTreeMap::new();
    for thing in there {
        let thing = item(thing);
        by_key.entry(thing.key).or_default().push(thing);
    }
    let mut joined = Joined { ids: Vec::with_capacity(here.len()), mismatches: Vec::new() };
    for thing in here {
        let thing = item(thing);
        let found = by_key.get(thing.key).map(Vec::as_slice).unwrap_or_default();
        joined.mismatches.extend(match found {
            [] => Some(format!("{} is not in {other}.", thing.label)),
            [same] if same.disabled == thing.disabled => None,
            [same] => Some(format!(
                "{} is {} in {other}.",
                thing.label,
                if same.disabled { "disabled only" } else { "enabled only" }
            )),
            several => Some(format!("{} is in {other} {} times.", thing.label, several.len())),
        });
        joined.ids.push(found.iter().map(|same| same.id.clone()).collect());
    }
    for thing in whole.unwrap_or_default() {
        by_key.remove(item(thing).key);
    }
    if whole.is_some() {
        let only = by_key.values().flatten();
        joined.mismatches.extend(only.map(|thing| format!("{} is only in {other}.", thing.label)));
    }
    joined
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;
    use crate::sync::plan::testing::user;

    fn there(address: &str) -> User {
        let mut there = user(address);
        there.id.dialect = Dialect::Scim;
        there.id.value = format!("scim of {address}");
        there
    }

    #[test]
    fn people_are_joined_by_address_without_case() {
        let here = [user("ada@x.com"), user("Joan@X.com")];
        let joined =
            join_people(&here, &[there("joan@x.com"), there("ada@x.com")], Dialect::Scim, None);
        let ids: Vec<_> = joined.ids.iter().map(|ids| ids[0].value.as_str()).collect();
        assert_eq!(ids, ["scim of ada@x.com", "scim of joan@x.com"]);
        assert_eq!(joined.mismatches, Vec::<String>::new());
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let here = [user("ada@x.com"), user("ken@x.com"), user("joan@x.com")];
        let mut ken = there("ken@x.com");
        ken.disabled = true;
        let others = [ken, there("joan@x.com"), there("joan@x.com"), there("new@x.com")];
        let joined = join_people(&here, &others, Dialect::Scim, Some(&here));
        assert_eq!(
            joined.mismatches,
            [
                "ada@x.com is not in SCIM.",
                "ken@x.com is disabled only in SCIM.",
                "joan@x.com is in SCIM 2 times.",
                "new@x.com is only in SCIM.",
            ]
        );
        assert_eq!(joined.ids.iter().map(Vec::len).collect::<Vec<_>>(), vec![0, 1, 2]);
        // A page says nothing of who is on the others.
        assert_eq!(join_people(&here, &others, Dialect::Scim, None).mismatches.len(), 3);
    }
}
