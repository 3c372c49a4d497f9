//! Parts of the contract that this version does not support are refused before any request. The
//! error names the field.

use std::fmt::Debug;

use host_test::retool::groups::{ChangeGroupRequest, NewMember};
use host_test::retool::lifecycle::{
    DeprovisionMode, ProvisionRequest, ResetTwoFactorRequest, RestoreRequest,
};
use host_test::retool::synchronization::{
    AbsenceScope, AbsentPolicy, ApplyPlanRequest, DisabledRecord, Plan, RosterEntry, Step,
    StepKind, SyncRequest,
};
use host_test::retool::types::{
    AccessSetting, Attribute, ClearableField, Connection, Dialect, Membership, UserId, WayIn,
};
use host_test::{Answer, requests};

use crate::support::acme::{ADA, GRACE, JOAN, NEW};
use crate::support::{
    World, arrival, by_email, changing, departure, done, ensuring, entry, failed, named, restoring,
    roster,
};

/// An organisation whose dialect is not known yet. Finding it would already take a request.
async fn world() -> World {
    let mut world = World::acme().await;
    world.tenant = world.tenant.with_connection(Connection {
        dialect: Dialect::Auto,
        ..world.tenant.connection().clone()
    });
    world
}

fn assert_unsupported<T: Debug>(world: &World, answer: Answer<T>, field: Option<&str>) {
    let (case, detail) = failed(answer);
    assert_eq!(
        (case, detail.code.as_str(), detail.field.as_deref()),
        ("permanent unsupported", "operation-unsupported", field),
        "{detail:?}"
    );
    if let Some(field) = field {
        assert!(detail.message.contains(field), "{field}: {}", detail.message);
    }
    assert_eq!((detail.attempts, detail.request, detail.http_status), (0, None, None));
    assert_eq!(detail.writes, []);
    assert_eq!(detail.tombstones, []);
    let requests = world.requests();
    assert!(requests.is_empty(), "{field:?}: {requests:?}");
}

fn user_id() -> UserId {
    UserId::V2("user_00000000000040008000000000000001".into())
}

/// A new user. `/api/v2` creates no user without both names.
fn newcomer() -> RosterEntry {
    RosterEntry { first_name: Some("Nina".into()), last_name: Some("Newman".into()), ..entry(NEW) }
}

fn scope() -> AbsenceScope {
    AbsenceScope {
        domains: Vec::new(),
        members_of: Vec::new(),
        spare_created_within_days: None,
        without_address: None,
    }
}

fn attribute() -> Attribute {
    Attribute { name: "team".into(), value: "blue".into() }
}

fn administered() -> Membership {
    Membership { group: named("Support"), group_admin: Some(true) }
}

#[tokio::test]
async fn fields_of_provision() {
    type Ask = fn(&mut ProvisionRequest);
    let cases: &[(&str, Ask)] = &[
        ("request.former-emails", |r| r.former_emails = vec![JOAN.into()]),
        ("request.metadata", |r| r.metadata = Some("{}".into())),
        ("request.attributes", |r| r.attributes = vec![attribute()]),
        ("request.clear", |r| r.clear = vec![ClearableField::LastName]),
        ("request.groups[0].group-admin", |r| r.groups = vec![administered()]),
        ("request.groups[1].group-admin", |r| {
            let kept = requests::membership(named("Finance"));
            r.groups = vec![kept, Membership { group_admin: Some(false), ..administered() }]
        }),
        ("request.way-in", |r| r.way_in = Some(WayIn::Account)),
        ("request.way-in", |r| r.way_in = Some(WayIn::Invitation)),
        ("request.skip-lookup", |r| r.skip_lookup = Some(true)),
    ];
    let world = world().await;
    for (field, ask) in cases {
        let mut request = arrival(NEW);
        ask(&mut request);
        assert_unsupported(&world, world.tenant.provision(&request).await, Some(field));
    }
    assert!(!world.has(NEW));
}

