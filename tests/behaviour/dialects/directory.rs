//! `find-user`, `page-users` and `page-groups`.

use std::collections::BTreeSet;

use host_test::retool::directory::{GroupPage, PageRequest, UserPage};
use host_test::retool::types::{Dialect, GroupId, UserType};
use mock_retool::{Options, User};

use crate::support::acme::{ADA, GRACE, JOAN, KEN, NEW};
use crate::support::{World, app_access_of, by_email, done, failed};

over_every_dialect!(
    a_user_is_found_with_the_fields_of_the_dialect,
    an_unknown_user_is_none_and_case_is_ignored,
    special_characters_of_an_address_stay_in_one_value_of_the_query,
    two_users_with_one_address_are_an_error,
    pages_contain_every_user_once,
    a_server_may_return_fewer_users_than_requested,
    pages_of_groups_contain_every_group_once,
    groups_contain_their_members_if_requested,
    a_cursor_of_another_dialect_or_function_is_refused,
    a_page_size_out_of_range_is_refused_before_any_request,
);

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

async fn a_user_is_found_with_the_fields_of_the_dialect(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let ken = world.person(KEN);
    let found = done(world.tenant.find_user(&by_email(KEN)).await).expect("Ken");
    assert_eq!(found.id, world.user_id(KEN));
    assert_eq!(found.email.as_deref(), Some(KEN));
    assert_eq!(found.first_name.as_deref(), Some("ken"));
    assert_eq!(found.last_name.as_deref(), Some("Doe"));
    assert!(found.disabled && !found.admin);
    assert_eq!(found.created_at, Some(ken.created_at));
    assert!(found.other_ids.is_empty());
    // `/api/v2` shows an end user as a standard user. SCIM has no user types.
    let user_type = match dialect {
        Dialect::V1 => Some(UserType::EndUser),
        Dialect::V2 => Some(UserType::Default),
        _ => None,
    };
    assert_eq!(found.user_type, user_type);
    assert_eq!(found.updated_at, (dialect != Dialect::V2).then_some(ken.updated_at));
    let photo = ken.profile_photo_url.filter(|_| dialect == Dialect::V1);
    assert_eq!(found.profile_photo_url, photo);
    assert_eq!(found.invited, (dialect == Dialect::V2).then_some(false));
    let ada = done(world.tenant.find_user(&by_email(ADA)).await).expect("Ada");
    assert!(ada.admin && !ada.disabled);
}

async fn an_unknown_user_is_none_and_case_is_ignored(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    assert!(done(world.tenant.find_user(&by_email(NEW)).await).is_none());
    let found = done(world.tenant.find_user(&by_email("  ADA@Acme.Example ")).await);
    assert_eq!(found.expect("Ada").id, world.user_id(ADA));
    world.shape(ADA, |ada| ada.email = "Ada@Acme.Example".into());
    let found = done(world.tenant.find_user(&by_email(ADA)).await);
    assert_eq!(
        found.expect("Ada").email.as_deref(),
        Some("Ada@Acme.Example"),
        "as the server stores it"
    );
}

async fn special_characters_of_an_address_stay_in_one_value_of_the_query(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    for email in [
        "a+b@acme.example",
        "o'brien@acme.example",
        "a&limit=1@acme.example",
        "100%25@acme.example",
        "a%22b@acme.example",
        "a=b@acme.example",
        "{a|b}@acme.example",
        "jürgen@acme.example",
    ] {
        world.add(email, &[]);
        let found = done(world.tenant.find_user(&by_email(email)).await);
        assert_eq!(found.expect(email).id, world.user_id(email));
        world.mock.clear_requests();
        done(world.tenant.find_user(&by_email(email)).await);
        let listings = world.requests().into_iter().filter(|it| it.ends_with(world.users_path()));
        assert_eq!(listings.count(), 1, "{email}: the filter finds the user");
    }
}

async fn two_users_with_one_address_are_an_error(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    world.mock.edit(|acme| {
        let twin = User {
            id: "11111111-1111-4111-8111-111111111111".into(),
            legacy_id: 99,
            email: JOAN.to_uppercase(),
            ..acme.user_by_email(JOAN).expect("Joan").clone()
        };
        acme.users.push(twin);
    });
    let (case, detail) = failed(world.tenant.find_user(&by_email(JOAN)).await);
    assert_eq!((case, detail.code.as_str()), ("permanent conflict", "ambiguous-user"));
    assert!(detail.message.contains('2'), "{}", detail.message);
}

