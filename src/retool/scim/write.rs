//! Creation and deletion over SCIM. The other writes are in `update`, `members` and `removal`.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::base::Route;
use super::body;
use super::group::GroupRecord;
use super::update::{check_settable, no_access_settings};
use super::user::UserRecord;
use super::{Scim, call};
use crate::domain::{
    AccessSetting, Account, Group, GroupAccount, GroupId, GroupPatch, NewUser, User, UserId,
    UserPatch, UserRef,
};
use crate::error::{Code, Error, Result};
use crate::http::{Answer, Call, Local, Method, Missing, Repeat};
use crate::retool::WriteDirectory;
use crate::retool::find::accounts_of;
use crate::retool::request::{created_group, created_user, deleted};
use crate::retool::write_once::after_write;

impl Scim {
    async fn create(&self, route: Route, about: &str, body: Vec<u8>) -> Result<Answer> {
        let call = Call {
            body: Some(body),
            repeat: Repeat::Never,
            about: Some(about),
            ..call(Method::Post, self.find_base().await?, route, &[])
        };
        self.send(call).await
    }

    async fn new_user(&self, user: &NewUser) -> Result<User> {
        let address = user.email.as_str();
        check_settable(&user.fields).map_err(|error| error.about(address))?;
        let answer = self.create(Route::Users, address, body::create_user(user)).await?;
        if !answer.body().is_empty() {
            let record: UserRecord<'_> = answer.decode()?;
            return created_user(&answer, record.into_user());
        }
        // The response does not contain the new user. If this lookup is too early, the caller looks
        // again.
        let who = UserRef::Email(user.email.clone());
        let found = accounts_of(self, &who).await.map_err(after_write)?;
        match <[User; 1]>::try_from(found) {
            Ok([user]) => Ok(user),
            Err(_) => Err(answer.error(Code::NotVerified, NOT_VISIBLE)),
        }
    }

    async fn new_group(&self, name: &str) -> Result<Group> {
        // Servers accept two groups with one name, and IdPs create groups at any time. So check
        // once more before the creation.
        let several = match self.groups_named(name).await?.len() {
            0 => None,
            1 => Some((
                Code::NameTaken,
                "Another group of this name was created meanwhile, so this one was not created. Ask again to use \
                 that group.",
            )),
            _ => Some((
                Code::AmbiguousGroup,
                "Several groups have this name, so no other one was created. Name the one that is meant by id.",
            )),
        };
        if let Some((code, message)) = several {
            return Err(Error::new(code, message).about(name));
        }
        let answer = self.create(Route::Groups, name, body::create_group(name)).await?;
        let group = if answer.body().is_empty() {
            self.groups_named(name).await.map_err(after_write)?.pop()
        } else {
            let record: GroupRecord<'_> = answer.decode()?;
            Some(record.into_group())
        };
        let Some(group) = group else {
            return Err(answer.error(Code::NotVerified, NOT_VISIBLE));
        };
        created_group(&answer, group, name)
    }

    /// Deletes a record; `false` if there was nothing to delete.
    async fn delete(&self, route: Route, id: &str, missing: Missing) -> Result<bool> {
        let segments = [id];
        let delete = call(Method::Delete, self.find_base().await?, route, &segments);
        let sent = self.send(Call { missing, about: Some(id), ..delete }).await;
        // The body does not matter, because the caller reads back.
        deleted(sent.map(drop))
    }
}

const NOT_VISIBLE: &str = "The server reports that it was created, but does not return it. Look it up in Retool, then ask again.";

impl WriteDirectory for Scim {
    fn create_user<'a>(&'a self, user: &'a NewUser) -> Local<'a, Result<User>> {
        Box::pin(self.new_user(user))
    }

    fn update_user<'a>(
        &'a self,
        account: &'a Account,
        patch: &'a UserPatch,
    ) -> Local<'a, Result<User>> {
        Box::pin(self.change_user(account, patch))
    }

    fn delete_user<'a>(&'a self, id: &'a UserId) -> Local<'a, Result<bool>> {
        Box::pin(self.delete(Route::User, &id.value, Missing::User))
    }

    fn create_group<'a>(
        &'a self,
        name: &'a str,
        access: &'a [AccessSetting],
    ) -> Local<'a, Result<Group>> {
        Box::pin(async move {
            if !access.is_empty() {
                return Err(no_access_settings().about(name));
            }
            self.new_group(name).await
        })
    }

    fn update_group<'a>(
        &'a self,
        account: &'a GroupAccount,
        patch: &'a GroupPatch,
    ) -> Local<'a, Result<Group>> {
        Box::pin(self.change_group(account, patch))
    }

    fn delete_group<'a>(&'a self, id: &'a GroupId) -> Local<'a, Result<bool>> {
        Box::pin(self.delete(Route::Group, &id.value, Missing::Group))
    }

    fn add_members<'a>(
        &'a self,
        group: &'a GroupId,
        users: &'a [UserId],
    ) -> Local<'a, Result<Vec<bool>>> {
        Box::pin(self.join(group, users))
    }

    fn remove_member<'a>(
        &'a self,
        group: &'a GroupId,
        user: &'a UserId,
    ) -> Local<'a, Result<bool>> {
        Box::pin(self.leave(group, &user.value))
    }
}
