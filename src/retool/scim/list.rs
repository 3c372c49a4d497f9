//! The wire format of lists.

use alloc::vec::Vec;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::group::GroupRecord;
use super::user::UserRecord;
use super::value::count;
use crate::de::{Id, Objects};
use crate::error::{Code, Result};
use crate::http::Answer;
use crate::retool::page_buffer::PageItems;
use crate::retool::unreadable::{salvage, unreadable_records};
use crate::retool::user_filter::{People, UserFilter, filter_page, filter_salvaged};

/// A list response. `L` is the list of records: decoded, or raw.
#[derive(Deserialize)]
struct ListResponse<'a, L> {
    // Some servers leave this out if the list is empty.
    #[serde(rename = "Resources")]
    resources: Option<L>,
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
fn decode_list<'a, R: Deserialize<'a>, P>(
    answer: &'a Answer,
    take: impl FnOnce(Vec<R>) -> P,
) -> Result<List<P>> {
    let response: ListResponse<'_, Objects<R>> = answer.decode()?;
    opened(answer, response, |records| Some(take(records.0)))
}

/// Decodes a list of users. A record that can't be decoded does not decide about the others.
pub(super) fn decode_users(
    answer: &Answer,
    filter: &dyn UserFilter,
) -> Result<List<PageItems<People>>> {
    let error = match answer.decode::<ListResponse<'_, Objects<UserRecord<'_>>>>() {
        Ok(response) => {
            return opened(answer, response, |records| Some(filter_page(records.0, filter)));
        }
        Err(error) => error,
    };
    match answer.decode::<ListResponse<'_, Vec<&RawValue>>>() {
        Ok(response) => {
            let take = |raw| Some(filter_salvaged(salvage::<UserRecord<'_>>(raw)?, filter));
            opened(answer, response, take).map_err(|_| error)
        }
        Err(_) => Err(error),
    }
}

/// Decodes a list of groups. `take` converts them to the part that is kept. The error names the
/// groups that can't be decoded.
pub(super) fn decode_groups<'a, P>(
    answer: &'a Answer,
    take: impl FnOnce(Vec<GroupRecord<'a>>) -> P,
) -> Result<List<P>> {
    decode_list(answer, take).map_err(|error| {
        let raw = answer.decode::<ListResponse<'_, Vec<&RawValue>>>().ok();
        let raw = raw.and_then(|response| response.resources);
        raw.and_then(|raw| unreadable_records::<GroupRecord<'_>>(raw, "groups", |_| true))
            .unwrap_or(error)
    })
}

fn opened<L, P>(
    answer: &Answer,
    response: ListResponse<'_, L>,
    take: impl FnOnce(L) -> Option<P>,
) -> Result<List<P>>
where
    L: Default,
{
    let ListResponse { resources, total_results } = response;
    let is_list = resources.is_some() || total_results.is_some();
    let total = total_results.and_then(|total| count(&total));
    let page = take(resources.unwrap_or_default()).filter(|_| is_list);
    page.map(|page| List { page, total }).ok_or_else(|| {
        answer.error(
            Code::AnswerUnusable,
            "The server's answer is no listing of SCIM. Check that the base URL leads to Retool and nothing in \
             between changes its answers.",
        )
    })
}
