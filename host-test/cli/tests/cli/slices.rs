//! Long plans are applied in several calls, also if the time of one ends.

use std::fs;

use mock_retool::{Fault, FaultKind};

use crate::command::{File, Ran, Server};

/// Writes the plan of a roster with new people. Returns the file and its digest.
fn planned(server: &Server, people: usize) -> (File, String) {
    let lines = (0..people).map(|n| format!("person-{n:04}@example.com,default,Engineering\n"));
    let roster = format!("email,user type,groups\n{}", lines.collect::<String>());
    let roster = File::new("new.csv", &roster);
    let plan = File::new("plan.json", "");
    fs::remove_file(plan.path()).expect("the file");
    let allow = ["--max-creations-floor=2000", "--max-member-additions-floor=2000"];
    let line = ["plan", "--json", "--api=v1", "--roster", roster.path(), "--out", plan.path()];
    let ran = server.run(&[&line[..], &allow].concat());
    assert_eq!(ran.exit, 0, "{ran:#?}");
    let digest = ran.json()["digest"].as_str().expect("a digest").to_owned();
    (plan, digest)
}

fn created(server: &Server) -> usize {
    let state = server.mock.state();
    state.users.iter().filter(|user| user.email.starts_with("person-")).count()
}

fn members(server: &Server) -> usize {
    let state = server.mock.state();
    let group = state.groups.iter().find(|group| group.name == "Engineering");
    let id = group.expect("the group").id;
    state.members(id).count()
}

#[test]
fn a_long_plan_is_applied_in_several_calls_with_one_report() {
    let server = Server::start();
    let before = members(&server);
    let (plan, digest) = planned(&server, 1_010);
    let apply = ["apply", plan.path(), "--api=v1", "--json", "--approve", &digest];
    let ran = server.run(&apply);
    assert_eq!(ran.exit, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("steps 1 to 2000 of 2020"), "{}", ran.stderr);
    assert!(ran.stderr.contains("steps 2001 to 2020 of 2020"), "{}", ran.stderr);
    let report = ran.json();
    let people = report["people"].as_array().expect("people");
    assert_eq!(people.len(), 1_010);
    let is_whole = |person: &&serde_json::Value| {
        person["outcome"] == "created"
            && person["groups_added"].as_array().is_some_and(|added| added.len() == 1)
    };
    assert_eq!(people.iter().filter(is_whole).count(), 1_010);
    assert_eq!((&report["complete"], &report["next"]), (&true.into(), &serde_json::Value::Null));
    assert_eq!(
        (&report["counts"]["created"], &report["counts"]["writes"]),
        (&1_010.into(), &2_020.into())
    );
    assert_eq!((created(&server), members(&server)), (1_010, before + 1_010));

    server.mock.clear_requests();
    let ran = server.run(&["apply", plan.path(), "--api=v1", "--approve", &digest]);
    assert_eq!(ran.exit, 0, "{ran:#?}");
    assert!(ran.stdout.starts_with("Nothing to do: every step of the plan holds already."));
    assert_eq!(server.writes(), 0);
}

#[test]
fn a_plan_goes_on_after_the_time_of_a_call_has_ended() {
    let server = Server::start();
    let (plan, digest) = planned(&server, 5);
    // The third creation gets no answer.
    server.mock.inject(Fault {
        method: Some("POST".to_owned()),
        path: Some("/api/v1/users".to_owned()),
        skip: 2,
        times: Some(1),
        ..Fault::new(FaultKind::Silence)
    });
    let mut command =
        server.command(&["apply", plan.path(), "--api=v1", "--json", "--approve", &digest]);
    command.env("RETOOL_DEADLINE_MS", "6000").env("RETOOL_WINDOW", "1");
    let ran = Ran::of(command.output().expect("the command"));
    assert_eq!(ran.exit, 0, "{ran:#?}");
    assert!(ran.stderr.contains("the time of this call is over"), "{}", ran.stderr);
    let report = ran.json();
    assert_eq!(report["counts"]["created"], 5, "those of the first call too: {report}");
    assert_eq!(created(&server), 5);
}

#[test]
fn a_call_that_failed_after_others_reports_all_writes_and_a_second_run_does_the_rest() {
    let server = Server::start();
    let (plan, digest) = planned(&server, 1_010);
    // The first write of the second call is refused.
    server.mock.inject(Fault {
        method: Some("POST".to_owned()),
        skip: 2_000,
        ..Fault::new(FaultKind::Status { code: 401, retry_after: None, body: None })
    });
    let apply = ["apply", plan.path(), "--api=v1", "--json", "--approve", &digest];
    let ran = server.run(&apply);
    assert_eq!(ran.exit, 4, "{ran:#?}");
    let error = &ran.json()["error"]["permanent"];
    assert_eq!(error["code"], "token-rejected");
    assert_eq!(error["writes"].as_array().map(Vec::len), Some(2_000));
    server.mock.clear_faults();

    let ran = server.run(&apply);
    assert_eq!(ran.exit, 0, "{}", ran.stderr);
    assert_eq!(ran.json()["counts"]["writes"], 20);
}

#[test]
fn the_approved_digest_is_read_from_a_file() {
    let server = Server::start();
    let (plan, digest) = planned(&server, 1);
    let approval = |text: &str| File::new("approval", text);
    for (text, exit, why) in [
        ("\n", 2, "the first line of"),
        ("3f2a\n", 3, "--approve"),
        (&format!("  {digest}\t\r\nby boss\n"), 0, ""),
    ] {
        let file = approval(text);
        let ran = server.run(&["apply", plan.path(), "--api=v1", "--approve-file", file.path()]);
        assert_eq!(ran.exit, exit, "{ran:#?}");
        assert!(ran.stderr.contains(why), "{ran:#?}");
    }
    assert_eq!(created(&server), 1);
    let ran = server.run(&["apply", plan.path(), "--api=v1"]);
    assert_eq!(ran.exit, 2, "{ran:#?}");
    assert!(ran.stderr.contains("--approve-file"), "{ran:#?}");
}
