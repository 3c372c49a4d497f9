//! `directory`.

use alloc::string::String;
use alloc::vec::Vec;

use super::{group, list, user};
use crate::bindings::exports::user_lifecycle::retool::directory as wit;
use crate::domain::{Group, User};
use crate::error::{Code, Error, Result};
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
    if page.with_other_ids {
        return Err(Error::new(
            Code::OperationUnsupported,
            "This version speaks /api/v1 alone, so it knows no other ids. Ask without them.",
        )
        .in_field("page.with-other-ids"));
    }
    Ok(PageAsk { cursor: page.cursor, size, with_members: page.with_members })
}

/// A person, if any.
pub fn found(found: Option<User>) -> Option<wit::User> {
    found.map(user)
}

/// A page of people.
pub fn users(page: Page<User>) -> wit::UserPage {
    wit::UserPage {
        users: list(page.items, user),
        next: page.next,
        total: page.total,
        mismatches: Vec::new(),
    }
}

/// A page of groups.
pub fn groups(page: Page<Group>) -> wit::GroupPage {
    wit::GroupPage {
        groups: list(page.items, group),
        next: page.next,
        total: page.total,
        mismatches: Vec::new(),
    }
}
