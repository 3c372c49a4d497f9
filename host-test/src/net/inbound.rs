//! What a connection has received, and how much more it may receive without bringing anything that
//! was asked for.
//!
//! A server can send without end before it answers: informational responses (`100 Continue`),
//! headers, and in HTTP/2 also pings, settings and empty frames. The HTTP library reads and forgets
//! them. Here they are counted, in one budget for each connection:
//!
//! - in HTTP/1.1, every byte between a request and the head of its answer. The body is read only as
//!   fast as the component wants it;
//! - in HTTP/2, every byte of every frame. A piece of a body gives its bytes back when the component
//!   has read it.
//!
//! The head of an answer restores the budget.
//!
//! Below this is another budget, for what brings nothing at all: bytes of TLS without content, such as
//! session tickets. Each piece of content restores it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::frames::{self, Frames};
use crate::meter::ComputeTime;

/// How many bytes a server may send before it answers. A head has at most 64 KiB. The HTTP library
/// may read some more of the body before it hands over the head.
pub(super) const BEFORE_ANSWER: usize = 512 << 10;

/// How many bytes of bodies a server may send over HTTP/2 before they are read.
pub(super) const WINDOW: usize = 5 << 20;

/// The budget of one connection. It is shared by the connection and its requests.
#[derive(Debug)]
pub(super) struct Inbound {
    http2: bool,
    limit: usize,
    left: AtomicUsize,
    /// In HTTP/1.1: whether the connection is in the body of an answer.
    in_body: AtomicBool,
    exhausted: AtomicBool,
    /// The computing time of the call that began the last request.
    payer: Mutex<Option<ComputeTime>>,
}

impl Inbound {
    pub(super) fn new(http2: bool) -> Inbound {
        let limit = if http2 { BEFORE_ANSWER + WINDOW } else { BEFORE_ANSWER };
        Inbound {
            http2,
            limit,
            left: AtomicUsize::new(limit),
            in_body: AtomicBool::new(false),
            exhausted: AtomicBool::new(false),
            payer: Mutex::default(),
        }
    }

    /// Returns the counter of frames that the connection's reader needs.
    pub(super) fn frames(&self) -> Option<Frames> {
        self.http2.then(Frames::default)
    }

    /// A request begins, for which this call pays.
    pub(super) fn request(&self, payer: Option<&ComputeTime>) {
        *self.payer.lock().unwrap_or_else(PoisonError::into_inner) = payer.cloned();
        if !self.http2 {
            self.in_body.store(false, Ordering::Relaxed);
            self.restore();
        }
    }

    /// The head of an answer has arrived.
    pub(super) fn head(&self) {
        self.in_body.store(true, Ordering::Relaxed);
        self.restore();
    }

    /// The component has read this much of a body, in one piece.
    pub(super) fn consumed(&self, bytes: usize) {
        if self.http2 {
            let back = frames::cost(bytes);
            let limit = self.limit;
            let _ = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                Some(left.saturating_add(back).min(limit))
            });
        }
    }

    /// Counts bytes that were received. Returns whether the connection may go on.
    pub(super) fn receive(&self, bytes: &[u8], frames: Option<&mut Frames>) -> bool {
        let cost = match frames {
            Some(frames) => frames.cost(bytes),
            None if self.in_body.load(Ordering::Relaxed) => return true,
            None => bytes.len(),
        };
        let spent = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(cost));
        if spent.is_err() {
            self.exhaust();
        }
        spent.is_ok()
    }

    /// The connection received too much of what brings nothing.
    pub(super) fn exhaust(&self) {
        self.exhausted.store(true, Ordering::Relaxed);
    }

    /// Returns whether the connection was ended because it received too much.
    pub(super) fn is_exhausted(&self) -> bool {
        self.exhausted.load(Ordering::Relaxed)
    }

    /// Adds time in which the connection was driven.
    pub(super) fn charge(&self, time: Duration) {
        if let Some(payer) = &*self.payer.lock().unwrap_or_else(PoisonError::into_inner) {
            payer.add(time);
        }
    }

    fn restore(&self) {
        self.left.store(self.limit, Ordering::Relaxed);
    }
}

/// How many bytes a connection has received from its socket since they last brought content. Clones
/// share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Raw(Arc<AtomicUsize>);

impl Raw {
    /// Counts bytes from the socket. Returns whether the connection may go on.
    pub(super) fn receive(&self, bytes: usize) -> bool {
        self.0.fetch_add(bytes, Ordering::Relaxed);
        !self.is_exhausted()
    }

    /// Returns whether the connection received too much.
    pub(super) fn is_exhausted(&self) -> bool {
        self.0.load(Ordering::Relaxed) > BEFORE_ANSWER
    }

    /// There was content.
    pub(super) fn restore(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_http1_only_bytes_before_the_head_count() {
        let inbound = Inbound::new(false);
        inbound.request(None);
        assert!(inbound.receive(&[0; BEFORE_ANSWER], None));
        inbound.head();
        for _ in 0..10 {
            assert!(inbound.receive(&[0; BEFORE_ANSWER], None), "a body");
        }
        inbound.request(None);
        assert!(inbound.receive(&[0; BEFORE_ANSWER], None));
        assert!(!inbound.is_exhausted());
        assert!(!inbound.receive(&[0], None));
        assert!(inbound.is_exhausted());
    }

    #[test]
    fn in_http2_a_body_counts_until_it_is_read() {
        let inbound = Inbound::new(true);
        let mut frames = inbound.frames();
        let mut piece = vec![0, 0x40, 0, 0, 0, 0, 0, 0, 1];
        piece.resize(9 + 0x4000, 0);
        let pieces = (BEFORE_ANSWER + WINDOW) / piece.len();
        for _ in 0..3 * pieces {
            assert!(inbound.receive(&piece, frames.as_mut()));
            inbound.consumed(0x4000);
        }
        for _ in 0..pieces {
            assert!(inbound.receive(&piece, frames.as_mut()));
        }
        assert!(!inbound.receive(&piece, frames.as_mut()));
    }
}
