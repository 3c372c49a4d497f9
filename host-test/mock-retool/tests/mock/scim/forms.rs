//! Servers that support only some forms of a change, or compare versions in another way.

use mock_retool::{FormSupport, IfMatchRule, PatchForms, ScimQuirks};
use serde_json::{Value, json};

use super::{PATCH, Scim};

const SUPPORT: [(FormSupport, u16); 4] = [
    (FormSupport::Works, 200),
    (FormSupport::Refused, 400),
    (FormSupport::Unknown, 501),
    (FormSupport::Ignored, 200),
];

fn by_path() -> Value {
    json!([{"op": "replace", "path": "active", "value": false}])
}

fn by_value() -> Value {
    json!([{"op": "replace", "value": {"active": false}}])
}

#[tokio::test]
async fn each_form_of_a_patch_can_be_unsupported() {
    for (support, status) in SUPPORT {
        let works = PatchForms::default();
        for (user_patch, operations, other) in [
            (PatchForms { by_path: support, ..works }, by_path(), by_value()),
            (PatchForms { by_value: support, ..works }, by_value(), by_path()),
        ] {
            let quirks = ScimQuirks { user_patch, ..ScimQuirks::default() };
            let scim = Scim::quirky(quirks).await;
            let path = format!("/Users/{}", scim.user(3));
            assert_eq!(scim.patch(&path, operations).await.status, status, "{support:?}");
            let is_done = scim.mock.state().users[3].is_disabled;
            assert_eq!(is_done, support == FormSupport::Works, "{support:?}");
            assert_eq!(scim.patch(&path, other).await.status, 200, "{support:?}");
            assert!(scim.mock.state().users[3].is_disabled, "{support:?}");
        }
    }
}

#[tokio::test]
async fn members_and_names_of_groups_have_the_same_forms() {
    for (support, status) in [(FormSupport::Refused, 400), (FormSupport::Ignored, 204)] {
        let group_patch = PatchForms { by_path: support, ..PatchForms::default() };
        let quirks = ScimQuirks { group_patch, ..ScimQuirks::default() };
        let scim = Scim::quirky(quirks).await;
        let group = scim.group("viewer");
        let path = format!("/Groups/{group}");
        let before = scim.members(&group);
        let user = (0..12).map(|at| scim.user(at)).find(|id| !before.contains(id)).expect("a user");
        let joining = json!([{"value": user}]);
        let add = json!([{"op": "add", "path": "members", "value": joining}]);
        assert_eq!(scim.patch(&path, add).await.status, status);
        assert_eq!(scim.members(&group), before);
        let add = json!([{"op": "add", "value": {"members": joining}}]);
        assert_eq!(scim.patch(&path, add).await.status, 200);
        assert_eq!(scim.members(&group).len(), before.len() + 1);
        // A removal always has a path.
        let remove = json!([{"op": "remove", "path": format!("members[value eq \"{user}\"]")}]);
        assert_eq!(scim.patch(&path, remove).await.status, 204);
        assert_eq!(scim.members(&group), before);
    }
}

#[tokio::test]
async fn a_put_of_a_user_can_be_unsupported_or_cost_memberships() {
    for (put, status) in
        [(FormSupport::Works, 200), (FormSupport::Refused, 400), (FormSupport::Ignored, 204)]
    {
        for put_leaves_groups in [false, true] {
            let quirks = ScimQuirks { put, put_leaves_groups, ..ScimQuirks::default() };
            let scim = Scim::quirky(quirks).await;
            let at = scim
                .mock
                .state()
                .users
                .iter()
                .position(|user| !user.memberships.is_empty() && !user.is_disabled)
                .expect("a member");
            let path = format!("/Users/{}", scim.user(at));
            let mut record = scim.get(&path).await.body;
            record["active"] = json!(false);
            assert_eq!(scim.put(&path, record).await.status, status);
            let user = scim.mock.state().users[at].clone();
            assert_eq!(user.is_disabled, put == FormSupport::Works);
            let is_left = put_leaves_groups && put == FormSupport::Works;
            assert_eq!(user.memberships.is_empty(), is_left);
        }
    }
}

#[tokio::test]
async fn versions_can_be_strong_and_are_compared_by_the_rule() {
    for (strong_etags, if_match, tag, status) in [
        (false, IfMatchRule::Lenient, "given", 200),
        (true, IfMatchRule::Lenient, "given", 200),
        (false, IfMatchRule::Strong, "given", 412),
        (false, IfMatchRule::Strong, "strong", 412),
        (true, IfMatchRule::Strong, "given", 200),
        (false, IfMatchRule::StrongForm, "given", 412),
        (false, IfMatchRule::StrongForm, "strong", 200),
        (true, IfMatchRule::Never, "given", 412),
        (true, IfMatchRule::Never, "", 200),
        (true, IfMatchRule::AlwaysOutdated, "", 412),
    ] {
        let quirks = ScimQuirks { strong_etags, if_match, ..ScimQuirks::default() };
        let scim = Scim::quirky(quirks).await;
        let path = format!("/Users/{}", scim.user(3));
        let read = scim.get(&path).await;
        let version = read.header("etag").to_owned();
        assert_eq!(read.body["meta"]["version"], version);
        assert_eq!(version.starts_with("W/"), !strong_etags);
        let headers = match tag {
            "given" => vec![("if-match", version.as_str())],
            "strong" => vec![("if-match", version.trim_start_matches("W/"))],
            _ => Vec::new(),
        };
        let body = json!({"schemas": [PATCH], "Operations": by_path()});
        let answer = scim.send_with("PATCH", &path, &headers, Some(body)).await;
        assert_eq!(answer.status, status, "{strong_etags} {if_match:?} {tag}");
    }
}
