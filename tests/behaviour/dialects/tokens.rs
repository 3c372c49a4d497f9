//! Rejected tokens: the request is never retried, and the error names the token or the scope.

use host_test::retool::lifecycle::DeprovisionMode;
use host_test::retool::types::{Dialect, Error};
use host_test::{Tenant, TenantOptions};
use mock_retool::{Fault, FaultKind, Options, Scope};

use crate::support::acme::{JOAN, NEW};
use crate::support::dialects::nina;
use crate::support::{
    World, by_email, case_and_detail, departure, done, entry, failed, host, memberships, roster,
};

over_every_dialect!(
    a_rejected_token_ends_every_call_with_one_request,
    a_forbidden_request_ends_every_call_with_one_request,
    a_missing_token_is_named_before_any_request,
);

fn tenant(world: &World, dialect: Dialect, api: &str, scim: &str) -> Tenant {
    let options = TenantOptions::new(world.mock.base_url())
        .dialect(dialect)
        .env("RETOOL_API_TOKEN", api)
        .env("RETOOL_SCIM_TOKEN", scim);
    host().tenant(options)
}

/// Returns the errors of some calls, each with the number of its requests.
async fn errors(world: &World, tenant: &Tenant) -> Vec<(Error, usize)> {
    let dialect = tenant.connection().dialect;
    let mut errors = Vec::new();
    let mut add = |error: Error| errors.push((error, world.requests().len()));
    let provisioned = tenant.provision(&nina(dialect)).await.expect("an answer");
    add(provisioned.expect_err("a failure"));
    let request = departure(JOAN, DeprovisionMode::Delete);
    add(tenant.deprovision(&request).await.expect("an answer").expect_err("a failure"));
    let synced = tenant.sync(&roster(vec![entry(JOAN)])).await.expect("an answer");
    add(synced.expect_err("a failure"));
    add(tenant.changes_since(None).await.expect("an answer").expect_err("a failure"));
    errors
}

async fn a_rejected_token_ends_every_call_with_one_request(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    for (error, requests) in errors(&world, &tenant(&world, dialect, "wrong", "wrong")).await {
        let (case, detail) = case_and_detail(error);
        assert_eq!((case, detail.code.as_str()), ("permanent denied", "token-rejected"));
        assert_eq!((detail.http_status, detail.attempts, requests), (Some(401), 1, 1));
        let own = detail.message.contains("a token of its own");
        assert_eq!(own, dialect == Dialect::Scim, "{}", detail.message);
        assert!(!detail.message.contains("wrong"), "{}", detail.message);
    }
}

async fn a_forbidden_request_ends_every_call_with_one_request(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    world.mock.inject(Fault::new(FaultKind::Status { code: 403, retry_after: None, body: None }));
    for (error, requests) in errors(&world, &world.tenant).await {
        let (case, detail) = case_and_detail(error);
        assert_eq!((case, detail.code.as_str()), ("permanent denied", "forbidden"));
        assert_eq!((detail.http_status, detail.attempts, requests), (Some(403), 1, 1));
        let hint =
            if dialect == Dialect::Scim { "SCIM takes a token of its own" } else { "users:read" };
        assert!(detail.message.contains(hint), "{}", detail.message);
    }
}

async fn a_missing_token_is_named_before_any_request(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let variable = if dialect == Dialect::Scim { "RETOOL_SCIM_TOKEN" } else { "RETOOL_API_TOKEN" };
    let (api, scim) = if dialect == Dialect::Scim { ("a", "") } else { ("", "a") };
    let (case, detail) =
        failed(tenant(&world, dialect, api, scim).find_user(&by_email(JOAN)).await);
    assert_eq!((case, detail.code.as_str()), ("permanent denied", "token-missing"));
    assert!(detail.message.contains(variable), "{}", detail.message);
    assert!(world.requests().is_empty());
}

/// To confuse the two tokens is the likeliest mistake. So the message mentions it.
#[tokio::test]
async fn a_rest_token_on_scim_is_explained_and_a_scim_token_is_rejected_on_rest() {
    let world = World::acme_over(Dialect::Scim).await;
    let (api, scim) = (world.mock.token().to_owned(), world.mock.scim_token().to_owned());
    let (_, detail) =
        failed(tenant(&world, Dialect::Scim, &api, &api).find_user(&by_email(JOAN)).await);
    assert_eq!(detail.code, "token-rejected");
    assert!(detail.message.contains("a token of the REST API does not work"), "{}", detail.message);
    for dialect in [Dialect::V1, Dialect::V2] {
        let (_, detail) =
            failed(tenant(&world, dialect, &scim, &scim).find_user(&by_email(JOAN)).await);
        assert_eq!(detail.code, "token-rejected");
    }
}

/// The server may be too old, or without SSO, or the address may be wrong. The response does not
/// say.
#[tokio::test]
async fn a_404_without_a_body_from_scim_is_explained() {
    let options = Options { scim_not_configured: true, ..Options::default() };
    let world = World::acme_over_with(Dialect::Scim, options).await;
    for (error, requests) in errors(&world, &world.tenant).await {
        let (case, detail) = case_and_detail(error);
        assert_eq!((case, detail.code.as_str()), ("permanent unsupported", "scim-unavailable"));
        for why in ["2.32.1", "SSO", "/scim/v2", "/api/scim/v2", "base URL"] {
            assert!(detail.message.contains(why), "{}", detail.message);
        }
        assert!(requests <= 4, "each path once, and once more for the second search: {requests}");
    }
}

#[tokio::test]
async fn a_missing_write_scope_is_named_with_the_writes_before_it() {
    let scopes = vec![Scope::UsersRead, Scope::UsersWrite, Scope::GroupsRead];
    let options = Options { scopes, ..Options::default() };
    let world = World::acme_over_with(Dialect::V2, options).await;
    let request = host_test::retool::lifecycle::ProvisionRequest {
        groups: memberships([crate::support::named("Support")]),
        ..nina(Dialect::V2)
    };
    let (case, detail) = failed(world.tenant.provision(&request).await);
    assert_eq!((case, detail.code.as_str()), ("permanent denied", "scope-missing"));
    assert!(detail.message.contains("groups:write"), "{}", detail.message);
    assert_eq!(detail.request.as_deref(), Some("POST /api/v2/groups/{id}/members"));
    let written = crate::support::acme::written(&detail.writes);
    assert_eq!(written, ["user-created new@acme.example"]);
    assert!(done(world.tenant.find_user(&by_email(NEW)).await).is_some());
}
