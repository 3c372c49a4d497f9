//! How errors are reported: exit codes, stdout and stderr.

use mock_retool::{Options, Scope};

use crate::command::{File, Server, run, run_with};

#[test]
fn wrong_usage_exits_with_2_and_prints_on_stderr() {
    let ran = run(&["provision", "--email", "ada@example.com"]);
    assert_eq!(ran.exit, 2, "{ran:#?}");
    assert_eq!(ran.stdout, "");
    assert!(ran.stderr.contains("--base-url"), "{}", ran.stderr);

    let ran = run(&["dance"]);
    assert_eq!(ran.exit, 2, "{ran:#?}");
}

#[test]
fn wrong_usage_is_json_with_the_json_flag() {
    let ran = run(&["provision", "--json", "--email", "ada@example.com"]);
    assert_eq!(ran.exit, 2, "{ran:#?}");
    assert!(ran.json()["error"]["usage"].is_object());
}

#[test]
fn a_token_cannot_be_an_argument() {
    let ran = run(&["check", "--base-url", "https://x", "--token", "secret"]);
    assert_eq!(ran.exit, 2, "{ran:#?}");
}

#[test]
fn an_invalid_roster_exits_with_2_with_line_and_column_and_sends_no_request() {
    let server = Server::start();
    let roster = File::new("wrong.csv", "email,admin\nada@example.com,yes\nbob@example.com,si\n");
    let ran = server.run(&["sync", "--yes", "--roster", roster.path()]);
    assert_eq!(ran.exit, 2, "{ran:#?}");
    assert_eq!(ran.stdout, "");
    assert!(ran.stderr.contains("wrong.csv, line 3, column 2: admin: `si`"), "{}", ran.stderr);
    assert!(server.mock.requests().is_empty());

    let ran = server.run(&["plan", "--json", "--roster", roster.path()]);
    assert_eq!(ran.exit, 2, "{ran:#?}");
    let error = &ran.json()["error"]["usage"];
    assert_eq!(error["line"], 3);
    assert_eq!(error["column"], 2);
}

#[test]
fn a_missing_roster_exits_with_2() {
    let ran = run(&["plan", "--base-url", "https://x", "--roster", "no-such-file.csv"]);
    assert_eq!(ran.exit, 2, "{ran:#?}");
    assert!(ran.stderr.contains("no-such-file.csv"), "{}", ran.stderr);
}

