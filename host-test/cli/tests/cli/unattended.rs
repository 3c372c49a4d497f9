//! What a job without a user needs: a token file, a configuration file, and a log with times.
#![cfg(unix)]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use crate::command::{File, Server, run, run_with};

/// A token file with this mode.
fn token_file(token: &str, mode: u32) -> File {
    let file = File::new("token", token);
    fs::set_permissions(file.path(), Permissions::from_mode(mode)).expect("its mode");
    file
}

#[test]
fn a_token_is_read_from_a_file_that_only_its_owner_can_read() {
    let server = Server::start();
    let base_url = server.mock.base_url();
    let check = |file: &File, more: &[&str]| {
        let line = ["check", "--base-url", &base_url, "--token-file", file.path()];
        run(&[&line[..], more].concat())
    };
    let token = format!("{}\n", server.mock.token());
    for mode in [0o600, 0o400] {
        let ran = check(&token_file(&token, mode), &["--api=v1"]);
        assert_eq!(ran.exit, 0, "{ran:#?}");
    }
    let scim = token_file(&format!("{}\n", server.mock.scim_token()), 0o600);
    assert_eq!(check(&scim, &["--api=scim"]).exit, 0);
    server.mock.clear_requests();
    for mode in [0o640, 0o604, 0o644, 0o620, 0o602] {
        let ran = check(&token_file("hunter2", mode), &["--api=v1"]);
        assert_eq!(ran.exit, 2, "{ran:#?}");
        assert!(ran.stderr.contains("chmod 600"), "{ran:#?}");
    }
    for text in ["", " \n", "hunter2 hunter2", "hunter2\nhunter2\n"] {
        let ran = check(&token_file(text, 0o600), &["--api=v1"]);
        assert_eq!(ran.exit, 2, "{ran:#?}");
        assert!(!format!("{ran:?}").contains("hunter2"), "{ran:#?}");
    }
    // Who gives the token itself does not find it in the error.
    for more in [&[][..], &["--json"], &["--log-format=json"]] {
        let line = ["check", "--base-url", &base_url, "--token-file", "retool_hunter2"];
        let ran = run(&[&line[..], more].concat());
        assert_eq!(ran.exit, 2, "{ran:#?}");
        assert!(format!("{ran:?}").contains("not the token"), "{ran:#?}");
        assert!(!format!("{ran:?}").contains("hunter2"), "{ran:#?}");
    }
    assert!(server.mock.requests().is_empty());
}

#[test]
fn the_file_counts_more_than_the_variable_and_the_token_is_never_printed() {
    let server = Server::start();
    let base_url = server.mock.base_url();
    let file = token_file("hunter2-in-a-file", 0o600);
    let line = ["check", "--api=v1", "--verbose", "--base-url", &base_url, "--token-file"];
    let ran = run_with(
        &[&line[..], &[file.path()]].concat(),
        &[("RETOOL_API_TOKEN", server.mock.token())],
    );
    assert_eq!(ran.exit, 1, "{ran:#?}");
    assert!(!format!("{ran:?}").contains("hunter2"), "{ran:#?}");
}

