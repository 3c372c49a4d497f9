//! Whose absence counts, the days of grace, and people who are not active, over every dialect.

use std::time::Duration;

use host_test::retool::synchronization::{
    AbsenceScope, AbsentPolicy, ApplyPlanRequest, DisabledRecord, PersonOutcome, Plan, StepKind,
    StepOutcome, SyncReport, SyncRequest,
};
use host_test::retool::types::{Dialect, UserId};
use mock_retool::{ListingOptions, Options};

use crate::support::acme::{ADA, GRACE, JOAN, KEN, NEW};
use crate::support::dialects::ALL;
use crate::support::{World, allow_growth, done, entry, failed, limit, named, roster};

over_every_dialect!(
    only_people_in_a_domain_of_the_scope_are_disabled,
    only_members_of_a_group_of_the_scope_are_disabled,
    new_accounts_are_spared,
    a_leaver_is_disabled_and_then_deleted_by_the_recorded_date,
    an_edit_after_the_plan_keeps_a_leaver_from_being_deleted,
    people_who_are_not_active_are_disabled_where_the_server_says_so,
    a_login_after_the_plan_keeps_an_inactive_person_from_being_removed,
    disabled_people_on_the_roster_are_left_as_they_are,
    the_plan_carries_its_policy_and_can_be_applied,
);

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const CONTRACTOR: &str = "contractor@partner.example";

fn scope() -> AbsenceScope {
    AbsenceScope {
        domains: Vec::new(),
        members_of: Vec::new(),
        spare_created_within_days: None,
        without_address: None,
    }
}

/// A roster of these people, with limits that do not trip. Absent people are disabled.
fn leaving(people: &[&str]) -> SyncRequest {
    let mut request = roster(people.iter().map(|email| entry(email)).collect());
    request.policy.absent = AbsentPolicy::Disable;
    request.policy.re_enable_disabled = false;
    let guards = &mut request.policy.guards;
    guards.minimum_admins = Some(0);
    limit(&mut guards.user_removals).floor = Some(100);
    limit(&mut guards.member_removals).floor = Some(100);
    allow_growth(&mut request);
    request
}

async fn with_contractor(dialect: Dialect) -> World {
    let world = World::acme_over(dialect).await;
    world.add(CONTRACTOR, &["Finance"]);
    world.mock.clear_requests();
    world
}

/// Returns who is disabled or gone.
fn removed(world: &World) -> Vec<&'static str> {
    let is_out = |email: &&str| match world.has(email) {
        true => world.person(email).is_disabled,
        // Not every organisation has this person.
        false => *email != CONTRACTOR,
    };
    [ADA, GRACE, JOAN, CONTRACTOR].into_iter().filter(is_out).collect()
}

fn outcomes(report: &SyncReport) -> Vec<(&str, &PersonOutcome)> {
    report.people.iter().map(|one| (one.email.as_deref().unwrap_or("-"), &one.outcome)).collect()
}

async fn only_people_in_a_domain_of_the_scope_are_disabled(dialect: Dialect) {
    let world = with_contractor(dialect).await;
    let mut request = leaving(&[ADA, GRACE]);
    let domains = vec![" Partner.Example ".into()];
    request.policy.absence_scope = Some(AbsenceScope { domains, ..scope() });
    let report = done(world.tenant.sync(&request).await);
    assert!(report.complete, "{report:?}");
    assert_eq!(removed(&world), [CONTRACTOR]);
    assert!(!outcomes(&report).iter().any(|(email, _)| [JOAN, KEN].contains(email)));
    assert_eq!(report.tombstones.len(), 1);
    world.mock.clear_requests();
    let again = done(world.tenant.sync(&request).await);
    assert_eq!((again.writes.len(), removed(&world)), (0, vec![CONTRACTOR]));
}

