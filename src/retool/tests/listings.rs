//! What a listing says: each dialect is tested with servers that contradict it.

use alloc::format;
use alloc::rc::Rc;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};

use serde_json::{Value, json};

use super::listing_server::{Options, Server, answer, options, serve, user};
use crate::domain::{Dialect, Email, NewUser, UserPatch, UserType};
use crate::error::Code;
use crate::lifecycle::{DeprovisionOutcome, create_once};
use crate::sync::report::{PersonOutcome, SyncReport};
use crate::testing::platform::{FakePlatform, Reply};
use crate::write_log::WriteLog;

fn emails(numbers: impl IntoIterator<Item = usize>) -> Vec<String> {
    numbers.into_iter().map(|number| format!("p{number}@example.com")).collect()
}

fn outcome<'r>(report: &'r SyncReport, email: &str) -> &'r PersonOutcome {
    let person = report.people.iter().find(|person| person.email.as_str() == email);
    &person.unwrap_or_else(|| panic!("{email} is not in the report")).outcome
}

fn each(test: impl Fn(Dialect)) {
    Dialect::ALL.into_iter().for_each(test);
}

/// 602 users, pages of 500, and a total that is the length of the page: the leaver is on page two.
#[test]
fn a_leaver_on_the_second_page_is_removed_although_the_total_is_that_of_the_page() {
    each(|dialect| {
        for count in [602, 501, 1000, 1001] {
            let server = serve(dialect, count, Options { page_totals: true, ..options() });
            let leaver = count - 1;
            let report = server.sync(&emails(0..leaver)).expect("a report");
            assert!(report.complete, "{dialect:?} {count}: {:?}", report.limitations);
            assert!(server.is_disabled(leaver), "{dialect:?} {count}");
            assert_eq!(report.writes.len(), 1, "{dialect:?}");
        }
    });
}

/// The cursors of pages continue where the total of the page would end the listing.
#[test]
fn pages_go_on_where_the_total_is_that_of_the_page() {
    each(|dialect| {
        for (count, size, page_totals) in [
            (7, 3, true),
            (6, 3, true),
            (6, 3, false),
            (3, 3, false),
            (20, 20, true),
            (40, 20, true),
        ] {
            let server = serve(dialect, count, Options { page_totals, ..options() });
            let directory = server.directory();
            let (mut ids, mut cursor) = (Vec::new(), None);
            for _ in 0..20 {
                let page = server
                    .run(directory.page_users(cursor.as_deref(), Some(size)))
                    .expect("a page");
                ids.extend(page.items.into_iter().map(|user| user.id.value));
                cursor = page.next;
                if cursor.is_none() {
                    break;
                }
            }
            let expected: Vec<String> = (0..count).map(|number| format!("u{number}")).collect();
            assert_eq!((ids, cursor), (expected, None), "{dialect:?} {count} by {size}");
        }
    });
}

/// What a run learns reaches its verdict, and stops removals by absence.
#[test]
fn a_person_whom_the_listing_lacked_stops_removals_and_the_run_is_not_complete() {
    each(|dialect| {
        let hidden = Rc::new(RefCell::new(emails([3])));
        let server = serve(dialect, 6, Options { hidden, ..options() });
        // The leavers are p4 and p5.
        let report = server.sync(&emails(0..4)).expect("a report");
        assert!(!report.complete, "{dialect:?}");
        assert_eq!(*outcome(&report, "p3@example.com"), PersonOutcome::Unchanged, "{dialect:?}");
        for leaver in [4, 5] {
            let PersonOutcome::Refused(why) = outcome(&report, &emails([leaver])[0]) else {
                panic!("{dialect:?}: {:?}", report.people)
            };
            assert!(why.contains("p3@example.com"), "{why}");
            assert!(!server.is_disabled(leaver), "{dialect:?}");
        }
        assert!(report.writes.is_empty(), "{dialect:?}: {:?}", report.writes);
        let limitation = report.limitations.last().expect("a limitation");
        assert!(limitation.contains("lacked people who exist: p3@example.com"), "{limitation}");
        // The next run sees everyone.
        let report = server.sync(&emails(0..4)).expect("a report");
        assert!(report.complete && server.is_disabled(4) && server.is_disabled(5), "{dialect:?}");
    });
}