#[test]
fn a_configuration_file_has_the_switches_of_a_sync_and_the_command_line_counts() {
    let server = Server::start();
    let roster = File::new("work.csv", "Work email\nmary.somerville@example.com\n");
    let token = token_file(server.mock.token(), 0o600);
    let config = File::new(
        "retool.toml",
        &format!(
            "[connection]\nbase-url = '{}'\napi = 'v1'\ntoken-file = '{}'\n\
             [roster]\nroster = '{}'\nmap = ['Work email=email']\n\
             [policy]\ndefault-user-type = 'default'\n\
             [guards]\nmax-creations-percent = 0\nmax-creations-floor = 0\n",
            server.mock.base_url(),
            token.path(),
            roster.path()
        ),
    );
    let ran = run(&["plan", "--config", config.path()]);
    assert_eq!(ran.exit, 3, "the guard of the file: {ran:#?}");
    let ran = run(&["sync", "--yes", "--config", config.path(), "--max-creations-floor=1"]);
    assert_eq!(ran.exit, 0, "{ran:#?}");
    assert!(server.user("mary.somerville@example.com").is_some());
    assert_eq!(run(&["check", "--config", config.path()]).exit, 0);
    assert_eq!(run(&["groups", "--config", config.path()]).exit, 0);
    let ran = run(&["groups", "ensure", "Nights", "--config", config.path()]);
    assert_eq!(ran.exit, 0, "{ran:#?}");
    assert!(server.mock.state().group_named("Nights").is_some());
    let ran = run(&["groups", "ensure", "Nights", "--config", "no-such-file"]);
    assert_eq!(ran.exit, 2, "{ran:#?}");
    assert!(ran.stderr.contains("no-such-file could not be read"), "{}", ran.stderr);

    for (text, why) in [
        ("[connection]\napi-token = 'hunter2'\n", "can't be used: `api-token` looks like a secret"),
        ("[policy]\nabsnet = 'disable'\n", "can't be used: [policy] has no key `absnet`"),
    ] {
        let wrong = File::new("retool.toml", text);
        for json in [&[][..], &["--json"]] {
            let ran = run(&[&["sync", "--yes", "--config", wrong.path()], json].concat());
            assert_eq!(ran.exit, 2, "{ran:#?}");
            assert!(format!("{}{}", ran.stdout, ran.stderr).contains(why), "{ran:#?}");
            assert!(!format!("{ran:?}").contains("hunter2"), "{ran:#?}");
        }
    }
}

#[test]
fn every_line_of_a_log_in_json_is_an_object_with_time_and_level() {
    let server = Server::start();
    let roster = "email,first name,last name,user type\nmary@example.com,Mary,Moss,default\n";
    let roster = File::new("new.csv", roster);
    let line = ["sync", "--yes", "--log-format=json", "--roster", roster.path()];
    let ran = server.run(&line);
    assert_eq!(ran.exit, 0, "{ran:#?}");
    let refused = server.run(&[&line[..], &["--expect=3f2a"]].concat());
    assert_eq!(refused.exit, 3, "{refused:#?}");
    let mut levels = Vec::new();
    for line in ran.stderr.lines().chain(refused.stderr.lines()) {
        let value: serde_json::Value = serde_json::from_str(line).expect(line);
        assert!(value["time"].as_str().is_some_and(|time| time.ends_with('Z')), "{line}");
        assert!(value["message"].is_string(), "{line}");
        levels.push(value["level"].as_str().expect("a level").to_owned());
        if value["level"] == "error" {
            assert_eq!(value["error"]["permanent"]["code"], "plan-changed", "{line}");
        }
    }
    assert!(levels.len() > 1 && levels.iter().filter(|level| *level == "error").count() == 1);

    // What is wrong with the arguments, with a file, and the table of a profile.
    let config = File::new("retool.toml", "[policy]\nabsnet = 'disable'\n");
    for (line, error) in [
        (&["dance", "--log-format=json"][..], "unrecognized subcommand"),
        (&["sync", "--yes", "--log-format", "json"], "--roster"),
        (&["sync", "--log-format=json", "--yes", "--config", config.path()], "no key `absnet`"),
        (&["check", "--api=v1", "--profile", "--log-format=json"], ""),
    ] {
        let ran = server.run(line);
        assert!(!ran.stderr.is_empty(), "{ran:#?}");
        let mut messages = Vec::new();
        for line in ran.stderr.lines() {
            let value: serde_json::Value = serde_json::from_str(line).expect(line);
            assert_eq!(value["level"] == "error", !error.is_empty(), "{line}");
            assert_eq!(value["error"]["usage"].is_object(), !error.is_empty(), "{line}");
            messages.push(value["message"].to_string());
        }
        assert!(messages.concat().contains(error), "{messages:?}");
        assert_eq!(ran.exit, if error.is_empty() { 0 } else { 2 }, "{ran:#?}");
        assert_eq!(ran.stdout.is_empty(), !error.is_empty(), "{ran:#?}");
    }

    let ran = server.run(&["plan", "--log-format=text", "--roster", roster.path()]);
    let is_timed = |line: &str| line.starts_with("20") && line.contains("Z info ");
    assert!(!ran.stderr.is_empty() && ran.stderr.lines().all(is_timed), "{}", ran.stderr);
}
