//! One step of a plan at a time: applied, so already, or stale.

use host_test::retool::synchronization::{
    AbsentPolicy, MembershipPolicy, Plan, RosterEntry, Step, StepKind, StepOutcome, StepResult,
    SyncRequest,
};
use host_test::retool::types::{Dialect, FieldChange, GroupId, UserId};
use mock_retool::Dialect::{V1, V2};
use mock_retool::{Options, User};

use crate::support::acme::{ADA, FINANCE, GRACE, JOAN, KEN, NEW, SUPPORT, written};
use crate::support::{World, done, entry, failed, memberships, named, roster};

/// The only step of a plan.
fn only(plan: Plan) -> Step {
    let [step] = &plan.steps[..] else { panic!("{:?}", plan.steps) };
    step.clone()
}

async fn planned(world: &World, request: SyncRequest) -> Step {
    let step = only(done(world.tenant.plan_sync(&request).await));
    world.mock.clear_requests();
    step
}

async fn apply(world: &World, step: &Step) -> StepResult {
    done(world.tenant.apply_step(step).await)
}

/// Applies it, and once more, which must not write.
async fn applied_once(world: &World, step: &Step, write: &str) {
    let result = apply(world, step).await;
    assert_eq!(result.outcome, StepOutcome::Applied, "{:?}", result.reason);
    assert_eq!(written(&result.writes), [write]);
    assert_eq!(result.reason, None);
    let after = world.mock.state();
    world.mock.clear_requests();

    let again = apply(world, step).await;
    assert_eq!(again.outcome, StepOutcome::AlreadySo, "{:?}", again.reason);
    assert!(again.writes.is_empty() && world.writes().is_empty());
    assert_eq!(world.mock.state(), after);
}

/// The world is no longer what the plan saw: nothing is written.
async fn stale(world: &World, step: &Step) {
    let before = world.mock.state();
    world.mock.clear_requests();
    let result = apply(world, step).await;
    assert_eq!(result.outcome, StepOutcome::Stale);
    assert!(result.reason.is_some_and(|reason| !reason.is_empty()));
    assert!(result.writes.is_empty() && world.writes().is_empty());
    assert_eq!(world.mock.state(), before);
}

fn renaming(email: &str) -> SyncRequest {
    roster(vec![RosterEntry { last_name: Some("Smith".into()), ..entry(email) }])
}

fn joining(email: &str, group: &str) -> SyncRequest {
    roster(vec![RosterEntry { groups: memberships([named(group)]), ..entry(email) }])
}

fn leaving(email: &str, group: &str) -> SyncRequest {
    let mut request = roster(vec![entry(email)]);
    request.policy.memberships = MembershipPolicy::Exact;
    request.policy.managed_groups = vec![named(group)];
    request
}

/// Joan is absent, and nobody else.
fn absent(policy: AbsentPolicy) -> SyncRequest {
    let mut request = roster(vec![entry(ADA), entry(GRACE), entry(KEN)]);
    request.policy.re_enable_disabled = false;
    request.policy.absent = policy;
    request
}

#[tokio::test]
async fn a_group_is_created() {
    let world = World::acme().await;
    let mut request = roster(vec![entry(ADA)]);
    request.policy.managed_groups = vec![named("Legal")];
    let step = planned(&world, request).await;
    assert_eq!(step.kind, StepKind::CreateGroup);
    applied_once(&world, &step, "group-created Legal [Legal]").await;
    assert!(world.members_of("Legal").is_empty());
}

#[tokio::test]
async fn a_person_is_created_and_invited_once() {
    let world = World::acme().await;
    let step = planned(&world, roster(vec![entry(NEW)])).await;
    applied_once(&world, &step, "user-created new@acme.example").await;
    assert_eq!(world.mock.state().invitations, [NEW]);

    // With other fields it is somebody else's account by now.
    world.shape(NEW, |new| new.user_type = "endUser".into());
    stale(&world, &step).await;
    world.shape(NEW, |new| {
        new.user_type = "default".into();
        new.is_disabled = true;
    });
    stale(&world, &step).await;
}

#[tokio::test]
async fn a_person_is_enabled() {
    let world = World::acme().await;
    let step = planned(&world, renaming(KEN)).await;
    assert_eq!(step.kind, StepKind::EnableUser);
    applied_once(&world, &step, "user-enabled ken@acme.example").await;
    let ken = world.person(KEN);
    assert_eq!((ken.is_disabled, ken.last_name.as_deref()), (false, Some("Smith")));
}

