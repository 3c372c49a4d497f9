//! `with-other-ids`: the ids of users and groups in the other API.

use host_test::TenantOptions;
use host_test::retool::directory::{GroupPage, PageRequest, UserPage};
use host_test::retool::types::Dialect;
use mock_retool::{Dialect as Served, Fault, FaultKind, Group, Options};
use serde_json::json;

use crate::support::acme::{ADA, GRACE, JOAN, KEN, NEW};
use crate::support::{World, done, failed, host};

over_every_dialect!(
    users_and_groups_have_their_ids_of_the_other_api,
    users_in_only_one_api_are_reported,
    users_in_only_the_other_api_are_reported_with_the_last_page,
    two_groups_with_one_name_are_reported,
    without_the_other_token_the_other_ids_are_an_error,
);

fn first() -> PageRequest {
    PageRequest { cursor: None, page_size: None, with_members: false, with_other_ids: true }
}

async fn users(world: &World) -> UserPage {
    done(world.tenant.page_users(&first()).await)
}

async fn groups(world: &World) -> GroupPage {
    done(world.tenant.page_groups(&first()).await)
}

/// Returns the API that a dialect is joined with, if the server has all.
fn counterpart(dialect: Dialect) -> Dialect {
    if dialect == Dialect::Scim { Dialect::V2 } else { Dialect::Scim }
}

async fn users_and_groups_have_their_ids_of_the_other_api(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let other = counterpart(dialect);
    world.shape(JOAN, |joan| joan.email = "Joan@ACME.example".into());
    let page = users(&world).await;
    assert_eq!(page.users.len(), 4);
    for user in &page.users {
        assert_eq!(user.id, world.user_id(user.email.as_deref().expect("an address")));
        assert_eq!(
            user.other_ids,
            [world.user_id_in(other, user.email.as_deref().expect("an address"))]
        );
    }
    assert!(page.mismatches.is_empty(), "{:?}", page.mismatches);
    let page = groups(&world).await;
    assert_eq!(page.groups.len(), 6);
    for group in &page.groups {
        assert_eq!(group.other_ids, [world.group_id_in(other, &group.name)]);
    }
    assert!(page.mismatches.is_empty(), "{:?}", page.mismatches);
    assert!(world.writes().is_empty());
}

/// Replaces the listing of the other API: by Ada, Ken, who is enabled there, and a new user.
fn another_listing(world: &World) {
    let (path, body) = match counterpart(world.dialect()) {
        Dialect::Scim => {
            let user = |id: &str, email: &str| json!({"id": id, "userName": email, "active": true});
            let people = [user("s1", ADA), user("s2", KEN), user("s3", NEW)];
            ("/scim/v2/Users", json!({"totalResults": 3, "Resources": people}))
        }
        _ => {
            let user = |id: &str, email: &str| {
                json!({
                    "id": id, "email": email, "active": true, "is_admin": false,
                    "user_type": "default",
                })
            };
            let people = [user("s1", ADA), user("s2", KEN), user("s3", NEW)];
            ("/api/v2/users", json!({"success": true, "data": people}))
        }
    };
    world.mock.inject(Fault {
        path: Some(path.into()),
        ..Fault::new(FaultKind::Status {
            code: 200,
            retry_after: None,
            body: Some(body.to_string()),
        })
    });
}

async fn users_in_only_one_api_are_reported(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    another_listing(&world);
    let name = if dialect == Dialect::Scim { "/api/v2" } else { "SCIM" };
    let page = users(&world).await;
    assert_eq!(
        page.mismatches,
        [
            format!("{GRACE} is not in {name}."),
            format!("{JOAN} is not in {name}."),
            format!("{KEN} is enabled only in {name}."),
            format!("{NEW} is only in {name}."),
        ]
    );
    let found: Vec<_> = page.users.iter().map(|user| user.other_ids.len()).collect();
    assert_eq!(found, [1, 0, 0, 1]);
}

async fn users_in_only_the_other_api_are_reported_with_the_last_page(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    another_listing(&world);
    let mut mismatches = Vec::new();
    let mut request = PageRequest { page_size: Some(2), ..first() };
    loop {
        let page = done(world.tenant.page_users(&request).await);
        mismatches.push(page.mismatches.iter().map(|line| line.contains(NEW)).collect::<Vec<_>>());
        let Some(cursor) = page.next else { break };
        request = PageRequest { cursor: Some(cursor), ..first() };
    }
    assert_eq!(mismatches, [vec![false], vec![false, false, true]]);
}

async fn two_groups_with_one_name_are_reported(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    world.mock.edit(|acme| acme.create_group(Group::new("Support")).id);
    let page = groups(&world).await;
    let name = if dialect == Dialect::Scim { "/api/v2" } else { "SCIM" };
    let twice = format!("Support is in {name} 2 times.");
    assert_eq!(page.mismatches, [twice.clone(), twice]);
    let support = page.groups.iter().filter(|group| group.name == "Support");
    assert!(
        support.into_iter().all(|group| group.other_ids.len() == 2),
        "it is not known which one is meant"
    );
}

async fn without_the_other_token_the_other_ids_are_an_error(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let options = TenantOptions::new(world.mock.base_url()).dialect(dialect);
    let (options, missing) = match dialect {
        Dialect::Scim => {
            (options.env("RETOOL_SCIM_TOKEN", world.mock.scim_token()), "RETOOL_API_TOKEN")
        }
        _ => (options.env("RETOOL_API_TOKEN", world.mock.token()), "RETOOL_SCIM_TOKEN"),
    };
    let tenant = host().tenant(options);
    for (case, detail) in
        [failed(tenant.page_users(&first()).await), failed(tenant.page_groups(&first()).await)]
    {
        assert_eq!((case, detail.code.as_str()), ("permanent denied", "token-missing"));
        assert!(detail.message.contains(missing), "{}", detail.message);
    }
    let without = PageRequest { with_other_ids: false, ..first() };
    let page = done(tenant.page_users(&without).await);
    assert!(page.users.iter().all(|user| user.other_ids.is_empty()));
}

#[tokio::test]
async fn scim_is_joined_with_v1_if_there_is_no_v2() {
    let dialects = vec![Served::V1, Served::Scim];
    let world =
        World::acme_over_with(Dialect::Scim, Options { dialects, ..Options::default() }).await;
    let page = users(&world).await;
    let ids: Vec<_> = page.users.into_iter().flat_map(|user| user.other_ids).collect();
    assert_eq!(ids, [ADA, GRACE, JOAN, KEN].map(|email| world.user_id_in(Dialect::V1, email)));
}

/// An invited user has no account yet, and SCIM has only accounts.
#[tokio::test]
async fn an_invited_user_is_reported_as_not_in_scim() {
    let world = World::acme_over(Dialect::V2).await;
    world.invite(NEW, &[]);
    let page = users(&world).await;
    assert_eq!(page.users.len(), 5);
    assert_eq!(page.mismatches, ["new@acme.example is not in SCIM."]);
}
