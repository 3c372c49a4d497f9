//! Joins the users and groups of one API with those of another, because each API has its own ids.
//! Users are joined by address, groups by name.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::domain::{Dialect, Group, GroupId, User, UserId};
use crate::error::Result;
use crate::retool::Page;
use crate::session::Session;

/// The ids of items in the other API, and the mismatches.
pub struct Joined<Id> {
    /// For each item, its ids in the other API.
    pub ids: Vec<Vec<Id>>,
    /// Messages about items that could not be joined, or that differ.
    pub mismatches: Vec<String>,
}

impl<Id> Default for Joined<Id> {
    fn default() -> Self {
        Joined { ids: Vec::new(), mismatches: Vec::new() }
    }
}

/// Joins a page of users with all users of the other kind of API. The last page also reports the
/// users who are only in the other API. `first` says that no page came before this one.
pub async fn users(session: &Session, page: &Page<User>, first: bool) -> Result<Joined<UserId>> {
    let counterpart = session.counterpart().await?;
    let there = counterpart.list_users().await?;
    let other = counterpart.capabilities().dialect;
    let listed;
    let every_user = match page.next {
        Some(_) => None,
        None if first => Some(page.items.as_slice()),
        None => {
            listed = session.reader().list_users().await?;
            Some(listed.as_slice())
        }
    };
    Ok(join_people(&page.items, &there, other, every_user))
}

/// Joins a page of groups, as [`users`] does for users.
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

/// What both APIs have of a user or group.
struct Item<'a, Id> {
    /// The key that it is joined by.
    key: &'a str,
    label: &'a str,
    id: &'a Id,
    disabled: bool,
}

fn join_people(
    here: &[User],
    there: &[User],
    other: Dialect,
    every_user: Option<&[User]>,
) -> Joined<UserId> {
    fn item(user: &User) -> Item<'_, UserId> {
        let email = &user.email;
        Item { key: email.key(), label: email.as_str(), id: &user.id, disabled: user.disabled }
    }
    join(here, there, other, every_user, item)
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
    use crate::testing::plan::user;

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
    fn mismatches_are_reported() {
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
        // Without the whole listing, users who are only in SCIM are not reported.
        assert_eq!(join_people(&here, &others, Dialect::Scim, None).mismatches.len(), 3);
    }
}
