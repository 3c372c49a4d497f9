//! `/api/v1`: pages by number, records replaced whole, integer group ids.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::listing::{Ask, Sheet, Source};
use super::{Capabilities, Page, ReadDirectory, WriteDirectory};
use crate::domain::{
    Account, Dialect, Email, Group, GroupAccount, GroupId, GroupPatch, Member, NewUser, User,
    UserId, UserPatch,
};
use crate::error::{Code, Error, Result};
use crate::http::{Answer, Call, Client, Local, Method, Missing, Path, Repeat};

mod cursor;
mod record;
mod update;
mod wire;

use wire::{
    Acknowledgement, AddMember, CreateGroup, CreateUser, GroupRecord, GroupsPage, MembersPage,
    UserRecord, UsersPage,
};

const USERS: &str = "/api/v1/users";
const USER: &str = "/api/v1/users/{id}";
const GROUPS: &str = "/api/v1/groups";
const GROUP: &str = "/api/v1/groups/{id}";
const MEMBERS: &str = "/api/v1/groups/{id}/members";
const MEMBER: &str = "/api/v1/groups/{id}/members/{userId}";

const USERS_READ: &str = "users:read";
const USERS_WRITE: &str = "users:write";
const GROUPS_READ: &str = "groups:read";
const GROUPS_WRITE: &str = "groups:write";

/// One organisation over `/api/v1`.
pub struct V1 {
    client: Client,
}

impl V1 {
    /// Speaks through a client.
    pub fn new(client: Client) -> Self {
        V1 { client }
    }

    /// A GET of something that is there for sure, if the base URL is right.
    async fn get_list(
        &self,
        template: &'static str,
        scope: &'static str,
        query: &[(&str, &str)],
    ) -> Result<Answer> {
        self.client
            .send(Call {
                query,
                missing: Missing::BaseUrl,
                ..call(Method::Get, template, &[], scope)
            })
            .await
    }

    async fn users_sheet(&self, ask: Ask) -> Result<Sheet<User>> {
        let (page, size) = (ask.page.to_string(), ask.size.map(|size| size.to_string()));
        let mut query = Vec::from([("page", page.as_str())]);
        query.extend(size.as_deref().map(|size| ("pageSize", size)));
        let answer = self.get_list(USERS, USERS_READ, &query).await?;
        let page: UsersPage<'_> = answer.decode()?;
        Ok(Sheet {
            items: page.users.into_iter().map(UserRecord::into_user).collect(),
            total: page.total,
        })
    }

    async fn groups_sheet(&self, ask: Ask) -> Result<Sheet<Group>> {
        // The first request is the guide's: `/groups` is not paged there.
        let page = ask.page.to_string();
        let size = ask.size.map(|size| size.to_string()).unwrap_or_default();
        let paged = [("page", page.as_str()), ("pageSize", size.as_str())];
        let answer =
            self.get_list(GROUPS, GROUPS_READ, if ask.page == 1 { &[] } else { &paged }).await?;
        let page: GroupsPage<'_> = answer.decode()?;
        Ok(Sheet {
            items: page.groups.into_iter().map(GroupRecord::into_group).collect(),
            total: page.total,
        })
    }

    async fn members_sheet(&self, id: &GroupId, ask: Ask) -> Result<Sheet<Member>> {
        let page = ask.page.to_string();
        let size = ask.size.map(|size| size.to_string()).unwrap_or_default();
        let paged = [("page", page.as_str()), ("pageSize", size.as_str())];
        let segments = [id.value.as_str()];
        let call = Call {
            query: if ask.page == 1 { &[] } else { &paged },
            missing: Missing::Group,
            about: Some(&id.value),
            ..call(Method::Get, MEMBERS, &segments, GROUPS_READ)
        };
        let answer = self.client.send(call).await?;
        let page: MembersPage<'_> = answer.decode()?;
        Ok(Sheet {
            items: page.members.into_iter().map(|member| member.into_member()).collect(),
            total: page.total,
        })
    }

    async fn everybody(&self) -> Result<Vec<User>> {
        let fetch = |ask| -> Local<'_, Result<Sheet<User>>> { Box::pin(self.users_sheet(ask)) };
        let source = Source {
            what: "users",
            fetch: &fetch,
            key: |user: &User| &user.id.value,
            size: Some(self.client.settings().page_size),
            whole_without_total: false,
        };
        source.read(self.client.window(), &*self.client.platform().log).await
    }

