//! The cursors of `page-users` and `page-groups` over SCIM. They are opaque to callers, and not
//! encoded.

use alloc::string::String;
use alloc::vec::Vec;

use super::list::List;
use crate::error::Result;
use crate::retool::listing::is_common_maximum;
use crate::retool::{Page, cursor};

/// What a cursor continues.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    Users,
    Groups,
}

impl Kind {
    /// Returns the kind of the cursors. Those of a listing whose total is the length of the page
    /// have their own.
    fn text(self, trusts_total: bool) -> &'static str {
        match (self, trusts_total) {
            (Kind::Users, true) => "scim-users",
            (Kind::Users, false) => "scim-users-by-page",
            (Kind::Groups, true) => "scim-groups",
            (Kind::Groups, false) => "scim-groups-by-page",
        }
    }
}

/// The position at which a listing continues.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cursor {
    kind: Kind,
    /// The number of records before this position.
    offset: u32,
    /// The page size of the whole listing.
    size: u32,
    /// Whether the total that the server states is that of the listing. Some servers state the
    /// length of the page.
    trusts_total: bool,
}

impl Cursor {
    /// Reads a cursor. Without one, starts with a page size.
    pub(super) fn resume(kind: Kind, cursor: Option<&str>, size: u32) -> Result<Self> {
        let Some(cursor) = cursor else {
            return Ok(Cursor { kind, offset: 0, size, trusts_total: true });
        };
        let trusts_total = !cursor.starts_with(kind.text(false));
        match cursor::read(cursor, kind.text(trusts_total))? {
            (0, _) => Err(cursor::invalid()),
            (offset, size) => Ok(Cursor { kind, offset, size, trusts_total }),
        }
    }

    fn text(self) -> String {
        cursor::write(self.kind.text(self.trusts_total), self.offset as usize, self.size)
    }

    /// Returns whether this is the beginning of the listing.
    pub(super) fn is_first(self) -> bool {
        self.offset == 0
    }

    /// Returns the start index, counted from 1, and the number of records to ask for.
    pub(super) fn place(self) -> (u32, u32) {
        (self.offset.saturating_add(1), self.size)
    }

    /// Returns the cursor with another page size.
    pub(super) fn with_size(self, size: u32) -> Self {
        Cursor { size: size.clamp(1, 1000), ..self }
    }

    /// Returns the cursor of a listing whose total is the length of the page.
    pub(super) fn without_total(self) -> Self {
        Cursor { trusts_total: false, ..self }
    }

    /// Returns whether the total on the first page may be the length of the page, although there
    /// are more pages.
    pub(super) fn may_be_cut<T>(self, list: &List<Vec<T>>) -> bool {
        let length = list.page.len() as u32;
        self.is_first()
            && length > 0
            && length <= self.size
            && list.total == Some(length)
            && (length == self.size || is_common_maximum(length))
    }

    /// Returns the page in a response. If the response is the whole listing, returns this page of
    /// it.
    pub(super) fn page<T>(self, list: List<Vec<T>>) -> Page<T> {
        let List { page: mut items, total } = list;
        let total = total.filter(|_| self.trusts_total);
        let given = items.len() as u32;
        // After the first page, a server that pages returns fewer records than the total.
        let ignored = given > self.size || (self.offset > 0 && total == Some(given));
        let total = if ignored { total.or(Some(given)) } else { total };
        if ignored {
            let from = self.offset.min(given) as usize;
            items = items.into_iter().skip(from).take(self.size as usize).collect::<Vec<T>>();
        } else if self.offset > 0 && total.is_some_and(|total| total <= self.offset) {
            // The listing became shorter. Some servers then return the first page instead of an
            // empty one.
            items.clear();
        }
        let offset = self.offset.saturating_add(items.len() as u32);
        let more = match total {
            Some(total) => offset < total,
            None => items.len() as u32 >= self.size,
        };
        let next = (more && !items.is_empty()).then(|| Cursor { offset, ..self }.text());
        Page { items, next, total }
    }
}
