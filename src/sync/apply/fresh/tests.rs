use std::vec::Vec;

use super::*;
use crate::domain::{Dialect, UserPatch};
use crate::sync::{Plan, SyncRequest, digest};
use crate::testing::plan::{
    account, desired, email, fulfilled, group, group_id, join, model, named, plan, user,
};

fn judged(snapshot: &Snapshot, steps: &[Step]) -> Vec<Judged> {
    let fresh = Fresh::new(snapshot, snapshot.dialect.capabilities(), steps);
    steps.iter().map(|step| fresh.judge_listed(step).expect("no failure")).collect()
}

fn stale(judged: &Judged) -> &str {
    match judged {
        Judged::Stale(how) => how,
        other => panic!("{other:?}"),
    }
}

/// A plan with steps of every kind, and the organisation that it was made from.
fn planned() -> (Plan, Snapshot) {
    let mut request: SyncRequest = model();
    let mut actual = fulfilled(&request);
    request.roster.push(desired("new@example.com", &["Engineering", "Legal"]));
    request.roster[2].fields.last_name = Some("New".into());
    request.roster[1].groups = named(&["Support"]);
    actual.users.push(user("old@example.com"));
    let mut disabled = user("back@example.com");
    disabled.disabled = true;
    actual.users.push(disabled);
    request.roster.push(desired("back@example.com", &[]));
    (plan(&request, &actual), actual)
}

/// Makes the changes of a step to the snapshot.
fn applied(actual: &mut Snapshot, step: &Step) {
    let address = step.email.as_ref().map(|email| email.as_str().to_string()).unwrap_or_default();
    let name = step.group_name.clone().unwrap_or_default();
    match step.kind {
        StepKind::CreateGroup => actual.groups.push(group(&name)),
        StepKind::CreateUser | StepKind::InviteUser => actual.users.push(user(&address)),
        StepKind::RenameUser => {
            let id = step.user.as_ref();
            let renamed = actual.users.iter_mut().find(|user| Some(&user.id) == id);
            renamed.expect("an account").email = step.email.clone().expect("an address");
        }
        StepKind::EnableUser => account(actual, &address).disabled = false,
        StepKind::UpdateUser => account(actual, &address).last_name = Some("New".into()),
        StepKind::ChangeAttributes => panic!("the plan names no attributes"),
        StepKind::AddMember => join(account(actual, &address), &name),
        StepKind::ChangeMember => panic!("the plan changes no administrator of a group"),
        StepKind::RemoveMember => {
            let groups = account(actual, &address).groups.as_mut().expect("groups");
            groups.retain(|link| link.id != group_id(&name));
        }
        StepKind::DisableUser => account(actual, &address).disabled = true,
        StepKind::DeleteUser | StepKind::CancelInvitation => {
            actual.users.retain(|user| user.email.as_str() != address)
        }
    }
}

#[test]
fn steps_of_an_unchanged_organisation_are_applied() {
    let (plan, actual) = planned();
    let kinds: BTreeSet<&str> = plan.steps.iter().map(|step| step.kind.as_str()).collect();
    assert_eq!(kinds.len(), 7, "{kinds:?}");
    for judged in judged(&actual, &plan.steps) {
        assert_eq!(judged, Judged::Apply);
    }
}

/// Every prefix of the plan was applied, and the call is repeated from any step.
#[test]
fn steps_that_hold_are_not_applied_again() {
    let (plan, mut actual) = planned();
    for applied_steps in 1..=plan.steps.len() {
        applied(&mut actual, &plan.steps[applied_steps - 1]);
        for first in 0..=applied_steps {
            let slice = &plan.steps[first..];
            for (index, (judged, step)) in judged(&actual, slice).iter().zip(slice).enumerate() {
                let rereads = matches!(step.kind, StepKind::CreateGroup | StepKind::DeleteUser);
                let expected = match first + index < applied_steps && !rereads {
                    true => Judged::Holds,
                    false => Judged::Apply,
                };
                assert_eq!(*judged, expected, "{} {step:?}", plan.steps.len());
            }
        }
    }
}

#[test]
fn memberships_wait_for_the_steps_that_create_their_user_and_group() {
    let (plan, mut actual) = planned();
    let additions: Vec<Step> = { plan.steps.iter() }
        .filter(|step| step.kind == StepKind::AddMember && step.user.is_none())
        .cloned()
        .collect();
    assert_eq!(additions.len(), 2);
    for judged in judged(&actual, &additions) {
        let Judged::NotBegun(why) = judged else { panic!("{judged:?}") };
        assert!(why.contains("account new@example.com"), "{why}");
    }
    actual.users.push(user("new@example.com"));
    let [engineering, legal] = &judged(&actual, &additions)[..] else { panic!("two") };
    assert_eq!(*engineering, Judged::Apply);
    let Judged::NotBegun(why) = legal else { panic!("{legal:?}") };
    assert!(why.contains("group Legal"), "{why}");
}