async fn pages_contain_every_user_once(dialect: Dialect) {
    let mut world = World::with(Options { users: 23, ..Options::default() }).await;
    world.tenant = world.over(dialect);
    let pages = user_pages(&world, sized(10)).await;
    let sizes: Vec<_> = pages.iter().map(|page| page.users.len()).collect();
    assert_eq!(sizes, [10, 10, 3]);
    assert!(pages.iter().all(|page| page.total == Some(23)));
    let ids: Vec<_> =
        pages.iter().flat_map(|page| &page.users).map(|user| user.id.clone()).collect();
    let state = world.mock.state();
    let expected: Vec<_> = state.users.iter().map(|user| world.user_id(&user.email)).collect();
    assert_eq!(ids, expected, "in the server's order");

    for size in [1, 22, 23, 24] {
        let pages = user_pages(&world, sized(size)).await;
        assert_eq!(pages.len() as u32, 23_u32.div_ceil(size), "{size}");
        let ids = pages.iter().flat_map(|page| &page.users).map(|user| user.id.clone());
        assert_eq!(ids.collect::<Vec<_>>(), expected);
    }
}

async fn a_server_may_return_fewer_users_than_requested(dialect: Dialect) {
    let options = Options { users: 23, max_page_size: 5, ..Options::default() };
    let mut world = World::with(options).await;
    world.tenant = world.over(dialect);
    let pages = user_pages(&world, sized(10)).await;
    let users: Vec<_> = pages.iter().flat_map(|page| &page.users).collect();
    let distinct: BTreeSet<_> = users.iter().map(|user| &user.email).collect();
    assert_eq!((pages.len(), users.len(), distinct.len()), (5, 23, 23));
}

async fn pages_of_groups_contain_every_group_once(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let pages = group_pages(&world, sized(4)).await;
    let names: Vec<Vec<_>> =
        pages.iter().map(|page| page.groups.iter().map(|group| &*group.name).collect()).collect();
    assert_eq!(
        names,
        [vec!["admin", "editor", "viewer", "Engineering"], vec!["Support", "Finance"]]
    );
    assert!(pages.iter().all(|page| page.total == Some(6)));
    let support = &pages[1].groups[0];
    assert_eq!(support.id, world.group_id("Support"));
    assert_eq!(matches!(support.id, GroupId::Scim(_)), dialect == Dialect::Scim);
    assert_eq!(support.members, None, "not requested");
    let access = (dialect != Dialect::Scim).then_some("none");
    assert_eq!(app_access_of(support), access);
}

async fn groups_contain_their_members_if_requested(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    world.shape(JOAN, |joan| joan.memberships[1].is_group_admin = true);
    let request = PageRequest { with_members: true, ..first() };
    let page = done(world.tenant.page_groups(&request).await);
    let support = page.groups[4].members.as_deref().expect("members");
    let ids: Vec<_> = support.iter().map(|member| member.id.clone()).collect();
    assert_eq!(ids, [ADA, JOAN, KEN].map(|email| world.user_id(email)));
    let flags: Vec<_> = support.iter().map(|member| member.group_admin).collect();
    let expected = match dialect {
        Dialect::Scim => vec![None; 3],
        _ => vec![Some(false), Some(true), Some(false)],
    };
    assert_eq!(flags, expected);
    assert_eq!(page.groups[5].members.as_deref(), Some(&[][..]));
    let admins = page.groups[0].members.as_deref().expect("members");
    let admins: Vec<_> = admins.iter().map(|member| member.id.clone()).collect();
    assert_eq!(admins, [ADA, GRACE].map(|email| world.user_id(email)));
    // Members that are in the listing are not requested again.
    let requests = world.requests().len();
    assert_eq!(requests, if dialect == Dialect::V1 { 7 } else { 1 });
}

async fn a_cursor_of_another_dialect_or_function_is_refused(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let users = done(world.tenant.page_users(&sized(1)).await).next.expect("more");
    let groups = done(world.tenant.page_groups(&sized(1)).await).next.expect("more");
    let other = match dialect {
        Dialect::V1 => Dialect::V2,
        Dialect::V2 => Dialect::Scim,
        _ => Dialect::V1,
    };
    let foreign = done(world.over(other).page_users(&sized(1)).await).next.expect("more");
    world.mock.clear_requests();
    for cursor in ["", "2", "nonsense", &groups, &foreign, &users[1..]] {
        let (case, detail) = failed(world.tenant.page_users(&after(cursor.into())).await);
        assert_eq!(
            (case, detail.code.as_str()),
            ("permanent invalid-input", "cursor-invalid"),
            "{cursor}"
        );
        assert_eq!(detail.field.as_deref(), Some("page.cursor"));
    }
    let (_, detail) = failed(world.tenant.page_groups(&after(users)).await);
    assert_eq!(detail.code, "cursor-invalid");
    assert!(world.requests().is_empty());
}

async fn a_page_size_out_of_range_is_refused_before_any_request(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    for size in [0, 1001] {
        let (case, detail) = failed(world.tenant.page_users(&sized(size)).await);
        assert_eq!(
            (case, detail.code.as_str()),
            ("permanent invalid-input", "page-size-out-of-range")
        );
        let (_, detail) = failed(world.tenant.page_groups(&sized(size)).await);
        assert_eq!(detail.field.as_deref(), Some("page.page-size"));
    }
    assert!(world.requests().is_empty());
    assert_eq!(done(world.tenant.page_users(&sized(1000)).await).users.len(), 4);
}
