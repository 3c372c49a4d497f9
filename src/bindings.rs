//! The contract in `wit/`, as Rust: one trait for each interface, which `guest` implements, and
//! the types that they take and give. The world is embedded into the component here.
#![allow(missing_docs, reason = "the documentation is the contract's")]

wit_bindgen::generate!({
    path: "wit",
    world: "plugin",
    default_bindings_module: "crate::bindings",
});
