//! What a roster takes, before anybody does it.

use host_test::retool::synchronization::{
    AbsentPolicy, EmailSpan, GuardLimit, MembershipPolicy, Plan, RosterEntry, Step, StepKind,
    StepOutcome, SyncRequest,
};
use host_test::retool::types::{Connection, Dialect, UserId, UserType};

use crate::support::acme::{
    ADA, ENGINEERING, GRACE, JOAN, KEN, NEW, SUPPORT, changed, timeless, wit_name,
};
use crate::support::{
    World, address, by_email, done, entry, failed, limit, memberships, named, roster,
};

/// Something of every kind of step.
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
            groups: memberships([named("Legal"), named("Engineering")]),
            ..entry(NEW)
        },
    ]);
    request.policy.memberships = MembershipPolicy::Exact;
    request.policy.absent = AbsentPolicy::Delete;
    request
}

/// `kind address [group]`.
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
    assert_eq!(
        lines(&plan.steps),
        [
            "create-group  [Legal]",
            "create-user new@acme.example",
            "enable-user ken@acme.example",
            "update-user ada@acme.example",
            "add-member ada@acme.example [Legal]",
            "add-member grace@acme.example [Support]",
            "add-member ken@acme.example [Engineering]",
            "add-member new@acme.example [Engineering]",
            "add-member new@acme.example [Legal]",
            "remove-member ada@acme.example [Engineering]",
            "remove-member ada@acme.example [Support]",
            "remove-member ken@acme.example [Support]",
            "delete-user joan@acme.example",
        ]
    );
    assert_eq!(plan.dialect, Dialect::V1);
    assert_eq!(plan.unchanged, 0);
    assert!(plan.withheld.is_empty() && plan.refusals.is_empty() && plan.limitations.is_empty());
    let seats: Vec<_> =
        plan.seats.iter().map(|seat| (seat.user_type, seat.added, seat.removed)).collect();
    assert_eq!(seats, [(UserType::Default, 1, 1), (UserType::EndUser, 1, 0)]);

    // It only reads.
    assert!(world.writes().is_empty());
    assert_eq!(world.mock.state(), before);
}

