use std::collections::BTreeSet;

use super::*;
use crate::domain::{Dialect, Field, GroupIdKind, GroupRef, Metadata, UserRef, UserType};
use crate::sync::{AbsentPolicy, MembershipPolicy, RefusalReason, Snapshot};
use crate::testing::plan::permissive;
use crate::testing::plan::{
    account, desired, email, fulfilled, group, group_id, join, model, named, plan, user, user_id,
};

fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// A change of these digests makes every stored plan stale: see [`VERSION`]. They were computed
/// with another implementation of SHA-256.
#[test]
fn the_encoding_is_fixed() {
    assert_eq!(absent(), "d6f7c4d685fd26816ecc3ca0d9dade29e7b6d581efb53337287de0007d895ecf");
    assert_eq!(
        group_absent("Engineering"),
        "f7a41e07cb044f0319ca6fd6d48f63fea356fbc66faf8924ead7e142a659e914"
    );
    assert_eq!(
        membership(Some(&group_id("Support")), None, true),
        "6e2c07bf0447a04079bdee56d5ecffe40aada77a8749f7c56783e2c507b08627"
    );
    let mut ada = user("Ada@Example.com");
    ada.first_name = Some("Ada".into());
    ada.admin = true;
    assert_eq!(
        user_state(&ada),
        "d566c9da19163e7bd8465f7ac6ea82751535a7cdd8fca11ccf4773ad7115e991"
    );
}

#[test]
fn the_digest_of_an_account_covers_its_settable_fields_only() {
    let before = user("ada@example.com");
    let digest = user_state(&before);
    assert!(is_digest(&digest));

    let mut same = before.clone();
    same.email = email("ADA@example.com");
    same.invited = Some(true);
    same.times.created_at = None;
    same.times.updated_at = Some("2026-02-02T00:00:00Z".into());
    same.times.last_active_at = Some("2026-02-02T00:00:00Z".into());
    join(&mut same, "Support");
    assert_eq!(user_state(&same), digest);

    let mut digests = BTreeSet::from([digest]);
    for field in Field::ALL {
        let mut changed = before.clone();
        match field {
            Field::FirstName => changed.first_name = Some("Ada".into()),
            Field::LastName => changed.last_name = Some("Ada".into()),
            Field::UserType => changed.user_type = None,
            Field::Admin => changed.admin = true,
            Field::Disabled => changed.disabled = true,
            Field::ProfilePhotoUrl => changed.profile_photo_url = Some("Ada".into()),
        }
        assert!(digests.insert(user_state(&changed)), "{field:?}");
    }
    let mut renamed = before.clone();
    renamed.email = email("ada2@example.com");
    assert!(digests.insert(user_state(&renamed)));
    let mut other = before.clone();
    other.id.value.push('2');
    assert!(digests.insert(user_state(&other)));
    let mut other = before;
    other.id.dialect = Dialect::V2;
    assert!(digests.insert(user_state(&other)));
}

#[test]
fn adjacent_texts_and_missing_texts_have_different_digests() {
    let with = |first: Option<&str>, last: Option<&str>| {
        let mut user = user("ada@example.com");
        user.first_name = first.map(String::from);
        user.last_name = last.map(String::from);
        user_state(&user)
    };
    let digests = BTreeSet::from([
        with(Some("ab"), Some("c")),
        with(Some("a"), Some("bc")),
        with(Some("abc"), None),
        with(None, Some("abc")),
        with(Some("abc"), Some("")),
        with(None, None),
        with(Some(""), None),
    ]);
    assert_eq!(digests.len(), 7);
}