#[tokio::test]
async fn a_person_is_changed() {
    let world = World::acme().await;
    let user = world.path_of(JOAN);
    let step = planned(&world, renaming(JOAN)).await;
    let result = apply(&world, &step).await;
    assert_eq!(result.outcome, StepOutcome::Applied);
    assert_eq!(world.requests(), [format!("GET {user}"), format!("PUT {user}")]);
    world.shape(JOAN, |joan| joan.last_name = Some("Doe".into()));
    applied_once(&world, &step, "user-updated joan@acme.example").await;
}

#[tokio::test]
async fn a_person_is_disabled() {
    let world = World::acme().await;
    let step = planned(&world, absent(AbsentPolicy::Disable)).await;
    applied_once(&world, &step, "user-disabled joan@acme.example").await;
    assert!(world.person(JOAN).is_disabled);
}

#[tokio::test]
async fn a_person_is_deleted() {
    let world = World::acme().await;
    let step = planned(&world, absent(AbsentPolicy::Delete)).await;
    applied_once(&world, &step, "user-deleted joan@acme.example").await;
    assert!(!world.has(JOAN));
}

#[tokio::test]
async fn a_member_joins() {
    let world = World::acme().await;
    let step = planned(&world, joining(JOAN, "Finance")).await;
    applied_once(&world, &step, "member-added joan@acme.example [Finance]").await;
    assert_eq!(world.members_of("Finance"), [JOAN]);
}

#[tokio::test]
async fn a_member_leaves() {
    let world = World::acme().await;
    let step = planned(&world, leaving(JOAN, "Support")).await;
    applied_once(&world, &step, "member-removed joan@acme.example [Support]").await;
    assert_eq!(world.members_of("Support"), [ADA, KEN]);
}

/// Steps that depend on what earlier ones make: by address and by name.
#[tokio::test]
async fn a_new_person_joins_a_new_group() {
    let world = World::acme().await;
    let plan = done(world.tenant.plan_sync(&joining(NEW, "Legal")).await);
    let [group, person, membership] = &plan.steps[..] else { panic!("{:?}", plan.steps) };
    stale(&world, membership).await;
    apply(&world, group).await;
    stale(&world, membership).await;
    apply(&world, person).await;
    applied_once(&world, membership, "member-added new@acme.example [Legal]").await;
    assert_eq!(world.members_of("Legal"), [NEW]);
}

#[tokio::test]
async fn a_person_with_other_fields_is_stale() {
    let changes: [fn(&mut User); 3] = [
        |user| user.first_name = Some("Other".into()),
        |user| user.is_admin = !user.is_admin,
        |user| user.user_type = "endUser".into(),
    ];
    for change in changes {
        for request in [renaming(JOAN), absent(AbsentPolicy::Disable), absent(AbsentPolicy::Delete)]
        {
            let world = World::acme().await;
            let step = planned(&world, request).await;
            world.shape(JOAN, change);
            stale(&world, &step).await;
        }
    }
    let world = World::acme().await;
    let step = planned(&world, renaming(KEN)).await;
    world.shape(KEN, |ken| ken.first_name = Some("Other".into()));
    stale(&world, &step).await;
}

#[tokio::test]
async fn what_the_plan_does_not_depend_on_may_change() {
    let world = World::acme().await;
    let step = planned(&world, renaming(JOAN)).await;
    world.shape(JOAN, |joan| {
        joan.updated_at = "2026-06-01T00:00:00Z".into();
        joan.memberships.clear();
        joan.extra.insert("locale".into(), "fr-FR".into());
    });
    applied_once(&world, &step, "user-updated joan@acme.example").await;
    assert_eq!(world.person(JOAN).extra["locale"], "fr-FR");
}

#[tokio::test]
async fn an_account_with_another_address_is_stale() {
    let requests = [
        renaming(JOAN),
        absent(AbsentPolicy::Disable),
        absent(AbsentPolicy::Delete),
        joining(JOAN, "Finance"),
        leaving(JOAN, "Support"),
    ];
    for request in requests {
        let world = World::acme().await;
        let step = planned(&world, request).await;
        world.shape(JOAN, |joan| joan.email = "other@acme.example".into());
        stale(&world, &step).await;
    }
}

