//! Reads whole listings. A listing is complete, or there is an error.

use std::collections::{HashMap, HashSet};

use anyhow::anyhow;
use host_test::Tenant;
use host_test::retool::directory::PageRequest;
use host_test::retool::types::{Group, GroupLink, User, UserId};

use crate::connection::deadline;
use crate::failure::Failure;
use crate::ids::{group_id_of, user_id_of};

/// How often an inconsistent listing is read before it is given up.
const READINGS: usize = 3;

/// The most pages of a listing; as many as the component reads.
const MOST_PAGES: usize = 25_000;

/// The most people or groups of a listing; as many as the component reads.
const MOST_ITEMS: usize = 250_000;

/// The most bytes that the texts of a listing may have together.
const MOST_BYTES: usize = 512 << 20;

/// A page of people or groups.
#[derive(Debug, PartialEq)]
struct Page<T> {
    items: Vec<T>,
    next: Option<String>,
    total: Option<u32>,
    /// Why the listing can't be complete, if that shows already.
    inconsistency: Option<String>,
}

/// A person or a group.
trait Item {
    /// How an error names many of them.
    const MANY: &'static str;

    fn id(&self) -> &str;

    /// Returns about how many bytes it takes.
    fn size(&self) -> usize;
}

impl Item for User {
    const MANY: &'static str = "people";

    fn id(&self) -> &str {
        user_id_of(&self.id)
    }

    fn size(&self) -> usize {
        let names = [&self.email, &self.login, &self.first_name, &self.last_name];
        let dates = [&self.created_at, &self.updated_at, &self.last_active_at];
        let texts = names.into_iter().chain(dates);
        let texts = texts.chain([&self.metadata, &self.profile_photo_url]).flatten();
        let texts = texts.map(String::len).sum::<usize>();
        let attributes = self.attributes.iter().flatten();
        let attributes = attributes.map(|of| 64 + of.name.len() + of.value.len()).sum::<usize>();
        let ids = self.other_ids.iter().map(|id| 64 + user_id_of(id).len()).sum::<usize>();
        let links = self.groups.iter().flatten().map(link_size).sum::<usize>();
        size_of::<User>() + texts + attributes + ids + links
    }
}

/// Returns about how many bytes a membership takes.
fn link_size(link: &GroupLink) -> usize {
    64 + group_id_of(&link.id).len() + link.name.as_ref().map_or(0, String::len)
}

impl Item for Group {
    const MANY: &'static str = "groups";

    fn id(&self) -> &str {
        group_id_of(&self.id)
    }

    fn size(&self) -> usize {
        let members = self.members.iter().flatten();
        let members = members
            .map(|of| 128 + user_id_of(&of.id).len() + of.email.as_ref().map_or(0, String::len));
        let dates = [&self.created_at, &self.updated_at].into_iter().flatten().map(String::len);
        let access = self.access.iter().map(|of| 64 + of.name.len() + of.value.len());
        let ids = self.other_ids.iter().map(|id| 64 + group_id_of(id).len());
        let parts = members.chain(dates).chain(access).chain(ids);
        size_of::<Group>() + self.name.len() + parts.sum::<usize>()
    }
}

/// Reads all people, with their memberships where the server's records have them.
pub(crate) async fn users(tenant: &Tenant) -> Result<Vec<User>, Failure> {
    in_time(whole(async |cursor| {
        let page = tenant.page_users(&request(cursor, false)).await??;
        Ok(Page { items: page.users, next: page.next, total: page.total, inconsistency: None })
    }))
    .await
}

/// Reads all groups, on request with their members, which may take one more request for each.
pub(crate) async fn groups(tenant: &Tenant, with_members: bool) -> Result<Vec<Group>, Failure> {
    in_time(whole(async |cursor| group_page(tenant, cursor, with_members).await)).await
}

/// Reads all groups that are wanted, with their members. Members are read only for the pages with
/// such a group.
pub(crate) async fn groups_where(
    tenant: &Tenant,
    wanted: impl Fn(&Group) -> bool,
) -> Result<Vec<Group>, Failure> {
    in_time(whole(async |cursor: Option<String>| {
        let page = group_page(tenant, cursor.clone(), false).await?;
        if !page.items.iter().any(&wanted) {
            return Ok(page);
        }
        Ok(with_members(page, group_page(tenant, cursor, true).await?, &wanted))
    }))
    .await
    .map(|groups| groups.into_iter().filter(wanted).collect())
}

/// Takes the members of the wanted groups of a page from another reading of it. The rest of that
/// reading is not taken: groups move from page to page if one is created or deleted meanwhile.
fn with_members(
    mut page: Page<Group>,
    again: Page<Group>,
    wanted: impl Fn(&Group) -> bool,
) -> Page<Group> {
    let mut read: HashMap<String, Group> = HashMap::new();
    for group in again.items.into_iter().filter(&wanted) {
        read.insert(group_id_of(&group.id).to_owned(), group);
    }
    for group in page.items.iter_mut().filter(|group| wanted(group)) {
        match read.remove(group_id_of(&group.id)) {
            Some(whole) => *group = whole,
            None => page.inconsistency = Some("a group moved while it was read".to_owned()),
        }
    }
    page
}

