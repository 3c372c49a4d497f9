use expect_test::expect;

use crate::sync::{AbsentPolicy, MembershipPolicy, Span, digest};
use crate::testing::plan::{
    account, desired, fulfilled, group, group_id, join, lines, model, named, plan, text, user,
    user_id,
};

#[test]
fn missing_memberships_are_added() {
    let request = model();
    let mut actual = fulfilled(&request);
    account(&mut actual, "ada@example.com").groups = Some(Vec::new());
    let plan = plan(&request, &actual);
    expect![[r#"
        add-member ada@example.com [Engineering]
        add-member ada@example.com [Support]
        unchanged: grace@example.com
        unchanged: joan@example.com
    "#]]
    .assert_eq(&text(&plan));
    let id = user_id("ada@example.com");
    assert_eq!(plan.steps[1].user, Some(id.clone()));
    assert_eq!(plan.steps[1].group, Some(group_id("Support")));
    assert_eq!(
        plan.steps[1].precondition,
        digest::membership(Some(&group_id("Support")), Some(&id), false)
    );
}

#[test]
fn exact_removes_people_whose_entry_does_not_list_the_group() {
    let mut request = model();
    let mut actual = fulfilled(&request);
    join(account(&mut actual, "joan@example.com"), "Support");
    let exact = plan(&request, &actual);
    expect![[r#"
        remove-member joan@example.com [Support]
        unchanged: ada@example.com
        unchanged: grace@example.com
    "#]]
    .assert_eq(&text(&exact));
    let id = user_id("joan@example.com");
    assert_eq!(
        exact.steps[0].precondition,
        digest::membership(Some(&group_id("Support")), Some(&id), true)
    );

    request.policy.memberships = MembershipPolicy::Add;
    expect![[r#"
        unchanged: ada@example.com
        unchanged: grace@example.com
        unchanged: joan@example.com
    "#]]
    .assert_eq(&text(&plan(&request, &actual)));
}

#[test]
fn groups_that_are_not_named_are_not_touched() {
    let request = model();
    let mut actual = fulfilled(&request);
    actual.groups.push(group("All Users"));
    join(account(&mut actual, "joan@example.com"), "All Users");
    expect![[r#"
        unchanged: ada@example.com
        unchanged: grace@example.com
        unchanged: joan@example.com
    "#]]
    .assert_eq(&text(&plan(&request, &actual)));
}

#[test]
fn managed_groups_are_managed_even_if_no_entry_lists_them() {
    let mut request = model();
    request.policy.managed_groups = named(&["Contractors"]);
    let mut actual = fulfilled(&request);
    join(account(&mut actual, "joan@example.com"), "Contractors");
    expect![[r#"
        remove-member joan@example.com [Contractors]
        unchanged: ada@example.com
        unchanged: grace@example.com
    "#]]
    .assert_eq(&text(&plan(&request, &actual)));
}

#[test]
fn absent_people_keep_their_memberships_unless_they_are_deleted() {
    let mut request = model();
    let mut actual = fulfilled(&request);
    let mut old = user("old@example.com");
    join(&mut old, "Support");
    actual.users.push(old);
    for (absent, expected) in [
        (AbsentPolicy::Keep, vec![]),
        (AbsentPolicy::Disable, vec!["disable-user old@example.com disabled:false>true"]),
        (AbsentPolicy::Delete, vec!["delete-user old@example.com"]),
    ] {
        request.policy.absent = absent;
        assert_eq!(lines(&plan(&request, &actual).steps), expected, "{absent:?}");
    }
}

#[test]
fn people_outside_the_span_keep_their_memberships() {
    let mut request = model();
    request.span = Span { start: None, before: Some("p".into()) };
    let mut actual = fulfilled(&request);
    let mut zoe = user("zoe@example.com");
    join(&mut zoe, "Support");
    actual.users.push(zoe);
    expect![[r#"
        unchanged: ada@example.com
        unchanged: grace@example.com
        unchanged: joan@example.com
    "#]]
    .assert_eq(&text(&plan(&request, &actual)));
}

#[test]
fn leave_ignores_groups() {
    let mut request = model();
    let mut actual = fulfilled(&request);
    request.policy.memberships = MembershipPolicy::Leave;
    request.policy.create_missing_groups = false;
    request.policy.managed_groups = named(&["Nor this"]);
    request.roster[0].groups = named(&["No such group"]);
    request.roster.push(desired("new@example.com", &["Engineering"]));
    account(&mut actual, "grace@example.com").groups = Some(Vec::new());
    expect![[r#"
        create-user new@example.com user-type:->default
        unchanged: ada@example.com
        unchanged: grace@example.com
        unchanged: joan@example.com
        seats: default 2 +1 -0
    "#]]
    .assert_eq(&text(&plan(&request, &actual)));
}

#[test]
fn a_membership_that_the_server_lists_twice_is_removed_once() {
    let mut request = model();
    request.roster[0].groups = named(&["Engineering"]);
    request.roster[1].groups = named(&["Engineering", "Support"]);
    let mut actual = fulfilled(&request);
    join(account(&mut actual, "ada@example.com"), "Support");
    join(account(&mut actual, "ada@example.com"), "Support");
    expect![[r#"
        remove-member ada@example.com [Support]
        unchanged: grace@example.com
        unchanged: joan@example.com
    "#]]
    .assert_eq(&text(&plan(&request, &actual)));
}
