//! A test environment for one call: a server that is a closure, a virtual clock, and a record of
//! requests and log lines.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use retool_lifecycle::domain::Dialect;
use retool_lifecycle::error::{Error, Kind};
use retool_lifecycle::http::{
    Clock, Entropy, Limits, Local, Log, Method, Platform, Request, Response, Transport,
    TransportError,
};
use retool_lifecycle::session::{Connection, Session, Wanted};

/// The base URL of the organisation.
pub const BASE_URL: &str = "https://retool.example";

/// The token. It must not appear in any message or log line.
pub const TOKEN: &str = "retool_01fuzzfuzzfuzzfuzzfuzz";

/// The default start time: Sun, 06 Nov 1994 08:49:37 GMT.
pub const START_UNIX_MS: u64 = 784_111_777_000;

/// Upper limit of the requests of one call.
const MAX_REQUESTS: usize = 200;

/// Upper limit of the polls that this number of requests needs.
const MAX_POLLS: usize = 10_000;

/// Upper limit of the characters of a message.
const MAX_MESSAGE: usize = 800;

/// The longest wait that the component accepts from a server: a day.
const MAX_WAIT_MS: u32 = 24 * 60 * 60 * 1000;

/// A reply of the server.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Time until the reply, in milliseconds.
    pub after_ms: u64,
    /// The response, or the error of the transport.
    pub outcome: Result<Response, TransportError>,
}

impl From<Response> for Reply {
    fn from(response: Response) -> Self {
        Reply { after_ms: 0, outcome: Ok(response) }
    }
}

/// Returns a JSON response with this status.
pub fn json(status: u16, body: impl Into<Vec<u8>>) -> Reply {
    let content_type = Some("application/json".to_owned());
    Response { status, content_type, body: body.into(), ..Response::default() }.into()
}

/// A request and its reply.
pub struct Exchange {
    /// Time of the request, in milliseconds since the start.
    pub at_ms: u64,
    /// The request.
    pub request: Request,
    /// The response or error. `None` if the call ended first.
    pub outcome: Option<Result<Response, TransportError>>,
}

impl Exchange {
    /// Returns the path without its query.
    pub fn path(&self) -> &str {
        self.request.path_and_query.split('?').next().unwrap_or_default()
    }

    /// Returns the status, if there was a response.
    pub fn status(&self) -> Option<u16> {
        self.outcome.as_ref()?.as_ref().ok().map(|response| response.status)
    }

    /// Returns the body of a response with a 2xx status.
    pub fn success_body(&self) -> Option<&[u8]> {
        let response = self.outcome.as_ref()?.as_ref().ok()?;
        (200..=299).contains(&response.status).then_some(&response.body)
    }

    /// Whether the request may have changed something: it is a write, and its reply does not
    /// exclude an effect.
    fn may_have_written(&self) -> bool {
        let refused = |status: u16| {
            (300..=499).contains(&status) && status != 408
                || matches!(status, 501 | 505 | 506 | 510 | 511)
        };
        self.request.method != Method::Get && !self.status().is_some_and(refused)
    }
}

type Server = Box<dyn FnMut(&Request) -> Reply>;

/// The test environment of one call.
pub struct World {
    clock: Rc<VirtualClock>,
    wire: Rc<Wire>,
    log: Rc<Lines>,
}

impl World {
    /// Creates a world with this server and start time (Unix milliseconds).
    pub fn new(start_unix_ms: u64, server: impl FnMut(&Request) -> Reply + 'static) -> Self {
        let clock =
            Rc::new(VirtualClock { start_unix_ms, now: Cell::new(0), next: Cell::new(None) });
        let wire = Wire {
            clock: Rc::clone(&clock),
            server: RefCell::new(Box::new(server)),
            exchanges: RefCell::default(),
        };
        World { clock, wire: Rc::new(wire), log: Rc::default() }
    }

    /// Opens a session with these settings.
    pub fn session(&self, settings: &[(&str, &str)]) -> Session {
        let token = [("RETOOL_API_TOKEN", TOKEN)];
        let variables: Vec<(String, String)> = token
            .iter()
            .chain(settings)
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let connection = Connection {
            base_url: BASE_URL.to_owned(),
            wanted: Wanted::Dialect(Dialect::V1),
            api_token_variable: None,
            scim_token_variable: None,
        };
        let platform = Platform {
            transport: self.wire.clone(),
            clock: self.clock.clone(),
            entropy: Rc::new(Sequence(Cell::new(0))),
            log: self.log.clone(),
        };
        Session::open(connection, &variables, platform).expect("a valid connection is opened")
    }

