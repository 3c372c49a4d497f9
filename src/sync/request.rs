//! What a sync is asked for: a roster and a policy.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::Guard;
use super::absence::{AbsenceScope, DisabledRecord};
use crate::domain::{
    Changes, Email, Empty, GroupRef, Rare, User, UserPatch, UserRef, UserType, WayIn,
};

/// The wanted state of one user.
#[derive(Clone, Debug, PartialEq)]
pub struct DesiredUser {
    /// The person's address. For a person named by id or login without one, a
    /// [stand-in](Email::stand_in).
    pub email: Email,
    /// The fields to have; `disabled` and `email` are always `None`.
    pub fields: UserPatch,
    /// The groups to be in. People share them, because a roster names a group for each member.
    pub groups: Vec<Arc<GroupRef>>,
    /// What most entries do not give.
    pub details: Rare<Details>,
}

/// What most entries of a roster do not give.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Details {
    /// How the person is named, if not by address: by id or by login.
    pub by: Option<UserRef>,
    /// SCIM's `userName` for a new person; the address where `None`.
    pub login: Option<String>,
    /// Addresses that the person had before. An account with one of them gets the present one.
    pub former_emails: Vec<Email>,
    /// The user attributes to set or to remove.
    pub attributes: Changes,
    /// Whether the person administers these of the groups. Others are kept as they are.
    pub group_admins: BTreeMap<GroupRef, bool>,
    /// How a new person gets access; by an account where `None`.
    pub way_in: Option<WayIn>,
}

impl Empty for Details {
    const EMPTY: &'static Self = &Details {
        by: None,
        login: None,
        former_emails: Vec::new(),
        attributes: Changes::new(),
        group_admins: BTreeMap::new(),
        way_in: None,
    };
}

impl DesiredUser {
    /// Creates an entry of a person with this address, without fields and groups.
    pub fn new(email: Email) -> Self {
        let (fields, groups) = (UserPatch::default(), Vec::new());
        DesiredUser { email, fields, groups, details: Rare::default() }
    }

    /// Returns whether the entry names a user, by whatever it names people by.
    pub fn means(&self, user: &User) -> bool {
        match &self.details.by {
            Some(who) => who.means(user),
            None => user.answers_to(&self.email),
        }
    }

    /// Returns what names the person, for messages.
    pub fn label(&self) -> &str {
        self.details.by.as_ref().map_or(self.email.as_str(), UserRef::as_str)
    }
}

/// A span of addresses, compared by [`Email::key`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Span {
    /// The first key inside. `None`: no lower bound.
    pub start: Option<String>,
    /// The first key that is no longer inside. `None`: no upper bound.
    pub before: Option<String>,
}

impl Span {
    /// Returns whether an address is inside.
    pub fn contains(&self, email: &Email) -> bool {
        self.contains_key(email.key())
    }

    /// Returns whether an address is inside, given as an [`Email::key`].
    pub fn contains_key(&self, address: &str) -> bool {
        self.start.as_deref().is_none_or(|start| address >= start)
            && self.before.as_deref().is_none_or(|before| address < before)
    }
}

/// What happens to users in the span who are not on the roster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AbsentPolicy {
    /// Nothing.
    #[default]
    Keep,
    /// They are disabled.
    Disable,
    /// They are deleted.
    Delete,
    /// They are disabled, and deleted once they have been disabled for this many days.
    DisableThenDelete(u32),
}

/// What happens to memberships.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MembershipPolicy {
    /// Nothing.
    #[default]
    Leave,
    /// Users are added, never removed.
    Add,
    /// Named groups contain exactly the users whose roster entries list them.
    Exact,
}

/// The maximum of a guard: a percentage of what the guard names, rounded down, or the floor if that
/// is higher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// The percentage.
    pub percent: u32,
    /// The number that is always allowed.
    pub floor: u32,
}

impl Limit {
    /// Creates a limit.
    pub const fn new(percent: u32, floor: u32) -> Self {
        Limit { percent, floor }
    }

    /// Returns how many of `base` are allowed.
    pub fn of(self, base: usize) -> u32 {
        let share = base as u64 * u64::from(self.percent) / 100;
        u32::try_from(share).unwrap_or(u32::MAX).max(self.floor)
    }
}

