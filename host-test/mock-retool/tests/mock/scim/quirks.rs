//! Servers that deviate from a correct one.

use mock_retool::{MemberRemoval, PatchAnswer, ScimQuirks};
use serde_json::{Value, json};

use super::{ERROR, Scim, listed, refused};

#[tokio::test]
async fn an_empty_listing_can_have_no_resources() {
    let quirks = ScimQuirks { leave_out_empty_resources: true, ..ScimQuirks::default() };
    let scim = Scim::quirky(quirks).await;
    let empty = scim.find("Users", "userName eq \"missing\"").await.body;
    assert_eq!((empty.get("Resources"), &empty["totalResults"]), (None, &json!(0)));
    assert_eq!(listed(&scim.get("/Users").await, "id").len(), 12);
}

#[tokio::test]
async fn active_can_be_a_string() {
    let quirks = ScimQuirks { active_as_text: true, ..ScimQuirks::default() };
    let scim = Scim::quirky(quirks).await;
    let state = scim.mock.state();
    for (user, active) in state.users.iter().zip(listed(&scim.get("/Users").await, "active")) {
        assert_eq!(active, if user.is_disabled { "False" } else { "True" });
    }
    let disabled = scim.find("Users", "active eq false").await;
    let expected: Vec<Value> = state
        .users
        .iter()
        .filter(|user| user.is_disabled)
        .map(|user| json!(user.scim_id()))
        .collect();
    assert_eq!(listed(&disabled, "id"), expected);
    assert_eq!(scim.get("/Groups/grp_4").await.body.get("active"), None);
}

#[tokio::test]
async fn locations_can_be_missing() {
    let scim = Scim::quirky(ScimQuirks { no_location: true, ..ScimQuirks::default() }).await;
    let made = scim.post("/Users", json!({"userName": "new@example.com"})).await;
    assert_eq!((made.status, made.header("location")), (201, ""));
    assert_eq!(made.body["meta"].get("location"), None);
    assert!(made.body["meta"]["version"].is_string());
}

#[tokio::test]
async fn versions_can_be_missing() {
    let scim = Scim::quirky(ScimQuirks { no_etag: true, ..ScimQuirks::default() }).await;
    let path = format!("/Users/{}", scim.user(3));
    let read = scim.get(&path).await;
    assert_eq!((read.header("etag"), read.body["meta"].get("version")), ("", None));
    let operations = json!({"Operations": [{"op": "add", "path": "title", "value": "x"}]});
    let headers = [("if-match", "W/\"another\"")];
    let answer = scim.send_with("PATCH", &path, &headers, Some(operations)).await;
    assert_eq!(answer.status, 200);
    let again = scim.send_with("GET", &path, &[("if-none-match", "*")], None).await;
    assert_eq!(again.status, 200);
}

#[tokio::test]
async fn the_status_of_an_error_can_be_a_number() {
    let scim = Scim::quirky(ScimQuirks { numeric_error_status: true, ..Default::default() }).await;
    let answer = scim.get("/Users/x").await;
    assert_eq!(answer.status, 404);
    assert_eq!(answer.body["status"], json!(404));
    assert_eq!(answer.body["schemas"], json!([ERROR]));
    assert_eq!(answer.header("content-length"), answer.text.len().to_string());
}

#[tokio::test]
async fn responses_can_have_the_type_application_json() {
    let scim = Scim::quirky(ScimQuirks { plain_json: true, ..ScimQuirks::default() }).await;
    for path in ["/Users", "/Users/x", "/Schemas", "/nothing"] {
        assert_eq!(scim.get(path).await.header("content-type"), "application/json", "{path}");
    }
}

