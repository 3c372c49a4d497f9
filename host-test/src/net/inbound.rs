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
//! The head of an answer restores the budget, in HTTP/2 only if no other body is open: a piece that is
//! not read keeps the buffer in which it came, with whatever came beside it. As long as a body is open,
//! all that came since its head counts, except what was read.
//!
//! Below this is another budget, for what brings nothing at all: bytes of TLS without content, such as
//! session tickets. Each piece of content restores it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::frames::{self, Frames};
use super::places::Http2Place;
use crate::meter::ComputeTime;

/// How many bytes a server may send before it answers. The HTTP library reads a head of at most
/// 64 KiB. It may read some more of the body before it hands over the head.
pub(super) const BEFORE_ANSWER: usize = 512 << 10;

/// How many bytes of bodies a server may send over an HTTP/2 connection before they are read.
pub(super) const WINDOW: usize = 5 << 20;

/// The budget of one connection. It is shared by the connection and its requests.
#[derive(Debug)]
pub(super) struct Inbound {
    http2: bool,
    limit: usize,
    counts: Mutex<Counts>,
    /// In HTTP/1.1: whether the connection is in the body of an answer.
    in_body: AtomicBool,
    exhausted: AtomicBool,
    /// The computing time of the call that began the last request.
    payer: Mutex<Option<ComputeTime>>,
    /// Of HTTP/2. It is here and not with the connection, because what was received of a body stays
    /// after the connection has ended.
    #[expect(dead_code, reason = "it is dropped")]
    place: Option<Http2Place>,
}

#[derive(Debug, Default)]
struct Counts {
    /// What was received, without what was given back.
    spent: usize,
    /// What was spent when the budget was last restored.
    restored: usize,
    /// The answers whose bodies are open, in their order, and what was spent when each began.
    open: BTreeMap<u64, usize>,
    /// The number of the next answer.
    next: u64,
}

impl Counts {
    /// Restores the budget, to the time when the oldest open body began.
    fn restore(&mut self) {
        let began = self.open.first_entry().map(|oldest| *oldest.get());
        self.restored = began.unwrap_or(self.spent).min(self.spent);
    }

    fn give_back(&mut self, bytes: usize) {
        self.spent = self.spent.saturating_sub(bytes);
        self.restored = self.restored.min(self.spent);
        // What comes after an answer's head counts, also if something from before it is read late.
        for began in self.open.values_mut() {
            *began = self.spent.min(*began);
        }
    }
}

impl Inbound {
    pub(super) fn new(http2: bool) -> Inbound {
        let limit = if http2 { BEFORE_ANSWER + WINDOW } else { BEFORE_ANSWER };
        Inbound {
            http2,
            limit,
            counts: Mutex::default(),
            in_body: AtomicBool::new(false),
            exhausted: AtomicBool::new(false),
            payer: Mutex::default(),
            place: None,
        }
    }

