//! HTTP for the dialects: sends requests, reads responses, retries, and enforces limits. This
//! folder does not use WASI. The host must provide the four small traits of [`Platform`].

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::future::Future;
use core::pin::Pin;

use crate::event::Event;

mod answer;
mod call;
mod client;
mod date;
mod forbidden;
mod pace;
mod retry;
mod retry_after;
mod status;
mod url;
mod window;

pub use answer::Answer;
pub use call::{Call, Label, Missing, Repeat};
pub use client::Client;
pub use pace::Pace;
pub use url::{BaseUrl, Path, UnsafeSegment};
pub use window::{Window, run_in};

/// A future that is not `Send`. The component has one thread.
pub type Local<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// What the component needs from its host.
#[derive(Clone)]
pub struct Platform {
    /// Sends requests.
    pub transport: Rc<dyn Transport>,
    /// Reads the time, and sleeps.
    pub clock: Rc<dyn Clock>,
    /// Randomness for jitter.
    pub entropy: Rc<dyn Entropy>,
    /// The operator's log.
    pub log: Rc<dyn Log>,
}

/// Sends one request and reads the whole response.
pub trait Transport {
    /// Sends the request once. Must finish within `limits`, whatever the server does.
    fn send<'a>(
        &'a self,
        request: &'a Request,
        limits: Limits,
    ) -> Local<'a, Result<Response, TransportError>>;
}

/// Reads the time, and sleeps.
pub trait Clock {
    /// Returns the milliseconds since a fixed moment. Never goes back.
    fn monotonic_ms(&self) -> u64;
    /// Returns the milliseconds since the Unix epoch.
    fn unix_ms(&self) -> u64;
    /// Waits for `ms` milliseconds.
    fn sleep(&self, ms: u64) -> Local<'_, ()>;
}

/// Randomness for jitter. It need not be cryptographically secure.
pub trait Entropy {
    /// Returns a random number.
    fn random_u64(&self) -> u64;
}

/// The operator's log.
pub trait Log {
    /// Writes one line; `text` has no line end. It never contains a credential.
    fn line(&self, text: &str);

    /// Writes an event, as one line.
    fn event(&self, event: Event) {
        self.line(&event.line());
    }
}

/// An HTTP method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// GET.
    Get,
    /// POST.
    Post,
    /// PUT.
    Put,
    /// PATCH.
    Patch,
    /// DELETE.
    Delete,
}

impl Method {
    /// Returns the method as it is sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
        }
    }
}

/// A credential. It is never printed, not even by `Debug`.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Wraps a credential.
    pub fn new(value: String) -> Self {
        Secret(value)
    }

    /// Returns the credential itself, for the one place that puts it into a header.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl core::fmt::Debug for Secret {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A request, ready to be sent.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Whether to use TLS.
    pub https: bool,
    /// Host and port.
    pub authority: String,
    /// Path and query, percent-encoded.
    pub path_and_query: String,
    /// Goes into the `Authorization` header as `Bearer …`.
    pub token: Secret,
    /// The media type that is sent and accepted.
    pub media_type: &'static str,
    /// `If-Match`: the version that the resource must still have.
    pub if_match: Option<String>,
    /// The body.
    pub body: Option<Vec<u8>>,
}

/// The limits of one exchange.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The limit for the whole exchange, including the last byte of the body.
    pub timeout_ms: u64,
    /// The limit for each time without a byte, sent or received.
    pub idle_ms: u64,
    /// The limit for the response's body.
    pub max_body_bytes: usize,
}

/// A response, read to its end.
#[derive(Clone, Debug, Default)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// `Date`.
    pub date: Option<String>,
    /// `ETag`.
    pub etag: Option<String>,
    /// `Retry-After`.
    pub retry_after: Option<String>,
    /// `RateLimit-Reset` or `X-RateLimit-Reset`.
    pub rate_limit_reset: Option<String>,
    /// `RateLimit-Remaining` or `X-RateLimit-Remaining`.
    pub rate_limit_remaining: Option<String>,
    /// `WWW-Authenticate`.
    pub www_authenticate: Option<String>,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `X-Request-Id`.
    pub request_id: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// Why there is no response. WASI's error codes are vague and differ between hosts. So only
/// [`Stopped`](TransportError::Stopped) proves that a write was not applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransportError {
    /// No connection, a broken one, or a response that is not HTTP.
    Failed,
    /// The time was up.
    TimedOut,
    /// The body was larger than the limit.
    TooLarge,
    /// The host ends the call, and did not send the request.
    Stopped,
}
