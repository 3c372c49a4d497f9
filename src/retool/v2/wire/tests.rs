use super::*;
use crate::de::object;

fn user(json: &str) -> User {
    let record = object::<UserRecord<'_>>(json.as_bytes()).expect("a user");
    record.into_user().expect("a user with ids")
}

fn group(json: &str) -> Option<Group> {
    object::<GroupRecord<'_>>(json.as_bytes()).expect("a group").into_group(None)
}

#[test]
fn a_recorded_account_is_read() {
    let user = user(
        r#"{"id":"user_1607dcd42a484c31b56095ec5df0b125","legacy_id":32,"first_name":"Test",
        "last_name":"User","created_at":"2026-02-04T22:09:34.223Z","last_active":null,
        "email":"tf-acc-user-v4@example.retool.com","active":true,
        "metadata":{"department":"engineering"},"is_admin":false,
        "two_factor_auth_enabled":false,"user_type":"default"}"#,
    );
    assert_eq!(user.id.value, "user_1607dcd42a484c31b56095ec5df0b125");
    assert_eq!(user.id.dialect, Dialect::V2);
    assert_eq!(user.email.as_str(), "tf-acc-user-v4@example.retool.com");
    assert_eq!(
        (user.first_name.as_deref(), user.last_name.as_deref()),
        (Some("Test"), Some("User"))
    );
    assert_eq!((user.disabled, user.admin, user.invited), (false, false, Some(false)));
    assert_eq!(user.user_type, Some(UserType::Default));
    assert_eq!(user.times.created_at.as_deref(), Some("2026-02-04T22:09:34.223Z"));
    assert_eq!(user.times.last_active_at, None);
    assert_eq!(user.times.updated_at, None);
    assert_eq!(user.groups, None, "unknown groups are not the same as no groups");
}

#[test]
fn ids_of_64_bits_are_read_from_text_and_number_and_never_rounded() {
    let user = user(
        r#"{"id":16777217,"legacy_id":9007199254740993,"email":"\u0061@b.c","groups":[
        {"id":9007199254740993,"legacy_id":1,"name":"A\nB"},
        {"id":null,"legacy_id":18446744073709551615,"name":"C"},
        {"id":"7"}]}"#,
    );
    assert_eq!(user.id.value, "16777217");
    assert_eq!(user.email.as_str(), "a@b.c");
    let groups = user.groups.expect("groups");
    let ids: Vec<_> = groups.iter().map(|group| group.id.value.as_str()).collect();
    assert_eq!(ids, ["9007199254740993", "18446744073709551615", "7"]);
    assert_eq!(groups[0].name.as_deref(), Some("A\nB"));
    assert_eq!(groups[2].name, None);
}

#[test]
fn a_group_without_an_id_is_refused() {
    assert_eq!(group(r#"{"id":null,"legacy_id":5,"name":"x"}"#).expect("a group").id.value, "5");
    assert_eq!(group(r#"{"id":null,"legacy_id":null,"name":"x"}"#), None);
    assert_eq!(group(r#"{"name":"x"}"#), None);
    let record = r#"{"id":"u","email":"a@b.c","groups":[{"name":"x"}]}"#;
    let record = object::<UserRecord<'_>>(record.as_bytes()).expect("a record");
    assert_eq!(record.into_user(), None);
}

#[test]
fn unknown_user_types_and_missing_fields_are_read() {
    for (text, user_type) in [
        ("default", UserType::Default),
        ("mobile", UserType::Mobile),
        ("embed", UserType::Embed),
        ("endUser", UserType::Unrecognized),
        ("external", UserType::Unrecognized),
        ("builder", UserType::Unrecognized),
    ] {
        let json = format!(r#"{{"id":"u","email":"a@b.c","user_type":"{text}"}}"#);
        assert_eq!(user(&json).user_type, Some(user_type), "{text}");
    }
    let sparse = user(r#"{"id":"u","email":"a@b.c","first_name":null,"last_name":""}"#);
    assert_eq!((sparse.first_name, sparse.last_name, sparse.user_type), (None, None, None));
    assert!(!sparse.disabled && !sparse.admin);
}

#[test]
fn an_invitation_is_pending_until_it_is_claimed_or_expires() {
    let pending = |fields: &str, now: &str| {
        let json = format!(r#"{{"id":5,"invited_email":"a@b.c"{fields}}}"#);
        let record = object::<InviteRecord<'_>>(json.as_bytes()).expect("an invitation");
        record.into_invitation(parse_iso(now)).expect("an id").open
    };
    let until = r#","expires_at":"2026-01-12T09:00:00.000Z","claimed_by":null,"claimed_at":null"#;
    assert!(pending(until, "2026-01-12T08:59:59.999Z"));
    assert!(!pending(until, "2026-01-12T09:00:00.000Z"));
    assert!(pending(until, "an unknown time"), "the host's clock does not count");
    let now = "2026-01-12T08:00:00Z";
    assert!(!pending(r#","claimed_by":"user_1""#, now));
    assert!(!pending(r#","claimed_by":32"#, now));
    assert!(!pending(r#","claimed_at":"2026-01-10T09:00:00.000Z""#, now));
    assert!(pending(r#","expires_at":"soon""#, now), "withdrawing one does no harm");
    assert!(pending("", now));
}

#[test]
fn an_envelope_is_an_object_with_objects_in_it() {
    let list = |json: &str| {
        object::<Envelope<'_, Objects<UserRecord<'_>>>>(json.as_bytes())
            .is_ok_and(|list| list.data.is_some())
    };
    assert!(list(r#"{"success":true,"data":[{"id":"u","email":"a@b.c"}],"total_count":1}"#));
    assert!(!list(r#"[true,[],0]"#));
    assert!(!list(r#"{"success":true}"#));
    assert!(!list(r#"{"success":true,"data":[["u","a@b.c"]]}"#));
    assert!(!list(r#"{"success":true,"data":{}}"#));
}

#[test]
fn deep_values_are_skipped_or_refused_without_recursion() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let list = |fields: &str| {
        let json = format!(r#"{{"data":[{{"id":"u","email":"a@b.c",{fields}}}]}}"#);
        object::<Envelope<'_, Objects<UserRecord<'_>>>>(json.as_bytes()).is_ok()
    };
    assert!(list(&format!(r#""metadata":{deep}"#)));
    assert!(list(&format!(r#""groups":[{{"id":1,"x":{deep}}}]"#)));
    for field in ["first_name", "is_admin", "groups", "created_at"] {
        assert!(!list(&format!(r#""{field}":{deep}"#)), "{field}");
    }
    let one = format!(r#"{{"success":false,"data":{deep}}}"#);
    let envelope = object::<Envelope<'_, serde::de::IgnoredAny>>(one.as_bytes());
    assert_eq!(envelope.expect("an envelope").success, Some(false));
}
