//! What a server does against the beliefs about listings: totals of pages, refused page sizes, users
//! that a listing lacks, and records that can't be used.

use mock_retool::{Dialect, LargePages, ListingOptions, Organisation};

use crate::chance::Chance;
use crate::change::key;
use crate::server_behavior::ServerBehavior;

/// Draws how a server's listings deviate. May take an address from a user of the organisation.
pub fn draw(seed: u64, server: &ServerBehavior, organisation: &mut Organisation) -> ListingOptions {
    let chance = &mut Chance::new(seed, 31);
    let mut listing = ListingOptions {
        // A total of the page can only be noticed if the page is known to be full, or has a length
        // that is a common maximum.
        page_totals: chance.percent(30) && matches!(server.max_page_size, 20 | 100 | 1000),
        demands_size: chance.percent(15),
        ..ListingOptions::default()
    };
    if chance.percent(25) {
        let status = *chance.pick(&[400, 422]);
        listing.large_pages = LargePages::Refused { status, names_maximum: chance.percent(50) };
    }
    let user_type = match server.dialect {
        Dialect::V1 => "userType",
        Dialect::V2 | Dialect::Scim => "user_type",
    };
    match chance.below(12) {
        0 => listing.omit_in_lists.push(user_type.to_owned()),
        // A PUT would reset a type that no record shows.
        1 if server.dialect == Dialect::V2 => listing.omit.push(user_type.to_owned()),
        _ => {}
    }
    // Where every user is disabled, a server that shows no disabled users has none.
    let Some(drawn) = chance.any(&organisation.users).map(|user| user.email.clone()) else {
        return listing;
    };
    let is_twin =
        organisation.users.iter().filter(|user| key(&user.email) == key(&drawn)).count() > 1;
    let has_login = organisation
        .users
        .iter()
        .any(|user| user.email == drawn && user.scim.contains_key("userName"));
    match chance.below(10) {
        0 | 1 if !is_twin => {
            for user in organisation.users.iter_mut().filter(|user| user.email == drawn) {
                user.email.clear();
                user.scim.remove("userName");
                user.scim.remove("emails");
            }
        }
        2 if !is_twin => listing.odd_records.push(drawn),
        // Without its filter, and without unique addresses, such a server is beyond help. SCIM
        // searches for the login.
        3 | 4
            if !server.ignores_filter
                && !server.accepts_duplicate_emails
                && !is_twin
                && !has_login =>
        {
            listing.hidden.push(drawn);
        }
        _ => {}
    }
    listing
}
