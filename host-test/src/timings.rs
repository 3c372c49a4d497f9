//! Measures where the time of calls goes.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The total times of some calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// The number of calls.
    pub calls: u32,
    /// The time to create their instances.
    pub instantiating: Duration,
    /// The time that the component computed, and the host for it.
    pub computing: Duration,
    /// The time that the calls waited for the network or between retries.
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

    /// Adds a call: how long it took, and how much of that it computed.
    pub(crate) fn called(&self, took: Duration, computing: Duration) {
        let mut sum = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sum.calls += 1;
        sum.computing += computing;
        sum.waiting += took.saturating_sub(computing);
    }
}
