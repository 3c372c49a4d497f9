//! Deletion by age needs a date on which a call saw that it disabled the account.

use host_test::retool::lifecycle::{
    DeprovisionMode, DeprovisionOutcome, DeprovisionRequest, DeprovisionResult,
};
use host_test::retool::synchronization::{AbsentPolicy, StepOutcome};
use host_test::retool::types::Dialect;
use mock_retool::{Deviations, Options};

use crate::support::acme::{ADA, GRACE, JOAN, KEN};
use crate::support::{World, departure, done, entry, failed, roster};

const DATED: [Dialect; 2] = [Dialect::V1, Dialect::Scim];

async fn world(dialect: Dialect, frozen_dates: bool) -> World {
    let deviations = Deviations { frozen_dates, ..Deviations::default() };
    World::acme_over_with(dialect, Options { deviations, ..Options::default() }).await
}

async fn by_age(world: &World, email: &str, days: u32, since: Option<&str>) -> DeprovisionResult {
    let request = DeprovisionRequest {
        disabled_since: since.map(Into::into),
        ..departure(email, DeprovisionMode::DeleteOnceDisabled(days))
    };
    done(world.tenant.deprovision(&request).await)
}

/// The record of an account that was last edited years ago: its date proves nothing.
#[tokio::test]
async fn a_server_that_keeps_the_date_deletes_nobody_a_second_later() {
    for dialect in DATED {
        let world = world(dialect, true).await;
        world.shape(JOAN, |joan| joan.updated_at = "2020-01-01T00:00:00.000Z".into());
        let first = by_age(&world, JOAN, 30, None).await;
        assert_eq!(first.outcome, DeprovisionOutcome::Deactivated);
        assert_eq!((first.disabled_since, first.deletion_due), (None, None));
        assert_eq!(first.remaining.len(), 1, "{:?}", first.remaining);
        let again = by_age(&world, JOAN, 30, None).await;
        assert_eq!(again.outcome, DeprovisionOutcome::AlreadyDeactivated);
        assert!(again.remaining[0].contains("disabled-since"), "{:?}", again.remaining);
        assert!(world.has(JOAN));
    }
}

#[tokio::test]
async fn the_date_of_the_first_call_deletes_in_a_later_one() {
    for dialect in DATED {
        let world = world(dialect, false).await;
        let first = by_age(&world, JOAN, 30, None).await;
        let since = first.disabled_since.expect("the date");
        assert_eq!(since, world.person(JOAN).updated_at);
        assert_eq!(first.tombstone.expect("a tombstone").disabled_since, Some(since.clone()));
        let due = first.deletion_due.expect("a date");

        let early = by_age(&world, JOAN, 30, Some(&since)).await;
        assert_eq!(early.outcome, DeprovisionOutcome::AlreadyDeactivated);
        assert_eq!(early.deletion_due.as_deref(), Some(due.as_str()));
        assert!(world.has(JOAN));

        world.mock.edit(|acme| acme.advance(std::time::Duration::from_secs(30 * 24 * 60 * 60)));
        // Without the date nothing is deleted, however old the record is.
        let without = by_age(&world, JOAN, 30, None).await;
        assert_eq!(without.outcome, DeprovisionOutcome::AlreadyDeactivated);
        let late = by_age(&world, JOAN, 30, Some(&since)).await;
        assert_eq!(late.outcome, DeprovisionOutcome::Deleted, "{dialect:?}");
        assert!(!world.has(JOAN));
    }
}

#[tokio::test]
async fn the_date_is_in_every_result_that_disables() {
    for dialect in DATED {
        for frozen in [false, true] {
            let world = world(dialect, frozen).await;
            let strip = departure(JOAN, DeprovisionMode::DisableAndStripGroups);
            let result = done(world.tenant.deprovision(&strip).await);
            assert_eq!(result.disabled_since.is_none(), frozen);

            let world = self::world(dialect, frozen).await;
            let mut request = roster([ADA, GRACE, KEN].map(entry).to_vec());
            request.policy.re_enable_disabled = false;
            request.policy.absent = AbsentPolicy::Disable;
            let plan = done(world.tenant.plan_sync(&request).await);
            let report = done(world.tenant.sync(&request).await);
            let joan = report.people.iter().find(|one| one.email.as_deref() == Some(JOAN));
            let since = joan.expect("Joan").disabled_since.clone();
            assert_eq!(since.is_none(), frozen);
            assert_eq!(report.tombstones[0].disabled_since, since);

            world.shape(JOAN, |joan| joan.is_disabled = false);
            let result = done(world.tenant.apply_step(&plan.steps[0]).await);
            assert_eq!(result.outcome, StepOutcome::Applied);
            let since = result.tombstone.expect("a tombstone").disabled_since;
            assert_eq!(since.is_none(), frozen);
        }
    }
}

#[tokio::test]
async fn a_date_that_is_of_no_use_is_refused_before_any_request() {
    let world = world(Dialect::V1, false).await;
    world.requests();
    let since = Some("2026-01-01T00:00:00Z");
    for (mode, since) in [
        (DeprovisionMode::Disable, since),
        (DeprovisionMode::DisableAndStripGroups, since),
        (DeprovisionMode::Delete, since),
        (DeprovisionMode::DeleteOnceDisabled(1), Some("yesterday")),
        (DeprovisionMode::DeleteOnceDisabled(1), Some("2026-01-01")),
        (DeprovisionMode::DeleteOnceDisabled(1), Some("")),
    ] {
        let request =
            DeprovisionRequest { disabled_since: since.map(Into::into), ..departure(JOAN, mode) };
        let (case, detail) = failed(world.tenant.deprovision(&request).await);
        assert_eq!((case, detail.code.as_str()), ("permanent invalid-input", "invalid-value"));
        assert_eq!(detail.field.as_deref(), Some("request.disabled-since"));
    }
    assert!(world.requests().is_empty());
}

/// `/api/v2` deletes nobody, and has no date.
#[tokio::test]
async fn v2_deletes_nobody_by_age() {
    let world = World::acme_over(Dialect::V2).await;
    let since = Some("2020-01-01T00:00:00Z");
    for since in [None, since] {
        let result = by_age(&world, KEN, 1, since).await;
        assert_eq!(result.outcome, DeprovisionOutcome::AlreadyDeactivated);
        assert_eq!(result.disabled_since, None);
    }
    assert!(world.has(KEN));
}