#[test]
fn memberships_differ_by_group_person_and_state() {
    let support = group_id("Support");
    let sales = group_id("Sales");
    let ada = user_id("ada@example.com");
    let mut scim = support.clone();
    scim.kind = GroupIdKind::Scim;
    let digests = BTreeSet::from([
        membership(Some(&support), Some(&ada), true),
        membership(Some(&support), Some(&ada), false),
        membership(Some(&sales), Some(&ada), true),
        membership(Some(&scim), Some(&ada), true),
        membership(Some(&support), None, true),
        membership(None, Some(&ada), true),
        membership(None, None, true),
        absent(),
        group_absent("Support"),
        group_absent("Sales"),
    ]);
    assert_eq!(digests.len(), 10);
    assert!(digests.iter().all(|digest| is_digest(digest)));
}

/// A request and an organisation whose plan has steps of many kinds.
fn busy() -> (SyncRequest, Snapshot) {
    let mut request = model();
    let mut actual = fulfilled(&request);
    request.roster.push(desired("new@example.com", &["Engineering"]));
    account(&mut actual, "grace@example.com").first_name = None;
    actual.users.push(user("old@example.com"));
    (request, actual)
}

#[test]
fn every_part_of_the_request_changes_the_digest() {
    let (request, actual) = busy();
    let original = plan(&request, &actual).digest;
    assert!(is_digest(&original));
    let changes: [fn(&mut SyncRequest); 30] = [
        |r| r.policy.create_missing = false,
        |r| r.policy.update_existing = false,
        |r| r.policy.re_enable_disabled = false,
        |r| r.policy.absent = AbsentPolicy::Keep,
        |r| r.policy.absent = AbsentPolicy::Disable,
        |r| r.policy.memberships = MembershipPolicy::Add,
        |r| r.policy.memberships = MembershipPolicy::Leave,
        |r| r.policy.managed_groups = named(&["Support"]),
        |r| r.policy.create_missing_groups = false,
        |r| r.policy.default_user_type = Some(UserType::EndUser),
        |r| r.policy.guards.user_removals.percent = 99,
        |r| r.policy.guards.user_removals.floor = 99,
        |r| r.policy.guards.member_removals.percent = 99,
        |r| r.policy.guards.member_removals.floor = 99,
        |r| r.policy.guards.membership_removals.floor = 99,
        |r| r.policy.guards.creations.floor = 99,
        |r| r.policy.guards.promotions.percent = 99,
        |r| r.policy.guards.re_enablements.floor = 99,
        |r| r.policy.guards.updates.percent = 99,
        |r| r.policy.guards.member_additions.floor = 99,
        |r| r.policy.guards.minimum_admins = 1,
        |r| r.policy.guards.required_admins = vec![email("ada@example.com").into()],
        |r| r.policy.guards.protected_people = vec![email("ada@example.com").into()],
        |r| r.policy.guards.allow_empty_roster = false,
        |r| r.span.start = Some("a".into()),
        |r| r.span.before = Some("z".into()),
        |r| r.roster[0].fields.admin = None,
        |r| r.roster[0].groups = named(&["Engineering"]),
        |r| r.roster[3].fields.last_name = Some("New".into()),
        |r| drop(r.roster.pop()),
    ];
    let mut digests = BTreeSet::from([original]);
    for (number, change) in changes.into_iter().enumerate() {
        let mut request = request.clone();
        change(&mut request);
        assert!(digests.insert(plan(&request, &actual).digest), "change {number}");
    }
}

#[test]
fn only_what_the_plan_uses_changes_the_digest() {
    let (request, actual) = busy();
    let original = plan(&request, &actual).digest;
    let seen: [fn(&mut Snapshot); 6] = [
        |s| s.dialect = Dialect::V2,
        |s| s.complete = false,
        |s| account(s, "joan@example.com").last_name = Some("New".into()),
        |s| account(s, "old@example.com").last_name = Some("New".into()),
        |s| join(account(s, "joan@example.com"), "Support"),
        |s| s.users.push(user("another@example.com")),
    ];
    let mut digests = BTreeSet::from([original.clone()]);
    for (number, change) in seen.into_iter().enumerate() {
        let mut actual = actual.clone();
        change(&mut actual);
        let mut request = request.clone();
        if actual.dialect == Dialect::V2 {
            // v2 has no end users.
            request.roster[1].fields.user_type = None;
        }
        assert!(digests.insert(plan(&request, &actual).digest), "change {number}");
    }

    let mut elsewhere = actual.clone();
    elsewhere.groups.push(group("Unnamed"));
    join(account(&mut elsewhere, "joan@example.com"), "Unnamed");
    account(&mut elsewhere, "joan@example.com").times.updated_at = Some("2026-02-02".into());
    assert_eq!(plan(&request, &elsewhere).digest, original);
}

