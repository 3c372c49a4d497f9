//! Read operations over `/api/v1`.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde_json::value::RawValue;

use super::wire::{GroupRecord, GroupsPage, MemberRecord, MembersPage, UserRecord, UsersPage};
use super::{
    GROUP, GROUPS, GROUPS_READ, MEMBERS, USER, USERS, USERS_READ, V1, cursor, decode_account,
    decode_user,
};
use crate::de::Objects;
use crate::domain::{
    Account, Dialect, Group, GroupAccount, GroupId, Member, User, UserId, UserRef,
};
use crate::error::Result;
use crate::http::{Answer, Call, Local, Method, Missing, Window};
use crate::retool::find::{Filtered, Gaps, ReadPeople, accounts_of, everyone, one_page};
use crate::retool::listing::{Ask, FetchedPage, Source, is_refused_page};
use crate::retool::page_buffer::PageItems;
use crate::retool::page_size::is_refused_size;
use crate::retool::request::{another_group, found, is_not_found, list, one};
use crate::retool::unreadable::{Unreadable, salvage, unreadable_records};
use crate::retool::user_filter::{
    AllUsers, Found, Listed, People, UserFilter, UsersByRef, filter_page, filter_salvaged,
};
use crate::retool::{Capabilities, Page, ReadDirectory};

/// Page and size for the query, as text.
struct Paging {
    page: String,
    size: Option<String>,
}

impl Paging {
    fn new(ask: Ask) -> Self {
        Paging { page: ask.page.to_string(), size: ask.size.map(|size| size.to_string()) }
    }

    fn query(&self) -> Vec<(&str, &str)> {
        let mut query = Vec::from([("page", self.page.as_str())]);
        query.extend(self.size.as_deref().map(|size| ("pageSize", size)));
        query
    }

    /// Returns the query for listings that the guide does not page. The first request has no
    /// paging parameters.
    fn query_if_needed(&self, ask: Ask) -> Vec<(&str, &str)> {
        if ask.page == 1 { Vec::new() } else { self.query() }
    }
}

impl V1 {
    /// Sends a GET of a list that always exists if the base URL is right.
    async fn get_list(
        &self,
        template: &'static str,
        scope: &'static str,
        query: &[(&str, &str)],
    ) -> Result<Answer> {
        self.client.send(list(template, query, scope)).await
    }

    async fn fetch_users(&self, ask: Ask, filter: &dyn UserFilter) -> Result<FetchedPage<People>> {
        let answer = self.get_list(USERS, USERS_READ, &Paging::new(ask).query()).await?;
        users_page(&answer, filter)
    }

