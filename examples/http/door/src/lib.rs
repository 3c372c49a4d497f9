//! Serves every function of the contract over HTTP: `POST /v1/{interface}/{function}`, with the
//! request as JSON and a connection by its name. See `examples/http/README.md`.
//!
//! - `functions`: the functions, from the WIT: reading a call, making it, writing its result
//! - `configuration`: what the operator configures
//! - `access`: who may call what
//! - `connections`: connections by name, from the environment
//! - `limit`: the limit on a body's size
//! - `problem`: errors as documents of RFC 9457
//! - `route`: what a method and a path mean
//! - `answer`: a request to a response, without WASI
//! - `component`: the export, on WASI's types
#![cfg_attr(target_arch = "wasm32", no_std)]
// Elsewhere there is no export, and only tests use the rest.
#![cfg_attr(not(target_arch = "wasm32"), allow(dead_code))]

extern crate alloc;

mod access;
mod answer;
#[allow(dead_code, unused_imports, unsafe_op_in_unsafe_fn, clippy::all)]
mod bindings {
    include!(concat!(env!("OUT_DIR"), "/bindings.rs"));
}
#[cfg(target_arch = "wasm32")]
mod body;
#[cfg(target_arch = "wasm32")]
mod component;
mod configuration;
mod connections;
mod functions;
mod limit;
mod problem;
mod route;
#[cfg(target_arch = "wasm32")]
mod runtime;
