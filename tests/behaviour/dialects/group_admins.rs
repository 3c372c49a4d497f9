//! Who administers a group.

use host_test::retool::groups::{ChangeGroupRequest, NewMember};
use host_test::retool::lifecycle::{ProvisionOutcome, ProvisionRequest};
use host_test::retool::synchronization::{
    ApplyPlanRequest, Guard, MembershipPolicy, PersonOutcome, RosterEntry, StepKind, StepOutcome,
    SyncRequest,
};
use host_test::retool::types::{Dialect, Membership};
use mock_retool::{Options, V2Options};

use crate::support::acme::{ADA, GRACE, JOAN, KEN, NEW, wit_name, written};
use crate::support::dialects::{known, nina};
use crate::support::{World, by_email, changing, done, entry, failed, named, roster};

over_every_dialect!(
    a_dialect_that_does_not_report_it_refuses_it_before_any_write,
    a_plan_leaves_it_out_where_the_dialect_does_not_report_it,
);

fn administering(group: &str, group_admin: Option<bool>) -> Membership {
    Membership { group: named(group), group_admin }
}

/// Returns the addresses of those who administer a group.
fn admins(world: &World, group: &str) -> Vec<String> {
    let state = world.mock.state();
    let id = state.group_named(group).expect("a group").id;
    let admins = state.members(id).filter(|member| member.is_group_admin);
    admins.map(|member| member.user.email.clone()).collect()
}

/// Acme over `/api/v2`, where Joan administers Support.
async fn world() -> World {
    let world = World::acme_over(Dialect::V2).await;
    administer(&world);
    world
}

fn administer(world: &World) {
    world.shape(JOAN, |joan| joan.memberships[1].is_group_admin = true);
    world.shape(KEN, |ken| ken.is_disabled = false);
    assert_eq!(admins(world, "Support"), [JOAN]);
}

/// Joan should not administer Support any more, Ken should, and Grace and Nina should join it as
/// administrators.
fn request() -> SyncRequest {
    let of = |email: &str, admin| RosterEntry {
        groups: vec![administering("Support", admin)],
        ..entry(email)
    };
    let mut request = roster(vec![
        of(ADA, None),
        of(JOAN, Some(false)),
        of(KEN, Some(true)),
        of(GRACE, Some(true)),
        RosterEntry {
            first_name: Some("Nina".into()),
            last_name: Some("Newman".into()),
            ..of(NEW, Some(true))
        },
    ]);
    request.policy.memberships = MembershipPolicy::Add;
    request
}

fn adding(email: &str, group_admin: Option<bool>) -> ChangeGroupRequest {
    ChangeGroupRequest {
        add_members: vec![NewMember { user: by_email(email), group_admin }],
        ..changing(named("Support"))
    }
}

async fn a_dialect_that_does_not_report_it_refuses_it_before_any_write(dialect: Dialect) {
    if dialect == Dialect::V2 {
        return;
    }
    let world = World::acme_over(dialect).await;
    for group_admin in [Some(true), Some(false)] {
        let groups = vec![administering("Finance", None), administering("Legal", group_admin)];
        for request in [known(JOAN), nina(dialect)] {
            let request =
                ProvisionRequest { groups: groups.clone(), create_missing_groups: true, ..request };
            let (case, detail) = failed(world.tenant.provision(&request).await);
            assert_eq!(
                (case, detail.code.as_str(), detail.field.as_deref()),
                (
                    "permanent unsupported",
                    "operation-unsupported",
                    Some("request.groups[1].group-admin")
                )
            );
        }
        let (case, detail) = failed(world.tenant.change_group(&adding(GRACE, group_admin)).await);
        assert_eq!(
            (case, detail.code.as_str(), detail.field.as_deref()),
            (
                "permanent unsupported",
                "operation-unsupported",
                Some("request.add-members[0].group-admin")
            )
        );
    }
    assert!(world.writes().is_empty());
}

async fn a_plan_leaves_it_out_where_the_dialect_does_not_report_it(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let mut request = request();
    request.roster.pop();
    let plan = done(world.tenant.plan_sync(&request).await);
    let is_said = plan.limitations.iter().any(|text| text.contains("group-admin"));
    assert_eq!(is_said, dialect != Dialect::V2, "{:?}", plan.limitations);
    let says_it = plan.steps.iter().any(|step| step.group_admin.is_some());
    assert_eq!(says_it, dialect == Dialect::V2);
}

