//! What the component needs from a Retool API, in any dialect.
//!
//! Reading and writing are two traits, so that code that only plans can't write. A dialect's
//! folder contains only its wire types and its client. Code that dialects share is here, and no
//! dialect uses another:
//!
//! - `request`: requests of the same shape, and responses of the same meaning.
//! - `write_once`: sends a write, and reads the record before it sends the write again.
//! - `read_back`: reads until a write is visible.
//! - `change`: changes a user or a group with both, and checks it with `verify`.
//! - `find`: finds users by address, and completes records that a listing contains in part.
//! - `unreadable`: records of a listing that can't be used.
//! - `page_size`: the page size that a server accepts.
//! - `membership`: reads group memberships.
//! - `cursor`: the cursors of pages.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::{future, slice};

use crate::domain::{
    AccessSetting, Account, AttributeDefinition, Email, Group, GroupAccount, GroupId, GroupPatch,
    Invitation, Member, NewInvitation, NewUser, User, UserId, UserPatch, UserRef,
};
use crate::error::{Code, Error, Result};
use crate::http::{Local, Window};

mod capabilities;
mod change;
mod cursor;
mod find;
pub mod listing;
pub mod membership;
mod page_buffer;
mod page_size;
pub mod raw_record;
pub mod read_back;
mod request;
pub mod scim;
pub mod unreadable;
pub mod user_filter;
pub mod v1;
pub mod v2;
mod verify;
pub mod write_once;

pub use capabilities::Capabilities;

use unreadable::Unreadable;
use user_filter::{AllUsers, Found, UserFilter};

/// One page of a listing.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// The cursor of the next page.
    pub next: Option<String>,
    /// The total number of items.
    pub total: Option<u32>,
}

impl<T> Page<T> {
    /// Returns a part of a listing that the server returns as a whole.
    fn part(all: Vec<T>, offset: usize, size: u32, next: Option<String>) -> Self {
        let total = Some(all.len() as u32);
        Page { items: all.into_iter().skip(offset).take(size as usize).collect(), next, total }
    }
}

/// Read operations. No method writes.
pub trait ReadDirectory {
    /// Returns what this dialect can do.
    fn capabilities(&self) -> Capabilities;

    /// Waits before a write is tried again: longer with each attempt (from 1), and at least as
    /// long as the server asked for. Returns `false` at once if it should not be tried again.
    fn pause(&self, attempt: u32, retry_after_ms: Option<u32>) -> Local<'_, bool>;

    /// Waits before a write is read back once more: longer with each reading (from 1). Returns
    /// `false` at once if there is no time.
    fn wait_to_read_back(&self, reading: u32) -> Local<'_, bool>;

    /// Returns the earliest time that the server gave in this session (`Date`), in milliseconds
    /// since the Unix epoch; `None` if it gave none.
    fn server_time(&self) -> Option<i64> {
        None
    }

    /// Returns the window in which writes about different users run side by side; `None` if they
    /// depend on each other. Over SCIM they may be changes of one group.
    fn write_window(&self) -> Option<&Window> {
        None
    }

    /// Returns the window in which requests about different records run side by side: creations of
    /// users, and additions to different groups.
    fn window_of_records(&self) -> Option<&Window> {
        self.write_window()
    }

    /// Sends the smallest request that shows that the server supports this dialect and accepts
    /// the token.
    fn probe(&self) -> Local<'_, Result<()>>;

    /// Sets the number of users in the previous listing, so that the pages of the next listing
    /// can be requested at once. This is only a hint. A dialect without numbered pages ignores
    /// it.
    fn expect_users(&self, _count: u32) {}

    /// Returns whether a change of a user's fields may cost memberships: the dialect replaces whole
    /// records, and no change of this session has shown that this server keeps memberships.
    fn may_lose_memberships(&self) -> bool {
        self.capabilities().replaces_records
    }

    /// Records that a change of a user's fields kept the memberships.
    fn memberships_were_kept(&self) {}

