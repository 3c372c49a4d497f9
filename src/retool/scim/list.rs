//! The wire format of lists.

use alloc::vec::Vec;

use serde::Deserialize;

use super::value::count;
use crate::de::{Id, Objects};
use crate::error::{Code, Result};
use crate::http::Answer;

/// A list response.
#[derive(Deserialize)]
struct ListResponse<'a, R> {
    // Some servers leave this out if the list is empty.
    #[serde(rename = "Resources")]
    resources: Option<Objects<R>>,
    #[serde(borrow, rename = "totalResults")]
    total_results: Option<Id<'a>>,
}

/// The content of a list response.
pub(super) struct List<P> {
    /// The kept part of this page.
    pub page: P,
    /// The total number of records.
    pub total: Option<u32>,
}

/// Decodes a list. `take` converts its records to the part that is kept. An object with neither
/// records nor their number is not a list.
pub(super) fn decode_list<'a, R: Deserialize<'a>, P>(
    answer: &'a Answer,
    take: impl FnOnce(Vec<R>) -> P,
) -> Result<List<P>> {
    let ListResponse { resources, total_results } = answer.decode()?;
    if resources.is_none() && total_results.is_none() {
        return Err(answer.error(
            Code::AnswerUnusable,
            "The server's answer is no listing of SCIM. Check that the base URL leads to Retool and nothing in \
             between changes its answers.",
        ));
    }
    let total = total_results.and_then(|total| count(&total));
    let records = resources.map(|Objects(records)| records).unwrap_or_default();
    Ok(List { page: take(records), total })
}