    async fn every_group(&self) -> Result<Vec<Group>> {
        let fetch = |ask| -> Local<'_, Result<Sheet<Group>>> { Box::pin(self.groups_sheet(ask)) };
        let source = Source {
            what: "groups",
            fetch: &fetch,
            key: |group: &Group| &group.id.value,
            size: None,
            whole_without_total: true,
        };
        source.read(self.client.window(), &*self.client.platform().log).await
    }

    async fn every_member(&self, id: &GroupId) -> Result<Option<Vec<Member>>> {
        let fetch =
            |ask| -> Local<'_, Result<Sheet<Member>>> { Box::pin(self.members_sheet(id, ask)) };
        let source = Source {
            what: "members",
            fetch: &fetch,
            key: |member: &Member| &member.id.value,
            size: None,
            whole_without_total: true,
        };
        match source.read(self.client.window(), &*self.client.platform().log).await {
            Ok(members) => Ok(Some(members)),
            Err(error) if is_not_found(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn users_of(&self, email: &Email) -> Result<Vec<User>> {
        let query = [("email", email.as_str())];
        let answer =
            self.get_list(USERS, USERS_READ, &query).await.map_err(|e| e.about(email.as_str()))?;
        let page: UsersPage<'_> = answer.decode()?;
        let answered = page.users.len();
        let mut found: Vec<User> = page.users.into_iter().map(UserRecord::into_user).collect();
        found.retain(|user| user.email == *email);
        // A filter that lets others through may have been ignored; then nothing is known of the
        // people on later pages, and only the whole listing tells.
        let trusted =
            found.len() == answered && page.total.is_none_or(|total| total as usize <= answered);
        if !trusted {
            found = self.everybody().await?;
            found.retain(|user| user.email == *email);
        }
        Ok(found)
    }

    /// Reads one record; `None` for a 404.
    async fn read(&self, call: Call<'_>) -> Result<Option<Answer>> {
        match self.client.send(call).await {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if is_not_found(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn account(&self, id: &UserId) -> Result<Option<Account>> {
        let segments = [id.value.as_str()];
        let call = Call {
            missing: Missing::User,
            about: Some(&id.value),
            ..call(Method::Get, USER, &segments, USERS_READ)
        };
        let answer = self.read(call).await?;
        answer.map(|answer| decode_account(&answer, id)).transpose()
    }

    async fn group_account(&self, id: &GroupId) -> Result<Option<GroupAccount>> {
        let segments = [id.value.as_str()];
        let call = Call {
            missing: Missing::Group,
            about: Some(&id.value),
            ..call(Method::Get, GROUP, &segments, GROUPS_READ)
        };
        let Some(answer) = self.read(call).await? else {
            return Ok(None);
        };
        let record: GroupRecord<'_> = answer.decode()?;
        let group = record.into_group();
        if group.id != *id {
            return Err(answer.error(Code::AnswerUnusable, "The server answered with another group than the one asked for. Look for a proxy that mixes up answers."));
        }
        Ok(Some(GroupAccount { group, raw: whole_body(&answer) }))
    }

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

/// A request with nothing special about it.
fn call<'a>(
    method: Method,
    template: &'static str,
    segments: &'a [&'a str],
    scope: &'static str,
) -> Call<'a> {
    Call {
        method,
        path: Path { template, segments },
        query: &[],
        body: None,
        repeat: Repeat::Safe,
        about: None,
        missing: Missing::Unspecified,
        scope,
    }
}

/// Reads a user and makes sure that it is the one asked for.
fn decode_account(answer: &Answer, id: &UserId) -> Result<Account> {
    let record: UserRecord<'_> = answer.decode()?;
    let user = record.into_user();
    if user.id != *id {
        return Err(answer.error(
            Code::WrongPerson,
            "The server answered with another user than the one asked for. Look for a proxy that mixes up answers.",
        ));
    }
    Ok(Account { user, raw: whole_body(answer) })
}

/// The body as text; it was JSON, so it is UTF-8.
fn whole_body(answer: &Answer) -> String {
    String::from_utf8_lossy(answer.body()).into_owned()
}

fn is_not_found(error: &Error) -> bool {
    matches!(error.code, Code::UserNotFound | Code::GroupNotFound)
}

fn json<T: serde::Serialize>(body: &T) -> Option<Vec<u8>> {
    // Plain structs of text and flags: this can't fail.
    serde_json::to_vec(body).ok()
}

impl ReadDirectory for V1 {
    fn capabilities(&self) -> Capabilities {
        Capabilities { dialect: Dialect::V1, create_invites: true, deletes: true }
    }

    fn pause(&self, attempt: u32) -> Local<'_, bool> {
        Box::pin(self.client.pause(attempt))
    }

    fn settle(&self, reading: u32) -> Local<'_, bool> {
        Box::pin(self.client.settle(reading))
    }

    fn find_users<'a>(&'a self, email: &'a Email) -> Local<'a, Result<Vec<User>>> {
        Box::pin(self.users_of(email))
    }

    fn read_user<'a>(&'a self, id: &'a UserId) -> Local<'a, Result<Option<Account>>> {
        Box::pin(self.account(id))
    }

    fn list_users(&self) -> Local<'_, Result<Vec<User>>> {
        Box::pin(self.everybody())
    }

    fn page_users<'a>(
        &'a self,
        cursor: Option<&'a str>,
        size: Option<u32>,
    ) -> Local<'a, Result<Page<User>>> {
        Box::pin(async move {
            let asked = cursor::UserCursor::resume(
                cursor,
                size.unwrap_or(self.client.settings().page_size),
            )?;
            let sheet = self.users_sheet(Ask { page: asked.page, size: Some(asked.size) }).await?;
            let next = asked.after(sheet.items.len(), sheet.total);
            Ok(Page { items: sheet.items, next, total: sheet.total })
        })
    }

    fn list_groups(&self) -> Local<'_, Result<Vec<Group>>> {
        Box::pin(self.every_group())
    }

    fn page_groups<'a>(
        &'a self,
        cursor: Option<&'a str>,
        size: Option<u32>,
    ) -> Local<'a, Result<Page<Group>>> {
        Box::pin(async move {
            let asked = cursor::GroupCursor::resume(
                cursor,
                size.unwrap_or(self.client.settings().page_size),
            )?;
            // The server does not page groups, so each page reads them all and shows a part.
            let groups = self.every_group().await?;
            let total = groups.len();
            let items = groups.into_iter().skip(asked.offset).take(asked.size as usize).collect();
            Ok(Page { items, next: asked.after(total), total: Some(total as u32) })
        })
    }

    fn read_group<'a>(&'a self, id: &'a GroupId) -> Local<'a, Result<Option<GroupAccount>>> {
        Box::pin(self.group_account(id))
    }

    fn list_members<'a>(&'a self, id: &'a GroupId) -> Local<'a, Result<Option<Vec<Member>>>> {
        Box::pin(self.every_member(id))
    }
}

