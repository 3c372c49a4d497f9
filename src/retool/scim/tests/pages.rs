//! Reading one page at a time.

use super::*;
use crate::error::Code;
use crate::http::Request;
use crate::retool::ReadDirectory;

fn people(range: core::ops::Range<usize>) -> Vec<String> {
    range.map(|n| person(&format!("u{n}"), &format!("p{n}@example.com"))).collect()
}

/// Follows the cursors to the end. Returns the ids on each page.
fn follow(size: u32, server: impl FnMut(&Request) -> Reply + 'static) -> Vec<Vec<String>> {
    let fake = FakePlatform::new(server);
    let scim = scim(&fake);
    let (mut pages, mut cursor) = (Vec::new(), None);
    loop {
        let page = fake.run(scim.page_users(cursor.as_deref(), Some(size))).unwrap();
        assert_eq!(page.total, Some(7));
        pages.push(page.items.iter().map(|user| user.id.value.clone()).collect());
        cursor = page.next;
        if cursor.is_none() {
            return pages;
        }
        assert!(pages.len() < 10, "no end");
    }
}

#[test]
fn the_pages_are_the_same_whether_the_server_pages_or_not() {
    let paged = follow(3, |request| {
        let at = |start: usize| list(7, &people(start..(start + 3).min(7)));
        match &*request.path_and_query {
            "/scim/v2/Users?startIndex=1&count=3" => reply(200, at(0)),
            "/scim/v2/Users?startIndex=4&count=3" => reply(200, at(3)),
            "/scim/v2/Users?startIndex=7&count=3" => reply(200, at(6)),
            other => panic!("{other}"),
        }
    });
    assert_eq!(
        paged,
        [Vec::from(["u0", "u1", "u2"]), Vec::from(["u3", "u4", "u5"]), Vec::from(["u6"])]
    );
    assert_eq!(follow(3, |_| reply(200, list(7, &people(0..7)))), paged);
    assert_eq!(follow(7, |_| reply(200, list(7, &people(0..7)))).len(), 1);
}

#[test]
fn after_a_page_smaller_than_requested_the_next_page_continues() {
    let pages = follow(500, |request| {
        let query = &request.path_and_query;
        let start: usize =
            query["/scim/v2/Users?startIndex=".len()..].split('&').next().unwrap().parse().unwrap();
        reply(200, list(7, &people(start - 1..(start + 1).min(7))))
    });
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 2, 1]);
}

#[test]
fn after_a_page_the_whole_listing_at_once_continues_at_the_cursor() {
    let fake = FakePlatform::replying([
        reply(200, list(7, &people(0..2))),
        reply(200, list(7, &people(0..7))),
    ]);
    let scim = scim(&fake);
    let first = fake.run(scim.page_users(None, Some(500))).unwrap();
    let second = fake.run(scim.page_users(first.next.as_deref(), None)).unwrap();
    assert_eq!((second.items.len(), second.items[0].id.clone()), (5, user_id("u2")));
}

#[test]
fn an_empty_page_is_the_last() {
    let fake =
        FakePlatform::replying([reply(200, list(7, &people(0..3))), reply(200, list(7, &[]))]);
    let scim = scim(&fake);
    let first = fake.run(scim.page_users(None, Some(3))).unwrap();
    let second = fake.run(scim.page_users(first.next.as_deref(), Some(3))).unwrap();
    assert_eq!((second.items.len(), second.next), (0, None));
}

#[test]
fn no_user_is_repeated_when_an_unpaged_listing_becomes_shorter() {
    let fake = FakePlatform::replying([
        reply(200, list(4, &people(0..4))),
        reply(200, list(3, &people(0..3))),
    ]);
    let scim = scim(&fake);
    let first = fake.run(scim.page_users(None, Some(3))).unwrap();
    let second = fake.run(scim.page_users(first.next.as_deref(), Some(3))).unwrap();
    assert_eq!((first.items.len(), second.items.len(), second.next), (3, 0, None));
}

#[test]
fn no_user_is_repeated_when_a_listing_becomes_shorter_and_starts_again() {
    let fake = FakePlatform::replying([
        reply(200, list(7, &people(0..3))),
        reply(200, list(3, &people(0..2))),
    ]);
    let scim = scim(&fake);
    let first = fake.run(scim.page_users(None, Some(3))).unwrap();
    let second = fake.run(scim.page_users(first.next.as_deref(), Some(3))).unwrap();
    assert_eq!((first.items.len(), second.items.len(), second.next), (3, 0, None));
}

#[test]
fn cursors_that_were_not_given_out_are_refused() {
    let fake = FakePlatform::replying([]);
    let scim = scim(&fake);
    for bad in [
        "",
        "scim-users",
        "scim-users.3",
        "scim-users.0.3",
        "scim-users.3.0",
        "scim-users.3.1001",
        "scim-users.03.3",
        "scim-users.+3.3",
        "scim-users.3.3.3",
        "scim-users.4294967296.3",
        "scim-groups.3.3",
        "v1-users.3.3",
    ] {
        let error = fake.run(scim.page_users(Some(bad), None)).unwrap_err();
        assert_eq!(error.code, Code::CursorInvalid, "{bad}");
    }
}

#[test]
fn groups_are_paged_too() {
    let group = |id: &str| format!(r#"{{"id":"{id}","displayName":"{id}"}}"#);
    let fake = FakePlatform::replying([
        reply(200, list(2, &[group("a")])),
        reply(200, list(2, &[group("b")])),
    ]);
    let scim = scim(&fake);
    let first = fake.run(scim.page_groups(None, Some(1))).unwrap();
    assert_eq!(first.items[0].id, group_id("a"));
    let second = fake.run(scim.page_groups(first.next.as_deref(), Some(1))).unwrap();
    assert_eq!((second.items[0].id.clone(), second.next), (group_id("b"), None));
    assert_eq!(fake.lines()[1], "GET /scim/v2/Groups?startIndex=2&count=1");
}
