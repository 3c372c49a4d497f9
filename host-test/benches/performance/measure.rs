//! Time, and what it is compared with.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;

/// What one run took.
#[derive(Clone, Copy, Debug)]
pub struct Taken {
    /// On the wall.
    pub wall: Duration,
    /// Of this process's processors.
    pub cpu: Duration,
}

fn cpu() -> Duration {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

/// Takes the time of one run.
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
    /// Of at least one run.
    pub fn of(runs: &[Taken]) -> Median {
        Median {
            wall_ms: median(runs.iter().map(|run| ms(run.wall))),
            cpu_ms: median(runs.iter().map(|run| ms(run.cpu))),
        }
    }
}

/// In milliseconds.
pub fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// The middle one.
pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    percentile(values, 50)
}

/// The one that so many of a hundred are not above.
pub fn percentile(values: impl Iterator<Item = f64>, percent: usize) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let at = (values.len() * percent / 100).min(values.len().saturating_sub(1));
    values.get(at).copied().unwrap_or_default()
}
