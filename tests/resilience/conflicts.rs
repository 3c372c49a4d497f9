//! A user who is to be created exists after all, so the server answers 409. The existing account
//! decides what happens.

use std::sync::Mutex;

use host_test::retool::lifecycle::ProvisionOutcome;
use host_test::retool::synchronization::PersonOutcome;
use host_test::retool::types::Dialect;
use mock_retool::{Hook, Mock, Options, Organisation, User};

use super::dialect::{create_meanwhile, new_entry, new_user, sent_invitations};
use crate::support::acme::{NEW, timeless, written};
use crate::support::{World, done, email_of, failed, roster, roster_of};

over_v2_and_v1!(
    a_disabled_user_created_meanwhile_is_enabled_only_if_allowed,
    a_sync_does_not_enable_a_disabled_user_created_meanwhile,
);

/// Lets another client create the new user, disabled, right before the component does.
fn another_client_creates_them_disabled(world: &World) {
    let dialect = world.dialect();
    world.before(&format!("POST {}", world.users_path()), move |acme: &mut Organisation| {
        let draft = User {
            first_name: Some("New".into()),
            last_name: Some("Person".into()),
            is_disabled: true,
            ..User::new(NEW)
        };
        create_meanwhile(dialect, acme, draft);
    });
}

async fn a_disabled_user_created_meanwhile_is_enabled_only_if_allowed(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    another_client_creates_them_disabled(&world);
    let mut request = new_user(NEW);
    request.re_enable_disabled = false;
    let (case, detail) = failed(world.tenant.provision(&request).await);
    assert_eq!((case, detail.code.as_str()), ("permanent refused", "user-disabled"));
    assert_eq!(written(&detail.writes), [""; 0]);
    assert!(world.person(NEW).is_disabled);

    let world = World::acme_over(dialect).await;
    another_client_creates_them_disabled(&world);
    let result = done(world.tenant.provision(&new_user(NEW)).await);
    assert_eq!(result.outcome, ProvisionOutcome::ReEnabled, "and not created");
    assert!(!result.invitation_sent, "the other client's creation may have sent it");
    assert_eq!(written(&result.writes), [format!("user-enabled {NEW}")]);
    assert!(!world.person(NEW).is_disabled);
    assert_eq!(world.mock.state().invitations, sent_invitations(dialect, &[NEW]));
}

/// The plan was made without the user, so it decides nothing about them.
async fn a_sync_does_not_enable_a_disabled_user_created_meanwhile(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    another_client_creates_them_disabled(&world);
    let report = done(world.tenant.sync(&roster(vec![new_entry(NEW)])).await);
    assert!(!report.complete);
    let new =
        report.people.iter().find(|person| person.email.as_deref() == Some(NEW)).expect("a report");
    assert_eq!(new.outcome, PersonOutcome::Stale);
    assert_eq!(written(&report.writes), [""; 0]);
    assert!(world.person(NEW).is_disabled);
}

/// Between two pages of `/api/v1` one user is deleted and another is created. A third user is on
/// neither page, and the total is correct. The pages of `/api/v2` follow a token, not a number, so
/// they skip no one.
#[tokio::test]
async fn a_user_between_two_v1_pages_is_not_created_again() {
    let world = World::with_over(Dialect::V1, Options::default()).await;
    let env = &[("RETOOL_PAGE_SIZE", "4"), ("RETOOL_WINDOW", "1")];
    let tenant = world.over_with_env(Dialect::V1, env);
    let state = world.mock.state();
    let (leaving, missed) = (state.users[3].clone(), state.users[4].clone());
    assert!(!missed.is_disabled);
    let mut request = roster_of(&world.mock);
    request.roster.retain(|person| email_of(person) != leaving.email);

    let mock = std::sync::Arc::downgrade(&world.mock);
    let change = Mutex::new(Some(leaving.id));
    world.mock.on_request(move |_, logged| {
        if logged.query.starts_with("page=2&")
            && let Some(leaving) = change.lock().expect("the change").take()
            && let Some(mock) = mock.upgrade()
        {
            Mock::edit(&mock, |organisation| {
                organisation.delete_user(&leaving).expect("an existing user");
                organisation.create_user(User::new("late@example.com")).expect("a new address");
                organisation.invitations.clear();
            });
        }
        Hook::Serve
    });
    let report = done(tenant.sync(&request).await);
    let refused = world.writes().iter().filter(|write| write.status == Some(409)).count();
    assert_eq!(refused, 1, "no user was missed: {:?}", world.requests());
    // The listing was short, so nothing is known about absent users either.
    assert!(!report.complete, "{report:#?}");
    let missed_is_named = |line: &String| line.contains(&missed.email);
    assert!(report.limitations.iter().any(missed_is_named), "{:?}", report.limitations);
    assert!(!written(&report.writes).iter().any(|write| write.starts_with("user-")));
    assert_eq!(timeless(world.person(&missed.email)), timeless(missed));
    let after = world.mock.state();
    assert_eq!((after.users.len(), after.invitations), (12, Vec::new()));
}
