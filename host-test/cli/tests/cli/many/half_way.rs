//! Runs over many people that end half-way, and are repeated.

use super::{PEOPLE, Setup};

#[test]
fn a_person_who_fails_after_a_write_is_shown_with_the_writes_and_the_record() {
    let setup = Setup::new();
    let id = setup.server.user(PEOPLE[1]).expect("Bob").id;
    let removals = std::sync::atomic::AtomicUsize::new(0);
    setup.server.mock.on_request(move |_, request| {
        let is_removal = request.method == "DELETE" && request.path.contains(&id);
        // The second membership stays.
        match is_removal && removals.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 1 {
            true => mock_retool::Hook::Respond(403),
            false => mock_retool::Hook::Serve,
        }
    });
    let ran = setup.strip_in_order();
    assert_eq!(ran.exit, 4, "{ran:#?}");
    let file = setup.records().join("bob@example.com.json");
    for text in [
        "bob@example.com: failed: ",
        "\n  written  user disabled: bob@example.com\n           member removed: bob@example.com ",
        &format!("\n  record   {} has the person's state before the change;", file.display()),
        "run it again with the same --tombstones\n",
        "3 people: 2 done, 1 failed, 0 not begun; 8 writes\n",
    ] {
        assert!(ran.stdout.contains(text), "{text}: {}", ran.stdout);
    }
    assert_eq!(setup.groups(PEOPLE[1]).len(), 1);
    setup.server.mock.on_request(|_, _| mock_retool::Hook::Serve);
    assert_eq!(setup.restore(&[]).exit, 0);
    assert_eq!(setup.groups(PEOPLE[1]), ["Engineering", "Support"]);
}

#[test]
fn the_record_of_a_person_who_fails_after_a_write_is_printed_if_no_file_has_it() {
    for json in [false, true] {
        let setup = Setup::new();
        let path = format!("/api/v1/users/{}", setup.server.user(PEOPLE[1]).expect("Bob").id);
        let is_lost = std::sync::atomic::AtomicBool::new(false);
        setup.server.mock.on_request(move |_, request| {
            use std::sync::atomic::Ordering::Relaxed;
            if is_lost.load(Relaxed) {
                return mock_retool::Hook::Respond(401);
            }
            // The write is done. Nothing can be read afterwards.
            if request.method == "PUT" && request.path == path {
                is_lost.store(true, Relaxed);
                return mock_retool::Hook::ServeThenClose;
            }
            mock_retool::Hook::Serve
        });
        let more: &[&str] = if json { &["--json"] } else { &[] };
        let line = [&["--email"], &PEOPLE[..], more].concat();
        let ran = setup.run("deprovision", &line);
        assert_eq!(ran.exit, 4, "{ran:#?}");
        assert!(setup.server.user(PEOPLE[1]).expect("Bob").is_disabled);
        if json {
            let error = &ran.json()["people"][1]["error"]["transient"];
            assert_eq!(error["tombstones"][0]["user"]["email"], PEOPLE[1], "{error:#}");
            assert_eq!(error["writes"][0]["certainty"], "unknown", "{error:#}");
            continue;
        }
        assert!(ran.stdout.contains("  written  user disabled: bob@example.com"), "{ran:#?}");
        assert!(ran.stdout.contains("1 done, 2 failed, 0 not begun; 2 writes\n"), "{ran:#?}");
        assert_eq!(ran.stdout.matches("\"recorded_at\": ").count(), 2, "{}", ran.stdout);
    }
}

#[test]
fn a_run_that_ended_is_repeated_with_the_same_folder() {
    let setup = Setup::new();
    setup.reject_the_token_from("PUT", PEOPLE[1]);
    assert_eq!(setup.strip(&[]).exit, 4);
    let first = setup.record(PEOPLE[0]);
    setup.server.mock.on_request(|_, _| mock_retool::Hook::Serve);
    let ran = setup.strip(&[]);
    assert_eq!(ran.exit, 0, "{ran:#?}");
    assert!(ran.stdout.contains("ada@example.com: disabled already\n"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("recorded_at"), "{}", ran.stdout);
    assert_eq!(setup.disabled(), PEOPLE);
    assert_eq!(setup.record(PEOPLE[0]), first, "a repeated call records less");
    assert_eq!(setup.restore(&[]).exit, 0);
    for email in PEOPLE {
        assert_eq!(setup.groups(email), ["Engineering", "Support"], "{email}");
    }
}

#[test]
fn an_account_that_has_more_than_its_record_is_left_alone() {
    let setup = Setup::new();
    assert_eq!(setup.strip(&[]).exit, 0);
    let first = setup.record(PEOPLE[0]);
    assert_eq!(setup.restore(&[]).exit, 0);
    setup.server.mock.edit(|acme| {
        let id = acme.user_by_email(PEOPLE[0]).expect("Ada").id.clone();
        let group = acme.group_named("Finance").expect("a group").id;
        acme.join(group, &id).expect("a membership");
    });
    let ran = setup.strip(&[]);
    assert_eq!(ran.exit, 4, "{ran:#?}");
    assert!(ran.stdout.contains("give another folder for --tombstones"), "{}", ran.stdout);
    assert_eq!(setup.disabled(), [PEOPLE[1], PEOPLE[2]]);
    assert_eq!(setup.groups(PEOPLE[0]).len(), 3);
    assert_eq!(setup.record(PEOPLE[0]), first);
}

#[test]
fn several_people_are_only_stripped_or_deleted_with_a_folder_for_their_records() {
    let setup = Setup::new();
    for mode in [&["--mode=strip"][..], &["--mode=delete"], &["--mode=delete-after", "--days=30"]] {
        let line = [&["--emails-from", setup.list.path()], mode].concat();
        let ran = setup.run("deprovision", &line);
        assert_eq!(ran.exit, 2, "{ran:#?}");
        assert!(ran.stderr.contains("--tombstones FOLDER"), "{}", ran.stderr);
    }
    assert!(setup.server.mock.requests().is_empty());
}

#[test]
fn a_record_that_can_not_be_written_before_anything_was_exits_with_1() {
    let setup = Setup::new();
    let records = setup.records();
    setup.server.mock.on_request(move |_, _| {
        // The disk fails after the folder was checked.
        if records.is_dir() {
            std::fs::remove_dir_all(&records).expect("the folder");
        }
        mock_retool::Hook::Serve
    });
    let ran = setup.strip(&[]);
    assert_eq!((ran.exit, &*ran.stdout), (1, ""), "{ran:#?}");
    assert!(ran.stderr.contains("the record could not be written to"), "{}", ran.stderr);
    assert_eq!(setup.server.writes(), 0);
}
