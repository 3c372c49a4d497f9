//! Read operations over SCIM.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::Scim;
use super::base::Route;
use super::cursor::{Cursor, Kind};
use super::group::{GroupRecord, decode_group, group_account};
use super::list::{List, decode_groups, decode_users};
use super::listing::into_groups;
use super::user::decode_user;
use crate::domain::{
    Account, Dialect, Group, GroupAccount, GroupId, Member, User, UserId, UserRef,
};
use crate::error::{Code, Error, Result};
use crate::http::{Local, Missing, Window};
use crate::retool::find::{Filtered, Gaps, ReadPeople, accounts_of, everyone, one_page};
use crate::retool::listing::is_refused_page;
use crate::retool::unreadable::Unreadable;
use crate::retool::user_filter::{AllUsers, Found, Listed, Others, People, UserFilter, UsersByRef};
use crate::retool::{Capabilities, Page, ReadDirectory};
use crate::ser::to_json;

impl Scim {
    /// Returns the groups with this name that a filter finds. An empty result proves little.
    pub(super) async fn groups_named(&self, name: &str) -> Result<Vec<Group>> {
        let filter = format!("displayName eq {}", to_json(name));
        match self.get_list(Route::Groups, &[("filter", &filter)]).await {
            Ok(answer) => {
                let mut groups = decode_groups(&answer, into_groups)?.page;
                groups.retain(|group| group.name.trim() == name.trim());
                Ok(groups)
            }
            Err(error) if may_mean_no_match(&error) => Ok(Vec::new()),
            Err(error) => Err(error.about(name)),
        }
    }

    /// Reads one user with all fields; `None` if the server has no user with this id.
    pub(super) async fn account(&self, id: &UserId) -> Result<Option<Account>> {
        let answer = self.get_one(Route::User, &id.value, Missing::User).await?;
        answer.map(|answer| self.account_in(&answer, id)).transpose()
    }

    /// Reads one group with all fields; `None` if the server has no group with this id.
    pub(super) async fn group(&self, id: &GroupId) -> Result<Option<GroupAccount>> {
        let answer = self.get_one(Route::Group, &id.value, Missing::Group).await?;
        answer.map(|answer| group_account(&answer, id)).transpose()
    }

    /// Lists the ids of all members of a group, including groups; `None` if the server has no
    /// group with this id.
    pub(super) async fn member_ids(&self, id: &GroupId) -> Result<Option<Vec<String>>> {
        self.group_record(id, |record| record.into_member_ids()).await
    }

    async fn members(&self, id: &GroupId) -> Result<Option<Vec<Member>>> {
        let group = self.group_record(id, |record| record.into_group()).await?;
        Ok(group.map(|group| group.members.unwrap_or_default()))
    }

    async fn group_record<T>(
        &self,
        id: &GroupId,
        convert: fn(GroupRecord<'_>) -> T,
    ) -> Result<Option<T>> {
        let answer = self.get_one(Route::Group, &id.value, Missing::Group).await?;
        answer.map(|answer| decode_group(&answer, id).map(convert)).transpose()
    }

    fn size(&self, size: Option<u32>) -> u32 {
        size.unwrap_or(self.client.settings().page_size)
    }

    /// Reads the page at a cursor. `fetch` gets a start index, counted from 1, and a page size.
    async fn page_at<T>(
        &self,
        asked: Cursor,
        what: &str,
        fetch: impl AsyncFn(u32, Option<u32>) -> Result<List<Vec<T>>>,
        id: impl Fn(&T) -> String,
    ) -> Result<Page<T>> {
        let (start, count) = asked.place();
        if !asked.is_first() {
            return Ok(asked.page(fetch(start, Some(count)).await?));
        }
        let log = &*self.client.platform().log;
        let first = async |size| fetch(start, size).await;
        let (size, list) = self.page_size.first_page(Some(count), what, log, first).await?;
        let length = list.page.len() as u32;
        let asked = asked.with_size(size.unwrap_or(length));
        if !asked.may_be_cut(&list) {
            return Ok(asked.page(list));
        }
        // The total may be the length of the page. The next page decides.
        let next = match fetch(length.saturating_add(1), Some(length)).await {
            Ok(next) => next.page,
            Err(error) if is_refused_page(&error) => Vec::new(),
            Err(error) => return Err(error),
        };
        let is_whole = next.first().is_none_or(|next| list.page.first().map(&id) == Some(id(next)));
        Ok(if is_whole { asked } else { asked.without_total() }.page(list))
    }
}

impl ReadPeople for Scim {
    const FIRST_DECIDES: bool = true;

