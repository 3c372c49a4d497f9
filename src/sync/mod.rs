//! Syncs many users: makes a plan from a roster, and applies it.
//!
//! [`plan`](plan::plan) is a function of request and snapshot without I/O; `apply` makes the
//! writes. Both use the types in this module.

use alloc::vec::Vec;

use crate::domain::{AttributeDefinition, Dialect, Group, User, UserType};
use crate::retool::user_filter::Others;

pub mod absence;
pub mod apply;
pub mod digest;
pub mod guards;
pub mod model;
pub mod plan;
mod planned;
pub mod refs;
pub mod report;
mod request;
pub mod scope;
pub mod snapshot;
pub mod step;

pub use planned::{
    Guard, GuardReport, LOGIN, Occasion, Plan, PlanContext, Refusal, RefusalReason, SeatChange,
    Step, StepKind,
};
pub use request::{
    AbsentPolicy, DesiredUser, Details, GuardLimits, Limit, MembershipPolicy, Policy, Span,
    SyncRequest,
};

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
