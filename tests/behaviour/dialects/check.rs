//! `check-connection`: reports what is wrong with a connection.

use host_test::TenantOptions;
use host_test::retool::diagnostics::{Check, CheckStatus, ConnectionReport};
use host_test::retool::types::Dialect;
use mock_retool::{Fault, FaultKind, Group, Options, Scope, User};

use crate::support::acme::{JOAN, wit_name};
use crate::support::{World, done, host};

over_every_dialect!(
    a_healthy_connection,
    a_rejected_token_is_distinguished_from_everything_else,
    duplicate_groups_and_users_are_warnings,
    a_wrong_path_is_reported_as_a_wrong_base_url,
);

/// Returns the checks as `name: status`, with the code in parentheses.
fn lines(report: &ConnectionReport) -> Vec<String> {
    let line = |check: &Check| {
        let code = check.code.as_deref().map(|code| format!(" ({code})"));
        format!("{}: {}{}", check.name, wit_name(&check.status), code.unwrap_or_default())
    };
    report.checks.iter().map(line).collect()
}

fn check<'a>(report: &'a ConnectionReport, name: &str) -> &'a Check {
    report.checks.iter().find(|check| check.name == name).expect("a check")
}

/// Checks a connection with these tokens.
async fn report(
    world: &World,
    dialect: Dialect,
    api: Option<&str>,
    scim: Option<&str>,
) -> ConnectionReport {
    let mut options = TenantOptions::new(world.mock.base_url()).dialect(dialect);
    for (name, token) in [("RETOOL_API_TOKEN", api), ("RETOOL_SCIM_TOKEN", scim)] {
        if let Some(token) = token {
            options = options.env(name, token);
        }
    }
    let tenant = host().tenant(options);
    done(tenant.check_connection().await)
}

async fn a_healthy_connection(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let report = done(world.tenant.check_connection().await);
    assert!(report.healthy);
    assert_eq!(report.dialect, dialect);
    assert_eq!((report.user_count, report.group_count), (Some(4), Some(6)));
    let scim = (dialect != Dialect::Scim).then_some("scim: passed");
    let expected: Vec<_> = [
        "reachable: passed",
        "dialect: passed",
        "token: passed",
        "works: passed",
        "scope users:read: passed",
        "scope groups:read: passed",
        "scope users:write: unknown",
        "scope groups:write: unknown",
    ]
    .into_iter()
    .chain(scim)
    .chain(["records: passed", "duplicate people: passed", "duplicate groups: passed"])
    .collect();
    assert_eq!(lines(&report), expected);
    assert!(report.checks.iter().all(|check| !check.detail.is_empty()));
    assert!(world.writes().is_empty());
}

async fn a_rejected_token_is_distinguished_from_everything_else(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let report = report(&world, dialect, Some("another-token"), Some("another-token")).await;
    assert!(!report.healthy);
    assert_eq!(report.dialect, dialect);
    assert_eq!(
        lines(&report)[..3],
        ["reachable: passed", "dialect: unknown", "token: failed (token-rejected)"]
    );
    assert!(!format!("{report:?}").contains("another-token"));
}

/// Okta's group push creates such groups. Two spellings of one address create such users.
async fn duplicate_groups_and_users_are_warnings(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    world.mock.edit(|acme| {
        acme.create_group(Group::new("Support "));
        acme.create_group(Group::new("support"));
        let twin = User {
            id: "11111111-1111-4111-8111-111111111111".into(),
            legacy_id: 99,
            email: JOAN.to_uppercase(),
            ..acme.user_by_email(JOAN).expect("Joan").clone()
        };
        acme.users.push(twin);
    });
    let report = done(world.tenant.check_connection().await);
    assert!(report.healthy, "a duplicate is only a warning");
    let (people, groups) = (check(&report, "duplicate people"), check(&report, "duplicate groups"));
    assert_eq!((people.status, groups.status), (CheckStatus::Warning, CheckStatus::Warning));
    assert!(people.detail.contains(JOAN), "{}", people.detail);
    assert!(groups.detail.contains("Support"), "{}", groups.detail);
    assert!(!groups.detail.contains("support"), "another name: {}", groups.detail);
}

