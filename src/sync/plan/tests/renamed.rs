//! People whose addresses change.

use crate::domain::{Dialect, UserId, UserRef};
use crate::error::Code;
use crate::sync::{
    AbsentPolicy, DesiredUser, Guard, Limit, RefusalReason, Snapshot, Span, Step, StepKind,
    SyncRequest,
};
use crate::testing::plan::{
    account, apply, desired, email, fulfilled, lines, model, plan, text, try_plan, user, user_id,
    with_details,
};

const OLD: &str = "ada.byron@example.com";
const NEW: &str = "ada.king@example.com";

/// An entry with a former address.
fn moved() -> DesiredUser {
    with_details(desired(NEW, &["Engineering"]), |it| it.former_emails = [email(OLD)].into())
}

/// A roster with a person under a new address, and an organisation that has the old one.
fn organisation() -> (SyncRequest, Snapshot) {
    let mut request = model();
    let mut actual = fulfilled(&request);
    request.roster.push(moved());
    actual.users.push(user(OLD));
    (request, actual)
}

fn refused(request: &SyncRequest, actual: &Snapshot) -> (RefusalReason, String) {
    let made = plan(request, actual);
    assert!(made.steps.is_empty() && made.withheld.is_empty(), "{}", text(&made));
    let [refusal] = &made.refusals[..] else { panic!("{}", text(&made)) };
    (refusal.reason, refusal.message.clone())
}

#[test]
fn an_account_with_a_former_address_gets_the_present_one_and_keeps_its_id() {
    let (request, actual) = organisation();
    let made = plan(&request, &actual);
    assert_eq!(
        lines(&made.steps),
        [
            "rename-user ada.king@example.com email:ada.byron@example.com>ada.king@example.com",
            "add-member ada.king@example.com [Engineering]",
        ]
    );
    assert!(made.steps.iter().all(|step| step.user == Some(user_id(OLD))));
    assert_eq!(made.tombstones, []);
    let after = apply(&actual, &made.steps);
    assert!(plan(&request, &after).steps.is_empty());
    assert_eq!(after.users.len(), actual.users.len());
}

#[test]
fn a_renaming_is_one_step_with_all_changes_of_the_account() {
    let (mut request, mut actual) = organisation();
    request.roster[3].fields.last_name = Some("King".into());
    account(&mut actual, OLD).disabled = true;
    let made = plan(&request, &actual);
    assert_eq!(
        lines(&made.steps[..1]),
        ["rename-user ada.king@example.com email:ada.byron@example.com>ada.king@example.com \
          last-name:->King disabled:true>false"]
    );
    assert!(plan(&request, &apply(&actual, &made.steps)).steps.is_empty());
    // It counts as an update and as an enabling.
    request.policy.guards.re_enablements = Limit::new(0, 0);
    let tripped = plan(&request, &actual);
    assert!(tripped.tripped().any(|report| report.guard == Guard::ReEnablements));
    request.policy.guards.re_enablements = Limit::new(100, 9);
    request.policy.guards.updates = Limit::new(0, 0);
    assert!(plan(&request, &actual).tripped().any(|report| report.guard == Guard::Updates));
}

/// Naming former addresses asks for it.
#[test]
fn a_policy_without_updates_renames_and_sets_no_other_field() {
    let (mut request, actual) = organisation();
    request.policy.update_existing = false;
    request.roster[3].fields.last_name = Some("King".into());
    assert_eq!(
        lines(&plan(&request, &actual).steps[..1]),
        ["rename-user ada.king@example.com email:ada.byron@example.com>ada.king@example.com"]
    );
}

#[test]
fn once_renamed_a_former_address_changes_nothing() {
    let (mut request, mut actual) = organisation();
    account(&mut actual, OLD).email = email(NEW);
    request.roster[3].groups.clear();
    let made = plan(&request, &actual);
    assert!(made.steps.is_empty() && made.refusals.is_empty(), "{}", text(&made));
    assert!(made.unchanged.contains(&email(NEW)));
}

