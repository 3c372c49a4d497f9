//! Pages: up to `limit` items after the item that `next_token` identifies. Without a `limit`, a
//! listing contains everything.

use std::ops::Range;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::Refusal;
use super::payload::Pairs;
use crate::faults::Quirks;
use crate::state::User;

/// The largest `limit`.
const MAX_LIMIT: usize = 100;

/// The first `legacy_id` of the made-up users in an endless list. Real accounts have far smaller
/// ones.
const FIRST_FILLER_ID: u64 = 1 << 40;

/// The query of a list of users.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Listing {
    limit: Option<usize>,
    /// The `legacy_id` of the account that the page begins after.
    after: Option<u64>,
    /// The address to filter by.
    pub(super) email: Option<String>,
    /// The given name to filter by.
    pub(super) first_name: Option<String>,
    /// The family name to filter by.
    pub(super) last_name: Option<String>,
}

/// The part of a list that the response contains.
#[derive(Debug, PartialEq)]
pub(super) struct Window {
    /// The indexes of the items, from 0. Items beyond the end of the list are [`filler_user`]s.
    pub(super) items: Range<usize>,
    /// Whether there are more.
    pub(super) has_more: bool,
}

impl<S: Send + Sync> FromRequestParts<S> for Listing {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        Listing::read(Pairs::from_request_parts(parts, state).await?)
    }
}

impl Listing {
    fn read(Pairs(pairs): Pairs) -> Result<Self, Refusal> {
        let mut listing = Listing::default();
        for (name, value) in pairs {
            match name.as_str() {
                "limit" => listing.limit = Some(limit(&value)?),
                "next_token" => {
                    let after = number_in(&value)
                        .ok_or_else(|| Refusal::bad_request("next_token is not valid"))?;
                    listing.after = Some(after);
                }
                "email" => listing.email = Some(value),
                "first_name" => listing.first_name = Some(value),
                "last_name" => listing.last_name = Some(value),
                _ => {}
            }
        }
        if listing.after.is_some() && listing.limit.is_none() {
            return Err(Refusal::bad_request("next_token is only valid with limit"));
        }
        Ok(listing)
    }

    /// Fails if the server refuses the page size, or demands one.
    pub(super) fn check(&self, max_size: usize, quirks: &Quirks) -> Result<(), Refusal> {
        let options = &quirks.listing;
        if options.demands_size && self.limit.is_none() && self.email.is_none() {
            return Err(Refusal::bad_request("limit is required"));
        }
        match options.large_pages.refusal(self.limit, max_size) {
            Some((status, message)) => Err(Refusal::page_size(status, message)),
            None => Ok(()),
        }
    }

    /// Returns the requested page of a list.
    pub(super) fn window(&self, list: &[&User], max_size: usize, quirks: &Quirks) -> Window {
        let Some(limit) = self.limit else {
            return Window { items: 0..list.len(), has_more: false };
        };
        let start = match self.after {
            Some(after) if !quirks.repeat_page => start_after(list, after),
            _ => 0,
        };
        let end = start.saturating_add(limit.min(max_size).max(1));
        if quirks.endless_pages {
            return Window { items: start..end, has_more: true };
        }
        Window { items: start.min(list.len())..end.min(list.len()), has_more: end < list.len() }
    }
}

fn limit(value: &str) -> Result<usize, Refusal> {
    match value.parse() {
        Ok(limit) if (1..=MAX_LIMIT).contains(&limit) => Ok(limit),
        _ => {
            Err(Refusal::bad_request(format!("limit must be a whole number from 1 to {MAX_LIMIT}")))
        }
    }
}

/// Returns the index after the account with this `legacy_id`, which may be deleted.
fn start_after(list: &[&User], after: u64) -> usize {
    if let Some(at) = list.iter().position(|user| user.legacy_id == after) {
        return at + 1;
    }
    if let Some(filler) = after.checked_sub(FIRST_FILLER_ID) {
        return usize::try_from(filler).unwrap_or(usize::MAX).saturating_add(1);
    }
    list.iter().position(|user| user.legacy_id > after).unwrap_or(list.len())
}

/// Makes up a user for an endless list. No other request finds this user.
pub(super) fn filler_user(index: usize) -> User {
    User {
        id: format!("00000000-0000-4000-8000-{index:012x}"),
        legacy_id: FIRST_FILLER_ID + index as u64,
        ..User::new(format!("stranger{index}@example.com"))
    }
}

/// Returns the token for the page after the account with this `legacy_id`.
///
/// It contains `+`, `/` and `=`, as Base64 can. A client that does not encode it for a query is
/// refused.
pub(super) fn token_after(number: u64) -> String {
    format!("{number:x}+{:x}/==", check(number))
}

fn number_in(token: &str) -> Option<u64> {
    let number = u64::from_str_radix(token.split('+').next()?, 16).ok()?;
    (token_after(number) == token).then_some(number)
}

/// Returns a check value, so that clients can't make up tokens.
fn check(number: u64) -> u64 {
    number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[cfg(test)]
mod tests {
    use super::{FIRST_FILLER_ID, Listing, Window, filler_user, number_in, token_after};
    use crate::faults::Quirks;
    use crate::state::User;

    fn users(numbers: &[u64]) -> Vec<User> {
        let users = numbers.iter();
        users.map(|number| User { legacy_id: *number, ..User::new("a@example.com") }).collect()
    }

    fn window(list: &[User], limit: usize, after: Option<u64>, quirks: &Quirks) -> Window {
        let list: Vec<&User> = list.iter().collect();
        Listing { limit: Some(limit), after, ..Listing::default() }.window(&list, 1000, quirks)
    }

    #[test]
    fn a_page_begins_after_the_last_account_even_if_that_is_deleted() {
        let quirks = Quirks::default();
        let list = users(&[11, 21, 12, 30]);
        for (after, items, has_more) in [
            (None, 0..2, true),
            (Some(21), 2..4, false),
            (Some(29), 3..4, false),
            (Some(30), 4..4, false),
        ] {
            let expected = Window { items, has_more };
            assert_eq!(window(&list, 2, after, &quirks), expected, "{after:?}");
        }
        assert_eq!(window(&list, 4, None, &quirks), Window { items: 0..4, has_more: false });
    }

    #[test]
    fn endless_pages_continue_after_a_made_up_user() {
        let quirks = Quirks { endless_pages: true, ..Quirks::default() };
        let list = users(&[11, 21, 12]);
        let first = window(&list, 2, None, &quirks);
        assert_eq!(first, Window { items: 0..2, has_more: true });
        let second = window(&list, 2, Some(21), &quirks);
        assert_eq!(second, Window { items: 2..4, has_more: true });
        let third = window(&list, 2, Some(filler_user(3).legacy_id), &quirks);
        assert_eq!(third, Window { items: 4..6, has_more: true });
    }

    #[test]
    fn only_an_unchanged_token_is_accepted() {
        for number in [0, 16_777_217, FIRST_FILLER_ID, u64::MAX] {
            assert_eq!(number_in(&token_after(number)), Some(number));
        }
        let token = token_after(7);
        for other in
            ["", "7", "7+", &token.replace('+', " "), &token.replace('7', "8"), &token[1..]]
        {
            assert_eq!(number_in(other), None, "{other}");
        }
    }
}
