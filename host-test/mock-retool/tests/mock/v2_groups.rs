use mock_retool::{Access, Group, Options, V2Options};
use serde_json::{Value, json};

use crate::client::start;

const GROUPS: &str = "/api/v2/groups";

fn replace(path: &str, value: Value) -> Value {
    json!({"operations": [{"op": "replace", "path": path, "value": value}]})
}

#[tokio::test]
async fn a_group_is_created_read_replaced_and_deleted_as_recorded() {
    let (mock, client) = start(Options { empty: true, ..Options::default() }).await;
    let made = client
        .post(
            GROUPS,
            json!({
                "account_details_access": true,
                "audit_log_access": true,
                "name": "tf-acc-test-group",
                "theme_access": false,
                "universal_app_access": "use",
                "universal_query_library_access": "edit",
                "universal_resource_access": "own",
                "universal_workflow_access": "none",
                "unpublished_release_access": false,
                "usage_analytics_access": true,
                "user_list_access": false,
            }),
        )
        .await;
    assert_eq!(made.status, 200);
    assert_eq!(
        made.body,
        json!({
            "success": true,
            "data": {
                "id": 4,
                "legacy_id": 4,
                "name": "tf-acc-test-group",
                "members": [],
                "universal_app_access": "use",
                "universal_resource_access": "own",
                "universal_workflow_access": "none",
                "universal_query_library_access": "edit",
                "user_invites": [],
                "user_list_access": false,
                "audit_log_access": true,
                "unpublished_release_access": false,
                "usage_analytics_access": true,
                "theme_access": false,
                "account_details_access": true,
                "landing_page_app_id": null,
                "updated_at": "2026-01-05T09:00:04.000Z",
                "created_at": "2026-01-05T09:00:04.000Z",
            },
        })
    );
    let path = format!("{GROUPS}/4");
    assert_eq!(client.get(&path).await.body, made.body);

    let body = json!({
        "account_details_access": false,
        "audit_log_access": false,
        "landing_page_app_id": null,
        "members": [],
        "name": "tf-acc-test-group-modified",
        "theme_access": false,
        "universal_app_access": "own",
        "universal_query_library_access": "none",
        "universal_resource_access": "none",
        "universal_workflow_access": "edit",
        "unpublished_release_access": true,
        "usage_analytics_access": false,
        "user_invites": [],
        "user_list_access": true,
    });
    let replaced = client.put(&path, body.clone()).await;
    assert_eq!(replaced.status, 200);
    let mut expected = made.body["data"].clone();
    for (field, value) in body.as_object().expect("an object") {
        expected[field] = value.clone();
    }
    expected["updated_at"] = json!("2026-01-05T09:00:05.000Z");
    assert_eq!(replaced.body["data"], expected);

    let deleted = client.delete(&path).await;
    assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
    assert_eq!(client.get(&path).await.status, 404);
    assert_eq!(client.delete(&path).await.status, 404);
    assert_eq!(mock.state().groups.len(), 3);
}

#[tokio::test]
async fn the_list_has_every_group_with_all_members() {
    let (mock, client) = start(Options { users: 130, ..Options::default() }).await;
    let state = mock.state();
    let list = client.get(&format!("{GROUPS}?limit=2")).await;
    assert_eq!(list.body["total_count"], 8);
    assert_eq!(list.body["next_token"], Value::Null);
    assert_eq!(list.body["has_more"], false);
    let groups = list.body["data"].as_array().expect("groups");
    let ids: Vec<&Value> = groups.iter().map(|group| &group["id"]).collect();
    assert_eq!(ids, [1, 2, 3, 4, 5, 6, 7, 8]);
    for (group, record) in state.groups.iter().zip(groups) {
        let members: Vec<Value> = state
            .members(group.id)
            .map(|member| {
                json!({
                    "id": member.user.sid(),
                    "email": member.user.email,
                    "is_group_admin": member.is_group_admin,
                })
            })
            .collect();
        assert_eq!(record["members"], json!(members), "{}", group.name);
        assert_eq!(*record, client.get(&format!("{GROUPS}/{}", group.id)).await.body["data"]);
    }
    assert!(groups[3]["members"].to_string().contains("\"is_group_admin\":true"));
    assert!(groups[3]["members"].as_array().is_some_and(|members| members.len() > 5));
}

