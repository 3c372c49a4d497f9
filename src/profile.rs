//! Where the time of a call goes, for who sets `RETOOL_PROFILE`. Otherwise nothing is measured.

use alloc::format;
use alloc::string::String;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// A part of a call in which it computes.
#[derive(Clone, Copy)]
pub enum Phase {
    /// Checking and converting the parameters.
    Parameters,
    /// Reading answers.
    Decoding,
    /// Comparing what is there with what should be.
    Planning,
    /// Converting the result.
    Result,
}

static WANTED: AtomicBool = AtomicBool::new(false);
static SPENT_NS: [AtomicU64; 4] = [const { AtomicU64::new(0) }; 4];

/// A clock for differences, in nanoseconds. Natively nobody asks.
#[cfg(target_arch = "wasm32")]
pub fn now_ns() -> u64 {
    crate::wasi_http::now_ns()
}

#[cfg(not(target_arch = "wasm32"))]
fn now_ns() -> u64 {
    0
}

/// Begins a call.
#[cfg_attr(not(target_arch = "wasm32"), allow(dead_code, reason = "the guest's"))]
pub fn begin(wanted: bool) {
    WANTED.store(wanted, Ordering::Relaxed);
    for spent in &SPENT_NS {
        spent.store(0, Ordering::Relaxed);
    }
}

/// Counts what some work takes to a phase.
pub fn time<T>(phase: Phase, work: impl FnOnce() -> T) -> T {
    let start = start();
    let value = work();
    stop(phase, start);
    value
}

/// When a phase starts, if anybody wants to know.
pub fn start() -> Option<u64> {
    WANTED.load(Ordering::Relaxed).then(now_ns)
}

/// Counts the time since then to a phase.
pub fn stop(phase: Phase, start: Option<u64>) {
    if let Some(start) = start {
        let spent = now_ns().saturating_sub(start);
        SPENT_NS[phase as usize].fetch_add(spent, Ordering::Relaxed);
    }
}

/// The line for the log, if it is wanted. Times are in microseconds.
#[cfg_attr(not(target_arch = "wasm32"), allow(dead_code, reason = "the guest's"))]
pub fn line() -> Option<String> {
    let us = |phase: Phase| SPENT_NS[phase as usize].load(Ordering::Relaxed) / 1000;
    WANTED.load(Ordering::Relaxed).then(|| {
        format!(
            "profile: parameters {} us, decoding {} us, planning {} us, result {} us",
            us(Phase::Parameters),
            us(Phase::Decoding),
            us(Phase::Planning),
            us(Phase::Result),
        )
    })
}
