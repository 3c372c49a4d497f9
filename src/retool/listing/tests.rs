use alloc::boxed::Box;
use alloc::format;
use alloc::string::ToString;
use core::cell::RefCell;
use core::future::poll_fn;
use core::task::Poll;

use super::*;
use crate::testing::platform::{FakePlatform, Reply};

type Answered = FetchedPage<Vec<String>>;

/// Users, paged by number, 100 per page.
const PEOPLE: (Option<u32>, Option<u32>) = (Some(100), None);

/// Groups, which servers may or may not page, 100 per page.
const GROUPS: (Option<u32>, Option<u32>) = (None, Some(100));

/// Reads a listing from a server. Also returns the numbers of the requested pages.
fn read(
    (size, default_size): (Option<u32>, Option<u32>),
    server: impl Fn(Ask) -> Answered,
) -> (Result<Vec<String>>, Vec<u32>) {
    let fake = FakePlatform::new(|_| Reply::json(500, ""));
    let asked = RefCell::new(Vec::new());
    let fetch = |ask: Ask| -> Local<'_, Result<Answered>> {
        asked.borrow_mut().push(ask.page);
        let fetched = server(ask);
        Box::pin(async move { Ok(fetched) })
    };
    let sizes = size.map(PageSize::new);
    let source = Source {
        what: "things",
        fetch: &fetch,
        size: sizes.as_ref(),
        default_size,
        expected: None,
    };
    let pages = fake.run(source.read(&Window::new(4), &*fake.platform().log));
    let items = pages.map(|pages| pages.concat());
    (items, asked.into_inner())
}

fn things(range: core::ops::Range<u32>) -> Vec<String> {
    range.map(|at| format!("thing {at}")).collect()
}

fn whole(items: Vec<String>) -> PageItems<Vec<String>> {
    PageItems::whole(items, |item| item.as_str())
}

/// Returns a page of a server that states no total.
fn fetched(range: core::ops::Range<u32>) -> Answered {
    FetchedPage { content: whole(things(range)), total: None }
}

fn incomplete(result: &Result<Vec<String>>) -> bool {
    result.as_ref().is_err_and(|error| error.code == Code::ListingIncomplete)
}

#[test]
fn a_paged_listing_without_a_total_is_read_to_the_end() {
    let (items, asked) = read(GROUPS, |ask| match ask.page {
        1 => fetched(0..100),
        2 => fetched(100..120),
        _ => fetched(0..0),
    });
    assert_eq!(items.unwrap(), things(0..120));
    assert_eq!(
        asked,
        [1, 2, 3, 1, 2, 3],
        "nothing but a second reading shows that none is missing"
    );
}

/// While the second page is read, an item of the first one is removed, so the rest moves up.
#[test]
fn without_a_total_an_item_that_was_skipped_is_found_by_reading_again() {
    for total in [None, Some(100)] {
        let readings = core::cell::Cell::new(0);
        let (items, _) = read(GROUPS, |ask| {
            readings.set(readings.get() + u32::from(ask.page == 1));
            let start = (ask.page - 1) * 100;
            let moved = u32::from(readings.get() > 1 || ask.page > 1);
            let range = (start + moved).min(250)..(start + 100 + moved).min(250);
            FetchedPage { content: whole(things(range)), total }
        });
        assert_eq!(items.unwrap(), things(1..250), "{total:?}");
        assert_eq!(readings.get(), 3);
    }
}

#[test]
fn a_listing_without_a_total_that_always_changes_is_given_up() {
    let readings = core::cell::Cell::new(0);
    let (items, _) = read(GROUPS, |ask| {
        readings.set(readings.get() + u32::from(ask.page == 1));
        let start = readings.get() + (ask.page - 1) * 100;
        fetched(start.min(250)..(start + 100).min(250))
    });
    assert!(incomplete(&items));
    assert_eq!(readings.get(), READINGS);
}

