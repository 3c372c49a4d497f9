//! Decodes the spellings in which a server may repeat a token: as it is, with JSON's escapes, or
//! percent-encoded. Works byte by byte, and remembers where each decoded character began.

use alloc::vec::Vec;

/// A decoded character and the bytes that spell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unit {
    /// The character if it is visible ASCII or the space, which is all that can be next to or in a
    /// token. Any other character is `None`: the component drops invisible ones before it shows a
    /// text, and a token must not appear by that.
    pub(crate) letter: Option<u8>,
    /// The offset of its first byte.
    pub(crate) start: u64,
    /// The offset after its last byte.
    pub(crate) end: u64,
}

/// Returns the byte as a letter of a [`Unit`].
pub(crate) fn letter(byte: u8) -> Option<u8> {
    (byte.is_ascii_graphic() || byte == b' ').then_some(byte)
}

/// Undoes the escapes of JSON texts, e.g. `\u0041` and `\/`. Anything else is taken as it is.
#[derive(Default)]
pub(crate) struct Unescape {
    /// The bytes of an escape that is not complete yet.
    begun: Vec<u8>,
    /// The offset of the first of them.
    start: u64,
}

impl Unescape {
    /// Returns where the escape begins that is not complete yet.
    pub(crate) fn begun(&self) -> Option<u64> {
        (!self.begun.is_empty()).then_some(self.start)
    }

    /// Takes the byte at this offset, and passes on what is complete.
    pub(crate) fn take(&mut self, byte: u8, at: u64, next: &mut impl FnMut(Unit)) {
        let unit = |letter| Unit { letter, start: self.start, end: at + 1 };
        let complete = match (self.begun.as_slice(), byte) {
            ([], b'\\') => {
                self.start = at;
                None
            }
            ([], byte) => return next(Unit { letter: letter(byte), start: at, end: at + 1 }),
            ([_], b'u') => None,
            ([_], b'"' | b'\\' | b'/') => Some(unit(Some(byte))),
            ([_], b'b' | b'f' | b'n' | b'r' | b't') => Some(unit(None)),
            ([_, _, digits @ ..], byte) if byte.is_ascii_hexdigit() => {
                let digits = digits.iter().chain([&byte]);
                let code = digits.clone().fold(0, |code, digit| code << 4 | u32::from(hex(*digit)));
                let letter = u8::try_from(code).ok().and_then(letter);
                (digits.count() == 4).then(|| unit(letter))
            }
            // It is no escape after all.
            _ => {
                self.give_up(next);
                return self.take(byte, at, next);
            }
        };
        match complete {
            Some(unit) => {
                self.begun.clear();
                next(unit);
            }
            None => self.begun.push(byte),
        }
    }

    /// Passes on the bytes of an incomplete escape as they are.
    pub(crate) fn give_up(&mut self, next: &mut impl FnMut(Unit)) {
        for (at, byte) in (self.start..).zip(self.begun.drain(..)) {
            next(Unit { letter: letter(byte), start: at, end: at + 1 });
        }
    }
}

/// Undoes percent-encoding, e.g. `%41`. Anything else is taken as it is.
#[derive(Default)]
pub(crate) struct PercentDecode {
    /// A percent sign, or that and a digit.
    begun: Vec<Unit>,
}

impl PercentDecode {
    /// Returns where the sequence begins that is not complete yet.
    pub(crate) fn begun(&self) -> Option<u64> {
        self.begun.first().map(|unit| unit.start)
    }

    /// Takes a unit with a letter, and passes on what is complete.
    pub(crate) fn take(&mut self, unit: Unit, next: &mut impl FnMut(Unit)) {
        let digit = unit.letter.filter(u8::is_ascii_hexdigit);
        match (self.begun.as_slice(), digit) {
            ([], _) if unit.letter == Some(b'%') => self.begun.push(unit),
            ([], _) => next(unit),
            ([_], Some(_)) => self.begun.push(unit),
            ([first, high], Some(low)) => {
                let code = hex(high.letter.unwrap_or_default()) << 4 | hex(low);
                let decoded = Unit { letter: letter(code), start: first.start, end: unit.end };
                self.begun.clear();
                next(decoded);
            }
            _ => {
                self.give_up(next);
                self.take(unit, next);
            }
        }
    }

    /// Passes on the units of an incomplete sequence as they are.
    pub(crate) fn give_up(&mut self, next: &mut impl FnMut(Unit)) {
        self.begun.drain(..).for_each(next);
    }
}

/// Returns the value of a hexadecimal digit.
fn hex(digit: u8) -> u8 {
    match digit {
        b'a'..=b'f' => digit - b'a' + 10,
        b'A'..=b'F' => digit - b'A' + 10,
        _ => digit.wrapping_sub(b'0'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &str) -> String {
        let (mut unescape, mut percent) = (Unescape::default(), PercentDecode::default());
        let mut letters = String::new();
        let mut end = 0;
        let mut last = |unit: Unit| {
            // The units are next to each other, except for those without a letter.
            assert!(unit.start >= end && unit.end > unit.start, "{text}");
            end = unit.end;
            letters.extend(unit.letter.map(char::from));
        };
        let mut units = Vec::new();
        for (at, byte) in (0..).zip(text.bytes()) {
            unescape.take(byte, at, &mut |unit| units.push(unit));
        }
        unescape.give_up(&mut |unit| units.push(unit));
        for unit in units.into_iter().filter(|unit| unit.letter.is_some()) {
            percent.take(unit, &mut last);
        }
        percent.give_up(&mut last);
        letters
    }

    #[test]
    fn escapes_and_percent_encoding_are_undone() {
        for (text, expected) in [
            ("plain text", "plain text"),
            (r"\u0041\u007a\u002F\/\\\u0022", "Az//\\\""),
            ("a%41%7az", "aAzz"),
            (r"\u002541", "A"),
            (r"%\u0034\u0031", "A"),
            ("a\u{200b}b\u{7f}c", "abc"),
            (r"a\u200bb\nc\udb40\udc41d", "abcd"),
        ] {
            assert_eq!(decoded(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_escape_is_kept() {
        for text in
            [r"\x", r"\u004", r"\u00g1", "%", "%4", "%4g", "%%41x%", r"C:\path\", r"\\u0041"]
        {
            let expected = text.replace("%41", "A").replace(r"\\", r"\");
            assert_eq!(decoded(text), expected, "{text}");
        }
        assert_eq!(decoded(r"\u00\u0041"), r"\u00A");
    }
}
