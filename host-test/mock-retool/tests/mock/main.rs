//! What clients and tests of the mock rely on, over real HTTP.

mod access;
mod client;
mod control;
mod faults;
mod groups;
mod hooks;
mod limits;
mod members;
mod seed;
mod users;
