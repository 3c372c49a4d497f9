//! `apply-step`: a step is applied, was already done, or is stale.

use host_test::retool::synchronization::{
    AbsentPolicy, MembershipPolicy, Plan, RosterEntry, Step, StepKind, StepOutcome, StepResult,
    SyncRequest,
};
use host_test::retool::types::{Dialect, FieldChange, GroupId, UserId};
use mock_retool::{Options, User};

use crate::support::acme::{ADA, FINANCE, GRACE, JOAN, KEN, NEW, SUPPORT, written};
use crate::support::dialects::served;
use crate::support::{World, done, entry, failed, memberships, named, roster};

/// Returns the only step of a plan.
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

/// Applies a step with this one write, and then checks that a repetition writes nothing.
async fn applied_once(world: &World, step: &Step, write: &str) {
    let result = applied_once_with(world, step, &[write]).await;
    assert_eq!(result.reason, None);
}

/// Applies a step with these writes, and then checks that a repetition writes nothing, except that
/// it ends the sessions again.
async fn applied_once_with(world: &World, step: &Step, writes: &[&str]) -> StepResult {
    let result = apply(world, step).await;
    assert_eq!(result.outcome, StepOutcome::Applied, "{:?}", result.reason);
    assert_eq!(written(&result.writes), writes);
    let after = world.mock.state();
    world.mock.clear_requests();

    let again = apply(world, step).await;
    assert_eq!(again.outcome, StepOutcome::AlreadySo, "{:?}", again.reason);
    let logouts: Vec<_> =
        writes.iter().filter(|write| write.starts_with("sessions-ended")).copied().collect();
    assert_eq!(written(&again.writes), logouts);
    assert_eq!(world.writes().len(), logouts.len());
    let mut now = world.mock.state();
    now.ended_sessions.clone_from(&after.ended_sessions);
    assert_eq!(now, after);
    result
}

/// Checks that a step is stale and writes nothing.
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