impl WriteDirectory for V1 {
    fn create_user<'a>(&'a self, user: &'a NewUser) -> Local<'a, Result<User>> {
        Box::pin(async move {
            let call = Call {
                body: json(&CreateUser::new(user)),
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
                body: json(&CreateGroup { name, universal_app_access }),
                repeat: Repeat::Never,
                missing: Missing::BaseUrl,
                about: Some(name),
                ..call(Method::Post, GROUPS, &[], GROUPS_WRITE)
            };
            let answer = self.client.send(call).await?;
            let record: GroupRecord<'_> = answer.decode()?;
            Ok(record.into_group())
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

    fn add_member<'a>(&'a self, group: &'a GroupId, user: &'a UserId) -> Local<'a, Result<()>> {
        Box::pin(async move {
            let segments = [group.value.as_str()];
            let call = Call {
                body: json(&AddMember { user_id: &user.value }),
                missing: Missing::Group,
                about: Some(&group.value),
                ..call(Method::Post, MEMBERS, &segments, GROUPS_WRITE)
            };
            match self.acknowledged(call).await {
                // Servers differ in how they say "is in it already"; the caller reads it back.
                Err(error) if error.http_status == Some(409) => Ok(()),
                other => other,
            }
        })
    }

    fn remove_member<'a>(&'a self, group: &'a GroupId, user: &'a UserId) -> Local<'a, Result<()>> {
        Box::pin(async move {
            let segments = [group.value.as_str(), user.value.as_str()];
            let call = Call {
                missing: Missing::Group,
                about: Some(&group.value),
                ..call(Method::Delete, MEMBER, &segments, GROUPS_WRITE)
            };
            self.deleted(call).await.map(|_| ())
        })
    }
}