#[tokio::test]
async fn the_built_in_groups_have_the_recorded_access() {
    let (_mock, client) = start(Options::default()).await;
    let list = client.get(GROUPS).await.body;
    let fields = [
        "universal_app_access",
        "universal_resource_access",
        "universal_workflow_access",
        "universal_query_library_access",
        "user_list_access",
        "audit_log_access",
        "unpublished_release_access",
        "usage_analytics_access",
        "theme_access",
        "account_details_access",
    ];
    for (at, expected) in [
        json!(["own", "own", "own", "edit", true, true, true, true, true, true]),
        json!(["edit", "own", "edit", "edit", true, false, true, false, false, true]),
        json!(["use", "use", "use", "use", true, false, false, false, false, true]),
    ]
    .into_iter()
    .enumerate()
    {
        let group = &list["data"][at];
        let values: Vec<&Value> = fields.iter().map(|field| &group[field]).collect();
        assert_eq!(json!(values), expected, "{}", group["name"]);
    }
}

#[tokio::test]
async fn disabled_members_can_be_excluded() {
    let (mock, client) = start(Options::default()).await;
    let disabled = mock.edit(|state| {
        state.users[5].is_disabled = true;
        let id = state.users[5].id.clone();
        state.join_as(4, &[(id, false)]).expect("a group");
        state.users[5].sid()
    });
    let has = async |query: &str| {
        let group = client.get(&format!("{GROUPS}/4{query}")).await.body;
        assert!(group["data"]["members"].as_array().is_some_and(|members| !members.is_empty()));
        group["data"]["members"].to_string().contains(&disabled)
    };
    assert!(has("").await);
    assert!(has("?excludeDisabledUsers=false").await);
    assert!(!has("?excludeDisabledUsers=true").await);
}

#[tokio::test]
async fn a_put_resets_what_it_omits_including_members() {
    let (mock, client) = start(Options::default()).await;
    let path = format!("{GROUPS}/4");
    mock.edit(|state| {
        let group = state.group_mut(4).expect("a group");
        group.access.theme_access = true;
        group.extra = [("kept".to_owned(), json!(1))].into_iter().collect();
    });
    assert!(mock.state().members(4).count() > 0);
    let answer = client.put(&path, json!({"universal_resource_access": "use"})).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["data"]["members"], json!([]));
    let after = mock.state().group(4).expect("the group").clone();
    assert_eq!(after.name, "Engineering", "a group keeps its name");
    assert_eq!(after.universal_app_access, "none");
    let access = Access { universal_resource_access: "use".to_owned(), ..Access::default() };
    assert_eq!(after.access, access);
    assert_eq!(after.extra["kept"], 1, "unknown fields stay");
}

#[tokio::test]
async fn members_and_invitations_can_be_written_with_the_group() {
    let (mock, client) = start(Options::default()).await;
    let state = mock.state();
    let (one, two) = (state.users[4].sid(), state.users[7].sid());
    let invite =
        client.post("/api/v2/user_invites", json!({"email": "new@example.com"})).await.body["data"]
            .clone();
    let made = client
        .post(
            GROUPS,
            json!({
                "name": "Team",
                "members": [{"id": two}, {"id": one, "is_group_admin": true}],
                "user_invites": [invite],
            }),
        )
        .await;
    assert_eq!(made.status, 200);
    let group = &made.body["data"];
    assert_eq!(
        group["members"],
        json!([
            {"id": one, "email": state.users[4].email, "is_group_admin": true},
            {"id": two, "email": state.users[7].email, "is_group_admin": false},
        ])
    );
    assert_eq!(group["user_invites"][0]["id"], invite["id"]);
    assert_eq!(
        group["user_invites"][0]["groups"],
        json!([{"id": 9, "legacy_id": 9, "name": "Team"}])
    );

    let path = format!("{GROUPS}/9");
    let replaced = client.put(&path, json!({"name": "Team", "members": [{"id": one}]})).await;
    let members = json!([{"id": one, "email": state.users[4].email, "is_group_admin": false}]);
    assert_eq!(replaced.body["data"]["members"], members);
    assert_eq!(replaced.body["data"]["user_invites"], json!([]));
    assert!(mock.state().invites[0].groups.is_empty());
}

