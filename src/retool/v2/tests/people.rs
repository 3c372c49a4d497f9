//! Creating, changing and disabling accounts.

use super::*;
use crate::domain::{NewUser, UserPatch, UserType};
use crate::retool::WriteDirectory;

fn new(fields: UserPatch) -> NewUser {
    NewUser { email: email("new@acme.example"), login: None, fields }
}

fn named() -> UserPatch {
    UserPatch {
        first_name: Some("New".into()),
        last_name: Some("Doe".into()),
        ..UserPatch::default()
    }
}

fn rename(first: &str) -> UserPatch {
    UserPatch { first_name: Some(first.into()), ..UserPatch::default() }
}

fn disable() -> UserPatch {
    UserPatch { disabled: Some(true), ..UserPatch::default() }
}

fn ann() -> Account {
    account(&person("ann"))
}

fn ann_as(first: &str, active: bool) -> String {
    record("ann", &fields(first, "Doe", active))
}

#[test]
fn a_user_is_created_with_names_and_without_an_admin_flag() {
    let fake = FakePlatform::replying([one(&person("new"))]);
    let fields = UserPatch { user_type: Some(UserType::Embed), admin: Some(false), ..named() };
    let created = fake.run(directory(&fake).create_user(&new(fields))).expect("a person");
    assert_eq!(created.email, email("new@acme.example"));
    assert_eq!(created.groups, None);
    assert_eq!(lines(&fake), ["POST /users"]);
    assert_eq!(
        last_body(&fake),
        r#"{"email":"new@acme.example","first_name":"New","last_name":"Doe","active":true,"user_type":"embed"}"#
    );
    let fake = FakePlatform::replying([one(&person("new"))]);
    fake.run(directory(&fake).create_user(&new(named()))).expect("a person");
    assert!(!last_body(&fake).contains("user_type"));
}

#[test]
fn a_new_user_that_the_server_would_refuse_is_refused_before_any_request() {
    let cases = [
        (UserPatch { last_name: None, ..named() }, Code::NameRequired),
        (UserPatch { first_name: None, ..named() }, Code::NameRequired),
        (UserPatch { last_name: Some(" ".into()), ..named() }, Code::NameRequired),
        (UserPatch { user_type: Some(UserType::EndUser), ..named() }, Code::OperationUnsupported),
        (
            UserPatch { user_type: Some(UserType::Unrecognized), ..named() },
            Code::OperationUnsupported,
        ),
        (UserPatch { admin: Some(true), ..named() }, Code::OperationUnsupported),
        (
            UserPatch { profile_photo_url: Some("https://x".into()), ..named() },
            Code::OperationUnsupported,
        ),
    ];
    for (fields, expected) in cases {
        let fake = FakePlatform::replying([]);
        let error = failure(fake.run(directory(&fake).create_user(&new(fields.clone()))));
        assert_eq!(error.code, expected, "{fields:?}");
        assert_eq!(error.subject.as_deref(), Some("new@acme.example"));
        assert!(!error.maybe_applied);
    }
}

