//! Encodings of numbers and text inside a cursor. Reading never panics: for invalid bytes it
//! returns `None`.

use alloc::vec::Vec;

/// Appends a number with seven bits per byte, the lowest first.
pub fn write_number(mut number: u32, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Appends the length of a text, then the text.
pub fn write_text(text: &str, out: &mut Vec<u8>) {
    write_number(text.len() as u32, out);
    out.extend_from_slice(text.as_bytes());
}

/// The bytes that are not read yet.
#[derive(Clone, Copy)]
pub struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    /// Reads `count` bytes.
    pub fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// Reads `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    /// Reads one byte.
    pub fn byte(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    /// Reads a number that [`write_number`] wrote.
    pub fn number(&mut self) -> Option<u32> {
        let mut number = 0;
        for shift in [0, 7, 14, 21, 28] {
            let byte = self.byte()?;
            let bits = u32::from(byte & 0x7f);
            if shift == 28 && bits > 0xf {
                return None;
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    /// Reads a text that [`write_text`] wrote.
    pub fn text(&mut self) -> Option<&'a str> {
        let length = self.number()?;
        core::str::from_utf8(self.take(length as usize)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_back_as_written() {
        for number in [0, 1, 127, 128, 300, 16_383, 16_384, u32::MAX - 1, u32::MAX] {
            let mut bytes = Vec::new();
            write_number(number, &mut bytes);
            let mut reader = Reader(&bytes);
            assert_eq!(reader.number(), Some(number));
            assert!(reader.0.is_empty());
        }
    }

    #[test]
    fn numbers_too_large_or_without_an_end_are_refused() {
        for bytes in [&[0xff; 5][..], &[0xff, 0xff, 0xff, 0xff, 0x10], &[0x80; 9], &[0x80], &[]] {
            assert_eq!(Reader(bytes).number(), None, "{bytes:?}");
        }
    }

    #[test]
    fn a_length_is_not_trusted() {
        assert_eq!(Reader(&[2, b'a', b'b', b'c']).text(), Some("ab"));
        assert_eq!(Reader(&[4, b'a', b'b', b'c']).text(), None);
        assert_eq!(Reader(&[0xff, 0xff, 0xff, 0xff, 0x0f, b'a']).text(), None);
        assert_eq!(Reader(&[1, 0xff]).text(), None);
    }
}
