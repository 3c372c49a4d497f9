//! A write that can't be read back in time may hold: another call finds out.

use std::time::Duration;

use host_test::TenantOptions;
use host_test::retool::lifecycle::{DeprovisionMode, ProvisionRequest};
use host_test::retool::types::Dialect;
use mock_retool::{Fault, FaultKind};

use crate::support::acme::{JOAN, written};
use crate::support::dialects::{ALL, known};
use crate::support::{World, departure, done, failed, host};

/// A world whose writes are visible late, and whose responses do not contain the record.
async fn late(dialect: Dialect, by: Duration) -> World {
    let world = World::acme_over(dialect).await;
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        for kind in [FaultKind::StaleFor(by), FaultKind::StatusAfter(204)] {
            world.mock.inject(Fault { method: Some(method.into()), ..Fault::new(kind) });
        }
    }
    let options = TenantOptions::new(world.mock.base_url())
        .dialect(dialect)
        .env("RETOOL_API_TOKEN", world.mock.token())
        .env("RETOOL_SCIM_TOKEN", world.mock.scim_token())
        .env("RETOOL_DEADLINE_MS", "1000");
    let tenant = host().tenant(options);
    World { tenant, ..world }
}

#[tokio::test]
async fn running_out_of_time_while_reading_back_is_passing_and_the_write_is_unknown() {
    for dialect in ALL {
        let world = late(dialect, Duration::from_secs(60)).await;
        let renamed = ProvisionRequest { first_name: Some("Jo".into()), ..known(JOAN) };
        let (case, detail) = failed(world.tenant.provision(&renamed).await);
        assert_eq!(
            (case, detail.code.as_str()),
            ("transient unavailable", "deadline-exceeded"),
            "{dialect:?}: {}",
            detail.message
        );
        assert_eq!(written(&detail.writes), [format!("user-updated {JOAN} ?")], "{dialect:?}");
        assert_eq!(world.person(JOAN).first_name.as_deref(), Some("Jo"), "it was made");

        // The next call finds it, and has nothing left to do.
        world.mock.clear_faults();
        let again = done(world.over(dialect).provision(&renamed).await);
        assert_eq!(written(&again.writes), [""; 0], "{dialect:?}");
    }
}

#[tokio::test]
async fn a_departure_that_cannot_be_read_back_in_time_is_passing_too() {
    for dialect in ALL {
        for mode in [DeprovisionMode::Disable, DeprovisionMode::Delete] {
            let world = late(dialect, Duration::from_secs(60)).await;
            let (case, detail) = failed(world.tenant.deprovision(&departure(JOAN, mode)).await);
            assert_eq!(
                (case, detail.code.as_str()),
                ("transient unavailable", "deadline-exceeded"),
                "{dialect:?} {mode:?}: {}",
                detail.message
            );
            let [write] = &written(&detail.writes)[..] else { panic!("{:?}", detail.writes) };
            assert!(write.ends_with(" ?"), "{dialect:?} {mode:?}: {write}");
            assert_eq!(detail.tombstones.len(), 1, "{dialect:?} {mode:?}");
            world.mock.clear_faults();
            done(world.over(dialect).deprovision(&departure(JOAN, mode)).await);
        }
    }
}

/// With all the time for reading back, a write that never shows is not verified, as before.
#[tokio::test]
async fn a_write_that_never_shows_is_not_verified_if_there_was_time() {
    for dialect in ALL {
        let world = late(dialect, Duration::from_secs(60)).await;
        let renamed = ProvisionRequest { first_name: Some("Jo".into()), ..known(JOAN) };
        let (case, detail) = failed(world.over(dialect).provision(&renamed).await);
        assert_eq!((case, detail.code.as_str()), ("permanent conflict", "not-verified"));
        assert_eq!(written(&detail.writes), [format!("user-updated {JOAN} ?")], "{dialect:?}");
    }
}
