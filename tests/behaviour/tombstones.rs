//! What a call took from people is recorded, also where the call fails, and `restore` undoes it.

use host_test::retool::lifecycle::{DeprovisionMode, DeprovisionOutcome, RestoreOutcome};
use host_test::retool::synchronization::{
    AbsentPolicy, MembershipPolicy, RosterEntry, StepKind, StepOutcome, SyncRequest,
};
use host_test::retool::types::{Tombstone, UserId};
use mock_retool::{Fault, FaultKind};
use serde_json::{Value, json};

use crate::support::acme::{ADA, GRACE, JOAN, KEN, SUPPORT, link, timeless, written};
use crate::support::{
    World, address, departure, done, entry, failed, memberships, named, restored, restoring, roster,
};

/// A request of this method whose path starts so is refused with 401: the token is no longer
/// accepted.
fn token_rejected(world: &World, method: &str, path: &str, skip: u32) {
    world.mock.inject(Fault {
        method: Some(method.into()),
        path: Some(path.into()),
        skip,
        ..Fault::new(FaultKind::Status { code: 401, retry_after: None, body: None })
    });
}

fn people(tombstones: &[Tombstone]) -> Vec<&str> {
    tombstones.iter().map(|tombstone| address(&tombstone.user.email)).collect()
}

/// Ada leaves Support, Joan is absent; Grace and Ken stay as they are.
fn leaving(absent: AbsentPolicy) -> SyncRequest {
    let stay = |email, groups: &[&str]| RosterEntry {
        groups: memberships(groups.iter().map(|name| named(name))),
        ..entry(email)
    };
    let mut request = roster(vec![
        stay(ADA, &["Engineering"]),
        stay(GRACE, &["Engineering"]),
        stay(KEN, &["Support"]),
    ]);
    request.policy.re_enable_disabled = false;
    request.policy.absent = absent;
    request.policy.memberships = MembershipPolicy::Exact;
    request
}

/// Restores everybody and compares the organisation with what it was.
async fn everybody_is_back(world: &World, tombstones: &[Tombstone], before: &[mock_retool::User]) {
    world.mock.clear_faults();
    let request = restoring(tombstones.iter().cloned(), true);
    let result = done(world.tenant.restore(&request).await);
    assert!(result.complete, "{:?}", result.people);
    let restored: Vec<_> = result.people.iter().map(|person| address(&person.email)).collect();
    assert_eq!(restored, people(tombstones), "each, in the order of the tombstones");
    for was in before {
        let now = world.person(&was.email);
        assert_eq!(now.is_disabled, was.is_disabled, "{}", was.email);
        assert_eq!((now.is_admin, &now.user_type), (was.is_admin, &was.user_type));
        assert_eq!((&now.first_name, &now.last_name), (&was.first_name, &was.last_name));
        let groups = |user: &mock_retool::User| {
            let mut groups: Vec<_> = user.memberships.iter().map(|of| of.group).collect();
            groups.sort_unstable();
            groups
        };
        assert_eq!(groups(&now), groups(was), "{}", was.email);
    }
    let again = done(world.tenant.restore(&request).await);
    assert!(again.people.iter().all(|person| person.outcome == RestoreOutcome::Unchanged));
    assert!(again.writes.is_empty());
}

#[tokio::test]
async fn a_sync_records_each_person_who_lost_something() {
    for absent in [AbsentPolicy::Disable, AbsentPolicy::Delete] {
        let world = World::acme().await;
        let before = world.mock.state();
        let plan = done(world.tenant.plan_sync(&leaving(absent)).await);
        let report = done(world.tenant.sync(&leaving(absent)).await);
        assert_eq!(people(&report.tombstones), [ADA, JOAN], "{absent:?}");
        assert_eq!(people(&plan.tombstones), [ADA, JOAN], "the tombstones to be");
        for (planned, recorded) in plan.tombstones.iter().zip(&report.tombstones) {
            assert_eq!(planned.user, recorded.user);
            assert_eq!(recorded.base_url, world.mock.base_url());
            assert!(recorded.recorded_at.ends_with('Z'), "{}", recorded.recorded_at);
        }
        let joan = &report.tombstones[1];
        assert!(!joan.user.disabled, "as she was");
        assert_eq!(
            joan.user.groups.as_deref(),
            Some(&[link(3, "viewer"), link(SUPPORT, "Support")][..])
        );
        let raw: Value =
            serde_json::from_str(joan.raw.as_deref().expect("a record")).expect("JSON");
        assert_eq!(raw["largest"], json!(u64::MAX), "with fields that no dialect defines");
        everybody_is_back(&world, &report.tombstones, &before.users).await;
    }
}

