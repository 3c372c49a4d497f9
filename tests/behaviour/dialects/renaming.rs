//! People whose addresses change: the account keeps its id, memberships and fields. `/api/v2` can't
//! change addresses, and leaves these people alone.

use host_test::requests::apply_plan;
use host_test::retool::lifecycle::{DeprovisionMode, ProvisionOutcome, ProvisionRequest};
use host_test::retool::synchronization::{
    AbsentPolicy, PersonOutcome, RosterEntry, StepKind, StepOutcome, SyncRequest,
};
use host_test::retool::types::{Dialect, UserRef};
use mock_retool::{Fault, FaultKind, Group, Organisation, User};

use crate::support::acme::{ADA, GRACE, JOAN, KEN, NEW, timeless, written};
use crate::support::dialects::{known, text};
use crate::support::{
    World, departure, done, entry, failed, memberships, named, restored, restoring, roster,
};

over_every_dialect!(
    provision_gives_an_account_with_a_former_address_the_present_one,
    accounts_under_both_addresses_are_left_alone,
    a_disabled_account_is_renamed_and_enabled_by_one_write,
    a_sync_renames_and_removes_nobody,
    a_kept_plan_renames_and_can_be_applied_again,
    a_lost_reply_to_a_renaming_is_found_out_by_a_read,
    an_address_that_somebody_gets_meanwhile_is_not_given_twice,
    an_entry_by_id_renames,
    a_renamed_person_is_restored,
);

/// A request for Joan under her new address.
fn joan() -> ProvisionRequest {
    ProvisionRequest { former_emails: vec![JOAN.into()], ..known(NEW) }
}

fn joan_on_roster() -> RosterEntry {
    RosterEntry { former_emails: vec![JOAN.into()], ..entry(NEW) }
}

/// The organisation after Joan, and nobody and nothing else, got the new address.
fn renamed(before: &Organisation) -> Organisation {
    let mut after = before.clone();
    after.user_by_email_mut(JOAN).expect("Joan").email = NEW.into();
    after
}

/// Returns users and groups without the times of their last changes.
fn unchanging(organisation: &Organisation) -> (Vec<User>, Vec<Group>) {
    let users = organisation.users.iter().cloned().map(timeless).collect();
    let mut groups = organisation.groups.clone();
    groups.iter_mut().for_each(|group| group.updated_at.clear());
    (users, groups)
}

fn assert_renamed(world: &World, before: &Organisation) {
    assert_eq!(unchanging(&world.mock.state()), unchanging(&renamed(before)));
}

async fn provision_gives_an_account_with_a_former_address_the_present_one(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let before = world.mock.state();
    let id = world.user_id(JOAN);
    // Naming former addresses asks for it, whatever is said about other fields.
    let request = ProvisionRequest { update_existing: false, ..joan() };
    if dialect == Dialect::V2 {
        let (case, detail) = failed(world.tenant.provision(&request).await);
        assert_eq!((case, &*detail.code), ("permanent unsupported", "operation-unsupported"));
        assert_eq!(detail.field.as_deref(), Some("request.former-emails"));
        assert!(detail.message.contains(JOAN) && detail.message.contains(text(&id)));
        assert_eq!(world.count_of_writes(), 0);
        return;
    }
    let result = done(world.tenant.provision(&request).await);
    assert_eq!(result.outcome, ProvisionOutcome::Renamed);
    assert_eq!((result.user.id, result.user.email.as_deref()), (id, Some(NEW)));
    let changes: Vec<_> = { result.changes.iter() }
        .map(|change| (&*change.field, change.before.as_deref(), change.after.as_deref()))
        .collect();
    assert_eq!(changes, [("email", Some(JOAN), Some(NEW))]);
    assert_eq!(written(&result.writes), [format!("user-renamed {NEW}")]);
    assert!(!result.invitation_sent);
    assert_eq!(world.count_of_writes(), 1);
    assert_renamed(&world, &before);

    world.mock.clear_requests();
    let again = done(world.tenant.provision(&request).await);
    assert_eq!(again.outcome, ProvisionOutcome::Unchanged);
    assert_eq!(world.count_of_writes(), 0);
}

async fn accounts_under_both_addresses_are_left_alone(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    world.add(NEW, &["Finance"]);
    let before = world.mock.state();
    let (case, detail) = failed(world.tenant.provision(&joan()).await);
    assert_eq!((case, &*detail.code), ("permanent conflict", "ambiguous-user"));
    for address in [JOAN, NEW] {
        assert!(detail.message.contains(text(&world.user_id(address))), "{}", detail.message);
    }
    let mut request = everyone();
    request.policy.absent = AbsentPolicy::Disable;
    let report = done(world.tenant.sync(&request).await);
    let person = report.people.iter().find(|it| it.email.as_deref() == Some(NEW)).expect("Joan");
    assert_eq!(person.outcome, PersonOutcome::Refused);
    let why = person.refusal.as_deref().unwrap_or_default();
    for address in [JOAN, NEW] {
        assert!(why.contains(text(&world.user_id(address))), "{why}");
    }
    let refusals = done(world.tenant.plan_sync(&request).await).refusals;
    assert!(refusals.iter().any(|refusal| refusal.code == "ambiguous-user"), "{refusals:?}");
    assert_eq!(world.count_of_writes(), 0);
    assert_eq!(world.mock.state(), before);
}

