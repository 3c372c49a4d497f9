//! Servers that return the state before a write, for a while or for ever.

use std::time::Duration;

use host_test::retool::groups::ChangeGroupRequest;
use host_test::retool::lifecycle::{
    DeprovisionMode, DeprovisionOutcome, ProvisionOutcome, RestoreOutcome,
};
use host_test::retool::synchronization::{AbsentPolicy, StepOutcome};
use host_test::retool::types::Dialect;
use mock_retool::{Fault, FaultKind};
use tokio::task::JoinSet;

use super::dialect::{accounts, current_roster, new_entry, new_user, sent_invitations};
use super::fault::once;
use crate::support::acme::{ADA, GRACE, JOAN, KEN, NEW, timeless, written};
use crate::support::{
    World, arrival, by_email, changing, departure, done, ensuring, entry, failed, memberships,
    named, new_member, restored, restoring, roster,
};

over_v2_and_v1!(
    stale_reads_after_a_write_are_repeated,
    a_write_that_never_becomes_visible_is_an_error,
    a_write_that_is_visible_a_second_late_is_waited_for,
);

async fn stale_reads_after_a_write_are_repeated(dialect: Dialect) {
    let stale = || Fault::new(FaultKind::StaleReads { requests: 2 });
    let world = World::acme_over(dialect).await;
    world.mock.inject(stale());
    let mut new = new_user(NEW);
    new.groups = memberships([named("Support")]);
    let result = done(world.tenant.provision(&new).await);
    assert_eq!(result.outcome, ProvisionOutcome::Created);
    assert_eq!(world.groups_of(NEW), ["Support"]);

    let world = World::acme_over(dialect).await;
    world.mock.inject(stale());
    done(world.tenant.deprovision(&departure(JOAN, DeprovisionMode::Delete)).await);
    assert!(world.mock.state().user_by_email(JOAN).is_none_or(|joan| joan.is_disabled));
    assert_eq!(world.has(JOAN), dialect == Dialect::V2, "DELETE of `/api/v2` only disables");

    let world = World::acme_over(dialect).await;
    world.mock.inject(stale());
    let before = world.person(JOAN);
    let mut change = arrival(JOAN);
    change.first_name = Some("Joanna".into());
    done(world.tenant.provision(&change).await);
    let mut after = world.person(JOAN);
    assert_eq!(after.first_name.as_deref(), Some("Joanna"));
    after.first_name.clone_from(&before.first_name);
    assert_eq!(timeless(after), timeless(before));

    let world = World::acme_over(dialect).await;
    world.mock.inject(stale());
    let mut request = current_roster(&world);
    let mut person = new_entry(NEW);
    person.groups = memberships([named("Brand new"), named("Support")]);
    request.roster.push(person);
    assert!(done(world.tenant.sync(&request).await).complete);
    assert_eq!(accounts(&world, NEW), 1);
    assert_eq!(world.mock.state().invitations, sent_invitations(dialect, &[NEW]));
    assert_eq!(world.members_of("Brand new"), [NEW]);

    let world = World::acme_over(dialect).await;
    world.mock.inject(stale());
    let legal = ensuring("Legal");
    assert!(done(world.tenant.ensure_group(&legal).await).created);
}

/// A write that the server accepts and that never becomes visible is not reported as done.
async fn a_write_that_never_becomes_visible_is_an_error(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    world.mock.inject(Fault::new(FaultKind::StaleReads { requests: 1000 }));
    let mut change = arrival(GRACE);
    change.groups = memberships([named("Finance")]);
    let (case, detail) = failed(world.tenant.provision(&change).await);
    assert_eq!((case, detail.code.as_str()), ("permanent conflict", "not-verified"));
    assert_eq!(detail.subject.as_deref(), Some(GRACE));
    assert_eq!(written(&detail.writes).len(), 1);
}

/// Returns an organisation on a server on which every write becomes visible a second late.
async fn lagging(dialect: Dialect) -> World {
    let world = World::acme_over(dialect).await;
    world.mock.inject(Fault::new(FaultKind::StaleFor(Duration::from_secs(1))));
    world
}

async fn a_user_is_created(dialect: Dialect) {
    let world = lagging(dialect).await;
    let mut new = new_user(NEW);
    new.groups = memberships([named("Support"), named("Brand new")]);
    new.create_missing_groups = true;
    let result = done(world.tenant.provision(&new).await);
    assert_eq!(result.outcome, ProvisionOutcome::Created);
    assert_eq!(result.user.first_name.as_deref(), Some("New"));
    assert_eq!(world.groups_of(NEW), ["Brand new", "Support"]);
    assert_eq!(accounts(&world, NEW), 1);
    assert_eq!(world.mock.state().invitations, sent_invitations(dialect, &[NEW]));
}

async fn a_user_is_created_and_the_reply_is_lost(dialect: Dialect) {
    let world = lagging(dialect).await;
    world.mock.inject(once("POST", world.users_path(), FaultKind::LoseReply));
    let result = done(world.tenant.provision(&new_user(NEW)).await);
    assert_eq!(result.outcome, ProvisionOutcome::Created);
    assert_eq!(accounts(&world, NEW), 1);
    assert_eq!(world.mock.state().invitations, sent_invitations(dialect, &[NEW]));
}

