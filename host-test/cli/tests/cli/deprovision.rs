//! `deprovision --tombstone`: the record of a person whose deprovision ends halfway.

use std::fs;
use std::path::PathBuf;
#[cfg(target_os = "linux")]
use std::process::Output;

use host_test::json;
use host_test::retool::types::Tombstone;
use mock_retool::{Fault, FaultKind, User};
use tempfile::TempDir;

use crate::command::{Ran, Server};
#[cfg(unix)]
use crate::held::Held;

const ADA: &str = "ada.byron@example.com";

/// The groups that Ada is in.
const GROUPS: [&str; 3] = ["Engineering", "Support", "Finance"];

/// A server with Ada, and a folder for her record.
struct Setup {
    server: Server,
    folder: TempDir,
}

impl Setup {
    fn new() -> Setup {
        let server = Server::start();
        server.mock.edit(|acme| {
            let mut ada = User::new(ADA);
            ada.extra.insert("locale".to_owned(), "en-GB".into());
            let id = acme.create_user(ada).expect("an account").id.clone();
            for name in GROUPS {
                let group = acme.group_named(name).expect("a group").id;
                acme.join(group, &id).expect("a membership");
            }
        });
        Setup { server, folder: tempfile::tempdir().expect("a folder") }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("ada.json")
    }

    fn path(&self) -> String {
        self.file().to_str().expect("UTF-8").to_owned()
    }

    fn deprovision(&self, more: &[&str]) -> Ran {
        self.server.run(&[&["deprovision", "--api=v1", "--email", ADA], more].concat())
    }

    fn strip(&self) -> Ran {
        self.deprovision(&["--mode=strip", "--tombstone", &self.path()])
    }

    /// Makes the removal from the third group fail.
    fn fail_the_third_removal(&self) {
        self.server.mock.inject(Fault {
            method: Some("DELETE".to_owned()),
            skip: 2,
            ..Fault::new(FaultKind::Status { code: 403, retry_after: None, body: None })
        });
    }

    /// Starts to strip Ada. Returns when the first membership is removed and the second removal has
    /// been requested.
    #[cfg(unix)]
    fn held(&self) -> Held {
        let path = self.path();
        let arguments =
            ["deprovision", "--api=v1", "--mode=strip", "--email", ADA, "--tombstone", &path];
        let running = Held::start(&self.server, self.server.command(&arguments), "DELETE", 2);
        running.requested();
        running
    }

    fn record(&self) -> Tombstone {
        let record = fs::read(self.file()).expect("the record");
        json::from_value(serde_json::from_slice(&record).expect("JSON")).expect("a tombstone")
    }

    fn groups(&self) -> Vec<String> {
        let state = self.server.mock.state();
        let ada = state.user_by_email(ADA).expect("Ada");
        state.groups_of(ada).map(|group| group.name.clone()).collect()
    }

    /// Checks that restoring the record alone brings Ada back to her state from before.
    fn assert_restorable(&self) {
        let ran = self.server.run(&["restore", "--api=v1", "--tombstone", &self.path()]);
        assert_eq!(ran.exit, 0, "{ran:#?}");
        assert_eq!(self.groups(), GROUPS);
        assert!(!self.server.user(ADA).expect("Ada").is_disabled);
    }

    /// Checks that there is no file in the folder, of any name.
    fn assert_no_file(&self) {
        assert_eq!(fs::read_dir(self.folder.path()).expect("a folder").count(), 0);
    }
}

#[test]
fn memberships_removed_before_a_failure_are_in_the_record() {
    let setup = Setup::new();
    setup.fail_the_third_removal();
    let ran = setup.strip();
    assert_eq!(ran.exit, 4, "{ran:#?}");
    let expected = format!("record   {} has the person's state before the change", setup.path());
    assert!(ran.stderr.contains(&expected), "{}", ran.stderr);
    assert_eq!(setup.groups(), GROUPS[2..]);
    setup.server.mock.clear_faults();

    // The record of a second try would have less in it, so it must not replace the first.
    let before = fs::read(setup.file()).expect("the record");
    let ran = setup.strip();
    assert_eq!(ran.exit, 2, "{ran:#?}");
    assert!(ran.stderr.contains("leave --tombstone out"), "{}", ran.stderr);
    let ran = setup.deprovision(&["--mode=strip"]);
    assert_eq!(ran.exit, 0, "{ran:#?}");
    assert!(setup.groups().is_empty());
    assert_eq!(fs::read(setup.file()).expect("the record"), before);
    setup.assert_restorable();
}

#[test]
fn the_json_error_names_the_record_file() {
    let setup = Setup::new();
    setup.fail_the_third_removal();
    let ran = setup.deprovision(&["--json", "--mode=strip", "--tombstone", &setup.path()]);
    assert_eq!(ran.exit, 4, "{ran:#?}");
    let error = &ran.json()["error"]["permanent"];
    assert_eq!(error["kind"], "denied");
    assert_eq!(error["tombstone_file"], setup.path());
}

