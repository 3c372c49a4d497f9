//! Inconsistent listings are read again and then given up. No user is removed because of them.

use host_test::Tenant;
use host_test::retool::directory::PageRequest;
use host_test::retool::synchronization::{AbsentPolicy, MembershipPolicy, SyncRequest};
use host_test::retool::types::Dialect;
use mock_retool::{Fault, FaultKind, Options, ScimQuirks};

use crate::support::dialects::tenant_at;
use crate::support::{World, by_email, done, entry, failed, host, limit, roster};

over_every_dialect!(
    a_changing_total_is_given_up_without_a_removal,
    repeated_or_endless_pages_are_given_up_without_a_removal,
    a_missing_listing_is_a_wrong_base_url,
    an_unusable_listing_is_an_error_and_not_an_empty_organisation,
);

async fn sixty(dialect: Dialect) -> World {
    let mut world = World::with(Options { users: 60, ..Options::default() }).await;
    world.tenant = world.over(dialect);
    world
}

/// Returns a tenant that reads ten users at a time. On `/api/v2` it requests all users at once
/// first, and finds out that the response is too large.
fn by_page(world: &World) -> Tenant {
    let options = host_test::TenantOptions::new(world.mock.base_url())
        .dialect(world.dialect())
        .env("RETOOL_API_TOKEN", world.mock.token())
        .env("RETOOL_SCIM_TOKEN", world.mock.scim_token())
        .env("RETOOL_PAGE_SIZE", "10")
        .env("RETOOL_MAX_BODY_BYTES", "20000");
    host().tenant(options)
}

/// Returns a request that removes all users but one, without any guard against it.
fn all_but_one_leave(world: &World) -> SyncRequest {
    let mut request = roster(vec![entry(&world.mock.state().users[0].email)]);
    request.policy.memberships = MembershipPolicy::Leave;
    request.policy.absent = AbsentPolicy::Disable;
    limit(&mut request.policy.guards.user_removals).percent = Some(100);
    request.policy.guards.minimum_admins = Some(0);
    request
}

async fn assert_given_up(world: &World, tenant: &Tenant, how: &str) {
    let before = world.mock.state();
    let request = all_but_one_leave(world);
    let (case, detail) = failed(tenant.sync(&request).await);
    assert_eq!(
        (case, detail.code.as_str()),
        ("transient unavailable", "listing-incomplete"),
        "{how}"
    );
    assert!(detail.writes.is_empty() && world.writes().is_empty(), "{how}");
    let (_, detail) = failed(tenant.plan_sync(&request).await);
    assert_eq!(detail.code, "listing-incomplete", "{how}");
    assert_eq!(world.mock.state(), before, "{how}");
}

async fn a_changing_total_is_given_up_without_a_removal(dialect: Dialect) {
    let world = sixty(dialect).await;
    world.mock.inject(Fault { skip: 1, ..Fault::new(FaultKind::MovingTotal) });
    world.mock.inject(Fault::new(FaultKind::MovingTotal));
    assert_given_up(&world, &by_page(&world), "a total that moves").await;
}

async fn repeated_or_endless_pages_are_given_up_without_a_removal(dialect: Dialect) {
    for kind in [FaultKind::RepeatPage, FaultKind::EndlessPages] {
        let how = format!("{kind:?}");
        let world = sixty(dialect).await;
        world.mock.inject(Fault::new(kind));
        assert_given_up(&world, &by_page(&world), &how).await;
    }
    // Without faults all users are found.
    let world = sixty(dialect).await;
    let tenant = by_page(&world);
    let plan = done(tenant.plan_sync(&all_but_one_leave(&world)).await);
    let state = world.mock.state();
    let enabled = state.users.iter().skip(1).filter(|user| !user.is_disabled).count();
    assert_eq!(plan.steps.len(), enabled);
}

