//! Differences of this server from others, and what the component does. Each test checks the server
//! first, so that it fails if another version behaves differently.

use host_test::retool::directory::PageRequest;
use host_test::retool::groups::ChangeGroupRequest;
use host_test::retool::lifecycle::ProvisionOutcome;
use serde_json::{Value, json};

use crate::support::{by_email, changing, memberships, named};
use crate::{ADA, GRACE, JOAN, World, done, person, user};

async fn get(world: &World, path: &str) -> Value {
    let reply = world.server.ask("GET", path, &Value::Null).await;
    assert_eq!(reply.status, 200, "{path}");
    reply.body()
}

fn patch(operation: Value) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [operation],
    })
}

#[tokio::test]
async fn addresses_are_compared_with_case_and_no_user_gets_a_second_account() {
    let world = World::with_engineers().await;
    let filtered = get(&world, "/Users?filter=userName%20eq%20%22ADA@example.com%22").await;
    assert_eq!(filtered["totalResults"], 0);

    let found = done(world.tenant.find_user(&by_email("ADA@example.com")).await).expect("Ada");
    assert_eq!(found.email.as_deref(), Some(ADA));
    let result = done(world.tenant.provision(&person("ADA@example.com")).await);
    assert_eq!(result.outcome, ProvisionOutcome::Unchanged);
    assert_eq!(world.server.users().await.len(), 3);
}

#[tokio::test]
async fn a_quote_in_a_filter_is_not_understood_and_the_whole_list_is_read() {
    let world = World::with_engineers().await;
    let filtered = "/Groups?filter=displayName%20eq%20%22Night%20%5C%22shift%5C%22%22";
    let refused = world.server.ask("GET", filtered, &Value::Null).await;
    assert_eq!((refused.status, &refused.body()["scimType"]), (400, &json!("invalidFilter")));

    let group = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
        "displayName": "Night \"shift\"",
    });
    assert_eq!(world.server.ask("POST", "/Groups", &group).await.status, 201);
    let mut request = person(ADA);
    request.groups = memberships([named("Night \"shift\"")]);
    request.create_missing_groups = true;
    let result = done(world.tenant.provision(&request).await);
    assert_eq!(result.groups_created.len(), 0);
    assert_eq!(world.server.members_of("Night \"shift\"").await, [ADA]);
}

#[tokio::test]
async fn a_page_has_twenty_users_unless_count_says_more() {
    let world = World::new().await;
    for number in 0..30 {
        let created = user(&format!("person{number}@example.com"));
        assert_eq!(world.server.ask("POST", "/Users", &created).await.status, 201);
    }
    let listed = get(&world, "/Users").await;
    assert_eq!(listed["Resources"].as_array().map(Vec::len), Some(20));
    assert_eq!(listed["totalResults"], 30);
    assert_eq!(done(world.tenant.check_connection().await).user_count, Some(30));
}

#[tokio::test]
async fn a_page_beyond_the_end_is_the_first_again_and_no_user_is_listed_twice() {
    let world = World::with_engineers().await;
    let beyond = get(&world, "/Users?startIndex=7&count=2").await;
    assert_eq!(beyond["Resources"][0]["userName"], ADA);

    let first = PageRequest {
        cursor: None,
        page_size: Some(2),
        with_members: false,
        with_other_ids: false,
    };
    let page = done(world.tenant.page_users(&first).await);
    assert_eq!(page.users.len(), 2);
    // Two users are deleted before the next page is requested.
    for address in [GRACE, JOAN] {
        let id = world.id_of(address).await;
        let gone = world.server.ask("DELETE", &format!("/Users/{id}"), &Value::Null).await;
        assert_eq!(gone.status, 204);
    }
    let next = PageRequest { cursor: page.next, page_size: None, ..first };
    let page = done(world.tenant.page_users(&next).await);
    assert_eq!((page.users.len(), page.next), (0, None));
}

#[tokio::test]
async fn a_user_added_twice_is_a_member_twice_and_the_component_adds_once() {
    let world = World::with_engineers().await;
    let group = world.server.groups().await[0]["id"].as_str().expect("an id").to_owned();
    let ada = world.record(ADA).await["id"].clone();
    let add = patch(json!({"op": "add", "path": "members", "value": [{"value": ada}]}));
    let path = format!("/Groups/{group}");
    assert_eq!(world.server.ask("PATCH", &path, &add).await.status, 200);
    assert_eq!(world.server.members_of("Engineering").await, [ADA, ADA, GRACE, JOAN]);

    // A user who is in the group twice is listed once, and one removal removes both entries.
    let all =
        PageRequest { cursor: None, page_size: None, with_members: true, with_other_ids: false };
    let page = done(world.tenant.page_groups(&all).await);
    assert_eq!(page.groups[0].members.as_ref().map(Vec::len), Some(3));
    let mut request = person(ADA);
    request.groups = memberships([named("Engineering")]);
    assert_eq!(done(world.tenant.provision(&request).await).outcome, ProvisionOutcome::Unchanged);
    let removal = ChangeGroupRequest {
        remove_members: vec![by_email(ADA)],
        ..changing(named("Engineering"))
    };
    done(world.tenant.change_group(&removal).await);
    assert_eq!(world.server.members_of("Engineering").await, [GRACE, JOAN]);
}

#[tokio::test]
async fn a_patch_that_changes_nothing_has_no_body_and_others_have_the_record() {
    let world = World::with_engineers().await;
    let id = world.id_of(ADA).await;
    let path = format!("/Users/{id}");
    let enabled = patch(json!({"op": "replace", "path": "active", "value": true}));
    assert_eq!(world.server.ask("PATCH", &path, &enabled).await.status, 204);
    let renamed = patch(json!({"op": "replace", "path": "name.givenName", "value": "Ada"}));
    assert_eq!(world.server.ask("PATCH", &path, &renamed).await.status, 200);

    let mut request = person(ADA);
    request.first_name = Some("Augusta".into());
    assert_eq!(done(world.tenant.provision(&request).await).outcome, ProvisionOutcome::Updated);
    assert_eq!(world.record(ADA).await["name"]["givenName"], "Augusta");
}

#[tokio::test]
async fn responses_have_etags_and_if_match_is_ignored() {
    let world = World::with_engineers().await;
    let config = get(&world, "/ServiceProviderConfig").await;
    assert_eq!(config["etag"]["supported"], false);
    let id = world.id_of(ADA).await;
    let read = world.server.ask("GET", &format!("/Users/{id}"), &Value::Null).await;
    assert!(read.headers.contains_key("etag"));
    assert_eq!(read.body()["meta"].get("version"), None);

    let mut request = person(ADA);
    request.last_name = Some("King".into());
    assert_eq!(done(world.tenant.provision(&request).await).outcome, ProvisionOutcome::Updated);
    assert_eq!(world.record(ADA).await["name"]["familyName"], "King");
}

#[tokio::test]
async fn a_user_without_active_counts_as_enabled() {
    let world = World::with_engineers().await;
    let mut silent = user("silent@example.com");
    silent.as_object_mut().expect("an object").remove("active");
    let created = world.server.ask("POST", "/Users", &silent).await;
    assert_eq!((created.status, created.body().get("active")), (201, None));
    let found =
        done(world.tenant.find_user(&by_email("silent@example.com")).await).expect("a user");
    assert!(!found.disabled);
    let result = done(world.tenant.provision(&person("silent@example.com")).await);
    assert_eq!(result.outcome, ProvisionOutcome::Unchanged);
}
