//! How long a call computes, when it makes way for others, and when it has taken too long.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use wasmtime::UpdateDeadline;

use crate::limits::Limits;
use crate::timings::Timings;

/// How often a computing component is looked at, so that others get a turn and limits are seen in
/// time.
pub(crate) const TICK: Duration = Duration::from_millis(1);

/// How long a call computes before others come first: what some thousands of people take. Calls
/// below it take turns, so that none of them waits for another to end.
const SHORT: Duration = Duration::from_millis(20);

/// Which limit of time was exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exceeded {
    WallClock,
    Compute,
}

/// The time that one call has computed: a component that waits is not polled, and one that
/// computes gives way at ticks. Clones share it.
#[derive(Clone)]
pub(crate) struct Meter(Arc<Readings>);

/// In nanoseconds. The call may move from thread to thread.
struct Readings {
    made: Instant,
    /// When the turn that it has, or had last, began, after it was made.
    turn: AtomicU64,
    /// The sum of its turns before.
    spent: AtomicU64,
}

impl Default for Meter {
    fn default() -> Self {
        let (turn, spent) = (AtomicU64::new(0), AtomicU64::new(0));
        Meter(Arc::new(Readings { made: Instant::now(), turn, spent }))
    }
}

impl Meter {
    /// What a component that computes does at a tick.
    pub(crate) fn at_tick(&self) -> UpdateDeadline {
        let turn = self.turn();
        if turn < TICK / 2 {
            // It was waiting when the tick came.
            UpdateDeadline::Continue(1)
        } else if self.spent() + turn < SHORT {
            UpdateDeadline::Yield(1)
        } else {
            // After all who are ready, and after the runtime has looked who else is: what is
            // merely woken again is looked at before the network is.
            UpdateDeadline::YieldCustom(1, Box::pin(tokio::task::yield_now()))
        }
    }

    /// Drives a call for as long as it may take. Dropping the call, which this does with one that
    /// takes longer, ends the component where it stands.
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
