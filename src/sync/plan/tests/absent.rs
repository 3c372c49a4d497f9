use super::{MODEL_PEOPLE, refusals, unchanged};
use expect_test::expect;

use crate::domain::Dialect;
use crate::retool::unreadable::{Defect, UnreadableRecord, without_address};
use crate::sync::{AbsentPolicy, RefusalReason, Span, digest};
use crate::testing::plan::{email, fulfilled, model, plan, text, try_plan, user, user_id};

#[test]
fn absent_people_are_handled_by_policy() {
    let mut request = model();
    let mut actual = fulfilled(&request);
    actual.users.push(user("old@example.com"));
    let mut gone = user("gone@example.com");
    gone.disabled = true;
    actual.users.push(gone);
    let mut pending = user("pending@example.com");
    pending.invited = Some(true);
    actual.users.push(pending);

    request.policy.absent = AbsentPolicy::Keep;
    let kept = plan(&request, &actual);
    expect![[r#"
        unchanged: ada@example.com
        unchanged: grace@example.com
        unchanged: joan@example.com
    "#]]
    .assert_eq(&text(&kept));
    assert_eq!(unchanged(&kept), MODEL_PEOPLE, "kept people are not mentioned");

    request.policy.absent = AbsentPolicy::Disable;
    let disabled = plan(&request, &actual);
    expect![[r#"
        disable-user old@example.com disabled:false>true
        cancel-invitation pending@example.com
        unchanged: ada@example.com
        unchanged: gone@example.com
        unchanged: grace@example.com
        unchanged: joan@example.com
        seats: default 3 +0 -1
    "#]]
    .assert_eq(&text(&disabled));
    assert_eq!(
        unchanged(&disabled),
        ["ada@example.com", "gone@example.com", "grace@example.com", "joan@example.com"]
    );

    request.policy.absent = AbsentPolicy::Delete;
    let deleted = plan(&request, &actual);
    expect![[r#"
        delete-user gone@example.com
        delete-user old@example.com
        cancel-invitation pending@example.com
        unchanged: ada@example.com
        unchanged: grace@example.com
        unchanged: joan@example.com
        seats: default 3 +0 -1
    "#]]
    .assert_eq(&text(&deleted));
    assert_eq!(unchanged(&deleted), MODEL_PEOPLE);
    assert_eq!(deleted.steps[1].user, Some(user_id("old@example.com")));
    assert_eq!(deleted.steps[1].precondition, digest::user_state(&user("old@example.com")));
}

/// Otherwise every plan would delete them again.
#[test]
fn disabled_users_are_not_deleted_again_if_a_deletion_only_disables() {
    let mut request = model();
    let mut actual = fulfilled(&request);
    actual.dialect = Dialect::V2;
    actual.users.push(user("old@example.com"));
    let mut gone = user("gone@example.com");
    gone.disabled = true;
    actual.users.push(gone);
    request.policy.absent = AbsentPolicy::Delete;
    let planned = plan(&request, &actual);
    expect![[r#"
        delete-user old@example.com
        unchanged: ada@example.com
        unchanged: gone@example.com
        unchanged: grace@example.com
        unchanged: joan@example.com
        limitation: This API can't make a user an administrator: `admin` on the roster is neither compared nor set.
        limitation: This API does not delete users for good: users to be deleted are disabled.
        seats: default 3 +0 -1
    "#]].assert_eq(&text(&planned));
    assert!(unchanged(&planned).contains(&"gone@example.com"));
    assert!(planned.limitations.iter().any(|line| line.contains("does not delete")));
}

#[test]
fn only_users_inside_the_span_are_absent() {
    let mut request = model();
    request.span = Span { start: Some("b".into()), before: Some("k".into()) };
    request.roster.remove(0);
    let mut actual = fulfilled(&request);
    for address in ["a@x.org", "b", "b@x.org", "j@x.org", "k", "k@x.org"] {
        actual.users.push(user(address));
    }
    expect![[r#"
        delete-user b
        delete-user b@x.org
        delete-user j@x.org
        unchanged: grace@example.com
        unchanged: joan@example.com
        seats: default 7 +0 -3
    "#]]
    .assert_eq(&text(&plan(&request, &actual)));
}

#[test]
fn an_account_without_an_address_is_not_absent() {
    let request = model();
    let mut actual = fulfilled(&request);
    actual.users.push(user(""));
    let plan = plan(&request, &actual);
    expect![[r#"
        unchanged: ada@example.com
        unchanged: grace@example.com
        unchanged: joan@example.com
    "#]]
    .assert_eq(&text(&plan));
    assert_eq!(plan.refusals, []);
}

#[test]
fn two_accounts_of_one_address_are_refused_on_the_roster_and_off_it() {
    let request = model();
    let mut actual = fulfilled(&request);
    for address in ["ADA@example.com", "old@example.com", "Old@example.com"] {
        let mut twin = user(address);
        twin.id.value.push_str(address);
        twin.disabled = address.starts_with('A');
        actual.users.push(twin);
    }
    let plan = plan(&request, &actual);
    expect![[r#"
        refused: ada@example.com ambiguous-user
        refused: Old@example.com ambiguous-user
        unchanged: grace@example.com
        unchanged: joan@example.com
    "#]]
    .assert_eq(&text(&plan));
    let refused = refusals(&plan);
    assert_eq!(refused.len(), 2);
    for (address, reason) in refused {
        assert_eq!(reason, RefusalReason::AmbiguousUser);
        assert!(["ada@example.com", "old@example.com"].contains(&address.to_lowercase().as_str()));
    }

    let mut keep = request.clone();
    keep.policy.absent = AbsentPolicy::Keep;
    assert_eq!(try_plan(&keep, &actual).expect("a plan").refusals.len(), 1);
}

/// Plans with an account that has no address, and one whose record can't be used.
#[test]
fn unusable_records_are_named_and_stop_only_removals_by_absence() {
    let mut request = model();
    request.roster[0].fields.first_name = Some("Augusta".into());
    let mut actual = fulfilled(&request);
    actual.users[0].first_name = Some("Ada".into());
    actual.users.push(user("old@example.com"));
    let mut gone = user("gone@example.com");
    gone.disabled = true;
    actual.users.push(gone);
    actual.users.push(user(""));
    let unreadable = &mut actual.others.unreadable;
    unreadable.add(without_address("u7"));
    unreadable.add(UnreadableRecord {
        id: Some("u8".into()),
        email: Some(email("grace@example.com")),
        defect: Defect::Shape,
    });
    actual.complete = false;
    actual.users.retain(|user| user.email.as_str() != "grace@example.com");
    request.policy.absent = AbsentPolicy::Disable;
    let plan = plan(&request, &actual);
    expect![[r#"
        update-user ada@example.com first-name:Ada>Augusta
        refused: grace@example.com record-unreadable
        refused: old@example.com listing-incomplete
        unchanged: gone@example.com
        unchanged: joan@example.com
        limitation: The listing contains records that can't be used: the record u7 has no address, the record u8 has a field of another type than expected, or lacks one. While they are there, no user is disabled or deleted for being absent from the roster. Repair these records in Retool.
    "#]]
    .assert_eq(&text(&plan));
}
