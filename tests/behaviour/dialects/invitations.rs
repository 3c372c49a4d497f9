//! Invitations that are not accepted yet. `/api/v2` has them in addition to accounts. Each counts
//! as the invited user.

use host_test::retool::lifecycle::{
    DeprovisionMode, DeprovisionOutcome, ProvisionOutcome, ProvisionRequest, RestoreOutcome,
    RestoreRequest,
};
use host_test::retool::synchronization::{AbsentPolicy, MembershipPolicy, PersonOutcome};
use host_test::retool::types::{Dialect, UserId, UserType, WayIn};
use mock_retool::{Options, V2Options};

use crate::support::acme::{ADA, GRACE, JOAN, KEN, NEW, changed, written};
use crate::support::dialects::{known, nina};
use crate::support::{
    World, by_email, departure, done, entry, failed_to_restore, memberships, named, restored,
    restoring, roster,
};

async fn invited(groups: &[&str]) -> (World, UserId) {
    let world = World::acme_over(Dialect::V2).await;
    let number = world.invite(NEW, groups);
    (world, UserId::V2(format!("invite-{number}")))
}

/// Returns the groups of the only invitation, in the server's order.
fn groups_of_the_invitation(world: &World) -> Vec<String> {
    let state = world.mock.state();
    let [invite] = &state.invites[..] else { panic!("{:?}", state.invites) };
    let name = |id: &u32| state.group(*id).expect("a group").name.clone();
    invite.groups.iter().map(name).collect()
}

#[tokio::test]
async fn an_invited_user_is_found_and_counted() {
    let (world, id) = invited(&["Support"]).await;
    let found =
        done(world.tenant.find_user(&by_email(" NEW@acme.example")).await).expect("the invited");
    assert_eq!((found.id, found.invited, found.disabled), (id.clone(), Some(true), false));
    assert_eq!(found.groups, Some(world.links(&["Support"])));
    let joan = done(world.tenant.find_user(&by_email(JOAN)).await).expect("Joan");
    assert_eq!(joan.invited, Some(false));
    let report = done(world.tenant.check_connection().await);
    assert_eq!(report.user_count, Some(5));
}

#[tokio::test]
async fn an_invited_user_is_not_created_and_joins_groups_by_the_invitation() {
    let (world, id) = invited(&["Support"]).await;
    let request = ProvisionRequest {
        groups: memberships([named("Engineering"), named("Support")]),
        ..nina(Dialect::V2)
    };
    let result = done(world.tenant.provision(&request).await);
    assert_eq!(result.outcome, ProvisionOutcome::Updated);
    assert_eq!(result.user.id, id);
    assert_eq!(result.user.invited, Some(true));
    assert_eq!(result.groups_added, world.links(&["Engineering"]));
    assert_eq!(result.groups_kept, world.links(&["Support"]));
    assert_eq!(written(&result.writes), ["member-added new@acme.example [Engineering]"]);
    // An invitation has no names until it is accepted.
    assert_eq!(
        changed(&result.differences)[..2],
        ["first-name: (nothing) -> Nina", "last-name: (nothing) -> Newman"]
    );
    assert!(result.changes.is_empty() && !result.invitation_sent);
    assert!(result.remaining.iter().any(|line| line.contains("accept")), "{:?}", result.remaining);
    assert_eq!(groups_of_the_invitation(&world), ["Engineering", "Support"]);
    let state = world.mock.state();
    assert_eq!(
        (state.users.len(), state.invitations.len()),
        (4, 0),
        "no account is created and no mail is sent"
    );

    let again = done(world.tenant.provision(&request).await);
    assert_eq!(again.outcome, ProvisionOutcome::Unchanged);
    assert!(again.writes.is_empty());
}

#[tokio::test]
async fn a_pending_invitation_is_withdrawn_in_every_mode() {
    for mode in [
        DeprovisionMode::Disable,
        DeprovisionMode::DisableAndStripGroups,
        DeprovisionMode::Delete,
        DeprovisionMode::DeleteOnceDisabled(30),
    ] {
        let (world, id) = invited(&["Support"]).await;
        let result = done(world.tenant.deprovision(&departure(NEW, mode)).await);
        assert_eq!(result.outcome, DeprovisionOutcome::Deleted, "{mode:?}");
        assert_eq!(written(&result.writes), ["invitation-cancelled new@acme.example"], "{mode:?}");
        let tombstone = result.tombstone.expect("a tombstone");
        assert_eq!(tombstone.user.id, id);
        assert!(
            !tombstone.raw.as_deref().expect("a record").contains("invite_link"),
            "the link can be used to accept the invitation"
        );
        assert!(world.mock.state().invites.is_empty());

        let again = done(world.tenant.deprovision(&departure(NEW, mode)).await);
        assert_eq!(again.outcome, DeprovisionOutcome::AlreadyGone, "{mode:?}");
    }
}

/// An invitation has no names, and `/api/v2` creates no account without them.
#[tokio::test]
async fn an_invited_user_is_restored_if_the_tombstone_gets_names() {
    let (world, _) = invited(&["Support"]).await;
    let request = departure(NEW, DeprovisionMode::Delete);
    let left = done(world.tenant.deprovision(&request).await);
    let mut tombstone = left.tombstone.expect("a tombstone");
    tombstone.user.user_type = Some(UserType::Default);
    world.mock.clear_requests();
    let way_in = Some(WayIn::Account);
    let request = RestoreRequest { way_in, ..restoring([tombstone.clone()], true) };
    let (kind, detail) = failed_to_restore(world.tenant.restore(&request).await);
    assert_eq!((kind, detail.code.as_str()), ("invalid-input", "name-required"));
    assert_eq!(detail.field.as_deref(), Some("request.tombstones[0].user.first-name"));
    assert!(detail.message.contains("tombstone"), "{}", detail.message);
    assert!(world.writes().is_empty());

    tombstone.user.first_name = Some("Nina".into());
    tombstone.user.last_name = Some("Newman".into());
    let request = RestoreRequest { way_in, ..restoring([tombstone], true) };
    let back = restored(world.tenant.restore(&request).await);
    assert_eq!(back.outcome, RestoreOutcome::ReCreated);
    assert_eq!(back.user.id, world.user_id(NEW));
    assert_eq!(world.groups_of(NEW), ["Support"]);
}

