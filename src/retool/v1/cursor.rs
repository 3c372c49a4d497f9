//! The cursors of `page-users` and `page-groups` on `/api/v1`. They are opaque to callers, and not
//! encoded.

use alloc::string::String;

use crate::error::Result;
use crate::retool::cursor::{invalid, read, write};
use crate::retool::listing::is_common_maximum;

/// The position at which a listing of users continues.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UserCursor {
    /// The page, from 1.
    pub page: u32,
    /// The page size of the whole listing.
    pub size: u32,
    /// Whether the total that the server states is that of the listing. Some servers state the
    /// length of the page.
    pub trusts_total: bool,
}

const USERS: &str = "v1-users";
/// The kind of the cursors of listings whose total is the length of the page.
const USERS_BY_PAGE: &str = "v1-users-by-page";

impl UserCursor {
    /// Reads a cursor, or starts with a page size.
    pub fn resume(cursor: Option<&str>, size: u32) -> Result<Self> {
        let Some(cursor) = cursor else {
            return Ok(UserCursor { page: 1, size, trusts_total: true });
        };
        let trusts_total = !cursor.starts_with(USERS_BY_PAGE);
        let (page, size) = read(cursor, if trusts_total { USERS } else { USERS_BY_PAGE })?;
        if page < 2 {
            return Err(invalid());
        }
        Ok(UserCursor { page, size, trusts_total })
    }

    /// Returns whether the total on the first page may be the length of the page, although there
    /// are more pages.
    pub fn may_be_cut(self, items: usize, total: Option<u32>) -> bool {
        let length = items as u32;
        self.page == 1
            && length > 0
            && total == Some(length)
            && (length >= self.size || is_common_maximum(length))
    }

    /// The cursor of the next page, if there is one.
    pub fn after(self, items: usize, total: Option<u32>) -> Option<String> {
        // A server may return fewer users than requested. Then its pages are as long as this one.
        let size = if self.page == 1 { (items as u32).min(self.size) } else { self.size };
        let more = match total.filter(|_| self.trusts_total) {
            Some(total) => items > 0 && u64::from(self.page) * u64::from(size) < u64::from(total),
            None => items > 0 && items as u32 >= size,
        };
        let kind = if self.trusts_total { USERS } else { USERS_BY_PAGE };
        more.then(|| write(kind, self.page as usize + 1, size))
    }
}

/// The position at which a listing of groups continues.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GroupCursor {
    /// The number of groups before this position.
    pub offset: usize,
    /// The page size of the whole listing.
    pub size: u32,
}

impl GroupCursor {
    /// Reads a cursor, or starts with a page size.
    pub fn resume(cursor: Option<&str>, size: u32) -> Result<Self> {
        let Some(cursor) = cursor else {
            return Ok(GroupCursor { offset: 0, size });
        };
        let (offset, size) = read(cursor, "v1-groups")?;
        Ok(GroupCursor { offset: offset as usize, size })
    }

    /// The cursor of the next page, if there is one.
    pub fn after(self, total: usize) -> Option<String> {
        let offset = self.offset.saturating_add(self.size as usize);
        (offset < total).then(|| write("v1-groups", offset, self.size))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    #[test]
    fn users_continue_until_the_total_is_reached() {
        let first = UserCursor::resume(None, 50).expect("a start");
        let next = first.after(50, Some(120)).expect("a second page");
        let second = UserCursor::resume(Some(&next), 7).expect("a cursor");
        assert_eq!(second, UserCursor { page: 2, size: 50, trusts_total: true });
        let third =
            UserCursor::resume(second.after(50, Some(120)).as_deref(), 7).expect("a cursor");
        assert_eq!(third.after(20, Some(120)), None);
    }

    #[test]
    fn a_total_of_the_page_does_not_end_the_listing() {
        let first = UserCursor::resume(None, 50).expect("a start");
        let suspect = [(50, 50, true), (20, 20, true), (33, 33, false), (50, 120, false)];
        for (items, total, may_be_cut) in suspect {
            assert_eq!(first.may_be_cut(items, Some(total)), may_be_cut, "{items} of {total}");
        }
        assert!(!first.may_be_cut(0, Some(0)) && !first.may_be_cut(50, None));
        let by_page = UserCursor { trusts_total: false, ..first };
        let next = by_page.after(50, Some(50)).expect("a second page");
        let second = UserCursor::resume(Some(&next), 7).expect("a cursor");
        assert_eq!(second, UserCursor { page: 2, size: 50, trusts_total: false });
        assert!(second.after(50, Some(50)).is_some());
        assert_eq!(second.after(33, Some(33)), None);
    }

    #[test]
    fn a_server_with_smaller_pages_sets_the_size() {
        let first = UserCursor::resume(None, 500).expect("a start");
        assert_eq!(first.after(100, Some(250)).as_deref(), Some("v1-users.2.100"));
    }

    #[test]
    fn damaged_cursors_are_refused() {
        for bad in [
            "",
            "v1-users",
            "v1-users.2",
            "v1-users.1.50",
            "v1-users.2.0",
            "v1-groups.2.50",
            "v1-users.2.50.1",
            "v1-users.-2.50",
            "v1-users.+2.50",
            "v1-users.02.50",
            "v1-users.99999999999.50",
            "v1-users.2.5000",
        ] {
            let error = UserCursor::resume(Some(bad), 50).expect_err(bad);
            assert_eq!(error.code, Code::CursorInvalid, "{bad}");
        }
    }
}
