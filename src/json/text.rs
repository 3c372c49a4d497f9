//! The grammar of JSON (RFC 8259) over a text of which most is skipped: one pass, no recursion,
//! and nothing is copied but strings with escapes in them.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use super::error::{Error, Kind};

/// A place in a text of JSON.
pub(super) struct Cursor<'de> {
    json: &'de [u8],
    /// The same, where all of it is text: then no piece of it need be looked at for that.
    text: Option<&'de str>,
    at: usize,
}

impl<'de> Cursor<'de> {
    /// Stands before the first byte.
    pub fn new(json: &'de [u8]) -> Self {
        Cursor { json, text: str::from_utf8(json).ok(), at: 0 }
    }

    /// What went wrong here.
    pub fn error(&self, kind: Kind) -> Error {
        Error { kind, at: self.at }
    }

    #[inline(always)]
    fn byte(&self) -> Option<u8> {
        self.json.get(self.at).copied()
    }

    /// Something that JSON does not have here, or the end.
    fn unexpected<T>(&self) -> Result<T, Error> {
        Err(self.error(if self.at < self.json.len() { Kind::Syntax } else { Kind::End }))
    }

    /// The first byte of the next token, which is not passed.
    #[inline(always)]
    pub fn peek(&mut self) -> Result<u8, Error> {
        while let Some(byte) = self.byte() {
            if !matches!(byte, b' ' | b'\n' | b'\t' | b'\r') {
                return Ok(byte);
            }
            self.at += 1;
        }
        self.unexpected()
    }

    /// Passes the next token if it is this one, which is not a letter.
    #[inline(always)]
    pub fn take(&mut self, token: u8) -> Result<bool, Error> {
        let found = self.peek()? == token;
        self.at += usize::from(found);
        Ok(found)
    }

    /// Passes the next token, which must be this one.
    #[inline(always)]
    pub fn expect(&mut self, token: u8) -> Result<(), Error> {
        if self.take(token)? { Ok(()) } else { self.unexpected() }
    }

    /// Whether an array or object goes on, of which so many values were read: passes the comma
    /// before the next one, or the bracket at its end.
    #[inline(always)]
    pub fn goes_on(&mut self, is_first: bool, close: u8) -> Result<bool, Error> {
        match self.peek()? {
            byte if byte == close => {
                self.at += 1;
                Ok(false)
            }
            b',' if !is_first => {
                self.at += 1;
                Ok(true)
            }
            _ if is_first => Ok(true),
            _ => self.unexpected(),
        }
    }

    /// Passes white space, after which there must be nothing.
    pub fn end(&mut self) -> Result<(), Error> {
        match self.peek() {
            Err(_) => Ok(()),
            Ok(_) => Err(self.error(Kind::Syntax)),
        }
    }

    /// Passes a word: `true`, `false` or `null`.
    pub fn word(&mut self, word: &str) -> Result<(), Error> {
        for letter in word.bytes() {
            if self.byte() != Some(letter) {
                return self.unexpected();
            }
            self.at += 1;
        }
        Ok(())
    }

