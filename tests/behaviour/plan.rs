//! The plan for a roster.

use expect_test::expect;
use host_test::retool::synchronization::{
    AbsentPolicy, EmailSpan, GuardLimit, Guards, MembershipPolicy, Plan, RosterEntry, Step,
    StepKind, StepOutcome, SyncRequest,
};
use host_test::retool::types::{Connection, Dialect, UserType};
use mock_retool::User;

use crate::support::acme::{
    ADA, ENGINEERING, GRACE, JOAN, KEN, NEW, SUPPORT, changed, timeless, wit_name,
};
use crate::support::{
    World, address, by_email, done, entry, failed, limit, memberships, named, roster,
};

/// A request whose plan has a step of every kind but `disable-user`.
fn everything() -> SyncRequest {
    let mut request = roster(vec![
        RosterEntry {
            last_name: Some("Lovelace".into()),
            groups: memberships([named("Legal")]),
            ..entry(ADA)
        },
        RosterEntry {
            groups: memberships([named("Engineering"), named("Support")]),
            ..entry(GRACE)
        },
        RosterEntry { groups: memberships([named("Engineering")]), ..entry(KEN) },
        RosterEntry {
            first_name: Some("Nina".into()),
            last_name: Some("Newman".into()),
            groups: memberships([named("Legal"), named("Engineering")]),
            ..entry(NEW)
        },
    ]);
    request.policy.memberships = MembershipPolicy::Exact;
    request.policy.absent = AbsentPolicy::Delete;
    request
}

/// Returns steps as `kind address [group]`.
fn lines(steps: &[Step]) -> Vec<String> {
    let line = |step: &Step| {
        let group = step.group_name.as_ref().map(|name| format!(" [{name}]"));
        format!("{} {}{}", wit_name(&step.kind), address(&step.email), group.unwrap_or_default())
    };
    steps.iter().map(line).collect()
}

async fn plan(world: &World, request: &SyncRequest) -> Plan {
    done(world.tenant.plan_sync(request).await)
}

