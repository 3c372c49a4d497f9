//! Groups and their members.

use serde_json::json;

use super::{GROUP, Scim, id, includes, refused};
use crate::client::Client;

#[tokio::test]
async fn a_resource_contains_the_members() {
    let scim = Scim::start().await;
    let group = scim.group_of("Pushed", &[3]).await;
    let state = scim.mock.state();
    let (member, stored) = (&state.users[3], state.group_named("Pushed").expect("the group"));
    let base = format!("{}/scim/v2", scim.mock.base_url());
    let answer = scim.get(&format!("/Groups/{group}")).await;
    let mut body = answer.body.clone();
    let version = body["meta"].as_object_mut().and_then(|meta| meta.remove("version"));
    assert_eq!(version, Some(json!(answer.header("etag"))));
    assert_eq!(
        body,
        json!({
            "schemas": [GROUP],
            "id": group,
            "displayName": "Pushed",
            "members": [{
                "value": member.scim_id(), "$ref": format!("{base}/Users/{}", member.scim_id()),
                "display": member.email, "type": "User",
            }],
            "meta": {
                "resourceType": "Group", "created": stored.created_at,
                "lastModified": stored.updated_at, "location": format!("{base}/Groups/{group}"),
            },
        })
    );
    let user = scim.get(&format!("/Users/{}", member.scim_id())).await.body;
    let groups = user["groups"].as_array().expect("groups");
    assert!(groups.iter().any(|it| it["value"] == json!(group)), "{user}");
}

#[tokio::test]
async fn two_groups_may_have_the_same_name() {
    let scim = Scim::start().await;
    let made = scim.post("/Groups", json!({"displayName": "Support"})).await;
    assert_eq!(made.status, 201);
    assert_ne!(made.body["id"], json!(scim.group("Support")));
    let found = scim.find("Groups", "displayName eq \"support\"").await;
    assert_eq!(found.body["totalResults"], 2);
}

#[tokio::test]
async fn bad_groups_are_refused_and_change_nothing() {
    let scim = Scim::start().await;
    let group = scim.group("Support");
    let before = scim.mock.state();
    let rest_id = &before.users[0].id;
    for body in [
        json!({}),
        json!({"displayName": " "}),
        json!({"displayName": 4}),
        json!({"displayName": "New", "members": [{"value": "missing"}]}),
        json!({"displayName": "New", "members": [{"value": rest_id}]}),
        json!({"displayName": "New", "members": [{"value": group}]}),
        json!({"displayName": "New", "members": [{"display": "Ada"}]}),
        json!({"displayName": "New", "members": [4]}),
    ] {
        for (method, path) in [("POST", "/Groups"), ("PUT", &format!("/Groups/{group}"))] {
            let answer = scim.send_with(method, path, &[], Some(body.clone())).await;
            refused(&answer, 400, Some("invalidValue"));
        }
    }
    assert_eq!(scim.mock.state(), before);
}

#[tokio::test]
async fn a_put_clears_what_it_omits_and_keeps_fields_unknown_to_scim() {
    let scim = Scim::start().await;
    let group = scim.group_of("Pushed", &[1, 2]).await;
    let rest_id = scim.mock.edit(|state| {
        let group = state.groups.last_mut().expect("the group");
        group.universal_app_access = "edit".to_owned();
        group.id
    });
    let answer = scim.put(&format!("/Groups/{group}"), json!({"displayName": "Pushed"})).await;
    assert_eq!((answer.status, &answer.body["members"]), (200, &json!([])));
    let state = scim.mock.state();
    assert_eq!(state.members(rest_id).count(), 0);
    assert_eq!(state.group(rest_id).expect("the group").universal_app_access, "edit");
}

#[tokio::test]
async fn a_remaining_member_keeps_is_group_admin() {
    let scim = Scim::start().await;
    let group = scim.group_of("Pushed", &[1, 2]).await;
    let rest_id = scim.mock.edit(|state| {
        let rest_id = state.group_named("Pushed").expect("the group").id;
        let membership =
            state.users[1].memberships.iter_mut().find(|membership| membership.group == rest_id);
        membership.expect("a member").is_group_admin = true;
        rest_id
    });
    let members = json!([{"value": scim.user(1)}, {"value": scim.user(4)}]);
    let operations = json!([{"op": "replace", "path": "members", "value": members}]);
    scim.patch(&format!("/Groups/{group}"), operations).await;
    let administers: Vec<(String, bool)> = scim
        .mock
        .state()
        .members(rest_id)
        .map(|member| (member.user.scim_id(), member.is_group_admin))
        .collect();
    assert_eq!(administers, [(scim.user(1), true), (scim.user(4), false)]);
}

