//! Results as text for people. Pure: every function makes a `String`, with all that comes from
//! outside made fit for a terminal, and with colours, which what prints it may leave out.

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
pub(crate) use plan::{page_kept, plan};
pub(crate) use profile::profile;
pub(crate) use report::report;
pub(crate) use style::alarm;
#[cfg(test)]
pub(crate) use style::plain;

#[cfg(test)]
pub(crate) mod samples;
