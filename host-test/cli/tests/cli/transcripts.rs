//! Runs the transcripts in README.md and `docs/`. `TRYCMD=overwrite cargo test -p retool-lifecycle-cli --test cli
//! transcripts` writes what the commands print now.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use mock_retool::User;
use trycmd::schema::Bin;

use super::command::Server;

/// Returns a command that names the API. To find it out is logged, but not on a terminal, as which
/// a transcript shows it.
fn without_log(folder: &Path) -> PathBuf {
    let script = folder.join("retool-lifecycle");
    let command = env!("CARGO_BIN_EXE_retool-lifecycle");
    fs::write(&script, format!("#!/bin/sh\nexec '{command}' \"$@\" --api v2\n")).expect("a script");
    fs::set_permissions(&script, Permissions::from_mode(0o755)).expect("a script");
    script
}

/// Runs every command of a page in one folder, which holds the page's roster. The commands of the
/// shell are left out.
fn run(page: &str, server: &Server) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(page);
    let text = fs::read_to_string(&file).expect("the page");
    let folder = tempfile::tempdir().expect("a folder");
    let copy = folder.path().join("page.md");
    fs::write(&copy, &text).expect("a copy");
    // The names tell trycmd to run the commands in a copy of the first folder.
    for name in ["page.in", "page.out"] {
        fs::create_dir(folder.path().join(name)).expect("a folder");
    }
    if let Some((_, roster)) = text.split_once("$ cat people.csv\n") {
        let lines = roster.lines().take_while(|line| !line.starts_with(['$', '`']));
        let roster: String = lines.map(|line| format!("{line}\n")).collect();
        fs::write(folder.path().join("page.in/people.csv"), roster).expect("a roster");
    }
    {
        let cases = trycmd::TestCases::new();
        let command = without_log(folder.path());
        cases
            .register_bin("retool-lifecycle", command)
            .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
            .env("RETOOL_BASE_URL", server.mock.base_url())
            .env("RETOOL_API_TOKEN", server.mock.token())
            .case(&copy);
        for name in ["cargo", "cat", "curl", "export"] {
            cases.register_bin(name, Bin::Ignore);
        }
    }
    if std::env::var_os("TRYCMD").is_some_and(|mode| mode == "overwrite") {
        fs::copy(&copy, &file).expect("the page");
    }
}

#[test]
fn the_readme_shows_what_the_command_prints() {
    let server = Server::start();
    run("README.md", &server);
    assert!(server.user("grace@example.com").is_some(), "the roster was synced");
}

#[test]
fn the_page_of_the_command_shows_what_it_prints() {
    let server = Server::start();
    server.mock.edit(|organisation| {
        let ada = User { first_name: Some("Ada".to_owned()), ..User::new("ada@example.com") };
        organisation.create_user(ada).expect("a new address");
    });
    run("docs/command.md", &server);
    assert!(server.user("ada@example.com").is_some_and(|ada| ada.is_disabled));
}