#[tokio::test]
async fn a_person_is_provisioned_as_an_administrator_of_groups() {
    let world = world().await;
    let request = ProvisionRequest {
        groups: vec![
            administering("Support", Some(true)),
            administering("Finance", Some(false)),
            administering("Legal", Some(true)),
        ],
        create_missing_groups: true,
        ..nina(Dialect::V2)
    };
    let result = done(world.tenant.provision(&request).await);
    assert_eq!(result.outcome, ProvisionOutcome::Created);
    assert_eq!(admins(&world, "Support"), [JOAN, NEW]);
    assert_eq!(admins(&world, "Legal"), [NEW]);
    assert!(admins(&world, "Finance").is_empty());
    assert_eq!(
        written(&result.writes),
        [
            "group-created Legal [Legal]".to_owned(),
            format!("user-created {NEW}"),
            format!("member-added {NEW} [Support]"),
            format!("member-added {NEW} [Finance]"),
            format!("member-added {NEW} [Legal]"),
        ]
    );
    let links = result.user.groups.expect("groups");
    let of = |name: &str| {
        links.iter().find(|link| link.name.as_deref() == Some(name)).and_then(|one| one.group_admin)
    };
    assert_eq!((of("Support"), of("Finance"), of("Legal")), (Some(true), Some(false), Some(true)));

    world.mock.clear_requests();
    let again = done(world.tenant.provision(&request).await);
    assert_eq!(again.outcome, ProvisionOutcome::Unchanged);
    assert!(again.writes.is_empty() && world.writes().is_empty());
}

#[tokio::test]
async fn the_administration_of_a_group_is_given_and_taken_and_otherwise_kept() {
    let world = world().await;
    let members = world.members_of("Support");
    for (email, wanted, expected) in [
        (KEN, Some(true), vec![JOAN, KEN]),
        (JOAN, None, vec![JOAN, KEN]),
        (JOAN, Some(false), vec![KEN]),
    ] {
        let request =
            ProvisionRequest { groups: vec![administering("Support", wanted)], ..known(email) };
        let result = done(world.tenant.provision(&request).await);
        assert_eq!(admins(&world, "Support"), expected, "{email}");
        let changed = vec![format!("member-changed {email} [Support]")];
        let (outcome, writes) = match wanted {
            None => (ProvisionOutcome::Unchanged, Vec::new()),
            Some(_) => (ProvisionOutcome::Updated, changed),
        };
        assert_eq!((result.outcome, written(&result.writes)), (outcome, writes), "{email}");
        assert!(result.groups_added.is_empty());
    }
    assert_eq!(world.members_of("Support"), members);
}

#[tokio::test]
async fn members_of_a_group_are_added_as_administrators_and_changed() {
    let world = world().await;
    let request = ChangeGroupRequest {
        add_members: vec![
            NewMember { user: by_email(GRACE), group_admin: Some(true) },
            NewMember { user: by_email(KEN), group_admin: Some(true) },
            NewMember { user: by_email(JOAN), group_admin: Some(false) },
            NewMember { user: by_email(ADA), group_admin: None },
        ],
        ..changing(named("Support"))
    };
    let result = done(world.tenant.change_group(&request).await);
    assert_eq!(admins(&world, "Support"), [GRACE, KEN]);
    let of = |members: &[host_test::retool::types::Member]| {
        let of = |member: &host_test::retool::types::Member| {
            (member.email.clone().expect("an address"), member.group_admin)
        };
        let mut all: Vec<_> = members.iter().map(of).collect();
        all.sort();
        all
    };
    assert_eq!(of(&result.members_added), [(GRACE.to_owned(), Some(true))]);
    assert_eq!(
        of(&result.members_changed),
        [(JOAN.to_owned(), Some(false)), (KEN.to_owned(), Some(true))]
    );
    assert_eq!(
        written(&result.writes),
        [
            format!("member-added {GRACE} [Support]"),
            format!("member-changed {KEN} [Support]"),
            format!("member-changed {JOAN} [Support]"),
        ]
    );
    world.mock.clear_requests();
    let again = done(world.tenant.change_group(&request).await);
    assert!(again.writes.is_empty() && again.members_changed.is_empty());
    assert!(world.writes().is_empty());
}

#[tokio::test]
async fn a_protected_person_keeps_the_administration_of_a_group() {
    let world = world().await;
    let request = ChangeGroupRequest {
        protected_people: vec![by_email(JOAN)],
        new_name: Some("Helpdesk".into()),
        ..adding(JOAN, Some(false))
    };
    let (case, detail) = failed(world.tenant.change_group(&request).await);
    assert_eq!((case, detail.code.as_str()), ("permanent refused", "protected-person"));
    assert!(world.writes().is_empty());

    let mut request = self::request();
    request.policy.guards.protected_people = vec![by_email(JOAN)];
    let report = done(world.tenant.sync(&request).await);
    assert_eq!(admins(&world, "Support"), [GRACE, JOAN, KEN, NEW]);
    let joan = report.people.iter().find(|one| one.email.as_deref() == Some(JOAN)).expect("Joan");
    assert_eq!(joan.outcome, PersonOutcome::Refused);
    assert!(joan.refusal.as_deref().is_some_and(|why| why.contains("Support")));
}

