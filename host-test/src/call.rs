//! One call: it creates an instance, runs it within the limits, and drops it.

use std::time::{Duration, Instant};

use secrecy::SecretString;
use wasmtime::component::ResourceTableError;
use wasmtime::{Store, Trap};

use crate::bindings::Plugin;
use crate::egress::Egress;
use crate::engine::Program;
use crate::error::HostError;
use crate::limits::{Limits, PeakMemory};
use crate::log::Stderr;
use crate::meter::{Exceeded, Meter};
use crate::state::State;
use crate::timings::Timings;

/// The inputs of a call.
pub(crate) struct Setup<'a> {
    pub(crate) function: &'static str,
    pub(crate) env: &'a [(String, SecretString)],
    pub(crate) limits: &'a Limits,
    pub(crate) egress: Egress,
    pub(crate) stderr: Stderr,
    pub(crate) peak: PeakMemory,
    pub(crate) meter: Meter,
    /// When the caller began to wait for the call.
    pub(crate) begun: Instant,
}

/// A call. Its instance is created as its first step, within its limits.
pub(crate) struct Call<'a> {
    pub(crate) store: Store<State>,
    program: &'a Program,
    function: &'static str,
    limits: &'a Limits,
    stderr: Stderr,
    meter: Meter,
    begun: Instant,
    /// How long it took to create the instance, once it is there.
    instantiating: Option<Duration>,
}

impl<'a> Call<'a> {
    pub(crate) fn new(program: &'a Program, setup: Setup<'a>) -> Call<'a> {
        let Setup { function, env, limits, egress, stderr, peak, meter, begun } = setup;
        let state = State::new(env, &stderr, egress, limits, peak);
        let mut store = Store::new(program.pre.engine(), state);
        State::limit(&mut store, limits);
        let turns = meter.clone();
        // At a tick the call yields instead of trapping. `Meter` checks the limits, because it can
        // distinguish waiting from computing.
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(move |_| Ok(turns.at_tick()));
        Call { store, program, function, limits, stderr, meter, begun, instantiating: None }
    }

    /// Returns the call's meter. The call must run within it.
    pub(crate) fn meter(&self) -> Meter {
        self.meter.clone()
    }

    /// Returns how long the call may still take.
    pub(crate) fn remaining(&self) -> Duration {
        self.limits.wall_clock.saturating_sub(self.begun.elapsed())
    }

    /// Creates the instance, which may run code of the component.
    pub(crate) async fn instantiate(&mut self) -> wasmtime::Result<Plugin> {
        let start = Instant::now();
        let plugin = self.program.pre.instantiate_async(&mut self.store).await?;
        self.instantiating = Some(start.elapsed());
        Ok(plugin)
    }

    /// Converts the outcome of the call into a result or the host's error. `ran` is how long it
    /// ran.
    pub(crate) fn end<T>(
        self,
        ended: Result<wasmtime::Result<T>, Exceeded>,
        ran: Duration,
        timings: &Timings,
    ) -> Result<T, HostError> {
        let Call { store, function, limits, stderr, meter, instantiating, .. } = self;
        stderr.finish();
        timings.called(instantiating.unwrap_or_default(), ran, meter.spent().get());
        let state = store.data();
        // Check this first: after a refused request, the component may fail in any way.
        if let Some(attempted) = state.egress.refused() {
            return Err(HostError::Egress {
                function,
                attempted: attempted.to_owned(),
                allowed: state.egress.allowed(),
            });
        }
        match ended {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) if state.limiter.refused() => {
                Err(HostError::Memory { function, limit: limits.memory })
            }
            Ok(Err(error)) if is_full(&error) => {
                Err(HostError::Resources { function, limit: limits.resources })
            }
            Ok(Err(error)) if instantiating.is_none() => {
                Err(HostError::Setup { message: trap_message(&error) })
            }
            Ok(Err(error)) => Err(HostError::Trap { function, message: trap_message(&error) }),
            Err(Exceeded::WallClock) => {
                Err(HostError::WallClock { function, limit: limits.wall_clock })
            }
            Err(Exceeded::Compute) => Err(HostError::Compute { function, limit: limits.compute }),
        }
    }
}

/// Returns whether the call wanted to hold more objects of the host than it may.
fn is_full(error: &wasmtime::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<ResourceTableError>())
        .any(|error| matches!(error, ResourceTableError::Full))
}

/// Returns only the trap or the innermost cause, because the whole error includes a backtrace.
fn trap_message(error: &wasmtime::Error) -> String {
    match error.downcast_ref::<Trap>() {
        Some(trap) => trap.to_string(),
        None => error.root_cause().to_string(),
    }
}
