//! Tests of the mock over real HTTP.

mod access;
mod client;
mod control;
mod deviations;
mod faults;
mod groups;
mod hooks;
mod limits;
mod listings;
mod members;
mod scim;
mod seed;
mod status_faults;
mod users;
mod v2_access;
mod v2_attributes;
mod v2_faults;
mod v2_groups;
mod v2_invites;
mod v2_members;
mod v2_pages;
mod v2_users;
