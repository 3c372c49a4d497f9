//! No more requests than needed.

use host_test::retool::synchronization::{AbsentPolicy, MembershipPolicy, RosterEntry};
use mock_retool::Options;

use super::in_groups;
use crate::support::acme::{ADA, JOAN, NEW};
use crate::support::{World, done, entry, roster, roster_of};

#[tokio::test]
async fn a_plan_reads_each_page_and_the_groups_once() {
    for (users, page, pages) in [(12, 5, 3), (20, 5, 4), (21, 5, 5), (4, 5, 1)] {
        let world = World::with(Options { users, ..Options::default() }).await;
        let tenant = world.tenant_with(&[("RETOOL_PAGE_SIZE", &page.to_string())]);
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
async fn a_server_with_smaller_pages_is_read_in_those() {
    let world = World::with(Options { users: 12, max_page_size: 5, ..Options::default() }).await;
    done(world.tenant.plan_sync(&roster_of(&world.mock)).await);
    assert_eq!(world.requests().len(), 4);
}

#[tokio::test]
async fn groups_are_not_read_where_nothing_depends_on_them() {
    let world = World::acme().await;
    let mut request = roster(vec![entry(JOAN)]);
    request.policy.memberships = MembershipPolicy::Leave;
    request.policy.absent = AbsentPolicy::Disable;
    done(world.tenant.plan_sync(&request).await);
    assert_eq!(world.requests(), ["GET /api/v1/users"]);
}

#[tokio::test]
async fn what_is_so_already_takes_no_write() {
    for memberships in [MembershipPolicy::Leave, MembershipPolicy::Add, MembershipPolicy::Exact] {
        let world = World::with(Options { users: 60, ..Options::default() }).await;
        let mut request = roster_of(&world.mock);
        request.policy.memberships = memberships;
        request.policy.absent = AbsentPolicy::Disable;
        let before = world.mock.state();
        let report = done(world.tenant.sync(&request).await);
        assert!(report.complete && report.writes.is_empty());
        assert_eq!(report.people.len(), 60);
        let requests = world.requests();
        assert!(requests.iter().all(|request| request.starts_with("GET ")), "{requests:?}");
        assert!(requests.len() <= 2, "{requests:?}");
        assert_eq!(world.mock.state(), before);
    }
}

#[tokio::test]
async fn each_write_is_sent_once_and_each_group_read_back_once() {
    let world = World::acme().await;
    let joan = world.path_of(JOAN);
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
