//! Results as text for people. Pure: every function makes a `String`, with all that comes from
//! outside made fit for a terminal.

mod check;
mod error;
mod hints;
mod person;
mod plan;
mod profile;
mod report;
mod words;

pub(crate) use check::check;
pub(crate) use error::{error, host_error};
pub(crate) use hints::for_error;
pub(crate) use person::{deprovision, kept, provision, recorded, restore, tombstone};
pub(crate) use plan::plan;
pub(crate) use profile::profile;
pub(crate) use report::report;

#[cfg(test)]
pub(crate) mod samples;
