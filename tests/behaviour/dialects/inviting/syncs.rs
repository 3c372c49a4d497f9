//! Plans that invite people or withdraw invitations.

use super::*;

/// A roster with everyone who exists, and Nina, who is to be invited.
fn with_nina(groups: &[&str]) -> SyncRequest {
    let nina = RosterEntry {
        first_name: Some("Nina".into()),
        groups: groups.iter().map(|name| membership(named(name))).collect(),
        way_in: Some(WayIn::Invitation),
        ..entry(NEW)
    };
    let mut request = roster(vec![entry(ADA), entry(GRACE), entry(JOAN), nina]);
    request.policy.absent = AbsentPolicy::Disable;
    request.policy.memberships = MembershipPolicy::Add;
    request
}

#[tokio::test]
async fn a_sync_invites_and_reports_it() {
    let world = world(InviteOptions::default()).await;
    let request = with_nina(&["Support", "Engineering"]);
    let plan = done(world.tenant.plan_sync(&request).await);
    let kinds: Vec<StepKind> = plan.steps.iter().map(|step| step.kind).collect();
    assert_eq!(kinds, [StepKind::InviteUser, StepKind::AddMember, StepKind::AddMember]);
    assert!(plan.steps[0].changes.is_empty(), "an invitation has no fields");
    assert!(plan.limitations.iter().any(|text| text.contains("once the invitation is accepted")));
    assert_eq!(plan.seats, [], "an invitation holds no seat");

    let report = done(world.tenant.sync(&request).await);
    let nina = report.people.iter().find(|person| person.email.as_deref() == Some(NEW));
    let nina = nina.expect("a report");
    assert_eq!(nina.outcome, host_test::retool::synchronization::PersonOutcome::Invited);
    assert_eq!(nina.groups_added, world.links(&["Engineering", "Support"]));
    assert!(report.complete);
    assert_eq!(written(&report.writes)[0], "user-invited new@acme.example");
    assert_eq!((invited(&world), mails(&world)), (vec![vec![ENGINEERING, SUPPORT]], 1));

    world.mock.clear_requests();
    let again = done(world.tenant.sync(&request).await);
    assert!(again.complete && again.writes.is_empty() && world.writes().is_empty());

    // Once it is accepted, the fields are set.
    world.mock.edit(|acme| {
        let id = acme.invites[0].id;
        acme.claim_invite(id, "N", "Newman").expect("an account");
    });
    done(world.tenant.sync(&request).await);
    assert_eq!(world.person(NEW).first_name.as_deref(), Some("Nina"));
    assert_eq!(mails(&world), 1);
}

#[tokio::test]
async fn a_sync_goes_on_where_invitations_can_not_be_sent() {
    for support in [Support::NotFound, Support::Page] {
        for list in [false, true] {
            let invites = match list {
                true => InviteOptions { list: support, ..InviteOptions::default() },
                false => InviteOptions { create: support, ..InviteOptions::default() },
            };
            let world = world(invites).await;
            let mut request = with_nina(&["Support"]);
            request.roster.push(RosterEntry {
                first_name: Some("O".into()),
                last_name: Some("Other".into()),
                ..entry("other@acme.example")
            });
            let report = done(world.tenant.sync(&request).await);
            let nina = report.people.iter().find(|person| person.email.as_deref() == Some(NEW));
            let failure = nina.and_then(|nina| nina.failure.as_ref()).expect("a failure");
            assert_eq!(failure.code, "operation-unsupported");
            assert!(!report.complete);
            assert!(world.has("other@acme.example"));
            assert_eq!(mails(&world), 0);
        }
    }
}

/// Both would be added with one request each, and the server has only one of the two.
#[tokio::test]
async fn an_account_joins_a_group_although_an_invitation_can_not() {
    for groups in [Support::NotFound, Support::Page] {
        let world = world(InviteOptions { groups, ..InviteOptions::default() }).await;
        world.invite(NEW, &[]);
        let joins = |email| RosterEntry { groups: memberships([named("Finance")]), ..entry(email) };
        let request = roster(vec![joins(JOAN), joins(NEW)]);
        let report = done(world.tenant.sync(&request).await);
        let failure = |email: &str| {
            let person = report.people.iter().find(|one| one.email.as_deref() == Some(email));
            person.and_then(|one| one.failure.as_ref()).map(|failure| failure.code.clone())
        };
        assert_eq!(failure(JOAN), None, "{groups:?}: {:?}", report.people);
        assert_eq!(failure(NEW).as_deref(), Some("operation-unsupported"), "{groups:?}");
        assert_eq!(world.members_of("Finance"), [JOAN]);
    }
}

