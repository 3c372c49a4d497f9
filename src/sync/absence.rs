//! Decides whose absence counts: the scope of absence, inactivity, and the days of grace.
//!
//! All times are compared with the server's clock: a host's clock may be wrong by any amount.
//! Without the server's time, nobody is old enough, inactive or due.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use super::{AbsentPolicy, Snapshot, SyncRequest};
use crate::domain::{Email, GroupId, GroupRef, User, UserId};
use crate::error::Result;
use crate::group_index::{GroupIndex, groups_missing};
use crate::lifecycle::days_count_from;
use crate::sort;
use crate::time::{days_ms, parse_iso};

/// People whose absence counts, within the span of a request. All conditions must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AbsenceScope {
    /// Only people with an address in one of these domains, as [`Email::key`]s; all if empty.
    pub domains: Vec<String>,
    /// Only members of one of these groups; all people if empty.
    pub members_of: Vec<GroupRef>,
    /// Never people whose account was created less than this many days ago.
    pub spare_created_within_days: u32,
    /// Whether accounts without an address are absent too, if they are not on the roster.
    pub without_address: bool,
}

impl AbsenceScope {
    /// Returns whether one of these names, as [`Email::key`]s, is an address in a domain of the
    /// scope. The domain of an address is the whole of what follows its last `@`.
    pub fn has_domain_of<'n>(&self, mut names: impl Iterator<Item = &'n str>) -> bool {
        let is_inside = |name: &str| {
            let domain = name.rsplit_once('@').map(|(_, domain)| domain);
            domain.is_some_and(|domain| self.domains.iter().any(|inside| inside == domain))
        };
        self.domains.is_empty() || names.any(is_inside)
    }
}

/// Since when a person is disabled, as the caller recorded it.
#[derive(Clone, Debug, PartialEq)]
pub struct DisabledRecord {
    /// The person.
    pub user: UserId,
    /// Milliseconds since the Unix epoch.
    pub since: i64,
}

/// What the days of grace say about a disabled person who is absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grace {
    /// They are over.
    Over,
    /// They end at this time, in milliseconds since the Unix epoch.
    Until(i64),
    /// There is no record of when the person was disabled.
    NoRecord,
    /// The server did not say what time it is.
    NoClock,
}

/// Why a person who is in the scope otherwise is spared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spared {
    /// The account is too new.
    New,
    /// It is not known when the account was created, or what time it is.
    Undated,
}

/// The scope of absence of a request, applied to an organisation as it was listed.
pub struct Absence<'a> {
    request: &'a SyncRequest,
    /// The groups whose members count, sorted; empty if all people count.
    groups: Vec<GroupId>,
    /// The server's time when the listing began, in milliseconds since the Unix epoch.
    now: Option<i64>,
    records: BTreeMap<&'a UserId, i64>,
}

impl<'a> Absence<'a> {
    /// Finds the groups of the scope. Fails with `group-not-found` and `ambiguous-group`. They are
    /// never created: a new group has no members. Nothing is looked up if absent people are kept.
    pub fn of(request: &'a SyncRequest, snapshot: &Snapshot) -> Result<Self> {
        let policy = &request.policy;
        let mut groups = Vec::new();
        if policy.absent != AbsentPolicy::Keep {
            let existing = GroupIndex::new(&snapshot.groups);
            let mut missing = Vec::new();
            for group in sort::set(&policy.absence.members_of) {
                match (existing.find(group)?, group) {
                    (Some(found), _) => groups.push(found.id.clone()),
                    (None, GroupRef::Name(name)) => missing.push(name.as_str()),
                    // The index fails for an unknown id.
                    (None, GroupRef::Id(_)) => {}
                }
            }
            if let [first, others @ ..] = missing.as_slice() {
                let error = groups_missing(first.trim(), others.len());
                return Err(error.in_field("request.policy.absence-scope.members-of"));
            }
            sort::sort(&mut groups);
        }
        let records = request.disabled_since.iter().map(|one| (&one.user, one.since)).collect();
        Ok(Absence { request, groups, now: snapshot.read_at, records })
    }

    /// Returns whether the absence of an account counts: it is inside the span with all of its
    /// addresses, as the roster of another part may have one of them, and in the scope.
    pub fn covers(&self, user: &User) -> bool {
        self.covers_but_for_age(user) && self.spares(user).is_none()
    }

    /// Returns whether the absence of an account counts, whenever it was created.
    pub fn covers_but_for_age(&self, user: &User) -> bool {
        self.request.covers(user.email.key())
            && addresses(user).all(|name| self.request.span.contains(name))
            && self.is_in_scope(user)
    }

    /// Returns whether only some addresses of an account are inside the span.
    pub fn straddles(&self, user: &User) -> bool {
        let covers = |name: &Email| self.request.span.contains(name);
        user.names.is_some()
            && self.is_in_scope(user)
            && (self.request.covers(user.email.key()) || addresses(user).any(covers))
    }

    /// Returns whether an account has an address in one of the domains, and is in one of the groups.
    fn is_in_scope(&self, user: &User) -> bool {
        let is_counted =
            |id: &GroupId| self.groups.is_empty() || self.groups.binary_search(id).is_ok();
        self.request.policy.absence.has_domain_of(addresses(user).map(Email::key))
            && (self.groups.is_empty()
                || user.groups.iter().flatten().any(|link| is_counted(&link.id)))
    }

    /// Returns why an account is spared, if it is too new.
    pub fn spares(&self, user: &User) -> Option<Spared> {
        let days = self.request.policy.absence.spare_created_within_days;
        if days == 0 {
            return None;
        }
        let created = user.times.created_at.as_deref().and_then(parse_iso);
        match (created, self.now) {
            (Some(created), Some(now)) if created.saturating_add(days_ms(days)) <= now => None,
            (Some(_), Some(_)) => Some(Spared::New),
            _ => Some(Spared::Undated),
        }
    }

    /// Returns whether a person was last active longer ago than the policy allows. Without a date
    /// nobody is inactive. An invitation has none.
    pub fn is_inactive(&self, user: &User) -> bool {
        let Some(days) = self.request.policy.inactive_for_days else { return false };
        let active = user.times.last_active_at.as_deref().and_then(parse_iso);
        match (active, self.now) {
            (Some(active), Some(now)) if !user.is_invitation() => {
                active.saturating_add(days_ms(days)) < now
            }
            _ => false,
        }
    }

    /// Returns whether the server said what time it is.
    pub fn has_clock(&self) -> bool {
        self.now.is_some()
    }

    /// Returns since when a person is disabled, as the caller recorded it.
    pub fn disabled_since(&self, user: &User) -> Option<i64> {
        self.records.get(&user.id).copied()
    }

    /// Returns what the days of grace say about a disabled account.
    pub fn grace(&self, user: &User, days: u32) -> Grace {
        let Some(recorded) = self.disabled_since(user) else { return Grace::NoRecord };
        let Some(now) = self.now else { return Grace::NoClock };
        let due = days_count_from(user, recorded).saturating_add(days_ms(days));
        if due <= now { Grace::Over } else { Grace::Until(due) }
    }
}

/// Returns the addresses of an account, its login among them if it is one.
fn addresses(user: &User) -> impl Iterator<Item = &Email> {
    user.all_names().filter(|name| name.is_address() && name.key().contains('@'))
}
