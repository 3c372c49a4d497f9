//! The one place where bindings are generated, from the same WIT as the component's.
//!
//! Every type can be written as JSON and read back, so that plans and steps can be kept.
#![allow(missing_docs)]

wasmtime::component::bindgen!({
    path: "../wit",
    world: "plugin",
    exports: { default: async },
    additional_derives: [PartialEq, serde::Serialize, serde::Deserialize],
});