#[tokio::test]
async fn fields_of_restore() {
    let world = world().await;
    let joan = departure(JOAN, DeprovisionMode::Disable);
    let tombstone = done(world.tenant.deprovision(&joan).await).tombstone.expect("a tombstone");
    let other = departure(GRACE, DeprovisionMode::Disable);
    let other = done(world.tenant.deprovision(&other).await).tombstone.expect("a tombstone");
    world.mock.clear_requests();
    type Ask = fn(&mut RestoreRequest);
    let cases: &[(&str, Ask)] = &[
        ("request.way-in", |r| r.way_in = Some(WayIn::Invitation)),
        ("request.tombstones[1].user.metadata", |r| {
            r.tombstones[1].user.metadata = Some("{}".into())
        }),
        ("request.tombstones[1].user.attributes", |r| {
            r.tombstones[1].user.attributes = Some(vec![attribute()])
        }),
    ];
    for (field, ask) in cases {
        let mut request = restoring([other.clone(), tombstone.clone()], false);
        ask(&mut request);
        assert_unsupported(&world, world.tenant.restore(&request).await, Some(field));
    }
    assert!(world.person(GRACE).is_disabled && world.person(JOAN).is_disabled);
}

#[tokio::test]
async fn fields_of_a_sync() {
    type Ask = fn(&mut SyncRequest);
    let cases: &[(&str, Ask)] = &[
        ("request.roster[1].former-emails", |r| r.roster[1].former_emails = vec![NEW.into()]),
        ("request.roster[1].metadata", |r| r.roster[1].metadata = Some("{}".into())),
        ("request.roster[1].attributes", |r| r.roster[1].attributes = vec![attribute()]),
        ("request.roster[1].clear", |r| {
            r.roster[1].clear = vec![ClearableField::MetadataKey("team".into())]
        }),
        ("request.roster[1].groups[0].group-admin", |r| r.roster[1].groups = vec![administered()]),
        ("request.roster[1].way-in", |r| r.roster[1].way_in = Some(WayIn::Account)),
        ("request.policy.leave-disabled", |r| r.policy.leave_disabled = Some(true)),
        ("request.policy.absent.disable-then-delete", |r| {
            r.policy.absent = AbsentPolicy::DisableThenDelete(30)
        }),
        ("request.policy.absence-scope.domains", |r| {
            let domains = vec!["acme.example".into()];
            r.policy.absence_scope = Some(AbsenceScope { domains, ..scope() })
        }),
        ("request.policy.absence-scope.members-of", |r| {
            let members_of = vec![named("Support")];
            r.policy.absence_scope = Some(AbsenceScope { members_of, ..scope() })
        }),
        ("request.policy.absence-scope.spare-created-within-days", |r| {
            let spare_created_within_days = Some(0);
            r.policy.absence_scope = Some(AbsenceScope { spare_created_within_days, ..scope() })
        }),
        ("request.policy.inactive-for-days", |r| r.policy.inactive_for_days = Some(90)),
        ("request.disabled-since", |r| {
            let since = "2026-01-01T00:00:00Z".into();
            r.disabled_since = vec![DisabledRecord { user: user_id(), since }]
        }),
    ];
    let world = world().await;
    for (field, ask) in cases {
        let mut request = roster(vec![entry(ADA), entry(JOAN), entry(NEW)]);
        ask(&mut request);
        assert_unsupported(&world, world.tenant.plan_sync(&request).await, Some(field));
        assert_unsupported(&world, world.tenant.sync(&request).await, Some(field));
    }
    assert!(!world.has(NEW));
}