#[tokio::test]
async fn a_group_with_any_invalid_part_is_not_written() {
    let (mock, client) = start(Options::default()).await;
    let before = mock.state();
    let known = before.users[4].sid();
    for (extra, status) in [
        (json!({"members": [{"id": known}, {"id": "user_1"}]}), 404),
        (json!({"members": [{"id": known}], "user_invites": [{"id": 9}]}), 404),
        (json!({"members": [{"id": 4}]}), 400),
        (json!({"members": [known]}), 400),
        (json!({"name": ""}), 400),
        (json!({"name": 4}), 400),
        (json!({"universal_app_access": "viewer"}), 400),
        (json!({"universal_resource_access": "all"}), 400),
        (json!({"universal_workflow_access": null}), 400),
        (json!({"universal_query_library_access": "own"}), 400),
        (json!({"theme_access": "yes"}), 400),
        (json!({"landing_page_app_id": "home"}), 400),
    ] {
        let mut body = json!({"name": "Renamed"});
        for (field, value) in extra.as_object().expect("an object") {
            body[field] = value.clone();
        }
        for (method, path) in [("POST", GROUPS), ("PUT", "/api/v2/groups/4")] {
            let answer = client.send(method, path, &body.to_string()).await;
            assert_eq!(answer.status, status, "{method} {extra}");
            assert_eq!(answer.body["success"], false, "{method} {extra}");
        }
    }
    assert_eq!(client.post(GROUPS, json!({})).await.status, 400);
    assert_eq!(mock.state(), before);
}

#[tokio::test]
async fn group_names_need_not_be_unique() {
    let (mock, client) = start(Options::default()).await;
    assert_eq!(client.post(GROUPS, json!({"name": "Support"})).await.body["data"]["id"], 9);
    let groups = mock.state().groups;
    assert_eq!(groups.iter().filter(|group| group.name == "Support").count(), 2);
}

#[tokio::test]
async fn a_patch_changes_name_and_access_and_keeps_the_members() {
    let (mock, client) = start(Options::default()).await;
    mock.edit(|acme| {
        let group = acme.group_mut(4).expect("the group");
        group.scim.insert("externalId".to_owned(), json!("00g-platform"));
    });
    let before = mock.state();
    let app = "00000000-0000-4000-8000-000000000001";
    let answer = client
        .patch(
            "/api/v2/groups/4",
            json!({"operations": [
                {"op": "replace", "path": "/name", "value": "Platform"},
                {"op": "replace", "path": "/universal_workflow_access", "value": "own"},
                {"op": "add", "path": "/audit_log_access", "value": true},
                {"op": "replace", "path": "/landing_page_app_id", "value": app},
                {"op": "remove", "path": "/universal_app_access"},
            ]}),
        )
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body, client.get("/api/v2/groups/4").await.body);
    let state = mock.state();
    let was = before.group(4).expect("the group").clone();
    let expected = Group {
        name: "Platform".to_owned(),
        universal_app_access: "none".to_owned(),
        access: Access {
            universal_workflow_access: "own".to_owned(),
            audit_log_access: true,
            landing_page_app_id: Some(app.to_owned()),
            ..was.access.clone()
        },
        updated_at: state.now(),
        ..was
    };
    assert_eq!(state.group(4), Some(&expected));
    assert_eq!(state.users, before.users);
}

#[tokio::test]
async fn a_patch_cannot_change_members_ids_or_unknown_fields() {
    let (mock, client) = start(Options::default()).await;
    let before = mock.state();
    for (path, value) in [
        ("/members", json!([])),
        ("/members/0", json!({"id": "user_1"})),
        ("/user_invites", json!([])),
        ("/id", json!(9)),
        ("/created_at", json!("2020-01-01T00:00:00.000Z")),
        ("/universalAppAccess", json!("own")),
        ("/universal_app_access", json!("admin")),
        ("/name", json!("")),
        ("/name", json!(null)),
        ("/theme_access", json!(null)),
    ] {
        for op in ["add", "replace"] {
            let operation = json!({"op": op, "path": path, "value": value});
            let body = json!({"operations": [operation]});
            // An array element can be added only to an array.
            assert_eq!(client.patch("/api/v2/groups/4", body).await.status, 400, "{op} {path}");
        }
    }
    let nameless = json!({"operations": [{"op": "remove", "path": "/name"}]});
    assert_eq!(client.patch("/api/v2/groups/4", nameless).await.status, 400);
    assert_eq!(client.patch("/api/v2/groups/99", replace("/name", json!("A"))).await.status, 404);
    assert_eq!(mock.state(), before);
}

#[tokio::test]
async fn access_values_known_only_to_v1_survive_other_changes() {
    let (mock, client) = start(Options::default()).await;
    client
        .put("/api/v1/groups/4", json!({"name": "Engineering", "universalAppAccess": "viewer"}))
        .await;
    let path = "/api/v2/groups/4";
    assert_eq!(client.get(path).await.body["data"]["universal_app_access"], "viewer");
    assert_eq!(client.patch(path, replace("/name", json!("Platform"))).await.status, 200);
    assert_eq!(mock.state().group(4).expect("the group").universal_app_access, "viewer");
}

