//! Writing over `/api/v2`: one request each, but for what `update` and `members` make safe.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::body;
use super::update::{check_user_type, unsupported};
use super::wire::{GroupRecord, UserRecord, invitation_number};
use super::{
    GROUP, GROUPS, GROUPS_WRITE, INVITE, LOGOUT, USER, USERS, USERS_WRITE, V2, acknowledged, call,
    is_not_found, odd_shape, open_record, read_record,
};
use crate::domain::{
    Account, Group, GroupAccount, GroupId, GroupPatch, NewUser, User, UserId, UserPatch,
};
use crate::error::{Code, Error, Result};
use crate::http::{Call, Local, Method, Missing, Repeat};
use crate::retool::WriteDirectory;

impl V2 {
    async fn create(&self, user: &NewUser) -> Result<User> {
        let subject = user.email.as_str();
        check_new(user).map_err(|error| error.about(subject))?;
        let Some(body) = body::create_user(user) else {
            return Err(Error::new(
                Code::NameRequired,
                "/api/v2 creates nobody without a first and a last name, so nothing was sent. Give both.",
            )
            .about(subject));
        };
        let call = Call {
            body: Some(body),
            repeat: Repeat::Never,
            missing: Missing::BaseUrl,
            about: Some(subject),
            ..call(Method::Post, USERS, &[], USERS_WRITE)
        };
        let answer = self.client.send(call).await?;
        let raw = open_record(&answer)?;
        let record: UserRecord<'_> = read_record(&answer, raw)?;
        record.into_user().ok_or_else(|| odd_shape(&answer))
    }

    /// A deletion: `false` if there was nothing to delete.
    async fn deleted(&self, call: Call<'_>) -> Result<bool> {
        match self.client.send(call).await {
            Ok(answer) => acknowledged(&answer).map(|()| true),
            // Not there after a try that nobody answered: its answer was lost, not its effect.
            Err(error) if is_not_found(&error) => Ok(error.maybe_applied),
            Err(error) => Err(error),
        }
    }

    async fn withdraw(&self, id: &UserId, number: &str) -> Result<bool> {
        let segments = [number];
        self.deleted(Call {
            missing: Missing::User,
            about: Some(&id.value),
            ..call(Method::Delete, INVITE, &segments, USERS_WRITE)
        })
        .await
    }

    /// Disables somebody: that is what this API means by a deletion.
    async fn disable(&self, id: &UserId) -> Result<bool> {
        let segments = [id.value.as_str()];
        let call = Call {
            missing: Missing::User,
            about: Some(&id.value),
            ..call(Method::Delete, USER, &segments, USERS_WRITE)
        };
        let error = match self.deleted(call).await {
            // Said of somebody who is disabled already, perhaps by a try whose answer was lost.
            Err(error) if error.http_status == Some(422) => error,
            other => return other,
        };
        match self.account(id).await {
            Ok(Some(account)) if account.user.disabled => Ok(true),
            Ok(None) => Ok(error.maybe_applied),
            _ => Err(error),
        }
    }

    async fn log_out(&self, id: &UserId) -> Result<bool> {
        if invitation_number(id).is_some() {
            return Ok(false);
        }
        let segments = [id.value.as_str()];
        let call = Call {
            missing: Missing::User,
            about: Some(&id.value),
            ..call(Method::Post, LOGOUT, &segments, USERS_WRITE)
        };
        match self.client.send(call).await {
            Ok(answer) => acknowledged(&answer).map(|()| true),
            // Older servers have no such route, and answer with a page or with JSON.
            // After a try that nobody answered it may as well be the person who is gone.
            Err(error) if error.http_status == Some(404) && !error.maybe_applied => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Refuses, before anything is sent, what can't be asked for of a new person.
fn check_new(user: &NewUser) -> Result<()> {
    check_user_type(&user.fields)?;
    if user.fields.admin == Some(true) {
        return Err(unsupported(
            "/api/v2 creates no administrators, so nothing was sent. Create the person without, and make them one in Retool.",
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

    fn update_user<'a>(
        &'a self,
        account: &'a Account,
        patch: &'a UserPatch,
    ) -> Local<'a, Result<User>> {
        Box::pin(self.patch_user(account, patch))
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
        universal_app_access: Option<&'a str>,
    ) -> Local<'a, Result<Group>> {
        Box::pin(async move {
            let call = Call {
                body: Some(body::create_group(name, universal_app_access)),
                repeat: Repeat::Never,
                missing: Missing::BaseUrl,
                about: Some(name),
                ..call(Method::Post, GROUPS, &[], GROUPS_WRITE)
            };
            let answer = self.client.send(call).await?;
            let raw = open_record(&answer)?;
            let record: GroupRecord<'_> = read_record(&answer, raw)?;
            let group = record.into_group(self.now(&answer)).ok_or_else(|| odd_shape(&answer))?;
            if group.name.trim() != name {
                return Err(answer.error(
                    Code::NotVerified,
                    "The server created the group under another name than the one asked for. Look it up in Retool, and ask for that name.",
                ));
            }
            Ok(group)
        })
    }

    fn update_group<'a>(
        &'a self,
        account: &'a GroupAccount,
        patch: &'a GroupPatch,
    ) -> Local<'a, Result<Group>> {
        Box::pin(self.patch_group(account, patch))
    }

    fn delete_group<'a>(&'a self, id: &'a GroupId) -> Local<'a, Result<bool>> {
        Box::pin(async move {
            let segments = [id.value.as_str()];
            let call = Call {
                missing: Missing::Group,
                about: Some(&id.value),
                ..call(Method::Delete, GROUP, &segments, GROUPS_WRITE)
            };
            self.deleted(call).await
        })
    }

    fn add_member<'a>(&'a self, group: &'a GroupId, user: &'a UserId) -> Local<'a, Result<bool>> {
        Box::pin(self.join_one(group, user))
    }

    fn add_members<'a>(
        &'a self,
        group: &'a GroupId,
        users: &'a [UserId],
    ) -> Local<'a, Result<Vec<bool>>> {
        Box::pin(self.join(group, users))
    }

    fn end_sessions<'a>(&'a self, user: &'a UserId) -> Local<'a, Result<bool>> {
        Box::pin(self.log_out(user))
    }

    fn remove_member<'a>(
        &'a self,
        group: &'a GroupId,
        user: &'a UserId,
    ) -> Local<'a, Result<bool>> {
        Box::pin(self.leave(group, user))
    }
}
