//! Syncs many users: makes a plan from a roster, and applies it.
//!
//! [`plan`](plan::plan) is a function of request and snapshot without I/O; `apply` makes the
//! writes. Both use the types in this module.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use crate::domain::{
    AttributeDefinition, Changes, Dialect, Email, FieldChange, Group, GroupId, GroupRef, Tombstone,
    User, UserId, UserPatch, UserRef, UserType, WayIn,
};
use crate::retool::user_filter::Others;

use absence::{AbsenceScope, DisabledRecord};

pub mod absence;
pub mod apply;
pub mod digest;
pub mod guards;
pub mod model;
pub mod plan;
pub mod refs;
pub mod report;
pub mod scope;
pub mod snapshot;
pub mod step;

/// The wanted state of one user.
#[derive(Clone, Debug, PartialEq)]
pub struct DesiredUser {
    /// The person's address. For a person named by id or login without one, a
    /// [stand-in](Email::stand_in).
    pub email: Email,
    /// How the person is named, if not by address: by id or by login.
    pub by: Option<UserRef>,
    /// SCIM's `userName` for a new person; the address where `None`.
    pub login: Option<String>,
    /// Addresses that the person had before. An account with one of them gets the present one.
    pub former_emails: Vec<Email>,
    /// The fields to have; `disabled` and `email` are always `None`.
    pub fields: UserPatch,
    /// The user attributes to set or to remove.
    pub attributes: Changes,
    /// The groups to be in.
    pub groups: Vec<GroupRef>,
    /// Whether the person administers these of the groups. Others are kept as they are.
    pub group_admins: BTreeMap<GroupRef, bool>,
    /// How a new person gets access; by an account where `None`.
    pub way_in: Option<WayIn>,
}

impl DesiredUser {
    /// Creates an entry of a person with this address, without fields and groups.
    pub fn new(email: Email) -> Self {
        let (fields, groups) = (UserPatch::default(), Vec::new());
        let attributes = Changes::new();
        DesiredUser {
            email,
            by: None,
            login: None,
            former_emails: Vec::new(),
            fields,
            attributes,
            groups,
            group_admins: BTreeMap::new(),
            way_in: None,
        }
    }

    /// Returns whether the entry names a user, by whatever it names people by.
    pub fn means(&self, user: &User) -> bool {
        match &self.by {
            Some(who) => who.means(user),
            None => user.answers_to(&self.email),
        }
    }

    /// Returns what names the person, for messages.
    pub fn label(&self) -> &str {
        self.by.as_ref().map_or(self.email.as_str(), UserRef::as_str)
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

/// The organisation as it was listed.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The dialect in use.
    pub dialect: Dialect,
    /// At least all users in the [scope](scope::SyncScope) of the request. `groups` is `Some` for
    /// each if the plan uses memberships.
    pub users: Vec<User>,
    /// The counts of all other users.
    pub others: Others,
    /// Further open invitations of users who have an account or another invitation.
    pub invitations: Vec<User>,
    /// Every group.
    pub groups: Vec<Group>,
    /// The user attributes that the organisation defines, if the roster names any; `None` if the
    /// server has none to define.
    pub attributes: Option<Vec<AttributeDefinition>>,
    /// Whether no user can be missing, and every record can be used. A plan on an incomplete
    /// snapshot removes no user for being absent.
    pub complete: bool,
    /// The server's time in milliseconds since the Unix epoch, not later than when it answered;
    /// `None` if it did not say.
    pub read_at: Option<i64>,
}

impl Snapshot {
    /// Counts the seats of a type that enabled users hold. A user without a type counts as
    /// [`UserType::Default`].
    pub fn seats(&self, user_type: UserType) -> u32 {
        let holds = |user: &&User| !user.disabled && user.seat() == Some(user_type);
        self.users.iter().filter(holds).count() as u32 + self.others.seats(user_type)
    }
}

/// What one step does, in the order that plans apply them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StepKind {
    /// Create a group.
    CreateGroup,
    /// Create a person.
    CreateUser,
    /// Invite a person.
    InviteUser,
    /// Change a person's address, and make the other changes.
    RenameUser,
    /// Enable a disabled person, and make the changes.
    EnableUser,
    /// Change a person's fields.
    UpdateUser,
    /// Set or remove a person's user attributes.
    ChangeAttributes,
    /// Add a person to a group.
    AddMember,
    /// Make a member an administrator of a group, or take that away.
    ChangeMember,
    /// Remove a person from a group.
    RemoveMember,
    /// Disable a person.
    DisableUser,
    /// Delete a person.
    DeleteUser,
    /// Withdraw an invitation. It comes last, so that a person is disabled even if this fails.
    CancelInvitation,
}

