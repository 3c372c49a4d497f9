//! Tombstones record what a call removed, even if the call fails, and `restore` undoes it.

use host_test::retool::lifecycle::{DeprovisionMode, DeprovisionOutcome, RestoreOutcome};
use host_test::retool::synchronization::{
    AbsentPolicy, MembershipPolicy, RosterEntry, StepKind, StepOutcome, SyncRequest,
};
use host_test::retool::types::{Dialect, GroupLink, Tombstone};
use mock_retool::{Fault, FaultKind};
use serde_json::{Value, json};

use crate::support::acme::{
    ADA, GRACE, JOAN, KEN, NEW, SUPPORT, link, timeless, unknown_fields, written,
};
use crate::support::dialects::text;
use crate::support::{
    World, address, departure, done, entry, failed, memberships, named, restored, restoring, roster,
};

/// Rejects the token, with 401, for requests of this method to paths with this prefix, after
/// skipping some of them.
fn token_rejected(world: &World, method: &str, path: &str, skip: u32) {
    world.mock.inject(Fault {
        method: Some(method.into()),
        path: Some(path.into()),
        skip,
        ..Fault::new(FaultKind::Status { code: 401, retry_after: None, body: None })
    });
}

/// Returns the method with which a dialect changes a user.
fn change(dialect: Dialect) -> &'static str {
    if dialect == Dialect::V1 { "PUT" } else { "PATCH" }
}

/// Returns the path from which the members of a group are read.
fn members_path(world: &World, group: &str) -> String {
    let path = world.group_path(group);
    if world.dialect() == Dialect::V1 { format!("{path}/members") } else { path }
}

/// Returns the path of a membership in Support.
fn membership_path(world: &World, email: &str) -> String {
    format!("{}/members/{}", world.group_path("Support"), text(&world.user_id(email)))
}

/// Returns the writes that the deletion of Joan takes. Over `/api/v2` it only disables.
fn deletion_of_joan(dialect: Dialect) -> Vec<&'static str> {
    match dialect {
        Dialect::V1 => vec!["user-deleted joan@acme.example"],
        _ => vec!["user-disabled joan@acme.example", "sessions-ended joan@acme.example"],
    }
}

fn people(tombstones: &[Tombstone]) -> Vec<&str> {
    tombstones.iter().map(|tombstone| address(&tombstone.user.email)).collect()
}

/// Ada leaves Support, and Joan is absent. Grace and Ken stay unchanged.
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