/// Reads the memberships of a person from the members of all groups. Has no limit of time.
pub(crate) async fn memberships(tenant: &Tenant, user: &UserId) -> Result<Vec<GroupLink>, Failure> {
    let groups = whole(async |cursor| {
        let mut page = group_page(tenant, cursor, true).await?;
        // The other members take most of the room.
        for members in page.items.iter_mut().filter_map(|group| group.members.as_mut()) {
            members.retain(|member| member.id == *user);
        }
        Ok(page)
    });
    let link = |group: Group| {
        let member = group.members?.into_iter().next()?;
        Some(GroupLink { id: group.id, name: Some(group.name), group_admin: member.group_admin })
    };
    Ok(groups.await?.into_iter().filter_map(link).collect())
}

async fn group_page(
    tenant: &Tenant,
    cursor: Option<String>,
    with_members: bool,
) -> Result<Page<Group>, Failure> {
    let page = tenant.page_groups(&request(cursor, with_members)).await??;
    Ok(Page { items: page.groups, next: page.next, total: page.total, inconsistency: None })
}

fn request(cursor: Option<String>, with_members: bool) -> PageRequest {
    PageRequest { cursor, page_size: None, with_members, with_other_ids: false }
}

/// The calls of a listing together have the time of one call.
async fn in_time<T>(listing: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let limit = deadline();
    tokio::time::timeout(limit, listing).await.unwrap_or_else(|_| {
        Err(Failure::Other(anyhow!(
            "the listing could not be read within {} ms; run it again, or allow more \
             (RETOOL_DEADLINE_MS)",
            limit.as_millis()
        )))
    })
}

/// Reads a listing to its end. Reads it again if it changed meanwhile, and fails if it stays
/// inconsistent: a short table would look like a whole one.
async fn whole<T: Item>(
    page: impl AsyncFn(Option<String>) -> Result<Page<T>, Failure>,
) -> Result<Vec<T>, Failure> {
    let mut why = String::new();
    for _ in 0..READINGS {
        match reading(&page).await? {
            Ok(items) => return Ok(items),
            Err(inconsistency) => why = inconsistency,
        }
    }
    Err(Failure::Other(anyhow!(
        "the server's listing of {} is not complete: {why}; nothing is shown or written; run it \
         again when nobody changes them",
        T::MANY
    )))
}

/// Reads a listing once. The inner error says why it can't be complete.
async fn reading<T: Item>(
    page: &impl AsyncFn(Option<String>) -> Result<Page<T>, Failure>,
) -> Result<Result<Vec<T>, String>, Failure> {
    let mut items: Vec<T> = Vec::new();
    let (mut known, mut bytes) = (HashSet::new(), 0);
    let (mut total, mut cursor) = (None, None);
    for _ in 0..MOST_PAGES {
        let Page { items: more, next, total: stated, inconsistency } = page(cursor.clone()).await?;
        if let Some(inconsistency) = inconsistency {
            return Ok(Err(inconsistency));
        }
        for item in more {
            if !known.insert(item.id().to_owned()) {
                return Ok(Err("it gives one twice".to_owned()));
            }
            bytes += item.size() + item.id().len();
            if items.len() == MOST_ITEMS || bytes > MOST_BYTES {
                return Err(too_large(T::MANY));
            }
            items.push(item);
        }
        match (total, stated) {
            (Some(before), Some(after)) if before != after => {
                return Ok(Err(format!("it says first {before} and then {after}")));
            }
            (_, stated) => total = stated.or(total),
        }
        if next.is_none() {
            let given = items.len();
            return Ok(match total {
                Some(total) if total as usize != given => {
                    Err(format!("it says {total} and gives {given}"))
                }
                _ => Ok(items),
            });
        }
        if next == cursor {
            return Ok(Err("it has no end".to_owned()));
        }
        cursor = next;
    }
    Ok(Err("it has no end".to_owned()))
}

fn too_large(what: &str) -> Failure {
    Failure::Other(anyhow!(
        "the server lists more {what} than can be shown ({MOST_ITEMS}, or {MOST_BYTES} bytes)"
    ))
}

/// Adds to each person the memberships that only the groups have, and who administers a group. Fails
/// if all of them take more than a listing may have.
pub(crate) fn join(users: &mut [User], groups: &[Group]) -> Result<(), Failure> {
    join_within(users, groups, MOST_BYTES)
}

