//! Filters of listings. Users that a filter does not keep are counted. They are dropped with their
//! page, before any of their data is copied.

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use super::page_buffer::PageItems;
use crate::domain::{Email, GroupId, User, UserId, UserType};
use crate::fingerprint::fingerprint;
use crate::sort;

/// Decides which users of a listing are kept.
pub trait UserFilter {
    /// Returns whether users with this address are kept. The address is an [`Email::key`].
    fn wants(&self, address: &str) -> bool;

    /// Returns whether administrators are kept, whatever their address.
    fn wants_admins(&self) -> bool {
        true
    }

    /// Returns whether the times of kept users are kept too.
    fn wants_times(&self) -> bool {
        false
    }

    /// Returns whether users with this address are counted if they are not kept.
    fn counts(&self, _address: &str) -> bool {
        false
    }

    /// Returns whether the memberships of users who are not kept are counted.
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

/// Keeps the users with one address.
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

/// A user as a list contains them.
pub struct Listed {
    /// The user.
    pub user: User,
    /// Whether the record in the list lacks fields that decisions depend on. Then the user is
    /// read individually.
    pub short: bool,
}

/// Counts of the users that were not kept.
#[derive(Clone, Debug, Default)]
pub struct Others {
    /// How many of them can log in and are [counted](UserFilter::counts) by the filter.
    pub enabled: usize,
    /// How many of them are in each group, by group id. The ids of one listing are of one kind.
    members: BTreeMap<String, usize>,
    /// Fingerprints of the ids of users whose memberships are not in the listing, in order.
    silent: Vec<u64>,
    /// How many seats they hold in the whole organisation, by [`UserType`].
    seats: [u32; UserType::ALL.len()],
}

impl Others {
    /// Returns how many seats of a type they hold.
    pub fn seats(&self, user_type: UserType) -> u32 {
        self.seats[user_type as usize]
    }

    /// Returns how many of them are in a group.
    pub fn members(&self, group: &GroupId) -> usize {
        self.members.get(&group.value).copied().unwrap_or(0)
    }

    /// Returns whether there are users whose memberships are not in the listing. Then the groups
    /// must be read.
    pub fn are_silent(&self) -> bool {
        !self.silent.is_empty()
    }

    /// Returns whether this is one of the users whose memberships are not in the listing.
    pub fn has_silent(&self, id: &UserId) -> bool {
        self.silent.binary_search(&fingerprint(&id.value)).is_ok()
    }

    /// Counts this number of them as members of a group.
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
    /// The kept users, with complete records.
    pub users: Vec<User>,
    /// The counts of the other users.
    pub others: Others,
}

/// The users of a listing, as it contains them.
#[derive(Default)]
pub struct People {
    /// The kept users.
    pub listed: Vec<Listed>,
    /// The counts of the other users.
    pub others: Others,
}

impl People {
    /// Merges the users of several pages.
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

/// A user record in a listing, borrowed from the response.
pub trait Listable: Sized {
    /// Why a record may be unusable.
    type Unusable;

    /// Returns the id.
    fn id(&self) -> &str;

    /// Returns the address, as it is written.
    fn address(&self) -> Cow<'_, str>;

    /// Returns whether the record says that the user administers the organisation.
    fn is_admin(&self) -> bool;

    /// Returns whether the record says that the user is disabled.
    fn is_disabled(&self) -> bool;

    /// Returns the type that the seat is billed as; `None` for an invitation, which holds no seat.
    fn seat(&self) -> Option<UserType>;

    /// Returns whether the record lacks fields that decisions depend on.
    fn is_short(&self) -> bool;

    /// Returns the ids of the user's groups, if the record contains them.
    fn groups(&self) -> Option<Vec<&str>>;

    /// Converts the record to a [`User`].
    fn into_user(self) -> Result<User, Self::Unusable>;
}

/// Filters the records of a page. Fails if a kept record is unusable.
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
            // An invitation is not an account, and holds no seat.
            if !record.is_disabled()
                && let Some(seat) = record.seat()
            {
                others.enabled += usize::from(filter.counts(&address));
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

/// A user as a complete record.
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