    async fn fetch_groups(&self, ask: Ask) -> Result<FetchedPage<Vec<Group>>> {
        let paging = Paging::new(ask);
        let answer = self.get_list(GROUPS, GROUPS_READ, &paging.query_if_needed(ask)).await?;
        let page: GroupsPage<Objects<GroupRecord<'_>>> = answer.decode().map_err(|error| {
            let raw = answer.decode::<GroupsPage<Vec<&RawValue>>>().ok();
            raw.and_then(|page| {
                unreadable_records::<GroupRecord<'_>>(page.groups, "groups", |_| true)
            })
            .unwrap_or(error)
        })?;
        let items = page.groups.0.into_iter().map(GroupRecord::into_group).collect();
        let content = PageItems::whole(items, |group: &Group| &group.id.value);
        Ok(FetchedPage { content, total: page.total })
    }

    async fn fetch_members(&self, id: &GroupId, ask: Ask) -> Result<FetchedPage<Vec<Member>>> {
        let paging = Paging::new(ask);
        let segments = [id.value.as_str()];
        let call = Call {
            query: &paging.query_if_needed(ask),
            ..one(Method::Get, MEMBERS, &segments, GROUPS_READ, Missing::Group)
        };
        let answer = self.client.send(call).await?;
        let page: MembersPage<Objects<MemberRecord<'_>>> = answer.decode().map_err(|error| {
            let raw = answer.decode::<MembersPage<Vec<&RawValue>>>().ok();
            raw.and_then(|page| {
                unreadable_records::<MemberRecord<'_>>(page.members, "members", |_| true)
            })
            .unwrap_or(error)
        })?;
        let items = page.members.0.into_iter().map(MemberRecord::into_member).collect();
        let content = PageItems::whole(items, |member: &Member| &member.id.value);
        Ok(FetchedPage { content, total: page.total })
    }

    async fn every_group(&self) -> Result<Vec<Group>> {
        let fetch = |ask| -> Local<'_, Result<FetchedPage<Vec<Group>>>> {
            Box::pin(self.fetch_groups(ask))
        };
        let source = Source {
            what: "groups",
            fetch: &fetch,
            size: None,
            default_size: Some(DEFAULT_PAGE_SIZE),
            expected: None,
        };
        let pages = source.read(self.client.window(), &*self.client.platform().log).await?;
        Ok(pages.into_iter().flatten().collect())
    }

    async fn every_member(&self, id: &GroupId) -> Result<Option<Vec<Member>>> {
        let fetch = |ask| -> Local<'_, Result<FetchedPage<Vec<Member>>>> {
            Box::pin(self.fetch_members(id, ask))
        };
        let source = Source {
            what: "members",
            fetch: &fetch,
            size: None,
            default_size: Some(DEFAULT_PAGE_SIZE),
            expected: None,
        };
        // Reads the pages one by one, because the groups are already read concurrently.
        match source.read(&Window::new(1), &*self.client.platform().log).await {
            Ok(pages) => Ok(Some(pages.into_iter().flatten().collect())),
            Err(error) if is_not_found(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads one user with all fields; `None` if the server has no user with this id.
    async fn account(&self, id: &UserId) -> Result<Option<Account>> {
        let answer = self.get_user(id).await?;
        answer.map(|answer| decode_account(&answer, id)).transpose()
    }

    async fn get_user(&self, id: &UserId) -> Result<Option<Answer>> {
        let segments = [id.value.as_str()];
        let call = one(Method::Get, USER, &segments, USERS_READ, Missing::User);
        found(self.client.send(call).await)
    }

    /// Reads one group with all fields; `None` if the server has no group with this id.
    async fn group_account(&self, id: &GroupId) -> Result<Option<GroupAccount>> {
        let segments = [id.value.as_str()];
        let call = one(Method::Get, GROUP, &segments, GROUPS_READ, Missing::Group);
        let Some(answer) = found(self.client.send(call).await)? else {
            return Ok(None);
        };
        let record: GroupRecord<'_> = answer.decode()?;
        let group = record.into_group();
        if group.id != *id {
            return Err(another_group(&answer));
        }
        Ok(Some(GroupAccount { group, raw: answer.text()?.to_string() }))
    }
}

impl ReadPeople for V1 {
    // A record may lack any of several fields. That the first record lacks one proves nothing
    // about the others.
    const FIRST_DECIDES: bool = false;

    async fn filtered(&self, who: &UserRef) -> Result<Option<Filtered>> {
        let Some(email) = who.email() else { return Ok(None) };
        let query = [("email", email.as_str())];
        let answer = match self.get_list(USERS, USERS_READ, &query).await {
            Ok(answer) => answer,
            // The server may only refuse to search. Then the whole listing decides.
            Err(error) if is_refused_size(&error) => return Ok(None),
            Err(error) => return Err(error.about(email.as_str())),
        };
        let FetchedPage { content, total } = users_page(&answer, &UsersByRef(who))?;
        Ok(Some(Filtered { content, total, more: false }))
    }

    async fn listing(&self, filter: &dyn UserFilter) -> Result<People> {
        let fetch = |ask| -> Local<'_, Result<FetchedPage<People>>> {
            Box::pin(self.fetch_users(ask, filter))
        };
        let source = Source {
            what: "users",
            fetch: &fetch,
            size: Some(&self.page_size),
            default_size: None,
            expected: self.expected.get(),
        };
        let pages = source.read(self.client.window(), &*self.client.platform().log).await?;
        Ok(People::on(pages))
    }

    async fn read_listed(&self, id: &UserId) -> Result<Option<Listed>> {
        let answer = self.get_user(id).await?;
        answer.map(|answer| decode_user(&answer, id)).transpose()
    }

    fn gaps(&self) -> &Gaps {
        &self.gaps
    }

    fn window(&self) -> &Window {
        self.client.window()
    }
}

/// Decodes a page of users.
fn users_page(answer: &Answer, filter: &dyn UserFilter) -> Result<FetchedPage<People>> {
    let error = match answer.decode::<UsersPage<Objects<UserRecord<'_>>>>() {
        Ok(UsersPage { users: Objects(records), total }) => {
            return Ok(FetchedPage { content: filter_page(records, filter), total });
        }
        Err(error) => error,
    };
    let Ok(UsersPage { users, total }) = answer.decode::<UsersPage<Vec<&RawValue>>>() else {
        return Err(error);
    };
    let salvaged = salvage::<UserRecord<'_>>(users).ok_or(error)?;
    Ok(FetchedPage { content: filter_salvaged(salvaged, filter), total })
}