fn join_within(users: &mut [User], groups: &[Group], most: usize) -> Result<(), Failure> {
    let mut links: HashMap<&str, Vec<(&Group, Option<bool>)>> = HashMap::new();
    for group in groups {
        for member in group.members.iter().flatten() {
            links.entry(user_id_of(&member.id)).or_default().push((group, member.group_admin));
        }
    }
    let mut bytes = 0;
    for user in users {
        let listed = links.remove(user_id_of(&user.id)).unwrap_or_default();
        let own = user.groups.get_or_insert_default();
        let mut places: HashMap<String, usize> = own
            .iter()
            .enumerate()
            .map(|(place, link)| (group_id_of(&link.id).to_owned(), place))
            .collect();
        for (group, group_admin) in listed {
            let id = group_id_of(&group.id);
            if let Some(place) = places.get(id) {
                let link = &mut own[*place];
                link.group_admin = link.group_admin.or(group_admin);
                continue;
            }
            let link =
                GroupLink { id: group.id.clone(), name: Some(group.name.clone()), group_admin };
            bytes += link_size(&link);
            if bytes > most {
                return Err(too_large("memberships"));
            }
            places.insert(id.to_owned(), own.len());
            own.push(link);
        }
    }
    Ok(())
}

/// Adds the names of groups to memberships that have only their ids. Fails as [`join`].
pub(crate) fn name(users: &mut [User], groups: &[Group]) -> Result<(), Failure> {
    name_within(users, groups, MOST_BYTES)
}

fn name_within(users: &mut [User], groups: &[Group], most: usize) -> Result<(), Failure> {
    let names: HashMap<&str, &str> =
        groups.iter().map(|group| (group_id_of(&group.id), &*group.name)).collect();
    let links = users.iter_mut().flat_map(|user| user.groups.iter_mut().flatten());
    let mut bytes = 0;
    for link in links.filter(|link| link.name.is_none()) {
        link.name = names.get(group_id_of(&link.id)).map(|name| (*name).to_owned());
        bytes += link_size(link);
        if bytes > most {
            return Err(too_large("memberships"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use host_test::retool::types::{GroupId, Member};

    use super::*;

    fn group(id: &str, name: &str, members: Option<Vec<Member>>) -> Group {
        Group {
            id: GroupId::Rest(id.to_owned()),
            name: name.to_owned(),
            members,
            other_ids: Vec::new(),
            access: Vec::new(),
            created_at: None,
            updated_at: None,
        }
    }

    fn page(items: Vec<Group>) -> Page<Group> {
        Page { items, next: None, total: None, inconsistency: None }
    }

    #[test]
    fn only_the_members_of_wanted_groups_are_taken_from_another_reading_of_a_page() {
        let wanted = |group: &Group| group.name == "Sales";
        let first = || page(vec![group("1", "Data", None), group("2", "Sales", None)]);
        let again = page(vec![
            group("2", "Sales", Some(Vec::new())),
            // It was on the next page before, where it is read again.
            group("3", "Sales", Some(Vec::new())),
        ]);
        let read = with_members(first(), again, wanted);
        assert_eq!(
            read,
            page(vec![group("1", "Data", None), group("2", "Sales", Some(Vec::new()))])
        );
        let moved = with_members(first(), page(vec![group("1", "Data", Some(Vec::new()))]), wanted);
        assert!(moved.inconsistency.is_some(), "{moved:?}");
    }

    #[tokio::test]
    async fn a_listing_that_changed_while_it_was_read_is_read_again() {
        let readings = Cell::new(0);
        let groups = whole(async |_| {
            readings.set(readings.get() + 1);
            let inconsistency = (readings.get() == 1).then(|| "it moved".to_owned());
            Ok(Page { inconsistency, ..page(vec![group("1", "Data", None)]) })
        });
        assert_eq!(groups.await.expect("a listing").len(), 1);
        assert_eq!(readings.get(), 2);
    }

    #[test]
    fn memberships_that_groups_add_are_limited_like_a_listing() {
        let member = |id: &str| Member {
            id: UserId::V1(id.to_owned()),
            email: None,
            group_admin: Some(true),
        };
        let long = "n".repeat(1000);
        let groups = [group("1", &long, Some(vec![member("1"), member("2")]))];
        let users = || [1, 2].map(|id| User { groups: None, ..user(id) });
        let mut both = users();
        join_within(&mut both, &groups, 3000).expect("as much as may be");
        assert!(both.iter().all(|user| user.groups.as_ref().is_some_and(|own| own.len() == 1)));
        join_within(&mut both, &groups, 0).expect("nothing is added again");
        assert!(join_within(&mut users(), &groups, 1500).is_err());
        for user in &mut both {
            user.groups.iter_mut().flatten().for_each(|link| link.name = None);
        }
        assert!(name_within(&mut both, &groups, 1500).is_err());
    }

    fn user(id: u32) -> User {
        User { id: UserId::V1(id.to_string()), ..crate::testing::user("ada@x.com") }
    }
}
