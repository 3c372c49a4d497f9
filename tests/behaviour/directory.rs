//! `find-user`, `page-users` and `page-groups`.

use std::collections::BTreeSet;

use host_test::Tenant;
use host_test::retool::directory::{GroupPage, PageRequest, UserPage};
use host_test::retool::types::{
    self, AccessSetting, Dialect, GroupId, GroupLink, Member, UserType,
};
use mock_retool::{Options, User};

use crate::support::acme::{ADA, ENGINEERING, GRACE, JOAN, KEN, NEW, SUPPORT, link};
use crate::support::{World, app_access_of, by_email, done, failed};

fn first() -> PageRequest {
    PageRequest { cursor: None, page_size: None, with_members: false, with_other_ids: false }
}

fn sized(size: u32) -> PageRequest {
    PageRequest { page_size: Some(size), ..first() }
}

fn after(cursor: String) -> PageRequest {
    PageRequest { cursor: Some(cursor), ..first() }
}

async fn user_pages(world: &World, start: PageRequest) -> Vec<UserPage> {
    let mut pages = vec![done(world.tenant.page_users(&start).await)];
    while let Some(next) = pages.last().and_then(|page| page.next.clone()) {
        pages.push(done(world.tenant.page_users(&after(next)).await));
    }
    pages
}

async fn group_pages(world: &World, start: PageRequest) -> Vec<GroupPage> {
    let mut pages = vec![done(world.tenant.page_groups(&start).await)];
    while let Some(next) = pages.last().and_then(|page| page.next.clone()) {
        pages.push(done(world.tenant.page_groups(&after(next)).await));
    }
    pages
}

#[tokio::test]
async fn a_user_is_found_with_every_field() {
    let world = World::acme().await;
    world.shape(KEN, |ken| ken.user_type = "mobile".into());
    let found = done(world.tenant.find_user(&by_email(KEN)).await).expect("Ken");
    assert_eq!(found.user_type, Some(UserType::Mobile));
    assert!(found.disabled && !found.admin);
    assert_eq!(
        found,
        types::User { groups: Some(vec![link(SUPPORT, "Support")]), ..record(&world, KEN, &[]) }
    );
    assert_eq!(
        world.requests_with_queries(),
        [
            "GET /api/v2/users?email=ken%40acme.example".to_owned(),
            format!("GET {}?includeGroups=true", world.user_path(KEN)),
        ],
        "found; the memberships"
    );
}

#[tokio::test]
async fn v1_finds_a_user_with_every_field() {
    let world = World::acme_over(Dialect::V1).await;
    let ken = world.person(KEN);
    let found = done(world.tenant.find_user(&by_email(KEN)).await).expect("Ken");
    assert_eq!(found.id, world.user_id(KEN));
    assert_eq!(found.email.as_deref(), Some(KEN));
    assert_eq!(found.first_name.as_deref(), Some("ken"));
    assert_eq!(found.last_name.as_deref(), Some("Doe"));
    assert_eq!(found.user_type, Some(UserType::EndUser));
    assert!(found.disabled && !found.admin && found.invited.is_none());
    assert_eq!(found.profile_photo_url, ken.profile_photo_url);
    assert_eq!(found.groups.as_deref(), Some(&[link(SUPPORT, "Support")][..]));
    assert_eq!(found.created_at, Some(ken.created_at));
    assert_eq!(found.updated_at, Some(ken.updated_at));
    assert!(found.other_ids.is_empty());
    assert_eq!(world.requests_with_queries(), ["GET /api/v1/users?email=ken%40acme.example"]);

    world.shape(KEN, |ken| ken.user_type = "builder".into());
    let found = done(world.tenant.find_user(&by_email(KEN)).await).expect("Ken");
    assert_eq!(found.user_type, Some(UserType::Unrecognized));
}

#[tokio::test]
async fn an_unknown_user_is_none_and_case_is_ignored() {
    let world = World::acme().await;
    assert!(done(world.tenant.find_user(&by_email(NEW)).await).is_none());
    let found = done(world.tenant.find_user(&by_email("  ADA@Acme.Example ")).await);
    assert_eq!(found.expect("Ada").email.as_deref(), Some(ADA));
}