#[tokio::test]
async fn a_put_of_v1_keeps_fields_known_only_to_v2() {
    let (mock, client) = start(Options::default()).await;
    client.patch("/api/v2/groups/4", replace("/theme_access", json!(true))).await;
    let access = mock.state().group(4).expect("the group").access.clone();
    client.put("/api/v1/groups/4", json!({"name": "Platform"})).await;
    let group = mock.state().group(4).expect("the group").clone();
    assert_eq!((group.name.as_str(), group.access), ("Platform", access));
}

#[tokio::test]
async fn built_in_groups_cannot_be_renamed_or_deleted() {
    let (mock, client) = start(Options::default()).await;
    let before = mock.state();
    for id in 1..=3 {
        let path = format!("{GROUPS}/{id}");
        assert_eq!(client.delete(&path).await.status, 400);
        assert_eq!(client.put(&path, json!({"name": "Other"})).await.status, 400);
        assert_eq!(client.patch(&path, replace("/name", json!("Other"))).await.status, 400);
    }
    assert_eq!(mock.state(), before);

    // A client may read the group, change one field and write it back.
    let mut admin = client.get(&format!("{GROUPS}/1")).await.body["data"].clone();
    admin["theme_access"] = json!(false);
    assert_eq!(client.put(&format!("{GROUPS}/1"), admin.clone()).await.status, 200);
    assert!(!mock.state().group(1).expect("admin").access.theme_access);
    admin["members"] = json!([]);
    assert_eq!(client.put(&format!("{GROUPS}/1"), admin).await.status, 400);
    assert_eq!(mock.state().members(1).count(), 3);
}

#[tokio::test]
async fn malformed_and_unknown_group_ids_are_not_found() {
    let (_mock, client) = start(Options::default()).await;
    for id in ["four", "4.0", "-4", "99", "99999999999999999999", "%2e%2e", "..%2Fusers"] {
        let path = format!("{GROUPS}/{id}");
        for method in ["GET", "DELETE"] {
            let answer = client.send(method, &path, "").await;
            assert_eq!(
                (answer.status, &answer.body["success"]),
                (404, &json!(false)),
                "{method} {id}"
            );
        }
        assert_eq!(client.put(&path, json!({"name": "A"})).await.status, 404, "{id}");
        let members = client.post(&format!("{path}/members"), json!({"members": []})).await;
        assert_eq!(members.status, 404, "{id}");
    }
}

#[tokio::test]
async fn a_server_may_ignore_access_settings_of_a_creation() {
    let v2 = V2Options { creation_sets_access: false, ..V2Options::default() };
    let (_mock, client) = start(Options { v2, ..Options::default() }).await;
    let body = json!({"name": "Legal", "universal_app_access": "own", "theme_access": true});
    let made = client.post(GROUPS, body).await;
    assert_eq!((made.status, &made.body["data"]["name"]), (200, &json!("Legal")));
    assert_eq!(made.body["data"]["universal_app_access"], "none");
    assert_eq!(made.body["data"]["theme_access"], false);
    let path = format!("{GROUPS}/{}", made.body["data"]["id"]);
    let patched = client.patch(&path, replace("/theme_access", json!(true))).await;
    assert_eq!(patched.body["data"]["theme_access"], true);
}

#[tokio::test]
async fn a_server_may_leave_the_administrators_of_a_group_as_they_are() {
    for changes in [true, false] {
        let v2 = V2Options { changes_group_admins: changes, ..V2Options::default() };
        let (mock, client) = start(Options { v2, ..Options::default() }).await;
        let state = mock.state();
        let group =
            state.groups.iter().find(|one| state.members(one.id).count() > 0 && !one.is_built_in());
        let group = group.expect("a group with members").id;
        let mut members = state.members(group).filter(|member| !member.is_group_admin);
        let member = members.next().expect("a member").user.clone();
        let body = json!({"members": [{"id": member.sid(), "is_group_admin": true}]});
        let answer = client.post(&format!("{GROUPS}/{group}/members"), body).await;
        assert_eq!(answer.status, 200);
        let now = mock.state();
        let mut members = now.members(group).filter(|one| one.user.id == member.id);
        assert_eq!(members.next().map(|one| one.is_group_admin), Some(changes));
    }
}
