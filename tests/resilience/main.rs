//! What the component does on a bad day: servers that fail, lie, stall or are somebody else's,
//! hosts that are killed, callers that ask for nonsense. One module per kind of trouble.

#[path = "../support/mod.rs"]
mod support;

mod fault;
mod scene;

mod acknowledgements;
mod bad_days;
mod bounds;
mod conflicts;
mod errors;
mod every_call;
mod input;
mod kill;
mod lost_replies;
mod partial;
mod paths;
mod retries;
mod retry_after;
mod secrets;
mod stale;
mod too_much;
mod traffic;
