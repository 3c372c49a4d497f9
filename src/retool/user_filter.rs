//! Filters of listings. Users that a filter does not keep are counted. They are dropped with their
//! page, before any of their data is copied.

use alloc::borrow::Cow;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use super::page_buffer::PageItems;
use super::unreadable::{Defect, Salvaged, Unreadable, UnreadableRecord, without_address};
use crate::domain::{Email, GroupId, SharedLinks, User, UserId, UserRef, UserType};
use crate::fingerprint::fingerprint;
use crate::sort;

/// Decides which users of a listing are kept.
pub trait UserFilter {
    /// Returns whether this user is kept.
    fn wants(&self, who: &Who<'_>) -> bool;

    /// Returns whether administrators are kept, whoever they are.
    fn wants_admins(&self) -> bool {
        true
    }

    /// Returns whether the times of kept users are kept too.
    fn wants_times(&self) -> bool {
        false
    }

    /// Returns whether this user is counted if not kept.
    fn counts(&self, _who: &Who<'_>) -> bool {
        false
    }

    /// Returns whether the memberships of users who are not kept are counted.
    fn counts_memberships(&self) -> bool {
        false
    }
}

/// What identifies a user in a listing. Texts are [`Email::key`]s.
#[derive(Debug, Default)]
pub struct Who<'a> {
    /// The id.
    pub id: &'a str,
    /// The main address; empty if there is none.
    pub address: Cow<'a, str>,
    /// The login; `None` if there is none, or if it is the main address.
    pub login: Option<Cow<'a, str>>,
    /// The other addresses.
    pub more: Vec<Cow<'a, str>>,
}

impl<'a> Who<'a> {
    /// Identifies a user of whom there is one address, as it is written; empty if there is none.
    pub fn new(id: &'a str, address: Cow<'a, str>) -> Self {
        Who { id, address: key(address), login: None, more: Vec::new() }
    }

    /// Returns the addresses and the login, the main address first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let more = self.login.iter().chain(&self.more).map(|name| &**name);
        core::iter::once(&*self.address).filter(|address| !address.is_empty()).chain(more)
    }

    /// Returns whether the user has neither an address nor a login.
    fn is_nameless(&self) -> bool {
        self.names().next().is_none()
    }

    /// Returns the login, be it the main address or not. Only SCIM has logins.
    fn scim_login(&self) -> &str {
        self.login.as_deref().unwrap_or(&self.address)
    }
}

/// Returns the [`Email::key`] of a text.
pub fn key(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Email::key_of(text),
        Cow::Owned(text) => Cow::Owned(Email::key_of(&text).into_owned()),
    }
}

/// Keeps all users.
pub struct AllUsers {
    /// Whether their times are kept too.
    pub with_times: bool,
}

impl UserFilter for AllUsers {
    fn wants(&self, _: &Who<'_>) -> bool {
        true
    }

    fn wants_times(&self) -> bool {
        self.with_times
    }
}

/// Keeps the users that a request means.
pub struct UsersByRef<'a>(pub &'a UserRef);

impl UserFilter for UsersByRef<'_> {
    fn wants(&self, who: &Who<'_>) -> bool {
        match self.0 {
            UserRef::Email(email) => who.names().any(|name| name == email.key()),
            UserRef::Login(login) => who.scim_login() == login.key(),
            UserRef::Id(id) => who.id == id.value,
        }
    }

    fn wants_admins(&self) -> bool {
        false
    }

    fn wants_times(&self) -> bool {
        true
    }
}

/// Keeps the users that any of several references means.
pub struct NamedUsers<'a> {
    names: BTreeSet<&'a str>,
    ids: BTreeSet<&'a str>,
}

impl<'a> NamedUsers<'a> {
    /// Returns the filter. It may keep others too, whose address is the login that is asked for.
    pub fn of(refs: &'a [UserRef]) -> Self {
        let mut named = NamedUsers { names: BTreeSet::new(), ids: BTreeSet::new() };
        for who in refs {
            match who {
                UserRef::Email(name) | UserRef::Login(name) => named.names.insert(name.key()),
                UserRef::Id(id) => named.ids.insert(&id.value),
            };
        }
        named
    }
}

impl UserFilter for NamedUsers<'_> {
    fn wants(&self, who: &Who<'_>) -> bool {
        who.names().any(|name| self.names.contains(name)) || self.ids.contains(who.id)
    }

    fn wants_admins(&self) -> bool {
        false
    }
}

/// Keeps administrators.
pub struct Administrators;

impl UserFilter for Administrators {
    fn wants(&self, _: &Who<'_>) -> bool {
        false
    }
}

/// A user as a list contains them.
pub struct Listed {
    /// The user.
    pub user: User,
    /// The fields that the record in the list lacks. Then the user may be read individually.
    pub lacks: Lacks,
}

