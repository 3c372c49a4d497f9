//! The feed against an organisation in memory.

mod changes;
mod cursors;
