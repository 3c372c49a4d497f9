//! A person is not gone because the address finds nobody: the expected id is looked up.

use host_test::retool::lifecycle::{DeprovisionMode, DeprovisionOutcome, DeprovisionRequest};
use host_test::retool::types::{Dialect, UserId};

use crate::support::acme::{JOAN, NEW};
use crate::support::dialects::ALL;
use crate::support::{World, departure, done, failed};

const MODES: [DeprovisionMode; 4] = [
    DeprovisionMode::Disable,
    DeprovisionMode::DisableAndStripGroups,
    DeprovisionMode::Delete,
    DeprovisionMode::DeleteOnceDisabled(1),
];

fn expecting(id: UserId, mode: DeprovisionMode) -> DeprovisionRequest {
    DeprovisionRequest { expected_id: Some(id), ..departure(JOAN, mode) }
}

#[tokio::test]
async fn an_account_with_another_address_by_now_is_not_gone() {
    for dialect in ALL {
        let world = World::acme_over(dialect).await;
        let id = world.user_id(JOAN);
        world.shape(JOAN, |joan| joan.email = "clarke@acme.example".into());
        let before = world.mock.state();
        for mode in MODES {
            let request = expecting(id.clone(), mode);
            let (case, detail) = failed(world.tenant.deprovision(&request).await);
            assert_eq!((case, detail.code.as_str()), ("permanent conflict", "wrong-person"));
            assert_eq!(detail.field.as_deref(), Some("request.expected-id"));
            for address in [JOAN, "clarke@acme.example"] {
                assert!(detail.message.contains(address), "{}", detail.message);
            }
        }
        assert!(world.writes().is_empty());
        assert_eq!(world.mock.state(), before);
    }
}

#[tokio::test]
async fn an_account_that_neither_finds_is_gone() {
    for dialect in ALL {
        let world = World::acme_over(dialect).await;
        let id = world.user_id(JOAN);
        let own = world.person(JOAN).id;
        world.mock.edit(|acme| acme.delete_user(&own)).expect("Joan");
        for mode in MODES {
            let result = done(world.tenant.deprovision(&expecting(id.clone(), mode)).await);
            assert_eq!(result.outcome, DeprovisionOutcome::AlreadyGone, "{dialect:?}");
        }
    }
}

#[tokio::test]
async fn a_new_account_with_the_address_is_not_the_person() {
    for dialect in ALL {
        let world = World::acme_over(dialect).await;
        let id = world.user_id(JOAN);
        world.shape(JOAN, |joan| joan.email = NEW.into());
        world.add(JOAN, &[]);
        for mode in MODES {
            let request = expecting(id.clone(), mode);
            let (_, detail) = failed(world.tenant.deprovision(&request).await);
            assert_eq!(detail.code, "wrong-person");
            assert!(detail.message.contains(NEW), "{}", detail.message);
        }
        assert!(world.writes().is_empty());
    }
}

#[tokio::test]
async fn an_id_of_another_api_says_nothing_about_a_person_who_is_not_found() {
    let world = World::acme_over(Dialect::V1).await;
    let id = world.user_id_in(Dialect::V2, JOAN);
    for email in [JOAN, NEW] {
        let request = DeprovisionRequest {
            expected_id: Some(id.clone()),
            ..departure(email, DeprovisionMode::Disable)
        };
        let (case, detail) = failed(world.tenant.deprovision(&request).await);
        assert_eq!((case, detail.code.as_str()), ("permanent conflict", "wrong-person"));
        assert!(detail.message.contains("/api/v2"), "{}", detail.message);
    }
    assert!(world.writes().is_empty());
}