#[test]
fn a_former_address_that_no_account_has_is_a_new_person() {
    let (request, mut actual) = organisation();
    actual.users.retain(|user| user.email != email(OLD));
    assert_eq!(plan(&request, &actual).steps[0].kind, StepKind::CreateUser);
    actual.complete = false;
    assert_eq!(refused(&request, &actual).0, RefusalReason::ListingIncomplete);
}

#[test]
fn accounts_under_both_addresses_are_refused_with_their_ids() {
    let (request, mut actual) = organisation();
    actual.users.push(user(NEW));
    let (reason, message) = refused(&request, &actual);
    assert_eq!(reason, RefusalReason::AmbiguousUser);
    for address in [OLD, NEW] {
        assert!(message.contains(&user_id(address).value), "{message}");
    }
    // Under two former addresses.
    let (mut request, mut actual) = organisation();
    request.roster[3].details.former_emails.push(email("ada@old.example"));
    actual.users.push(user("ada@old.example"));
    assert_eq!(refused(&request, &actual).0, RefusalReason::AmbiguousUser);
}

/// One of the two people may have got the address of the other.
#[test]
fn an_account_that_two_entries_claim_is_nobodys() {
    let (mut request, actual) = organisation();
    request.roster.push(desired(OLD, &[]));
    let made = plan(&request, &actual);
    assert!(made.steps.is_empty(), "{}", text(&made));
    let reasons: Vec<_> = made.refusals.iter().map(|it| (it.email.as_str(), it.reason)).collect();
    let ambiguous = RefusalReason::AmbiguousUser;
    assert_eq!(reasons, [(OLD, ambiguous), (NEW, ambiguous)]);
    // Both by a former address.
    request.roster.pop();
    let other = DesiredUser { email: email("other@example.com"), ..moved() };
    request.roster.push(other);
    let made = plan(&request, &actual);
    assert!(made.steps.is_empty(), "{}", text(&made));
    assert!(made.refusals.iter().all(|it| it.reason == ambiguous));
    assert_eq!(made.refusals.len(), 2);
}

/// One of them has an account already, and the other none.
#[test]
fn a_former_address_of_two_people_is_nobodys() {
    let (mut request, mut actual) = organisation();
    request.roster[0].details.former_emails.push(email(OLD));
    actual.users[0].groups = Some(Vec::new());
    let made = plan(&request, &actual);
    assert!(made.steps.is_empty(), "{}", text(&made));
    let refused: Vec<&str> = made.refusals.iter().map(|it| it.email.as_str()).collect();
    assert_eq!(refused, [NEW, "ada@example.com"]);
}

/// A new colleague got an address that somebody had long ago.
#[test]
fn a_former_address_that_is_another_persons_by_now_is_theirs() {
    let (mut request, mut actual) = organisation();
    account(&mut actual, OLD).groups = Some(Vec::new());
    actual.users.push(user(NEW));
    request.roster[3].groups.clear();
    request.roster.push(desired(OLD, &[]));
    let made = plan(&request, &actual);
    assert!(made.steps.is_empty() && made.refusals.is_empty(), "{}", text(&made));
}

#[test]
fn a_dialect_that_can_not_rename_neither_creates_nor_removes() {
    let (mut request, mut actual) = organisation();
    actual.dialect = Dialect::V2;
    request.roster.iter_mut().for_each(|desired| desired.fields.admin = None);
    request.roster[1].fields.user_type = None;
    let (reason, message) = refused(&request, &actual);
    assert_eq!(reason, RefusalReason::OperationUnsupported);
    assert!(message.contains(OLD) && message.contains(NEW), "{message}");
    let limitations = plan(&request, &actual).limitations;
    assert!(limitations.iter().any(|text| text.contains("change addresses")), "{limitations:?}");
}

#[test]
fn an_entry_by_id_gives_the_account_another_address() {
    let (mut request, actual) = organisation();
    let by = Some(UserRef::Id(user_id(OLD)));
    request.roster[3] = with_details(desired(NEW, &[]), |it| it.by = by);
    assert_eq!(
        lines(&plan(&request, &actual).steps),
        ["rename-user ada.king@example.com email:ada.byron@example.com>ada.king@example.com"]
    );
    let mut taken = actual.clone();
    taken.users.push(user(NEW));
    let (reason, message) = refused(&request, &taken);
    assert_eq!(reason, RefusalReason::AmbiguousUser);
    assert!(message.contains(&user_id(NEW).value), "{message}");
}

