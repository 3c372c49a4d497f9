//! Signals during writes: the command ends in order, and says what it has done.

use std::process::{Command, Output};
use std::time::Duration;

use mock_retool::{Fault, FaultKind, Options};
use serde_json::Value;

use crate::command::{File, Server};
use crate::held::Held;

/// Each signal, and the exit code that it leads to.
const SIGNALS: [(&str, i32); 3] = [("-HUP", 129), ("-INT", 130), ("-TERM", 143)];

/// A roster with five new people.
const FIVE_NEW: &str = "\
email,first name,last name,user type
a@example.com,A,A,default
b@example.com,B,B,default
c@example.com,C,C,default
d@example.com,D,D,default
e@example.com,E,E,default
";

/// Requests are sent one after the other, so that it is known which one is held back.
fn sync(server: &Server, roster: &File) -> Command {
    let mut command =
        server.command(&["sync", "--yes", "--json", "--api=v1", "--roster", roster.path()]);
    command.env("RETOOL_WINDOW", "1");
    command
}

/// Returns how many of the new people exist.
fn created(server: &Server) -> usize {
    let state = server.mock.state();
    "abcde"
        .chars()
        .filter(|name| state.users.iter().any(|user| user.email == format!("{name}@example.com")))
        .count()
}

fn document(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_signal_finishes_the_request_in_flight_sends_no_other_and_reports_what_was_done() {
    for (signal, code) in SIGNALS {
        let server = Server::start();
        let roster = File::new("five.csv", FIVE_NEW);
        let mut running = Held::start(&server, sync(&server, &roster), "POST", 2);
        running.requested();
        running.stop(signal);
        let output = running.release();
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        assert_eq!((server.writes(), created(&server)), (2, 2), "{signal}");
        let error = &document(&output)["error"]["transient"];
        assert_eq!(error["code"], "call-stopped", "{error}");
        assert_eq!(error["signal"], format!("SIG{}", &signal[1..]));
        let writes = error["writes"].as_array().expect("writes");
        let subjects: Vec<_> = writes.iter().map(|write| &write["subject"]).collect();
        assert_eq!(subjects, ["a@example.com", "b@example.com"], "{error}");
        assert!(writes.iter().all(|write| write["certainty"] == "confirmed"), "{error}");

        // Run again, it does what is left.
        let ran = server.run(&["sync", "--yes", "--api=v1", "--roster", roster.path()]);
        assert_eq!((ran.exit, created(&server)), (0, 5), "{ran:#?}");
    }
}

#[test]
fn a_signal_ends_the_wait_for_a_server_that_throttles() {
    let server = Server::start();
    let roster = File::new("five.csv", FIVE_NEW);
    let throttled =
        FaultKind::Status { code: 429, retry_after: Some("3000".to_owned()), body: None };
    server.mock.inject(Fault { method: Some("POST".to_owned()), skip: 1, ..Fault::new(throttled) });
    // No request is held back.
    let mut running = Held::start(&server, sync(&server, &roster), "POST", 0);
    running.until("status 429");
    running.stop("-TERM");
    let output = running.end();
    assert_eq!(output.status.code(), Some(143), "{output:?}");
    let error = &document(&output)["error"]["transient"];
    assert_eq!(error["code"], "call-stopped", "{error}");
    assert_eq!(error["writes"].as_array().map(Vec::len), Some(1), "{error}");
    assert_eq!(created(&server), 1);
}

#[test]
fn a_second_signal_ends_the_command_at_once() {
    let server = Server::start();
    let roster = File::new("five.csv", FIVE_NEW);
    let mut command = sync(&server, &roster);
    command.arg("--log-format=json");
    let mut running = Held::start(&server, command, "POST", 2);
    running.requested();
    running.stop("-INT");
    // One that comes right after the first counts as the same.
    while !running.has_ended() {
        running.signal("-TERM");
        std::thread::yield_now();
    }
    let output = running.end();
    assert_eq!(output.status.code(), Some(143), "{output:?}");
    let stderr = stderr(&output);
    let last = stderr.lines().last().expect("a line");
    let last: Value = serde_json::from_str(last).expect(last);
    let text = "SIGTERM: ended at once; what was written is not known";
    assert!(last["message"].as_str().is_some_and(|message| message.starts_with(text)), "{last}");
    assert_eq!(last["error"]["execution-failed"]["signal"], "SIGTERM", "{last}");
}

#[test]
fn a_signal_that_the_parent_ignores_is_ignored() {
    let server = Server::start();
    let roster = File::new("five.csv", FIVE_NEW);
    let sync = sync(&server, &roster);
    // What nohup does.
    let mut command = Command::new("sh");
    command.env_clear().args(["-c", "trap '' HUP; exec \"$0\" \"$@\""]);
    command.arg(sync.get_program()).args(sync.get_args());
    let variables = sync.get_envs().filter_map(|(name, value)| Some((name, value?)));
    command.envs(variables);
    let running = Held::start(&server, command, "POST", 2);
    running.requested();
    running.signal("-HUP");
    let output = running.release();
    assert_eq!((output.status.code(), created(&server)), (Some(0), 5), "{output:?}");
    assert_eq!(document(&output)["complete"], true);
}

#[test]
fn a_signal_before_anything_is_sent_ends_a_reading_command() {
    let hour = Duration::from_secs(60 * 60);
    let server = Server::with(Options { latency: hour, ..Options::default() });
    let command = server.command(&["check", "--api=v1"]);
    let running = Held::start(&server, command, "GET", 1);
    running.requested();
    running.signal("-TERM");
    let output = running.release();
    // Ended by the signal itself: it has nothing to report.
    assert_eq!(output.status.code(), None, "{output:?}");
}

#[test]
fn changes_end_with_0_between_polls_and_a_single_poll_says_that_it_was_not_made() {
    let server = Server::start();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("acme.cursor");
    let path = path.to_str().expect("UTF-8");
    for (more, code) in [("--interval=86400", 0), ("--once", 143)] {
        let command = server.command(&["changes", "--api=v1", more, "--cursor-file", path]);
        let running = Held::start(&server, command, "GET", 1);
        running.requested();
        running.signal("-TERM");
        let output = running.end();
        assert_eq!(output.status.code(), Some(code), "{more}: {output:?}");
        assert_eq!(output.stdout, b"");
        let left = std::fs::read_dir(folder.path()).expect("a folder").count();
        assert_eq!(left, 0, "neither a cursor nor a lock");
    }
}