#[tokio::test]
async fn fields_of_a_step() {
    let world = World::acme().await;
    let plan = done(world.tenant.plan_sync(&roster(vec![newcomer()])).await);
    let [step] = &plan.steps[..] else { panic!("{:?}", plan.steps) };
    world.mock.clear_requests();
    let kind = |kind| ("step.kind", Step { kind, ..step.clone() });
    let mut cases = vec![
        ("step.group-admin", Step { group_admin: Some(true), ..step.clone() }),
        kind(StepKind::ChangeGroup),
        kind(StepKind::InviteUser),
        kind(StepKind::RenameUser),
        kind(StepKind::ChangeAttributes),
        kind(StepKind::ChangeMember),
        kind(StepKind::CancelInvitation),
    ];
    let mut clearing = step.clone();
    clearing.changes[0].after = None;
    cases.push(("step.changes.after", clearing));
    for (field, step) in cases {
        assert_unsupported(&world, world.tenant.apply_step(&step).await, Some(field));
        let field = field.replace("step", "request.plan.steps[0]");
        let altered = Plan { steps: vec![step], ..plan.clone() };
        let approved_digest = plan.digest.clone();
        let apply = ApplyPlanRequest { plan: altered, approved_digest, first: 0, count: None };
        assert_unsupported(&world, world.tenant.apply_plan(&apply).await, Some(&field));
    }
    assert!(!world.has(NEW));
}

/// Every access setting of the contract except `universal-app-access`, and two unknown names.
const SETTINGS: [(&str, &str); 12] = [
    ("universal-resource-access", "use"),
    ("universal-workflow-access", "edit"),
    ("universal-query-library-access", "none"),
    ("user-list-access", "true"),
    ("audit-log-access", "false"),
    ("unpublished-release-access", "true"),
    ("usage-analytics-access", "true"),
    ("theme-access", "true"),
    ("account-details-access", "true"),
    ("landing-page-app-id", "00000000-0000-4000-8000-000000000001"),
    ("Universal-App-Access", "use"),
    ("", ""),
];

#[tokio::test]
async fn fields_of_groups() {
    let world = world().await;
    let tenant = &world.tenant;
    for (name, value) in SETTINGS {
        let setting =
            |name: &str, value: &str| AccessSetting { name: name.into(), value: value.into() };
        let access = vec![setting("universal-app-access", "use"), setting(name, value)];
        let mut ensure = ensuring("Legal");
        ensure.access.clone_from(&access);
        let field = Some("request.access[1]");
        assert_unsupported(&world, tenant.ensure_group(&ensure).await, field);
        let change = ChangeGroupRequest { access, ..changing(named("Support")) };
        assert_unsupported(&world, tenant.change_group(&change).await, field);
    }

    type Ask = fn(&mut ChangeGroupRequest);
    let cases: &[(&str, Ask)] = &[("request.add-members[0].group-admin", |r| {
        r.add_members = vec![NewMember { user: by_email(JOAN), group_admin: Some(false) }]
    })];
    for (field, ask) in cases {
        let mut request = changing(named("Support"));
        ask(&mut request);
        assert_unsupported(&world, tenant.change_group(&request).await, Some(field));
    }
}

/// An explicit default asks for nothing that is unsupported.
#[tokio::test]
async fn explicit_defaults_are_accepted() {
    let world = world().await;
    let request = ProvisionRequest { skip_lookup: Some(false), ..arrival(JOAN) };
    done(world.tenant.provision(&request).await);
    let mut request = roster(vec![entry(JOAN)]);
    request.policy.leave_disabled = Some(false);
    request.policy.absence_scope = Some(scope());
    done(world.tenant.plan_sync(&request).await);
}

#[tokio::test]
async fn functions_that_are_not_supported_yet() {
    let world = World::acme().await;
    let deprovision = departure(JOAN, DeprovisionMode::Disable);
    assert_unsupported(&world, world.tenant.plan_deprovision(&deprovision).await, None);
    let reset = ResetTwoFactorRequest { user: by_email(JOAN), expected_id: None };
    assert_unsupported(&world, world.tenant.reset_two_factor(&reset).await, None);
}
