//! Which rows are people who should be in Retool.

use roster::Options;

use crate::{emails, options, parsed, read_with, refusal};

#[test]
fn conditions_choose_rows() {
    let file =
        "email,Status,Site\na@x,ACTIVE,Bonn\nb@x, on Leave ,Oslo\nc@x,Left,Bonn\nd@x,,Rome\n";
    let chosen = |keep: &[&str], leave_out: &[&str]| {
        let options = Options {
            keep: parsed(keep),
            leave_out: parsed(leave_out),
            ignore_other_columns: true,
            ..options()
        };
        let roster = read_with(file, &options).expect("a roster");
        (emails(&roster).join(" "), roster.source.left_out)
    };
    let by = |column: &str, count| (column.to_owned(), count);
    let status = |count| vec![by("Status", count)];
    assert_eq!(chosen(&["status=active"], &[]), ("a@x".to_owned(), status(3)));
    assert_eq!(
        chosen(&["Status=Active", "Status=On leave"], &[]),
        ("a@x b@x".to_owned(), status(2))
    );
    assert_eq!(chosen(&[], &["Status=Left", "Status="]), ("a@x b@x".to_owned(), status(2)));
    assert_eq!(
        chosen(&["Site=Bonn"], &["Status=Left"]),
        ("a@x".to_owned(), vec![by("Status", 1), by("Site", 2)])
    );
}

#[test]
fn a_column_of_a_condition_needs_no_meaning_and_must_be_there() {
    let keep = Options { keep: parsed(&["Site=Bonn"]), ..options() };
    assert_eq!(emails(&read_with("email,Site\na@x,Bonn\n", &keep).expect("a roster")), ["a@x"]);
    let error = refusal("email\na@x\n", &keep);
    assert_eq!(
        error,
        "line 1: there is no column `Site`, which `--where` names; the columns are `email`"
    );
}

#[test]
fn rows_that_are_left_out_may_have_mistakes() {
    let leave_out = Options { leave_out: parsed(&["Status=left"]), ..options() };
    let roster = read_with("email,admin,Status\na@x,,\n,maybe,Left\n", &leave_out);
    assert_eq!(emails(&roster.expect("a roster")), ["a@x"]);
}

#[test]
fn a_column_that_says_who_has_left_must_be_used() {
    for header in ["Status", "Suspended", "Termination Date", "accountEnabled", "End date"] {
        let file = format!("email,{header}\na@x,\n");
        for ignore_other_columns in [false, true] {
            let error = refusal(&file, &Options { ignore_other_columns, ..options() });
            assert!(error.starts_with("line 1, column 2: "), "{error}");
            for way in ["--where '", "--where-not '", "--ignore-column '"] {
                assert!(error.contains(&format!("{way}{header}")), "{error}");
            }
        }
        let ignored = Options { ignore_columns: vec![header.to_owned()], ..options() };
        assert!(read_with(&file, &ignored).is_ok(), "{header}");
        let condition = format!("{header}=left");
        let used = Options { leave_out: parsed(&[&condition]), ..options() };
        assert!(read_with(&file, &used).is_ok(), "{header}");
    }
}

#[test]
fn a_status_that_is_only_kept_as_metadata_keeps_nobody_out() {
    let maps = parsed(&["Status=metadata:status"]);
    let file = "email,Status\na@x,Left\nb@x,Active\n";
    let mapped = Options { maps, ..options() };
    assert!(refusal(file, &mapped).contains("looks like a column that says who has left"));
    let filtered = Options { leave_out: parsed(&["Status=Left"]), ..mapped.clone() };
    let roster = read_with(file, &filtered).expect("a roster");
    assert_eq!(emails(&roster), ["b@x"]);
    assert_eq!(roster.entries[0].metadata.as_deref(), Some(r#"{"status":"Active"}"#));
    let ignored = Options { ignore_columns: vec!["Status".to_owned()], ..mapped };
    assert_eq!(read_with(file, &ignored).expect("a roster").entries.len(), 2);
}
