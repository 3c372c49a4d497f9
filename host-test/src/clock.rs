//! The component's monotonic clock. Its timers end early when the host stops the call.

use std::future::pending;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use wasmtime::component::Resource;
use wasmtime_wasi::clocks::WasiClocksView;
use wasmtime_wasi::p2::bindings::clocks::monotonic_clock;
use wasmtime_wasi_io::poll::{DynPollable, Pollable, subscribe};
use wasmtime_wasi_io::{IoView, async_trait};

use crate::state::State;

/// How long a timer takes at most once the call is stopped. The component asks for its next request
/// then, which is refused. Timers that ended at once would make it compute while it waits for
/// requests that have begun.
const LONGEST_ONCE_STOPPED: Duration = Duration::from_millis(100);

impl monotonic_clock::Host for State {
    fn now(&mut self) -> wasmtime::Result<u64> {
        self.clocks().now()
    }

    fn resolution(&mut self) -> wasmtime::Result<u64> {
        self.clocks().resolution()
    }

    fn subscribe_instant(&mut self, when: u64) -> wasmtime::Result<Resource<DynPollable>> {
        let now = self.clocks().now()?;
        self.subscribe_duration(when.saturating_sub(now))
    }

    fn subscribe_duration(&mut self, nanoseconds: u64) -> wasmtime::Result<Resource<DynPollable>> {
        if nanoseconds == 0 {
            return self.clocks().subscribe_duration(0);
        }
        let timer = Timer::new(Duration::from_nanos(nanoseconds), self.stop().clone());
        let timer = self.table().push(timer)?;
        subscribe(self.table(), timer)
    }
}

struct Timer {
    /// `None` if it is too far away to be represented.
    until: Option<Instant>,
    /// Ends the timer early.
    stop: CancellationToken,
}

impl Timer {
    fn new(duration: Duration, stop: CancellationToken) -> Timer {
        if stop.is_cancelled() {
            let until = Instant::now().checked_add(duration.min(LONGEST_ONCE_STOPPED));
            return Timer { until, stop: CancellationToken::new() };
        }
        Timer { until: Instant::now().checked_add(duration), stop }
    }
}

#[async_trait]
impl Pollable for Timer {
    async fn ready(&mut self) {
        let ended = async {
            match self.until {
                Some(until) => sleep_until(until).await,
                None => pending().await,
            }
        };
        tokio::select! {
            () = ended => {}
            () = self.stop.cancelled() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(60 * 60);

    #[tokio::test]
    async fn a_stop_ends_running_timers_and_later_ones_are_short() {
        let stop = CancellationToken::new();
        let mut timer = Timer::new(HOUR, stop.clone());
        let start = Instant::now();
        stop.cancel();
        timer.ready().await;
        let later = Timer::new(HOUR, stop.clone());
        assert!(later.until.is_some_and(|until| until < start + HOUR));
        Timer::new(HOUR, stop).ready().await;
    }

    #[tokio::test]
    async fn a_timer_takes_its_time_if_nothing_stops_the_call() {
        let start = Instant::now();
        let time = Duration::from_millis(20);
        Timer::new(time, CancellationToken::new()).ready().await;
        assert!(start.elapsed() >= time);
    }
}