async fn only_members_of_a_group_of_the_scope_are_disabled(dialect: Dialect) {
    let world = with_contractor(dialect).await;
    for group in [named("Finance"), world.by_id("Finance")] {
        let mut request = leaving(&[ADA, GRACE]);
        let members_of = vec![group];
        request.policy.absence_scope = Some(AbsenceScope { members_of, ..scope() });
        let plan = done(world.tenant.plan_sync(&request).await);
        let steps: Vec<_> = plan.steps.iter().map(|one| (one.kind, one.email.as_deref())).collect();
        assert_eq!(steps, [(StepKind::DisableUser, Some(CONTRACTOR))]);
    }
    let mut request = leaving(&[ADA, GRACE]);
    let members_of = vec![named("Nobody")];
    request.policy.absence_scope = Some(AbsenceScope { members_of, ..scope() });
    let (case, detail) = failed(world.tenant.sync(&request).await);
    assert_eq!((case, detail.code.as_str()), ("permanent not-found", "group-not-found"));
    assert_eq!(detail.field.as_deref(), Some("request.policy.absence-scope.members-of"));
    assert!(world.writes().is_empty() && removed(&world).is_empty());
}

async fn new_accounts_are_spared(dialect: Dialect) {
    let world = with_contractor(dialect).await;
    let request = |days| {
        let mut request = leaving(&[ADA, GRACE]);
        let spare_created_within_days = Some(days);
        request.policy.absence_scope = Some(AbsenceScope { spare_created_within_days, ..scope() });
        request
    };
    world.mock.edit(|acme| acme.advance(10 * DAY));
    world.add(NEW, &[]);
    let report = done(world.tenant.sync(&request(10)).await);
    assert!(report.complete);
    assert_eq!(removed(&world), [JOAN, CONTRACTOR]);
    assert!(!world.person(NEW).is_disabled);
    let spared =
        "1 absent people are spared because their accounts were created less than 10 days ago.";
    assert!(report.limitations.iter().any(|line| line == spared), "{:?}", report.limitations);
    world.mock.edit(|acme| acme.advance(10 * DAY));
    done(world.tenant.sync(&request(10)).await);
    assert!(world.person(NEW).is_disabled);
}

/// Returns since when a report says that a person is disabled.
fn recorded(world: &World, report: &SyncReport, email: &str) -> Option<DisabledRecord> {
    let person = report.people.iter().find(|one| one.email.as_deref() == Some(email))?;
    Some(DisabledRecord { user: world.user_id(email), since: person.disabled_since.clone()? })
}

async fn a_leaver_is_disabled_and_then_deleted_by_the_recorded_date(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let mut request = leaving(&[ADA, GRACE]);
    request.policy.absent = AbsentPolicy::DisableThenDelete(30);
    let first = done(world.tenant.sync(&request).await);
    assert_eq!(removed(&world), [JOAN]);
    assert!(world.has(JOAN) && world.has(KEN) && first.complete, "{first:?}");
    let unknown = "`disabled-since` does not say since when: ken@acme.example.";
    let says =
        |report: &SyncReport, text: &str| report.limitations.iter().any(|line| line.contains(text));
    assert_eq!(says(&first, unknown), dialect != Dialect::V2);

    world.mock.edit(|acme| acme.advance(29 * DAY));
    if dialect == Dialect::V2 {
        // It says when nobody was disabled, and deletes nobody.
        assert_eq!(recorded(&world, &first, JOAN), None);
        let since = "2020-01-01T00:00:00Z".into();
        request.disabled_since = vec![DisabledRecord { user: world.user_id(JOAN), since }];
        world.mock.edit(|acme| acme.advance(400 * DAY));
        let later = done(world.tenant.sync(&request).await);
        assert!(says(&later, "absent people stay disabled, however long they have been"));
        assert!(world.has(JOAN) && later.complete);
        return;
    }
    request.disabled_since.extend(recorded(&world, &first, JOAN));
    assert_eq!(request.disabled_since.len(), 1);
    world.mock.clear_requests();
    let early = done(world.tenant.sync(&request).await);
    assert!(world.writes().is_empty() && early.complete && world.has(JOAN));
    assert!(says(&early, "stay disabled until they have been so for 30 days"));

    world.mock.edit(|acme| acme.advance(DAY));
    let joan = world.user_id(JOAN);
    let late = done(world.tenant.sync(&request).await);
    assert!(late.complete && !world.has(JOAN) && world.has(KEN), "{late:?}");
    let [tombstone] = &late.tombstones[..] else { panic!("{:?}", late.tombstones) };
    assert_eq!((&tombstone.user.id, tombstone.user.disabled), (&joan, true));
    assert!(tombstone.user.groups.as_ref().is_some_and(|groups| groups.len() == 2));
}

