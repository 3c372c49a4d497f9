//! Write operations over `/api/v1`. Each is one request, except for the updates in `update`.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::body;
use super::update::{ChangeGroup, ChangeUser};
use super::wire::{Acknowledgement, GroupRecord, UserRecord};
use super::{
    GROUP, GROUPS, GROUPS_WRITE, MEMBER, MEMBERS, USER, USERS, USERS_WRITE, V1, check_not_refused,
};
use crate::domain::{
    AccessSetting, Account, Group, GroupAccount, GroupId, GroupPatch, Member, NewUser, User,
    UserId, UserPatch,
};
use crate::error::Result;
use crate::http::{Call, Local, Method, Missing};
use crate::retool::WriteDirectory;
use crate::retool::change::change;
use crate::retool::membership::{is_visible, members};
use crate::retool::request::{created_group, created_user, creation, deleted, is_unreadable, one};
use crate::retool::write_once::unchecked;

impl V1 {
    /// Sends a write whose response is only an acknowledgement.
    async fn acknowledged(&self, call: Call<'_>) -> Result<()> {
        let answer = self.client.send(call).await?;
        if answer.body().is_empty() {
            return Ok(());
        }
        check_not_refused(&answer)?;
        answer.decode::<Acknowledgement>().map(drop)
    }

    async fn delete(&self, call: Call<'_>) -> Result<bool> {
        deleted(self.acknowledged(call).await)
    }

    /// Adds or removes a member. If the acknowledgement can't be read, reads the group to find out
    /// whether the change was applied.
    async fn change_membership(
        &self,
        call: Call<'_>,
        group: &GroupId,
        user: &UserId,
        wanted: bool,
    ) -> Result<()> {
        let failure = match self.acknowledged(call).await {
            Err(error) if is_unreadable(&error) => error,
            other => return other,
        };
        let is_so = |now: Option<&Vec<Member>>| match now {
            Some(now) => now.iter().any(|member| member.id == *user) == wanted,
            // A missing group has no members. But for an addition, the group may become visible
            // later.
            None => !wanted,
        };
        match is_visible(self, async || members(self, group).await, is_so).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(failure),
            Err(check) => Err(unchecked(failure, check)),
        }
    }
}

impl WriteDirectory for V1 {
    fn create_user<'a>(&'a self, user: &'a NewUser) -> Local<'a, Result<User>> {
        Box::pin(async move {
            let call = creation(USERS, user.email.as_str(), body::create_user(user), USERS_WRITE);
            let answer = self.client.send(call).await?;
            check_not_refused(&answer)?;
            let record: UserRecord<'_> = answer.decode()?;
            created_user(&answer, record.into_user())
        })
    }

    fn update_user<'a>(
        &'a self,
        account: &'a Account,
        patch: &'a UserPatch,
    ) -> Local<'a, Result<User>> {
        Box::pin(async move {
            let made = change(self, account, &ChangeUser { directory: self, patch }).await?;
            Ok(made.user)
        })
    }

    fn delete_user<'a>(&'a self, id: &'a UserId) -> Local<'a, Result<bool>> {
        Box::pin(async move {
            let segments = [id.value.as_str()];
            self.delete(one(Method::Delete, USER, &segments, USERS_WRITE, Missing::User)).await
        })
    }

    fn create_group<'a>(
        &'a self,
        name: &'a str,
        access: &'a [AccessSetting],
    ) -> Local<'a, Result<Group>> {
        Box::pin(async move {
            let body = body::create_group(name, access);
            let answer = self.client.send(creation(GROUPS, name, body, GROUPS_WRITE)).await?;
            check_not_refused(&answer)?;
            let record: GroupRecord<'_> = answer.decode()?;
            created_group(&answer, record.into_group(), name)
        })
    }

    fn update_group<'a>(
        &'a self,
        account: &'a GroupAccount,
        patch: &'a GroupPatch,
    ) -> Local<'a, Result<Group>> {
        Box::pin(async move {
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

    fn add_member<'a>(&'a self, group: &'a GroupId, user: &'a UserId) -> Local<'a, Result<bool>> {
        Box::pin(async move {
            let segments = [group.value.as_str()];
            let call = Call {
                body: Some(body::add_member(&user.value)),
                // The server answers the same for a missing group and a missing user.
                ..one(Method::Post, MEMBERS, &segments, GROUPS_WRITE, Missing::Unspecified)
            };
            match self.change_membership(call, group, user, true).await {
                Ok(()) => Ok(true),
                // Servers differ in their response for an existing member. The caller reads back.
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

    fn remove_member<'a>(
        &'a self,
        group: &'a GroupId,
        user: &'a UserId,
    ) -> Local<'a, Result<bool>> {
        Box::pin(async move {
            let segments = [group.value.as_str(), user.value.as_str()];
            let call = one(Method::Delete, MEMBER, &segments, GROUPS_WRITE, Missing::Group);
            deleted(self.change_membership(call, group, user, false).await)
        })
    }
}
