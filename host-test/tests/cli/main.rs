//! Tests the command: its output on stdout and stderr, and its exit codes.

mod apply;
mod changes;
#[path = "../support/command.rs"]
mod command;
mod deprovision;
mod endless;
mod errors;
#[cfg(unix)]
mod held;
#[cfg(unix)]
mod input;
mod network;
mod page;
mod person;
mod restore;
mod show;
mod shown;
#[cfg(unix)]
mod signals;
mod sync;
mod terminal;
mod transcripts;
