//! Output on a terminal: colours and progress.
#![cfg(unix)]

use std::fs::File as Handle;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use mock_retool::Options;
use nix::pty::{Winsize, openpty};

use crate::command::{File, Server, command};

const ESCAPE: char = '\u{1b}';

const NEWCOMER: &str = "email,user type\nmary.somerville@example.com,default\n";

/// The stream that is a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stream {
    Stdout,
    Stderr,
}

/// Runs a command with this stream on a terminal. Returns the terminal's output and the exit code.
fn on_terminal(mut command: Command, stream: Stream) -> (String, Option<i32>) {
    let size = Winsize { ws_row: 40, ws_col: 120, ws_xpixel: 0, ws_ypixel: 0 };
    let terminal = openpty(&size, None).expect("a terminal");
    command.env("TERM", "xterm").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let slave: OwnedFd = terminal.slave;
    match stream {
        Stream::Stdout => command.stdout(slave),
        Stream::Stderr => command.stderr(slave),
    };
    let mut child = command.spawn().expect("the command");
    // `command` holds the other end of the terminal, which must be closed for the read to end.
    drop(command);
    let mut master = Handle::from(terminal.master);
    let reader = thread::spawn(move || {
        let (mut output, mut buffer) = (Vec::new(), [0; 4096]);
        // When the other end is closed, the read fails.
        while let Ok(length @ 1..) = master.read(&mut buffer) {
            output.extend_from_slice(&buffer[..length]);
        }
        String::from_utf8_lossy(&output).into_owned()
    });
    let exit = child.wait().expect("an exit").code();
    (reader.join().expect("the output"), exit)
}

#[test]
fn colours_are_used_on_a_terminal_unless_no_color_is_set() {
    let server = Server::start();
    let roster = File::new("newcomer.csv", NEWCOMER);
    let plan = |variables: &[(&str, &str)]| {
        let mut command = server.command(&["plan", "--api=v1", "--roster", roster.path()]);
        command.envs(variables.iter().copied());
        command
    };
    let green = "\u{1b}[32m+ mary.somerville@example.com  create\u{1b}[0m";

    let (output, exit) = on_terminal(plan(&[]), Stream::Stdout);
    assert_eq!(exit, Some(0), "{output}");
    assert!(output.contains(green), "{output}");
    let (output, _) = on_terminal(plan(&[("NO_COLOR", "1")]), Stream::Stdout);
    assert!(output.contains("+ mary.somerville@example.com  create"), "{output}");
    assert!(!output.contains(ESCAPE), "{output}");

    let piped = |variables: &[(&str, &str)]| {
        let output = plan(variables).output().expect("the command");
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    assert!(!piped(&[]).contains(ESCAPE));
    assert!(piped(&[("CLICOLOR_FORCE", "1")]).contains(green));
}

#[test]
fn an_error_is_red_only_on_a_terminal() {
    let failing = || {
        let mut command = command();
        command.args(["plan", "--base-url=http://127.0.0.1:1", "--roster=/no/such/file"]);
        command
    };
    let (output, exit) = on_terminal(failing(), Stream::Stderr);
    assert_eq!(exit, Some(2), "{output}");
    assert!(
        output.contains("\u{1b}[1m\u{1b}[31merror:\u{1b}[0m /no/such/file could not"),
        "{output}"
    );
    let piped = failing().output().expect("the command");
    let piped = String::from_utf8(piped.stderr).expect("UTF-8");
    assert!(piped.starts_with("error: /no/such/file could not"), "{piped}");
}

#[test]
fn a_check_that_fails_says_why_on_a_terminal_too() {
    let server = Server::start();
    // Plain HTTP where TLS is expected, and a port on which no server listens.
    let no_tls = server.mock.base_url().replace("http://", "https://");
    for (base_url, why) in
        [(no_tls.as_str(), "TLS failed"), ("http://127.0.0.1:9", "the connection was refused")]
    {
        let check = |more: &[&str]| {
            let mut command = command();
            command.args(["check", "--api=v2", "--base-url", base_url]).args(more);
            command.envs([("RETOOL_API_TOKEN", "t"), ("RETOOL_MAX_ATTEMPTS", "1")]);
            command
        };
        let (output, exit) = on_terminal(check(&[]), Stream::Stdout);
        assert_eq!(exit, Some(1), "{output}");
        assert!(output.contains("why") && output.contains(why), "{output}");
        // The JSON is the contract's report, so the reason is on stderr.
        let (output, exit) = on_terminal(check(&["--json"]), Stream::Stderr);
        assert_eq!(exit, Some(1), "{output}");
        assert!(output.contains(why), "{output}");

        let piped = check(&[]).output().expect("the command");
        let piped = String::from_utf8(piped.stdout).expect("UTF-8");
        assert!(piped.contains(why), "{piped}");
    }
}

#[test]
fn json_has_no_colours_even_if_they_are_forced() {
    let server = Server::start();
    let roster = File::new("newcomer.csv", NEWCOMER);
    let mut command = server.command(&["plan", "--json", "--api=v1", "--roster", roster.path()]);
    let output = command.env("CLICOLOR_FORCE", "1").output().expect("the command");
    assert!(!String::from_utf8_lossy(&output.stdout).contains(ESCAPE));
}

#[test]
fn a_long_sync_shows_rate_and_remaining_time_only_on_a_terminal() {
    let options = Options { latency: Duration::from_millis(20), ..Options::default() };
    let server = Server::with(options);
    let people: String = (0..80).map(|n| format!("person-{n}@example.com,default\n")).collect();
    let roster = File::new("many.csv", &format!("email,user type\n{people}"));

    let many = "--max-creations-floor=80";
    let sync = server.command(&["sync", "--yes", "--api=v1", many, "--roster", roster.path()]);
    let (output, exit) = on_terminal(sync, Stream::Stderr);
    assert_eq!(exit, Some(0), "{output}");
    let line = output.split("applying: 50 of 80 steps, ").nth(1).expect("the rate");
    let (rate, rest) = line.split_once("/s, ").expect("a rate");
    assert!(rate.parse::<f64>().is_ok_and(|rate| rate > 0.0), "{rate}");
    assert!(rest.split_once(" left").is_some_and(|(left, _)| left.ends_with('s')), "{rest}");

    // Piped, the component's lines are unchanged.
    let more = people.replace("person", "another");
    let roster = File::new("more.csv", &format!("email,user type\n{more}"));
    let ran = server.run(&["sync", "--yes", "--api=v1", many, "--roster", roster.path()]);
    assert!(ran.stderr.lines().any(|line| line == "applying: 50 of 80 steps"), "{}", ran.stderr);
    assert!(!ran.stderr.contains(ESCAPE), "{}", ran.stderr);
}
