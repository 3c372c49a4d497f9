//! Inconsistent whole listings.

use core::cell::Cell;

use super::*;
use crate::domain::UserRef;

/// Creates a server whose whole listing is too large for one response. `answer` returns its pages.
/// It gets the number of the request, from 0, and the token.
fn by_page(answer: impl Fn(usize, Option<&str>) -> Reply + 'static) -> FakePlatform {
    let asked = Cell::new(0);
    FakePlatform::new(move |request| {
        let path = request.path_and_query.as_str();
        if path.ends_with("/user_invites") {
            return no_route();
        }
        let Some((_, query)) = path.split_once("/users?limit=100") else {
            return Reply::fails(TransportError::TooLarge);
        };
        asked.set(asked.get() + 1);
        answer(asked.get() - 1, query.strip_prefix("&next_token="))
    })
}

fn people(range: core::ops::Range<usize>) -> Vec<String> {
    range.map(|at| person(&format!("p{at}"))).collect()
}

fn listed(fake: &FakePlatform) -> Result<usize> {
    let users = fake.run(directory(fake).list_users())?;
    Ok(users.len())
}

#[track_caller]
fn assert_incomplete(fake: &FakePlatform, requests: usize, why: &str) {
    let error = failure(listed(fake));
    assert_eq!(error.code, Code::ListingIncomplete);
    assert!(error.message.contains(why), "{}", error.message);
    assert_eq!(fake.lines().len() - 2, requests, "without the invitations and the first request");
}

#[test]
fn a_listing_that_is_too_large_is_read_by_page() {
    let fake = by_page(|_, token| match token {
        None => page(&people(0..100), 230, Some("t1")),
        Some("t1") => page(&people(100..200), 230, Some("t2")),
        Some(_) => page(&people(200..230), 230, None),
    });
    let directory = directory(&fake);
    assert_eq!(fake.run(directory.list_users()).expect("users").len(), 230);
    let pages = [
        "GET /users?limit=100",
        "GET /users?limit=100&next_token=t1",
        "GET /users?limit=100&next_token=t2",
    ];
    let mut expected = Vec::from(["GET /user_invites", "GET /users"]);
    expected.extend(pages);
    assert_eq!(lines(&fake), expected);
    // From then on the listing is always read by page.
    assert_eq!(fake.run(directory.list_users()).expect("users").len(), 230);
    assert_eq!(lines(&fake)[5..], [&["GET /user_invites"][..], &pages].concat());
}

#[test]
fn a_server_that_pages_without_a_limit_is_read_by_page() {
    let fake = FakePlatform::replying([
        no_route(),
        page(&people(0..2), 3, Some("t1")),
        page(&people(0..2), 3, Some("t1")),
        page(&people(2..3), 3, None),
    ]);
    assert_eq!(listed(&fake), Ok(3));
    assert_eq!(lines(&fake)[2..], ["GET /users?limit=100", "GET /users?limit=100&next_token=t1"]);
}

#[test]
fn a_page_size_above_the_servers_maximum_is_reduced() {
    for (page_size, asked) in [(7, 7), (500, 100)] {
        let fake = FakePlatform::replying([
            no_route(),
            Reply::fails(TransportError::TooLarge),
            all(&people(0..3)),
        ]);
        let directory = directory_with(&fake, Settings { page_size, ..Settings::default() });
        assert_eq!(fake.run(directory.list_users()).expect("users").len(), 3);
        assert_eq!(lines(&fake)[2], format!("GET /users?limit={asked}"));
    }
}

/// A server may state the number of items on the page as the total.
#[test]
fn a_total_of_the_page_is_accepted_like_one_of_the_listing() {
    for totals in [[100, 100, 30], [100, 100, 100]] {
        let fake = by_page(move |at, _| {
            let (range, next) = match at {
                0 => (0..100, Some("t1")),
                1 => (100..200, Some("t2")),
                _ => (200..200 + totals[2], None),
            };
            page(&people(range), totals[at], next)
        });
        assert_eq!(listed(&fake), Ok(200 + totals[2]));
    }
}

