//! Checks the tests that `docs/reliability.md` names.

use std::fs;
use std::path::Path;

const RELIABILITY: &str = include_str!("../../docs/reliability.md");

/// Returns the names of tests in a text, such as `resilience/bounds::a_redirect_is_not_followed`.
fn named_tests(section: &str) -> Vec<(&str, &str)> {
    section.split('`').filter_map(|name| name.split_once("::")).collect()
}

/// Finds every test that a text names, and returns their number. Panics if one does not exist.
pub fn find_named_tests(section: &str) -> usize {
    let named = named_tests(section);
    for (module, test) in &named {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(format!("{module}.rs"));
        let source = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{module}: {error}"));
        // A test that runs for each dialect takes it as a parameter.
        assert!(source.contains(&format!("async fn {test}(")), "no test {module}::{test}");
    }
    named.len()
}

#[test]
fn every_trap_names_an_existing_test() {
    let (_, section) = RELIABILITY.split_once("\n## Traps\n").expect("the section");
    let section = section.split("\n## ").next().expect("its text");
    assert!(find_named_tests(section) >= 40);
}