async fn an_edit_after_the_plan_keeps_a_leaver_from_being_deleted(dialect: Dialect) {
    if dialect == Dialect::V2 {
        return;
    }
    let world = World::acme_over(dialect).await;
    let mut request = leaving(&[ADA, GRACE]);
    request.policy.absent = AbsentPolicy::DisableThenDelete(1);
    let first = done(world.tenant.sync(&request).await);
    request.disabled_since.extend(recorded(&world, &first, JOAN));
    world.mock.edit(|acme| acme.advance(2 * DAY));
    let plan = done(world.tenant.plan_sync(&request).await);
    let [step] = &plan.steps[..] else { panic!("{:?}", plan.steps) };
    assert_eq!(step.kind, StepKind::DeleteUser);

    // Somebody enables Joan and disables her again: the account looks as before.
    let now = world.mock.state().now().to_string();
    world.shape(JOAN, |joan| joan.updated_at = now);
    world.mock.clear_requests();
    let applied = done(world.tenant.apply_step(step).await);
    assert_eq!(applied.outcome, StepOutcome::Stale);
    let report = done(world.tenant.apply_plan(&approved(plan)).await);
    assert_eq!(outcomes(&report)[..1], [(JOAN, &PersonOutcome::Stale)]);
    assert!(world.has(JOAN) && world.writes().is_empty());
    // The days count from the edit.
    let again = done(world.tenant.plan_sync(&request).await);
    assert_eq!(again.steps, []);
}

fn approved(plan: Plan) -> ApplyPlanRequest {
    let approved_digest = plan.digest.clone();
    ApplyPlanRequest { plan, approved_digest, first: 0, count: None }
}

async fn people_who_are_not_active_are_disabled_where_the_server_says_so(dialect: Dialect) {
    for v1_activity in [true, false] {
        let listing = ListingOptions { v1_activity, ..ListingOptions::default() };
        let world = World::acme_over_with(dialect, Options { listing, ..Options::default() }).await;
        world.mock.edit(|acme| acme.advance(200 * DAY));
        let now = world.mock.state().now().to_string();
        world.shape(GRACE, |grace| grace.last_active = Some(now));
        world.shape(JOAN, |joan| joan.last_active = Some(joan.created_at.clone()));
        world.shape(KEN, |ken| ken.last_active = Some(ken.created_at.clone()));
        let mut request = leaving(&[ADA, GRACE, JOAN, KEN]);
        request.policy.re_enable_disabled = true;
        request.policy.inactive_for_days = Some(90);
        let plan = done(world.tenant.plan_sync(&request).await);
        let report = done(world.tenant.sync(&request).await);
        assert!(report.complete, "{report:?}");
        let reason = "1 people on the roster are treated as absent because they were last active more than 90 days \
                      ago: joan@acme.example.";
        let not_enabled = plan.limitations.iter().any(|line| {
            line.contains("are not enabled") && line.contains("disabled again: ken@acme.example.")
        });
        let is_said = plan.limitations.iter().any(|line| line == reason);
        if dialect == Dialect::V2 || dialect == Dialect::V1 && v1_activity {
            assert_eq!((removed(&world), is_said), (vec![JOAN], true), "{:?}", plan.limitations);
        } else {
            assert_eq!((removed(&world), is_said), (Vec::new(), false));
            let nobody = "nobody is treated as inactive";
            assert!(plan.limitations.iter().any(|line| line.contains(nobody)));
        }
        // Who is inactive is not enabled, as the next sync would disable them again.
        assert_eq!(world.person(KEN).is_disabled, is_said, "{:?}", plan.steps);
        assert_eq!(not_enabled, is_said, "{:?}", plan.limitations);
        world.mock.clear_requests();
        let again = done(world.tenant.sync(&request).await);
        assert!(again.complete && world.writes().is_empty(), "{again:?}");
    }
}