#[test]
fn a_missing_total_is_not_an_error() {
    let fake = by_page(|at, _| {
        let (range, rest) = match at {
            0 => (0..100, r#""next_token":"t1","has_more":true"#),
            _ => (100..120, r#""next_token":null"#),
        };
        let items = people(range).join(",");
        Reply::json(200, format!(r#"{{"success":true,"data":[{items}],{rest}}}"#))
    });
    assert_eq!(listed(&fake), Ok(120));
}

#[test]
fn a_page_with_more_and_no_token_is_an_error() {
    let fake = by_page(|_, _| {
        let items = people(0..100).join(",");
        Reply::json(
            200,
            format!(
                r#"{{"success":true,"data":[{items}],"total_count":230,"next_token":null,"has_more":true}}"#
            ),
        )
    });
    assert_incomplete(&fake, 3, "not how to ask for it");
}

#[test]
fn an_empty_page_with_a_token_is_an_error() {
    let fake = by_page(|at, _| match at % 2 {
        0 => page(&people(0..100), 230, Some("t1")),
        _ => page(&[], 230, Some("t2")),
    });
    assert_incomplete(&fake, 6, "not how to ask for it");
}

#[test]
fn a_repeated_token_is_an_error() {
    let fake = by_page(|at, _| match at % 3 {
        0 => page(&people(0..100), 500, Some("t1")),
        1 => page(&people(100..200), 500, Some("t2")),
        _ => page(&people(200..300), 500, Some("t1")),
    });
    assert_incomplete(&fake, 9, "the same page again");
}

#[test]
fn a_repeated_page_is_an_error() {
    let fake = by_page(|at, _| page(&people(0..100), 500, Some(&format!("t{at}"))));
    assert_incomplete(&fake, 6, "the same page again");
}

#[test]
fn a_total_that_grows_with_every_page_is_an_error() {
    let fake = by_page(|at, _| {
        page(&people(at * 100..(at + 1) * 100), (at + 1) * 100 + 1, Some(&format!("t{at}")))
    });
    assert_incomplete(&fake, 6, "says first");
}

#[test]
fn more_users_than_the_total_are_an_error() {
    let fake =
        by_page(|at, _| page(&people(at * 100..(at + 1) * 100), 150, Some(&format!("t{at}"))));
    assert_incomplete(&fake, 6, "says 150 and gives 200");
}

#[test]
fn fewer_users_than_the_total_are_an_error() {
    let fake = by_page(|at, _| match at % 2 {
        0 => page(&people(0..100), 230, Some("t1")),
        _ => page(&people(100..120), 230, None),
    });
    assert_incomplete(&fake, 6, "says 230 and gives 120");
}

#[test]
fn a_listing_that_never_ends_is_given_up() {
    let fake = by_page(|at, _| {
        let mut items = String::new();
        for number in at * 2500..(at + 1) * 2500 {
            let comma = if items.is_empty() { "" } else { "," };
            items.push_str(&format!(
                r#"{comma}{{"id":"u{number}","email":"","is_admin":false,"active":true,"user_type":"default"}}"#
            ));
        }
        Reply::json(200, format!(r#"{{"success":true,"data":[{items}],"next_token":"t{at}"}}"#))
    });
    assert_incomplete(&fake, 101, "does not end");
}

#[test]
fn a_listing_whose_total_changes_is_read_again() {
    let fake = by_page(|at, _| match at {
        0 => page(&people(0..100), 120, Some("t1")),
        1 => page(&people(100..120), 121, None),
        2 => page(&people(0..100), 121, Some("t1")),
        _ => page(&people(100..121), 121, None),
    });
    assert_eq!(listed(&fake), Ok(121));
    let fake = by_page(|at, _| match at % 2 {
        0 => page(&people(0..100), 120, Some("t1")),
        _ => page(&people(100..120), 121, None),
    });
    assert_incomplete(&fake, 6, "says first 120 and then 121");
}

#[test]
fn a_listing_with_a_duplicate_user_is_incomplete() {
    let fake = by_page(|at, _| match at % 2 {
        0 => page(&people(0..100), 120, Some("t1")),
        _ => page(&people(99..119), 120, None),
    });
    assert_incomplete(&fake, 6, "gives one twice");
}

#[test]
fn a_listing_in_one_response_must_be_consistent_too() {
    let lists = [
        (page(&people(0..3), 22, None), "says 22 and gives 3"),
        (page(&people(0..3), 2, None), "says 2 and gives 3"),
        (all(&[person("p1"), person("p1")]), "gives one twice"),
    ];
    for (list, why) in lists {
        let body = list.outcome.expect("an answer").body;
        let body = String::from_utf8(body).expect("text");
        let fake = FakePlatform::new(move |request| {
            let invites = request.path_and_query.ends_with("/user_invites");
            if invites { no_route() } else { Reply::json(200, body.clone()) }
        });
        assert_incomplete(&fake, 2, why);
    }
}

#[test]
fn groups_and_invitations_must_be_consistent_and_are_never_paged() {
    let group = || group_record(4, &[], &[]);
    for reply in [
        || page(&[group_record(4, &[], &[])], 2, None),
        || page(&[group_record(4, &[], &[])], 2, Some("t1")),
        || page(&[group_record(4, &[], &[]), group_record(4, &[], &[])], 2, None),
    ] {
        let fake = FakePlatform::new(move |_| reply());
        assert_eq!(code(fake.run(directory(&fake).list_groups())), Code::ListingIncomplete);
        assert_eq!(lines(&fake), ["GET /groups"; 3]);
    }
    let fake = FakePlatform::replying([page(&[group()], 2, None), all(&[group()])]);
    assert_eq!(fake.run(directory(&fake).list_groups()).map(|groups| groups.len()), Ok(1));
    let fake = FakePlatform::new(|_| page(&[invite(7, "new@acme.example")], 2, None));
    assert_eq!(code(fake.run(directory(&fake).list_users())), Code::ListingIncomplete);
}

#[test]
fn a_page_that_is_too_large_is_an_error() {
    let fake = by_page(|_, _| Reply::fails(TransportError::TooLarge));
    assert_eq!(code(listed(&fake)), Code::BodyTooLarge);
    assert_eq!(fake.lines().len(), 3);
}

/// Returns a page of a server that does not say whether there is more.
fn silent_page(people: &[String]) -> Reply {
    Reply::json(200, format!(r#"{{"success":true,"data":[{}]}}"#, people.join(",")))
}

#[test]
fn a_full_page_that_does_not_say_whether_there_is_more_is_no_whole_listing() {
    for (count, is_whole) in [(0, true), (99, true), (100, false), (101, true)] {
        let fake =
            FakePlatform::new(move |request| match request.path_and_query.ends_with("_invites") {
                true => no_route(),
                false => silent_page(&people(0..count)),
            });
        match listed(&fake) {
            Ok(listed) => assert!(is_whole && listed == count, "{count}"),
            Err(error) => {
                assert!(!is_whole && error.code == Code::ListingIncomplete, "{count}");
                assert!(error.message.contains("does not say"), "{}", error.message);
            }
        }
        let page = fake.run(directory(&fake).page_users(None, Some(100)));
        assert_eq!(page.is_ok(), count < 100, "{count}");
    }
}

/// The one that learns it second must not take the refusal for another reason.
#[test]
fn two_listings_at_once_both_find_out_that_the_server_demands_pages() {
    let fake = FakePlatform::new(|request| {
        let path = &request.path_and_query;
        if path.contains("/user_invites") {
            return all(&[]).after(10);
        }
        match path.contains("limit=") {
            true => all(&[person("ann"), person("bob")]).after(10),
            false => refused(422).after(10),
        }
    });
    let directory = directory(&fake);
    let who =
        ["ann", "bob"].map(|name| UserRef::Email(Email::new(&format!("{name}@acme.example"))));
    let found = fake.run(directory.client.window().run(2, |at| directory.find_users(&who[at])));
    assert_eq!(found.map(|found| found.iter().map(Vec::len).collect()), Ok(Vec::from([1, 1])));
}
