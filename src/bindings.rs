//! The one place where bindings are generated.

// The generated code is as it is.
#![allow(missing_docs, clippy::crate_in_macro_def)]

wit_bindgen::generate!({
    world: "plugin",
    path: "wit",
    pub_export_macro: true,
    default_bindings_module: "crate::bindings",
});