#[tokio::test]
async fn a_sync_that_takes_nothing_records_nobody() {
    let world = World::acme().await;
    let mut request = leaving(AbsentPolicy::Keep);
    request.policy.memberships = MembershipPolicy::Add;
    let plan = done(world.tenant.plan_sync(&request).await);
    let report = done(world.tenant.sync(&request).await);
    assert!(plan.tombstones.is_empty() && report.tombstones.is_empty());
}

/// A guard that trips writes nothing; the plan still names the people who would have lost something.
#[tokio::test]
async fn a_plan_that_is_withheld_has_its_tombstones_too() {
    let world = World::acme().await;
    let mut request = leaving(AbsentPolicy::Disable);
    request.policy.guards.minimum_admins = Some(0);
    crate::support::limit(&mut request.policy.guards.user_removals).floor = Some(0);
    let plan = done(world.tenant.plan_sync(&request).await);
    assert!(plan.steps.is_empty() && !plan.withheld.is_empty());
    assert_eq!(people(&plan.tombstones), [ADA, JOAN]);
    let (case, detail) = failed(world.tenant.sync(&request).await);
    assert_eq!((case, detail.code.as_str()), ("permanent refused", "guard-tripped"));
    assert!(detail.tombstones.is_empty() && detail.writes.is_empty());
}

#[tokio::test]
async fn a_sync_that_breaks_off_says_what_it_had_taken_by_then() {
    for absent in [AbsentPolicy::Disable, AbsentPolicy::Delete] {
        let world = World::acme().await;
        let before = world.mock.state();
        let joan = world.path_of(JOAN);
        let method = if absent == AbsentPolicy::Delete { "DELETE" } else { "PUT" };
        token_rejected(&world, method, &joan, 0);
        let (case, detail) = failed(world.tenant.sync(&leaving(absent)).await);
        assert_eq!((case, detail.code.as_str()), ("permanent denied", "token-rejected"));
        assert_eq!(written(&detail.writes), ["member-removed ada@acme.example [Support]"]);
        assert_eq!(people(&detail.tombstones), [ADA], "nothing was taken from Joan");
        everybody_is_back(&world, &detail.tombstones, &before.users).await;
    }
}

#[tokio::test]
async fn a_sync_that_breaks_off_after_a_departure_records_it() {
    let world = World::acme().await;
    let before = world.mock.state();
    // The token is rejected when the memberships are read back, after the last write.
    token_rejected(&world, "GET", "/api/v1/groups/5/members", 0);
    token_rejected(&world, "GET", &world.path_of(ADA), 0);
    let (case, detail) = failed(world.tenant.sync(&leaving(AbsentPolicy::Delete)).await);
    assert_eq!((case, detail.code.as_str()), ("permanent denied", "token-rejected"));
    assert_eq!(
        written(&detail.writes),
        ["member-removed ada@acme.example [Support]", "user-deleted joan@acme.example"]
    );
    assert_eq!(people(&detail.tombstones), [ADA, JOAN]);
    everybody_is_back(&world, &detail.tombstones, &before.users).await;
}

