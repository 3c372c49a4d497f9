//! `plan` and `sync`.

use crate::command::{File, Server};

/// A roster with two new people. By default, everyone else is left alone.
const TWO_NEW: &str = "\
email,first name,last name,user type,admin,groups
mary.somerville@example.com,Mary,Somerville,default,,Engineering
evariste.galois@example.com,Évariste,Galois,end-user,no,Engineering; Support
";

#[test]
fn a_plan_shows_what_a_sync_then_does() {
    let server = Server::start();
    let roster = File::new("two-new.csv", TWO_NEW);

    let ran = server.run(&["plan", "--api=v1", "--roster", roster.path()]);
    assert_eq!(ran.exit, 0, "{ran:#?}");
    assert!(
        ran.stdout.contains(
            "\
  + evariste.galois@example.com  create
      first name: \"Évariste\"
"
        ),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("Seats: default +1 ("), "{}", ran.stdout);
    assert_eq!(server.writes(), 0);

    let ran = server.run(&["sync", "--yes", "--api=v1", "--roster", roster.path()]);
    assert_eq!(ran.exit, 0, "{ran:#?}");
    assert!(ran.stdout.starts_with("Done: "), "{}", ran.stdout);
    let evariste = server.user("evariste.galois@example.com").expect("Évariste");
    assert_eq!(evariste.first_name.as_deref(), Some("Évariste"));

    server.mock.clear_requests();
    let ran = server.run(&["sync", "--yes", "--api=v1", "--json", "--roster", roster.path()]);
    assert_eq!(ran.exit, 0, "{ran:#?}");
    let report = ran.json();
    assert_eq!(report["complete"], true);
    assert_eq!(report["people"].as_array().map(Vec::len), Some(0), "nobody had to change");
    assert_eq!(server.writes(), 0);
}

#[test]
fn the_same_roster_as_json_gives_the_same_plan() {
    let server = Server::start();
    let csv = File::new("same.csv", TWO_NEW);
    let json = File::new(
        "same.json",
        r#"[{"email": "mary.somerville@example.com", "first_name": "Mary", "last_name": "Somerville",
             "user_type": "default", "groups": ["Engineering"]},
            {"email": "evariste.galois@example.com", "firstName": "Évariste", "lastName": "Galois",
             "userType": "endUser", "admin": false, "groups": ["Engineering", "Support"]}]"#,
    );
    let plan = |path: &str| {
        let ran = server.run(&["plan", "--api=v1", "--json", "--roster", path]);
        assert_eq!(ran.exit, 0, "{ran:#?}");
        let mut plan = ran.json();
        // The only field that does not depend on the roster.
        assert!(plan["made_at"].take().is_string(), "{plan}");
        plan
    };
    assert_eq!(plan(csv.path()), plan(json.path()));
}

#[test]
fn a_plan_refused_by_a_guard_exits_with_3_and_shows_the_withheld_steps() {
    let server = Server::start();
    let roster = File::new("cut-short.csv", TWO_NEW);
    let arguments = ["--api=v1", "--absent=disable", "--roster", roster.path()];

    let ran = server.run(&[&["plan"], &arguments[..]].concat());
    assert_eq!(ran.exit, 3, "{ran:#?}");
    assert!(ran.stdout.starts_with("REFUSED: "), "{}", ran.stdout);
    let email = &server.plain_people()[0];
    assert!(ran.stdout.contains(&format!("- {email}  disable")), "{}", ran.stdout);
    assert!(ran.stdout.contains("TRIPPED  user removals: "), "{}", ran.stdout);

    let ran = server.run(&[&["plan", "--json"], &arguments[..]].concat());
    assert_eq!(ran.exit, 3, "{ran:#?}");
    assert_eq!(ran.json()["steps"].as_array().map(Vec::len), Some(0));

    let ran = server.run(&[&["sync", "--yes", "--json"], &arguments[..]].concat());
    assert_eq!(ran.exit, 3, "{ran:#?}");
    let error = &ran.json()["error"]["permanent"];
    assert_eq!(error["kind"], "refused");
    let hint = &error["hint"];
    assert!(hint.as_str().is_some_and(|hint| hint.contains("--max-user-removals-")), "{hint}");
    assert_eq!(server.writes(), 0);
}

#[test]
fn a_sync_with_a_refused_person_exits_with_4() {
    let server = Server::start();
    // A new person without a user type is refused. This does not stop the other person.
    let roster = File::new(
        "half.csv",
        "email,user type\nmary.somerville@example.com,default\nevariste.galois@example.com,\n",
    );
    let ran = server.run(&["sync", "--yes", "--api=v1", "--roster", roster.path()]);
    assert_eq!(ran.exit, 4, "{ran:#?}");
    assert!(ran.stdout.starts_with("PARTLY DONE: "), "{}", ran.stdout);
    assert!(ran.stdout.contains("! evariste.galois@example.com  left alone"), "{}", ran.stdout);

    let ran = server.run(&["plan", "--api=v1", "--roster", roster.path()]);
    assert!(ran.stdout.starts_with("Nothing can be done; 1 left alone"), "{}", ran.stdout);
    assert!(ran.stdout.contains("--default-user-type"), "{}", ran.stdout);
    let ran = server.run(&["sync", "--yes", "--api=v1", "--roster", roster.path()]);
    assert_eq!(ran.exit, 4, "{ran:#?}");
    assert!(ran.stdout.starts_with("NOT DONE: nothing was written"), "{}", ran.stdout);
    assert!(server.user("mary.somerville@example.com").is_some());
    assert!(server.user("evariste.galois@example.com").is_none());
}

#[test]
fn absent_people_are_removed_only_with_the_absent_flag() {
    let server = Server::start();
    let leaver = server.plain_people()[0].clone();
    let state = server.mock.state();
    let staying: Vec<&str> = state
        .users
        .iter()
        .filter(|user| !user.is_disabled && user.email != leaver)
        .map(|user| user.email.as_str())
        .collect();
    let roster = File::new("staying.csv", &format!("email\n{}\n", staying.join("\n")));

    let ran = server.run(&["sync", "--yes", "--api=v1", "--roster", roster.path()]);
    assert_eq!(ran.exit, 0, "{ran:#?}");
    assert_eq!(server.writes(), 0);

    let ran =
        server.run(&["sync", "--yes", "--api=v1", "--absent=disable", "--roster", roster.path()]);
    assert_eq!(ran.exit, 0, "{ran:#?}");
    assert!(server.user(&leaver).expect("the leaver").is_disabled);
    assert_eq!(server.writes(), 1);
}
