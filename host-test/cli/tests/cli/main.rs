//! Tests the command: its output on stdout and stderr, and its exit codes.

mod apply;
#[cfg(unix)]
mod call;
mod changes;
mod command;
mod consent;
mod deprovision;
mod directory;
mod endless;
mod errors;
#[cfg(unix)]
mod examples;
mod export;
mod forms;
mod groups;
#[cfg(unix)]
mod held;
#[cfg(unix)]
mod input;
mod many;
mod network;
mod nightly;
mod page;
mod person;
mod rename;
mod report_page;
mod restore;
mod rosters;
mod show;
mod shown;
#[cfg(unix)]
mod signals;
mod slices;
mod sync;
mod terminal;
mod tombstones;
mod transcripts;
mod unattended;