/// Limits on the damage of a wrong roster, with the contract's defaults filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct GuardLimits {
    /// Users disabled or deleted, of the enabled users in the span.
    pub user_removals: Limit,
    /// Members removed from one group, of its members.
    pub member_removals: Limit,
    /// Memberships removed over all groups, of those in the named groups.
    pub membership_removals: Limit,
    /// Users created or invited, of the enabled users in the span.
    pub creations: Limit,
    /// Users who become administrators, of the enabled administrators.
    pub promotions: Limit,
    /// Disabled users who are enabled, of the enabled users in the span.
    pub re_enablements: Limit,
    /// Users whose fields change, of the enabled users in the span.
    pub updates: Limit,
    /// Members added to one group, of its members.
    pub member_additions: Limit,
    /// Number of enabled administrators that must be left.
    pub minimum_admins: u32,
    /// Users who must be enabled administrators afterwards.
    pub required_admins: Vec<UserRef>,
    /// Users who are never disabled or deleted, and never lose rights or a membership.
    pub protected_people: Vec<UserRef>,
    /// Allows an empty roster.
    pub allow_empty_roster: bool,
}

impl GuardLimits {
    /// Returns the limits by their names in the contract.
    pub fn limits(&self) -> [(Guard, Limit); 8] {
        [
            (Guard::UserRemovals, self.user_removals),
            (Guard::MemberRemovals, self.member_removals),
            (Guard::MembershipRemovals, self.membership_removals),
            (Guard::Creations, self.creations),
            (Guard::Promotions, self.promotions),
            (Guard::ReEnablements, self.re_enablements),
            (Guard::Updates, self.updates),
            (Guard::MemberAdditions, self.member_additions),
        ]
    }
}

impl Default for GuardLimits {
    fn default() -> Self {
        GuardLimits {
            user_removals: Limit::new(5, 3),
            member_removals: Limit::new(25, 3),
            membership_removals: Limit::new(10, 10),
            creations: Limit::new(20, 25),
            promotions: Limit::new(5, 1),
            re_enablements: Limit::new(5, 3),
            updates: Limit::new(25, 25),
            member_additions: Limit::new(50, 25),
            minimum_admins: 2,
            required_admins: Vec::new(),
            protected_people: Vec::new(),
            allow_empty_roster: false,
        }
    }
}

/// What a sync may do. By default nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policy {
    /// Create users who are missing.
    pub create_missing: bool,
    /// Set the given fields of existing users.
    pub update_existing: bool,
    /// Enable users on the roster who are disabled.
    pub re_enable_disabled: bool,
    /// Keep users on the roster who are disabled as they are.
    pub leave_disabled: bool,
    /// What happens to users who are not on the roster.
    pub absent: AbsentPolicy,
    /// Whose absence counts.
    pub absence: AbsenceScope,
    /// Treat users who were last active more than this many days ago as absent.
    pub inactive_for_days: Option<u32>,
    /// What happens to memberships.
    pub memberships: MembershipPolicy,
    /// Groups that are managed in addition to those on the roster.
    pub managed_groups: Vec<GroupRef>,
    /// Create groups that are named and missing.
    pub create_missing_groups: bool,
    /// What new users are billed as if their entry does not say.
    pub default_user_type: Option<UserType>,
    /// The limits on the damage.
    pub guards: GuardLimits,
}

/// The roster, and what a sync may do. It is checked: no person twice, no person outside the span,
/// no group twice in one list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SyncRequest {
    /// The people, in any order.
    pub roster: Vec<DesiredUser>,
    /// The addresses that the roster covers.
    pub span: Span,
    /// What may be done.
    pub policy: Policy,
    /// Since when users are disabled, each once.
    pub disabled_since: Vec<DisabledRecord>,
}

impl SyncRequest {
    /// Returns whether the roster covers an account with this main address, given as an
    /// [`Email::key`]. An account without an address belongs to the part of a roster that has no
    /// lower limit, and only if the policy says so.
    pub fn covers(&self, address: &str) -> bool {
        match Email::is_address_key(address) {
            true => self.span.contains_key(address),
            false => self.policy.absence.without_address && self.span.start.is_none(),
        }
    }
}
