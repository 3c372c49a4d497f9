//! Time that passes only when everything waits, and the executor that lets it pass.

use std::cell::Cell;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use retool_lifecycle::http::{Clock, Local};

/// When virtual time starts: as the mock's own time does, 2026-01-05T09:00:00Z.
const START_UNIX_MS: u64 = 1_767_603_600_000;

/// More turns than any honest call takes.
const MOST_TURNS: u32 = 200_000;

/// A clock that jumps to the next moment that something waits for.
#[derive(Default)]
pub struct VirtualClock {
    now: Cell<u64>,
    /// The earliest moment that anything polled in this turn waits for.
    next: Cell<Option<u64>>,
}

/// How a call ended.
pub enum Ended<T> {
    /// By itself.
    Done(T),
    /// It was killed: dropped where it stood.
    Killed,
    /// It does not end, and how that shows.
    Stuck(&'static str),
}

impl VirtualClock {
    /// Milliseconds since the start.
    pub fn now(&self) -> u64 {
        self.now.get()
    }

    /// Lets time pass while nothing runs.
    pub fn advance(&self, ms: u64) {
        self.now.set(self.now.get() + ms);
    }

    /// Runs to the end, to the turn in which it is killed, or until `limit_ms` have passed.
    pub fn run<T>(
        &self,
        future: impl Future<Output = T>,
        kill_in_turn: Option<u32>,
        limit_ms: u64,
    ) -> Ended<T> {
        let last = self.now.get().saturating_add(limit_ms);
        let mut future = pin!(future);
        let mut context = Context::from_waker(Waker::noop());
        for turn in 0..MOST_TURNS {
            self.next.set(None);
            if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
                return Ended::Done(value);
            }
            if kill_in_turn == Some(turn) {
                return Ended::Killed;
            }
            match self.next.get() {
                None => return Ended::Stuck("it waits for something that never comes"),
                Some(next) if next > last => return Ended::Stuck("it takes longer than allowed"),
                Some(next) => self.now.set(next),
            }
        }
        Ended::Stuck("it turns and turns without an end")
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
