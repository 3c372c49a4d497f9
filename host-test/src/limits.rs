//! Limits on the time and memory of one call.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use wasmtime::ResourceLimiter;

/// The resources that one call may use. A call that uses more is stopped, and its instance is
/// dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The maximum linear memory of an instance, in bytes. 256 MiB by default.
    pub memory: usize,
    /// The maximum duration of a call, including waiting. 5 minutes by default.
    pub wall_clock: Duration,
    /// The maximum time that a call may compute, excluding waiting. 30 seconds by default.
    pub compute: Duration,
    /// How many bytes a call may write to stderr; the rest is dropped. 64 KiB by default.
    pub log: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            memory: 256 << 20,
            wall_clock: Duration::from_secs(5 * 60),
            compute: Duration::from_secs(30),
            log: 64 << 10,
        }
    }
}

/// The maximum number of entries in a table of an instance. The component needs a few hundred.
const TABLE_ELEMENTS: usize = 20_000;

/// The largest linear memory that any instance of a tenant has had, in bytes.
#[derive(Clone, Debug, Default)]
pub(crate) struct PeakMemory(Arc<AtomicUsize>);

impl PeakMemory {
    pub(crate) fn bytes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// Refuses memory beyond the limit, and remembers that it did. The component then traps without
/// saying why.
#[derive(Debug)]
pub(crate) struct MemoryLimiter {
    limit: usize,
    refused: bool,
    peak: PeakMemory,
}

impl MemoryLimiter {
    pub(crate) fn new(limit: usize, peak: PeakMemory) -> Self {
        MemoryLimiter { limit, refused: false, peak }
    }

    /// Returns whether the component requested more than the limit.
    pub(crate) fn refused(&self) -> bool {
        self.refused
    }
}

impl ResourceLimiter for MemoryLimiter {
    fn memory_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let allowed = desired <= self.limit;
        self.refused |= !allowed;
        if allowed {
            self.peak.0.fetch_max(desired, Ordering::Relaxed);
        }
        Ok(allowed)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= TABLE_ELEMENTS)
    }
}
