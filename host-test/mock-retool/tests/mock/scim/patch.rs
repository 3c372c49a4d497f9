//! PATCH in all its forms.

use serde_json::{Value, json};

use super::{ENTERPRISE, Scim, id, includes, refused};

/// Starts a mock with a user to change. Returns it with the user's path.
async fn with_user() -> (Scim, String) {
    let scim = Scim::start().await;
    let made = scim
        .post(
            "/Users",
            json!({
                "userName": "ada@example.com",
                "name": {"givenName": "Ada", "familyName": "Byron", "middleName": "Augusta"},
                "title": "Analyst",
                "emails": [
                    {"value": "ada@example.com", "type": "work", "primary": true},
                    {"value": "ada@home.example", "type": "home"},
                ],
                "roles": [{"value": "reader"}],
                ENTERPRISE: {"department": "Sales", "manager": {"value": "boss"}},
            }),
        )
        .await;
    let path = format!("/Users/{}", id(&made.body));
    (scim, path)
}

/// Applies these operations to that user. Returns the changed user.
async fn after(operations: Value) -> Value {
    let (scim, path) = with_user().await;
    let answer = scim.patch(&path, operations.clone()).await;
    assert_eq!(answer.status, 200, "{operations}: {}", answer.text);
    assert_eq!(scim.get(&path).await.body, answer.body);
    answer.body
}

#[tokio::test]
async fn one_value_is_set_and_removed() {
    for op in ["add", "Add", "REPLACE", "replace"] {
        let user = after(json!([{"op": op, "path": "TITLE", "value": "Boss"}])).await;
        assert_eq!(user["title"], "Boss", "{op}");
        let user = after(json!([{"op": op, "path": "nickName", "value": "A"}])).await;
        assert_eq!(user["nickName"], "A", "{op}");
        let user = after(json!([{"op": op, "value": {"Title": "Boss", "nickname": "A"}}])).await;
        includes(&user, &json!({"title": "Boss", "nickName": "A", "userName": "ada@example.com"}));
        assert_eq!(user.get("nickname"), None);
    }
    let removed = [
        json!({"op": "Remove", "path": "title"}),
        json!({"op": "remove", "path": "title", "value": "Analyst"}),
        json!({"op": "replace", "path": "title", "value": null}),
        json!({"op": "replace", "value": {"title": null}}),
    ];
    for operation in removed {
        assert_eq!(after(json!([operation])).await.get("title"), None, "{operation}");
    }
}

#[tokio::test]
async fn sub_attributes_are_set_and_the_others_stay() {
    for operation in [
        json!({"op": "replace", "path": "name.familyName", "value": "King"}),
        json!({"op": "add", "path": "name", "value": {"familyName": "King"}}),
        json!({"op": "replace", "path": "name", "value": {"familyname": "King"}}),
        json!({"op": "replace", "value": {"name": {"familyName": "King"}}}),
        json!({"op": "replace", "value": {"name.familyName": "King"}}),
        json!({"op": "add", "path": "urn:ietf:params:scim:schemas:core:2.0:User:name.familyName", "value": "King"}),
    ] {
        let user = after(json!([operation])).await;
        assert_eq!(
            user["name"],
            json!({
                "givenName": "Ada", "familyName": "King", "middleName": "Augusta",
                "formatted": "Ada King",
            }),
            "{operation}"
        );
        assert_eq!(user["displayName"], "Ada King", "{operation}");
    }
    let user = after(json!([{"op": "remove", "path": "name.middleName"}])).await;
    assert_eq!(user["name"].get("middleName"), None);
    let user = after(json!([{"op": "remove", "path": "name"}])).await;
    assert_eq!(user.get("name"), None);
}

#[tokio::test]
async fn attributes_of_extensions_are_set_and_removed() {
    let of = |user: &Value| user[ENTERPRISE].clone();
    let department = format!("{ENTERPRISE}:department");
    let manager = format!("{ENTERPRISE}:manager");
    let boss = json!({"value": "boss"});
    for operation in [
        json!({"op": "Replace", "path": department, "value": "Works"}),
        json!({"op": "add", "value": {department.clone(): "Works"}}),
        json!({"op": "replace", "value": {ENTERPRISE: {"Department": "Works"}}}),
        json!({"op": "replace", "path": ENTERPRISE, "value": {"department": "Works"}}),
    ] {
        let user = after(json!([operation])).await;
        assert_eq!(of(&user), json!({"department": "Works", "manager": boss}), "{operation}");
    }
    for value in [json!("chief"), json!({"value": "chief"}), json!([{"value": "chief"}])] {
        let user = after(json!([{"op": "Add", "path": manager, "value": value}])).await;
        assert_eq!(of(&user)["manager"], json!({"value": "chief"}), "{value}");
    }
    let user = after(json!([{"op": "remove", "path": manager}])).await;
    assert_eq!(of(&user), json!({"department": "Sales"}));
    let all = json!([{"op": "remove", "path": manager}, {"op": "remove", "path": department}]);
    let user = after(all).await;
    assert_eq!(user.get(ENTERPRISE), None);
    assert_eq!(user["schemas"].as_array().map(Vec::len), Some(1));
    let user = after(json!([{"op": "remove", "path": ENTERPRISE}])).await;
    assert_eq!(user.get(ENTERPRISE), None);

    let floor = json!([{"op": "add", "path": "urn:acme:1.0:User:floor", "value": 3}]);
    assert_eq!(after(floor).await["urn:acme:1.0:User"], json!({"floor": 3}));
    let floor = json!([{"op": "add", "value": {"urn:acme:1.0:User": {"floor": 3}}}]);
    assert_eq!(after(floor).await["urn:acme:1.0:User"], json!({"floor": 3}));
}

