//! Checks of a connection.

use host_test::TenantOptions;
use host_test::retool::diagnostics::{CheckStatus, ConnectionReport};
use host_test::retool::types::Dialect;

use crate::server::TOKEN;
use crate::support::{by_email, failed, host};
use crate::{ADA, World, done, tenant};

fn check(report: &ConnectionReport, name: &str) -> (CheckStatus, Option<String>) {
    let check = report.checks.iter().find(|check| check.name == name).expect("the check");
    (check.status, check.code.clone())
}

#[tokio::test]
async fn a_connection_is_checked_without_a_write() {
    let world = World::with_engineers().await;
    let report = done(world.tenant.check_connection().await);
    assert!(report.healthy, "{report:?}");
    assert_eq!((report.user_count, report.group_count), (Some(3), Some(1)));
    assert_eq!(world.server.writes().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_wrong_token_and_a_wrong_path_have_different_codes() {
    let world = World::with_engineers().await;
    let report = done(tenant(&world.server, Dialect::Scim, "another").check_connection().await);
    assert_eq!(check(&report, "token"), (CheckStatus::Failed, Some("token-rejected".to_owned())));

    let options = TenantOptions::new(format!("{}/elsewhere", world.server.base_url()))
        .dialect(Dialect::Scim)
        .env("RETOOL_SCIM_TOKEN", TOKEN);
    let elsewhere = host().tenant(options);
    let (case, error) = failed(elsewhere.find_user(&by_email(ADA)).await);
    assert_eq!((case, &*error.code), ("permanent unsupported", "scim-unavailable"));
}

#[tokio::test]
async fn auto_finds_scim_with_its_token_alone() {
    let world = World::with_engineers().await;
    let auto = tenant(&world.server, Dialect::Auto, TOKEN);
    assert_eq!(done(auto.check_connection().await).dialect, Dialect::Scim);
    assert!(done(auto.find_user(&by_email(ADA)).await).is_some());
}
