//! `export`, and the plan of what it writes.

use std::fs;
use std::path::PathBuf;

use mock_retool::{Group, Invite, Membership, Options, User, UserAttribute};
use serde_json::json;
use tempfile::TempDir;

use crate::command::{Ran, Server};

const APIS: [&str; 3] = ["v1", "v2", "scim"];

/// Names that separators, marks, quotes or spreadsheets could have a meaning for.
const GROUPS: [&str; 12] = [
    "Semi;colon",
    ";",
    "Star*",
    "*",
    r"Ends in \",
    r"Back\;slash",
    "Quote \"x\"",
    "Comma, too",
    "=SUM(A1)",
    "Zoë",
    "Line | \t tab",
    "a*;",
];

struct Setup {
    server: Server,
    folder: TempDir,
}

impl Setup {
    /// An organisation with everything that is awkward on a roster.
    fn new() -> Setup {
        let options = Options { users: 20, ..Options::default() };
        let server = Server::with(options);
        server.mock.edit(|acme| {
            acme.attributes.push(UserAttribute::text("team"));
            let groups = GROUPS.map(|name| acme.create_group(Group::new(name)).id);
            let twins = [0, 1].map(|_| acme.create_group(Group::new("Twin")).id);
            let hidden = acme.create_group(Group::new("Hid\u{200b}den")).id;
            let look = acme.create_group(Group::new("Hidden")).id;
            let of = |group, is_group_admin| Membership { group, is_group_admin };
            let all = groups.iter().chain(&twins).chain([&hidden, &look]);
            let memberships: Vec<_> = all.clone().map(|group| of(*group, false)).collect();
            let administers: Vec<_> = all.map(|group| of(*group, true)).collect();
            let awkward = User {
                first_name: Some("Ada; \"the\", first*".to_owned()),
                last_name: Some("=1+1".to_owned()),
                memberships,
                user_type: "default".to_owned(),
                metadata: json!({
                    "n": 16_777_217, "s": "1", "t": "te;xt", "blank": " ", "null": null,
                    "deep": {"a": ["é"]}, "a;b|c": true, "status": "left"
                })
                .as_object()
                .expect("an object")
                .clone(),
                ..User::new("Ada.Byron@Example.com")
            };
            acme.add_user(awkward).expect("a new address");
            let bob = User {
                last_name: Some("Control\u{7} x".to_owned()),
                memberships: administers,
                is_admin: true,
                ..User::new("o'brien+bob@example.com")
            };
            let bob = acme.add_user(bob).expect("a new address").id.clone();
            acme.set_attribute(&bob, "team", Some("blue; green")).expect("an attribute");
            acme.add_user(User::new("nameless@example.com")).expect("a new address");
            for name in ["left", "gone"] {
                let left = User {
                    is_disabled: true,
                    memberships: vec![of(groups[0], false), of(twins[0], false)],
                    ..User::new(format!("{name}@example.com"))
                };
                acme.add_user(left).expect("a new address");
            }
            let draft = Invite { groups: groups.to_vec(), ..Invite::new("invited@example.com") };
            acme.invite(draft).expect("a new address");
            for invite in &mut acme.invites {
                invite.expires_at = "2999-01-01T00:00:00.000Z".into();
            }
        });
        Setup { server, folder: tempfile::tempdir().expect("a folder") }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = self.server.command(arguments);
        command.env("RETOOL_SCIM_TOKEN", self.server.mock.scim_token());
        Ran::of(command.output().expect("the command"))
    }

    fn export(&self, api: &str, name: &str, more: &[&str]) -> String {
        let path = self.file(name).to_str().expect("UTF-8").to_owned();
        let ran = self.run(&[&["export", "--api", api, "--out", &path], more].concat());
        assert_eq!(ran.exit, 0, "{ran:#?}");
        path
    }

    /// Checks that the strictest plan of a roster has no step.
    fn assert_no_step(&self, api: &str, roster: &str, more: &[&str]) {
        let arguments = ["plan", "--json", "--api", api, "--roster", roster];
        let strict = ["--absent=disable", "--memberships=exact"];
        let ran = self.run(&[&arguments[..], &strict, more].concat());
        assert_eq!(ran.exit, 0, "{ran:#?}");
        let plan = ran.json();
        assert_eq!(plan["steps"], json!([]), "{api} {roster}: {plan:#}");
        assert_eq!(plan["withheld"], json!([]), "{plan:#}");
        assert_eq!(plan["refusals"], json!([]), "{plan:#}");
        assert_eq!(plan["limitations"], json!([]), "{plan:#}");
    }
}

