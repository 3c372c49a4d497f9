//! `users`, `user`, `groups` and `group`.

use mock_retool::{Fault, FaultKind, Group, Invite, Membership, Options, Organisation, User};

use crate::command::{Ran, Server};

const ADA: &str = "ada.byron@example.com";
const APIS: [&str; 3] = ["--api=v1", "--api=v2", "--api=scim"];

/// Starts a server with Ada, who administers the group Data, a disabled person and an invitation.
fn server() -> Server {
    let server = Server::with(Options { empty: true, ..Options::default() });
    server.mock.edit(|acme| {
        let group = acme.create_group(Group::new("Data")).id;
        let other = acme.create_group(Group::new("=Ops;\u{1b}[2K")).id;
        let of = |group, is_group_admin| Membership { group, is_group_admin };
        let ada = User {
            first_name: Some("Ada".to_owned()),
            last_name: Some("A\u{1b}]0;x\u{7}\u{202e}b".to_owned()),
            memberships: vec![of(group, true), of(other, false)],
            last_active: Some("2020-01-02T03:04:05.000Z".to_owned()),
            is_admin: true,
            ..User::new(ADA)
        };
        acme.add_user(ada).expect("a new address");
        let bob = User {
            first_name: Some("=1+1".to_owned()),
            last_name: Some("B;=2".to_owned()),
            is_disabled: true,
            ..User::new("bob@example.org")
        };
        acme.add_user(bob).expect("a new address");
        acme.add_user(User::new("cy@example.com")).expect("a new address");
        let created = |email, at: &str, acme: &mut Organisation| {
            acme.user_by_email_mut(email).expect("a user").created_at = at.to_owned();
        };
        created("bob@example.org", "2020-01-01T00:00:00.000Z", acme);
        created("cy@example.com", "2999-01-01T00:00:00.000Z", acme);
        acme.invite(Invite { groups: vec![group], ..Invite::new("dot@example.com") })
            .expect("a new address");
        for invite in &mut acme.invites {
            invite.expires_at = "2999-01-01T00:00:00.000Z".into();
        }
    });
    server
}

fn run(server: &Server, arguments: &[&str]) -> Ran {
    let mut command = server.command(arguments);
    command.env("RETOOL_SCIM_TOKEN", server.mock.scim_token());
    Ran::of(command.output().expect("the command"))
}

/// Returns the addresses in the first column of a table.
fn addresses(ran: &Ran) -> Vec<&str> {
    assert_eq!(ran.exit, 0, "{ran:#?}");
    let first = |line: &'_ str| -> usize { line.find(' ').unwrap_or(line.len()) };
    let lines = ran.stdout.lines().filter(|line| line.contains('@'));
    lines.map(|line| &line[..first(line)]).collect()
}

#[test]
fn everyone_is_listed_over_each_api_and_invitations_as_such() {
    let server = server();
    for api in APIS {
        let ran = run(&server, &["users", api]);
        let mut everyone = vec![ADA, "bob@example.org", "cy@example.com"];
        if api == "--api=v2" {
            everyone.push("dot@example.com");
            let dot = ran.stdout.lines().find(|line| line.starts_with("dot@")).expect("Dot");
            assert!(dot.contains("  invited  ") && dot.ends_with("Data"), "{dot}");
            assert!(ran.stdout.contains("4 people: 2 enabled, 1 disabled, 1 invited; 1 admin"));
        }
        assert_eq!(addresses(&ran), everyone, "{api}");
        let ada = ran.stdout.lines().find(|line| line.starts_with(ADA)).expect("Ada");
        assert!(ada.contains("Data") && ada.contains("=Ops"), "{api}: {ada}");
        assert_eq!(ada.contains("2020-01-02"), api == "--api=v2", "{ada}");
    }
    assert_eq!(server.writes(), 0);
}

#[test]
fn no_form_of_output_has_a_raw_control_character() {
    let server = server();
    for arguments in [
        &["users"][..],
        &["users", "--csv"],
        &["users", "--json"],
        &["user", ADA],
        &["user", ADA, "--json"],
        &["groups"],
        &["groups", "--csv"],
        &["groups", "--json"],
        &["group", "=Ops;\u{1b}[2K"],
        &["group", "no\u{1b}[2K"],
        &["user", "no\u{1b}[2K@x"],
    ] {
        let ran = run(&server, &[arguments, &["--api=v2"]].concat());
        let text = ran.stdout + &ran.stderr;
        let raw = |c: char| c == '\u{202e}' || (c.is_control() && c != '\n');
        assert!(!text.contains(raw), "{arguments:?}: {text:?}");
        assert!(text.contains("[2K"), "{arguments:?}: {text}");
    }
}