#[tokio::test]
async fn an_invitation_is_restored_by_an_invitation_if_no_other_way_is_given() {
    let (world, _) = invited(&["Support"]).await;
    let request = departure(NEW, DeprovisionMode::Delete);
    let left = done(world.tenant.deprovision(&request).await);
    let request = restoring([left.tombstone.expect("a tombstone")], true);
    let back = restored(world.tenant.restore(&request).await);
    assert_eq!((back.outcome, back.invitation_sent), (RestoreOutcome::Invited, true));
    let state = world.mock.state();
    assert_eq!(state.pending_invites(NEW).count(), 1);
    assert!(state.users.iter().all(|user| user.email != NEW), "no account");
    let again = restored(world.tenant.restore(&request).await);
    assert_eq!((again.outcome, again.invitation_sent), (RestoreOutcome::Unchanged, false));
}

/// The person had an account before that was disabled, or got one since.
#[tokio::test]
async fn an_account_is_never_changed_by_the_restore_of_an_invitation() {
    for is_disabled in [true, false] {
        let (world, _) = invited(&["Support"]).await;
        let request = departure(NEW, DeprovisionMode::Delete);
        let left = done(world.tenant.deprovision(&request).await);
        world.add(NEW, &["Engineering"]);
        world.shape(NEW, |user| user.is_disabled = is_disabled);
        world.mock.clear_requests();
        let before = world.mock.state();
        let request = restoring([left.tombstone.expect("a tombstone")], true);
        let (kind, detail) = failed_to_restore(world.tenant.restore(&request).await);
        assert_eq!((kind, detail.code.as_str()), ("conflict", "wrong-person"));
        assert!(world.writes().is_empty());
        assert_eq!(world.mock.state(), before);
    }
}

#[tokio::test]
async fn an_expired_or_accepted_invitation_is_ignored() {
    let (world, _) = invited(&[]).await;
    world.mock.edit(|acme| acme.invites[0].expires_at = "2020-01-01T00:00:00.000Z".into());
    assert!(done(world.tenant.find_user(&by_email(NEW)).await).is_none());
    let result = done(world.tenant.provision(&nina(Dialect::V2)).await);
    assert_eq!(result.outcome, ProvisionOutcome::Created);

    let (world, _) = invited(&["Support"]).await;
    world.mock.edit(|acme| {
        let id = acme.invites[0].id;
        acme.claim_invite(id, "Nina", "Newman").expect("an account");
    });
    let found = done(world.tenant.find_user(&by_email(NEW)).await).expect("Nina");
    assert_eq!((found.id, found.invited), (world.user_id(NEW), Some(false)));
    let result = done(world.tenant.deprovision(&departure(NEW, DeprovisionMode::Disable)).await);
    assert_eq!(result.outcome, DeprovisionOutcome::Deactivated);
    assert_eq!(world.mock.state().invites.len(), 1, "the accepted invitation stays");
}

#[tokio::test]
async fn a_sync_counts_invited_users_as_existing() {
    let (world, _) = invited(&["Support"]).await;
    let on_roster = |groups: &[&str]| host_test::retool::synchronization::RosterEntry {
        groups: memberships(groups.iter().map(|name| named(name))),
        ..entry(NEW)
    };
    let mut request = roster(vec![
        entry(ADA),
        entry(GRACE),
        entry(JOAN),
        entry(KEN),
        on_roster(&["Engineering"]),
    ]);
    request.policy.re_enable_disabled = false;
    request.policy.memberships = MembershipPolicy::Exact;
    request.policy.managed_groups = vec![named("Finance")];
    let report = done(world.tenant.sync(&request).await);
    assert!(
        written(&report.writes).contains(&"member-added new@acme.example [Engineering]".into())
    );
    assert_eq!(groups_of_the_invitation(&world), ["Engineering", "Support"]);
    assert_eq!(world.mock.state().users.len(), 4);

    // Removed from the managed groups, and withdrawn when not on the roster.
    request.roster[4] = on_roster(&["Finance"]);
    request.policy.managed_groups = vec![named("Engineering")];
    done(world.tenant.sync(&request).await);
    assert_eq!(groups_of_the_invitation(&world), ["Support", "Finance"]);

    request.roster.truncate(4);
    request.policy.absent = AbsentPolicy::Disable;
    let report = done(world.tenant.sync(&request).await);
    let nina =
        report.people.iter().find(|person| person.email.as_deref() == Some(NEW)).expect("a report");
    assert_eq!(nina.outcome, PersonOutcome::Deleted);
    assert_eq!(written(&report.writes), ["invitation-cancelled new@acme.example"]);
    assert!(world.mock.state().invites.is_empty());
}

#[tokio::test]
async fn a_server_without_the_invitations_route_is_no_failure() {
    let v2 = V2Options { user_invites: false, ..V2Options::default() };
    let world = World::acme_over_with(Dialect::V2, Options { v2, ..Options::default() }).await;
    assert!(done(world.tenant.find_user(&by_email(NEW)).await).is_none());
    assert_eq!(done(world.tenant.check_connection().await).user_count, Some(4));
    let result = done(world.tenant.provision(&known(JOAN)).await);
    assert_eq!(result.outcome, ProvisionOutcome::Unchanged);
}
