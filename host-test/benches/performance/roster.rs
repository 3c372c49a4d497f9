//! Requests and tenants that are measured with.

use host_test::retool::synchronization::{
    AbsentPolicy, MembershipPolicy, RosterEntry, SyncPolicy, SyncRequest,
};
use host_test::retool::types::{Dialect, GroupRef, UserType};
use host_test::{CaCertificates, Host, Tenant, TenantOptions, default_guards};

use crate::native::TOKEN;
use crate::people;
use crate::server::{PAGE, Server};

/// A tenant of a server, with this window.
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

/// The first so many people, as they are: there is nothing to do.
pub fn converged(people: usize, memberships: bool) -> SyncRequest {
    SyncRequest {
        roster: (0..people).map(entry).collect(),
        span: None,
        policy: SyncPolicy {
            create_missing: true,
            update_existing: true,
            re_enable_disabled: false,
            absent: AbsentPolicy::Keep,
            memberships: if memberships {
                MembershipPolicy::Exact
            } else {
                MembershipPolicy::Leave
            },
            managed_groups: Vec::new(),
            create_missing_groups: false,
            default_user_type: Some(UserType::Default),
            guards: default_guards(),
        },
    }
}

fn entry(at: usize) -> RosterEntry {
    RosterEntry {
        email: people::email(at),
        first_name: Some(format!("Given{at}")),
        last_name: Some(format!("Family{at}")),
        user_type: Some(UserType::Default),
        admin: None,
        groups: people::groups_of(at).into_iter().map(GroupRef::Name).collect(),
    }
}
