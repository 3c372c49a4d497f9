//! Whole listings, paged or not.

use core::cell::Cell;

use alloc::rc::Rc;

use super::*;
use crate::domain::User;
use crate::error::{Code, Result};
use crate::http::Request;
use crate::retool::ReadDirectory;

/// Returns the value of a query parameter.
fn parameter(request: &Request, name: &str) -> usize {
    let query = request.path_and_query.split_once('?').expect("a query").1;
    let pair = query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")));
    pair.and_then(|value| value.parse().ok()).expect("a number")
}

fn people(range: core::ops::Range<usize>) -> Vec<String> {
    range.map(|n| person(&format!("u{n}"), &format!("p{n}@example.com"))).collect()
}

/// Lists all users of a server that returns `server(start, count)`, where start counts from 0.
/// Also returns the number of requests.
fn read(
    page_size: u32,
    server: impl Fn(usize, usize) -> String + 'static,
) -> (Result<Vec<User>>, usize) {
    let fake = FakePlatform::new(move |request| {
        let start = parameter(request, "startIndex") - 1;
        reply(200, server(start, parameter(request, "count")))
    });
    let settings = Settings { page_size, ..Settings::default() };
    let scim = Scim::new(client(&fake, settings), Some(Base::Scim));
    let users = fake.run(scim.list_users());
    (users, fake.sent().len())
}

fn page_of(total: usize, start: usize, count: usize) -> String {
    list(total, &people(start.min(total)..(start + count).min(total)))
}

fn is_incomplete(users: &Result<Vec<User>>) -> bool {
    users.as_ref().is_err_and(|error| error.code == Code::ListingIncomplete)
}

#[test]
fn pages_are_requested_by_start_index() {
    let (users, requests) = read(10, |start, count| page_of(25, start, count));
    let users = users.unwrap();
    assert_eq!((users.len(), requests), (25, 3));
    assert_eq!(users[24].id, user_id("u24"));
}

#[test]
fn pages_smaller_than_requested_are_read_to_the_end() {
    let (users, requests) = read(500, |start, count| page_of(25, start, count.min(7)));
    assert_eq!((users.unwrap().len(), requests), (25, 4));
}

#[test]
fn a_server_that_returns_everything_at_once_gets_one_request() {
    // 25 may be a page of the server's own size.
    for (count, expected) in [(0, 1), (3, 1), (11, 1), (25, 3)] {
        let (users, requests) = read(10, move |_, _| list(count, &people(0..count)));
        assert_eq!((users.unwrap().len(), requests), (count, expected), "{count}");
    }
    // As many as requested may be only a part. The same page again shows that it is everything.
    let (users, requests) = read(10, move |_, _| list(10, &people(0..10)));
    assert_eq!((users.unwrap().len(), requests), (10, 3));
}

