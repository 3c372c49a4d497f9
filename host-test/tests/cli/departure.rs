//! `deprovision --tombstone`: what is kept of somebody whose departure ends half-way.

use std::fs;
use std::path::PathBuf;
#[cfg(unix)]
use std::process::{Command, Output, Stdio};

use host_test::json;
use host_test::retool::types::Tombstone;
use mock_retool::{Fault, FaultKind, User};
use tempfile::TempDir;

use crate::command::{Ran, Server};

const ADA: &str = "ada.byron@example.com";

/// The groups that Ada is in.
const GROUPS: [&str; 3] = ["Engineering", "Support", "Finance"];

/// A server with Ada, and a place for the record of her.
struct Departure {
    server: Server,
    folder: TempDir,
}

impl Departure {
    fn new() -> Departure {
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
        Departure { server, folder: tempfile::tempdir().expect("a folder") }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("ada.json")
    }

    fn path(&self) -> String {
        self.file().to_str().expect("UTF-8").to_owned()
    }

    fn leave(&self, more: &[&str]) -> Ran {
        self.server.run(&[&["deprovision", "--api=v1", "--email", ADA], more].concat())
    }

    fn strip(&self) -> Ran {
        self.leave(&["--mode=strip", "--tombstone", &self.path()])
    }

    /// The third of the groups can't be left.
    fn hold_the_third_group(&self) {
        self.server.mock.inject(Fault {
            method: Some("DELETE".to_owned()),
            skip: 2,
            ..Fault::new(FaultKind::Status { code: 403, retry_after: None, body: None })
        });
    }