async fn a_wrong_path_is_reported_as_a_wrong_base_url(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let mut connection = world.tenant.connection().clone();
    connection.base_url += "/elsewhere";
    let report = done(world.tenant.with_connection(connection).check_connection().await);
    assert!(!report.healthy);
    let code = if dialect == Dialect::Scim { "scim-unavailable" } else { "base-url-wrong" };
    assert_eq!(
        lines(&report)[..3],
        [
            "reachable: passed".to_owned(),
            format!("dialect: failed ({code})"),
            "token: unknown".to_owned()
        ]
    );
    assert_eq!((report.user_count, report.group_count), (None, None));
}

#[tokio::test]
async fn the_reason_for_missing_scim_is_reported() {
    let world = World::acme().await;
    let (api, scim) = (Some(world.mock.token()), Some(world.mock.scim_token()));
    for dialect in [Dialect::V1, Dialect::V2, Dialect::Auto] {
        let missing = report(&world, dialect, api, None).await;
        assert!(missing.healthy);
        assert!(lines(&missing).contains(&"scim: unknown (token-missing)".to_owned()));

        // A REST token is not valid for SCIM.
        let rejected = report(&world, dialect, api, api).await;
        assert!(!rejected.healthy);
        let of = check(&rejected, "scim");
        assert_eq!((of.status, of.code.as_deref()), (CheckStatus::Failed, Some("token-rejected")));
        assert!(of.detail.contains("a token of its own"), "{}", of.detail);
    }
    for options in [
        Options { scim_not_configured: true, ..Options::default() },
        Options { dialects: vec![mock_retool::Dialect::V1], ..Options::default() },
    ] {
        let world = World::acme_with(options).await;
        let absent = report(&world, Dialect::V1, api, scim).await;
        assert!(absent.healthy, "SCIM is not required");
        let of = check(&absent, "scim");
        assert_eq!(
            (of.status, of.code.as_deref()),
            (CheckStatus::Warning, Some("scim-unavailable"))
        );
        for why in ["2.32.1", "SSO", "base URL"] {
            assert!(of.detail.contains(why), "{}", of.detail);
        }
    }
}

#[tokio::test]
async fn v2_names_a_missing_scope() {
    for (missing, name) in
        [(Scope::UsersRead, "scope users:read"), (Scope::GroupsRead, "scope groups:read")]
    {
        let scopes = Scope::ALL.into_iter().filter(|scope| *scope != missing);
        let options = Options { scopes: scopes.collect(), ..Options::default() };
        let world = World::acme_over_with(Dialect::V2, options).await;
        let report = done(world.tenant.check_connection().await);
        assert!(!report.healthy);
        let failed: Vec<_> =
            report.checks.iter().filter(|check| check.status == CheckStatus::Failed).collect();
        let [works, failed] = failed[..] else { panic!("{:?}", lines(&report)) };
        assert_eq!(works.name, "works");
        assert_eq!((&*failed.name, failed.code.as_deref()), (name, Some("scope-missing")));
        assert!(failed.detail.contains(missing.name()), "{}", failed.detail);
    }
}

#[tokio::test]
async fn scim_explains_what_is_missing() {
    let world = World::acme_over(Dialect::Scim).await;
    let rest = world.mock.token();
    let rejected = report(&world, Dialect::Scim, Some(rest), Some(rest)).await;
    let token = check(&rejected, "token");
    assert_eq!(token.status, CheckStatus::Failed);
    assert!(token.detail.contains("a token of its own"), "{}", token.detail);

    let options = Options { scim_not_configured: true, ..Options::default() };
    let world = World::acme_over_with(Dialect::Scim, options).await;
    let absent = done(world.tenant.check_connection().await);
    assert!(!absent.healthy);
    let dialect = check(&absent, "dialect");
    assert_eq!(dialect.code.as_deref(), Some("scim-unavailable"));
    assert!(dialect.detail.contains("2.32.1"), "{}", dialect.detail);
}

/// A temporary failure does not show whether the server has SCIM.
#[tokio::test]
async fn a_failure_of_scim_is_not_reported_as_missing_scim() {
    let world = World::acme_over(Dialect::V2).await;
    world.mock.inject(Fault {
        path: Some("/scim/v2".into()),
        ..Fault::new(FaultKind::Status { code: 500, retry_after: None, body: None })
    });
    let report = done(world.tenant.check_connection().await);
    assert!(report.healthy);
    assert!(lines(&report).contains(&"scim: unknown (server-error)".to_owned()), "{report:?}");
}
