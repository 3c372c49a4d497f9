//! `sync --tombstones` and `apply --tombstones`: the records are there before the first write.

use std::fs;
use std::path::{Path, PathBuf};

use mock_retool::{Fault, FaultKind};

use crate::command::{File, Ran, Server};

/// The leaver, and a roster with everyone else.
fn leaving(server: &Server) -> (String, File) {
    let (mut leavers, roster) = several_leaving(server, 1);
    (leavers.remove(0), roster)
}

/// This many leavers, and a roster with everyone else.
fn several_leaving(server: &Server, number: usize) -> (Vec<String>, File) {
    let leavers = server.plain_people()[..number].to_vec();
    let state = server.mock.state();
    let is_staying =
        |user: &&mock_retool::User| !user.is_disabled && !leavers.contains(&user.email);
    let staying = state.users.iter().filter(is_staying);
    let staying: String = staying.map(|user| format!("{}\n", user.email)).collect();
    (leavers, File::new("staying.csv", &format!("email\n{staying}")))
}

fn records(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.map(|entry| entry.expect("a file").path()).collect()
}

#[test]
fn the_records_of_a_sync_are_written_before_the_first_write_and_restore_reads_them() {
    for api in ["--api=v1", "--api=v2"] {
        let server = Server::start();
        let (leaver, roster) = leaving(&server);
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path().join("records");
        let at = folder.clone();
        server.mock.on_request(move |_, request| {
            let is_write = !["GET", "HEAD"].contains(&request.method.as_str());
            assert!(!is_write || records(&at).len() == 1, "no record before {}", request.method);
            mock_retool::Hook::Serve
        });
        let path = folder.to_str().expect("UTF-8");
        let line = ["sync", "--yes", api, "--absent=disable", "--roster", roster.path()];
        let ran = server.run(&[&line[..], &["--tombstones", path]].concat());
        assert_eq!(ran.exit, 0, "{ran:#?}");
        assert!(ran.stdout.contains("The records of 1 person are in "), "{}", ran.stdout);
        assert!(server.user(&leaver).expect("the leaver").is_disabled);

        let [record] = &records(&folder)[..] else { panic!("one record") };
        assert!(record.file_name().is_some_and(|name| {
            name.to_str().is_some_and(|name| name.starts_with(&leaver) && name.ends_with(".json"))
        }));
        let record = record.to_str().expect("UTF-8");
        let ran = server.run(&["restore", api, "--tombstone", record]);
        assert_eq!(ran.exit, 0, "{ran:#?}");
        assert!(!server.user(&leaver).expect("the leaver").is_disabled);
    }
}

#[test]
fn a_refused_or_failed_run_that_wrote_nothing_leaves_no_records() {
    let server = Server::start();
    let (_, roster) = leaving(&server);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().to_str().expect("UTF-8");
    let line = ["sync", "--yes", "--api=v1", "--absent=disable", "--roster", roster.path()];
    let line = [&line[..], &["--tombstones", path]].concat();
    let limit = ["--max-user-removals-percent=0", "--max-user-removals-floor=0"];
    let ran = server.run(&[&line[..], &limit].concat());
    assert_eq!(ran.exit, 3, "{ran:#?}");
    assert!(ran.stderr.contains("guard-tripped"), "{}", ran.stderr);
    assert_eq!((server.writes(), records(folder.path()).len()), (0, 0));

    let file = File::new("file", "");
    let ran = server.run(&[&line[..line.len() - 1], &[file.path()]].concat());
    assert_eq!(ran.exit, 1, "{ran:#?}");
    assert!(ran.stderr.contains("could not be written, so nothing was done"), "{}", ran.stderr);
    assert_eq!(server.writes(), 0);
}

#[test]
fn a_run_that_failed_halfway_names_the_folder_and_a_second_one_of_the_plan_keeps_the_records() {
    let server = Server::start();
    let (leavers, roster) = several_leaving(&server, 2);
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    let (plan, path) = (at("plan.json"), at("records"));
    let line = ["plan", "--json", "--api=v1", "--absent=disable", "--roster", roster.path()];
    let ran = server.run(&[&line[..], &["--out", &plan]].concat());
    assert_eq!(ran.exit, 0, "{ran:#?}");
    let digest = ran.json()["digest"].as_str().expect("a digest").to_owned();
    let line = ["apply", &plan, "--api=v1", "--approve", &digest, "--tombstones", &path];
    let apply = || {
        let mut command = server.command(&line);
        Ran::of(command.env("RETOOL_WINDOW", "1").output().expect("the command"))
    };
    let status = |code| FaultKind::Status { code, retry_after: None, body: None };
    let rejected = |method: &str, skip| {
        let method = Some(method.to_owned());
        server.mock.inject(Fault { method, skip, ..Fault::new(status(401)) });
    };

    // Nothing was written.
    rejected("GET", 0);
    let ran = apply();
    assert_eq!(ran.exit, 1, "{ran:#?}");
    assert_eq!((server.writes(), records(Path::new(&path)).len()), (0, 0), "{ran:#?}");
    server.mock.clear_faults();

    // The second write fails.
    rejected("PUT", 1);
    let ran = apply();
    assert_eq!(ran.exit, 4, "{ran:#?}");
    assert!(ran.stderr.contains(&format!("records  {path} has the people's state")), "{ran:#?}");
    let disabled = || leavers.iter().filter(|of| server.user(of).expect("a user").is_disabled);
    assert_eq!((disabled().count(), records(Path::new(&path)).len()), (1, 2), "{ran:#?}");
    server.mock.clear_faults();

    for _ in 0..2 {
        let ran = apply();
        assert_eq!(ran.exit, 0, "{ran:#?}");
        assert_eq!(disabled().count(), 2);
        let mut emails = Vec::new();
        for record in records(Path::new(&path)) {
            let record = fs::read_to_string(record).expect("a record");
            let record: serde_json::Value = serde_json::from_str(&record).expect("JSON");
            assert_eq!(record["user"]["disabled"], false, "the state before");
            emails.push(record["user"]["email"].as_str().expect("an address").to_owned());
        }
        emails.sort();
        assert_eq!(emails.len(), 2);
        assert!(emails.iter().all(|email| leavers.contains(email)), "{emails:?}");
    }
}

#[test]
fn a_run_that_removes_nobody_creates_no_folder() {
    let server = Server::start();
    let roster = File::new("one.csv", "email,user type\nmary@example.com,default\n");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("records/night");
    let line = ["sync", "--yes", "--api=v1", "--roster", roster.path(), "--tombstones"];
    let ran = server.run(&[&line[..], &[path.to_str().expect("UTF-8")]].concat());
    assert_eq!(ran.exit, 0, "{ran:#?}");
    assert!(server.user("mary@example.com").is_some());
    assert_eq!(records(folder.path()).len(), 0);
}