#[tokio::test]
async fn a_person_or_group_that_is_gone_is_stale() {
    let world = World::acme().await;
    let joan = world.id_of(JOAN);
    let rename = planned(&world, renaming(JOAN)).await;
    let join = planned(&world, joining(JOAN, "Finance")).await;
    let other = planned(&world, joining(GRACE, "Finance")).await;
    world.mock.edit(|acme| acme.delete_user(&joan).expect("Joan"));
    stale(&world, &rename).await;
    stale(&world, &join).await;
    world.mock.edit(|acme| acme.delete_group(FINANCE).expect("Finance"));
    stale(&world, &other).await;
}

#[tokio::test]
async fn a_step_that_no_plan_makes_is_refused_before_any_request() {
    let world = World::acme().await;
    let rename = planned(&world, renaming(JOAN)).await;
    let join = planned(&world, joining(JOAN, "Finance")).await;
    let create = planned(&world, roster(vec![entry(NEW)])).await;
    let disable = planned(&world, absent(AbsentPolicy::Disable)).await;
    let change = |field: &str, after: &str| FieldChange {
        field: field.into(),
        before: None,
        after: Some(after.into()),
    };
    let with = |step: &Step, changes| Step { changes, ..step.clone() };
    let steps = [
        Step { email: Some(String::new()), ..rename.clone() },
        Step { email: None, ..rename.clone() },
        Step { user: None, ..rename.clone() },
        Step { user: Some(UserId::Scim(world.id_of(JOAN))), ..rename.clone() },
        with(&rename, vec![change("email", "other@acme.example")]),
        with(&rename, vec![change("admin", "perhaps")]),
        with(&rename, vec![change("user-type", "mobile")]),
        with(&rename, vec![change("disabled", "true")]),
        with(&rename, Vec::new()),
        with(&disable, Vec::new()),
        with(&create, Vec::new()),
        with(&create, vec![change("user-type", "embed")]),
        Step { group: None, group_name: None, ..join.clone() },
        Step { group: Some(GroupId::Scim(SUPPORT.to_string())), ..join.clone() },
        Step { group: Some(GroupId::Rest("../users".into())), ..join.clone() },
        Step { kind: StepKind::CreateGroup, group_name: None, ..join },
        Step { kind: StepKind::DeleteUser, user: None, changes: Vec::new(), ..rename },
    ];
    for step in steps {
        let (case, detail) = failed(world.tenant.apply_step(&step).await);
        assert_eq!(case, "permanent invalid-input", "{step:?}: {detail:?}");
        assert!(detail.field.is_some_and(|field| field.starts_with("step")), "{step:?}");
    }
    assert!(world.requests().is_empty());
}

#[tokio::test]
async fn a_deletion_that_only_disables_says_so() {
    let world = World::acme().await;
    let step = planned(&world, absent(AbsentPolicy::Delete)).await;
    world.instead(&format!("DELETE {}", world.path_of(JOAN)), 200, |acme| {
        acme.user_by_email_mut(JOAN).expect("Joan").is_disabled = true;
    });
    let result = apply(&world, &step).await;
    assert_eq!(result.outcome, StepOutcome::Applied);
    assert!(result.reason.is_some_and(|reason| reason.contains("disable")));
    assert_eq!(written(&result.writes), ["user-disabled joan@acme.example"]);
}

#[tokio::test]
async fn somebody_deleted_by_another_meanwhile_is_so_already() {
    let world = World::acme().await;
    let step = planned(&world, absent(AbsentPolicy::Delete)).await;
    world.before(&format!("DELETE {}", world.path_of(JOAN)), |acme| {
        let id = acme.user_by_email(JOAN).expect("Joan").id.clone();
        acme.delete_user(&id).expect("Joan");
    });
    let result = apply(&world, &step).await;
    assert_eq!(result.outcome, StepOutcome::AlreadySo);
    assert!(result.writes.is_empty());
}

/// Whoever approved the plan saw the name.
#[tokio::test]
async fn a_group_with_another_name_is_stale() {
    let world = World::acme().await;
    let steps = [
        planned(&world, joining(JOAN, "Finance")).await,
        planned(&world, leaving(JOAN, "Support")).await,
    ];
    world.mock.edit(|acme| {
        for id in [FINANCE, SUPPORT] {
            acme.group_mut(id).expect("a group").name += " Europe";
        }
    });
    for step in steps {
        stale(&world, &step).await;
    }
}