#[tokio::test]
async fn a_step_says_what_it_was_planned_on() {
    let world = World::acme().await;
    let plan = plan(&world, &everything()).await;
    let step = |kind| plan.steps.iter().find(|step| step.kind == kind).expect("a step");
    let update = step(StepKind::UpdateUser);
    assert_eq!(update.user, Some(UserId::V1(world.id_of(ADA))));
    assert_eq!(changed(&update.changes), ["last-name: Doe -> Lovelace"]);
    assert_eq!(changed(&step(StepKind::EnableUser).changes), ["disabled: true -> false"]);
    assert_eq!(
        changed(&step(StepKind::CreateUser).changes),
        ["first-name: (nothing) -> Nina", "user-type: (nothing) -> default"]
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
async fn the_same_roster_in_any_order_gives_the_same_plan_to_the_byte() {
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
    // Nor does it matter in which order the server lists people and groups.
    world.mock.edit(|acme| {
        acme.users.reverse();
        acme.groups.reverse();
    });
    let reversed = plan(&world, &everything()).await;
    assert_eq!(bytes(&reversed), bytes(&first));
}

/// A plan without the times at which it was made.
fn undated(mut plan: Plan) -> Plan {
    plan.made_at.clear();
    for tombstone in &mut plan.tombstones {
        tombstone.recorded_at.clear();
    }
    plan
}

/// `2026-01-05T09:00:00.000Z`.
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
async fn the_digests_change_with_what_the_plan_is_about_and_with_nothing_else() {
    type Change = fn(&World);
    let about: [Change; 4] = [
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
    for (at, change) in about.into_iter().enumerate() {
        let world = World::acme().await;
        let before = plan(&world, &about_support()).await;
        change(&world);
        let after = plan(&world, &about_support()).await;
        assert_ne!(after.digest, before.digest, "{at}");
        assert_ne!(after.inputs_digest, before.inputs_digest, "{at}");
    }

    let elsewhere: [Change; 4] = [
        |world| world.shape(GRACE, |grace| grace.first_name = Some("G".into())),
        |world| world.shape(JOAN, |joan| joan.updated_at = "2026-06-01T00:00:00Z".into()),
        |world| {
            let grace = world.id_of(GRACE);
            world.mock.edit(|acme| acme.leave(ENGINEERING, &grace)).expect("Grace is in it");
        },
        |world| {
            world.add("zoe@acme.example", &["Finance"]);
        },
    ];
    for (at, change) in elsewhere.into_iter().enumerate() {
        let world = World::acme().await;
        let before = plan(&world, &about_support()).await;
        change(&world);
        let after = plan(&world, &about_support()).await;
        assert_eq!(after.inputs_digest, before.inputs_digest, "{at}");
        assert_eq!(after.digest, before.digest, "{at}");
    }
}

#[tokio::test]
async fn a_plan_has_its_organisation_dialect_span_and_policy() {
    let world = World::acme().await;
    let request = everything();
    let made = plan(&world, &request).await;
    assert_eq!(made.organisation, world.mock.base_url());
    assert_eq!((made.dialect, &made.span), (Dialect::V1, &None));
    assert!(!made.steps.is_empty());
    for step in &made.steps {
        assert_eq!((&step.organisation, step.dialect), (&made.organisation, made.dialect));
        assert_eq!((step.minimum_admins, &step.required_admins[..]), (2, &[][..]));
    }
    // The defaults are filled in, and nothing else is different.
    let limit = |percent, floor| Some(GuardLimit { percent: Some(percent), floor: Some(floor) });
    let mut policy = request.policy.clone();
    policy.leave_disabled = Some(false);
    policy.guards.user_removals = limit(5, 3);
    policy.guards.member_removals = limit(25, 3);
    policy.guards.minimum_admins = Some(2);
    assert_eq!(made.policy, policy);

    // What is given is echoed, and the other half of a limit is filled in.
    let mut request = everything();
    request.span = Some(EmailSpan { start: Some("a".into()), before: None });
    request.policy.guards.user_removals = Some(GuardLimit { percent: Some(50), floor: None });
    request.policy.guards.member_removals = Some(GuardLimit { percent: None, floor: Some(7) });
    request.policy.guards.minimum_admins = Some(1);
    request.policy.guards.required_admins = vec![by_email(GRACE)];
    request.policy.guards.protected_people = vec![by_email("nobody@acme.example")];
    let made = plan(&world, &request).await;
    assert_eq!(made.span, request.span);
    let mut guards = request.policy.guards.clone();
    guards.user_removals = limit(50, 3);
    guards.member_removals = limit(25, 7);
    assert_eq!(made.policy.guards, guards);
    let steps = made.steps.iter().chain(&made.withheld);
    for step in steps {
        assert_eq!((step.minimum_admins, &step.required_admins[..]), (1, &[by_email(GRACE)][..]));
    }
}

/// However the base URL is written, it is one organisation.
#[tokio::test]
async fn the_organisation_is_the_base_url_in_its_normal_form() {
    let world = World::acme().await;
    let base_url = world.mock.base_url();
    let shouted = format!("{}/", base_url.replace("http://", "HTTP://"));
    let connection = Connection { base_url: shouted, ..world.tenant.connection().clone() };
    let written_otherwise = world.tenant.with_connection(connection);
    let plan = done(written_otherwise.plan_sync(&everything()).await);
    assert_eq!(plan.organisation, base_url);
    let result = done(world.tenant.apply_step(&plan.steps[0]).await);
    assert_eq!(result.outcome, StepOutcome::Applied);
}

#[tokio::test]
async fn the_digest_tells_one_plan_from_another() {
    let world = World::acme().await;
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
    // Timestamps change without anybody's doing.
    world.shape(GRACE, |grace| {
        grace.first_name = Some("grace".into());
        grace.updated_at = "2026-06-01T00:00:00Z".into();
    });
    assert_eq!(plan(&world, &everything()).await.digest, digest);
}

#[tokio::test]
async fn its_steps_survive_json_and_lead_where_sync_leads() {
    let (synced, stepped) = (World::acme().await, World::acme().await);
    assert!(done(synced.tenant.sync(&everything()).await).complete);

    let plan = plan(&stepped, &everything()).await;
    let kept = serde_json::to_string(&plan).expect("JSON");
    let kept: Plan = serde_json::from_str(&kept).expect("the plan");
    assert_eq!(kept, plan);
    for step in &kept.steps {
        let result = done(stepped.tenant.apply_step(step).await);
        assert_eq!(result.outcome, StepOutcome::Applied, "{step:?}: {:?}", result.reason);
        assert_eq!(result.writes.len(), 1);
    }
    let (synced, stepped_state) = (synced.mock.state(), stepped.mock.state());
    let people = |state: &mock_retool::Organisation| {
        state.users.iter().cloned().map(timeless).collect::<Vec<_>>()
    };
    // The accounts made by both have the same ids: the mock draws them in order.
    for (mut left, mut right) in people(&synced).into_iter().zip(people(&stepped_state)) {
        left.created_at.clear();
        right.created_at.clear();
        assert_eq!(left, right);
    }
    assert_eq!(synced.users.len(), stepped_state.users.len());
    assert_eq!(synced.invitations, stepped_state.invitations);
    let names = |state: &mock_retool::Organisation| {
        state.groups.iter().map(|group| group.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&synced), names(&stepped_state));

    // And there is nothing left to do.
    let again = done(stepped.tenant.plan_sync(&everything()).await);
    assert!(again.steps.is_empty());
    assert_eq!(again.unchanged, 4);
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
async fn people_who_need_nothing_are_counted() {
    let world = World::acme().await;
    let plan = plan(&world, &roster(vec![entry(ADA), entry(GRACE), entry(NEW)])).await;
    assert_eq!(plan.unchanged, 2);
    assert_eq!(lines(&plan.steps), ["create-user new@acme.example"]);
}

#[tokio::test]
async fn a_person_twice_or_a_group_twice_is_refused_before_any_request() {
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