#[tokio::test]
async fn an_address_is_encoded_in_the_query() {
    let world = World::acme().await;
    for email in [
        "a+b@acme.example",
        "o'brien@acme.example",
        "a&page=2@acme.example",
        "a&limit=1@acme.example",
        "100%25@acme.example",
        "jürgen@acme.example",
    ] {
        world.add(email, &[]);
        let found = done(world.tenant.find_user(&by_email(email)).await);
        assert_eq!(found.expect(email).id, world.user_id(email));
    }
}

#[tokio::test]
async fn two_users_with_one_address_are_an_error() {
    let world = World::acme().await;
    world.mock.edit(|acme| {
        let twin = User {
            id: "11111111-1111-4111-8111-111111111111".into(),
            email: JOAN.to_uppercase(),
            ..acme.user_by_email(JOAN).expect("Joan").clone()
        };
        acme.users.push(twin);
    });
    let (case, detail) = failed(world.tenant.find_user(&by_email(JOAN)).await);
    assert_eq!((case, detail.code.as_str()), ("permanent conflict", "ambiguous-user"));
    assert!(detail.message.contains('2'), "{}", detail.message);
}

#[tokio::test]
async fn pages_of_users_contain_every_user_once_in_the_servers_order() {
    for dialect in [Dialect::V1, Dialect::V2] {
        let options = Options { users: 23, ..Options::default() };
        let world = World::with_over(dialect, options).await;
        let pages = user_pages(&world, sized(10)).await;
        let sizes: Vec<_> = pages.iter().map(|page| page.users.len()).collect();
        assert_eq!(sizes, [10, 10, 3]);
        assert!(pages.iter().all(|page| page.total == Some(23)));
        assert!(pages.iter().all(|page| page.mismatches.is_empty()));
        let emails: Vec<_> =
            pages.iter().flat_map(|page| &page.users).map(|user| user.email.clone()).collect();
        let expected: Vec<_> = world.mock.state().users;
        let expected: Vec<_> = expected.into_iter().map(|user| Some(user.email)).collect();
        assert_eq!(emails, expected);
        let requests = world.requests_with_queries();
        if dialect == Dialect::V1 {
            assert_eq!(
                requests,
                [
                    "GET /api/v1/users?page=1&pageSize=10",
                    "GET /api/v1/users?page=2&pageSize=10",
                    "GET /api/v1/users?page=3&pageSize=10",
                ]
            );
            continue;
        }
        // The invitations are counted with the first page, and listed on the last.
        let without_tokens: Vec<_> =
            requests.iter().map(|request| request.split("&next_token=").next()).collect();
        assert_eq!(
            without_tokens,
            [
                Some("GET /api/v2/user_invites?"),
                Some("GET /api/v2/users?limit=10"),
                Some("GET /api/v2/users?limit=10"),
                Some("GET /api/v2/users?limit=10"),
                Some("GET /api/v2/user_invites?"),
            ]
        );
        let with_token: Vec<_> =
            requests.iter().map(|request| request.contains("&next_token=")).collect();
        assert_eq!(with_token, [false, false, true, true, false]);
    }
}

/// Returns a user as the tenant's dialect lists them. `/api/v2` lists no groups.
fn record(world: &World, email: &str, groups: &[GroupLink]) -> types::User {
    let person = world.person(email);
    let v1 = world.dialect() == Dialect::V1;
    types::User {
        id: world.user_id(email),
        other_ids: Vec::new(),
        email: Some(person.email),
        login: None,
        // The organisation has no attributes and nobody has metadata.
        metadata: (!v1).then(|| "{}".to_owned()),
        attributes: None,
        first_name: person.first_name,
        last_name: person.last_name,
        user_type: Some(match person.user_type.as_str() {
            "default" => UserType::Default,
            "endUser" if v1 => UserType::EndUser,
            "mobile" if !v1 => UserType::Mobile,
            _ => UserType::Unrecognized,
        }),
        admin: person.is_admin,
        disabled: person.is_disabled,
        invited: (!v1).then_some(false),
        profile_photo_url: person.profile_photo_url.filter(|_| v1),
        groups: v1.then(|| groups.to_vec()),
        created_at: Some(person.created_at),
        updated_at: Some(person.updated_at).filter(|_| v1),
        last_active_at: None,
    }
}

