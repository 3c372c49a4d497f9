//! `sync --tombstones` and `apply --tombstones`: the records are there before the first write.

use std::fs;
use std::path::{Path, PathBuf};

use mock_retool::{Fault, FaultKind};

use crate::command::{File, Server};

/// The leaver, and a roster with everyone else.
fn leaving(server: &Server) -> (String, File) {
    let leaver = server.plain_people()[0].clone();
    let state = server.mock.state();
    let staying = state.users.iter().filter(|user| !user.is_disabled && user.email != leaver);
    let staying: String = staying.map(|user| format!("{}\n", user.email)).collect();
    (leaver, File::new("staying.csv", &format!("email\n{staying}")))
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
    let (leaver, roster) = leaving(&server);
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    let (plan, path) = (at("plan.json"), at("records"));
    let line = ["plan", "--json", "--api=v1", "--absent=disable", "--roster", roster.path()];
    let ran = server.run(&[&line[..], &["--out", &plan]].concat());
    assert_eq!(ran.exit, 0, "{ran:#?}");
    let digest = ran.json()["digest"].as_str().expect("a digest").to_owned();
    let apply = ["apply", &plan, "--api=v1", "--approve", &digest, "--tombstones", &path];
    // The write is done, and its reply is an error of authority, which ends the call.
    server.mock.inject(Fault {
        method: Some("GET".to_owned()),
        path: None,
        skip: 0,
        ..Fault::new(FaultKind::Status { code: 401, retry_after: None, body: None })
    });
    let ran = server.run(&apply);
    assert_ne!(ran.exit, 0, "{ran:#?}");
    assert_eq!((server.writes(), records(Path::new(&path)).len()), (0, 0), "{ran:#?}");
    server.mock.clear_faults();

    for _ in 0..2 {
        let ran = server.run(&apply);
        assert_eq!(ran.exit, 0, "{ran:#?}");
        let [record] = &records(Path::new(&path))[..] else { panic!("one record") };
        let record = fs::read_to_string(record).expect("a record");
        let record: serde_json::Value = serde_json::from_str(&record).expect("JSON");
        assert_eq!(record["user"]["email"], *leaver);
        assert_eq!(record["user"]["disabled"], false, "the state before");
    }
}
