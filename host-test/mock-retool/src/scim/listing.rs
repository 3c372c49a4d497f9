//! Listings: RFC 7644, section 3.4.2.

use std::ops::Range;

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::access::Caller;
use super::attr::Fields;
use super::error::{Kind, ScimError};
use super::filter::{Filter, Matching, Scope, read};
use super::payload::parameters;
use super::schema::ResourceType;
use super::select::Selection;
use crate::state::same_email;

const SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

/// The query of a listing.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Listing {
    /// The position of the first item, from 1.
    start: Option<usize>,
    count: Option<usize>,
    filter: Option<String>,
    selection: Selection,
}

impl<S: Send + Sync> FromRequestParts<S> for Listing {
    type Rejection = ScimError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ScimError> {
        let mut listing = Listing::default();
        for (name, value) in parameters(parts, state).await? {
            match name.to_ascii_lowercase().as_str() {
                "startindex" => listing.start = Some(number(&name, &value)?),
                "count" => listing.count = Some(number(&name, &value)?),
                "filter" => listing.filter = Some(value),
                _ => {
                    listing.selection.read(&name, &value);
                }
            }
        }
        Ok(listing)
    }
}

/// Reads a whole number. A negative number counts as 0.
fn number(name: &str, text: &str) -> Result<usize, ScimError> {
    match text.parse::<i64>() {
        Ok(number) => Ok(usize::try_from(number).unwrap_or(0)),
        Err(_) => Err(ScimError::bad(Kind::InvalidValue, format!("{name} must be a whole number"))),
    }
}

/// The part of a list that the response contains.
#[derive(Debug, PartialEq)]
struct Window {
    /// The indexes of the items, from 0.
    items: Range<usize>,
    /// The total that the response reports.
    total: usize,
}

/// The items of a listing.
pub(super) struct Items<'a, T> {
    /// The kind of resource.
    pub(super) kind: &'static ResourceType,
    /// All items, in order.
    pub(super) all: &'a [T],
    /// The attribute that most filters use, and a function that returns its value.
    pub(super) key: (&'static str, fn(&T) -> &str),
    /// Builds the resource of an item.
    pub(super) record: &'a dyn Fn(&T) -> Fields,
    /// Makes up items for a listing that does not end.
    pub(super) filler: Option<fn(usize) -> T>,
}

impl Listing {
    /// Reads the body of a search, which has the same parameters as the query of a listing.
    pub(super) fn of_search(body: Fields) -> Result<Self, ScimError> {
        let mut listing = Listing::default();
        for (name, value) in body {
            match (name.to_ascii_lowercase().as_str(), value) {
                (_, Value::Null) => {}
                ("startindex", value) => listing.start = Some(number(&name, &value.to_string())?),
                ("count", value) => listing.count = Some(number(&name, &value.to_string())?),
                ("filter", Value::String(filter)) => listing.filter = Some(filter),
                ("filter", _) => {
                    return Err(ScimError::bad(Kind::InvalidValue, "filter must be a string"));
                }
                (_, Value::Array(names)) => {
                    for attribute in names.iter().filter_map(Value::as_str) {
                        listing.selection.read(&name, attribute);
                    }
                }
                _ => {}
            }
        }
        Ok(listing)
    }

    /// Responds with a list.
    pub(super) fn answer<T>(
        &self,
        caller: &Caller,
        items: &Items<'_, T>,
    ) -> Result<Response, ScimError> {
        self.check(caller)?;
        if let Some(filter) = self.filter(caller)? {
            let found = find(&filter, matching(caller), items);
            return Ok(self.answer_from(caller, found));
        }
        let is_endless = caller.faults().endless_pages && !caller.quirks().ignore_paging;
        let filler = items.filler.filter(|_| is_endless);
        let Window { items: page, total } = self.window(items.all.len(), caller, filler.is_some());
        let all = items.all.iter().take(page.end).skip(page.start);
        let mut records: Vec<Fields> = all.map(items.record).collect();
        if let Some(filler) = filler {
            let invented = page.start.max(items.all.len())..page.end;
            records.extend(invented.map(|index| (items.record)(&filler(index))));
        }
        Ok(self.reply(caller, records, total))
    }