    /// Starts stripping Ada and does this to the process once one group is left and the next is
    /// about to be.
    #[cfg(unix)]
    fn signalled(&self, signal: &str) -> Output {
        use std::sync::{Mutex, mpsc};

        let (arrived, arrival) = mpsc::channel();
        let (go_on, gone_on) = mpsc::channel::<()>();
        let state = Mutex::new((0, gone_on));
        self.server.mock.on_request(move |_, request| {
            if request.method == "DELETE" {
                let mut state = state.lock().expect("no panic");
                state.0 += 1;
                if state.0 == 2 {
                    arrived.send(()).expect("the test waits");
                    // Until the test has gone on, which it says by dropping the sender.
                    let _ = state.1.recv();
                }
            }
            mock_retool::Hook::Serve
        });
        let path = self.path();
        let arguments =
            ["deprovision", "--api=v1", "--mode=strip", "--email", ADA, "--tombstone", &path];
        let mut command = self.server.command(&arguments);
        let child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command");
        arrival.recv().expect("a removal");
        let pid = child.id().to_string();
        let sent = Command::new("kill").args([signal, &pid]).status().expect("kill");
        assert!(sent.success());
        let output = child.wait_with_output().expect("the command");
        drop(go_on);
        self.server.mock.on_request(|_, _| mock_retool::Hook::Serve);
        output
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

    /// Everything about Ada is as before, and that by the record alone.
    fn assert_restorable(&self) {
        let ran = self.server.run(&["restore", "--api=v1", "--tombstone", &self.path()]);
        assert_eq!(ran.exit, 0, "{ran:#?}");
        assert_eq!(self.groups(), GROUPS);
        assert!(!self.server.user(ADA).expect("Ada").is_disabled);
    }

    /// Nothing is left in the folder, whatever its name.
    fn assert_no_file(&self) {
        assert_eq!(fs::read_dir(self.folder.path()).expect("a folder").count(), 0);
    }
}

#[test]
fn what_was_removed_before_a_failure_is_on_record() {
    let departure = Departure::new();
    departure.hold_the_third_group();
    let ran = departure.strip();
    assert_eq!(ran.exit, 4, "{ran:#?}");
    let told = format!("record   {} has the person as they were", departure.path());
    assert!(ran.stderr.contains(&told), "{}", ran.stderr);
    assert_eq!(departure.groups(), GROUPS[2..]);
    departure.server.mock.clear_faults();

    // Another try has less to record, so that it must not be in the same place.
    let before = fs::read(departure.file()).expect("the record");
    let ran = departure.strip();
    assert_eq!(ran.exit, 2, "{ran:#?}");
    assert!(ran.stderr.contains("leave --tombstone out"), "{}", ran.stderr);
    let ran = departure.leave(&["--mode=strip"]);
    assert_eq!(ran.exit, 0, "{ran:#?}");
    assert!(departure.groups().is_empty());
    assert_eq!(fs::read(departure.file()).expect("the record"), before);
    departure.assert_restorable();
}

#[test]
fn the_record_is_named_in_json_too() {
    let departure = Departure::new();
    departure.hold_the_third_group();
    let ran = departure.leave(&["--json", "--mode=strip", "--tombstone", &departure.path()]);
    assert_eq!(ran.exit, 4, "{ran:#?}");
    let error = &ran.json()["error"]["permanent"];
    assert_eq!(error["kind"], "denied");
    assert_eq!(error["tombstone_file"], departure.path());
}

#[test]
fn memberships_are_on_record_where_the_server_shows_them_with_groups_alone() {
    let departure = Departure::new();
    departure.server.mock.inject(Fault::new(FaultKind::OmitField("groups".to_owned())));
    departure.hold_the_third_group();
    let ran = departure.strip();
    assert_eq!(ran.exit, 4, "{ran:#?}");
    assert_eq!(departure.groups(), GROUPS[2..]);
    departure.server.mock.clear_faults();
    departure.assert_restorable();
}

#[cfg(unix)]
#[test]
fn a_departure_that_is_killed_can_be_undone() {
    let departure = Departure::new();
    let output = departure.signalled("-KILL");
    assert_eq!(output.status.code(), None, "{output:?}");
    departure.assert_restorable();
}

#[cfg(unix)]
#[test]
fn a_departure_that_is_interrupted_can_be_undone_and_says_so() {
    let departure = Departure::new();
    let output = departure.signalled("-INT");
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    let stderr = String::from_utf8_lossy(&output.stderr);
    let told = format!("record   {} has the person as they were", departure.path());
    assert!(stderr.starts_with("interrupted; ") && stderr.contains(&told), "{stderr}");
    departure.assert_restorable();
}

#[test]
fn a_failure_that_wrote_nothing_leaves_no_file() {
    let departure = Departure::new();
    let ran = departure.leave(&["--tombstone", &departure.path(), "--protect", ADA]);
    assert_eq!(ran.exit, 3, "{ran:#?}");
    assert!(!ran.stderr.contains(&departure.path()), "{}", ran.stderr);
    departure.assert_no_file();

    departure.server.mock.inject(Fault::new(FaultKind::Status {
        code: 401,
        retry_after: None,
        body: None,
    }));
    let ran = departure.strip();
    assert_eq!(ran.exit, 1, "{ran:#?}");
    departure.assert_no_file();
    departure.server.mock.clear_faults();
    assert_eq!(departure.strip().exit, 0);
}

#[test]
fn nobody_leaves_no_file() {
    let departure = Departure::new();
    departure.server.mock.edit(|acme| {
        let id = acme.user_by_email(ADA).expect("Ada").id.clone();
        acme.delete_user(&id).expect("a deletion");
    });
    let ran = departure.strip();
    assert_eq!(ran.exit, 0, "{ran:#?}");
    assert!(ran.stdout.contains("nothing to do"), "{}", ran.stdout);
    departure.assert_no_file();
}

#[test]
fn the_record_of_a_departure_that_succeeds_is_the_components_own() {
    let departure = Departure::new();
    let ran = departure.leave(&["--json", "--mode=strip", "--tombstone", &departure.path()]);
    assert_eq!(ran.exit, 0, "{ran:#?}");
    let told: Tombstone = json::from_value(ran.json()["tombstone"].clone()).expect("a tombstone");
    assert_eq!(departure.record(), told);
    // The server's whole record, fields that the contract does not know included.
    let raw: serde_json::Value =
        serde_json::from_str(told.raw.as_deref().expect("the server's record")).expect("JSON");
    assert_eq!(raw["locale"], "en-GB", "{raw}");
    assert_eq!(fs::read_dir(departure.folder.path()).expect("a folder").count(), 1);
    departure.assert_restorable();
}
