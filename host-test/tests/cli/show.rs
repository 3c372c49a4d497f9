//! Help, the demonstration, the mock.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use crate::command::{Server, run};

const COMMANDS: [&str; 8] =
    ["demo", "mock", "check", "provision", "deprovision", "plan", "sync", "changes"];

#[test]
fn help_shows_an_example_for_each_command() {
    for command in COMMANDS {
        let ran = run(&[command, "--help"]);
        assert_eq!(ran.exit, 0, "{ran:#?}");
        let (_, example) = ran.stdout.split_once("Example:\n").expect("an example");
        assert!(example.contains(&format!("retool-lifecycle {command}")), "{example}");
    }
}

#[test]
fn help_names_every_command_and_the_exit_codes() {
    let ran = run(&["--help"]);
    for word in COMMANDS.iter().chain(&["Exit codes: 0 done"]) {
        assert!(ran.stdout.contains(word), "{word} in {}", ran.stdout);
    }
}

#[test]
fn the_demonstration_comes_out_as_told() {
    let ran = run(&["--json"]);
    assert_eq!(ran.exit, 0, "{ran:#?}");
    let told = ran.json();
    let steps = told["steps"].as_array().expect("steps");
    let names: Vec<_> = steps.iter().map(|step| step["name"].as_str()).collect();
    assert_eq!(
        names,
        [
            "check",
            "provision",
            "provision again",
            "plan",
            "sync",
            "sync again",
            "plan, refused",
            "deprovision"
        ]
        .map(Some)
    );
    assert_eq!(steps[5]["writes"], 0);
}

#[test]
fn the_demonstration_narrates_with_the_requests_of_each_step() {
    let ran = run(&["demo"]);
    assert_eq!(ran.exit, 0, "{ran:#?}");
    assert_eq!(ran.stdout.matches(" of them writes").count(), 8, "{ran:#?}");
    assert!(ran.stdout.contains("6. sync again: "), "{}", ran.stdout);
}

#[test]
fn a_connection_in_order_is_reported_so() {
    let server = Server::start();
    let ran = server.run(&["check", "--api", "v1"]);
    assert_eq!(ran.exit, 0, "{ran:#?}");
    assert!(ran.stdout.contains("(v1): healthy"), "{}", ran.stdout);
    assert_eq!(server.writes(), 0);

    let report = server.run(&["check", "--json", "--api", "v1"]).json();
    assert_eq!(report["healthy"], true);
    assert_eq!(report["dialect"], "v1");
    assert_eq!(report["user_count"], 12);
}

/// Ends the mock that it was started with.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Either it is running or it has ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_mock_without_a_token_is_wrong_usage() {
    let ran = run(&["mock", "--token", ""]);
    assert_eq!(ran.exit, 2, "{ran:#?}");
    assert!(ran.stderr.contains("--token"), "{}", ran.stderr);
}

#[test]
fn a_mock_says_where_it_is_and_answers_there() {
    let child = Command::new(env!("CARGO_BIN_EXE_retool-lifecycle"))
        .args(["mock", "--port", "0", "--users", "3", "--token", "not-shown"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the command");
    let mut running = Running(child);
    let stdout = running.0.stdout.take().expect("a pipe");
    let mut lines = BufReader::new(stdout).lines();
    let said = lines.next().expect("a line").expect("UTF-8");
    let hint = lines.next().expect("a line").expect("UTF-8");
    assert!(hint.starts_with("curl -H \"Authorization: Bearer $RETOOL_API_TOKEN\""), "{hint}");

    let (_, rest) = said.split_once("http://").expect("an address");
    let (address, _) = rest.split_once(' ').expect("an address");
    let mut stream = TcpStream::connect(address).expect("a connection");
    write!(
        stream,
        "GET /api/v1/users HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer not-shown\r\n\
         Connection: close\r\n\r\n"
    )
    .expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("\"total\":3"), "{answer}");
}
