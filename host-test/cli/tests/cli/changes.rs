//! `changes`.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use mock_retool::{Fault, FaultKind, Hook, Options, User};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::command::{Ran, Server, command};

/// The folder with the cursor file.
struct Kept(TempDir);

impl Kept {
    fn new() -> Kept {
        Kept(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self) -> String {
        self.0.path().join("acme.cursor").to_str().expect("UTF-8").to_owned()
    }

    fn text(&self) -> Option<String> {
        fs::read_to_string(self.path()).ok()
    }

    fn once(&self, server: &Server) -> Ran {
        server.run(&["changes", "--api=v1", "--once", "--cursor-file", &self.path()])
    }
}

fn lines(ran: &Ran) -> Vec<Value> {
    ran.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn invite(server: &Server, email: &str) -> String {
    server.mock.edit(|acme| acme.create_user(User::new(email)).expect("an account").id.clone())
}

#[test]
fn the_first_run_creates_the_file_and_later_runs_print_the_changes() {
    let (server, kept) = (Server::start(), Kept::new());
    let ran = kept.once(&server);
    assert_eq!((ran.exit, ran.stdout.as_str()), (0, ""), "{ran:#?}");
    let first = kept.text().expect("a cursor");

    let ran = kept.once(&server);
    assert_eq!((ran.exit, ran.stdout.as_str()), (0, ""), "{ran:#?}");
    assert_eq!(kept.text().as_ref(), Some(&first));

    let id = invite(&server, "ada@example.com");
    server.mock.edit(|acme| {
        let engineering = acme.group_named("Engineering").expect("a group").id;
        acme.join(engineering, &id).expect("a member");
    });
    let ran = kept.once(&server);
    assert_eq!(ran.exit, 0, "{ran:#?}");
    assert_eq!(
        lines(&ran),
        [
            json!({
                "kind": "created", "user": {"v1": id}, "email": "ada@example.com",
                "fields": [], "group": null,
            }),
            json!({
                "kind": "joined", "user": {"v1": id}, "email": "ada@example.com",
                "fields": [], "group": {"id": {"rest": "4"}, "name": "Engineering", "group_admin": null},
            }),
        ]
    );
    assert_eq!(ran.stdout.lines().count(), 2, "each change is one line");
    assert_ne!(kept.text(), Some(first));
    assert_eq!(server.writes(), 0);
    let beside = fs::read_dir(kept.0.path()).expect("a folder").count();
    assert_eq!(beside, 1, "a temporary file is left");
}

#[test]
fn stdout_is_the_same_with_json_and_has_no_error_document() {
    let (server, kept) = (Server::start(), Kept::new());
    kept.once(&server);
    invite(&server, "ada@example.com");
    let arguments = ["changes", "--json", "--api=v1", "--once", "--cursor-file", &kept.path()];
    let ran = server.run(&arguments);
    assert_eq!(lines(&ran).len(), 1, "{ran:#?}");

    fs::write(kept.path(), "nonsense").expect("a file");
    let ran = server.run(&arguments);
    assert_eq!((ran.exit, ran.stdout.as_str()), (2, ""), "{ran:#?}");
    assert!(ran.stderr.contains("error: invalid-input"), "{}", ran.stderr);
}

#[test]
fn an_invalid_cursor_file_exits_with_2_and_a_hint_and_is_kept() {
    let (server, kept) = (Server::start(), Kept::new());
    fs::write(kept.path(), "nonsense\n").expect("a file");
    let ran = kept.once(&server);
    assert_eq!((ran.exit, ran.stdout.as_str()), (2, ""), "{ran:#?}");
    assert!(ran.stderr.contains("(cursor-invalid)"), "{}", ran.stderr);
    assert!(ran.stderr.contains("--cursor-file FILE: move that file away"), "{}", ran.stderr);
    assert!(ran.stderr.contains("acme.cursor"), "{}", ran.stderr);
    assert_eq!(kept.text().as_deref(), Some("nonsense\n"));
    assert!(server.mock.requests().is_empty());
}

#[test]
fn an_unreadable_cursor_file_exits_with_2() {
    let (server, kept) = (Server::start(), Kept::new());
    fs::create_dir(kept.path()).expect("a folder");
    let ran = kept.once(&server);
    assert_eq!(ran.exit, 2, "{ran:#?}");
    assert!(ran.stderr.contains("acme.cursor could not be read"), "{}", ran.stderr);
    assert!(server.mock.requests().is_empty());
}

#[test]
fn a_missing_cursor_file_is_reported_once() {
    let (server, kept) = (Server::start(), Kept::new());
    let note = format!("{} is not there", kept.path());
    let ran = kept.once(&server);
    assert_eq!(ran.stderr.matches(&note).count(), 1, "{ran:#?}");
    let ran = kept.once(&server);
    assert!(!ran.stderr.contains(&note), "{ran:#?}");
}

#[test]
fn a_missing_token_is_wrong_usage() {
    let (server, kept) = (Server::start(), Kept::new());
    let mut command = server.command(&["changes", "--api=v1", "--cursor-file", &kept.path()]);
    let output = command.env_remove("RETOOL_API_TOKEN").output().expect("the command");
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("(token-missing)"), "{output:?}");
    assert_eq!(kept.text(), None);
}

#[cfg(target_os = "linux")]
#[test]
fn an_error_on_a_terminal_is_preceded_by_the_log() {
    let (server, kept) = (Server::start(), Kept::new());
    let base_url = server.mock.base_url();
    drop(server);
    // `script` runs it in a new terminal, and prints the terminal's output.
    let line = "exec \"$COMMAND\" changes --api=v1 --once --cursor-file \"$CURSOR_FILE\"";
    let output = Command::new("script")
        .args(["-qec", line, "/dev/null"])
        .env("COMMAND", env!("CARGO_BIN_EXE_retool-lifecycle"))
        .env("CURSOR_FILE", kept.path())
        .env("NO_COLOR", "1")
        .env("RETOOL_BASE_URL", base_url)
        .env("RETOOL_API_TOKEN", "a-secret")
        .env("RETOOL_MAX_ATTEMPTS", "1")
        .stdin(Stdio::null())
        .output()
        .expect("script, of util-linux");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let printed = String::from_utf8(output.stdout).expect("UTF-8");
    let (before, _) = printed.split_once("error: unavailable").expect("an error");
    // The spinner draws the log as well, and clears it.
    let left = before.rsplit("\u{1b}[2K").next().expect("a line");
    assert!(left.contains("the connection was refused"), "{printed:?}");
}

#[test]
fn an_interval_of_0_is_wrong_usage() {
    let (server, kept) = (Server::start(), Kept::new());
    let ran = server.run(&["changes", "--interval=0", "--cursor-file", &kept.path()]);
    assert_eq!(ran.exit, 2, "{ran:#?}");
}

#[test]
fn a_failed_poll_exits_with_1_and_keeps_the_cursor() {
    let (server, kept) = (Server::start(), Kept::new());
    kept.once(&server);
    let before = kept.text();
    invite(&server, "ada@example.com");
    server.mock.inject(Fault::new(FaultKind::Status { code: 400, retry_after: None, body: None }));
    let ran = kept.once(&server);
    assert_eq!((ran.exit, ran.stdout.as_str()), (1, ""), "{ran:#?}");
    assert_eq!(kept.text(), before);
    server.mock.clear_faults();
    assert_eq!(lines(&kept.once(&server)).len(), 1);
}

#[test]
fn changes_that_could_not_be_printed_are_printed_by_the_next_run() {
    let (server, kept) = (Server::start(), Kept::new());
    kept.once(&server);
    let before = kept.text();
    invite(&server, "ada@example.com");
    let mut running = Running::start(&server, &kept, &["--once"]);
    drop(running.stdout.take());
    // As for `changes | head`.
    assert_eq!(running.end().code(), Some(0));
    assert_eq!(kept.text(), before);
    #[cfg(target_os = "linux")]
    {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("the device");
        let line = ["changes", "--api=v1", "--once", "--cursor-file", &kept.path()];
        let output = server.command(&line).stdout(full).output().expect("the command");
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert_eq!(kept.text(), before);
    }
    assert_eq!(lines(&kept.once(&server)).len(), 1);
}

/// The running command; dropping it kills the process.
struct Running {
    child: Child,
    stdout: Option<BufReader<std::process::ChildStdout>>,
    stderr: BufReader<std::process::ChildStderr>,
}

impl Running {
    fn start(server: &Server, kept: &Kept, more: &[&str]) -> Running {
        let mut child = command()
            .args(["changes", "--api=v1", "--cursor-file", &kept.path()])
            .args(more)
            .env("RETOOL_BASE_URL", server.mock.base_url())
            .env("RETOOL_API_TOKEN", server.mock.token())
            .env("RETOOL_MAX_ATTEMPTS", "1")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command");
        let stdout = child.stdout.take().map(BufReader::new);
        let stderr = BufReader::new(child.stderr.take().expect("a pipe"));
        Running { child, stdout, stderr }
    }

