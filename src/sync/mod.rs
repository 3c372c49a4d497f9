//! Many people: a roster, a plan of what it takes, and its application.
//!
//! [`plan`](plan::plan) is a function of request and snapshot without I/O; `apply` makes the
//! writes. The types here are what the two share.

use alloc::string::String;
use alloc::vec::Vec;

use crate::domain::{
    Dialect, Email, FieldChange, Group, GroupId, GroupRef, Tombstone, User, UserId, UserPatch,
    UserType,
};
use crate::retool::user_filter::Others;

mod admins;
pub mod apply;
pub mod digest;
pub mod guards;
pub mod plan;
pub mod report;
pub mod scope;
pub mod snapshot;
pub mod step;

/// One person as they shall be.
#[derive(Clone, Debug, PartialEq)]
pub struct DesiredUser {
    /// The person.
    pub email: Email,
    /// The fields to have; `disabled` is always `None`.
    pub fields: UserPatch,
    /// The groups to be in.
    pub groups: Vec<GroupRef>,
}

/// A span of addresses, compared by [`Email::key`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Span {
    /// The first key inside; from the first of all where `None`.
    pub start: Option<String>,
    /// The first key no longer inside; to the last of all where `None`.
    pub before: Option<String>,
}

impl Span {
    /// Whether an address is inside.
    pub fn contains(&self, email: &Email) -> bool {
        self.contains_key(email.key())
    }

    /// Whether an address is inside, given as [`Email::key`] has it.
    pub fn contains_key(&self, address: &str) -> bool {
        self.start.as_deref().is_none_or(|start| address >= start)
            && self.before.as_deref().is_none_or(|before| address < before)
    }
}

/// What happens to people in the span who are not on the roster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AbsentPolicy {
    /// Nothing.
    Keep,
    /// They are disabled.
    Disable,
    /// They are deleted.
    Delete,
}

/// What happens to memberships.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MembershipPolicy {
    /// Nothing.
    Leave,
    /// People are added, never removed.
    Add,
    /// Named groups hold exactly the people of the roster that say so.
    Exact,
}

/// What limits the damage of a wrong roster; the defaults of the contract are filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct GuardLimits {
    /// Percent of the enabled people in the span that may go.
    pub max_user_removal_percent: u32,
    /// People that may go whatever the percentage says.
    pub max_user_removal_floor: u32,
    /// Percent of a group's members that may go.
    pub max_member_removal_percent: u32,
    /// Members that may go whatever the percentage says.
    pub max_member_removal_floor: u32,
    /// Enabled administrators that must be left.
    pub minimum_admins: u32,
    /// People who must be enabled administrators afterwards.
    pub required_admins: Vec<Email>,
    /// People who are never disabled, deleted, or taken rights or a membership of.
    pub protected_people: Vec<Email>,
    /// Allows a roster without anybody.
    pub allow_empty_roster: bool,
}

impl Default for GuardLimits {
    fn default() -> Self {
        GuardLimits {
            max_user_removal_percent: 5,
            max_user_removal_floor: 3,
            max_member_removal_percent: 25,
            max_member_removal_floor: 3,
            minimum_admins: 2,
            required_admins: Vec::new(),
            protected_people: Vec::new(),
            allow_empty_roster: false,
        }
    }
}

/// What a sync may do.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Create people who are missing.
    pub create_missing: bool,
    /// Set the given fields of people who exist.
    pub update_existing: bool,
    /// Enable people on the roster who are disabled.
    pub re_enable_disabled: bool,
    /// What happens to people who are not on the roster.
    pub absent: AbsentPolicy,
    /// What happens to memberships.
    pub memberships: MembershipPolicy,
    /// Groups covered beside those on the roster.
    pub managed_groups: Vec<GroupRef>,
    /// Create groups that are named and missing.
    pub create_missing_groups: bool,
    /// What new people are billed as where their entry does not say.
    pub default_user_type: Option<UserType>,
    /// What limits the damage.
    pub guards: GuardLimits,
}

/// Who shall be there, and what may be done about it. Checked: nobody twice, nobody outside
/// the span, no group twice in one list.
#[derive(Clone, Debug, PartialEq)]
pub struct SyncRequest {
    /// The people, in any order.
    pub roster: Vec<DesiredUser>,
    /// The addresses the roster speaks for.
    pub span: Span,
    /// What may be done.
    pub policy: Policy,
}

/// The organisation as one listing saw it.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The dialect that was spoken.
    pub dialect: Dialect,
    /// Everybody whom the request [concerns](scope::SyncScope), at least. `groups` is `Some` for
    /// each if the plan is to look at memberships.
    pub users: Vec<User>,
    /// Everybody else.
    pub others: Others,
    /// Every group.
    pub groups: Vec<Group>,
    /// Whether nobody can be missing. An incomplete snapshot removes nobody.
    pub complete: bool,
}

