//! The body of an answer in which tokens are masked.

use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use egress_rule::Mask;
use http_body::{Body, Frame};
use wasmtime_wasi_http::{Error, WasiBody};
use wasmtime_wasi_io::bytes::Bytes;

use super::Token;

/// A body whose tokens are masked. Trailers are dropped.
pub(super) struct Masked {
    body: WasiBody,
    mask: Mask<Token>,
}

impl Masked {
    pub(super) fn new(body: WasiBody, mask: Mask<Token>) -> Masked {
        Masked { body, mask }
    }
}

impl Body for Masked {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        loop {
            let certain = match ready!(pin!(&mut self.body).poll_frame(context)) {
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(piece) => self.mask.take(&piece),
                    Err(_trailers) => continue,
                },
                None => {
                    let rest = self.mask.finish();
                    if rest.is_empty() {
                        return Poll::Ready(None);
                    }
                    rest
                }
            };
            if !certain.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(certain.into()))));
            }
        }
    }
}
