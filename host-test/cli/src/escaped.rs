//! Writes JSON piece by piece, with escapes for what may not be shown.

use std::io::{self, Write};
use std::mem;

use host_test::json;
use host_test::text::printable_json;
use serde::Serialize;

/// How many bytes are kept before they are written.
const PIECE: usize = 64 << 10;

/// Returns a value of the contract as the JSON of a file.
pub(crate) fn file_text<T: Serialize + ?Sized>(value: &T) -> io::Result<String> {
    let mut text = Escaped::new(Vec::new());
    serde_json::to_writer_pretty(&mut text, &json::named(value))?;
    text.write_all(b"\n")?;
    text.flush()?;
    String::from_utf8(text.inner).map_err(io::Error::other)
}

/// Writes JSON with [`printable_json`], without a copy of the whole.
pub(crate) struct Escaped<W> {
    inner: W,
    /// What is not written yet. It may end inside a character.
    kept: Vec<u8>,
}

impl<W: Write> Escaped<W> {
    pub(crate) fn new(inner: W) -> Self {
        Escaped { inner, kept: Vec::with_capacity(PIECE) }
    }

    /// Writes what is kept, without a character of which there is only the beginning.
    fn write_kept(&mut self) -> io::Result<()> {
        let kept = mem::take(&mut self.kept);
        let (text, rest) = match std::str::from_utf8(&kept) {
            Ok(text) => (text, &[][..]),
            Err(error) if error.error_len().is_none() => {
                let (text, rest) = kept.split_at(error.valid_up_to());
                (std::str::from_utf8(text).map_err(io::Error::other)?, rest)
            }
            Err(error) => return Err(io::Error::new(io::ErrorKind::InvalidData, error)),
        };
        self.inner.write_all(printable_json(text).as_bytes())?;
        self.kept.extend_from_slice(rest);
        Ok(())
    }
}

impl<W: Write> Write for Escaped<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = &bytes[..bytes.len().min(PIECE)];
        self.kept.extend_from_slice(taken);
        if self.kept.len() >= PIECE {
            self.write_kept()?;
        }
        Ok(taken.len())
    }

    /// Writes everything. Nothing is written when it is dropped.
    fn flush(&mut self) -> io::Result<()> {
        self.write_kept()?;
        if !self.kept.is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the text ends in a character"));
        }
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_written_as_the_whole_would_be() {
        let text = "{\"a\u{1b}\": \"é\u{202e}😀\u{e0001}\u{85}\",\n \"b\": \"\\n\"}".repeat(3000);
        for size in [1, 2, 3, 5, 7, 1000, PIECE, text.len()] {
            let mut written = Vec::new();
            let mut escaped = Escaped::new(&mut written);
            for piece in text.as_bytes().chunks(size) {
                escaped.write_all(piece).expect("a Vec takes everything");
            }
            escaped.flush().expect("a Vec takes everything");
            assert!(written == printable_json(&text).as_bytes(), "{size}");
        }
    }

    #[test]
    fn what_is_not_utf8_is_an_error() {
        let flush = |bytes: &[u8]| {
            let mut escaped = Escaped::new(io::sink());
            escaped.write_all(bytes).and_then(|()| escaped.flush())
        };
        assert!(flush(b"a").is_ok() && flush(b"").is_ok());
        assert!(flush(b"\xc3").is_err() && flush(b"\xffa").is_err());
    }
}