/// A roster of everybody who is enabled, with Joan's new address.
fn everyone() -> SyncRequest {
    roster(vec![entry(ADA), entry(GRACE), joan_on_roster()])
}

async fn a_disabled_account_is_renamed_and_enabled_by_one_write(dialect: Dialect) {
    if dialect == Dialect::V2 {
        return;
    }
    let world = World::acme_over(dialect).await;
    let kens = |request| ProvisionRequest { former_emails: vec![KEN.into()], ..request };
    let refused = ProvisionRequest { re_enable_disabled: false, ..kens(known(NEW)) };
    assert_eq!(failed(world.tenant.provision(&refused).await).1.code, "user-disabled");
    assert_eq!(world.count_of_writes(), 0);
    let request = ProvisionRequest {
        last_name: Some("Kelly".into()),
        groups: memberships([named("Finance")]),
        ..kens(known(NEW))
    };
    let result = done(world.tenant.provision(&request).await);
    assert_eq!(result.outcome, ProvisionOutcome::Renamed);
    assert_eq!(
        written(&result.writes),
        [format!("user-renamed {NEW}"), format!("member-added {NEW} [Finance]")]
    );
    let ken = world.person(NEW);
    assert_eq!((ken.is_disabled, ken.last_name.as_deref()), (false, Some("Kelly")));
    assert_eq!(world.groups_of(NEW), ["Finance", "Support"]);
    assert!(!world.has(KEN));
}

async fn a_sync_renames_and_removes_nobody(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let before = world.mock.state();
    let mut request = everyone();
    request.policy.absent = AbsentPolicy::Delete;
    request.policy.guards.minimum_admins = Some(0);
    let plan = done(world.tenant.plan_sync(&request).await);
    if dialect == Dialect::V2 {
        assert_eq!(plan.steps, []);
        assert_eq!(plan.refusals[0].code, "operation-unsupported");
        assert!(plan.limitations.iter().any(|text| text.contains("change addresses")));
        let report = done(world.tenant.sync(&request).await);
        assert!(!report.complete);
        assert_eq!(world.count_of_writes(), 0);
        assert_eq!(world.mock.state(), before);
        return;
    }
    let kinds: Vec<_> = plan.steps.iter().map(|step| (step.kind, step.email.as_deref())).collect();
    // Ken is on no roster.
    assert_eq!(kinds[0], (StepKind::RenameUser, Some(NEW)));
    assert!(kinds[1..].iter().all(|(_, email)| *email == Some(KEN)), "{kinds:?}");
    request.policy.absent = AbsentPolicy::Keep;
    world.mock.clear_requests();
    let report = done(world.tenant.sync(&request).await);
    // The listing says that nobody has the new address.
    let searches = world.requests_with_queries().into_iter();
    let searches =
        searches.filter(|request| request.contains("email=") || request.contains("filter="));
    assert_eq!(searches.collect::<Vec<_>>(), [""; 0]);
    let person = report.people.iter().find(|it| it.email.as_deref() == Some(NEW)).expect("Joan");
    assert_eq!(person.outcome, PersonOutcome::Renamed);
    assert_eq!(person.user, Some(world.user_id(NEW)));
    assert_eq!(written(&report.writes), [format!("user-renamed {NEW}")]);
    assert!(report.complete);
    assert_renamed(&world, &before);
    world.mock.clear_requests();
    assert!(done(world.tenant.sync(&request).await).writes.is_empty());
    assert_eq!(world.count_of_writes(), 0);
}

