//! Filters the requests of a component to its host's `wasi:http/outgoing-handler`. It forwards
//! requests to one origin with the allowed methods, and denies all others.
#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

#[cfg(target_arch = "wasm32")]
mod component;
pub mod rule;
