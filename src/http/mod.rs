//! HTTP as the dialects need it: requests out, answers in, retried and bounded. No WASI here;
//! what the world must provide is the four small traits of [`Platform`].

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::future::Future;
use core::pin::Pin;

mod answer;
mod call;
mod client;
mod date;
mod retry;
mod retry_after;
mod status;
mod url;
mod window;

#[cfg(test)]
pub(crate) mod testing;

pub use answer::Answer;
pub use call::{Call, Label, Missing, Repeat};
pub use client::Client;
pub use url::{BaseUrl, Path, UnsafeSegment};
pub use window::Window;

/// A future that stays on its thread, as everything in the component does.
pub type Local<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// What the component needs of the world.
#[derive(Clone)]
pub struct Platform {
    /// Sends requests.
    pub transport: Rc<dyn Transport>,
    /// Tells and waits out time.
    pub clock: Rc<dyn Clock>,
    /// Randomness for jitter.
    pub entropy: Rc<dyn Entropy>,
    /// Lines for whoever runs the component.
    pub log: Rc<dyn Log>,
}

/// Sends one request and reads the whole answer.
pub trait Transport {
    /// Sends the request once. Must be done within `limits`, whatever the server does.
    fn send<'a>(
        &'a self,
        request: &'a Request,
        limits: Limits,
    ) -> Local<'a, Result<Response, TransportError>>;
}

/// Tells and waits out time.
pub trait Clock {
    /// Milliseconds since some moment; never goes back.
    fn monotonic_ms(&self) -> u64;
    /// Milliseconds since the Unix epoch.
    fn unix_ms(&self) -> u64;
    /// Waits.
    fn sleep(&self, ms: u64) -> Local<'_, ()>;
}

/// Randomness for jitter; it need not be fit for secrets.
pub trait Entropy {
    /// A random number.
    fn random_u64(&self) -> u64;
}

/// Lines for whoever runs the component.
pub trait Log {
    /// One line, without its end. Never holds a credential.
    fn line(&self, text: &str);
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
    /// As it goes over the wire.
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

/// A credential. Never shown, not even by `Debug`.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Wraps a credential.
    pub fn new(value: String) -> Self {
        Secret(value)
    }

    /// The credential itself, for the one place that puts it into a header.
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
    /// The media type that is sent and asked for.
    pub media_type: &'static str,
    /// `If-Match`: the version that the resource must still have.
    pub if_match: Option<String>,
    /// What is sent.
    pub body: Option<Vec<u8>>,
}

/// What one sending may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For the whole exchange, the last byte of the body included.
    pub timeout_ms: u64,
    /// For the answer's body.
    pub max_body_bytes: usize,
}

/// An answer, read to its end.
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
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `X-Request-Id`.
    pub request_id: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// Why there is no answer. WASI's reasons look alike and differ between hosts, so none of
/// them says that a write was not applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransportError {
    /// No connection, a broken one, or an answer that is not HTTP.
    Failed,
    /// The time was up.
    TimedOut,
    /// The body was larger than the limit.
    TooLarge,
}
