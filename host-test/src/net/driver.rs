//! Drives connections in the background, so that none of them occupies a thread.
//!
//! A server can send so much that its connection is always ready to be read. Such a connection is
//! treated like a component that computes: after a short turn it waits behind all other tasks, and
//! its time counts as the computing time of the call that uses it.

use std::cell::RefCell;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use hyper::rt::Executor;
use tokio::task::yield_now;

use super::inbound::Inbound;
use crate::ticker::TICK;

/// How long a connection may be driven before other tasks get a turn.
const TURN: std::time::Duration = TICK;

thread_local! {
    /// The turn of the connection that this thread drives.
    static CURRENT: RefCell<Option<Turn>> = const { RefCell::new(None) };
}

struct Turn {
    began: Instant,
    /// The connection, once it is known: the task is made by a library.
    inbound: Option<Arc<Inbound>>,
}

/// Returns whether the connection that this thread drives must give way before it reads more.
/// The first use in a turn says which connection it is.
pub(super) fn must_give_way(inbound: Option<&Arc<Inbound>>) -> bool {
    CURRENT.with_borrow_mut(|turn| {
        let Some(turn) = turn else { return false };
        if let (None, Some(inbound)) = (&turn.inbound, inbound) {
            turn.inbound = Some(Arc::clone(inbound));
        }
        turn.began.elapsed() >= TURN
    })
}

/// Spawns the tasks that drive connections.
#[derive(Clone, Copy)]
pub(super) struct Drivers;

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Drivers {
    fn execute(&self, task: F) {
        tokio::spawn(Driver { task: Box::pin(task), pause: None });
    }
}

struct Driver<F> {
    task: Pin<Box<F>>,
    /// Set after a long turn: the next one begins after all other tasks had theirs.
    pause: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl<F: Future<Output = ()>> Future for Driver<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(context));
            self.pause = None;
        }
        let began = Instant::now();
        let turn = Started::new(began);
        let polled = self.task.as_mut().poll(context);
        let took = began.elapsed();
        if let Some(inbound) = turn.end() {
            inbound.charge(took);
        }
        if polled.is_pending() && took >= TURN {
            // A task that only wakes itself runs before the runtime looks at its sockets.
            self.pause = Some(Box::pin(yield_now()));
        }
        polled
    }
}

/// Removes the current turn when it is dropped, also if the task panics.
struct Started;

impl Started {
    fn new(began: Instant) -> Started {
        CURRENT.set(Some(Turn { began, inbound: None }));
        Started
    }

    fn end(self) -> Option<Arc<Inbound>> {
        CURRENT.take().and_then(|turn| turn.inbound)
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        CURRENT.set(None);
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::UnixStream;

    use super::*;

    // While any task is ready, a runtime polls its sockets only once in 61 turns. A message and its
    // answer need two polls.
    #[tokio::test]
    async fn a_connection_that_is_always_ready_yields_to_tasks_that_wait_for_the_network() {
        let turns = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&turns);
        Drivers.execute(poll_fn(move |context| {
            counted.fetch_add(1, Ordering::Relaxed);
            while !must_give_way(None) {
                std::hint::spin_loop();
            }
            context.waker().wake_by_ref();
            Poll::Pending
        }));
        while turns.load(Ordering::Relaxed) < 3 {
            yield_now().await;
        }
        let before = turns.load(Ordering::Relaxed);
        // Both sides wait for the other one, so that each message needs the runtime's sockets.
        let (mut here, mut there) = UnixStream::pair().expect("a pair of sockets");
        let answering = async {
            for _ in 0..50 {
                let message = there.read_u8().await.expect("a message");
                there.write_u8(message).await.expect("an answer");
            }
        };
        let asking = async {
            for _ in 0..50 {
                here.write_u8(1).await.expect("a message");
                here.read_u8().await.expect("an answer");
            }
        };
        tokio::join!(answering, asking);
        let turns = turns.load(Ordering::Relaxed) - before;
        assert!(turns <= 200, "{turns} turns");
    }

    #[tokio::test]
    async fn outside_of_a_connections_task_nothing_has_to_give_way() {
        assert!(!must_give_way(None));
    }
}
