//! The commands that change groups, `invite` and `reset-2fa`.

use mock_retool::{Options, User};

use crate::command::{File, Ran, Server};

const ADA: &str = "ada.byron@example.com";
const BOB: &str = "bob@example.com";

struct Setup(Server);

impl Setup {
    fn new() -> Setup {
        let server = Server::with(Options::default());
        server.mock.edit(|acme| {
            for email in [ADA, BOB] {
                acme.add_user(User::new(email)).expect("a new address");
            }
        });
        Setup(server)
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.0.run(&[arguments, &["--api=v2"]].concat())
    }

    /// Runs a command that must succeed.
    fn done(&self, arguments: &[&str]) -> Ran {
        let ran = self.run(arguments);
        assert_eq!(ran.exit, 0, "{ran:#?}");
        ran
    }

    fn members(&self, group: &str) -> Vec<(String, bool)> {
        let state = self.0.mock.state();
        let id = state.group_named(group).expect("a group").id;
        let ours = state.users.iter().filter(|user| [ADA, BOB].contains(&&*user.email));
        let ours = ours.flat_map(|user| {
            let of = user.memberships.iter().filter(move |of| of.group == id);
            of.map(|of| (user.email.clone(), of.is_group_admin))
        });
        ours.collect()
    }
}

#[test]
fn a_group_is_created_once_renamed_set_and_deleted() {
    let setup = Setup::new();
    let access = "universal-app-access=use";
    let ran = setup.done(&["groups", "ensure", "Night shift", "--access", access]);
    assert!(ran.stdout.starts_with("Night shift: created (id "), "{}", ran.stdout);
    let state = setup.0.mock.state();
    let group = state.group_named("Night shift").expect("the group").clone();
    assert_eq!(group.universal_app_access, "use");
    setup.0.mock.clear_requests();
    let ran = setup.done(&["groups", "ensure", "Night shift"]);
    assert!(ran.stdout.contains("there already") && setup.0.writes() == 0, "{}", ran.stdout);

    let ran = setup.done(&["groups", "rename", "Night shift", "--to", "Nights"]);
    assert!(ran.stdout.contains("name: \"Night shift\" -> \"Nights\""), "{}", ran.stdout);
    let id = group.id.to_string();
    setup.done(&["groups", "set", "--id", &id, "--access", "universal-app-access=edit"]);
    let state = setup.0.mock.state();
    let group = state.group_named("Nights").expect("the group");
    assert_eq!((group.id.to_string(), &*group.universal_app_access), (id, "edit"));

    setup.done(&["groups", "add", "Nights", "--email", ADA]);
    let ran = setup.run(&["groups", "delete", "Nights"]);
    assert_eq!(ran.exit, 3, "{ran:#?}");
    assert!(ran.stderr.contains("(group-has-members)"), "{}", ran.stderr);
    let ran = setup.run(&["groups", "delete", "Nights", "--even-with-members", "--protect", ADA]);
    assert_eq!(ran.exit, 3, "{ran:#?}");
    let ran = setup.done(&["groups", "delete", "Nights", "--even-with-members"]);
    assert!(ran.stdout.contains(&format!("had the members: {ADA}")), "{}", ran.stdout);
    assert!(setup.0.mock.state().group_named("Nights").is_none());
    let ran = setup.done(&["groups", "delete", "Nights"]);
    assert!(ran.stdout.starts_with("Nights: not in Retool, nothing to do"), "{}", ran.stdout);
}

