//! Renders results as text for people. Every function is pure and returns a `String`. Untrusted
//! text in it is made printable. It contains colours, which the printing code may remove.

mod check;
mod error;
mod hints;
mod page;
mod person;
mod plan;
mod profile;
mod report;
mod style;
mod words;

pub(crate) use check::check;
pub(crate) use error::{error, host_error};
pub(crate) use hints::for_error;
pub(crate) use page::{About, page};
pub(crate) use person::{deprovision, kept, provision, recorded, restore, tombstone, tombstones};
pub(crate) use plan::{page_kept, plan, plan_saved};
pub(crate) use profile::profile;
pub(crate) use report::{applied, report};
pub(crate) use style::alarm;
#[cfg(test)]
pub(crate) use style::plain;