#[test]
fn a_creation_is_not_repeated_after_a_lost_reply() {
    for reply in [lost, || Reply::json(500, ""), || Reply::json(200, r#"{"success":false}"#)] {
        let fake = FakePlatform::replying([reply()]);
        let error = failure(fake.run(directory(&fake).create_user(&new(named()))));
        assert!(error.maybe_applied);
    }
    let fake = FakePlatform::replying([Reply::retry_after(429, "1"), one(&person("new"))]);
    assert!(fake.run(directory(&fake).create_user(&new(named()))).is_ok());
    let fake = FakePlatform::replying([refused(409)]);
    let error = failure(fake.run(directory(&fake).create_user(&new(named()))));
    assert_eq!((error.code, error.http_status), (Code::ServerRefused, Some(409)));
    assert!(!error.maybe_applied);
}

#[test]
fn only_fields_that_differ_are_sent() {
    let fake = FakePlatform::replying([one(&ann_as("Anna", false))]);
    let patch = UserPatch {
        first_name: Some("Anna".into()),
        last_name: Some("Doe".into()),
        user_type: Some(UserType::Default),
        admin: Some(false),
        disabled: Some(true),
        ..UserPatch::default()
    };
    let after = fake.run(directory(&fake).update_user(&ann(), &patch)).expect("Ann");
    assert!(after.disabled);
    assert_eq!(after.groups.map(|groups| groups.len()), Some(1), "as they were read");
    assert_eq!(lines(&fake), ["PATCH /users/user_ann"]);
    assert_eq!(
        last_body(&fake),
        r#"{"operations":[{"op":"replace","path":"/first_name","value":"Anna"},{"op":"replace","path":"/active","value":false}]}"#
    );
}

#[test]
fn enabling_and_user_types_use_the_spelling_of_the_api() {
    let patch = UserPatch {
        disabled: Some(false),
        user_type: Some(UserType::Mobile),
        ..UserPatch::default()
    };
    let before = account(&ann_as("Ann", false));
    let after = ann_as("Ann", true).replace(r#""default""#, r#""mobile""#);
    // The server may derive `seat_type` from the user type.
    let after = after.replace(r#""seat_type":"builder","#, r#""seat_type":null,"#);
    let fake = FakePlatform::replying([one(&after)]);
    let after = fake.run(directory(&fake).update_user(&before, &patch)).expect("Ann");
    assert!(!after.disabled);
    assert_eq!(
        last_body(&fake),
        r#"{"operations":[{"op":"replace","path":"/user_type","value":"mobile"},{"op":"replace","path":"/active","value":true}]}"#
    );
}

#[test]
fn a_patch_without_differences_is_sent_whole() {
    let fake = FakePlatform::replying([one(&person("ann"))]);
    fake.run(directory(&fake).update_user(&ann(), &rename("Ann"))).expect("Ann");
    assert!(last_body(&fake).contains("/first_name"));
    let fake = FakePlatform::replying([]);
    let unchanged = fake.run(directory(&fake).update_user(&ann(), &UserPatch::default()));
    assert_eq!(unchanged, Ok(ann().user), "nothing to send");
}

#[test]
fn a_field_that_can_not_be_set_is_refused_before_any_request() {
    for patch in [
        UserPatch { admin: Some(true), ..disable() },
        UserPatch { profile_photo_url: Some("https://x".into()), ..disable() },
        UserPatch { user_type: Some(UserType::EndUser), ..disable() },
        UserPatch { user_type: Some(UserType::Unrecognized), ..disable() },
    ] {
        let fake = FakePlatform::replying([]);
        let error = failure(fake.run(directory(&fake).update_user(&ann(), &patch)));
        assert_eq!(error.code, Code::OperationUnsupported);
        assert!(!error.maybe_applied);
    }
}

/// If the response is short or empty, or does not contain the change yet, the user is read back.
#[test]
fn an_inconclusive_answer_is_read_back() {
    for answer in [
        nothing(),
        Reply::json(200, r#"{"success":true}"#),
        one("null"),
        one(r#"{"id":"user_ann","email":"ann@acme.example","first_name":"Anna"}"#),
        one(&person("ann")),
    ] {
        let fake =
            FakePlatform::replying([answer, one(&person("ann")), one(&ann_as("Anna", true))]);
        let after = fake.run(directory(&fake).update_user(&ann(), &rename("Anna"))).expect("Ann");
        assert_eq!(after.first_name.as_deref(), Some("Anna"));
        assert_eq!(lines(&fake)[1..], ["GET /users/user_ann?includeGroups=true"; 2]);
    }
}

#[test]
fn a_change_that_does_not_hold_or_loses_a_field_is_not_verified() {
    let held = ann_as("Anna", true);
    let cases = [
        (person("ann"), "first-name"),
        (held.replace(r#""blue""#, r#""red""#), "the field metadata"),
        (held.replace(r#""metadata":{"team":"blue","n":[1,{}]},"#, ""), "the field metadata"),
        (held.replace(r#""builder""#, r#""viewer""#), "the field seat_type"),
        (held.replace(r#""legacy_id":16777217,"#, ""), "the field legacy_id"),
        (held.replace(r#""Doe""#, r#""Roe""#), "last-name"),
        (held.replace(r#""is_admin":false"#, r#""is_admin":true"#), "admin"),
        (held.replace("ann@", "eve@"), "the address"),
    ];
    for (after, what) in cases {
        let fake = FakePlatform::new(move |_| one(&after));
        let error = failure(fake.run(directory(&fake).update_user(&ann(), &rename("Anna"))));
        assert_eq!(error.code, Code::NotVerified, "{what}");
        assert!(error.message.contains(what), "{what}: {}", error.message);
        assert!(error.maybe_applied);
        assert_eq!(fake.lines().len(), 6, "one write and five reads");
    }
}

/// Returns a change that sets one key of the metadata.
fn set_team() -> UserPatch {
    let metadata = [("team".to_string(), Some(r#""red""#.to_string()))].into_iter().collect();
    UserPatch { metadata, ..UserPatch::default() }
}

/// The metadata as a whole would replace keys that nobody saw.
#[test]
fn metadata_that_a_record_does_not_show_is_not_replaced() {
    let shown = r#""metadata":{"team":"blue","n":[1,{}]},"#;
    for hidden in ["", r#""metadata":["odd"],"#] {
        let record = person("ann").replace(shown, hidden);
        let account = account(&record);
        for denies in [false, true] {
            let (sent, get) = (record.clone(), record.clone());
            let fake = FakePlatform::new(move |request| match request.method {
                crate::http::Method::Patch if denies => refused(400),
                crate::http::Method::Patch => one(&sent),
                _ => one(&get),
            });
            let error = failure(fake.run(directory(&fake).update_user(&account, &set_team())));
            let expected = if denies { Code::ServerRefused } else { Code::NotVerified };
            assert_eq!(error.code, expected, "{}", error.message);
            let bodies: Vec<String> =
                fake.sent().iter().map(|sent| sent.body().to_string()).collect();
            assert!(
                bodies.iter().all(|body| !body.contains(r#""path":"/metadata","#)),
                "{bodies:?}"
            );
        }
    }
    // No metadata is known metadata.
    let none = person("ann").replace(shown, r#""metadata":null,"#);
    let red = person("ann").replace(shown, r#""metadata":{"team":"red"},"#);
    let fake = FakePlatform::replying([refused(400), one(&none), one(&red)]);
    let after = fake.run(directory(&fake).update_user(&account(&none), &set_team())).expect("Ann");
    assert_eq!(after.metadata.expect("metadata").get("team"), Some(r#""red""#));
    assert!(last_body(&fake).contains(r#""path":"/metadata","#), "{}", last_body(&fake));
}

#[test]
fn values_may_be_returned_in_another_order() {
    let after = ann_as("Anna", true)
        .replace(r#"{"team":"blue","n":[1,{}]}"#, r#"{ "n": [1, {}], "team": "\u0062lue" }"#);
    let fake = FakePlatform::replying([one(&after)]);
    assert!(fake.run(directory(&fake).update_user(&ann(), &rename("Anna"))).is_ok());
}

#[test]
fn an_answer_about_another_user_is_an_error() {
    let fake = FakePlatform::replying([one(&person("bob"))]);
    let error = failure(fake.run(directory(&fake).update_user(&ann(), &rename("Anna"))));
    assert_eq!((error.code, error.maybe_applied), (Code::WrongPerson, true));
}

#[test]
fn a_refused_change_is_an_error_and_not_repeated() {
    for reply in [refused(400), refused(422), Reply::json(200, r#"{"success":false}"#)] {
        let fake = FakePlatform::replying([reply]);
        let error = failure(fake.run(directory(&fake).update_user(&ann(), &rename("Anna"))));
        assert_eq!(error.code, Code::ServerRefused);
        assert_eq!(error.subject.as_deref(), Some("ann@acme.example"));
    }
    let fake = FakePlatform::replying([no_route()]);
    let error = failure(fake.run(directory(&fake).update_user(&ann(), &rename("Anna"))));
    assert_eq!((error.code, error.maybe_applied), (Code::UserNotFound, false));
}

#[test]
fn after_a_lost_reply_the_user_is_read_before_a_retry() {
    // The change took effect.
    let fake = FakePlatform::replying([lost(), one(&ann_as("Anna", true))]);
    let after = fake.run(directory(&fake).update_user(&ann(), &rename("Anna"))).expect("Ann");
    assert_eq!(after.first_name.as_deref(), Some("Anna"));
    assert_eq!(lines(&fake), ["PATCH /users/user_ann", "GET /users/user_ann?includeGroups=true"]);

    // The change took effect in part. Only the fields that still differ are sent again.
    let patch = UserPatch { last_name: Some("Roe".into()), ..rename("Anna") };
    let half = record("ann", &fields("Anna", "Doe", true));
    let whole = record("ann", &fields("Anna", "Roe", true));
    let fake = FakePlatform::replying([lost(), one(&half), one(&whole)]);
    assert!(fake.run(directory(&fake).update_user(&ann(), &patch)).is_ok());
    assert!(last_body(&fake).contains("Roe") && !last_body(&fake).contains("Anna"));

    // The outcome is unknown after three tries.
    let fake =
        FakePlatform::replying([lost(), one(&person("ann")), lost(), one(&person("ann")), lost()]);
    let error = failure(fake.run(directory(&fake).update_user(&ann(), &rename("Anna"))));
    assert_eq!((error.code, error.attempts), (Code::ConnectionFailed, 3));
    assert!(error.maybe_applied);

    // The second try is refused, but the first may have been applied.
    let look = || one(&person("ann"));
    let fake = FakePlatform::replying([lost(), look(), refused(400), look(), refused(400)]);
    let error = failure(fake.run(directory(&fake).update_user(&ann(), &rename("Anna"))));
    assert_eq!((error.code, error.maybe_applied), (Code::ServerRefused, true));
}

#[test]
fn an_account_with_another_address_meanwhile_is_not_changed() {
    let renamed = person("ann").replace("ann@", "eve@");
    let fake = FakePlatform::replying([lost(), one(&renamed)]);
    let error = failure(fake.run(directory(&fake).update_user(&ann(), &rename("Anna"))));
    assert_eq!((error.code, error.maybe_applied), (Code::WrongPerson, true));
}

/// It was checked whether enough administrators remain when this user was not one.
#[test]
fn disabling_is_not_repeated_for_a_user_who_became_an_administrator() {
    let admin = |active| ann_as("Ann", active).replace(r#""is_admin":false"#, r#""is_admin":true"#);
    let fake = FakePlatform::replying([lost(), one(&admin(true))]);
    let error = failure(fake.run(directory(&fake).update_user(&ann(), &disable())));
    assert_eq!((error.code, error.maybe_applied), (Code::ConnectionFailed, true));
    // For a user who was an administrator before, the check included them.
    let before = account(&admin(true));
    let fake = FakePlatform::replying([lost(), one(&admin(true)), one(&admin(false))]);
    assert!(fake.run(directory(&fake).update_user(&before, &disable())).is_ok());
    // Renaming an administrator removes no rights.
    let fake = FakePlatform::replying([
        lost(),
        one(&admin(true)),
        one(&admin(true).replace("Ann", "Anna")),
    ]);
    assert!(fake.run(directory(&fake).update_user(&ann(), &rename("Anna"))).is_ok());
}

#[test]
fn a_deletion_is_sent_and_only_disables() {
    let fake = FakePlatform::replying([nothing()]);
    assert_eq!(fake.run(directory(&fake).delete_user(&user_id("user_ann"))), Ok(true));
    assert_eq!(lines(&fake), ["DELETE /users/user_ann"]);
    let fake = FakePlatform::replying([no_route()]);
    assert_eq!(fake.run(directory(&fake).delete_user(&user_id("user_ann"))), Ok(false));
}

#[test]
fn a_second_deletion_is_no_error_if_the_user_is_disabled() {
    let ann = user_id("user_ann");
    let fake = FakePlatform::replying([refused(422), one(&ann_as("Ann", false))]);
    assert_eq!(fake.run(directory(&fake).delete_user(&ann)), Ok(true));
    // The reply to the first deletion was lost.
    let fake = FakePlatform::replying([lost(), refused(422), one(&ann_as("Ann", false))]);
    assert_eq!(fake.run(directory(&fake).delete_user(&ann)), Ok(true));
    // The server refuses for another reason.
    let fake = FakePlatform::replying([refused(422), one(&person("ann"))]);
    let error = failure(fake.run(directory(&fake).delete_user(&ann)));
    assert_eq!((error.code, error.http_status), (Code::ServerRefused, Some(422)));
    let fake = FakePlatform::replying([refused(422), no_route()]);
    assert_eq!(fake.run(directory(&fake).delete_user(&ann)), Ok(false));
    let fake = FakePlatform::replying([refused(400)]);
    assert_eq!(code(fake.run(directory(&fake).delete_user(&ann))), Code::ServerRefused);
    let fake = FakePlatform::replying([Reply::json(200, r#"{"success":false}"#)]);
    assert_eq!(code(fake.run(directory(&fake).delete_user(&ann))), Code::ServerRefused);
}

#[test]
fn sessions_are_ended_where_the_server_can() {
    let ann = user_id("user_ann");
    for (reply, expected) in [
        (one("{}"), true),
        (nothing(), true),
        (Reply::json(200, r#"{"success":true}"#), true),
        (no_route(), false),
        (
            crate::http::Response {
                status: 404,
                content_type: Some("text/html".to_string()),
                body: b"<pre>Cannot POST</pre>".to_vec(),
                ..crate::http::Response::default()
            }
            .into(),
            false,
        ),
    ] {
        let fake = FakePlatform::replying([reply]);
        assert_eq!(fake.run(directory(&fake).end_sessions(&ann)), Ok(expected));
        assert_eq!(lines(&fake), ["POST /users/user_ann/logout"]);
    }
    for (reply, expected) in [
        (Reply::json(200, r#"{"success":false}"#), Code::ServerRefused),
        (refused(403), Code::Forbidden),
    ] {
        let fake = FakePlatform::replying([reply]);
        assert_eq!(code(fake.run(directory(&fake).end_sessions(&ann))), expected);
    }
}

/// After a lost reply, a 404 does not prove that the route is missing.
#[test]
fn a_404_after_a_lost_reply_is_not_taken_for_a_missing_route() {
    let fake = FakePlatform::replying([lost(), no_route()]);
    let error = failure(fake.run(directory(&fake).end_sessions(&user_id("user_ann"))));
    assert_eq!((error.http_status, error.maybe_applied), (Some(404), true));
    let fake = FakePlatform::replying([no_route()]);
    assert_eq!(fake.run(directory(&fake).end_sessions(&user_id("user_ann"))), Ok(false));
}