#[tokio::test]
async fn the_steps_of_an_invitation_are_applied_once() {
    let world = world(InviteOptions { accepts_second: true, ..InviteOptions::default() }).await;
    let plan = done(world.tenant.plan_sync(&with_nina(&["Support"])).await);
    for outcome in [StepOutcome::Applied, StepOutcome::AlreadySo] {
        for step in &plan.steps {
            let result = done(world.tenant.apply_step(step).await);
            assert_eq!(result.outcome, outcome, "{:?}", step.kind);
        }
    }
    assert_eq!((invited(&world), mails(&world)), (vec![vec![SUPPORT]], 1));
    // It holds too once the invitation is accepted.
    world.mock.edit(|acme| {
        let id = acme.invites[0].id;
        acme.claim_invite(id, "N", "Newman").expect("an account");
    });
    let held = done(world.tenant.apply_step(&plan.steps[0]).await);
    assert_eq!(held.outcome, StepOutcome::AlreadySo);
    let approved_digest = plan.digest.clone();
    let apply = ApplyPlanRequest { plan, approved_digest, first: 0, count: None };
    let report = done(world.tenant.apply_plan(&apply).await);
    assert!(report.complete && report.writes.is_empty());
    assert_eq!(mails(&world), 1);
}

#[tokio::test]
async fn a_plan_with_invitations_is_applied_in_slices() {
    let world = world(InviteOptions::default()).await;
    let plan: Plan = done(world.tenant.plan_sync(&with_nina(&["Support"])).await);
    for first in 0..plan.steps.len() {
        let apply = ApplyPlanRequest {
            plan: plan.clone(),
            approved_digest: plan.digest.clone(),
            first: first as u32,
            count: Some(1),
        };
        let report = done(world.tenant.apply_plan(&apply).await);
        assert!(report.complete, "{report:?}");
    }
    assert_eq!((invited(&world), mails(&world)), (vec![vec![SUPPORT]], 1));
}

#[tokio::test]
async fn a_sync_withdraws_the_invitations_of_absent_people() {
    let world = invited_beside_an_account().await;
    world.invite("only@acme.example", &[]);
    let mut request = roster(vec![entry(ADA), entry(GRACE), entry(JOAN), entry(KEN)]);
    request.policy.absent = AbsentPolicy::Disable;
    request.policy.re_enable_disabled = false;
    let plan = done(world.tenant.plan_sync(&request).await);
    let kinds: Vec<StepKind> = plan.steps.iter().map(|step| step.kind).collect();
    let withdrawal = StepKind::CancelInvitation;
    assert_eq!(kinds, [StepKind::DisableUser, withdrawal, withdrawal, withdrawal]);
    assert_eq!(plan.tombstones.len(), 2, "one for each person");

    let approved_digest = plan.digest.clone();
    let apply = ApplyPlanRequest { plan, approved_digest, first: 0, count: None };
    let report = done(world.tenant.apply_plan(&apply).await);
    use host_test::retool::synchronization::PersonOutcome::{Deleted, Disabled};
    let outcome = |email: &str| {
        let is_it = |person: &&host_test::retool::synchronization::PersonReport| {
            person.email.as_deref() == Some(email)
        };
        report.people.iter().find(is_it).expect("a report").outcome
    };
    assert_eq!((outcome(NEW), outcome("only@acme.example")), (Disabled, Deleted));
    assert!(world.mock.state().invites.is_empty() && world.person(NEW).is_disabled);
    assert_eq!(report.tombstones.len(), 2);
    let back = done(world.tenant.restore(&restoring(report.tombstones, false)).await);
    assert_eq!(back.people.len(), 2);

    // An invitation that appears later beside the disabled account is withdrawn too.
    world.shape(NEW, |user| user.is_disabled = true);
    world.mock.edit(|acme| {
        let late = mock_retool::Invite {
            id: 200,
            expires_at: "2999-01-01T00:00:00.000Z".into(),
            ..mock_retool::Invite::new(NEW)
        };
        acme.invites.push(late);
    });
    let report = done(world.tenant.sync(&request).await);
    assert_eq!(written(&report.writes), ["invitation-cancelled new@acme.example"]);
    assert!(world.mock.state().invites.is_empty());
    assert!(report.tombstones.is_empty(), "a restore would enable the account");
}

#[tokio::test]
async fn a_sync_invites_with_metadata_and_attributes() {
    let world = world(InviteOptions::default()).await;
    world.mock.edit(|acme| acme.attributes.push(mock_retool::UserAttribute::text("team")));
    let mut request = with_nina(&["Support"]);
    request.roster[3].metadata = Some(r#"{"desk": 5}"#.into());
    request.roster[3].attributes = vec![Attribute { name: "team".into(), value: "blue".into() }];
    let report = done(world.tenant.sync(&request).await);
    assert!(report.complete, "{report:?}");
    let invite = world.mock.state().invites[0].clone();
    assert_eq!(json!(invite.metadata), json!({"desk": 5, "team": "blue"}));
    assert_eq!(invite.groups, [SUPPORT]);
    let again = done(world.tenant.sync(&request).await);
    assert!(again.complete && again.writes.is_empty(), "{:?}", again.writes);
    assert_eq!(mails(&world), 1);
}
