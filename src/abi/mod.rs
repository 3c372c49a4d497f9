//! The canonical ABI of the component model: how the contract's values lie in linear memory.
//!
//! Generated bindings write this out anew in each exported function. Here it is once for each
//! type, and the component's own types are lowered where they lie, without a copy: a quarter of
//! the component's size. That shapes and names are those of `wit/` is checked by a test.
//!
//! A [`Layout`] is what the component model calls size, alignment and number of flat values.
//! [`Lower`] writes a value, [`Lift`] reads one, [`record!`] and its like declare them.

mod layout;
mod lift;
mod lower;
mod macros;
mod returned;

#[cfg(test)]
pub use layout::MOST_FLAT;
pub use layout::{Layout, Shape};
pub use lift::{Lift, Source, free};
pub use lower::{Lower, Place};
pub(crate) use macros::{cases, record};
pub use returned::{Answer, deliver, release};
