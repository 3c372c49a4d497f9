//! Limits the number of connections to the number of requests in flight.
//!
//! The client opens a connection for each request that finds no idle one. Meanwhile the request may
//! get a connection that becomes idle, and its own one is kept for later. The next request again
//! finds no idle connection and opens another. If handshakes take longer than responses, a listing
//! would open many more connections than it ever uses at the same time.
//!
//! A connection is a descriptor of the process, which all tenants share. So a tenant has a most.
//!
//! An HTTP/2 connection also may hold as much as its window of bodies that the component does not read.
//! All requests share one, unless the server ends it. So there are only a few of them.

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// How long a new connection waits if there seem to be enough. After that it is opened anyway:
/// a connection that hangs while closing is counted, but never becomes idle.
const PATIENCE: Duration = Duration::from_secs(2);

/// The most HTTP/2 connections that a tenant has, including ended ones with a body that is not
/// dropped: one in use, and some that the server ends while their last answers are read.
pub(super) const HTTP2_CONNECTIONS: usize = 4;

/// Counts the requests and the connections of one tenant. Clones share the counts.
#[derive(Clone)]
pub(super) struct Places(Arc<Shared>);

struct Shared {
    counts: Mutex<Counts>,
    changed: Notify,
    /// The most connections.
    most: usize,
    http2: Arc<Semaphore>,
}

#[derive(Default)]
struct Counts {
    requests: usize,
    connections: usize,
}

impl Shared {
    fn counts(&self) -> MutexGuard<'_, Counts> {
        // The counts are consistent even if a holder panicked: every change is one step.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Places {
    /// Allows this many connections, at least one.
    pub(super) fn new(most: usize) -> Places {
        let (counts, changed) = (Mutex::default(), Notify::new());
        let http2 = Arc::new(Semaphore::new(HTTP2_CONNECTIONS));
        Places(Arc::new(Shared { counts, changed, most: most.max(1), http2 }))
    }

    /// Counts a request as in flight until the returned value is dropped, which also returns its
    /// permit.
    pub(super) fn request(&self, permit: Option<OwnedSemaphorePermit>) -> Flight {
        self.0.counts().requests += 1;
        self.0.changed.notify_waiters();
        Flight(Arc::clone(&self.0), permit)
    }

    /// Counts a connection until the returned value is dropped. Waits while there are as many
    /// connections as requests, and for as long as the tenant has no more.
    pub(super) async fn connection(&self) -> Place {
        match timeout(PATIENCE, self.free(|counts| counts.requests)).await {
            Ok(place) => place,
            Err(_) => self.free(|_| usize::MAX).await,
        }
    }

    /// Counts an HTTP/2 connection until the returned value is dropped. Waits while there are as many
    /// as there may be.
    pub(super) async fn http2(&self) -> Http2Place {
        // It fails only if it is closed, which it never is.
        Http2Place(Arc::clone(&self.0.http2).acquire_owned().await.ok())
    }

    /// Waits until there are fewer connections than this, and than the most.
    async fn free(&self, wanted: impl Fn(&Counts) -> usize) -> Place {
        loop {
            let mut changed = pin!(self.0.changed.notified());
            // Enable it before the check, so that no later change is missed.
            changed.as_mut().enable();
            if let Some(place) = self.take(&wanted) {
                return place;
            }
            changed.await;
        }
    }

    fn take(&self, wanted: impl Fn(&Counts) -> usize) -> Option<Place> {
        let mut counts = self.0.counts();
        let is_free = counts.connections < wanted(&counts).min(self.0.most);
        is_free.then(|| {
            counts.connections += 1;
            Place(Arc::clone(&self.0))
        })
    }
}

/// A request in flight.
pub(super) struct Flight(
    Arc<Shared>,
    #[expect(dead_code, reason = "it is dropped")] Option<OwnedSemaphorePermit>,
);

impl Drop for Flight {
    fn drop(&mut self) {
        self.0.counts().requests -= 1;
    }
}

/// An HTTP/2 connection, and the bodies that it has brought.
#[derive(Debug)]
pub(super) struct Http2Place(
    #[expect(dead_code, reason = "it is dropped")] Option<OwnedSemaphorePermit>,
);

/// A connection.
pub(super) struct Place(Arc<Shared>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.counts().connections -= 1;
        self.0.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    /// Polls the future once; returns its output if it is ready.
    fn now<F: Future>(future: Pin<&mut F>) -> Option<F::Output> {
        match future.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        }
    }

    #[tokio::test]
    async fn a_connection_waits_for_another_request_or_a_closed_connection() {
        let places = Places::new(8);
        let _one = places.request(None);
        let first = now(pin!(places.connection())).expect("a place for the request");
        let mut second = pin!(places.connection());
        assert!(now(second.as_mut()).is_none());
        let other = places.request(None);
        let second = now(second).expect("a place for the other request");

        drop(other);
        drop(second);
        let mut third = pin!(places.connection());
        assert!(now(third.as_mut()).is_none());
        drop(first);
        assert!(now(third).is_some());
    }

    #[tokio::test]
    async fn a_tenant_has_a_most_also_after_waiting_for_an_idle_connection() {
        let places = Places::new(2);
        let _flights: Vec<Flight> = (0..5).map(|_| places.request(None)).collect();
        let first = now(pin!(places.connection())).expect("a place");
        let _second = now(pin!(places.connection())).expect("a place");
        let mut third = pin!(places.connection());
        assert!(now(third.as_mut()).is_none());
        let mut waited = pin!(places.free(|_| usize::MAX));
        assert!(now(waited.as_mut()).is_none());
        drop(first);
        assert!(now(waited).is_some());
    }
}