#[tokio::test]
async fn users_are_returned_as_whole_records() {
    for dialect in [Dialect::V1, Dialect::V2] {
        let world = World::acme_over(dialect).await;
        world.add(NEW, &[]);
        world.shape(NEW, |new| {
            new.last_name = None;
            new.user_type = if dialect == Dialect::V1 { "builder" } else { "default" }.into();
        });
        world.shape(KEN, |ken| {
            ken.updated_at = "2031-02-03T04:05:06.789Z".into();
            ken.user_type = if dialect == Dialect::V1 { "endUser" } else { "mobile" }.into();
        });
        let page = done(world.tenant.page_users(&first()).await);
        let admin = link(1, "admin");
        let engineering = link(ENGINEERING, "Engineering");
        let support = link(SUPPORT, "Support");
        assert_eq!(
            page.users,
            [
                record(&world, ADA, &[admin.clone(), engineering.clone(), support.clone()]),
                record(&world, GRACE, &[admin, engineering]),
                record(&world, JOAN, &[link(3, "viewer"), support.clone()]),
                record(&world, KEN, &[support]),
                record(&world, NEW, &[]),
            ]
        );
    }
}

#[tokio::test]
async fn a_full_last_page_has_no_next() {
    let world = World::acme().await;
    for size in [1, 2, 4, 5] {
        let pages = user_pages(&world, sized(size)).await;
        assert_eq!(pages.len() as u32, 4_u32.div_ceil(size), "{size}");
        assert_eq!(pages.iter().map(|page| page.users.len()).sum::<usize>(), 4);
    }
}

#[tokio::test]
async fn an_empty_organisation_is_one_empty_page() {
    let world = World::with(Options { empty: true, ..Options::default() }).await;
    let page = done(world.tenant.page_users(&first()).await);
    assert!(page.users.is_empty() && page.next.is_none());
    assert_eq!(page.total, Some(0));
}

#[tokio::test]
async fn a_server_may_return_fewer_users_than_requested() {
    let world = World::with(Options { users: 23, max_page_size: 5, ..Options::default() }).await;
    let pages = user_pages(&world, sized(10)).await;
    let ids: Vec<_> = pages.iter().flat_map(|page| &page.users).collect();
    assert_eq!(pages.len(), 5);
    assert_eq!(ids.len(), 23);
    let distinct: BTreeSet<_> = ids.iter().map(|user| &user.email).collect();
    assert_eq!(distinct.len(), 23);
}

#[tokio::test]
async fn the_configured_page_size_is_used_if_none_is_given() {
    let world = World::acme().await;
    let tenant = world.tenant_with(&[("RETOOL_PAGE_SIZE", "3")]);
    let users = done(tenant.page_users(&first()).await);
    assert_eq!(users.users.len(), 3);
    let rest = done(tenant.page_users(&after(users.next.expect("more"))).await);
    assert_eq!(rest.users.len(), 1);
    let groups = done(tenant.page_groups(&first()).await);
    assert_eq!(groups.groups.len(), 3);
}

#[tokio::test]
async fn a_page_size_out_of_range_is_refused_before_any_request() {
    let world = World::acme().await;
    for size in [0, 1001] {
        for (case, detail) in [
            failed(world.tenant.page_users(&sized(size)).await),
            failed(world.tenant.page_groups(&sized(size)).await),
        ] {
            assert_eq!(
                (case, detail.code.as_str()),
                ("permanent invalid-input", "page-size-out-of-range")
            );
            assert_eq!(detail.field.as_deref(), Some("page.page-size"));
        }
    }
    assert!(world.requests().is_empty());
    done(world.tenant.page_users(&sized(1000)).await);
}

