//! The Retool user lifecycle as a WebAssembly component: provision, deprovision, sync.
//!
//! The contract is in `wit/`; start there. Inside, dependencies point one way: the functions
//! of the contract (`guest`, over `bindings`) check and call `lifecycle`, `sync`, `feed`, `groups` and
//! `diagnostics`, which know a Retool API only through the traits of `retool`, which speak HTTP
//! only through the traits of `http`, which WASI implements in `wasi_http`.
//!
//! On WebAssembly the crate is `no_std`, so that the component imports only what it calls;
//! natively it is an ordinary library, so that all but `guest`, `rt` and `wasi_http` can be
//! tested without a sandbox.

#![cfg_attr(target_arch = "wasm32", no_std)]
#![warn(missing_docs)]

extern crate alloc;

pub mod config;
pub mod de;
pub mod diagnostics;
pub mod domain;
pub mod error;
pub mod feed;
pub mod fingerprint;
pub mod graph;
pub mod group_index;
pub mod groups;
pub mod http;
pub mod input;
pub mod journal;
pub mod lifecycle;
mod profile;
pub mod retool;
mod ser;
pub mod session;
pub mod sort;
pub mod sync;
pub mod time;

#[cfg(target_arch = "wasm32")]
mod bindings;
#[cfg(target_arch = "wasm32")]
mod guest;
#[cfg(target_arch = "wasm32")]
mod rt;
// A part of `rt`, which is for WebAssembly alone; its tests run natively.
#[cfg(all(test, not(target_arch = "wasm32")))]
#[path = "rt/compare.rs"]
mod compare;
#[cfg(target_arch = "wasm32")]
mod wasi_http;
