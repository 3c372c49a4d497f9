//! Checks what README.md and `docs/` say against the code.

#[path = "../../examples/host.rs"]
#[allow(dead_code, reason = "its `main` is for people")]
mod host;

mod calls;
mod dialects;
mod reliability;
#[path = "../support/mod.rs"]
mod support;
mod waves;

use host_test::TenantOptions;
use host_test::retool::types::Dialect;
use mock_retool::{Mock, Options};
use retool_lifecycle::error::Code;
use roster::{Format, parse};

const README: &str = include_str!("../../README.md");
const EMBEDDING: &str = include_str!("../../docs/embedding.md");
const ENVIRONMENT: &str = include_str!("../../docs/environment.md");
const ERRORS: &str = include_str!("../../docs/errors.md");
const FUNCTIONS: &str = include_str!("../../docs/functions.md");

#[test]
fn the_example_host_in_the_docs_is_the_one_that_is_compiled() {
    let example = include_str!("../../examples/host.rs");
    assert!(EMBEDDING.contains(example), "copy examples/host.rs into docs/embedding.md");
    assert!(example.lines().count() < 60, "the README promises fewer than 60 lines");
    assert!(README.contains("(examples/host.rs)"), "the README links to the example");
}

#[tokio::test]
async fn the_example_checks_a_connection() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("retool_lifecycle.wasm");
    std::fs::write(&file, host_test::Host::embedded_component()).expect("a file");
    let mock = Mock::start(Options::default()).await.expect("a mock server");
    let file = file.to_str().expect("a path in UTF-8");

    let report = host::check(file, &mock.base_url(), mock.token()).await.expect("a report");
    assert!(report.healthy);
    assert_eq!(report.user_count, Some(12));

    let report = host::check(file, &mock.base_url(), "another").await.expect("a report");
    assert!(!report.healthy);
}

#[tokio::test]
async fn every_call_in_the_docs_is_compiled_and_works() {
    let source = include_str!("calls.rs");
    let lines: Vec<&str> = source.lines().filter(|line| line.contains(".await??")).collect();
    // One for each function that this version has, and the cursor of one comes from an earlier
    // call of it.
    assert_eq!(lines.len(), 15 + 1);
    for line in lines {
        assert!(FUNCTIONS.contains(line.trim()), "docs/functions.md has no line `{}`", line.trim());
    }

    let mock = Mock::start(Options::default()).await.expect("a mock server");
    let options = TenantOptions::new(mock.base_url())
        .dialect(Dialect::V1)
        .env("RETOOL_API_TOKEN", mock.token());
    let tenant = support::host().tenant(options);
    calls::calls(&tenant).await.expect("every call succeeds");
    assert!(mock.state().user_by_email("grace@example.com").is_some());
}

#[test]
fn the_readme_is_short() {
    assert!(README.lines().count() <= 150, "the README has at most 150 lines");
}

#[test]
fn the_small_roster_in_the_readme_is_a_roster() {
    let (_, roster) = README.split_once("$ cat people.csv\n").expect("a roster");
    let roster: Vec<&str> = roster.lines().take_while(|line| !line.starts_with('$')).collect();
    let roster = parse(roster.join("\n").as_bytes(), Format::Csv, &roster::Options::default());
    let roster = roster.expect("a roster");
    assert_eq!(roster.entries.len(), 2);
}

#[test]
fn the_dependencies_in_the_docs_are_those_of_the_example() {
    let manifest = include_str!("../../Cargo.toml");
    for name in ["wasmtime", "wasmtime-wasi", "wasmtime-wasi-http"] {
        let line = EMBEDDING.lines().find(|line| line.starts_with(&format!("{name} = ")));
        let line = line.unwrap_or_else(|| panic!("{name} is not in docs/embedding.md"));
        let version = line.split('"').nth(1).expect("a version");
        let ours = manifest.lines().find(|line| line.starts_with(&format!("{name} = ")));
        let ours = ours.unwrap_or_else(|| panic!("{name} is not in Cargo.toml"));
        assert!(ours.contains(&format!("version = \"{version}\"")), "{line}");
    }
}

#[test]
fn every_error_code_is_listed_with_its_kind() {
    for code in Code::ALL {
        let row = ERRORS.lines().find(|line| line.starts_with(&format!("| `{}` |", code.as_str())));
        let row = row.unwrap_or_else(|| panic!("{} is not in docs/errors.md", code.as_str()));
        let kind = code.kind().as_str();
        assert!(row.contains(&format!("| `{kind}` |")), "{}: the kind is {kind}", code.as_str());
    }
}

#[test]
fn every_variable_is_listed_with_its_default() {
    let settings = retool_lifecycle::config::Settings::default();
    for (variable, default) in [
        ("RETOOL_API_TOKEN", String::new()),
        ("RETOOL_SCIM_TOKEN", String::new()),
        ("RETOOL_DEADLINE_MS", settings.deadline_ms.to_string()),
        ("RETOOL_TRY_TIMEOUT_MS", settings.try_timeout_ms.to_string()),
        ("RETOOL_WINDOW", settings.window.to_string()),
        ("RETOOL_PAGE_SIZE", settings.page_size.to_string()),
        ("RETOOL_MAX_BODY_BYTES", settings.max_body_bytes.to_string()),
        ("RETOOL_MAX_ATTEMPTS", settings.max_attempts.to_string()),
        ("RETOOL_PROFILE", settings.profile.to_string()),
    ] {
        let row = ENVIRONMENT.lines().find(|line| line.starts_with(&format!("| `{variable}` |")));
        let row = row.unwrap_or_else(|| panic!("{variable} is not in docs/environment.md"));
        assert!(row.contains(&default), "{variable}: the default is {default}");
    }
}
