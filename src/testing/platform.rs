//! A fake platform for tests: a virtual clock that advances only when everything waits, a server
//! that is a closure, and deterministic randomness. No threads and no real I/O.

use alloc::boxed::Box;
use alloc::format;
use alloc::rc::Rc;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::{Context, Poll, Waker};

use crate::http::{
    Clock, Entropy, Limits, Local, Log, Platform, Request, Response, Transport, TransportError,
};

/// More turns than any correct test takes. An endless loop fails instead of hanging.
const MAX_TURNS: u32 = 1_000_000;

/// More requests than any correct test makes.
const MAX_REQUESTS: usize = 1_000_000;

/// When virtual time starts, in Unix milliseconds: Sun, 06 Nov 1994 08:49:37 GMT.
pub(crate) const START_UNIX_MS: u64 = 784_111_777_000;

/// How the fake server replies to a request.
#[derive(Clone)]
pub(crate) struct Reply {
    /// How long the reply takes, in milliseconds.
    pub latency_ms: u64,
    /// The response, or why there is none.
    pub outcome: Result<Response, TransportError>,
}

impl Reply {
    /// Creates a reply with a status and a JSON body.
    pub fn json(status: u16, body: impl Into<String>) -> Self {
        Response {
            status,
            content_type: Some("application/json".to_string()),
            body: body.into().into_bytes(),
            ..Response::default()
        }
        .into()
    }

    /// Creates a reply with a status and a `Retry-After` header.
    pub fn retry_after(status: u16, text: &str) -> Self {
        Response { status, retry_after: Some(text.to_string()), ..Response::default() }.into()
    }

    /// Creates a reply without a response. What the closure did before still takes effect. This
    /// simulates a reply that is lost after a write.
    pub fn fails(error: TransportError) -> Self {
        Reply { latency_ms: 0, outcome: Err(error) }
    }

    /// Creates a reply that never arrives.
    pub fn never() -> Self {
        Reply { latency_ms: u64::MAX, outcome: Err(TransportError::TimedOut) }
    }

    /// Returns the reply with this latency.
    #[must_use]
    pub fn after(mut self, latency_ms: u64) -> Self {
        self.latency_ms = latency_ms;
        self
    }
}

impl From<Response> for Reply {
    fn from(response: Response) -> Self {
        Reply { latency_ms: 0, outcome: Ok(response) }
    }
}

/// A request that was sent.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    /// When it was sent, in milliseconds since the start.
    pub at_ms: u64,
    /// The request.
    pub request: Request,
    /// The limits of the exchange.
    pub limits: Limits,
}

impl Sent {
    /// Returns method, path and query.
    pub fn line(&self) -> String {
        format!("{} {}", self.request.method.as_str(), self.request.path_and_query)
    }

    /// Returns the body as text; empty if there was none.
    pub fn body(&self) -> &str {
        let body = self.request.body.as_deref().unwrap_or_default();
        core::str::from_utf8(body).expect("requests are JSON")
    }
}

/// A virtual clock. It advances only when everything waits.
#[derive(Default)]
pub(crate) struct FakeClock {
    now: Cell<u64>,
    /// The earliest moment that a future polled in this turn waits for.
    next: Cell<Option<u64>>,
}

impl FakeClock {
    async fn until(&self, then: u64) {
        poll_fn(|_| {
            if self.now.get() >= then {
                return Poll::Ready(());
            }
            self.next.set(Some(self.next.get().map_or(then, |next| next.min(then))));
            Poll::Pending
        })
        .await;
    }
}

impl Clock for FakeClock {
    fn monotonic_ms(&self) -> u64 {
        self.now.get()
    }

    fn unix_ms(&self) -> u64 {
        START_UNIX_MS + self.now.get()
    }

    fn sleep(&self, ms: u64) -> Local<'_, ()> {
        let then = self.now.get().saturating_add(ms);
        Box::pin(self.until(then))
    }
}

type Server = Box<dyn FnMut(&Request) -> Reply>;

/// A transport whose server is a closure. The closure is called when a request is sent. The
/// transport enforces the limits.
pub(crate) struct ScriptedTransport {
    clock: Rc<FakeClock>,
    server: RefCell<Server>,
    sent: RefCell<Vec<Sent>>,
}

