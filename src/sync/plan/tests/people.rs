use expect_test::expect;

use crate::domain::{Dialect, Field, GroupLink, UserType};
use crate::error::Code;
use crate::sync::{AbsentPolicy, MembershipPolicy, RefusalReason, Snapshot, SyncRequest, digest};
use crate::testing::plan::{
    account, desired, email, fulfilled, group_id, join, lines, model, plan, text, try_plan, user,
};

use super::{MODEL_PEOPLE, refusals, unchanged};

#[test]
fn a_roster_that_matches_the_organisation_needs_no_steps() {
    let request = model();
    let plan = plan(&request, &fulfilled(&request));
    expect![[r#"
        unchanged: ada@example.com
        unchanged: grace@example.com
        unchanged: joan@example.com
    "#]]
    .assert_eq(&text(&plan));
    assert_eq!(unchanged(&plan), MODEL_PEOPLE);
    assert_eq!(plan.refusals, []);
    assert_eq!(plan.seats, []);
    assert!(plan.tripped().next().is_none());
}

#[test]
fn steps_are_sorted_by_kind_then_address() {
    let mut request = model();
    let mut actual = fulfilled(&request);
    // All kinds of steps, with addresses whose order differs from the order by kind.
    request.roster.extend([
        desired("zoe@example.com", &["Support", "New group"]),
        desired("bea@example.com", &["Engineering"]),
    ]);
    account(&mut actual, "joan@example.com").disabled = true;
    account(&mut actual, "grace@example.com").user_type = Some(UserType::Default);
    account(&mut actual, "ada@example.com").admin = false;
    join(account(&mut actual, "grace@example.com"), "Support");
    actual.users.push(user("old@example.com"));
    expect![[r#"
        create-group [New group]
        create-user bea@example.com user-type:->default
        create-user zoe@example.com user-type:->default
        enable-user joan@example.com disabled:true>false
        update-user ada@example.com admin:false>true
        update-user grace@example.com user-type:default>end-user
        add-member bea@example.com [Engineering]
        add-member zoe@example.com [New group]
        add-member zoe@example.com [Support]
        remove-member grace@example.com [Support]
        delete-user old@example.com
        seats: default 3 +3 -2
        seats: end-user 0 +1 -0
    "#]]
    .assert_eq(&text(&plan(&request, &actual)));
}

#[test]
fn a_missing_person_is_created_with_the_given_fields() {
    let request = model();
    let mut actual = fulfilled(&request);
    actual.users.remove(0);
    let plan = plan(&request, &actual);
    expect![[r#"
        create-user ada@example.com first-name:->Ada last-name:->Lovelace user-type:->default admin:->true
        add-member ada@example.com [Engineering]
        add-member ada@example.com [Support]
        unchanged: grace@example.com
        unchanged: joan@example.com
        seats: default 1 +1 -0
    "#]].assert_eq(&text(&plan));
    assert_eq!(unchanged(&plan), MODEL_PEOPLE[1..]);
    assert_eq!(plan.steps[0].precondition, digest::absent());
    assert_eq!(plan.steps[1].user, None);
    assert_eq!(plan.steps[1].group, Some(group_id("Engineering")));
    let not_a_member = digest::membership(Some(&group_id("Engineering")), None, false);
    assert_eq!(plan.steps[1].precondition, not_a_member);
}

#[test]
fn new_users_are_administrators_only_if_asked_for() {
    let mut request = model();
    request.roster[1].fields.admin = Some(false);
    let mut actual = fulfilled(&request);
    actual.users.remove(1);
    expect![[r#"
        create-user grace@example.com first-name:->Grace user-type:->end-user
        add-member grace@example.com [Engineering]
        unchanged: ada@example.com
        unchanged: joan@example.com
        seats: end-user 0 +1 -0
    "#]]
    .assert_eq(&text(&plan(&request, &actual)));
}

#[test]
fn a_policy_can_forbid_creation() {
    let mut request = model();
    request.policy.create_missing = false;
    let mut actual = fulfilled(&request);
    actual.users.remove(1);
    let plan = plan(&request, &actual);
    expect![[r#"
        refused: grace@example.com creation-not-allowed
        unchanged: ada@example.com
        unchanged: joan@example.com
    "#]]
    .assert_eq(&text(&plan));
    assert_eq!(refusals(&plan), [("grace@example.com", RefusalReason::CreationNotAllowed)]);
    assert_eq!(
        unchanged(&plan),
        ["ada@example.com", "joan@example.com"],
        "a refused user is not unchanged"
    );
}

#[test]
fn a_new_person_needs_a_user_type_from_the_entry_or_the_policy() {
    let mut request = model();
    let mut actual = fulfilled(&request);
    actual.users.remove(2);
    request.roster[2].fields.user_type = None;
    let without = plan(&request, &actual);
    assert_eq!(refusals(&without), [("joan@example.com", RefusalReason::UserTypeRequired)]);
    expect![[r#"
        refused: joan@example.com user-type-required
        unchanged: ada@example.com
        unchanged: grace@example.com
    "#]]
    .assert_eq(&text(&without));

    request.policy.default_user_type = Some(UserType::EndUser);
    expect![[r#"
        create-user joan@example.com user-type:->end-user
        unchanged: ada@example.com
        unchanged: grace@example.com
        seats: end-user 1 +1 -0
    "#]]
    .assert_eq(&text(&plan(&request, &actual)));
}

#[test]
fn the_default_user_type_is_for_new_people_only() {
    let mut request = model();
    let actual = fulfilled(&request);
    request.roster[2].fields.user_type = None;
    request.policy.default_user_type = Some(UserType::EndUser);
    expect![[r#"
        unchanged: ada@example.com
        unchanged: grace@example.com
        unchanged: joan@example.com
    "#]]
    .assert_eq(&text(&plan(&request, &actual)));
}

#[test]
fn scim_has_no_user_types() {
    let mut request = model();
    let mut actual = fulfilled(&request);
    actual.dialect = Dialect::Scim;
    for user in &mut actual.users {
        user.user_type = None;
    }
    actual.users.remove(2);
    let with_types = plan(&request, &actual);
    expect![[r#"
        create-user joan@example.com
        unchanged: ada@example.com
        unchanged: grace@example.com
        limitation: This API has no user types: those of the roster are neither compared nor set.
        limitation: This API can't make a user an administrator: `admin` on the roster is neither compared nor set.
        seats: default 2 +1 -0
    "#]].assert_eq(&text(&with_types));
    assert!(with_types.limitations.iter().any(|line| line.contains("user types")));

    for desired in &mut request.roster {
        desired.fields.user_type = None;
        desired.fields.admin = None;
    }
    let without = plan(&request, &actual);
    expect![[r#"
        create-user joan@example.com
        unchanged: ada@example.com
        unchanged: grace@example.com
        seats: default 2 +1 -0
    "#]]
    .assert_eq(&text(&without));
    assert_eq!(without.limitations, Vec::<String>::new());
}

#[test]
fn a_plan_reports_that_administrators_cannot_be_made() {
    let mut request = model();
    let mut actual = fulfilled(&request);
    for admin in actual.users.iter_mut().filter(|user| user.admin) {
        admin.admin = false;
    }
    assert_ne!(lines(&plan(&request, &actual).steps), Vec::<String>::new());
    for dialect in [Dialect::V2, Dialect::Scim] {
        actual.dialect = dialect;
        let planned = plan(&request, &actual);
        assert_eq!(lines(&planned.steps), Vec::<String>::new());
        assert!(planned.limitations.iter().any(|line| line.contains("administrator")));
    }
    for desired in &mut request.roster {
        desired.fields.admin = None;
        desired.fields.user_type = None;
    }
    assert_eq!(plan(&request, &actual).limitations, Vec::<String>::new());
}

#[test]
fn v2_requires_both_names_to_create_a_user() {
    let mut request = model();
    let mut actual = fulfilled(&request);
    actual.users.retain(|user| user.email.as_str() != "joan@example.com");
    actual.dialect = Dialect::V2;
    let joan = &mut request.roster[2].fields;
    (joan.first_name, joan.last_name) = (Some("Joan".into()), Some("Doe".into()));
    assert!(plan(&request, &actual).refusals.is_empty());
    for missing in [Field::FirstName, Field::LastName] {
        let mut request = request.clone();
        let joan = &mut request.roster[2].fields;
        match missing {
            Field::FirstName => joan.first_name = None,
            _ => joan.last_name = None,
        }
        let planned = plan(&request, &actual);
        assert_eq!(planned.refusals[0].reason, RefusalReason::NameRequired);
        assert_eq!(lines(&planned.steps), Vec::<String>::new());
    }
}

#[test]
fn an_invitation_has_no_fields_to_set() {
    let mut request = model();
    let mut actual = fulfilled(&request);
    actual.dialect = Dialect::V2;
    actual.users[2].invited = Some(true);
    actual.users[2].user_type = None;
    request.roster[2].fields.first_name = Some("Joan".into());
    expect![[r#"
        unchanged: ada@example.com
        unchanged: grace@example.com
        unchanged: joan@example.com
        limitation: This API can't make a user an administrator: `admin` on the roster is neither compared nor set.
        limitation: This API does not delete users for good: users to be deleted are disabled.
    "#]].assert_eq(&text(&plan(&request, &actual)));
}

#[test]
fn a_user_type_that_the_dialect_cannot_set_is_an_error() {
    let mut request = model();
    let actual = fulfilled(&request);
    request.roster[2].fields.user_type = Some(UserType::Mobile);
    let error = try_plan(&request, &actual).expect_err("v1 has no mobile users");
    assert_eq!(error.code, Code::OperationUnsupported);
    assert_eq!(error.subject.as_deref(), Some("joan@example.com"));
    assert_eq!(error.field.as_deref(), Some("request.roster[2].user-type"));

    let mut v2 = actual.clone();
    v2.dialect = Dialect::V2;
    expect![[r#"
        update-user joan@example.com user-type:default>mobile
        unchanged: ada@example.com
        unchanged: grace@example.com
        limitation: This API can't make a user an administrator: `admin` on the roster is neither compared nor set.
        limitation: This API does not delete users for good: users to be deleted are disabled.
        seats: default 2 +0 -1
        seats: mobile 0 +1 -0
    "#]].assert_eq(&text(&plan(&request, &v2)));

    request.roster[2].fields.user_type = None;
    request.policy.default_user_type = Some(UserType::Embed);
    expect![[r#"
        unchanged: ada@example.com
        unchanged: grace@example.com
        unchanged: joan@example.com
    "#]]
    .assert_eq(&text(&plan(&request, &actual)));
    let mut without_joan = actual.clone();
    without_joan.users.remove(2);
    let error = try_plan(&request, &without_joan).expect_err("v1 has no embed users");
    assert_eq!(error.field.as_deref(), Some("request.policy.default-user-type"));
}

#[test]
fn fields_that_are_not_given_stay_unchanged() {
    let mut request = model();
    let mut actual = fulfilled(&request);
    let joan = account(&mut actual, "joan@example.com");
    joan.first_name = Some("Joan".into());
    joan.admin = true;
    joan.profile_photo_url = Some("https://example.com/joan.png".into());
    request.roster[2].fields.user_type = None;
    expect![[r#"
        unchanged: ada@example.com
        unchanged: grace@example.com
        unchanged: joan@example.com
    "#]]
    .assert_eq(&text(&plan(&request, &actual)));
}

#[test]
fn a_roster_does_not_disable_people_who_are_on_it() {
    let mut request = model();
    let actual = fulfilled(&request);
    request.roster[0].fields.disabled = Some(true);
    expect![[r#"
        unchanged: ada@example.com
        unchanged: grace@example.com
        unchanged: joan@example.com
    "#]]
    .assert_eq(&text(&plan(&request, &actual)));
}

#[test]
fn a_policy_without_updates_still_changes_memberships() {
    let mut request = model();
    request.policy.update_existing = false;
    let mut actual = fulfilled(&request);
    let grace = account(&mut actual, "grace@example.com");
    grace.first_name = Some("G.".into());
    grace.groups = Some(Vec::new());
    account(&mut actual, "ada@example.com").last_name = None;
    let plan = plan(&request, &actual);
    expect![[r#"
        add-member grace@example.com [Engineering]
        unchanged: ada@example.com
        unchanged: joan@example.com
    "#]]
    .assert_eq(&text(&plan));
    assert_eq!(unchanged(&plan), ["ada@example.com", "joan@example.com"]);
}

#[test]
fn enabling_carries_the_other_changes() {
    let mut request = model();
    let mut actual = fulfilled(&request);
    let ada = account(&mut actual, "ada@example.com");
    ada.disabled = true;
    ada.first_name = Some("A.".into());
    ada.groups.get_or_insert_default().pop();
    expect![[r#"
        enable-user ada@example.com first-name:A.>Ada disabled:true>false
        add-member ada@example.com [Support]
        unchanged: grace@example.com
        unchanged: joan@example.com
        seats: default 1 +1 -0
    "#]]
    .assert_eq(&text(&plan(&request, &actual)));
    request.policy.update_existing = false;
    expect![[r#"
        enable-user ada@example.com disabled:true>false
        add-member ada@example.com [Support]
        unchanged: grace@example.com
        unchanged: joan@example.com
        seats: default 1 +1 -0
    "#]]
    .assert_eq(&text(&plan(&request, &actual)));
}

#[test]
fn a_disabled_user_is_left_alone_if_enabling_is_forbidden() {
    let mut request = model();
    request.policy.re_enable_disabled = false;
    let mut actual = fulfilled(&request);
    let ada = account(&mut actual, "ada@example.com");
    ada.disabled = true;
    ada.first_name = None;
    ada.groups = Some(vec![GroupLink::new(group_id("Support"), None)]);
    let plan = plan(&request, &actual);
    expect![[r#"
        refused: ada@example.com user-disabled
        unchanged: grace@example.com
        unchanged: joan@example.com
    "#]]
    .assert_eq(&text(&plan));
    assert_eq!(refusals(&plan), [("ada@example.com", RefusalReason::UserDisabled)]);
}

#[test]
fn people_are_matched_without_regard_to_case_and_keep_the_servers_spelling() {
    let mut request = model();
    let mut actual = fulfilled(&request);
    request.roster[0].email = email("  ADA@Example.COM ");
    account(&mut actual, "grace@example.com").email = email("Grace@Example.com");
    account(&mut actual, "grace@example.com").first_name = None;
    let plan = plan(&request, &actual);
    expect![[r#"
        update-user Grace@Example.com first-name:->Grace
        unchanged: ada@example.com
        unchanged: joan@example.com
    "#]]
    .assert_eq(&text(&plan));
}

#[test]
fn a_person_twice_on_the_roster_is_an_error() {
    let mut request = model();
    let actual = fulfilled(&request);
    request.roster.push(desired("Joan@Example.com", &[]));
    let error = try_plan(&request, &actual).expect_err("joan twice");
    assert_eq!(error.code, Code::DuplicatePerson);
    assert_eq!(error.field.as_deref(), Some("request.roster[3].user.email"));
}

#[test]
fn a_listing_without_memberships_fails_plans_that_need_them() {
    let mut request: SyncRequest = model();
    let mut actual: Snapshot = fulfilled(&request);
    account(&mut actual, "joan@example.com").groups = None;
    for (memberships, absent, works) in [
        (MembershipPolicy::Exact, AbsentPolicy::Keep, false),
        (MembershipPolicy::Add, AbsentPolicy::Keep, false),
        (MembershipPolicy::Leave, AbsentPolicy::Delete, false),
        (MembershipPolicy::Leave, AbsentPolicy::Disable, true),
        (MembershipPolicy::Leave, AbsentPolicy::Keep, true),
    ] {
        request.policy.memberships = memberships;
        request.policy.absent = absent;
        let result = try_plan(&request, &actual);
        assert_eq!(result.is_ok(), works, "{memberships:?} {absent:?}");
        if let Err(error) = result {
            assert_eq!(error.code, Code::ListingIncomplete);
        }
    }
}
