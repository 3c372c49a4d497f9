//! Exports of systems as they come, without editing.

use roster::{Options, Origin, Roster, System, UserType};

use crate::{emails, options, parsed, read, read_with, refusal};

/// The people of the files who stay.
const STAYING: [&str; 3] =
    ["mary.moss@example.com", "omar.oak@example.com", "gil.gale@example.com"];

fn file(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/exports");
    std::fs::read(format!("{folder}/{name}.csv")).expect("an export")
}

/// The same file with other text, for exports that differ in one place.
fn edited(name: &str, from: &str, to: &str) -> String {
    let text = String::from_utf8(file(name)).expect("UTF-8");
    assert!(text.contains(from), "{from}");
    text.replace(from, to)
}

fn left_out(roster: &Roster) -> Vec<(&str, u64)> {
    roster.source.left_out.iter().map(|(column, count)| (&**column, *count)).collect()
}

#[test]
fn every_system_is_found_out_and_its_leavers_and_guests_are_left_out() {
    for system in System::ALL {
        let name = system.name();
        let roster = read(file(name));
        assert_eq!(roster.source.system, Some(system), "{name}");
        let expected = match system {
            // Guests are only marked by the customer's own words, and there is no status.
            System::Okta => vec![STAYING[0], STAYING[1], "gil.guest@partner.example"],
            System::Entra => STAYING[..2].to_vec(),
            _ => STAYING.to_vec(),
        };
        assert_eq!(emails(&roster), expected, "{name}");
        for entry in &roster.entries {
            assert_eq!((entry.user_type, entry.admin), (None, None), "{name}: {entry:?}");
            assert_eq!(entry.former_emails, [""; 0], "{name}");
        }
        let named = Options { from: Origin::System(system), ..options() };
        assert_eq!(read_with(file(name), &named), Ok(roster), "{name}");
    }
}

#[test]
fn it_is_said_by_which_column_rows_were_left_out() {
    let by = |name: &str| {
        let roster = read(file(name));
        let left_out = left_out(&roster);
        left_out.iter().map(|(column, count)| format!("{column}: {count}")).collect::<Vec<_>>()
    };
    assert_eq!(by("okta"), [""; 0]);
    assert_eq!(by("okta-rockstar"), ["status: 1"]);
    assert_eq!(by("okta-password-health"), ["Status: 1"]);
    assert_eq!(by("entra"), ["userType: 1", "accountEnabled: 1"]);
    assert_eq!(by("google"), ["Status [READ ONLY]: 2"]);
    assert_eq!(by("bamboohr"), ["Status: 1", "Employment Status: 1", "Termination Date: 1"]);
    assert_eq!(by("workday"), ["Worker_Status: 1", "Active_Status: 0", "Termination_Date: 0"]);
    assert_eq!(by("rippling"), ["Employment status: 1", "End date: 0"]);
    assert_eq!(by("hibob"), ["Lifecycle status: 1", "Termination date: 0"]);
    assert!(System::Okta.caveat().is_some_and(|caveat| caveat.contains("who has left")));
}

#[test]
fn names_are_taken_only_if_first_and_last_name_have_columns() {
    let names = |name: &str| {
        let roster = read(file(name));
        let names = roster.entries.iter().take(2).map(|entry| {
            let name = |name: &Option<String>| name.clone().unwrap_or_default();
            format!("{} {}", name(&entry.first_name), name(&entry.last_name))
        });
        names.collect::<Vec<_>>().join(", ")
    };
    for name in ["okta", "okta-rockstar", "entra", "google", "hibob"] {
        assert_eq!(names(name), "Mary Moss, Omar Oak", "{name}");
    }
    // The preferred name, if there is one.
    for name in ["bamboohr", "workday"] {
        assert_eq!(names(name), "Molly Moss, Omar Oak", "{name}");
    }
    for name in ["okta-password-health", "rippling"] {
        assert_eq!(names(name), " ,  ", "{name}");
    }
}

#[test]
fn groups_of_rockstar_are_separated_by_commas_and_everyone_is_left_out() {
    let groups = |file: &str, options: &Options| {
        let roster = read_with(file, options).expect("a roster");
        let groups = roster.entries[0].groups.iter();
        groups.map(|group| (group.name.clone(), group.admin)).collect::<Vec<_>>()
    };
    let text = edited("okta-rockstar", "Everyone, Engineering", "Everyone, Engineering, Stars*");
    let plain = |name: &str| (name.to_owned(), None);
    // A star is a part of the name there, and makes nobody an administrator.
    assert_eq!(groups(&text, &options()), [plain("Engineering"), plain("Stars*")]);
    let other = Options { group_separator: Some("#".to_owned()), ..options() };
    assert_eq!(groups(&text, &other), [plain("Everyone, Engineering, Stars*")]);
}

#[test]
fn guests_are_read_if_they_are_asked_for() {
    let asked = Options { keep: parsed(&["userType=Member", "userType=Guest"]), ..options() };
    let roster = read_with(file("entra"), &asked).expect("a roster");
    assert_eq!(emails(&roster), [STAYING[0], STAYING[1], "gil@partner.example"]);
    assert_eq!(left_out(&roster), [("userType", 0), ("accountEnabled", 1)]);
}

#[test]
fn a_switch_changes_where_the_address_is_read() {
    let login = Options { maps: parsed(&["userPrincipalName=email"]), ..options() };
    let roster = read_with(file("entra"), &login).expect("a roster");
    assert_eq!(emails(&roster), [STAYING[0], "ooak@example.onmicrosoft.com"]);

    let blank = edited("entra", ",Oak,omar.oak@example.com,", ",Oak,,");
    assert_eq!(
        refusal(&blank, &options()),
        "line 3, column 4: email: there is no address; add it, or leave such rows out: \
         `--where-not 'mail='`"
    );
    let leave_out = Options { leave_out: parsed(&["mail="]), ..options() };
    assert_eq!(emails(&read_with(blank, &leave_out).expect("a roster")), [STAYING[0]]);
}

