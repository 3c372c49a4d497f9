//! People with a new address: `--former-email`, and the column `former emails` of a roster.

use std::fs;

use scraper::Html;

use crate::command::{File, Ran, Server, run_with};
use crate::page::{changes, one};

/// The APIs that can change an address.
const APIS: [&str; 2] = ["--api=v1", "--api=scim"];

const NEW: &str = "ada.king@example.com";

/// Runs the command with the tokens of both kinds of API.
fn run(server: &Server, arguments: &[&str]) -> Ran {
    run_with(
        arguments,
        &[
            ("RETOOL_BASE_URL", server.mock.base_url().as_str()),
            ("RETOOL_API_TOKEN", server.mock.token()),
            ("RETOOL_SCIM_TOKEN", server.mock.scim_token()),
        ],
    )
}

/// A server, and the address of one person on it who is in a group.
fn start() -> (Server, String) {
    let server = Server::start();
    let state = server.mock.state();
    let plain = server.plain_people();
    let old = state
        .users
        .into_iter()
        .find(|user| !user.memberships.is_empty() && plain.contains(&user.email))
        .expect("a person in a group");
    (server, old.email)
}

/// Checks that the account has the new address, and is otherwise as it was.
fn check_renamed(server: &Server, before: &mock_retool::User) {
    let after = server.user(NEW).expect("the new address");
    assert_eq!(after.id, before.id);
    assert_eq!(after.first_name, before.first_name);
    assert_eq!(after.memberships, before.memberships);
    assert!(server.user(&before.email).is_none(), "the former address is still there");
}

#[test]
fn provision_with_a_former_email_renames_the_account() {
    for api in APIS {
        let (server, old) = start();
        let before = server.user(&old).expect("a person");
        let provision =
            ["provision", api, "--email", NEW, "--former-email=x@x.com", "--former-email", &old];
        let ran = run(&server, &provision);
        assert_eq!(ran.exit, 0, "{ran:#?}");
        assert!(ran.stdout.starts_with(&format!("{old} -> {NEW}: renamed (id ")), "{ran:#?}");
        assert!(ran.stdout.contains(&format!("\n    user renamed: {NEW}\n")), "{ran:#?}");
        check_renamed(&server, &before);

        server.mock.clear_requests();
        let ran = run(&server, &[&provision[..], &["--json"]].concat());
        assert_eq!(ran.exit, 0, "{ran:#?}");
        assert_eq!(ran.json()["outcome"], "unchanged");
        assert_eq!(server.writes(), 0);
    }
}

#[test]
fn a_roster_with_former_emails_renames_the_account() {
    for api in APIS {
        let (server, old) = start();
        let before = server.user(&old).expect("a person");
        let last = before.last_name.clone().expect("a name");
        let roster = File::new(
            "people.csv",
            &format!("email,last name,former emails\n{NEW},King,x@x.com; {old}\n"),
        );
        let page = format!("{}.html", roster.path());
        let ran = run(&server, &["plan", api, "--roster", roster.path(), "--html", &page]);
        assert_eq!(ran.exit, 0, "{ran:#?}");
        let step = format!("  ~ {old} -> {NEW}  rename\n      last name: \"{last}\" -> \"King\"\n");
        assert!(ran.stdout.contains(&step), "{}", ran.stdout);
        assert!(ran.stdout.contains(", 1 to rename, "), "{}", ran.stdout);
        let page = Html::parse_document(&fs::read_to_string(&page).expect("a page"));
        assert!(one(&page, "#rename h2").starts_with("To rename 1"));
        let expected = [format!("email {old} → {NEW}"), format!("last name {last} → King")];
        assert_eq!(changes(&page, NEW), expected);
        let ran = run(&server, &["plan", api, "--json", "--roster", roster.path()]);
        let plan = ran.json();
        assert_eq!(plan["steps"].as_array().map(Vec::len), Some(1), "{plan}");
        assert_eq!(plan["steps"][0]["kind"], "rename-user");
        assert_eq!(plan["steps"][0]["email"], NEW);
        assert_eq!(server.writes(), 0);

        let ran = run(&server, &["sync", "--yes", api, "--roster", roster.path()]);
        assert_eq!(ran.exit, 0, "{ran:#?}");
        let done =
            format!("  ~ {old} -> {NEW}  renamed\n      last name: \"{last}\" -> \"King\"\n");
        assert!(ran.stdout.contains(&done), "{}", ran.stdout);
        assert!(ran.stdout.contains("\nTotal: 1 renamed; 1 write\n"), "{}", ran.stdout);
        check_renamed(&server, &before);
    }
}

