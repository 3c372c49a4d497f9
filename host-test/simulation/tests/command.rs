//! Tests of the `simulation` command.

use std::process::{Command, Output};

use serde_json::Value;

fn simulation(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_simulation"));
    command.args(arguments).output().expect("the command runs")
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).expect("text")
}

#[test]
fn figures_are_printed_and_the_exit_code_is_zero_without_violations() {
    let ran = simulation(&["--seeds", "20", "--from", "100", "--json"]);
    assert_eq!(ran.status.code(), Some(0), "{ran:?}");
    let figures: Value = serde_json::from_slice(&ran.stdout).expect("one document");
    assert_eq!(figures["seeds"], 20);
    assert!(figures["requests"].as_u64() > Some(100), "{figures}");
    assert_eq!(figures["failure"], Value::Null);
    let ran = simulation(&["--seeds", "3"]);
    assert!(stdout(&ran).starts_with("3 seeds: "), "{ran:?}");
}

#[test]
fn one_seed_is_replayed_with_every_request() {
    for (dialect, request) in [("v1", "GET /api/v1/"), ("v2", "GET /api/v2/"), ("scim", "/Users?")]
    {
        let replay =
            || simulation(&["--seeds", "1", "--from", "7", "--dialect", dialect, "--trace"]);
        let (one, other) = (replay(), replay());
        assert_eq!(one.status.code(), Some(0), "{one:?}");
        let printed = stdout(&one);
        assert!(printed.contains("seed 7") && printed.contains(request), "{printed}");
        assert_eq!(one.stdout, other.stdout);
    }
}

#[test]
fn a_trace_of_many_seeds_is_wrong_usage() {
    let ran = simulation(&["--seeds", "2", "--trace"]);
    assert_eq!(ran.status.code(), Some(2));
    let stderr = String::from_utf8_lossy(&ran.stderr);
    assert!(stderr.contains("--seeds 1"), "{stderr}");
}
