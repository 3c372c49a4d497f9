//! Servers that refuse a size of page, or leave out user types: what they teach is used for the
//! rest of the call.

use host_test::Tenant;
use host_test::retool::synchronization::{AbsentPolicy, MembershipPolicy, SyncRequest};
use host_test::retool::types::{Dialect, UserType};
use mock_retool::{LargePages, ListingOptions, Options};

use crate::support::acme::written;
use crate::support::dialects::ALL;
use crate::support::{World, done, entry, limit, roster};

/// 60 people, 25 on a page at most.
async fn sixty(dialect: Dialect, listing: ListingOptions) -> World {
    let options = Options { users: 60, max_page_size: 25, listing, ..Options::default() };
    World::with_over(dialect, options).await
}

/// The last person leaves, and nobody else changes. Returns also the address of that person.
fn one_leaves(world: &World) -> (SyncRequest, String) {
    world.mock.edit(|state| {
        for user in &mut state.users {
            user.is_disabled = false;
        }
    });
    let everyone: Vec<_> = world.mock.state().users.iter().map(|user| user.email.clone()).collect();
    let (leaver, stay) = everyone.split_last().expect("people");
    let mut request = roster(stay.iter().map(|email| entry(email)).collect());
    request.policy.memberships = MembershipPolicy::Leave;
    request.policy.absent = AbsentPolicy::Disable;
    request.policy.re_enable_disabled = false;
    limit(&mut request.policy.guards.user_removals).percent = Some(100);
    request.policy.guards.minimum_admins = Some(0);
    (request, leaver.clone())
}

/// The statuses of the listings of people that were refused.
fn refused(world: &World) -> Vec<u16> {
    let listings = world
        .mock
        .requests()
        .into_iter()
        .filter(|sent| sent.method == "GET" && sent.path == world.users_path());
    listings.filter_map(|sent| sent.status).filter(|status| *status >= 400).collect()
}

async fn assert_leaves(world: &World, tenant: &Tenant, how: &str) {
    let (request, leaver) = one_leaves(world);
    let report = done(tenant.sync(&request).await);
    assert!(report.complete, "{how}: {:?}", report.people);
    let writes = written(&report.writes);
    assert_eq!(writes[0], format!("user-disabled {leaver}"), "{how}");
    assert!(writes.iter().all(|write| write.ends_with(&leaver)), "{how}: {writes:?}");
    assert!(world.person(&leaver).is_disabled, "{how}");
}

#[tokio::test]
async fn a_page_size_that_is_refused_is_asked_for_in_smaller_ones() {
    for dialect in ALL {
        for (status, names_maximum) in [(400, true), (400, false), (422, true), (422, false)] {
            let listing = ListingOptions {
                large_pages: LargePages::Refused { status, names_maximum },
                demands_size: true,
                ..ListingOptions::default()
            };
            let world = sixty(dialect, listing).await;
            let how = format!("{dialect:?} {status} {names_maximum}");
            assert_leaves(&world, &world.tenant, &how).await;
            let refused = refused(&world);
            // 500 and 100 are too many, if the server does not say how many are not.
            // `/api/v2` is asked for everybody first.
            let sizes = if names_maximum { 1 } else { 2 };
            let sizes = sizes + usize::from(dialect == Dialect::V2);
            assert!(!refused.is_empty() && refused.len() <= sizes, "{how}: {refused:?}");
        }
    }
}

#[tokio::test]
async fn a_listing_without_a_size_may_be_refused() {
    for dialect in ALL {
        let listing = ListingOptions { demands_size: true, ..ListingOptions::default() };
        let world = sixty(dialect, listing).await;
        assert_leaves(&world, &world.tenant, &format!("{dialect:?}")).await;
    }
}

/// Counts the reads of one person's record each.
fn single_reads(world: &World) -> usize {
    let prefix = format!("{}/", world.users_path());
    world
        .mock
        .requests()
        .iter()
        .filter(|sent| sent.method == "GET" && sent.path.starts_with(&prefix))
        .count()
}

/// The field of the user type, for the dialects that have one.
const USER_TYPE: [(Dialect, &str); 2] = [(Dialect::V1, "userType"), (Dialect::V2, "user_type")];

#[tokio::test]
async fn a_server_without_user_types_costs_a_few_reads_and_says_so() {
    for (dialect, field) in USER_TYPE {
        let listing = ListingOptions { omit: vec![field.to_owned()], ..ListingOptions::default() };
        let world = sixty(dialect, listing).await;
        let (mut request, _) = one_leaves(&world);
        request.policy.absent = AbsentPolicy::Keep;
        for person in &mut request.roster {
            person.user_type = Some(UserType::Default);
        }
        let plan = done(world.tenant.plan_sync(&request).await);
        assert!(plan.steps.is_empty(), "{dialect:?}: {:?}", plan.steps);
        assert!(
            plan.limitations.iter().any(|text| text.contains("59 people")),
            "{dialect:?}: {:?}",
            plan.limitations
        );
        assert!(single_reads(&world) <= 3, "{dialect:?}: {}", single_reads(&world));
    }
}

#[tokio::test]
async fn user_types_that_only_single_records_have_are_compared() {
    for (dialect, field) in USER_TYPE {
        let omit_in_lists = vec![field.to_owned()];
        let listing = ListingOptions { omit_in_lists, ..ListingOptions::default() };
        let world = sixty(dialect, listing).await;
        let (mut request, _) = one_leaves(&world);
        request.policy.absent = AbsentPolicy::Keep;
        world.mock.edit(|state| {
            for user in &mut state.users {
                user.user_type = "default".into();
            }
        });
        for person in &mut request.roster {
            person.user_type = Some(UserType::Default);
        }
        let plan = done(world.tenant.plan_sync(&request).await);
        assert!(plan.steps.is_empty() && plan.limitations.is_empty(), "{dialect:?}: {plan:?}");
        assert!(single_reads(&world) >= 59, "{dialect:?}");
    }
}