    /// Keeps the place as long as the connection, or a body that it has brought.
    pub(super) fn at(self, place: Http2Place) -> Inbound {
        Inbound { place: Some(place), ..self }
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
            self.counts().restore();
        }
    }

    /// The head of an answer has arrived.
    pub(super) fn head(self: &Arc<Self>) -> Answer {
        self.in_body.store(true, Ordering::Relaxed);
        let mut counts = self.counts();
        let number = counts.next;
        counts.next += 1;
        if self.http2 {
            // This is what came for it. However long another body is open, answers don't add up.
            counts.give_back(frames::cost(0));
            let spent = counts.spent;
            counts.open.insert(number, spent);
        }
        counts.restore();
        Answer { inbound: Arc::clone(self), number }
    }

    /// Counts bytes that were received. Returns whether the connection may go on.
    pub(super) fn receive(&self, bytes: &[u8], frames: Option<&mut Frames>) -> bool {
        let cost = match frames {
            Some(frames) => frames.cost(bytes),
            None if self.in_body.load(Ordering::Relaxed) => return true,
            None => bytes.len(),
        };
        let mut counts = self.counts();
        counts.spent = counts.spent.saturating_add(cost);
        let go_on = counts.spent - counts.restored <= self.limit;
        if !go_on {
            self.exhaust();
        }
        go_on
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

    fn counts(&self) -> MutexGuard<'_, Counts> {
        // The counts are consistent even if a holder panicked: no change can stop in the middle.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An answer whose body is open, until it is dropped.
pub(super) struct Answer {
    inbound: Arc<Inbound>,
    number: u64,
}

impl Answer {
    /// The component has read this much of the body, in one piece.
    pub(super) fn consumed(&self, bytes: usize) {
        if self.inbound.http2 {
            self.inbound.counts().give_back(frames::cost(bytes));
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        if self.inbound.http2 {
            let mut counts = self.inbound.counts();
            counts.open.remove(&self.number);
            counts.restore();
        }
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
        let inbound = Arc::new(Inbound::new(false));
        inbound.request(None);
        assert!(inbound.receive(&[0; BEFORE_ANSWER], None));
        let _answer = inbound.head();
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
        let inbound = Arc::new(Inbound::new(true));
        let answer = inbound.head();
        let mut frames = inbound.frames();
        let mut piece = vec![0, 0x40, 0, 0, 0, 0, 0, 0, 1];
        piece.resize(9 + 0x4000, 0);
        let pieces = (BEFORE_ANSWER + WINDOW) / piece.len();
        for _ in 0..3 * pieces {
            assert!(inbound.receive(&piece, frames.as_mut()));
            answer.consumed(0x4000);
        }
        for _ in 0..pieces {
            assert!(inbound.receive(&piece, frames.as_mut()));
        }
        assert!(!inbound.receive(&piece, frames.as_mut()));
    }

    /// A frame that is not a piece of a body, with a payload of 16 KiB.
    fn other() -> Vec<u8> {
        let mut frame = vec![0, 0x40, 0, 0x42, 0, 0, 0, 0, 0];
        frame.resize(9 + 0x4000, 0);
        frame
    }

    /// How many of them a budget is enough for.
    const OTHERS: usize = (BEFORE_ANSWER + WINDOW) / (9 + 0x4000);

    #[test]
    fn in_http2_answers_beside_an_open_body_do_not_restore_the_budget() {
        let inbound = Arc::new(Inbound::new(true));
        let mut frames = inbound.frames();
        let mut receive = || inbound.receive(&other(), frames.as_mut());
        let open = inbound.head();
        for _ in 0..OTHERS {
            assert!(receive());
            drop(inbound.head());
        }
        // A little was given back for the heads.
        assert!((0..OTHERS / 10).any(|_| !receive()));
        drop(open);
        for _ in 0..3 * OTHERS {
            assert!(receive());
            drop(inbound.head());
        }
    }

    #[test]
    fn in_http2_the_oldest_open_body_counts() {
        let inbound = Arc::new(Inbound::new(true));
        let mut frames = inbound.frames();
        let mut receive =
            |times: usize| (0..times).all(|_| inbound.receive(&other(), frames.as_mut()));
        // Each is dropped when the next one is there. So there is always one that is open, and none
        // for long. What came for those that are dropped does not add up.
        let mut open = inbound.head();
        for _ in 0..10 {
            assert!(receive(OTHERS / 3));
            let next = inbound.head();
            assert!(receive(OTHERS / 4));
            open = next;
        }
        assert!(!receive(OTHERS));
        drop(open);
    }

    #[test]
    fn in_http2_the_heads_of_answers_beside_an_open_body_do_not_add_up() {
        let inbound = Arc::new(Inbound::new(true));
        let mut frames = inbound.frames();
        let _open = inbound.head();
        let head = [0, 0, 4, 1, 4, 0, 0, 0, 3, 0, 0, 0, 0];
        for _ in 0..100_000 {
            assert!(inbound.receive(&head, frames.as_mut()));
            drop(inbound.head());
        }
    }

    #[test]
    fn in_http2_what_comes_beside_an_open_body_counts_also_if_an_older_one_is_read_late() {
        let inbound = Arc::new(Inbound::new(true));
        let mut frames = inbound.frames();
        let mut receive =
            |times: usize| (0..times).all(|_| inbound.receive(&other(), frames.as_mut()));
        let older = inbound.head();
        assert!(receive(OTHERS / 2));
        let _open = inbound.head();
        (0..OTHERS / 2).for_each(|_| older.consumed(0x4000));
        assert!(receive(OTHERS / 2));
        drop(older);
        assert!(!receive(OTHERS / 4 * 3));
    }

    #[test]
    fn in_http2_what_was_read_beside_an_open_body_does_not_count() {
        let inbound = Arc::new(Inbound::new(true));
        let mut frames = inbound.frames();
        let before = inbound.head();
        assert!((0..OTHERS / 2).all(|_| inbound.receive(&other(), frames.as_mut())));
        let _open = inbound.head();
        for _ in 0..3 * OTHERS {
            before.consumed(0x4000);
            assert!(inbound.receive(&other(), frames.as_mut()));
        }
        drop(before);
        assert!(!(0..=OTHERS).all(|_| inbound.receive(&other(), frames.as_mut())));
    }
}
