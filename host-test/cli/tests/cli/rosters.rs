//! Rosters as systems export them, and from standard input.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use mock_retool::{Group, Membership, User};

use crate::command::{File, Ran, Server};

/// Returns the path of an export of a system, with made-up people.
fn export(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../roster/tests/exports");
    folder.join(format!("{name}.csv")).to_str().expect("UTF-8").to_owned()
}

/// Returns the addresses in a plan that are created and disabled.
fn planned(ran: &Ran) -> (Vec<&str>, Vec<&str>) {
    let with = |mark: &str, what: &str| {
        let lines = ran.stdout.lines().filter_map(|line| line.trim().strip_prefix(mark));
        lines.filter_map(|line| line.trim().strip_suffix(what)).map(str::trim).collect()
    };
    (with("+ ", "create"), with("- ", "disable"))
}

const SYSTEMS: [&str; 9] = [
    "okta",
    "okta-rockstar",
    "okta-password-health",
    "entra",
    "google",
    "bamboohr",
    "workday",
    "rippling",
    "hibob",
];

/// A plan that disables members of one group who are not on the roster.
const PLAN: [&str; 5] = [
    "plan",
    "--api=v1",
    "--default-user-type=default",
    "--absent=disable",
    "--absent-member-of=Leavers",
];

/// Starts a server where the leaver of the exports is the only member of a group.
fn server_with_leaver() -> Server {
    let server = Server::start();
    server.mock.edit(|organisation| {
        let group = organisation.create_group(Group::new("Leavers")).id;
        let leaver = Membership { group, is_group_admin: false };
        let leaver = User { memberships: vec![leaver], ..User::new("lea.left@example.com") };
        organisation.create_user(leaver).expect("a new address");
    });
    server
}

#[test]
fn an_export_of_each_system_is_planned_without_editing() {
    let server = server_with_leaver();
    for system in SYSTEMS {
        let roster = export(system);
        let ran = server.run(&[&PLAN[..], &["--roster", &roster]].concat());
        assert_eq!(ran.exit, 0, "{system}: {ran:#?}");
        let (created, disabled) = planned(&ran);
        assert!(created.contains(&"mary.moss@example.com"), "{system}: {ran:#?}");
        assert!(created.contains(&"omar.oak@example.com"), "{system}: {ran:#?}");
        assert!(!created.contains(&"gil@partner.example"), "{system}: {ran:#?}");
        assert_eq!(disabled, ["lea.left@example.com"], "{system}: {ran:#?}");
        assert!(ran.stderr.contains(&format!("(--from {system}): ")), "{ran:#?}");

        let named = server.run(&[&PLAN[..], &["--roster", &roster, "--from", system]].concat());
        assert_eq!((named.exit, planned(&named)), (0, (created, disabled)), "{system}: {named:#?}");
    }
    assert_eq!(server.writes(), 0);
}

/// Returns the command lines in the table of `docs/rosters.md`, in its order, without `plan --roster
/// FILE`.
fn lines_of_the_docs() -> Vec<Vec<String>> {
    let page = include_str!("../../../../docs/rosters.md");
    let lines = page.lines().filter_map(|line| line.split_once("`plan --roster "));
    let switches = lines.map(|(_, rest)| {
        let (line, _) = rest.split_once('`').expect("the end of the command");
        // No word of the lines has a space.
        line.split(' ').skip(1).map(|word| word.trim_matches('\'').to_owned()).collect()
    });
    switches.collect()
}

#[test]
fn the_lines_of_the_docs_plan_the_exports() {
    let server = server_with_leaver();
    let lines = lines_of_the_docs();
    let exports = SYSTEMS.iter().chain(&["retool-members", "retool-api"]);
    assert_eq!(lines.len(), exports.clone().count());
    for (name, switches) in exports.zip(&lines) {
        let roster = export(name);
        let switches: Vec<&str> = switches.iter().map(String::as_str).collect();
        let ran = server.run(&[&PLAN[..], &["--roster", &roster], &switches].concat());
        assert_eq!(ran.exit, 0, "{name} {switches:?}: {ran:#?}");
        let (created, disabled) = planned(&ran);
        assert!(created.contains(&"mary.moss@example.com"), "{name}: {ran:#?}");
        assert_eq!(disabled, ["lea.left@example.com"], "{name}: {ran:#?}");
    }
}

#[test]
fn the_exports_of_retool_are_planned_with_switches_for_their_columns() {
    let server = server_with_leaver();
    for (name, switches) in [
        ("retool-members", &["--where=Status=Active", "--group-separator=,"][..]),
        ("retool-api", &["--map=isAdmin=admin", "--where-not=isDisabled=true"]),
    ] {
        let roster = export(name);
        let arguments = [&PLAN[..], &["--roster", &roster, "--ignore-other-columns"]].concat();
        let ran = server.run(&arguments);
        assert_eq!(ran.exit, 2, "{name}: {ran:#?}");
        assert!(ran.stderr.contains("looks like a column that says who has left"), "{ran:#?}");

        let ran = server.run(&[&arguments, switches].concat());
        assert_eq!(ran.exit, 0, "{name}: {ran:#?}");
        let (created, disabled) = planned(&ran);
        let staying = ["gil.gale@example.com", "mary.moss@example.com", "omar.oak@example.com"];
        assert_eq!((created, disabled), (staying.to_vec(), vec!["lea.left@example.com"]));
        assert!(ran.stderr.contains("3 people; 1 left out by "), "{ran:#?}");
    }
}

