//! Finds users by address, and completes records that a listing contains only in part.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};

use super::page_buffer::PageItems;
use super::unreadable::{Defect, Unreadable, UnreadableRecord};
use super::user_filter::{Found, Lacks, Listed, People, UserFilter, UsersByRef};
use crate::domain::{Email, User, UserId, UserRef};
use crate::error::{Code, Result};
use crate::http::{Local, Window};

/// The response to a request for the users of one address.
pub(super) struct Filtered {
    /// The users on the page that [`UsersByRef`] keeps.
    pub content: PageItems<People>,
    /// The total number of users, if the server states it.
    pub total: Option<u32>,
    /// Whether the server says that there are more pages.
    pub more: bool,
}

/// What is known about the listings of a call, and remembered for the next one.
#[derive(Default)]
pub(super) struct Gaps {
    /// Whether the server was found not to report what seats are billed as.
    has_no_user_types: Cell<bool>,
    /// The records of the last whole listing that can't be used.
    unreadable: RefCell<Unreadable>,
}

impl Gaps {
    /// Adds records that can't be used to those of the last listing.
    pub(super) fn add(&self, unreadable: &Unreadable) {
        self.unreadable.borrow_mut().append(unreadable.clone());
    }

    /// Returns the records of the last whole listing that can't be used.
    pub(super) fn unreadable(&self) -> Unreadable {
        self.unreadable.borrow().clone()
    }
}

/// How a dialect reads users.
pub(super) trait ReadPeople {
    /// Whether to read no further users individually if the first record lacks needed fields when
    /// read individually too. If true, such a server is assumed to never return more. If false, it
    /// may return more for the others.
    const FIRST_DECIDES: bool;

    /// Requests the users of one address or login; `None` if the response is inconclusive.
    async fn filtered(&self, who: &UserRef) -> Result<Option<Filtered>>;

    /// Lists the users of all pages, as the listing contains them.
    async fn listing(&self, filter: &dyn UserFilter) -> Result<People>;

    /// Reads one user individually; `None` if the server has no user with this id.
    async fn read_listed(&self, id: &UserId) -> Result<Option<Listed>>;

    /// Returns what is known about the listings of this call.
    fn gaps(&self) -> &Gaps;

    /// Returns the window that limits concurrent requests.
    fn window(&self) -> &Window;
}

/// Lists the users that the filter keeps, with complete records. Records that can't be used are
/// reported, unless they are too many.
pub(super) async fn everyone<D: ReadPeople>(
    directory: &D,
    filter: &dyn UserFilter,
) -> Result<Found> {
    let people = directory.listing(filter).await?;
    finished(directory, people, |_| true).await
}

/// Completes the records of one page. A page has no place to name a record that can't be used, so
/// such a record is an error. Users without an address are on the page.
pub(super) async fn one_page<D: ReadPeople>(directory: &D, page: People) -> Result<Vec<User>> {
    let mut unreadable = page.others.unreadable;
    let users = complete_records(directory, page.listed, None, &mut unreadable).await?;
    unreadable.on_a_page()?;
    Ok(users)
}

/// Returns all users with this address or login. If the filtered response proves nothing, searches
/// the whole listing.
pub(super) async fn accounts_of<D: ReadPeople>(directory: &D, who: &UserRef) -> Result<Vec<User>> {
    let filtered = directory.filtered(who).await?;
    let mut found = match filtered.and_then(|filtered| filtered.proven(who)) {
        Some(found) => {
            let mut unreadable = Unreadable::default();
            let found = complete_records(directory, found, None, &mut unreadable).await?;
            if !unreadable.is_empty() {
                return Err(unreadable.error_for(who));
            }
            found
        }
        None => {
            let people = directory.listing(&UsersByRef(who)).await?;
            // A list also contains short records of other users.
            let Found { users, others, .. } =
                finished(directory, people, |user| who.means(user)).await?;
            if others.unreadable.means(who) {
                return Err(others.unreadable.error_for(who));
            }
            users
        }
    };
    // A user who was read individually may have another address by now.
    found.retain(|user| who.means(user));
    Ok(found)
}