/// The fields that a record lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lacks {
    /// None that matters.
    Nothing,
    /// Only the type that the seat is billed as. Some servers never report it.
    UserType,
    /// Fields that decisions depend on.
    Needed,
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
    /// How many they are.
    pub count: usize,
    /// The records that can't be used. Some of them are neither kept nor counted.
    pub unreadable: Unreadable,
    /// Whether the server was found not to report what seats are billed as.
    pub has_no_user_types: bool,
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
        self.count += page.count;
        self.unreadable.append(page.unreadable);
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
    /// Further open invitations of users who have an account or another invitation.
    pub invitations: Vec<User>,
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
    /// Returns the id.
    fn id(&self) -> &str;

    /// Returns what identifies the user.
    fn who(&self) -> Who<'_>;

    /// Returns whether the record says that the user administers the organisation.
    fn is_admin(&self) -> bool;

    /// Returns whether the record says that the user is disabled.
    fn is_disabled(&self) -> bool;

    /// Returns the type that the seat is billed as; `None` for an invitation, which holds no seat.
    fn seat(&self) -> Option<UserType>;

    /// Returns the fields that the record lacks.
    fn lacks(&self) -> Lacks;

    /// Returns whether the record lacks fields that decisions depend on.
    fn is_short(&self) -> bool {
        self.lacks() != Lacks::Nothing
    }

    /// Returns the ids of the user's groups, if the record contains them.
    fn groups(&self) -> Option<Vec<&str>>;

    /// Returns whether the record can be converted to a [`User`] without loss.
    fn is_usable(&self) -> bool {
        true
    }

    /// Drops the times, so that they are not copied.
    fn forget_times(&mut self);

    /// Converts the record to a [`User`], whose memberships are among `links`.
    fn into_user(self, links: &mut SharedLinks) -> User;
}

/// Filters the records of a page. A kept record that can't be used is reported among the others.
pub fn filter_page<R: Listable>(records: Vec<R>, filter: &dyn UserFilter) -> PageItems<People> {
    let mut page = People::default();
    let mut fingerprints = Vec::with_capacity(records.len());
    let mut links = SharedLinks::default();
    for mut record in records {
        let fingerprint = fingerprint(record.id());
        fingerprints.push(fingerprint);
        let lacks = record.lacks();
        let who = record.who();
        if who.is_nameless() {
            page.others.unreadable.add(without_address(record.id()));
        }
        let kept = lacks != Lacks::Nothing
            || (record.is_admin() && filter.wants_admins())
            || filter.wants(&who);
        if !kept {
            let others = &mut page.others;
            others.count += 1;
            // An invitation is not an account, and holds no seat.
            if !record.is_disabled()
                && let Some(seat) = record.seat()
            {
                others.enabled += usize::from(filter.counts(&who));
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
        if !record.is_usable() {
            page.others.unreadable.add(UnreadableRecord {
                id: Some(record.id().into()),
                email: who.names().next().map(Email::new),
                defect: Defect::Shape,
            });
            continue;
        }
        drop(who);
        if !filter.wants_times() {
            record.forget_times();
        }
        let user = record.into_user(&mut links);
        page.listed.push(Listed { user, lacks });
    }
    PageItems { page, fingerprints }
}

/// Filters the records of a page that were decoded one by one.
pub(super) fn filter_salvaged<R: Listable>(
    salvaged: Salvaged<R>,
    filter: &dyn UserFilter,
) -> PageItems<People> {
    let Salvaged { records, unreadable, mut fingerprints } = salvaged;
    let mut content = filter_page(records, filter);
    content.page.others.unreadable.append(unreadable);
    content.fingerprints.append(&mut fingerprints);
    content
}

/// A user as a complete record.
#[cfg(test)]
impl Listable for User {
    fn id(&self) -> &str {
        &self.id.value
    }

    fn who(&self) -> Who<'_> {
        let is_address = self.email.is_address();
        let address = if is_address { self.email.as_str() } else { "" };
        let mut who = Who::new(&self.id.value, Cow::Borrowed(address));
        if let Some(names) = &self.names {
            let key = |email: &Email| Cow::Owned(email.key().into());
            who.login = names.login.as_ref().map(key);
            who.more = names.emails.iter().map(key).collect();
        }
        who
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

    fn lacks(&self) -> Lacks {
        Lacks::Nothing
    }

    fn groups(&self) -> Option<Vec<&str>> {
        Some(self.groups.as_ref()?.iter().map(|link| link.id.value.as_str()).collect())
    }

    fn forget_times(&mut self) {
        User::forget_times(self);
    }

    fn into_user(self, _: &mut SharedLinks) -> User {
        self
    }
}