impl StepKind {
    /// Returns the contract's spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            StepKind::CreateGroup => "create-group",
            StepKind::CreateUser => "create-user",
            StepKind::InviteUser => "invite-user",
            StepKind::RenameUser => "rename-user",
            StepKind::EnableUser => "enable-user",
            StepKind::UpdateUser => "update-user",
            StepKind::ChangeAttributes => "change-attributes",
            StepKind::AddMember => "add-member",
            StepKind::ChangeMember => "change-member",
            StepKind::RemoveMember => "remove-member",
            StepKind::DisableUser => "disable-user",
            StepKind::DeleteUser => "delete-user",
            StepKind::CancelInvitation => "cancel-invitation",
        }
    }

    /// Returns whether it makes a person who was missing.
    pub fn makes_person(self) -> bool {
        matches!(self, StepKind::CreateUser | StepKind::InviteUser)
    }

    /// Returns whether it takes an account or an invitation from a person.
    pub fn removes_person(self) -> bool {
        matches!(self, StepKind::DisableUser | StepKind::DeleteUser | StepKind::CancelInvitation)
    }
}

/// The name of a new user's login among a step's changes.
pub const LOGIN: &str = "login";

/// One write of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What it does.
    pub kind: StepKind,
    /// The person; `None` for the creation of a group.
    pub email: Option<Email>,
    /// The person's id; `None` for a person that the plan creates.
    pub user: Option<UserId>,
    /// The group's name, where known.
    pub group_name: Option<String>,
    /// The group's id; `None` for a group that the plan creates.
    pub group: Option<GroupId>,
    /// For memberships, whether the person administers the group afterwards; `None` keeps it.
    pub group_admin: Option<bool>,
    /// The fields to set. For a creation `before` is `None`; enabling includes `disabled`.
    pub changes: Vec<FieldChange>,
    /// Digest of the state that it was planned on: see [`digest`].
    pub precondition: String,
}

impl Step {
    /// Returns whether the step disables, deletes or strips its person: takes a membership, a right
    /// or a value.
    pub fn strips(&self) -> bool {
        match self.kind {
            StepKind::DisableUser
            | StepKind::DeleteUser
            | StepKind::CancelInvitation
            | StepKind::RemoveMember => true,
            StepKind::ChangeMember => self.group_admin == Some(false),
            _ => self.changes.iter().any(FieldChange::strips),
        }
    }
}

/// Why a person is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalReason {
    /// Missing, and creating was not allowed.
    CreationNotAllowed,
    /// Disabled, and enabling was not allowed.
    UserDisabled,
    /// Missing, and neither entry nor policy has a user type.
    UserTypeRequired,
    /// Protected from what the plan would do.
    ProtectedPerson,
    /// Several users have this address.
    AmbiguousUser,
    /// Missing, and the dialect requires both names to create a user.
    NameRequired,
    /// Absent, and the listing may lack users: absence proves nothing.
    ListingIncomplete,
    /// The server's record can't be used.
    RecordUnreadable,
    /// Missing, and can't be created because no address is given.
    UserNotFound,
    /// Another account has the address or the login of the entry.
    WrongPerson,
    /// The dialect can't do what the entry asks for.
    OperationUnsupported,
}

impl RefusalReason {
    /// Every reason.
    pub const ALL: [Self; 11] = [
        Self::CreationNotAllowed,
        Self::UserDisabled,
        Self::UserTypeRequired,
        Self::ProtectedPerson,
        Self::AmbiguousUser,
        Self::NameRequired,
        Self::ListingIncomplete,
        Self::RecordUnreadable,
        Self::UserNotFound,
        Self::WrongPerson,
        Self::OperationUnsupported,
    ];

    /// Returns the contract's spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            RefusalReason::CreationNotAllowed => "creation-not-allowed",
            RefusalReason::UserDisabled => "user-disabled",
            RefusalReason::UserTypeRequired => "user-type-required",
            RefusalReason::ProtectedPerson => "protected-person",
            RefusalReason::AmbiguousUser => "ambiguous-user",
            RefusalReason::NameRequired => "name-required",
            RefusalReason::ListingIncomplete => "listing-incomplete",
            RefusalReason::RecordUnreadable => "record-unreadable",
            RefusalReason::UserNotFound => "user-not-found",
            RefusalReason::WrongPerson => "wrong-person",
            RefusalReason::OperationUnsupported => "operation-unsupported",
        }
    }

    /// Reads the contract's spelling.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text)
    }
}