/// Completes the records of these users of a listing, and checks the records that can't be used.
async fn finished<D: ReadPeople>(
    directory: &D,
    people: People,
    is_wanted: impl Fn(&User) -> bool,
) -> Result<Found> {
    let People { mut listed, mut others } = people;
    let all = listed.len() + others.count;
    listed.retain(|one| is_wanted(&one.user));
    let mut unreadable = core::mem::take(&mut others.unreadable);
    let (before, without_address) = (unreadable.records().len(), unreadable.without_address());
    let users = complete_records(directory, listed, Some(all), &mut unreadable).await?;
    others.has_no_user_types = directory.gaps().has_no_user_types.get();
    let read_in_vain = unreadable.records().len() - before;
    unreadable.check(all - without_address - read_in_vain, "users")?;
    directory.gaps().unreadable.replace(unreadable.clone());
    others.unreadable = unreadable;
    Ok(Found { users, others, ..Found::default() })
}

impl Filtered {
    /// Returns the users that are meant; `None` if the response is no proof of who they are.
    ///
    /// If the response contains other users, the filter may have been ignored. If it contains no
    /// user, the filter may be case-sensitive, or the address may be in another attribute. If the
    /// address is only a user's login, or not the main address, it may be another user's main
    /// address. A duplicate user or an incomplete response proves nothing either.
    fn proven(self, who: &UserRef) -> Option<Vec<Listed>> {
        let Filtered { content: PageItems { page, fingerprints }, total, more } = self;
        let mut found = page.listed;
        found.retain(|listed| who.means(&listed.user));
        let is_main = |listed: &Listed| {
            let main = &listed.user.email;
            who.email().is_none_or(|email| main == email || !main.is_address())
        };
        let twice = repeated(found.iter().map(|listed| listed.user.id.value.as_str()));
        let is_proof = !found.is_empty()
            && found.len() == fingerprints.len()
            && found.iter().all(is_main)
            && twice.is_none()
            && !more
            && total.is_none_or(|total| total as usize <= fingerprints.len());
        is_proof.then_some(found)
    }
}

/// Returns a text that occurs more than once.
fn repeated<'a>(mut texts: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut seen = BTreeSet::new();
    texts.find(|text| !seen.insert(*text))
}

/// How many users are read individually to find out whether the server reports what seats are
/// billed as.
const SAMPLES: usize = 3;

/// Reads users individually whose records lack fields. Leaves out users who were deleted
/// meanwhile, and users whose records can't be used, which it reports. `all` is the number of
/// users in the listing, if it is a whole one.
pub(super) async fn complete_records<D: ReadPeople>(
    directory: &D,
    listed: Vec<Listed>,
    all: Option<usize>,
    unreadable: &mut Unreadable,
) -> Result<Vec<User>> {
    let mut reads = BTreeMap::new();
    let lacking = |lacks: Lacks| -> Vec<&User> {
        listed.iter().filter(|one| one.lacks == lacks).map(|one| &one.user).collect()
    };
    let needed = lacking(Lacks::Needed);
    let ask_first = if D::FIRST_DECIDES { needed.len().min(1) } else { 0 };
    let (first, rest) = needed.split_at(ask_first);
    read_each(directory, first, &mut reads).await?;
    let is_never_returned = first.iter().any(|user| {
        reads.get(&user.id).is_some_and(|read| lacks(read).is_some_and(|it| it == Lacks::Needed))
    });
    if !is_never_returned {
        read_each(directory, rest, &mut reads).await?;
    }
    let typeless = lacking(Lacks::UserType);
    if !directory.gaps().has_no_user_types.get() {
        let samples = spread(&typeless, SAMPLES);
        read_each(directory, &samples, &mut reads).await?;
        let shown = || samples.iter().filter_map(|user| lacks(reads.get(&user.id)?));
        let is_reported = shown().any(|lacks| lacks == Lacks::Nothing) || shown().next().is_none();
        if is_reported {
            let rest: Vec<&User> =
                typeless.iter().copied().filter(|user| !reads.contains_key(&user.id)).collect();
            read_each(directory, &rest, &mut reads).await?;
        } else if all == Some(typeless.len()) {
            // No listed user has a type, and no sample has one either.
            directory.gaps().has_no_user_types.set(true);
        }
    }
    drop(typeless);
    drop(needed);
    let mut completed = |Listed { user, .. }| match reads.remove(&user.id) {
        None => Some(user),
        Some(Read::Gone) => None,
        Some(Read::As(read)) => Some(read.user),
        Some(Read::Unreadable) => {
            unreadable.add(UnreadableRecord {
                id: Some(user.id.value),
                email: Some(user.email).filter(Email::is_address),
                defect: Defect::Shape,
            });
            None
        }
    };
    // The users are collected in the memory of the list, which has room for each of them.
    Ok(listed.into_iter().filter_map(&mut completed).collect())
}

