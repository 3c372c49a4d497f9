//! What `docs/dialects.md` claims: its table comes from the component's data.

use std::fs;
use std::path::Path;

use retool_lifecycle::domain::{Dialect, Field, UserType};
use retool_lifecycle::retool::Capabilities;

use crate::reliability::find_named_tests;

const DIALECTS: &str = include_str!("../../docs/dialects.md");
const BEGIN: &str = "<!-- begin: capabilities -->\n";
const END: &str = "<!-- end: capabilities -->";

/// The table of what each dialect can do.
fn table() -> String {
    let mut table = String::from("| | `v1` | `v2` | `scim` |\n| --- | --- | --- | --- |\n");
    let columns = Dialect::ALL.map(|dialect| rows(dialect.capabilities()));
    for (at, (what, _)) in columns[0].iter().enumerate() {
        let cells = columns.iter().map(|column| column[at].1.as_str());
        table += &format!("| {what} | {} |\n", cells.collect::<Vec<_>>().join(" | "));
    }
    table
}

/// The rows of one dialect. Destructures, so that a new capability is not left out.
fn rows(can: Capabilities) -> Vec<(&'static str, String)> {
    let fields = Field::ALL.into_iter().filter(|field| can.sets(*field)).map(Field::as_str);
    let types = [UserType::Default, UserType::EndUser, UserType::Mobile, UserType::Embed];
    let types = types.into_iter().filter(|kind| can.bills(*kind)).map(UserType::as_str);
    let (fields, types) = (listed(fields), listed(types));
    let Capabilities {
        dialect: _,
        create_invites,
        names_required,
        deletes_people,
        tells_admins,
        sets_admins,
        bills_seats,
        sets_photos,
        sets_app_access,
        batches_members,
        tells_group_admins,
        tells_invitations,
        ends_sessions,
        tells_changes,
    } = can;
    let told = |flag: bool| String::from(if flag { "yes" } else { "no" });
    vec![
        ("Creating somebody sends an invitation", told(create_invites)),
        ("Somebody new must have a first and a last name", told(names_required)),
        ("Fields of a person that can be set", fields),
        ("What a seat is billed as is told, and must be said of somebody new", told(bills_seats)),
        ("User types that can be set", types),
        ("Who administers the organisation is told", told(tells_admins)),
        ("Administrators can be made", told(sets_admins)),
        ("Photos can be set", told(sets_photos)),
        ("People can be deleted for good", told(deletes_people)),
        ("Sessions can be ended, where the server is new enough", told(ends_sessions)),
        ("Invitations that are pending are told, and can be withdrawn", told(tells_invitations)),
        ("One request adds many people to a group", told(batches_members)),
        ("Who administers a group is told", told(tells_group_admins)),
        ("What a group may do in every app is told, and can be set", told(sets_app_access)),
        ("Records of people say when they were last changed", told(tells_changes)),
    ]
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    if names.is_empty() { String::from("none") } else { names.join(", ") }
}

#[test]
fn the_table_of_dialects_is_the_one_in_the_code() {
    let (before, rest) = DIALECTS.split_once(BEGIN).expect("the beginning of the table");
    let (written, after) = rest.split_once(END).expect("the end of the table");
    let table = table();
    if std::env::var("UPDATE").is_ok_and(|update| update == "1") {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/dialects.md");
        fs::write(file, format!("{before}{BEGIN}{table}{END}{after}")).expect("docs/dialects.md");
        return;
    }
    assert_eq!(written, table, "`UPDATE=1 cargo test --test readme dialects` writes the table");
}

#[test]
fn every_quirk_names_a_test_that_there_is() {
    let (_, section) = DIALECTS.split_once("\n## Other SCIM servers\n").expect("the section");
    let section = section.split("\n## ").next().expect("its text");
    assert!(find_named_tests(section) >= 9);
}
