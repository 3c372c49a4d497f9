//! Measures how long a call computes, makes it yield to other calls, and enforces the time limits.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use wasmtime::UpdateDeadline;

use crate::limits::Limits;
use crate::timings::Timings;

/// How often a computing component is interrupted, so that other calls get a turn and limits are
/// noticed in time.
pub(crate) const TICK: Duration = Duration::from_millis(1);

/// How long a call may compute before other calls get priority: enough for some thousands of
/// people. Calls that have computed less take turns, so that none of them waits for another to end.
const SHORT: Duration = Duration::from_millis(20);

/// The time limit that was exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exceeded {
    WallClock,
    Compute,
}

/// Measures the time that one call has computed. A waiting component is not polled, and a computing
/// one yields at ticks, so the time spent in `poll` is the computing time. Clones share it.
#[derive(Clone)]
pub(crate) struct Meter(Arc<Readings>);

/// Times in nanoseconds. They are atomic because the call may move between threads.
struct Readings {
    made: Instant,
    /// When the current or the last turn began, as the time since `made`.
    turn: AtomicU64,
    /// The sum of all completed turns.
    spent: AtomicU64,
}

impl Default for Meter {
    fn default() -> Self {
        let (turn, spent) = (AtomicU64::new(0), AtomicU64::new(0));
        Meter(Arc::new(Readings { made: Instant::now(), turn, spent }))
    }
}

impl Meter {
    /// Returns what a computing component does at a tick.
    pub(crate) fn at_tick(&self) -> UpdateDeadline {
        let turn = self.turn();
        if turn < TICK / 2 {
            // It was waiting at the time of the tick.
            UpdateDeadline::Continue(1)
        } else if self.spent() + turn < SHORT {
            UpdateDeadline::Yield(1)
        } else {
            // `yield_now` queues the call behind all ready tasks, and behind those that the runtime
            // finds by polling its sockets. A task that only wakes itself runs before that poll.
            UpdateDeadline::YieldCustom(1, Box::pin(tokio::task::yield_now()))
        }
    }

    /// Runs a call within the limits. A call that takes longer is dropped, which stops the
    /// component immediately.
    pub(crate) async fn within<F: Future>(
        &self,
        limits: &Limits,
        timings: &Timings,
        call: F,
    ) -> Result<F::Output, Exceeded> {
        let start = Instant::now();
        let metered = Metered { call: pin!(call), meter: self, limit: limits.compute };
        let ended = tokio::time::timeout(limits.wall_clock, metered).await;
        timings.called(start.elapsed(), self.spent());
        ended.unwrap_or(Err(Exceeded::WallClock))
    }

    fn spent(&self) -> Duration {
        Duration::from_nanos(self.0.spent.load(Ordering::Relaxed))
    }

    fn turn(&self) -> Duration {
        let began = Duration::from_nanos(self.0.turn.load(Ordering::Relaxed));
        self.0.made.elapsed().saturating_sub(began)
    }

    fn begin_turn(&self) {
        self.0.turn.store(self.0.made.elapsed().as_nanos() as u64, Ordering::Relaxed);
    }

    fn end_turn(&self) {
        self.0.spent.fetch_add(self.turn().as_nanos() as u64, Ordering::Relaxed);
    }
}

/// A call that is measured.
struct Metered<'a, F> {
    call: Pin<&'a mut F>,
    meter: &'a Meter,
    limit: Duration,
}

impl<F: Future> Future for Metered<'_, F> {
    type Output = Result<F::Output, Exceeded>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.meter.begin_turn();
        let polled = self.call.as_mut().poll(context);
        self.meter.end_turn();
        match polled {
            Poll::Ready(output) => Poll::Ready(Ok(output)),
            Poll::Pending if self.meter.spent() > self.limit => Poll::Ready(Err(Exceeded::Compute)),
            Poll::Pending => Poll::Pending,
        }
    }
}
