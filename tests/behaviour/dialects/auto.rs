//! `auto`: the dialect is found by asking the server, and is never guessed.

use host_test::retool::synchronization::AbsentPolicy;
use host_test::retool::types::{Dialect, ErrorDetail};
use host_test::{Tenant, TenantOptions};
use mock_retool::{Dialect as Served, Fault, FaultKind, Forbidden, Options};

use crate::support::acme::{JOAN, NEW};
use crate::support::dialects::known;
use crate::support::{World, by_email, done, entry, failed, host, roster};

async fn serving(dialects: &[Served]) -> World {
    let options = Options { dialects: dialects.to_vec(), ..Options::default() };
    World::acme_over_with(Dialect::Auto, options).await
}

/// Returns a tenant that has only some of the tokens.
fn with_tokens(world: &World, api: bool, scim: bool) -> Tenant {
    let mut options = TenantOptions::new(world.mock.base_url());
    if api {
        options = options.env("RETOOL_API_TOKEN", world.mock.token());
    }
    if scim {
        options = options.env("RETOOL_SCIM_TOKEN", world.mock.scim_token());
    }
    host().tenant(options)
}

async fn refused(tenant: &Tenant) -> (&'static str, ErrorDetail) {
    failed(tenant.find_user(&by_email(JOAN)).await)
}

fn every(path: &str, kind: FaultKind) -> Fault {
    Fault { path: Some(path.into()), ..Fault::new(kind) }
}

fn status(code: u16) -> FaultKind {
    FaultKind::Status { code, retry_after: None, body: None }
}

#[tokio::test]
async fn auto_prefers_v2_then_v1_then_scim() {
    use Served::{Scim, V1, V2};
    for (served, found, probes) in [
        (&[V1, V2, Scim][..], Dialect::V2, &["GET /api/v2/users"][..]),
        (&[V2], Dialect::V2, &["GET /api/v2/users"]),
        (&[V1, Scim], Dialect::V1, &["GET /api/v2/users", "GET /api/v1/users"]),
        (&[V1], Dialect::V1, &["GET /api/v2/users", "GET /api/v1/users"]),
        (&[Scim], Dialect::Scim, &["GET /api/v2/users", "GET /api/v1/users", "GET /scim/v2/Users"]),
    ] {
        let world = serving(served).await;
        let joan = done(world.tenant.find_user(&by_email(JOAN)).await).expect("Joan");
        assert_eq!(joan.id, world.user_id_in(found, JOAN), "{served:?}");
        let name = match found {
            Dialect::V1 => "/api/v1",
            Dialect::V2 => "/api/v2",
            _ => "SCIM",
        };
        let line = format!("the server speaks {name}");
        assert!(world.tenant.log().contains(&line), "{:?}", world.tenant.log());
        let requests = world.requests();
        assert_eq!(requests[..probes.len()], *probes);
        // Over `/api/v2` the memberships are in the user's own record.
        let reads = if found == Dialect::V2 { 2 } else { 1 };
        assert_eq!(requests.len(), probes.len() + reads, "{requests:?}");
    }
}

#[tokio::test]
async fn every_function_reports_the_dialect_that_was_found() {
    let world = serving(&Served::ALL).await;
    assert_eq!(done(world.tenant.check_connection().await).dialect, Dialect::V2);
    let mut request = roster(vec![entry(JOAN)]);
    request.policy.absent = AbsentPolicy::Keep;
    assert_eq!(done(world.tenant.plan_sync(&request).await).dialect, Dialect::V2);
    assert_eq!(done(world.tenant.sync(&request).await).dialect, Dialect::V2);
    let provisioned = done(world.tenant.provision(&known(JOAN)).await);
    assert_eq!(provisioned.user.id, world.user_id_in(Dialect::V2, JOAN));
    assert!(world.writes().is_empty());
}

