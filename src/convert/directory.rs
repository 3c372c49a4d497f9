//! `directory`.

use alloc::string::{String, ToString};

use super::{group, group_id, group_link, list, user, user_id};
use crate::bindings::exports::user_lifecycle::retool::directory as wit;
use crate::domain::{Group, GroupId, User, UserId};
use crate::error::{Code, Error, Result};
use crate::feed::{Change, ChangeKind, ChangeSet};
use crate::graph::Joined;
use crate::http::BaseUrl;
use crate::input;
use crate::retool::Page;

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
pub fn page(page: wit::PageRequest) -> Result<PageAsk> {
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

/// A person, if any.
pub fn found(found: Option<User>) -> Option<wit::User> {
    found.map(user)
}

/// A page of people, with what the other kind of API knows of them.
pub fn users(page: Page<User>, joined: Option<Joined<UserId>>) -> wit::UserPage {
    let mut users = list(page.items, user);
    let Joined { ids, mismatches } = joined.unwrap_or_default();
    for (user, ids) in users.iter_mut().zip(ids) {
        user.other_ids = list(ids, user_id);
    }
    wit::UserPage { users, next: page.next, total: page.total, mismatches }
}

/// A page of groups, with what the other kind of API knows of them.
pub fn groups(page: Page<Group>, joined: Option<Joined<GroupId>>) -> wit::GroupPage {
    let mut groups = list(page.items, group);
    let Joined { ids, mismatches } = joined.unwrap_or_default();
    for (group, ids) in groups.iter_mut().zip(ids) {
        group.other_ids = list(ids, group_id);
    }
    wit::GroupPage { groups, next: page.next, total: page.total, mismatches }
}

/// What tells the organisation at a base URL from others, however the URL is spelled.
pub fn organisation(base_url: &str) -> Result<String> {
    let base = BaseUrl::parse(base_url)?;
    Ok(base.origin() + base.prefix())
}

/// What changed.
pub fn changes(told: ChangeSet) -> wit::ChangeSet {
    wit::ChangeSet { changes: list(told.changes, change), cursor: told.cursor }
}

fn change(change: Change) -> wit::Change {
    wit::Change {
        kind: match change.kind {
            ChangeKind::Created => wit::ChangeKind::Created,
            ChangeKind::Updated => wit::ChangeKind::Updated,
            ChangeKind::Disabled => wit::ChangeKind::Disabled,
            ChangeKind::Enabled => wit::ChangeKind::Enabled,
            ChangeKind::Deleted => wit::ChangeKind::Deleted,
            ChangeKind::Joined => wit::ChangeKind::Joined,
            ChangeKind::Left => wit::ChangeKind::Left,
        },
        user: user_id(change.user),
        email: change.email.map(|email| email.as_str().to_string()),
        fields: list(change.fields, String::from),
        group: change.group.map(group_link),
    }
}