#[test]
fn a_rename_is_in_the_json_of_a_sync() {
    for api in APIS {
        let (server, old) = start();
        let roster = File::new(
            "people.json",
            &format!(r#"[{{"email": "{NEW}", "formerEmails": ["{old}"]}}]"#),
        );
        let ran = run(&server, &["sync", "--yes", api, "--json", "--roster", roster.path()]);
        assert_eq!(ran.exit, 0, "{ran:#?}");
        let report = ran.json();
        assert_eq!(report["people"][0]["outcome"], "renamed");
        assert_eq!(report["people"][0]["email"], NEW);
        assert_eq!(report["people"][0]["changes"][0]["before"], *old);
        assert_eq!(report["writes"][0]["kind"], "user-renamed");
    }
}

#[test]
fn a_saved_plan_with_a_rename_is_shown_and_applied() {
    for api in APIS {
        let (server, old) = start();
        let before = server.user(&old).expect("a person");
        let roster = File::new("people.csv", &format!("email,former emails\n{NEW},{old}\n"));
        let plan = format!("{}.plan", roster.path());
        let ran = run(&server, &["plan", api, "--json", "--roster", roster.path(), "--out", &plan]);
        assert_eq!(ran.exit, 0, "{ran:#?}");
        let digest = ran.json()["digest"].as_str().expect("a digest").to_owned();
        let ran = run(&server, &["show", &plan]);
        assert!(ran.stdout.contains(&format!("  ~ {old} -> {NEW}  rename\n")), "{ran:#?}");
        let apply = ["apply", api, &plan, "--approve", &digest];
        let ran = run(&server, &apply);
        assert_eq!(ran.exit, 0, "{ran:#?}");
        assert!(ran.stdout.contains(&format!("  ~ {old} -> {NEW}  renamed\n")), "{ran:#?}");
        check_renamed(&server, &before);

        server.mock.clear_requests();
        let ran = run(&server, &apply);
        assert_eq!(ran.exit, 0, "{ran:#?}");
        assert_eq!(server.writes(), 0);
    }
}

#[test]
fn an_api_that_can_not_rename_creates_and_removes_nobody() {
    let (server, old) = start();
    let ran = run(&server, &["provision", "--api=v2", "--email", NEW, "--former-email", &old]);
    assert_eq!(ran.exit, 1, "{ran:#?}");
    assert!(ran.stderr.contains("operation-unsupported"), "{}", ran.stderr);

    let others: String = server
        .mock
        .state()
        .users
        .iter()
        .filter(|user| user.email != old)
        .map(|user| format!("{},\n", user.email))
        .collect();
    let roster = File::new("people.csv", &format!("email,former emails\n{others}{NEW},{old}\n"));
    let arguments = ["--api=v2", "--absent=disable", "--leave-disabled", "--roster", roster.path()];
    let ran = run(&server, &[&["plan"], &arguments[..]].concat());
    assert_eq!(ran.exit, 0, "{ran:#?}");
    assert!(ran.stdout.contains(&format!("! {NEW}  operation-unsupported: ")), "{}", ran.stdout);
    let ran = run(&server, &[&["sync", "--yes"], &arguments[..]].concat());
    assert_eq!(ran.exit, 4, "{ran:#?}");
    assert_eq!(server.writes(), 0);
    assert!(server.user(NEW).is_none());
}

#[test]
fn accounts_with_both_addresses_are_left_alone() {
    for api in APIS {
        let (server, old) = start();
        let other = server.plain_people().into_iter().find(|email| *email != old).expect("another");
        let ran = run(&server, &["provision", api, "--email", &other, "--former-email", &old]);
        assert_eq!(ran.exit, 1, "{ran:#?}");
        assert!(ran.stderr.contains("ambiguous-user"), "{}", ran.stderr);
        let roster = File::new("people.csv", &format!("email,former emails\n{other},{old}\n"));
        let ran = run(&server, &["sync", "--yes", api, "--roster", roster.path()]);
        assert_eq!(ran.exit, 4, "{ran:#?}");
        assert!(ran.stdout.contains(&format!("! {other}  left alone\n")), "{}", ran.stdout);
        assert_eq!(server.writes(), 0);
    }
}

#[test]
fn a_wrong_former_email_is_reported_with_its_line() {
    let server = Server::start();
    let roster = File::new(
        "wrong.csv",
        "email,former emails\nada@example.com,\nbob@example.com,bob@x.com; nobody\n",
    );
    let ran = server.run(&["plan", "--api=v1", "--roster", roster.path()]);
    assert_eq!(ran.exit, 2, "{ran:#?}");
    assert!(ran.stderr.contains("wrong.csv, line 3, former emails\n"), "{}", ran.stderr);
    assert!(ran.stderr.contains("\"nobody\" is not an e-mail address"), "{}", ran.stderr);
    assert!(server.mock.requests().is_empty());
}