/// A new user. `/api/v2` creates no user without both names.
fn newcomer() -> RosterEntry {
    RosterEntry { first_name: Some("Nina".into()), last_name: Some("Newman".into()), ..entry(NEW) }
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

/// Joan is absent, and no other user.
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
async fn a_user_is_created_once() {
    let world = World::acme().await;
    let step = planned(&world, roster(vec![newcomer()])).await;
    applied_once(&world, &step, "user-created new@acme.example").await;
    assert_eq!(world.mock.state().users.len(), 5);

    // With other fields it is the account of another user by now.
    world.shape(NEW, |new| new.user_type = "mobile".into());
    stale(&world, &step).await;
    world.shape(NEW, |new| {
        new.user_type = "default".into();
        new.is_disabled = true;
    });
    stale(&world, &step).await;
}

#[tokio::test]
async fn v1_a_user_is_created_and_invited_once() {
    let world = World::acme_over(Dialect::V1).await;
    let step = planned(&world, roster(vec![entry(NEW)])).await;
    applied_once(&world, &step, "user-created new@acme.example").await;
    assert_eq!(world.mock.state().invitations, [NEW]);

    // With other fields it is the account of another user by now.
    world.shape(NEW, |new| new.user_type = "endUser".into());
    stale(&world, &step).await;
    world.shape(NEW, |new| {
        new.user_type = "default".into();
        new.is_disabled = true;
    });
    stale(&world, &step).await;
}

#[tokio::test]
async fn a_user_is_enabled() {
    let world = World::acme().await;
    let step = planned(&world, renaming(KEN)).await;
    assert_eq!(step.kind, StepKind::EnableUser);
    applied_once(&world, &step, "user-enabled ken@acme.example").await;
    let ken = world.person(KEN);
    assert_eq!((ken.is_disabled, ken.last_name.as_deref()), (false, Some("Smith")));
}

#[tokio::test]
async fn a_user_is_changed() {
    for (dialect, write) in [(Dialect::V2, "PATCH"), (Dialect::V1, "PUT")] {
        let world = World::acme_over(dialect).await;
        let user = world.user_path(JOAN);
        let step = planned(&world, renaming(JOAN)).await;
        let result = apply(&world, &step).await;
        assert_eq!(result.outcome, StepOutcome::Applied);
        assert_eq!(world.requests(), [format!("GET {user}"), format!("{write} {user}")]);
        world.shape(JOAN, |joan| joan.last_name = Some("Doe".into()));
        applied_once(&world, &step, "user-updated joan@acme.example").await;
    }
}

#[tokio::test]
async fn a_user_is_disabled_and_logged_out() {
    let world = World::acme().await;
    let step = planned(&world, absent(AbsentPolicy::Disable)).await;
    let writes = ["user-disabled joan@acme.example", "sessions-ended joan@acme.example"];
    let result = applied_once_with(&world, &step, &writes).await;
    assert_eq!(result.reason, None);
    assert!(world.person(JOAN).is_disabled);
    // Once more by the repetition, because the first call could have failed before it.
    assert_eq!(world.mock.state().ended_sessions, [world.id_of(JOAN), world.id_of(JOAN)]);
}

#[tokio::test]
async fn v1_a_user_is_disabled() {
    let world = World::acme_over(Dialect::V1).await;
    let step = planned(&world, absent(AbsentPolicy::Disable)).await;
    applied_once(&world, &step, "user-disabled joan@acme.example").await;
    assert!(world.person(JOAN).is_disabled);
}

#[tokio::test]
async fn v1_a_user_is_deleted() {
    let world = World::acme_over(Dialect::V1).await;
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

/// The last step names the user by address and the group by name, because earlier steps create
/// them.
#[tokio::test]
async fn a_new_user_joins_a_new_group() {
    let world = World::acme().await;
    let new = RosterEntry { groups: memberships([named("Legal")]), ..newcomer() };
    let plan = done(world.tenant.plan_sync(&roster(vec![new])).await);
    let [group, person, membership] = &plan.steps[..] else { panic!("{:?}", plan.steps) };
    stale(&world, membership).await;
    apply(&world, group).await;
    stale(&world, membership).await;
    apply(&world, person).await;
    applied_once(&world, membership, "member-added new@acme.example [Legal]").await;
    assert_eq!(world.members_of("Legal"), [NEW]);
}

#[tokio::test]
async fn a_user_with_other_fields_is_stale() {
    let changes: [fn(&mut User); 3] = [
        |user| user.first_name = Some("Other".into()),
        |user| user.is_admin = !user.is_admin,
        // `/api/v2` reports an end user as `default`.
        |user| user.user_type = "mobile".into(),
    ];
    let dialects = [Dialect::V2, Dialect::V1];
    for (dialect, change) in dialects.into_iter().flat_map(|it| changes.map(|change| (it, change)))
    {
        for request in [renaming(JOAN), absent(AbsentPolicy::Disable), absent(AbsentPolicy::Delete)]
        {
            let world = World::acme_over(dialect).await;
            let step = planned(&world, request).await;
            world.shape(JOAN, change);
            stale(&world, &step).await;
        }
    }
    let world = World::acme_over(Dialect::V1).await;
    let step = planned(&world, renaming(JOAN)).await;
    world.shape(JOAN, |joan| joan.user_type = "endUser".into());
    stale(&world, &step).await;

    let world = World::acme().await;
    let step = planned(&world, renaming(KEN)).await;
    world.shape(KEN, |ken| ken.first_name = Some("Other".into()));
    stale(&world, &step).await;
}

#[tokio::test]
async fn state_that_the_plan_does_not_depend_on_may_change() {
    for dialect in [Dialect::V2, Dialect::V1] {
        let world = World::acme_over(dialect).await;
        let step = planned(&world, renaming(JOAN)).await;
        // `/api/v1` reports `updated_at` and the extra fields, `/api/v2` reports the others.
        world.shape(JOAN, |joan| {
            joan.updated_at = "2026-06-01T00:00:00Z".into();
            joan.last_active = Some("2026-06-01T00:00:00Z".into());
            joan.memberships.clear();
            joan.extra.insert("locale".into(), "fr-FR".into());
            joan.metadata.insert("locale".into(), "fr-FR".into());
        });
        applied_once(&world, &step, "user-updated joan@acme.example").await;
        let joan = world.person(JOAN);
        assert_eq!(joan.extra["locale"], "fr-FR");
        assert_eq!(joan.metadata["locale"], "fr-FR");
    }
}

#[tokio::test]
async fn an_account_with_another_address_is_stale() {
    for dialect in [Dialect::V2, Dialect::V1] {
        let requests = [
            renaming(JOAN),
            absent(AbsentPolicy::Disable),
            absent(AbsentPolicy::Delete),
            joining(JOAN, "Finance"),
            leaving(JOAN, "Support"),
        ];
        for request in requests {
            let world = World::acme_over(dialect).await;
            let step = planned(&world, request).await;
            world.shape(JOAN, |joan| joan.email = "other@acme.example".into());
            stale(&world, &step).await;
        }
    }
}

#[tokio::test]
async fn a_deleted_user_or_group_is_stale() {
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
async fn a_step_that_no_plan_has_is_refused_before_any_request() {
    // User types of another API, or of none.
    check_impossible_steps(Dialect::V2, ["end-user", "administrator"]).await;
    check_impossible_steps(Dialect::V1, ["mobile", "embed"]).await;
}

async fn check_impossible_steps(dialect: Dialect, user_types: [&str; 2]) {
    let world = World::acme_over(dialect).await;
    let rename = planned(&world, renaming(JOAN)).await;
    let join = planned(&world, joining(JOAN, "Finance")).await;
    let create = planned(&world, roster(vec![newcomer()])).await;
    let disable = planned(&world, absent(AbsentPolicy::Disable)).await;
    let change = |field: &str, after: &str| FieldChange {
        field: field.into(),
        before: None,
        after: Some(after.into()),
    };
    let with = |step: &Step, changes| Step { changes, ..step.clone() };
    let steps = [
        Step { email: Some(String::new()), ..rename.clone() },
        Step { email: None, user: None, ..rename.clone() },
        Step { user: None, ..rename.clone() },
        Step { user: Some(UserId::Scim(world.id_of(JOAN))), ..rename.clone() },
        with(&rename, vec![change("email", "other@acme.example")]),
        with(&rename, vec![change("admin", "perhaps")]),
        with(&rename, vec![change("user-type", user_types[0])]),
        with(&rename, vec![change("disabled", "true")]),
        with(&rename, Vec::new()),
        with(&disable, Vec::new()),
        with(&create, Vec::new()),
        with(&create, vec![change("user-type", user_types[1])]),
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
async fn a_deletion_that_only_disables_is_reported() {
    let world = World::acme().await;
    let step = planned(&world, absent(AbsentPolicy::Delete)).await;
    let writes = ["user-disabled joan@acme.example", "sessions-ended joan@acme.example"];
    let result = applied_once_with(&world, &step, &writes).await;
    assert!(result.reason.is_some_and(|reason| reason.contains("disable")));
    assert!(world.person(JOAN).is_disabled);
}

#[tokio::test]
async fn v1_a_deletion_that_only_disables_is_reported() {
    let world = World::acme_over(Dialect::V1).await;
    let step = planned(&world, absent(AbsentPolicy::Delete)).await;
    world.instead(&format!("DELETE {}", world.v1_path_of(JOAN)), 200, |acme| {
        acme.user_by_email_mut(JOAN).expect("Joan").is_disabled = true;
    });
    let result = apply(&world, &step).await;
    assert_eq!(result.outcome, StepOutcome::Applied);
    assert!(result.reason.is_some_and(|reason| reason.contains("disable")));
    assert_eq!(written(&result.writes), ["user-disabled joan@acme.example"]);
}

#[tokio::test]
async fn a_user_deleted_by_another_client_is_already_so() {
    for dialect in [Dialect::V2, Dialect::V1] {
        let world = World::acme_over(dialect).await;
        let step = planned(&world, absent(AbsentPolicy::Delete)).await;
        world.before(&format!("DELETE {}", world.user_path(JOAN)), |acme| {
            let id = acme.user_by_email(JOAN).expect("Joan").id.clone();
            acme.delete_user(&id).expect("Joan");
        });
        let result = apply(&world, &step).await;
        assert_eq!(result.outcome, StepOutcome::AlreadySo);
        assert!(result.writes.is_empty());
    }
}

/// The plan was approved for a group of that name.
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
async fn a_modified_step_is_refused_before_any_request() {
    for dialect in [Dialect::V2, Dialect::V1] {
        check_modified_steps(dialect).await;
    }
}

async fn check_modified_steps(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let rename = planned(&world, renaming(JOAN)).await;
    let join = planned(&world, joining(JOAN, "Finance")).await;
    let leave = planned(&world, leaving(JOAN, "Support")).await;
    let create = planned(&world, roster(vec![newcomer()])).await;
    let mut request = roster(vec![entry(ADA)]);
    request.policy.managed_groups = vec![named("Legal")];
    let group = planned(&world, request).await;

    let mut steps = Vec::new();
    for step in [&join, &leave, &create, &group] {
        for precondition in [String::new(), "garbage".into(), "0".repeat(64)] {
            steps.push(Step { precondition, ..step.clone() });
        }
    }
    // A precondition is valid for its own group and user only.
    steps.push(Step { group: leave.group.clone(), ..join.clone() });
    steps.push(Step { user: Some(world.user_id(GRACE)), ..join.clone() });
    steps.push(Step { precondition: leave.precondition.clone(), ..join });
    let twice = [&rename.changes[..], &rename.changes[..]].concat();
    steps.push(Step { changes: twice, ..rename.clone() });
    // A step that disables changes no other field.
    let mut disable = planned(&world, absent(AbsentPolicy::Disable)).await;
    disable.changes.extend(rename.changes.clone());
    steps.push(disable);
    // `/api/v2` can't set photos.
    for step in [rename, create].into_iter().filter(|step| step.dialect != Dialect::V1) {
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

/// A step is valid for one organisation and one dialect only.
#[tokio::test]
async fn a_step_of_another_organisation_or_dialect_is_refused_before_any_request() {
    check_foreign_steps(Dialect::V2, [Dialect::V1, Dialect::Scim]).await;
    check_foreign_steps(Dialect::V1, [Dialect::V2, Dialect::Scim]).await;
}

async fn check_foreign_steps(dialect: Dialect, others: [Dialect; 2]) {
    let dialects = vec![served(Dialect::V1), served(Dialect::V2)];
    let world = World::acme_over_with(dialect, Options { dialects, ..Options::default() }).await;
    let steps = [
        planned(&world, renaming(JOAN)).await,
        planned(&world, joining(JOAN, "Finance")).await,
        planned(&world, leaving(JOAN, "Support")).await,
        planned(&world, absent(AbsentPolicy::Disable)).await,
        planned(&world, absent(AbsentPolicy::Delete)).await,
        planned(&world, roster(vec![newcomer()])).await,
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
        for dialect in others.into_iter().chain([Dialect::Auto]) {
            let step = Step { dialect, ..step.clone() };
            let (case, detail) = failed(world.tenant.apply_step(&step).await);
            assert_eq!((case, detail.code.as_str()), ("permanent invalid-input", "step-invalid"));
            assert_eq!(detail.field.as_deref(), Some("step.dialect"), "{dialect:?}");
        }
        // It is not applied over another dialect than its own.
        for dialect in others {
            let (case, detail) = failed(world.over(dialect).apply_step(step).await);
            assert_eq!((case, detail.code.as_str()), ("permanent invalid-input", "step-invalid"));
            assert_eq!(detail.field.as_deref(), Some("step.dialect"), "{dialect:?}");
        }
    }
    assert!(world.requests().is_empty());
    // Another organisation with the same users.
    let other = World::acme_over(dialect).await;
    for step in &steps {
        let (_, detail) = failed(other.tenant.apply_step(step).await);
        assert_eq!(detail.code, "step-invalid");
    }
    assert!(other.requests().is_empty());

    // The dialect that `auto` finds, which is v2, is compared too, before anything is written.
    if dialect != Dialect::V2 {
        let auto = world.over(Dialect::Auto);
        let (_, detail) = failed(auto.apply_step(&steps[0]).await);
        assert_eq!(detail.code, "step-invalid");
    }
    assert!(world.writes().is_empty());
    assert_eq!(world.mock.state(), before);
}