/// A user who was read individually.
enum Read {
    As(Box<Listed>),
    /// There is no such user any more.
    Gone,
    /// The record can't be used.
    Unreadable,
}

/// Returns the fields that a record lacks that was read individually.
fn lacks(read: &Read) -> Option<Lacks> {
    match read {
        Read::As(listed) => Some(listed.lacks),
        Read::Gone | Read::Unreadable => None,
    }
}

async fn read_each(
    directory: &impl ReadPeople,
    users: &[&User],
    reads: &mut BTreeMap<UserId, Read>,
) -> Result<()> {
    let one = |at: usize| -> Local<'_, Result<Read>> {
        Box::pin(async move {
            match directory.read_listed(&users[at].id).await {
                Ok(Some(listed)) => Ok(Read::As(Box::new(listed))),
                Ok(None) => Ok(Read::Gone),
                Err(error) if error.code == Code::AnswerUnusable => Ok(Read::Unreadable),
                Err(error) => Err(error),
            }
        })
    };
    let read = directory.window().run(users.len(), one).await?;
    for (user, read) in users.iter().zip(read) {
        reads.insert(user.id.clone(), read);
    }
    Ok(())
}

/// Returns up to `count` of the users, from all parts of the list.
fn spread<'a>(users: &[&'a User], count: usize) -> Vec<&'a User> {
    if users.len() <= count {
        return users.to_vec();
    }
    (0..count).map(|at| users[at * (users.len() - 1) / (count - 1)]).collect()
}

#[cfg(test)]
mod tests {
    use super::super::user_filter::filter_page;
    use super::*;
    use crate::domain::{Dialect, User};

    fn user(id: &str, email: &str) -> User {
        User {
            id: UserId { dialect: Dialect::V1, value: id.into() },
            email: Email::new(email),
            names: None,
            first_name: None,
            last_name: None,
            user_type: None,
            admin: false,
            disabled: false,
            invited: None,
            profile_photo_url: None,
            metadata: None,
            attributes: None,
            groups: None,
            times: Default::default(),
        }
    }

    /// Returns how many users a response proves to have Ada's address.
    fn proven(people: &[User], total: Option<u32>, more: bool) -> Option<usize> {
        let ada = UserRef::Email(Email::new("ada@example.com"));
        let content = filter_page(people.to_vec(), &UsersByRef(&ada));
        Filtered { content, total, more }.proven(&ada).map(|found| found.len())
    }

    #[test]
    fn only_a_complete_response_without_other_users_is_proof() {
        let (ada, eve) = (user("1", "Ada@example.com"), user("2", "eve@example.com"));
        let twin = user("3", "ada@example.com");
        assert_eq!(proven(core::slice::from_ref(&ada), Some(1), false), Some(1));
        assert_eq!(proven(core::slice::from_ref(&ada), None, false), Some(1));
        assert_eq!(proven(&[ada.clone(), twin], None, false), Some(2), "two users of one address");
        // The filter found no user, or was ignored.
        assert_eq!(proven(&[], Some(0), false), None);
        assert_eq!(proven(&[eve.clone(), ada.clone()], None, false), None);
        assert_eq!(proven(&[eve], None, false), None);
        // An incomplete response, or a duplicate user.
        assert_eq!(proven(core::slice::from_ref(&ada), Some(2), false), None);
        assert_eq!(proven(core::slice::from_ref(&ada), Some(1), true), None);
        assert_eq!(proven(&[ada.clone(), ada], None, false), None);
    }
}
