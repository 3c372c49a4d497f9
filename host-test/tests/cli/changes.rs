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

/// Where the cursor is kept.
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
fn the_first_run_makes_the_file_and_the_next_print_what_changed() {
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
    assert_eq!(ran.stdout.lines().count(), 2, "a line each");
    assert_ne!(kept.text(), Some(first));
    assert_eq!(server.writes(), 0);
    let beside = fs::read_dir(kept.0.path()).expect("a folder").count();
    assert_eq!(beside, 1, "no temporary file is left");
}

#[test]
fn json_changes_nothing_on_stdout_not_even_for_errors() {
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
fn a_file_with_something_else_is_2_and_kept_and_told_what_to_do_about() {
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
fn a_file_that_cannot_be_read_is_2() {
    let (server, kept) = (Server::start(), Kept::new());
    fs::create_dir(kept.path()).expect("a folder");
    let ran = kept.once(&server);
    assert_eq!(ran.exit, 2, "{ran:#?}");
    assert!(ran.stderr.contains("acme.cursor could not be read"), "{}", ran.stderr);
    assert!(server.mock.requests().is_empty());
}

#[test]
fn a_file_that_is_not_there_is_told_once_and_no_other() {
    let (server, kept) = (Server::start(), Kept::new());
    let told = format!("{} is not there", kept.path());
    let ran = kept.once(&server);
    assert_eq!(ran.stderr.matches(&told).count(), 1, "{ran:#?}");
    let ran = kept.once(&server);
    assert!(!ran.stderr.contains(&told), "{ran:#?}");
}

#[test]
fn a_token_that_is_missing_is_wrong_usage() {
    let (server, kept) = (Server::start(), Kept::new());
    let mut command = server.command(&["changes", "--api=v1", "--cursor-file", &kept.path()]);
    let output = command.env_remove("RETOOL_API_TOKEN").output().expect("the command");
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("(token-missing)"), "{output:?}");
    assert_eq!(kept.text(), None);
}

#[cfg(target_os = "linux")]
#[test]
fn the_log_that_explains_an_error_is_shown_on_a_terminal() {
    let (server, kept) = (Server::start(), Kept::new());
    let base_url = server.mock.base_url();
    drop(server);
    // `script` runs it on a terminal of its own, and prints what that shows.
    let watch = "exec \"$COMMAND\" changes --api=v1 --once --cursor-file \"$CURSOR_FILE\"";
    let output = Command::new("script")
        .args(["-qec", watch, "/dev/null"])
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
    let shown = String::from_utf8(output.stdout).expect("UTF-8");
    let (before, _) = shown.split_once("error: unavailable").expect("an error");
    // The spinner draws the log as well, and clears it.
    let left = before.rsplit("\u{1b}[2K").next().expect("a line");
    assert!(left.contains("the connection was refused"), "{shown:?}");
}

#[test]
fn an_interval_of_nothing_is_wrong_usage() {
    let (server, kept) = (Server::start(), Kept::new());
    let ran = server.run(&["changes", "--interval=0", "--cursor-file", &kept.path()]);
    assert_eq!(ran.exit, 2, "{ran:#?}");
}

#[test]
fn a_single_asking_that_fails_is_1_and_forgets_nothing() {
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
fn what_could_not_be_printed_is_not_remembered() {
    let (server, kept) = (Server::start(), Kept::new());
    kept.once(&server);
    let before = kept.text();
    invite(&server, "ada@example.com");
    let mut watch = Watch::start(&server, &kept, &["--once"]);
    drop(watch.stdout.take());
    assert_eq!(watch.end().code(), Some(1));
    assert_eq!(kept.text(), before);
    assert_eq!(lines(&kept.once(&server)).len(), 1);
}

/// The command while it is running; it is ended with the test.
struct Watch {
    child: Child,
    stdout: Option<BufReader<std::process::ChildStdout>>,
    stderr: BufReader<std::process::ChildStderr>,
}

impl Watch {
    fn start(server: &Server, kept: &Kept, more: &[&str]) -> Watch {
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
        Watch { child, stdout, stderr }
    }

    /// The next change.
    fn next(&mut self) -> Value {
        let mut line = String::new();
        self.stdout.as_mut().expect("a pipe").read_line(&mut line).expect("a line");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    /// Reads what it logs until a line has this in it.
    fn until(&mut self, text: &str) {
        let mut line = String::new();
        while !line.contains(text) {
            line.clear();
            let read = self.stderr.read_line(&mut line).expect("a line");
            assert_ne!(read, 0, "it ended without saying {text}");
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

impl Drop for Watch {
    fn drop(&mut self) {
        // Either it is running or it has ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn it_asks_again_after_the_interval_and_after_an_error_that_may_pass() {
    let (server, kept) = (Server::start(), Kept::new());
    kept.once(&server);
    let mut watch = Watch::start(&server, &kept, &["--interval=1"]);
    invite(&server, "ada@example.com");
    assert_eq!(watch.next()["email"], "ada@example.com");

    server.mock.inject(Fault::new(FaultKind::Status { code: 503, retry_after: None, body: None }));
    watch.until("error: unavailable");
    invite(&server, "bob@example.com");
    server.mock.clear_faults();
    assert_eq!(watch.next()["email"], "bob@example.com");

    server.mock.inject(Fault::new(FaultKind::Status { code: 401, retry_after: None, body: None }));
    watch.until("error: denied");
    assert_eq!(watch.end().code(), Some(1));
}

#[cfg(unix)]
#[test]
fn an_interruption_between_two_askings_is_0() {
    let (server, kept) = (Server::start(), Kept::new());
    kept.once(&server);
    invite(&server, "ada@example.com");
    let mut watch = Watch::start(&server, &kept, &["--interval=86400"]);
    assert_eq!(watch.next()["kind"], "created");
    watch.interrupt();
    assert_eq!(watch.end().code(), Some(0));
    assert_eq!(lines(&kept.once(&server)), [Value::Null; 0], "it is remembered");
}

#[cfg(unix)]
#[test]
fn an_interruption_ends_an_asking_that_hangs() {
    let hour = Duration::from_secs(60 * 60);
    let server = Server::with(Options { latency: hour, ..Options::default() });
    let kept = Kept::new();
    let (arrived, arrivals) = mpsc::channel();
    server.mock.on_request(move |_, _| {
        // Nobody listens any more once the test is over.
        let _ = arrived.send(());
        Hook::Serve
    });
    let mut watch = Watch::start(&server, &kept, &[]);
    arrivals.recv().expect("a request");
    watch.interrupt();
    assert_eq!(watch.end().code(), Some(0));
    assert_eq!(kept.text(), None);
}
