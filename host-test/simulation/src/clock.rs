//! A virtual clock, and the executor that advances it when every future waits.

use std::cell::Cell;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use retool_lifecycle::http::{Clock, Local};

/// Start of the virtual time, 2026-01-05T09:00:00Z. The mock's own time starts there too.
pub const START_UNIX_MS: u64 = 1_767_603_600_000;

/// More polls than any call needs that makes progress.
const MAX_POLLS: u32 = 200_000;

/// A clock that jumps to the earliest time that a future waits for.
#[derive(Default)]
pub struct VirtualClock {
    now: Cell<u64>,
    /// The earliest time that a future waits for, among those that this poll reached.
    next: Cell<Option<u64>>,
}

/// How a call ended.
pub enum Ended<T> {
    /// With a result.
    Done(T),
    /// It was killed: its future was dropped.
    Killed,
    /// It does not end, for this reason.
    Stuck(&'static str),
}

impl VirtualClock {
    /// Milliseconds since the start.
    pub fn now(&self) -> u64 {
        self.now.get()
    }

    /// Advances the time while nothing runs.
    pub fn advance(&self, ms: u64) {
        self.now.set(self.now.get() + ms);
    }

    /// Runs a future to its end, to the poll after which it is killed, or until `limit_ms` have
    /// passed.
    pub fn run<T>(
        &self,
        future: impl Future<Output = T>,
        kill_at_poll: Option<u32>,
        limit_ms: u64,
    ) -> Ended<T> {
        let last = self.now.get().saturating_add(limit_ms);
        let mut future = pin!(future);
        let mut context = Context::from_waker(Waker::noop());
        for poll in 0..MAX_POLLS {
            self.next.set(None);
            if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
                return Ended::Done(value);
            }
            if kill_at_poll == Some(poll) {
                return Ended::Killed;
            }
            match self.next.get() {
                None => return Ended::Stuck("it waits, and no timer is running"),
                Some(next) if next > last => return Ended::Stuck("it takes longer than allowed"),
                Some(next) => self.now.set(next),
            }
        }
        Ended::Stuck("it was polled too often without an end")
    }

    async fn until(&self, then: u64) {
        std::future::poll_fn(|_| {
            if self.now.get() >= then {
                return Poll::Ready(());
            }
            self.next.set(Some(self.next.get().map_or(then, |next| next.min(then))));
            Poll::Pending
        })
        .await;
    }
}

impl Clock for VirtualClock {
    fn monotonic_ms(&self) -> u64 {
        self.now.get()
    }

    fn unix_ms(&self) -> u64 {
        START_UNIX_MS + self.now.get()
    }

    fn sleep(&self, ms: u64) -> Local<'_, ()> {
        Box::pin(self.until(self.now.get().saturating_add(ms)))
    }
}
