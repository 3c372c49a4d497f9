//! retool-lifecycle as it is built for WebAssembly.
#![deny(missing_docs)]

/// The component, as a file in the component format.
pub const BYTES: &[u8] = include_bytes!(env!("RETOOL_LIFECYCLE_COMPONENT"));

/// Its version, which is the workspace's.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The package of the contract that it keeps, with its version: `namespace:name@version`.
pub const CONTRACT: &str = env!("RETOOL_LIFECYCLE_CONTRACT");

/// What compiled it, with its version, as it names itself: `rustc 1.95.0 (…)`.
pub const COMPILER: &str = env!("RETOOL_LIFECYCLE_COMPILER");
