//! Helpers for tests over `/api/v2` and `/api/v1`, and the differences between the two.

use host_test::retool::lifecycle::ProvisionRequest;
use host_test::retool::synchronization::{RosterEntry, SyncRequest};
use host_test::retool::types::{Dialect, UserType};
use mock_retool::{Organisation, User};

use crate::support::{World, arrival, entry, roster_of};

/// Returns the beginning of every path of the API.
pub fn api(dialect: Dialect) -> &'static str {
    if dialect == Dialect::V1 { "/api/v1/" } else { "/api/v2/" }
}

/// Returns the method that changes a user or a group.
pub fn change_method(dialect: Dialect) -> &'static str {
    if dialect == Dialect::V1 { "PUT" } else { "PATCH" }
}

/// Returns the methods that write.
pub fn write_methods(dialect: Dialect) -> [&'static str; 3] {
    ["POST", change_method(dialect), "DELETE"]
}

/// Returns a request to create a user, with the names that `/api/v2` requires.
pub fn new_user(email: &str) -> ProvisionRequest {
    ProvisionRequest {
        first_name: Some("New".into()),
        last_name: Some("Person".into()),
        ..arrival(email)
    }
}

/// Returns a roster entry for a new user, with the names that `/api/v2` requires.
pub fn new_entry(email: &str) -> RosterEntry {
    RosterEntry { first_name: Some("New".into()), last_name: Some("Person".into()), ..entry(email) }
}

/// Returns a roster that describes the organisation as the tenant's dialect reports it, so that
/// nothing has to be done.
pub fn current_roster(world: &World) -> SyncRequest {
    let mut request = roster_of(&world.mock);
    if world.dialect() != Dialect::V1 {
        // `/api/v2` has no end users. The mock reports them with the default type.
        for person in &mut request.roster {
            if person.user_type == Some(UserType::EndUser) {
                person.user_type = Some(UserType::Default);
            }
        }
    }
    request
}

/// Creates a user as another client of the same API would. Only `/api/v1` sends an invitation.
pub fn create_meanwhile(dialect: Dialect, organisation: &mut Organisation, draft: User) {
    let created = match dialect {
        Dialect::V1 => organisation.create_user(draft),
        _ => organisation.add_user(draft),
    };
    created.expect("a new address");
}

/// Returns the invitations that the server sends when these users are created.
pub fn sent_invitations(dialect: Dialect, emails: &[impl ToString]) -> Vec<String> {
    match dialect {
        Dialect::V1 => emails.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    }
}

/// Returns the number of accounts with this address.
pub fn accounts(world: &World, email: &str) -> usize {
    world.mock.state().users.iter().filter(|user| user.email == email).count()
}
