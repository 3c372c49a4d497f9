//! Filters of listings. Users whom a filter does not keep are counted, and dropped with their page
//! before anything of them is copied.

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use super::page_buffer::PageItems;
use crate::domain::{Email, GroupId, User, UserId, UserType};
use crate::fingerprint::fingerprint;
use crate::sort;

/// Says which users of a listing are kept.
pub trait UserFilter {
    /// Whether users of this address are kept. The address is an [`Email::key`].
    fn wants(&self, address: &str) -> bool;

    /// Whether administrators are kept, whatever their address.
    fn wants_admins(&self) -> bool {
        true
    }

    /// Whether the times of kept users are kept too.
    fn wants_times(&self) -> bool {
        false
    }

    /// Whether users of this address are counted if they are not kept.
    fn counts(&self, _address: &str) -> bool {
        false
    }

    /// Whether the memberships of users who are not kept are counted.
    fn counts_memberships(&self) -> bool {
        false
    }
}

/// Keeps all users.
pub struct AllUsers {
    /// Whether their times are kept too.
    pub with_times: bool,
}

impl UserFilter for AllUsers {
    fn wants(&self, _: &str) -> bool {
        true
    }

    fn wants_times(&self) -> bool {
        self.with_times
    }
}

/// Keeps the users of one address.
pub struct UsersByEmail<'a>(pub &'a Email);

impl UserFilter for UsersByEmail<'_> {
    fn wants(&self, address: &str) -> bool {
        self.0.key() == address
    }

    fn wants_admins(&self) -> bool {
        false
    }

    fn wants_times(&self) -> bool {
        true
    }
}

/// Keeps administrators.
pub struct Administrators;

impl UserFilter for Administrators {
    fn wants(&self, _: &str) -> bool {
        false
    }
}

/// A user as a list shows them.
pub struct Listed {
    /// The person.
    pub user: User,
    /// Whether the list leaves out what decides what is done to them: then the record is read on
    /// its own.
    pub short: bool,
}

/// Users who were not kept, as numbers.
#[derive(Clone, Debug, Default)]
pub struct Others {
    /// Those who can log in and whom the filter [counts](UserFilter::counts).
    pub enabled: usize,
    /// How many of them are in each group, by its id: those of one listing are of one kind.
    members: BTreeMap<String, usize>,
    /// Fingerprints of the ids of users whose memberships the listing did not show, in order.
    silent: Vec<u64>,
    /// How many seats they hold in the whole organisation, by [`UserType`].
    seats: [u32; UserType::ALL.len()],
}

impl Others {
    /// How many seats of a type they hold.
    pub fn seats(&self, user_type: UserType) -> u32 {
        self.seats[user_type as usize]
    }

    /// How many of them are in a group.
    pub fn members(&self, group: &GroupId) -> usize {
        self.members.get(&group.value).copied().unwrap_or(0)
    }

    /// Whether the groups must be asked for who of them is in which.
    pub fn are_silent(&self) -> bool {
        !self.silent.is_empty()
    }

    /// Whether somebody is one of them whose memberships the listing did not tell.
    pub fn has_silent(&self, id: &UserId) -> bool {
        self.silent.binary_search(&fingerprint(&id.value)).is_ok()
    }

    /// Counts so many of them as members of a group.
    pub fn join(&mut self, group: &GroupId, people: usize) {
        self.join_by_id(&group.value, people);
    }

    fn join_by_id(&mut self, group: &str, people: usize) {
        match self.members.get_mut(group) {
            Some(members) => *members += people,
            None if people == 0 => {}
            None => {
                self.members.insert(group.into(), people);
            }
        }
    }

    /// Counts one of them as a member of these groups, each once.
    fn join_each(&mut self, mut groups: Vec<&str>) {
        if !groups.is_sorted_by(|one, other| one < other) {
            sort::sort(&mut groups);
            groups.dedup();
        }
        for group in groups {
            self.join_by_id(group, 1);
        }
    }