    /// Passes a number, and gives it as it is written.
    pub fn number(&mut self) -> Result<&'de str, Error> {
        let start = self.at;
        self.at += usize::from(self.byte() == Some(b'-'));
        if self.byte() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.byte() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.byte() {
            self.at += 1;
            self.at += usize::from(matches!(self.byte(), Some(b'+' | b'-')));
            self.digits()?;
        }
        // A digit after a leading zero.
        if self.byte().is_some_and(|byte| byte.is_ascii_digit()) {
            return self.unexpected();
        }
        self.written(start)
    }

    fn digits(&mut self) -> Result<(), Error> {
        let start = self.at;
        while self.byte().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start { self.unexpected() } else { Ok(()) }
    }

    /// What stands between a place before and here.
    #[inline(always)]
    fn written(&self, start: usize) -> Result<&'de str, Error> {
        match self.text {
            Some(text) => text.get(start..self.at),
            None => str::from_utf8(&self.json[start..self.at]).ok(),
        }
        .ok_or_else(|| self.error(Kind::Syntax))
    }

    /// Passes a string, and gives its text.
    pub fn string(&mut self) -> Result<Cow<'de, str>, Error> {
        self.expect(b'"')?;
        let start = self.at;
        self.plain()?;
        let plain = self.written(start)?;
        if self.take_quote() {
            return Ok(Cow::Borrowed(plain));
        }
        let mut text = String::from(plain);
        while !self.take_quote() {
            text.push(self.escape()?);
            let start = self.at;
            self.plain()?;
            text.push_str(self.written(start)?);
        }
        Ok(Cow::Owned(text))
    }

    /// Passes what of a string stands for itself, up to a quote or an escape.
    #[inline(always)]
    fn plain(&mut self) -> Result<(), Error> {
        // Eight bytes at a time: that is most of what there is to do with an answer.
        let mut rest = &self.json[self.at..];
        while let Some((eight, later)) = rest.split_first_chunk() {
            let special = special(u64::from_le_bytes(*eight));
            if special != 0 {
                self.at = self.json.len() - rest.len() + (special.trailing_zeros() / 8) as usize;
                return self.at_quote_or_escape();
            }
            rest = later;
        }
        self.at = self.json.len() - rest.len();
        while self.byte().is_some_and(|byte| !matches!(byte, b'"' | b'\\' | ..b' ')) {
            self.at += 1;
        }
        self.at_quote_or_escape()
    }

    #[inline(always)]
    fn at_quote_or_escape(&self) -> Result<(), Error> {
        match self.byte() {
            Some(b'"' | b'\\') => Ok(()),
            _ => self.unexpected(),
        }
    }

    #[inline(always)]
    fn take_quote(&mut self) -> bool {
        let found = self.byte() == Some(b'"');
        self.at += usize::from(found);
        found
    }

    /// Passes an escape, and gives the character that it stands for.
    fn escape(&mut self) -> Result<char, Error> {
        let unit = match self.unit()? {
            high @ 0xd800..0xdc00 => match self.unit()? {
                low @ 0xdc00..0xe000 => 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00),
                _ => return Err(self.error(Kind::Syntax)),
            },
            unit => unit,
        };
        char::from_u32(unit).ok_or_else(|| self.error(Kind::Syntax))
    }

    /// Passes an escape: a character, or half of one that is written as two.
    fn unit(&mut self) -> Result<u32, Error> {
        self.word("\\")?;
        let unit = match self.byte() {
            Some(byte @ (b'"' | b'\\' | b'/')) => byte,
            Some(b'b') => 0x08,
            Some(b'f') => 0x0c,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'u') => {
                self.at += 1;
                return self.hexadecimal();
            }
            _ => return self.unexpected(),
        };
        self.at += 1;
        Ok(u32::from(unit))
    }

    fn hexadecimal(&mut self) -> Result<u32, Error> {
        let mut unit = 0;
        for _ in 0..4 {
            let Some(digit) = self.byte().and_then(|byte| char::from(byte).to_digit(16)) else {
                return self.unexpected();
            };
            unit = unit * 16 + digit;
            self.at += 1;
        }
        Ok(unit)
    }

    /// Passes a string. What is not looked at need not be text.
    fn skip_string(&mut self) -> Result<(), Error> {
        self.expect(b'"')?;
        self.plain()?;
        while !self.take_quote() {
            self.unit()?;
            self.plain()?;
        }
        Ok(())
    }

    fn skip_scalar(&mut self) -> Result<(), Error> {
        match self.byte() {
            Some(b'n') => self.word("null"),
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            _ => self.number().map(drop),
        }
    }

    /// Passes a value, and gives it as it is written.
    pub fn raw(&mut self) -> Result<&'de [u8], Error> {
        self.peek()?;
        let start = self.at;
        self.skip()?;
        Ok(&self.json[start..self.at])
    }

    /// Passes a value, however deep it is.
    pub fn skip(&mut self) -> Result<(), Error> {
        // How the arrays and objects end that are open.
        let mut open = Vec::new();
        loop {
            let mut is_first = match self.peek()? {
                bracket @ (b'[' | b'{') => {
                    self.at += 1;
                    // In ASCII, `]` and `}` are two after `[` and `{`.
                    open.push(bracket + 2);
                    true
                }
                b'"' => {
                    self.skip_string()?;
                    false
                }
                _ => {
                    self.skip_scalar()?;
                    false
                }
            };
            // To the next value, wherever that is.
            loop {
                let Some(&close) = open.last() else { return Ok(()) };
                if self.goes_on(is_first, close)? {
                    if close == b'}' {
                        self.skip_string()?;
                        self.expect(b':')?;
                    }
                    break;
                }
                open.pop();
                is_first = false;
            }
        }
    }
}

/// Of eight bytes, the first of which is the lowest: the highest bit of the first one that is a
/// quote, a backslash or a control character. What is said of the bytes after that one is not
/// true; without one, no bit is set.
fn special(bytes: u64) -> u64 {
    const ONES: u64 = u64::MAX / 0xff;
    let below = |bytes: u64, limit: u8| bytes.wrapping_sub(ONES * u64::from(limit)) & !bytes;
    let equals = |byte: u8| below(bytes ^ (ONES * u64::from(byte)), 1);
    (below(bytes, b' ') | equals(b'"') | equals(b'\\')) & (ONES * 0x80)
}