#[tokio::test]
async fn a_cursor_of_another_function_is_refused() {
    let world = World::acme().await;
    let users = done(world.tenant.page_users(&sized(1)).await).next;
    let groups = done(world.tenant.page_groups(&sized(1)).await).next;
    let (users, groups) = (users.expect("more"), groups.expect("more"));
    world.mock.clear_requests();
    for cursor in ["", "2", "nonsense", &groups, &users[1..]] {
        let (case, detail) = failed(world.tenant.page_users(&after(cursor.into())).await);
        assert_eq!(
            (case, detail.code.as_str()),
            ("permanent invalid-input", "cursor-invalid"),
            "{cursor}"
        );
    }
    let (_, detail) = failed(world.tenant.page_groups(&after(users.clone())).await);
    assert_eq!(detail.code, "cursor-invalid");
    let both = PageRequest { page_size: Some(1), ..after(users) };
    let (case, detail) = failed(world.tenant.page_users(&both).await);
    assert_eq!(case, "permanent invalid-input");
    assert_eq!(detail.field.as_deref(), Some("page.page-size"));
    assert!(world.requests().is_empty());
}

#[tokio::test]
async fn pages_of_groups_contain_every_group_once() {
    let world = World::acme().await;
    let pages = group_pages(&world, sized(4)).await;
    let names: Vec<_> = pages
        .iter()
        .map(|page| {
            let names = page.groups.iter().map(|group| group.name.as_str());
            names.collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(
        names,
        [vec!["admin", "editor", "viewer", "Engineering"], vec!["Support", "Finance"]]
    );
    assert!(pages.iter().all(|page| page.total == Some(6)));
    let support = &pages[1].groups[0];
    assert_eq!(support.id, GroupId::Rest("5".into()));
    assert_eq!(app_access_of(support), Some("none"));
    assert!(support.created_at.is_some() && support.updated_at.is_some());
    assert_eq!(support.members, None, "not requested");
}

/// Returns what the members of a group may do, in the order of the contract.
fn access(group: &mock_retool::Group) -> Vec<AccessSetting> {
    let access = &group.access;
    let mut settings: Vec<(&str, String)> = vec![
        ("universal-app-access", group.universal_app_access.clone()),
        ("universal-resource-access", access.universal_resource_access.clone()),
        ("universal-workflow-access", access.universal_workflow_access.clone()),
        ("universal-query-library-access", access.universal_query_library_access.clone()),
        ("user-list-access", access.user_list_access.to_string()),
        ("audit-log-access", access.audit_log_access.to_string()),
        ("unpublished-release-access", access.unpublished_release_access.to_string()),
        ("usage-analytics-access", access.usage_analytics_access.to_string()),
        ("theme-access", access.theme_access.to_string()),
        ("account-details-access", access.account_details_access.to_string()),
    ];
    settings.extend(access.landing_page_app_id.clone().map(|id| ("landing-page-app-id", id)));
    let setting = |(name, value): (&str, String)| AccessSetting { name: name.to_owned(), value };
    settings.into_iter().map(setting).collect()
}

#[tokio::test]
async fn groups_are_returned_as_whole_records_with_their_members() {
    let world = World::acme().await;
    world.mock.edit(|acme| {
        let support = acme.group_mut(SUPPORT).expect("a group");
        support.universal_app_access = "use".into();
        support.updated_at = "2031-02-03T04:05:06.789Z".into();
    });
    world.shape(JOAN, |joan| joan.memberships[1].is_group_admin = true);
    let member = |email: &str, group_admin| Member {
        id: world.user_id(email),
        email: Some(email.to_owned()),
        group_admin: Some(group_admin),
    };
    let expected = [
        ("admin", vec![member(ADA, false), member(GRACE, false)]),
        ("editor", vec![]),
        ("viewer", vec![member(JOAN, false)]),
        ("Engineering", vec![member(ADA, false), member(GRACE, false)]),
        ("Support", vec![member(ADA, false), member(JOAN, true), member(KEN, false)]),
        ("Finance", vec![]),
    ]
    .map(|(name, members)| {
        let group = world.group(name);
        types::Group {
            id: GroupId::Rest(group.id.to_string()),
            other_ids: Vec::new(),
            name: name.to_owned(),
            access: access(&group),
            members: Some(members),
            created_at: Some(group.created_at),
            updated_at: Some(group.updated_at),
        }
    });
    let request = PageRequest { with_members: true, ..first() };
    assert_eq!(done(world.tenant.page_groups(&request).await).groups, expected);

    let without = expected.map(|group| types::Group { members: None, ..group });
    assert_eq!(done(world.tenant.page_groups(&first()).await).groups, without);
}

#[tokio::test]
async fn v1_reads_the_members_of_groups_with_one_request_per_group() {
    let world = World::acme_over(Dialect::V1).await;
    world.shape(JOAN, |joan| joan.memberships[1].is_group_admin = true);
    let request = PageRequest { with_members: true, ..first() };
    let page = done(world.tenant.page_groups(&request).await);
    let support = page.groups[4].members.as_deref().expect("members");
    let members: Vec<_> = support
        .iter()
        .map(|member| {
            let email = member.email.as_deref().expect("an address");
            (email, member.group_admin)
        })
        .collect();
    assert_eq!(members, [(ADA, Some(false)), (JOAN, Some(true)), (KEN, Some(false))]);
    assert_eq!(support[0].id, world.user_id(ADA));
    assert_eq!(page.groups[5].members.as_deref(), Some(&[][..]));
    let mut requests = world.requests();
    // The groups are read concurrently, so the order of their requests varies.
    requests[1..].sort();
    assert_eq!(
        requests,
        [
            "GET /api/v1/groups",
            "GET /api/v1/groups/1/members",
            "GET /api/v1/groups/2/members",
            "GET /api/v1/groups/3/members",
            "GET /api/v1/groups/4/members",
            "GET /api/v1/groups/5/members",
            "GET /api/v1/groups/6/members",
        ]
    );
}

#[tokio::test]
async fn the_other_ids_require_the_other_token() {
    let world = World::acme().await;
    let with_other_ids = PageRequest { with_other_ids: true, ..first() };
    for (case, detail) in [
        failed(world.tenant.page_users(&with_other_ids).await),
        failed(world.tenant.page_groups(&with_other_ids).await),
    ] {
        assert_eq!((case, detail.code.as_str()), ("permanent denied", "token-missing"));
        assert!(detail.message.contains("RETOOL_SCIM_TOKEN"), "{}", detail.message);
    }
}

#[tokio::test]
async fn a_long_listing_logs_its_progress() {
    let world = World::with(Options { users: 120, ..Options::default() }).await;
    let progress = |tenant: &Tenant| {
        let log = tenant.log().into_iter();
        log.filter_map(|line| line.strip_prefix("listing users: ").map(str::to_owned))
            .collect::<Vec<_>>()
    };
    let page_size = ("RETOOL_PAGE_SIZE", "5");
    let tenant = world.over_with_env(Dialect::V1, &[page_size]);
    done(tenant.changes_since(None).await);
    let lines = progress(&tenant);
    assert_eq!(lines[0], "5 of 120, 24 pages");
    let pages = ["3", "6", "9", "12", "15", "18", "21"].map(|page| format!("{page} of 24 pages"));
    assert_eq!(lines[1..], pages);

    // `/api/v2` is only read page by page if the listing is too large for one response.
    let tenant = world.tenant_with(&[page_size, ("RETOOL_MAX_BODY_BYTES", "30000")]);
    done(tenant.changes_since(None).await);
    assert_eq!(progress(&tenant), ["by page, it is too large", "50", "100"]);

    // A short listing logs nothing.
    for dialect in [Dialect::V1, Dialect::V2] {
        let tenant = world.over_with_env(dialect, &[]);
        done(tenant.changes_since(None).await);
        assert_eq!(tenant.log(), Vec::<String>::new());
    }
}
