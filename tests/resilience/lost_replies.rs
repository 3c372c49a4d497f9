//! Writes whose answer is lost, or can't be read: nobody knows what became of them, and nobody
//! is invited twice for it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use host_test::retool::groups::{ChangeGroupRequest, EnsureGroupRequest};
use host_test::retool::lifecycle::{
    DeprovisionMode, DeprovisionOutcome, DeprovisionResult, ProvisionOutcome, ProvisionResult,
};
use host_test::retool::synchronization::{AbsentPolicy, PersonOutcome};
use mock_retool::{Fault, FaultKind, Group, Hook, LoggedRequest, Mock, Organisation, User};

use super::fault::{always, once, status};
use crate::support::acme::{ADA, GRACE, JOAN, KEN, NEW, written};
use crate::support::{
    World, app_access, arrival, by_email, changing, departure, done, ensuring, entry, failed,
    memberships, named, new_member, removing, roster, roster_of,
};

const USERS: &str = "/api/v1/users";
const GROUPS: &str = "/api/v1/groups";

/// Every way in which a write is done and its answer does not arrive.
fn unheard() -> Vec<FaultKind> {
    vec![FaultKind::LoseReply, FaultKind::ResetInBody, FaultKind::Truncate]
}

/// Every way in which it is done and its answer says nothing.
fn unread() -> Vec<FaultKind> {
    vec![FaultKind::InvalidJson, FaultKind::ContentType("text/html".into())]
}

/// Every way in which it is not done, and nobody can tell.
fn undone() -> Vec<FaultKind> {
    vec![FaultKind::Reset, status(500), status(502), status(503), status(504), status(408)]
}

fn lost() -> Vec<FaultKind> {
    [unheard(), undone()].concat()
}

fn any() -> Vec<FaultKind> {
    [lost(), unread(), vec![FaultKind::Html200]].concat()
}

fn invitations(world: &World) -> Vec<String> {
    world.mock.state().invitations
}

/// How many groups have this name.
fn groups_named(world: &World, name: &str) -> usize {
    let groups = world.mock.state().groups;
    groups.iter().filter(|group| group.name == name).count()
}

/// Has requests that `which` picks served, or not, as a gateway does that then says 502: the
/// change is made by `edit`, once.
fn gateway_gives_up(
    mock: &Arc<Mock>,
    which: impl Fn(&LoggedRequest) -> bool + Send + Sync + 'static,
    edit: impl FnOnce(&mut Organisation) + Send + 'static,
) {
    let (mock_there, edit) = (Arc::downgrade(mock), Mutex::new(Some(edit)));
    mock.on_request(move |_, logged| {
        if which(logged)
            && let Some(edit) = edit.lock().expect("the edit").take()
            && let Some(mock) = mock_there.upgrade()
        {
            mock.edit(edit);
            return Hook::Respond(502);
        }
        Hook::Serve
    });
}

fn is(method: &'static str, path: impl Into<String>) -> impl Fn(&LoggedRequest) -> bool {
    let path = path.into();
    move |logged| logged.method == method && logged.path == path
}

async fn provisioned_new(world: &World) -> ProvisionResult {
    let mut new = arrival(NEW);
    new.first_name = Some("New".into());
    new.groups = memberships([named("Support")]);
    done(world.tenant.provision(&new).await)
}

fn assert_created_once(world: &World, result: &ProvisionResult, how: &str) {
    assert_eq!(result.outcome, ProvisionOutcome::Created, "{how}");
    assert!(result.invitation_sent, "{how}");
    assert_eq!(invitations(world), [NEW], "{how}");
    assert_eq!(world.person(NEW).first_name.as_deref(), Some("New"), "{how}");
    assert_eq!(world.groups_of(NEW), ["Support"], "{how}");
    assert_eq!(
        written(&result.writes),
        [format!("user-created {NEW}"), format!("member-added {NEW} [Support]")],
        "{how}"
    );
}

#[tokio::test]
async fn a_creation_without_an_answer_invites_once() {
    for kind in any() {
        let how = format!("{kind:?}");
        let world = World::acme().await;
        world.mock.inject(once("POST", USERS, kind));
        let result = provisioned_new(&world).await;
        assert_created_once(&world, &result, &how);
    }
}

