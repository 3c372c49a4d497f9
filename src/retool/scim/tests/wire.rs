//! How the records of different servers are read.

use super::*;
use crate::domain::{Account, Group, User};
use crate::error::{Code, Result};
use crate::retool::ReadDirectory;

/// Reads the user u1 from this record.
fn account(record: &str) -> Result<Account> {
    let fake = FakePlatform::replying([reply(200, record)]);
    fake.run(scim(&fake).read_user(&user_id("u1"))).map(|account| account.expect("a user"))
}

fn user(record: &str) -> User {
    account(record).expect(record).user
}

fn group(record: &str) -> Group {
    let fake = FakePlatform::replying([reply(200, record)]);
    fake.run(scim(&fake).read_group(&group_id("g1"))).unwrap().expect("a group").group
}

#[test]
fn a_minimal_record_is_enough() {
    let user = user(r#"{"id":"u1","userName":"ada@example.com"}"#);
    assert_eq!(user.email, ada());
    assert_eq!((user.first_name, user.last_name, user.disabled), (None, None, false));
    assert_eq!((user.groups, user.admin, user.user_type), (None, false, None));
}

#[test]
fn a_record_from_an_idps_documentation_is_read() {
    let user = user(
        r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"u1","externalId":"x","locale":null,
        "userName":"ada@example.com","name":{"givenName":"Ada","middleName":"","familyName":"Byron"},
        "active":false,"emails":[{"primary":true,"value":"other@example.com","type":"work","display":"x"}],
        "groups":[{"value":"g1","display":"Support","$ref":"../Groups/g1","type":"direct"},{"value":7}],
        "meta":{"resourceType":"User","created":"2026-01-01T00:00:00Z","lastModified":"2026-01-02T00:00:00Z"},
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"manager":[{"value":"m"}]}}"#,
    );
    assert_eq!(
        (user.first_name.as_deref(), user.last_name.as_deref()),
        (Some("Ada"), Some("Byron"))
    );
    assert!(user.disabled);
    assert_eq!(user.email.as_str(), "other@example.com", "the mail is the address");
    assert_eq!(user.login(), Some("ada@example.com"));
    assert!(user.answers_to(&ada()));
    let groups = user.groups.expect("groups");
    assert_eq!(groups[0].id, group_id("g1"));
    assert_eq!((groups[0].label(), groups[1].label()), ("Support", "7"));
    assert_eq!(user.times.created_at.as_deref(), Some("2026-01-01T00:00:00Z"));
    assert_eq!(user.times.updated_at.as_deref(), Some("2026-01-02T00:00:00Z"));
}

