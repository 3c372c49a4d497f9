//! Runs a future over `wasi:io/poll`. There are no wakers: whatever waits says at every turn
//! what for, the host waits for all of it at once, and then everything is polled again.

use alloc::rc::{Rc, Weak};
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::{Context, Poll, Waker};

use wasi::clocks::monotonic_clock::subscribe_duration;
use wasi::io::poll::{Pollable, poll};

use super::NS_PER_MS;

/// How long to wait if nothing says what it waits for. [`Watch::ready`] is the only thing
/// here that waits and it always says so; should anything else ever do, it costs time and
/// neither a trap (the host's answer to an empty list) nor a busy loop.
const IDLE_MS: u64 = 20;

/// Knows what is waited for in this turn.
#[derive(Default)]
pub(super) struct Reactor {
    turn: Cell<u64>,
    /// Weak, so that a pollable goes when what waits for it goes: it is the child of a stream
    /// or a future, and must not outlive it.
    waiting: RefCell<Vec<Weak<Entry>>>,
}

struct Entry {
    pollable: Pollable,
    ready: Cell<bool>,
    /// The turn in which it was last listed.
    listed: Cell<u64>,
}

/// A pollable that can be waited for, again and again. Declare it after its parent, so that it
/// is dropped before.
pub(super) struct Watch<'a> {
    reactor: &'a Reactor,
    entry: Rc<Entry>,
}

impl Watch<'_> {
    /// Waits until the host says that it is ready. Does not ask before the host was asked once.
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
    /// Makes a pollable something to wait for.
    pub fn watch(&self, pollable: Pollable) -> Watch<'_> {
        let entry = Entry { pollable, ready: Cell::new(false), listed: Cell::new(0) };
        Watch { reactor: self, entry: Rc::new(entry) }
    }

    /// Something that becomes ready after some milliseconds.
    pub fn timer(&self, ms: u64) -> Watch<'_> {
        self.watch(subscribe_duration(ms.saturating_mul(NS_PER_MS)))
    }

    /// Runs a future to its end.
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
        // The answer is in no order and may hold one index twice.
        for index in poll(&pollables) {
            if let Some(entry) = entries.get(index as usize) {
                entry.ready.set(true);
            }
        }
    }
}
