//! `apply-step`: one step of a plan at a time.

use host_test::retool::synchronization::{
    AbsentPolicy, MembershipPolicy, Plan, RosterEntry, Step, StepKind, StepOutcome, SyncRequest,
};
use host_test::retool::types::Dialect;

use crate::support::acme::{ADA, GRACE, JOAN, KEN, NEW, timeless, wit_name, written};
use crate::support::{World, done, entry, failed, memberships, named, roster};

over_every_dialect!(
    the_steps_of_a_plan_have_the_same_result_as_a_sync,
    a_step_that_was_applied_is_already_so,
    a_step_that_was_planned_on_another_state_is_stale,
    a_step_of_another_api_is_refused_before_any_request,
);

/// Returns a request whose plan has steps of every kind.
fn everything() -> SyncRequest {
    let in_groups = |email: &str, groups: &[&str]| RosterEntry {
        groups: memberships(groups.iter().map(|name| named(name))),
        ..entry(email)
    };
    let mut request = roster(vec![
        RosterEntry { last_name: Some("Lovelace".into()), ..in_groups(ADA, &["Legal"]) },
        in_groups(GRACE, &["Engineering", "Support"]),
        in_groups(KEN, &["Engineering"]),
        RosterEntry {
            first_name: Some("Nina".into()),
            last_name: Some("Newman".into()),
            ..in_groups(NEW, &["Legal", "Engineering"])
        },
    ]);
    request.policy.memberships = MembershipPolicy::Exact;
    request.policy.absent = AbsentPolicy::Delete;
    request
}

async fn plan(world: &World, request: &SyncRequest) -> Plan {
    done(world.tenant.plan_sync(request).await)
}

fn step(plan: &Plan, kind: StepKind) -> &Step {
    plan.steps.iter().find(|step| step.kind == kind).expect("a step")
}

async fn the_steps_of_a_plan_have_the_same_result_as_a_sync(dialect: Dialect) {
    let (synced, stepped) = (World::acme_over(dialect).await, World::acme_over(dialect).await);
    let expected = plan(&synced, &everything()).await;
    let report = done(synced.tenant.sync(&everything()).await);
    assert!(report.complete);
    assert_eq!(report.digest, expected.digest);

    let plan = plan(&stepped, &everything()).await;
    assert_eq!(plan.tombstones.len(), expected.tombstones.len());
    assert_ne!(plan.digest, expected.digest, "each organisation has its own digest");
    // A plan is stored as JSON.
    let stored = serde_json::to_string(&plan).expect("JSON");
    let stored: Plan = serde_json::from_str(&stored).expect("the plan");
    let mut writes = Vec::new();
    for step in &stored.steps {
        let result = done(stepped.tenant.apply_step(step).await);
        assert_eq!(result.outcome, StepOutcome::Applied, "{step:?}: {:?}", result.reason);
        // On `/api/v2` a deletion only disables. That is reported, and so is the end of the
        // sessions.
        let disables = step.kind == StepKind::DeleteUser && dialect == Dialect::V2;
        assert_eq!(result.reason.is_some(), disables, "{:?}", result.reason);
        assert_eq!(result.writes.len(), if disables { 2 } else { 1 }, "{:?}", result.writes);
        writes.extend(written(&result.writes));
    }
    let mut expected = written(&report.writes);
    writes.sort();
    expected.sort();
    assert_eq!(writes, expected);
    let people = |world: &World| {
        let plain = |mut user: mock_retool::User| {
            user.created_at.clear();
            timeless(user)
        };
        world.mock.state().users.into_iter().map(plain).collect::<Vec<_>>()
    };
    assert_eq!(people(&stepped), people(&synced));

    let again = done(stepped.tenant.plan_sync(&everything()).await);
    assert!(again.steps.is_empty(), "{:?}", again.steps);
}

async fn a_step_that_was_applied_is_already_so(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let plan = plan(&world, &everything()).await;
    for step in &plan.steps {
        done(world.tenant.apply_step(step).await);
        world.mock.clear_requests();
        let mut before = world.mock.state();
        let again = done(world.tenant.apply_step(step).await);
        assert_eq!(again.outcome, StepOutcome::AlreadySo, "{step:?}: {:?}", again.reason);
        // Sessions are ended again, because they may have begun before the account was disabled.
        let disables = matches!(step.kind, StepKind::DeleteUser | StepKind::DisableUser);
        let ended: Vec<_> =
            step.email.iter().filter(|_| disables && dialect == Dialect::V2).collect();
        let writes: Vec<_> = ended.iter().map(|email| format!("sessions-ended {email}")).collect();
        assert_eq!(written(&again.writes), writes);
        assert_eq!(world.writes().len(), writes.len());
        before.ended_sessions.extend(ended.iter().map(|email| world.id_of(email)));
        assert_eq!(world.mock.state(), before);
    }
}

async fn a_step_that_was_planned_on_another_state_is_stale(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let plan = plan(&world, &everything()).await;
    for email in [ADA, JOAN, KEN] {
        world.shape(email, |user| user.first_name = Some("Other".into()));
    }
    for kind in [StepKind::UpdateUser, StepKind::EnableUser, StepKind::DeleteUser] {
        let result = done(world.tenant.apply_step(step(&plan, kind)).await);
        assert_eq!(result.outcome, StepOutcome::Stale, "{}", wit_name(&kind));
        assert!(result.reason.is_some() && result.writes.is_empty());
    }
    let support = world.group("Support").id;
    world.mock.edit(|acme| acme.group_mut(support).expect("a group").name = "Helpdesk".into());
    let removal = plan
        .steps
        .iter()
        .find(|step| {
            step.kind == StepKind::RemoveMember && step.group_name.as_deref() == Some("Support")
        })
        .expect("a removal");
    let result = done(world.tenant.apply_step(removal).await);
    assert_eq!(result.outcome, StepOutcome::Stale);
    assert!(world.writes().is_empty());
}

async fn a_step_of_another_api_is_refused_before_any_request(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let plan = plan(&world, &everything()).await;
    let other = match dialect {
        Dialect::V1 => Dialect::V2,
        Dialect::V2 => Dialect::Scim,
        _ => Dialect::V1,
    };
    world.mock.clear_requests();
    for kind in [StepKind::UpdateUser, StepKind::RemoveMember, StepKind::DeleteUser] {
        let (case, detail) = failed(world.over(other).apply_step(step(&plan, kind)).await);
        assert_eq!((case, detail.code.as_str()), ("permanent invalid-input", "step-invalid"));
    }
    assert!(world.requests().is_empty());
}
