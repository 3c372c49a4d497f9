//! Whole listings. Servers page by place, or, as Retool, ignore what is asked for and give
//! everything at once; both come to the same here.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cell::RefCell;

use super::Scim;
use super::base::Route;
use super::group::GroupRecord;
use super::list::{List, decode_list};
use super::user::{Listed, UserRecord, decode_user};
use crate::domain::{Group, User, UserId};
use crate::error::{Code, Error, Result};
use crate::http::{Local, Missing};
use crate::retool::listing::{Ask, Sheet, Source};

/// The page that a listing without a total began with.
#[derive(Default)]
struct Opening {
    /// The key of its first item, if the page was as long as asked for: if it comes again, it
    /// can't be told whether it was all there is.
    full: RefCell<Option<String>>,
}

impl Scim {
    /// People from a place on, which counts from 1.
    pub(super) async fn users_from(&self, start: u32, count: u32) -> Result<List<Listed>> {
        let (start, count) = (start.to_string(), count.to_string());
        let query = [("startIndex", start.as_str()), ("count", count.as_str())];
        let answer = self.get_list(Route::Users, &query).await?;
        decode_list(&answer, UserRecord::into_listed)
    }

    /// Groups from a place on, which counts from 1.
    pub(super) async fn groups_from(&self, start: u32, count: u32) -> Result<List<Group>> {
        let (start, count) = (start.to_string(), count.to_string());
        let query = [("startIndex", start.as_str()), ("count", count.as_str())];
        let answer = self.get_list(Route::Groups, &query).await?;
        decode_list(&answer, GroupRecord::into_group)
    }

    /// Everybody, as the listing shows them and as `tidy` leaves them.
    pub(super) async fn listing(&self, tidy: fn(&mut User)) -> Result<Vec<Listed>> {
        let key = |listed: &Listed| listed.user.id.value.clone();
        let opening = Opening::default();
        let fetch = |ask| -> Local<'_, Result<Sheet<Listed>>> {
            let opening = &opening;
            Box::pin(async move {
                let (start, count) = self.place(ask);
                let mut list = self.users_from(start, count).await?;
                list.items.iter_mut().for_each(|listed| tidy(&mut listed.user));
                opening.sheet(ask, count, list, key)
            })
        };
        let source = Source {
            what: "users",
            fetch: &fetch,
            key: |listed: &Listed| &listed.user.id.value,
            size: Some(self.client.settings().page_size),
            default_size: WHOLE_ONCE,
            expected: None,
        };
        source.read(self.client.window(), &*self.client.platform().log).await
    }

    /// Every group.
    pub(super) async fn every_group(&self) -> Result<Vec<Group>> {
        let key = |group: &Group| group.id.value.clone();
        let opening = Opening::default();
        let fetch = |ask| -> Local<'_, Result<Sheet<Group>>> {
            let opening = &opening;
            Box::pin(async move {
                let (start, count) = self.place(ask);
                opening.sheet(ask, count, self.groups_from(start, count).await?, key)
            })
        };
        let source = Source {
            what: "groups",
            fetch: &fetch,
            key: |group: &Group| &group.id.value,
            size: Some(self.client.settings().page_size),
            default_size: WHOLE_ONCE,
            expected: None,
        };
        source.read(self.client.window(), &*self.client.platform().log).await
    }

    /// Reads those on their own whom a list does not show whole, and leaves out who went
    /// meanwhile.
    pub(super) async fn whole(&self, listed: Vec<Listed>) -> Result<Vec<User>> {
        let short = listed.iter().filter(|listed| listed.short);
        let ids: Vec<UserId> = short.map(|listed| listed.user.id.clone()).collect();
        let mut read = Vec::new();
        if let Some(first) = ids.first() {
            let first = self.listed(first).await?;
            // A server whose records never say it is not asked for each.
            let says_it = first.as_ref().is_none_or(|first| !first.short);
            read.push(first);
            if says_it {
                let rest = |at: usize| -> Local<'_, Result<Option<Listed>>> {
                    Box::pin(self.listed(&ids[at + 1]))
                };
                read.extend(self.client.window().run(ids.len() - 1, rest).await?);
            }
        }
        let mut read = read.into_iter();
        let users = listed.into_iter().filter_map(|listed| {
            match if listed.short { read.next() } else { None } {
                Some(read) => read.map(|read| read.user),
                None => Some(listed.user),
            }
        });
        Ok(users.collect())
    }

    async fn listed(&self, id: &UserId) -> Result<Option<Listed>> {
        let answer = self.get_one(Route::User, &id.value, Missing::User).await?;
        answer.map(|answer| decode_user(&answer, id)).transpose()
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
    fn sheet<T>(
        &self,
        ask: Ask,
        count: u32,
        list: List<T>,
        key: fn(&T) -> String,
    ) -> Result<Sheet<T>> {
        let List { items, mut total } = list;
        let given = items.len() as u32;
        let first = items.first().map(key);
        if total.is_none() && ask.page == 1 {
            // More than asked for: the server does not page.
            total = (given > count).then_some(given);
            *self.full.borrow_mut() = first.filter(|_| given == count);
        } else if first.is_some() && *self.full.borrow() == first {
            return Err(Error::new(
                Code::ListingIncomplete,
                "A listing gives the same page again and again, without saying how long it is. Nothing was \
                 planned on it. Allow larger pages (RETOOL_PAGE_SIZE).",
            ));
        }
        Ok(Sheet { items, total })
    }
}
