//! Changing users.

use super::*;
use crate::domain::{Account, User, UserPatch};
use crate::error::{Code, Result};
use crate::http::{Method, Request, TransportError};
use crate::retool::{ReadDirectory, WriteDirectory};

/// Returns the record of u1 before the change: Ada Byron, enabled.
fn before() -> String {
    person("u1", "ada@example.com")
}

fn disabled() -> String {
    before().replace(r#""active":true"#, r#""active":"False""#)
}

/// Returns the record with this version.
fn of_version(record: &str, version: &str) -> String {
    record.replace(
        r#""meta":{"#,
        &format!(r#""meta":{{"version":{},"#, serde_json::to_string(version).unwrap()),
    )
}

fn disable() -> UserPatch {
    UserPatch { disabled: Some(true), ..UserPatch::default() }
}

/// Reads u1 from the first reply, and changes the user.
fn change(
    patch: &UserPatch,
    replies: impl IntoIterator<Item = Reply>,
) -> (Result<User>, FakePlatform) {
    let fake = FakePlatform::replying(replies);
    let scim = scim(&fake);
    let account: Account = fake.run(scim.read_user(&user_id("u1"))).unwrap().expect("an account");
    let changed = fake.run(scim.update_user(&account, patch));
    (changed, fake)
}

/// Changes u1 on this server.
fn change_on(
    patch: &UserPatch,
    server: impl FnMut(&Request) -> Reply + 'static,
) -> (Result<User>, FakePlatform) {
    let fake = FakePlatform::new(server);
    let scim = scim(&fake);
    let account: Account = fake.run(scim.read_user(&user_id("u1"))).unwrap().expect("an account");
    let changed = fake.run(scim.update_user(&account, patch));
    (changed, fake)
}

/// Returns the methods of the requests after the first.
fn methods(fake: &FakePlatform) -> Vec<String> {
    fake.lines()[1..]
        .iter()
        .map(|line| line.split(' ').next().unwrap_or_default().to_string())
        .collect()
}

fn lost_answer() -> Reply {
    Reply::fails(TransportError::Failed)
}

#[test]
fn each_field_is_replaced_on_its_own() {
    let patch = UserPatch {
        first_name: Some("A\"da".to_string()),
        last_name: Some("Lovelace".to_string()),
        disabled: Some(false),
        ..UserPatch::default()
    };
    let after = before().replace("Ada", "A\\\"da").replace("Byron", "Lovelace");
    let (changed, fake) = change(&patch, [reply(200, before()), reply(200, after)]);
    assert_eq!(changed.unwrap().last_name.as_deref(), Some("Lovelace"));
    let sent = &fake.sent()[1];
    assert_eq!(sent.line(), "PATCH /scim/v2/Users/u1");
    assert_eq!(
        sent.body(),
        concat!(
            r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":["#,
            r#"{"op":"replace","path":"name.givenName","value":"A\"da"},"#,
            r#"{"op":"replace","path":"name.familyName","value":"Lovelace"},"#,
            r#"{"op":"replace","path":"active","value":true}]}"#
        )
    );
}

#[test]
fn a_change_with_any_kind_of_answer_succeeds_if_it_holds() {
    // A complete record is proof. After any other response, the user is read.
    let (changed, fake) = change(&disable(), [reply(200, before()), reply(200, disabled())]);
    assert!(changed.unwrap().disabled);
    assert_eq!(methods(&fake), ["PATCH"]);
    let short = r#"{"id":"u1","userName":"ada@example.com","name":{"givenName":"Ada","familyName":"Byron"}}"#;
    for answer in
        [reply(204, ""), reply(200, ""), reply(200, "{}"), reply(200, before()), reply(200, short)]
    {
        let (changed, fake) =
            change(&disable(), [reply(200, before()), answer, reply(200, disabled())]);
        assert!(changed.unwrap().disabled);
        assert_eq!(methods(&fake), ["PATCH", "GET"]);
    }
}

#[test]
fn an_answer_without_active_proves_nothing() {
    let enable = UserPatch { disabled: Some(false), ..UserPatch::default() };
    let short = before().replace(r#""active":true,"#, "");
    let (changed, fake) =
        change(&enable, [reply(200, disabled()), reply(200, short), reply(200, before())]);
    assert!(!changed.unwrap().disabled);
    assert_eq!(methods(&fake), ["PATCH", "GET"]);
}

#[test]
fn a_late_change_is_waited_for_and_a_missing_one_is_an_error() {
    let (changed, fake) = change(
        &disable(),
        [reply(200, before()), reply(204, ""), reply(200, before()), reply(200, disabled())],
    );
    assert!(changed.unwrap().disabled);
    assert_eq!(methods(&fake), ["PATCH", "GET", "GET"]);

    // No form of the change has an effect.
    let stubborn = |request: &Request| match request.method {
        Method::Get if request.path_and_query.contains("Groups") => reply(200, list(0, &[])),
        Method::Get => reply(200, before()),
        _ => reply(204, ""),
    };
    let (changed, fake) = change_on(&disable(), stubborn);
    let error = changed.unwrap_err();
    let writes = methods(&fake).into_iter().filter(|method| method != "GET");
    assert_eq!(writes.collect::<Vec<_>>(), ["PATCH", "PATCH", "PUT"]);
    assert_eq!((error.code, error.maybe_applied), (Code::NotVerified, true));
    assert!(error.message.contains("disabled"), "{}", error.message);
}

#[test]
fn a_change_that_changes_another_field_is_an_error() {
    let losses = [
        (disabled().replace(r#""givenName":"Ada","#, ""), "first-name"),
        (disabled().replace("ada@example.com", "eve@example.com"), "the address"),
    ];
    for (after, what) in losses {
        let replies = (0..7).map(|_| reply(200, after.as_str()));
        let (changed, fake) = change(&disable(), [reply(200, before())].into_iter().chain(replies));
        let error = changed.unwrap_err();
        assert_eq!(error.code, Code::NotVerified);
        let writes = methods(&fake).into_iter().filter(|method| method != "GET").count();
        assert_eq!(writes, 1, "another form is only for a change that had no effect");
        assert!(error.message.contains(what), "{}", error.message);
    }
}

#[test]
fn an_answer_about_another_user_is_an_error() {
    let (changed, _) =
        change(&disable(), [reply(200, before()), reply(200, person("u2", "ada@example.com"))]);
    let error = changed.unwrap_err();
    assert_eq!((error.code, error.maybe_applied), (Code::WrongPerson, true));
}

#[test]
fn after_a_lost_reply_the_user_is_read_before_a_retry() {
    // The change was applied, and one reading shows it.
    let (changed, fake) =
        change(&disable(), [reply(200, before()), lost_answer(), reply(200, disabled())]);
    assert!(changed.unwrap().disabled);
    assert_eq!(methods(&fake), ["PATCH", "GET"]);
    // The change was not applied.
    let (changed, fake) = change(
        &disable(),
        [reply(200, before()), refusal(503), reply(200, before()), reply(200, disabled())],
    );
    assert!(changed.unwrap().disabled);
    assert_eq!(methods(&fake), ["PATCH", "GET", "PATCH"]);
    // The change is never applied.
    let replies = [
        reply(200, before()),
        lost_answer(),
        reply(200, before()),
        lost_answer(),
        reply(200, before()),
        lost_answer(),
    ];
    let (changed, _) = change(&disable(), replies);
    let error = changed.unwrap_err();
    assert_eq!(
        (error.code, error.attempts, error.maybe_applied),
        (Code::ConnectionFailed, 3, true)
    );
    // The outcome of the first try stays unknown, whatever the second returns.
    let (changed, _) = change(
        &disable(),
        [reply(200, before()), lost_answer(), reply(200, before()), refusal(403)],
    );
    let error = changed.unwrap_err();
    assert_eq!((error.code, error.attempts, error.maybe_applied), (Code::Forbidden, 2, true));
    // Meanwhile the account belongs to another person.
    let renamed = person("u1", "eve@example.com");
    let (changed, fake) =
        change(&disable(), [reply(200, before()), lost_answer(), reply(200, renamed)]);
    let error = changed.unwrap_err();
    assert_eq!((error.code, error.maybe_applied), (Code::WrongPerson, true));
    assert_eq!(methods(&fake), ["PATCH", "GET"]);
}

/// Returns the `If-Match` of each request after the first.
fn versions(fake: &FakePlatform) -> Vec<Option<String>> {
    fake.sent()[1..].iter().map(|sent| sent.request.if_match.clone()).collect()
}

#[test]
fn if_match_contains_the_version_in_the_record() {
    let cases = [
        (r#"W/"a""#, Some(r#"W/"a""#)),
        (r#""a""#, Some(r#""a""#)),
        // A server could only refuse a value that is not an entity tag.
        ("v1.0", None),
        ("", None),
        ("\"a\u{e9}\"", None),
        ("\"a\"\r\nx: y\"", None),
        (r#""a"b""#, None),
    ];
    for (version, sent) in cases {
        let (changed, fake) = change(
            &disable(),
            [reply(200, of_version(&before(), version)), reply(200, disabled())],
        );
        assert!(changed.unwrap().disabled);
        assert_eq!(versions(&fake), [sent.map(str::to_string)], "{version}");
    }
}

#[test]
fn a_version_only_in_the_header_is_used_too() {
    let with = |etag: &str, record: String| -> Reply {
        let etag = Some(etag.to_string());
        Response { status: 200, etag, body: record.into_bytes(), ..Response::default() }.into()
    };
    let (_, fake) = change(&disable(), [with(r#""h""#, before()), reply(200, disabled())]);
    assert_eq!(versions(&fake), [Some(r#""h""#.to_string())]);
    let record = of_version(&before(), r#""m""#);
    let (_, fake) = change(&disable(), [with(r#""h""#, record), reply(200, disabled())]);
    assert_eq!(
        versions(&fake),
        [Some(r#""m""#.to_string())],
        "the version in the record takes precedence"
    );
    let (_, fake) = change(&disable(), [with("h", before()), reply(200, disabled())]);
    assert_eq!(versions(&fake), [None]);
}

#[test]
fn the_version_of_another_user_is_not_used() {
    let fake = FakePlatform::new(|request| {
        let id = request.path_and_query.rsplit('/').next().unwrap_or_default().to_string();
        let body = match request.method {
            Method::Get => person(&id, "ada@example.com"),
            _ => disabled(),
        };
        let etag = Some(format!("\"{id}\""));
        Response { status: 200, etag, body: body.into_bytes(), ..Response::default() }.into()
    });
    let scim = scim(&fake);
    let account = fake.run(scim.read_user(&user_id("u1"))).unwrap().expect("an account");
    fake.run(scim.read_user(&user_id("u2"))).unwrap();
    fake.run(scim.update_user(&account, &disable())).unwrap();
    assert_eq!(fake.sent()[2].request.if_match, None);
}

#[test]
fn after_a_412_the_user_is_read_and_written_again_once() {
    let old = of_version(&before(), r#"W/"1""#);
    let new = of_version(&before().replace("Byron", "Lovelace"), r#"W/"2""#);
    let new_disabled = disabled().replace("Byron", "Lovelace");

    let (changed, fake) = change(
        &disable(),
        [
            reply(200, old.as_str()),
            refusal(412),
            reply(200, of_version(&before(), r#"W/"2""#)),
            reply(200, disabled()),
        ],
    );
    assert!(changed.unwrap().disabled);
    assert_eq!(methods(&fake), ["PATCH", "GET", "PATCH"]);
    assert_eq!(versions(&fake)[2].as_deref(), Some(r#"W/"2""#));

    let (changed, fake) = change(
        &disable(),
        [
            reply(200, old.as_str()),
            refusal(412),
            reply(200, new.as_str()),
            reply(200, new_disabled.as_str()),
        ],
    );
    assert!(changed.unwrap().disabled);
    assert_eq!(methods(&fake), ["PATCH", "GET", "PATCH"]);

    // A value that another administrator set in the same field is not overwritten.
    let patch = UserPatch { last_name: Some("King".to_string()), ..UserPatch::default() };
    let (changed, fake) =
        change(&patch, [reply(200, old.as_str()), refusal(412), reply(200, new.as_str())]);
    let error = changed.unwrap_err();
    assert_eq!((error.http_status, error.maybe_applied), (Some(412), false));
    assert_eq!(methods(&fake), ["PATCH", "GET"]);

    // After a second change meanwhile, it is given up.
    let newer = new.replace("Lovelace", "King").replace(r#"W/\"2"#, r#"W/\"3"#);
    let replies =
        [reply(200, old.as_str()), refusal(412), reply(200, new), refusal(412), reply(200, newer)];
    let (changed, fake) = change(&disable(), replies);
    let error = changed.unwrap_err();
    assert_eq!((error.code, error.http_status), (Code::ServerRefused, Some(412)));
    assert!(!error.maybe_applied);
    assert!(error.message.contains("was changed at the same time"), "{}", error.message);
    assert_eq!(methods(&fake), ["PATCH", "GET", "PATCH", "GET"]);

    // Another administrator made the same change.
    let (changed, fake) =
        change(&disable(), [reply(200, old), refusal(412), reply(200, disabled())]);
    assert!(changed.unwrap().disabled);
    assert_eq!(methods(&fake), ["PATCH", "GET"]);
}

/// It was not checked whether enough administrators remain.
#[test]
fn a_user_who_became_an_administrator_meanwhile_is_not_disabled() {
    let old = of_version(&before(), r#"W/"1""#);
    let admin = before().replace(
        r#""active":true"#,
        r#""active":true,"groups":[{"value":"g1","display":"admin"}]"#,
    );
    for (failure, maybe_applied) in [(refusal(412), false), (lost_answer(), true)] {
        let (changed, fake) =
            change(&disable(), [reply(200, old.as_str()), failure, reply(200, admin.as_str())]);
        assert_eq!(changed.unwrap_err().maybe_applied, maybe_applied);
        assert_eq!(methods(&fake), ["PATCH", "GET"]);
    }
}

#[test]
fn a_refused_change_is_not_maybe_applied() {
    let cases = [(403, Code::Forbidden), (409, Code::ServerRefused), (401, Code::TokenRejected)];
    for (status, code) in cases {
        let (changed, fake) = change(&disable(), [reply(200, before()), refusal(status)]);
        let error = changed.unwrap_err();
        assert_eq!((error.code, error.maybe_applied), (code, false));
        assert_eq!(methods(&fake), ["PATCH"], "no other form would be accepted");
    }
    let deleted = [reply(200, before()), refusal(404), refusal(404)];
    let (changed, fake) = change(&disable(), deleted);
    let error = changed.unwrap_err();
    assert_eq!((error.code, error.maybe_applied), (Code::UserNotFound, false));
    assert_eq!(methods(&fake), ["PATCH", "GET"]);
}

#[test]
fn empty_patches_and_unsupported_fields_are_not_sent() {
    let (changed, fake) = change(&UserPatch::default(), [reply(200, before())]);
    assert_eq!(changed.unwrap().email, ada());
    assert!(methods(&fake).is_empty());
    let patch = UserPatch { admin: Some(true), ..disable() };
    let (changed, fake) = change(&patch, [reply(200, before())]);
    assert_eq!(changed.unwrap_err().code, Code::OperationUnsupported);
    assert!(methods(&fake).is_empty());
}

/// Some servers show no disabled users, or delete them.
#[test]
fn a_disabled_user_who_is_gone_after_an_accepted_change_is_no_lost_reply() {
    let missing = || refusal(404);
    for answer in [reply(204, ""), reply(200, "{}")] {
        let (changed, fake) =
            change(&disable(), [reply(200, before()), answer, missing(), missing()]);
        let error = changed.unwrap_err();
        assert!(error.gone && error.code == Code::NotVerified, "{error:?}");
        assert_eq!(methods(&fake), ["PATCH", "GET", "GET"]);
    }
    // A user who is only late is not gone.
    let late = [reply(200, before()), reply(204, ""), missing(), reply(200, disabled())];
    let (changed, _) = change(&disable(), late);
    assert!(changed.unwrap().disabled);
    // Without an answer, a missing user may have been deleted by another administrator.
    let lost = Reply::fails(TransportError::Failed);
    let (changed, _) = change(&disable(), [reply(200, before()), lost, missing()]);
    let error = changed.unwrap_err();
    assert_eq!((error.code, error.gone), (Code::ConnectionFailed, false));
    // No other change hides a user.
    let rename = UserPatch { first_name: Some("Augusta".into()), ..UserPatch::default() };
    let gone = (0..6).map(|_| missing());
    let (changed, _) =
        change(&rename, [reply(200, before()), reply(204, "")].into_iter().chain(gone));
    let error = changed.unwrap_err();
    assert_eq!((error.code, error.gone), (Code::NotVerified, false));
}