#[test]
fn an_unpaged_listing_of_any_length_is_complete() {
    for (count, requests) in [(0, 1), (7, 1), (99, 1), (100, 2), (101, 1), (200, 2)] {
        let (items, asked) = read(GROUPS, |_| fetched(0..count));
        assert_eq!(items.unwrap(), things(0..count), "{count}");
        assert_eq!(asked.len(), requests, "{count}");
    }
}

#[test]
fn a_short_page_in_the_middle_is_not_the_end() {
    let (items, _) = read(PEOPLE, |ask| match ask.page {
        1 => fetched(0..100),
        2 => fetched(100..130),
        3 => fetched(130..230),
        _ => fetched(0..0),
    });
    assert_eq!(items.unwrap(), things(0..230));
    let (items, _) = read(PEOPLE, |ask| match ask.page {
        1 => fetched(0..30),
        2 => fetched(30..60),
        _ => fetched(0..0),
    });
    assert_eq!(items.unwrap(), things(0..60));
}

#[test]
fn a_repeated_page_is_an_error() {
    let (items, asked) = read(PEOPLE, |_| fetched(0..100));
    assert!(incomplete(&items));
    assert_eq!(asked, [1, 2]);
    for kind in [PEOPLE, GROUPS] {
        let (items, asked) = read(kind, |ask| match ask.page {
            1 => fetched(0..100),
            _ => fetched(100..200),
        });
        assert!(incomplete(&items));
        assert_eq!(asked, [1, 2, 3]);
    }
}

#[test]
fn a_listing_that_never_ends_is_given_up() {
    let (items, _) = read(PEOPLE, |ask| fetched(ask.page * 10_000..(ask.page + 1) * 10_000));
    assert!(incomplete(&items));
}

/// The listing is given up before anything is requested or allocated because of the total.
#[test]
fn a_total_that_is_too_large_is_an_error_at_once() {
    for (total, count) in [(2_000_000, 100), (250_001, 100), (u32::MAX, 100), (u32::MAX, 0)] {
        let (items, asked) =
            read(PEOPLE, |_| FetchedPage { content: whole(things(0..count)), total: Some(total) });
        assert!(incomplete(&items), "{total}");
        assert_eq!(asked, [1], "{total}");
    }
    let (items, asked) =
        read(PEOPLE, |_| FetchedPage { content: whole(things(0..1)), total: Some(200_000) });
    assert!(incomplete(&items), "one item a page");
    assert_eq!(asked, [1]);
}

#[test]
fn a_listing_whose_total_changes_is_read_again() {
    let tries = RefCell::new(0);
    let (items, _) = read(PEOPLE, |ask| {
        *tries.borrow_mut() += u32::from(ask.page == 1);
        let moved = ask.page == 2 && *tries.borrow() == 1;
        let start = (ask.page - 1) * 100;
        FetchedPage {
            content: whole(things(start..(start + 100).min(150))),
            total: Some(150 + u32::from(moved)),
        }
    });
    assert_eq!(items.unwrap(), things(0..150));
    assert_eq!(tries.into_inner(), 2);
}

#[test]
fn a_listing_with_a_duplicate_item_is_incomplete() {
    let (items, asked) = read(PEOPLE, |_| FetchedPage {
        content: whole(Vec::from(["a", "b", "a"].map(|item| item.to_string()))),
        total: Some(3),
    });
    assert!(incomplete(&items));
    assert_eq!(asked, [1, 1, 1]);
}

#[test]
fn a_page_longer_than_the_first_is_an_error() {
    let (items, asked) = read(PEOPLE, |ask| match ask.page {
        1 => FetchedPage { content: whole(things(0..2)), total: Some(4) },
        _ => FetchedPage { content: whole(things(2..9)), total: Some(4) },
    });
    assert!(incomplete(&items));
    assert_eq!(asked, [1, 2]);
}

