//! Reads whole listings. Some servers page by start index. Others, such as Retool, ignore the
//! requested page and return everything at once. Both are supported.

use alloc::boxed::Box;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::cell::Cell;

use super::Scim;
use super::base::Route;
use super::group::GroupRecord;
use super::list::{List, decode_groups, decode_users};
use crate::domain::Group;
use crate::error::{Code, Error, Result};
use crate::http::{Answer, Local};
use crate::retool::listing::{Ask, FetchedPage, Source};
use crate::retool::page_buffer::PageItems;
use crate::retool::user_filter::{People, UserFilter};

/// The first page of a listing without a total.
#[derive(Default)]
struct FirstPage {
    /// The fingerprint of its first item, if the page was as long as requested. If this page is
    /// repeated, it is unknown whether it was the whole listing.
    full: Cell<Option<u64>>,
}

impl Scim {
    /// Lists users from a start index, which counts from 1.
    pub(super) async fn users_from(
        &self,
        start: u32,
        count: Option<u32>,
        filter: &dyn UserFilter,
    ) -> Result<List<PageItems<People>>> {
        decode_users(&self.list_from(Route::Users, start, count).await?, filter)
    }

    /// Lists groups from a start index, which counts from 1.
    pub(super) async fn groups_from(
        &self,
        start: u32,
        count: Option<u32>,
    ) -> Result<List<Vec<Group>>> {
        decode_groups(&self.list_from(Route::Groups, start, count).await?, into_groups)
    }

    async fn list_from(&self, route: Route, start: u32, count: Option<u32>) -> Result<Answer> {
        let (start, count) = (start.to_string(), count.map(|count| count.to_string()));
        let mut query = Vec::from([("startIndex", start.as_str())]);
        query.extend(count.as_deref().map(|count| ("count", count)));
        self.get_list(route, &query).await
    }

    /// Lists the users of all pages, as the listing contains them.
    pub(super) async fn all_pages(&self, filter: &dyn UserFilter) -> Result<People> {
        let first_page = FirstPage::default();
        let fetch = |ask| -> Local<'_, Result<FetchedPage<People>>> {
            let first_page = &first_page;
            Box::pin(async move {
                let (start, count) = self.place(ask);
                let List { page, total } = self.users_from(start, count, filter).await?;
                first_page.fetched(ask, count, page, total)
            })
        };
        Ok(People::on(self.pages("users", &fetch).await?))
    }

    /// Lists all groups.
    pub(super) async fn every_group(&self) -> Result<Vec<Group>> {
        let first_page = FirstPage::default();
        let fetch = |ask| -> Local<'_, Result<FetchedPage<Vec<Group>>>> {
            let first_page = &first_page;
            Box::pin(async move {
                let (start, count) = self.place(ask);
                let List { page, total } = self.groups_from(start, count).await?;
                let content = PageItems::whole(page, |group| &group.id.value);
                first_page.fetched(ask, count, content, total)
            })
        };
        Ok(self.pages("groups", &fetch).await?.into_iter().flatten().collect())
    }

    async fn pages<'a, P>(
        &'a self,
        what: &'static str,
        fetch: &'a dyn Fn(Ask) -> Local<'a, Result<FetchedPage<P>>>,
    ) -> Result<Vec<P>> {
        let source = Source {
            what,
            fetch,
            size: Some(&self.page_size),
            default_size: WHOLE_ONCE,
            expected: None,
        };
        source.read(self.client.window(), &*self.client.platform().log).await
    }

    /// Returns the start index of a page, counted from 1, and the requested page size.
    fn place(&self, ask: Ask) -> (u32, Option<u32>) {
        let before = ask.page.saturating_sub(1).saturating_mul(ask.size.unwrap_or_default());
        (before.saturating_add(1), ask.size)
    }
}

/// A default size of 1 means that the server may return everything at once, at any length. A
/// repeated first page is then the whole listing.
const WHOLE_ONCE: Option<u32> = Some(1);

impl FirstPage {
    fn fetched<P>(
        &self,
        ask: Ask,
        count: Option<u32>,
        content: PageItems<P>,
        mut total: Option<u32>,
    ) -> Result<FetchedPage<P>> {
        let given = content.fingerprints.len() as u32;
        let first = content.fingerprints.first().copied();
        if total.is_none() && ask.page == 1 {
            // More than requested: the server does not page.
            total = (Some(given) > count && count.is_some()).then_some(given);
            self.full.set(first.filter(|_| Some(given) == count));
        } else if first.is_some() && self.full.get() == first {
            return Err(Error::new(
                Code::ListingIncomplete,
                "A listing gives the same page again and again, without saying how long it is. Nothing was \
                 planned on it. Allow larger pages (RETOOL_PAGE_SIZE).",
            ));
        }
        Ok(FetchedPage { content, total })
    }
}

pub(super) fn into_groups(records: Vec<GroupRecord<'_>>) -> Vec<Group> {
    records.into_iter().map(GroupRecord::into_group).collect()
}