#[test]
fn filters_choose_people() {
    let server = server();
    for (filter, expected) in [
        (&["--disabled"][..], &["bob@example.org"][..]),
        (&["--admins"], &[ADA]),
        // Bob's account is old, and nobody knows when he was active.
        (&["--inactive-days", "90"], &[ADA]),
        (&["--group", "Data"], &[ADA, "dot@example.com"]),
        (&["--domain", "EXAMPLE.org"], &["bob@example.org"]),
        (&["--group", "Data", "--domain", "example.org"], &[]),
    ] {
        let ran = run(&server, &[&["users", "--api=v2"], filter].concat());
        assert_eq!(addresses(&ran), expected, "{filter:?}");
        let people = if expected.len() == 1 { "person" } else { "people" };
        let count = format!("{} {people} of 4:", expected.len());
        assert!(ran.stdout.contains(&count), "{}", ran.stdout);
    }
    let ran = run(&server, &["users", "--api=v2", "--group", "Date"]);
    assert_eq!(ran.exit, 1, "{ran:#?}");
    assert!(ran.stderr.contains("There is no group \"Date\""), "{}", ran.stderr);
    for (api, name) in [("--api=scim", "SCIM"), ("--api=v1", "the server")] {
        let ran = run(&server, &["users", api, "--inactive-days", "90"]);
        assert_eq!((ran.exit, &*ran.stdout), (2, ""), "{ran:#?}");
        assert!(ran.stderr.contains(&format!("{name} says of nobody when")), "{}", ran.stderr);
    }
}

#[test]
fn an_unknown_group_is_an_error_also_beside_a_known_one() {
    let server = server();
    for line in [
        &["users", "--group", "Data", "--group", "Date"][..],
        &["users", "--group", "Date"],
        &["users", "--group", "Date", "--domain", "example.com", "--json"],
        &["group", "date"],
    ] {
        let ran = run(&server, &[line, &["--api=v2"]].concat());
        assert_eq!(ran.exit, 1, "{ran:#?}");
        let text = ran.stdout + &ran.stderr;
        assert!(
            text.contains("(group-not-found)") || text.contains("\"group-not-found\""),
            "{text}"
        );
        assert!(text.contains("Did you mean") && text.contains("Data"), "{text}");
    }
    let ran = run(&server, &["users", "--api=v2", "--group", "Zebra"]);
    assert!(!ran.stderr.contains("Did you mean"), "{}", ran.stderr);
}

#[test]
fn csv_neutralises_formulas_and_json_has_the_records() {
    let server = server();
    let ran = run(&server, &["users", "--api=v2", "--csv"]);
    let bob = ran.stdout.lines().find(|line| line.contains("bob@")).expect("Bob");
    assert!(bob.starts_with("\"bob@example.org\",\"\",\"'=1+1\",\"B;'=2\","), "{bob}");
    // Her second group begins with an equals sign.
    let ada = ran.stdout.lines().find(|line| line.contains(ADA)).expect("Ada");
    assert!(ada.contains("; '=Ops;"), "{ada}");
    let mut lines = csv::Reader::from_reader(ran.stdout.as_bytes());
    assert_eq!(lines.records().filter(Result::is_ok).count(), 4);
    let ran = run(&server, &["groups", "--api=v2", "--csv", "--members"]);
    assert!(ran.stdout.contains("\n\"'=Ops;"), "{}", ran.stdout);

    let json = run(&server, &["users", "--api=v2", "--json", "--domain", "example.org"]).json();
    assert_eq!(json["users"][0]["first_name"], "=1+1");
    assert_eq!(json["users"].as_array().map(Vec::len), Some(1));
    let both = run(&server, &["users", "--csv", "--json"]);
    assert_eq!((both.exit, &both.json()["error"]["usage"]["code"]), (2, &"usage".into()));
}

