//! `plan --out`, `show` and `apply`: exactly the approved plan is applied.

use std::fs;

use serde_json::Value;

use crate::command::{File, Server};

const TWO_NEW: &str = "\
email,first name,last name,user type,groups
mary.somerville@example.com,Mary,Somerville,default,Engineering
evariste.galois@example.com,Évariste,Galois,end-user,Engineering; Support
";

/// Saves the plan of a roster with two new people. Returns its file and its digest.
fn saved(server: &Server) -> (File, String) {
    let roster = File::new("two-new.csv", TWO_NEW);
    let plan = File::new("plan.json", "");
    fs::remove_file(plan.path()).expect("the file");
    let line = ["plan", "--api=v1", "--roster", roster.path(), "--out", plan.path()];
    let ran = server.run(&line);
    assert_eq!(ran.exit, 0, "{ran:#?}");
    assert!(ran.stdout.contains("`apply` takes it"), "{}", ran.stdout);
    let ran = server.run(&line);
    assert_eq!(ran.exit, 2, "it is never overwritten");
    let text = fs::read_to_string(plan.path()).expect("a plan");
    let value: Value = serde_json::from_str(&text).expect("JSON");
    let digest = value["digest"].as_str().expect("a digest").to_owned();
    (plan, digest)
}

fn apply<'a>(plan: &'a File, digest: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let line = ["apply", "--api=v1", plan.path(), "--approve", digest];
    [&line[..], more].concat()
}

#[test]
fn a_saved_plan_is_shown_and_applied() {
    let server = Server::start();
    let (plan, digest) = saved(&server);
    server.mock.clear_requests();
    let shown = server.run(&["show", plan.path()]);
    assert_eq!(shown.exit, 0, "{shown:#?}");
    assert!(shown.stdout.contains("+ evariste.galois@example.com  create"), "{}", shown.stdout);
    assert!(shown.stdout.contains(&digest), "{}", shown.stdout);
    let page = format!("{}.html", plan.path());
    let shown = server.run(&["show", plan.path(), "--html", &page]);
    assert_eq!(shown.exit, 0, "{shown:#?}");
    assert!(fs::read_to_string(&page).expect("a page").contains(&digest));
    assert!(server.mock.requests().is_empty(), "it asks no server");

    // What an approver sees is what the digest stands for.
    let altered = fs::read_to_string(plan.path()).expect("a plan").replace("Galois", "Evil");
    let altered = File::new("altered.json", &altered);
    let shown = server.run(&["show", altered.path()]);
    assert_ne!(shown.exit, 0, "{shown:#?}");
    assert!(!shown.stdout.contains(&digest), "{}", shown.stdout);
    assert!(shown.stderr.contains("altered"), "{}", shown.stderr);

    let ran = server.run(&apply(&plan, &digest, &[]));
    assert_eq!(ran.exit, 0, "{ran:#?}");
    assert!(ran.stdout.starts_with("Done: everyone is as the plan says."), "{}", ran.stdout);
    let evariste = server.user("evariste.galois@example.com").expect("Évariste");
    assert_eq!(evariste.first_name.as_deref(), Some("Évariste"));
    server.mock.clear_requests();
    let ran = server.run(&apply(&plan, &digest, &["--json"]));
    assert_eq!(ran.exit, 0, "{ran:#?}");
    assert_eq!(ran.json()["complete"], true);
    assert_eq!(server.writes(), 0);
}

#[test]
fn a_plan_is_applied_in_parts() {
    let server = Server::start();
    let (plan, digest) = saved(&server);
    let ran = server.run(&apply(&plan, &digest, &["--count=2"]));
    assert_eq!(ran.exit, 0, "{ran:#?}");
    assert!(ran.stdout.starts_with("Done so far: "), "{}", ran.stdout);
    assert!(ran.stdout.contains("repeat with --first 2 "), "{}", ran.stdout);
    let ran = server.run(&apply(&plan, &digest, &["--first=2"]));
    assert_eq!(ran.exit, 0, "{ran:#?}");
    assert!(!ran.stdout.contains("Not finished"), "{}", ran.stdout);
    assert!(server.user("mary.somerville@example.com").is_some());
    let ran = server.run(&apply(&plan, &digest, &["--first=99"]));
    assert_eq!(ran.exit, 2, "{ran:#?}");
    assert!(ran.stderr.contains("--first"), "{}", ran.stderr);
}

#[test]
fn an_altered_plan_and_another_digest_are_refused() {
    let server = Server::start();
    let (plan, digest) = saved(&server);
    let text = fs::read_to_string(plan.path()).expect("a plan");
    let altered = File::new("altered.json", &text.replace("Évariste", "Mallory"));
    for (plan, digest, place) in
        [(&altered, &*digest, "altered.json"), (&plan, "3f2a", "--approve")]
    {
        let ran = server.run(&apply(plan, digest, &[]));
        assert_eq!(ran.exit, 3, "{ran:#?}");
        assert!(ran.stderr.contains(place), "{}", ran.stderr);
        let ran = server.run(&apply(plan, digest, &["--json"]));
        assert_eq!(ran.json()["error"]["permanent"]["code"], "plan-changed");
    }
    let broken = File::new("broken.json", "{}");
    let ran = server.run(&apply(&broken, &digest, &[]));
    assert_eq!(ran.exit, 2, "{ran:#?}");
    assert!(ran.stderr.contains("is not a plan"), "{}", ran.stderr);
    assert_eq!(server.writes(), 0);
}

#[test]
fn a_sync_with_another_digest_than_the_expected_one_writes_nothing() {
    let server = Server::start();
    let (_, digest) = saved(&server);
    let roster = File::new("two-new.csv", TWO_NEW);
    let sync = |digest: &str| {
        server.run(&["sync", "--api=v1", "--roster", roster.path(), "--expect", digest])
    };
    let ran = sync("3f2a");
    assert_eq!(ran.exit, 3, "{ran:#?}");
    assert!(ran.stderr.contains("at       --expect\n"), "{}", ran.stderr);
    assert_eq!(server.writes(), 0);
    let ran = sync(&digest);
    assert_eq!(ran.exit, 0, "{ran:#?}");
    assert!(server.user("mary.somerville@example.com").is_some());
}
