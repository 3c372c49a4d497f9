//! The cursors of `page-users` and `page-groups` over SCIM: opaque to callers, plain inside.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::list::List;
use crate::error::{Code, Error, Result};
use crate::retool::Page;

/// Where a listing goes on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cursor {
    kind: &'static str,
    /// How many records came before.
    offset: u32,
    /// The page size of the whole listing.
    size: u32,
}

impl Cursor {
    /// Reads a cursor, or starts with a page size.
    pub(super) fn resume(kind: &'static str, cursor: Option<&str>, size: u32) -> Result<Self> {
        let Some(cursor) = cursor else {
            return Ok(Cursor { kind, offset: 0, size });
        };
        let mut parts = cursor.split('.');
        let parsed = match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(found), Some(offset), Some(size), None) if found == kind => {
                offset.parse().ok().zip(size.parse().ok())
            }
            _ => None,
        };
        parsed
            .map(|(offset, size)| Cursor { kind, offset, size })
            .filter(|parsed| (1..=1000).contains(&parsed.size) && parsed.offset > 0)
            // Numbers are read in other spellings too, which nobody gave out.
            .filter(|parsed| parsed.text() == cursor)
            .ok_or_else(|| {
                Error::new(
                    Code::CursorInvalid,
                    "The cursor is not one that this function gave out. Start again without one.",
                )
                .in_field("page.cursor")
            })
    }

    fn text(self) -> String {
        format!("{}.{}.{}", self.kind, self.offset, self.size)
    }

    /// The place to ask for, counted from 1, and how many records.
    pub(super) fn place(self) -> (u32, u32) {
        (self.offset.saturating_add(1), self.size)
    }

    /// The page that an answer holds. Of everything at once, its part.
    pub(super) fn page<T>(self, list: List<Vec<T>>) -> Page<T> {
        let List { page: mut items, total } = list;
        let given = items.len() as u32;
        // A server that pages has fewer from here on than there are in all.
        let ignored = given > self.size || (self.offset > 0 && total == Some(given));
        let total = if ignored { total.or(Some(given)) } else { total };
        if ignored {
            let from = self.offset.min(given) as usize;
            items = items.into_iter().skip(from).take(self.size as usize).collect::<Vec<T>>();
        } else if self.offset > 0 && total.is_some_and(|total| total <= self.offset) {
            // The listing shrank, and some begin again instead of giving nothing.
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