#[tokio::test]
async fn a_creation_whose_answer_never_comes_invites_once() {
    for kind in [unheard(), unread()].concat() {
        let how = format!("{kind:?}");
        let world = World::acme().await;
        world.mock.inject(always("POST", USERS, kind));
        let result = provisioned_new(&world).await;
        assert_created_once(&world, &result, &how);
        let posts = world.writes().iter().filter(|write| write.path == USERS).count();
        assert_eq!(posts, 1, "{how}: posted again without need");
    }
}

#[tokio::test]
async fn a_creation_that_a_gateway_gave_up_on_invites_once() {
    let world = World::acme().await;
    gateway_gives_up(&world.mock, is("POST", USERS), |organisation| {
        let draft = User { first_name: Some("New".into()), ..User::new(NEW) };
        organisation.create_user(draft).expect("a new address");
    });
    let result = provisioned_new(&world).await;
    assert_created_once(&world, &result, "502 after the write");
}

#[tokio::test]
async fn a_person_who_does_not_show_at_once_is_invited_once() {
    let world = World::acme().await;
    world.mock.inject(once("POST", USERS, FaultKind::LoseReply));
    world.mock.inject(once("POST", USERS, FaultKind::StaleReads { requests: 1 }));
    let result = provisioned_new(&world).await;
    assert_created_once(&world, &result, "a stale look");
}

#[tokio::test]
async fn a_creation_that_stays_unknown_is_told_as_such_and_can_be_repeated() {
    let world = World::acme().await;
    let lost = AtomicUsize::new(0);
    world.mock.on_request(move |_, logged| match logged.method.as_str() {
        "POST" if lost.fetch_add(1, Ordering::Relaxed) == 0 => Hook::ServeThenClose,
        // Nobody can be looked up any more.
        _ if lost.load(Ordering::Relaxed) > 0 => Hook::CloseBefore,
        _ => Hook::Serve,
    });
    let (case, detail) = failed(world.tenant.provision(&arrival(NEW)).await);
    assert_eq!((case, detail.code.as_str()), ("transient unavailable", "connection-failed"));
    assert_eq!(written(&detail.writes), [format!("user-created {NEW} ?")]);

    world.mock.on_request(|_, _| Hook::Serve);
    let again = done(world.tenant.provision(&arrival(NEW)).await);
    assert_eq!(again.outcome, ProvisionOutcome::Unchanged);
    assert_eq!(invitations(&world), [NEW]);
}

#[tokio::test]
async fn a_creation_that_never_gets_through_creates_nobody_and_ends() {
    let world = World::acme().await;
    world.mock.inject(always("POST", USERS, FaultKind::Reset));
    let (case, detail) = failed(world.tenant.provision(&arrival(NEW)).await);
    assert_eq!((case, detail.code.as_str()), ("transient unavailable", "connection-failed"));
    assert_eq!(written(&detail.writes), [format!("user-created {NEW} ?")]);
    assert_eq!(invitations(&world), [""; 0]);
    let posts = world.writes().len();
    assert!((2..=3).contains(&posts), "{posts} tries");
}

/// Somebody else made the account while the component looked: it is not this call's.
#[tokio::test]
async fn somebody_who_was_created_meanwhile_is_not_said_to_be_created() {
    let world = World::acme().await;
    world.before("POST /api/v1/users", |organisation| {
        organisation.create_user(User::new(NEW)).expect("a new address");
    });
    let result = provisioned_new(&world).await;
    assert_ne!(result.outcome, ProvisionOutcome::Created);
    assert!(!result.invitation_sent);
    assert_eq!(invitations(&world), [NEW]);
    assert_eq!(world.person(NEW).first_name.as_deref(), Some("New"));
    assert_eq!(world.groups_of(NEW), ["Support"]);
}

#[tokio::test]
async fn a_sync_invites_everybody_once_whatever_becomes_of_the_answers() {
    for kind in lost() {
        let how = format!("{kind:?}");
        let world = World::acme().await;
        let mut request = roster_of(&world.mock);
        let new: Vec<_> = (0..4).map(|at| format!("new{at}@acme.example")).collect();
        for email in &new {
            let mut person = entry(email);
            person.groups = memberships([named("Support"), named("Brand new")]);
            request.roster.push(person);
        }
        // Every second write of each kind goes wrong.
        for skip in [0, 1, 2] {
            world.mock.inject(Fault { skip, ..once("POST", "/api/v1/", kind.clone()) });
        }
        let report = done(world.tenant.sync(&request).await);
        assert!(report.complete, "{how}: {report:#?}");
        assert_eq!(invitations(&world), new, "{how}");
        assert_eq!(groups_named(&world, "Brand new"), 1, "{how}");
        for email in &new {
            assert_eq!(world.groups_of(email), ["Brand new", "Support"], "{how}");
            let person = report.people.iter().find(|person| person.email.as_deref() == Some(email));
            assert_eq!(person.map(|person| person.outcome), Some(PersonOutcome::Created), "{how}");
        }
    }
}