#[test]
fn a_sync_of_an_export_disables_leavers_and_leaves_the_user_type_alone() {
    let server = server_with_leaver();
    let roster = export("entra");
    let ran = server.run(&[&["sync", "--yes"], &PLAN[1..], &["--roster", &roster]].concat());
    assert_eq!(ran.exit, 0, "{ran:#?}");
    assert!(server.user("lea.left@example.com").expect("the leaver").is_disabled);
    assert!(server.user("mary.moss@example.com").is_some());
    assert!(server.user("gil@partner.example").is_none());
}

#[test]
fn all_mistakes_of_a_roster_are_shown_in_one_run() {
    let server = Server::start();
    let roster = File::new("people.csv", "email,admin\na@x.com,maybe\nb@x.com,yes\n,no\n");
    let ran = server.run(&["plan", "--roster", roster.path()]);
    assert_eq!(ran.exit, 2, "{ran:#?}");
    assert!(ran.stderr.contains("people.csv has 2 mistakes:\n  line 2, column 2: admin: "));
    assert!(ran.stderr.contains("\n  line 4, column 1: email: there is no address"), "{ran:#?}");
    let json = server.run(&["plan", "--json", "--roster", roster.path()]).json();
    let error = &json["error"]["usage"];
    assert_eq!((&error["line"], &error["column"]), (&2.into(), &2.into()), "{json}");
    assert_eq!(error["mistakes"].as_array().map(Vec::len), Some(2), "{json}");
    assert!(server.mock.requests().is_empty());
}

#[test]
fn a_roster_that_was_cut_writes_nothing() {
    let server = Server::start();
    let roster = File::new("people.csv", "email,last name\na@x.com,A\nb@x.com,\"B");
    let ran = server.run(&["sync", "--yes", "--absent=delete", "--roster", roster.path()]);
    assert_eq!(ran.exit, 2, "{ran:#?}");
    assert!(ran.stderr.contains("line 3, column 2: a quotation mark opens here"), "{ran:#?}");
    assert!(server.mock.requests().is_empty());
}

/// Runs the command with this text on standard input.
fn run_with_input(server: &Server, arguments: &[&str], text: &[u8]) -> Ran {
    let mut child = server
        .command(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command");
    let mut stdin = child.stdin.take().expect("standard input");
    // It ends before it has read all, if that is too much.
    let _ = stdin.write_all(text);
    drop(stdin);
    Ran::of(child.wait_with_output().expect("the command"))
}

#[test]
fn a_roster_is_read_from_standard_input() {
    let server = Server::start();
    let plan = ["plan", "--api=v1", "--roster=-", "--default-user-type=default"];
    let json = br#"[{"email": "mary.moss@example.com"}]"#;
    for text in [&b"email\nmary.moss@example.com\n"[..], json] {
        let ran = run_with_input(&server, &plan, text);
        assert_eq!((ran.exit, planned(&ran).0), (0, vec!["mary.moss@example.com"]), "{ran:#?}");
    }
    let ran = run_with_input(&server, &plan, b"email,admin\na@x.com,maybe\n");
    assert_eq!(ran.exit, 2, "{ran:#?}");
    assert!(ran.stderr.contains("standard input, line 2, column 2: admin: "), "{ran:#?}");
}

#[cfg(target_os = "linux")]
#[test]
fn standard_input_without_an_end_is_wrong_usage() {
    let server = Server::start();
    let endless = std::fs::File::open("/dev/zero").expect("the device");
    let mut command = server.command(&["plan", "--roster=-"]);
    let ran = Ran::of(command.stdin(endless).output().expect("the command"));
    assert_eq!(ran.exit, 2, "{ran:#?}");
    assert!(ran.stderr.contains("the most that such a file may have"), "{ran:#?}");
}

/// Saves an export as a workbook, as a spreadsheet program does.
fn save_as_workbook(csv: &str, name: &str) -> (tempfile::TempDir, String) {
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let sheet = workbook.add_worksheet();
    let text = std::fs::read_to_string(csv).expect("an export");
    let text = text.trim_start_matches('\u{feff}');
    let rows =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    for (row, cells) in rows.into_records().enumerate() {
        for (column, cell) in cells.expect("a row").iter().enumerate() {
            sheet.write_string(row as u32, column as u16, cell).expect("a cell");
        }
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    workbook.save(&path).expect("a workbook");
    let path = path.to_str().expect("UTF-8").to_owned();
    (folder, path)
}

#[test]
fn an_export_that_was_saved_as_a_workbook_gives_the_same_plan() {
    let server = server_with_leaver();
    for system in ["entra", "okta-rockstar", "workday"] {
        let (_folder, workbook) = save_as_workbook(&export(system), "people.xlsx");
        let ran = server.run(&[&PLAN[..], &["--roster", &workbook]].concat());
        let from_csv = server.run(&[&PLAN[..], &["--roster", &export(system)]].concat());
        assert_eq!((ran.exit, planned(&ran)), (0, planned(&from_csv)), "{system}: {ran:#?}");
        assert!(ran.stderr.contains(&format!("(--from {system}): ")), "{ran:#?}");
    }
    let (_folder, workbook) = save_as_workbook(&export("entra"), "people.xlsx");
    let ran = server.run(&[&PLAN[..], &["--roster", &workbook, "--sheet", "Staff"]].concat());
    assert_eq!(ran.exit, 2, "{ran:#?}");
    assert!(ran.stderr.contains("there is no sheet `Staff`; the sheets are `Sheet1`"), "{ran:#?}");
    assert_eq!(server.writes(), 0);
}

#[test]
fn a_roster_is_not_exported_as_a_workbook() {
    let server = Server::start();
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("people.xlsx");
    let ran = server.run(&["export", "--out", out.to_str().expect("UTF-8")]);
    assert_eq!(ran.exit, 2, "{ran:#?}");
    assert!(ran.stderr.contains("give a file that ends in .csv or .json"), "{ran:#?}");
    assert!(!out.exists());
}
