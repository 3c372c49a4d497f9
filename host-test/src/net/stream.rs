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
use super::inbound::Inbound;
use super::places::Place;

/// A stream of bytes in both directions.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// A stream whose reader gives way to other tasks, and whose bytes are counted once it carries
/// HTTP. TLS over it can also be kept busy by bytes that bring nothing.
pub(super) struct Paced<T> {
    io: T,
    counted: Option<(Arc<Inbound>, Option<Frames>)>,
}

impl<T> Paced<T> {
    /// Creates a stream whose bytes are not counted, because another stream is over it.
    pub(super) fn under(io: T) -> Paced<T> {
        Paced { io, counted: None }
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
        ready!(Pin::new(&mut this.io).poll_read(context, buffer))?;
        if let Some((inbound, frames)) = &mut this.counted
            && !inbound.receive(&buffer.filled()[before..], frames.as_mut())
        {
            return Poll::Ready(Err(io::Error::other(Failure::TooMuchBeforeAnswer)));
        }
        Poll::Ready(Ok(()))
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
    pub(super) fn http1(io: Box<dyn Duplex>, place: Place) -> Stream {
        Stream::new(io, place, false)
    }

    /// Creates an HTTP/2 connection to the server.
    pub(super) fn http2(io: Box<dyn Duplex>, place: Place) -> Stream {
        Stream::new(io, place, true)
    }

    fn new(io: Box<dyn Duplex>, place: Place, http2: bool) -> Stream {
        let inbound = Arc::new(Inbound::new(http2));
        let counted = Some((Arc::clone(&inbound), inbound.frames()));
        let io = TokioIo::new(Paced { io, counted });
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

    #[tokio::test]
    async fn reading_ends_its_turn_although_there_is_more() {
        let (ended, turn) = oneshot::channel();
        let mut ended = Some(ended);
        let mut stream = Paced::under(Ready);
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