#[tokio::test]
async fn a_group_is_made_once() {
    for kind in any() {
        let how = format!("{kind:?}");
        let world = World::acme().await;
        world.mock.inject(once("POST", GROUPS, kind));
        let request = EnsureGroupRequest { access: app_access("use"), ..ensuring("Legal") };
        let result = done(world.tenant.ensure_group(&request).await);
        assert!(result.created, "{how}");
        assert_eq!(written(&result.writes), ["group-created Legal [Legal]"], "{how}");
        assert_eq!(groups_named(&world, "Legal"), 1, "{how}");
        assert_eq!(world.group("Legal").universal_app_access, "use", "{how}");
    }
}

#[tokio::test]
async fn a_group_whose_creation_is_never_answered_is_made_once() {
    for kind in [unheard(), unread()].concat() {
        let how = format!("{kind:?}");
        let world = World::acme().await;
        world.mock.inject(always("POST", GROUPS, kind));
        let request = ensuring("Legal");
        assert!(done(world.tenant.ensure_group(&request).await).created, "{how}");
        assert_eq!(groups_named(&world, "Legal"), 1, "{how}");
        assert_eq!(world.writes().len(), 1, "{how}: posted again without need");
    }
}

#[tokio::test]
async fn a_group_that_a_gateway_gave_up_on_is_made_once() {
    let world = World::acme().await;
    gateway_gives_up(&world.mock, is("POST", GROUPS), |organisation| {
        organisation.create_group(Group::new("Legal"));
    });
    let request = ensuring("Legal");
    assert!(done(world.tenant.ensure_group(&request).await).created);
    assert_eq!(groups_named(&world, "Legal"), 1);
}

/// Servers take two groups of one name, so a look that misses the first would be final.
#[tokio::test]
async fn a_group_that_does_not_show_at_once_is_made_once() {
    let world = World::acme().await;
    world.mock.inject(once("POST", GROUPS, FaultKind::LoseReply));
    world.mock.inject(once("POST", GROUPS, FaultKind::StaleReads { requests: 1 }));
    let request = ensuring("Legal");
    done(world.tenant.ensure_group(&request).await);
    assert_eq!(groups_named(&world, "Legal"), 1);
}

/// All that is not asked for, to be compared.
fn without_first_name(user: &User) -> User {
    User { first_name: None, updated_at: String::new(), ..user.clone() }
}

#[tokio::test]
async fn an_update_without_an_answer_holds_and_loses_nothing() {
    for kind in any() {
        let how = format!("{kind:?}");
        let world = World::acme().await;
        let before = world.person(JOAN);
        world.mock.inject(once("PUT", USERS, kind));
        let mut change = arrival(JOAN);
        change.first_name = Some("Joanna".into());
        let result = done(world.tenant.provision(&change).await);
        assert_eq!(result.outcome, ProvisionOutcome::Updated, "{how}");
        assert_eq!(written(&result.writes), [format!("user-updated {JOAN}")], "{how}");
        let after = world.person(JOAN);
        assert_eq!(after.first_name.as_deref(), Some("Joanna"), "{how}");
        assert_eq!(without_first_name(&after), without_first_name(&before), "{how}");
    }
}

/// The first PUT is lost, served or not; before anything else happens another administrator
/// changes a field that the component knows, and one that it does not.
#[tokio::test]
async fn what_another_administrator_wrote_between_two_tries_stays() {
    for served in [false, true] {
        let world = World::acme().await;
        let (mock, puts) = (Arc::downgrade(&world.mock), AtomicUsize::new(0));
        let edited = AtomicUsize::new(0);
        world.mock.on_request(move |_, logged| {
            if logged.method == "PUT" && puts.fetch_add(1, Ordering::Relaxed) == 0 {
                return if served { Hook::ServeThenClose } else { Hook::CloseBefore };
            }
            let first_after =
                puts.load(Ordering::Relaxed) == 1 && edited.fetch_add(1, Ordering::Relaxed) == 0;
            if first_after && let Some(mock) = mock.upgrade() {
                mock.edit(|organisation| {
                    let joan = organisation.user_by_email_mut(JOAN).expect("Joan");
                    joan.last_name = Some("Married".into());
                    joan.extra.insert("locale".into(), "fr-FR".into());
                });
            }
            Hook::Serve
        });
        let mut change = arrival(JOAN);
        change.first_name = Some("Joanna".into());
        let result = done(world.tenant.provision(&change).await);
        assert_eq!(result.outcome, ProvisionOutcome::Updated, "served: {served}");
        let joan = world.person(JOAN);
        assert_eq!(joan.first_name.as_deref(), Some("Joanna"), "served: {served}");
        assert_eq!(joan.last_name.as_deref(), Some("Married"), "served: {served}");
        assert_eq!(joan.extra["locale"], "fr-FR", "served: {served}");
    }
}

