//! The forms of a plan and a report: summary, Markdown, counts in JSON, and the exit code.

use std::fs;

use crate::command::{File, Server};

const TWO_NEW: &str = "\
email,first name,user type,groups
mary.somerville@example.com,\"<b>|*@all*\",default,Engineering
evariste.galois@example.com,Évariste,,Engineering; Support
";

#[test]
fn a_summary_has_the_counts_the_guards_and_what_needs_a_look() {
    let server = Server::start();
    let roster = File::new("new.csv", TWO_NEW);
    let arguments = ["--api=v1", "--summary", "--roster", roster.path()];
    let plan = server.run(&[&["plan"], &arguments[..]].concat());
    let sync = server.run(&[&["sync", "--yes"], &arguments[..]].concat());
    assert_eq!((plan.exit, sync.exit), (0, 4), "{plan:#?} {sync:#?}");
    assert!(plan.stdout.contains("Total: 1 to create"), "{}", plan.stdout);
    for ran in [&plan, &sync] {
        assert!(ran.stdout.contains("Needs a look\n  ! evariste.galois@example.com"), "{ran:#?}");
        assert!(ran.stdout.contains("creations: 1, at most 25"), "{ran:#?}");
        assert!(!ran.stdout.contains("mary.somerville"), "{ran:#?}");
    }
    assert!(sync.stdout.contains("Total: 1 created, "), "{}", sync.stdout);
}

#[test]
fn markdown_has_tables_and_no_markup_of_the_roster() {
    let server = Server::start();
    let roster = File::new("new.csv", TWO_NEW);
    let arguments = ["--api=v1", "--markdown", "--roster", roster.path()];
    for command in [&["plan"][..], &["sync", "--yes"]] {
        let ran = server.run(&[command, &arguments].concat());
        let text = &ran.stdout;
        assert!(text.starts_with("## ") && text.contains("\n### People\n"), "{text}");
        assert!(text.contains("| `+` | `mary.somerville@example.com  create"), "{text}");
        assert!(text.contains("&#60;b&#62;&#124;&#42;&#64;all&#42;"), "{text}");
        assert!(!text.contains("<b>") && text.contains("| creations | 1 | at most 25 | ok |"));
    }
    let ran = server.run(&["plan", "--summary", "--json", "--roster", roster.path()]);
    assert_eq!(ran.exit, 2, "{ran:#?}");
}

#[test]
fn json_has_counts_and_a_plan_with_them_can_be_applied() {
    let server = Server::start();
    let roster = File::new("new.csv", TWO_NEW);
    let ran = server.run(&["plan", "--api=v1", "--json", "--roster", roster.path()]);
    let plan = ran.json();
    assert_eq!((&plan["counts"]["created"], &plan["counts"]["left_alone"]), (&1.into(), &1.into()));
    let file = File::new("plan.json", &ran.stdout);
    let digest = plan["digest"].as_str().expect("a digest");
    let ran = server.run(&["apply", file.path(), "--api=v1", "--json", "--approve", digest]);
    assert_eq!(ran.exit, 4, "{ran:#?}");
    let counts = &ran.json()["counts"];
    assert_eq!((&counts["created"], &counts["not_done"]), (&1.into(), &1.into()), "{counts}");
}

#[test]
fn the_detailed_exit_code_says_whether_there_are_changes() {
    let server = Server::start();
    let roster = File::new("one.csv", "email,user type\nmary.somerville@example.com,default\n");
    let saved = format!("{}.plan", roster.path());
    let line = ["--api=v1", "--detailed-exitcode", "--roster", roster.path()];
    let run = |command: &[&str]| server.run(&[command, &line].concat());
    assert_eq!(run(&["plan", "--out", &saved]).exit, 2);
    assert_eq!(server.run(&["show", &saved, "--detailed-exitcode"]).exit, 2);
    assert_eq!(run(&["sync"]).exit, 1, "wrong usage: there is no terminal");
    assert_eq!(run(&["sync", "--no-such-switch"]).exit, 1);
    assert_eq!(run(&["sync", "--yes"]).exit, 2);
    assert_eq!(run(&["sync", "--yes"]).exit, 0);
    assert_eq!(run(&["plan"]).exit, 0);
    assert!(fs::exists(&saved).expect("a file"));
}

#[cfg(unix)]
#[test]
fn a_reader_that_has_read_enough_is_no_error_of_a_command_that_only_reads() {
    let server = Server::start();
    let roster = File::new("new.csv", TWO_NEW);
    let email = server.plain_people()[0].clone();
    for line in [
        &["plan", "--api=v1", "--roster", roster.path()][..],
        &["users", "--api=v2"],
        &["users", "--api=v2", "--csv"],
        &["user", "--api=v2", &email],
        &["groups", "--api=v2", "--members"],
        &["group", "--api=v2", "Support"],
        &["check", "--api=v2"],
        &["deprovision", "--api=v2", "--dry-run", "--email", &email],
        &["schema"],
        &["schema", "provision"],
        &["completions", "bash"],
        &["demo"],
        &["--help"],
    ] {
        let json: &[&str] = if line.contains(&"--csv") { &[] } else { &["--json"] };
        for more in [&[][..], json] {
            let (reader, writer) = std::io::pipe().expect("a pipe");
            drop(reader);
            let line = [line, more].concat();
            let output = server.command(&line).stdout(writer).output().expect("the command");
            assert_eq!(output.status.code(), Some(0), "{line:?}: {output:?}");
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert!(!stderr.contains("error"), "{line:?}: {stderr}");
        }
    }
    assert_eq!(server.writes(), 0);
}