/// A person who is left alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// The person.
    pub email: Email,
    /// The login, if the roster names the person by it.
    pub login: Option<String>,
    /// The id, where known.
    pub user: Option<UserId>,
    /// Why.
    pub reason: RefusalReason,
    /// One sentence for people.
    pub message: String,
}

/// A guard of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// Users disabled or deleted.
    UserRemovals,
    /// Members removed from one group.
    MemberRemovals,
    /// Memberships removed over all groups.
    MembershipRemovals,
    /// Users created or invited.
    Creations,
    /// Users who become administrators.
    Promotions,
    /// Disabled users who are enabled.
    ReEnablements,
    /// Users whose fields change.
    Updates,
    /// Members added to one group.
    MemberAdditions,
    /// Enabled administrators left.
    MinimumAdmins,
    /// A required administrator who would not be one.
    RequiredAdmins,
    /// A protected user who would lose something.
    ProtectedPeople,
    /// An empty roster.
    EmptyRoster,
    /// Removals that are based on an incomplete listing.
    IncompleteSnapshot,
}

impl Guard {
    /// Returns the contract's spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Guard::UserRemovals => "user-removals",
            Guard::MemberRemovals => "member-removals",
            Guard::MembershipRemovals => "membership-removals",
            Guard::Creations => "creations",
            Guard::Promotions => "promotions",
            Guard::ReEnablements => "re-enablements",
            Guard::Updates => "updates",
            Guard::MemberAdditions => "member-additions",
            Guard::MinimumAdmins => "minimum-admins",
            Guard::RequiredAdmins => "required-admins",
            Guard::ProtectedPeople => "protected-people",
            Guard::EmptyRoster => "empty-roster",
            Guard::IncompleteSnapshot => "incomplete-snapshot",
        }
    }
}

/// The result of a guard for a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct GuardReport {
    /// Which guard.
    pub guard: Guard,
    /// The group or person it is about.
    pub subject: Option<String>,
    /// The maximum that may be removed, or the minimum that must be left.
    pub limit: u32,
    /// The number in this plan.
    pub actual: u32,
    /// Whether it refuses the plan.
    pub tripped: bool,
    /// One sentence for people.
    pub message: String,
}

/// Seats of one type that a plan changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeatChange {
    /// The seat's type.
    pub user_type: UserType,
    /// Seats held in the whole organisation before.
    pub before: u32,
    /// Seats taken.
    pub added: u32,
    /// Seats freed.
    pub removed: u32,
}

impl SeatChange {
    /// Returns the seats held in the whole organisation afterwards.
    pub fn after(self) -> u32 {
        self.before.saturating_add(self.added).saturating_sub(self.removed)
    }
}

/// Where and when a plan is made.
#[derive(Clone, Debug)]
pub struct Occasion {
    /// The organisation: its base URL in its normal form.
    pub organisation: String,
    /// Milliseconds since the Unix epoch.
    pub now: i64,
}

/// What a plan was made for.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanContext {
    /// The organisation: its base URL in its normal form.
    pub organisation: String,
    /// The dialect in use.
    pub dialect: Dialect,
    /// The addresses that the roster covers.
    pub span: Span,
    /// The policy, with the defaults filled in.
    pub policy: Policy,
}

/// The steps that make the organisation match a roster, and their effects.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// [Digest](digest::plan) of the plan.
    pub digest: String,
    /// Digest of the roster, and of the accounts and groups that the plan is about.
    pub inputs_digest: String,
    /// What it was made for.
    pub context: PlanContext,
    /// When it was made.
    pub made_at: String,
    /// The steps in order; empty if a guard tripped.
    pub steps: Vec<Step>,
    /// The steps that are held back if a guard tripped.
    pub withheld: Vec<Step>,
    /// The accounts that a step disables, deletes or strips, as they were in the listing; by
    /// address.
    pub tombstones: Vec<Tombstone>,
    /// Users who need no change, by address. Empty for a plan that a caller gave back: the contract
    /// has only their number.
    pub unchanged: Vec<Email>,
    /// Number of users who need no change.
    pub unchanged_count: u32,
    /// People who are left alone, by address.
    pub refusals: Vec<Refusal>,
    /// Seats added and removed, by type.
    pub seats: Vec<SeatChange>,
    /// Every guard.
    pub guards: Vec<GuardReport>,
    /// What this plan needs and the dialect can't do.
    pub limitations: Vec<String>,
}

impl Plan {
    /// Returns the guards that refuse the plan.
    pub fn tripped(&self) -> impl Iterator<Item = &GuardReport> {
        self.guards.iter().filter(|report| report.tripped)
    }
}
