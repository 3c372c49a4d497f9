//! `deprovision` and `restore` of many people.

mod half_way;

use std::fs;
use std::path::PathBuf;

use mock_retool::{Fault, FaultKind, User};
use tempfile::TempDir;

use crate::command::{File, Ran, Server};
#[cfg(unix)]
use crate::held::Held;

const PEOPLE: [&str; 3] = ["ada@example.com", "bob@example.com", "cy@example.com"];

struct Setup {
    server: Server,
    folder: TempDir,
    list: File,
}

impl Setup {
    fn new() -> Setup {
        let server = Server::start();
        server.mock.edit(|acme| {
            for email in PEOPLE {
                let id = acme.add_user(User::new(email)).expect("a new address").id.clone();
                for name in ["Engineering", "Support"] {
                    let group = acme.group_named(name).expect("a group").id;
                    acme.join(group, &id).expect("a membership");
                }
            }
        });
        let list = File::new("leavers.txt", &format!("# leavers\n\n{}\n", PEOPLE.join("\n")));
        Setup { server, folder: tempfile::tempdir().expect("a folder"), list }
    }

    fn records(&self) -> PathBuf {
        self.folder.path().join("records")
    }

    fn run(&self, command: &str, more: &[&str]) -> Ran {
        self.server.run(&[&[command, "--api=v1"], more].concat())
    }

    fn strip(&self, more: &[&str]) -> Ran {
        let records = self.records();
        let records = records.to_str().expect("UTF-8");
        let line = ["--mode=strip", "--emails-from", self.list.path(), "--tombstones", records];
        self.run("deprovision", &[&line, more].concat())
    }

    /// The same with one request after the other.
    fn strip_in_order(&self) -> Ran {
        let records = self.records();
        let line = ["deprovision", "--api=v1", "--mode=strip", "--emails-from", self.list.path()];
        let more = ["--tombstones", records.to_str().expect("UTF-8")];
        let mut command = self.server.command(&[&line[..], &more].concat());
        Ran::of(command.env("RETOOL_WINDOW", "1").output().expect("the command"))
    }

    /// Returns the text of a person's record.
    fn record(&self, email: &str) -> String {
        fs::read_to_string(self.records().join(format!("{email}.json"))).expect("a record")
    }

    fn groups(&self, email: &str) -> Vec<String> {
        let state = self.server.mock.state();
        let user = state.user_by_email(email).expect("a user");
        state.groups_of(user).map(|group| group.name.clone()).collect()
    }

    fn restore(&self, more: &[&str]) -> Ran {
        let records = self.records();
        self.run("restore", &[&["--tombstone", records.to_str().expect("UTF-8")], more].concat())
    }

    /// Returns the people who are disabled.
    fn disabled(&self) -> Vec<&'static str> {
        let is_disabled = |email: &&str| self.server.user(email).expect("a user").is_disabled;
        PEOPLE.into_iter().filter(is_disabled).collect()
    }

    /// Returns the names of the files with records.
    fn files(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.records()) else { return Vec::new() };
        let names = entries.map(|entry| entry.expect("a file").file_name());
        let mut names: Vec<String> = names.map(|name| name.into_string().expect("UTF-8")).collect();
        names.sort();
        names
    }

    /// Makes the requests with this method about this person fail.
    fn fail(&self, method: &str, email: &str, code: u16) {
        let id = self.server.user(email).expect("a user").id;
        self.server.mock.inject(Fault {
            method: Some(method.to_owned()),
            path: Some(format!("/api/v1/users/{id}")),
            ..Fault::new(FaultKind::Status { code, retry_after: None, body: None })
        });
    }

    /// Answers every request after the one with this method about this person with 401.
    fn reject_the_token_from(&self, method: &'static str, email: &str) {
        let path = format!("/api/v1/users/{}", self.server.user(email).expect("a user").id);
        let rejected = std::sync::atomic::AtomicBool::new(false);
        self.server.mock.on_request(move |_, request| {
            use std::sync::atomic::Ordering::Relaxed;
            if request.method == method && request.path == path {
                rejected.store(true, Relaxed);
            }
            if rejected.load(Relaxed) {
                mock_retool::Hook::Respond(401)
            } else {
                mock_retool::Hook::Serve
            }
        });
    }
}

