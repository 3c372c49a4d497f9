//! Measures how long a call computes, makes it yield to other calls, and enforces the time limits.

use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
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

/// The time that one call has computed. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct ComputeTime(Arc<Mutex<Spent>>);

#[derive(Debug, Default)]
struct Spent {
    time: Duration,
    /// The limit, and the waiting call, which is woken once the time is longer.
    waiting: Option<(Duration, Waker)>,
}

impl ComputeTime {
    pub(crate) fn get(&self) -> Duration {
        self.with(|spent| spent.time)
    }

    /// Adds time in which the host worked for the call. If that is too much, wakes the call: while it
    /// waits for its server, nothing else would end it.
    pub(crate) fn add(&self, time: Duration) {
        let woken = self.with(|spent| {
            spent.time = spent.time.saturating_add(time);
            let time = spent.time;
            spent.waiting.take_if(|(limit, _)| time > *limit)
        });
        if let Some((_, call)) = woken {
            call.wake();
        }
    }

    /// Returns whether the time is longer than the limit. If it is not, the call is woken once it is.
    fn exceeds(&self, limit: Duration, call: &Waker) -> bool {
        self.with(|spent| {
            let exceeds = spent.time > limit;
            spent.waiting = (!exceeds).then(|| (limit, call.clone()));
            exceeds
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Spent) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
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
            Poll::Pending if meter.spent.exceeds(self.limit, context.waker()) => {
                Poll::Ready(Err(Exceeded::Compute))
            }
            Poll::Pending => Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::sync::atomic::AtomicBool;
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Woken(AtomicBool);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    #[tokio::test]
    async fn a_call_that_waits_ends_when_its_connections_have_taken_too_long() {
        const LIMIT: Duration = Duration::from_secs(100);
        let meter = Meter::new(&Arc::new(Ticker::start(|| ()).expect("a thread")));
        let mut call = pin!(meter.within(10 * LIMIT, LIMIT, pending::<()>()));
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        let mut poll = || call.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(poll().is_pending());
        meter.spent().add(LIMIT / 2);
        assert!(!woken.0.load(Ordering::Relaxed), "within the limit");
        meter.spent().add(LIMIT);
        assert!(woken.0.load(Ordering::Relaxed), "beyond the limit");
        assert_eq!(poll(), Poll::Ready(Err(Exceeded::Compute)));
    }
}
