//! `check-connection` is healthy only where something was seen to work.

use std::time::Duration;

use host_test::TenantOptions;
use host_test::retool::diagnostics::{CheckStatus, ConnectionReport};
use host_test::retool::types::Dialect;
use mock_retool::{Fault, FaultKind, Forbidden, Guidance, Throttling};

use crate::support::dialects::ALL;
use crate::support::{World, done, host};

async fn checked(world: &World, dialect: Dialect) -> ConnectionReport {
    let options = TenantOptions::new(world.mock.base_url())
        .dialect(dialect)
        .env("RETOOL_API_TOKEN", world.mock.token())
        .env("RETOOL_SCIM_TOKEN", world.mock.scim_token())
        .env("RETOOL_DEADLINE_MS", "1000")
        .env("RETOOL_MAX_ATTEMPTS", "1");
    done(host().tenant(options).check_connection().await)
}

fn status(code: u16) -> FaultKind {
    FaultKind::Status { code, retry_after: None, body: None }
}

/// Everything that answers, and does not work.
fn not_working() -> Vec<FaultKind> {
    let wait = Duration::from_secs(3600);
    let throttled = |status, guidance| FaultKind::Throttled {
        throttling: Throttling { status, guidance },
        wait,
    };
    let mut kinds: Vec<_> =
        [400, 401, 403, 408, 409, 418, 422, 429, 500, 501, 502, 503, 504, 505].map(status).into();
    kinds.extend([200, 403, 404, 500, 503].map(FaultKind::Page));
    kinds.extend(Forbidden::ALL.map(FaultKind::Forbidden));
    kinds.extend([throttled(429, Guidance::RetryAfter), throttled(403, Guidance::ResetDate)]);
    kinds.extend([FaultKind::Reset, FaultKind::Silence, FaultKind::InvalidJson]);
    kinds.push(FaultKind::Redirect("https://elsewhere.example/".into()));
    kinds
}

#[tokio::test]
async fn a_server_that_answers_and_does_not_work_is_not_healthy() {
    for kind in not_working() {
        let world = World::acme_over(Dialect::V2).await;
        world.mock.inject(Fault::new(kind.clone()));
        for dialect in ALL.into_iter().chain([Dialect::Auto]) {
            let report = checked(&world, dialect).await;
            assert!(!report.healthy, "{dialect:?} {kind:?}: {report:?}");
            let works = report.checks.iter().find(|check| check.name == "works").expect("a check");
            assert_eq!(works.status, CheckStatus::Failed, "{dialect:?} {kind:?}");
            assert!(works.code.is_some() && !works.detail.is_empty());
            assert_eq!((report.user_count, report.group_count), (None, None));
        }
        assert!(world.writes().is_empty());
    }
}

#[tokio::test]
async fn a_part_that_does_not_work_is_not_healthy_either() {
    for dialect in ALL {
        let world = World::acme_over(dialect).await;
        assert!(checked(&world, dialect).await.healthy, "{dialect:?}");
        for path in [world.users_path(), world.groups_path()] {
            for kind in [status(500), status(429), FaultKind::Page(200)] {
                world.mock.clear_faults();
                // SCIM is looked for under another path too, if this one answers with a page.
                let paths = [path.to_owned(), format!("/api{path}")];
                for path in paths {
                    world.mock.inject(Fault { path: Some(path), ..Fault::new(kind.clone()) });
                }
                let report = checked(&world, dialect).await;
                assert!(!report.healthy, "{dialect:?} {path} {kind:?}: {report:?}");
            }
        }
    }
}

/// A 500 is no missing scope, and no rejected token.
#[tokio::test]
async fn what_was_not_seen_is_unknown_and_not_wrong() {
    let world = World::acme_over(Dialect::V2).await;
    world.mock.inject(Fault::new(status(500)));
    let report = checked(&world, Dialect::V2).await;
    let of = |name: &str| {
        let check = report.checks.iter().find(|check| check.name == name).expect("a check");
        (check.status, check.code.as_deref())
    };
    assert_eq!(of("reachable"), (CheckStatus::Passed, None));
    assert_eq!(of("dialect"), (CheckStatus::Unknown, None));
    assert_eq!(of("token"), (CheckStatus::Unknown, None));
    assert_eq!(of("works"), (CheckStatus::Failed, Some("server-error")));
    assert_eq!(of("scope users:read"), (CheckStatus::Unknown, Some("server-error")));
}