#[test]
fn an_inconsistency_is_reported_with_its_numbers() {
    let message_for =
        |server: fn(Ask) -> Answered| read(PEOPLE, server).0.unwrap_err().message.clone();
    let short = message_for(|_| FetchedPage { content: whole(things(0..1)), total: Some(3) });
    assert!(short.contains("gives one twice"), "{short}");
    let short = message_for(|ask| match ask.page {
        1 => FetchedPage { content: whole(things(0..2)), total: Some(4) },
        _ => FetchedPage { content: whole(things(2..3)), total: Some(4) },
    });
    assert!(short.contains("says 4 and gives 3"), "{short}");
    let moved = message_for(|ask| match ask.page {
        1 => FetchedPage { content: whole(things(0..2)), total: Some(4) },
        _ => FetchedPage { content: whole(things(2..4)), total: Some(5) },
    });
    assert!(moved.contains("says first 4 and then 5"), "{moved}");
}

/// Reads a listing of which `expected` items are expected, 100 per page. The server answers only
/// after it received requests for `together` pages. Also returns the numbers of the requested
/// pages.
fn read_expecting(
    expected: u32,
    together: usize,
    server: impl Fn(Ask) -> Result<Answered>,
) -> (Result<Vec<String>>, Vec<u32>) {
    let fake = FakePlatform::new(|_| Reply::json(500, ""));
    let asked = RefCell::new(Vec::new());
    let asked = &asked;
    let fetch = |ask: Ask| -> Local<'_, Result<Answered>> {
        asked.borrow_mut().push(ask.page);
        let fetched = server(ask);
        Box::pin(async move {
            poll_fn(
                |_| if asked.borrow().len() < together { Poll::Pending } else { Poll::Ready(()) },
            )
            .await;
            fetched
        })
    };
    let source = Source {
        what: "things",
        fetch: &fetch,
        size: Some(&PageSize::new(100)),
        default_size: None,
        expected: Some(expected),
    };
    let pages = fake.run(source.read(&Window::new(4), &*fake.platform().log));
    let items = pages.map(|pages| pages.concat());
    (items, asked.borrow().clone())
}

/// Returns a server with `total` items and at most `size` items per page.
fn paged(total: u32, size: u32) -> impl Fn(Ask) -> Result<Answered> {
    move |ask| {
        let size = ask.size.unwrap_or(100).min(size);
        let start = (ask.page - 1) * size;
        let items = things(start.min(total)..(start + size).min(total));
        Ok(FetchedPage { content: whole(items), total: Some(total) })
    }
}

#[test]
fn expected_pages_are_requested_at_once() {
    let (items, asked) = read_expecting(350, 4, paged(350, 100));
    assert_eq!(items.unwrap(), things(0..350));
    assert_eq!(asked, [1, 2, 3, 4]);
    // At most as many as the window is wide.
    let (items, asked) = read_expecting(600, 4, paged(600, 100));
    assert_eq!(items.unwrap(), things(0..600));
    assert_eq!(asked, [1, 2, 3, 4, 5, 6]);
}

#[test]
fn the_expected_number_may_be_outdated() {
    for (expected, total) in [(350, 120), (350, 350), (350, 380), (150, 380), (350, 0)] {
        let (items, _) = read_expecting(expected, 1, paged(total, 100));
        assert_eq!(items.unwrap(), things(0..total), "{expected} expected, {total} there");
    }
    // The server's pages are shorter than requested.
    let (items, asked) = read_expecting(350, 1, paged(350, 90));
    assert_eq!(items.unwrap(), things(0..350));
    assert_eq!(asked, [1, 2, 3, 4, 2, 3, 4]);
    // Some servers refuse a page after the last one.
    let (items, asked) = read_expecting(350, 1, |ask| match ask.page {
        1 | 2 => paged(120, 100)(ask),
        _ => Err(Error::new(Code::ServerRefused, "There is no such page.")),
    });
    assert_eq!(items.unwrap(), things(0..120));
    assert_eq!(asked, [1, 2, 3, 4, 1, 2]);
}