impl Snapshot {
    /// How many seats of a type are held: by enabled people, those without a type counting as
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
    /// Enable a disabled person, with the changes.
    EnableUser,
    /// Change a person's fields.
    UpdateUser,
    /// Add a person to a group.
    AddMember,
    /// Remove a person from a group.
    RemoveMember,
    /// Disable a person.
    DisableUser,
    /// Delete a person.
    DeleteUser,
}

impl StepKind {
    /// The contract's spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            StepKind::CreateGroup => "create-group",
            StepKind::CreateUser => "create-user",
            StepKind::EnableUser => "enable-user",
            StepKind::UpdateUser => "update-user",
            StepKind::AddMember => "add-member",
            StepKind::RemoveMember => "remove-member",
            StepKind::DisableUser => "disable-user",
            StepKind::DeleteUser => "delete-user",
        }
    }
}

/// One write of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What it does.
    pub kind: StepKind,
    /// The person; `None` for the creation of a group.
    pub email: Option<Email>,
    /// The person's id; `None` for somebody whom the plan creates.
    pub user: Option<UserId>,
    /// The group's name, where known.
    pub group_name: Option<String>,
    /// The group's id; `None` for a group that the plan creates.
    pub group: Option<GroupId>,
    /// The fields to set. For a creation `before` is `None`; enabling includes `disabled`.
    pub changes: Vec<FieldChange>,
    /// Digest of the state it was planned on: see [`digest`].
    pub precondition: String,
}

/// Why somebody is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalReason {
    /// Missing, and creating was not allowed.
    CreationNotAllowed,
    /// Disabled, and enabling was not allowed.
    UserDisabled,
    /// Missing, and nothing says what to bill them as.
    UserTypeRequired,
    /// Protected from what the plan would do.
    ProtectedPerson,
    /// Several people of this address.
    AmbiguousUser,
    /// Missing, and the dialect creates nobody without both names.
    NameRequired,
}

impl RefusalReason {
    /// The contract's spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            RefusalReason::CreationNotAllowed => "creation-not-allowed",
            RefusalReason::UserDisabled => "user-disabled",
            RefusalReason::UserTypeRequired => "user-type-required",
            RefusalReason::ProtectedPerson => "protected-person",
            RefusalReason::AmbiguousUser => "ambiguous-user",
            RefusalReason::NameRequired => "name-required",
        }
    }
}

/// Somebody who is left alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// The person.
    pub email: Email,
    /// Why.
    pub reason: RefusalReason,
    /// One sentence for people.
    pub message: String,
}

/// A guard of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// People disabled or deleted.
    UserRemovals,
    /// Members removed from one group.
    MemberRemovals,
    /// Enabled administrators left.
    MinimumAdmins,
    /// A required administrator who would not be one.
    RequiredAdmins,
    /// A roster without anybody.
    EmptyRoster,
    /// A removal out of a listing that is not complete.
    IncompleteSnapshot,
}

impl Guard {
    /// The contract's spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Guard::UserRemovals => "user-removals",
            Guard::MemberRemovals => "member-removals",
            Guard::MinimumAdmins => "minimum-admins",
            Guard::RequiredAdmins => "required-admins",
            Guard::EmptyRoster => "empty-roster",
            Guard::IncompleteSnapshot => "incomplete-snapshot",
        }
    }
}

/// How a guard judged the plan.
#[derive(Clone, Debug, PartialEq)]
pub struct GuardReport {
    /// Which guard.
    pub guard: Guard,
    /// The group or person it is about.
    pub subject: Option<String>,
    /// The most that may go, or the fewest that must be left.
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
    /// The dialect that was spoken.
    pub dialect: Dialect,
    /// The addresses that the roster speaks for.
    pub span: Span,
    /// The policy, with the defaults filled in.
    pub policy: Policy,
}

/// What a roster takes.
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
    /// What would have been the steps, if a guard tripped.
    pub withheld: Vec<Step>,
    /// The accounts that a step disables, deletes or strips, as the listing showed them; by
    /// address.
    pub tombstones: Vec<Tombstone>,
    /// People who need nothing, by address.
    pub unchanged: Vec<Email>,
    /// People who are left alone, by address.
    pub refusals: Vec<Refusal>,
    /// Seats added and removed, by type.
    pub seats: Vec<SeatChange>,
    /// Every guard.
    pub guards: Vec<GuardReport>,
    /// What the dialect can't do that bears on this plan.
    pub limitations: Vec<String>,
}

impl Plan {
    /// The guards that refuse it.
    pub fn tripped(&self) -> impl Iterator<Item = &GuardReport> {
        self.guards.iter().filter(|report| report.tripped)
    }
}
