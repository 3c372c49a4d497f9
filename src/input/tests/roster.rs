use super::assert_refused;
use crate::domain::{GroupId, GroupIdKind, GroupRef, UserType};
use crate::error::Code;
use crate::input::{span, sync_request};
use crate::sync::{MembershipPolicy, Span, SyncRequest};
use crate::testing::plan::{desired, email, model, named};

#[test]
fn a_good_request_passes_as_it_is() {
    let mut request = model();
    request.policy.managed_groups = named(&["Legal"]);
    request.policy.guards.required_admins = vec![email("ada@example.com").into()];
    assert_eq!(sync_request(request.clone()), Ok(request));
}

#[test]
fn values_come_back_in_one_spelling() {
    let mut request = model();
    request.span = Span { start: Some(" A".into()), before: Some("Zoë\n".into()) };
    request.policy.managed_groups =
        vec![GroupRef::Id(GroupId { kind: GroupIdKind::Rest, value: "007".into() })];
    request.roster[0].fields.first_name = Some(" Ada ".into());
    request.roster[0].fields.disabled = Some(true);
    request.roster[1].groups = named(&[" Engineering"]);
    let checked = sync_request(request).expect("a good request");
    assert_eq!(checked.span.start.as_deref(), Some("a"));
    assert_eq!(checked.span.before.as_deref(), Some("zoë"));
    assert_eq!(
        checked.policy.managed_groups,
        [GroupRef::Id(GroupId { kind: GroupIdKind::Rest, value: "7".into() })]
    );
    assert_eq!(checked.roster[0].fields.first_name.as_deref(), Some("Ada"));
    assert_eq!(checked.roster[0].fields.disabled, None);
    assert_eq!(checked.roster[1].groups, named(&["Engineering"]));
}

/// A change that breaks a field, the code of the refusal, and the field's path.
type Case = (fn(&mut SyncRequest), Code, &'static str);

#[test]
fn every_bad_field_is_named() {
    let cases: [Case; 17] = [
        (|r| r.roster[2].email = email("joan"), Code::InvalidEmail, "request.roster[2].user.email"),
        (
            |r| r.roster[1].fields.first_name = Some("a\0".into()),
            Code::InvalidText,
            "request.roster[1].first-name",
        ),
        (
            |r| r.roster[1].fields.last_name = Some("a".repeat(10_000)),
            Code::InvalidText,
            "request.roster[1].last-name",
        ),
        (
            |r| r.roster[0].fields.user_type = Some(UserType::Unrecognized),
            Code::InvalidValue,
            "request.roster[0].user-type",
        ),
        (
            |r| r.roster[0].fields.profile_photo_url = Some("photo.png".into()),
            Code::InvalidValue,
            "request.roster[0].profile-photo-url",
        ),
        (
            |r| r.roster[0].groups = named(&["Sales", ""]),
            Code::InvalidText,
            "request.roster[0].groups[1]",
        ),
        (
            |r| r.roster[0].groups = named(&["Sales", "Sales"]),
            Code::DuplicateGroup,
            "request.roster[0].groups[1]",
        ),
        (
            |r| {
                let id = GroupId { kind: GroupIdKind::Rest, value: "1".into() };
                r.roster[0].groups.push(GroupRef::Id(id).into());
            },
            Code::GroupByNameAndId,
            "request.roster[0].groups[2]",
        ),
        (
            |r| r.policy.managed_groups = named(&[""]),
            Code::InvalidText,
            "request.policy.managed-groups[0]",
        ),
        (
            |r| r.policy.default_user_type = Some(UserType::Unrecognized),
            Code::InvalidValue,
            "request.policy.default-user-type",
        ),
        (
            |r| r.policy.guards.user_removals.percent = 101,
            Code::InvalidValue,
            "request.policy.guards.user-removals.percent",
        ),
        (
            |r| r.policy.guards.member_removals.percent = u32::MAX,
            Code::InvalidValue,
            "request.policy.guards.member-removals.percent",
        ),
        (
            |r| r.policy.guards.member_additions.percent = 10_001,
            Code::InvalidValue,
            "request.policy.guards.member-additions.percent",
        ),
        (
            |r| r.policy.guards.required_admins = vec![email("a@b").into(), email("c").into()],
            Code::InvalidEmail,
            "request.policy.guards.required-admins[1]",
        ),
        (
            |r| r.policy.guards.protected_people = vec![email("c").into()],
            Code::InvalidEmail,
            "request.policy.guards.protected-people[0]",
        ),
        (|r| r.span.start = Some(String::new()), Code::InvalidText, "request.span.start"),
        (|r| r.span.before = Some("a\0".into()), Code::InvalidText, "request.span.before"),
    ];
    for (breaks, code, field) in cases {
        let mut request = model();
        breaks(&mut request);
        assert_refused(sync_request(request), code, field);
    }
}

#[test]
fn a_person_twice_on_the_roster_is_reported_with_both_places() {
    let mut request = model();
    request.roster.push(desired("new@example.com", &[]));
    request.roster.push(desired(" GRACE@example.com", &[]));
    request.roster.push(desired("ada@example.com", &[]));
    let error = assert_refused(
        sync_request(request),
        Code::DuplicatePerson,
        "request.roster[4].user.email",
    );
    assert_eq!(error.subject.as_deref(), Some("GRACE@example.com"));
    for place in ["request.roster[1]", "request.roster[4]"] {
        assert!(error.message.contains(place), "{}", error.message);
    }
}

#[test]
fn people_on_the_roster_must_be_inside_the_span() {
    let within = |start: Option<&str>, before: Option<&str>| {
        let mut request = model();
        request.span = Span { start: start.map(String::from), before: before.map(String::from) };
        sync_request(request)
    };
    assert!(within(Some("ada@example.com"), Some("joan@example.con")).is_ok());
    assert_refused(
        within(Some("ada@example.con"), None),
        Code::OutsideSpan,
        "request.roster[0].user.email",
    );
    let error = assert_refused(
        within(None, Some("Joan@example.com")),
        Code::OutsideSpan,
        "request.roster[2].user.email",
    );
    assert_eq!(error.subject.as_deref(), Some("joan@example.com"));
}

#[test]
fn an_empty_span_is_refused() {
    let check = |start: &str, before: &str| {
        let ends = Span { start: Some(start.into()), before: Some(before.into()) };
        span(&"request.span", ends)
    };
    assert!(check("a", "b").is_ok());
    for (start, before) in [("b", "a"), ("a", "A "), ("b", "a@x")] {
        assert_refused(check(start, before), Code::InvalidValue, "request.span.before");
    }
    assert_refused(check("a", &"b".repeat(255)), Code::InvalidText, "request.span.before");
}

#[test]
fn groups_are_not_checked_if_memberships_are_left_alone() {
    let mut request = model();
    request.policy.memberships = MembershipPolicy::Leave;
    request.policy.managed_groups = named(&[""]);
    request.roster[0].groups = named(&["Sales", "Sales"]);
    assert_eq!(sync_request(request.clone()), Ok(request));
}