#[test]
fn a_rejected_token_is_not_tried_again() {
    let (items, asked) = read_expecting(350, 1, |_| Err(Error::new(Code::TokenRejected, "No.")));
    assert_eq!(items.unwrap_err().code, Code::TokenRejected);
    assert_eq!(asked, [1, 2, 3, 4]);
}

/// Returns a server whose total is the length of the page.
fn total_of_page(count: u32, size: u32) -> impl Fn(Ask) -> Answered {
    move |ask| {
        let size = ask.size.unwrap_or(size).min(size);
        let start = (ask.page - 1) * size;
        let items = things(start.min(count)..(start + size).min(count));
        FetchedPage { total: Some(items.len() as u32), content: whole(items) }
    }
}

#[test]
fn a_total_that_is_the_length_of_the_page_does_not_end_the_listing() {
    // Full pages, and pages of a maximum that the server has on its own.
    for (count, size) in [(250, 100), (202, 100), (101, 100), (200, 100), (130, 50), (70, 25)] {
        let (items, asked) = read(PEOPLE, total_of_page(count, size));
        assert_eq!(items.unwrap(), things(0..count), "{count} by {size}");
        let pages = count.div_ceil(size);
        let once = (1..=pages + 1).collect::<Vec<_>>();
        assert_eq!(asked, [&once[..], &once[..]].concat(), "the last page is empty");
    }
    // A page that is surely not full is the whole listing.
    let (items, asked) = read(PEOPLE, total_of_page(63, 100));
    assert_eq!((items.unwrap().len(), asked.len()), (63, 1));
}

#[test]
fn a_total_that_is_right_costs_at_most_one_more_request() {
    for (count, requests) in [(100, 2), (50, 2), (99, 1), (7, 1), (0, 1)] {
        let (items, asked) = read(PEOPLE, |ask| paged(count, 100)(ask).unwrap());
        assert_eq!((items.unwrap().len() as u32, asked.len()), (count, requests), "{count}");
    }
    // The server does not page at all.
    let everything = |_: Ask| FetchedPage { content: whole(things(0..100)), total: Some(100) };
    let (items, asked) = read(PEOPLE, everything);
    assert_eq!((items.unwrap().len(), asked.len()), (100, 3));
    // The server refuses a page after the last one.
    let (items, asked) = read_expecting(100, 1, |ask| match ask.page {
        1 => paged(100, 100)(ask),
        _ => Err(Error::new(Code::ServerRefused, "There is no such page.")),
    });
    assert_eq!((items.unwrap().len(), asked.len()), (100, 2));
    // Groups and members are not asked for in pages, but a server may page them on its own.
    for (count, requests) in [(10, 2), (100, 2), (50, 2), (64, 2), (63, 1), (7, 1)] {
        let (items, asked) = read(GROUPS, |ask| paged(count, 100)(ask).unwrap());
        assert_eq!((items.unwrap().len() as u32, asked.len()), (count, requests), "{count}");
    }
}

#[test]
fn the_next_page_may_fail_and_then_the_listing_fails() {
    let (items, _) = read_expecting(100, 1, |ask| match ask.page {
        1 => paged(100, 100)(ask),
        _ => Err(Error::new(Code::ServerError, "It failed.")),
    });
    assert_eq!(items.unwrap_err().code, Code::ServerError);
}

#[test]
fn smaller_pages_are_asked_for_if_the_size_is_refused() {
    let (items, asked) = read_expecting(1, 1, |ask| {
        if ask.size > Some(30) {
            let mut error = Error::new(Code::ServerRefused, "No. The server says: at most 30");
            error.http_status = Some(400);
            return Err(error);
        }
        paged(75, 30)(ask)
    });
    assert_eq!(items.unwrap(), things(0..75));
    assert_eq!(asked, [1, 1, 2, 3]);
}
