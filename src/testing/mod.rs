//! Helpers of the unit tests: a fake platform, fake servers, a feed's organisation in memory, and
//! rosters with organisations to plan on.

pub(crate) mod feed;
pub(crate) mod plan;
pub(crate) mod platform;
pub(crate) mod scim_group;
pub(crate) mod server;
