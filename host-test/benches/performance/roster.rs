//! Requests and tenants for the measurements.

use host_test::retool::synchronization::{MembershipPolicy, RosterEntry, SyncPolicy, SyncRequest};
use host_test::retool::types::{Dialect, GroupRef, UserType};
use host_test::{CaCertificates, Host, Tenant, TenantOptions, requests};

use crate::native::TOKEN;
use crate::people;
use crate::server::{PAGE, Server};

/// Creates a tenant of a server, with this window.
pub fn tenant(host: &Host, server: &Server, window: usize) -> Tenant {
    let certificates = CaCertificates::from_pem(server.ca.as_bytes()).expect("a certificate");
    let options = TenantOptions::new(&server.base_url)
        .dialect(Dialect::V1)
        .ca_certificates(certificates)
        .env("RETOOL_API_TOKEN", TOKEN)
        .env("RETOOL_WINDOW", window.to_string())
        .env("RETOOL_PAGE_SIZE", PAGE.to_string());
    host.tenant(options)
}

/// Creates a request for the first people in their current state, so that there is nothing to do.
pub fn converged(people: usize, memberships: bool) -> SyncRequest {
    let memberships = if memberships { MembershipPolicy::Exact } else { MembershipPolicy::Leave };
    requests::sync(
        (0..people).map(entry).collect(),
        SyncPolicy {
            create_missing: true,
            update_existing: true,
            memberships,
            default_user_type: Some(UserType::Default),
            ..requests::sync_policy()
        },
    )
}

fn entry(at: usize) -> RosterEntry {
    RosterEntry {
        first_name: Some(format!("Given{at}")),
        last_name: Some(format!("Family{at}")),
        user_type: Some(UserType::Default),
        groups: people::groups_of(at)
            .into_iter()
            .map(GroupRef::Name)
            .map(requests::membership)
            .collect(),
        ..requests::roster_entry(people::email(at))
    }
}
