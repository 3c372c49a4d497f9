//! Measures time, and computes medians.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;

/// The time that one run took.
#[derive(Clone, Copy, Debug)]
pub struct Taken {
    /// Wall-clock time.
    pub wall: Duration,
    /// CPU time of this process.
    pub cpu: Duration,
}

fn cpu() -> Duration {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

/// Measures one run.
pub async fn run<T>(work: impl Future<Output = T>) -> (T, Taken) {
    let (wall, before) = (Instant::now(), cpu());
    let value = work.await;
    let cpu = cpu().saturating_sub(before);
    (value, Taken { wall: wall.elapsed(), cpu })
}

/// The medians of the runs of one contender.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Median {
    /// In milliseconds.
    pub wall_ms: f64,
    /// In milliseconds.
    pub cpu_ms: f64,
}

impl Median {
    /// Computes the medians of at least one run.
    pub fn of(runs: &[Taken]) -> Median {
        Median {
            wall_ms: median(runs.iter().map(|run| ms(run.wall))),
            cpu_ms: median(runs.iter().map(|run| ms(run.cpu))),
        }
    }
}

/// Converts to milliseconds.
pub fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// Returns the median.
pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    percentile(values, 50)
}

/// Returns the value that this percentage of the values does not exceed.
pub fn percentile(values: impl Iterator<Item = f64>, percent: usize) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let at = (values.len() * percent / 100).min(values.len().saturating_sub(1));
    values.get(at).copied().unwrap_or_default()
}
