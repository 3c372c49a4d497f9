//! Checks `docs/dialects.md`: its table is made from the component's data.

use std::fs;
use std::path::Path;

use retool_lifecycle::domain::{Dialect, Field, UserType};
use retool_lifecycle::retool::Capabilities;

use crate::reliability::find_named_tests;

const DIALECTS: &str = include_str!("../../docs/dialects.md");
const BEGIN: &str = "<!-- begin: capabilities -->\n";
const END: &str = "<!-- end: capabilities -->";

/// Returns the table of what each dialect can do.
fn table() -> String {
    let mut table = String::from("| | `v1` | `v2` | `scim` |\n| --- | --- | --- | --- |\n");
    let columns = Dialect::ALL.map(|dialect| rows(dialect.capabilities()));
    for (at, (what, _)) in columns[0].iter().enumerate() {
        let cells = columns.iter().map(|column| column[at].1.as_str());
        table += &format!("| {what} | {} |\n", cells.collect::<Vec<_>>().join(" | "));
    }
    table
}

/// Returns the rows of one dialect. Destructures, so that a new capability is not left out.
fn rows(can: Capabilities) -> Vec<(&'static str, String)> {
    let fields = Field::ALL.into_iter().filter(|field| can.sets(*field)).map(Field::as_str);
    let types = [UserType::Default, UserType::EndUser, UserType::Mobile, UserType::Embed];
    let types = types.into_iter().filter(|kind| can.bills(*kind)).map(UserType::as_str);
    let cleared = Field::ALL.into_iter().filter(|field| can.clears(*field)).map(Field::as_str);
    let (fields, types, cleared) = (listed(fields), listed(types), listed(cleared));
    let Capabilities {
        dialect: _,
        create_invites,
        names_required,
        deletes_people,
        reports_admins,
        renames,
        sets_admins,
        bills_seats,
        sets_photos,
        access_settings,
        sets_metadata,
        sets_attributes,
        resets_two_factor,
        batches_members,
        reports_group_admins,
        reports_invitations,
        sends_invitations,
        ends_sessions,
        reports_changes,
        reports_activity,
        replaces_records,
        deletion_may_disable,
        groups_may_lack_members,
    } = can;
    let access = listed(access_settings.iter().map(|setting| setting.as_str()));
    let yes_or_no = |flag: bool| String::from(if flag { "yes" } else { "no" });
    vec![
        ("A creation sends an invitation", yes_or_no(create_invites)),
        ("A new person must have a first and a last name", yes_or_no(names_required)),
        ("Fields of a person that can be set", fields),
        ("Fields of a person that can be cleared", cleared),
        ("Metadata is reported, and keys can be set and cleared", yes_or_no(sets_metadata)),
        (
            "User attributes can be set and cleared, if the server is new enough",
            yes_or_no(sets_attributes),
        ),
        ("A second factor can be reset, if the server is new enough", yes_or_no(resets_two_factor)),
        ("User types are reported, and a new person must have one", yes_or_no(bills_seats)),
        ("User types that can be set", types),
        ("Administrators of the organisation are reported", yes_or_no(reports_admins)),
        ("The address of an account can be changed", yes_or_no(renames)),
        ("The administrator's right can be given and taken", yes_or_no(sets_admins)),
        ("Photos can be set", yes_or_no(sets_photos)),
        ("People can be deleted for good", yes_or_no(deletes_people)),
        ("Sessions can be ended, if the server is new enough", yes_or_no(ends_sessions)),
        ("Pending invitations are reported, and can be withdrawn", yes_or_no(reports_invitations)),
        ("An invitation can be sent instead", yes_or_no(sends_invitations)),
        ("One request adds many people to a group", yes_or_no(batches_members)),
        (
            "Who administers a group is reported, and can be set and restored",
            yes_or_no(reports_group_admins),
        ),
        ("Access settings of a group that are reported and can be set", access),
        ("A person's record has the time of its last change", yes_or_no(reports_changes)),
        ("Records may say when people were last active", yes_or_no(reports_activity)),
        ("A change replaces the whole record", yes_or_no(replaces_records)),
        ("A deletion may leave the account, disabled", yes_or_no(deletion_may_disable)),
        ("A group's record may leave members out", yes_or_no(groups_may_lack_members)),
    ]
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    if names.is_empty() { String::from("none") } else { names.join(", ") }
}

#[test]
fn the_table_of_dialects_matches_the_code() {
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
fn every_quirk_names_an_existing_test() {
    let (_, section) = DIALECTS.split_once("\n## Other SCIM servers\n").expect("the section");
    let section = section.split("\n## ").next().expect("its text");
    assert!(find_named_tests(section) >= 9);
}
