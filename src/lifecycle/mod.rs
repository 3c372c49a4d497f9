//! Provisions, deprovisions and restores single users.

mod account;
mod attributes;
mod deletion;
mod departure;
mod former;
pub mod group_admins;
mod invitation;
mod person;
mod provision;
mod restore;
mod sessions;
mod target_groups;
#[cfg(test)]
pub(crate) mod testing;
mod together;
mod two_factor;

pub use account::{
    Changed, Dropped, GONE, change_account, disabled_since, with_memberships_at_risk,
};
pub use attributes::{Definitions, change_attributes};
pub use deletion::{
    DELETIONS_DISABLE, Deletion, delete_account, is_as_gone_as_can_be, no_deletion,
    withdraw_beside_account,
};
pub use departure::{
    Departure, DeparturePlan, DeprovisionOutcome, Deprovisioned, Mode, days_count_from,
    deprovision, plan_deprovision,
};
pub use former::why_not_renamed;
pub use group_admins::{add_group_admins, find_with_memberships, with_memberships};
pub use invitation::{Inviting, invite_once, open_invitations};
pub use person::{
    Creation, check_absence, check_ref, check_refs, create_once, find_by_email, find_listed,
    find_one, listed_without_record, memberships, reread, reread_renamed,
};
pub use provision::{Arrival, ProvisionOutcome, Provisioned, provision};
pub use restore::{PersonRestored, Restoration, RestoreOutcome, RestoreReport, Restored, restore};
pub use sessions::{NO_REQUEST, Sessions, end_sessions};
pub use target_groups::create_group_once;
pub use together::{Together, add_together};
pub use two_factor::{TwoFactorDone, TwoFactorReset, reset_two_factor};
