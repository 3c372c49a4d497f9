//! The cursors of `page-users` and `page-groups` over SCIM. They are opaque to callers, and not
//! encoded.

use alloc::string::String;
use alloc::vec::Vec;

use super::list::List;
use crate::error::Result;
use crate::retool::{Page, cursor};

/// The position at which a listing continues.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cursor {
    kind: &'static str,
    /// The number of records before this position.
    offset: u32,
    /// The page size of the whole listing.
    size: u32,
}

impl Cursor {
    /// Reads a cursor. Without one, starts with a page size.
    pub(super) fn resume(kind: &'static str, cursor: Option<&str>, size: u32) -> Result<Self> {
        let Some(cursor) = cursor else {
            return Ok(Cursor { kind, offset: 0, size });
        };
        match cursor::read(cursor, kind)? {
            (0, _) => Err(cursor::invalid()),
            (offset, size) => Ok(Cursor { kind, offset, size }),
        }
    }

    fn text(self) -> String {
        cursor::write(self.kind, self.offset as usize, self.size)
    }

    /// Returns the start index, counted from 1, and the number of records to ask for.
    pub(super) fn place(self) -> (u32, u32) {
        (self.offset.saturating_add(1), self.size)
    }

    /// Returns the page in a response. If the response is the whole listing, returns this page of
    /// it.
    pub(super) fn page<T>(self, list: List<Vec<T>>) -> Page<T> {
        let List { page: mut items, total } = list;
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