#[test]
fn many_are_deprovisioned_with_a_record_each_and_restored_from_the_folder() {
    let setup = Setup::new();
    let ran = setup.strip(&[]);
    assert_eq!(ran.exit, 0, "{ran:#?}");
    for email in PEOPLE {
        assert!(ran.stdout.contains(&format!("{email}: disabled\n")), "{}", ran.stdout);
    }
    assert!(ran.stdout.contains("3 people: 3 done, 0 failed, 0 not begun; 9 writes\n"), "{ran:#?}");
    assert!(!ran.stdout.contains("recorded_at"), "{}", ran.stdout);
    assert!(ran.stdout.contains("restores everyone who has one there"), "{}", ran.stdout);
    assert_eq!(setup.disabled(), PEOPLE);
    assert_eq!(setup.files(), PEOPLE.map(|email| format!("{email}.json")));

    let dry = setup.restore(&["--dry-run"]);
    assert_eq!(dry.exit, 0, "{dry:#?}");
    assert!(dry.stdout.contains("ada@example.com: would be enabled again\n"), "{}", dry.stdout);
    assert!(dry.stdout.contains("would be added to: Engineering, Support\n"), "{}", dry.stdout);
    assert_eq!(setup.disabled(), PEOPLE);

    let ran = setup.restore(&[]);
    assert_eq!(ran.exit, 0, "{ran:#?}");
    assert!(ran.stdout.contains("bob@example.com: enabled again\n"), "{}", ran.stdout);
    assert!(ran.stdout.contains("3 people: 3 restored, 0 failed; 9 writes\n"), "{}", ran.stdout);
    assert!(setup.disabled().is_empty());
    let ran = setup.restore(&["--dry-run"]);
    assert!(ran.stdout.contains("ada@example.com: would stay as it is\n"), "{}", ran.stdout);
}

#[test]
fn a_dry_run_shows_everyone_and_writes_nothing() {
    let setup = Setup::new();
    let list = File::new("list", "ada@example.com\nnobody@example.com\n");
    let line = ["--mode=strip", "--dry-run", "--emails-from", list.path()];
    let ran = setup.run("deprovision", &line);
    assert_eq!(ran.exit, 0, "{ran:#?}");
    for text in [
        "ada@example.com: would be disabled\n  would be removed from: Engineering, Support\n",
        "nobody@example.com: is not in Retool, nothing to do\n",
        "nothing was written\n",
    ] {
        assert!(ran.stdout.contains(text), "{text}: {}", ran.stdout);
    }
    let ran = setup.run("deprovision", &["--dry-run", "--email", "ada@example.com", "--json"]);
    assert_eq!(ran.json()["outcome"], "deactivated");
    let line = ["--dry-run", "--email", PEOPLE[0], PEOPLE[1], "--protect", PEOPLE[1], "--json"];
    let ran = setup.run("deprovision", &line);
    assert_eq!(ran.exit, 4, "{ran:#?}");
    let people = ran.json()["people"].take();
    assert_eq!(people[0]["plan"]["outcome"], "deactivated");
    assert_eq!(people[1]["error"]["permanent"]["code"], "protected-person");
    assert_eq!(setup.server.writes(), 0);
    assert!(setup.files().is_empty());
}

