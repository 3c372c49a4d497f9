use expect_test::expect;

use crate::sync::{AbsentPolicy, Plan, RefusalReason, SyncRequest};
use crate::testing::plan::{account, email, fulfilled, join, lines, model, plan, text, user};

fn protecting(address: &str) -> SyncRequest {
    let mut request = model();
    request.policy.guards.protected_people = vec![email(address).into()];
    request
}

fn message_of_only_refusal(plan: &Plan) -> &str {
    let [refusal] = plan.refusals.as_slice() else { panic!("{:?}", plan.refusals) };
    assert_eq!(refusal.reason, RefusalReason::ProtectedPerson);
    &refusal.message
}

#[test]
fn protected_people_are_not_disabled_or_deleted() {
    let mut request = protecting("OLD@example.com");
    let mut actual = fulfilled(&request);
    actual.users.push(user("old@example.com"));
    actual.users.push(user("other@example.com"));
    for (absent, kind) in [
        (AbsentPolicy::Disable, "disable-user other@example.com disabled:false>true"),
        (AbsentPolicy::Delete, "delete-user other@example.com"),
    ] {
        request.policy.absent = absent;
        let plan = plan(&request, &actual);
        assert_eq!(lines(&plan.steps), [kind]);
        assert_eq!(plan.refusals[0].email, email("old@example.com"));
        message_of_only_refusal(&plan);
        assert!(!plan.unchanged.contains(&email("old@example.com")));
    }
}

#[test]
fn protecting_a_person_who_needs_no_change_is_not_reported() {
    let mut request = protecting("old@example.com");
    request.policy.guards.protected_people.push(email("ada@example.com").into());
    let mut actual = fulfilled(&request);
    let mut old = user("old@example.com");
    old.disabled = true;
    actual.users.push(old);
    request.policy.absent = AbsentPolicy::Disable;
    let plan = plan(&request, &actual);
    assert_eq!(plan.refusals, []);
    assert!(plan.unchanged.contains(&email("old@example.com")));
}

#[test]
fn protected_people_keep_rights_and_memberships_and_get_the_rest() {
    let mut request = protecting("joan@example.com");
    let mut actual = fulfilled(&request);
    let joan = account(&mut actual, "joan@example.com");
    joan.admin = true;
    join(joan, "Support");
    request.roster[2].fields.admin = Some(false);
    request.roster[2].fields.first_name = Some("Joan".into());
    request.roster[2].groups = crate::testing::plan::named(&["Engineering"]);
    let with = plan(&request, &actual);
    expect![[r#"
        update-user joan@example.com first-name:->Joan
        add-member joan@example.com [Engineering]
        refused: joan@example.com protected-person
        unchanged: ada@example.com
        unchanged: grace@example.com
    "#]]
    .assert_eq(&text(&with));
    let message = message_of_only_refusal(&with);
    assert!(message.contains("administrator"), "{message}");
    assert!(message.contains("\"Support\""), "{message}");

    request.policy.guards.protected_people.clear();
    expect![[r#"
        update-user joan@example.com first-name:->Joan admin:true>false
        add-member joan@example.com [Engineering]
        remove-member joan@example.com [Support]
        unchanged: ada@example.com
        unchanged: grace@example.com
    "#]]
    .assert_eq(&text(&plan(&request, &actual)));
}

#[test]
fn a_protected_person_may_be_given_rights_and_enabled() {
    let request = protecting("ada@example.com");
    let mut actual = fulfilled(&request);
    let ada = account(&mut actual, "ada@example.com");
    ada.disabled = true;
    ada.admin = false;
    let plan = plan(&request, &actual);
    expect![[r#"
        enable-user ada@example.com admin:false>true disabled:true>false
        unchanged: grace@example.com
        unchanged: joan@example.com
        seats: default 1 +1 -0
    "#]]
    .assert_eq(&text(&plan));
    assert_eq!(plan.refusals, []);
}

#[test]
fn a_protected_person_whose_rights_would_not_be_touched_anyway_is_not_refused() {
    let mut request = protecting("ada@example.com");
    let actual = fulfilled(&request);
    request.roster[0].fields.admin = Some(false);
    request.policy.update_existing = false;
    assert_eq!(plan(&request, &actual).refusals, []);
}
