//! Provisions, deprovisions and restores single users.

mod departure;
mod person;
mod provision;
mod restore;
mod target_groups;

pub use departure::{
    Deletion, Departure, DeprovisionOutcome, Deprovisioned, Mode, delete_account, deprovision,
    is_as_gone_as_can_be,
};
pub use person::{Creation, create_once, end_sessions, find_one, memberships, reread};
pub use provision::{Arrival, ProvisionOutcome, Provisioned, provision};
pub use restore::{PersonRestored, Restoration, RestoreOutcome, RestoreReport, Restored, restore};
pub use target_groups::create_group_once;
