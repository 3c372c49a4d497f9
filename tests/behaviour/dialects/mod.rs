//! A request means the same over every dialect. What a dialect can't do is reported before anything
//! is written.

/// Makes tests for each dialect from functions that take a dialect.
macro_rules! over_every_dialect {
    ($($test:ident),* $(,)?) => {
        mod v1 {
            $(#[tokio::test]
            async fn $test() {
                super::$test(host_test::retool::types::Dialect::V1).await;
            })*
        }
        mod v2 {
            $(#[tokio::test]
            async fn $test() {
                super::$test(host_test::retool::types::Dialect::V2).await;
            })*
        }
        mod scim {
            $(#[tokio::test]
            async fn $test() {
                super::$test(host_test::retool::types::Dialect::Scim).await;
            })*
        }
    };
}

mod apply_step;
mod auto;
mod batches;
mod changes;
mod check;
mod deprovision;
mod directory;
mod golden;
mod groups;
mod guards;
mod identity;
mod invitations;
mod kept;
mod listings;
mod lost_replies;
mod other_ids;
mod prefix;
mod provision;
mod provision_groups;
mod provision_limits;
mod requests;
mod restore;
mod scim_quirks;
mod scim_versions;
mod seats;
mod seeded;
mod stale;
mod sync;
mod tokens;
mod tombstones;
mod v2;
