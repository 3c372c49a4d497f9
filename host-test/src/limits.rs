//! How much time and memory one call may take.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use wasmtime::ResourceLimiter;

/// What one call may take of the host. A call that takes more is ended, and its instance is
/// thrown away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most linear memory that an instance may have, in bytes. 256 MiB by default.
    pub memory: usize,
    /// The longest that a call may take, waiting included. 5 minutes by default.
    pub wall_clock: Duration,
    /// The longest that a call may compute, waiting not included. 30 seconds by default.
    pub compute: Duration,
    /// The most that a call may write to stderr, in bytes; the rest is dropped. 64 KiB by
    /// default.
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

/// The most entries in an instance's tables; the component's has a few hundred functions.
const TABLE_ELEMENTS: usize = 20_000;

/// The most linear memory that any instance of a tenant has had, in bytes.
#[derive(Clone, Debug, Default)]
pub(crate) struct PeakMemory(Arc<AtomicUsize>);

impl PeakMemory {
    pub(crate) fn bytes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// Refuses memory beyond the limit, and remembers that it did: what a component makes of a
/// refusal is a trap that does not say why.
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

    /// Whether the component asked for more than it may have.
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
