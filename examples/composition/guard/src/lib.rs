//! Stands between a component and its host's `wasi:http/outgoing-handler`: requests to one
//! origin, with the methods that are allowed, are handed on, and every other is denied.
#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

#[cfg(target_arch = "wasm32")]
mod component;
pub mod rule;