#[tokio::test]
async fn a_roster_gives_and_takes_the_administration_of_groups() {
    let world = world().await;
    let plan = done(world.tenant.plan_sync(&request()).await);
    let steps: Vec<_> = plan
        .steps
        .iter()
        .filter(|step| step.group.is_some())
        .map(|step| {
            let email = step.email.as_deref().unwrap_or_default();
            format!("{} {email} {:?}", wit_name(&step.kind), step.group_admin)
        })
        .collect();
    assert_eq!(
        steps,
        [
            format!("add-member {GRACE} Some(true)"),
            format!("add-member {NEW} Some(true)"),
            format!("change-member {JOAN} Some(false)"),
            format!("change-member {KEN} Some(true)"),
        ]
    );
    let report = done(world.tenant.sync(&request()).await);
    assert!(report.complete, "{:?}", report.people);
    assert_eq!(admins(&world, "Support"), [GRACE, KEN, NEW]);
    assert_eq!(world.members_of("Support"), [ADA, GRACE, JOAN, KEN, NEW]);
    for (email, groups) in [(JOAN, Some(false)), (KEN, Some(true))] {
        let person = report.people.iter().find(|one| one.email.as_deref() == Some(email));
        let person = person.expect("a person");
        assert_eq!(person.outcome, PersonOutcome::Updated);
        let [group] = &person.groups_changed[..] else { panic!("{person:?}") };
        assert_eq!((group.name.as_deref(), group.group_admin), (Some("Support"), groups));
    }
    world.mock.clear_requests();
    let again = done(world.tenant.sync(&request()).await);
    assert!(again.complete && again.writes.is_empty() && world.writes().is_empty());
    assert_eq!(done(world.tenant.plan_sync(&request()).await).steps, []);
}

#[tokio::test]
async fn an_approved_plan_and_its_single_steps_do_the_same() {
    let (applied, stepped) = (world().await, world().await);
    let plan = done(applied.tenant.plan_sync(&request()).await);
    let apply =
        ApplyPlanRequest { approved_digest: plan.digest.clone(), plan, first: 0, count: None };
    for _ in 0..2 {
        let report = done(applied.tenant.apply_plan(&apply).await);
        assert!(report.complete, "{:?}", report.people);
        assert_eq!(admins(&applied, "Support"), [GRACE, KEN, NEW]);
    }
    let plan = done(stepped.tenant.plan_sync(&request()).await);
    for expected in [StepOutcome::Applied, StepOutcome::AlreadySo] {
        for step in &plan.steps {
            let result = done(stepped.tenant.apply_step(step).await);
            assert_eq!(result.outcome, expected, "{step:?}");
        }
        assert_eq!(admins(&stepped, "Support"), [GRACE, KEN, NEW]);
    }
}

#[tokio::test]
async fn a_step_for_somebody_who_left_the_group_is_stale() {
    let world = world().await;
    let plan = done(world.tenant.plan_sync(&request()).await);
    let step = plan.steps.iter().find(|step| step.kind == StepKind::ChangeMember).expect("a step");
    world.shape(JOAN, |joan| joan.memberships.retain(|one| !one.is_group_admin));
    world.mock.clear_requests();
    let result = done(world.tenant.apply_step(step).await);
    assert_eq!(result.outcome, StepOutcome::Stale);
    assert!(result.reason.is_some_and(|why| why.contains("not in the group")));
    let apply =
        ApplyPlanRequest { approved_digest: plan.digest.clone(), plan, first: 0, count: None };
    let report = done(world.tenant.apply_plan(&apply).await);
    let joan = report.people.iter().find(|one| one.email.as_deref() == Some(JOAN)).expect("Joan");
    assert_eq!(joan.outcome, PersonOutcome::Stale);
    assert_eq!(world.members_of("Support"), [ADA, GRACE, KEN, NEW]);
}

#[tokio::test]
async fn who_administers_a_group_is_a_part_of_the_plans_inputs() {
    let world = world().await;
    let before = done(world.tenant.plan_sync(&request()).await);
    assert!(before.guards.iter().all(|guard| guard.guard != Guard::ProtectedPeople));
    world.shape(ADA, |ada| {
        for membership in &mut ada.memberships {
            membership.is_group_admin = true;
        }
    });
    let after = done(world.tenant.plan_sync(&request()).await);
    assert_eq!(before.steps, after.steps);
    assert_ne!(before.inputs_digest, after.inputs_digest);
}

/// Such a server accepts the request and leaves the administrators as they are.
#[tokio::test]
async fn a_change_that_does_not_hold_is_an_error() {
    let v2 = V2Options { changes_group_admins: false, ..V2Options::default() };
    let options = Options { v2, ..Options::default() };
    let world = World::acme_over_with(Dialect::V2, options).await;
    administer(&world);
    let request =
        ProvisionRequest { groups: vec![administering("Support", Some(true))], ..known(KEN) };
    let (case, detail) = failed(world.tenant.provision(&request).await);
    assert_eq!((case, detail.code.as_str()), ("permanent conflict", "not-verified"));
    assert_eq!(detail.subject.as_deref(), Some(KEN));
    assert_eq!(detail.writes.len(), 1);
    assert_eq!(admins(&world, "Support"), [JOAN]);
    let report = done(world.tenant.sync(&self::request()).await);
    assert!(!report.complete);
    assert_eq!(admins(&world, "Support"), [GRACE, JOAN, NEW]);
}