async fn a_kept_plan_renames_and_can_be_applied_again(dialect: Dialect) {
    if dialect == Dialect::V2 {
        return;
    }
    let world = World::acme_over(dialect).await;
    let joan = RosterEntry { groups: memberships([named("Engineering")]), ..joan_on_roster() };
    let request = roster(vec![entry(ADA), entry(GRACE), joan]);
    let plan = done(world.tenant.plan_sync(&request).await);
    let kinds: Vec<_> = plan.steps.iter().map(|step| step.kind).collect();
    assert_eq!(kinds, [StepKind::RenameUser, StepKind::AddMember]);
    let approved = apply_plan(plan.clone(), plan.digest.clone());
    let report = done(world.tenant.apply_plan(&approved).await);
    assert!(report.complete, "{:?}", report.people);
    let person = &report.people[0];
    assert_eq!(person.outcome, PersonOutcome::Renamed);
    assert_eq!(person.email.as_deref(), Some(NEW));
    assert_eq!(world.groups_of(NEW), ["Engineering", "Support", "viewer"]);
    world.mock.clear_requests();
    let again = done(world.tenant.apply_plan(&approved).await);
    assert!(again.complete && again.writes.is_empty(), "{:?}", again.people);
    assert_eq!(world.count_of_writes(), 0);

    // Step by step, and once more.
    let world = World::acme_over(dialect).await;
    let mut plan = done(world.tenant.plan_sync(&request).await);
    for wanted in [StepOutcome::Applied, StepOutcome::AlreadySo] {
        for step in &plan.steps {
            assert_eq!(done(world.tenant.apply_step(step).await).outcome, wanted, "{step:?}");
        }
    }
    assert_eq!(world.groups_of(NEW), ["Engineering", "Support", "viewer"]);
    // The plan is of an organisation where she has another name.
    plan.steps.truncate(1);
    world.shape(NEW, |joan| {
        joan.email = JOAN.into();
        joan.first_name = Some("Johanna".into());
    });
    world.mock.clear_requests();
    let stale = done(world.tenant.apply_step(&plan.steps[0]).await);
    assert_eq!(stale.outcome, StepOutcome::Stale);
    assert_eq!(world.count_of_writes(), 0);
}

async fn a_lost_reply_to_a_renaming_is_found_out_by_a_read(dialect: Dialect) {
    if dialect == Dialect::V2 {
        return;
    }
    let method = if dialect == Dialect::V1 { "PUT" } else { "PATCH" };
    for kind in [FaultKind::LoseReply, FaultKind::Reset, FaultKind::StatusAfter(502)] {
        let world = World::acme_over(dialect).await;
        let before = world.mock.state();
        let how = format!("{kind:?}");
        let fault = Fault { method: Some(method.into()), times: Some(1), ..Fault::new(kind) };
        world.mock.inject(fault);
        let result = done(world.tenant.provision(&joan()).await);
        assert_eq!(result.outcome, ProvisionOutcome::Renamed, "{how}");
        assert_eq!(written(&result.writes), [format!("user-renamed {NEW}")], "{how}");
        assert_renamed(&world, &before);
    }
}

/// Right before the write, another administrator creates an account with the address.
async fn an_address_that_somebody_gets_meanwhile_is_not_given_twice(dialect: Dialect) {
    if dialect == Dialect::V2 {
        return;
    }
    let world = World::acme_over(dialect).await;
    world.before(&format!("GET {}", world.user_path(JOAN)), |acme| {
        if acme.user_by_email(NEW).is_none() {
            acme.create_user(mock_retool::User::new(NEW)).expect("a new account");
        }
    });
    let (case, detail) = failed(world.tenant.provision(&joan()).await);
    // The account was created after the look-up, so the server refuses the renaming.
    assert_eq!((case, &*detail.code), ("permanent conflict", "server-refused"));
    assert_eq!(detail.writes, []);
    assert!(world.has(JOAN) && world.has(NEW));

    let world = World::acme_over(dialect).await;
    let plan = done(world.tenant.plan_sync(&everyone()).await);
    world.add(NEW, &[]);
    world.mock.clear_requests();
    let step = done(world.tenant.apply_step(&plan.steps[0]).await);
    assert_eq!(step.outcome, StepOutcome::Stale);
    let approved = apply_plan(plan.clone(), plan.digest.clone());
    let report = done(world.tenant.apply_plan(&approved).await);
    assert_eq!(report.people[0].outcome, PersonOutcome::Stale);
    assert_eq!(world.count_of_writes(), 0);
}

async fn an_entry_by_id_renames(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let before = world.mock.state();
    let user = UserRef::Id(world.user_id(JOAN));
    let joan = RosterEntry { user, email: Some(NEW.into()), ..entry(NEW) };
    let report = done(world.tenant.sync(&roster(vec![joan])).await);
    if dialect == Dialect::V2 {
        assert_eq!(report.people[0].outcome, PersonOutcome::Refused);
        assert_eq!(world.mock.state(), before);
        return;
    }
    assert_eq!(report.people[0].outcome, PersonOutcome::Renamed);
    assert_renamed(&world, &before);
}

/// The tombstone of a removal after the renaming means the account by its new address.
async fn a_renamed_person_is_restored(dialect: Dialect) {
    if dialect == Dialect::V2 {
        return;
    }
    let world = World::acme_over(dialect).await;
    done(world.tenant.provision(&joan()).await);
    let before = world.mock.state();
    let mode = DeprovisionMode::DisableAndStripGroups;
    let tombstone = done(world.tenant.deprovision(&departure(NEW, mode)).await).tombstone;
    let request = restoring(tombstone, false);
    let back = restored(world.tenant.restore(&request).await);
    assert_eq!(back.user.email.as_deref(), Some(NEW));
    assert_eq!(unchanging(&world.mock.state()), unchanging(&before));
}