#[test]
fn active_may_be_text() {
    for (active, disabled) in [
        ("false", true),
        ("true", false),
        (r#""False""#, true),
        (r#""True""#, false),
        (r#""false""#, true),
        ("null", false),
    ] {
        let record = format!(r#"{{"id":"u1","userName":"a@b.c","active":{active}}}"#);
        assert_eq!(user(&record).disabled, disabled, "{active}");
    }
    for active in ["0", r#""no""#, r#""""#, "[]"] {
        let record = format!(r#"{{"id":"u1","userName":"a@b.c","active":{active}}}"#);
        assert_eq!(account(&record).unwrap_err().code, Code::AnswerUnusable, "{active}");
    }
}

#[test]
fn ids_may_be_numbers_of_64_bits() {
    let fake =
        FakePlatform::replying([reply(200, r#"{"id":9007199254740993,"userName":"a@b.c"}"#)]);
    let read = fake.run(scim(&fake).read_user(&user_id("9007199254740993"))).unwrap();
    assert_eq!(read.expect("a user").user.id.value, "9007199254740993");
}

#[test]
fn without_an_address_in_the_user_name_the_best_of_the_emails_is_used() {
    let with = |emails: &str| {
        user(&format!(r#"{{"id":"u1","userName":"ada","emails":{emails}}}"#))
            .email
            .as_str()
            .to_string()
    };
    let cases = [
        (
            r#"[{"value":"one@x"},{"value":"two@x","type":"Work"},{"value":"three@x","primary":true}]"#,
            "three@x",
        ),
        (
            r#"[{"value":"one@x"},{"value":"two@x","type":"Work"},{"value":"three@x","primary":"False"}]"#,
            "two@x",
        ),
        (r#"[{"value":"none","primary":true},{"value":"two@x"},{"value":"three@x"}]"#, "two@x"),
        ("[]", "ada"),
        ("null", "ada"),
        (r#"["one@x"]"#, "ada"),
        (r#""one@x""#, "ada"),
    ];
    for (emails, email) in cases {
        assert_eq!(with(emails), email, "{emails}");
    }
}

#[test]
fn missing_memberships_are_unknown_and_not_empty() {
    let groups = |groups: &str| {
        user(&format!(r#"{{"id":"u1","userName":"a@b.c","groups":{groups}}}"#))
            .groups
            .map(|groups| groups.len())
    };
    assert_eq!(groups("null"), None);
    assert_eq!(groups("[]"), None, "an echo of the client's list, or no memberships");
    assert_eq!(groups(r#"[{"value":"g","type":"indirect"}]"#), None);
    assert_eq!(groups(r#"[{"value":"g"},{"value":"h","type":"Indirect"}]"#), Some(1));
}

#[test]
fn members_are_users_each_once() {
    let group = group(
        r#"{"id":"g1","displayName":"Support","members":[{"value":"u1","display":"ada@example.com","type":"User"},
        {"value":"g2","type":"Group"},{"value":"u2","display":"Grace","$ref":null},{"value":"u1"}]}"#,
    );
    let members = group.members.expect("members");
    assert_eq!(members.len(), 2);
    assert_eq!((&members[0].id, &members[0].email), (&user_id("u1"), &Some(ada())));
    assert_eq!((&members[1].id, &members[1].email), (&user_id("u2"), &None));
    assert_eq!((group.name.as_str(), group.access), ("Support", vec![]));
}

#[test]
fn a_single_group_record_without_members_has_none() {
    for members in ["", r#","members":null"#, r#","members":[]"#] {
        let record = format!(r#"{{"id":"g1","displayName":"Support"{members}}}"#);
        assert_eq!(group(&record).members.as_deref(), Some([].as_slice()), "{members}");
    }
}

#[test]
fn another_user_or_group_than_requested_is_an_error() {
    let error = account(&person("u2", "ada@example.com")).unwrap_err();
    assert_eq!(error.code, Code::WrongPerson);
    let fake = FakePlatform::replying([reply(200, r#"{"id":"g2","displayName":"x"}"#)]);
    let error = fake.run(scim(&fake).read_group(&group_id("g1"))).unwrap_err();
    assert_eq!(error.code, Code::AnswerUnusable);
}

#[test]
fn plain_json_is_accepted_and_an_invalid_record_is_not() {
    let fake = FakePlatform::replying([Reply::json(200, person("u1", "ada@example.com"))]);
    assert!(fake.run(scim(&fake).read_user(&user_id("u1"))).unwrap().is_some());
    for record in ["[]", "null", r#"["u1","a@b.c"]"#, r#"{"userName":"a@b.c"}"#, "{"] {
        assert_eq!(account(record).unwrap_err().code, Code::AnswerUnusable, "{record}");
    }
    // A user without a login and an address is no user that an address names.
    let nameless = account(r#"{"id":"u1","active":true}"#).unwrap();
    assert!(!nameless.user.email.is_address());
    assert_eq!(nameless.user.login(), None);
    let by_mail = r#"{"id":"u1","emails":[{"value":"ada@example.com"}]}"#;
    assert_eq!(account(by_mail).unwrap().user.email, ada());
}

#[test]
fn the_servers_date_comes_with_the_account() {
    let body = person("u1", "ada@example.com").into_bytes();
    let date = Some("Sun, 06 Nov 1994 08:49:37 GMT".to_string());
    let fake =
        FakePlatform::replying(
            [Response { status: 200, date, body, ..Response::default() }.into()],
        );
    let read = fake.run(scim(&fake).read_user(&user_id("u1"))).unwrap();
    assert_eq!(read.expect("an account").read_at, Some(784_111_777_000));
}

#[test]
fn deep_values_are_skipped_or_refused_without_recursion() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let with = |field: &str| {
        account(&format!(r#"{{"id":"u1","userName":"ada","{field}":{deep}}}"#))
            .map(|account| account.user)
    };
    assert!(with("urn:x").is_ok());
    assert_eq!(with("emails").expect("unusable emails are skipped").email.as_str(), "ada");
    for field in ["name", "active", "groups", "meta"] {
        assert_eq!(with(field).unwrap_err().code, Code::AnswerUnusable, "{field}");
    }
}
