//! Nobody is acted on but the person who was asked for, whatever the server answers.

use host_test::retool::lifecycle::ProvisionRequest;
use host_test::retool::lifecycle::{DeprovisionMode, DeprovisionOutcome, ProvisionOutcome};
use host_test::retool::synchronization::StepOutcome;
use host_test::retool::types::UserId;
use mock_retool::{Fault, FaultKind};

use crate::support::acme::{GRACE, JOAN, KEN, NEW};
use crate::support::{World, arrival, by_email, departure, done, entry, failed, roster};

/// An organisation whose server gives everybody when asked for one.
async fn filter_ignored() -> World {
    let world = World::acme().await;
    world.mock.inject(Fault::new(FaultKind::IgnoreFilter));
    world
}

#[tokio::test]
async fn a_person_is_found_among_the_others() {
    let world = filter_ignored().await;
    let found = done(world.tenant.find_user(&by_email(JOAN)).await).expect("Joan");
    assert_eq!(found.id, UserId::V1(world.id_of(JOAN)));
    assert!(done(world.tenant.find_user(&by_email(NEW)).await).is_none());
}

#[tokio::test]
async fn the_whole_listing_is_searched_where_the_filter_is_ignored() {
    let world = filter_ignored().await;
    for number in 0..150 {
        world.add(&format!("p{number}@acme.example"), &[]);
    }
    // On no page that the search itself could have shown.
    let found = done(world.tenant.find_user(&by_email("p149@acme.example")).await);
    assert_eq!(found.expect("somebody").email.as_deref(), Some("p149@acme.example"));
    assert_eq!(
        world.requests_with_queries(),
        ["GET /api/v1/users?email=p149%40acme.example", "GET /api/v1/users?page=1&pageSize=500",]
    );
}

#[tokio::test]
async fn nobody_else_is_removed_in_place_of_somebody_unknown() {
    let world = filter_ignored().await;
    let before = world.mock.state();
    for mode in
        [DeprovisionMode::Disable, DeprovisionMode::DisableAndStripGroups, DeprovisionMode::Delete]
    {
        let result = done(world.tenant.deprovision(&departure(NEW, mode)).await);
        assert_eq!(result.outcome, DeprovisionOutcome::AlreadyGone);
    }
    assert!(world.writes().is_empty());
    assert_eq!(world.mock.state(), before);
}

#[tokio::test]
async fn the_one_who_was_meant_is_removed() {
    let world = filter_ignored().await;
    let request = departure(JOAN, DeprovisionMode::Delete);
    done(world.tenant.deprovision(&request).await);
    let left: Vec<_> = world.mock.state().users;
    let left: Vec<_> = left.iter().map(|user| user.email.as_str()).collect();
    assert_eq!(left, ["ada@acme.example", GRACE, KEN]);
}

#[tokio::test]
async fn a_newcomer_is_created_and_nobody_else_changed() {
    let world = filter_ignored().await;
    let before = world.mock.state();
    let request = ProvisionRequest { first_name: Some("Nina".into()), ..arrival(NEW) };
    let result = done(world.tenant.provision(&request).await);
    assert_eq!(result.outcome, ProvisionOutcome::Created);
    assert_eq!(result.user.email.as_deref(), Some(NEW));
    assert_eq!(world.mock.state().users[..4], before.users[..]);
}

/// A filter that compares case does not hide anybody.
#[tokio::test]
async fn somebody_is_found_however_the_server_spells_the_address() {
    let world = World::acme().await;
    world.shape(JOAN, |joan| joan.email = "Joan@ACME.example".into());
    world.mock.inject(Fault::new(FaultKind::ExactFilter));
    let found = done(world.tenant.find_user(&by_email(JOAN)).await).expect("Joan");
    assert_eq!(found.id, UserId::V1(world.id_of(JOAN)));

    let result = done(world.tenant.provision(&arrival(JOAN)).await);
    assert_eq!(result.outcome, ProvisionOutcome::Unchanged);
    assert!(world.writes().is_empty(), "no second account is asked for");

    let result = done(world.tenant.deprovision(&departure(JOAN, DeprovisionMode::Disable)).await);
    assert_eq!(result.outcome, DeprovisionOutcome::Deactivated);
    assert!(world.person(JOAN).is_disabled);
}

#[tokio::test]
async fn a_step_creates_nobody_who_is_there() {
    let world = World::acme().await;
    let plan = done(world.tenant.plan_sync(&roster(vec![entry(NEW)])).await);
    world.mock.inject(Fault::new(FaultKind::IgnoreFilter));
    let first = done(world.tenant.apply_step(&plan.steps[0]).await);
    assert_eq!(first.outcome, StepOutcome::Applied);
    let again = done(world.tenant.apply_step(&plan.steps[0]).await);
    assert_eq!(again.outcome, StepOutcome::AlreadySo);
    assert_eq!(world.mock.state().invitations, [NEW]);
}

/// Between the search by address and the read by id, the account is given another address.
#[tokio::test]
async fn an_account_that_was_given_another_address_is_left_alone() {
    for mode in [DeprovisionMode::Disable, DeprovisionMode::Delete] {
        let world = World::acme().await;
        world.before(&format!("GET {}", world.path_of(JOAN)), |acme| {
            acme.user_by_email_mut(JOAN).expect("Joan").email = "other@acme.example".into();
        });
        let (case, detail) = failed(world.tenant.deprovision(&departure(JOAN, mode)).await);
        assert_eq!((case, detail.code.as_str()), ("permanent conflict", "wrong-person"));
        assert_eq!(detail.subject.as_deref(), Some(JOAN));
        assert!(world.writes().is_empty());
    }
    let world = World::acme().await;
    world.before(&format!("GET {}", world.path_of(JOAN)), |acme| {
        acme.user_by_email_mut(JOAN).expect("Joan").email = "other@acme.example".into();
    });
    let request = ProvisionRequest { first_name: Some("Joanna".into()), ..arrival(JOAN) };
    let (case, _) = failed(world.tenant.provision(&request).await);
    assert_eq!(case, "permanent conflict");
    assert!(world.writes().is_empty());
}

/// Whatever an id is made of, it stays one segment of the path.
#[tokio::test]
async fn an_id_leads_nowhere_else() {
    for id in ["../groups/4", "a b", "%2e%2e", "a/b?c#d", "..%2f", "é\\"] {
        let world = World::acme().await;
        world.shape(JOAN, |joan| joan.id = id.into());
        let before = world.mock.state();
        done(world.tenant.deprovision(&departure(JOAN, DeprovisionMode::Delete)).await);
        assert!(!world.has(JOAN), "{id}");
        let after = world.mock.state();
        assert_eq!(after.users.len(), before.users.len() - 1);
        assert_eq!(after.groups, before.groups);
        for request in &world.requests()[1..] {
            let (_, path) = request.split_once(' ').expect("a path");
            let id = path.strip_prefix("/api/v1/users/").expect("a user's path");
            assert!(!id.contains('/') && !id.is_empty(), "{path}");
        }
    }
}

#[tokio::test]
async fn an_id_of_dots_can_not_stand_in_a_path() {
    let world = World::acme().await;
    world.shape(JOAN, |joan| joan.id = "..".into());
    let request = departure(JOAN, DeprovisionMode::Delete);
    let (case, _) = failed(world.tenant.deprovision(&request).await);
    assert!(case.starts_with("permanent "), "{case}");
    assert_eq!(world.requests(), ["GET /api/v1/users"]);
}