#[test]
fn without_a_total_more_items_than_requested_are_the_whole_listing() {
    let everything = |count: usize| format!(r#"{{"Resources":[{}]}}"#, people(0..count).join(","));
    let (users, requests) = read(10, move |_, _| everything(11));
    assert_eq!((users.unwrap().len(), requests), (11, 1));
    // Fewer items than requested are the whole listing if the same page is repeated.
    let (users, requests) = read(10, move |_, _| everything(9));
    assert_eq!((users.unwrap().len(), requests), (9, 2));
    // As many items as requested may be only a part, so the listing is incomplete.
    let (users, requests) = read(10, move |_, _| everything(10));
    assert!(is_incomplete(&users));
    assert_eq!(requests, 2);
}

#[test]
fn without_a_total_pages_are_read_to_the_end() {
    let (users, requests) = read(10, |start, count| {
        format!(r#"{{"Resources":[{}]}}"#, people(start.min(25)..(start + count).min(25)).join(","))
    });
    assert_eq!((users.unwrap().len(), requests), (25, 8));
}

#[test]
fn a_repeated_first_page_does_not_loop() {
    let (users, requests) = read(10, |_, count| list(25, &people(0..count)));
    assert!(is_incomplete(&users));
    assert_eq!(requests, 9, "three pages, three times");
}

#[test]
fn a_listing_whose_total_changes_is_read_again() {
    let moves = Rc::new(Cell::new(1));
    let left = Rc::clone(&moves);
    let (users, requests) = read(10, move |start, count| {
        let total = if start > 0 && left.replace(0) > 0 { 26 } else { 25 };
        list(total, &people(start..(start + count).min(25)))
    });
    assert_eq!((users.unwrap().len(), requests), (25, 6));
    let (users, _) = read(10, |start, count| page_of(25 + start, start, count));
    assert!(is_incomplete(&users));
}

#[test]
fn a_listing_with_a_duplicate_user_is_incomplete() {
    let (users, requests) = read(10, |_, _| list(2, &[people(0..1), people(0..1)].concat()));
    assert!(is_incomplete(&users));
    assert_eq!(requests, 3);
}

#[test]
fn a_listing_with_fewer_users_than_the_total_is_incomplete() {
    for total in [3, 250_001, usize::MAX] {
        let (users, _) = read(10, move |start, _| list(total, &people(start.min(2)..2)));
        assert!(is_incomplete(&users), "{total}");
    }
    let (users, _) = read(10, |_, _| r#"{"totalResults":2}"#.to_string());
    assert!(is_incomplete(&users));
}

#[test]
fn resources_may_be_missing_if_there_are_no_users() {
    for body in [
        r#"{"totalResults":0}"#,
        r#"{"totalResults":"0","Resources":null}"#,
        r#"{"schemas":[],"totalResults":0,"startIndex":1,"itemsPerPage":20,"Resources":[]}"#,
        r#"{"Resources":[]}"#,
    ] {
        let (users, requests) = read(10, move |_, _| body.to_string());
        assert_eq!((users.expect(body).len(), requests), (0, 1));
    }
    // A body without both is not a listing, whatever the status is.
    for body in [r#"{"schemas":[],"status":"404","detail":"x"}"#, "{}", "[]", r#"{"users":[]}"#] {
        let (users, _) = read(10, move |_, _| body.to_string());
        assert_eq!(users.unwrap_err().code, Code::AnswerUnusable, "{body}");
    }
}

/// Without `active` it is unknown whether a user may log in.
#[test]
fn users_with_short_records_are_read_individually() {
    let short = |n: usize| format!(r#"{{"id":"u{n}","userName":"p{n}@example.com"}}"#);
    let fake = FakePlatform::new(move |request| match &*request.path_and_query {
        "/scim/v2/Users/u0" => {
            reply(200, r#"{"id":"u0","userName":"p0@example.com","active":"False"}"#)
        }
        "/scim/v2/Users/u1" => refusal(404),
        "/scim/v2/Users/u2" => reply(200, people(2..3)[0].as_str()),
        _ => reply(200, list(4, &[short(0), short(1), short(2), people(3..4)[0].clone()])),
    });
    let users = fake.run(scim(&fake).list_users()).unwrap();
    assert_eq!(emails(&users), ["p0@example.com", "p2@example.com", "p3@example.com"]);
    assert!(users[0].disabled);
}

#[test]
fn a_server_that_never_returns_active_is_asked_for_one_user_only() {
    let short = |n: usize| format!(r#"{{"id":"u{n}","userName":"p{n}@example.com"}}"#);
    let fake = FakePlatform::new(move |request| match request.path_and_query.rsplit_once("/u") {
        Some((_, id)) => reply(200, short(id.parse().unwrap())),
        None => reply(200, list(9, &(0..9).map(short).collect::<Vec<_>>())),
    });
    let users = fake.run(scim(&fake).list_users()).unwrap();
    assert_eq!((users.len(), fake.sent().len()), (9, 2));
    assert!(users.iter().all(|user| !user.disabled));
}
