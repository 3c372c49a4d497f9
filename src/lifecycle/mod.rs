//! Provisions, deprovisions and restores single users.

mod account;
mod deletion;
mod departure;
mod group_admins;
mod person;
mod provision;
mod restore;
mod sessions;
mod target_groups;
#[cfg(test)]
pub(crate) mod testing;

pub use account::{
    Changed, Dropped, GONE, change_account, disabled_since, with_memberships_at_risk,
};
pub use deletion::{
    DELETIONS_DISABLE, Deletion, delete_account, is_as_gone_as_can_be, no_deletion,
};
pub use departure::{Departure, DeprovisionOutcome, Deprovisioned, Mode, deprovision};
pub use group_admins::{add_group_admins, find_with_memberships, with_memberships};
pub use person::{
    Creation, check_absence, check_ref, check_refs, create_once, find_by_email, find_one,
    listed_without_record, memberships, reread,
};
pub use provision::{Arrival, ProvisionOutcome, Provisioned, provision};
pub use restore::{PersonRestored, Restoration, RestoreOutcome, RestoreReport, Restored, restore};
pub use sessions::{NO_REQUEST, Sessions, end_sessions};
pub use target_groups::create_group_once;
