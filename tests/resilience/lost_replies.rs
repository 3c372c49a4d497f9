//! Writes whose reply is lost or can't be read. Their result is unknown at first, and no user or
//! group is created twice because of it.

mod deletions;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use host_test::retool::groups::{ChangeGroupRequest, EnsureGroupRequest};
use host_test::retool::lifecycle::{
    DeprovisionMode, DeprovisionOutcome, DeprovisionResult, ProvisionOutcome, ProvisionResult,
};
use host_test::retool::synchronization::{AbsentPolicy, PersonOutcome};
use host_test::retool::types::Dialect;
use mock_retool::{Fault, FaultKind, Group, Hook, LoggedRequest, Mock, Organisation, User};
use serde_json::json;

use super::dialect::{
    accounts, api, change_method, create_meanwhile, current_roster, new_entry, new_user,
    sent_invitations,
};
use super::fault::{always, once, status};
use crate::support::acme::{ADA, GRACE, JOAN, KEN, NEW, written};
use crate::support::{
    World, app_access, arrival, by_email, changing, departure, done, ensuring, entry, failed,
    memberships, named, new_member, removing, roster,
};

over_v2_and_v1!(
    a_lost_reply_does_not_create_a_user_twice,
    a_creation_that_is_never_answered_creates_one_account,
    a_creation_behind_a_failing_gateway_creates_one_account,
    a_user_who_is_not_visible_at_once_is_created_once,
    a_creation_with_an_unknown_result_is_reported_and_can_be_repeated,
    a_creation_that_always_fails_ends_without_an_account,
    a_user_created_meanwhile_is_not_reported_as_created,
    a_sync_with_lost_replies_creates_every_user_once,
    a_lost_reply_does_not_create_a_group_twice,
    a_group_creation_that_is_never_answered_creates_one_group,
    a_group_creation_behind_a_failing_gateway_creates_one_group,
    a_group_that_is_not_visible_at_once_is_created_once,
    an_update_with_a_lost_reply_holds_and_keeps_other_fields,
    an_edit_by_another_administrator_between_two_tries_is_kept,
    an_account_whose_address_changed_meanwhile_is_not_written_again,
    an_update_that_always_fails_is_reported_as_unknown,
    a_disabling_with_a_lost_reply_holds,
    a_group_change_with_a_lost_reply_holds,
    an_addition_of_a_member_with_a_lost_reply_holds,
    a_removal_of_a_member_with_a_lost_reply_holds,
    a_write_cut_off_by_the_deadline_is_reported_as_unknown,
    an_unreadable_acknowledgement_of_a_membership_is_read_back,
);

/// Returns the ways in which a write is served and its reply does not arrive.
fn not_received() -> Vec<FaultKind> {
    vec![FaultKind::LoseReply, FaultKind::ResetInBody, FaultKind::Truncate]
}

/// Returns the ways in which a write is served and its reply can't be read.
fn not_readable() -> Vec<FaultKind> {
    vec![FaultKind::InvalidJson, FaultKind::ContentType("text/html".into())]
}

/// Returns the ways in which a write is not served, and the reply does not say so.
fn not_served() -> Vec<FaultKind> {
    vec![FaultKind::Reset, status(500), status(502), status(503), status(504), status(408)]
}

fn lost() -> Vec<FaultKind> {
    [not_received(), not_served()].concat()
}

fn any() -> Vec<FaultKind> {
    [lost(), not_readable(), vec![FaultKind::Html200]].concat()
}

fn invitations(world: &World) -> Vec<String> {
    world.mock.state().invitations
}

/// Returns the number of groups with this name.
fn groups_named(world: &World, name: &str) -> usize {
    let groups = world.mock.state().groups;
    groups.iter().filter(|group| group.name == name).count()
}