#[test]
fn edits_since_the_plan_make_steps_stale() {
    let (plan, actual) = planned();
    type Edit = fn(&mut Snapshot);
    let cases: [(StepKind, Edit, &str); 10] = [
        (
            StepKind::CreateUser,
            |s| {
                s.users.push(user("new@example.com"));
                account(s, "new@example.com").disabled = true;
            },
            "with other fields",
        ),
        (
            StepKind::CreateUser,
            |s| {
                s.users.push(user("new@example.com"));
                let mut second = user("NEW@example.com");
                second.id.value.push('2');
                s.users.push(second);
            },
            "Several users",
        ),
        (StepKind::EnableUser, |s| account(s, "back@example.com").admin = true, "changed"),
        (
            StepKind::UpdateUser,
            |s| account(s, "joan@example.com").first_name = Some("Jo".into()),
            "changed",
        ),
        (
            StepKind::UpdateUser,
            |s| account(s, "joan@example.com").email = email("jo@example.com"),
            "another address",
        ),
        (StepKind::DeleteUser, |s| account(s, "old@example.com").admin = true, "changed"),
        (
            StepKind::AddMember,
            |s| account(s, "grace@example.com").email = email("g@example.com"),
            "another address",
        ),
        (StepKind::AddMember, |s| s.groups.retain(|one| one.name != "Support"), "gone"),
        (
            StepKind::RemoveMember,
            |s| s.groups.iter_mut().for_each(|one| one.name.push_str(" (old)")),
            "another name",
        ),
        (
            StepKind::RemoveMember,
            |s| account(s, "grace@example.com").email = email("g@example.com"),
            "another address",
        ),
    ];
    for (number, (kind, edit, how)) in cases.into_iter().enumerate() {
        let mut edited = actual.clone();
        edit(&mut edited);
        let of_kind = |step: &&Step| {
            step.kind == kind && (step.user.is_some() || kind == StepKind::CreateUser)
        };
        let steps: Vec<Step> = plan.steps.iter().filter(of_kind).cloned().collect();
        let judged = judged(&edited, &steps);
        assert!(stale(&judged[0]).contains(how), "case {number}: {judged:?}");
    }
}

/// The group is created by the same slice, so only the account can be compared.
#[test]
fn a_missing_account_that_joins_a_new_group_is_read() {
    let mut request = model();
    let mut actual = fulfilled(&request);
    request.roster[2].groups = named(&["Legal"]);
    let plan = plan(&request, &actual);
    let kinds: Vec<StepKind> = plan.steps.iter().map(|step| step.kind).collect();
    assert_eq!(kinds, [StepKind::CreateGroup, StepKind::AddMember]);
    actual.users.retain(|user| user.email != email("joan@example.com"));
    let judged = judged(&actual, &plan.steps);
    assert!(matches!(judged[1], Judged::Read(_, None)), "{judged:?}");
}

/// An account that the listing lacks may exist: it is read.
#[test]
fn a_missing_account_is_read_and_not_taken_for_gone() {
    let (plan, actual) = planned();
    let mut short = actual.clone();
    short.users.clear();
    for (judged, step) in judged(&short, &plan.steps).iter().zip(&plan.steps) {
        match (step.kind, &step.user) {
            (StepKind::AddMember | StepKind::RemoveMember, Some(id)) => {
                assert!(matches!(judged, Judged::Read(read, _) if read == id), "{judged:?}");
            }
            _ => assert_eq!(*judged, Judged::Apply, "{step:?}"),
        }
    }
}

/// Over SCIM, the record of a user may lack a membership that the group has.
#[test]
fn a_removed_membership_is_looked_up_in_the_group_too() {
    let (plan, mut actual) = planned();
    let removal = plan.steps.iter().find(|step| step.kind == StepKind::RemoveMember);
    let removal = removal.expect("a removal");
    applied(&mut actual, removal);
    for dialect in [Dialect::V1, Dialect::Scim] {
        let steps = [removal.clone()];
        let fresh = Fresh::new(&actual, dialect.capabilities(), &steps);
        let judged = fresh.judge_listed(removal).expect("no failure");
        let asks = matches!(judged, Judged::AskGroup(..));
        assert_eq!(asks, dialect.capabilities().groups_may_lack_members);
        assert!(asks || judged == Judged::Holds);
    }
}

#[test]
fn a_disabled_user_is_read_again_so_that_the_sessions_end() {
    let mut old = user("old@example.com");
    let disable = UserPatch { disabled: Some(true), ..UserPatch::default() };
    let step = Step {
        kind: StepKind::DisableUser,
        email: Some(old.email.clone()),
        user: Some(old.id.clone()),
        group_name: None,
        group: None,
        group_admin: None,
        changes: disable.differences(&old),
        precondition: digest::user_state(&old),
    };
    let mut actual = fulfilled(&model());
    old.disabled = true;
    actual.users.push(old);
    assert_eq!(judged(&actual, &[step]), [Judged::Apply]);
}

/// An earlier slice found another account where it had to create one. Applied whole, the plan would
/// leave the person alone too.
#[test]
fn a_stale_creation_stops_the_memberships_in_later_slices() {
    let (plan, mut actual) = planned();
    let is_new = |step: &&Step| step.email == Some(email("new@example.com"));
    let first = plan.steps.iter().position(|step| step.kind == StepKind::AddMember).expect("one");
    let mut found = user("new@example.com");
    actual.users.push(found.clone());
    let join = plan.steps[first..].iter().find(is_new).expect("a membership").clone();
    let judge = |actual: &Snapshot| {
        let steps = [join.clone()];
        let fresh = Fresh::new(actual, actual.dialect.capabilities(), &steps);
        let judged = fresh.after(&plan.steps[..first]).judge_listed(&steps[0]);
        format!("{:?}", judged.expect("no failure"))
    };
    assert!(!judge(&actual).starts_with("Stale"), "{}", judge(&actual));
    found.disabled = true;
    actual.users.pop();
    actual.users.push(found);
    assert!(judge(&actual).starts_with("Stale"), "{}", judge(&actual));
}