    /// Records that a deletion of a user only disables on this server. The
    /// [capabilities](Self::capabilities) say so from now on.
    fn deletion_only_disables(&self) {}

    /// Returns whether an id is that of an invitation, and not of an account. They are added to groups
    /// by different requests.
    fn is_invitation(&self, _id: &UserId) -> bool {
        false
    }

    /// Finds the users with this address, login or id. Compares what the server returns, and
    /// searches the whole listing if the server ignored the filter. No user of a dialect without
    /// logins has one.
    fn find_users<'a>(&'a self, who: &'a UserRef) -> Local<'a, Result<Vec<User>>>;

    /// Returns the invitations to an address that were not accepted, open and expired ones. `None`
    /// if the server does not list its invitations.
    fn invitations_to<'a>(
        &'a self,
        _email: &'a Email,
    ) -> Local<'a, Result<Option<Vec<Invitation>>>> {
        Box::pin(future::ready(Ok(None)))
    }

    /// Reads one user with all fields; `None` if the server has no user with this id.
    fn read_user<'a>(&'a self, id: &'a UserId) -> Local<'a, Result<Option<Account>>>;

    /// Lists the users that the filter keeps, each once, and counts the others. Fails if the
    /// listing may be incomplete.
    fn list_people<'a>(&'a self, filter: &'a dyn UserFilter) -> Local<'a, Result<Found>>;

    /// Returns the records of the last whole listing that can't be used.
    fn unreadable(&self) -> Unreadable {
        Unreadable::default()
    }

    /// Lists the user attributes that the organisation defines; `None` if the server has none to
    /// define.
    fn list_attributes(&self) -> Local<'_, Result<Option<Vec<AttributeDefinition>>>> {
        Box::pin(future::ready(Ok(None)))
    }

    /// Lists all users, each once, without their times. Fails if the listing may be incomplete.
    fn list_users(&self) -> Local<'_, Result<Vec<User>>> {
        Box::pin(async { Ok(self.list_people(&AllUsers { with_times: false }).await?.users) })
    }

    /// Reads one page of users. Without a cursor, that is the first page.
    fn page_users<'a>(
        &'a self,
        cursor: Option<&'a str>,
        size: Option<u32>,
    ) -> Local<'a, Result<Page<User>>>;

    /// Lists all groups, each once, with their members if the listing contains them. Fails if the
    /// listing may be incomplete.
    fn list_groups(&self) -> Local<'_, Result<Vec<Group>>>;

    /// Reads one page of groups, in the form of [`list_groups`](Self::list_groups).
    fn page_groups<'a>(
        &'a self,
        cursor: Option<&'a str>,
        size: Option<u32>,
    ) -> Local<'a, Result<Page<Group>>>;

    /// Reads one group with all fields; `None` if the server has no group with this id.
    fn read_group<'a>(&'a self, id: &'a GroupId) -> Local<'a, Result<Option<GroupAccount>>>;

    /// Lists the members of each of these groups, in the order of the ids, with concurrent
    /// requests. `None` for a group that the server does not have.
    fn list_members<'a>(
        &'a self,
        ids: &'a [GroupId],
    ) -> Local<'a, Result<Vec<Option<Vec<Member>>>>>;
}

/// Write operations. Every method is one write. It is sent at most once if repeating it is not
/// safe. After an error with `maybe_applied`, the write may have taken effect.
pub trait WriteDirectory {
    /// Creates a user. Never sent twice: after a lost reply, the caller must look the user up
    /// first.
    fn create_user<'a>(&'a self, user: &'a NewUser) -> Local<'a, Result<User>>;

    /// Sends an invitation, and returns the invited user. Never sent twice: after a lost reply, the
    /// caller must look the invitation up first.
    fn invite<'a>(&'a self, _new: &'a NewInvitation) -> Local<'a, Result<User>> {
        let message = "This API sends no invitations. Let an account be created instead.";
        Box::pin(future::ready(Err(Error::new(Code::OperationUnsupported, message))))
    }

