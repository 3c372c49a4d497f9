//! No more requests than needed, over each dialect: all of them, in order.

use host_test::retool::lifecycle::{DeprovisionMode, ProvisionRequest};
use host_test::retool::synchronization::{RosterEntry, SyncRequest};
use host_test::retool::types::Dialect;
use host_test::{Tenant, TenantOptions};
use mock_retool::{Group, Options};

use crate::support::acme::{ADA, JOAN, NEW};
use crate::support::dialects::{known, nina};
use crate::support::{
    World, by_email, departure, done, entry, host, memberships, named, roster, roster_of,
};

over_every_dialect!(
    a_sync_with_nothing_to_do_reads_everything_once,
    somebody_known_is_looked_up_once,
    memberships_that_stand_take_the_groups_besides,
    somebody_new_is_created_added_and_read_back,
    disabling_reads_the_account_before_and_is_one_write,
    deleting_looks_once_at_what_it_came_to,
    somebody_is_found_with_one_request,
    five_hundred_join_one_group_in_the_fewest_requests,
    a_plan_reads_each_page_and_the_groups_once,
);

/// The requests since the last call of this, as `METHOD path?names`: without the values of
/// queries, and with people's ids replaced by `{id}`.
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
        let mark = if names.is_empty() { "" } else { "?" };
        format!("{} {}{mark}{names}", request.method, segments.join("/"))
    };
    requests.iter().map(shape).collect()
}

/// Everybody as they are, with nothing said that a dialect can't tell.
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

/// The request that looks somebody up by address.
fn lookup(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::V1 => "GET /api/v1/users?email",
        Dialect::V2 => "GET /api/v2/users?email",
        _ => "GET /scim/v2/Users?filter",
    }
}

/// The request that lists groups.
fn groups(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::V1 => "GET /api/v1/groups",
        Dialect::V2 => "GET /api/v2/groups",
        _ => "GET /scim/v2/Groups?startIndex&count",
    }
}

async fn somebody_known_is_looked_up_once(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    done(world.tenant.provision(&known(JOAN)).await);
    assert_eq!(requests(&world), [lookup(dialect)]);
}

/// Where the groups tell their members, none of them is asked for again.
async fn memberships_that_stand_take_the_groups_besides(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let groups_of_ada = vec![named("Engineering"), named("Support")];
    let request = ProvisionRequest { groups: memberships(groups_of_ada), ..known(ADA) };
    let result = done(world.tenant.provision(&request).await);
    assert_eq!(result.groups_kept.len(), 2);
    assert_eq!(requests(&world), [lookup(dialect), groups(dialect)]);
}

/// That nobody has the address takes the whole listing: a filter that finds nobody may compare
/// case.
async fn somebody_new_is_created_added_and_read_back(dialect: Dialect) {
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
        // Who is in a group is looked at before each addition, which the answer then shows.
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

async fn disabling_reads_the_account_before_and_is_one_write(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    done(world.tenant.deprovision(&departure(JOAN, DeprovisionMode::Disable)).await);
    let expected: &[&str] = match dialect {
        Dialect::V1 => {
            &["GET /api/v1/users?email", "GET /api/v1/users/{id}", "PUT /api/v1/users/{id}"]
        }
        Dialect::V2 => &[
            "GET /api/v2/users?email",
            "GET /api/v2/users/{id}?includeGroups",
            "PATCH /api/v2/users/{id}",
            "POST /api/v2/users/{id}/logout",
        ],
        // Who administers the organisation is not told: everybody is looked at.
        _ => &[
            "GET /scim/v2/Users?filter",
            "GET /scim/v2/Users?startIndex&count",
            "GET /scim/v2/Users/{id}",
            "PATCH /scim/v2/Users/{id}",
        ],
    };
    assert_eq!(requests(&world), expected);
}

async fn deleting_looks_once_at_what_it_came_to(dialect: Dialect) {
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
            "GET /api/v2/users/{id}?includeGroups",
            "DELETE /api/v2/users/{id}",
            "GET /api/v2/users/{id}?includeGroups",
            "POST /api/v2/users/{id}/logout",
        ],
        _ => &[
            "GET /scim/v2/Users?filter",
            "GET /scim/v2/Users?startIndex&count",
            "GET /scim/v2/Users/{id}",
            "DELETE /scim/v2/Users/{id}",
            "GET /scim/v2/Users/{id}",
        ],
    };
    assert_eq!(requests(&world), expected);
}

async fn somebody_is_found_with_one_request(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    assert!(done(world.tenant.find_user(&by_email(JOAN)).await).is_some());
    assert_eq!(requests(&world), [lookup(dialect)]);
    // That there is nobody is proved by the whole listing alone.
    assert!(done(world.tenant.find_user(&by_email(NEW)).await).is_none());
    let listing: &[&str] = match dialect {
        Dialect::V1 => &["GET /api/v1/users?page&pageSize"],
        Dialect::V2 => &["GET /api/v2/users", "GET /api/v2/user_invites"],
        _ => &["GET /scim/v2/Users?startIndex&count"],
    };
    assert_eq!(requests(&world), [&[lookup(dialect)], listing].concat());
}

async fn five_hundred_join_one_group_in_the_fewest_requests(dialect: Dialect) {
    let options = Options { users: 500, groups: 0, ..Options::default() };
    let mut world = World::with(options).await;
    world.tenant = world.over(dialect);
    world.mock.edit(|acme| {
        acme.create_group(Group::new("Everybody"));
        acme.users.iter_mut().for_each(|user| user.is_disabled = false);
    });
    let state = world.mock.state();
    let in_it = |user: &mock_retool::User| RosterEntry {
        groups: memberships([named("Everybody")]),
        ..entry(&user.email)
    };
    let request = roster(state.users.iter().map(in_it).collect());
    assert!(done(world.tenant.sync(&request).await).complete);
    assert_eq!(world.members_of("Everybody").len(), 500);
    let mut expected: Vec<&str> = Vec::new();
    match dialect {
        Dialect::V1 => {
            expected.extend(["GET /api/v1/users?page&pageSize", "GET /api/v1/groups"]);
            expected.extend(["POST /api/v1/groups/4/members"; 500]);
            expected.push("GET /api/v1/groups/4/members");
        }
        // Before it, as nobody is added who is in it; after it, with all else that was written.
        Dialect::V2 => expected.extend([
            "GET /api/v2/user_invites",
            "GET /api/v2/users",
            "GET /api/v2/groups",
            "GET /api/v2/groups/4",
            "POST /api/v2/groups/4/members",
            "GET /api/v2/groups/4",
        ]),
        _ => {
            expected.extend(["GET /scim/v2/Users?startIndex&count"]);
            expected.extend(["GET /scim/v2/Groups?startIndex&count", "GET /scim/v2/Groups/grp_4"]);
            expected.extend(["PATCH /scim/v2/Groups/grp_4"; 5]);
            // To compare all members, and once more with all else that was written.
            expected.extend(["GET /scim/v2/Groups/grp_4"; 2]);
        }
    }
    assert_eq!(requests(&world), expected);
}

/// A tenant that asks for so many people at a time.
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
            // Everybody comes in one answer, unless asked for in pages.
            Dialect::V2 => vec!["GET /api/v2/user_invites", "GET /api/v2/users"],
            _ => vec!["GET /scim/v2/Users?startIndex&count"; pages],
        };
        expected.push(groups(dialect));
        assert_eq!(requests(&world), expected, "of {users}");
    }
}