#[tokio::test]
async fn the_response_to_a_patch_follows_the_quirk() {
    let with_path = json!([{"op": "replace", "path": "externalId", "value": "1"}]);
    let without = json!([{"op": "replace", "value": {"externalId": "2"}}]);
    for (patch_answer, user, group, group_without) in [
        (PatchAnswer::AsDocumented, 200, 204, 200),
        (PatchAnswer::Resource, 200, 200, 200),
        (PatchAnswer::NoContent, 204, 204, 204),
    ] {
        let scim = Scim::quirky(ScimQuirks { patch_answer, ..ScimQuirks::default() }).await;
        for (path, operations, status) in [
            (format!("/Users/{}", scim.user(3)), &with_path, user),
            (format!("/Users/{}", scim.user(3)), &without, user),
            (format!("/Groups/{}", scim.group("Support")), &with_path, group),
            (format!("/Groups/{}", scim.group("Support")), &without, group_without),
        ] {
            let answer = scim.patch(&path, operations.clone()).await;
            assert_eq!(answer.status, status, "{patch_answer:?} {path} {operations}");
            assert_eq!(answer.text.is_empty(), status == 204);
            let read = scim.get(&path).await;
            assert_eq!(read.header("etag"), answer.header("etag"));
            if status == 200 {
                assert_eq!(read.body, answer.body);
            }
        }
    }
}

#[tokio::test]
async fn the_removal_of_members_follows_the_quirk() {
    let quirks = |remove_by_filter, remove_by_value| ScimQuirks {
        remove_by_filter,
        remove_by_value,
        ..ScimQuirks::default()
    };
    for removal in [
        MemberRemoval::Works,
        MemberRemoval::Refused,
        MemberRemoval::Ignored,
        MemberRemoval::EmptiesGroup,
    ] {
        let left: &[usize] = match removal {
            MemberRemoval::Works => &[2],
            MemberRemoval::Refused | MemberRemoval::Ignored => &[1, 2],
            MemberRemoval::EmptiesGroup => &[],
        };
        for is_by_filter in [true, false] {
            let scim = Scim::quirky(if is_by_filter {
                quirks(removal, MemberRemoval::Works)
            } else {
                quirks(MemberRemoval::Works, removal)
            })
            .await;
            let one = scim.user(1);
            let by_filter =
                json!([{"op": "remove", "path": format!("members[value eq \"{one}\"]")}]);
            let by_value = json!([{"op": "remove", "path": "members", "value": [{"value": one}]}]);
            let (affected, unaffected) =
                if is_by_filter { (by_filter, by_value) } else { (by_value, by_filter) };

            let group = scim.group_of("Pushed", &[1, 2]).await;
            let answer = scim.patch(&format!("/Groups/{group}"), affected).await;
            if removal == MemberRemoval::Refused {
                refused(&answer, 400, Some("invalidPath"));
            } else {
                assert_eq!(answer.status, 204, "{removal:?}");
            }
            assert_eq!(scim.members(&group), scim.users(left), "{removal:?}");

            let group = scim.group_of("Other", &[1, 2]).await;
            assert_eq!(scim.patch(&format!("/Groups/{group}"), unaffected).await.status, 204);
            assert_eq!(scim.members(&group), scim.users(&[2]), "{removal:?}");
            let all = json!([{"op": "remove", "path": "members"}]);
            assert_eq!(scim.patch(&format!("/Groups/{group}"), all).await.status, 204);
            assert!(scim.members(&group).is_empty());
        }
    }
}

#[tokio::test]
async fn a_delete_can_only_disable_the_user() {
    let scim = Scim::quirky(ScimQuirks { delete_disables: true, ..ScimQuirks::default() }).await;
    let at =
        scim.mock.state().users.iter().position(|user| !user.is_disabled).expect("an enabled user");
    let path = format!("/Users/{}", scim.user(at));
    let memberships = scim.mock.state().users[at].memberships.clone();
    for _ in 0..2 {
        assert_eq!(scim.delete(&path).await.status, 204);
        assert_eq!(scim.get(&path).await.body["active"], false);
    }
    assert_eq!(scim.mock.state().users[at].memberships, memberships);
    // Groups are still deleted.
    let group = scim.group_of("Pushed", &[1]).await;
    assert_eq!(scim.delete(&format!("/Groups/{group}")).await.status, 204);
    refused(&scim.get(&format!("/Groups/{group}")).await, 404, None);
}
