//! Groups.

use host_test::retool::groups::ChangeGroupRequest;
use host_test::retool::types::UserId;
use serde_json::json;

use crate::support::{by_email, changing, ensuring, failed, named, new_member, removing};
use crate::{ADA, GRACE, JOAN, World, done, user};

#[tokio::test]
async fn a_group_is_created_once() {
    let world = World::new().await;
    assert!(done(world.tenant.ensure_group(&ensuring("Night \"shift\"")).await).created);
    assert!(!done(world.tenant.ensure_group(&ensuring("Night \"shift\"")).await).created);
    let groups = world.server.groups().await;
    assert_eq!(groups.len(), 1);
    assert_eq!(groups[0]["displayName"], "Night \"shift\"");
}

#[tokio::test]
async fn a_group_is_renamed_and_its_members_are_exchanged_and_no_others() {
    let world = World::with_engineers().await;
    assert_eq!(world.server.ask("POST", "/Users", &user("ken@example.com")).await.status, 201);
    let request = ChangeGroupRequest {
        new_name: Some("Platform".into()),
        add_members: vec![new_member("ken@example.com"), new_member(GRACE)],
        remove_members: vec![by_email(ADA)],
        ..changing(named("Engineering"))
    };
    let result = done(world.tenant.change_group(&request).await);
    // The server returns only the ids of members.
    let ken = UserId::Scim(world.id_of("ken@example.com").await);
    let ada = UserId::Scim(world.id_of(ADA).await);
    assert_eq!(result.members_added.iter().map(|member| &member.id).collect::<Vec<_>>(), [&ken]);
    assert_eq!(result.members_removed.iter().map(|member| &member.id).collect::<Vec<_>>(), [&ada]);
    assert_eq!(world.server.members_of("Platform").await, [GRACE, JOAN, "ken@example.com"]);
    assert_eq!(world.server.groups().await.len(), 1);
}

#[tokio::test]
async fn a_group_without_the_members_attribute_is_empty() {
    let world = World::with_engineers().await;
    let all = [ADA, GRACE, JOAN];
    let emptied = ChangeGroupRequest {
        remove_members: all.map(by_email).to_vec(),
        ..changing(named("Engineering"))
    };
    let result = done(world.tenant.change_group(&emptied).await);
    assert_eq!(result.members_removed.len(), 3);
    // The server removes the attribute with the last member.
    assert_eq!(world.server.groups().await[0].get("members"), None);

    let filled = ChangeGroupRequest {
        add_members: all.map(new_member).to_vec(),
        ..changing(named("Engineering"))
    };
    done(world.tenant.change_group(&filled).await);
    assert_eq!(world.server.members_of("Engineering").await, all);
}

#[tokio::test]
async fn a_group_is_removed_but_neither_of_two_with_the_same_name() {
    let world = World::with_engineers().await;
    let removal = removing(named("Engineering"), false);
    let (_, error) = failed(world.tenant.remove_group(&removal).await);
    assert_eq!(error.code, "group-has-members");
    let twin = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
        "displayName": "Engineering",
    });
    let twin = world.server.ask("POST", "/Groups", &twin).await.body();
    let removal = removing(named("Engineering"), true);
    let (case, error) = failed(world.tenant.remove_group(&removal).await);
    assert_eq!((case, &*error.code), ("permanent conflict", "ambiguous-group"));
    let (_, error) = failed(world.tenant.ensure_group(&ensuring("Engineering")).await);
    assert_eq!(error.code, "ambiguous-group");

    let id = twin["id"].as_str().expect("an id");
    let gone = world.server.ask("DELETE", &format!("/Groups/{id}"), &json!(null)).await;
    assert_eq!(gone.status, 204);
    let removed = done(world.tenant.remove_group(&removal).await).removed.expect("a group");
    assert_eq!(removed.members.map(|members| members.len()), Some(3));
    assert_eq!(world.server.groups().await.len(), 0);
}