#[test]
fn all_pages_are_read() {
    let server = Server::with(Options { users: 250, groups: 120, ..Options::default() });
    for api in APIS {
        let mut command = server.command(&["users", api, "--json"]);
        command.env("RETOOL_SCIM_TOKEN", server.mock.scim_token()).env("RETOOL_PAGE_SIZE", "50");
        let users = Ran::of(command.output().expect("the command")).json();
        assert_eq!(users["users"].as_array().map(Vec::len), Some(250), "{api}");
        let mut command = server.command(&["groups", api, "--json"]);
        command.env("RETOOL_SCIM_TOKEN", server.mock.scim_token()).env("RETOOL_PAGE_SIZE", "50");
        let groups = Ran::of(command.output().expect("the command")).json();
        assert_eq!(groups["groups"].as_array().map(Vec::len), Some(123), "{api}");
    }
}

#[test]
fn an_incomplete_listing_is_an_error_and_not_a_short_table() {
    for (kind, why) in [(FaultKind::RepeatPage, "twice"), (FaultKind::MovingTotal, "says first")] {
        let server = Server::with(Options { users: 30, ..Options::default() });
        server.mock.inject(Fault::new(kind));
        let mut command = server.command(&["users", "--api=v1"]);
        let ran = Ran::of(command.env("RETOOL_PAGE_SIZE", "10").output().expect("the command"));
        assert_eq!((ran.exit, &*ran.stdout), (1, ""), "{ran:#?}");
        assert!(ran.stderr.contains("is not complete") && ran.stderr.contains(why), "{ran:#?}");
    }
    // The second page fails.
    let server = Server::with(Options { users: 30, ..Options::default() });
    server.mock.inject(Fault {
        skip: 1,
        ..Fault::new(FaultKind::Status { code: 403, retry_after: None, body: None })
    });
    let mut command = server.command(&["users", "--api=v1", "--csv"]);
    let ran = Ran::of(command.env("RETOOL_PAGE_SIZE", "10").output().expect("the command"));
    assert_eq!((ran.exit, &*ran.stdout), (1, ""), "{ran:#?}");
}

#[test]
fn one_person_is_shown_with_all_fields() {
    let server = server();
    for api in APIS {
        let ran = run(&server, &["user", ADA, api]);
        assert_eq!(ran.exit, 0, "{ran:#?}");
        for line in ["  state: enabled\n", "  first name: \"Ada\"\n", "  groups: "] {
            assert!(ran.stdout.contains(line), "{api}, {line}: {}", ran.stdout);
        }
        let json = run(&server, &["user", ADA, api, "--json"]).json();
        assert_eq!(json["email"], ADA);
    }
    let ran = run(&server, &["user", "nobody@example.com", "--api=v2"]);
    assert_eq!(ran.exit, 1, "{ran:#?}");
    assert!(ran.stderr.contains("(user-not-found)"), "{}", ran.stderr);
}

#[test]
fn one_group_is_shown_with_its_members_by_name_or_by_id() {
    let server = server();
    for api in APIS {
        let ran = run(&server, &["group", "Data", api]);
        assert_eq!(ran.exit, 0, "{ran:#?}");
        assert!(ran.stdout.contains(&format!("\n    {ADA}")), "{api}: {}", ran.stdout);
        let is_said = ran.stdout.contains("(administers the group)");
        assert_eq!(is_said, api != "--api=scim", "{}", ran.stdout);
        let json = run(&server, &["group", "Data", api, "--json"]).json();
        assert_eq!(json["name"], "Data");
        assert!(json["members"].to_string().contains(ADA), "{json}");
    }
    let (first, second) = server.mock.edit(|acme| {
        let first = acme.group_named("Data").expect("Data").id;
        (first, acme.create_group(Group::new("Data")).id)
    });
    let ran = run(&server, &["group", "Data", "--api=v2"]);
    assert_eq!(ran.exit, 1, "{ran:#?}");
    assert!(ran.stderr.contains("(ambiguous-group)"), "{}", ran.stderr);
    assert!(ran.stderr.contains(&format!("{first}, {second}")), "{}", ran.stderr);
    let ran = run(&server, &["group", "--id", &second.to_string(), "--api=v2"]);
    assert!(ran.stdout.contains("  0 members\n"), "{ran:#?}");
    assert_eq!(run(&server, &["group", "--api=v2"]).exit, 2);
}