#[test]
fn a_kept_user_changes_the_digest_only_through_the_guards() {
    let (mut request, mut actual) = busy();
    request.policy.absent = AbsentPolicy::Keep;
    let original = plan(&request, &actual).digest;
    account(&mut actual, "old@example.com").last_name = Some("New".into());
    assert_eq!(plan(&request, &actual).digest, original);
    account(&mut actual, "old@example.com").admin = true;
    assert_ne!(plan(&request, &actual).digest, original);
}

#[test]
fn groups_on_the_roster_change_the_digest_only_if_memberships_are_managed() {
    let (mut request, actual) = busy();
    request.policy.memberships = MembershipPolicy::Leave;
    let original = plan(&request, &actual).digest;
    request.roster[0].groups = named(&["Elsewhere"]);
    assert_eq!(plan(&request, &actual).digest, original);
}

#[test]
fn the_order_of_roster_groups_and_guards_does_not_change_the_digest() {
    let (mut request, actual) = busy();
    let [a, b] = ["ada@example.com", "grace@example.com"].map(|text| UserRef::Email(email(text)));
    request.policy = permissive();
    request.policy.managed_groups = named(&["Support", "Engineering"]);
    request.policy.guards.required_admins = vec![a.clone(), b.clone()];
    request.policy.guards.protected_people = vec![a.clone(), b.clone(), a.clone()];
    let original = plan(&request, &actual).digest;
    request.roster.reverse();
    request.policy.managed_groups.reverse();
    request.policy.guards.required_admins.reverse();
    request.policy.guards.protected_people = vec![b, a];
    assert_eq!(plan(&request, &actual).digest, original);
}

#[test]
fn an_incomplete_listing_changes_the_digest() {
    let (mut request, mut actual) = busy();
    request.policy.absent = AbsentPolicy::Keep;
    let complete = plan(&request, &actual);
    actual.complete = false;
    let incomplete = plan(&request, &actual);
    assert_eq!(incomplete.steps, complete.steps, "nothing is removed");
    assert_ne!(incomplete.digest, complete.digest);
}

/// A plan that is given back would be taken for altered otherwise.
#[test]
fn every_reason_to_leave_a_person_alone_is_read_back() {
    for reason in RefusalReason::ALL {
        assert_eq!(RefusalReason::parse(reason.as_str()), Some(reason));
    }
    assert_eq!(RefusalReason::parse("other"), None);
}

mod plans;

#[test]
fn the_digest_for_changes_covers_only_the_metadata_that_they_name() {
    let with = |json: &str| {
        let metadata = Some(Metadata::parse(json).expect("an object"));
        User { metadata, ..user("ada@example.com") }
    };
    let change = FieldChange { field: "metadata.team".into(), before: None, after: None };
    let digest = |json: &str| user_state_for(std::slice::from_ref(&change), &with(json));
    let planned = digest(r#"{"team": {"b": 1, "a": 2.0}}"#);
    assert_eq!(digest(r#"{"team":{"a":2,"b":1},"login":"x"}"#), planned);
    assert_ne!(digest(r#"{"team":{"a":2,"b":3}}"#), planned);
    assert_ne!(digest("{}"), planned);
    assert_eq!(user_state(&with(r#"{"team":1}"#)), user_state(&user("ada@example.com")));
}
