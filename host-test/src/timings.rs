//! Measures where the time of calls goes.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::event::Profile;

/// The total times of some calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// The number of calls.
    pub calls: u32,
    /// The time to create their instances.
    pub instantiating: Duration,
    /// The time that the component computed, and the host for it, also on its connections.
    pub computing: Duration,
    /// The time that the calls waited for the network or between retries.
    pub waiting: Duration,
    /// What the components say about their computing. It is zero without `RETOOL_PROFILE=1`.
    pub profile: Profile,
}

/// The sum of a tenant's calls. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Timings(Arc<Mutex<Timing>>);

impl Timings {
    pub(crate) fn sum(&self) -> Timing {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds what a component says about a call.
    pub(crate) fn profiled(&self, profile: &Profile) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).profile.add(profile);
    }

    /// Adds a call: how long it took to create its instance, how long it ran, including that, and
    /// how much of that it computed.
    pub(crate) fn called(&self, instantiating: Duration, ran: Duration, computing: Duration) {
        // Creating an instance is computing, but it is counted apart.
        let computing = computing.saturating_sub(instantiating);
        let mut sum = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sum.calls += 1;
        sum.instantiating += instantiating;
        sum.computing += computing;
        sum.waiting += ran.saturating_sub(instantiating).saturating_sub(computing);
    }
}