#[tokio::test]
async fn one_of_many_values_is_changed() {
    let emails = async |operation: Value| after(json!([operation])).await["emails"].clone();
    let work = json!({"value": "ada@example.com", "type": "work", "primary": true});
    let home = json!({"value": "ada@home.example", "type": "home"});
    assert_eq!(
        emails(json!({"op": "replace", "path": "emails[type eq \"HOME\"].value", "value": "a@b"}))
            .await,
        json!([work, {"value": "a@b", "type": "home"}])
    );
    assert_eq!(
        emails(json!({"op": "remove", "path": "emails[type eq \"home\"]"})).await,
        json!([work])
    );
    assert_eq!(
        emails(json!({"op": "remove", "path": "emails[type eq \"other\"]"})).await,
        json!([work, home])
    );
    assert_eq!(
        emails(
            json!({"op": "replace", "path": "emails[type eq \"home\"]", "value": {"value": "a@b"}})
        )
        .await,
        json!([work, {"value": "a@b"}])
    );
    // A missing value is added as the filter describes it.
    assert_eq!(
        emails(json!({"op": "Add", "path": "emails[type eq \"other\"].value", "value": "a@b"}))
            .await,
        json!([work, home, {"value": "a@b", "type": "other"}])
    );
    // Only one address is primary.
    let demoted = json!({"value": "ada@example.com", "type": "work", "primary": false});
    let promoted = json!({"value": "ada@home.example", "type": "home", "primary": true});
    assert_eq!(
        emails(json!({"op": "add", "path": "emails[type eq \"home\"].primary", "value": "True"}))
            .await,
        json!([demoted, promoted])
    );
    let other = json!({"value": "a@b", "primary": true});
    assert_eq!(
        emails(json!({"op": "add", "path": "emails", "value": [other]})).await,
        json!([demoted, home, other])
    );
}

#[tokio::test]
async fn values_are_added_once_replaced_and_removed() {
    let roles = async |operation: Value| after(json!([operation])).await["roles"].clone();
    let (reader, writer) = (json!({"value": "reader"}), json!({"value": "writer"}));
    for value in [json!([writer, reader]), json!([writer]), json!(writer), json!(["writer"])] {
        let operation = json!({"op": "add", "path": "roles", "value": value});
        assert_eq!(roles(operation.clone()).await, json!([reader, writer]), "{operation}");
    }
    assert_eq!(
        roles(json!({"op": "replace", "value": {"roles": [writer]}})).await,
        json!([writer])
    );
    for operation in [
        json!({"op": "remove", "path": "roles"}),
        json!({"op": "remove", "path": "roles", "value": [reader]}),
        json!({"op": "remove", "path": "roles[value eq \"reader\"]"}),
        json!({"op": "replace", "path": "roles", "value": []}),
    ] {
        assert_eq!(roles(operation.clone()).await, Value::Null, "{operation}");
    }
}

#[tokio::test]
async fn members_are_removed_in_every_form() {
    let scim = Scim::start().await;
    let (one, two) = (scim.user(1), scim.user(2));
    let member = |id: &str| json!({"value": id});
    let by_filter = |id: &str| format!("members[value eq \"{id}\"]");
    for (operations, left) in [
        (json!([{"op": "Remove", "path": by_filter(&one)}]), vec![2, 3]),
        (json!([{"op": "remove", "path": "Members[Value EQ \"x\"]"}]), vec![1, 2, 3]),
        (
            json!([{"op": "remove", "path": format!("{} ", by_filter(&one))},
                {"op": "remove", "path": by_filter(&two)}]),
            vec![3],
        ),
        (
            json!([{"op": "remove", "path": "members", "value": [member(&one), member(&two)]}]),
            vec![3],
        ),
        (json!([{"op": "remove", "path": "members", "value": member(&one)}]), vec![2, 3]),
        (
            json!([{"op": "remove", "path": "members", "value": [{
                "value": one, "display": "other", "type": "User",
            }]}]),
            vec![2, 3],
        ),
        (json!([{"op": "remove", "path": "members", "value": []}]), vec![1, 2, 3]),
        (json!([{"op": "remove", "path": "members"}]), vec![]),
        (json!([{"op": "remove", "path": "members", "value": null}]), vec![]),
        (json!([{"op": "replace", "path": "members", "value": []}]), vec![]),
        (json!([{"op": "replace", "value": {"members": [member(&two)]}}]), vec![2]),
        (
            json!([{"op": "add", "value": {"members": [member(&two), member(&scim.user(5))]}}]),
            vec![1, 2, 3, 5],
        ),
        (
            json!([{"op": "remove", "path": format!("members[value eq \"{one}\" or value eq \"{two}\"]")}]),
            vec![3],
        ),
    ] {
        let group = scim.group_of("Pushed", &[1, 2, 3]).await;
        let answer = scim.patch(&format!("/Groups/{group}"), operations.clone()).await;
        assert!([200, 204].contains(&answer.status), "{operations}: {}", answer.text);
        assert_eq!(scim.members(&group), scim.users(&left), "{operations}");
    }
}

