//! Input files without an end, the cache of machine code, and cursors that are shared.

use std::fs;
use std::path::Path;

use crate::command::{File, Server, command};
use crate::held::Held;

/// The records of the people that a sync removes are only in its result.
#[cfg(target_os = "linux")]
#[test]
fn records_of_a_sync_that_can_not_be_printed_go_to_stderr() {
    for more in [&[][..], &["--json"]] {
        let server = Server::start();
        let people = server.plain_people();
        let (leaving, staying) = people.split_first().expect("people");
        let staff: String = staying.iter().map(|email| format!("{email}\n")).collect();
        let admins = server.mock.state().users.into_iter().filter(|user| user.is_admin);
        let admins: String = admins.map(|user| format!("{}\n", user.email)).collect();
        let roster = File::new("staff.csv", &format!("email\n{staff}{admins}"));
        let arguments =
            ["sync", "--yes", "--api=v1", "--absent=disable", "--roster", roster.path()];
        let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("the device");
        let mut command = server.command(&[&arguments, more].concat());
        let output = command.stdout(full).output().expect("the command");
        assert_eq!(output.status.code(), Some(4), "{output:?}");
        let stderr = String::from_utf8(output.stderr).expect("UTF-8");
        let record = &stderr[stderr.find("\n{").expect("a record")..];
        let record: serde_json::Value = serde_json::from_str(record).expect("one record");
        assert_eq!(&record["user"]["email"], leaving);
        assert!(server.user(leaving).expect("an account").is_disabled);
    }
}

/// Every input file is read up to its largest size.
#[cfg(target_os = "linux")]
#[test]
fn input_without_an_end_is_wrong_usage() {
    let server = Server::start();
    for arguments in [
        ["plan", "--roster", "/dev/zero"].as_slice(),
        &["sync", "--yes", "--roster", "/dev/zero"],
        &["apply", "/dev/zero", "--approve=x"],
        &["show", "/dev/zero"],
        &["restore", "--tombstone", "/dev/zero"],
        &["changes", "--once", "--cursor-file", "/dev/zero"],
        &["check", "--ca-file", "/dev/zero"],
    ] {
        let ran = server.run(arguments);
        assert_eq!(ran.exit, 2, "{arguments:?}: {ran:#?}");
        assert!(ran.stderr.contains("the most that such a file may have"), "{ran:#?}");
        assert!(server.mock.requests().is_empty(), "{arguments:?}");
    }
}

#[test]
fn the_lock_of_a_cursor_is_held_while_changes_runs() {
    let server = Server::start();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("acme.cursor");
    let arguments =
        ["changes", "--api=v1", "--once", "--cursor-file", path.to_str().expect("UTF-8")];
    let running = Held::start(&server, server.command(&arguments), "GET", 1);
    running.requested();
    let ran = server.run(&arguments);
    assert_eq!(ran.exit, 1, "{ran:#?}");
    assert!(ran.stderr.contains("another process is using"), "{ran:#?}");
    let output = running.release();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(server.run(&arguments).exit, 0);
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
}

#[test]
fn a_cursor_behind_a_link_is_written_to_its_target() {
    let server = Server::start();
    let folder = tempfile::tempdir().expect("a folder");
    let (link, target) = (folder.path().join("link"), folder.path().join("target"));
    std::os::unix::fs::symlink(&target, &link).expect("a link");
    let ran = server.run(&[
        "changes",
        "--api=v1",
        "--once",
        "--cursor-file",
        link.to_str().expect("UTF-8"),
    ]);
    assert_eq!(ran.exit, 0, "{ran:#?}");
    assert!(link.is_symlink() && target.is_file());
}

/// Runs a command that needs the component, with this cache, and returns its stderr.
fn run_with_cache(server: &Server, cache: &Path) -> String {
    let output = command()
        .args(["check", "--api=v1"])
        .env("XDG_CACHE_HOME", cache)
        .env("RETOOL_BASE_URL", server.mock.base_url())
        .env("RETOOL_API_TOKEN", server.mock.token())
        .output()
        .expect("the command");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    String::from_utf8(output.stderr).expect("UTF-8")
}

const NOT_KEPT: &str = "its machine code can't be kept";

#[test]
fn damaged_machine_code_is_compiled_again_and_replaced() {
    let server = Server::start();
    let cache = tempfile::tempdir().expect("a folder");
    assert!(!run_with_cache(&server, cache.path()).contains(NOT_KEPT));
    let folder = cache.path().join("retool-lifecycle");
    let code = fs::read_dir(&folder).expect("a folder").next().expect("a file").expect("a file");
    let whole = fs::read(code.path()).expect("a file");
    let mut damaged = whole.clone();
    // In the middle of the code; it would crash.
    let middle = damaged.len() / 2;
    damaged[middle..middle + 4096].fill(0);
    fs::write(code.path(), &damaged).expect("a file");
    run_with_cache(&server, cache.path());
    assert!(fs::read(code.path()).expect("a file") == whole, "it was not replaced");
    assert_eq!(fs::read_dir(&folder).expect("a folder").count(), 1);
}

#[test]
fn a_cache_that_can_not_be_used_is_reported_and_left_alone() {
    use std::os::unix::fs::PermissionsExt;

    let server = Server::start();
    let cache = tempfile::tempdir().expect("a folder");
    fs::set_permissions(cache.path(), fs::Permissions::from_mode(0o777)).expect("permissions");
    let stderr = run_with_cache(&server, cache.path());
    assert!(stderr.contains(NOT_KEPT) && stderr.contains("chmod go-w"), "{stderr}");
    let folder = cache.path().join("retool-lifecycle");
    assert_eq!(fs::read_dir(folder).expect("a folder").count(), 0);
}