async fn a_login_after_the_plan_keeps_an_inactive_person_from_being_removed(dialect: Dialect) {
    if dialect == Dialect::Scim {
        return;
    }
    for absent in [AbsentPolicy::Disable, AbsentPolicy::Delete] {
        let listing = ListingOptions { v1_activity: true, ..ListingOptions::default() };
        let world = World::acme_over_with(dialect, Options { listing, ..Options::default() }).await;
        world.mock.edit(|acme| acme.advance(200 * DAY));
        let now = world.mock.state().now().to_string();
        world.shape(ADA, |ada| ada.last_active = Some(now.clone()));
        world.shape(GRACE, |grace| grace.last_active = Some(now.clone()));
        world.shape(JOAN, |joan| joan.last_active = Some(joan.created_at.clone()));
        let mut request = leaving(&[ADA, GRACE, JOAN, KEN]);
        request.policy.absent = absent;
        request.policy.leave_disabled = Some(true);
        request.policy.inactive_for_days = Some(90);
        let plan = done(world.tenant.plan_sync(&request).await);
        let [step] = &plan.steps[..] else { panic!("{:?}", plan.steps) };
        assert_eq!(step.email.as_deref(), Some(JOAN));

        // A login changes nothing else about the account.
        world.shape(JOAN, |joan| joan.last_active = Some(now.clone()));
        world.mock.clear_requests();
        let applied = done(world.tenant.apply_step(step).await);
        assert_eq!(applied.outcome, StepOutcome::Stale);
        let report = done(world.tenant.apply_plan(&approved(plan)).await);
        assert!(outcomes(&report).contains(&(JOAN, &PersonOutcome::Stale)), "{report:?}");
        assert!(world.writes().is_empty() && removed(&world).is_empty());
    }
}

async fn disabled_people_on_the_roster_are_left_as_they_are(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let before = world.mock.state();
    let mut request = leaving(&[ADA, GRACE, JOAN, KEN]);
    request.roster[3].first_name = Some("Kenneth".into());
    let refused = done(world.tenant.sync(&request).await);
    assert!(!refused.complete);
    request.policy.leave_disabled = Some(true);
    let left = done(world.tenant.sync(&request).await);
    assert!(left.complete && left.writes.is_empty(), "{left:?}");
    assert!(outcomes(&left).contains(&(KEN, &PersonOutcome::Unchanged)));
    assert_eq!(world.mock.state(), before);
}

async fn the_plan_carries_its_policy_and_can_be_applied(dialect: Dialect) {
    let world = with_contractor(dialect).await;
    world.mock.edit(|acme| acme.advance(3 * DAY));
    let mut request = leaving(&[ADA, GRACE]);
    request.policy.leave_disabled = Some(true);
    request.policy.absent = AbsentPolicy::DisableThenDelete(30);
    request.policy.inactive_for_days = Some(3650);
    request.policy.absence_scope = Some(AbsenceScope {
        domains: vec!["partner.example".into(), "acme.example".into()],
        members_of: vec![named("Support"), named("Finance")],
        spare_created_within_days: Some(2),
        without_address: Some(false),
    });
    let plan = done(world.tenant.plan_sync(&request).await);
    assert_eq!(plan.policy.absent, AbsentPolicy::DisableThenDelete(30));
    assert_eq!(plan.policy.inactive_for_days, Some(3650));
    assert_eq!(plan.policy.leave_disabled, Some(true));
    let scope = plan.policy.absence_scope.clone().expect("the scope");
    assert_eq!(scope.domains, ["acme.example", "partner.example"]);
    assert_eq!(scope.members_of, [named("Finance"), named("Support")]);
    assert_eq!(scope.spare_created_within_days, Some(2));

    let mut altered = plan.clone();
    altered.policy.absence_scope = None;
    let (_, detail) = failed(world.tenant.apply_plan(&approved(altered)).await);
    assert_eq!(detail.code, "plan-changed");
    assert!(removed(&world).is_empty());
    let report = done(world.tenant.apply_plan(&approved(plan)).await);
    assert!(report.complete, "{report:?}");
    assert_eq!(removed(&world), [JOAN, CONTRACTOR]);
}

