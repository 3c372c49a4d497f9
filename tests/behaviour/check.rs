//! `check-connection`: reports what is wrong with a connection.

use std::net::{Ipv4Addr, TcpListener};

use host_test::retool::diagnostics::{CheckStatus, ConnectionReport};
use host_test::retool::types::{Connection, Dialect};
use host_test::{Tenant, TenantOptions};
use mock_retool::{Dialect as Served, Fault, FaultKind, Options, Scope};

use crate::support::acme::wit_name;
use crate::support::{World, done, failed, host};

/// Returns the checks as `name: status`, with the code in parentheses.
fn lines(report: &ConnectionReport) -> Vec<String> {
    let line = |check: &host_test::retool::diagnostics::Check| {
        let code = check.code.as_deref().map(|code| format!(" ({code})"));
        let status = wit_name(&check.status);
        format!("{}: {status}{}", check.name, code.unwrap_or_default())
    };
    report.checks.iter().map(line).collect()
}

fn tenant(base_url: String, dialect: Dialect, token: &str) -> Tenant {
    let options = TenantOptions::new(base_url)
        .dialect(dialect)
        .env("RETOOL_API_TOKEN", token)
        // A server that can't be reached is tried only once.
        .env("RETOOL_MAX_ATTEMPTS", "1");
    host().tenant(options)
}

/// Returns an address on which no server listens.
fn nowhere() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    format!("http://{address}")
}

const WRITES_AND_SCIM: [&str; 3] =
    ["scope users:write: unknown", "scope groups:write: unknown", "scim: unknown (token-missing)"];

/// Returns all checks of a report: these six, those of writes and SCIM, and whether users and
/// groups were searched for unusable records and duplicates.
fn whole(checks: [&str; 6], people: bool, groups: bool) -> Vec<String> {
    let passed = |what, read| format!("{what}: {}", if read { "passed" } else { "unknown" });
    let checks = checks.into_iter().chain(WRITES_AND_SCIM).map(str::to_owned);
    let found = [("records", people), ("duplicate people", people), ("duplicate groups", groups)];
    checks.chain(found.map(|(what, read)| passed(what, read))).collect()
}

#[tokio::test]
async fn a_healthy_connection() {
    let v1 = ["GET /api/v1/users", "GET /api/v1/groups"];
    let v2 = ["GET /api/v2/user_invites", "GET /api/v2/users", "GET /api/v2/groups"];
    for (served, spoken, expected, probes) in [
        (Served::V1, Dialect::V1, &v1[..], &["GET /api/v2/users", "GET /api/v1/users"][..]),
        (Served::V2, Dialect::V2, &v2, &["GET /api/v2/users"]),
    ] {
        let options = Options { dialects: vec![served], ..Options::default() };
        let world = World::acme_with(options).await;
        for dialect in [spoken, Dialect::Auto] {
            let tenant = tenant(world.mock.base_url(), dialect, world.mock.token());
            let report = done(tenant.check_connection().await);
            assert!(report.healthy);
            assert_eq!(report.dialect, spoken);
            assert_eq!((report.user_count, report.group_count), (Some(4), Some(6)));
            assert_eq!(
                lines(&report),
                whole(
                    [
                        "reachable: passed",
                        "dialect: passed",
                        "token: passed",
                        "works: passed",
                        "scope users:read: passed",
                        "scope groups:read: passed",
                    ],
                    true,
                    true
                )
            );
            assert!(report.checks.iter().all(|check| !check.detail.is_empty()));
            match dialect {
                Dialect::Auto => assert_eq!(world.requests(), [probes, expected].concat()),
                _ => assert_eq!(world.requests(), expected),
            }
        }
    }
}

#[tokio::test]
async fn a_missing_scope_is_named() {
    for (missing, expected) in [
        (Scope::UsersRead, ["failed (scope-missing)", "passed"]),
        (Scope::GroupsRead, ["passed", "failed (scope-missing)"]),
    ] {
        let scopes = Scope::ALL.into_iter().filter(|scope| *scope != missing);
        let world = World::with(Options { scopes: scopes.collect(), ..Options::default() }).await;
        let report = done(world.tenant.check_connection().await);
        assert!(!report.healthy);
        assert_eq!(report.dialect, Dialect::V2);
        let [users, groups] = expected;
        assert_eq!(
            lines(&report),
            whole(
                [
                    "reachable: passed",
                    "dialect: passed",
                    "token: passed",
                    "works: failed (scope-missing)",
                    &format!("scope users:read: {users}"),
                    &format!("scope groups:read: {groups}"),
                ],
                users == "passed",
                groups == "passed"
            )
        );
        let failed = report.checks.iter().find(|check| check.status == CheckStatus::Failed);
        let detail = &failed.expect("a failed check").detail;
        assert!(detail.contains(missing.name()), "{detail}");
    }
}

#[tokio::test]
async fn a_token_without_any_read_scope_passes_the_token_check() {
    let scopes = vec![Scope::UsersWrite, Scope::GroupsWrite];
    let world = World::with(Options { scopes, ..Options::default() }).await;
    let report = done(world.tenant.check_connection().await);
    assert!(!report.healthy);
    assert!(lines(&report).contains(&"token: passed".to_owned()), "{:?}", lines(&report));
    assert_eq!((report.user_count, report.group_count), (None, None));
}

