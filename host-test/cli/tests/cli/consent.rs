//! `sync` shows its plan and asks, and writes only after a yes.
#![cfg(unix)]

use std::fs::File as Handle;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};

use nix::pty::{Winsize, openpty};

use crate::command::{File, Ran, Server};

const NEWCOMER: &str = "email,user type\nmary.somerville@example.com,default\n";
const QUESTION: &str = "Apply this plan? [y/N] ";

/// Runs a command with stdin and stderr on a terminal, and gives this answer to its question.
/// Returns what the terminal showed, stdout and the exit code.
fn answered(mut command: Command, answer: &str) -> (String, String, Option<i32>) {
    let size = Winsize { ws_row: 40, ws_col: 120, ws_xpixel: 0, ws_ypixel: 0 };
    let terminal = openpty(&size, None).expect("a terminal");
    let slave: OwnedFd = terminal.slave;
    command.env("TERM", "xterm").env("NO_COLOR", "1");
    command.stdin(slave.try_clone().expect("the terminal")).stderr(slave).stdout(Stdio::piped());
    let mut child = command.spawn().expect("the command");
    // `command` holds the other end of the terminal, which must be closed for the read to end.
    drop(command);
    let mut master = Handle::from(terminal.master);
    let (mut shown, mut buffer, mut is_answered) = (String::new(), [0; 4096], false);
    // When the other end is closed, the read fails.
    while let Ok(length @ 1..) = master.read(&mut buffer) {
        shown += &String::from_utf8_lossy(&buffer[..length]);
        if !is_answered && shown.contains(QUESTION) {
            master.write_all(answer.as_bytes()).expect("the terminal");
            is_answered = true;
        }
    }
    let mut stdout = String::new();
    child.stdout.take().expect("a pipe").read_to_string(&mut stdout).expect("stdout");
    (shown, stdout, child.wait().expect("an exit").code())
}

#[test]
fn a_sync_on_a_terminal_shows_the_plan_and_writes_only_after_a_yes() {
    let server = Server::start();
    let roster = File::new("newcomer.csv", NEWCOMER);
    let sync = |more: &[&str]| {
        server.command(&[&["sync", "--api=v1", "--roster", roster.path()], more].concat())
    };
    for answer in ["n\n", "\n", "\u{4}"] {
        let (shown, stdout, exit) = answered(sync(&[]), answer);
        assert_eq!((exit, stdout.as_str()), (Some(1), ""), "{shown}");
        assert!(shown.contains("+ mary.somerville@example.com  create"), "{shown}");
        assert!(shown.contains("nothing was written"), "{shown}");
    }
    assert_eq!(server.writes(), 0);

    let (shown, stdout, exit) = answered(sync(&["--json"]), "y\n");
    assert_eq!(exit, Some(0), "{shown}");
    assert!(shown.contains(QUESTION), "{shown}");
    let report: serde_json::Value = serde_json::from_str(&stdout).expect("stdout is the report");
    assert_eq!(report["complete"], true);
    assert!(server.user("mary.somerville@example.com").is_some());

    // There is nothing to ask.
    let (shown, stdout, exit) = answered(sync(&[]), "n\n");
    assert_eq!(exit, Some(0), "{shown}");
    assert!(!shown.contains(QUESTION) && stdout.starts_with("Nothing to do"), "{shown}");
}

#[test]
fn yes_asks_nothing_on_a_terminal() {
    let server = Server::start();
    let roster = File::new("newcomer.csv", NEWCOMER);
    let command = server.command(&["sync", "--yes", "--api=v1", "--roster", roster.path()]);
    let (shown, _, exit) = answered(command, "n\n");
    assert_eq!(exit, Some(0), "{shown}");
    assert!(!shown.contains(QUESTION), "{shown}");
    assert!(server.user("mary.somerville@example.com").is_some());
}

#[test]
fn a_sync_without_a_terminal_and_without_consent_is_wrong_usage_and_sends_nothing() {
    let server = Server::start();
    let roster = File::new("newcomer.csv", NEWCOMER);
    let line = ["sync", "--api=v1", "--roster", roster.path()];
    let mut command = server.command(&line);
    let ran = Ran::of(command.stdin(Stdio::null()).output().expect("the command"));
    assert_eq!(ran.exit, 2, "{ran:#?}");
    assert!(ran.stderr.contains("--yes") && ran.stderr.contains("--expect DIGEST"), "{ran:#?}");
    assert!(server.mock.requests().is_empty());
}