#[tokio::test]
async fn a_step_records_the_person_who_lost_something() {
    for absent in [AbsentPolicy::Disable, AbsentPolicy::Delete] {
        let world = World::acme().await;
        let before = world.mock.state();
        let plan = done(world.tenant.plan_sync(&leaving(absent)).await);
        assert_eq!(plan.steps.len(), 2);
        let mut tombstones = Vec::new();
        for step in &plan.steps {
            let result = done(world.tenant.apply_step(step).await);
            assert_eq!(result.outcome, StepOutcome::Applied);
            let tombstone = result.tombstone.expect("a tombstone");
            assert_eq!(tombstone.user.email, step.email);
            assert_eq!(tombstone.base_url, world.mock.base_url());
            tombstones.push(tombstone);
            // What is so already takes nothing.
            let again = done(world.tenant.apply_step(step).await);
            assert_eq!((again.outcome, again.tombstone), (StepOutcome::AlreadySo, None));
        }
        everybody_is_back(&world, &tombstones, &before.users).await;
    }
}

/// The memberships are read from the groups then: without them there would be nothing to restore.
#[tokio::test]
async fn a_step_records_memberships_also_where_people_are_listed_without_them() {
    for absent in [AbsentPolicy::Keep, AbsentPolicy::Delete] {
        let world = World::acme().await;
        let before = world.mock.state();
        world.mock.inject(Fault::new(FaultKind::OmitField("groups".into())));
        let plan = done(world.tenant.plan_sync(&leaving(absent)).await);
        let mut tombstones = Vec::new();
        for step in &plan.steps {
            let result = done(world.tenant.apply_step(step).await);
            assert_eq!(result.outcome, StepOutcome::Applied);
            tombstones.push(result.tombstone.expect("a tombstone"));
        }
        let groups = tombstones[0].user.groups.as_deref().expect("her groups");
        assert!(groups.iter().any(|group| group.id == link(SUPPORT, "Support").id), "{groups:?}");
        everybody_is_back(&world, &tombstones, &before.users).await;
    }
}

#[tokio::test]
async fn a_step_that_takes_nothing_records_nobody() {
    let world = World::acme().await;
    let request = roster(vec![
        RosterEntry { last_name: Some("King".into()), ..entry(ADA) },
        RosterEntry { groups: memberships([named("Finance")]), ..entry(JOAN) },
        entry(KEN),
        entry("new@acme.example"),
    ]);
    let plan = done(world.tenant.plan_sync(&request).await);
    let kinds: Vec<_> = plan.steps.iter().map(|step| step.kind).collect();
    assert_eq!(
        kinds,
        [StepKind::CreateUser, StepKind::EnableUser, StepKind::UpdateUser, StepKind::AddMember]
    );
    for step in &plan.steps {
        let result = done(world.tenant.apply_step(step).await);
        assert_eq!((result.outcome, result.tombstone), (StepOutcome::Applied, None), "{step:?}");
    }
}

#[tokio::test]
async fn a_step_that_breaks_off_after_its_write_has_the_tombstone_in_its_error() {
    for kind in [StepKind::RemoveMember, StepKind::DeleteUser] {
        let world = World::acme().await;
        let before = world.mock.state();
        let plan = done(world.tenant.plan_sync(&leaving(AbsentPolicy::Delete)).await);
        let step = plan.steps.iter().find(|step| step.kind == kind).expect("such a step");
        let email = address(&step.email);
        // It is read once before the write, and rejected when it is read back.
        token_rejected(&world, "GET", &world.path_of(email), 1);
        token_rejected(&world, "GET", "/api/v1/groups/5/members", 0);
        let (case, detail) = failed(world.tenant.apply_step(step).await);
        assert_eq!((case, detail.code.as_str()), ("permanent denied", "token-rejected"));
        assert_eq!(detail.writes.len(), 1, "{:?}", detail.writes);
        assert_eq!(people(&detail.tombstones), [email]);
        everybody_is_back(&world, &detail.tombstones, &before.users).await;
    }
}