    /// Runs a future to its end, which must come before the deadline.
    pub fn run<T>(&self, deadline_ms: u64, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..MAX_POLLS {
            self.clock.next.set(None);
            if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
                let taken = self.elapsed_ms();
                assert!(taken <= deadline_ms, "it took {taken} ms of {deadline_ms}");
                return value;
            }
            let next = self.clock.next.get();
            self.clock.now.set(next.expect("a waiting future has a timer"));
        }
        panic!("the call does not end");
    }

    /// Returns the time since the start in milliseconds.
    pub fn elapsed_ms(&self) -> u64 {
        self.clock.now.get()
    }

    /// Returns the requests and replies so far, in order.
    pub fn exchanges(&self) -> std::cell::Ref<'_, Vec<Exchange>> {
        self.wire.exchanges.borrow()
    }

    /// Checks an error: its texts are short, on one line and without the token, and it states
    /// correctly whether something may have been written.
    pub fn check_error(&self, error: &Error) {
        check_text(&error.message, MAX_MESSAGE);
        assert!(!error.message.is_empty(), "an error without a message");
        for text in [&error.field, &error.request, &error.request_id].into_iter().flatten() {
            check_text(text, MAX_MESSAGE);
        }
        assert!(error.retry_after_ms.is_none_or(|ms| ms <= MAX_WAIT_MS), "{error:?}");
        // Nothing is sent while the server asks to wait for longer than the call has.
        let throttled = matches!(error.http_status, Some(429 | 403)) || error.attempts == 0;
        assert!(error.code.kind() != Kind::RateLimited || throttled, "{error:?}");
        let may_have_written = self.exchanges().iter().any(Exchange::may_have_written);
        assert_eq!(error.maybe_applied, may_have_written, "{error:?}");
    }

    /// Checks all log lines and requests.
    pub fn check_traffic(&self) {
        for line in &*self.log.0.borrow() {
            check_text(line, MAX_MESSAGE);
        }
        for exchange in &*self.exchanges() {
            let path = exchange.path();
            assert!(exchange.request.https && exchange.request.authority == "retool.example");
            assert!(path.starts_with("/api/v1/"), "{path}");
            assert!(exchange.request.path_and_query.bytes().all(|byte| byte.is_ascii_graphic()));
            assert!(!path.split('/').any(|part| matches!(part, "." | "..")), "{path}");
        }
    }
}

fn check_text(text: &str, most: usize) {
    assert!(!text.contains(TOKEN), "the text contains the token: {text}");
    assert!(!text.contains(char::is_control), "the text contains control characters: {text:?}");
    assert!(text.chars().count() <= most, "the text is too long: {text}");
}

/// A clock that jumps to the earliest time that a future waits for.
struct VirtualClock {
    start_unix_ms: u64,
    now: Cell<u64>,
    /// The earliest time that a future waits for, among those that this poll reached.
    next: Cell<Option<u64>>,
}

impl VirtualClock {
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

impl Clock for VirtualClock {
    fn monotonic_ms(&self) -> u64 {
        self.now.get()
    }

    fn unix_ms(&self) -> u64 {
        self.start_unix_ms.saturating_add(self.now.get())
    }

    fn sleep(&self, ms: u64) -> Local<'_, ()> {
        Box::pin(self.until(self.now.get().saturating_add(ms)))
    }
}

/// The connection to the server. It enforces the time limits.
struct Wire {
    clock: Rc<VirtualClock>,
    server: RefCell<Server>,
    exchanges: RefCell<Vec<Exchange>>,
}

impl Transport for Wire {
    fn send<'a>(
        &'a self,
        request: &'a Request,
        limits: Limits,
    ) -> Local<'a, Result<Response, TransportError>> {
        Box::pin(async move {
            let number = self.exchanges.borrow().len();
            assert!(number < MAX_REQUESTS, "too many requests");
            let (at_ms, sent) = (self.clock.monotonic_ms(), request.clone());
            self.exchanges.borrow_mut().push(Exchange { at_ms, request: sent, outcome: None });
            let Reply { after_ms, outcome } = (self.server.borrow_mut())(request);
            let limit_ms = limits.timeout_ms.min(limits.idle_ms);
            let outcome = if after_ms >= limit_ms {
                self.clock.sleep(limit_ms).await;
                Err(TransportError::TimedOut)
            } else {
                self.clock.sleep(after_ms).await;
                outcome
            };
            self.exchanges.borrow_mut()[number].outcome = Some(outcome.clone());
            outcome
        })
    }
}

/// Random numbers that are the same every time.
struct Sequence(Cell<u64>);

impl Entropy for Sequence {
    fn random_u64(&self) -> u64 {
        let next = self.0.get().wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        self.0.set(next);
        next >> 16
    }
}

#[derive(Default)]
struct Lines(RefCell<Vec<String>>);

impl Log for Lines {
    fn line(&self, text: &str) {
        self.0.borrow_mut().push(text.to_owned());
    }
}