#[test]
fn the_plan_of_an_exported_roster_has_no_step_over_each_api() {
    for api in APIS {
        let setup = Setup::new();
        for name in ["roster.csv", "roster.json"] {
            let roster = setup.export(api, name, &[]);
            setup.assert_no_step(api, &roster, &[]);
            let text = fs::read_to_string(&roster).expect("the roster");
            assert!(!text.contains("left@example.com"), "{text}");
            assert_eq!(text.contains("invited@example.com"), api == "v2", "{text}");
            let roster = setup.export(api, &format!("all-{name}"), &["--with-disabled"]);
            setup.assert_no_step(api, &roster, &["--leave-disabled"]);
            let text = fs::read_to_string(&roster).expect("the roster");
            assert!(text.contains("left@example.com"), "{text}");
        }
        assert_eq!(setup.server.writes(), 0);
    }
}

#[test]
fn an_exported_roster_restores_what_was_changed_after_it() {
    let setup = Setup::new();
    let roster = setup.export("v2", "roster.csv", &[]);
    setup.server.mock.edit(|acme| {
        let star = acme.group_named("Star*").expect("a group").id;
        let ada = acme.user_by_email("ada.byron@example.com").expect("Ada").id.clone();
        acme.leave(star, &ada).expect("a membership");
        let ada = acme.user_mut(&ada).expect("Ada");
        ada.first_name = Some("Eve".to_owned());
        ada.metadata.insert("t".to_owned(), "other".into());
    });
    let ran = setup.run(&["sync", "--yes", "--api=v2", "--roster", &roster, "--memberships=exact"]);
    assert_eq!(ran.exit, 0, "{ran:#?}");
    let ada = setup.server.user("Ada.Byron@Example.com").expect("Ada");
    assert_eq!(ada.first_name.as_deref(), Some("Ada; \"the\", first*"));
    assert_eq!(ada.metadata["t"], "te;xt");
    let state = setup.server.mock.state();
    assert!(state.groups_of(&ada).any(|group| group.name == "Star*"));
}

#[test]
fn what_a_roster_can_not_say_is_named() {
    let setup = Setup::new();
    let path = setup.file("roster.csv");
    let path = path.to_str().expect("UTF-8");
    let ran = setup.run(&["export", "--api=v2", "--out", path]);
    for expected in
        ["Twin", "Hid\\u{200b}den", "4 disabled left out", "as a formula", "character that"]
    {
        assert!(ran.stdout.contains(expected), "{expected}: {}", ran.stdout);
    }
    // The other group is named beside this one, and its memberships are on the roster.
    assert!(!ran.stdout.contains("Hidden,"), "{}", ran.stdout);
    let other = setup.file("roster.json");
    let arguments = ["export", "--api=v2", "--json", "--out", other.to_str().expect("UTF-8")];
    let result = setup.run(&arguments).json();
    let people = fs::read(&other).expect("the roster");
    let people: serde_json::Value = serde_json::from_slice(&people).expect("JSON");
    assert_eq!(result["people"], people.as_array().expect("people").len());
}

#[test]
fn an_address_that_a_plan_refuses_is_left_off_and_named() {
    let server = Server::with(Options { users: 5, ..Options::default() });
    server.mock.edit(|acme| {
        for email in ["ada byron@example.com", "two@at@example.com", "ok@example.com"] {
            acme.add_user(User::new(email)).expect("a new address");
        }
    });
    let setup = Setup { server, folder: tempfile::tempdir().expect("a folder") };
    for name in ["roster.csv", "roster.json"] {
        let path = setup.file(name).to_str().expect("UTF-8").to_owned();
        let ran = setup.run(&["export", "--api=v1", "--out", &path]);
        assert_eq!(ran.exit, 0, "{ran:#?}");
        let note = "ada byron@example.com, two@at@example.com: left out, because a roster can't";
        assert!(ran.stdout.contains(note), "{}", ran.stdout);
        let text = fs::read_to_string(&path).expect("the roster");
        assert!(text.contains("ok@example.com") && !text.contains("byron@"), "{text}");
        let ran = setup.run(&["plan", "--json", "--api=v1", "--roster", &path]);
        assert_eq!((ran.exit, &ran.json()["steps"]), (0, &json!([])), "{ran:#?}");
    }
}

