//! Only the requested user is changed, whatever the server answers.

use host_test::retool::lifecycle::ProvisionRequest;
use host_test::retool::lifecycle::{DeprovisionMode, DeprovisionOutcome, ProvisionOutcome};
use host_test::retool::synchronization::{RosterEntry, StepOutcome};
use host_test::retool::types::Dialect;
use mock_retool::{Fault, FaultKind};

use crate::support::acme::{GRACE, JOAN, KEN, NEW};
use crate::support::dialects::nina;
use crate::support::{World, arrival, by_email, departure, done, entry, failed, roster};

/// Starts Acme over a dialect, on a server that ignores the filter by address.
async fn filter_ignored(dialect: Dialect) -> World {
    let world = World::acme_over(dialect).await;
    world.mock.inject(Fault::new(FaultKind::IgnoreFilter));
    world
}

#[tokio::test]
async fn a_user_is_found_if_the_filter_is_ignored() {
    let world = filter_ignored(Dialect::V2).await;
    let found = done(world.tenant.find_user(&by_email(JOAN)).await).expect("Joan");
    assert_eq!(found.id, world.user_id(JOAN));
    assert!(done(world.tenant.find_user(&by_email(NEW)).await).is_none());
}

#[tokio::test]
async fn the_whole_listing_is_searched_if_the_filter_is_ignored() {
    for (dialect, search, listing) in [
        (
            Dialect::V1,
            "GET /api/v1/users?email=p149%40acme.example",
            "GET /api/v1/users?page=1&pageSize=500",
        ),
        (Dialect::V2, "GET /api/v2/users?email=p149%40acme.example", "GET /api/v2/users?"),
    ] {
        let world = filter_ignored(dialect).await;
        for number in 0..150 {
            world.add(&format!("p{number}@acme.example"), &[]);
        }
        // On `/api/v1` the user is not on the page that the search returns.
        let found = done(world.tenant.find_user(&by_email("p149@acme.example")).await);
        assert_eq!(found.expect("a user").email.as_deref(), Some("p149@acme.example"));
        let requests = world.requests_with_queries();
        assert_eq!(requests[..2], [search, listing]);
        // Over `/api/v2` only the person's own record has the memberships.
        assert_eq!(requests.len(), if dialect == Dialect::V2 { 3 } else { 2 }, "{requests:?}");
    }
}

#[tokio::test]
async fn no_other_user_is_removed_for_an_unknown_address() {
    let world = filter_ignored(Dialect::V2).await;
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
async fn only_the_requested_user_is_removed_if_the_filter_is_ignored() {
    let request = departure(JOAN, DeprovisionMode::Delete);
    let world = filter_ignored(Dialect::V2).await;
    done(world.tenant.deprovision(&request).await);
    let users = world.mock.state().users.into_iter();
    let enabled: Vec<_> = users.filter(|user| !user.is_disabled).map(|user| user.email).collect();
    assert_eq!(enabled, ["ada@acme.example", GRACE]);

    let world = filter_ignored(Dialect::V1).await;
    done(world.tenant.deprovision(&request).await);
    let users = world.mock.state().users;
    let left: Vec<_> = users.iter().map(|user| user.email.as_str()).collect();
    assert_eq!(left, ["ada@acme.example", GRACE, KEN]);
}

#[tokio::test]
async fn a_new_user_is_created_and_no_other_changed_if_the_filter_is_ignored() {
    let world = filter_ignored(Dialect::V2).await;
    let before = world.mock.state();
    let result = done(world.tenant.provision(&nina(Dialect::V2)).await);
    assert_eq!(result.outcome, ProvisionOutcome::Created);
    assert_eq!(result.user.email.as_deref(), Some(NEW));
    assert_eq!(world.mock.state().users[..4], before.users[..]);
}

/// A case-sensitive filter hides no user.
#[tokio::test]
async fn a_user_is_found_whatever_the_case_of_the_stored_address() {
    let world = World::acme().await;
    world.shape(JOAN, |joan| joan.email = "Joan@ACME.example".into());
    world.mock.inject(Fault::new(FaultKind::ExactFilter));
    let found = done(world.tenant.find_user(&by_email(JOAN)).await).expect("Joan");
    assert_eq!(found.id, world.user_id(JOAN));

    let result = done(world.tenant.provision(&arrival(JOAN)).await);
    assert_eq!(result.outcome, ProvisionOutcome::Unchanged);
    assert!(world.writes().is_empty(), "no second account is created");

    let result = done(world.tenant.deprovision(&departure(JOAN, DeprovisionMode::Disable)).await);
    assert_eq!(result.outcome, DeprovisionOutcome::Deactivated);
    assert!(world.person(JOAN).is_disabled);
}

#[tokio::test]
async fn a_repeated_step_creates_no_second_account_if_the_filter_is_ignored() {
    for (dialect, invited) in [(Dialect::V1, &[NEW][..]), (Dialect::V2, &[])] {
        let world = World::acme_over(dialect).await;
        let new = RosterEntry {
            first_name: Some("Nina".into()),
            last_name: Some("Newman".into()),
            ..entry(NEW)
        };
        let plan = done(world.tenant.plan_sync(&roster(vec![new])).await);
        world.mock.inject(Fault::new(FaultKind::IgnoreFilter));
        let first = done(world.tenant.apply_step(&plan.steps[0]).await);
        assert_eq!(first.outcome, StepOutcome::Applied);
        let again = done(world.tenant.apply_step(&plan.steps[0]).await);
        assert_eq!(again.outcome, StepOutcome::AlreadySo);
        assert_eq!(world.mock.state().invitations, invited);
        assert_eq!(world.mock.state().users.len(), 5);
    }
}

/// Between the search by address and the read by id, the account gets another address.
#[tokio::test]
async fn an_account_with_a_new_address_is_not_changed() {
    for mode in [DeprovisionMode::Disable, DeprovisionMode::Delete] {
        let world = World::acme().await;
        world.before(&format!("GET {}", world.user_path(JOAN)), |acme| {
            acme.user_by_email_mut(JOAN).expect("Joan").email = "other@acme.example".into();
        });
        let (case, detail) = failed(world.tenant.deprovision(&departure(JOAN, mode)).await);
        assert_eq!((case, detail.code.as_str()), ("permanent conflict", "wrong-person"));
        assert_eq!(detail.subject.as_deref(), Some(JOAN));
        assert!(world.writes().is_empty());
    }
    let world = World::acme().await;
    world.before(&format!("GET {}", world.user_path(JOAN)), |acme| {
        acme.user_by_email_mut(JOAN).expect("Joan").email = "other@acme.example".into();
    });
    let request = ProvisionRequest { first_name: Some("Joanna".into()), ..arrival(JOAN) };
    let (case, _) = failed(world.tenant.provision(&request).await);
    assert_eq!(case, "permanent conflict");
    assert!(world.writes().is_empty());
}

/// `dialects::identity` does the same over each dialect, without the deletion.
#[tokio::test]
async fn v1_keeps_any_id_in_one_segment_of_the_path() {
    for id in ["../groups/4", "a b", "%2e%2e", "a/b?c#d", "..%2f", "é\\"] {
        let world = World::acme_over(Dialect::V1).await;
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
async fn v1_refuses_an_id_of_dots() {
    let world = World::acme_over(Dialect::V1).await;
    world.shape(JOAN, |joan| joan.id = "..".into());
    let request = departure(JOAN, DeprovisionMode::Delete);
    let (case, _) = failed(world.tenant.deprovision(&request).await);
    assert!(case.starts_with("permanent "), "{case}");
    assert_eq!(world.requests(), ["GET /api/v1/users"]);
}
