//! Renders results as text for people. Every function is pure and returns a `String`. Untrusted
//! text in it is made printable. It contains colours, which the printing code may remove.

mod check;
pub(crate) mod counts;
mod directory;
mod error;
mod groups;
mod hints;
mod lines;
mod many;
mod markdown;
mod page;
mod person;
mod plan;
mod profile;
mod report;
mod restore_plan;
mod roster;
mod same_name;
mod sheet;
mod style;
mod switches;
mod table;
mod tally;
mod words;

pub(crate) use check::check;
pub(crate) use directory::{
    GROUP_COLUMNS, USER_COLUMNS, group, group_cells, groups, user, user_cells, users,
};
pub(crate) use error::{error, host_error, written_before};
pub(crate) use groups::{group_changed, group_deleted, group_ensured};
pub(crate) use hints::{for_error, for_request as request_hint};
pub(crate) use many::{deprovision_plan, deprovision_plans, deprovisioned, restored};
pub(crate) use page::{About, Applied, LastActive, page, report_page};
pub(crate) use person::{
    deprovision, kept, kept_in, provision, recorded, restore, tombstone, tombstones,
    two_factor_reset,
};
pub(crate) use plan::{page_kept, plan, plan_saved, report_kept};
pub(crate) use profile::profile;
pub(crate) use report::{Source, report, synced};
pub(crate) use restore_plan::{WouldRestore, would_restore};
pub(crate) use roster::roster_read;
pub(crate) use sheet::Form;
pub(crate) use style::alarm;
#[cfg(test)]
pub(crate) use style::plain;
pub(crate) use switches::of_field as switch_of_field;