#[test]
fn a_formula_in_any_cell_is_counted() {
    for (note, group, is_formula) in [
        ("=1+1", "Sales", true),
        ("a;=1+1", "Sales", true),
        ("a; \"=1", "Sales", true),
        ("a\t@x", "Sales", true),
        ("a=1+1", "=Ops", true),
        ("a", "a;-Ops", true),
        ("a=1+1", "Sales; Ops", false),
    ] {
        let server = Server::with(Options { users: 3, ..Options::default() });
        server.mock.edit(|acme| {
            let metadata = json!({ "note": note });
            let metadata = metadata.as_object().expect("an object").clone();
            let groups = ["Accounts", group].map(|name| acme.create_group(Group::new(name)).id);
            let of = |group| Membership { group, is_group_admin: false };
            let memberships = groups.map(of).to_vec();
            let ada = User { metadata, memberships, ..User::new("ada@example.com") };
            acme.add_user(ada).expect("a new address");
        });
        let setup = Setup { server, folder: tempfile::tempdir().expect("a folder") };
        for (name, is_csv) in [("roster.csv", true), ("roster.json", false)] {
            let path = setup.file(name).to_str().expect("UTF-8").to_owned();
            let ran = setup.run(&["export", "--api=v2", "--out", &path]);
            let counted = "lines with a cell that a spreadsheet may run as a formula: 1;";
            assert_eq!(ran.stdout.contains(counted), is_csv && is_formula, "{note}: {ran:#?}");
            // It is written as it is.
            let ran = setup.run(&["plan", "--json", "--api=v2", "--roster", &path]);
            assert_eq!((ran.exit, &ran.json()["steps"]), (0, &json!([])), "{note}: {ran:#?}");
        }
    }
}

#[test]
fn an_existing_file_is_kept_and_nothing_is_requested() {
    let setup = Setup::new();
    let path = setup.file("roster.csv");
    fs::write(&path, "kept").expect("a file");
    let ran = setup.run(&["export", "--api=v2", "--out", path.to_str().expect("UTF-8")]);
    assert_eq!(ran.exit, 2, "{ran:#?}");
    assert!(ran.stderr.contains("never overwritten"), "{}", ran.stderr);
    assert_eq!(fs::read_to_string(&path).expect("the file"), "kept");
    assert!(setup.server.mock.requests().is_empty());
}

#[test]
fn a_failed_export_leaves_no_file() {
    let setup = Setup::new();
    setup.server.mock.inject(mock_retool::Fault {
        path: Some("/api/v2/groups".to_owned()),
        ..mock_retool::Fault::new(mock_retool::FaultKind::Status {
            code: 403,
            retry_after: None,
            body: None,
        })
    });
    let path = setup.file("roster.csv");
    let ran = setup.run(&["export", "--api=v2", "--out", path.to_str().expect("UTF-8")]);
    assert_eq!(ran.exit, 1, "{ran:#?}");
    assert_eq!(fs::read_dir(setup.folder.path()).expect("a folder").count(), 0);
}

#[test]
fn what_can_not_be_seen_is_not_written() {
    let server = Server::start();
    server.mock.edit(|acme| {
        for (email, first_name, metadata) in [
            ("turned\u{202e}@example.com", "Tess", json!({})),
            ("tess@example.com", "Te\u{202e}ss", json!({"team": "a\u{200b}b"})),
            ("uma@example.com", "Uma", json!({"te\u{2066}am": ["blue"]})),
        ] {
            let user = User {
                first_name: Some(first_name.to_owned()),
                metadata: metadata.as_object().expect("an object").clone().into_iter().collect(),
                ..User::new(email)
            };
            acme.create_user(user).expect("a new address");
        }
    });
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["people.csv", "people.json"] {
        let out = folder.path().join(name);
        let ran = server.run(&["export", "--api=v2", "--out", out.to_str().expect("UTF-8")]);
        assert_eq!(ran.exit, 0, "{ran:#?}");
        let text = fs::read_to_string(&out).expect("a roster");
        for hidden in ['\u{202e}', '\u{200b}', '\u{2066}'] {
            let escaped = format!("\\u{:04x}", u32::from(hidden));
            assert!(!text.contains(hidden) && !text.contains(&escaped), "{name}: {text}");
        }
        assert!(text.contains("tess@example.com") && text.contains("uma@example.com"), "{text}");
        assert!(!text.contains("turned"), "{text}");
        assert!(ran.stdout.contains("a roster can't have this address"), "{ran:#?}");
    }
}
