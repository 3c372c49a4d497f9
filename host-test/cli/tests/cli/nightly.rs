//! The files of `docs/nightly.md`, as they are there.
#![cfg(unix)]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::command::{Ran, Server};

const PAGE: &str = include_str!("../../../../docs/nightly.md");

const NEWCOMER: &str = "email,first name,last name\nmary.somerville@example.com,Mary,Somerville\n";

/// Returns the text of the block with this language.
fn block(language: &str) -> &'static str {
    let (_, rest) = PAGE.split_once(&format!("```{language}\n")).expect("the block");
    rest.split_once("```").expect("its end").0
}

fn write(path: &Path, text: &str, mode: u32) {
    fs::write(path, text).expect("a file");
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("its mode");
}

/// The home of the job's user.
struct Home(TempDir);

impl Home {
    fn new(server: &Server) -> Home {
        let home = tempfile::tempdir().expect("a folder");
        let at = |name: &str| home.path().join("retool").join(name);
        fs::create_dir(at("")).expect("a folder");
        write(&at("retool.toml"), block("toml"), 0o600);
        write(&at("nightly.sh"), block("sh"), 0o700);
        write(&at("token"), &format!("{}\n", server.mock.token()), 0o600);
        // Where `cargo install` puts it. cron's PATH does not have it.
        let bin = home.path().join(".cargo/bin");
        fs::create_dir_all(&bin).expect("a folder");
        let command = env!("CARGO_BIN_EXE_retool-lifecycle");
        std::os::unix::fs::symlink(command, bin.join("retool-lifecycle")).expect("a link");
        write(&at("alert"), "#!/bin/sh\n{ echo \"$1\"; cat; } >alert.txt\n", 0o700);
        Home(home)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.path().join("retool").join(name)).unwrap_or_default()
    }

    fn files(&self, folder: &str) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.0.path().join("retool").join(folder)) else {
            return Vec::new();
        };
        entries.map(|entry| entry.expect("a file").path()).collect()
    }

    /// Runs the script as cron does, with this roster.
    fn night(&self, server: &Server, roster: &str) -> Ran {
        let folder = self.0.path().join("retool");
        write(&folder.join("people.csv"), roster, 0o600);
        let output = Command::new("sh")
            .args(["-c", "exec $HOME/retool/nightly.sh"])
            .env_clear()
            .env("HOME", self.0.path())
            .env("PATH", "/usr/bin:/bin")
            .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
            .env("RETOOL_BASE_URL", server.mock.base_url())
            .output()
            .expect("sh");
        Ran::of(output)
    }
}

#[test]
fn the_job_of_the_page_syncs_keeps_records_and_alerts_if_it_is_refused() {
    let server = Server::start();
    let home = Home::new(&server);
    assert!(PAGE.contains("15 2 * * * $HOME/retool/nightly.sh"));
    let leaver = server.plain_people()[0].clone();
    let state = server.mock.state();
    let staying = state.users.iter().filter(|user| !user.is_disabled && user.email != leaver);
    let staying: String = staying.map(|user| format!("{},,\n", user.email)).collect();
    let roster = format!("{NEWCOMER}{staying}");

    let ran = home.night(&server, &roster);
    assert_eq!(ran.exit, 0, "{ran:#?} {}", home.read("sync.log"));
    assert!(server.user("mary.somerville@example.com").is_some());
    assert!(server.user(&leaver).expect("the leaver").is_disabled);
    assert_eq!(home.files("reports").len(), 1);
    assert_eq!(home.read("alert.txt"), "");
    // One night can be undone.
    let [night] = &home.files("records")[..] else { panic!("one folder") };
    assert!(night.is_dir(), "{night:?}");
    let restored =
        server.run(&["restore", "--api=v2", "--tombstone", night.to_str().expect("UTF-8")]);
    assert_eq!(restored.exit, 0, "{restored:#?}");
    assert!(!server.user(&leaver).expect("the leaver").is_disabled);

    server.mock.clear_requests();
    let ran = home.night(&server, NEWCOMER);
    assert_eq!(ran.exit, 3, "{ran:#?} {}", home.read("sync.log"));
    let alert = home.read("alert.txt");
    assert!(alert.starts_with("Retool sync: refused by a guard; nothing was written\n## REFUSED"));
    assert!(alert.contains("**TRIPPED**"), "{alert}");
    assert_eq!((server.writes(), home.files("records").len()), (0, 1));
    for line in home.read("sync.log").lines() {
        let value: serde_json::Value = serde_json::from_str(line).expect(line);
        assert!(value["time"].is_string(), "{line}");
    }
}

#[test]
fn the_alert_has_the_end_of_the_log_if_there_is_no_report() {
    let server = Server::start();
    let home = Home::new(&server);
    server.mock.on_request(|_, _| mock_retool::Hook::Respond(401));
    let ran = home.night(&server, NEWCOMER);
    assert_eq!(ran.exit, 1, "{ran:#?} {}", home.read("sync.log"));
    let alert = home.read("alert.txt");
    assert!(alert.starts_with("Retool sync: failed with exit code 1\n{"), "{alert}");
    assert!(alert.contains("token-rejected"), "{alert}");
    assert!(home.files("records").is_empty());
}
