//! retool-lifecycle, built for WebAssembly.
#![deny(missing_docs)]

mod remap;

pub use remap::remapped;

/// The component, as a file in the component format.
pub const BYTES: &[u8] = include_bytes!(env!("RETOOL_LIFECYCLE_COMPONENT"));

/// The component's version, which is the workspace's.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The contract that the component implements, as `namespace:name@version`.
pub const CONTRACT: &str = env!("RETOOL_LIFECYCLE_CONTRACT");

/// The compiler's own name and version: `rustc 1.95.0 (…)`.
pub const COMPILER: &str = env!("RETOOL_LIFECYCLE_COMPILER");