    /// Responds with the resources, of any kind, that match the filter.
    pub(super) fn answer_mixed(
        &self,
        caller: &Caller,
        mut records: Vec<(&'static ResourceType, Fields)>,
    ) -> Result<Response, ScimError> {
        if let Some(filter) = self.filter(caller)? {
            let matching = matching(caller);
            records.retain(|(kind, record)| matching.holds(&filter, record, Scope::Resource(kind)));
        }
        let found = records.into_iter().map(|(_, record)| record).collect();
        Ok(self.answer_from(caller, found))
    }

    /// Responds with a page of the found resources. This list is never endless.
    fn answer_from(&self, caller: &Caller, mut found: Vec<Fields>) -> Response {
        let Window { items: page, total } = self.window(found.len(), caller, false);
        found.truncate(page.end);
        found.drain(..page.start);
        self.reply(caller, found, total)
    }

    /// Whether the listing has a filter.
    pub(super) fn is_search(&self) -> bool {
        self.filter.is_some()
    }

    /// Fails if the server refuses the page size, or demands one.
    fn check(&self, caller: &Caller) -> Result<(), ScimError> {
        let options = &caller.faults().listing;
        if options.demands_size && self.count.is_none() && self.filter.is_none() {
            return Err(ScimError::page_size(400, "count is required"));
        }
        match options.large_pages.refusal(self.count, caller.max_page_size()) {
            Some((status, message)) => Err(ScimError::page_size(status, message)),
            None => Ok(()),
        }
    }

    fn reply(&self, caller: &Caller, records: Vec<Fields>, total: usize) -> Response {
        let total = if caller.faults().listing.page_totals { records.len() } else { total };
        let resources: Vec<Value> = records
            .into_iter()
            .map(|record| Value::Object(self.selection.of(caller.render(record, true))))
            .collect();
        let leave_out_empty = caller.quirks().leave_out_empty_resources;
        document(resources, total, self.first(caller), leave_out_empty)
    }

    fn filter(&self, caller: &Caller) -> Result<Option<Filter>, ScimError> {
        let filter = self.filter.as_deref().filter(|_| !caller.faults().ignore_filter);
        filter
            .map(read)
            .transpose()
            .map_err(|why| ScimError::bad(Kind::InvalidFilter, format!("The filter: {why}")))
    }

    /// Returns the position of the first item in the response, from 1.
    fn first(&self, caller: &Caller) -> usize {
        match self.start {
            Some(start) if !caller.quirks().ignore_paging && !caller.faults().repeat_page => {
                start.max(1)
            }
            _ => 1,
        }
    }

    fn window(&self, length: usize, caller: &Caller, is_endless: bool) -> Window {
        let drift = caller.faults().total_drift;
        if caller.quirks().ignore_paging {
            return Window { items: 0..length, total: length.saturating_add(drift) };
        }
        let max = caller.max_page_size();
        let size = self.count.unwrap_or(max).min(max);
        let start = self.first(caller) - 1;
        let end = start.saturating_add(size);
        if is_endless {
            let total = end.saturating_add(size).max(length).saturating_add(drift);
            return Window { items: start..end, total };
        }
        Window { items: start.min(length)..end.min(length), total: length.saturating_add(drift) }
    }
}

fn matching(caller: &Caller) -> Matching {
    Matching { exact: caller.faults().exact_filter }
}

/// Finds the resources that match a filter.
fn find<T>(filter: &Filter, matching: Matching, items: &Items<'_, T>) -> Vec<Fields> {
    let (attribute, key) = items.key;
    // Comparing the key is faster than building a resource that does not match.
    let demanded = filter.demands(attribute);
    let candidates =
        items.all.iter().filter(|item| demanded.is_none_or(|text| same_email(key(item), text)));
    candidates
        .map(items.record)
        .filter(|record| matching.holds(filter, record, Scope::Resource(items.kind)))
        .collect()
}

/// Builds the response of a listing. Without items it has an empty array, or no array at all.
pub(super) fn document(
    resources: Vec<Value>,
    total: usize,
    start: usize,
    leave_out_empty: bool,
) -> Response {
    let mut list = json!({
        "schemas": [SCHEMA],
        "totalResults": total,
        "startIndex": start,
        "itemsPerPage": resources.len(),
    });
    if !(resources.is_empty() && leave_out_empty) {
        list["Resources"] = Value::Array(resources);
    }
    Json(list).into_response()
}
