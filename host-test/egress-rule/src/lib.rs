//! The rules for what leaves a component and what comes back to it, for every Rust host of this
//! repository: the host library, and the guard of `examples/composition`. `host-test/package/npm/egress.js`
//! follows them too; the files in `cases/` are tested on both.
//!
//! - [`Origin`]: a component reaches one origin, over HTTPS or on the loopback interface.
//! - [`Mask`]: a token that a server repeats is replaced with asterisks, in whatever spelling the
//!   component would decode.
#![cfg_attr(not(test), no_std)]
#![deny(missing_docs)]

extern crate alloc;

mod mask;
mod origin;
mod spelling;

pub use mask::{MINIMUM_TOKEN, Mask, Place, Tokens};
pub use origin::Origin;
