use super::{assert_guard, leavers, report};
use crate::domain::{Dialect, UserType};
use crate::sync::{
    AbsentPolicy, Guard, GuardLimits, Limit, MembershipPolicy, Snapshot, SyncRequest,
};
use crate::testing::plan::{account, desired, fulfilled, group_id, join, named, plan};

/// An organisation that matches its roster, with the default limits.
fn matching(people: usize) -> (SyncRequest, Snapshot) {
    leavers(people, 0, AbsentPolicy::Keep)
}

#[test]
fn creations_trip_beyond_a_fifth_of_the_enabled_people() {
    let with_new = |people: usize, new: usize| {
        let (mut request, actual) = matching(people);
        request.roster.extend((0..new).map(|at| desired(&format!("new{at:05}@example.com"), &[])));
        plan(&request, &actual)
    };
    assert_guard(&with_new(180, 36), Guard::Creations, 36, 36, false);
    assert_guard(&with_new(180, 37), Guard::Creations, 36, 37, true);
    assert_guard(&with_new(0, 25), Guard::Creations, 25, 25, false);
    assert_guard(&with_new(0, 26), Guard::Creations, 25, 26, true);
    assert_guard(&with_new(180, 20_000), Guard::Creations, 36, 20_000, true);
}

/// A domain was renamed, and the roster has only the new addresses.
#[test]
fn second_accounts_for_everyone_trip_even_if_nobody_is_removed() {
    let (mut request, actual) = matching(180);
    request.roster =
        (0..180).map(|at| desired(&format!("p{at:04}@new.example.com"), &[])).collect();
    assert_guard(&plan(&request, &actual), Guard::Creations, 36, 180, true);
}

#[test]
fn promotions_by_field_trip_beyond_one() {
    let (mut request, mut actual) = matching(180);
    for at in 0..3 {
        account(&mut actual, &format!("p{at:04}@example.com")).admin = true;
    }
    request.roster[3].fields.admin = Some(true);
    assert_guard(&plan(&request, &actual), Guard::Promotions, 1, 1, false);
    for desired in &mut request.roster {
        desired.fields.admin = Some(true);
    }
    assert_guard(&plan(&request, &actual), Guard::Promotions, 1, 177, true);
}

#[test]
fn promotions_by_the_administrators_group_trip_too() {
    for dialect in Dialect::ALL {
        let (mut request, mut actual) = matching(180);
        actual.dialect = dialect;
        request.policy.guards.member_additions = Limit::new(100, 1000);
        for at in 0..3 {
            join(account(&mut actual, &format!("p{at:04}@example.com")), "admin");
        }
        actual.groups.push(crate::testing::plan::group("admin"));
        for desired in &mut request.roster {
            desired.fields.user_type = None;
            desired.groups = named(&["admin"]);
        }
        assert_guard(&plan(&request, &actual), Guard::Promotions, 1, 177, true);
    }
}

#[test]
fn an_invited_or_enabled_administrator_is_a_promotion() {
    let (mut request, mut actual) = matching(40);
    let back = account(&mut actual, "p0000@example.com");
    (back.admin, back.disabled) = (true, true);
    let mut new = desired("new@example.com", &[]);
    new.fields.admin = Some(true);
    request.roster.push(new);
    assert_guard(&plan(&request, &actual), Guard::Promotions, 1, 2, true);
}

#[test]
fn an_open_invitation_that_gets_the_rights_is_a_promotion() {
    let (mut request, mut actual) = matching(40);
    actual.dialect = Dialect::V2;
    actual.groups.push(crate::testing::plan::group("admin"));
    for at in 0..2 {
        account(&mut actual, &format!("p{at:04}@example.com")).invited = Some(true);
        request.roster[at].groups = named(&["admin"]);
    }
    assert_guard(&plan(&request, &actual), Guard::Promotions, 1, 2, true);
    // They have the rights already.
    for at in 0..2 {
        join(account(&mut actual, &format!("p{at:04}@example.com")), "admin");
    }
    assert_guard(&plan(&request, &actual), Guard::Promotions, 1, 0, false);
}

#[test]
fn enabling_trips_beyond_a_twentieth() {
    let disabled = |number: usize| {
        let (request, mut actual) = matching(100);
        for at in 0..number {
            account(&mut actual, &format!("p{at:04}@example.com")).disabled = true;
        }
        plan(&request, &actual)
    };
    assert_guard(&disabled(4), Guard::ReEnablements, 4, 4, false);
    assert_guard(&disabled(5), Guard::ReEnablements, 4, 5, true);
}

#[test]
fn changed_fields_trip_beyond_a_quarter() {
    type Change = fn(&mut SyncRequest, usize);
    let changes: [Change; 3] = [
        |request, at| request.roster[at].fields.user_type = Some(UserType::EndUser),
        |request, at| request.roster[at].fields.first_name = Some("Byron".into()),
        |request, at| request.roster[at].fields.profile_photo_url = Some("https://x.y/z".into()),
    ];
    for change in changes {
        let (mut request, actual) = matching(180);
        (0..45).for_each(|at| change(&mut request, at));
        assert_guard(&plan(&request, &actual), Guard::Updates, 45, 45, false);
        (45..180).for_each(|at| change(&mut request, at));
        assert_guard(&plan(&request, &actual), Guard::Updates, 45, 180, true);
    }
}

