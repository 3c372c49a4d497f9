//! `restore`.

use std::fs;

use mock_retool::{Fault, FaultKind, User};
use serde_json::Value;

use crate::command::{File, Ran, Server};

const ADA: &str = "ada.byron@example.com";

/// A server on which Ada was deprovisioned, and her record.
struct Departed {
    server: Server,
    record: File,
}

impl Departed {
    fn by(mode: &str) -> Departed {
        let server = Server::start();
        server.mock.edit(|acme| {
            let id = acme.create_user(User::new(ADA)).expect("an account").id.clone();
            for name in ["Engineering", "Support"] {
                let group = acme.group_named(name).expect("a group").id;
                acme.join(group, &id).expect("a membership");
            }
        });
        let record = File::new("ada.json", "");
        fs::remove_file(record.path()).expect("the file");
        let ran = server.run(&[
            "deprovision",
            "--api=v1",
            "--email",
            ADA,
            mode,
            "--tombstone",
            record.path(),
        ]);
        assert_eq!(ran.exit, 0, "{ran:#?}");
        server.mock.clear_requests();
        Departed { server, record }
    }

    fn restore(&self, more: &[&str]) -> Ran {
        let arguments = ["restore", "--api=v1", "--tombstone", self.record.path()];
        self.server.run(&[&arguments, more].concat())
    }

    fn groups(&self) -> Vec<String> {
        let state = self.server.mock.state();
        let ada = state.user_by_email(ADA).expect("Ada");
        state.groups_of(ada).map(|group| group.name.clone()).collect()
    }
}

#[test]
fn a_stripped_person_is_restored_completely() {
    let departed = Departed::by("--mode=strip");
    assert!(departed.groups().is_empty());
    let ran = departed.restore(&[]);
    assert_eq!(ran.exit, 0, "{ran:#?}");
    let id = departed.server.user(ADA).expect("Ada").id;
    assert_eq!(
        ran.stdout,
        format!(
            "\
{ADA}: enabled again (id {id})
  added to: Engineering, Support
  3 writes
    user enabled: {ADA}
    member added: {ADA} to Engineering
    member added: {ADA} to Support
"
        )
    );
    assert_eq!(departed.groups(), ["Engineering", "Support"]);
    assert!(!departed.server.user(ADA).expect("Ada").is_disabled);

    departed.server.mock.clear_requests();
    let ran = departed.restore(&["--json"]);
    assert_eq!(ran.exit, 0, "{ran:#?}");
    let result = ran.json();
    assert_eq!(result["complete"], true);
    assert_eq!(result["people"][0]["outcome"], "unchanged");
    assert_eq!(result["people"][0]["not_restored"], Value::Array(Vec::new()));
    assert_eq!(departed.server.writes(), 0);
}

#[test]
fn a_deleted_person_is_created_again_only_with_re_create() {
    let departed = Departed::by("--mode=delete");
    let ran = departed.restore(&[]);
    assert_eq!(ran.exit, 1, "{ran:#?}");
    assert_eq!(ran.stdout, "");
    assert!(ran.stderr.contains("(user-not-found)"), "{}", ran.stderr);
    assert!(ran.stderr.contains("--re-create"), "{}", ran.stderr);
    let error = departed.restore(&["--json"]).json()["error"]["permanent"].take();
    assert_eq!((&error["kind"], &error["code"]), (&"not-found".into(), &"user-not-found".into()));
    assert_eq!(departed.server.writes(), 0);

    departed.server.mock.edit(|acme| {
        let support = acme.group_named("Support").expect("a group").id;
        acme.delete_group(support).expect("a deletion");
        acme.invitations.clear();
    });
    let ran = departed.restore(&["--re-create"]);
    assert_eq!(ran.exit, 0, "{ran:#?}");
    let id = departed.server.user(ADA).expect("Ada").id;
    assert!(ran.stdout.starts_with(&format!("{ADA}: created again (id {id})\n")), "{}", ran.stdout);
    for line in [
        "  added to: Engineering\n",
        "  not restored: The group Support is gone.\n",
        "  an invitation was sent\n",
        &format!("  still to do: {ADA} must accept the invitation"),
        "  still to do: Give back by hand",
        "  2 writes\n",
    ] {
        assert!(ran.stdout.contains(line), "{line} in {}", ran.stdout);
    }
    assert_eq!(departed.groups(), ["Engineering"]);
    assert_eq!(departed.server.mock.state().invitations, [ADA]);
}