#[tokio::test]
async fn steps_come_in_the_order_to_apply_them() {
    let world = World::acme().await;
    let before = world.mock.state();
    let plan = plan(&world, &everything()).await;
    expect![[r#"
        create-group  [Legal]
        create-user new@acme.example
        enable-user ken@acme.example
        update-user ada@acme.example
        add-member ada@acme.example [Legal]
        add-member grace@acme.example [Support]
        add-member ken@acme.example [Engineering]
        add-member new@acme.example [Engineering]
        add-member new@acme.example [Legal]
        remove-member ada@acme.example [Engineering]
        remove-member ada@acme.example [Support]
        remove-member ken@acme.example [Support]
        delete-user joan@acme.example"#]]
    .assert_eq(&lines(&plan.steps).join("\n"));
    assert_eq!(plan.dialect, Dialect::V2);
    assert_eq!(plan.unchanged, 0);
    assert!(plan.withheld.is_empty() && plan.refusals.is_empty());
    let [limitation] = &plan.limitations[..] else { panic!("{:?}", plan.limitations) };
    assert!(limitation.contains("does not delete"), "{limitation}");
    // `/api/v2` reports Ken, an end user of `/api/v1`, as `default`.
    assert_eq!(seats(&plan), [(UserType::Default, 2, 1)]);

    // It only reads.
    assert!(world.writes().is_empty());
    assert_eq!(world.mock.state(), before);
}

/// Returns the user types of the plan, with the numbers of added and removed seats.
fn seats(plan: &Plan) -> Vec<(UserType, u32, u32)> {
    plan.seats.iter().map(|seat| (seat.user_type, seat.added, seat.removed)).collect()
}

#[tokio::test]
async fn v1_a_plan_has_the_seats_of_end_users_and_no_limitations() {
    let world = World::acme_over(Dialect::V1).await;
    let v2 = plan(&World::acme().await, &everything()).await;
    let plan = plan(&world, &everything()).await;
    assert_eq!(lines(&plan.steps), lines(&v2.steps));
    assert_eq!((plan.dialect, plan.unchanged), (Dialect::V1, 0));
    assert!(plan.withheld.is_empty() && plan.refusals.is_empty() && plan.limitations.is_empty());
    assert_eq!(seats(&plan), [(UserType::Default, 1, 1), (UserType::EndUser, 1, 0)]);
    assert!(world.writes().is_empty());
}

#[tokio::test]
async fn a_step_has_the_changes_and_a_precondition() {
    let world = World::acme().await;
    let plan = plan(&world, &everything()).await;
    let step = |kind| plan.steps.iter().find(|step| step.kind == kind).expect("a step");
    let update = step(StepKind::UpdateUser);
    assert_eq!(update.user, Some(world.user_id(ADA)));
    assert_eq!(changed(&update.changes), ["last-name: Doe -> Lovelace"]);
    assert_eq!(changed(&step(StepKind::EnableUser).changes), ["disabled: true -> false"]);
    assert_eq!(
        changed(&step(StepKind::CreateUser).changes),
        [
            "first-name: (nothing) -> Nina",
            "last-name: (nothing) -> Newman",
            "user-type: (nothing) -> default"
        ]
    );
    assert_eq!(step(StepKind::CreateUser).user, None);
    assert_eq!(step(StepKind::CreateGroup).group, None);
    assert!(step(StepKind::RemoveMember).group.is_some());
    for step in &plan.steps {
        let digits = |text: &str| {
            text.len() == 64
                && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
        };
        assert!(digits(&step.precondition), "{}", step.precondition);
        assert!(digits(&plan.digest));
    }
}

#[tokio::test]
async fn the_same_roster_in_any_order_gives_a_byte_identical_plan() {
    let world = World::acme().await;
    let first = plan(&world, &everything()).await;
    let bytes = |plan: &Plan| serde_json::to_string(&undated(plan.clone())).expect("JSON");
    for turn in 1..4 {
        let mut request = everything();
        request.roster.rotate_left(turn);
        for entry in &mut request.roster {
            entry.groups.reverse();
        }
        let shuffled = plan(&world, &request).await;
        assert_eq!(bytes(&shuffled), bytes(&first));
    }
    // The order in which the server lists users and groups does not matter either.
    world.mock.edit(|acme| {
        acme.users.reverse();
        acme.groups.reverse();
    });
    let reversed = plan(&world, &everything()).await;
    assert_eq!(bytes(&reversed), bytes(&first));
}

/// Returns a plan without its times.
fn undated(mut plan: Plan) -> Plan {
    plan.made_at.clear();
    for tombstone in &mut plan.tombstones {
        tombstone.recorded_at.clear();
    }
    plan
}

/// Returns whether a text looks like `2026-01-05T09:00:00.000Z`.
fn is_a_time(text: &str) -> bool {
    text.len() == 24 && text.ends_with('Z') && text.as_bytes()[10] == b'T'
}

#[tokio::test]
async fn a_plan_made_again_has_the_same_digest_and_another_time() {
    let world = World::acme().await;
    let first = plan(&world, &everything()).await;
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    let second = plan(&world, &everything()).await;
    assert!(is_a_time(&first.made_at) && is_a_time(&second.made_at), "{}", first.made_at);
    assert!(first.made_at < second.made_at);
    assert!(first.tombstones.iter().all(|tombstone| tombstone.recorded_at == first.made_at));
    assert!(!first.tombstones.is_empty());
    assert_eq!((&first.digest, &first.inputs_digest), (&second.digest, &second.inputs_digest));
    assert_ne!(first.digest, first.inputs_digest);
    assert_eq!(undated(first), undated(second));
}

/// Ada and Joan are on the roster, Grace is absent, and only Support is named.
fn about_support() -> SyncRequest {
    let mut request = roster(vec![
        RosterEntry { groups: memberships([named("Support")]), ..entry(ADA) },
        RosterEntry { last_name: Some("Clarke".into()), ..entry(JOAN) },
    ]);
    request.policy.absent = AbsentPolicy::Keep;
    request
}

#[tokio::test]
async fn the_digests_change_only_with_the_state_that_the_plan_is_about() {
    type Change = fn(&World);
    let relevant: [Change; 4] = [
        |world| world.shape(JOAN, |joan| joan.first_name = Some("Joanna".into())),
        |world| world.shape(ADA, |ada| ada.is_admin = false),
        |world| {
            let ada = world.id_of(ADA);
            world.mock.edit(|acme| acme.leave(SUPPORT, &ada)).expect("Ada is in Support");
        },
        |world| {
            let joan = world.id_of(JOAN);
            world.mock.edit(|acme| acme.delete_user(&joan)).expect("Joan");
        },
    ];
    let irrelevant: [Change; 4] = [
        |world| world.shape(GRACE, |grace| grace.first_name = Some("G".into())),
        |world| world.shape(JOAN, change_timestamps),
        |world| {
            let grace = world.id_of(GRACE);
            world.mock.edit(|acme| acme.leave(ENGINEERING, &grace)).expect("Grace is in it");
        },
        |world| {
            world.add("zoe@acme.example", &["Finance"]);
        },
    ];
    for dialect in [Dialect::V2, Dialect::V1] {
        for (at, change) in relevant.into_iter().enumerate() {
            let world = World::acme_over(dialect).await;
            let before = plan(&world, &about_support()).await;
            change(&world);
            let after = plan(&world, &about_support()).await;
            assert_ne!(after.digest, before.digest, "{dialect:?} {at}");
            assert_ne!(after.inputs_digest, before.inputs_digest, "{dialect:?} {at}");
        }
        for (at, change) in irrelevant.into_iter().enumerate() {
            let world = World::acme_over(dialect).await;
            let before = plan(&world, &about_support()).await;
            change(&world);
            let after = plan(&world, &about_support()).await;
            assert_eq!(after.inputs_digest, before.inputs_digest, "{dialect:?} {at}");
            assert_eq!(after.digest, before.digest, "{dialect:?} {at}");
        }
    }
}

/// Changes the times that a server sets by itself. `/api/v1` reports the first, `/api/v2` the
/// other.
fn change_timestamps(user: &mut User) {
    user.updated_at = "2026-06-01T00:00:00Z".into();
    user.last_active = Some("2026-06-01T00:00:00Z".into());
}

#[tokio::test]
async fn a_plan_has_its_organisation_dialect_span_and_policy() {
    let world = World::acme().await;
    let request = everything();
    let made = plan(&world, &request).await;
    assert_eq!(made.organisation, world.mock.base_url());
    assert_eq!((made.dialect, &made.span), (Dialect::V2, &None));
    assert!(!made.steps.is_empty());
    for step in &made.steps {
        assert_eq!((&step.organisation, step.dialect), (&made.organisation, made.dialect));
        assert_eq!((step.minimum_admins, &step.required_admins[..]), (2, &[][..]));
    }
    // Only the defaults are filled in.
    let limit = |percent, floor| Some(GuardLimit { percent: Some(percent), floor: Some(floor) });
    let mut policy = request.policy.clone();
    policy.leave_disabled = Some(false);
    policy.guards.user_removals = limit(5, 3);
    policy.guards.member_removals = limit(25, 3);
    policy.guards.membership_removals = limit(10, 10);
    policy.guards.creations = limit(20, 25);
    policy.guards.promotions = limit(5, 1);
    policy.guards.re_enablements = limit(5, 3);
    policy.guards.updates = limit(25, 25);
    policy.guards.member_additions = limit(50, 25);
    policy.guards.minimum_admins = Some(2);
    assert_eq!(made.policy, policy);

    // Given values are returned, and the missing half of a limit is filled in.
    let mut request = everything();
    request.span = Some(EmailSpan { start: Some("a".into()), before: None });
    request.policy.guards.user_removals = Some(GuardLimit { percent: Some(50), floor: None });
    request.policy.guards.member_removals = Some(GuardLimit { percent: None, floor: Some(7) });
    request.policy.guards.minimum_admins = Some(1);
    request.policy.guards.required_admins = vec![by_email(GRACE)];
    request.policy.guards.protected_people = vec![by_email("unknown@acme.example")];
    let made = plan(&world, &request).await;
    assert_eq!(made.span, request.span);
    let mut guards =
        Guards { required_admins: request.policy.guards.required_admins.clone(), ..policy.guards };
    guards.protected_people.clone_from(&request.policy.guards.protected_people);
    guards.minimum_admins = Some(1);
    guards.user_removals = limit(50, 3);
    guards.member_removals = limit(25, 7);
    assert_eq!(made.policy.guards, guards);
    let steps = made.steps.iter().chain(&made.withheld);
    for step in steps {
        assert_eq!((step.minimum_admins, &step.required_admins[..]), (1, &[by_email(GRACE)][..]));
    }
}

/// The spelling of the base URL does not matter.
#[tokio::test]
async fn the_organisation_is_the_base_url_in_its_normal_form() {
    let world = World::acme().await;
    let base_url = world.mock.base_url();
    let other_spelling = format!("{}/", base_url.replace("http://", "HTTP://"));
    let connection = Connection { base_url: other_spelling, ..world.tenant.connection().clone() };
    let other = world.tenant.with_connection(connection);
    let plan = done(other.plan_sync(&everything()).await);
    assert_eq!(plan.organisation, base_url);
    let result = done(world.tenant.apply_step(&plan.steps[0]).await);
    assert_eq!(result.outcome, StepOutcome::Applied);
}

#[tokio::test]
async fn different_plans_have_different_digests() {
    for dialect in [Dialect::V2, Dialect::V1] {
        let world = World::acme_over(dialect).await;
        let digest = plan(&world, &everything()).await.digest;
        let mut others = Vec::new();
        let mut request = everything();
        request.roster[0].last_name = Some("King".into());
        others.push(plan(&world, &request).await.digest);
        let mut request = everything();
        limit(&mut request.policy.guards.user_removals).floor = Some(2);
        others.push(plan(&world, &request).await.digest);
        world.shape(GRACE, |grace| grace.first_name = Some("G".into()));
        others.push(plan(&world, &everything()).await.digest);
        for other in others {
            assert_ne!(other, digest);
        }
        // Timestamps change even if no one changes the user.
        world.shape(GRACE, |grace| {
            grace.first_name = Some("grace".into());
            change_timestamps(grace);
        });
        assert_eq!(plan(&world, &everything()).await.digest, digest);
    }
}

#[tokio::test]
async fn its_steps_survive_json_and_have_the_result_of_the_sync() {
    // Over `/api/v2` a deletion disables the user and ends the sessions. Joan is then one of the
    // unchanged users.
    check_steps(Dialect::V2, 2, 5).await;
    check_steps(Dialect::V1, 1, 4).await;
}

/// Applies the plan step by step. `writes` is the number of writes of the deletion, and `unchanged`
/// the number of users without a step afterwards.
async fn check_steps(dialect: Dialect, writes: usize, unchanged: u32) {
    let (synced, stepped) = (World::acme_over(dialect).await, World::acme_over(dialect).await);
    assert!(done(synced.tenant.sync(&everything()).await).complete);

    let plan = plan(&stepped, &everything()).await;
    let kept = serde_json::to_string(&plan).expect("JSON");
    let kept: Plan = serde_json::from_str(&kept).expect("the plan");
    assert_eq!(kept, plan);
    for step in &kept.steps {
        let result = done(stepped.tenant.apply_step(step).await);
        assert_eq!(result.outcome, StepOutcome::Applied, "{step:?}: {:?}", result.reason);
        let writes = if step.kind == StepKind::DeleteUser { writes } else { 1 };
        assert_eq!(result.writes.len(), writes);
    }
    let (synced, stepped_state) = (synced.mock.state(), stepped.mock.state());
    let people = |state: &mock_retool::Organisation| {
        state.users.iter().cloned().map(timeless).collect::<Vec<_>>()
    };
    // Both mocks generate the same ids in the same order.
    for (mut left, mut right) in people(&synced).into_iter().zip(people(&stepped_state)) {
        left.created_at.clear();
        right.created_at.clear();
        assert_eq!(left, right);
    }
    assert_eq!(synced.users.len(), stepped_state.users.len());
    assert_eq!(synced.invitations, stepped_state.invitations);
    assert_eq!(synced.ended_sessions, stepped_state.ended_sessions);
    let names = |state: &mock_retool::Organisation| {
        state.groups.iter().map(|group| group.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&synced), names(&stepped_state));

    // Nothing is left to do.
    let again = done(stepped.tenant.plan_sync(&everything()).await);
    assert!(again.steps.is_empty());
    assert_eq!(again.unchanged, unchanged);
}

#[tokio::test]
async fn sync_applies_the_plan_of_the_same_digest() {
    let world = World::acme().await;
    let plan = plan(&world, &everything()).await;
    let report = done(world.tenant.sync(&everything()).await);
    assert_eq!(report.digest, plan.digest);
    assert_eq!(report.guards, plan.guards);
    assert_eq!(report.seats, plan.seats);
}

#[tokio::test]
async fn the_steps_of_a_plan_that_a_guard_refuses_are_withheld() {
    let world = World::acme().await;
    let free = plan(&world, &everything()).await;
    let mut request = everything();
    limit(&mut request.policy.guards.user_removals).floor = Some(0);
    let refused = plan(&world, &request).await;
    assert!(refused.steps.is_empty());
    assert_eq!(refused.withheld, free.steps);
    assert_eq!(refused.seats, free.seats, "what they would do");
    assert_ne!(refused.digest, free.digest);
}

#[tokio::test]
async fn unchanged_users_are_counted() {
    let world = World::acme().await;
    let new = RosterEntry {
        first_name: Some("Nina".into()),
        last_name: Some("Newman".into()),
        ..entry(NEW)
    };
    let plan = plan(&world, &roster(vec![entry(ADA), entry(GRACE), new])).await;
    assert_eq!(plan.unchanged, 2);
    assert_eq!(lines(&plan.steps), ["create-user new@acme.example"]);
}

#[tokio::test]
async fn a_duplicate_user_or_group_is_refused_before_any_request() {
    let world = World::acme().await;
    let twice = roster(vec![entry(JOAN), entry(ADA), entry(" JOAN@acme.example")]);
    let (case, detail) = failed(world.tenant.plan_sync(&twice).await);
    assert_eq!((case, detail.code.as_str()), ("permanent invalid-input", "duplicate-person"));
    assert_eq!(detail.field.as_deref(), Some("request.roster[2].user.email"));
    let groups = memberships([named("Support"), named(" Support ")]);
    let twice = roster(vec![entry(ADA), RosterEntry { groups, ..entry(JOAN) }]);
    let (case, detail) = failed(world.tenant.plan_sync(&twice).await);
    assert_eq!((case, detail.code.as_str()), ("permanent invalid-input", "duplicate-group"));
    assert_eq!(detail.field.as_deref(), Some("request.roster[1].groups[1]"));
    assert!(world.requests().is_empty());
}
