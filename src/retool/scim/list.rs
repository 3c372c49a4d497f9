//! Lists as they stand on the wire.

use alloc::vec::Vec;

use super::value::count;
use crate::error::{Code, Result};
use crate::http::Answer;
use crate::json::{List as Records, Record, Slot, Text};

/// A list response.
struct ListResponse<'a, R> {
    // Left out by some where there is nothing to list.
    resources: Records<R>,
    total_results: Text<'a>,
}

impl<R> Default for ListResponse<'_, R> {
    fn default() -> Self {
        ListResponse { resources: Records::default(), total_results: Text::default() }
    }
}

impl<'a, R: Record<'a> + Default> Record<'a> for ListResponse<'a, R> {
    fn field(&mut self, name: &str) -> Slot<'_, 'a> {
        match name {
            "Resources" => self.resources.slot(),
            "totalResults" => Slot::Id(&mut self.total_results),
            _ => Slot::Skip,
        }
    }
}

/// What a list response says.
pub(super) struct List<P> {
    /// What is kept of this page.
    pub page: P,
    /// How many there are in all.
    pub total: Option<u32>,
}

/// Reads a list, of whose records `take` makes what is kept. An object with neither records nor their number is no list.
pub(super) fn decode_list<'a, R: Record<'a> + Default, P>(
    answer: &'a Answer,
    take: impl FnOnce(Vec<R>) -> P,
) -> Result<List<P>> {
    let list: ListResponse<'a, R> = answer.decode()?;
    if !list.resources.is_value() && !list.total_results.is_value() {
        return Err(answer.error(
            Code::AnswerUnusable,
            "The server's answer is no listing of SCIM. Check that the base URL leads to Retool and nothing in \
             between changes its answers.",
        ));
    }
    let total = count(&list.total_results);
    Ok(List { page: take(list.resources.items()), total })
}