/// Answers the first request that `which` picks with 502, as a gateway does that gives up on the
/// server. The server's change is made by `edit`.
fn gateway_gives_up(
    mock: &Arc<Mock>,
    which: impl Fn(&LoggedRequest) -> bool + Send + Sync + 'static,
    edit: impl FnOnce(&mut Organisation) + Send + 'static,
) {
    let (weak_mock, edit) = (Arc::downgrade(mock), Mutex::new(Some(edit)));
    mock.on_request(move |_, logged| {
        if which(logged)
            && let Some(edit) = edit.lock().expect("the edit").take()
            && let Some(mock) = weak_mock.upgrade()
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

async fn provision_new(world: &World) -> ProvisionResult {
    let mut new = new_user(NEW);
    new.groups = memberships([named("Support")]);
    done(world.tenant.provision(&new).await)
}

fn assert_created_once(world: &World, result: &ProvisionResult, how: &str) {
    let dialect = world.dialect();
    assert_eq!(result.outcome, ProvisionOutcome::Created, "{how}");
    assert_eq!(result.invitation_sent, dialect == Dialect::V1, "{how}");
    assert_eq!(accounts(world, NEW), 1, "{how}");
    assert_eq!(invitations(world), sent_invitations(dialect, &[NEW]), "{how}");
    assert_eq!(world.person(NEW).first_name.as_deref(), Some("New"), "{how}");
    assert_eq!(world.groups_of(NEW), ["Support"], "{how}");
    assert_eq!(
        written(&result.writes),
        [format!("user-created {NEW}"), format!("member-added {NEW} [Support]")],
        "{how}"
    );
}

/// Makes the server accept a second account with the same address, so that a duplicate creation
/// is visible.
fn accept_second_accounts(world: &World) {
    world.mock.inject(Fault::new(FaultKind::SecondAccount));
}

async fn a_lost_reply_does_not_create_a_user_twice(dialect: Dialect) {
    for kind in any() {
        let how = format!("{kind:?}");
        let world = World::acme_over(dialect).await;
        accept_second_accounts(&world);
        world.mock.inject(once("POST", world.users_path(), kind));
        let result = provision_new(&world).await;
        assert_created_once(&world, &result, &how);
    }
}

async fn a_creation_that_is_never_answered_creates_one_account(dialect: Dialect) {
    for kind in [not_received(), not_readable()].concat() {
        let how = format!("{kind:?}");
        let world = World::acme_over(dialect).await;
        accept_second_accounts(&world);
        world.mock.inject(always("POST", world.users_path(), kind));
        let result = provision_new(&world).await;
        assert_created_once(&world, &result, &how);
        let is_creation = is("POST", world.users_path());
        let posts = world.writes().iter().filter(|write| is_creation(write)).count();
        assert_eq!(posts, 1, "{how}: an unnecessary repetition");
    }
}

async fn a_creation_behind_a_failing_gateway_creates_one_account(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    accept_second_accounts(&world);
    gateway_gives_up(&world.mock, is("POST", world.users_path()), move |organisation| {
        let draft = User {
            first_name: Some("New".into()),
            last_name: Some("Person".into()),
            ..User::new(NEW)
        };
        create_meanwhile(dialect, organisation, draft);
    });
    let result = provision_new(&world).await;
    assert_created_once(&world, &result, "502 after the write");
}

async fn a_user_who_is_not_visible_at_once_is_created_once(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    accept_second_accounts(&world);
    world.mock.inject(once("POST", world.users_path(), FaultKind::LoseReply));
    world.mock.inject(once("POST", world.users_path(), FaultKind::StaleReads { requests: 1 }));
    let result = provision_new(&world).await;
    assert_created_once(&world, &result, "a stale read");
}

async fn a_creation_with_an_unknown_result_is_reported_and_can_be_repeated(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    accept_second_accounts(&world);
    let lost = AtomicUsize::new(0);
    world.mock.on_request(move |_, logged| match logged.method.as_str() {
        "POST" if lost.fetch_add(1, Ordering::Relaxed) == 0 => Hook::ServeThenClose,
        // From now on no user can be looked up.
        _ if lost.load(Ordering::Relaxed) > 0 => Hook::CloseBefore,
        _ => Hook::Serve,
    });
    let (case, detail) = failed(world.tenant.provision(&new_user(NEW)).await);
    assert_eq!((case, detail.code.as_str()), ("transient unavailable", "connection-failed"));
    assert_eq!(written(&detail.writes), [format!("user-created {NEW} ?")]);

    world.mock.on_request(|_, _| Hook::Serve);
    let again = done(world.tenant.provision(&new_user(NEW)).await);
    assert_eq!(again.outcome, ProvisionOutcome::Unchanged);
    assert_eq!(accounts(&world, NEW), 1);
    assert_eq!(invitations(&world), sent_invitations(dialect, &[NEW]));
}

async fn a_creation_that_always_fails_ends_without_an_account(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    world.mock.inject(always("POST", world.users_path(), FaultKind::Reset));
    let (case, detail) = failed(world.tenant.provision(&new_user(NEW)).await);
    assert_eq!((case, detail.code.as_str()), ("transient unavailable", "connection-failed"));
    assert_eq!(written(&detail.writes), [format!("user-created {NEW} ?")]);
    assert!(!world.has(NEW));
    assert_eq!(invitations(&world), [""; 0]);
    let posts = world.writes().len();
    assert!((2..=3).contains(&posts), "{posts} tries");
}

/// Another client creates the account between the lookup and the creation. This call must not
/// claim it.
async fn a_user_created_meanwhile_is_not_reported_as_created(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    world.before(&format!("POST {}", world.users_path()), move |organisation| {
        create_meanwhile(dialect, organisation, User::new(NEW));
    });
    let result = provision_new(&world).await;
    assert_ne!(result.outcome, ProvisionOutcome::Created);
    assert!(!result.invitation_sent);
    assert_eq!(accounts(&world, NEW), 1);
    assert_eq!(invitations(&world), sent_invitations(dialect, &[NEW]));
    assert_eq!(world.person(NEW).first_name.as_deref(), Some("New"));
    assert_eq!(world.groups_of(NEW), ["Support"]);
}

async fn a_sync_with_lost_replies_creates_every_user_once(dialect: Dialect) {
    for kind in lost() {
        let how = format!("{kind:?}");
        let world = World::acme_over(dialect).await;
        accept_second_accounts(&world);
        let mut request = current_roster(&world);
        let new: Vec<_> = (0..4).map(|at| format!("new{at}@acme.example")).collect();
        for email in &new {
            let mut person = new_entry(email);
            person.groups = memberships([named("Support"), named("Brand new")]);
            request.roster.push(person);
        }
        // Several of the first writes fail.
        for skip in [0, 1, 2] {
            world.mock.inject(Fault { skip, ..once("POST", api(dialect), kind.clone()) });
        }
        let report = done(world.tenant.sync(&request).await);
        assert!(report.complete, "{how}: {report:#?}");
        let mut invited = invitations(&world);
        invited.sort();
        assert_eq!(invited, sent_invitations(dialect, &new), "{how}");
        assert_eq!(groups_named(&world, "Brand new"), 1, "{how}");
        for email in &new {
            assert_eq!(accounts(&world, email), 1, "{how}");
            assert_eq!(world.groups_of(email), ["Brand new", "Support"], "{how}");
            let person = report.people.iter().find(|person| person.email.as_deref() == Some(email));
            assert_eq!(person.map(|person| person.outcome), Some(PersonOutcome::Created), "{how}");
        }
    }
}

async fn a_lost_reply_does_not_create_a_group_twice(dialect: Dialect) {
    for kind in any() {
        let how = format!("{kind:?}");
        let world = World::acme_over(dialect).await;
        world.mock.inject(once("POST", world.groups_path(), kind));
        let request = EnsureGroupRequest { access: app_access("use"), ..ensuring("Legal") };
        let result = done(world.tenant.ensure_group(&request).await);
        assert!(result.created, "{how}");
        assert_eq!(written(&result.writes), ["group-created Legal [Legal]"], "{how}");
        assert_eq!(groups_named(&world, "Legal"), 1, "{how}");
        assert_eq!(world.group("Legal").universal_app_access, "use", "{how}");
    }
}

async fn a_group_creation_that_is_never_answered_creates_one_group(dialect: Dialect) {
    for kind in [not_received(), not_readable()].concat() {
        let how = format!("{kind:?}");
        let world = World::acme_over(dialect).await;
        world.mock.inject(always("POST", world.groups_path(), kind));
        let request = ensuring("Legal");
        assert!(done(world.tenant.ensure_group(&request).await).created, "{how}");
        assert_eq!(groups_named(&world, "Legal"), 1, "{how}");
        assert_eq!(world.writes().len(), 1, "{how}: an unnecessary repetition");
    }
}

async fn a_group_creation_behind_a_failing_gateway_creates_one_group(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    gateway_gives_up(&world.mock, is("POST", world.groups_path()), |organisation| {
        organisation.create_group(Group::new("Legal"));
    });
    let request = ensuring("Legal");
    assert!(done(world.tenant.ensure_group(&request).await).created);
    assert_eq!(groups_named(&world, "Legal"), 1);
}

/// Servers accept two groups with the same name, so a read that misses the first one would create
/// a second one.
async fn a_group_that_is_not_visible_at_once_is_created_once(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    world.mock.inject(once("POST", world.groups_path(), FaultKind::LoseReply));
    world.mock.inject(once("POST", world.groups_path(), FaultKind::StaleReads { requests: 1 }));
    let request = ensuring("Legal");
    done(world.tenant.ensure_group(&request).await);
    assert_eq!(groups_named(&world, "Legal"), 1);
}

/// Returns the fields that the request does not set, to compare them.
fn without_first_name(user: &User) -> User {
    User { first_name: None, updated_at: String::new(), ..user.clone() }
}

async fn an_update_with_a_lost_reply_holds_and_keeps_other_fields(dialect: Dialect) {
    for kind in any() {
        let how = format!("{kind:?}");
        let world = World::acme_over(dialect).await;
        let before = world.person(JOAN);
        world.mock.inject(once(change_method(dialect), world.users_path(), kind));
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

/// The reply to the first change is lost, whether it was served or not. Before the next request
/// another administrator changes a field that the component knows, and one that it does not.
async fn an_edit_by_another_administrator_between_two_tries_is_kept(dialect: Dialect) {
    for served in [false, true] {
        let world = World::acme_over(dialect).await;
        let (mock, changes) = (Arc::downgrade(&world.mock), AtomicUsize::new(0));
        let edited = AtomicUsize::new(0);
        world.mock.on_request(move |_, logged| {
            if logged.method == change_method(dialect)
                && changes.fetch_add(1, Ordering::Relaxed) == 0
            {
                return if served { Hook::ServeThenClose } else { Hook::CloseBefore };
            }
            let first_after =
                changes.load(Ordering::Relaxed) == 1 && edited.fetch_add(1, Ordering::Relaxed) == 0;
            if first_after && let Some(mock) = mock.upgrade() {
                mock.edit(|organisation| {
                    let joan = organisation.user_by_email_mut(JOAN).expect("Joan");
                    joan.last_name = Some("Married".into());
                    joan.extra.insert("locale".into(), "fr-FR".into());
                    joan.metadata.insert("team".into(), "blue".into());
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
        assert_eq!(joan.metadata["team"], json!("blue"), "served: {served}");
    }
}

async fn an_account_whose_address_changed_meanwhile_is_not_written_again(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let id = world.id_of(JOAN);
    let mock = Arc::downgrade(&world.mock);
    world.mock.on_request(move |_, logged| {
        if logged.method != change_method(dialect) {
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
    assert_eq!(state.user(&id).expect("the account").first_name.as_deref(), Some("joan"));
}

async fn an_update_that_always_fails_is_reported_as_unknown(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let before = world.person(JOAN);
    world.mock.inject(always(change_method(dialect), world.users_path(), FaultKind::Reset));
    let mut change = arrival(JOAN);
    change.first_name = Some("Joanna".into());
    let (case, detail) = failed(world.tenant.provision(&change).await);
    assert_eq!((case, detail.code.as_str()), ("transient unavailable", "connection-failed"));
    assert_eq!(written(&detail.writes), [format!("user-updated {JOAN} ?")]);
    assert_eq!(world.person(JOAN), before);
}

async fn a_disabling_with_a_lost_reply_holds(dialect: Dialect) {
    for kind in any() {
        let how = format!("{kind:?}");
        let world = World::acme_over(dialect).await;
        world.mock.inject(once(change_method(dialect), world.users_path(), kind));
        let request = departure(JOAN, DeprovisionMode::DisableAndStripGroups);
        let result = done(world.tenant.deprovision(&request).await);
        assert_eq!(result.outcome, DeprovisionOutcome::Deactivated, "{how}");
        assert!(world.person(JOAN).is_disabled, "{how}");
        assert_eq!(world.groups_of(JOAN), [""; 0], "{how}");
    }
}

async fn a_group_change_with_a_lost_reply_holds(dialect: Dialect) {
    for kind in any() {
        let how = format!("{kind:?}");
        let world = World::acme_over(dialect).await;
        world.mock.inject(once(change_method(dialect), world.groups_path(), kind));
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

async fn an_addition_of_a_member_with_a_lost_reply_holds(dialect: Dialect) {
    for kind in lost() {
        let how = format!("{kind:?}");
        let world = World::acme_over(dialect).await;
        world.mock.inject(once("POST", world.groups_path(), kind));
        let mut change = arrival(GRACE);
        change.groups = memberships([named("Finance")]);
        let result = done(world.tenant.provision(&change).await);
        assert_eq!(result.groups_added.len(), 1, "{how}");
        assert_eq!(written(&result.writes), [format!("member-added {GRACE} [Finance]")], "{how}");
        assert!(world.groups_of(GRACE).contains(&"Finance".to_owned()), "{how}");
    }
}

async fn a_removal_of_a_member_with_a_lost_reply_holds(dialect: Dialect) {
    for kind in lost() {
        let how = format!("{kind:?}");
        let world = World::acme_over(dialect).await;
        world.mock.inject(once("DELETE", world.groups_path(), kind));
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

/// A write that the deadline cuts off may have been served. The error reports it as unknown.
async fn a_write_cut_off_by_the_deadline_is_reported_as_unknown(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let tenant = world.over_with_env(dialect, &[("RETOOL_DEADLINE_MS", "3000")]);
    world.mock.inject(always(
        "POST",
        world.users_path(),
        FaultKind::Drip { bytes_per_tick: 1, tick: Duration::from_millis(200) },
    ));
    let (case, detail) = failed(tenant.provision(&new_user(NEW)).await);
    assert_eq!((case, detail.code.as_str()), ("transient unavailable", "deadline-exceeded"));
    assert_eq!(written(&detail.writes), [format!("user-created {NEW} ?")]);
    assert_eq!(accounts(&world, NEW), 1);
    assert_eq!(invitations(&world), sent_invitations(dialect, &[NEW]));
}

/// If the acknowledgement of a membership can't be read, the group shows whether it was added.
async fn an_unreadable_acknowledgement_of_a_membership_is_read_back(dialect: Dialect) {
    for kind in not_readable() {
        let how = format!("{kind:?}");
        let world = World::acme_over(dialect).await;
        let mut change = arrival(GRACE);
        change.groups = memberships([named("Finance")]);
        world.mock.inject(once("POST", world.groups_path(), kind));
        let result = done(world.tenant.provision(&change).await);
        assert_eq!(written(&result.writes), [format!("member-added {GRACE} [Finance]")], "{how}");
        assert!(world.groups_of(GRACE).contains(&"Finance".to_owned()), "{how}");
        assert_eq!(world.writes().len(), 1, "{how}");
    }
}

/// An HTML page does not say whether the write was served. Over `/api/v2` the component reads the
/// group, and sends the addition again if the user is not in it.
#[tokio::test]
async fn an_html_page_as_acknowledgement_of_a_v2_membership_leads_to_another_try() {
    let world = World::acme().await;
    let mut change = arrival(GRACE);
    change.groups = memberships([named("Finance")]);
    world.mock.inject(once("POST", world.groups_path(), FaultKind::Html200));
    let result = done(world.tenant.provision(&change).await);
    assert_eq!(written(&result.writes), [format!("member-added {GRACE} [Finance]")]);
    assert!(world.groups_of(GRACE).contains(&"Finance".to_owned()));
    let members = format!("{}/members", world.group_path("Finance"));
    let is_addition = is("POST", members.clone());
    let requests = world.mock.requests();
    let first = requests.iter().position(&is_addition).expect("an addition");
    let from_first: Vec<_> = requests[first..]
        .iter()
        .take(3)
        .map(|request| format!("{} {}", request.method, request.path))
        .collect();
    let post = format!("POST {members}");
    assert_eq!(from_first, [post.clone(), format!("GET {}", world.group_path("Finance")), post]);
    assert_eq!(world.writes().len(), 2);
}

/// Over `/api/v1` another try might get an HTML page too. If the group does not show the member,
/// the error reports the write as unknown, and the caller repeats the call.
#[tokio::test]
async fn an_html_page_as_acknowledgement_of_a_v1_membership_leaves_it_unknown() {
    let world = World::acme_over(Dialect::V1).await;
    let mut change = arrival(GRACE);
    change.groups = memberships([named("Finance")]);
    world.mock.inject(once("POST", world.groups_path(), FaultKind::Html200));
    let (case, detail) = failed(world.tenant.provision(&change).await);
    assert_eq!((case, detail.code.as_str()), ("permanent unsupported", "html-page"));
    assert_eq!(written(&detail.writes), [format!("member-added {GRACE} [Finance] ?")]);

    done(world.tenant.provision(&change).await);
    assert!(world.groups_of(GRACE).contains(&"Finance".to_owned()));
}