#[test]
fn memberships_are_recorded_even_if_the_server_returns_them_only_with_groups() {
    let setup = Setup::new();
    setup.server.mock.inject(Fault::new(FaultKind::OmitField("groups".to_owned())));
    setup.fail_the_third_removal();
    let ran = setup.strip();
    assert_eq!(ran.exit, 4, "{ran:#?}");
    assert_eq!(setup.groups(), GROUPS[2..]);
    setup.server.mock.clear_faults();
    setup.assert_restorable();
}

#[cfg(unix)]
#[test]
fn a_killed_deprovision_can_be_undone() {
    let setup = Setup::new();
    let running = setup.held();
    running.signal("-KILL");
    let output = running.end();
    setup.server.mock.on_request(|_, _| mock_retool::Hook::Serve);
    assert_eq!(output.status.code(), None, "{output:?}");
    setup.assert_restorable();
}

#[cfg(unix)]
#[test]
fn a_stopped_deprovision_says_what_it_did_names_the_record_and_can_be_undone() {
    for (signal, code) in [("-HUP", 129), ("-INT", 130), ("-TERM", 143)] {
        let setup = Setup::new();
        let mut running = setup.held();
        running.stop(signal);
        let output = running.release();
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        let stderr = String::from_utf8_lossy(&output.stderr);
        let record = format!("record   {} has the person's state before the change", setup.path());
        for expected in ["(call-stopped)", "Engineering", "Support", &record] {
            assert!(stderr.contains(expected), "{expected}: {stderr}");
        }
        assert_eq!(setup.groups(), GROUPS[2..], "{signal}");
        setup.server.mock.on_request(|_, _| mock_retool::Hook::Serve);
        setup.assert_restorable();
    }
}

/// Deprovisions Ada with a standard output that is full.
#[cfg(target_os = "linux")]
fn to_a_full_disk(setup: &Setup, more: &[&str]) -> Output {
    let arguments = [&["deprovision", "--api=v1", "--mode=strip", "--email", ADA], more].concat();
    let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("the device");
    setup.server.command(&arguments).stdout(full).output().expect("the command")
}

#[cfg(target_os = "linux")]
#[test]
fn a_record_that_can_not_be_printed_goes_to_stderr() {
    for more in [&[][..], &["--json"]] {
        let setup = Setup::new();
        let output = to_a_full_disk(&setup, more);
        assert_eq!(output.status.code(), Some(4), "{output:?}");
        let stderr = String::from_utf8(output.stderr).expect("UTF-8");
        assert!(stderr.contains("the result could not be printed"), "{stderr}");
        let record = &stderr[stderr.find("\n{").expect("a record")..];
        fs::write(setup.file(), record).expect("a file");
        setup.assert_restorable();
    }
}

/// Runs the command with a standard output that may grow by a few bytes only.
#[cfg(target_os = "linux")]
#[test]
fn a_record_that_is_too_large_for_its_file_goes_to_stderr() {
    use std::os::unix::process::CommandExt;

    // The machine code in its cache, and what the runtime keeps in files, must fit.
    const LIMIT: u64 = 512 << 20;
    let setup = Setup::new();
    let mut out = tempfile::tempfile().expect("a file");
    out.set_len(LIMIT - 200).expect("a long file");
    std::io::Seek::seek(&mut out, std::io::SeekFrom::End(0)).expect("its end");
    let arguments = ["deprovision", "--api=v1", "--mode=strip", "--email", ADA];
    let mut command = setup.server.command(&arguments);
    // SAFETY: it calls only `setrlimit` and `signal`, which may be called after a fork.
    unsafe {
        command.pre_exec(|| {
            let limit = libc::rlimit { rlim_cur: LIMIT, rlim_max: LIMIT };
            libc::signal(libc::SIGXFSZ, libc::SIG_DFL);
            match libc::setrlimit(libc::RLIMIT_FSIZE, &raw const limit) {
                0 => Ok(()),
                _ => Err(std::io::Error::last_os_error()),
            }
        });
    }
    let output = command.stdout(out).output().expect("the command");
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    let stderr = String::from_utf8(output.stderr).expect("UTF-8");
    let record = stderr.find("\n{").unwrap_or_else(|| panic!("no record: {stderr}"));
    fs::write(setup.file(), &stderr[record..]).expect("a file");
    setup.assert_restorable();
}

/// Returns a pipe with room for about this many bytes, which refuses to be
/// written to (EAGAIN) when there is none.
#[cfg(target_os = "linux")]
fn nearly_full_pipe(room: usize) -> (std::os::fd::OwnedFd, fs::File) {
    use std::io::Write;
    use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

    let mut ends = [0; 2];
    // SAFETY: it writes the two ends, which nothing else owns.
    let (reader, mut writer) = unsafe {
        assert_eq!(libc::pipe2(ends.as_mut_ptr(), libc::O_NONBLOCK | libc::O_CLOEXEC), 0);
        (OwnedFd::from_raw_fd(ends[0]), fs::File::from(OwnedFd::from_raw_fd(ends[1])))
    };
    // SAFETY: the end is open.
    let size = unsafe { libc::fcntl(writer.as_raw_fd(), libc::F_GETPIPE_SZ) };
    let size = usize::try_from(size).expect("a size");
    writer.write_all(&vec![b' '; size - room]).expect("room");
    (reader, writer)
}