#[tokio::test]
async fn a_departure_that_breaks_off_has_the_tombstone_in_its_error() {
    let world = World::acme().await;
    let before = world.mock.state();
    let id = world.id_of(JOAN);
    token_rejected(&world, "DELETE", &format!("/api/v1/groups/5/members/{id}"), 0);
    let strip = departure(JOAN, DeprovisionMode::DisableAndStripGroups);
    let (case, detail) = failed(world.tenant.deprovision(&strip).await);
    assert_eq!((case, detail.code.as_str()), ("permanent denied", "token-rejected"));
    assert_eq!(
        written(&detail.writes),
        ["user-disabled joan@acme.example", "member-removed joan@acme.example [viewer]"]
    );
    assert_eq!(people(&detail.tombstones), [JOAN]);
    assert!(!detail.tombstones[0].user.disabled, "as she was");
    everybody_is_back(&world, &detail.tombstones, &before.users).await;
}

#[tokio::test]
async fn a_departure_that_fails_before_its_first_write_records_nobody() {
    let world = World::acme().await;
    token_rejected(&world, "PUT", &world.path_of(JOAN), 0);
    let gone = departure(JOAN, DeprovisionMode::Disable);
    let (_, detail) = failed(world.tenant.deprovision(&gone).await);
    assert!(detail.writes.is_empty() && detail.tombstones.is_empty(), "{detail:?}");
}

/// Joan is gone for good and may not be created again; Ada and Ken come back.
#[tokio::test]
async fn one_person_who_can_not_be_restored_does_not_stop_the_rest() {
    let world = World::acme().await;
    let mut tombstones = Vec::new();
    for (email, mode) in [
        (ADA, DeprovisionMode::DisableAndStripGroups),
        (JOAN, DeprovisionMode::Delete),
        (KEN, DeprovisionMode::DisableAndStripGroups),
    ] {
        let result = done(world.tenant.deprovision(&departure(email, mode)).await);
        tombstones.push(result.tombstone.expect("a tombstone"));
    }
    let result = done(world.tenant.restore(&restoring(tombstones.clone(), false)).await);
    assert!(!result.complete);
    let outcomes: Vec<_> = result
        .people
        .iter()
        .map(|person| (address(&person.email), person.outcome, person.user.is_some()))
        .collect();
    assert_eq!(
        outcomes,
        [
            (ADA, RestoreOutcome::ReEnabled, true),
            (JOAN, RestoreOutcome::Failed, false),
            (KEN, RestoreOutcome::ReEnabled, true),
        ]
    );
    assert!(result.people.iter().zip(&tombstones).all(|(person, was)| person.id == was.user.id));
    let failure = result.people[1].failure.as_ref().expect("how it failed");
    assert_eq!((failure.code.as_str(), failure.subject.as_deref()), ("user-not-found", Some(JOAN)));
    assert!(result.people[0].failure.is_none() && result.people[2].failure.is_none());
    assert_eq!(
        written(&result.writes),
        [
            "user-enabled ada@acme.example",
            "member-added ada@acme.example [Engineering]",
            "member-added ada@acme.example [Support]",
            "user-enabled ken@acme.example",
            "member-added ken@acme.example [Support]",
        ]
    );
    assert_eq!(world.groups_of(ADA), ["Engineering", "Support", "admin"]);
    assert_eq!(world.groups_of(KEN), ["Support"]);
    assert!(!world.has(JOAN));
}

#[tokio::test]
async fn a_rejected_token_ends_a_restore_and_the_error_has_the_writes() {
    let world = World::acme().await;
    let mut tombstones = Vec::new();
    for email in [ADA, JOAN] {
        let gone = departure(email, DeprovisionMode::Disable);
        tombstones.push(done(world.tenant.deprovision(&gone).await).tombstone.expect("one"));
    }
    token_rejected(&world, "PUT", &world.path_of(JOAN), 0);
    let request = restoring(tombstones, false);
    let (case, detail) = failed(world.tenant.restore(&request).await);
    assert_eq!((case, detail.code.as_str()), ("permanent denied", "token-rejected"));
    assert_eq!(written(&detail.writes), ["user-enabled ada@acme.example"]);
    world.mock.clear_faults();
    let again = done(world.tenant.restore(&request).await);
    assert_eq!(written(&again.writes), ["user-enabled joan@acme.example"]);
    assert!(again.complete && !world.person(ADA).is_disabled && !world.person(JOAN).is_disabled);
}

