use super::{assert_guard, leavers};
use crate::domain::Dialect;
use crate::sync::{AbsentPolicy, Guard, GuardLimits, Snapshot, SyncRequest};
use crate::testing::plan::{account, desired, email, fulfilled, plan, user};

/// Three administrators. The roster removes the rights of `taken` of them.
fn demotions(taken: usize) -> (SyncRequest, Snapshot) {
    let (mut request, _) = leavers(5, 0, AbsentPolicy::Disable);
    request.policy.guards = GuardLimits::default();
    for desired in &mut request.roster[..3] {
        desired.fields.admin = Some(true);
    }
    let actual = fulfilled(&request);
    for desired in &mut request.roster[..taken] {
        desired.fields.admin = Some(false);
    }
    (request, actual)
}

#[test]
fn two_administrators_must_be_left() {
    let (request, actual) = demotions(1);
    let at = plan(&request, &actual);
    assert_guard(&at, Guard::MinimumAdmins, 2, 2, false);
    assert_eq!(at.steps.len(), 1);
    let (request, actual) = demotions(2);
    assert_guard(&plan(&request, &actual), Guard::MinimumAdmins, 2, 1, true);
}

#[test]
fn disabled_and_deleted_administrators_do_not_count_as_left() {
    for absent in [AbsentPolicy::Disable, AbsentPolicy::Delete] {
        let (mut request, actual) = demotions(0);
        request.policy.absent = absent;
        request.roster.remove(0);
        assert_guard(&plan(&request, &actual), Guard::MinimumAdmins, 2, 2, false);
        request.roster.remove(0);
        assert_guard(&plan(&request, &actual), Guard::MinimumAdmins, 2, 1, true);
    }
}

#[test]
fn enabled_administrators_count_as_left_but_disabled_and_invited_ones_do_not() {
    let (mut request, mut actual) = demotions(1);
    account(&mut actual, "p0001@example.com").disabled = true;
    request.policy.re_enable_disabled = false;
    assert_guard(&plan(&request, &actual), Guard::MinimumAdmins, 2, 1, true);

    request.policy.re_enable_disabled = true;
    assert_guard(&plan(&request, &actual), Guard::MinimumAdmins, 2, 2, false);

    request.policy.re_enable_disabled = false;
    let mut promoted = request.clone();
    promoted.roster[4].fields.admin = Some(true);
    assert_guard(&plan(&promoted, &actual), Guard::MinimumAdmins, 2, 2, false);

    let mut new = desired("new@example.com", &[]);
    new.fields.admin = Some(true);
    request.roster.push(new);
    // `/api/v1` invites new users. An invitation is not an account.
    assert_guard(&plan(&request, &actual), Guard::MinimumAdmins, 2, 1, true);
}

#[test]
fn too_few_administrators_do_not_stop_a_plan_that_removes_none() {
    let (mut request, mut actual) = demotions(0);
    request.roster.drain(..3);
    actual.users.drain(..3);
    request.roster.push(desired("new@example.com", &[]));
    let plan = plan(&request, &actual);
    assert_guard(&plan, Guard::MinimumAdmins, 2, 0, false);
    assert_eq!(plan.steps.len(), 1);
}

#[test]
fn an_administrator_outside_the_span_counts_as_left() {
    let (mut request, actual) = demotions(1);
    request.span.before = Some("p0002".into());
    request.roster.truncate(2);
    assert_guard(&plan(&request, &actual), Guard::MinimumAdmins, 2, 2, false);
}

#[test]
fn required_administrators_must_be_enabled_administrators_afterwards() {
    let (mut request, mut actual) = demotions(1);
    request.span.before = Some("p0004".into());
    request.roster.truncate(4);
    account(&mut actual, "p0002@example.com").disabled = true;
    request.policy.re_enable_disabled = false;
    request.policy.guards.minimum_admins = 0;
    let mut new = desired("new@example.com", &[]);
    new.fields.admin = Some(true);
    request.roster.push(new);
    request.policy.guards.required_admins = [
        "P0001@example.com",
        "p0001@example.com",
        "p0000@example.com",
        "p0002@example.com",
        "p0003@example.com",
        "p0004@example.com",
        "new@example.com",
        "nobody@example.com",
    ]
    .map(|text| email(text).into())
    .to_vec();
    let plan = plan(&request, &actual);
    let judged: Vec<_> = plan
        .guards
        .iter()
        .filter(|report| report.guard == Guard::RequiredAdmins)
        .map(|report| {
            assert_eq!(report.limit, 1);
            assert_eq!(report.actual, u32::from(!report.tripped));
            let subject = report.subject.as_deref().unwrap_or_default();
            assert!(report.message.contains(subject));
            (subject.to_lowercase(), report.tripped)
        })
        .collect();
    assert_eq!(
        judged,
        [
            // Would only be invited.
            ("new@example.com".into(), true),
            ("nobody@example.com".into(), true),
            // Loses the rights.
            ("p0000@example.com".into(), true),
            ("p0001@example.com".into(), false),
            // Disabled before, and not enabled.
            ("p0002@example.com".into(), true),
            // Never was one.
            ("p0003@example.com".into(), true),
            ("p0004@example.com".into(), true),
        ]
    );
    assert_eq!(plan.steps, []);
}

#[test]
fn two_accounts_of_a_required_administrator_must_both_be_administrators() {
    let (mut request, mut actual) = demotions(0);
    request.policy.guards.required_admins = vec![email("p0000@example.com").into()];
    let mut twin = user("P0000@example.com");
    twin.id.value.push_str("-twin");
    twin.admin = true;
    actual.users.push(twin);
    assert_guard(&plan(&request, &actual), Guard::RequiredAdmins, 1, 1, false);
    actual.users[5].admin = false;
    assert_guard(&plan(&request, &actual), Guard::RequiredAdmins, 1, 0, true);
    actual.users[5].admin = true;
    actual.users[0].disabled = true;
    assert_guard(&plan(&request, &actual), Guard::RequiredAdmins, 1, 0, true);
}

/// If the listing does not show who administers, the guard trips. One administrator in the listing
/// shows that it does.
#[test]
fn if_administrators_are_unknown_removals_need_a_minimum_of_zero() {
    let (mut request, mut actual) = leavers(10, 1, AbsentPolicy::Disable);
    request.policy.guards = GuardLimits::default();
    actual.dialect = Dialect::Scim;
    let unknown = plan(&request, &actual);
    assert_guard(&unknown, Guard::MinimumAdmins, 2, 0, true);

    let mut with_admin = actual.clone();
    with_admin.users[0].admin = true;
    assert_guard(&plan(&request, &with_admin), Guard::MinimumAdmins, 2, 1, false);

    request.policy.guards.minimum_admins = 0;
    assert_guard(&plan(&request, &actual), Guard::MinimumAdmins, 0, 0, false);

    let (request, mut no_removals) = leavers(10, 0, AbsentPolicy::Disable);
    no_removals.dialect = Dialect::Scim;
    let request = SyncRequest {
        policy: crate::sync::Policy { guards: GuardLimits::default(), ..request.policy },
        ..request
    };
    assert_guard(&plan(&request, &no_removals), Guard::MinimumAdmins, 2, 0, false);
}
