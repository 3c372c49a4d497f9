use crate::domain::{Dialect, Field, GroupLink, UserType};
use crate::error::Code;
use crate::sync::plan::testing::{
    account, desired, email, fulfilled, group_id, join, lines, model, plan, try_plan, user,
};
use crate::sync::{AbsentPolicy, MembershipPolicy, RefusalReason, Snapshot, SyncRequest, digest};

use super::{EVERYBODY, refusals, unchanged};

#[test]
fn nothing_is_to_do_where_the_roster_is_true() {
    let request = model();
    let plan = plan(&request, &fulfilled(&request));
    assert_eq!(lines(&plan.steps), Vec::<String>::new());
    assert_eq!(unchanged(&plan), EVERYBODY);
    assert_eq!(plan.refusals, []);
    assert_eq!(plan.seats, []);
    assert!(plan.tripped().next().is_none());
}

#[test]
fn the_steps_come_in_the_one_order() {
    let mut request = model();
    let mut actual = fulfilled(&request);
    // Everything at once, named so that the order by kind is not the order by address.
    request.roster.extend([
        desired("zoe@example.com", &["Support", "New group"]),
        desired("bea@example.com", &["Engineering"]),
    ]);
    account(&mut actual, "joan@example.com").disabled = true;
    account(&mut actual, "grace@example.com").user_type = Some(UserType::Default);
    account(&mut actual, "ada@example.com").admin = false;
    join(account(&mut actual, "grace@example.com"), "Support");
    actual.users.push(user("old@example.com"));
    assert_eq!(
        lines(&plan(&request, &actual).steps),
        [
            "create-group [New group]",
            "create-user bea@example.com user-type:->default",
            "create-user zoe@example.com user-type:->default",
            "enable-user joan@example.com disabled:true>false",
            "update-user ada@example.com admin:false>true",
            "update-user grace@example.com user-type:default>end-user",
            "add-member bea@example.com [Engineering]",
            "add-member zoe@example.com [New group]",
            "add-member zoe@example.com [Support]",
            "remove-member grace@example.com [Support]",
            "delete-user old@example.com",
        ]
    );
}

#[test]
fn a_missing_person_is_created_with_what_is_given() {
    let request = model();
    let mut actual = fulfilled(&request);
    actual.users.remove(0);
    let plan = plan(&request, &actual);
    assert_eq!(
        lines(&plan.steps),
        [
            "create-user ada@example.com first-name:->Ada last-name:->Lovelace \
             user-type:->default admin:->true",
            "add-member ada@example.com [Engineering]",
            "add-member ada@example.com [Support]",
        ]
    );
    assert_eq!(unchanged(&plan), EVERYBODY[1..]);
    assert_eq!(plan.steps[0].precondition, digest::absent());
    assert_eq!(plan.steps[1].user, None);
    assert_eq!(plan.steps[1].group, Some(group_id("Engineering")));
    let not_a_member = digest::membership(Some(&group_id("Engineering")), None, false);
    assert_eq!(plan.steps[1].precondition, not_a_member);
}

#[test]
fn nobody_is_created_as_an_administrator_unless_asked_for() {
    let mut request = model();
    request.roster[1].fields.admin = Some(false);
    let mut actual = fulfilled(&request);
    actual.users.remove(1);
    assert_eq!(
        lines(&plan(&request, &actual).steps)[0],
        "create-user grace@example.com first-name:->Grace user-type:->end-user"
    );
}

