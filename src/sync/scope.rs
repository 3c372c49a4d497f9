//! The users that a request is about.

use alloc::vec::Vec;

use super::{AbsentPolicy, SyncRequest, plan};
use crate::fingerprint::fingerprint;
use crate::retool::user_filter::UserFilter;

/// Keeps the users that a plan needs individually: users on the roster, users covered by the policy
/// for absent users, and required administrators. All others are only counted.
pub struct SyncScope<'a> {
    request: &'a SyncRequest,
    /// Fingerprints of the addresses that the request names, sorted. A user whose address has the
    /// same fingerprint by chance is kept too, which does no harm.
    named: Vec<u64>,
}

impl<'a> SyncScope<'a> {
    /// Returns the scope of a request.
    pub fn of(request: &'a SyncRequest) -> Self {
        let people = request.roster.iter().map(|desired| &desired.email);
        let named = people.chain(&request.policy.guards.required_admins);
        let mut named: Vec<u64> = named.map(|email| fingerprint(email.key())).collect();
        named.sort_unstable();
        SyncScope { request, named }
    }
}

impl UserFilter for SyncScope<'_> {
    fn wants(&self, address: &str) -> bool {
        let absent = self.request.policy.absent != AbsentPolicy::Keep;
        absent && self.counts(address) || self.named.binary_search(&fingerprint(address)).is_ok()
    }

    fn counts(&self, address: &str) -> bool {
        self.request.span.contains_key(address)
    }

    fn counts_memberships(&self) -> bool {
        plan::needs_memberships(self.request)
    }
}