#[test]
fn members_are_added_made_administrators_and_removed() {
    let setup = Setup::new();
    let file = File::new("people.txt", &format!("# night shift\n{BOB}\n"));
    let ran = setup.done(&[
        "groups",
        "add",
        "Support",
        "--administer",
        "--email",
        ADA,
        "--emails-from",
        file.path(),
    ]);
    assert!(ran.stdout.contains(&format!("{ADA} (administers the group)")), "{}", ran.stdout);
    let administers = |email: &str, admin| (email.to_owned(), admin);
    assert_eq!(setup.members("Support"), [administers(ADA, true), administers(BOB, true)]);
    setup.done(&["groups", "add", "Support", "--administer=false", "--email", ADA]);
    assert_eq!(setup.members("Support"), [administers(ADA, false), administers(BOB, true)]);
    let json = setup.done(&["groups", "remove", "Support", "--email", ADA, BOB, "--json"]).json();
    assert_eq!(json["members_removed"].as_array().map(Vec::len), Some(2));
    assert_eq!(setup.members("Support"), []);
    let line = ["groups", "add", "Support", "--administer", "--email", ADA, "--api=v1"];
    let ran = setup.0.run(&line);
    assert_eq!(ran.exit, 1, "{ran:#?}");
    assert!(ran.stderr.contains("Leave --administer out"), "{}", ran.stderr);
    assert!(ran.stderr.contains("at       --administer\n"), "{}", ran.stderr);
    let ran = setup.run(&["groups", "add", "Support", "--email", "nobody@example.com"]);
    assert_eq!(ran.exit, 1, "{ran:#?}");
    assert!(ran.stderr.contains("(user-not-found)"), "{}", ran.stderr);
}

#[test]
fn without_a_subcommand_groups_are_listed_and_the_address_may_come_from_either_place() {
    let setup = Setup::new();
    assert!(setup.done(&["groups"]).stdout.contains("\nSupport "));
    let url = setup.0.mock.base_url();
    let token = [("RETOOL_API_TOKEN", setup.0.mock.token())];
    let listed = crate::command::run_with(&["groups", "--base-url", &url, "--api=v2"], &token);
    assert!(listed.stdout.contains("\nSupport "), "{listed:#?}");
    let line = ["groups", "ensure", "--base-url", &url, "--api=v2", "Nights"];
    let ensured = crate::command::run_with(&line, &token);
    assert_eq!(ensured.exit, 0, "{ensured:#?}");
    let missing = crate::command::run_with(&["groups"], &token);
    assert_eq!(missing.exit, 2, "{missing:#?}");
    assert!(missing.stderr.contains("--base-url"), "{}", missing.stderr);
}

#[test]
fn a_person_is_invited_once() {
    let setup = Setup::new();
    let line = ["invite", "--email", "new@example.com", "--group", "Support"];
    let ran = setup.done(&line);
    assert!(ran.stdout.starts_with("new@example.com: invited"), "{}", ran.stdout);
    assert_eq!(setup.0.mock.state().pending_invites("new@example.com").count(), 1);
    let ran = setup.done(&line);
    assert!(ran.stdout.starts_with("new@example.com: unchanged"), "{}", ran.stdout);
    assert_eq!(setup.0.mock.state().pending_invites("new@example.com").count(), 1);
    setup.done(&["invite", "--email", ADA, "--group", "Support"]);
    assert_eq!(setup.members("Support"), [(ADA.to_owned(), false)]);
    assert_eq!(setup.0.mock.state().pending_invites(ADA).count(), 0);
}

#[test]
fn a_second_factor_is_reset() {
    let setup = Setup::new();
    setup.0.mock.edit(|acme| {
        acme.user_by_email_mut(ADA).expect("Ada").two_factor_auth_enabled = true;
    });
    let ran = setup.run(&["reset-2fa", "--email", ADA, "--expect-id", "user_0"]);
    assert_eq!(ran.exit, 1, "{ran:#?}");
    assert!(ran.stderr.contains("(wrong-person)"), "{}", ran.stderr);
    let ran = setup.done(&["reset-2fa", "--email", ADA]);
    assert!(ran.stdout.contains("second factor reset"), "{}", ran.stdout);
    assert!(!setup.0.user(ADA).expect("Ada").two_factor_auth_enabled);
}