async fn a_missing_listing_is_a_wrong_base_url(dialect: Dialect) {
    let world = sixty(dialect).await;
    let body = match dialect {
        Dialect::V1 => r#"{"message":"Not found"}"#,
        Dialect::V2 => r#"{"success":false,"message":"Not found"}"#,
        _ => r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"404"}"#,
    };
    let not_found = FaultKind::Status { code: 404, retry_after: None, body: Some(body.to_owned()) };
    world.mock.inject(Fault::new(not_found));
    let email = world.mock.state().users[0].email.clone();
    let expected = if dialect == Dialect::Scim { "scim-unavailable" } else { "base-url-wrong" };
    let request = all_but_one_leave(&world);
    for (case, detail) in [
        failed(world.tenant.find_user(&by_email(&email)).await),
        failed(world.tenant.sync(&request).await),
    ] {
        assert_eq!(detail.code, expected);
        assert!(case.starts_with("permanent "), "{case}");
    }
    assert!(world.writes().is_empty());
}

async fn an_unusable_listing_is_an_error_and_not_an_empty_organisation(dialect: Dialect) {
    let answer = |body: &str| FaultKind::Status {
        code: 200,
        retry_after: None,
        body: Some(body.to_owned()),
    };
    for kind in
        [FaultKind::Html200, FaultKind::InvalidJson, answer("{}"), answer("[]"), answer("null")]
    {
        let how = format!("{kind:?}");
        let expected = match kind {
            FaultKind::Html200 => ("permanent unsupported", "html-page"),
            _ => ("transient unavailable", "answer-unusable"),
        };
        let world = sixty(dialect).await;
        world.mock.inject(Fault::new(kind));
        let (case, detail) = failed(world.tenant.sync(&all_but_one_leave(&world)).await);
        assert_eq!((case, detail.code.as_str()), expected, "{how}");
        assert!(world.writes().is_empty(), "{how}");
    }
}

/// There are more pages, but no token to request them.
#[tokio::test]
async fn v2_gives_up_a_page_with_more_but_without_a_token() {
    let world = sixty(Dialect::V2).await;
    world.mock.inject(Fault::new(FaultKind::OmitInLists("next_token".into())));
    assert_given_up(&world, &by_page(&world), "no token").await;
    let first = PageRequest {
        cursor: None,
        page_size: Some(10),
        with_members: false,
        with_other_ids: false,
    };
    let (_, detail) = failed(world.tenant.page_users(&first).await);
    assert_eq!(detail.code, "listing-incomplete");
}

/// The server's token is encoded, so that it stays one value of the query.
#[tokio::test]
async fn v2_reads_a_too_large_listing_page_by_page() {
    let world = sixty(Dialect::V2).await;
    let found = done(by_page(&world).check_connection().await);
    assert_eq!(found.user_count, Some(60));
    let requests = world.requests_with_queries();
    let pages = requests.iter().filter(|request| request.contains("limit=10")).count();
    assert_eq!(pages, 6, "{requests:?}");
    assert!(
        requests.iter().any(|request| request.contains("next_token=") && request.contains("%2B"))
    );
}

/// Retool's SCIM returns everything, whatever page is requested.
#[tokio::test]
async fn a_scim_server_that_ignores_paging_is_read_whole_and_once() {
    let scim_quirks = ScimQuirks { ignore_paging: true, ..ScimQuirks::default() };
    let options = Options { users: 60, scim_quirks, ..Options::default() };
    let mut world = World::with(options).await;
    world.tenant = tenant_at(world.mock.base_url(), Dialect::Scim, &world);
    let state = world.mock.state();
    let expected: Vec<_> = state.users.iter().map(|user| world.user_id(&user.email)).collect();

    let plan = done(world.tenant.plan_sync(&all_but_one_leave(&world)).await);
    let enabled = state.users.iter().skip(1).filter(|user| !user.is_disabled).count();
    assert_eq!(plan.steps.len(), enabled);
    // Full pages may have 60 people, and the total may be that of the page: two more looks show.
    assert_eq!(world.requests(), ["GET /scim/v2/Users"; 3]);

    // Pages are parts of the server's only response.
    let mut request = PageRequest {
        cursor: None,
        page_size: Some(25),
        with_members: false,
        with_other_ids: false,
    };
    let mut pages = Vec::new();
    loop {
        let page = done(world.tenant.page_users(&request).await);
        assert_eq!(page.total, Some(60));
        pages.push(page.users.into_iter().map(|user| user.id).collect::<Vec<_>>());
        let Some(cursor) = page.next else { break };
        request = PageRequest { cursor: Some(cursor), page_size: None, ..request };
    }
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [25, 25, 10]);
    assert_eq!(pages.concat(), expected);
}
