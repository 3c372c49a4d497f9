//! Creation and deletion.

use super::*;
use crate::domain::{AccessField, AccessSetting, NewUser, UserPatch, UserType};
use crate::error::Code;
use crate::http::TransportError;
use crate::retool::WriteDirectory;

fn new_user(fields: UserPatch) -> NewUser {
    NewUser { email: ada(), login: None, fields }
}

fn named() -> NewUser {
    new_user(UserPatch {
        first_name: Some("Ada".to_string()),
        last_name: Some("Byron".to_string()),
        ..UserPatch::default()
    })
}

#[test]
fn a_user_is_created_with_the_body_that_idps_send() {
    let fake = FakePlatform::replying([reply(201, person("u1", "ada@example.com"))]);
    let user = fake.run(scim(&fake).create_user(&named())).unwrap();
    assert_eq!((user.id, user.invited), (user_id("u1"), None));
    let sent = &fake.sent()[0];
    assert_eq!(sent.line(), "POST /scim/v2/Users");
    assert_eq!(
        sent.body(),
        concat!(
            r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ada@example.com","#,
            r#""name":{"givenName":"Ada","familyName":"Byron"},"#,
            r#""emails":[{"value":"ada@example.com","type":"work","primary":true}],"active":true}"#
        )
    );
}

#[test]
fn names_that_are_not_given_are_not_sent() {
    let fake = FakePlatform::replying([reply(201, person("u1", "ada@example.com"))]);
    // A new user is never an administrator, so `admin: false` needs no field.
    let fields = UserPatch { admin: Some(false), ..UserPatch::default() };
    fake.run(scim(&fake).create_user(&new_user(fields))).unwrap();
    let sent = fake.sent();
    assert!(!sent[0].body().contains("name\""), "{}", sent[0].body());
    assert!(!sent[0].body().contains("null"), "{}", sent[0].body());
}

#[test]
fn fields_that_scim_lacks_are_refused_before_anything_is_sent() {
    let cases = [
        (UserPatch { user_type: Some(UserType::Default), ..UserPatch::default() }, "user-type"),
        (UserPatch { admin: Some(true), ..UserPatch::default() }, "admin"),
        (
            UserPatch { profile_photo_url: Some("x".into()), ..UserPatch::default() },
            "profile-photo-url",
        ),
    ];
    for (fields, name) in cases {
        let fake = FakePlatform::replying([]);
        let error = fake.run(scim(&fake).create_user(&new_user(fields))).unwrap_err();
        assert_eq!(error.code, Code::OperationUnsupported);
        assert!(error.message.contains(name), "{}", error.message);
        assert_eq!(error.subject.as_deref(), Some("ada@example.com"));
    }
}

#[test]
fn a_taken_address_is_a_409_and_nothing_was_applied() {
    let body = r#"{"status":409,"scimType":"uniqueness","detail":"taken"}"#;
    let fake = FakePlatform::replying([reply(409, body)]);
    let error = fake.run(scim(&fake).create_user(&named())).unwrap_err();
    assert_eq!((error.code, error.http_status), (Code::ServerRefused, Some(409)));
    assert!(!error.maybe_applied);
}

#[test]
fn a_creation_without_an_answer_is_not_repeated() {
    for failure in [|| Reply::fails(TransportError::Failed), || refusal(503), || page(200)] {
        let fake = FakePlatform::replying([failure()]);
        let error = fake.run(scim(&fake).create_user(&named())).unwrap_err();
        assert!(error.maybe_applied);
        let empty = || reply(200, r#"{"totalResults":0}"#);
        let fake = FakePlatform::replying([empty(), failure()]);
        let error = fake.run(scim(&fake).create_group("Support", &[])).unwrap_err();
        assert!(error.maybe_applied);
    }
}

#[test]
fn a_created_user_missing_from_the_response_is_looked_up() {
    let hits = reply(200, list(1, &[person("u1", "ada@example.com")]));
    let fake = FakePlatform::replying([reply(201, ""), hits]);
    assert_eq!(fake.run(scim(&fake).create_user(&named())).unwrap().id, user_id("u1"));

    // If that was too early, the caller must look the user up again.
    let no_users = || reply(200, r#"{"totalResults":0}"#);
    let fake = FakePlatform::replying([reply(201, ""), no_users(), no_users()]);
    let error = fake.run(scim(&fake).create_user(&named())).unwrap_err();
    assert_eq!((error.code, error.maybe_applied), (Code::NotVerified, true));
}

#[test]
fn a_group_is_created_by_its_name_alone() {
    let nothing = || reply(200, r#"{"totalResults":0}"#);
    let group =
        r#"{"id":"g1","displayName":"Support","members":[],"meta":{"resourceType":"Group"}}"#;
    let fake = FakePlatform::replying([nothing(), reply(201, group)]);
    let created = fake.run(scim(&fake).create_group("Support", &[])).unwrap();
    assert_eq!((created.id, created.members), (group_id("g1"), Some(Vec::new())));
    assert_eq!(
        fake.sent()[1].body(),
        r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Support"}"#
    );

    let fake = FakePlatform::replying([
        nothing(),
        reply(201, ""),
        reply(200, list(1, &[group.to_string()])),
    ]);
    assert_eq!(fake.run(scim(&fake).create_group("Support", &[])).unwrap().id, group_id("g1"));

    let other = r#"{"id":"g1","displayName":"Support (1)"}"#;
    let fake = FakePlatform::replying([nothing(), reply(201, other)]);
    let error = fake.run(scim(&fake).create_group("Support", &[])).unwrap_err();
    assert_eq!((error.code, error.maybe_applied), (Code::NotVerified, true));

    let fake = FakePlatform::replying([]);
    let access = [AccessSetting { field: AccessField::UniversalApp, value: "use".into() }];
    let error = fake.run(scim(&fake).create_group("Support", &access)).unwrap_err();
    assert_eq!(error.code, Code::OperationUnsupported);
}

#[test]
fn a_missing_record_counts_as_deleted_only_after_a_lost_reply() {
    let cases: [(Vec<Reply>, bool); 4] = [
        (Vec::from([reply(204, "")]), true),
        (Vec::from([reply(200, "{}")]), true),
        (Vec::from([refusal(404)]), false),
        (Vec::from([Reply::fails(TransportError::Failed), refusal(404)]), true),
    ];
    for (replies, deleted) in cases {
        let fake = FakePlatform::replying(replies);
        assert_eq!(fake.run(scim(&fake).delete_user(&user_id("u1"))).unwrap(), deleted);
        assert_eq!(fake.lines()[0], "DELETE /scim/v2/Users/u1");
    }
    let fake = FakePlatform::replying([reply(204, "")]);
    assert!(fake.run(scim(&fake).delete_group(&group_id("g1"))).unwrap());
    assert_eq!(fake.lines(), ["DELETE /scim/v2/Groups/g1"]);
}

#[test]
fn scim_can_not_end_sessions() {
    let fake = FakePlatform::replying([]);
    assert!(!fake.run(scim(&fake).end_sessions(&user_id("u1"))).unwrap());
}
