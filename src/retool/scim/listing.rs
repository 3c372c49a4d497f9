//! Whole listings. Servers page by place, or, as Retool, ignore what is asked for and give
//! everything at once; both come to the same here.

use alloc::boxed::Box;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::cell::Cell;

use super::Scim;
use super::base::Route;
use super::group::GroupRecord;
use super::list::{List, decode_list};
use super::user::UserRecord;
use crate::domain::Group;
use crate::error::{Code, Error, Result};
use crate::http::Local;
use crate::retool::listing::{Ask, FetchedPage, Source};
use crate::retool::page_buffer::PageItems;
use crate::retool::user_filter::{People, UserFilter, filter_page};

/// The page that a listing without a total began with.
#[derive(Default)]
struct Opening {
    /// The fingerprint of its first item, if the page was as long as asked for: if it comes again,
    /// it can't be told whether it was all there is.
    full: Cell<Option<u64>>,
}

impl Scim {
    /// People from a place on, which counts from 1.
    pub(super) async fn users_from(
        &self,
        start: u32,
        count: u32,
        filter: &dyn UserFilter,
    ) -> Result<List<PageItems<People>>> {
        let (start, count) = (start.to_string(), count.to_string());
        let query = [("startIndex", start.as_str()), ("count", count.as_str())];
        let answer = self.get_list(Route::Users, &query).await?;
        decode_list(&answer, |records| filtered(records, filter))
    }

    /// Groups from a place on, which counts from 1.
    pub(super) async fn groups_from(&self, start: u32, count: u32) -> Result<List<Vec<Group>>> {
        let (start, count) = (start.to_string(), count.to_string());
        let query = [("startIndex", start.as_str()), ("count", count.as_str())];
        let answer = self.get_list(Route::Groups, &query).await?;
        decode_list(&answer, into_groups)
    }

    /// The people of all pages, as the listing shows them.
    pub(super) async fn all_pages(&self, filter: &dyn UserFilter) -> Result<People> {
        let opening = Opening::default();
        let fetch = |ask| -> Local<'_, Result<FetchedPage<People>>> {
            let opening = &opening;
            Box::pin(async move {
                let (start, count) = self.place(ask);
                let List { page, total } = self.users_from(start, count, filter).await?;
                opening.fetched(ask, count, page, total)
            })
        };
        Ok(People::on(self.pages("users", &fetch).await?))
    }

    /// Every group.
    pub(super) async fn every_group(&self) -> Result<Vec<Group>> {
        let opening = Opening::default();
        let fetch = |ask| -> Local<'_, Result<FetchedPage<Vec<Group>>>> {
            let opening = &opening;
            Box::pin(async move {
                let (start, count) = self.place(ask);
                let List { page, total } = self.groups_from(start, count).await?;
                let content = PageItems::whole(page, |group| &group.id.value);
                opening.fetched(ask, count, content, total)
            })
        };
        Ok(self.pages("groups", &fetch).await?.into_iter().flatten().collect())
    }

    async fn pages<'a, P>(
        &self,
        what: &'static str,
        fetch: &'a dyn Fn(Ask) -> Local<'a, Result<FetchedPage<P>>>,
    ) -> Result<Vec<P>> {
        let source = Source {
            what,
            fetch,
            size: Some(self.client.settings().page_size),
            default_size: WHOLE_ONCE,
            expected: None,
        };
        source.read(self.client.window(), &*self.client.platform().log).await
    }

    /// Where a page begins, counted from 1, and how long it is asked to be.
    fn place(&self, ask: Ask) -> (u32, u32) {
        let size = ask.size.unwrap_or(self.client.settings().page_size);
        (ask.page.saturating_sub(1).saturating_mul(size).saturating_add(1), size)
    }
}

/// That the server may give everything at once, at any length: a first page that comes again is
/// then the whole listing.
const WHOLE_ONCE: Option<u32> = Some(1);

impl Opening {
    fn fetched<P>(
        &self,
        ask: Ask,
        count: u32,
        content: PageItems<P>,
        mut total: Option<u32>,
    ) -> Result<FetchedPage<P>> {
        let given = content.fingerprints.len() as u32;
        let first = content.fingerprints.first().copied();
        if total.is_none() && ask.page == 1 {
            // More than asked for: the server does not page.
            total = (given > count).then_some(given);
            self.full.set(first.filter(|_| given == count));
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

/// Those of a page for whom a listing is read.
pub(super) fn filtered(records: Vec<UserRecord<'_>>, filter: &dyn UserFilter) -> PageItems<People> {
    let Ok(content) = filter_page(records, filter);
    content
}

pub(super) fn into_groups(records: Vec<GroupRecord<'_>>) -> Vec<Group> {
    records.into_iter().map(GroupRecord::into_group).collect()
}
