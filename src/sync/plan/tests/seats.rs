use crate::domain::UserType;
use crate::sync::{AbsentPolicy, Plan};
use crate::testing::plan::{account, desired, fulfilled, model, plan, user};

fn rows(plan: &Plan) -> Vec<(UserType, u32, u32)> {
    plan.seats.iter().map(|row| (row.user_type, row.added, row.removed)).collect()
}

#[test]
fn new_and_enabled_people_take_seats_and_disabled_and_deleted_ones_free_them() {
    let mut request = model();
    let mut actual = fulfilled(&request);
    request.roster.push(desired("new@example.com", &[]));
    account(&mut actual, "grace@example.com").disabled = true;
    let mut old = user("old@example.com");
    old.user_type = Some(UserType::EndUser);
    actual.users.push(old);
    // A disabled user holds no seat, so deleting the account frees none.
    let mut gone = user("gone@example.com");
    gone.disabled = true;
    actual.users.push(gone);
    let mut unlisted = user("unlisted@example.com");
    unlisted.user_type = None;
    actual.users.push(unlisted);
    for absent in [AbsentPolicy::Disable, AbsentPolicy::Delete] {
        request.policy.absent = absent;
        assert_eq!(
            rows(&plan(&request, &actual)),
            [(UserType::Default, 1, 1), (UserType::EndUser, 1, 1)],
            "{absent:?}"
        );
    }
}

#[test]
fn a_change_of_type_frees_one_seat_and_takes_another() {
    let request = model();
    let mut actual = fulfilled(&request);
    account(&mut actual, "grace@example.com").user_type = Some(UserType::Unrecognized);
    assert_eq!(
        rows(&plan(&request, &actual)),
        [(UserType::EndUser, 1, 0), (UserType::Unrecognized, 0, 1)]
    );
}

#[test]
fn a_user_enabled_with_another_type_takes_only_the_new_seat() {
    let request = model();
    let mut actual = fulfilled(&request);
    let grace = account(&mut actual, "grace@example.com");
    grace.disabled = true;
    grace.user_type = Some(UserType::Default);
    assert_eq!(rows(&plan(&request, &actual)), [(UserType::EndUser, 1, 0)]);
}

#[test]
fn a_type_the_server_did_not_say_counts_as_default() {
    let request = model();
    let mut actual = fulfilled(&request);
    account(&mut actual, "joan@example.com").user_type = None;
    let plan = plan(&request, &actual);
    assert_eq!(plan.steps.len(), 1);
    assert_eq!(rows(&plan), []);
}

#[test]
fn other_changes_cost_nothing() {
    let request = model();
    let mut actual = fulfilled(&request);
    account(&mut actual, "grace@example.com").first_name = None;
    let plan = plan(&request, &actual);
    assert_eq!(plan.steps.len(), 1);
    assert_eq!(rows(&plan), []);
}