impl Transport for ScriptedTransport {
    fn send<'a>(
        &'a self,
        request: &'a Request,
        limits: Limits,
    ) -> Local<'a, Result<Response, TransportError>> {
        Box::pin(async move {
            let at_ms = self.clock.monotonic_ms();
            let count = {
                let mut sent = self.sent.borrow_mut();
                sent.push(Sent { at_ms, request: request.clone(), limits });
                sent.len()
            };
            assert!(count <= MAX_REQUESTS, "requests without end");
            let reply = (self.server.borrow_mut())(request);
            // No byte comes before the reply.
            let limit_ms = limits.timeout_ms.min(limits.idle_ms);
            if reply.latency_ms >= limit_ms {
                self.clock.sleep(limit_ms).await;
                return Err(TransportError::TimedOut);
            }
            self.clock.sleep(reply.latency_ms).await;
            match reply.outcome {
                Ok(response) if response.body.len() <= limits.max_body_bytes => Ok(response),
                // As over WASI: the body of an error response may be dropped.
                Ok(response) if !(200..=299).contains(&response.status) => {
                    Ok(Response { body: Vec::new(), ..response })
                }
                Ok(_) => Err(TransportError::TooLarge),
                Err(error) => Err(error),
            }
        })
    }
}

/// A deterministic sequence of random numbers (SplitMix64).
struct FakeEntropy(Cell<u64>);

impl Entropy for FakeEntropy {
    fn random_u64(&self) -> u64 {
        let state = self.0.get().wrapping_add(0x9E37_79B9_7F4A_7C15);
        self.0.set(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

#[derive(Default)]
struct FakeLog(RefCell<Vec<String>>);

impl Log for FakeLog {
    fn line(&self, text: &str) {
        self.0.borrow_mut().push(text.to_string());
    }
}

/// A complete fake platform, to be used by one test.
pub(crate) struct FakePlatform {
    clock: Rc<FakeClock>,
    transport: Rc<ScriptedTransport>,
    entropy: Rc<FakeEntropy>,
    log: Rc<FakeLog>,
}

impl FakePlatform {
    /// Creates a platform with this server. Its replies take no time unless they have a latency.
    pub fn new(server: impl FnMut(&Request) -> Reply + 'static) -> Self {
        let clock = Rc::new(FakeClock::default());
        let transport = ScriptedTransport {
            clock: Rc::clone(&clock),
            server: RefCell::new(Box::new(server)),
            sent: RefCell::default(),
        };
        FakePlatform {
            clock,
            transport: Rc::new(transport),
            entropy: Rc::new(FakeEntropy(Cell::new(0))),
            log: Rc::default(),
        }
    }

    /// Creates a platform whose server gives these replies in order. One request more fails the
    /// test.
    pub fn replying(replies: impl IntoIterator<Item = Reply>) -> Self {
        let mut replies: Vec<Reply> = replies.into_iter().collect();
        replies.reverse();
        Self::new(move |request| match replies.pop() {
            Some(reply) => reply,
            None => panic!(
                "one request too many: {} {}",
                request.method.as_str(),
                request.path_and_query
            ),
        })
    }

    /// Returns the platform for the component. Every call returns the same one.
    pub fn platform(&self) -> Platform {
        Platform {
            transport: self.transport.clone(),
            clock: self.clock.clone(),
            entropy: self.entropy.clone(),
            log: self.log.clone(),
        }
    }

    /// Returns the clock.
    pub fn clock(&self) -> Rc<FakeClock> {
        Rc::clone(&self.clock)
    }

    /// Returns the requests that were sent so far.
    pub fn sent(&self) -> Vec<Sent> {
        self.transport.sent.borrow().clone()
    }

    /// Returns method, path and query of the requests that were sent so far.
    pub fn lines(&self) -> Vec<String> {
        self.transport.sent.borrow().iter().map(Sent::line).collect()
    }

    /// Returns the lines that were logged so far.
    pub fn log(&self) -> Vec<String> {
        self.log.0.borrow().clone()
    }

    /// Runs a future to completion. When everything waits, the clock jumps to the next moment
    /// that something waits for. Panics if nothing waits for a moment, or if the future does not
    /// end.
    pub fn run<T>(&self, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..MAX_TURNS {
            self.clock.next.set(None);
            if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
                return value;
            }
            let next = self.clock.next.get();
            self.clock.now.set(next.expect("it waits for something that is not a moment"));
        }
        panic!("it does not end");
    }
}
