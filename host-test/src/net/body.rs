//! The body of a response, with a time limit for each piece. Trailers are dropped: the component needs
//! none, and could keep them when its request no longer counts.

use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep};
use wasmtime_wasi_http::Error;
use wasmtime_wasi_io::bytes::Bytes;

use super::inbound::Answer;
use super::places::Flight;

/// A body that fails if no piece arrives within the limit.
pub(super) struct Timed<B = Incoming> {
    body: B,
    limit: Duration,
    /// The timer for the next piece. It is created at the first wait, because most bodies are
    /// available at once.
    wait: Option<Pin<Box<Sleep>>>,
    waiting: bool,
    /// Counts the request as in flight as long as there is a body. The last piece may have been taken
    /// from it without being read: the engine asks for the end only after that.
    #[expect(dead_code, reason = "it is dropped")]
    flight: Option<Flight>,
    /// What its connection knows of it.
    answer: Option<Answer>,
}

impl<B> Timed<B> {
    /// Creates a body. `limit` applies to each piece, including the first.
    pub(super) fn new(body: B, limit: Duration) -> Timed<B> {
        Timed { body, limit, wait: None, waiting: false, flight: None, answer: None }
    }

    /// Counts the request as in flight until the body is dropped, and reports to its connection what
    /// was read.
    pub(super) fn of(self, flight: Flight, answer: Option<Answer>) -> Timed<B> {
        Timed { flight: Some(flight), answer, ..self }
    }

    fn poll_limit(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let limit = self.limit;
        let wait = self.wait.get_or_insert_with(|| Box::pin(sleep(limit)));
        if !self.waiting {
            self.waiting = true;
            if let Some(end) = Instant::now().checked_add(limit) {
                wait.as_mut().reset(end);
            }
        }
        wait.as_mut().poll(context)
    }
}

impl<B: Body<Data = Bytes, Error = hyper::Error> + Unpin> Body for Timed<B> {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if let Poll::Ready(frame) = pin!(&mut self.body).poll_frame(context) {
            self.waiting = false;
            let data = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref());
            if let (Some(data), Some(answer)) = (data, &self.answer) {
                answer.consumed(data.len());
            }
            return Poll::Ready(match frame {
                Some(Ok(frame)) if frame.is_trailers() => None,
                frame => frame.map(|frame| frame.map_err(|error| broken(&error))),
            });
        }
        ready!(self.poll_limit(context));
        Poll::Ready(Some(Err(Error::ConnectionReadTimeout)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

fn broken(error: &hyper::Error) -> Error {
    if error.is_parse() { Error::HttpProtocolError } else { Error::HttpResponseIncomplete }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use tokio::sync::mpsc;

    use super::*;

    /// A body whose pieces the test sends.
    struct Pieces(mpsc::UnboundedReceiver<Bytes>);

    impl Body for Pieces {
        type Data = Bytes;
        type Error = hyper::Error;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
            self.0.poll_recv(context).map(|piece| piece.map(|piece| Ok(Frame::data(piece))))
        }
    }

    #[tokio::test]
    async fn each_piece_gets_the_full_time_limit() {
        let (pieces, body) = mpsc::unbounded_channel();
        let mut body = Timed::new(Pieces(body), Duration::from_secs(600));
        let poll = |body: &mut Timed<Pieces>| {
            pin!(body).poll_frame(&mut Context::from_waker(Waker::noop())).map(|_| ())
        };
        let end = |body: &Timed<Pieces>| body.wait.as_ref().map(|wait| wait.deadline());

        assert!(poll(&mut body).is_pending());
        let first = end(&body).expect("a limit");
        assert!(poll(&mut body).is_pending());
        assert_eq!(end(&body), Some(first), "a poll restarted the timer");

        pieces.send(Bytes::from_static(b"one")).expect("a body");
        assert!(poll(&mut body).is_ready());
        assert!(poll(&mut body).is_pending());
        assert!(end(&body).expect("a limit") > first);
    }
}
