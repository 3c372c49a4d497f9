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

mod absence;
mod access;
mod apply_step;
mod attributes;
mod auto;
mod batches;
mod changes;
mod check;
mod clearing;
mod deprovision;
mod directory;
mod golden;
mod group_admins;
mod groups;
mod guards;
mod identity;
mod invitations;
mod inviting;
mod inviting_unseen;
mod kept;
mod listings;
mod lost_replies;
mod metadata;
mod other_ids;
mod plan_deprovision;
mod prefix;
mod provision;
mod provision_groups;
mod provision_limits;
mod renaming;
mod requests;
mod restore;
mod restore_many;
mod scim_quirks;
mod scim_versions;
mod seats;
mod seeded;
mod stale;
mod stripped;
mod sync;
mod tokens;
mod tombstones;
mod two_factor;
mod v2;
