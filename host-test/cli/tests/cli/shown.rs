//! What is printed holds no character that may not be shown, and no secret of the environment.

use std::fs;

use host_test::text::is_shown;
use mock_retool::{Fault, FaultKind};

use crate::command::{File, Ran, Server, run, run_with};

/// C1 and C0 controls, changes of direction, selectors, fillers, tags, spaces, private use.
const HOSTILE: &str = "a\u{9b}31m\u{85}\u{7f}\u{202e}\u{2066}b\u{fe0f}\u{34f}\u{2800}\u{115f}\
                       \u{e0041}\u{a0}\u{ad}\u{e000}c";

fn assert_shown(text: &str, what: &str) {
    let hidden: Vec<char> =
        text.chars().filter(|letter| *letter != '\n' && !is_shown(*letter)).collect();
    assert!(hidden.is_empty(), "{hidden:?} in {what}: {text:?}");
}

fn assert_all_shown(ran: &Ran, what: &str) {
    assert_shown(&ran.stdout, what);
    assert_shown(&ran.stderr, what);
}

/// A server with a person and a group of this name.
fn hostile_server() -> (Server, String) {
    let server = Server::start();
    let person = server.plain_people()[0].clone();
    server.mock.edit(|organisation| {
        let user = organisation.users.iter_mut().find(|user| user.email == person).expect("a user");
        user.first_name = Some(HOSTILE.to_owned());
        let group = organisation.groups.last_mut().expect("a group");
        group.name = HOSTILE.to_owned();
    });
    (server, person)
}

#[test]
fn names_are_escaped_in_text_in_json_and_in_files() {
    let (server, person) = hostile_server();
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    let roster = File::new("roster.csv", &format!("email,first name,groups\n{person},Ada,New\n"));
    // The component refuses these names.
    let refused = File::new(
        "refused.csv",
        &format!("email,first name,groups\n{person},{HOSTILE},{HOSTILE}\nb{HOSTILE}@x.com,B,\n"),
    );
    let (page, saved, record) = (path("plan.html"), path("plan.json"), path("record.json"));
    let plan = ["plan", "--api=v1", "--create-missing-groups", "--roster", roster.path()];
    let refused = ["plan", "--api=v1", "--roster", refused.path()];
    let update = ["provision", "--api=v1", "--email", &person, "--last-name", HOSTILE];
    let runs = [
        [&plan[..], &["--html", &page, "--out", &saved]].concat(),
        [&plan[..], &["--json"]].concat(),
        refused.to_vec(),
        [&refused[..], &["--json"]].concat(),
        vec!["show", &saved],
        vec!["show", &saved, "--json"],
        update.to_vec(),
        [&update[..], &["--json"]].concat(),
        [&["sync", "--yes"], &plan[1..]].concat(),
        [&["sync", "--yes", "--json"], &plan[1..]].concat(),
        vec!["deprovision", "--api=v1", "--email", &person],
        vec!["deprovision", "--api=v1", "--json", "--email", &person],
        vec![
            "deprovision",
            "--api=v1",
            "--mode=delete",
            "--email",
            &person,
            "--tombstone",
            &record,
        ],
    ];
    for arguments in runs {
        assert_all_shown(&server.run(&arguments), &format!("{arguments:?}"));
    }
    for file in [page, saved, record] {
        assert_shown(&fs::read_to_string(&file).expect("a file"), &file);
    }
}

#[test]
fn json_still_has_the_same_data() {
    let (server, person) = hostile_server();
    let folder = tempfile::tempdir().expect("a folder");
    let record = folder.path().join("record.json");
    let arguments = ["deprovision", "--api=v1", "--json", "--email", &person, "--tombstone"];
    let ran = server.run(&[&arguments[..], &[record.to_str().expect("UTF-8")]].concat());
    assert_eq!(ran.exit, 0, "{ran:#?}");
    assert_eq!(ran.json()["tombstone"]["user"]["first_name"], HOSTILE);
    let record = fs::read_to_string(&record).expect("a file");
    let record: serde_json::Value = serde_json::from_str(&record).expect("JSON");
    assert_eq!(record["user"]["first_name"], HOSTILE);
}