/// The number of records that a server returns by default.
const DEFAULT_PAGE_SIZE: u32 = 100;

impl ReadDirectory for V1 {
    fn capabilities(&self) -> Capabilities {
        Dialect::V1.capabilities().with_deletions_that_only_disable(self.only_disables.get())
    }

    fn may_lose_memberships(&self) -> bool {
        !self.keeps_memberships.get()
    }

    fn memberships_were_kept(&self) {
        self.keeps_memberships.set(true);
    }

    fn deletion_only_disables(&self) {
        self.only_disables.set(true);
    }

    fn pause(&self, attempt: u32, retry_after_ms: Option<u32>) -> Local<'_, bool> {
        Box::pin(self.client.pause(attempt, retry_after_ms))
    }

    fn wait_to_read_back(&self, reading: u32) -> Local<'_, bool> {
        Box::pin(self.client.wait_to_read_back(reading))
    }

    fn write_window(&self) -> Option<&Window> {
        Some(self.client.window())
    }

    fn server_time(&self) -> Option<i64> {
        self.client.server_time()
    }

    fn probe(&self) -> Local<'_, Result<()>> {
        Box::pin(async {
            self.fetch_users(Ask { page: 1, size: Some(1) }, &AllUsers { with_times: false })
                .await
                .map(|_| ())
        })
    }

    fn expect_users(&self, count: u32) {
        self.expected.set(Some(count));
    }

    fn find_users<'a>(&'a self, who: &'a UserRef) -> Local<'a, Result<Vec<User>>> {
        Box::pin(accounts_of(self, who))
    }

    fn read_user<'a>(&'a self, id: &'a UserId) -> Local<'a, Result<Option<Account>>> {
        Box::pin(self.account(id))
    }

    fn list_people<'a>(&'a self, filter: &'a dyn UserFilter) -> Local<'a, Result<Found>> {
        Box::pin(everyone(self, filter))
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
            let all = AllUsers { with_times: true };
            let ask = |page, size| self.fetch_users(Ask { page, size }, &all);
            let (asked, fetched) = if asked.page == 1 {
                let log = &*self.client.platform().log;
                let fetch = async |size| ask(1, size).await;
                let (size, fetched) =
                    self.page_size.first_page(Some(asked.size), "users", log, fetch).await?;
                let size = size.unwrap_or(fetched.content.fingerprints.len() as u32);
                (cursor::UserCursor { size, ..asked }, fetched)
            } else {
                (asked, ask(asked.page, Some(asked.size)).await?)
            };
            let FetchedPage { content, total } = fetched;
            let length = content.fingerprints.len();
            let mut asked = asked;
            if asked.may_be_cut(length, total) {
                // The total may be the length of the page. The next page decides.
                let size = Some(length as u32);
                asked.trusts_total = match ask(2, size).await {
                    Ok(FetchedPage { content: next, .. }) => next
                        .fingerprints
                        .first()
                        .is_none_or(|first| content.fingerprints.first() == Some(first)),
                    Err(error) if is_refused_page(&error) => true,
                    Err(error) => return Err(error),
                };
            }
            let next = asked.after(length, total);
            let items = one_page(self, content.page).await?;
            Ok(Page { items, next, total: total.filter(|_| asked.trusts_total) })
        })
    }

    fn unreadable(&self) -> Unreadable {
        self.gaps.unreadable()
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
            // The server does not page groups. So each page reads them all and returns a part.
            let groups = self.every_group().await?;
            let (offset, size) = (asked.offset, asked.size);
            let next = asked.after(groups.len());
            Ok(Page::part(groups, offset, size, next))
        })
    }

    fn read_group<'a>(&'a self, id: &'a GroupId) -> Local<'a, Result<Option<GroupAccount>>> {
        Box::pin(self.group_account(id))
    }

    fn list_members<'a>(
        &'a self,
        ids: &'a [GroupId],
    ) -> Local<'a, Result<Vec<Option<Vec<Member>>>>> {
        let members = |at: usize| -> Local<'a, _> { Box::pin(self.every_member(&ids[at])) };
        Box::pin(self.client.window().run(ids.len(), members))
    }
}