#[tokio::test]
async fn an_account_that_was_given_to_somebody_else_meanwhile_is_not_written_again() {
    let world = World::acme().await;
    let id = world.id_of(JOAN);
    let mock = Arc::downgrade(&world.mock);
    world.mock.on_request(move |_, logged| {
        if logged.method != "PUT" {
            return Hook::Serve;
        }
        if let Some(mock) = mock.upgrade() {
            mock.edit(|organisation| {
                let joan = organisation.user_by_email_mut(JOAN).expect("Joan");
                joan.email = "heir@acme.example".into();
            });
        }
        Hook::CloseBefore
    });
    let mut change = arrival(JOAN);
    change.first_name = Some("Joanna".into());
    let (case, detail) = failed(world.tenant.provision(&change).await);
    assert_eq!((case, detail.code.as_str()), ("permanent conflict", "wrong-person"));
    assert_eq!(world.writes().len(), 1);
    let state = world.mock.state();
    assert_eq!(state.user(&id).expect("the heir").first_name.as_deref(), Some("joan"));
}

#[tokio::test]
async fn an_update_that_never_gets_through_is_told_as_unknown() {
    let world = World::acme().await;
    let before = world.person(JOAN);
    world.mock.inject(always("PUT", USERS, FaultKind::Reset));
    let mut change = arrival(JOAN);
    change.first_name = Some("Joanna".into());
    let (case, detail) = failed(world.tenant.provision(&change).await);
    assert_eq!((case, detail.code.as_str()), ("transient unavailable", "connection-failed"));
    assert_eq!(written(&detail.writes), [format!("user-updated {JOAN} ?")]);
    assert_eq!(world.person(JOAN), before);
}

#[tokio::test]
async fn a_disabling_without_an_answer_holds() {
    for kind in any() {
        let how = format!("{kind:?}");
        let world = World::acme().await;
        world.mock.inject(once("PUT", USERS, kind));
        let request = departure(JOAN, DeprovisionMode::DisableAndStripGroups);
        let result = done(world.tenant.deprovision(&request).await);
        assert_eq!(result.outcome, DeprovisionOutcome::Deactivated, "{how}");
        assert!(world.person(JOAN).is_disabled, "{how}");
        assert_eq!(world.groups_of(JOAN), [""; 0], "{how}");
    }
}

#[tokio::test]
async fn a_changed_group_without_an_answer_holds() {
    for kind in any() {
        let how = format!("{kind:?}");
        let world = World::acme().await;
        world.mock.inject(once("PUT", GROUPS, kind));
        let request = ChangeGroupRequest {
            new_name: Some("Helpdesk".into()),
            add_members: vec![new_member(GRACE)],
            remove_members: vec![by_email(KEN)],
            ..changing(named("Support"))
        };
        let result = done(world.tenant.change_group(&request).await);
        assert_eq!(result.group.name, "Helpdesk", "{how}");
        assert_eq!(world.members_of("Helpdesk"), [ADA, GRACE, JOAN], "{how}");
    }
}

fn assert_deleted(world: &World, result: &DeprovisionResult, how: &str) {
    assert_eq!(result.outcome, DeprovisionOutcome::Deleted, "{how}");
    assert!(result.tombstone.is_some(), "{how}");
    assert_eq!(written(&result.writes), [format!("user-deleted {JOAN}")], "{how}");
    assert!(!world.has(JOAN), "{how}");
}

