//! The [`Platform`] on WASI 0.2. No code outside this folder uses `wasi`.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Write};

use wasi::clocks::{monotonic_clock, wall_clock};

use crate::event::Event;
use crate::fingerprint;
use crate::http::{Clock, Entropy, Local, Log, Platform};

mod executor;
mod transport;

use executor::Reactor;
use transport::WasiTransport;

const NS_PER_MS: u64 = 1_000_000;

/// The most bytes that one blocking write to a stream accepts.
const MAX_BLOCKING_WRITE: usize = 4096;

/// Runs one call of the component to completion and returns its result.
pub fn run<T>(call: impl AsyncFnOnce(Platform) -> T) -> T {
    fingerprint::set_key(|| WasiEntropy.random_u64());
    let reactor = Rc::new(Reactor::default());
    let platform = Platform {
        transport: Rc::new(WasiTransport::new(Rc::clone(&reactor))),
        clock: Rc::new(WasiClock { reactor: Rc::clone(&reactor) }),
        entropy: Rc::new(WasiEntropy),
        log: Rc::new(WasiLog),
    };
    reactor.block_on(call(platform))
}

/// Returns the monotonic clock's time in nanoseconds, for measuring durations.
pub fn now_ns() -> u64 {
    monotonic_clock::now()
}

/// Writes an event to the operator's log.
pub fn log(event: Event) {
    WasiLog.event(event);
}

/// Returns the environment variables and their values.
pub fn environment() -> Vec<(String, String)> {
    wasi::cli::environment::get_environment()
}

/// Writes to stderr. Text that can't be written is dropped, because nothing depends on it.
pub struct Stderr;

impl Write for Stderr {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let stream = wasi::cli::stderr::get_stderr();
        for piece in text.as_bytes().chunks(MAX_BLOCKING_WRITE) {
            if stream.blocking_write_and_flush(piece).is_err() {
                break;
            }
        }
        Ok(())
    }
}

struct WasiLog;

impl Log for WasiLog {
    fn line(&self, text: &str) {
        // `Stderr` never fails.
        let _ = writeln!(Stderr, "{text}");
    }
}

struct WasiEntropy;

impl Entropy for WasiEntropy {
    fn random_u64(&self) -> u64 {
        wasi::random::random::get_random_u64()
    }
}

struct WasiClock {
    reactor: Rc<Reactor>,
}

impl Clock for WasiClock {
    fn monotonic_ms(&self) -> u64 {
        monotonic_clock::now() / NS_PER_MS
    }

    fn unix_ms(&self) -> u64 {
        let now = wall_clock::now();
        now.seconds.saturating_mul(1000).saturating_add(u64::from(now.nanoseconds) / NS_PER_MS)
    }

    fn sleep(&self, ms: u64) -> Local<'_, ()> {
        Box::pin(async move { self.reactor.timer(ms).ready().await })
    }
}