/// Restores every user, and checks that they are as before.
async fn check_restore(world: &World, tombstones: &[Tombstone], before: &[mock_retool::User]) {
    world.mock.clear_faults();
    let request = restoring(tombstones.iter().cloned(), true);
    let result = done(world.tenant.restore(&request).await);
    assert!(result.complete, "{:?}", result.people);
    let restored: Vec<_> = result.people.iter().map(|person| address(&person.email)).collect();
    assert_eq!(restored, people(tombstones), "every user, in the order of the tombstones");
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
async fn a_sync_records_each_user_who_lost_something() {
    for (dialect, absent) in each_policy() {
        let world = World::acme_over(dialect).await;
        world.shape(JOAN, |joan| joan.metadata = unknown_fields());
        let before = world.mock.state();
        let plan = done(world.tenant.plan_sync(&leaving(absent)).await);
        let report = done(world.tenant.sync(&leaving(absent)).await);
        assert_eq!(people(&report.tombstones), [ADA, JOAN], "{dialect:?} {absent:?}");
        assert_eq!(people(&plan.tombstones), [ADA, JOAN], "the planned tombstones");
        for (planned, recorded) in plan.tombstones.iter().zip(&report.tombstones) {
            assert_eq!(planned.user, recorded.user);
            assert_eq!(recorded.base_url, world.mock.base_url());
            assert!(recorded.recorded_at.ends_with('Z'), "{}", recorded.recorded_at);
        }
        let joan = &report.tombstones[1];
        assert!(!joan.user.disabled, "as before");
        assert_eq!(
            joan.user.groups.as_deref(),
            Some(
                &[(3, "viewer"), (SUPPORT, "Support")].map(|(id, name)| GroupLink {
                    // `/api/v1` does not say who administers a group.
                    group_admin: (dialect == Dialect::V2).then_some(false),
                    ..link(id, name)
                })[..]
            )
        );
        let raw: Value =
            serde_json::from_str(joan.raw.as_deref().expect("a record")).expect("JSON");
        // The record has fields that no dialect defines: `/api/v2` has them in the metadata.
        let fields = if dialect == Dialect::V1 { &raw } else { &raw["metadata"] };
        assert_eq!(fields["largest"], json!(u64::MAX));
        check_restore(&world, &report.tombstones, &before.users).await;
    }
}

/// Both REST dialects, with each policy that removes absent users.
fn each_policy() -> [(Dialect, AbsentPolicy); 4] {
    [
        (Dialect::V2, AbsentPolicy::Disable),
        (Dialect::V2, AbsentPolicy::Delete),
        (Dialect::V1, AbsentPolicy::Disable),
        (Dialect::V1, AbsentPolicy::Delete),
    ]
}

#[tokio::test]
async fn a_sync_that_removes_nothing_has_no_tombstones() {
    let world = World::acme().await;
    let mut request = leaving(AbsentPolicy::Keep);
    request.policy.memberships = MembershipPolicy::Add;
    let plan = done(world.tenant.plan_sync(&request).await);
    let report = done(world.tenant.sync(&request).await);
    assert!(plan.tombstones.is_empty() && report.tombstones.is_empty());
}

/// A tripped guard prevents all writes. The plan still has the users who would have lost something.
#[tokio::test]
async fn a_withheld_plan_has_its_tombstones_too() {
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
async fn a_failed_sync_reports_what_it_removed_so_far() {
    for (dialect, absent) in each_policy() {
        let world = World::acme_over(dialect).await;
        let before = world.mock.state();
        let joan = world.user_path(JOAN);
        let method = if absent == AbsentPolicy::Delete { "DELETE" } else { change(dialect) };
        token_rejected(&world, method, &joan, 0);
        let (case, detail) = failed(world.tenant.sync(&leaving(absent)).await);
        assert_eq!((case, detail.code.as_str()), ("permanent denied", "token-rejected"));
        assert_eq!(written(&detail.writes), ["member-removed ada@acme.example [Support]"]);
        assert_eq!(people(&detail.tombstones), [ADA], "Joan lost nothing");
        check_restore(&world, &detail.tombstones, &before.users).await;
    }
}

#[tokio::test]
async fn a_sync_that_fails_after_its_last_write_records_every_user() {
    for dialect in [Dialect::V2, Dialect::V1] {
        let world = World::acme_over(dialect).await;
        let before = world.mock.state();
        // The token is rejected when the memberships are read back, after the last write.
        // Over `/api/v2` a deletion reads who administers the groups first.
        let reads = if dialect == Dialect::V2 { 1 } else { 0 };
        token_rejected(&world, "GET", &members_path(&world, "Support"), reads);
        token_rejected(&world, "GET", &world.user_path(ADA), 0);
        let (case, detail) = failed(world.tenant.sync(&leaving(AbsentPolicy::Delete)).await);
        assert_eq!((case, detail.code.as_str()), ("permanent denied", "token-rejected"));
        let removal = vec!["member-removed ada@acme.example [Support]"];
        assert_eq!(written(&detail.writes), [removal, deletion_of_joan(dialect)].concat());
        assert_eq!(people(&detail.tombstones), [ADA, JOAN]);
        check_restore(&world, &detail.tombstones, &before.users).await;
    }
}

#[tokio::test]
async fn a_step_records_the_user_who_lost_something() {
    for (dialect, absent) in each_policy() {
        let world = World::acme_over(dialect).await;
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
            // A repetition removes nothing.
            let again = done(world.tenant.apply_step(step).await);
            assert_eq!((again.outcome, again.tombstone), (StepOutcome::AlreadySo, None));
        }
        check_restore(&world, &tombstones, &before.users).await;
    }
}

/// Then the memberships are read from the groups. Without them `restore` could not add them again.
#[tokio::test]
async fn a_step_records_memberships_even_if_user_records_have_no_groups() {
    for (dialect, absent) in [
        (Dialect::V2, AbsentPolicy::Keep),
        (Dialect::V2, AbsentPolicy::Delete),
        (Dialect::V1, AbsentPolicy::Keep),
        (Dialect::V1, AbsentPolicy::Delete),
    ] {
        let world = World::acme_over(dialect).await;
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
        check_restore(&world, &tombstones, &before.users).await;
    }
}

#[tokio::test]
async fn a_step_that_removes_nothing_has_no_tombstone() {
    let world = World::acme().await;
    let request = roster(vec![
        RosterEntry { last_name: Some("King".into()), ..entry(ADA) },
        RosterEntry { groups: memberships([named("Finance")]), ..entry(JOAN) },
        entry(KEN),
        RosterEntry {
            first_name: Some("Nina".into()),
            last_name: Some("Newman".into()),
            ..entry(NEW)
        },
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
async fn the_error_of_a_step_that_fails_after_its_write_has_the_tombstone() {
    for (dialect, kind) in [
        (Dialect::V2, StepKind::RemoveMember),
        (Dialect::V2, StepKind::DeleteUser),
        (Dialect::V1, StepKind::RemoveMember),
        (Dialect::V1, StepKind::DeleteUser),
    ] {
        let world = World::acme_over(dialect).await;
        let before = world.mock.state();
        let plan = done(world.tenant.plan_sync(&leaving(AbsentPolicy::Delete)).await);
        let step = plan.steps.iter().find(|step| step.kind == kind).expect("such a step");
        let email = address(&step.email);
        // The user is read once before the write, and the token is rejected when it is read back.
        token_rejected(&world, "GET", &world.user_path(email), 1);
        // Over `/api/v2` the step reads who administers the groups first.
        let reads = if dialect == Dialect::V2 { 1 } else { 0 };
        token_rejected(&world, "GET", &members_path(&world, "Support"), reads);
        let (case, detail) = failed(world.tenant.apply_step(step).await);
        assert_eq!((case, detail.code.as_str()), ("permanent denied", "token-rejected"));
        assert_eq!(detail.writes.len(), 1, "{:?}", detail.writes);
        assert_eq!(people(&detail.tombstones), [email]);
        check_restore(&world, &detail.tombstones, &before.users).await;
    }
}

#[tokio::test]
async fn the_error_of_a_failed_deprovision_has_the_tombstone() {
    let world = World::acme().await;
    let before = world.mock.state();
    token_rejected(&world, "DELETE", &membership_path(&world, JOAN), 0);
    let strip = departure(JOAN, DeprovisionMode::DisableAndStripGroups);
    let (case, detail) = failed(world.tenant.deprovision(&strip).await);
    assert_eq!((case, detail.code.as_str()), ("permanent denied", "token-rejected"));
    assert_eq!(
        written(&detail.writes),
        [
            "user-disabled joan@acme.example",
            "sessions-ended joan@acme.example",
            "member-removed joan@acme.example [viewer]"
        ]
    );
    assert_eq!(people(&detail.tombstones), [JOAN]);
    assert!(!detail.tombstones[0].user.disabled, "as before");
    check_restore(&world, &detail.tombstones, &before.users).await;
}

#[tokio::test]
async fn a_deprovision_that_fails_before_its_first_write_has_no_tombstone() {
    for dialect in [Dialect::V2, Dialect::V1] {
        let world = World::acme_over(dialect).await;
        token_rejected(&world, change(dialect), &world.user_path(JOAN), 0);
        let request = departure(JOAN, DeprovisionMode::Disable);
        let (case, detail) = failed(world.tenant.deprovision(&request).await);
        assert_eq!((case, detail.code.as_str()), ("permanent denied", "token-rejected"));
        assert!(detail.writes.is_empty() && detail.tombstones.is_empty(), "{detail:?}");
    }
}

/// Joan's account is deleted and may not be created again. Ada and Ken are restored.
#[tokio::test]
async fn a_user_who_can_not_be_restored_does_not_stop_the_rest() {
    for dialect in [Dialect::V2, Dialect::V1] {
        check_partial_restore(dialect).await;
    }
}

async fn check_partial_restore(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let mut tombstones = Vec::new();
    for (email, mode) in [
        (ADA, DeprovisionMode::DisableAndStripGroups),
        (JOAN, DeprovisionMode::Delete),
        (KEN, DeprovisionMode::DisableAndStripGroups),
    ] {
        let result = done(world.tenant.deprovision(&departure(email, mode)).await);
        tombstones.push(result.tombstone.expect("a tombstone"));
    }
    // Over `/api/v2` a deletion only disables. An administrator deletes the account in Retool.
    if dialect == Dialect::V2 {
        let joan = world.id_of(JOAN);
        world.mock.edit(|acme| acme.delete_user(&joan)).expect("Joan");
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
    let failure = result.people[1].failure.as_ref().expect("a failure");
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
        let disable = departure(email, DeprovisionMode::Disable);
        tombstones.push(done(world.tenant.deprovision(&disable).await).tombstone.expect("one"));
    }
    token_rejected(&world, "PATCH", &world.user_path(JOAN), 0);
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
async fn no_tombstones_and_duplicate_tombstones_are_refused_before_any_request() {
    let world = World::acme().await;
    let disable = departure(JOAN, DeprovisionMode::Disable);
    let tombstone = done(world.tenant.deprovision(&disable).await).tombstone.expect("a tombstone");
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

/// Adds a text of this length to the record of a user: `/api/v1` reports extra fields, and
/// `/api/v2` reports metadata.
fn add_text(world: &World, email: &str, length: usize) {
    world.shape(email, |user| {
        user.extra.insert("essay".into(), "x".repeat(length).into());
        user.metadata.insert("essay".into(), "x".repeat(length).into());
    });
}

/// Otherwise a call could fail after its write because its result is too large.
#[tokio::test]
async fn a_large_record_is_not_in_the_tombstone_and_the_result_says_so() {
    for dialect in [Dialect::V2, Dialect::V1] {
        check_large_record(dialect).await;
    }
}

async fn check_large_record(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    add_text(&world, JOAN, 70_000);
    add_text(&world, GRACE, 60_000);
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
    assert_eq!(tombstone.user.id, world.user_id(JOAN));
    let [remaining] = &result.remaining[..] else { panic!("{:?}", result.remaining) };
    assert!(remaining.contains("65536") && remaining.contains("record"), "{remaining}");

    // The known fields are enough to restore the user. The account still has the others.
    let back = restored(world.tenant.restore(&restoring([tombstone], false)).await);
    assert_eq!(back.outcome, RestoreOutcome::ReEnabled);
    assert_eq!(timeless(world.person(JOAN)), timeless(before));
}

#[tokio::test]
async fn a_large_record_is_not_in_tombstones_of_steps_and_syncs_either() {
    for dialect in [Dialect::V2, Dialect::V1] {
        let world = World::acme_over(dialect).await;
        add_text(&world, JOAN, 70_000);
        let request = leaving(AbsentPolicy::Disable);
        let plan = done(world.tenant.plan_sync(&request).await);
        let step = plan.steps.iter().find(|step| step.kind == StepKind::DisableUser);
        let result = done(world.tenant.apply_step(step.expect("a step")).await);
        assert_eq!(result.tombstone.expect("a tombstone").raw, None);
        world.shape(JOAN, |joan| joan.is_disabled = false);
        let report = done(world.tenant.sync(&request).await);
        assert_eq!(people(&report.tombstones), [ADA, JOAN]);
        assert_eq!(report.tombstones[1].raw, None);
    }
}
