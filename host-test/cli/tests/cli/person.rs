//! `provision` and `deprovision`.

use std::fs;

use host_test::json;
use host_test::retool::types::Tombstone;
use serde_json::Value;

use crate::command::Server;

const ADA: [&str; 8] = [
    "provision",
    "--api=v1",
    "--email=ada.byron@example.com",
    "--first-name=Ada",
    "--last-name=Byron",
    "--user-type=default",
    "--group=Engineering",
    "--group=Support",
];

#[test]
fn provision_creates_a_person_and_a_second_run_changes_nothing() {
    let server = Server::start();
    let ran = server.run(&ADA);
    assert_eq!(ran.exit, 0, "{ran:#?}");
    assert!(ran.stdout.starts_with("ada.byron@example.com: created"), "{}", ran.stdout);
    assert!(ran.stdout.contains("added to: Engineering, Support"), "{}", ran.stdout);
    let ada = server.user("ada.byron@example.com").expect("Ada");
    assert_eq!(ada.first_name.as_deref(), Some("Ada"));

    server.mock.clear_requests();
    let ran = server.run(&[&ADA[..], &["--json"]].concat());
    assert_eq!(ran.exit, 0, "{ran:#?}");
    assert_eq!(ran.json()["outcome"], "unchanged");
    assert_eq!(ran.json()["writes"].as_array().map(Vec::len), Some(0));
    assert_eq!(server.writes(), 0);
}

#[test]
fn no_create_creates_no_person() {
    let server = Server::start();
    let ran = server.run(&[&ADA[..], &["--no-create", "--json"]].concat());
    assert_eq!(ran.exit, 1, "{ran:#?}");
    assert_eq!(ran.json()["error"]["permanent"]["kind"], "not-found");
    assert_eq!(server.writes(), 0);
}

#[test]
fn deprovision_with_strip_disables_the_person() {
    let server = Server::start();
    server.run(&ADA);
    let ran =
        server.run(&["deprovision", "--api=v1", "--email=ada.byron@example.com", "--mode=strip"]);
    assert_eq!(ran.exit, 0, "{ran:#?}");
    assert!(ran.stdout.starts_with("ada.byron@example.com: disabled\n"), "{}", ran.stdout);
    assert!(server.user("ada.byron@example.com").expect("Ada").is_disabled);
}

#[test]
fn deprovisioning_a_protected_person_exits_with_3() {
    let server = Server::start();
    server.run(&ADA);
    server.mock.clear_requests();
    let ran = server.run(&[
        "deprovision",
        "--api=v1",
        "--email=ada.byron@example.com",
        "--mode=delete",
        "--protect=ADA.byron@example.com",
    ]);
    assert_eq!(ran.exit, 3, "{ran:#?}");
    assert_eq!(ran.stdout, "");
    assert!(ran.stderr.contains("error: refused (protected-person)"), "{}", ran.stderr);
    assert_eq!(server.writes(), 0);
    assert!(server.user("ada.byron@example.com").is_some());
}

#[test]
fn the_record_is_printed_or_written_to_a_file() {
    let server = Server::start();
    server.run(&ADA);
    let leave = ["deprovision", "--api=v1", "--email=ada.byron@example.com", "--mode=strip"];
    let ran = server.run(&leave);
    assert_eq!(ran.exit, 0, "{ran:#?}");
    let (_, record) = ran.stdout.split_once("\n{").expect("a record");
    let record = serde_json::from_str(&format!("{{{record}")).expect("JSON");
    let printed: Tombstone = json::from_value(record).expect("a tombstone");
    assert_eq!(printed.user.email.as_deref(), Some("ada.byron@example.com"));
    assert!(!printed.user.disabled);

    server.run(&[&ADA[..], &["--re-enable"]].concat());
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ada.json");
    let path = file.to_str().expect("UTF-8");
    let ran = server.run(&[&leave[..], &["--tombstone", path]].concat());
    assert_eq!(ran.exit, 0, "{ran:#?}");
    assert!(ran.stdout.contains(&format!("\n  the record is in {path}\n")), "{}", ran.stdout);
    assert!(!ran.stdout.contains("recorded_at"), "{}", ran.stdout);
    let record: Value =
        serde_json::from_slice(&fs::read(&file).expect("the record")).expect("JSON");
    let kept: Tombstone = json::from_value(record).expect("a tombstone");
    assert_eq!(kept.user.groups.map(|groups| groups.len()), printed.user.groups.map(|g| g.len()));
}

#[test]
fn an_unwritable_record_file_is_detected_before_any_request() {
    let server = Server::start();
    server.run(&ADA);
    server.mock.clear_requests();
    let folder = tempfile::tempdir().expect("a folder");
    let there = folder.path().join("there.json");
    fs::write(&there, "an older record").expect("a file");
    let nowhere = folder.path().join("no-such-folder").join("ada.json");
    for file in [&there, &nowhere] {
        let path = file.to_str().expect("UTF-8");
        let ran = server.run(&[
            "deprovision",
            "--api=v1",
            "--email=ada.byron@example.com",
            "--tombstone",
            path,
        ]);
        assert_eq!(ran.exit, 2, "{ran:#?}");
        assert!(ran.stderr.contains(path), "{}", ran.stderr);
    }
    assert!(server.mock.requests().is_empty());
    assert_eq!(fs::read_to_string(&there).expect("the file"), "an older record");
}

#[test]
fn an_error_about_a_disabled_person_names_the_flag_that_enables() {
    let server = Server::start();
    server.run(&ADA);
    server.run(&["deprovision", "--api=v1", "--email=ada.byron@example.com"]);
    let ran = server.run(&ADA);
    assert_eq!(ran.exit, 3, "{ran:#?}");
    assert!(ran.stderr.contains("flag     --re-enable"), "{}", ran.stderr);
    let ran = server.run(&[&ADA[..], &["--json"]].concat());
    let hint = ran.json()["error"]["permanent"]["hint"].take();
    assert!(hint.as_str().is_some_and(|hint| hint.contains("--re-enable")), "{hint}");
}

#[test]
fn profile_prints_where_the_time_went() {
    let server = Server::start();
    let ran = server.run(&[&ADA[..], &["--json", "--profile"]].concat());
    assert_eq!(ran.exit, 0, "{ran:#?}");
    assert_eq!(ran.json()["outcome"], "created");
    for what in ["waiting for the network", "decoding answers", "planning", "writing the result"] {
        let row = ran.stderr.lines().find(|line| line.trim_start().starts_with(what));
        assert!(row.is_some_and(|row| row.ends_with(" ms")), "{what}: {}", ran.stderr);
    }
    let decoding = ran.stderr.lines().find(|line| line.contains("decoding answers"));
    assert!(!decoding.expect("a row").contains(" 0.00 ms"), "{}", ran.stderr);
    assert!(!server.run(&ADA).stderr.contains("where the time went"));
}
