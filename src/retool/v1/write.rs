//! Writing over `/api/v1`: one request each, but for the updates, which `update` makes safe.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::body;
use super::wire::{Acknowledgement, GroupRecord, UserRecord};
use super::{
    GROUP, GROUPS, GROUPS_WRITE, MEMBER, MEMBERS, USER, USERS, USERS_WRITE, V1, call, is_not_found,
};
use crate::domain::{
    Account, Group, GroupAccount, GroupId, GroupPatch, NewUser, User, UserId, UserPatch,
};
use crate::error::{Code, Result};
use crate::http::{Call, Local, Method, Missing, Repeat};
use crate::retool::WriteDirectory;

impl V1 {
    /// A write that answers with a bare acknowledgement.
    async fn acknowledged(&self, call: Call<'_>) -> Result<()> {
        let answer = self.client.send(call).await?;
        if answer.body().is_empty() {
            return Ok(());
        }
        if answer.decode::<Acknowledgement>()?.success == Some(false) {
            return Err(answer.error(
                Code::ServerRefused,
                "The server answered that it did not do it, without a reason. Look at its log.",
            ));
        }
        Ok(())
    }

    /// A deletion: `false` if there was nothing to delete.
    async fn deleted(&self, call: Call<'_>) -> Result<bool> {
        match self.acknowledged(call).await {
            Ok(()) => Ok(true),
            // Not there after a try that nobody answered: its answer was lost, not its effect.
            Err(error) if is_not_found(&error) => Ok(error.maybe_applied),
            Err(error) => Err(error),
        }
    }
}

impl WriteDirectory for V1 {
    fn create_user<'a>(&'a self, user: &'a NewUser) -> Local<'a, Result<User>> {
        Box::pin(async move {
            let call = Call {
                body: Some(body::create_user(user)),
                repeat: Repeat::Never,
                missing: Missing::BaseUrl,
                about: Some(user.email.as_str()),
                ..call(Method::Post, USERS, &[], USERS_WRITE)
            };
            let answer = self.client.send(call).await?;
            let record: UserRecord<'_> = answer.decode()?;
            Ok(record.into_user())
        })
    }

    fn update_user<'a>(
        &'a self,
        account: &'a Account,
        patch: &'a UserPatch,
    ) -> Local<'a, Result<User>> {
        Box::pin(self.merge_user(account, patch))
    }

    fn delete_user<'a>(&'a self, id: &'a UserId) -> Local<'a, Result<bool>> {
        Box::pin(async move {
            let segments = [id.value.as_str()];
            let call = Call {
                missing: Missing::User,
                about: Some(&id.value),
                ..call(Method::Delete, USER, &segments, USERS_WRITE)
            };
            self.deleted(call).await
        })
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
            let record: GroupRecord<'_> = answer.decode()?;
            let group = record.into_group();
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
        Box::pin(self.merge_group(account, patch))
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
        Box::pin(async move {
            let segments = [group.value.as_str()];
            let call = Call {
                body: Some(body::add_member(&user.value)),
                // Of a missing group and a missing user, the server says the same.
                missing: Missing::Unspecified,
                about: Some(&group.value),
                ..call(Method::Post, MEMBERS, &segments, GROUPS_WRITE)
            };
            match self.acknowledged(call).await {
                Ok(()) => Ok(true),
                // Servers differ in how they say "is in it already"; the caller reads it back.
                Err(error) if error.http_status == Some(409) => Ok(error.maybe_applied),
                Err(error) => Err(error),
            }
        })
    }

    fn add_members<'a>(
        &'a self,
        group: &'a GroupId,
        users: &'a [UserId],
    ) -> Local<'a, Result<Vec<bool>>> {
        Box::pin(async move {
            let mut new = Vec::with_capacity(users.len());
            for user in users {
                new.push(self.add_member(group, user).await?);
            }
            Ok(new)
        })
    }

    fn end_sessions<'a>(&'a self, _: &'a UserId) -> Local<'a, Result<bool>> {
        Box::pin(core::future::ready(Ok(false)))
    }

    fn remove_member<'a>(
        &'a self,
        group: &'a GroupId,
        user: &'a UserId,
    ) -> Local<'a, Result<bool>> {
        Box::pin(async move {
            let segments = [group.value.as_str(), user.value.as_str()];
            let call = Call {
                missing: Missing::Group,
                about: Some(&group.value),
                ..call(Method::Delete, MEMBER, &segments, GROUPS_WRITE)
            };
            self.deleted(call).await
        })
    }
}
