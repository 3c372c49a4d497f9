//! `directory`.

use alloc::string::String;
use alloc::vec::Vec;

use super::{GroupRecord, UserRecord, group_known_as, user_known_as};
use crate::abi::{Layout, Lower, Place, Shape, cases, record};
use crate::domain::{Email, Group, GroupId, GroupLink, User, UserId};
use crate::error::{Code, Error, Result};
use crate::feed::{Change, ChangeKind, ChangeSet};
use crate::graph::Joined;
use crate::http::BaseUrl;
use crate::input;
use crate::retool::Page;

record! {
    /// `page-request`.
    in pub struct PageRequest {
        cursor: Option<String>,
        page_size: Option<u32>,
        with_members: bool,
        with_other_ids: bool,
    }
}

/// A checked request for a page.
pub struct PageAsk {
    /// The previous page's `next`.
    pub cursor: Option<String>,
    /// How many at most.
    pub size: Option<u32>,
    /// Whether to read the members of groups.
    pub with_members: bool,
    /// Whether to ask the other kind of API for its ids.
    pub with_other_ids: bool,
}

/// A checked request for a page.
pub fn page(page: PageRequest) -> Result<PageAsk> {
    let size = input::page_size(&"page.page-size", page.page_size)?;
    if page.cursor.is_some() && size.is_some() {
        return Err(Error::new(
            Code::InvalidValue,
            "A cursor knows its page size. Give one or the other.",
        )
        .in_field("page.page-size"));
    }
    Ok(PageAsk {
        cursor: page.cursor,
        size,
        with_members: page.with_members,
        with_other_ids: page.with_other_ids,
    })
}

/// A list of records of which the other kind of API may know ids of its own.
struct Known<'a, T, Id> {
    items: &'a [T],
    other_ids: &'a [Vec<Id>],
}

impl<T, Id> Known<'_, T, Id> {
    /// Writes each with its ids; with none where the other API was not asked.
    fn each(&self, layout: Layout, to: Place<'_>, write: impl Fn(&T, &[Id], Place<'_>)) {
        let mut ids = self.other_ids.iter();
        to.list(layout, self.items, |item, to| {
            write(item, ids.next().map_or(&[][..], Vec::as_slice), to);
        });
    }
}

impl Shape for Known<'_, User, UserId> {
    const LAYOUT: Layout = Layout::POINTED;

    #[cfg(test)]
    fn describe(out: &mut String) {
        <[User]>::describe(out);
    }
}

impl Lower for Known<'_, User, UserId> {
    fn lower(&self, to: Place<'_>) {
        self.each(UserRecord::LAYOUT, to, |user, ids, to| user_known_as(user, ids).lower(to));
    }
}

impl Shape for Known<'_, Group, GroupId> {
    const LAYOUT: Layout = Layout::POINTED;

    #[cfg(test)]
    fn describe(out: &mut String) {
        <[Group]>::describe(out);
    }
}

impl Lower for Known<'_, Group, GroupId> {
    fn lower(&self, to: Place<'_>) {
        self.each(GroupRecord::LAYOUT, to, |group, ids, to| group_known_as(group, ids).lower(to));
    }
}

/// A page of people or groups, with what the other kind of API knows of them.
pub struct KnownPage<T, Id> {
    /// The page.
    pub page: Page<T>,
    /// Their other ids, if they were asked for.
    pub joined: Joined<Id>,
}

impl<T, Id> KnownPage<T, Id> {
    fn known(&self) -> Known<'_, T, Id> {
        Known { items: &self.page.items, other_ids: &self.joined.ids }
    }
}

record! {
    out struct UserPage<'a> {
        users: Known<'a, User, UserId>,
        next: &'a Option<String>,
        total: Option<u32>,
        mismatches: &'a [String],
    }
}

fn user_page(known: &KnownPage<User, UserId>) -> UserPage<'_> {
    UserPage {
        users: known.known(),
        next: &known.page.next,
        total: known.page.total,
        mismatches: &known.joined.mismatches,
    }
}

super::lowered!(KnownPage<User, UserId> as UserPage<'_>, user_page);

record! {
    out struct GroupPage<'a> {
        groups: Known<'a, Group, GroupId>,
        next: &'a Option<String>,
        total: Option<u32>,
        mismatches: &'a [String],
    }
}

fn group_page(known: &KnownPage<Group, GroupId>) -> GroupPage<'_> {
    GroupPage {
        groups: known.known(),
        next: &known.page.next,
        total: known.page.total,
        mismatches: &known.joined.mismatches,
    }
}

super::lowered!(KnownPage<Group, GroupId> as GroupPage<'_>, group_page);

/// What tells the organisation at a base URL from others, however the URL is spelled.
pub fn organisation(base_url: &str) -> Result<String> {
    let base = BaseUrl::parse(base_url)?;
    Ok(base.origin() + base.prefix())
}

cases!(ChangeKind { Created, Updated, Disabled, Enabled, Deleted, Joined, Left });

record!(out Change {
    kind: ChangeKind,
    user: UserId,
    email: Option<Email>,
    fields: Vec<&'static str>,
    group: Option<GroupLink>,
});

record!(out ChangeSet { changes: Vec<Change>, cursor: String, });