#[tokio::test]
async fn wrong_policies_are_refused_before_any_request() {
    type Ask = fn(&mut SyncRequest);
    let cases: &[(&str, &str, Ask)] = &[
        ("invalid-value", "request.policy.leave-disabled", |r| {
            r.policy.leave_disabled = Some(true);
            r.policy.re_enable_disabled = true;
        }),
        ("invalid-value", "request.policy.absent", |r| {
            r.policy.absent = AbsentPolicy::DisableThenDelete(0)
        }),
        ("invalid-value", "request.policy.absent", |r| {
            r.policy.absent = AbsentPolicy::DisableThenDelete(3651)
        }),
        ("invalid-value", "request.policy.inactive-for-days", |r| {
            r.policy.inactive_for_days = Some(0)
        }),
        ("invalid-value", "request.policy.inactive-for-days", |r| {
            r.policy.inactive_for_days = Some(90);
            r.policy.absent = AbsentPolicy::Keep;
        }),
        ("invalid-value", "request.policy.absence-scope.spare-created-within-days", |r| {
            let spare_created_within_days = Some(3651);
            r.policy.absence_scope = Some(AbsenceScope { spare_created_within_days, ..scope() });
        }),
        ("invalid-value", "request.policy.absence-scope.domains[1]", |r| {
            let domains = vec!["acme.example".into(), "@acme.example".into()];
            r.policy.absence_scope = Some(AbsenceScope { domains, ..scope() });
        }),
        ("invalid-value", "request.policy.absence-scope.domains[0]", |r| {
            let domains = vec![" ".into()];
            r.policy.absence_scope = Some(AbsenceScope { domains, ..scope() });
        }),
        ("duplicate-group", "request.policy.absence-scope.members-of[1]", |r| {
            let members_of = vec![named("Support"), named("Support")];
            r.policy.absence_scope = Some(AbsenceScope { members_of, ..scope() });
        }),
        ("invalid-value", "request.disabled-since", |r| r.disabled_since = vec![record("u", TIME)]),
        ("invalid-value", "request.disabled-since[0].since", |r| {
            r.policy.absent = AbsentPolicy::DisableThenDelete(30);
            r.disabled_since = vec![record("u", "yesterday")];
        }),
        ("duplicate-person", "request.disabled-since[1].user", |r| {
            r.policy.absent = AbsentPolicy::DisableThenDelete(30);
            r.disabled_since = vec![record("u", TIME), record("u", TIME)];
        }),
    ];
    const TIME: &str = "2026-01-01T00:00:00Z";
    fn record(id: &str, since: &str) -> DisabledRecord {
        DisabledRecord { user: UserId::V1(id.into()), since: since.into() }
    }
    let world = World::acme_over(Dialect::V1).await;
    for (code, field, ask) in cases {
        let mut request = leaving(&[ADA, GRACE, JOAN]);
        ask(&mut request);
        for (case, detail) in [
            failed(world.tenant.plan_sync(&request).await),
            failed(world.tenant.sync(&request).await),
        ] {
            assert_eq!((case, detail.code.as_str()), ("permanent invalid-input", *code), "{field}");
            assert_eq!(detail.field.as_deref(), Some(*field));
        }
    }
    assert!(world.requests().is_empty());
}

/// An id of another API names nobody here, or somebody else.
#[tokio::test]
async fn a_date_for_an_id_of_another_api_is_refused() {
    for dialect in ALL {
        let world = World::acme_over(dialect).await;
        let other = if dialect == Dialect::V1 { Dialect::V2 } else { Dialect::V1 };
        let mut request = leaving(&[ADA, GRACE, JOAN]);
        request.policy.absent = AbsentPolicy::DisableThenDelete(30);
        let since = "2026-01-01T00:00:00Z".into();
        request.disabled_since = vec![DisabledRecord { user: world.user_id_in(other, KEN), since }];
        let (case, detail) = failed(world.tenant.sync(&request).await);
        assert_eq!(case, "permanent invalid-input");
        assert_eq!(detail.field.as_deref(), Some("request.disabled-since[0].user"));
        assert!(world.requests().is_empty());
    }
}
