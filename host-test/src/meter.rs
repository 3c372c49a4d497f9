//! Measures how long a call computes, makes it yield to other calls, and enforces the time limits.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use wasmtime::UpdateDeadline;

use crate::ticker::{TICK, Ticker};

/// How long a call may compute before other calls get priority: enough for some thousands of
/// people. Calls that have computed less take turns, so that none of them waits for another to end.
const SHORT: Duration = Duration::from_millis(20);

/// The time limit that was exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exceeded {
    WallClock,
    Compute,
}

/// The time that one call has computed, in nanoseconds. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct ComputeTime(Arc<AtomicU64>);

impl ComputeTime {
    pub(crate) fn get(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }

    /// Adds time in which the host worked for the call.
    pub(crate) fn add(&self, time: Duration) {
        self.0.fetch_add(time.as_nanos() as u64, Ordering::Relaxed);
    }
}

/// Measures the time that one call has computed. A waiting component is not polled, and a computing
/// one yields at ticks, so the time spent in `poll` is the computing time. Clones share it.
#[derive(Clone)]
pub(crate) struct Meter {
    /// The sum of all completed turns, and of the work on the call's connections.
    spent: ComputeTime,
    turn: Arc<Turn>,
    ticker: Arc<Ticker>,
}

/// The current or the last turn.
struct Turn {
    made: Instant,
    /// When it began, in nanoseconds since `made`. It is atomic because the call may move between
    /// threads.
    began: AtomicU64,
}

impl Meter {
    /// Creates a meter of a call that this ticker interrupts.
    pub(crate) fn new(ticker: &Arc<Ticker>) -> Meter {
        Meter {
            spent: ComputeTime::default(),
            turn: Arc::new(Turn { made: Instant::now(), began: AtomicU64::new(0) }),
            ticker: Arc::clone(ticker),
        }
    }

    /// Returns what a computing component does at a tick.
    pub(crate) fn at_tick(&self) -> UpdateDeadline {
        let turn = self.turn();
        if turn < TICK / 2 {
            // It was waiting at the time of the tick.
            UpdateDeadline::Continue(1)
        } else if self.spent.get() + turn < SHORT {
            UpdateDeadline::Yield(1)
        } else {
            // `yield_now` queues the call behind all ready tasks, and behind those that the runtime
            // finds by polling its sockets. A task that only wakes itself runs before that poll.
            UpdateDeadline::YieldCustom(1, Box::pin(tokio::task::yield_now()))
        }
    }

    /// Runs a call within the limits: how long it may take from now on, and how long it may
    /// compute. A call that takes longer is dropped, which stops the component immediately.
    pub(crate) async fn within<F: Future>(
        &self,
        remaining: Duration,
        compute: Duration,
        call: F,
    ) -> Result<F::Output, Exceeded> {
        let metered = Metered { call: pin!(call), meter: self, limit: compute };
        let ended = tokio::time::timeout(remaining, metered).await;
        ended.unwrap_or(Err(Exceeded::WallClock))
    }

    /// Returns how long the call has computed, without the current turn.
    pub(crate) fn spent(&self) -> &ComputeTime {
        &self.spent
    }

    fn turn(&self) -> Duration {
        let began = Duration::from_nanos(self.turn.began.load(Ordering::Relaxed));
        self.turn.made.elapsed().saturating_sub(began)
    }

    fn begin_turn(&self) {
        let now = self.turn.made.elapsed().as_nanos() as u64;
        self.turn.began.store(now, Ordering::Relaxed);
    }

    fn end_turn(&self) {
        self.spent.add(self.turn());
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
        let meter = self.meter;
        let computing = meter.ticker.computing();
        meter.begin_turn();
        let polled = self.call.as_mut().poll(context);
        meter.end_turn();
        drop(computing);
        match polled {
            Poll::Ready(output) => Poll::Ready(Ok(output)),
            Poll::Pending if meter.spent.get() > self.limit => Poll::Ready(Err(Exceeded::Compute)),
            Poll::Pending => Poll::Pending,
        }
    }
}