/// The same without leavers: nothing was written, and it is not certain that nothing is left.
#[test]
fn a_run_that_found_people_the_listing_lacked_is_not_complete_without_leavers_either() {
    each(|dialect| {
        let hidden = Rc::new(RefCell::new(emails(2..9)));
        let server = serve(dialect, 9, Options { hidden, ..options() });
        let report = server.sync(&emails(0..9)).expect("a report");
        assert!(!report.complete && report.writes.is_empty(), "{dialect:?}");
        let limitation = report.limitations.last().expect("a limitation");
        assert!(limitation.contains("and 2 more"), "{limitation}");
    });
}

/// The other view agrees with the listing, so the person is at fault, and not the listing.
#[test]
fn a_conflict_with_no_one_to_be_found_says_what_may_be_behind_it() {
    each(|dialect| {
        let server = serve(dialect, 4, Options { taken: &["new@example.com"], ..options() });
        let mut roster = emails(0..3);
        roster.push("new@example.com".to_string());
        let report = server.sync(&roster).expect("a report");
        assert!(!report.complete, "{dialect:?}");
        let PersonOutcome::Failed(error) = outcome(&report, "new@example.com") else {
            panic!("{dialect:?}: {:?}", report.people)
        };
        assert_eq!((error.code, error.http_status), (Code::ServerRefused, Some(409)));
        for part in ["hidden", "deactivated", "space", "login", "email is taken"] {
            assert!(error.message.contains(part), "{dialect:?}: {}", error.message);
        }
        assert!(server.is_disabled(3), "{dialect:?}: the leaver is removed");
        // The same for one person.
        let new = NewUser {
            email: Email::new("new@example.com"),
            login: None,
            fields: UserPatch {
                first_name: Some("N".into()),
                last_name: Some("N".into()),
                user_type: (dialect != Dialect::Scim).then_some(UserType::Default),
                ..UserPatch::default()
            },
        };
        let mut write_log = WriteLog::default();
        let made = server.run(create_once(&*server.directory(), &new, &mut write_log));
        let error = made.err().expect("a failure");
        assert!(error.message.contains("hidden") && !error.maybe_applied, "{}", error.message);
        assert!(write_log.into_writes().is_empty());
    });
}

/// A change of one record.
type Edit = fn(&mut Value);

/// Records that can't be used, with the beginning of what the report says about them.
const UNUSABLE: [(Edit, &str); 5] = [
    (|user| user["email"] = json!(null), "the record u2 has no address"),
    (
        |user| drop(user.as_object_mut().map(|user| user.remove("email"))),
        "the record u2 has no address",
    ),
    (|user| user["email"] = json!("  "), "the record u2 has no address"),
    (|user| user["email"] = json!({ "value": "x@y.z" }), "the record u2 has a field"),
    (|user| user["firstName"] = json!([]), "the record u2 has a field"),
];

#[test]
fn one_unusable_record_is_named_and_the_rest_goes_on() {
    each(|dialect| {
        for (edit, named) in UNUSABLE {
            let server = serve(dialect, 6, options());
            server.edit(2, edit);
            // p5 is a leaver, and n is new.
            let mut roster = emails([0, 1, 3, 4]);
            roster.push("n@example.com".to_string());
            let report =
                server.sync(&roster).unwrap_or_else(|error| panic!("{dialect:?}: {error:?}"));
            assert!(!report.complete, "{dialect:?}: the leaver is left");
            assert_eq!(*outcome(&report, "n@example.com"), PersonOutcome::Created, "{dialect:?}");
            assert!(!server.is_disabled(5), "{dialect:?}");
            let limitation = report.limitations.last().expect("a limitation");
            assert!(limitation.contains(named), "{dialect:?}: {limitation}");
            // Once the record is repaired, the leaver is removed.
            server.edit(2, |record| *record = user(2));
            let report = server.sync(&roster).expect("a report");
            assert!(server.is_disabled(5) && server.is_disabled(2), "{dialect:?}: {report:?}");
        }
    });
}

