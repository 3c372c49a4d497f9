//! Syncs of a whole roster.

mod guards;
mod memberships;
mod people;
mod requests;
mod span;

use host_test::retool::synchronization::{PersonReport, RosterEntry, SyncReport, SyncRequest};
use host_test::retool::types::{Dialect, UserType};
use mock_retool::Options;

use crate::support::acme::wit_name;
use crate::support::{World, address, entry, memberships, named, roster_of};

/// A roster entry with these groups.
fn in_groups(email: &str, groups: &[&str]) -> RosterEntry {
    RosterEntry { groups: memberships(groups.iter().map(|name| named(name))), ..entry(email) }
}

/// A roster entry for a new user. `/api/v2` creates no user without both names.
fn newcomer(email: &str, groups: &[&str]) -> RosterEntry {
    RosterEntry {
        first_name: Some("Nina".into()),
        last_name: Some("Newman".into()),
        ..in_groups(email, groups)
    }
}

/// The roster that describes the organisation as `/api/v2` reports it: end users of `/api/v1` have
/// the user type `default` there.
fn current_roster(world: &World) -> SyncRequest {
    let mut request = roster_of(&world.mock);
    for entry in &mut request.roster {
        entry.user_type = Some(UserType::Default);
    }
    request
}

/// An organisation with these options, over `/api/v1`.
async fn v1_with(options: Options) -> World {
    let mut world = World::with(options).await;
    world.tenant = world.over(Dialect::V1);
    world
}

/// Returns every user of the report as `address: outcome`.
fn outcomes(report: &SyncReport) -> Vec<String> {
    let line = |person: &PersonReport| {
        format!("{}: {}", address(&person.email), wit_name(&person.outcome))
    };
    report.people.iter().map(line).collect()
}

/// Returns the report on one user.
fn of<'a>(report: &'a SyncReport, email: &str) -> &'a PersonReport {
    let person = report.people.iter().find(|person| person.email.as_deref() == Some(email));
    person.unwrap_or_else(|| panic!("no report on {email}"))
}
