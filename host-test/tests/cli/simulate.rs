//! `simulate`, as it is run.

use serde_json::Value;

use crate::command::run_with;

#[test]
fn figures_are_printed_and_the_exit_says_that_all_held() {
    let ran = run_with(&["simulate", "--seeds", "20", "--from", "100", "--json"], &[]);
    assert_eq!(ran.exit, 0, "{ran:?}");
    let figures: Value = serde_json::from_str(&ran.stdout).expect("one document");
    assert_eq!(figures["seeds"], 20);
    assert!(figures["requests"].as_u64() > Some(100), "{figures}");
    assert_eq!(figures["failure"], Value::Null);
}

#[test]
fn one_seed_is_replayed_with_every_request() {
    for (dialect, request) in [("v1", "GET /api/v1/"), ("v2", "GET /api/v2/"), ("scim", "/Users?")]
    {
        let replay = || {
            let one = ["simulate", "--seeds", "1", "--from", "7", "--dialect", dialect, "--trace"];
            run_with(&one, &[])
        };
        let (one, other) = (replay(), replay());
        assert_eq!(one.exit, 0, "{one:?}");
        assert!(one.stdout.contains("seed 7") && one.stdout.contains(request), "{}", one.stdout);
        assert_eq!(one.stdout, other.stdout);
    }
}

#[test]
fn a_trace_of_many_seeds_is_wrong_usage() {
    let ran = run_with(&["simulate", "--seeds", "2", "--trace"], &[]);
    assert_eq!(ran.exit, 2);
    assert!(ran.stderr.contains("--seeds 1"), "{}", ran.stderr);
}