#[tokio::test]
async fn a_server_without_any_dialect_is_an_error() {
    let world = serving(&[]).await;
    let (case, detail) = refused(&world.tenant).await;
    assert_eq!((case, detail.code.as_str()), ("permanent unsupported", "dialect-unsupported"));
    assert_eq!(detail.subject, Some(world.mock.base_url()));
    for part in ["/api/v2: base-url-wrong", "/api/v1: base-url-wrong", "SCIM: scim-unavailable"] {
        assert!(detail.message.contains(part), "{}", detail.message);
    }
    let report = done(world.tenant.check_connection().await);
    assert_eq!((report.dialect, report.healthy), (Dialect::Auto, false));
    assert!(world.writes().is_empty());
}

/// A page instead of `/api/v2` shows that the server does not have it. A failure shows nothing.
#[tokio::test]
async fn a_page_leads_to_the_next_dialect_and_a_failure_ends_the_call() {
    let world = serving(&Served::ALL).await;
    world.mock.inject(every("/api/v2", FaultKind::Html200));
    let joan = done(world.tenant.find_user(&by_email(JOAN)).await).expect("Joan");
    assert_eq!(joan.id, world.user_id_in(Dialect::V1, JOAN));

    for (kind, case, code) in [
        (status(500), "transient unavailable", "server-error"),
        (status(401), "permanent denied", "token-rejected"),
        (status(403), "permanent denied", "forbidden"),
        (FaultKind::Forbidden(Forbidden::Scope), "permanent denied", "scope-missing"),
        (status(400), "permanent conflict", "server-refused"),
        (FaultKind::Reset, "transient unavailable", "connection-failed"),
        (
            FaultKind::Redirect("https://elsewhere.example/".into()),
            "permanent denied",
            "redirected",
        ),
    ] {
        let world = serving(&Served::ALL).await;
        world.mock.inject(every("/api/v2", kind));
        let (actual, detail) = refused(&world.tenant).await;
        assert_eq!((actual, detail.code.as_str()), (case, code));
        assert_eq!(detail.request.as_deref(), Some("GET /api/v2/users"));
        let requests = world.requests();
        assert!(
            requests.iter().all(|request| request == "GET /api/v2/users"),
            "no other dialect is probed: {requests:?}"
        );
        assert!(world.tenant.log().iter().all(|line| !line.contains("speaks")));
    }
}

#[tokio::test]
async fn a_dialect_without_its_token_is_not_probed() {
    let world = serving(&Served::ALL).await;
    let scim_alone = with_tokens(&world, false, true);
    let joan = done(scim_alone.find_user(&by_email(JOAN)).await).expect("Joan");
    assert_eq!(joan.id, world.user_id_in(Dialect::Scim, JOAN));
    assert!(world.requests().iter().all(|request| request.contains("/scim/")));

    let (case, detail) = refused(&with_tokens(&world, false, false)).await;
    assert_eq!((case, detail.code.as_str()), ("permanent denied", "token-missing"));
    assert!(detail.message.contains("RETOOL_API_TOKEN"), "{}", detail.message);
    assert!(world.requests().is_empty());

    let world = serving(&[Served::Scim]).await;
    let (_, detail) = refused(&with_tokens(&world, true, false)).await;
    assert_eq!(detail.code, "dialect-unsupported");
    assert!(!detail.message.contains("SCIM:"), "it was not probed: {}", detail.message);
}

/// An upgrade of the server between two calls creates no second account.
#[tokio::test]
async fn another_dialect_finds_the_user_that_the_first_one_created() {
    let world = serving(&Served::ALL).await;
    let request = crate::support::dialects::nina(Dialect::V1);
    done(world.over(Dialect::V1).provision(&request).await);
    world.mock.clear_requests();
    let again = done(world.tenant.provision(&request).await);
    assert_eq!(again.user.id, world.user_id_in(Dialect::V2, NEW));
    assert!(again.writes.is_empty() && world.writes().is_empty());
}