#[tokio::test]
async fn a_deletion_without_an_answer_is_still_this_calls_deletion() {
    for kind in [lost(), unread()].concat() {
        let how = format!("{kind:?}");
        let world = World::acme().await;
        world.mock.inject(once("DELETE", USERS, kind));
        let request = departure(JOAN, DeprovisionMode::Delete);
        let result = done(world.tenant.deprovision(&request).await);
        assert_deleted(&world, &result, &how);
    }
}

#[tokio::test]
async fn a_deletion_that_a_gateway_gave_up_on_is_still_this_calls_deletion() {
    let world = World::acme().await;
    let id = world.id_of(JOAN);
    gateway_gives_up(&world.mock, is("DELETE", world.path_of(JOAN)), move |organisation| {
        organisation.delete_user(&id).expect("Joan");
    });
    let request = departure(JOAN, DeprovisionMode::Delete);
    let result = done(world.tenant.deprovision(&request).await);
    assert_deleted(&world, &result, "502 after the write");
}

#[tokio::test]
async fn a_deletion_whose_answer_never_comes_is_found_out() {
    for kind in [unheard(), unread()].concat() {
        let how = format!("{kind:?}");
        let world = World::acme().await;
        world.mock.inject(always("DELETE", USERS, kind));
        let request = departure(JOAN, DeprovisionMode::Delete);
        let result = done(world.tenant.deprovision(&request).await);
        assert_deleted(&world, &result, &how);
    }
}

#[tokio::test]
async fn somebody_deleted_by_somebody_else_is_already_gone() {
    let world = World::acme().await;
    let id = world.id_of(JOAN);
    world.before(&format!("DELETE {}", world.path_of(JOAN)), move |organisation| {
        organisation.delete_user(&id).expect("Joan");
    });
    let request = departure(JOAN, DeprovisionMode::Delete);
    let result = done(world.tenant.deprovision(&request).await);
    assert_eq!(result.outcome, DeprovisionOutcome::AlreadyGone);
    assert_eq!(result.writes.len(), 0);
}

#[tokio::test]
async fn a_group_removed_without_an_answer_is_removed() {
    for kind in [lost(), unread()].concat() {
        let how = format!("{kind:?}");
        let world = World::acme().await;
        world.mock.inject(once("DELETE", GROUPS, kind));
        let request = removing(named("Finance"), false);
        let result = done(world.tenant.remove_group(&request).await);
        assert_eq!(result.removed.map(|group| group.name).as_deref(), Some("Finance"), "{how}");
        assert_eq!(written(&result.writes), ["group-deleted Finance [Finance]"], "{how}");
        assert_eq!(groups_named(&world, "Finance"), 0, "{how}");
    }
}

#[tokio::test]
async fn a_membership_without_an_answer_holds() {
    for kind in lost() {
        let how = format!("{kind:?}");
        let world = World::acme().await;
        world.mock.inject(once("POST", GROUPS, kind));
        let mut change = arrival(GRACE);
        change.groups = memberships([named("Finance")]);
        let result = done(world.tenant.provision(&change).await);
        assert_eq!(result.groups_added.len(), 1, "{how}");
        assert_eq!(written(&result.writes), [format!("member-added {GRACE} [Finance]")], "{how}");
        assert!(world.groups_of(GRACE).contains(&"Finance".to_owned()), "{how}");
    }
}

#[tokio::test]
async fn a_membership_ended_without_an_answer_is_ended() {
    for kind in lost() {
        let how = format!("{kind:?}");
        let world = World::acme().await;
        world.mock.inject(once("DELETE", GROUPS, kind));
        let request = ChangeGroupRequest {
            remove_members: vec![by_email(JOAN)],
            ..changing(named("Support"))
        };
        let result = done(world.tenant.change_group(&request).await);
        assert_eq!(result.members_removed.len(), 1, "{how}");
        assert_eq!(written(&result.writes), [format!("member-removed {JOAN} [Support]")], "{how}");
        assert_eq!(world.members_of("Support"), [ADA, KEN], "{how}");
    }
}

/// What the deadline cuts off may have been written, and the caller hears it.
#[tokio::test]
async fn a_write_that_the_deadline_cut_off_is_told_as_unknown() {
    let world = World::acme().await;
    let tenant = world.tenant_with(&[("RETOOL_DEADLINE_MS", "3000")]);
    world.mock.inject(always(
        "POST",
        USERS,
        FaultKind::Drip { bytes_per_tick: 1, tick: Duration::from_millis(200) },
    ));
    let (case, detail) = failed(tenant.provision(&arrival(NEW)).await);
    assert_eq!((case, detail.code.as_str()), ("transient unavailable", "deadline-exceeded"));
    assert_eq!(written(&detail.writes), [format!("user-created {NEW} ?")]);
    assert_eq!(invitations(&world), [NEW]);
}