#[test]
fn changes_are_lines_of_shown_characters_with_the_same_data() {
    let (server, person) = hostile_server();
    let folder = tempfile::tempdir().expect("a folder");
    let cursor = folder.path().join("cursor");
    let cursor = cursor.to_str().expect("UTF-8");
    let changes = ["changes", "--api=v1", "--once", "--cursor-file", cursor];
    assert_all_shown(&server.run(&changes), "the first poll");
    let join =
        ["provision", "--api=v1", "--email", &person, "--group=X", "--create-missing-groups"];
    assert_eq!(server.run(&join).exit, 0);
    server.mock.edit(|organisation| {
        let joined = organisation.groups.iter_mut().find(|group| group.name == "X");
        joined.expect("the group").name = format!("other {HOSTILE}");
    });
    let ran = server.run(&changes);
    assert_eq!(ran.exit, 0, "{ran:#?}");
    assert_all_shown(&ran, "the second poll");
    let lines: Vec<serde_json::Value> =
        ran.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let of_group = |line: &serde_json::Value| line["group"]["name"] == format!("other {HOSTILE}");
    assert!(lines.iter().any(of_group), "{}", ran.stdout);
}

#[test]
fn errors_and_log_lines_are_escaped() {
    let server = Server::start();
    let body = serde_json::json!({ "message": HOSTILE, "error": HOSTILE }).to_string();
    for code in [400, 403, 409, 500] {
        server.mock.clear_faults();
        let body = Some(body.clone());
        server.mock.inject(Fault::new(FaultKind::Status { code, retry_after: None, body }));
        for json in [&[][..], &["--json"]] {
            let arguments = [&["check", "--api=v1", "--verbose"][..], json].concat();
            assert_all_shown(&server.run(&arguments), &format!("{code}, {json:?}"));
        }
    }
}

#[test]
fn arguments_and_paths_are_escaped_in_usage_errors() {
    let file = format!("no-such-{HOSTILE}.csv");
    let option = format!("--{HOSTILE}");
    for arguments in [
        vec!["plan", "--base-url=https://x.example", "--roster", &file],
        vec!["show", &file],
        vec!["provision", "--email=a", "--base-url=x", "--user-type", HOSTILE],
        vec!["check", &option],
        vec![HOSTILE],
        vec!["changes", "--once", "--base-url=x", "--cursor-file", &file],
        vec!["check", "--base-url", HOSTILE],
    ] {
        for json in [&[][..], &["--json"]] {
            let ran = run(&[&arguments[..], json].concat());
            assert_ne!(ran.exit, 0, "{ran:#?}");
            assert_all_shown(&ran, &format!("{arguments:?} {json:?}"));
        }
    }
}

const COMMANDS: [&str; 12] = [
    "",
    "demo",
    "mock",
    "check",
    "provision",
    "deprovision",
    "restore",
    "plan",
    "show",
    "apply",
    "sync",
    "changes",
];

#[test]
fn help_and_errors_print_no_value_of_the_environment() {
    let secret = "https://user:hunter2@acme.retool.com";
    let env = [
        ("RETOOL_BASE_URL", secret),
        ("RETOOL_API_TOKEN", "hunter2-token"),
        ("RETOOL_SCIM_TOKEN", "hunter2-token"),
        ("https_proxy", "http://user:hunter2@proxy.example"),
    ];
    for command in COMMANDS {
        for switch in ["--help", "-h", "--no-such-switch"] {
            let arguments = [command, switch];
            let arguments = if command.is_empty() { &arguments[1..] } else { &arguments[..] };
            let ran = run_with(arguments, &env);
            assert!(!ran.stdout.is_empty() || !ran.stderr.is_empty(), "{arguments:?}");
            assert!(!format!("{ran:?}").contains("hunter2"), "{ran:#?}");
        }
    }
    for arguments in
        [["check", "--verbose"], ["check", "--json"], ["check", "--inject-credentials"]]
    {
        let ran = run_with(&arguments, &env);
        assert_eq!(ran.exit, 2, "{ran:#?}");
        assert!(!format!("{ran:?}").contains("hunter2"), "{ran:#?}");
    }
}
