//! Tests of the component through the wasmtime host, over HTTP, against the mock server. One module
//! for each behaviour.

#[path = "../support/mod.rs"]
mod support;

mod apply_step;
mod changes;
mod check;
mod contract;
mod deprovision;
mod dialects;
mod directory;
mod evidence;
mod fields;
mod groups;
mod identity;
mod plan;
mod provision;
mod restore;
mod sync;
mod tombstones;
