//! Servers that show a disabled account no longer, or delete it: an accepted write is no lost reply.

use host_test::retool::lifecycle::{DeprovisionMode, DeprovisionOutcome};
use host_test::retool::synchronization::{AbsentPolicy, PersonOutcome, StepOutcome, SyncRequest};
use host_test::retool::types::{Certainty, Dialect};
use mock_retool::{Deviations, DisabledUsers, Options, PatchAnswer, ScimQuirks};

use crate::support::acme::{ADA, GRACE, JOAN};
use crate::support::dialects::ALL;
use crate::support::{World, departure, done, entry, roster};

/// A server that answers a change without the record, where the dialect allows that.
async fn world(dialect: Dialect, disabled_users: DisabledUsers) -> World {
    let options = Options {
        deviations: Deviations { disabled_users, ..Deviations::default() },
        scim_quirks: ScimQuirks { patch_answer: PatchAnswer::NoContent, ..ScimQuirks::default() },
        ..Options::default()
    };
    World::acme_over_with(dialect, options).await
}

const GONE: [DisabledUsers; 2] = [DisabledUsers::Hidden, DisabledUsers::Deleted];

#[tokio::test]
async fn a_leaver_is_disabled_and_gone_afterwards() {
    for dialect in ALL {
        for disabled_users in GONE {
            for mode in [DeprovisionMode::Disable, DeprovisionMode::DisableAndStripGroups] {
                let world = world(dialect, disabled_users).await;
                let result = done(world.tenant.deprovision(&departure(JOAN, mode)).await);
                assert_eq!(result.outcome, DeprovisionOutcome::Deactivated, "{dialect:?}");
                assert_eq!(result.writes[0].certainty, Certainty::Confirmed);
                let said = result.remaining.iter().any(|line| line.contains("hides or deletes"));
                assert_eq!(said, dialect == Dialect::Scim, "{:?}", result.remaining);
                assert!(!world.has(JOAN));
                let hidden = world.mock.state().hidden.iter().any(|user| user.email == JOAN);
                assert_eq!(hidden, disabled_users == DisabledUsers::Hidden);
                let again = done(world.tenant.deprovision(&departure(JOAN, mode)).await);
                assert_eq!(again.outcome, DeprovisionOutcome::AlreadyGone);
            }
        }
    }
}

/// Joan is absent.
fn leaving(absent: AbsentPolicy) -> SyncRequest {
    let mut request = roster([ADA, GRACE].map(entry).to_vec());
    request.policy.absent = absent;
    request
}

#[tokio::test]
async fn a_sync_and_a_step_report_the_leaver_as_disabled() {
    for dialect in ALL {
        for disabled_users in GONE {
            let world = world(dialect, disabled_users).await;
            let report = done(world.tenant.sync(&leaving(AbsentPolicy::Disable)).await);
            let joan = report.people.iter().find(|one| one.email.as_deref() == Some(JOAN));
            assert_eq!(joan.expect("Joan").outcome, PersonOutcome::Disabled, "{dialect:?}");
            assert!(report.complete);
            let again = done(world.tenant.sync(&leaving(AbsentPolicy::Disable)).await);
            assert!(again.complete && again.writes.is_empty());

            let world = self::world(dialect, disabled_users).await;
            let plan = done(world.tenant.plan_sync(&leaving(AbsentPolicy::Disable)).await);
            let step = plan.steps.iter().find(|step| step.email.as_deref() == Some(JOAN));
            for outcome in [StepOutcome::Applied, StepOutcome::Stale] {
                let result = done(world.tenant.apply_step(step.expect("a step")).await);
                assert_eq!(result.outcome, outcome, "{dialect:?} {:?}", result.reason);
            }
        }
    }
}