#[test]
fn with_an_unusable_record_people_are_found_and_no_one_counts_as_gone() {
    each(|dialect| {
        for (edit, named) in UNUSABLE {
            let server = serve(dialect, 6, options());
            server.edit(2, edit);
            let (outcome, _) = server.deprovision("p4@example.com").expect("an outcome");
            assert_eq!(outcome, DeprovisionOutcome::Deactivated, "{dialect:?}");
            let has_no_address = named.ends_with("no address");
            let is_readable = server.users.borrow()[2]["email"] == json!("p2@example.com");
            match server.deprovision("who@example.com") {
                Ok((outcome, remaining)) => {
                    assert_eq!(outcome, DeprovisionOutcome::AlreadyGone, "{dialect:?}");
                    assert!(has_no_address || is_readable, "{dialect:?} {named}");
                    assert_eq!(remaining.contains(named), has_no_address, "{remaining}");
                }
                Err(error) => {
                    assert!(!has_no_address && !is_readable, "{dialect:?} {named}");
                    assert_eq!(error.code, Code::RecordUnreadable, "{dialect:?}");
                    assert!(error.is_permanent() && error.message.contains(named));
                }
            }
        }
        let server = serve(dialect, 6, options());
        let gone = (DeprovisionOutcome::AlreadyGone, String::new());
        assert_eq!(server.deprovision("who@example.com"), Ok(gone));
    });
}

/// The address can be read, and another field can't: no second account is created.
#[test]
fn the_person_of_an_unusable_record_is_not_created_again() {
    each(|dialect| {
        let server = serve(dialect, 6, options());
        server.edit(2, |user| user["firstName"] = json!({}));
        let report = server.sync(&emails(0..6)).expect("a report");
        assert!(!report.complete, "{dialect:?}");
        let PersonOutcome::Refused(why) = outcome(&report, "p2@example.com") else {
            panic!("{dialect:?}: {:?}", report.people)
        };
        assert!(why.contains("can't be used"), "{why}");
        assert_eq!(server.users.borrow().len(), 6, "{dialect:?}");
        let error = server.deprovision("p2@example.com").expect_err("an unusable record");
        assert_eq!(error.code, Code::RecordUnreadable, "{dialect:?}");
    });
}

/// Then the server has another shape of record, and nothing may be concluded.
#[test]
fn a_listing_of_which_most_records_are_unusable_fails() {
    each(|dialect| {
        let edits: [Edit; 2] =
            [|user| user["firstName"] = json!([]), |user| user["email"] = json!(null)];
        for edit in edits {
            let server = serve(dialect, 6, options());
            for number in 0..5 {
                server.edit(number, edit);
            }
            let error = server.sync(&emails([5])).expect_err("another shape");
            assert_eq!(error.code, Code::AnswerUnusable, "{dialect:?}");
        }
    });
}

#[test]
fn an_account_without_an_address_is_on_its_page() {
    each(|dialect| {
        let server = serve(dialect, 3, options());
        server.edit(1, |user| user["email"] = json!(null));
        let directory = server.directory();
        let page = server.run(directory.page_users(None, Some(50))).expect("a page");
        assert!(!page.items[1].email.is_address(), "{dialect:?}: the id stands for it");
        let addresses: Vec<&str> = page.items.iter().map(|user| user.email.as_str()).collect();
        assert_eq!(addresses, ["p0@example.com", "u1", "p2@example.com"], "{dialect:?}");
        // A record that can't be read has no place on a page.
        server.edit(1, |user| user["firstName"] = json!([]));
        let error = server.run(directory.page_users(None, Some(50))).expect_err("a lost record");
        assert_eq!(error.code, Code::RecordUnreadable, "{dialect:?}");
        assert!(error.message.contains("u1"), "{}", error.message);
    });
}

#[test]
fn a_refused_page_size_is_followed_by_a_smaller_one() {
    each(|dialect| {
        for (refusal, says, largest) in
            [(400, "pageSize must be from 1 to 50", 50), (422, "too large", 40), (400, "", 7)]
        {
            let server = serve(dialect, 123, Options { largest, refusal, says, ..options() });
            // Over `/api/v2`, everyone is listed without pages, so pages are forced.
            let directory = server.directory();
            let page = server.run(directory.page_users(None, Some(100))).expect("a page");
            assert!(page.items.len() <= largest && page.next.is_some(), "{dialect:?}");
            let (mut count, mut cursor) = (page.items.len(), page.next);
            while let Some(next) = cursor {
                let page = server.run(directory.page_users(Some(&next), None)).expect("a page");
                (count, cursor) = (count + page.items.len(), page.next);
            }
            assert_eq!(count, 123, "{dialect:?}");
            let report = server.sync(&emails(0..122)).expect("a report");
            assert!(report.complete && server.is_disabled(122), "{dialect:?}");
            let (outcome, _) = server.deprovision("who@example.com").expect("an outcome");
            assert_eq!(outcome, DeprovisionOutcome::AlreadyGone, "{dialect:?}");
        }
    });
}

