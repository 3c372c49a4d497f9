//! The host's bindings, generated from the same WIT as the component's.
//!
//! Every type can be serialized and deserialized, so that plans and steps can be stored.
#![allow(missing_docs)]

wasmtime::component::bindgen!({
    path: "../wit",
    world: "plugin",
    exports: { default: async },
    additional_derives: [PartialEq, serde::Serialize, serde::Deserialize],
});
