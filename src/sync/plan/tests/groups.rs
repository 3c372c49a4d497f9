use expect_test::expect;

use crate::domain::{GroupId, GroupIdKind, GroupRef};
use crate::error::{Code, Error};
use crate::sync::{Snapshot, StepKind, SyncRequest, digest};
use crate::testing::plan::{
    account, fulfilled, group, group_id, model, named, plan, text, try_plan,
};

fn failure(request: &SyncRequest, actual: &Snapshot) -> Error {
    try_plan(request, actual).expect_err("no plan")
}

#[test]
fn a_missing_group_is_created_once_and_then_joined() {
    let request = model();
    let mut actual = fulfilled(&request);
    actual.groups.retain(|group| group.name != "Engineering");
    for address in ["ada@example.com", "grace@example.com"] {
        let groups = account(&mut actual, address).groups.get_or_insert_default();
        groups.retain(|link| link.id != group_id("Engineering"));
    }
    let plan = plan(&request, &actual);
    expect![[r#"
        create-group [Engineering]
        add-member ada@example.com [Engineering]
        add-member grace@example.com [Engineering]
        unchanged: joan@example.com
    "#]]
    .assert_eq(&text(&plan));
    assert_eq!(plan.steps[0].precondition, digest::group_absent("Engineering"));
    assert_eq!(plan.steps[1].group, None);
    assert_eq!(plan.steps[1].kind, StepKind::AddMember);
    assert_eq!(
        plan.steps[1].precondition,
        digest::membership(None, plan.steps[1].user.as_ref(), false)
    );
}

#[test]
fn a_missing_group_is_an_error_unless_it_may_be_created() {
    let mut request = model();
    let actual = fulfilled(&request);
    request.policy.create_missing_groups = false;
    request.policy.managed_groups = named(&["Zebras", "Missing"]);
    let error = failure(&request, &actual);
    assert_eq!(error.code, Code::GroupNotFound);
    assert_eq!(error.subject.as_deref(), Some("Missing"));
    assert!(error.message.contains("\"Missing\""), "{}", error.message);

    request.policy.create_missing_groups = true;
    expect![[r#"
        create-group [Missing]
        create-group [Zebras]
        unchanged: ada@example.com
        unchanged: grace@example.com
        unchanged: joan@example.com
    "#]]
    .assert_eq(&text(&plan(&request, &actual)));
}

#[test]
fn an_unknown_id_is_an_error_even_if_groups_may_be_created() {
    let mut request = model();
    let actual = fulfilled(&request);
    let known = group_id("Support");
    for id in [
        GroupId { kind: GroupIdKind::Rest, value: "424242".into() },
        // The value of a group that exists, but an id of another API.
        GroupId { kind: GroupIdKind::Scim, value: known.value.clone() },
    ] {
        request.policy.managed_groups = vec![GroupRef::Id(id.clone())];
        let error = failure(&request, &actual);
        assert_eq!(error.code, Code::GroupNotFound);
        assert_eq!(error.subject, Some(id.value));
    }
}

#[test]
fn a_group_may_be_named_by_id_in_one_entry_and_by_name_in_another() {
    let mut request = model();
    let actual = fulfilled(&request);
    request.roster[0].groups =
        ["Engineering", "Support"].map(|name| GroupRef::Id(group_id(name)).into()).to_vec();
    expect![[r#"
        unchanged: ada@example.com
        unchanged: grace@example.com
        unchanged: joan@example.com
    "#]]
    .assert_eq(&text(&plan(&request, &actual)));
}

#[test]
fn a_list_that_names_a_group_twice_is_refused() {
    let mut request = model();
    let actual = fulfilled(&request);
    request.roster[1].groups.push(GroupRef::Id(group_id("Engineering")).into());
    let error = failure(&request, &actual);
    assert_eq!(error.code, Code::DuplicateGroup);
    assert_eq!(error.subject.as_deref(), Some("Engineering"));
    assert_eq!(error.field.as_deref(), Some("request.roster[1].groups"));

    let mut request = model();
    request.policy.managed_groups = named(&["Support", " Support"]);
    let error = failure(&request, &actual);
    assert_eq!(error.code, Code::DuplicateGroup);
    assert_eq!(error.field.as_deref(), Some("request.policy.managed-groups"));
}

#[test]
fn names_are_compared_trimmed_and_exactly() {
    let mut request = model();
    let actual = fulfilled(&request);
    request.roster[1].groups = named(&[" Engineering\t"]);
    expect![[r#"
        unchanged: ada@example.com
        unchanged: grace@example.com
        unchanged: joan@example.com
    "#]]
    .assert_eq(&text(&plan(&request, &actual)));

    // The server may have a name with space around it.
    let mut spaced = actual.clone();
    for group in &mut spaced.groups {
        group.name.push(' ');
    }
    expect![[r#"
        unchanged: ada@example.com
        unchanged: grace@example.com
        unchanged: joan@example.com
    "#]]
    .assert_eq(&text(&plan(&request, &spaced)));

    // No twin is made of a group that looks the same.
    request.roster[1].groups = named(&["engineering"]);
    assert_eq!(failure(&request, &actual).code, Code::SimilarGroup);
}

#[test]
fn two_groups_of_one_name_are_an_error_only_if_the_name_is_used() {
    let mut request = model();
    let mut actual = fulfilled(&request);
    let mut twin = group("Support");
    twin.id.value.push('0');
    actual.groups.push(twin.clone());
    let error = failure(&request, &actual);
    assert_eq!(error.code, Code::AmbiguousGroup);
    assert_eq!(error.subject.as_deref(), Some("Support"));

    request.roster[0].groups =
        ["Engineering", "Support"].map(|name| GroupRef::Id(group_id(name)).into()).to_vec();
    expect![[r#"
        unchanged: ada@example.com
        unchanged: grace@example.com
        unchanged: joan@example.com
    "#]]
    .assert_eq(&text(&plan(&request, &actual)));

    // By id they are still two groups, in the order of their ids.
    request.roster[2].groups =
        [twin.id.clone(), group_id("Support")].map(|id| GroupRef::Id(id).into()).to_vec();
    let plan = plan(&request, &actual);
    let ids: Vec<_> = plan.steps.iter().map(|step| step.group.clone()).collect();
    assert_eq!(ids, [Some(group_id("Support")), Some(twin.id)]);
}