#[test]
fn an_unknown_status_is_reported_once_and_decided_by_a_switch() {
    let text = edited("hibob", ";Employed;", ";Garden leave;");
    assert_eq!(
        refusal(&text, &options()),
        "line 2, column 7: Lifecycle status: it is not known of `Garden leave` whether such people \
         have left; `--where-not 'Lifecycle status=Garden leave'` leaves them out, and `--where` \
         names all values that stay"
    );
    let leave_out = parsed(&["Lifecycle status=garden leave"]);
    let none = read_with(&text, &Options { leave_out, ..options() }).expect("a roster");
    assert_eq!((emails(&none).len(), left_out(&none)[0]), (0, ("Lifecycle status", 4)));
    let keep = parsed(&["Lifecycle status=Garden leave"]);
    let roster = read_with(&text, &Options { keep, ..options() }).expect("a roster");
    assert_eq!(emails(&roster), STAYING);
}

#[test]
fn a_date_that_could_be_two_is_refused_until_its_format_is_named() {
    let text = edited("rippling", "2026-12-31", "01/12/2026");
    let error = refusal(&text, &options());
    assert!(error.starts_with("line 3, column 9: End date: `01/12/2026` could be"), "{error}");
    let read = |format: &str, text: &str| {
        let date_format = Some(format.to_owned());
        emails(&read_with(text, &Options { date_format, ..options() }).expect("a roster")).len()
    };
    let text = text.replace("2025-06-30", "30/06/2025");
    assert_eq!(read("%d/%m/%Y", &text), 3);
    assert_eq!(read("%m/%d/%Y", &text.replace("30/06/2025", "06/30/2025")), 2);
}

#[test]
fn people_stay_on_their_last_day() {
    let people =
        |date: &str| emails(&read(edited("rippling", "2026-12-31", date))).contains(&STAYING[1]);
    assert!(people("2026-03-10") && people("2026-03-09") && !people("2026-03-08"));
}

#[test]
fn an_export_without_the_column_that_says_who_has_left_is_refused() {
    for (name, column, missing) in [
        ("google", "Status [READ ONLY],", "`Status`"),
        ("entra", "accountEnabled,", "`accountEnabled`"),
    ] {
        let text = edited(name, column, "Something,");
        let system = System::ALL.into_iter().find(|system| system.name() == name);
        let from = Origin::System(system.expect("a system"));
        let error = refusal(text, &Options { from, ..options() });
        assert!(
            error.contains(&format!("who has left in {missing}, which is not there")),
            "{error}"
        );
    }
    let bare = "Employee #,Work Email\n1,a@x\n";
    let error = refusal(bare, &options());
    assert!(error.contains("in `Status` or `Employment Status` or `Termination Date`"), "{error}");
    let one = "Employee #,Work Email,Termination Date\n1,a@x,\n2,b@x,2020-01-02\n";
    assert_eq!(emails(&read(one)), ["a@x"]);
    // As a file of nobody's, it is read with a mapping.
    let maps = parsed(&["Work Email=email"]);
    let mapped = Options { from: Origin::None, maps, ignore_other_columns: true, ..options() };
    assert_eq!(emails(&read_with(bare, &mapped).expect("a roster")), ["a@x"]);
}

#[test]
fn a_column_that_the_system_does_not_export_is_not_taken_for_its_name() {
    let text = edited("google", "Floor Name", "Admin");
    let error = refusal(text, &options());
    assert!(error.contains("`--map 'Admin=admin'` reads it"), "{error}");
    let text = edited("okta", "costCenter", "status");
    assert!(refusal(text, &options()).contains("`status` looks like a column that says who has"));
    let text = edited("okta", "costCenter", "shoeSize");
    assert_eq!(read(text).source.system, Some(System::Okta));
}

#[test]
fn the_exports_of_retool_are_read_with_mappings() {
    let members = Options {
        keep: parsed(&["Status=Active"]),
        group_separator: Some(",".to_owned()),
        ignore_other_columns: true,
        ..options()
    };
    let api = Options {
        maps: parsed(&["isAdmin=admin"]),
        leave_out: parsed(&["isDisabled=true"]),
        ignore_other_columns: true,
        ..options()
    };
    for (name, options, groups) in [("retool-members", members, 2), ("retool-api", api, 1)] {
        assert!(refusal(file(name), &crate::options()).contains("who has left"), "{name}");
        let roster = read_with(file(name), &options).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((emails(&roster), roster.source.system), (STAYING.to_vec(), None), "{name}");
        assert_eq!(roster.entries[0].groups.len(), groups, "{name}");
        assert_eq!(roster.entries[1].user_type, Some(UserType::EndUser), "{name}");
    }
}

#[test]
fn a_mapping_of_a_systems_status_does_not_bring_leavers_back() {
    let maps = parsed(&["Status=metadata:status"]);
    let roster = read_with(file("google"), &Options { maps, ..options() }).expect("a roster");
    assert_eq!(emails(&roster), STAYING);
    assert_eq!(roster.entries[0].metadata.as_deref(), Some(r#"{"status":"Active"}"#));
}

#[test]
fn a_systems_column_may_be_ignored() {
    let ignore_columns = vec!["Termination Date".to_owned()];
    let ignoring = Options { ignore_columns, ..options() };
    let roster = read_with(file("bamboohr"), &ignoring).expect("a roster");
    assert!(emails(&roster).contains(&"pat.past@example.com"), "{roster:?}");
}
