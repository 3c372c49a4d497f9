//! One connection: TCP or TLS, to the server directly or through a proxy's tunnel.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Failure;
use super::driver::must_give_way;
use super::frames::Frames;
use super::inbound::{Inbound, Raw};
use super::places::{Http2Place, Place};

/// A stream of bytes in both directions.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// A stream whose reader gives way to other tasks, and whose bytes are counted: as HTTP, or below
/// that. TLS can be kept busy by bytes that bring nothing.
pub(super) struct Paced<T> {
    io: T,
    raw: Raw,
    /// `None` if another stream is over this one.
    counted: Option<(Arc<Inbound>, Option<Frames>)>,
}

impl<T> Paced<T> {
    /// Creates the stream of a socket, over which is another stream with the same `raw`.
    pub(super) fn under(io: T, raw: Raw) -> Paced<T> {
        Paced { io, raw, counted: None }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Paced<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if must_give_way(this.counted.as_ref().map(|(inbound, _)| inbound)) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        let read = ready!(Pin::new(&mut this.io).poll_read(context, buffer));
        let new = &buffer.filled()[before..];
        let go_on = match &mut this.counted {
            None => this.raw.receive(new.len()),
            Some((inbound, _)) if this.raw.is_exhausted() => {
                // TLS has ended with this error.
                inbound.exhaust();
                false
            }
            Some((inbound, frames)) => {
                if !new.is_empty() {
                    this.raw.restore();
                }
                inbound.receive(new, frames.as_mut())
            }
        };
        if !go_on {
            return Poll::Ready(Err(io::Error::other(Failure::TooMuchBeforeAnswer)));
        }
        Poll::Ready(read)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Paced<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(context, pieces)
    }
}

/// A connection as the client pools it.
pub(super) struct Stream {
    io: TokioIo<Paced<Box<dyn Duplex>>>,
    inbound: Arc<Inbound>,
    http2: bool,
    _place: Place,
}

impl Stream {
    /// Creates an HTTP/1.1 connection to the server.
    pub(super) fn http1(io: Box<dyn Duplex>, raw: Raw, place: Place) -> Stream {
        Stream::new(io, raw, place, Inbound::new(false), false)
    }

    /// Creates an HTTP/2 connection to the server.
    pub(super) fn http2(
        io: Box<dyn Duplex>,
        raw: Raw,
        place: Place,
        http2_place: Http2Place,
    ) -> Stream {
        Stream::new(io, raw, place, Inbound::new(true).at(http2_place), true)
    }

    fn new(io: Box<dyn Duplex>, raw: Raw, place: Place, inbound: Inbound, http2: bool) -> Stream {
        let inbound = Arc::new(inbound);
        let counted = Some((Arc::clone(&inbound), inbound.frames()));
        let io = TokioIo::new(Paced { io, raw, counted });
        Stream { io, inbound, http2, _place: place }
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        let connected = Connected::new().extra(Arc::clone(&self.inbound));
        if self.http2 { connected.negotiated_h2() } else { connected }
    }
}

impl Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl Write for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(context, pieces)
    }
}

#[cfg(test)]
mod tests {
    use hyper::rt::Executor;
    use tokio::io::AsyncReadExt;
    use tokio::sync::oneshot;

    use super::super::driver::Drivers;
    use super::super::inbound::BEFORE_ANSWER;
    use super::*;

    /// A stream that is always ready. Those of the runtime are not: they end a turn, too, but only
    /// after a number of reads, however large these are.
    struct Ready;

    impl AsyncRead for Ready {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            buffer.put_slice(b"x");
            Poll::Ready(Ok(()))
        }
    }

    /// A stream over another one, whose bytes bring content only now and then.
    struct Swallowing {
        under: Paced<Ready>,
        read: usize,
        /// After so many bytes there is one of content.
        content: usize,
    }

    impl AsyncRead for Swallowing {
        fn poll_read(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            loop {
                let mut byte = [0];
                let mut one = ReadBuf::new(&mut byte);
                ready!(Pin::new(&mut self.under).poll_read(context, &mut one))?;
                self.read += 1;
                if self.read.is_multiple_of(self.content) {
                    buffer.put_slice(b"x");
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }

    #[tokio::test]
    async fn bytes_that_bring_no_content_end_the_stream_and_others_do_not() {
        for (content, ended) in [(BEFORE_ANSWER, false), (4 * BEFORE_ANSWER, true)] {
            let raw = Raw::default();
            let inbound = Arc::new(Inbound::new(false));
            let under = Paced::under(Ready, raw.clone());
            let io = Swallowing { under, read: 0, content };
            let mut stream = Paced { io, raw, counted: Some((Arc::clone(&inbound), None)) };
            for _ in 0..3 {
                assert_eq!(stream.read_u8().await.is_err(), ended, "{content}");
            }
            assert_eq!(inbound.is_exhausted(), ended, "{content}");
        }
    }

    #[tokio::test]
    async fn reading_ends_its_turn_although_there_is_more() {
        let (ended, turn) = oneshot::channel();
        let mut ended = Some(ended);
        let mut stream = Paced::under(Ready, Raw::default());
        Drivers.execute(async move {
            std::future::poll_fn(|context| {
                let mut byte = [0];
                for read in 0..10_000_000_u32 {
                    let reading = std::pin::pin!(stream.read_exact(&mut byte));
                    if reading.poll(context).is_pending() {
                        let _ = ended.take().expect("one end").send(read);
                        return Poll::Ready(());
                    }
                }
                Poll::Ready(())
            })
            .await;
        });
        assert!(turn.await.expect("reading did not give way") > 0);
    }
}
