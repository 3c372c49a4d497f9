//! Where the time of calls goes.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What some calls took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// How many calls.
    pub calls: u32,
    /// Making their instances.
    pub instantiating: Duration,
    /// Computing: the component, and the host for it.
    pub computing: Duration,
    /// Waiting, which is for the network, or for the pauses between tries.
    pub waiting: Duration,
}

/// The sum of a tenant's calls. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Timings(Arc<Mutex<Timing>>);

impl Timings {
    pub(crate) fn sum(&self) -> Timing {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn instantiated(&self, took: Duration) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).instantiating += took;
    }

    /// A call that took so long, of which it computed for a part.
    pub(crate) fn called(&self, took: Duration, computing: Duration) {
        let mut sum = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sum.calls += 1;
        sum.computing += computing;
        sum.waiting += took.saturating_sub(computing);
    }
}