#[tokio::test]
async fn a_rejected_token_is_distinguished_from_everything_else() {
    let world = World::acme().await;
    let tenant = tenant(world.mock.base_url(), Dialect::V2, "another-token");
    let report = done(tenant.check_connection().await);
    assert!(!report.healthy);
    assert_eq!(
        lines(&report),
        whole(
            [
                "reachable: passed",
                "dialect: unknown",
                "token: failed (token-rejected)",
                "works: failed (token-rejected)",
                "scope users:read: unknown (token-rejected)",
                "scope groups:read: unknown (token-rejected)",
            ],
            false,
            false
        )
    );
    assert!(!format!("{report:?}").contains("another-token"));
}

/// The other request fails without a response.
#[tokio::test]
async fn one_response_is_enough_to_be_reachable() {
    let world = World::acme().await;
    world
        .mock
        .inject(Fault { path: Some("/api/v2/groups".into()), ..Fault::new(FaultKind::Reset) });
    let tenant = tenant(world.mock.base_url(), Dialect::V2, "another-token");
    let report = done(tenant.check_connection().await);
    assert_eq!(
        lines(&report)[..3],
        ["reachable: passed", "dialect: unknown", "token: failed (token-rejected)"]
    );
}

#[tokio::test]
async fn a_wrong_path_is_reported_as_a_wrong_base_url() {
    let world = World::acme().await;
    let base_url = format!("{}/retool", world.mock.base_url());
    for (wanted, spoken, code) in [
        (Dialect::V1, Dialect::V1, "base-url-wrong"),
        (Dialect::V2, Dialect::V2, "base-url-wrong"),
        (Dialect::Auto, Dialect::Auto, "dialect-unsupported"),
    ] {
        let tenant = tenant(base_url.clone(), wanted, world.mock.token());
        let report = done(tenant.check_connection().await);
        assert!(!report.healthy);
        assert_eq!(report.dialect, spoken);
        let lines = lines(&report);
        assert_eq!(
            lines[..3],
            ["reachable: passed", &format!("dialect: failed ({code})"), "token: unknown"]
        );
        assert_eq!((report.user_count, report.group_count), (None, None));
    }
    let paths = world.requests();
    assert!(paths.iter().all(|path| path.starts_with("GET /retool/api/v")), "{paths:?}");
}

#[tokio::test]
async fn an_unreachable_server_is_reported() {
    let report = done(tenant(nowhere(), Dialect::V2, "a-token").check_connection().await);
    assert!(!report.healthy);
    assert_eq!(
        lines(&report)[..3],
        ["reachable: failed (connection-failed)", "dialect: unknown", "token: unknown"]
    );
    let report = done(tenant(nowhere(), Dialect::Auto, "a-token").check_connection().await);
    assert_eq!(report.dialect, Dialect::Auto);
}

#[tokio::test]
async fn a_missing_token_is_an_error_without_a_report() {
    let world = World::acme().await;
    let without_token = host().tenant(TenantOptions::new(world.mock.base_url()));
    let (case, detail) = failed(without_token.check_connection().await);
    assert_eq!((case, detail.code.as_str()), ("permanent denied", "token-missing"));
    assert!(detail.message.contains("RETOOL_API_TOKEN"), "{}", detail.message);

    // SCIM needs its own token.
    let scim = tenant(world.mock.base_url(), Dialect::Scim, world.mock.token());
    let (case, detail) = failed(scim.check_connection().await);
    assert_eq!((case, detail.code.as_str()), ("permanent denied", "token-missing"));
    assert!(detail.message.contains("RETOOL_SCIM_TOKEN"), "{}", detail.message);
    assert!(world.requests().is_empty());
}

/// The connection can name another variable, so that one component serves many organisations.
#[tokio::test]
async fn the_token_is_read_from_the_variable_that_the_connection_names() {
    let world = World::acme().await;
    let tenant = world.tenant_with(&[("RETOOL_ACME", world.mock.token()), ("RETOOL_OTHER", "x")]);
    for (variable, healthy) in [("RETOOL_ACME", true), ("RETOOL_OTHER", false)] {
        let mut connection = tenant.connection().clone();
        connection.api_token_variable = Some(variable.into());
        let report = done(tenant.with_connection(connection).check_connection().await);
        assert_eq!(report.healthy, healthy, "{variable}");
    }
}

/// No other variable is ever read, not even for a dialect that is not used.
#[tokio::test]
async fn a_variable_without_the_retool_prefix_is_refused() {
    let world = World::acme().await;
    for variable in ["HOME", "MY_RETOOL_TOKEN", "retool_scim_token", "RETOOL_", ""] {
        let with = |change: fn(&mut Connection, String)| {
            let mut connection = world.tenant.connection().clone();
            change(&mut connection, variable.into());
            world.tenant.with_connection(connection)
        };
        let tenants = [
            with(|connection, name| connection.api_token_variable = Some(name)),
            with(|connection, name| connection.scim_token_variable = Some(name)),
        ];
        for tenant in tenants {
            let (_, detail) = failed(tenant.check_connection().await);
            assert_eq!(detail.code, "variable-refused", "{variable}");
        }
    }
    assert!(world.requests().is_empty());
}
