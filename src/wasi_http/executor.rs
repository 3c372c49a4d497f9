//! Runs a future over `wasi:io/poll`. There are no wakers. In every turn each waiting future
//! registers its pollable, the host waits for all pollables at once, and the whole future is
//! polled again.

use alloc::rc::{Rc, Weak};
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::{Context, Poll, Waker};

use wasi::clocks::monotonic_clock::subscribe_duration;
use wasi::io::poll::{Pollable, poll};

use super::NS_PER_MS;

/// How long to sleep if the future is pending and no pollable is registered. This should not
/// happen, because only [`AsyncPollable::ready`] waits and it always registers. If it ever does,
/// it costs time, but causes neither a trap (which `poll` does on an empty list) nor a busy loop.
const IDLE_MS: u64 = 20;

/// Collects the pollables that are waited for in this turn.
#[derive(Default)]
pub(super) struct Reactor {
    turn: Cell<u64>,
    /// Weak, so that a pollable is dropped together with the [`AsyncPollable`]. A pollable is
    /// the child of a stream or a future, and must not outlive it.
    waiting: RefCell<Vec<Weak<Entry>>>,
}

struct Entry {
    pollable: Pollable,
    ready: Cell<bool>,
    /// The last turn in which it was in `waiting`.
    listed: Cell<u64>,
}

/// A pollable that can be awaited repeatedly. Declare it after its parent, so that it is dropped
/// before the parent.
pub(super) struct AsyncPollable<'a> {
    reactor: &'a Reactor,
    entry: Rc<Entry>,
}

impl AsyncPollable<'_> {
    /// Waits until the host reports it as ready. Always waits for at least one `poll` of the
    /// host.
    pub async fn ready(&self) {
        self.entry.ready.set(false);
        poll_fn(|_| {
            if self.entry.ready.get() {
                return Poll::Ready(());
            }
            let turn = self.reactor.turn.get();
            if self.entry.listed.replace(turn) != turn {
                self.reactor.waiting.borrow_mut().push(Rc::downgrade(&self.entry));
            }
            Poll::Pending
        })
        .await;
    }
}

impl Reactor {
    /// Wraps a pollable so that it can be awaited.
    pub fn register(&self, pollable: Pollable) -> AsyncPollable<'_> {
        let entry = Entry { pollable, ready: Cell::new(false), listed: Cell::new(0) };
        AsyncPollable { reactor: self, entry: Rc::new(entry) }
    }

    /// Returns a pollable that becomes ready after `ms` milliseconds.
    pub fn timer(&self, ms: u64) -> AsyncPollable<'_> {
        self.register(subscribe_duration(ms.saturating_mul(NS_PER_MS)))
    }

    /// Runs a future to completion.
    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        let mut context = Context::from_waker(Waker::noop());
        loop {
            self.turn.set(self.turn.get() + 1);
            self.waiting.borrow_mut().clear();
            if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
                return value;
            }
            self.wait();
        }
    }

    fn wait(&self) {
        let entries: Vec<Rc<Entry>> =
            self.waiting.borrow().iter().filter_map(Weak::upgrade).collect();
        if entries.is_empty() {
            subscribe_duration(IDLE_MS * NS_PER_MS).block();
            return;
        }
        let pollables: Vec<&Pollable> = entries.iter().map(|entry| &entry.pollable).collect();
        // The indices are in no order, and one may occur twice.
        for index in poll(&pollables) {
            if let Some(entry) = entries.get(index as usize) {
                entry.ready.set(true);
            }
        }
    }
}
