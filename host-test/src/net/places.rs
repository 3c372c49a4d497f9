//! How many connections there may be: no more than requests are on their way.
//!
//! The client dials for each request that finds no idle connection. The request may get one that
//! becomes idle meanwhile, and its own is kept for later; the next request finds none idle again,
//! and dials. Where handshakes take longer than answers, a listing would begin with many more
//! connections than it ever uses at a time.

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

/// How long a connection is waited for where there seem to be enough: one that hangs while it is
/// closed counts, and will not become idle.
const PATIENCE: Duration = Duration::from_secs(2);

/// Counts the requests and the connections of one tenant. Clones count the same.
#[derive(Clone, Default)]
pub(super) struct Places(Arc<Shared>);

#[derive(Default)]
struct Shared {
    counts: Mutex<Counts>,
    changed: Notify,
}

#[derive(Default)]
struct Counts {
    requests: usize,
    connections: usize,
}

impl Shared {
    fn counts(&self) -> MutexGuard<'_, Counts> {
        // They are whole even where a holder panicked: every change is one step.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Places {
    /// A request that is on its way until the value is dropped.
    pub(super) fn request(&self) -> Flight {
        self.0.counts().requests += 1;
        self.0.changed.notify_waiters();
        Flight(Arc::clone(&self.0))
    }

    /// A connection that is made, or is there, until the value is dropped. Waits while there are
    /// as many as requests.
    pub(super) async fn connection(&self) -> Place {
        let free = async {
            loop {
                let mut changed = pin!(self.0.changed.notified());
                // Before the look, so that no change is missed after it.
                changed.as_mut().enable();
                if let Some(place) = self.free() {
                    return place;
                }
                changed.await;
            }
        };
        match timeout(PATIENCE, free).await {
            Ok(place) => place,
            Err(_) => self.taken(&mut self.0.counts()),
        }
    }

    fn free(&self) -> Option<Place> {
        let mut counts = self.0.counts();
        (counts.connections < counts.requests).then(|| self.taken(&mut counts))
    }

    fn taken(&self, counts: &mut Counts) -> Place {
        counts.connections += 1;
        Place(Arc::clone(&self.0))
    }
}

/// A request that is on its way.
pub(super) struct Flight(Arc<Shared>);

impl Drop for Flight {
    fn drop(&mut self) {
        self.0.counts().requests -= 1;
    }
}

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

    /// What the future has come to by now.
    fn now<F: Future>(future: Pin<&mut F>) -> Option<F::Output> {
        match future.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        }
    }

    #[tokio::test]
    async fn a_connection_waits_for_a_request_or_another_connections_end() {
        let places = Places::default();
        let _one = places.request();
        let first = now(pin!(places.connection())).expect("a place for the request");
        let mut second = pin!(places.connection());
        assert!(now(second.as_mut()).is_none());
        let other = places.request();
        let second = now(second).expect("a place for the other request");

        drop(other);
        drop(second);
        let mut third = pin!(places.connection());
        assert!(now(third.as_mut()).is_none());
        drop(first);
        assert!(now(third).is_some());
    }
}