#[test]
fn creating_may_be_forbidden() {
    let mut request = model();
    request.policy.create_missing = false;
    let mut actual = fulfilled(&request);
    actual.users.remove(1);
    let plan = plan(&request, &actual);
    assert_eq!(lines(&plan.steps), Vec::<String>::new());
    assert_eq!(refusals(&plan), [("grace@example.com", RefusalReason::CreationNotAllowed)]);
    assert_eq!(
        unchanged(&plan),
        ["ada@example.com", "joan@example.com"],
        "somebody refused is not unchanged"
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
    assert_eq!(lines(&without.steps), Vec::<String>::new());

    request.policy.default_user_type = Some(UserType::EndUser);
    assert_eq!(
        lines(&plan(&request, &actual).steps),
        ["create-user joan@example.com user-type:->end-user"]
    );
}

#[test]
fn the_default_user_type_is_for_new_people_only() {
    let mut request = model();
    let actual = fulfilled(&request);
    request.roster[2].fields.user_type = None;
    request.policy.default_user_type = Some(UserType::EndUser);
    assert_eq!(lines(&plan(&request, &actual).steps), Vec::<String>::new());
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
    assert_eq!(lines(&with_types.steps), ["create-user joan@example.com"]);
    assert!(with_types.limitations.iter().any(|line| line.contains("user types")));

    for desired in &mut request.roster {
        desired.fields.user_type = None;
        desired.fields.admin = None;
    }
    let without = plan(&request, &actual);
    assert_eq!(lines(&without.steps), ["create-user joan@example.com"]);
    assert_eq!(without.limitations, Vec::<String>::new());
}

#[test]
fn where_nobody_can_be_made_an_administrator_the_plan_says_so() {
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
fn v2_creates_nobody_without_both_names() {
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
    assert_eq!(lines(&plan(&request, &actual).steps), Vec::<String>::new());
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
    assert_eq!(
        lines(&plan(&request, &v2).steps),
        ["update-user joan@example.com user-type:default>mobile"]
    );

    request.roster[2].fields.user_type = None;
    request.policy.default_user_type = Some(UserType::Embed);
    assert_eq!(lines(&plan(&request, &actual).steps), Vec::<String>::new());
    let mut without_joan = actual.clone();
    without_joan.users.remove(2);
    let error = try_plan(&request, &without_joan).expect_err("v1 has no embed users");
    assert_eq!(error.field.as_deref(), Some("request.policy.default-user-type"));
}

#[test]
fn fields_that_are_not_given_are_left() {
    let mut request = model();
    let mut actual = fulfilled(&request);
    let joan = account(&mut actual, "joan@example.com");
    joan.first_name = Some("Joan".into());
    joan.admin = true;
    joan.profile_photo_url = Some("https://example.com/joan.png".into());
    request.roster[2].fields.user_type = None;
    assert_eq!(lines(&plan(&request, &actual).steps), Vec::<String>::new());
}

#[test]
fn a_roster_does_not_disable_anybody_who_is_on_it() {
    let mut request = model();
    let actual = fulfilled(&request);
    request.roster[0].fields.disabled = Some(true);
    assert_eq!(lines(&plan(&request, &actual).steps), Vec::<String>::new());
}

#[test]
fn updates_may_be_forbidden_and_memberships_are_still_made_true() {
    let mut request = model();
    request.policy.update_existing = false;
    let mut actual = fulfilled(&request);
    let grace = account(&mut actual, "grace@example.com");
    grace.first_name = Some("G.".into());
    grace.groups = Some(Vec::new());
    account(&mut actual, "ada@example.com").last_name = None;
    let plan = plan(&request, &actual);
    assert_eq!(lines(&plan.steps), ["add-member grace@example.com [Engineering]"]);
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
    assert_eq!(
        lines(&plan(&request, &actual).steps),
        [
            "enable-user ada@example.com first-name:A.>Ada disabled:true>false",
            "add-member ada@example.com [Support]",
        ]
    );
    request.policy.update_existing = false;
    assert_eq!(
        lines(&plan(&request, &actual).steps)[0],
        "enable-user ada@example.com disabled:true>false"
    );
}

#[test]
fn somebody_disabled_is_left_alone_altogether_if_enabling_is_forbidden() {
    let mut request = model();
    request.policy.re_enable_disabled = false;
    let mut actual = fulfilled(&request);
    let ada = account(&mut actual, "ada@example.com");
    ada.disabled = true;
    ada.first_name = None;
    ada.groups = Some(vec![GroupLink { id: group_id("Support"), name: None }]);
    let plan = plan(&request, &actual);
    assert_eq!(lines(&plan.steps), Vec::<String>::new());
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
    assert_eq!(lines(&plan.steps), ["update-user Grace@Example.com first-name:->Grace"]);
}

#[test]
fn somebody_twice_on_the_roster_is_an_error_rather_than_a_second_account() {
    let mut request = model();
    let actual = fulfilled(&request);
    request.roster.push(desired("Joan@Example.com", &[]));
    let error = try_plan(&request, &actual).expect_err("joan twice");
    assert_eq!(error.code, Code::DuplicatePerson);
    assert_eq!(error.field.as_deref(), Some("request.roster[3].user.email"));
}

#[test]
fn a_listing_without_memberships_serves_only_plans_that_need_none() {
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
