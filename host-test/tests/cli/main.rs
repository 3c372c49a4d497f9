//! The command as it is run: what it prints where, and its exit codes.

mod changes;
mod command;
mod departure;
mod errors;
mod network;
mod page;
mod person;
mod restore;
mod show;
mod sync;
mod terminal;
