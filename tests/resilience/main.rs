//! The component under bad conditions: servers that fail, return wrong data, stall or are not
//! Retool, hosts that are killed, and callers with invalid requests. One module per kind of
//! trouble. Where nothing else is said, tests run over `/api/v2`.

/// Makes a test over `/api/v2` and a test over `/api/v1` of each function that takes a dialect.
macro_rules! over_v2_and_v1 {
    ($($test:ident),* $(,)?) => {
        mod v2 {
            $(#[tokio::test]
            async fn $test() {
                super::$test(host_test::retool::types::Dialect::V2).await;
            })*
        }
        mod v1 {
            $(#[tokio::test]
            async fn $test() {
                super::$test(host_test::retool::types::Dialect::V1).await;
            })*
        }
    };
}

#[path = "../support/mod.rs"]
mod support;

mod dialect;
mod fault;
mod scenario;

mod acknowledgements;
mod bounds;
mod conflicts;
mod errors;
mod every_call;
mod input;
mod kill;
mod lost_replies;
mod partial;
mod paths;
mod random_faults;
mod retries;
mod retry_after;
mod secrets;
mod stale;
mod too_much;
mod traffic;