    async fn filtered(&self, who: &UserRef) -> Result<Option<Filtered>> {
        let filter = format!("userName eq {}", to_json(who.as_str()));
        match self.get_list(Route::Users, &[("filter", &filter)]).await {
            Ok(answer) => {
                let List { page, total } = decode_users(&answer, &UsersByRef(who))?;
                Ok(Some(Filtered { content: page, total, more: false }))
            }
            Err(error) if may_mean_no_match(&error) => Ok(None),
            Err(error) => Err(error.about(who.as_str())),
        }
    }

    async fn listing(&self, filter: &dyn UserFilter) -> Result<People> {
        self.all_pages(filter).await
    }

    async fn read_listed(&self, id: &UserId) -> Result<Option<Listed>> {
        let answer = self.get_one(Route::User, &id.value, Missing::User).await?;
        answer.map(|answer| decode_user(&answer, id)).transpose()
    }

    fn gaps(&self) -> &Gaps {
        &self.gaps
    }

    fn window(&self) -> &Window {
        self.client.window()
    }
}

/// Returns whether a failure to filter may only mean that no user was found, or that the server
/// can't filter. Then the whole listing decides.
fn may_mean_no_match(error: &Error) -> bool {
    matches!(error.code, Code::ServerRefused | Code::ScimUnavailable)
        || error.http_status == Some(501)
}

impl ReadDirectory for Scim {
    fn capabilities(&self) -> Capabilities {
        Dialect::Scim.capabilities().with_deletions_that_only_disable(self.only_disables.get())
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

    fn window_of_records(&self) -> Option<&Window> {
        Some(self.client.window())
    }

    fn server_time(&self) -> Option<i64> {
        self.client.server_time()
    }

    fn probe(&self) -> Local<'_, Result<()>> {
        Box::pin(async {
            self.users_from(1, Some(1), &AllUsers { with_times: false }).await.map(drop)
        })
    }

    fn find_users<'a>(&'a self, who: &'a UserRef) -> Local<'a, Result<Vec<User>>> {
        Box::pin(
            async move { accounts_of(self, who).await.map_err(|error| error.about(who.as_str())) },
        )
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
            let all = AllUsers { with_times: true };
            let fetch = async |start, count| {
                let List { page, total } = self.users_from(start, count, &all).await?;
                page.page.others.unreadable.on_a_page()?;
                Ok(List { page: page.page.listed, total })
            };
            let asked = Cursor::resume(Kind::Users, cursor, self.size(size))?;
            let id = |listed: &Listed| listed.user.id.value.clone();
            let Page { items, next, total } = self.page_at(asked, "users", fetch, id).await?;
            let page = People { listed: items, others: Others::default() };
            Ok(Page { items: one_page(self, page).await?, next, total })
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
            let fetch = async |start, count| self.groups_from(start, count).await;
            let asked = Cursor::resume(Kind::Groups, cursor, self.size(size))?;
            self.page_at(asked, "groups", fetch, |group| group.id.value.clone()).await
        })
    }

    fn read_group<'a>(&'a self, id: &'a GroupId) -> Local<'a, Result<Option<GroupAccount>>> {
        Box::pin(self.group(id))
    }

    fn list_members<'a>(
        &'a self,
        ids: &'a [GroupId],
    ) -> Local<'a, Result<Vec<Option<Vec<Member>>>>> {
        Box::pin(async move {
            if !ids.is_empty() {
                // Once, and not by each of the concurrent requests.
                self.find_base().await?;
            }
            let members = |at: usize| -> Local<'_, _> { Box::pin(self.members(&ids[at])) };
            self.client.window().run(ids.len(), members).await
        })
    }
}
