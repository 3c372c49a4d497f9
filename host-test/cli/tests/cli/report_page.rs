//! `--report`: the page of an applied plan. And when people were last active, on the page of a plan.

use std::fs;
use std::path::PathBuf;

use scraper::Html;
use tempfile::TempDir;

use crate::command::{File, Server};
use crate::page::{all, changes, check_harmless, check_in_browser, one, text};

fn place(name: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    (folder, path)
}

fn html(path: &PathBuf) -> Html {
    Html::parse_document(&fs::read_to_string(path).expect("the page"))
}

#[test]
fn the_report_of_a_sync_is_a_page_that_shows_what_was_done_and_what_failed() {
    let server = Server::start();
    let people = server.plain_people();
    let roster = File::new(
        "people.csv",
        &format!(
            "email,last name,user type,groups\n{},Other,,\nmary@example.com,,end-user,Engineering\n\
             no.type@example.com,,,\n",
            people[0]
        ),
    );
    let (folder, path) = place("report.html");
    let report = path.to_str().expect("UTF-8");
    let line = ["sync", "--yes", "--api=v1", "--roster", roster.path(), "--report", report];
    let ran = server.run(&line);
    assert_eq!(ran.exit, 4, "{ran:#?}");
    assert!(ran.stdout.ends_with(&format!("The report is the page {report}\n")), "{ran:#?}");
    let written = fs::read_to_string(&path).expect("the page");
    assert!(!written.contains(server.mock.token()), "the token is on the page");
    let page = html(&path);
    check_harmless(&page);
    let headline = one(&page, ".verdict .headline");
    assert!(headline.starts_with("PARTLY DONE: some people are not as the roster"), "{headline}");
    assert!(one(&page, "#created").contains("mary@example.com"));
    assert_eq!(changes(&page, "mary@example.com"), ["user type end-user", "joins Engineering"]);
    assert!(one(&page, "#updated").contains(&*people[0]));
    let left_alone = one(&page, "#left-alone");
    assert!(left_alone.contains("--default-user-type"), "{left_alone}");
    assert!(ran.stdout.contains("--default-user-type"), "{ran:#?}");
    assert!(left_alone.contains("no.type@example.com"), "{left_alone}");
    let tally: Vec<String> = all(&page, ".tally > *").into_iter().map(text).collect();
    for number in ["1 left alone", "1 created", "1 updated"] {
        assert!(tally.iter().any(|text| text == number), "{number} in {tally:?}");
    }
    check_in_browser(&path);

    // A report is never overwritten, and this is found out before anything is written.
    let writes = server.writes();
    let ran = server.run(&line);
    assert_eq!((ran.exit, server.writes()), (2, writes), "{ran:#?}");
    assert!(ran.stderr.contains("is there already, and a report is never overwritten"), "{ran:#?}");
    assert_eq!(fs::read_to_string(&path).expect("the page"), written);
    drop(folder);
}

#[test]
fn the_report_of_an_approved_plan_names_the_folder_with_the_records() {
    let server = Server::start();
    let leaver = server.plain_people()[0].clone();
    let staying: Vec<String> =
        server.mock.state().users.into_iter().map(|user| user.email).collect();
    let staying = staying.into_iter().filter(|email| *email != leaver);
    let roster =
        File::new("people.csv", &format!("email\n{}\n", staying.collect::<Vec<_>>().join("\n")));
    let (folder, plan) = place("plan.json");
    let at = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    let (page, records, report) = (at("plan.html"), at("records"), at("report.html"));
    let plan = plan.to_str().expect("UTF-8");
    let made = server.run(&[
        "plan",
        "--roster",
        roster.path(),
        "--absent=disable",
        "--leave-disabled",
        "--out",
        plan,
        "--html",
        &page,
    ]);
    assert_eq!(made.exit, 0, "{made:#?}");
    let digest = one(&html(&page.into()), ".digest code");
    let ran = server.run(&[
        "apply",
        plan,
        "--approve",
        &digest,
        "--tombstones",
        &records,
        "--report",
        &report,
    ]);
    assert_eq!(ran.exit, 0, "{ran:#?}");
    let report = html(&report.into());
    assert!(one(&report, "#disabled").contains(&leaver));
    assert!(one(&report, ".verdict").contains(&records));
    assert_eq!(one(&report, ".digest code"), digest);
}

#[test]
fn a_page_says_when_those_who_are_to_be_removed_were_last_active() {
    let server = Server::start();
    let [seen, never] = &server.plain_people()[..2] else { panic!("too few people") };
    server.mock.edit(|organisation| {
        for user in &mut organisation.users {
            if user.email == *seen {
                user.last_active = Some("2026-01-02T03:04:05.000Z".to_owned());
            } else if user.email == *never {
                user.last_active = None;
            }
        }
    });
    let staying: Vec<String> =
        server.mock.state().users.into_iter().map(|user| user.email).collect();
    let staying = staying.into_iter().filter(|email| ![seen, never].contains(&email));
    let roster =
        File::new("people.csv", &format!("email\n{}\n", staying.collect::<Vec<_>>().join("\n")));
    let mut digests = Vec::new();
    for login in ["2026-01-02T03:04:05.000Z", "2026-03-04T05:06:07.000Z"] {
        server.mock.edit(|organisation| {
            let user = organisation.users.iter_mut().find(|user| user.email == *seen);
            user.expect("a user").last_active = Some(login.to_owned());
        });
        let (_folder, path) = place("plan.html");
        let ran = server.run(&[
            "plan",
            "--roster",
            roster.path(),
            "--absent=disable",
            "--leave-disabled",
            "--html",
            path.to_str().expect("UTF-8"),
        ]);
        assert_eq!(ran.exit, 0, "{ran:#?}");
        let page = html(&path);
        check_harmless(&page);
        let row = |email: &str| {
            let rows = all(&page, "#disable tbody tr").into_iter().map(text);
            rows.into_iter().find(|row| row.contains(email)).expect("a row")
        };
        let day = login.split('T').next().expect("a day");
        assert!(row(seen).contains(&format!("last active {day}")), "{}", row(seen));
        assert!(row(never).contains("last active: not known"), "{}", row(never));
        digests.push(one(&page, ".digest code"));
    }
    assert_eq!(digests[0], digests[1], "a login must not change what is approved");
    assert_eq!(server.writes(), 0);
}
