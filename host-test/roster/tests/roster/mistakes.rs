//! All mistakes of a file are reported in one run.

use crate::{options, read_with, refusal};

#[test]
fn all_mistakes_are_reported_with_line_and_column() {
    let file = "email,phone,admin,user type,Status\na@x,,maybe,boss,\n,,yes,,\nb@x,,no\nc@x,,,,\n";
    let error = refusal(file, &options());
    let places: Vec<&str> =
        error.lines().map(|line| &line[..line.find(": ").expect("a place")]).collect();
    assert_eq!(
        places,
        [
            "line 1, column 2",
            "line 1, column 5",
            "line 2, column 3",
            "line 2, column 4",
            "line 3, column 1",
            "line 4",
        ]
    );
}

#[test]
fn fifty_mistakes_are_listed_and_the_others_counted() {
    let file = format!("email,admin\n{}", "a@x,maybe\n".repeat(60));
    let refused = read_with(file, &options()).expect_err("a refusal");
    assert_eq!((refused.errors.len(), refused.more), (50, 10));
    assert!(refused.to_string().ends_with("\nand 10 more"));
}

#[test]
fn mistakes_before_an_open_quote_are_reported_too() {
    let error = refusal("email,admin\na@x,maybe\nb@x,\"yes\n", &options());
    assert_eq!(error.lines().count(), 2, "{error}");
    assert!(error.contains("\nline 3, column 2: a quotation mark opens here"), "{error}");
}