#[tokio::test]
async fn nobody_and_one_person_twice_are_refused_before_any_request() {
    let world = World::acme().await;
    let gone = departure(JOAN, DeprovisionMode::Disable);
    let tombstone = done(world.tenant.deprovision(&gone).await).tombstone.expect("a tombstone");
    world.mock.clear_requests();
    let (case, detail) = failed(world.tenant.restore(&restoring([], true)).await);
    assert_eq!((case, detail.code.as_str()), ("permanent invalid-input", "invalid-value"));
    assert_eq!(detail.field.as_deref(), Some("request.tombstones"));
    let twice = [tombstone.clone(), tombstone.clone()];
    let (case, detail) = failed(world.tenant.restore(&restoring(twice, true)).await);
    assert_eq!((case, detail.code.as_str()), ("permanent invalid-input", "duplicate-person"));
    assert_eq!(detail.field.as_deref(), Some("request.tombstones[1]"));
    assert_eq!(detail.subject.as_deref(), Some(JOAN));
    let many = restoring(vec![tombstone; 10_001], true);
    let (case, detail) = failed(world.tenant.restore(&many).await);
    assert_eq!((case, detail.code.as_str()), ("permanent invalid-input", "invalid-value"));
    assert_eq!(detail.field.as_deref(), Some("request.tombstones"));
    assert!(world.requests().is_empty());
}

/// So that no call fails for the size of its result after a write.
#[tokio::test]
async fn a_large_record_is_left_out_of_the_tombstone_and_that_is_said() {
    let world = World::acme().await;
    world.shape(JOAN, |joan| {
        joan.extra.insert("essay".into(), "x".repeat(70_000).into());
    });
    world.shape(GRACE, |grace| {
        grace.extra.insert("essay".into(), "x".repeat(60_000).into());
    });
    let before = world.person(JOAN);

    let small = departure(GRACE, DeprovisionMode::Disable);
    let result = done(world.tenant.deprovision(&small).await);
    assert!(result.tombstone.expect("a tombstone").raw.is_some());
    assert_eq!(result.remaining, [""; 0]);

    let large = departure(JOAN, DeprovisionMode::DisableAndStripGroups);
    let result = done(world.tenant.deprovision(&large).await);
    assert_eq!(result.outcome, DeprovisionOutcome::Deactivated);
    let tombstone = result.tombstone.expect("a tombstone");
    assert_eq!(tombstone.raw, None);
    assert_eq!(tombstone.user.id, UserId::V1(before.id.clone()));
    let [remaining] = &result.remaining[..] else { panic!("{:?}", result.remaining) };
    assert!(remaining.contains("65536") && remaining.contains("record"), "{remaining}");

    // It takes the fields that are known to restore the person; the account has the rest.
    let back = restored(world.tenant.restore(&restoring([tombstone], false)).await);
    assert_eq!(back.outcome, RestoreOutcome::ReEnabled);
    assert_eq!(timeless(world.person(JOAN)), timeless(before));
}

#[tokio::test]
async fn a_large_record_is_left_out_by_steps_and_syncs_too() {
    let world = World::acme().await;
    world.shape(JOAN, |joan| {
        joan.extra.insert("essay".into(), "x".repeat(70_000).into());
    });
    let request = leaving(AbsentPolicy::Disable);
    let plan = done(world.tenant.plan_sync(&request).await);
    let step = plan.steps.iter().find(|step| step.kind == StepKind::DisableUser).expect("a step");
    let result = done(world.tenant.apply_step(step).await);
    assert_eq!(result.tombstone.expect("a tombstone").raw, None);
    world.shape(JOAN, |joan| joan.is_disabled = false);
    let report = done(world.tenant.sync(&request).await);
    assert_eq!(people(&report.tombstones), [ADA, JOAN]);
    assert_eq!(report.tombstones[1].raw, None);
}