    /// Reads the next change.
    fn next(&mut self) -> Value {
        let mut line = String::new();
        self.stdout.as_mut().expect("a pipe").read_line(&mut line).expect("a line");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    /// Reads the log until a line contains this text.
    fn until(&mut self, text: &str) {
        let mut line = String::new();
        while !line.contains(text) {
            line.clear();
            let read = self.stderr.read_line(&mut line).expect("a line");
            assert_ne!(read, 0, "the log ended without {text}");
        }
    }

    fn interrupt(&self) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-INT", &pid]).status().expect("kill");
        assert!(sent.success());
    }

    fn end(&mut self) -> ExitStatus {
        self.stderr.read_to_string(&mut String::new()).expect("the rest of the log");
        self.child.wait().expect("an end")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // This fails if the process has already ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn it_polls_again_after_the_interval_and_after_a_transient_error() {
    let (server, kept) = (Server::start(), Kept::new());
    kept.once(&server);
    let mut running = Running::start(&server, &kept, &["--interval=1"]);
    invite(&server, "ada@example.com");
    assert_eq!(running.next()["email"], "ada@example.com");

    server.mock.inject(Fault::new(FaultKind::Status { code: 503, retry_after: None, body: None }));
    running.until("error: unavailable");
    invite(&server, "bob@example.com");
    server.mock.clear_faults();
    assert_eq!(running.next()["email"], "bob@example.com");

    server.mock.inject(Fault::new(FaultKind::Status { code: 401, retry_after: None, body: None }));
    running.until("error: denied");
    assert_eq!(running.end().code(), Some(1));
}

#[cfg(unix)]
#[test]
fn an_interruption_between_two_polls_exits_with_0() {
    let (server, kept) = (Server::start(), Kept::new());
    kept.once(&server);
    invite(&server, "ada@example.com");
    let mut running = Running::start(&server, &kept, &["--interval=86400"]);
    assert_eq!(running.next()["kind"], "created");
    running.interrupt();
    assert_eq!(running.end().code(), Some(0));
    assert_eq!(lines(&kept.once(&server)), [Value::Null; 0], "a change is printed again");
}

#[cfg(unix)]
#[test]
fn an_interruption_ends_a_poll_that_hangs() {
    let hour = Duration::from_secs(60 * 60);
    let server = Server::with(Options { latency: hour, ..Options::default() });
    let kept = Kept::new();
    let (sender, requests) = mpsc::channel();
    server.mock.on_request(move |_, _| {
        // The receiver is gone once the test is over.
        let _ = sender.send(());
        Hook::Serve
    });
    let mut running = Running::start(&server, &kept, &[]);
    requests.recv().expect("a request");
    running.interrupt();
    assert_eq!(running.end().code(), Some(0));
    assert_eq!(kept.text(), None);
}
