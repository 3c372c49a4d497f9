//! The users that a request is about.

use alloc::vec::Vec;

use super::{AbsentPolicy, SyncRequest, plan};
use crate::domain::{Email, UserRef};
use crate::fingerprint::fingerprint;
use crate::retool::user_filter::{UserFilter, Who};

/// Keeps the users that a plan needs individually: users on the roster, users covered by the policy
/// for absent users, and required administrators. All others are only counted.
pub struct SyncScope<'a> {
    request: &'a SyncRequest,
    /// Fingerprints of the addresses and logins that the request names, sorted. A user whose
    /// address has the same fingerprint by chance is kept too, which does no harm.
    named: Vec<u64>,
    /// Fingerprints of the ids that the request names, sorted.
    ids: Vec<u64>,
}

impl<'a> SyncScope<'a> {
    /// Returns the scope of a request.
    pub fn of(request: &'a SyncRequest) -> Self {
        let guards = &request.policy.guards;
        let mut scope = SyncScope { request, named: Vec::new(), ids: Vec::new() };
        for desired in &request.roster {
            scope.named.push(fingerprint(desired.email.key()));
            desired.details.by.iter().for_each(|who| scope.add(who));
            let former = desired.details.former_emails.iter();
            scope.named.extend(former.map(|email| fingerprint(email.key())));
            let login = desired.details.login.as_deref().map(Email::new);
            scope.named.extend(login.map(|login| fingerprint(login.key())));
        }
        guards.required_admins.iter().for_each(|who| scope.add(who));
        // A person who is protected under one address may be on the roster under another.
        guards.protected_people.iter().for_each(|who| scope.add(who));
        scope.named.sort_unstable();
        scope.ids.sort_unstable();
        scope
    }
}

impl SyncScope<'_> {
    fn add(&mut self, who: &UserRef) {
        match who {
            UserRef::Email(name) | UserRef::Login(name) => {
                self.named.push(fingerprint(name.key()));
            }
            UserRef::Id(id) => self.ids.push(fingerprint(&id.value)),
        }
    }
}

impl UserFilter for SyncScope<'_> {
    fn wants(&self, who: &Who<'_>) -> bool {
        let absent = self.request.policy.absent != AbsentPolicy::Keep;
        let is_named = |name: &str| self.named.binary_search(&fingerprint(name)).is_ok();
        absent && self.counts(who) && self.request.policy.absence.has_domain_of(who.names())
            || who.names().any(is_named)
            || !self.ids.is_empty() && self.ids.binary_search(&fingerprint(who.id)).is_ok()
    }

    fn counts(&self, who: &Who<'_>) -> bool {
        self.request.covers(&who.address)
    }

    fn wants_times(&self) -> bool {
        let policy = &self.request.policy;
        policy.absence.spare_created_within_days > 0
            || policy.inactive_for_days.is_some()
            || matches!(policy.absent, AbsentPolicy::DisableThenDelete(_))
    }

    fn counts_memberships(&self) -> bool {
        plan::needs_memberships(self.request)
    }
}