#[test]
fn the_failure_of_one_person_leaves_the_others_alone_and_exits_with_4() {
    let setup = Setup::new();
    setup.fail("PUT", PEOPLE[1], 403);
    let ran = setup.strip(&["--json"]);
    assert_eq!(ran.exit, 4, "{ran:#?}");
    assert_eq!(setup.disabled(), [PEOPLE[0], PEOPLE[2]]);
    let document = ran.json();
    assert_eq!(document["complete"], false);
    assert_eq!(document["people"][0]["result"]["outcome"], "deactivated");
    assert!(document["people"][1]["error"]["permanent"]["code"].is_string(), "{document:#}");
    assert_eq!(document["people"][2]["email"], PEOPLE[2]);
    // Nothing was written for the one who failed, so there is nothing to restore.
    assert_eq!(setup.files(), ["ada@example.com.json", "cy@example.com.json"]);
    assert!(document["people"][0]["tombstone_file"].as_str().expect("a file").contains("ada"));
}

#[test]
fn a_rejected_token_ends_the_run() {
    let setup = Setup::new();
    setup.reject_the_token_from("PUT", PEOPLE[1]);
    let ran = setup.strip(&[]);
    assert_eq!(ran.exit, 4, "{ran:#?}");
    assert!(ran.stdout.contains("ada@example.com: disabled\n"), "{}", ran.stdout);
    assert!(ran.stdout.contains("(token-rejected)"), "{}", ran.stdout);
    assert!(ran.stdout.contains("cy@example.com: not begun\n"), "{}", ran.stdout);
    assert_eq!(setup.disabled(), [PEOPLE[0]]);
    let third = setup.server.user(PEOPLE[2]).expect("Cy").id;
    let requests = setup.server.mock.requests();
    assert!(!requests.iter().any(|request| request.path.contains(&third)), "{requests:?}");

    let setup = Setup::new();
    setup.server.mock.on_request(|_, _| mock_retool::Hook::Respond(401));
    let ran = setup.strip(&[]);
    assert_eq!((ran.exit, &*ran.stdout), (1, ""), "{ran:#?}");
    assert!(setup.files().is_empty());
}

#[cfg(unix)]
#[test]
fn a_signal_ends_the_run_after_the_person_and_what_was_done_can_be_undone() {
    let setup = Setup::new();
    let records = setup.records();
    let records = records.to_str().expect("UTF-8");
    let line = ["deprovision", "--api=v1", "--mode=strip", "--emails-from", setup.list.path()];
    let line = [&line[..], &["--tombstones", records]].concat();
    // The first person takes one PUT.
    let mut running = Held::start(&setup.server, setup.server.command(&line), "PUT", 2);
    running.requested();
    running.stop("-INT");
    let output = running.release();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    let stdout = String::from_utf8(output.stdout).expect("UTF-8");
    for text in ["ada@example.com: disabled\n", "(call-stopped)", "cy@example.com: not begun\n"] {
        assert!(stdout.contains(text), "{text}: {stdout}");
    }
    assert_eq!(setup.files(), ["ada@example.com.json", "bob@example.com.json"]);
    assert_eq!(setup.disabled(), [PEOPLE[0], PEOPLE[1]]);
    setup.server.mock.on_request(|_, _| mock_retool::Hook::Serve);
    let ran = setup.restore(&[]);
    assert_eq!(ran.exit, 0, "{ran:#?}");
    assert!(setup.disabled().is_empty());
}

#[test]
fn mistakes_are_named_with_their_lines_before_anything_is_sent() {
    let setup = Setup::new();
    let list = File::new("list", "ada@example.com\nbob\n\nADA@example.com\n");
    let ran = setup.run("deprovision", &["--emails-from", list.path()]);
    assert_eq!(ran.exit, 2, "{ran:#?}");
    for place in ["line 2: `bob` is not an address", "line 4: ADA@example.com is there already"] {
        assert!(ran.stderr.contains(place), "{}", ran.stderr);
    }
    for wrong in [
        &["--email", PEOPLE[0], PEOPLE[1], "--tombstone", "x.json"][..],
        &["--email", PEOPLE[0], PEOPLE[1], "--expect-id", "1"],
        &[],
    ] {
        assert_eq!(setup.run("deprovision", wrong).exit, 2, "{wrong:?}");
    }
    assert!(setup.server.mock.requests().is_empty());
}