    fn add(&mut self, page: Others) {
        self.enabled += page.enabled;
        self.silent.extend(page.silent);
        for (seats, more) in self.seats.iter_mut().zip(page.seats) {
            *seats += more;
        }
        for (group, people) in page.members {
            self.join_by_id(&group, people);
        }
    }
}

/// The result of a listing.
#[derive(Debug, Default)]
pub struct Found {
    /// Those who were kept, whole.
    pub users: Vec<User>,
    /// The others.
    pub others: Others,
}

/// People of a listing, as it shows them.
#[derive(Default)]
pub struct People {
    /// Those who are kept.
    pub listed: Vec<Listed>,
    /// The others.
    pub others: Others,
}

impl People {
    /// Everybody on some pages.
    pub fn on(pages: Vec<People>) -> People {
        let count = pages.iter().map(|page| page.listed.len()).sum();
        let mut people = People { listed: Vec::with_capacity(count), others: Others::default() };
        for mut page in pages {
            people.listed.append(&mut page.listed);
            people.others.add(page.others);
        }
        people.others.silent.sort_unstable();
        people
    }
}

/// A user's record in a listing, borrowed from the answer.
pub trait Listable: Sized {
    /// Why a record may be unusable.
    type Unusable;

    /// The id.
    fn id(&self) -> &str;

    /// The address, as it is written.
    fn address(&self) -> Cow<'_, str>;

    /// Whether they administer the organisation, as far as the record says.
    fn is_admin(&self) -> bool;

    /// Whether they are barred from logging in, as far as the record says.
    fn is_disabled(&self) -> bool;

    /// What the seat is billed as; `None` for an invitation, which holds none.
    fn seat(&self) -> Option<UserType>;

    /// Whether it leaves out what decides what is done to them.
    fn is_short(&self) -> bool;

    /// The ids of their groups, where it shows them.
    fn groups(&self) -> Option<Vec<&str>>;

    /// As the rest of the component knows them.
    fn into_user(self) -> Result<User, Self::Unusable>;
}

/// Filters the records of a page. Fails if one that is kept is unusable.
pub fn filter_page<R: Listable>(
    records: Vec<R>,
    filter: &dyn UserFilter,
) -> Result<PageItems<People>, R::Unusable> {
    let mut page = People::default();
    let mut fingerprints = Vec::with_capacity(records.len());
    for record in records {
        let fingerprint = fingerprint(record.id());
        fingerprints.push(fingerprint);
        let short = record.is_short();
        let address = record.address();
        let address = Email::key_of(&address);
        let kept = short || (record.is_admin() && filter.wants_admins()) || filter.wants(&address);
        if !kept {
            let others = &mut page.others;
            others.enabled += usize::from(!record.is_disabled() && filter.counts(&address));
            if !record.is_disabled()
                && let Some(seat) = record.seat()
            {
                others.seats[seat as usize] += 1;
            }
            if filter.counts_memberships() {
                match record.groups() {
                    Some(groups) => others.join_each(groups),
                    None => others.silent.push(fingerprint),
                }
            }
            continue;
        }
        drop(address);
        let mut user = record.into_user()?;
        if !filter.wants_times() {
            user.forget_times();
        }
        page.listed.push(Listed { user, short });
    }
    Ok(PageItems { page, fingerprints })
}

/// Somebody as a record that shows all of them.
#[cfg(test)]
impl Listable for User {
    type Unusable = core::convert::Infallible;

    fn id(&self) -> &str {
        &self.id.value
    }

    fn address(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.email.as_str())
    }

    fn is_admin(&self) -> bool {
        self.admin
    }

    fn is_disabled(&self) -> bool {
        self.disabled
    }

    fn seat(&self) -> Option<UserType> {
        User::seat(self)
    }

    fn is_short(&self) -> bool {
        false
    }

    fn groups(&self) -> Option<Vec<&str>> {
        Some(self.groups.as_ref()?.iter().map(|link| link.id.value.as_str()).collect())
    }

    fn into_user(self) -> Result<User, core::convert::Infallible> {
        Ok(self)
    }
}