#[tokio::test]
async fn bad_operations_are_refused_with_their_type() {
    let (scim, path) = with_user().await;
    let before = scim.mock.state();
    for (operation, kind) in [
        (json!({"op": "move", "path": "title", "value": "x"}), "invalidSyntax"),
        (json!({"path": "title", "value": "x"}), "invalidSyntax"),
        (json!("replace"), "invalidSyntax"),
        (json!({"op": "replace", "path": "title"}), "invalidValue"),
        (json!({"op": "replace", "value": "x"}), "invalidValue"),
        (json!({"op": "replace", "path": "active", "value": "perhaps"}), "invalidValue"),
        (json!({"op": "replace", "path": "title", "value": {"a": 1}}), "invalidValue"),
        (json!({"op": "replace", "path": "name", "value": "Ada"}), "invalidValue"),
        (json!({"op": "remove", "path": "userName"}), "invalidValue"),
        (json!({"op": "replace", "path": "userName", "value": ""}), "invalidValue"),
        (json!({"op": "remove"}), "noTarget"),
        (json!({"op": "replace", "path": "emails[type eq \"x\"].value", "value": "y"}), "noTarget"),
        (json!({"op": "add", "path": "emails[type co \"x\"].value", "value": "y"}), "noTarget"),
        (json!({"op": "replace", "path": "emails[type eq", "value": "y"}), "invalidPath"),
        (json!({"op": "replace", "path": "a b", "value": "y"}), "invalidPath"),
        (json!({"op": "replace", "path": "", "value": "y"}), "invalidPath"),
        (json!({"op": "replace", "path": 7, "value": "y"}), "invalidPath"),
        (json!({"op": "replace", "path": "title.x", "value": "y"}), "invalidPath"),
        (json!({"op": "replace", "path": "name[givenName pr]", "value": {}}), "invalidPath"),
        (json!({"op": "replace", "path": "id", "value": "y"}), "mutability"),
        (json!({"op": "add", "path": "groups", "value": [{"value": "grp_4"}]}), "mutability"),
        (json!({"op": "remove", "path": "meta.version"}), "mutability"),
        (json!({"op": "remove", "path": "groups[value eq \"grp_4\"]"}), "mutability"),
    ] {
        // The valid operation before it is not applied either.
        let good = json!({"op": "replace", "path": "nickName", "value": "changed"});
        let answer = scim.patch(&path, json!([good, operation])).await;
        refused(&answer, 400, Some(kind));
        assert_eq!(scim.mock.state(), before, "{operation}");
    }
    for body in [json!({}), json!({"Operations": {}}), json!({"Operations": "x"})] {
        let answer = scim.send_with("PATCH", &path, &[], Some(body)).await;
        refused(&answer, 400, Some("invalidSyntax"));
    }
    refused(&scim.patch("/Users/x", json!([])).await, 404, None);
}

#[tokio::test]
async fn read_only_attributes_are_ignored_without_a_path() {
    let user = after(json!([{"op": "replace", "value": {
        "id": "other", "schemas": [], "meta": {"version": "x"}, "groups": [], "title": "Boss",
        "password": "secret",
    }}]))
    .await;
    assert_eq!(user["title"], "Boss");
    assert_ne!(user["id"], "other");
    assert_eq!(user.get("password"), None);
}

#[tokio::test]
async fn operations_without_effect_change_nothing() {
    let (scim, path) = with_user().await;
    let before = scim.mock.state();
    let operations = json!([
        {"op": "replace", "path": "title", "value": "Analyst"},
        {"op": "add", "path": "roles", "value": [{"value": "reader"}]},
        {"op": "replace", "path": "active", "value": "True"},
    ]);
    assert_eq!(scim.patch(&path, operations).await.status, 200);
    assert_eq!(scim.patch(&path, json!([])).await.status, 200);
    assert_eq!(scim.mock.state(), before);
}

#[tokio::test]
async fn operations_build_on_each_other() {
    let user = after(json!([
        {"op": "remove", "path": "emails[type eq \"home\"]"},
        {"op": "add", "path": "emails", "value": [{"type": "home", "value": "a@b"}]},
        {"op": "replace", "path": "emails[type eq \"home\"].value", "value": "c@d"},
    ]))
    .await;
    assert_eq!(user["emails"][1], json!({"type": "home", "value": "c@d"}));
}