#[test]
fn an_existing_record_is_kept_and_nobody_is_removed() {
    let setup = Setup::new();
    fs::create_dir(setup.records()).expect("a folder");
    fs::write(setup.records().join("bob@example.com.json"), "kept").expect("a file");
    let ran = setup.strip(&[]);
    assert_eq!(ran.exit, 2, "{ran:#?}");
    assert!(ran.stderr.contains("never overwritten"), "{}", ran.stderr);
    assert!(ran.stderr.contains("another folder for --tombstones"), "{}", ran.stderr);
    assert!(setup.server.mock.requests().is_empty());
    assert_eq!(setup.files(), ["bob@example.com.json"]);
}

#[test]
fn a_record_is_in_its_file_before_the_next_person_begins() {
    let setup = Setup::new();
    let id = setup.server.user(PEOPLE[1]).expect("Bob").id;
    let (seen, at_the_second) = std::sync::mpsc::channel();
    let records = setup.records();
    setup.server.mock.on_request(move |_, request| {
        if request.method == "PUT" && request.path.contains(&id) {
            let first = fs::read(records.join("ada@example.com.json")).expect("the first record");
            let record: serde_json::Value = serde_json::from_slice(&first).expect("JSON");
            // Only the component's own record has this.
            seen.send(record["raw"].is_string()).expect("a test");
            assert!(records.join("bob@example.com.json").is_file());
        }
        mock_retool::Hook::Serve
    });
    assert_eq!(setup.strip(&[]).exit, 0);
    assert!(at_the_second.recv().expect("the second person"));
}

#[test]
fn records_that_no_file_has_are_printed() {
    let setup = Setup::new();
    let line = ["--email", PEOPLE[0], "--email", PEOPLE[1]];
    let ran = setup.run("deprovision", &line);
    assert_eq!(ran.exit, 0, "{ran:#?}");
    assert_eq!(ran.stdout.matches("\"recorded_at\": ").count(), 2, "{}", ran.stdout);
    let ran = setup.run("deprovision", &["--email", PEOPLE[2], "--email", "x@y.z", "--json"]);
    let people = ran.json()["people"].take();
    assert_eq!(people[0]["result"]["tombstone"]["user"]["email"], PEOPLE[2]);
}

#[test]
fn a_failed_restore_of_one_leaves_the_others_alone_and_exits_with_4() {
    let setup = Setup::new();
    assert_eq!(setup.strip(&[]).exit, 0);
    setup.server.mock.edit(|acme| {
        let id = acme.user_by_email(PEOPLE[1]).expect("Bob").id.clone();
        acme.delete_user(&id).expect("a deletion");
    });
    let dry = setup.restore(&["--dry-run"]);
    assert_eq!(dry.exit, 4, "{dry:#?}");
    assert!(dry.stdout.contains("bob@example.com: would fail: the account is gone"), "{dry:#?}");
    let ran = setup.restore(&[]);
    assert_eq!(ran.exit, 4, "{ran:#?}");
    assert!(ran.stdout.contains("(user-not-found)"), "{}", ran.stdout);
    assert!(ran.stdout.contains("3 people: 2 restored, 1 failed; "), "{}", ran.stdout);
    assert!(!setup.server.user(PEOPLE[2]).expect("Cy").is_disabled);
}

#[test]
fn all_wrong_records_are_named_at_once() {
    let setup = Setup::new();
    fs::create_dir(setup.records()).expect("a folder");
    for name in ["a.json", "b.json", "c.txt"] {
        fs::write(setup.records().join(name), "{}").expect("a file");
    }
    let ran = setup.restore(&[]);
    assert_eq!(ran.exit, 2, "{ran:#?}");
    assert!(ran.stderr.contains("a.json is not the record"), "{}", ran.stderr);
    assert!(ran.stderr.contains("b.json is not the record"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("c.txt"), "{}", ran.stderr);
    assert!(setup.server.mock.requests().is_empty());
}
