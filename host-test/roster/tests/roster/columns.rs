//! What the columns mean.

use roster::{Format, Group, Options, RowsOf};

use crate::{emails, options, parsed, read, read_with, refusal};

#[test]
fn a_mapping_says_what_a_column_means() {
    let mapped = Options {
        maps: parsed(&["Work email=email", "Vorname=first name", "Team=metadata:team"]),
        ..options()
    };
    let roster = read_with("WORK_EMAIL [required],vorname,Team\na@x,Ada,blue\n", &mapped);
    let roster = roster.expect("a roster");
    assert_eq!(emails(&roster), ["a@x"]);
    assert_eq!(roster.entries[0].first_name.as_deref(), Some("Ada"));
    assert_eq!(roster.entries[0].metadata.as_deref(), Some(r#"{"team":"blue"}"#));

    assert_eq!(
        refusal("email,phone\n", &Options { maps: parsed(&["Work email=email"]), ..options() })
            .lines()
            .next(),
        Some(
            "line 1: there is no column `Work email`, which `--map` names; the columns are `email`, \
             `phone`"
        )
    );
}

#[test]
fn a_mapping_replaces_the_column_of_that_name() {
    let mapped = Options { maps: parsed(&["login=email"]), ..options() };
    let file = "email,login\nprivate@x,a@x\n";
    assert!(refusal(file, &mapped).starts_with("line 1, column 1: `email` is not a column"));
    let roster = read_with(file, &Options { ignore_other_columns: true, ..mapped });
    assert_eq!(emails(&roster.expect("a roster")), ["a@x"]);
}

#[test]
fn two_columns_for_one_address_are_refused() {
    let mapped = Options { maps: parsed(&["work=email", "private=email"]), ..options() };
    let error = refusal("work,private\na@x,b@x\n", &mapped);
    assert_eq!(error, "line 1, column 2: there is a second column `email`");
}

#[test]
fn other_columns_are_left_out_only_if_asked() {
    let file = "email,phone,office\na@x,1,2\n";
    let error = refusal(file, &options());
    let lines: Vec<&str> = error.lines().collect();
    assert!(lines[0].starts_with("line 1, column 2: `phone` is not a column; the columns are "));
    assert_eq!(lines[1..], ["line 1, column 3: `office` is not a column either"]);
    let ignore_all = Options { ignore_other_columns: true, ..options() };
    let roster = read_with(file, &ignore_all).expect("a roster");
    assert_eq!((emails(&roster), roster.source.unused_columns), (vec!["a@x"], 2));
    let ignore_one = Options { ignore_columns: vec!["Phone".to_owned()], ..options() };
    assert!(refusal(file, &ignore_one).starts_with("line 1, column 3: `office` is not"));
}

#[test]
fn groups_may_have_several_columns_and_another_separator() {
    let roster = read("email,group 1,group 2,Groups\na@x,A,B*,C;D\nb@x,,,\n");
    let groups: Vec<_> = roster.entries[0].groups.iter().map(|group| &*group.name).collect();
    assert_eq!(groups, ["A", "B", "C", "D"]);
    assert_eq!(roster.entries[0].groups[1].admin, Some(true));
    assert_eq!(roster.entries[1].groups, []);

    let commas = Options { group_separator: Some(",".to_owned()), ..options() };
    let roster = read_with("email,groups\na@x,\"A, B;C ,\"\n", &commas).expect("a roster");
    assert_eq!(roster.entries[0].groups, [Group::new("A"), Group::new("B;C")]);

    let mapped = Options { maps: parsed(&["Team=groups"]), ..options() };
    let roster = read_with("email,Team,Team,groups\na@x,A,B,C\n", &mapped).expect("a roster");
    assert_eq!(roster.entries[0].groups.len(), 3);
}

#[test]
fn rows_may_be_memberships() {
    let memberships = Options { rows: RowsOf::Memberships, ..options() };
    let file = "email,first name,group\na@x,Ada,A\nb@x,,B\nA@x,,B*\na@x,Ada,A\na@x,,\n";
    let roster = read_with(file, &memberships).expect("a roster");
    assert_eq!((emails(&roster), &roster.lines[..]), (vec!["a@x", "b@x"], &[2, 3][..]));
    let ada = &roster.entries[0];
    assert_eq!(ada.first_name.as_deref(), Some("Ada"));
    let admin = Group { name: "B".to_owned(), admin: Some(true) };
    assert_eq!(ada.groups, [Group::new("A"), admin]);
    // Otherwise it is the component that refuses them.
    assert_eq!(read(file).entries.len(), 5);

    let error = refusal("email,admin,group\na@x,yes,A\nb@x,,A\na@x,no,B\n", &memberships);
    assert_eq!(
        error,
        "line 4: admin: line 2 has another one for the same address; make them equal"
    );
}

#[test]
fn switches_for_columns_are_refused_for_json() {
    for (option, name) in [
        (Options { ignore_other_columns: true, ..options() }, "ignore-other-columns"),
        (Options { keep: parsed(&["a=b"]), ..options() }, "where"),
        (Options { rows: RowsOf::Memberships, ..options() }, "rows"),
    ] {
        let error = roster::parse(b"[]", Format::Json, &option).expect_err("a refusal");
        let expected =
            format!("`--{name}` is for CSV files and workbooks, and this is a JSON file");
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn a_name_that_each_person_would_have_may_not_be_long() {
    for (kind, what) in [("attribute", "attribute"), ("metadata", "metadata key")] {
        let file = |name: usize| format!("email,{kind}:{}\na@x,1\n", "ü".repeat(name));
        assert_eq!(read(file(256)).entries.len(), 1);
        let error = refusal(file(257), &options());
        let start = format!("line 1, column 2: the name of the {what} `üü");
        assert!(error.starts_with(&start), "{error}");
        let end = "has 257 characters, and 256 are the most; shorten it, or leave the column out with \
                   `--ignore-column`";
        assert!(error.ends_with(end), "{error}");
        let ignored = vec![format!("{kind}:{}", "ü".repeat(257))];
        let ignored = Options { ignore_columns: ignored, ..options() };
        read_with(file(257), &ignored).expect("a roster");
        let maps = parsed(&[&format!("Team={kind}:{}", "n".repeat(257))]);
        let error = refusal("email,Team\n", &Options { maps, ..options() });
        assert!(error.contains("has 257 characters"), "{error}");
    }
}

#[test]
fn more_columns_of_attributes_than_a_person_may_have_are_refused() {
    let file = |attributes: usize| {
        let header: String = (0..attributes).map(|at| format!(",attribute:{at}")).collect();
        format!("email{header}\na@x{}\n", ",1".repeat(attributes))
    };
    assert_eq!(read(file(100)).entries[0].attributes.len(), 100);
    assert_eq!(
        refusal(file(101), &options()),
        "line 1: there are 101 columns of attributes, and 100 attributes are the most; leave some out"
    );
}
