//! Masks tokens in responses: some servers repeat a token when they reject it.

use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use http_body::{Body, Frame};
use wasmtime_wasi_http::{Error, WasiBody};
use wasmtime_wasi_io::bytes::Bytes;

/// Replaces each byte of a token, so that lengths in headers stay correct.
const MASK: u8 = b'*';

/// Masks tokens in text that arrives in pieces.
pub(super) struct Mask {
    tokens: Vec<Vec<u8>>,
    /// The end of the text so far, if it may be the beginning of a token.
    held: Vec<u8>,
}

impl Mask {
    /// Creates a mask. No token may be empty.
    pub(super) fn new(tokens: Vec<Vec<u8>>) -> Mask {
        Mask { tokens, held: Vec::new() }
    }

    /// Takes a piece, and returns the masked text that no later piece can change.
    pub(super) fn take(&mut self, piece: &[u8]) -> Vec<u8> {
        self.held.extend_from_slice(piece);
        for token in &self.tokens {
            let mut from = 0;
            while let Some(at) = self.held[from..].windows(token.len()).position(|w| w == token) {
                self.held[from + at..from + at + token.len()].fill(MASK);
                from += at + token.len();
            }
        }
        let begun = self.tokens.iter().map(|token| begun(&self.held, token)).max().unwrap_or(0);
        let certain = self.held.len() - begun;
        self.held.drain(..certain).collect()
    }

    /// Masks a whole text.
    pub(super) fn whole(mut self, text: &[u8]) -> Vec<u8> {
        let mut masked = self.take(text);
        masked.extend(self.finish());
        masked
    }

    /// Returns the rest.
    fn finish(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.held)
    }
}

/// Returns how many bytes at the end of `text` are a proper prefix of `token`.
fn begun(text: &[u8], token: &[u8]) -> usize {
    let longest = text.len().min(token.len().saturating_sub(1));
    let begins = |&length: &usize| token.starts_with(&text[text.len() - length..]);
    (1..=longest).rev().find(begins).unwrap_or(0)
}

/// A body whose tokens are masked. Trailers are dropped.
pub(super) struct Masked {
    body: WasiBody,
    mask: Mask,
}

impl Masked {
    pub(super) fn new(body: WasiBody, mask: Mask) -> Masked {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(tokens: &[&str], pieces: &[&str]) -> String {
        let mut mask = Mask::new(tokens.iter().map(|token| token.as_bytes().to_vec()).collect());
        let mut text = Vec::new();
        for piece in pieces {
            text.extend(mask.take(piece.as_bytes()));
        }
        text.extend(mask.finish());
        String::from_utf8(text).expect("UTF-8")
    }

    #[test]
    fn a_token_is_masked_even_if_it_is_split_across_pieces() {
        let text = "no hunter2, no hhunter2hunter2 here, hunter";
        let expected = "no *******, no h************** here, hunter";
        assert_eq!(masked(&["hunter2"], &[text]), expected);
        for cut in 0..=text.len() {
            let (one, two) = text.split_at(cut);
            assert_eq!(masked(&["hunter2"], &[one, two]), expected, "cut at {cut}");
        }
        let letters: Vec<String> = text.chars().map(String::from).collect();
        let letters: Vec<&str> = letters.iter().map(String::as_str).collect();
        assert_eq!(masked(&["hunter2"], &letters), expected);
    }

    #[test]
    fn several_tokens_are_masked() {
        assert_eq!(masked(&["abab", "bcd"], &["xaba", "b bc", "d ababcd"]), "x**** *** ****cd");
        assert_eq!(masked(&[], &["nothing to hide"]), "nothing to hide");
    }
}