#[tokio::test]
async fn a_step_that_was_tampered_with_is_refused_before_any_request() {
    let world = World::acme().await;
    let rename = planned(&world, renaming(JOAN)).await;
    let join = planned(&world, joining(JOAN, "Finance")).await;
    let leave = planned(&world, leaving(JOAN, "Support")).await;
    let create = planned(&world, roster(vec![entry(NEW)])).await;
    let mut request = roster(vec![entry(ADA)]);
    request.policy.managed_groups = vec![named("Legal")];
    let group = planned(&world, request).await;

    let mut steps = Vec::new();
    for step in [&join, &leave, &create, &group] {
        for precondition in [String::new(), "garbage".into(), "0".repeat(64)] {
            steps.push(Step { precondition, ..step.clone() });
        }
    }
    // What was planned on one group or person says nothing of another.
    steps.push(Step { group: leave.group.clone(), ..join.clone() });
    steps.push(Step { user: Some(UserId::V1(world.id_of(GRACE))), ..join.clone() });
    steps.push(Step { precondition: leave.precondition.clone(), ..join });
    let twice = [&rename.changes[..], &rename.changes[..]].concat();
    steps.push(Step { changes: twice, ..rename.clone() });
    // What is told as a disabling does nothing else.
    let mut disable = planned(&world, absent(AbsentPolicy::Disable)).await;
    disable.changes.extend(rename.changes.clone());
    steps.push(disable);
    for step in [rename, create] {
        let photo = FieldChange {
            field: "profile-photo-url".into(),
            before: None,
            after: Some("https://acme.example/1.png".into()),
        };
        let changes = step.changes.iter().cloned().chain([photo]).collect();
        steps.push(Step { changes, ..step });
    }
    for step in steps {
        let (case, detail) = failed(world.tenant.apply_step(&step).await);
        assert_eq!(case, "permanent invalid-input", "{step:?}");
        assert_eq!(detail.code, "step-invalid", "{step:?}");
    }
    assert!(world.requests().is_empty());
}

/// A step is of one organisation and one dialect; anywhere else it means something else.
#[tokio::test]
async fn a_step_of_another_organisation_or_dialect_is_refused_before_any_request() {
    let world = World::acme_with(Options { dialects: vec![V1, V2], ..Options::default() }).await;
    let steps = [
        planned(&world, renaming(JOAN)).await,
        planned(&world, joining(JOAN, "Finance")).await,
        planned(&world, leaving(JOAN, "Support")).await,
        planned(&world, absent(AbsentPolicy::Disable)).await,
        planned(&world, absent(AbsentPolicy::Delete)).await,
        planned(&world, roster(vec![entry(NEW)])).await,
    ];
    let before = world.mock.state();
    let base_url = world.mock.base_url();
    for step in &steps {
        for organisation in [
            "https://other.retool.com",
            "",
            "nonsense",
            &format!("{base_url}/prefix"),
            &format!("{base_url}/"),
            &base_url.replace("http://", "HTTP://"),
        ] {
            let step = Step { organisation: organisation.to_owned(), ..step.clone() };
            let (case, detail) = failed(world.tenant.apply_step(&step).await);
            assert_eq!((case, detail.code.as_str()), ("permanent invalid-input", "step-invalid"));
            assert_eq!(detail.field.as_deref(), Some("step.organisation"), "{organisation}");
        }
        for dialect in [Dialect::V2, Dialect::Scim, Dialect::Auto] {
            let step = Step { dialect, ..step.clone() };
            let (case, detail) = failed(world.tenant.apply_step(&step).await);
            assert_eq!((case, detail.code.as_str()), ("permanent invalid-input", "step-invalid"));
            assert_eq!(detail.field.as_deref(), Some("step.dialect"), "{dialect:?}");
        }
        // Nor is it applied over another dialect than the one that it says.
        for dialect in [Dialect::V2, Dialect::Scim] {
            let (case, detail) = failed(world.over(dialect).apply_step(step).await);
            assert_eq!((case, detail.code.as_str()), ("permanent invalid-input", "step-invalid"));
            assert_eq!(detail.field.as_deref(), Some("step.dialect"), "{dialect:?}");
        }
    }
    assert!(world.requests().is_empty());
    // Another organisation, where the same people are.
    let other = World::acme().await;
    for step in &steps {
        let (_, detail) = failed(other.tenant.apply_step(step).await);
        assert_eq!(detail.code, "step-invalid");
    }
    assert!(other.requests().is_empty());

    // What `auto` finds is compared too, before anything is written.
    let auto = world.over(Dialect::Auto);
    let (_, detail) = failed(auto.apply_step(&steps[0]).await);
    assert_eq!(detail.code, "step-invalid", "it speaks v2");
    assert!(world.writes().is_empty());
    assert_eq!(world.mock.state(), before);
}