#[tokio::test]
async fn leavers_of_a_sync_go_whatever_becomes_of_the_answers() {
    for kind in [lost(), unread()].concat() {
        let how = format!("{kind:?}");
        let world = World::acme().await;
        let staying = roster(vec![entry(ADA), entry(GRACE)]);
        let mut request = staying.clone();
        request.policy.absent = AbsentPolicy::Delete;
        for skip in [0, 1] {
            world.mock.inject(Fault { skip, ..once("DELETE", USERS, kind.clone()) });
        }
        let report = done(world.tenant.sync(&request).await);
        assert!(report.complete, "{how}: {report:#?}");
        for gone in [JOAN, KEN] {
            assert!(!world.has(gone), "{how}: {gone}");
            let person = report.people.iter().find(|person| person.email.as_deref() == Some(gone));
            assert_eq!(person.map(|person| person.outcome), Some(PersonOutcome::Deleted), "{how}");
        }
    }
}

/// The group tells whether a membership was made that nobody could read the acknowledgement of.
#[tokio::test]
async fn a_membership_whose_acknowledgement_cannot_be_read_is_read_back() {
    for kind in unread() {
        let how = format!("{kind:?}");
        let world = World::acme().await;
        let mut change = arrival(GRACE);
        change.groups = memberships([named("Finance")]);
        world.mock.inject(once("POST", GROUPS, kind));
        let result = done(world.tenant.provision(&change).await);
        assert_eq!(written(&result.writes), [format!("member-added {GRACE} [Finance]")], "{how}");
        assert!(world.groups_of(GRACE).contains(&"Finance".to_owned()), "{how}");
        assert_eq!(world.writes().len(), 1, "{how}");
    }
}

/// A page in place of an acknowledgement says nothing about the write, and another try might
/// get another one: where the group does not show it, the caller is told, and asks again.
#[tokio::test]
async fn a_page_in_place_of_an_acknowledgement_leaves_the_write_unknown() {
    let world = World::acme().await;
    let mut change = arrival(GRACE);
    change.groups = memberships([named("Finance")]);
    world.mock.inject(once("POST", GROUPS, FaultKind::Html200));
    let (case, detail) = failed(world.tenant.provision(&change).await);
    assert_eq!((case, detail.code.as_str()), ("transient unavailable", "answer-unusable"));
    assert_eq!(written(&detail.writes), [format!("member-added {GRACE} [Finance] ?")]);

    done(world.tenant.provision(&change).await);
    assert!(world.groups_of(GRACE).contains(&"Finance".to_owned()));
}

#[tokio::test]
async fn a_page_in_place_of_a_deletion_leaves_it_unknown() {
    let world = World::acme().await;
    world.mock.inject(once("DELETE", USERS, FaultKind::Html200));
    let request = departure(JOAN, DeprovisionMode::Delete);
    let (case, detail) = failed(world.tenant.deprovision(&request).await);
    assert_eq!((case, detail.code.as_str()), ("transient unavailable", "answer-unusable"));
    assert_eq!(written(&detail.writes), [format!("user-deleted {JOAN} ?")]);
    assert!(world.has(JOAN));
    let again = done(world.tenant.deprovision(&request).await);
    assert_deleted(&world, &again, "again");
}

/// 429 says that nothing was done: who is gone after it was removed by somebody else.
#[tokio::test]
async fn a_deletion_that_was_only_put_off_is_not_claimed() {
    let world = World::acme().await;
    let (id, deletions) = (world.id_of(JOAN), AtomicUsize::new(0));
    let mock = Arc::downgrade(&world.mock);
    world.mock.on_request(move |_, logged| {
        if logged.method != "DELETE" || deletions.fetch_add(1, Ordering::Relaxed) > 0 {
            return Hook::Serve;
        }
        if let Some(mock) = mock.upgrade() {
            mock.edit(|organisation| organisation.delete_user(&id).expect("Joan"));
        }
        Hook::Respond(429)
    });
    let request = departure(JOAN, DeprovisionMode::Delete);
    let result = done(world.tenant.deprovision(&request).await);
    assert_eq!(result.outcome, DeprovisionOutcome::AlreadyGone);
    assert_eq!(result.writes.len(), 0);
}
