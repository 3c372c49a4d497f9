//! Servers on which every write becomes visible a second late.

use std::time::Duration;

use host_test::retool::lifecycle::{
    DeprovisionMode, ProvisionOutcome, ProvisionRequest, RestoreOutcome,
};
use host_test::retool::synchronization::{AbsentPolicy, MembershipPolicy, RosterEntry};
use host_test::retool::types::Dialect;
use mock_retool::{Fault, FaultKind};

use crate::support::acme::{ADA, GRACE, JOAN, KEN, NEW};
use crate::support::dialects::nina;
use crate::support::{
    World, departure, done, entry, memberships, named, restored, restoring, roster,
};

over_every_dialect!(
    provision_and_deprovision_wait_for_their_writes_to_become_visible,
    a_sync_adds_members_to_the_groups_that_it_creates,
);

async fn lagging(dialect: Dialect) -> World {
    let world = World::acme_over(dialect).await;
    world.mock.inject(Fault::new(FaultKind::StaleFor(Duration::from_secs(1))));
    world
}

async fn provision_and_deprovision_wait_for_their_writes_to_become_visible(dialect: Dialect) {
    let world = lagging(dialect).await;
    let request = ProvisionRequest {
        groups: memberships([named("Support"), named("Legal")]),
        create_missing_groups: true,
        ..nina(dialect)
    };
    let result = done(world.tenant.provision(&request).await);
    assert_eq!(result.outcome, ProvisionOutcome::Created);
    assert_eq!(world.groups_of(NEW), ["Legal", "Support"]);

    let leave = departure(NEW, DeprovisionMode::DisableAndStripGroups);
    let gone = done(world.tenant.deprovision(&leave).await);
    assert!(world.person(NEW).is_disabled);
    assert!(world.groups_of(NEW).is_empty());

    let tombstone = gone.tombstone.expect("a tombstone");
    let request = restoring([tombstone], true);
    let back = restored(world.tenant.restore(&request).await);
    assert_eq!(back.outcome, RestoreOutcome::ReEnabled);
    assert_eq!(world.groups_of(NEW), ["Legal", "Support"]);
}

async fn a_sync_adds_members_to_the_groups_that_it_creates(dialect: Dialect) {
    let world = lagging(dialect).await;
    let with = |email: &str, groups: &[&str]| RosterEntry {
        groups: memberships(groups.iter().map(|name| named(name))),
        ..entry(email)
    };
    let newcomer = RosterEntry {
        first_name: Some("Nina".into()),
        last_name: Some("Newman".into()),
        ..with(NEW, &["Legal", "Support"])
    };
    let mut request = roster(vec![
        entry(ADA),
        RosterEntry { last_name: Some("Hopper".into()), ..with(GRACE, &["Legal"]) },
        entry(KEN),
        newcomer,
    ]);
    request.policy.absent = AbsentPolicy::Disable;
    request.policy.memberships = MembershipPolicy::Exact;
    let report = done(world.tenant.sync(&request).await);
    assert!(report.complete, "{report:#?}");
    assert!(world.person(JOAN).is_disabled);
    assert_eq!(world.person(GRACE).last_name.as_deref(), Some("Hopper"));
    assert_eq!(world.members_of("Legal"), [GRACE, NEW]);
    assert_eq!(world.members_of("Support"), [JOAN, NEW]);

    world.mock.clear_faults();
    world.mock.clear_requests();
    assert!(done(world.tenant.sync(&request).await).complete);
    assert_eq!(world.count_of_writes(), 0);
}