    /// Changes only the fields of the patch, and checks that they hold. `account` must have just
    /// been read, because a dialect that replaces whole records merges the patch into it.
    fn update_user<'a>(
        &'a self,
        account: &'a Account,
        patch: &'a UserPatch,
    ) -> Local<'a, Result<User>>;

    /// Deletes a user. `false` if there was no user with this id.
    fn delete_user<'a>(&'a self, id: &'a UserId) -> Local<'a, Result<bool>>;

    /// Creates a group whose members may do this. Never sent twice.
    fn create_group<'a>(
        &'a self,
        name: &'a str,
        access: &'a [AccessSetting],
    ) -> Local<'a, Result<Group>>;

    /// Changes only the fields of the patch, and checks that they hold.
    fn update_group<'a>(
        &'a self,
        account: &'a GroupAccount,
        patch: &'a GroupPatch,
    ) -> Local<'a, Result<Group>>;

    /// Deletes a group. `false` if there was no group with this id.
    fn delete_group<'a>(&'a self, id: &'a GroupId) -> Local<'a, Result<bool>>;

    /// Adds a user to a group. `false` if the server says that they were in it already.
    fn add_member<'a>(&'a self, group: &'a GroupId, user: &'a UserId) -> Local<'a, Result<bool>> {
        Box::pin(async move {
            let new = self.add_members(group, slice::from_ref(user)).await?;
            Ok(new.first().copied().unwrap_or_default())
        })
    }

    /// Adds several users to a group, in as few requests as the dialect allows. Returns for each
    /// whether they are new to it.
    fn add_members<'a>(
        &'a self,
        group: &'a GroupId,
        users: &'a [UserId],
    ) -> Local<'a, Result<Vec<bool>>>;

    /// Adds a user to a group as its administrator. `false` if they were in it already; they
    /// administer it then too.
    fn add_group_admin<'a>(
        &'a self,
        _group: &'a GroupId,
        _user: &'a UserId,
    ) -> Local<'a, Result<bool>> {
        Box::pin(future::ready(Err(no_group_admins())))
    }

    /// Makes a member an administrator of a group, or takes that away, and reads it back.
    fn set_group_admin<'a>(
        &'a self,
        _group: &'a GroupId,
        _user: &'a UserId,
        _administers: bool,
    ) -> Local<'a, Result<()>> {
        Box::pin(future::ready(Err(no_group_admins())))
    }

    /// Ends a user's sessions. `false` if the server has no such request.
    fn end_sessions<'a>(&'a self, _user: &'a UserId) -> Local<'a, Result<bool>> {
        Box::pin(future::ready(Ok(false)))
    }

    /// Sets a user attribute, or removes it, and checks that it holds. `account` must have just been
    /// read. Returns the user afterwards.
    fn set_attribute<'a>(
        &'a self,
        _account: &'a Account,
        _name: &'a str,
        _value: Option<&'a str>,
    ) -> Local<'a, Result<User>> {
        let message = "This API has no user attributes. Leave them out, or use /api/v2.";
        Box::pin(future::ready(Err(Error::new(Code::OperationUnsupported, message))))
    }

    /// Resets a user's second factor. `false` if the server has no such request.
    fn reset_two_factor<'a>(&'a self, _user: &'a UserId) -> Local<'a, Result<bool>> {
        Box::pin(future::ready(Ok(false)))
    }

    /// Removes a user from a group. `false` if they were not in it.
    fn remove_member<'a>(&'a self, group: &'a GroupId, user: &'a UserId)
    -> Local<'a, Result<bool>>;
}

fn no_group_admins() -> Error {
    let message = "This API can't change who administers a group. Do it in Retool.";
    Error::new(Code::OperationUnsupported, message)
}

/// A dialect: read and write operations.
pub trait Directory: ReadDirectory + WriteDirectory {}

impl<T: ReadDirectory + WriteDirectory> Directory for T {}

#[cfg(test)]
mod tests;