#[tokio::test]
async fn a_member_named_twice_is_added_once() {
    let scim = Scim::start().await;
    let twice = json!([{"value": scim.user(1)}, {"value": scim.user(1), "display": "Ada"}]);
    let made = scim.post("/Groups", json!({"displayName": "New", "members": twice})).await;
    assert_eq!(made.status, 201);
    assert_eq!(scim.members(&id(&made.body)), scim.users(&[1]));
}

#[tokio::test]
async fn built_in_groups_cannot_be_renamed_or_deleted() {
    let scim = Scim::start().await;
    let before = scim.mock.state();
    for name in ["admin", "editor", "viewer"] {
        let path = format!("/Groups/{}", scim.group(name));
        refused(&scim.delete(&path).await, 400, Some("mutability"));
        refused(&scim.put(&path, json!({"displayName": "x"})).await, 400, Some("mutability"));
        let operations = json!([
            {"op": "remove", "path": "members"},
            {"op": "replace", "path": "displayName", "value": "x"},
        ]);
        refused(&scim.patch(&path, operations).await, 400, Some("mutability"));
    }
    assert_eq!(scim.mock.state(), before);
}

#[tokio::test]
async fn the_members_of_admin_are_the_administrators() {
    let scim = Scim::start().await;
    let before = scim.mock.state();
    let path = format!("/Groups/{}", scim.group("admin"));
    let administrators: Vec<_> =
        before.users.iter().filter(|user| user.is_admin).map(|user| user.scim_id()).collect();
    let mut members = Vec::new();
    let read = scim.get(&path).await.body;
    for member in read["members"].as_array().expect("members") {
        members.push(member["value"].as_str().expect("an id").to_owned());
    }
    assert_eq!(members, administrators);

    let outsider = before.users.iter().find(|user| !user.is_admin).expect("a user").scim_id();
    for operation in [
        json!({"op": "add", "path": "members", "value": [{"value": outsider}]}),
        json!({"op": "remove", "path": "members"}),
        json!({"op": "remove", "path": format!("members[value eq \"{}\"]", administrators[0])}),
    ] {
        let externals = json!({"op": "add", "path": "externalId", "value": "X"});
        let answer = scim.patch(&path, json!([externals, operation])).await;
        refused(&answer, 400, Some("mutability"));
    }
    assert_eq!(scim.mock.state(), before);
    // Writing the current group back is allowed and changes nothing.
    assert_eq!(scim.put(&path, read).await.status, 200);
    assert_eq!(scim.mock.state(), before);
}

#[tokio::test]
async fn a_group_created_with_scim_is_visible_in_rest() {
    let scim = Scim::start().await;
    let made = scim
        .post(
            "/Groups",
            json!({"displayName": "Pushed", "externalId": "X-1", "members": [{"value": scim.user(5)}]}),
        )
        .await;
    includes(&made.body, &json!({"externalId": "X-1"}));
    let rest = Client::new(&scim.mock, Some("Bearer mock-token".to_owned()));
    let groups = rest.get("/api/v1/groups").await;
    assert!(!groups.text.contains("X-1"));
    let last = groups.body["groups"].as_array().and_then(|groups| groups.last().cloned());
    let last = last.expect("a group");
    assert_eq!(last["name"], "Pushed");
    let members = rest.get(&format!("/api/v1/groups/{}/members", last["id"])).await.body;
    assert_eq!(members["members"][0]["email"], json!(scim.mock.state().users[5].email));

    // A change in REST keeps the SCIM attributes.
    let path = format!("/api/v1/groups/{}", last["id"]);
    assert_eq!(rest.put(&path, json!({"name": "Renamed"})).await.status, 200);
    let after = scim.get(&format!("/Groups/{}", id(&made.body))).await.body;
    includes(&after, &json!({"externalId": "X-1", "displayName": "Renamed"}));
}
