//! Write operations over `/api/v2`. Each is one request, except for those in `update` and
//! `members`.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::body::{self, Operations};
use super::update::{ChangeGroup, check_user_type, settable, unsupported};
use super::wire::{GroupRecord, UserRecord, invitation_number};
use super::{
    GROUP, GROUPS, GROUPS_WRITE, LOGOUT, USER, USERS, USERS_WRITE, V2, acknowledged, odd_shape,
    open_record, read_record,
};
use crate::domain::{
    AccessSetting, Account, Group, GroupAccount, GroupId, GroupPatch, NewInvitation, NewUser, User,
    UserId, UserPatch,
};
use crate::error::{Code, Error, Result};
use crate::http::{Call, Local, Method, Missing};
use crate::retool::change::change;
use crate::retool::request::{created_group, created_user, creation, deleted, is_unreadable, one};
use crate::retool::write_once::unchecked;
use crate::retool::{ReadDirectory, WriteDirectory};

impl V2 {
    async fn create(&self, user: &NewUser) -> Result<User> {
        let subject = user.email.as_str();
        check_new(user).map_err(|error| error.about(subject))?;
        let Some(body) = body::create_user(user) else {
            return Err(Error::new(
                Code::NameRequired,
                "/api/v2 creates no user without a first and a last name, so nothing was sent. Give both.",
            )
            .about(subject));
        };
        let call = creation(USERS, subject, body, USERS_WRITE);
        let answer = self.client.send(call).await?;
        let raw = open_record(&answer)?;
        let record: UserRecord<'_> = read_record(&answer, raw)?;
        created_user(&answer, record.into_user().ok_or_else(|| odd_shape(&answer))?)
    }

    async fn delete(&self, call: Call<'_>) -> Result<bool> {
        deleted(match self.client.send(call).await {
            Ok(answer) => acknowledged(&answer),
            Err(error) => Err(error),
        })
    }

    /// Disables a user. In this API, a deletion only disables.
    async fn disable(&self, id: &UserId) -> Result<bool> {
        let segments = [id.value.as_str()];
        let call = one(Method::Delete, USER, &segments, USERS_WRITE, Missing::User);
        let error = match self.delete(call).await {
            // The server answers 422 for a user who is disabled already, perhaps by a try whose
            // reply was lost.
            Err(error) if error.http_status == Some(422) || is_unreadable(&error) => error,
            other => return other,
        };
        match self.read_user(id).await {
            Ok(Some(account)) if account.user.disabled => Ok(true),
            Ok(None) => Ok(error.maybe_applied),
            Ok(Some(_)) => Err(error),
            Err(check) => Err(unchecked(error, check)),
        }
    }

    async fn log_out(&self, id: &UserId) -> Result<bool> {
        if invitation_number(id).is_some() {
            return Ok(false);
        }
        let segments = [id.value.as_str()];
        let call = one(Method::Post, LOGOUT, &segments, USERS_WRITE, Missing::User);
        match self.client.send(call).await {
            Ok(answer) => acknowledged(&answer).map(|()| true),
            // Older servers do not have this route. They answer with an HTML page or with JSON.
            // After a try without a reply, the 404 may also mean that the user was deleted.
            Err(error) if error.http_status == Some(404) && !error.maybe_applied => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Fails, before anything is sent, for fields that a new user can't have.
fn check_new(user: &NewUser) -> Result<()> {
    check_user_type(&user.fields)?;
    if user.fields.admin == Some(true) {
        return Err(unsupported(
            "/api/v2 creates no administrators, so nothing was sent. Create the user without this right, then make them an administrator in Retool.",
        ));
    }
    if user.fields.profile_photo_url.is_some() {
        return Err(unsupported("/api/v2 sets no photos, so nothing was sent. Leave it out."));
    }
    Ok(())
}

impl WriteDirectory for V2 {
    fn create_user<'a>(&'a self, user: &'a NewUser) -> Local<'a, Result<User>> {
        Box::pin(self.create(user))
    }

    fn invite<'a>(&'a self, new: &'a NewInvitation) -> Local<'a, Result<User>> {
        Box::pin(self.send_invitation(new))
    }

    fn update_user<'a>(
        &'a self,
        account: &'a Account,
        patch: &'a UserPatch,
    ) -> Local<'a, Result<User>> {
        Box::pin(async move {
            let patch = &settable(&account.user, patch)
                .map_err(|error| error.about(account.user.email.as_str()))?;
            if patch.is_empty() {
                return Ok(account.user.clone());
            }
            Ok(self.change_user(account, patch).await?.user)
        })
    }

    fn delete_user<'a>(&'a self, id: &'a UserId) -> Local<'a, Result<bool>> {
        match invitation_number(id) {
            Some(number) => Box::pin(self.withdraw(id, number)),
            None => Box::pin(self.disable(id)),
        }
    }

    fn create_group<'a>(
        &'a self,
        name: &'a str,
        access: &'a [AccessSetting],
    ) -> Local<'a, Result<Group>> {
        Box::pin(async move {
            let body = body::create_group(name, access);
            let call = creation(GROUPS, name, body, GROUPS_WRITE);
            let answer = self.client.send(call).await?;
            let raw = open_record(&answer)?;
            let record: GroupRecord<'_> = read_record(&answer, raw)?;
            let group =
                record.into_group(answer.answered_at()).ok_or_else(|| odd_shape(&answer))?;
            created_group(&answer, group, name)
        })
    }

    fn update_group<'a>(
        &'a self,
        account: &'a GroupAccount,
        patch: &'a GroupPatch,
    ) -> Local<'a, Result<Group>> {
        Box::pin(async move {
            if Operations::of_group(patch).is_empty() {
                return Ok(account.group.clone());
            }
            let made = change(self, account, &ChangeGroup { directory: self, patch }).await?;
            Ok(made.group)
        })
    }

    fn delete_group<'a>(&'a self, id: &'a GroupId) -> Local<'a, Result<bool>> {
        Box::pin(async move {
            let segments = [id.value.as_str()];
            self.delete(one(Method::Delete, GROUP, &segments, GROUPS_WRITE, Missing::Group)).await
        })
    }

    fn add_members<'a>(
        &'a self,
        group: &'a GroupId,
        users: &'a [UserId],
    ) -> Local<'a, Result<Vec<bool>>> {
        Box::pin(self.join(group, users))
    }

    fn add_group_admin<'a>(
        &'a self,
        group: &'a GroupId,
        user: &'a UserId,
    ) -> Local<'a, Result<bool>> {
        Box::pin(self.join_as_admin(group, user))
    }

    fn set_group_admin<'a>(
        &'a self,
        group: &'a GroupId,
        user: &'a UserId,
        administers: bool,
    ) -> Local<'a, Result<()>> {
        Box::pin(self.administer(group, user, administers))
    }

    fn end_sessions<'a>(&'a self, user: &'a UserId) -> Local<'a, Result<bool>> {
        Box::pin(self.log_out(user))
    }

    fn set_attribute<'a>(
        &'a self,
        account: &'a Account,
        name: &'a str,
        value: Option<&'a str>,
    ) -> Local<'a, Result<User>> {
        Box::pin(self.write_attribute(account, name, value))
    }

    fn reset_two_factor<'a>(&'a self, user: &'a UserId) -> Local<'a, Result<bool>> {
        Box::pin(self.reset_2fa(user))
    }

    fn remove_member<'a>(
        &'a self,
        group: &'a GroupId,
        user: &'a UserId,
    ) -> Local<'a, Result<bool>> {
        Box::pin(self.leave(group, user))
    }
}
