//! Invitations, and how a new person gets access.

use alloc::vec::Vec;

use super::{Changes, Email, GroupId, User};

/// How a new person gets access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WayIn {
    /// An account is created.
    Account,
    /// An invitation is sent.
    Invitation,
}

/// An invitation to send.
#[derive(Clone, Debug, PartialEq)]
pub struct NewInvitation {
    /// The address.
    pub email: Email,
    /// The groups that the person joins by accepting it.
    pub groups: Vec<GroupId>,
    /// The metadata of the person. Keys without a value are left out.
    pub metadata: Changes,
}

/// An invitation that was not accepted.
#[derive(Clone, Debug, PartialEq)]
pub struct Invitation {
    /// The invited user, with the id of the invitation.
    pub user: User,
    /// Whether it can still be accepted. Otherwise it has expired.
    pub open: bool,
}
