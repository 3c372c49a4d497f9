//! Writes, as results and errors report them.

use alloc::string::String;

/// What a write did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteKind {
    /// A user was created.
    UserCreated,
    /// An invitation was sent.
    UserInvited,
    /// A user's fields were changed.
    UserUpdated,
    /// A user's address was changed.
    UserRenamed,
    /// A user's attribute was set or removed.
    AttributeChanged,
    /// A user was disabled.
    UserDisabled,
    /// A user was enabled.
    UserEnabled,
    /// A user was deleted for good.
    UserDeleted,
    /// A user joined a group.
    MemberAdded,
    /// A member became an administrator of a group, or is no longer one.
    MemberChanged,
    /// A user left a group.
    MemberRemoved,
    /// A group was created.
    GroupCreated,
    /// A group's fields were changed.
    GroupUpdated,
    /// A group was deleted.
    GroupDeleted,
    /// An invitation was withdrawn.
    InvitationCancelled,
    /// A user's sessions were ended.
    SessionsEnded,
    /// A user's second factor was reset.
    TwoFactorReset,
}

/// One write that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// What it did.
    pub kind: WriteKind,
    /// The person's address, or the group's name.
    pub subject: String,
    /// For memberships and groups, the group's label.
    pub group: Option<String>,
    /// Whether the server confirmed it.
    pub confirmed: bool,
    /// Whether it disables, deletes or strips the person.
    pub strips: bool,
}
