//! Reading one page at a time.

use super::*;

fn people(range: core::ops::Range<usize>) -> Vec<String> {
    range.map(|at| person(&format!("p{at}"))).collect()
}

#[test]
fn pages_continue_by_the_servers_token_and_end_with_the_invitations() {
    let invites = [invite(7, "new@acme.example"), invite(8, "p2@acme.example")];
    let fake = FakePlatform::replying([
        all(&invites),
        page(&people(0..2), 3, Some("7+a/==")),
        page(&people(2..3), 3, None),
        all(&invites),
    ]);
    let directory = directory(&fake);
    let first = fake.run(directory.page_users(None, Some(2))).expect("a page");
    assert_eq!(emails(&first.items), ["p0@acme.example", "p1@acme.example"]);
    assert_eq!(first.total, Some(5));
    let next = first.next.expect("a second page");
    let second = fake.run(directory.page_users(Some(&next), None)).expect("a page");
    assert_eq!(emails(&second.items), ["p2@acme.example", "new@acme.example"]);
    assert_eq!((second.next, second.total), (None, Some(4)), "one invited user has an account");
    assert_eq!(
        lines(&fake),
        [
            "GET /user_invites",
            "GET /users?limit=2",
            "GET /users?limit=2&next_token=7%2Ba%2F%3D%3D",
            "GET /user_invites"
        ]
    );
}

#[test]
fn invitations_that_do_not_fit_are_on_further_pages() {
    // The second is for a user who has an account.
    let invited = ["i0", "p0", "i2", "i3", "i4"];
    let invited: Vec<_> =
        (1..).zip(invited).map(|(at, name)| invite(at, &format!("{name}@acme.example"))).collect();
    let fake =
        FakePlatform::replying([all(&invited), all(&people(0..1)), all(&invited), all(&invited)]);
    let directory = directory(&fake);
    let (mut pages, mut cursor) = (Vec::new(), None);
    loop {
        let size = cursor.is_none().then_some(2);
        let page = fake.run(directory.page_users(cursor.as_deref(), size)).expect("a page");
        let names = page.items.iter().map(|user| user.email.as_str().split('@').next());
        pages.push(names.flatten().collect::<Vec<_>>().join(" "));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(pages, ["p0 i0", "i2 i3", "i4"]);
}

#[test]
fn a_page_is_as_large_as_the_server_allows() {
    let fake = FakePlatform::replying([no_route(), all(&people(0..3))]);
    let page = fake.run(directory(&fake).page_users(None, None)).expect("a page");
    assert_eq!((page.items.len(), page.next, page.total), (3, None, Some(3)));
    assert_eq!(lines(&fake), ["GET /user_invites", "GET /users?limit=100"]);
}

#[test]
fn pages_without_a_usable_next_token_are_an_error() {
    let more = r#"{"success":true,"data":[],"total_count":9,"has_more":true}"#;
    let fake = FakePlatform::replying([
        no_route(),
        Reply::json(200, more),
        no_route(),
        page(&people(0..2), 3, Some("t1")),
        page(&people(0..2), 3, Some("t1")),
    ]);
    let directory = directory(&fake);
    assert_eq!(code(fake.run(directory.page_users(None, None))), Code::ListingIncomplete);
    let first = fake.run(directory.page_users(None, Some(2))).expect("a page");
    let again = fake.run(directory.page_users(first.next.as_deref(), None));
    assert_eq!(code(again), Code::ListingIncomplete);
}

#[test]
fn a_cursor_that_was_not_given_out_is_refused_before_any_request() {
    let fake = FakePlatform::replying([]);
    let directory = directory(&fake);
    for cursor in ["", "t1", "v2-users.2.0.00000000.t1", "v2-groups.3.3", "v1-users.2.50"] {
        let page = fake.run(directory.page_users(Some(cursor), None));
        assert_eq!(code(page), Code::CursorInvalid, "{cursor}");
    }
    let page = fake.run(directory.page_groups(Some("v2-invitations.3.3"), None));
    assert_eq!(code(page), Code::CursorInvalid);
}

#[test]
fn groups_are_returned_in_parts_of_the_whole_list() {
    let groups: Vec<_> = (1..6).map(|id| group_record(id, &[("ann", false)], &[])).collect();
    let fake = FakePlatform::new(move |_| all(&groups));
    let directory = directory(&fake);
    let first = fake.run(directory.page_groups(None, Some(3))).expect("a page");
    assert_eq!((first.items.len(), first.total), (3, Some(5)));
    let second = fake.run(directory.page_groups(first.next.as_deref(), None)).expect("a page");
    assert_eq!((second.items.len(), second.next), (2, None));
    assert_eq!(second.items[0].members.as_ref().map(Vec::len), Some(1));
    assert_eq!(lines(&fake), ["GET /groups"; 2]);
}