/// What the server taught is kept for the rest of the call.
#[test]
fn a_page_size_is_refused_once_in_a_call() {
    for dialect in [Dialect::V1, Dialect::Scim] {
        let server =
            serve(dialect, 123, Options { largest: 100, says: "at most 100", ..options() });
        let directory = server.directory();
        for _ in 0..3 {
            assert_eq!(server.run(directory.list_users()).expect("users").len(), 123);
        }
        assert_eq!(server.fake.lines().len(), 1 + 3 * 2, "{dialect:?}: {:?}", server.fake.lines());
    }
}

/// `/api/v2` returns everyone at once, unless a server demands a limit.
#[test]
fn a_server_that_demands_a_limit_is_asked_for_pages() {
    let users: Vec<Value> = (0..120).map(user).collect();
    let refusals = Rc::new(Cell::new(0));
    let counted = Rc::clone(&refusals);
    let fake = FakePlatform::new(move |request| {
        if request.path_and_query.starts_with("/api/v2/users")
            && !request.path_and_query.contains("limit=")
        {
            counted.set(counted.get() + 1);
            return Reply::json(422, r#"{"success":false,"message":"limit is required"}"#);
        }
        answer(Dialect::V2, request, &mut users.clone(), &options())
    });
    let server = Server { dialect: Dialect::V2, fake, users: Rc::default(), page_size: 500 };
    let directory = server.directory();
    for _ in 0..2 {
        assert_eq!(server.run(directory.list_users()).expect("users").len(), 120);
    }
    assert_eq!(refusals.get(), 1);
}

#[test]
fn a_server_without_user_types_costs_a_few_requests_and_not_one_per_person() {
    for dialect in [Dialect::V1, Dialect::V2] {
        let lack = &["userType"][..];
        let server =
            serve(dialect, 60, Options { lists_lack: lack, records_lack: lack, ..options() });
        let directory = server.directory();
        for _ in 0..3 {
            let users = server.run(directory.list_users()).expect("users");
            assert!(users.iter().all(|user| user.user_type.is_none()) && users.len() == 60);
        }
        assert_eq!(server.count_of_requests("users/u"), 3, "{dialect:?}");
    }
}

#[test]
fn user_types_that_only_single_records_have_are_read() {
    for dialect in [Dialect::V1, Dialect::V2] {
        let server = serve(dialect, 60, Options { lists_lack: &["userType"], ..options() });
        let users = server.run(server.directory().list_users()).expect("users");
        assert!(users.iter().all(|user| user.user_type == Some(UserType::Default)));
        assert_eq!(server.count_of_requests("users/u"), 60, "{dialect:?}");
    }
}

/// That the first records lack the flag proves nothing about the others.
#[test]
fn flags_that_decisions_depend_on_are_read_for_everyone_over_v1() {
    let lack = &["isDisabled"][..];
    let server =
        serve(Dialect::V1, 20, Options { lists_lack: lack, records_lack: lack, ..options() });
    server.run(server.directory().list_users()).expect("users");
    assert_eq!(server.count_of_requests("users/u"), 20);
}

/// A type that the server does not report is neither compared nor set, and that is said.
#[test]
fn a_server_without_user_types_takes_no_write_for_them() {
    for dialect in [Dialect::V1, Dialect::V2] {
        let lack = &["userType"][..];
        let server =
            serve(dialect, 12, Options { lists_lack: lack, records_lack: lack, ..options() });
        let mut roster = emails(0..12);
        let report = server.sync(&roster).expect("a report");
        assert!(report.complete && report.writes.is_empty(), "{dialect:?}: {:?}", report.writes);
        let limitation = &report.limitations.last().expect("a limitation");
        assert!(limitation.contains("12 people"), "{limitation}");
        roster.push("n@example.com".to_string());
        let report = server.sync(&roster).expect("a report");
        assert!(report.complete, "{dialect:?}: {:?}", report.people);
        let limitation = &report.limitations.last().expect("a limitation");
        assert!(limitation.contains("not confirmed"), "{limitation}");
    }
}