#[cfg(target_os = "linux")]
#[test]
fn a_record_goes_to_stderr_although_a_shorter_document_could_be_printed() {
    let setup = Setup::new();
    // Enough for an error without the record.
    let (_reader, writer) = nearly_full_pipe(500);
    let arguments = ["deprovision", "--json", "--api=v1", "--mode=strip", "--email", ADA];
    let output = setup.server.command(&arguments).stdout(writer).output().expect("the command");
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    let stderr = String::from_utf8(output.stderr).expect("UTF-8");
    let record = stderr.find("\n{").unwrap_or_else(|| panic!("no record: {stderr}"));
    fs::write(setup.file(), &stderr[record..]).expect("a file");
    setup.assert_restorable();
}

#[cfg(target_os = "linux")]
#[test]
fn a_record_in_a_file_is_not_printed_too() {
    let setup = Setup::new();
    let output = to_a_full_disk(&setup, &["--tombstone", &setup.path()]);
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    let stderr = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(!stderr.contains("recorded_at"), "{stderr}");
    setup.assert_restorable();
}

#[test]
fn a_failure_without_writes_leaves_no_record_file() {
    let setup = Setup::new();
    let ran = setup.deprovision(&["--tombstone", &setup.path(), "--protect", ADA]);
    assert_eq!(ran.exit, 3, "{ran:#?}");
    assert!(!ran.stderr.contains(&setup.path()), "{}", ran.stderr);
    setup.assert_no_file();

    setup.server.mock.inject(Fault::new(FaultKind::Status {
        code: 401,
        retry_after: None,
        body: None,
    }));
    let ran = setup.strip();
    assert_eq!(ran.exit, 1, "{ran:#?}");
    setup.assert_no_file();
    setup.server.mock.clear_faults();
    assert_eq!(setup.strip().exit, 0);
}

#[test]
fn what_is_left_to_do_names_the_commands_switches() {
    let setup = Setup::new();
    assert_eq!(setup.deprovision(&[]).exit, 0);
    let mode = ["--mode=delete-after", "--days=30"];
    for more in [&["--dry-run"][..], &[], &["--tombstones", &setup.path()]] {
        let ran = setup.deprovision(&[&mode[..], more].concat());
        assert_eq!(ran.exit, 0, "{ran:#?}");
        assert!(ran.stdout.contains("Give --disabled-since from the result"), "{}", ran.stdout);
    }
}

#[test]
fn a_missing_person_leaves_no_record_file() {
    let setup = Setup::new();
    setup.server.mock.edit(|acme| {
        let id = acme.user_by_email(ADA).expect("Ada").id.clone();
        acme.delete_user(&id).expect("a deletion");
    });
    let ran = setup.strip();
    assert_eq!(ran.exit, 0, "{ran:#?}");
    assert!(ran.stdout.contains("nothing to do"), "{}", ran.stdout);
    setup.assert_no_file();
}

#[test]
fn the_record_of_a_successful_deprovision_is_the_components_own() {
    let setup = Setup::new();
    let ran = setup.deprovision(&["--json", "--mode=strip", "--tombstone", &setup.path()]);
    assert_eq!(ran.exit, 0, "{ran:#?}");
    let expected: Tombstone =
        json::from_value(ran.json()["tombstone"].clone()).expect("a tombstone");
    assert_eq!(setup.record(), expected);
    // The server's whole record, including fields that the contract does not have.
    let raw: serde_json::Value =
        serde_json::from_str(expected.raw.as_deref().expect("the server's record")).expect("JSON");
    assert_eq!(raw["locale"], "en-GB", "{raw}");
    assert_eq!(fs::read_dir(setup.folder.path()).expect("a folder").count(), 1);
    setup.assert_restorable();
}

#[test]
fn a_record_that_can_not_be_written_to_its_file_any_more_is_in_the_one_document() {
    let setup = Setup::new();
    let file = setup.file();
    setup.server.mock.on_request(move |_, request| {
        // By now the record from before is in the file. A folder in its place can't be replaced.
        if request.method == "DELETE" && file.is_file() {
            fs::remove_file(&file).expect("the record");
            fs::create_dir(&file).expect("a folder");
        }
        mock_retool::Hook::Serve
    });
    let ran = setup.deprovision(&["--json", "--mode=strip", "--tombstone", &setup.path()]);
    assert_eq!(ran.exit, 4, "{ran:#?}");
    assert!(ran.stderr.contains("the record could not be written to"), "{}", ran.stderr);
    let record = ran.json()["tombstone"].to_string();
    fs::remove_dir(setup.file()).expect("the folder");
    fs::write(setup.file(), record).expect("a file");
    setup.assert_restorable();
}
