use alloc::vec::Vec;

use crate::domain::{Dialect, GroupRef, UserRef};
use crate::sync::{RefusalReason, Snapshot, StepKind, SyncRequest};
use crate::testing::plan::{account, email, fulfilled, group_id, model, plan, try_plan};

/// Over `/api/v2`, Ada administers Engineering, and the roster says what becomes of it.
fn request(administers: bool) -> (SyncRequest, Snapshot) {
    let mut request = model();
    let mut actual = fulfilled(&request);
    actual.dialect = Dialect::V2;
    for user in &mut actual.users {
        user.id.dialect = Dialect::V2;
    }
    let group = GroupRef::Name("Engineering".into());
    let ada = { request.roster.iter_mut() }.find(|one| one.email == email("ada@example.com"));
    let ada = ada.expect("Ada");
    assert!(ada.groups.iter().any(|one| **one == group));
    ada.details.group_admins.insert(group, administers);
    for link in account(&mut actual, "ada@example.com").groups.iter_mut().flatten() {
        link.group_admin = Some(link.id == group_id("Engineering"));
    }
    (request, actual)
}

#[test]
fn the_administration_of_a_group_is_kept_unless_the_roster_says_otherwise() {
    let (request, actual) = request(true);
    assert_eq!(plan(&request, &actual).steps, []);
    let mut silent = request.clone();
    silent.roster.iter_mut().for_each(|one| one.details.group_admins.clear());
    assert_eq!(plan(&silent, &actual).steps, []);
}

#[test]
fn the_administration_of_a_group_is_taken_by_a_step_of_its_own() {
    let (request, actual) = request(false);
    let made = plan(&request, &actual);
    let [step] = &made.steps[..] else { panic!("{:?}", made.steps) };
    assert_eq!((step.kind, step.group_admin), (StepKind::ChangeMember, Some(false)));
    assert_eq!(step.group, Some(group_id("Engineering")));
    let kept = self::request(true);
    assert_ne!(made.inputs_digest, plan(&kept.0, &kept.1).inputs_digest);
}

#[test]
fn a_protected_person_keeps_the_administration_of_a_group() {
    let (mut request, actual) = request(false);
    request.policy.guards.protected_people = Vec::from([UserRef::Email(email("ada@example.com"))]);
    let made = plan(&request, &actual);
    assert_eq!(made.steps, []);
    let [refusal] = &made.refusals[..] else { panic!("{:?}", made.refusals) };
    assert_eq!(refusal.reason, RefusalReason::ProtectedPerson);
    assert!(refusal.message.contains("the administration of \"Engineering\""));
}

#[test]
fn a_dialect_without_it_says_so_and_plans_nothing() {
    let (request, mut actual) = request(false);
    actual.dialect = Dialect::V1;
    for user in &mut actual.users {
        user.id.dialect = Dialect::V1;
    }
    let made = try_plan(&request, &actual).expect("a plan");
    assert_eq!(made.steps, []);
    assert!(made.limitations.iter().any(|text| text.contains("`group-admin`")));
}
