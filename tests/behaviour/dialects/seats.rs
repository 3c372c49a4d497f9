//! The seats that a plan reports: those of the whole organisation, whatever the roster contains.

use host_test::retool::synchronization::{AbsentPolicy, EmailSpan, Plan, RosterEntry, SyncRequest};
use host_test::retool::types::{Dialect, UserType};

use crate::support::acme::{ADA, GRACE, JOAN, KEN};
use crate::support::dialects::seat;
use crate::support::{World, done, entry, roster};

over_every_dialect!(
    users_outside_the_span_are_counted,
    users_outside_the_roster_are_counted,
    an_invitation_is_not_counted,
);

/// Returns the seats as `type: before +added -removed = after`.
fn lines(plan: &Plan) -> Vec<String> {
    let line = |seats: &host_test::retool::synchronization::SeatChange| {
        let kind = crate::support::acme::wit_name(&seats.user_type);
        format!("{kind}: {} +{} -{} = {}", seats.before, seats.added, seats.removed, seats.after)
    };
    plan.seats.iter().map(line).collect()
}

/// Starts Acme, in which Ada, Grace and Joan have a seat each and Ken is disabled, with Zoe and 30
/// other users.
async fn world(dialect: Dialect) -> World {
    let world = World::acme_over(dialect).await;
    world.add("zoe@acme.example", &[]);
    for number in 0..30 {
        world.add(&format!("z{number}@acme.example"), &[]);
    }
    world
}

fn newcomer(dialect: Dialect, email: &str) -> RosterEntry {
    RosterEntry {
        first_name: Some("Nina".into()),
        last_name: Some("Newman".into()),
        user_type: seat(dialect),
        ..entry(email)
    }
}

fn plain(entries: Vec<RosterEntry>) -> SyncRequest {
    let mut request = roster(entries);
    request.policy.default_user_type = None;
    request.policy.re_enable_disabled = false;
    request
}

async fn users_outside_the_span_are_counted(dialect: Dialect) {
    let world = world(dialect).await;
    let mut request = plain(vec![entry(ADA), entry(GRACE), newcomer(dialect, "bob@acme.example")]);
    request.span = Some(EmailSpan { start: None, before: Some("h".into()) });
    let plan = done(world.tenant.plan_sync(&request).await);
    assert_eq!(lines(&plan), ["default: 34 +1 -0 = 35"]);
    let report = done(world.tenant.sync(&request).await);
    assert_eq!(report.seats, plan.seats);

    // The next plan starts from the result of this one.
    let mut request = plain(vec![entry(KEN), newcomer(dialect, "lee@acme.example")]);
    request.policy.absent = AbsentPolicy::Disable;
    request.span = Some(EmailSpan { start: Some("h".into()), before: Some("m".into()) });
    let plan = done(world.tenant.plan_sync(&request).await);
    assert!(plan.withheld.is_empty(), "{:?}", plan.guards);
    // Joan is disabled, and Lee is created.
    assert_eq!(lines(&plan), ["default: 35 +1 -1 = 35"]);
}

async fn users_outside_the_roster_are_counted(dialect: Dialect) {
    let world = world(dialect).await;
    let request = plain(vec![newcomer(dialect, "bob@acme.example")]);
    let plan = done(world.tenant.plan_sync(&request).await);
    assert_eq!(lines(&plan), ["default: 34 +1 -0 = 35"]);

    // A user who is enabled takes a seat of their type.
    world.shape(KEN, |ken| ken.user_type = "default".into());
    let mut request = roster(vec![entry(KEN)]);
    request.policy.default_user_type = None;
    let plan = done(world.tenant.plan_sync(&request).await);
    assert_eq!(lines(&plan), ["default: 34 +1 -0 = 35"]);

    // Steps that a guard withholds are counted as if they were applied.
    let mut request = plain(vec![entry(ADA), entry(GRACE), entry(JOAN)]);
    request.policy.absent = AbsentPolicy::Disable;
    let plan = done(world.tenant.plan_sync(&request).await);
    assert!(plan.steps.is_empty());
    assert_eq!(lines(&plan), ["default: 34 +0 -31 = 3"]);
}

async fn an_invitation_is_not_counted(dialect: Dialect) {
    let world = world(dialect).await;
    world.invite("invited@acme.example", &[]);
    let request = plain(vec![newcomer(dialect, "bob@acme.example")]);
    let plan = done(world.tenant.plan_sync(&request).await);
    assert_eq!(lines(&plan), ["default: 34 +1 -0 = 35"]);
}

#[tokio::test]
async fn a_changed_user_type_is_counted_in_both_types() {
    let world = World::acme_over(Dialect::V1).await;
    let change = RosterEntry { user_type: Some(UserType::EndUser), ..entry(JOAN) };
    let plan = done(world.tenant.plan_sync(&plain(vec![change])).await);
    assert_eq!(lines(&plan), ["default: 3 +0 -1 = 2", "end-user: 0 +1 -0 = 1"]);

    let world = World::acme_over(Dialect::V2).await;
    world.shape(GRACE, |grace| grace.user_type = "mobile".into());
    let change = RosterEntry { user_type: Some(UserType::Mobile), ..entry(JOAN) };
    let plan = done(world.tenant.plan_sync(&plain(vec![change])).await);
    assert_eq!(lines(&plan), ["default: 2 +0 -1 = 1", "mobile: 1 +1 -0 = 2"]);
}