#[test]
fn an_invalid_address_on_the_roster_is_reported_with_its_line() {
    let server = Server::start();
    let roster = File::new("address.csv", "email\nada@example.com\n\nno-address\n");
    let ran = server.run(&["plan", "--api", "v1", "--roster", roster.path()]);
    assert_eq!(ran.exit, 2, "{ran:#?}");
    assert!(ran.stderr.contains("address.csv, line 4, email\n"), "{}", ran.stderr);
    assert!(server.mock.requests().is_empty());

    let roster = File::new("twice.csv", "email\nada@example.com\n\nADA@example.com\n");
    let ran = server.run(&["plan", "--api", "v1", "--roster", roster.path()]);
    assert!(ran.stderr.contains("line 2 and line 4"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("request.roster"), "{}", ran.stderr);
}

#[test]
fn a_rejected_token_exits_with_1_and_is_not_printed() {
    let server = Server::start();
    let base_url = server.mock.base_url();
    for json in [false, true] {
        let mut arguments = vec!["provision", "--api=v1", "--email=ada@example.com"];
        arguments.extend(json.then_some("--json"));
        let env = [("RETOOL_BASE_URL", base_url.as_str()), ("RETOOL_API_TOKEN", "a-wrong-token")];
        let ran = run_with(&arguments, &env);
        assert_eq!(ran.exit, 1, "{ran:#?}");
        assert!(!format!("{ran:?}").contains("a-wrong-token"), "{ran:#?}");
        if json {
            let error = &ran.json()["error"]["permanent"];
            assert_eq!(error["kind"], "denied");
            assert_eq!(error["http_status"], 401);
        } else {
            assert_eq!(ran.stdout, "");
            assert!(ran.stderr.contains("error: denied (token-rejected)"), "{}", ran.stderr);
        }
    }
}

#[test]
fn an_unhealthy_connection_exits_with_1_and_prints_the_report() {
    let server = Server::with(Options { scopes: vec![Scope::UsersRead], ..Options::default() });
    let ran = server.run(&["check", "--json", "--api", "v1"]);
    assert_eq!(ran.exit, 1, "{ran:#?}");
    assert_eq!(ran.json()["healthy"], false);
}

#[test]
fn an_error_after_a_write_exits_with_4_and_lists_the_write() {
    let server = Server::start();
    server.mock.inject(mock_retool::Fault {
        method: Some("POST".to_owned()),
        path: Some("/api/v1/groups".to_owned()),
        ..mock_retool::Fault::new(mock_retool::FaultKind::Status {
            code: 403,
            retry_after: None,
            body: None,
        })
    });
    let arguments = [
        "provision",
        "--api=v1",
        "--email=ada@example.com",
        "--user-type=default",
        "--group=Engineering",
    ];
    let ran = server.run(&arguments);
    assert_eq!(ran.exit, 4, "{ran:#?}");
    assert_eq!(ran.stdout, "");
    assert!(ran.stderr.contains("written  user created: ada@example.com"), "{}", ran.stderr);
    assert!(server.user("ada@example.com").is_some());
}

#[test]
fn an_ambiguous_address_has_no_hint() {
    let server = Server::start();
    let email = server.plain_people()[0].clone();
    let id = server.user(&email).expect("a user").id;
    server.mock.edit(|acme| {
        acme.create_another_user(mock_retool::User::new(&email)).expect("an account");
    });
    let ran = server.run(&["deprovision", "--api=v1", "--email", &email, "--expect-id", &id]);
    assert_eq!(ran.exit, 1, "{ran:#?}");
    assert!(ran.stderr.contains("(ambiguous-user)"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("flag"), "{}", ran.stderr);
    assert_eq!(server.writes(), 0);
}

#[test]
fn tunables_are_passed_to_the_component() {
    let server = Server::start();
    let base_url = server.mock.base_url();
    let env = [
        ("RETOOL_BASE_URL", base_url.as_str()),
        ("RETOOL_API_TOKEN", server.mock.token()),
        ("RETOOL_PAGE_SIZE", "nonsense"),
    ];
    let ran = run_with(&["check", "--api=v1"], &env);
    assert_eq!(ran.exit, 2, "{ran:#?}");
    assert!(ran.stderr.contains("RETOOL_PAGE_SIZE"), "{}", ran.stderr);
}

#[test]
fn a_missing_token_is_wrong_usage() {
    let server = Server::start();
    let base_url = server.mock.base_url();
    let ran = run_with(
        &["provision", "--api=v1", "--email=ada@example.com"],
        &[("RETOOL_BASE_URL", base_url.as_str())],
    );
    assert_eq!(ran.exit, 2, "{ran:#?}");
    assert!(ran.stderr.contains("token-missing"), "{}", ran.stderr);
}

#[test]
fn the_reason_for_a_failed_connection_is_logged() {
    let server = Server::start();
    // The mock serves plain HTTP only.
    let base_url = server.mock.base_url().replace("http://", "https://");
    let env = [("RETOOL_BASE_URL", base_url.as_str()), ("RETOOL_API_TOKEN", "a-secret")];
    let ran = run_with(&["provision", "--api=v1", "--email=ada@example.com"], &env);
    assert_eq!(ran.exit, 1, "{ran:#?}");
    assert!(ran.stderr.contains(&format!("host: a request to {base_url} failed: TLS failed")));
    assert!(!ran.stderr.contains("a-secret"), "{}", ran.stderr);

    let base_url = server.mock.base_url();
    drop(server);
    let env = [("RETOOL_BASE_URL", base_url.as_str()), ("RETOOL_API_TOKEN", "a-secret")];
    let ran = run_with(&["provision", "--api=v1", "--email=ada@example.com"], &env);
    assert_eq!(ran.exit, 1, "{ran:#?}");
    assert!(ran.stderr.contains("the connection was refused"), "{}", ran.stderr);
}

#[test]
fn an_unprintable_result_exits_with_4_after_a_write() {
    let server = Server::start();
    let run = || {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let child = server
            .command(&["provision", "--api=v1", "--email=ada@example.com", "--user-type=default"])
            .stdout(writer)
            .stderr(std::process::Stdio::piped())
            .spawn();
        let output = child.and_then(|child| child.wait_with_output()).expect("the command");
        (output.status.code(), String::from_utf8(output.stderr).expect("UTF-8"))
    };
    let (exit, stderr) = run();
    assert_eq!(exit, Some(4), "{stderr}");
    assert!(stderr.contains("1 write was made before"), "{stderr}");
    // The same again writes nothing.
    let (exit, stderr) = run();
    assert_eq!(exit, Some(0), "{stderr}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_small_address_space_is_enough() {
    // In KiB: room for one memory of a component, but not for reserving several.
    let limited =
        format!("ulimit -v 7500000; exec '{}' --json", env!("CARGO_BIN_EXE_retool-lifecycle"));
    let output = std::process::Command::new("sh").args(["-c", &limited]).output().expect("sh");
    assert!(output.status.success(), "{output:?}");
}
