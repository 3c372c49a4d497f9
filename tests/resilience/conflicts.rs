//! Somebody is there after all when they are to be created: the server says 409, and who it is
//! decides what becomes of it.

use std::sync::Mutex;

use host_test::retool::lifecycle::ProvisionOutcome;
use host_test::retool::synchronization::PersonOutcome;
use mock_retool::{Hook, Mock, Options, Organisation, User};

use crate::support::acme::{NEW, timeless, written};
use crate::support::{World, arrival, done, email_of, entry, failed, roster, roster_of};

/// Has somebody else create the new person, disabled, right before this call does.
fn somebody_else_creates_them_disabled(world: &World) {
    world.before("POST /api/v1/users", |acme: &mut Organisation| {
        let draft = User { is_disabled: true, ..User::new(NEW) };
        acme.create_user(draft).expect("a new address");
    });
}

#[tokio::test]
async fn somebody_disabled_is_enabled_only_if_that_is_allowed() {
    let world = World::acme().await;
    somebody_else_creates_them_disabled(&world);
    let mut request = arrival(NEW);
    request.re_enable_disabled = false;
    let (case, detail) = failed(world.tenant.provision(&request).await);
    assert_eq!((case, detail.code.as_str()), ("permanent refused", "user-disabled"));
    assert_eq!(written(&detail.writes), [""; 0]);
    assert!(world.person(NEW).is_disabled);

    let world = World::acme().await;
    somebody_else_creates_them_disabled(&world);
    let result = done(world.tenant.provision(&arrival(NEW)).await);
    assert_eq!(result.outcome, ProvisionOutcome::ReEnabled, "and not created");
    assert!(!result.invitation_sent, "the other one did");
    assert_eq!(written(&result.writes), [format!("user-enabled {NEW}")]);
    assert!(!world.person(NEW).is_disabled);
    assert_eq!(world.mock.state().invitations, [NEW]);
}

/// The plan was made without them, so that nothing was decided about them.
#[tokio::test]
async fn a_sync_leaves_somebody_disabled_alone_and_does_not_call_them_created() {
    let world = World::acme().await;
    somebody_else_creates_them_disabled(&world);
    let report = done(world.tenant.sync(&roster(vec![entry(NEW)])).await);
    assert!(!report.complete);
    let new =
        report.people.iter().find(|person| person.email.as_deref() == Some(NEW)).expect("a report");
    assert_eq!(new.outcome, PersonOutcome::Stale);
    assert_eq!(written(&report.writes), [""; 0]);
    assert!(world.person(NEW).is_disabled);
}

/// One goes and another comes between two pages: a third is on neither, and the total is right.
#[tokio::test]
async fn somebody_who_falls_between_two_pages_is_not_created_again() {
    let world = World::with(Options::default()).await;
    let tenant = world.tenant_with(&[("RETOOL_PAGE_SIZE", "4"), ("RETOOL_WINDOW", "1")]);
    let state = world.mock.state();
    let (goes, missed) = (state.users[3].clone(), state.users[4].clone());
    assert!(!missed.is_disabled);
    let mut request = roster_of(&world.mock);
    request.roster.retain(|person| email_of(person) != goes.email);

    let mock = std::sync::Arc::downgrade(&world.mock);
    let change = Mutex::new(Some(goes.id));
    world.mock.on_request(move |_, logged| {
        if logged.query.starts_with("page=2&")
            && let Some(goes) = change.lock().expect("the change").take()
            && let Some(mock) = mock.upgrade()
        {
            Mock::edit(&mock, |organisation| {
                organisation.delete_user(&goes).expect("who goes");
                organisation.create_user(User::new("late@example.com")).expect("who comes");
                organisation.invitations.clear();
            });
        }
        Hook::Serve
    });
    let report = done(tenant.sync(&request).await);
    let refused = world.writes().iter().filter(|write| write.status == Some(409)).count();
    assert_eq!(refused, 1, "nobody fell between the pages: {:?}", world.requests());
    assert!(report.complete, "{report:#?}");
    assert!(!written(&report.writes).iter().any(|write| write.starts_with("user-")));
    assert_eq!(timeless(world.person(&missed.email)), timeless(missed));
    let after = world.mock.state();
    assert_eq!((after.users.len(), after.invitations), (12, Vec::new()));
}
