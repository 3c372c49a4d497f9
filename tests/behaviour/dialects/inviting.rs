//! People who are invited instead of given an account. `/api/v2` has both ways; a creation over
//! `/api/v1` sends an invitation; SCIM has none.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use host_test::retool::lifecycle::{
    DeprovisionMode, DeprovisionOutcome, ProvisionOutcome, ProvisionRequest, RestoreOutcome,
    RestoreRequest,
};
use host_test::retool::synchronization::{
    AbsentPolicy, ApplyPlanRequest, MembershipPolicy, Plan, RosterEntry, StepKind, StepOutcome,
    SyncRequest,
};
use host_test::retool::types::{Attribute, Dialect, UserType, WayIn};
use mock_retool::{Fault, FaultKind, Hook, InviteOptions, Options, Support, V2Options};
use serde_json::json;

use crate::support::acme::{ADA, ENGINEERING, GRACE, JOAN, KEN, NEW, SUPPORT, changed, written};
use crate::support::dialects::{known, nina};
use crate::support::{
    World, arrival, departure, done, entry, failed, failed_to_restore, membership, memberships,
    named, restored, restoring, roster,
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A request to invite Nina to these groups.
pub fn inviting(groups: &[&str]) -> ProvisionRequest {
    ProvisionRequest {
        user_type: None,
        groups: memberships(groups.iter().map(|name| named(name))),
        way_in: Some(WayIn::Invitation),
        ..arrival(NEW)
    }
}

/// The organisation on a server whose invitations have these options.
pub async fn world(invites: InviteOptions) -> World {
    let v2 = V2Options { invites, ..V2Options::default() };
    World::acme_over_with(Dialect::V2, Options { v2, ..Options::default() }).await
}

/// Returns the groups of each invitation of Nina that can be accepted.
fn invited(world: &World) -> Vec<Vec<u32>> {
    world.mock.state().pending_invites(NEW).map(|invite| invite.groups.clone()).collect()
}

/// Returns the number of mails that were sent.
fn mails(world: &World) -> usize {
    world.mock.state().invitations.len()
}

#[tokio::test]
async fn a_missing_person_is_invited_with_the_groups() {
    let world = world(InviteOptions::default()).await;
    let request = inviting(&["Engineering", "Support"]);
    let result = done(world.tenant.provision(&request).await);
    assert_eq!(result.outcome, ProvisionOutcome::Invited);
    assert!(result.invitation_sent);
    assert_eq!((result.user.email.as_deref(), result.user.invited), (Some(NEW), Some(true)));
    assert_eq!(result.groups_added, world.links(&["Engineering", "Support"]));
    assert!(result.groups_kept.is_empty() && result.changes.is_empty());
    assert_eq!(written(&result.writes), ["user-invited new@acme.example"]);
    let remaining = result.remaining.join(" ");
    assert!(remaining.contains("accept") && remaining.contains("7 days"), "{remaining}");
    let posts = world.writes();
    let [post] = &posts[..] else { panic!("{posts:?}") };
    assert_eq!(post.path, "/api/v2/user_invites");
    assert_eq!(post.body, json!({"email": NEW, "defaultGroupIds": [ENGINEERING, SUPPORT]}));
    assert_eq!(invited(&world), [[ENGINEERING, SUPPORT]]);
    assert_eq!((mails(&world), world.mock.state().users.len()), (1, 4), "there is no account");

    world.mock.clear_requests();
    let again = done(world.tenant.provision(&request).await);
    assert_eq!((again.outcome, again.invitation_sent), (ProvisionOutcome::Unchanged, false));
    assert!(world.writes().is_empty());

    // The groups of an open invitation are changed, and no second one is sent.
    let more = done(world.tenant.provision(&inviting(&["Finance"])).await);
    assert_eq!((more.outcome, more.invitation_sent), (ProvisionOutcome::Updated, false));
    assert_eq!(written(&more.writes), ["member-added new@acme.example [Finance]"]);
    assert_eq!((invited(&world).len(), mails(&world)), (1, 1));
}

#[tokio::test]
async fn missing_groups_are_created_before_the_invitation_has_them() {
    let world = world(InviteOptions::default()).await;
    let mut request = inviting(&["Legal"]);
    request.create_missing_groups = true;
    let result = done(world.tenant.provision(&request).await);
    assert_eq!(
        written(&result.writes),
        ["group-created Legal [Legal]", "user-invited new@acme.example"]
    );
    assert_eq!(result.groups_added, world.links(&["Legal"]));
    request.create_missing_groups = false;
    request.groups = memberships([named("Nowhere")]);
    request.email = "other@acme.example".into();
    let (_, detail) = failed(world.tenant.provision(&request).await);
    assert_eq!(detail.code, "group-not-found");
    assert_eq!(mails(&world), 1);
}

#[tokio::test]
async fn groups_that_the_server_leaves_out_of_the_invitation_are_added() {
    let world = world(InviteOptions { ignores_groups: true, ..InviteOptions::default() }).await;
    let result = done(world.tenant.provision(&inviting(&["Engineering", "Support"])).await);
    assert_eq!(result.outcome, ProvisionOutcome::Invited);
    assert_eq!(
        written(&result.writes),
        [
            "user-invited new@acme.example",
            "member-added new@acme.example [Engineering]",
            "member-added new@acme.example [Support]",
        ]
    );
    assert_eq!(invited(&world), [[ENGINEERING, SUPPORT]]);
}

#[tokio::test]
async fn an_expired_invitation_is_withdrawn_and_replaced() {
    let world = world(InviteOptions { accepts_second: true, ..InviteOptions::default() }).await;
    let request = inviting(&["Support"]);
    done(world.tenant.provision(&request).await);
    world.mock.edit(|acme| acme.advance(6 * DAY));
    let early = done(world.tenant.provision(&request).await);
    assert_eq!(early.outcome, ProvisionOutcome::Unchanged);
    world.mock.edit(|acme| acme.advance(DAY));
    let again = done(world.tenant.provision(&request).await);
    assert_eq!((again.outcome, again.invitation_sent), (ProvisionOutcome::Invited, true));
    assert_eq!(
        written(&again.writes),
        ["invitation-cancelled new@acme.example", "user-invited new@acme.example"]
    );
    let state = world.mock.state();
    assert_eq!((state.invites.len(), mails(&world)), (1, 2), "the old one is gone");
    assert_eq!(invited(&world), [[SUPPORT]]);
}

#[tokio::test]
async fn a_person_who_is_invited_can_not_administer_a_group() {
    let world = world(InviteOptions::default()).await;
    let mut request = inviting(&["Engineering", "Support"]);
    request.groups[0].group_admin = Some(false);
    request.groups[1].group_admin = Some(true);
    let (case, detail) = failed(world.tenant.provision(&request).await);
    assert_eq!((case, &*detail.code), ("permanent unsupported", "operation-unsupported"));
    assert_eq!(detail.field.as_deref(), Some("request.groups[1].group-admin"));
    assert!(world.writes().is_empty());
    assert_eq!(mails(&world), 0);
    request.groups[1].group_admin = None;
    done(world.tenant.provision(&request).await);
    assert_eq!(mails(&world), 1);
}

#[tokio::test]
async fn fields_that_an_invitation_can_not_have_are_refused_before_a_write() {
    type Ask = fn(&mut ProvisionRequest);
    let cases: [(&str, Ask); 5] = [
        ("first-name", |r| r.first_name = Some("Nina".into())),
        ("last-name", |r| r.last_name = Some("Newman".into())),
        ("user-type", |r| r.user_type = Some(UserType::Default)),
        ("admin", |r| r.admin = Some(true)),
        ("profile-photo-url", |r| r.profile_photo_url = Some("https://acme.example/n.png".into())),
    ];
    let world = world(InviteOptions::default()).await;
    for (name, ask) in cases {
        let mut request = inviting(&[]);
        ask(&mut request);
        let (case, detail) = failed(world.tenant.provision(&request).await);
        assert_eq!((case, &*detail.code), ("permanent unsupported", "operation-unsupported"));
        assert_eq!(detail.field, Some(format!("request.{name}")));
        assert!(detail.message.contains("Leave it out"), "{}", detail.message);
    }
    assert!(world.writes().is_empty());
    // Not for a person who has an account.
    let request = ProvisionRequest {
        first_name: Some("Joanna".into()),
        way_in: Some(WayIn::Invitation),
        ..known(JOAN)
    };
    let result = done(world.tenant.provision(&request).await);
    assert_eq!(result.outcome, ProvisionOutcome::Updated);
    assert_eq!(mails(&world), 0);
}

fn lost() -> Vec<FaultKind> {
    let status = |code| FaultKind::Status { code, retry_after: None, body: None };
    vec![
        FaultKind::LoseReply,
        FaultKind::ResetInBody,
        FaultKind::Truncate,
        FaultKind::InvalidJson,
        FaultKind::StatusAfter(502),
        FaultKind::Reset,
        status(500),
        status(503),
        status(408),
    ]
}

fn first_post(kind: FaultKind) -> Fault {
    let path = Some("/api/v2/user_invites".into());
    Fault { method: Some("POST".into()), path, times: Some(1), ..Fault::new(kind) }
}

/// The server would accept a second invitation, and the first look may not show the first one yet.
#[tokio::test]
async fn after_a_lost_reply_a_person_is_not_invited_twice() {
    for kind in lost() {
        for stale in [false, true] {
            let how = format!("{kind:?} {stale}");
            let world =
                world(InviteOptions { accepts_second: true, ..InviteOptions::default() }).await;
            world.mock.inject(first_post(kind.clone()));
            if stale {
                world.mock.inject(first_post(FaultKind::StaleReads { requests: 2 }));
            }
            let result = done(world.tenant.provision(&inviting(&["Support"])).await);
            assert_eq!(result.outcome, ProvisionOutcome::Invited, "{how}");
            assert_eq!(written(&result.writes), ["user-invited new@acme.example"], "{how}");
            assert_eq!((mails(&world), invited(&world)), (1, vec![vec![SUPPORT]]), "{how}");
        }
    }
}

#[tokio::test]
async fn an_invitation_with_an_unknown_result_is_reported_and_can_be_repeated() {
    let world = world(InviteOptions { accepts_second: true, ..InviteOptions::default() }).await;
    let lost = AtomicBool::new(false);
    world.mock.on_request(move |_, logged| match logged.method.as_str() {
        "POST" if !lost.swap(true, Ordering::Relaxed) => Hook::ServeThenClose,
        // After that no request gets through.
        _ if lost.load(Ordering::Relaxed) => Hook::CloseBefore,
        _ => Hook::Serve,
    });
    let (case, detail) = failed(world.tenant.provision(&inviting(&[])).await);
    assert_eq!((case, detail.code.as_str()), ("transient unavailable", "connection-failed"));
    assert_eq!(written(&detail.writes), ["user-invited new@acme.example ?"]);

    world.mock.on_request(|_, _| Hook::Serve);
    let again = done(world.tenant.provision(&inviting(&[])).await);
    assert_eq!((again.outcome, mails(&world)), (ProvisionOutcome::Unchanged, 1));
}

#[tokio::test]
async fn a_route_that_is_missing_is_told_for_the_person() {
    for support in [Support::NotFound, Support::Page] {
        let unable = async |invites: InviteOptions, request: &ProvisionRequest| {
            let world = world(invites).await;
            let (case, detail) = failed(world.tenant.provision(request).await);
            assert_eq!(
                (case, &*detail.code),
                ("permanent unsupported", "operation-unsupported"),
                "{invites:?}: {}",
                detail.message
            );
            assert_eq!((detail.subject.as_deref(), mails(&world)), (Some(NEW), 0), "{invites:?}");
            assert!(detail.writes.is_empty(), "{invites:?}");
            (world, detail)
        };
        let request = inviting(&["Support"]);
        unable(InviteOptions { create: support, ..InviteOptions::default() }, &request).await;
        // Without the list, a repeated call could invite twice.
        let (world, detail) =
            unable(InviteOptions { list: support, ..InviteOptions::default() }, &request).await;
        assert!(world.writes().is_empty() && detail.message.contains("skip-lookup"));

        // Reading one by its number can be done by the list. Withdrawing can't.
        let world = world_without_one(support).await;
        let result = done(world.tenant.provision(&request).await);
        assert_eq!(result.outcome, ProvisionOutcome::Invited);
        let leaving = departure(NEW, DeprovisionMode::Disable);
        let (case, detail) = failed(world.tenant.deprovision(&leaving).await);
        assert_eq!((case, &*detail.code), ("permanent unsupported", "operation-unsupported"));
        assert!(detail.writes.is_empty(), "{:?}", detail.writes);
        assert_eq!(invited(&world).len(), 1);

        // The groups of a new invitation need no route of their own.
        let groups = InviteOptions { groups: support, ..InviteOptions::default() };
        let world = self::world(groups).await;
        done(world.tenant.provision(&request).await);
        assert_eq!(invited(&world), [[SUPPORT]]);
        let (_, detail) = failed(world.tenant.provision(&inviting(&["Finance"])).await);
        assert_eq!(&*detail.code, "operation-unsupported", "{}", detail.message);
        assert_eq!(invited(&world), [[SUPPORT]]);
    }
}

async fn world_without_one(one: Support) -> World {
    world(InviteOptions { one, ..InviteOptions::default() }).await
}

#[tokio::test]
async fn a_group_that_is_gone_is_not_taken_for_a_missing_route() {
    let world = world(InviteOptions::default()).await;
    world.before("POST /api/v2/user_invites", |acme| {
        acme.delete_group(SUPPORT).expect("a group");
    });
    let (_, detail) = failed(world.tenant.provision(&inviting(&["Support"])).await);
    assert_eq!(&*detail.code, "group-not-found");
    assert_eq!(mails(&world), 0);
}

#[tokio::test]
async fn an_account_is_made_unless_an_invitation_is_asked_for() {
    for way_in in [None, Some(WayIn::Account)] {
        let world = world(InviteOptions::default()).await;
        let request = ProvisionRequest { way_in, ..nina(Dialect::V2) };
        let result = done(world.tenant.provision(&request).await);
        assert_eq!((result.outcome, result.invitation_sent), (ProvisionOutcome::Created, false));
        let says = |line: &String| line.contains("Without SSO") && line.contains("invited");
        assert!(result.remaining.iter().any(says), "{:?}", result.remaining);
        assert_eq!((mails(&world), invited(&world).len()), (0, 0));
        assert!(world.person(NEW).sid().starts_with("user_"));
    }
}

#[tokio::test]
async fn a_creation_over_v1_is_the_invitation() {
    for way_in in [WayIn::Account, WayIn::Invitation] {
        let world = World::acme_over(Dialect::V1).await;
        let request = ProvisionRequest { way_in: Some(way_in), ..nina(Dialect::V1) };
        let result = done(world.tenant.provision(&request).await);
        assert_eq!((result.outcome, result.invitation_sent), (ProvisionOutcome::Created, true));
        assert_eq!(world.mock.state().invitations, [NEW]);
    }
}

#[tokio::test]
async fn scim_sends_no_invitations() {
    let world = World::acme_over(Dialect::Scim).await;
    let (case, detail) = failed(world.tenant.provision(&inviting(&[])).await);
    assert_eq!((case, &*detail.code), ("permanent unsupported", "operation-unsupported"));
    assert_eq!(detail.field.as_deref(), Some("request.way-in"));
    assert!(world.writes().is_empty());
    let request = ProvisionRequest { way_in: Some(WayIn::Invitation), ..known(JOAN) };
    done(world.tenant.provision(&request).await);

    // A plan refuses the person, and goes on with the others.
    let other = "other@acme.example";
    let mut request = roster(vec![entry(NEW), entry(other)]);
    request.roster[0].way_in = Some(WayIn::Invitation);
    let plan = done(world.tenant.plan_sync(&request).await);
    let [refusal] = &plan.refusals[..] else { panic!("{:?}", plan.refusals) };
    assert_eq!((refusal.email.as_deref(), &*refusal.code), (Some(NEW), "operation-unsupported"));
    assert!(plan.limitations.iter().any(|text| text.contains("no invitations")));
    assert!(plan.steps.iter().all(|step| step.email.as_deref() == Some(other)));
}

/// Nina with an account, and two open invitations that a server accepted nevertheless.
async fn invited_beside_an_account() -> World {
    let world = world(InviteOptions::default()).await;
    world.invite(NEW, &["Support"]);
    world.mock.edit(|acme| {
        let second = mock_retool::Invite { id: 99, ..acme.invites[0].clone() };
        acme.invites.push(second);
    });
    world.add(NEW, &["Engineering"]);
    world
}

#[tokio::test]
async fn the_open_invitations_of_a_leaver_are_withdrawn() {
    for mode in [DeprovisionMode::Disable, DeprovisionMode::Delete] {
        let world = invited_beside_an_account().await;
        let result = done(world.tenant.deprovision(&departure(NEW, mode)).await);
        assert_eq!(result.outcome, DeprovisionOutcome::Deactivated, "{mode:?}");
        let withdrawn = |write: &&String| write.starts_with("invitation-cancelled");
        let writes = written(&result.writes);
        assert_eq!(writes.iter().filter(withdrawn).count(), 2, "{writes:?}");
        assert!(invited(&world).is_empty() && world.person(NEW).is_disabled);
        let tombstone = result.tombstone.expect("a tombstone");
        assert_eq!(tombstone.user.id, world.user_id(NEW));
    }
    // Two invitations and no account are one person.
    let world = invited_beside_an_account().await;
    world.mock.edit(|acme| acme.users.retain(|user| user.email != NEW));
    let unchanged = done(world.tenant.provision(&inviting(&["Support"])).await);
    assert_eq!(unchanged.outcome, ProvisionOutcome::Unchanged);
    let leaving = departure(NEW, DeprovisionMode::Disable);
    let result = done(world.tenant.deprovision(&leaving).await);
    assert_eq!(result.outcome, DeprovisionOutcome::Deleted);
    assert!(world.mock.state().invites.is_empty());
}

#[tokio::test]
async fn an_invitation_that_can_not_be_withdrawn_does_not_keep_a_leaver_in() {
    let world = invited_beside_an_account().await;
    world.mock.on_request(|_, logged| match logged.method.as_str() {
        "DELETE" => Hook::Respond(500),
        _ => Hook::Serve,
    });
    let leaving = departure(NEW, DeprovisionMode::Disable);
    let result = done(world.tenant.deprovision(&leaving).await);
    assert_eq!(result.outcome, DeprovisionOutcome::Deactivated);
    assert!(world.person(NEW).is_disabled);
    let said = |line: &&String| line.contains("could not be withdrawn");
    assert_eq!(result.remaining.iter().filter(said).count(), 2, "{:?}", result.remaining);
}

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
async fn a_person_whose_account_is_gone_is_restored_by_an_invitation() {
    let world = world(InviteOptions::default()).await;
    let leaving = departure(JOAN, DeprovisionMode::DisableAndStripGroups);
    let left = done(world.tenant.deprovision(&leaving).await);
    let tombstone = left.tombstone.expect("a tombstone");
    world.mock.edit(|acme| acme.users.retain(|user| user.email != JOAN));
    let request =
        RestoreRequest { way_in: Some(WayIn::Invitation), ..restoring([tombstone.clone()], true) };
    let back = restored(world.tenant.restore(&request).await);
    assert_eq!((back.outcome, back.invitation_sent), (RestoreOutcome::Invited, true));
    assert_eq!(back.user.invited, Some(true));
    assert!(back.groups_added.iter().any(|link| link.name.as_deref() == Some("Support")));
    assert!(back.not_restored.iter().any(|line| line.contains("accepted")));
    let again = restored(world.tenant.restore(&request).await);
    assert_eq!((again.outcome, mails(&world)), (RestoreOutcome::Unchanged, 1));

    // An account that is there is enabled, and no invitation is sent.
    let leaving = departure(ADA, DeprovisionMode::Disable);
    let left = done(world.tenant.deprovision(&leaving).await);
    let request = RestoreRequest {
        way_in: Some(WayIn::Invitation),
        ..restoring([left.tombstone.expect("a tombstone")], true)
    };
    let back = restored(world.tenant.restore(&request).await);
    assert_eq!((back.outcome, mails(&world)), (RestoreOutcome::ReEnabled, 1));
}

#[tokio::test]
async fn a_restore_over_scim_can_not_invite() {
    let world = World::acme_over(Dialect::Scim).await;
    let left = done(world.tenant.deprovision(&departure(JOAN, DeprovisionMode::Delete)).await);
    let request = RestoreRequest {
        way_in: Some(WayIn::Invitation),
        ..restoring([left.tombstone.expect("a tombstone")], true)
    };
    let (kind, detail) = failed_to_restore(world.tenant.restore(&request).await);
    assert_eq!((kind, &*detail.code), ("unsupported", "operation-unsupported"));
    assert!(!world.has(JOAN));
}

/// The list of invitations is read right before the invitation, and the invitation afterwards.
#[tokio::test]
async fn an_invitation_takes_the_fewest_requests() {
    let world = world(InviteOptions::default()).await;
    done(world.tenant.provision(&inviting(&["Engineering", "Support", "Finance"])).await);
    assert_eq!(
        world.requests(),
        [
            "GET /api/v2/users",
            "GET /api/v2/users",
            "GET /api/v2/user_invites",
            "GET /api/v2/groups",
            "GET /api/v2/user_invites",
            "POST /api/v2/user_invites",
            "GET /api/v2/user_invites/1",
        ]
    );
}

/// The metadata goes with the invitation, and the attributes by the invitation's own route.
#[tokio::test]
async fn metadata_and_attributes_go_with_the_invitation_and_to_the_account() {
    let attribute = |name: &str, value: &str| Attribute { name: name.into(), value: value.into() };
    let with_extras = || ProvisionRequest {
        metadata: Some(r#"{"desk": 5}"#.into()),
        attributes: vec![attribute("team", "blue")],
        ..inviting(&["Support"])
    };
    let world = world(InviteOptions::default()).await;
    world.mock.edit(|acme| acme.attributes.push(mock_retool::UserAttribute::text("team")));
    let result = done(world.tenant.provision(&with_extras()).await);
    assert_eq!(result.outcome, ProvisionOutcome::Invited);
    assert_eq!(
        written(&result.writes),
        ["user-invited new@acme.example", "attribute-changed new@acme.example"]
    );
    assert_eq!(
        changed(&result.changes),
        ["metadata.desk: (nothing) -> 5", "attribute.team: (nothing) -> blue"]
    );
    assert_eq!(result.groups_added, world.links(&["Support"]));
    let invite = world.mock.state().invites[0].clone();
    assert_eq!(json!(invite.metadata), json!({"desk": 5, "team": "blue"}));
    world.mock.clear_requests();
    let again = done(world.tenant.provision(&with_extras()).await);
    assert_eq!(again.outcome, ProvisionOutcome::Unchanged);
    assert!(world.writes().is_empty());

    // The attributes of an open invitation are changed by the same route.
    let other = ProvisionRequest { attributes: vec![attribute("team", "red")], ..inviting(&[]) };
    let result = done(world.tenant.provision(&other).await);
    assert_eq!(result.outcome, ProvisionOutcome::Updated);
    assert_eq!(json!(world.mock.state().invites[0].metadata), json!({"desk": 5, "team": "red"}));
    assert_eq!(mails(&world), 1);

    // An attribute that does not exist is an error before the invitation.
    let unknown = ProvisionRequest {
        email: "other@acme.example".into(),
        attributes: vec![attribute("tema", "red")],
        ..inviting(&[])
    };
    let (_, detail) = failed(world.tenant.provision(&unknown).await);
    assert_eq!((detail.code.as_str(), mails(&world)), ("attribute-not-found", 1));
}

#[tokio::test]
async fn a_server_without_attributes_of_invitations_is_told_for_the_person() {
    for attributes in [Support::NotFound, Support::Page] {
        let world = world(InviteOptions { attributes, ..InviteOptions::default() }).await;
        world.mock.edit(|acme| acme.attributes.push(mock_retool::UserAttribute::text("team")));
        let team = Attribute { name: "team".into(), value: "blue".into() };
        let request = ProvisionRequest { attributes: vec![team], ..inviting(&[]) };
        let (case, detail) = failed(world.tenant.provision(&request).await);
        assert_eq!(
            (case, &*detail.code),
            ("permanent unsupported", "operation-unsupported"),
            "{}",
            detail.message
        );
        assert_eq!(written(&detail.writes), ["user-invited new@acme.example"]);
    }
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
