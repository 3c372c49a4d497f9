//! Listing, reading and renaming groups.

use super::*;
use crate::domain::{AccessField, AccessSetting, GroupPatch};
use crate::error::Code;
use crate::http::TransportError;
use crate::retool::{ReadDirectory, WriteDirectory, membership};

const SUPPORT: &str = r#"{"id":"g1","displayName":"Support","members":[{"value":"u1"}],"meta":{"version":"W/\"1\""}}"#;
const SALES: &str = r#"{"id":"g2","displayName":"Sales"}"#;

fn rename() -> GroupPatch {
    GroupPatch { name: Some("Help".to_string()), access: Vec::new() }
}

fn help(version: &str) -> String {
    SUPPORT.replace("Support", "Help").replace("W/\\\"1", &format!("W/\\\"{version}"))
}

#[test]
fn members_in_a_listing_are_not_read_again() {
    let fake = FakePlatform::new(|request| match &*request.path_and_query {
        "/scim/v2/Groups?startIndex=1&count=500" => {
            reply(200, list(2, &[SUPPORT.to_string(), SALES.to_string()]))
        }
        "/scim/v2/Groups/g2" => reply(200, SALES.replace('}', r#","members":[{"value":"u2"}]}"#)),
        other => panic!("{other}"),
    });
    let scim = scim(&fake);
    let groups = fake.run(scim.list_groups()).unwrap();
    let members = fake.run(membership::members_of(&scim, &groups)).unwrap();
    assert_eq!(members[0][0].id, user_id("u1"));
    assert_eq!(members[1][0].id, user_id("u2"));
    assert_eq!(fake.sent().len(), 2);
}

#[test]
fn a_group_that_is_gone_has_no_members_to_list() {
    let fake = FakePlatform::new(|request| match &*request.path_and_query {
        "/scim/v2/Groups/g1" => reply(200, SUPPORT),
        "/scim/v2/Groups/g2" => reply(200, SALES),
        _ => refusal(404),
    });
    let ids = [group_id("g1"), group_id("g2"), group_id("g3")];
    let members = fake.run(scim(&fake).list_members(&ids)).unwrap();
    let counts: Vec<Option<usize>> = members.iter().map(|m| m.as_ref().map(Vec::len)).collect();
    assert_eq!(counts, [Some(1), Some(0), None]);
}

#[test]
fn the_path_is_found_once_for_many_groups() {
    let fake = FakePlatform::new(|request| match &*request.path_and_query {
        "/api/scim/v2/Users?startIndex=1&count=1" => reply(200, r#"{"totalResults":0}"#),
        "/api/scim/v2/Groups/g1" => reply(200, SUPPORT),
        _ => refusal(404),
    });
    let ids: Vec<GroupId> = (0..5).map(|_| group_id("g1")).collect();
    fake.run(undiscovered(&fake).list_members(&ids)).unwrap();
    assert_eq!(fake.sent().len(), 7);
    assert!(fake.run(undiscovered(&fake).list_members(&[])).unwrap().is_empty());
    assert_eq!(fake.sent().len(), 7);
}

#[test]
fn a_rename_is_a_patch_that_is_read_back() {
    let fake = FakePlatform::replying([reply(200, SUPPORT), reply(204, ""), reply(200, help("1"))]);
    let scim = scim(&fake);
    let account = fake.run(scim.read_group(&group_id("g1"))).unwrap().expect("a group");
    assert_eq!(fake.run(scim.update_group(&account, &rename())).unwrap().name, "Help");
    let sent = &fake.sent()[1];
    assert_eq!(sent.line(), "PATCH /scim/v2/Groups/g1");
    assert_eq!(sent.request.if_match.as_deref(), Some("W/\"1\""));
    assert_eq!(
        sent.body(),
        r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"displayName","value":"Help"}]}"#
    );
}

#[test]
fn after_a_lost_or_outdated_rename_the_group_is_read_again() {
    let cases: [(Reply, String, usize); 3] = [
        (Reply::fails(TransportError::Failed), help("1"), 3),
        (refusal(412), help("2"), 3),
        (refusal(412), SUPPORT.replace("W/\\\"1", "W/\\\"2"), 5),
    ];
    for (failure, seen, requests) in cases {
        let mut replies = Vec::from([reply(200, SUPPORT), failure, reply(200, seen.as_str())]);
        if requests == 5 {
            replies.extend([reply(200, help("3")), reply(200, help("3"))]);
        }
        let fake = FakePlatform::replying(replies);
        let scim = scim(&fake);
        let account = fake.run(scim.read_group(&group_id("g1"))).unwrap().expect("a group");
        let renamed = fake.run(scim.update_group(&account, &rename()));
        assert_eq!(renamed.map(|group| group.name), Ok("Help".to_string()));
        let sent = fake.sent();
        assert_eq!(sent.len(), requests);
        if requests == 5 {
            assert_eq!(sent[3].request.if_match.as_deref(), Some("W/\"2\""));
        }
    }
}

#[test]
fn a_name_that_another_administrator_set_meanwhile_is_not_overwritten() {
    let other = SUPPORT.replace("Support", "Care");
    let fake = FakePlatform::replying([reply(200, SUPPORT), refusal(412), reply(200, other)]);
    let scim = scim(&fake);
    let account = fake.run(scim.read_group(&group_id("g1"))).unwrap().expect("a group");
    let error = fake.run(scim.update_group(&account, &rename())).unwrap_err();
    assert_eq!((error.http_status, error.maybe_applied), (Some(412), false));
}

#[test]
fn a_rename_that_does_not_hold_is_an_error() {
    // With a path, and without one.
    let fake = FakePlatform::new(|request| match request.method {
        crate::http::Method::Get => reply(200, SUPPORT),
        _ => reply(204, ""),
    });
    let scim = scim(&fake);
    let account = fake.run(scim.read_group(&group_id("g1"))).unwrap().expect("a group");
    let error = fake.run(scim.update_group(&account, &rename())).unwrap_err();
    assert_eq!((error.code, error.maybe_applied), (Code::NotVerified, true));
    let writes = fake.sent().iter().filter(|sent| sent.line().starts_with("PATCH")).count();
    assert_eq!(writes, 2);
}

#[test]
fn scim_can_not_set_access() {
    let fake = FakePlatform::replying([reply(200, SUPPORT)]);
    let scim = scim(&fake);
    let account = fake.run(scim.read_group(&group_id("g1"))).unwrap().expect("a group");
    let access = vec![AccessSetting { field: AccessField::UniversalApp, value: "use".to_string() }];
    let patch = GroupPatch { access, ..rename() };
    let error = fake.run(scim.update_group(&account, &patch)).unwrap_err();
    assert_eq!(error.code, Code::OperationUnsupported);
    assert_eq!(fake.sent().len(), 1);
}
