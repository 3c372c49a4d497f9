//! The requests of each operation over each dialect: all of them, in order, and no more than
//! needed.

use host_test::retool::lifecycle::{DeprovisionMode, ProvisionRequest};
use host_test::retool::synchronization::{RosterEntry, SyncRequest};
use host_test::retool::types::Dialect;
use host_test::{Tenant, TenantOptions};
use mock_retool::{Group, Options};

use crate::support::acme::{ADA, JOAN, NEW};
use crate::support::dialects::{known, nina};
use crate::support::{
    World, allow_growth, by_email, changing, departure, done, entry, host, memberships, named,
    new_member, roster, roster_of,
};

over_every_dialect!(
    a_sync_with_nothing_to_do_reads_everything_once,
    an_existing_user_is_found_with_one_request,
    existing_memberships_take_the_list_of_groups_too,
    a_new_user_is_created_added_to_groups_and_read_back,
    disabling_reads_the_account_and_writes_once,
    deleting_reads_the_result_once,
    finding_a_user_takes_one_lookup,
    five_hundred_users_join_a_group_with_the_fewest_requests,
    a_plan_reads_each_page_and_the_groups_once,
    fifty_users_are_added_to_a_group_with_few_requests,
);

/// Returns the requests since the last call, as `METHOD path?names`: without the values of queries,
/// and with users' ids replaced by `{id}`.
fn requests(world: &World) -> Vec<String> {
    let requests = world.mock.requests();
    world.mock.clear_requests();
    let shape = |request: &mock_retool::LoggedRequest| {
        let mut segments: Vec<&str> = request.path.split('/').collect();
        for at in 1..segments.len() {
            if matches!(segments[at - 1], "users" | "Users" | "members") {
                segments[at] = "{id}";
            }
        }
        let names = request.query.split('&').map(|pair| pair.split('=').next().unwrap_or_default());
        let names = names.collect::<Vec<_>>().join("&");
        let separator = if names.is_empty() { "" } else { "?" };
        format!("{} {}{separator}{names}", request.method, segments.join("/"))
    };
    let mut requests: Vec<String> = requests.iter().map(shape).collect();
    // Several groups are read side by side, so that it is open which comes first.
    let reads_group = |request: &str| request.starts_with("GET ") && request.contains("roups/");
    let reads = |one: &String, other: &String| reads_group(one) && reads_group(other);
    requests.chunk_by_mut(reads).for_each(<[String]>::sort);
    requests
}

/// Returns the roster that describes the organisation, without fields that a dialect does not
/// report.
fn as_it_is(world: &World) -> SyncRequest {
    let mut request = roster_of(&world.mock);
    for person in &mut request.roster {
        (person.user_type, person.admin) = (None, None);
    }
    request
}

async fn a_sync_with_nothing_to_do_reads_everything_once(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let report = done(world.tenant.sync(&as_it_is(&world)).await);
    assert!(report.complete && report.writes.is_empty());
    let expected: &[&str] = match dialect {
        Dialect::V1 => &["GET /api/v1/users?page&pageSize", "GET /api/v1/groups"],
        Dialect::V2 => &["GET /api/v2/user_invites", "GET /api/v2/users", "GET /api/v2/groups"],
        _ => &["GET /scim/v2/Users?startIndex&count", "GET /scim/v2/Groups?startIndex&count"],
    };
    assert_eq!(requests(&world), expected);
}

/// Returns the request that finds a user by address.
fn lookup(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::V1 => "GET /api/v1/users?email",
        Dialect::V2 => "GET /api/v2/users?email",
        _ => "GET /scim/v2/Users?filter",
    }
}

/// Returns the request that lists groups.
fn groups(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::V1 => "GET /api/v1/groups",
        Dialect::V2 => "GET /api/v2/groups",
        _ => "GET /scim/v2/Groups?startIndex&count",
    }
}

async fn an_existing_user_is_found_with_one_request(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    done(world.tenant.provision(&known(JOAN)).await);
    assert_eq!(requests(&world), [lookup(dialect)]);
}

/// If the list of groups contains their members, no group is read individually.
async fn existing_memberships_take_the_list_of_groups_too(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let groups_of_ada = vec![named("Engineering"), named("Support")];
    let request = ProvisionRequest { groups: memberships(groups_of_ada), ..known(ADA) };
    let result = done(world.tenant.provision(&request).await);
    assert_eq!(result.groups_kept.len(), 2);
    assert_eq!(requests(&world), [lookup(dialect), groups(dialect)]);
}

