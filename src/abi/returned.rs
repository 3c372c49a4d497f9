//! What a function returns: kept until the host has read it.

use alloc::boxed::Box;
use core::cell::RefCell;

use super::layout::{Layout, Shape};
use super::lower::{Arena, Lower, Place};
use crate::error::{Error, Result};

/// A result of any function.
pub trait Answer {
    /// The room that it takes.
    fn layout(&self) -> Layout;

    /// Writes it.
    fn write(&self, to: Place<'_>);
}

impl<T: Lower> Answer for T {
    fn layout(&self) -> Layout {
        T::LAYOUT
    }

    fn write(&self, to: Place<'_>) {
        self.lower(to);
    }
}

/// A result as the host reads it, and everything that it points to.
struct Returned {
    _outcome: Result<Box<dyn Answer>>,
    _arena: Arena,
}

struct Slot(RefCell<Option<Returned>>);

// SAFETY: an instance of a component has one thread.
unsafe impl Sync for Slot {}

/// The component model has the host read a result before it calls anything else.
static RETURNED: Slot = Slot(RefCell::new(None));

/// Writes a result, and says where it is.
pub fn deliver(outcome: Result<Box<dyn Answer>>) -> usize
where
    Error: Lower,
{
    let payload = outcome.as_ref().map_or(Layout::EMPTY, |answer| answer.layout());
    let layout = Layout::variant(&[payload, Error::LAYOUT]);
    let arena = Arena::default();
    let place = arena.place(layout);
    match &outcome {
        Ok(answer) => answer.write(place.case(0, layout)),
        Err(error) => error.lower(place.case(1, layout)),
    }
    let address = place.address();
    RETURNED.0.replace(Some(Returned { _outcome: outcome, _arena: arena }));
    address
}

/// Forgets the result, which the host has read.
pub fn release() {
    RETURNED.0.replace(None);
}
