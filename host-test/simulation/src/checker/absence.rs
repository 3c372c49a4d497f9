//! Checks that a sync removes only people whose absence counts: in the scope, old enough, and after
//! their days of grace.

use mock_retool::{Dialect, Invite, Organisation, User};
use retool_lifecycle::sync::{AbsentPolicy, SyncRequest};
use retool_lifecycle::time::{days_ms, parse_iso};

use super::Checker;
use crate::allowed_writes::desired;
use crate::change::{Change, key};
use crate::dialects::group_number;
use crate::operation::Operation;

/// The policy that a write belongs to, and whether the call that writes also made the plan.
fn request_of(operation: &Operation) -> Option<(&SyncRequest, bool)> {
    match operation {
        Operation::Sync(request) => Some((request, true)),
        Operation::Step(_, request) => Some((request, false)),
        Operation::Slice(slice) => Some((&slice.request, false)),
        _ => None,
    }
}

/// Returns the addresses of a user: the main one, and the login if it is one.
fn addresses(user: &User) -> impl Iterator<Item = String> {
    let login = user.scim.get("userName").and_then(|login| login.as_str());
    login.into_iter().chain([user.email.as_str()]).map(key)
}

fn is_in_a_domain(request: &SyncRequest, mut addresses: impl Iterator<Item = String>) -> bool {
    let domains = &request.policy.absence.domains;
    let is_inside = |address: String| {
        address.rsplit('@').next().is_some_and(|domain| {
            domain.len() < address.len() && domains.iter().any(|inside| inside == domain)
        })
    };
    domains.is_empty() || addresses.any(is_inside)
}

fn is_in_a_group(request: &SyncRequest, groups: impl Iterator<Item = u32>) -> bool {
    let members_of = &request.policy.absence.members_of;
    let is_named = |group: u32| {
        members_of.iter().any(|named| match named {
            retool_lifecycle::domain::GroupRef::Id(id) => group_number(id) == Some(group),
            // The scenario names the groups of a scope by id.
            retool_lifecycle::domain::GroupRef::Name(_) => false,
        })
    };
    members_of.is_empty() || { groups }.any(is_named)
}

impl Checker {
    /// Returns how long ago a time was, in milliseconds.
    fn age(&self, time: &str) -> Option<i64> {
        Some(parse_iso(&self.time)? - parse_iso(time)?)
    }

    /// Checks a change of a sync that removes a person.
    pub(super) fn check_absence(
        &mut self,
        before: &Organisation,
        change: &Change,
        is_deletion: bool,
    ) {
        let operation = std::rc::Rc::clone(&self.operation);
        let Some((request, is_whole)) = request_of(&operation) else { return };
        let (id, is_deleted) = match change {
            // A server that shows no disabled users makes an account vanish.
            Change::UserDeleted { id, .. } => (id, is_deletion),
            Change::UserField { id, field, after, .. }
                if field == "isDisabled" && *after == true =>
            {
                (id, false)
            }
            _ => return,
        };
        let Some(user) = before.user(id) else { return };
        if user.is_disabled && !is_deleted {
            return;
        }
        if let Some(why) = self.why_not_absent(request, user, is_whole, is_deleted) {
            let what = format!("{} is removed, and {why}", user.email);
            self.violated("the scope of absence", what);
        }
    }

    /// Returns why the absence of a user does not count.
    fn why_not_absent(
        &self,
        request: &SyncRequest,
        user: &User,
        is_whole: bool,
        is_deleted: bool,
    ) -> Option<&'static str> {
        let policy = &request.policy;
        let known = self.addresses_of(&user.id);
        if !is_in_a_domain(request, known.iter().cloned().chain(addresses(user))) {
            return Some("is in no domain of the scope");
        }
        let groups = self.states().filter_map(|state| Some(state.groups_of(state.user(&user.id)?)));
        // An applied plan saw the groups of an earlier time.
        if is_whole && !is_in_a_group(request, groups.flatten().map(|group| group.id)) {
            return Some("is in no group of the scope");
        }
        let spared = days_ms(policy.absence.spare_created_within_days);
        if spared > 0 && self.age(&user.created_at).is_none_or(|age| age < spared) {
            return Some("the account is too new");
        }
        // Another administrator may have changed the address before the listing.
        let is_named = self.given_by_id(&user.id).is_some();
        if (is_named || known.iter().all(|address| desired(request, address).is_some()))
            && !self.is_inactive(request, user)
        {
            return Some("is on the roster and was active");
        }
        let AbsentPolicy::DisableThenDelete(days) = policy.absent else { return None };
        if !is_deleted || self.deletion_only_disables() {
            return None;
        }
        let id = crate::dialects::user_id(self.dialect, user);
        let record = request.disabled_since.iter().find(|one| one.user == id);
        let Some(record) = record.filter(|_| user.is_disabled) else {
            return Some("it is not known since when it is disabled");
        };
        let edited = parse_iso(&user.updated_at).filter(|_| !self.is_touched);
        let since = edited.map_or(record.since, |edited| edited.max(record.since));
        let now = parse_iso(&self.time)?;
        (since + days_ms(days) > now).then_some("its days of grace are not over")
    }

    /// Whether a person was last active longer ago than the policy allows, as the server says it.
    fn is_inactive(&self, request: &SyncRequest, user: &User) -> bool {
        let Some(days) = request.policy.inactive_for_days else { return false };
        let is_said = match self.dialect {
            Dialect::V1 => self.beliefs.listing.v1_activity,
            Dialect::V2 => true,
            Dialect::Scim => false,
        };
        let age = user.last_active.as_deref().and_then(|time| self.age(time));
        is_said && age.is_some_and(|age| age > days_ms(days))
    }

    /// Whether a person on the roster may be left as they are: disabled, or inactive.
    pub(super) fn may_be_left(&self, request: &SyncRequest, user: &User) -> bool {
        let was_disabled = self.start.user(&user.id).is_none_or(|user| user.is_disabled);
        request.policy.leave_disabled && was_disabled
            || self.is_inactive(request, user) && user.is_disabled
    }

    /// Whether the absence of a user counts beyond doubt.
    pub(super) fn is_surely_in_scope(&self, request: &SyncRequest, user: &User) -> bool {
        let spared = days_ms(request.policy.absence.spare_created_within_days);
        let groups = self.now().groups_of(user).map(|group| group.id);
        is_in_a_domain(request, [key(&user.email)].into_iter())
            && is_in_a_group(request, groups)
            && (spared == 0
                || self.beliefs.listing.omit.is_empty()
                    && self.age(&user.created_at).is_some_and(|age| age > spared + days_ms(1)))
    }

    /// Whether the absence of an invited person counts beyond doubt.
    pub(super) fn is_invitation_surely_in_scope(
        &self,
        request: &SyncRequest,
        invite: &Invite,
    ) -> bool {
        let scope = &request.policy.absence;
        is_in_a_domain(request, [key(&invite.email)].into_iter())
            && is_in_a_group(request, invite.groups.iter().copied())
            && scope.spare_created_within_days == 0
    }
}
