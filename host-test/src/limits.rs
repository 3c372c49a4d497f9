//! Limits on the time and memory of one call.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use wasmtime::ResourceLimiter;

/// The resources that one call may use. A call that uses more is stopped, and its instance is
/// dropped. The limits hold from the component's first instruction, which may be in code that runs
/// when the instance is created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The maximum linear memory of an instance, in bytes: the sum over all its memories. 256 MiB
    /// by default.
    pub memory: usize,
    /// The maximum duration of a call, including waiting for one of the host's places and for the
    /// network. 5 minutes by default.
    pub wall_clock: Duration,
    /// The maximum time that a call may compute, excluding waiting. What the host does for it, also
    /// on its connections, counts. 30 seconds by default.
    pub compute: Duration,
    /// The maximum number of objects that the host keeps for a call: its requests, responses,
    /// headers, streams and timers. 1,500 by default. The component needs about 12 for each
    /// request that is in flight, of which there are at most 64. An object keeps at most 20 KiB of
    /// texts, which is 30 MiB in all by default, besides `memory`: an argument of the component, or
    /// the head of a response, which is refused if it is larger than 16 KiB. The tables of headers
    /// may take twice as much. Only a request that is not sent yet keeps more texts, up to 76 KiB:
    /// method, authority, path and headers.
    pub resources: usize,
    /// The maximum number of requests of a call that are in flight; more wait. 128 by default. The
    /// component sends at most 64 at the same time. A request is in flight until the body of its
    /// response is read or dropped. Of a body that is not read, the host keeps at most 256 KiB over
    /// HTTP/1.1, which is 32 MiB in all by default, besides `memory`. Over HTTP/2, all calls of a
    /// tenant share a limit, see [`TenantOptions::connections`](crate::TenantOptions::connections).
    pub requests: usize,
    /// How many bytes a call may write to stderr; the rest is dropped. 64 KiB by default.
    pub log: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            memory: 256 << 20,
            wall_clock: Duration::from_secs(5 * 60),
            compute: Duration::from_secs(30),
            resources: 1_500,
            requests: 128,
            log: 64 << 10,
        }
    }
}

/// The maximum number of core instances of a call: one for the component's own module, and some
/// for the small modules that the component format adds.
pub(crate) const CORE_INSTANCES: u32 = 16;

/// The maximum number of linear memories of a call.
pub(crate) const MEMORIES: u32 = 1;

/// The maximum number of tables of a call.
pub(crate) const TABLES: u32 = 16;

/// The maximum number of entries in the tables of a call. The component needs a few hundred.
pub(crate) const TABLE_ELEMENTS: usize = 20_000;

/// The maximum size of the headers of one request or response, in bytes. The component sends less
/// than 1 KiB beside its token. The HTTP library accepts no larger ones over HTTP/2.
pub(crate) const HEADERS: usize = 16 << 10;

/// The largest linear memory that any instance of a tenant has had, in bytes.
#[derive(Clone, Debug, Default)]
pub(crate) struct PeakMemory(Arc<AtomicUsize>);

impl PeakMemory {
    pub(crate) fn bytes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// Refuses memory and tables beyond the limits, which hold for all of an instance's memories and
/// tables together. Remembers that it refused memory: the component then traps without saying why.
#[derive(Debug)]
pub(crate) struct StoreLimiter {
    limit: usize,
    /// The memory that was allowed, in bytes. If the system then does not grant it, it stays
    /// counted: the engine does not say how much it was.
    memory: usize,
    /// The table entries that were allowed.
    elements: usize,
    refused: bool,
    peak: PeakMemory,
}

impl StoreLimiter {
    pub(crate) fn new(limit: usize, peak: PeakMemory) -> Self {
        StoreLimiter { limit, memory: 0, elements: 0, refused: false, peak }
    }

    /// Returns whether the component requested more memory than the limit.
    pub(crate) fn refused(&self) -> bool {
        self.refused
    }
}

/// Returns the new sum if one of its parts grows; `None` if the part must not.
fn grown(
    sum: usize,
    current: usize,
    desired: usize,
    maximum: Option<usize>,
    limit: usize,
) -> Option<usize> {
    let sum = sum.saturating_add(desired.saturating_sub(current));
    // Beyond its own maximum it will not grow, so it must not be counted.
    (sum <= limit && maximum.is_none_or(|maximum| desired <= maximum)).then_some(sum)
}

impl ResourceLimiter for StoreLimiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        match grown(self.memory, current, desired, maximum, self.limit) {
            Some(sum) => {
                self.memory = sum;
                self.peak.0.fetch_max(sum, Ordering::Relaxed);
                Ok(true)
            }
            None => {
                self.refused |= maximum.is_none_or(|maximum| desired <= maximum);
                Ok(false)
            }
        }
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let sum = grown(self.elements, current, desired, maximum, TABLE_ELEMENTS);
        self.elements = sum.unwrap_or(self.elements);
        Ok(sum.is_some())
    }

    fn instances(&self) -> usize {
        CORE_INSTANCES as usize
    }

    fn memories(&self) -> usize {
        MEMORIES as usize
    }

    fn tables(&self) -> usize {
        TABLES as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(limit: usize) -> StoreLimiter {
        StoreLimiter::new(limit, PeakMemory::default())
    }

    #[test]
    fn memories_are_limited_by_their_sum() {
        let mut limiter = limiter(100);
        let mut grows = |current, desired, maximum| {
            limiter.memory_growing(current, desired, maximum).expect("an answer")
        };
        assert!(grows(0, 40, None));
        assert!(grows(0, 40, Some(100)));
        assert!(!grows(0, 40, None), "a third memory");
        assert!(grows(40, 60, None));
        assert!(!grows(40, 41, None), "a second memory that grows");
        assert!(limiter.refused());
        assert_eq!(limiter.peak.bytes(), 100);
    }

    #[test]
    fn a_memory_that_can_not_grow_is_neither_counted_nor_a_refusal() {
        let mut limiter = limiter(100);
        for _ in 0..100 {
            assert!(!limiter.memory_growing(10, 60, Some(50)).expect("an answer"));
        }
        assert!(!limiter.refused());
        assert!(limiter.memory_growing(0, 100, None).expect("an answer"));
    }

    #[test]
    fn tables_are_limited_by_their_sum() {
        let mut limiter = limiter(0);
        let half = TABLE_ELEMENTS / 2;
        assert!(limiter.table_growing(0, half, None).expect("an answer"));
        assert!(limiter.table_growing(0, half, None).expect("an answer"));
        assert!(!limiter.table_growing(0, 1, None).expect("an answer"));
        assert!(!limiter.table_growing(half, usize::MAX, None).expect("an answer"));
        assert!(!limiter.refused(), "it is not about memory");
    }
}
