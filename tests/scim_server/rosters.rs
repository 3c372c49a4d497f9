//! Rosters and listings of a few hundred people.

use std::collections::BTreeSet;

use host_test::retool::directory::PageRequest;
use host_test::retool::synchronization::{
    AbsentPolicy, MembershipPolicy, RosterEntry, SyncReport, SyncRequest,
};

use crate::support::acme::wit_name;
use crate::support::{allow_growth, entry, memberships, named, roster};
use crate::{World, done, user};

const PEOPLE: usize = 300;

fn address(number: usize) -> String {
    format!("person{number:03}@example.com")
}

/// Returns a roster entry. Every person is in `All`, and every third also in `Third`.
fn member(number: usize) -> RosterEntry {
    let mut groups = vec![named("All")];
    if number.is_multiple_of(3) {
        groups.push(named("Third"));
    }
    RosterEntry {
        first_name: Some(format!("Given {number}")),
        last_name: Some("Family".into()),
        groups: memberships(groups),
        ..entry(&address(number))
    }
}

fn exact(people: Vec<RosterEntry>) -> SyncRequest {
    let mut request = roster(people);
    request.policy.absent = AbsentPolicy::Disable;
    request.policy.memberships = MembershipPolicy::Exact;
    request.policy.managed_groups = vec![named("All"), named("Third")];
    request.policy.default_user_type = None;
    // SCIM does not report administrators.
    request.policy.guards.minimum_admins = Some(0);
    allow_growth(&mut request);
    request
}

/// Returns the outcomes, and the number of people with each.
fn outcomes(report: &SyncReport) -> Vec<(String, usize)> {
    let mut all: Vec<String> =
        report.people.iter().map(|person| wit_name(&person.outcome)).collect();
    all.sort();
    let kinds: BTreeSet<String> = all.iter().cloned().collect();
    kinds
        .into_iter()
        .map(|kind| (kind.clone(), all.iter().filter(|one| **one == kind).count()))
        .collect()
}

#[tokio::test]
async fn a_roster_is_synchronized_and_a_second_sync_writes_nothing() {
    let world = World::new().await;
    let people: Vec<RosterEntry> = (0..PEOPLE).map(member).collect();
    let report = done(world.tenant.sync(&exact(people.clone())).await);
    assert_eq!(outcomes(&report), [("created".to_owned(), PEOPLE)]);
    assert_eq!(world.server.users().await.len(), PEOPLE);
    assert_eq!(world.server.members_of("All").await.len(), PEOPLE);
    assert_eq!(world.server.members_of("Third").await.len(), PEOPLE / 3);
    // Two groups, every person, and the memberships of up to a hundred people each.
    assert_eq!(world.server.writes().await.len(), 2 + PEOPLE + 3 + 1);

    let report = done(world.tenant.sync(&exact(people.clone())).await);
    assert_eq!(outcomes(&report), [("unchanged".to_owned(), PEOPLE)]);
    assert_eq!(world.server.writes().await, Vec::<String>::new());

    // The last ten leave, the first ten change their names, and the next one leaves a group.
    let mut people = people;
    people.truncate(PEOPLE - 10);
    for person in &mut people[..10] {
        person.last_name = Some("Changed".into());
    }
    people[10].groups = memberships([named("Third")]);
    let report = done(world.tenant.sync(&exact(people.clone())).await);
    assert_eq!(
        outcomes(&report),
        [
            ("disabled".to_owned(), 10),
            ("unchanged".to_owned(), PEOPLE - 21),
            ("updated".to_owned(), 11),
        ]
    );
    assert_eq!(world.record(&address(0)).await["name"]["familyName"], "Changed");
    assert_eq!(world.record(&address(PEOPLE - 1)).await["active"], false);
    let third = world.server.members_of("Third").await;
    assert!(third.contains(&address(10)) && third.len() == PEOPLE / 3 + 1);
    assert_eq!(world.server.members_of("All").await.len(), PEOPLE - 1);
    world.server.requests().await;
    let plan = done(world.tenant.plan_sync(&exact(people)).await);
    assert!(plan.steps.is_empty() && plan.withheld.is_empty(), "{:?}", plan.steps);
    assert_eq!(world.server.writes().await, Vec::<String>::new());
}

#[tokio::test]
async fn every_user_is_on_one_page_and_changes_are_reported() {
    let world = World::new().await;
    for number in 0..250 {
        let created = world.server.ask("POST", "/Users", &user(&address(number))).await;
        assert_eq!(created.status, 201);
    }
    let mut seen = Vec::new();
    let mut sizes = Vec::new();
    let mut cursor = None;
    loop {
        let page = PageRequest {
            page_size: cursor.is_none().then_some(100),
            cursor,
            with_members: false,
            with_other_ids: false,
        };
        let page = done(world.tenant.page_users(&page).await);
        assert_eq!(page.total, Some(250));
        sizes.push(page.users.len());
        seen.extend(page.users.into_iter().map(|user| user.email.expect("an address")));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(sizes, [100, 100, 50]);
    assert_eq!(seen, (0..250).map(address).collect::<Vec<_>>());

    let start = done(world.tenant.changes_since(None).await);
    assert_eq!(start.changes.len(), 0);
    let id = world.id_of(&address(7)).await;
    let gone = world.server.ask("DELETE", &format!("/Users/{id}"), &serde_json::Value::Null).await;
    assert_eq!(gone.status, 204);
    assert_eq!(world.server.ask("POST", "/Users", &user("new@example.com")).await.status, 201);
    let changed = done(world.tenant.changes_since(Some(&start.cursor)).await);
    let mut reported: Vec<(String, Option<String>)> = changed
        .changes
        .iter()
        .map(|change| (wit_name(&change.kind), change.email.clone()))
        .collect();
    reported.sort();
    assert_eq!(
        reported,
        [("created".to_owned(), Some("new@example.com".to_owned())), ("deleted".to_owned(), None)]
    );
}