async fn a_user_is_changed(dialect: Dialect) {
    let world = lagging(dialect).await;
    let before = world.person(JOAN);
    let mut change = arrival(JOAN);
    change.first_name = Some("Joanna".into());
    change.groups = memberships([named("Finance")]);
    let result = done(world.tenant.provision(&change).await);
    assert_eq!(result.user.first_name.as_deref(), Some("Joanna"));
    assert_eq!(world.groups_of(JOAN), ["Finance", "Support", "viewer"]);
    let mut after = world.person(JOAN);
    after.first_name.clone_from(&before.first_name);
    after.memberships.clone_from(&before.memberships);
    assert_eq!(timeless(after), timeless(before));
}

async fn a_user_is_removed_and_restored(dialect: Dialect) {
    for mode in [DeprovisionMode::DisableAndStripGroups, DeprovisionMode::Delete] {
        let world = lagging(dialect).await;
        let gone = done(world.tenant.deprovision(&departure(JOAN, mode)).await);
        // DELETE of `/api/v2` only disables.
        let deleted = mode == DeprovisionMode::Delete && dialect == Dialect::V1;
        let expected =
            if deleted { DeprovisionOutcome::Deleted } else { DeprovisionOutcome::Deactivated };
        assert_eq!(gone.outcome, expected);
        assert!(world.mock.state().user_by_email(JOAN).is_none_or(|joan| joan.is_disabled));

        let tombstone = gone.tombstone.expect("a tombstone");
        let request = restoring([tombstone], true);
        let back = restored(world.tenant.restore(&request).await);
        let expected = if deleted { RestoreOutcome::ReCreated } else { RestoreOutcome::ReEnabled };
        assert_eq!(back.outcome, expected);
        assert!(!world.person(JOAN).is_disabled);
        assert_eq!(world.groups_of(JOAN), ["Support", "viewer"]);
    }
}

async fn a_group_is_created_and_changed(dialect: Dialect) {
    let world = lagging(dialect).await;
    let legal = ensuring("Legal");
    assert!(done(world.tenant.ensure_group(&legal).await).created);
    let change = ChangeGroupRequest {
        new_name: Some("Helpdesk".into()),
        add_members: vec![new_member(GRACE)],
        remove_members: vec![by_email(KEN)],
        ..changing(named("Support"))
    };
    assert_eq!(done(world.tenant.change_group(&change).await).group.name, "Helpdesk");
    assert_eq!(world.members_of("Helpdesk"), [ADA, GRACE, JOAN]);
}

async fn a_roster_is_synchronized(dialect: Dialect) {
    let world = lagging(dialect).await;
    let mut new = new_entry(NEW);
    new.groups = memberships([named("Brand new"), named("Support")]);
    let mut grace = entry(GRACE);
    grace.last_name = Some("Hopper".into());
    let mut request = roster(vec![entry(ADA), grace, entry(KEN), new]);
    request.policy.absent = AbsentPolicy::Delete;
    let report = done(world.tenant.sync(&request).await);
    assert!(report.complete, "{report:#?}");
    assert!(world.mock.state().user_by_email(JOAN).is_none_or(|joan| joan.is_disabled));
    assert_eq!(world.has(JOAN), dialect == Dialect::V2, "a v2 sync disables instead");
    assert!(!world.person(KEN).is_disabled);
    assert_eq!(world.person(GRACE).last_name.as_deref(), Some("Hopper"));
    assert_eq!(world.members_of("Brand new"), [NEW]);
    assert_eq!(accounts(&world, NEW), 1);
    assert_eq!(world.mock.state().invitations, sent_invitations(dialect, &[NEW]));
}

async fn a_plan_is_applied_step_by_step(dialect: Dialect) {
    let world = lagging(dialect).await;
    let mut grace = entry(GRACE);
    grace.last_name = Some("Hopper".into());
    grace.groups = memberships([named("Finance")]);
    let plan = done(world.tenant.plan_sync(&roster(vec![grace, entry(KEN)])).await);
    assert_eq!(plan.steps.len(), 3, "{:?}", plan.steps);
    for step in &plan.steps {
        let result = done(world.tenant.apply_step(step).await);
        assert_eq!(result.outcome, StepOutcome::Applied, "{step:?}");
    }
    assert_eq!(world.person(GRACE).last_name.as_deref(), Some("Hopper"));
    assert_eq!(world.members_of("Finance"), [GRACE]);
}

async fn a_write_that_is_visible_a_second_late_is_waited_for(dialect: Dialect) {
    let mut calls = JoinSet::new();
    calls.spawn(a_user_is_created(dialect));
    calls.spawn(a_user_is_created_and_the_reply_is_lost(dialect));
    calls.spawn(a_user_is_changed(dialect));
    calls.spawn(a_user_is_removed_and_restored(dialect));
    calls.spawn(a_group_is_created_and_changed(dialect));
    calls.spawn(a_roster_is_synchronized(dialect));
    calls.spawn(a_plan_is_applied_step_by_step(dialect));
    calls.join_all().await;
}