/// The part of a roster that covers the old address would take the person for absent.
#[test]
fn an_account_outside_the_span_is_not_renamed() {
    let (mut request, actual) = organisation();
    request.roster.retain(|desired| desired.email == email(NEW));
    request.span = Span { start: Some("ada.c".into()), before: None };
    let error = try_plan(&request, &actual).expect_err("outside");
    assert_eq!(error.code, Code::OutsideSpan);
    assert_eq!(error.field.as_deref(), Some("request.roster[0].former-emails"));
}

#[test]
fn people_are_protected_and_required_by_either_address() {
    for address in [OLD, NEW] {
        let (mut request, mut actual) = organisation();
        let ada = account(&mut actual, OLD);
        ada.admin = true;
        crate::testing::plan::join(ada, "Support");
        request.roster[3].fields.admin = Some(false);
        request.policy.guards.protected_people = [UserRef::Email(email(address))].into();
        request.policy.guards.required_admins = [UserRef::Email(email(address))].into();
        let made = plan(&request, &actual);
        assert!(made.tripped().next().is_none(), "{}", text(&made));
        let kinds: Vec<StepKind> = made.steps.iter().map(|step| step.kind).collect();
        assert_eq!(kinds, [StepKind::RenameUser, StepKind::AddMember], "{}", text(&made));
        let kept = &made.refusals[0];
        assert_eq!((kept.email.as_str(), kept.reason), (NEW, RefusalReason::ProtectedPerson));
    }
}

/// `restore` looks for the account under the address that it has by then.
#[test]
fn a_tombstone_has_the_new_address() {
    let (mut request, mut actual) = organisation();
    crate::testing::plan::join(account(&mut actual, OLD), "Support");
    request.policy.absent = AbsentPolicy::Keep;
    let made = plan(&request, &actual);
    let [tombstone] = &made.tombstones[..] else { panic!("{}", text(&made)) };
    assert_eq!((&tombstone.user.email, &tombstone.user.id), (&email(NEW), &user_id(OLD)));
}

#[test]
fn the_digests_cover_former_addresses_in_any_order() {
    let (mut request, actual) = organisation();
    request.roster[3].details.former_emails.push(email("x@example.com"));
    let both = plan(&request, &actual);
    request.roster[3].details.former_emails.reverse();
    assert_eq!(plan(&request, &actual).digest, both.digest);
    request.roster[3].details.former_emails.retain(|address| *address == email(OLD));
    assert_ne!(plan(&request, &actual).inputs_digest, both.inputs_digest);
}

/// A step from outside must be one that a plan makes.
#[test]
fn a_step_that_renames_needs_both_addresses_and_the_id() {
    let (request, actual) = organisation();
    let step = plan(&request, &actual).steps.swap_remove(0);
    let check = |step: &Step| crate::sync::step::check(step, Dialect::V1).map_err(|e| e.code);
    assert_eq!(check(&step), Ok(()));
    let altered: [fn(&mut Step); 7] = [
        |step| step.user = None,
        |step| step.changes.clear(),
        |step| step.changes[0].before = None,
        |step| step.changes[0].before = step.changes[0].after.clone(),
        |step| step.email = Some(email("other@example.com")),
        |step| step.kind = StepKind::UpdateUser,
        |step| step.changes.push(step.changes[0].clone()),
    ];
    for (at, alter) in altered.into_iter().enumerate() {
        let mut other = step.clone();
        alter(&mut other);
        assert_eq!(check(&other), Err(Code::StepInvalid), "{at}");
    }
    let v2 = UserId { dialect: Dialect::V2, value: "7".into() };
    let on_v2 = Step { user: Some(v2), ..step.clone() };
    let checked = crate::sync::step::check(&on_v2, Dialect::V2);
    assert_eq!(checked.map_err(|error| error.code), Err(Code::StepInvalid));
}
