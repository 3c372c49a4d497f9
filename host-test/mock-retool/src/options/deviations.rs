//! Facts about servers that a client may believe in, in the other setting.

use super::AddressChange;

/// How a server deviates from what the documentation says, in every dialect that has the request.
/// By default it does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deviations {
    /// A PUT of a user to `/api/v1` resets the groups that it omits, and one of a group the
    /// members.
    pub put_resets_memberships: bool,
    /// No member can be added over `/api/v1`: the request is answered with 400.
    pub refuses_members: bool,
    /// What a PUT of a user to `/api/v1` does with another address. SCIM has
    /// [`ScimQuirks::user_name_change`](super::ScimQuirks::user_name_change) and
    /// [`ScimQuirks::mail_change`](super::ScimQuirks::mail_change), and `/api/v2` has no such
    /// request.
    pub email_change: AddressChange,
    /// DELETE of a user over `/api/v1` only disables the user. SCIM has
    /// [`ScimQuirks::delete_disables`](super::ScimQuirks::delete_disables).
    pub delete_disables: bool,
    /// What becomes of users who are disabled.
    pub disabled_users: DisabledUsers,
    /// No change of a user moves the time of the last change.
    pub frozen_dates: bool,
}

/// What becomes of users who are disabled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DisabledUsers {
    /// They are shown as disabled.
    #[default]
    Shown,
    /// No request shows them, and their addresses stay taken.
    Hidden,
    /// They are deleted.
    Deleted,
}