/// The filter may be case-sensitive. So if it finds no user, the whole listing is read.
async fn a_new_user_is_created_added_to_groups_and_read_back(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let wanted = ["Engineering", "Support", "Finance"].map(named).to_vec();
    let request = ProvisionRequest { groups: memberships(wanted), ..nina(dialect) };
    let result = done(world.tenant.provision(&request).await);
    assert_eq!(result.groups_added.len(), 3);
    assert_eq!(world.groups_of(NEW), ["Engineering", "Finance", "Support"]);
    let expected: &[&str] = match dialect {
        Dialect::V1 => &[
            "GET /api/v1/users?email",
            "GET /api/v1/users?page&pageSize",
            "GET /api/v1/groups",
            "POST /api/v1/users",
            "POST /api/v1/groups/4/members",
            "POST /api/v1/groups/5/members",
            "POST /api/v1/groups/6/members",
            "GET /api/v1/users/{id}",
        ],
        // The members are read before each addition. Its response shows them afterwards.
        Dialect::V2 => &[
            "GET /api/v2/users?email",
            "GET /api/v2/users",
            "GET /api/v2/user_invites",
            "GET /api/v2/groups",
            "POST /api/v2/users",
            "GET /api/v2/groups/4",
            "POST /api/v2/groups/4/members",
            "GET /api/v2/groups/5",
            "POST /api/v2/groups/5/members",
            "GET /api/v2/groups/6",
            "POST /api/v2/groups/6/members",
            "GET /api/v2/users/{id}?includeGroups",
        ],
        // All members are compared before and after each addition.
        _ => &[
            "GET /scim/v2/Users?filter",
            "GET /scim/v2/Users?startIndex&count",
            "GET /scim/v2/Groups?startIndex&count",
            "POST /scim/v2/Users",
            "GET /scim/v2/Groups/grp_4",
            "PATCH /scim/v2/Groups/grp_4",
            "GET /scim/v2/Groups/grp_4",
            "GET /scim/v2/Groups/grp_5",
            "PATCH /scim/v2/Groups/grp_5",
            "GET /scim/v2/Groups/grp_5",
            "GET /scim/v2/Groups/grp_6",
            "PATCH /scim/v2/Groups/grp_6",
            "GET /scim/v2/Groups/grp_6",
            "GET /scim/v2/Users/{id}",
        ],
    };
    assert_eq!(requests(&world), expected);
}

async fn disabling_reads_the_account_and_writes_once(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    done(world.tenant.deprovision(&departure(JOAN, DeprovisionMode::Disable)).await);
    let expected: &[&str] = match dialect {
        Dialect::V1 => {
            &["GET /api/v1/users?email", "GET /api/v1/users/{id}", "PUT /api/v1/users/{id}"]
        }
        Dialect::V2 => &[
            "GET /api/v2/users?email",
            "GET /api/v2/user_invites",
            "GET /api/v2/users/{id}?includeGroups",
            "PATCH /api/v2/users/{id}",
            "POST /api/v2/users/{id}/logout",
        ],
        // SCIM does not report administrators, so all users are read. The user's record may lack
        // groups, so these are read too.
        _ => &[
            "GET /scim/v2/Users?filter",
            "GET /scim/v2/Users?startIndex&count",
            "GET /scim/v2/Groups?startIndex&count",
            "GET /scim/v2/Users/{id}",
            "PATCH /scim/v2/Users/{id}",
        ],
    };
    assert_eq!(requests(&world), expected);
}

async fn deleting_reads_the_result_once(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    done(world.tenant.deprovision(&departure(JOAN, DeprovisionMode::Delete)).await);
    let expected: &[&str] = match dialect {
        Dialect::V1 => &[
            "GET /api/v1/users?email",
            "GET /api/v1/users/{id}",
            "DELETE /api/v1/users/{id}",
            "GET /api/v1/users/{id}",
        ],
        Dialect::V2 => &[
            "GET /api/v2/users?email",
            "GET /api/v2/user_invites",
            "GET /api/v2/users/{id}?includeGroups",
            "GET /api/v2/groups/3",
            "GET /api/v2/groups/5",
            "DELETE /api/v2/users/{id}",
            "GET /api/v2/users/{id}?includeGroups",
            "POST /api/v2/users/{id}/logout",
        ],
        _ => &[
            "GET /scim/v2/Users?filter",
            "GET /scim/v2/Users?startIndex&count",
            "GET /scim/v2/Groups?startIndex&count",
            "GET /scim/v2/Users/{id}",
            "DELETE /scim/v2/Users/{id}",
            "GET /scim/v2/Users/{id}",
        ],
    };
    assert_eq!(requests(&world), expected);
}

/// Over `/api/v2` the memberships take another request.
async fn finding_a_user_takes_one_lookup(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    assert!(done(world.tenant.find_user(&by_email(JOAN)).await).is_some());
    let memberships: &[&str] = match dialect {
        Dialect::V2 => &["GET /api/v2/users/{id}?includeGroups"],
        _ => &[],
    };
    assert_eq!(requests(&world), [&[lookup(dialect)], memberships].concat());
    // Only the whole listing proves that no user has the address.
    assert!(done(world.tenant.find_user(&by_email(NEW)).await).is_none());
    let listing: &[&str] = match dialect {
        Dialect::V1 => &["GET /api/v1/users?page&pageSize"],
        Dialect::V2 => &["GET /api/v2/users", "GET /api/v2/user_invites"],
        _ => &["GET /scim/v2/Users?startIndex&count"],
    };
    assert_eq!(requests(&world), [&[lookup(dialect)], listing].concat());
}

