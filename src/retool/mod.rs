//! What the component needs of a Retool API, whichever dialect it is.
//!
//! Reading and writing are two traits, so that what only plans can't write. A dialect's folder
//! holds its wire types and its client, and nothing else.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use crate::domain::{
    Account, Email, Group, GroupAccount, GroupId, GroupPatch, Member, NewUser, User, UserId,
    UserPatch,
};
use crate::error::Result;
use crate::http::Local;

mod capabilities;
pub mod listing;
pub mod membership;
mod page_buffer;
pub mod raw_record;
pub mod scim;
pub mod settled;
pub mod user_filter;
pub mod v1;
pub mod v2;

pub use capabilities::Capabilities;

use user_filter::{AllUsers, Found, UserFilter};

/// A text that comes more than once among these.
fn repeated<'a>(mut texts: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut seen = BTreeSet::new();
    texts.find(|text| !seen.insert(*text))
}

/// One page of a listing.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// What to ask for the next page with.
    pub next: Option<String>,
    /// How many there are in all.
    pub total: Option<u32>,
}

/// Reading. Nothing here writes.
pub trait ReadDirectory {
    /// What this dialect can do.
    fn capabilities(&self) -> Capabilities;

    /// Waits before a write is tried again, longer with each attempt (from 1) and at least as
    /// long as the server asked for. `false`, at once, if it should not be tried again.
    fn pause(&self, attempt: u32, retry_after_ms: Option<u32>) -> Local<'_, bool>;

    /// Waits before something that was written is read back once more, longer with each reading
    /// (from 1). `false`, at once, if there is no time.
    fn settle(&self, reading: u32) -> Local<'_, bool>;

    /// Asks for as little as shows that the server speaks this dialect, and takes the token.
    fn probe(&self) -> Local<'_, Result<()>>;

    /// Says how many people there were the last time, so that a listing can be asked for at
    /// once. Nothing depends on it; an API that does not page has no use for it.
    fn expect_users(&self, _count: u32) {}

    /// Everybody of this address: the returned addresses were compared, and where the server
    /// ignored the filter the whole listing was searched.
    fn find_users<'a>(&'a self, email: &'a Email) -> Local<'a, Result<Vec<User>>>;

    /// One person, whole; `None` if the server has nobody of this id.
    fn read_user<'a>(&'a self, id: &'a UserId) -> Local<'a, Result<Option<Account>>>;

    /// Those of everybody, each once, for whom the listing is read, and how many the others are.
    /// Fails rather than leave somebody out.
    fn list_people<'a>(&'a self, filter: &'a dyn UserFilter) -> Local<'a, Result<Found>>;

    /// Everybody, each once, without the times. Fails rather than leave somebody out.
    fn list_users(&self) -> Local<'_, Result<Vec<User>>> {
        Box::pin(async { Ok(self.list_people(&AllUsers { with_times: false }).await?.users) })
    }

    /// One page of people; the first without a cursor.
    fn page_users<'a>(
        &'a self,
        cursor: Option<&'a str>,
        size: Option<u32>,
    ) -> Local<'a, Result<Page<User>>>;

    /// Every group, each once, with its members where the listing carries them. Fails rather
    /// than leave one out.
    fn list_groups(&self) -> Local<'_, Result<Vec<Group>>>;

    /// One page of groups, as [`list_groups`](Self::list_groups) gives them.
    fn page_groups<'a>(
        &'a self,
        cursor: Option<&'a str>,
        size: Option<u32>,
    ) -> Local<'a, Result<Page<Group>>>;

    /// One group, whole; `None` if the server has none of this id.
    fn read_group<'a>(&'a self, id: &'a GroupId) -> Local<'a, Result<Option<GroupAccount>>>;

    /// Everybody in each of these groups, in their order, with requests side by side. `None`
    /// for an id that the server has no group of.
    fn list_members<'a>(
        &'a self,
        ids: &'a [GroupId],
    ) -> Local<'a, Result<Vec<Option<Vec<Member>>>>>;
}

/// Writing. Every method is one write, sent at most once where repeating it is not safe. On
/// an error with `maybe_applied` the write may have taken effect.
pub trait WriteDirectory {
    /// Creates somebody. Never sent twice: after a lost reply the caller looks first.
    fn create_user<'a>(&'a self, user: &'a NewUser) -> Local<'a, Result<User>>;

    /// Changes the fields of the patch and no other, and checks that they hold. `account` must
    /// have just been read: a dialect that replaces whole records merges into it.
    fn update_user<'a>(
        &'a self,
        account: &'a Account,
        patch: &'a UserPatch,
    ) -> Local<'a, Result<User>>;

    /// Deletes somebody. `false` if there was nobody of this id.
    fn delete_user<'a>(&'a self, id: &'a UserId) -> Local<'a, Result<bool>>;

    /// Creates a group. Never sent twice.
    fn create_group<'a>(
        &'a self,
        name: &'a str,
        universal_app_access: Option<&'a str>,
    ) -> Local<'a, Result<Group>>;

    /// Changes the fields of the patch and no other, and checks that they hold.
    fn update_group<'a>(
        &'a self,
        account: &'a GroupAccount,
        patch: &'a GroupPatch,
    ) -> Local<'a, Result<Group>>;

    /// Deletes a group. `false` if there was none of this id.
    fn delete_group<'a>(&'a self, id: &'a GroupId) -> Local<'a, Result<bool>>;

    /// Adds somebody to a group. `false` if the server says that they were in it already.
    fn add_member<'a>(&'a self, group: &'a GroupId, user: &'a UserId) -> Local<'a, Result<bool>>;

    /// Adds several people to a group, in as few requests as the dialect allows, and says of
    /// each whether they are new to it.
    fn add_members<'a>(
        &'a self,
        group: &'a GroupId,
        users: &'a [UserId],
    ) -> Local<'a, Result<Vec<bool>>>;

    /// Ends somebody's sessions. `false` if the server has no such request.
    fn end_sessions<'a>(&'a self, user: &'a UserId) -> Local<'a, Result<bool>>;

    /// Removes somebody from a group. `false` if they were not in it.
    fn remove_member<'a>(&'a self, group: &'a GroupId, user: &'a UserId)
    -> Local<'a, Result<bool>>;
}

/// A dialect: both.
pub trait Directory: ReadDirectory + WriteDirectory {}

impl<T: ReadDirectory + WriteDirectory> Directory for T {}
