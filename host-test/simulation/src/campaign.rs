//! Makes many runs.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use mock_retool::Dialect;

use crate::defect::Defect;
use crate::figures::Figures;
use crate::run::{Run, run};

/// Number of seeds that a thread takes at a time.
const SHARE: u64 = 16;

/// Runs of consecutive seeds.
#[derive(Clone, Copy, Debug)]
pub struct Campaign {
    /// The first seed.
    pub from: u64,
    /// Number of seeds.
    pub seeds: u64,
    /// Number of threads.
    pub threads: usize,
    /// The dialect of all runs. If `None`, the dialects alternate by seed.
    pub dialect: Option<Dialect>,
    /// A defect to plant in all runs.
    pub defect: Option<Defect>,
}

/// The result of a campaign.
#[derive(Debug, Default)]
pub struct Tally {
    /// Sums over all runs.
    pub figures: Figures,
    /// The failing run with the lowest seed, with its trace.
    pub failure: Option<Run>,
}

impl Campaign {
    /// Makes the runs up to the first that fails. Calls `progress` from time to time with the
    /// number of runs that are done.
    pub fn make(&self, progress: impl Fn(u64) + Sync) -> Tally {
        let next = AtomicU64::new(0);
        let done = AtomicU64::new(0);
        let lowest = AtomicU64::new(u64::MAX);
        let figures = Mutex::new(Figures::default());
        thread::scope(|scope| {
            for _ in 0..self.threads.max(1) {
                scope.spawn(|| {
                    let mut own = Figures::default();
                    loop {
                        let first = next.fetch_add(SHARE, Ordering::Relaxed);
                        let share = first..first.saturating_add(SHARE).min(self.seeds);
                        if share.is_empty() {
                            break;
                        }
                        let count = share.end - share.start;
                        for offset in share {
                            let seed = self.from.wrapping_add(offset);
                            if offset > lowest.load(Ordering::Relaxed) {
                                break;
                            }
                            let run = run(seed, self.dialect, false, self.defect);
                            own += run.figures;
                            if !run.violations.is_empty() {
                                lowest.fetch_min(offset, Ordering::Relaxed);
                            }
                        }
                        progress(done.fetch_add(count, Ordering::Relaxed) + count);
                        if first > lowest.load(Ordering::Relaxed) {
                            break;
                        }
                    }
                    *figures.lock().unwrap_or_else(PoisonError::into_inner) += own;
                });
            }
        });
        let failed = lowest.into_inner();
        Tally {
            figures: figures.into_inner().unwrap_or_else(PoisonError::into_inner),
            failure: (failed != u64::MAX)
                .then(|| run(self.from.wrapping_add(failed), self.dialect, true, self.defect)),
        }
    }
}
