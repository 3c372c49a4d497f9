//! People who are invited instead of given an account, and invitations that are withdrawn.

use expect_test::expect;

use super::refusals;
use crate::domain::{Dialect, UserId, WayIn};
use crate::sync::{AbsentPolicy, Guard, RefusalReason, Snapshot, SyncRequest};
use crate::testing::plan::{desired, fulfilled, group, group_id, model, named, plan, text, user};

/// A roster with somebody who is missing and should be invited, over a dialect.
fn inviting(dialect: Dialect) -> (SyncRequest, Snapshot) {
    let mut request = model();
    let mut actual = fulfilled(&request);
    actual.dialect = dialect;
    for desired in &mut request.roster {
        desired.fields = crate::domain::UserPatch::default();
    }
    let mut new = desired("new@example.com", &["Support", "Legal"]);
    new.fields.first_name = Some("New".into());
    new.details.way_in = Some(WayIn::Invitation);
    request.roster.push(new);
    (request, actual)
}

#[test]
fn a_missing_person_is_invited_and_holds_no_seat() {
    let (request, actual) = inviting(Dialect::V2);
    expect![[r#"
        create-group [Legal]
        invite-user new@example.com
        add-member new@example.com [Legal]
        add-member new@example.com [Support]
        unchanged: ada@example.com
        unchanged: grace@example.com
        unchanged: joan@example.com
        limitation: This API does not delete users for good: users to be deleted are disabled.
        limitation: An invitation has no names, user type or other fields: those of 1 people who are invited are not set. A sync sets them once the invitation is accepted.
    "#]]
    .assert_eq(&text(&plan(&request, &actual)));
}

#[test]
fn a_creation_over_v1_is_the_invitation_and_scim_refuses_it() {
    let (request, actual) = inviting(Dialect::V1);
    let planned = plan(&request, &actual);
    assert_eq!(planned.steps[1].kind.as_str(), "create-user");
    let (request, actual) = inviting(Dialect::Scim);
    let planned = plan(&request, &actual);
    assert_eq!(refusals(&planned), [("new@example.com", RefusalReason::OperationUnsupported)]);
    assert!(planned.limitations.iter().any(|text| text.contains("no invitations")));
}

#[test]
fn an_invited_person_is_no_enabled_administrator() {
    let (mut request, mut actual) = inviting(Dialect::V2);
    actual.groups.push(group("admin"));
    request.roster[3].groups = named(&["admin"]);
    request.policy.guards.required_admins = vec![request.roster[3].email.clone().into()];
    let planned = plan(&request, &actual);
    let tripped: Vec<Guard> = planned.tripped().map(|report| report.guard).collect();
    assert_eq!(tripped, [Guard::RequiredAdmins]);
    assert_eq!(planned.withheld[1].group, Some(group_id("admin")));
}

#[test]
fn open_invitations_go_with_an_absent_account_and_each_person_counts_once() {
    let mut request = model();
    let mut actual = fulfilled(&request);
    actual.dialect = Dialect::V2;
    let invitation = |address: &str, number: u32| {
        let mut invitation = user(address);
        let value = format!("invite-{number}");
        invitation.id = UserId { dialect: Dialect::V2, value };
        invitation.invited = Some(true);
        invitation
    };
    actual.users.push(user("old@example.com"));
    let mut gone = user("gone@example.com");
    gone.disabled = true;
    actual.users.push(gone);
    actual.users.push(invitation("pending@example.com", 9));
    actual.invitations = vec![
        invitation("pending@example.com", 3),
        invitation("old@example.com", 2),
        invitation("old@example.com", 1),
        invitation("gone@example.com", 4),
        invitation("ada@example.com", 5),
    ];
    request.policy.absent = AbsentPolicy::Disable;
    let planned = plan(&request, &actual);
    expect![[r#"
        disable-user old@example.com disabled:false>true
        cancel-invitation gone@example.com
        cancel-invitation old@example.com
        cancel-invitation old@example.com
        cancel-invitation pending@example.com
        cancel-invitation pending@example.com
        unchanged: ada@example.com
        unchanged: grace@example.com
        unchanged: joan@example.com
        limitation: This API can't make a user an administrator: `admin` on the roster is neither compared nor set.
        seats: default 3 +0 -1
    "#]]
    .assert_eq(&text(&planned));
    let records: Vec<&str> =
        planned.tombstones.iter().map(|one| one.user.id.value.as_str()).collect();
    assert_eq!(records, ["id-of-old@example.com", "invite-9"]);
    let removals = planned.guards.iter().find(|report| report.guard == Guard::UserRemovals);
    assert_eq!(removals.map(|report| report.actual), Some(3), "each person once");
}