async fn five_hundred_users_join_a_group_with_the_fewest_requests(dialect: Dialect) {
    let options = Options { users: 500, groups: 0, ..Options::default() };
    let mut world = World::with(options).await;
    world.tenant = world.over(dialect);
    world.mock.edit(|acme| {
        acme.create_group(Group::new("Everyone"));
        acme.users.iter_mut().for_each(|user| user.is_disabled = false);
    });
    let state = world.mock.state();
    let in_it = |user: &mock_retool::User| RosterEntry {
        groups: memberships([named("Everyone")]),
        ..entry(&user.email)
    };
    let mut request = roster(state.users.iter().map(in_it).collect());
    allow_growth(&mut request);
    assert!(done(world.tenant.sync(&request).await).complete);
    assert_eq!(world.members_of("Everyone").len(), 500);
    let mut expected: Vec<&str> = Vec::new();
    match dialect {
        Dialect::V1 => {
            // The page is full, so that the next one may not be empty.
            expected.extend(["GET /api/v1/users?page&pageSize"; 2]);
            expected.push("GET /api/v1/groups");
            expected.extend(["POST /api/v1/groups/4/members"; 500]);
            // 500 may be a full page too.
            expected.push("GET /api/v1/groups/4/members");
            expected.push("GET /api/v1/groups/4/members?page&pageSize");
        }
        // The group is read before, because existing members must not be added. It is read after,
        // to verify all writes.
        Dialect::V2 => expected.extend([
            "GET /api/v2/user_invites",
            "GET /api/v2/users",
            "GET /api/v2/groups",
            "GET /api/v2/groups/4",
            "POST /api/v2/groups/4/members",
            "GET /api/v2/groups/4",
        ]),
        _ => {
            expected.extend(["GET /scim/v2/Users?startIndex&count"; 2]);
            expected.extend(["GET /scim/v2/Groups?startIndex&count", "GET /scim/v2/Groups/grp_4"]);
            expected.extend(["PATCH /scim/v2/Groups/grp_4"; 5]);
            // To compare all members, and to verify all writes.
            expected.extend(["GET /scim/v2/Groups/grp_4"; 2]);
        }
    }
    assert_eq!(requests(&world), expected);
}

async fn fifty_users_are_added_to_a_group_with_few_requests(dialect: Dialect) {
    let options = Options { users: 54, groups: 0, ..Options::default() };
    let mut world = World::with(options).await;
    world.tenant = world.over(dialect);
    world.mock.edit(|acme| {
        acme.create_group(Group::new("Everyone"));
    });
    let mut request = changing(named("Everyone"));
    request.add_members =
        world.mock.state().users.iter().map(|user| new_member(&*user.email)).collect();
    let result = done(world.tenant.change_group(&request).await);
    assert_eq!((result.members_added.len(), world.members_of("Everyone").len()), (54, 54));
    let sent = requests(&world);
    // Everyone is listed once, with the invitations over `/api/v2`, and the group before and after.
    let most = match dialect {
        Dialect::V1 => 54 + 5,
        Dialect::V2 => 7,
        _ => 7,
    };
    assert!(sent.len() <= most, "{} requests: {sent:?}", sent.len());
}

/// Returns a tenant that requests this many users at a time.
fn in_pages(world: &World, dialect: Dialect, size: u32) -> Tenant {
    let options = TenantOptions::new(world.mock.base_url())
        .dialect(dialect)
        .env("RETOOL_API_TOKEN", world.mock.token())
        .env("RETOOL_SCIM_TOKEN", world.mock.scim_token())
        .env("RETOOL_PAGE_SIZE", size.to_string());
    host().tenant(options)
}

async fn a_plan_reads_each_page_and_the_groups_once(dialect: Dialect) {
    for (users, pages) in [(2_000, 4), (2_001, 5)] {
        let world = World::with(Options { users, groups: 3, ..Options::default() }).await;
        let tenant = in_pages(&world, dialect, 500);
        done(tenant.plan_sync(&as_it_is(&world)).await);
        let mut expected = match dialect {
            Dialect::V1 => vec!["GET /api/v1/users?page&pageSize"; pages],
            // All users are in one response, because it is not too large.
            Dialect::V2 => vec!["GET /api/v2/user_invites", "GET /api/v2/users"],
            _ => vec!["GET /scim/v2/Users?startIndex&count"; pages],
        };
        expected.push(groups(dialect));
        assert_eq!(requests(&world), expected, "of {users}");
    }
}
