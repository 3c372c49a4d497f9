//! The number and the order of requests.

use host_test::TenantOptions;
use host_test::retool::synchronization::{AbsentPolicy, MembershipPolicy, RosterEntry};
use host_test::retool::types::Dialect;
use mock_retool::Options;

use super::{current_roster, in_groups, newcomer, v1_with};
use crate::support::acme::{ADA, JOAN, NEW};
use crate::support::{World, done, entry, host, roster, roster_of};

/// Over `/api/v2` each list is one response, whatever the page size is.
#[tokio::test]
async fn a_plan_reads_each_list_once() {
    for users in [4, 21, 1000] {
        let world = World::with(Options { users, ..Options::default() }).await;
        let tenant = world.tenant_with(&[("RETOOL_PAGE_SIZE", "5")]);
        done(tenant.plan_sync(&current_roster(&world)).await);
        assert_eq!(
            world.requests_with_queries(),
            ["GET /api/v2/user_invites?", "GET /api/v2/users?", "GET /api/v2/groups?"],
            "of {users}"
        );
    }
}

#[tokio::test]
async fn v1_a_plan_reads_each_page_and_the_groups_once() {
    for (users, page, pages) in [(12, 5, 3), (20, 5, 4), (21, 5, 5), (4, 5, 1)] {
        let world = v1_with(Options { users, ..Options::default() }).await;
        let options = TenantOptions::new(world.mock.base_url())
            .dialect(Dialect::V1)
            .env("RETOOL_API_TOKEN", world.mock.token())
            .env("RETOOL_PAGE_SIZE", page.to_string());
        let tenant = host().tenant(options);
        let request = roster_of(&world.mock);
        done(tenant.plan_sync(&request).await);
        let mut requests = world.requests_with_queries();
        requests.sort();
        let mut expected = vec!["GET /api/v1/groups?".to_owned()];
        expected.extend((1..=pages).map(|n| format!("GET /api/v1/users?page={n}&pageSize={page}")));
        assert_eq!(requests, expected, "1 + ceil({users} / {page})");
    }
}

#[tokio::test]
async fn v1_a_server_with_smaller_pages_is_read_in_its_pages() {
    let world = v1_with(Options { users: 12, max_page_size: 5, ..Options::default() }).await;
    done(world.tenant.plan_sync(&roster_of(&world.mock)).await);
    assert_eq!(world.requests().len(), 4);
}

#[tokio::test]
async fn groups_are_not_read_if_nothing_depends_on_them() {
    let world = World::acme().await;
    let mut request = roster(vec![entry(JOAN)]);
    request.policy.memberships = MembershipPolicy::Leave;
    request.policy.absent = AbsentPolicy::Disable;
    done(world.tenant.plan_sync(&request).await);
    assert_eq!(world.requests(), ["GET /api/v2/user_invites", "GET /api/v2/users"]);
}

#[tokio::test]
async fn a_sync_with_nothing_to_do_writes_nothing() {
    for memberships in [MembershipPolicy::Leave, MembershipPolicy::Add, MembershipPolicy::Exact] {
        let world = World::with(Options { users: 60, ..Options::default() }).await;
        let mut request = current_roster(&world);
        request.policy.memberships = memberships;
        request.policy.absent = AbsentPolicy::Disable;
        let before = world.mock.state();
        let report = done(world.tenant.sync(&request).await);
        assert!(report.complete && report.writes.is_empty());
        assert_eq!(report.people.len(), 60);
        let requests = world.requests();
        assert!(requests.iter().all(|request| request.starts_with("GET ")), "{requests:?}");
        assert!(requests.len() <= 3, "{requests:?}");
        assert_eq!(world.mock.state(), before);
    }
}

#[tokio::test]
async fn each_write_is_sent_once_and_each_group_read_back_once() {
    let mut world = World::acme().await;
    // With a wider window it is open which of the groups comes first.
    world.tenant = world.tenant_with(&[("RETOOL_WINDOW", "1")]);
    let joan = world.user_path(JOAN);
    let request = roster(vec![
        RosterEntry { first_name: Some("J".into()), ..in_groups(JOAN, &["Finance"]) },
        in_groups(ADA, &["Finance"]),
        newcomer(NEW, &["Finance", "Support"]),
    ]);
    done(world.tenant.sync(&request).await);
    assert_eq!(
        world.requests(),
        [
            "GET /api/v2/user_invites",
            "GET /api/v2/users",
            "GET /api/v2/groups",
            "POST /api/v2/users",
            &format!("GET {joan}"),
            &format!("PATCH {joan}"),
            // Each group is read first, because existing members must not be added again. Groups
            // that several people join come before those that one joins.
            "GET /api/v2/groups/6",
            "POST /api/v2/groups/6/members",
            "GET /api/v2/groups/5",
            "POST /api/v2/groups/5/members",
            "GET /api/v2/groups/5",
            "GET /api/v2/groups/6",
        ]
    );
}

#[tokio::test]
async fn v1_each_write_is_sent_once_and_each_group_read_back_once() {
    let mut world = World::acme_over(Dialect::V1).await;
    // With a wider window it is open whose write comes first.
    world.tenant = world.over_with_env(Dialect::V1, &[("RETOOL_WINDOW", "1")]);
    let joan = world.user_path(JOAN);
    let request = roster(vec![
        RosterEntry { first_name: Some("J".into()), ..in_groups(JOAN, &["Finance"]) },
        in_groups(ADA, &["Finance"]),
        in_groups(NEW, &["Finance", "Support"]),
    ]);
    done(world.tenant.sync(&request).await);
    assert_eq!(
        world.requests(),
        [
            "GET /api/v1/users",
            "GET /api/v1/groups",
            "POST /api/v1/users",
            &format!("GET {joan}"),
            &format!("PUT {joan}"),
            "POST /api/v1/groups/6/members",
            "POST /api/v1/groups/6/members",
            "POST /api/v1/groups/6/members",
            "POST /api/v1/groups/5/members",
            "GET /api/v1/groups/5/members",
            "GET /api/v1/groups/6/members",
        ]
    );
}
