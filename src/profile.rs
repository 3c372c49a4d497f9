//! Measures where the time of a call goes, if `RETOOL_PROFILE` is set.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::event::{self, Event};

/// A phase of a call in which the component computes.
#[derive(Clone, Copy)]
pub enum Phase {
    /// Checking and converting the parameters.
    Parameters,
    /// Decoding responses.
    Decoding,
    /// Comparing the current state with the wanted one.
    Planning,
    /// Converting the result.
    Result,
}

static WANTED: AtomicBool = AtomicBool::new(false);
static SPENT_NS: [AtomicU64; 4] = [const { AtomicU64::new(0) }; 4];

/// Reads a monotonic clock, in nanoseconds. Always 0 in native builds, which don't measure.
#[cfg(target_arch = "wasm32")]
pub fn now_ns() -> u64 {
    crate::wasi_http::now_ns()
}

#[cfg(not(target_arch = "wasm32"))]
fn now_ns() -> u64 {
    0
}

/// Resets the times at the start of a call. `wanted` turns measuring on.
#[cfg_attr(not(target_arch = "wasm32"), allow(dead_code, reason = "only the guest uses it"))]
pub fn begin(wanted: bool) {
    WANTED.store(wanted, Ordering::Relaxed);
    for spent in &SPENT_NS {
        spent.store(0, Ordering::Relaxed);
    }
}

/// Runs `work` and adds its time to a phase.
pub fn time<T>(phase: Phase, work: impl FnOnce() -> T) -> T {
    let start = start();
    let value = work();
    stop(phase, start);
    value
}

/// Returns the start time of a phase, if times are measured.
pub fn start() -> Option<u64> {
    WANTED.load(Ordering::Relaxed).then(now_ns)
}

/// Adds the time since `start` to a phase.
pub fn stop(phase: Phase, start: Option<u64>) {
    if let Some(start) = start {
        let spent = now_ns().saturating_sub(start);
        SPENT_NS[phase as usize].fetch_add(spent, Ordering::Relaxed);
    }
}

/// Returns the event for the log, if times are measured.
#[cfg_attr(not(target_arch = "wasm32"), allow(dead_code, reason = "only the guest uses it"))]
pub fn event() -> Option<Event> {
    let us = |phase: Phase| SPENT_NS[phase as usize].load(Ordering::Relaxed) / 1000;
    WANTED.load(Ordering::Relaxed).then(|| {
        Event::Profile(event::Profile {
            parameters_us: us(Phase::Parameters),
            decoding_us: us(Phase::Decoding),
            planning_us: us(Phase::Planning),
            result_us: us(Phase::Result),
        })
    })
}
