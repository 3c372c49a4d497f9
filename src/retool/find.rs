//! Finds users by address, and completes records that a listing contains only in part.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::page_buffer::PageItems;
use super::user_filter::{Listed, People, UserFilter, UsersByEmail};
use crate::domain::{Email, User, UserId};
use crate::error::Result;
use crate::http::{Local, Window};

/// The response to a request for the users of one address.
pub(super) struct Filtered {
    /// The users on the page that [`UsersByEmail`] keeps.
    pub content: PageItems<People>,
    /// The total number of users, if the server states it.
    pub total: Option<u32>,
    /// Whether the server says that there are more pages.
    pub more: bool,
}

/// How a dialect reads users.
pub(super) trait ReadPeople {
    /// Whether to read no further users individually if the first record is short when read
    /// individually too. If true, such a server is assumed to never return more. If false, it may
    /// return more for the others.
    const FIRST_DECIDES: bool;

    /// Requests the users of one address; `None` if the response is inconclusive.
    async fn filtered(&self, email: &Email) -> Result<Option<Filtered>>;

    /// Lists the users of all pages, as the listing contains them.
    async fn listing(&self, filter: &dyn UserFilter) -> Result<People>;

    /// Reads one user individually; `None` if the server has no user with this id.
    async fn read_listed(&self, id: &UserId) -> Result<Option<Listed>>;

    /// Returns the window that limits concurrent requests.
    fn window(&self) -> &Window;
}

/// Returns all users with this address. If the filtered response proves nothing, searches the
/// whole listing.
pub(super) async fn accounts_of(directory: &impl ReadPeople, email: &Email) -> Result<Vec<User>> {
    let filtered = directory.filtered(email).await?;
    let found = match filtered.and_then(|filtered| filtered.proven(email)) {
        Some(found) => found,
        None => of_address(directory.listing(&UsersByEmail(email)).await?.listed, email),
    };
    let mut found = complete_records(directory, found).await?;
    // A user who was read individually may have another address by now.
    found.retain(|user| user.email == *email);
    Ok(found)
}

impl Filtered {
    /// Returns the users of the address; `None` if the response is no proof of who has it.
    ///
    /// If the response contains other users, the filter may have been ignored. If it contains no
    /// user, the filter may be case-sensitive, or the address may be in another attribute. A
    /// duplicate user or an incomplete response proves nothing either.
    fn proven(self, email: &Email) -> Option<Vec<Listed>> {
        let Filtered { content: PageItems { page, fingerprints }, total, more } = self;
        let found = of_address(page.listed, email);
        let twice = repeated(found.iter().map(|listed| listed.user.id.value.as_str()));
        let is_proof = !found.is_empty()
            && found.len() == fingerprints.len()
            && twice.is_none()
            && !more
            && total.is_none_or(|total| total as usize <= fingerprints.len());
        is_proof.then_some(found)
    }
}

/// Keeps the users of an address. A list also contains short records of other users.
fn of_address(mut listed: Vec<Listed>, email: &Email) -> Vec<Listed> {
    listed.retain(|listed| listed.user.email == *email);
    listed
}

/// Returns a text that occurs more than once.
fn repeated<'a>(mut texts: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut seen = BTreeSet::new();
    texts.find(|text| !seen.insert(*text))
}

/// Reads users with short records individually. Leaves out users who were deleted meanwhile.
pub(super) async fn complete_records<D: ReadPeople>(
    directory: &D,
    listed: Vec<Listed>,
) -> Result<Vec<User>> {
    let short = listed.iter().filter(|listed| listed.short);
    let ids: Vec<UserId> = short.map(|listed| listed.user.id.clone()).collect();
    let mut read = Vec::new();
    if D::FIRST_DECIDES
        && let Some(first) = ids.first()
    {
        read.push(directory.read_listed(first).await?);
    }
    if !read.first().is_some_and(|first| first.as_ref().is_some_and(|first| first.short)) {
        let rest = &ids[read.len()..];
        let one = |at: usize| -> Local<'_, Result<Option<Listed>>> {
            Box::pin(directory.read_listed(&rest[at]))
        };
        read.extend(directory.window().run(rest.len(), one).await?);
    }
    let mut read = read.into_iter();
    let users = listed.into_iter().filter_map(|listed| {
        match if listed.short { read.next() } else { None } {
            Some(read) => read.map(|read| read.user),
            None => Some(listed.user),
        }
    });
    Ok(users.collect())
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
            first_name: None,
            last_name: None,
            user_type: None,
            admin: false,
            disabled: false,
            invited: None,
            profile_photo_url: None,
            groups: None,
            created_at: None,
            updated_at: None,
            last_active_at: None,
        }
    }

    /// Returns how many users a response proves to have Ada's address.
    fn proven(people: &[User], total: Option<u32>, more: bool) -> Option<usize> {
        let ada = Email::new("ada@example.com");
        let Ok(content) = filter_page(people.to_vec(), &UsersByEmail(&ada));
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
