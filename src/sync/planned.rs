//! A plan: its steps, and what it says about their effects.

use alloc::string::String;
use alloc::vec::Vec;

use super::{Policy, Span};
use crate::domain::{Dialect, Email, FieldChange, GroupId, Tombstone, UserId, UserType};

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
    /// Digest of the state that it was planned on: see [`digest`](super::digest).
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
    /// [Digest](super::digest::plan) of the plan.
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
