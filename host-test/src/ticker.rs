//! The thread that makes computing components yield. It sleeps while none computes.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, Thread};
use std::time::Duration;

/// How often a computing component is interrupted, so that other calls get a turn and limits are
/// noticed in time.
pub(crate) const TICK: Duration = Duration::from_millis(1);

/// Ticks while some component computes. Dropping it ends its thread.
#[derive(Debug)]
pub(crate) struct Ticker {
    shared: Arc<Shared>,
    thread: Thread,
}

#[derive(Debug, Default)]
struct Shared {
    /// How many components compute at this moment.
    computing: AtomicUsize,
    /// Whether the thread sleeps until it is woken.
    parked: AtomicBool,
    stopped: AtomicBool,
    /// How often it ticked.
    #[cfg(test)]
    ticks: std::sync::atomic::AtomicU64,
}

impl Ticker {
    /// Starts the thread, which calls `tick` once in [`TICK`] while some component computes.
    pub(crate) fn start(tick: impl FnMut() + Send + 'static) -> io::Result<Ticker> {
        let shared = Arc::new(Shared::default());
        let thread = thread::Builder::new().name("epochs".to_owned()).spawn({
            let shared = Arc::clone(&shared);
            move || shared.run(tick)
        })?;
        Ok(Ticker { shared, thread: thread.thread().clone() })
    }

    /// Ticks until the returned value is dropped.
    pub(crate) fn computing(&self) -> Computing<'_> {
        // Most turns end before the thread looks again, so that it has to be woken only once.
        if self.shared.computing.fetch_add(1, Ordering::SeqCst) == 0
            && self.shared.parked.swap(false, Ordering::SeqCst)
        {
            self.thread.unpark();
        }
        Computing(&self.shared)
    }

    /// Returns whether the thread sleeps until a component computes.
    #[cfg(test)]
    pub(crate) fn is_parked(&self) -> bool {
        self.shared.parked.load(Ordering::SeqCst)
    }

    /// Returns how often it ticked.
    #[cfg(test)]
    pub(crate) fn ticks(&self) -> u64 {
        self.shared.ticks.load(Ordering::SeqCst)
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        self.thread.unpark();
    }
}

impl Shared {
    fn run(&self, mut tick: impl FnMut()) {
        while !self.stopped.load(Ordering::SeqCst) {
            if self.idle() {
                self.parked.store(true, Ordering::SeqCst);
                // A component that began to compute before the store did not wake this thread.
                if self.idle() && !self.stopped.load(Ordering::SeqCst) {
                    thread::park();
                }
                self.parked.store(false, Ordering::SeqCst);
            } else {
                thread::sleep(TICK);
                tick();
                #[cfg(test)]
                self.ticks.fetch_add(1, Ordering::SeqCst);
            }
        }
    }

    fn idle(&self) -> bool {
        self.computing.load(Ordering::SeqCst) == 0
    }
}

/// A component that computes.
pub(crate) struct Computing<'a>(&'a Shared);

impl Drop for Computing<'_> {
    fn drop(&mut self) {
        self.0.computing.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use super::*;

    fn counted() -> (Ticker, Arc<AtomicU64>) {
        let ticks = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&ticks);
        let ticker = Ticker::start(move || {
            count.fetch_add(1, Ordering::SeqCst);
        });
        (ticker.expect("a thread"), ticks)
    }

    fn wait_until(condition: impl Fn() -> bool) {
        while !condition() {
            thread::yield_now();
        }
    }

    #[test]
    fn it_ticks_while_a_component_computes_and_then_sleeps() {
        let (ticker, ticks) = counted();
        for _ in 0..3 {
            wait_until(|| ticker.is_parked());
            let before = ticks.load(Ordering::SeqCst);
            let computing = ticker.computing();
            let other = ticker.computing();
            wait_until(|| ticks.load(Ordering::SeqCst) > before + 1);
            drop(computing);
            let before = ticks.load(Ordering::SeqCst);
            wait_until(|| ticks.load(Ordering::SeqCst) > before + 1);
            drop(other);
        }
        wait_until(|| ticker.is_parked());
        let before = ticks.load(Ordering::SeqCst);
        thread::sleep(10 * TICK);
        assert!(ticker.is_parked());
        assert_eq!(ticks.load(Ordering::SeqCst), before);
    }

    #[test]
    fn no_turn_is_missed_however_short_turns_are() {
        let (ticker, ticks) = counted();
        for _ in 0..10_000 {
            drop(ticker.computing());
        }
        let before = ticks.load(Ordering::SeqCst);
        let _computing = ticker.computing();
        wait_until(|| ticks.load(Ordering::SeqCst) > before + 1);
    }

    #[test]
    fn its_thread_ends_with_it() {
        let (ticker, ticks) = counted();
        wait_until(|| ticker.is_parked());
        drop(ticker);
        // The thread owns the other handle to the count.
        wait_until(|| Arc::strong_count(&ticks) == 1);
    }
}
