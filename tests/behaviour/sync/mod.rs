//! Many people: the roster made true.

mod guards;
mod memberships;
mod people;
mod requests;
mod span;

use host_test::retool::synchronization::{PersonReport, RosterEntry, SyncReport};

use crate::support::acme::wit_name;
use crate::support::{address, entry, memberships, named};

/// A person of a roster in these groups.
fn in_groups(email: &str, groups: &[&str]) -> RosterEntry {
    RosterEntry { groups: memberships(groups.iter().map(|name| named(name))), ..entry(email) }
}

/// Everybody as `address: outcome`.
fn outcomes(report: &SyncReport) -> Vec<String> {
    let line = |person: &PersonReport| {
        format!("{}: {}", address(&person.email), wit_name(&person.outcome))
    };
    report.people.iter().map(line).collect()
}

/// The report on one person.
fn of<'a>(report: &'a SyncReport, email: &str) -> &'a PersonReport {
    let person = report.people.iter().find(|person| person.email.as_deref() == Some(email));
    person.unwrap_or_else(|| panic!("no report on {email}"))
}
