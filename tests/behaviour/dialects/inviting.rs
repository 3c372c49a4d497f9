//! People who are invited instead of given an account. `/api/v2` has both ways; a creation over
//! `/api/v1` sends an invitation; SCIM has none.

mod extras;
mod syncs;

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