#[test]
fn an_error_after_a_write_exits_with_4_and_lists_the_write() {
    let departed = Departed::by("--mode=strip");
    departed.server.mock.inject(Fault {
        method: Some("POST".to_owned()),
        ..Fault::new(FaultKind::Status { code: 403, retry_after: None, body: None })
    });
    let ran = departed.restore(&[]);
    assert_eq!(ran.exit, 4, "{ran:#?}");
    assert!(ran.stderr.contains(&format!("written  user enabled: {ADA}")), "{}", ran.stderr);
}

#[test]
fn an_invalid_record_file_exits_with_2_and_sends_no_request() {
    let server = Server::start();
    let not_json = File::new("not-json.json", "email,first name\n");
    let another = File::new("another.json", r#"{"base_url": "https://acme.retool.com"}"#);
    for path in [not_json.path(), another.path(), "no-such-file.json"] {
        let ran = server.run(&["restore", "--api=v1", "--tombstone", path]);
        assert_eq!(ran.exit, 2, "{ran:#?}");
        assert_eq!(ran.stdout, "");
        assert!(ran.stderr.contains(path), "{}", ran.stderr);
    }
    assert!(server.mock.requests().is_empty());
}

#[test]
fn a_record_of_another_organisation_exits_with_2_and_names_the_field() {
    let departed = Departed::by("--mode=disable");
    let elsewhere = Server::start();
    let path = departed.record.path();
    let ran = elsewhere.run(&["restore", "--api=v1", "--tombstone", path]);
    assert_eq!(ran.exit, 2, "{ran:#?}");
    assert!(ran.stderr.contains(&format!("at       {path}, base_url\n")), "{}", ran.stderr);
    assert!(elsewhere.mock.requests().is_empty());
}

#[test]
fn two_records_of_one_person_are_refused_also_by_a_dry_run() {
    let departed = Departed::by("--mode=strip");
    let text = fs::read_to_string(departed.record.path()).expect("the record");
    let again = File::new("again.json", &text.replace(ADA, "ADA.Byron@example.com"));
    for more in [&[][..], &["--dry-run"]] {
        let ran = departed.restore(&[&["--tombstone", again.path()], more].concat());
        assert_eq!((ran.exit, &*ran.stdout), (2, ""), "{ran:#?}");
        assert!(ran.stderr.contains("(duplicate-person)"), "{}", ran.stderr);
        assert!(ran.stderr.contains(&format!("at       {}\n", again.path())), "{}", ran.stderr);
    }
    assert!(departed.server.mock.requests().is_empty());
}

#[test]
fn a_dry_run_takes_an_address_in_another_case_for_the_same() {
    let departed = Departed::by("--mode=strip");
    departed.server.mock.edit(|acme| {
        acme.user_by_email_mut(ADA).expect("Ada").email = ADA.to_uppercase();
    });
    let ran = departed.restore(&["--dry-run"]);
    assert_eq!(ran.exit, 0, "{ran:#?}");
    assert!(ran.stdout.contains("would be enabled again"), "{}", ran.stdout);
    assert_eq!(departed.restore(&[]).exit, 0);
}

#[cfg(unix)]
#[test]
fn a_record_in_a_folder_that_can_not_be_read_is_an_error() {
    let departed = Departed::by("--mode=strip");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().to_str().expect("UTF-8");
    let at = |name: &str| folder.path().join(name);
    fs::copy(departed.record.path(), at("ada.json")).expect("a copy");
    std::os::unix::fs::symlink(at("nothing"), at("dangling.json")).expect("a link");
    fs::create_dir(at("folder.json")).expect("a folder");
    for more in [&[][..], &["--dry-run"]] {
        let ran = departed.server.run(&[&["restore", "--tombstone", path], more].concat());
        assert_eq!(ran.exit, 2, "{ran:#?}");
        for name in ["dangling.json could not be read", "folder.json is not a file"] {
            assert!(ran.stderr.contains(name), "{name}: {}", ran.stderr);
        }
    }
    assert!(departed.server.mock.requests().is_empty());
}
