//! Whom a request concerns.

use alloc::vec::Vec;

use super::{AbsentPolicy, SyncRequest, plan};
use crate::fingerprint::fingerprint;
use crate::retool::sieve::Sieve;

/// Those whom a plan for a request looks at one by one: who is on the roster, whom the policy
/// covers for not being on it, and who must be an administrator. Of everybody else, guards
/// count how many they are.
pub struct Concern<'a> {
    request: &'a SyncRequest,
    /// Fingerprints of the addresses that the request names, in order. Somebody else whose
    /// address has one of them by chance is kept, and that is all.
    named: Vec<u64>,
}

impl<'a> Concern<'a> {
    /// Of a request.
    pub fn of(request: &'a SyncRequest) -> Self {
        let people = request.roster.iter().map(|desired| &desired.email);
        let named = people.chain(&request.policy.guards.required_admins);
        let mut named: Vec<u64> = named.map(|email| fingerprint(email.key())).collect();
        named.sort_unstable();
        Concern { request, named }
    }
}

impl Sieve for Concern<'_> {
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