#[test]
fn additions_to_one_group_trip_beyond_half_of_its_members() {
    let joining = |members: usize, joining: usize| {
        let (mut request, _) = matching(200);
        request.policy.memberships = MembershipPolicy::Add;
        request.policy.managed_groups = named(&["Sales"]);
        for desired in &mut request.roster[..members] {
            desired.groups = named(&["Sales"]);
        }
        let actual = fulfilled(&request);
        for desired in &mut request.roster[members..members + joining] {
            desired.groups = named(&["Sales"]);
        }
        plan(&request, &actual)
    };
    assert_guard(&joining(100, 50), Guard::MemberAdditions, 50, 50, false);
    let beyond = joining(100, 51);
    assert_guard(&beyond, Guard::MemberAdditions, 50, 51, true);
    assert_eq!(report(&beyond, Guard::MemberAdditions).subject.as_deref(), Some("Sales"));
    assert_guard(&joining(1, 26), Guard::MemberAdditions, 25, 26, true);
}

/// Nobody has granted a new group any rights yet.
#[test]
fn a_group_that_the_plan_creates_may_have_any_number_of_members() {
    let (mut request, actual) = matching(100);
    for desired in &mut request.roster {
        desired.groups = named(&["New"]);
    }
    let plan = plan(&request, &actual);
    assert!(plan.guards.iter().all(|report| report.guard != Guard::MemberAdditions));
    assert_eq!(plan.steps.len(), 101);
}

/// The limit on creations counts the people, so an import trips no other guard.
#[test]
fn a_first_import_into_existing_groups_trips_the_limit_on_creations_alone() {
    let (mut request, _) = matching(501);
    request.policy.memberships = MembershipPolicy::Add;
    request.policy.managed_groups = named(&["Sales"]);
    let all = core::mem::take(&mut request.roster);
    request.roster = all[..1].to_vec();
    let actual = fulfilled(&request);
    request.roster = all;
    for desired in &mut request.roster[1..] {
        desired.groups = named(&["Sales"]);
    }
    let tripped: Vec<Guard> =
        plan(&request, &actual).tripped().map(|report| report.guard).collect();
    assert_eq!(tripped, [Guard::Creations]);
    request.policy.guards.creations.floor = 500;
    assert!(plan(&request, &actual).tripped().next().is_none());
}

/// 100 groups of three members. Each group loses no more than its floor.
#[test]
fn memberships_removed_from_many_small_groups_add_up() {
    let names: Vec<String> = (0..100).map(|at| format!("Team {at}")).collect();
    let (mut request, _) = matching(300);
    for (at, desired) in request.roster.iter_mut().enumerate() {
        desired.groups = named(&[&names[at % 100]]);
    }
    request.policy.managed_groups = named(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let actual = fulfilled(&request);
    let with_removed = |removed: usize| {
        let mut request = request.clone();
        for desired in &mut request.roster[..removed] {
            desired.groups.clear();
        }
        plan(&request, &actual)
    };
    assert_guard(&with_removed(30), Guard::MembershipRemovals, 30, 30, false);
    assert_guard(&with_removed(31), Guard::MembershipRemovals, 30, 31, true);
    assert_guard(&with_removed(300), Guard::MembershipRemovals, 30, 300, true);
}

#[test]
fn open_invitations_do_not_raise_the_limit_on_removals() {
    let (request, mut actual) = leavers(100, 5, AbsentPolicy::Disable);
    for at in 0..95 {
        let mut invited = crate::testing::plan::user(&format!("i{at:04}@example.com"));
        invited.invited = Some(true);
        // Outside the span, so that the plan does not withdraw it.
        invited.email = crate::testing::plan::email(&format!("z{at:04}@example.com"));
        actual.users.push(invited);
    }
    let mut request = request;
    request.span.before = Some("z".into());
    assert_guard(&plan(&request, &actual), Guard::UserRemovals, 5, 5, false);
    request.span.before = None;
    request.roster.extend((0..95).map(|at| desired(&format!("z{at:04}@example.com"), &[])));
    assert_guard(&plan(&request, &actual), Guard::UserRemovals, 5, 5, false);
}

/// The last administrators can lose their rights through the group, whatever the dialect.
#[test]
fn administrators_who_leave_the_administrators_group_are_removed() {
    for dialect in Dialect::ALL {
        let (mut request, mut actual) = matching(5);
        actual.dialect = dialect;
        request.policy.guards = GuardLimits {
            required_admins: vec![request.roster[1].email.clone().into()],
            ..GuardLimits::default()
        };
        for desired in &mut request.roster {
            desired.fields.user_type = None;
        }
        for at in 0..3 {
            let admin = account(&mut actual, &format!("p{at:04}@example.com"));
            // The field follows from the group where there is one.
            admin.admin = dialect.capabilities().reports_admins;
            join(admin, "admin");
        }
        actual.groups.push(crate::testing::plan::group("admin"));
        request.roster[0].groups = named(&["admin"]);
        let plan = plan(&request, &actual);
        assert_guard(&plan, Guard::MinimumAdmins, 2, 1, true);
        assert_guard(&plan, Guard::RequiredAdmins, 1, 0, true);
        assert!(plan.withheld.iter().any(|step| step.group == Some(group_id("admin"))));
    }
}
