//! Lists as they stand on the wire.

use alloc::vec::Vec;

use serde::Deserialize;

use super::decode;
use super::value::{Object, Text};
use crate::error::{Code, Result};
use crate::http::Answer;

/// A list response.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListResponse<'a, T> {
    // Left out by some where there is nothing to list.
    #[serde(rename = "Resources")]
    resources: Option<Vec<Object<T>>>,
    #[serde(borrow)]
    total_results: Option<Text<'a>>,
}

/// What a list response says.
pub(super) struct List<T> {
    /// The records of this page.
    pub items: Vec<T>,
    /// How many there are in all.
    pub total: Option<u32>,
}

/// Reads a list. An object with neither records nor their number is no list.
pub(super) fn decode_list<'a, T: Deserialize<'a>, U>(
    answer: &'a Answer,
    convert: fn(T) -> U,
) -> Result<List<U>> {
    let list: ListResponse<'a, T> = decode(answer)?;
    if list.resources.is_none() && list.total_results.is_none() {
        return Err(answer.error(
            Code::AnswerUnusable,
            "The server's answer is no listing of SCIM. Check that the base URL leads to Retool and nothing in \
             between changes its answers.",
        ));
    }
    let total = list.total_results.as_ref().and_then(Text::count);
    let records = list.resources.into_iter().flatten();
    Ok(List { items: records.map(|Object(record)| convert(record)).collect(), total })
}
