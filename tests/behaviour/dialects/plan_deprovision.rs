//! `plan-deprovision` says what `deprovision` does with the same request, and writes nothing.

use host_test::Answer;
use host_test::retool::lifecycle::{
    DeprovisionMode, DeprovisionOutcome, DeprovisionPlan, DeprovisionRequest, DeprovisionResult,
};
use host_test::retool::types::{Dialect, Tombstone};

use crate::support::acme::{ADA, GRACE, JOAN, KEN, NEW};
use crate::support::{World, by_email, departure, done, failed};

over_every_dialect!(
    the_plan_and_the_call_agree_in_every_mode,
    the_plan_fails_as_the_call_does,
    a_deletion_by_age_is_planned_with_its_date,
);

const MODES: [DeprovisionMode; 4] = [
    DeprovisionMode::Disable,
    DeprovisionMode::DisableAndStripGroups,
    DeprovisionMode::Delete,
    DeprovisionMode::DeleteOnceDisabled(30),
];

/// Plans, which must write nothing, and then calls `deprovision`.
async fn both(
    world: &World,
    request: &DeprovisionRequest,
) -> (Answer<DeprovisionPlan>, Answer<DeprovisionResult>) {
    let before = world.mock.state();
    world.mock.clear_requests();
    let plan = world.tenant.plan_deprovision(request).await;
    assert!(world.writes().is_empty(), "{:?}", world.writes());
    assert_eq!(world.mock.state(), before);
    (plan, world.tenant.deprovision(request).await)
}

/// A tombstone without what only the call itself can know.
fn seen(tombstone: Option<Tombstone>) -> Option<Tombstone> {
    tombstone.map(|one| Tombstone { disabled_since: None, recorded_at: String::new(), ..one })
}

fn assert_agree(plan: DeprovisionPlan, done: DeprovisionResult, what: &str) {
    assert_eq!(plan.outcome, done.outcome, "{what}");
    assert_eq!(seen(plan.tombstone), seen(done.tombstone), "{what}");
    assert_eq!(plan.groups_to_remove, done.groups_removed, "{what}");
    assert_eq!(plan.deletion_due.is_some(), done.deletion_due.is_some(), "{what}");
    // What a server may do otherwise is in the plan alone.
    let is_foreseen = |text: &&String| !text.starts_with("The server keeps ");
    for remaining in done.remaining.iter().filter(is_foreseen) {
        assert!(plan.remaining.contains(remaining), "{what}: {remaining} in {:?}", plan.remaining);
    }
    let is_certain = |text: &&String| {
        !text.starts_with("Some servers of this API") && !text.starts_with("The server may keep ")
    };
    for remaining in plan.remaining.iter().filter(is_certain) {
        assert!(done.remaining.contains(remaining), "{what}: {remaining} in {:?}", done.remaining);
    }
}

async fn the_plan_and_the_call_agree_in_every_mode(dialect: Dialect) {
    for mode in MODES {
        for email in [ADA, JOAN, KEN, NEW] {
            let world = World::acme_over(dialect).await;
            if dialect == Dialect::V2 && email == NEW {
                world.invite(NEW, &[]);
            }
            let request = departure(email, mode);
            let (plan, result) = both(&world, &request).await;
            let (plan, result) = (done(plan), done(result));
            let what = format!("{mode:?} of {email} over {dialect:?}");
            let invitations = u32::from(dialect == Dialect::V2 && email == NEW);
            assert_eq!(plan.invitations_to_cancel, invitations, "{what}");
            assert_agree(plan, result, &what);
            // And again, with what the first call left.
            let (plan, result) = both(&world, &request).await;
            assert_agree(done(plan), done(result), &format!("a second {what}"));
        }
    }
}

async fn the_plan_fails_as_the_call_does(dialect: Dialect) {
    type Ask = fn(&World, &mut DeprovisionRequest);
    let cases: &[(&str, Ask)] = &[
        ("protected-person", |_, r| r.protected_people = vec![by_email(JOAN)]),
        ("last-admin", |_, r| {
            r.user = by_email(GRACE);
            r.minimum_admins = Some(2);
        }),
        ("wrong-person", |world, r| r.expected_id = Some(world.user_id(ADA))),
        ("ambiguous-user", |world, _| {
            world.mock.edit(|acme| {
                let mut twin = acme.user_by_email(JOAN).expect("Joan").clone();
                twin.id = twin.id.replace('0', "1");
                acme.users.push(twin);
            });
        }),
        ("invalid-value", |_, r| r.disabled_since = Some("2026-01-01T00:00:00Z".into())),
    ];
    for (code, ask) in cases {
        let world = World::acme_over(dialect).await;
        let mut request = departure(JOAN, DeprovisionMode::Disable);
        ask(&world, &mut request);
        let (plan, result) = both(&world, &request).await;
        let ((case, plan), (call_case, call)) = (failed(plan), failed(result));
        assert_eq!((case, plan.code.as_str()), (call_case, *code), "{}", plan.message);
        assert_eq!((plan.code, plan.message), (call.code, call.message));
        assert_eq!((plan.field, plan.subject), (call.field, call.subject));
    }
}

async fn a_deletion_by_age_is_planned_with_its_date(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let mut request = departure(JOAN, DeprovisionMode::DeleteOnceDisabled(30));
    let (plan, first) = both(&world, &request).await;
    let (plan, first) = (done(plan), done(first));
    assert_eq!(plan.outcome, DeprovisionOutcome::Deactivated);
    if dialect == Dialect::V2 {
        assert_eq!(first.deletion_due, None);
        return;
    }
    let (planned, due) = (plan.deletion_due.expect("a date"), first.deletion_due.expect("a date"));
    assert_eq!(planned[..16], due[..16]);
    request.disabled_since = first.disabled_since;
    let (early, result) = both(&world, &request).await;
    let early = done(early);
    assert_eq!(early.deletion_due.as_deref(), Some(due.as_str()));
    assert_agree(early, done(result), "before its date");
    let month = std::time::Duration::from_secs(30 * 24 * 60 * 60);
    world.mock.edit(|acme| acme.advance(month));
    let (late, result) = both(&world, &request).await;
    let late = done(late);
    assert_eq!(late.outcome, DeprovisionOutcome::Deleted);
    assert_agree(late, done(result), "after its date");
    assert!(!world.has(JOAN));
}
