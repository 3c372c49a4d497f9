//! Help, versions, completions, the walkthrough, `check` and the mock.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use crate::command::{Server, run};

const COMMANDS: [&str; 10] = [
    "demo",
    "mock",
    "check",
    "provision",
    "deprovision",
    "restore",
    "plan",
    "sync",
    "changes",
    "completions",
];

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
fn version_prints_the_versions_of_command_component_and_contract() {
    let ran = run(&["--version"]);
    assert_eq!(ran.exit, 0, "{ran:#?}");
    let version = env!("CARGO_PKG_VERSION");
    let world = include_str!("../../../../wit/world.wit");
    let contract = world.split([' ', ';']).nth(1).expect("a package");
    assert_eq!(
        ran.stdout,
        format!("retool-lifecycle {version}\ncomponent {version}\ncontract {contract}\n")
    );
}

#[test]
fn completions_of_every_shell_have_every_command_and_option() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let ran = run(&["completions", shell]);
        assert_eq!(ran.exit, 0, "{ran:#?}");
        for word in COMMANDS.iter().chain(&["tombstone", "max-user-removals-percent"]) {
            assert!(ran.stdout.contains(word), "{word} for {shell}");
        }
    }
    assert_eq!(run(&["completions", "cmd"]).exit, 2);
}

#[test]
fn the_walkthrough_lists_its_chapters_as_json() {
    let ran = run(&["--json"]);
    assert_eq!(ran.exit, 0, "{ran:#?}");
    let document = ran.json();
    let chapters = document["chapters"].as_array().expect("chapters");
    let names: Vec<_> = chapters.iter().map(|chapter| chapter["name"].as_str()).collect();
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
    assert_eq!(chapters[5]["writes"], 0);
}

#[test]
fn the_walkthrough_prints_the_requests_of_each_chapter() {
    let ran = run(&["demo"]);
    assert_eq!(ran.exit, 0, "{ran:#?}");
    assert_eq!(ran.stdout.matches(" of them writes").count(), 8, "{ran:#?}");
    assert!(ran.stdout.contains("6. sync again: "), "{}", ran.stdout);
    let (_, chapter) =
        include_str!("../../../../README.md").split_once("```text\n").expect("a chapter");
    let (chapter, _) = chapter.split_once("```").expect("its end");
    assert!(ran.stdout.contains(chapter), "copy the chapter into the README:\n{}", ran.stdout);
}

#[test]
fn check_reports_a_healthy_connection() {
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

/// A mock that runs until it is dropped.
struct Running {
    mock: Child,
    /// The line that it printed after its address.
    hint: String,
    /// The lines that it printed about SCIM.
    about_scim: Vec<String>,
    address: String,
}

impl Running {
    fn start(arguments: &[&str]) -> Running {
        let mut mock = Command::new(env!("CARGO_BIN_EXE_retool-lifecycle"))
            .args(["mock", "--port", "0", "--users", "3", "--token", "not-shown"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the command");
        let stdout = mock.stdout.take().expect("a pipe");
        let mut running =
            Running { mock, hint: String::new(), about_scim: Vec::new(), address: String::new() };
        let mut lines = BufReader::new(stdout).lines().map(|line| line.expect("UTF-8"));
        let said = lines.next().expect("a line");
        running.hint = lines.next().expect("a line");
        let mut about_scim = lines.skip_while(|line| !line.contains("SCIM"));
        while !running.about_scim.last().is_some_and(|line| line.starts_with("curl ")) {
            running.about_scim.push(about_scim.next().expect("a line"));
        }
        let (_, rest) = said.split_once("http://").expect("an address");
        running.address = rest.split_once(' ').expect("an address").0.to_owned();
        running
    }

    fn get(&self, path: &str) -> String {
        self.get_as("not-shown", path)
    }

    fn get_as(&self, token: &str, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("a connection");
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\n\
             Connection: close\r\n\r\n",
            self.address
        )
        .expect("a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // This fails if the process has already ended.
        let _ = self.mock.kill();
        let _ = self.mock.wait();
    }
}

#[test]
fn an_empty_token_for_the_mock_is_wrong_usage() {
    for option in ["--token", "--scim-token"] {
        let ran = run(&["mock", option, ""]);
        assert_eq!(ran.exit, 2, "{ran:#?}");
        assert!(ran.stderr.contains(&format!("{option}:")), "{}", ran.stderr);
    }
}

#[test]
fn a_mock_prints_its_address_and_answers_there() {
    let running = Running::start(&[]);
    let hint = &running.hint;
    assert!(hint.starts_with("curl -H \"Authorization: Bearer $RETOOL_API_TOKEN\""), "{hint}");
    let answer = running.get("/api/v1/users");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("\"total\":3"), "{answer}");
}

#[test]
fn a_mock_prints_its_scim_token_unless_the_user_chose_it() {
    let running = Running::start(&["--empty"]);
    let said = running.about_scim.join("\n");
    assert!(said.contains("export RETOOL_SCIM_TOKEN='mock-scim-token'"), "{said}");
    assert!(said.contains(&format!("http://{}/scim/v2", running.address)), "{said}");
    let answer = running.get_as("mock-scim-token", "/scim/v2/Users");
    assert!(answer.contains("\"totalResults\":0"), "{answer}");
    assert!(running.get("/scim/v2/Users").starts_with("HTTP/1.1 401"));

    let running = Running::start(&["--scim-token", "not-shown-either"]);
    let said = running.about_scim.join("\n");
    assert!(!said.contains("not-shown"), "{said}");
    let answer = running.get_as("not-shown-either", "/scim/v2/Users");
    assert!(answer.contains("\"totalResults\":3"), "{answer}");
}

#[test]
fn a_mock_injects_the_given_faults() {
    let running = Running::start(&[
        "--fault=GET /api/v1/users 429 times=1 retry-after=Wed, 21 Oct 2026 07:28:00 GMT",
        "--fault",
        "/api/v1/groups after=502 chance=1",
    ]);
    let answer = running.get("/api/v1/users").to_ascii_lowercase();
    assert!(answer.starts_with("http/1.1 429"), "{answer}");
    assert!(answer.contains("retry-after: wed, 21 oct 2026 07:28:00 gmt\r\n"), "{answer}");
    assert!(running.get("/api/v1/users").starts_with("HTTP/1.1 200"));
    for _ in 0..2 {
        assert!(running.get("/api/v1/groups").starts_with("HTTP/1.1 502"));
    }
}

#[test]
fn an_invalid_fault_is_wrong_usage() {
    for (fault, why) in [("GET resett", "`resett`"), ("reset chance=2", "0 to 1")] {
        let ran = run(&["mock", "--fault", fault]);
        assert_eq!(ran.exit, 2, "{ran:#?}");
        assert!(ran.stderr.contains("--fault") && ran.stderr.contains(why), "{}", ran.stderr);
    }
}
