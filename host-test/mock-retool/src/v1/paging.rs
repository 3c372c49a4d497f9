//! Pages: `page` counts from 1, and `pageSize` is 100 by default.

use std::ops::Range;

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;

use super::Refusal;
use crate::faults::Quirks;

const DEFAULT_SIZE: usize = 100;

/// The query of a listing.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Listing {
    page: Option<usize>,
    size: Option<usize>,
    /// The address to filter by.
    pub(super) email: Option<String>,
}

/// The part of a list that the response contains.
#[derive(Debug, PartialEq)]
pub(super) struct Window {
    /// The indexes of the items, from 0.
    pub(super) items: Range<usize>,
    /// The total that the response reports.
    pub(super) total: usize,
}

impl<S: Send + Sync> FromRequestParts<S> for Listing {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let Query(pairs) = Query::<Vec<(String, String)>>::from_request_parts(parts, state)
            .await
            .map_err(|_| Refusal::bad_request("The query could not be read"))?;
        let mut listing = Listing::default();
        for (name, value) in pairs {
            match name.as_str() {
                "page" => listing.page = Some(positive("page", &value)?),
                "pageSize" => listing.size = Some(positive("pageSize", &value)?),
                "email" => listing.email = Some(value),
                _ => {}
            }
        }
        Ok(listing)
    }
}

fn positive(name: &str, value: &str) -> Result<usize, Refusal> {
    match value.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(Refusal::bad_request(format!("{name} must be a whole number from 1"))),
    }
}

impl Listing {
    /// Whether a page was requested.
    pub(super) fn is_paged(&self) -> bool {
        self.page.is_some() || self.size.is_some()
    }

    /// Fails if the server refuses the page size, or demands one.
    pub(super) fn check(&self, max_size: usize, quirks: &Quirks) -> Result<(), Refusal> {
        let options = &quirks.listing;
        if options.demands_size && self.size.is_none() && self.email.is_none() {
            return Err(Refusal::bad_request("pageSize is required"));
        }
        match options.large_pages.refusal(self.size, max_size) {
            Some((status, message)) => Err(Refusal::page_size(status, message)),
            None => Ok(()),
        }
    }

    /// Returns the requested page of a list of `length` items.
    pub(super) fn window(&self, length: usize, max_size: usize, quirks: &Quirks) -> Window {
        let size = self.size.unwrap_or(DEFAULT_SIZE).min(max_size).max(1);
        let page = match self.page {
            Some(page) if !quirks.repeat_page => page,
            _ => 1,
        };
        let start = (page - 1).saturating_mul(size);
        let end = start.saturating_add(size);
        if quirks.endless_pages {
            return Window {
                items: start..end,
                total: end.saturating_add(size).max(length).saturating_add(quirks.total_drift),
            };
        }
        Window {
            items: start.min(length)..end.min(length),
            total: length.saturating_add(quirks.total_drift),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Listing, Window};
    use crate::faults::Quirks;

    fn listing(page: usize, size: usize) -> Listing {
        Listing { page: Some(page), size: Some(size), email: None }
    }

    #[test]
    fn pages_partition_the_list() {
        let seen: Vec<usize> = (1..=4)
            .flat_map(|page| listing(page, 5).window(12, 1000, &Quirks::default()).items)
            .collect();
        assert_eq!(seen, (0..12).collect::<Vec<_>>());
    }

    #[test]
    fn a_page_beyond_the_end_is_empty() {
        let window = listing(usize::MAX, 1000).window(12, 1000, &Quirks::default());
        assert_eq!(window, Window { items: 12..12, total: 12 });
    }
}
