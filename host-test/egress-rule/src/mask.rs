//! Masks tokens in text that arrives in pieces.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::spelling::{PercentDecode, Unescape, Unit, letter};

/// Replaces each byte of a token, so that lengths in headers stay correct.
const MASK: u8 = b'*';

/// The shortest token that can be masked. A shorter one occurs in ordinary text, which would be
/// damaged.
pub const MINIMUM_TOKEN: usize = 8;

/// The most bytes that wait for the end of a token. No spelling of a token is that long, unless it
/// is stretched with invisible characters; then what is there is masked before its end.
const MAX_HELD: usize = 64 << 10;

/// The tokens that are masked. Their texts stay in `T`, which may erase them when it is dropped.
pub struct Tokens<T> {
    tokens: Vec<Token<T>>,
    longest: usize,
    /// Whether a byte may begin a token: as its first letter, or as the beginning of an escape.
    begins: [bool; 256],
}

struct Token<T> {
    text: T,
    /// Knuth, Morris and Pratt's table: for each prefix, the length of the longest other prefix
    /// with which it ends.
    back: Vec<usize>,
}

impl<T: AsRef<[u8]>> Tokens<T> {
    /// Creates the set. Empty tokens are ignored.
    pub fn new(texts: impl IntoIterator<Item = T>) -> Tokens<T> {
        let mut set = Tokens { tokens: Vec::new(), longest: 0, begins: [false; 256] };
        for text in texts {
            let Some(first) = text.as_ref().first() else {
                continue;
            };
            for byte in [*first, b'\\', b'%'] {
                set.begins[usize::from(byte)] = true;
            }
            set.longest = set.longest.max(text.as_ref().len());
            set.tokens.push(Token::new(text));
        }
        set
    }

    /// Returns whether there is nothing to mask.
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }
}

impl<T: AsRef<[u8]>> Token<T> {
    fn new(text: T) -> Token<T> {
        let mut token = Token { back: Vec::new(), text };
        let length = token.text.as_ref().len();
        token.back.reserve_exact(length);
        let mut matched = 0;
        for at in 0..length {
            if at > 0 {
                matched = token.after(matched, token.text.as_ref()[at]);
            }
            token.back.push(matched);
        }
        token
    }

    /// Returns how many letters match after this one, if `matched` did before it.
    fn after(&self, mut matched: usize, letter: u8) -> usize {
        let text = self.text.as_ref();
        loop {
            if text.get(matched) == Some(&letter) {
                return matched + 1;
            }
            if matched == 0 {
                return 0;
            }
            matched = self.back[matched - 1];
        }
    }
}

/// Where the text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the body of an answer.
    Body,
    /// In the value of a header, from which the component may drop spaces.
    Header,
}

/// Masks tokens in one text that arrives in pieces. A token is found as it is, in JSON's escapes,
/// percent-encoded, and with invisible characters in it. Its bytes become asterisks, one for one.
pub struct Mask<T> {
    tokens: Arc<Tokens<T>>,
    place: Place,
    /// The bytes that are not passed on yet, because they may belong to a token.
    held: Vec<u8>,
    /// The offset of the first of them.
    base: u64,
    unescape: Unescape,
    percent: PercentDecode,
    /// The searches in the [`Readings`].
    searches: [Search; 3],
}

/// A search for the tokens in one reading of the text.
#[derive(Default)]
struct Search {
    /// For each token, how many of its letters the text ends with.
    matched: Vec<usize>,
    /// Where the latest letters began.
    recent: VecDeque<u64>,
}

impl Search {
    /// Takes a letter. Returns where the longest token begins that ends with it.
    fn take<T: AsRef<[u8]>>(&mut self, tokens: &Tokens<T>, letter: u8, start: u64) -> Option<u64> {
        if self.recent.len() == tokens.longest {
            self.recent.pop_front();
        }
        self.recent.push_back(start);
        self.matched.resize(tokens.tokens.len(), 0);
        let mut longest = None;
        for (matched, token) in self.matched.iter_mut().zip(&tokens.tokens) {
            *matched = token.after(*matched, letter);
            if *matched == token.back.len() {
                longest = longest.max(Some(*matched));
            }
        }
        self.start_of(longest?)
    }

    /// Returns where the beginning of a token starts with which the text ends.
    fn begun(&self) -> Option<u64> {
        let longest = self.matched.iter().copied().max().filter(|matched| *matched > 0)?;
        self.start_of(longest)
    }

    fn start_of(&self, letters: usize) -> Option<u64> {
        self.recent.get(self.recent.len().checked_sub(letters)?).copied()
    }
}

impl<T: AsRef<[u8]>> Mask<T> {
    /// Creates a mask for one text.
    pub fn new(tokens: Arc<Tokens<T>>, place: Place) -> Mask<T> {
        Mask {
            tokens,
            place,
            held: Vec::new(),
            base: 0,
            unescape: Unescape::default(),
            percent: PercentDecode::default(),
            searches: Default::default(),
        }
    }

    /// Takes a piece, and returns the masked text that no later piece can change.
    pub fn take(&mut self, piece: &[u8]) -> Vec<u8> {
        let mut at = self.base + self.held.len() as u64;
        self.held.extend_from_slice(piece);
        let mut waits = self.waits();
        for &byte in piece {
            if waits || self.tokens.begins[usize::from(byte)] {
                self.step(byte, at);
                waits = self.waits();
            }
            at += 1;
        }
        let certain = self.certain(at);
        self.pass_on(certain)
    }

    /// Returns the rest.
    pub fn finish(&mut self) -> Vec<u8> {
        let mut begun = Vec::new();
        self.unescape.give_up(&mut |unit| begun.push(unit));
        let (mut readings, percent) = self.readings();
        for unit in begun {
            readings.unescaped(unit, percent);
        }
        percent.give_up(&mut |unit| readings.search(2, unit));
        self.pass_on(u64::MAX)
    }

    /// Masks a whole text.
    pub fn whole(mut self, text: &[u8]) -> Vec<u8> {
        let mut masked = self.take(text);
        masked.extend(self.finish());
        masked
    }

    /// Returns whether a token or an escape has begun.
    fn waits(&self) -> bool {
        let begun = |search: &Search| search.matched.iter().any(|matched| *matched > 0);
        self.unescape.begun().is_some()
            || self.percent.begun().is_some()
            || self.searches.iter().any(begun)
    }

    fn step(&mut self, byte: u8, at: u64) {
        let mut unescape = core::mem::take(&mut self.unescape);
        let (mut readings, percent) = self.readings();
        readings.search(0, Unit { letter: letter(byte), start: at, end: at + 1 });
        unescape.take(byte, at, &mut |unit| readings.unescaped(unit, percent));
        self.unescape = unescape;
    }

    fn readings(&mut self) -> (Readings<'_, T>, &mut PercentDecode) {
        let Mask { tokens, place, held, base, unescape: _, percent, searches } = self;
        (Readings { tokens, place: *place, held, base: *base, searches }, percent)
    }

    /// Returns the offset up to which no later piece can change anything.
    fn certain(&mut self, end: u64) -> u64 {
        let begun = self.searches.iter().filter_map(Search::begun);
        let begun = begun.chain(self.unescape.begun()).chain(self.percent.begun()).min();
        let certain = begun.unwrap_or(end);
        if end - certain <= MAX_HELD as u64 {
            // It may have begun in text that is passed on already.
            return certain.max(self.base);
        }
        // The searches go on, so that the rest of the token is masked too.
        cover(&mut self.held, self.base, certain, end);
        end
    }

    /// Removes the held bytes up to this offset, and returns them.
    fn pass_on(&mut self, end: u64) -> Vec<u8> {
        let count = usize::try_from(end - self.base).unwrap_or(usize::MAX).min(self.held.len());
        self.base += count as u64;
        if count == self.held.len() {
            return core::mem::take(&mut self.held);
        }
        self.held.drain(..count).collect()
    }
}

/// The readings of one text: the bytes as they are, the unescaped text, and the decoded text.
struct Readings<'a, T> {
    tokens: &'a Tokens<T>,
    place: Place,
    held: &'a mut [u8],
    base: u64,
    searches: &'a mut [Search; 3],
}

impl<T: AsRef<[u8]>> Readings<'_, T> {
    /// Takes a unit of the unescaped text, and passes it on to the decoded text.
    fn unescaped(&mut self, unit: Unit, percent: &mut PercentDecode) {
        self.search(1, unit);
        if unit.letter.is_some() {
            percent.take(unit, &mut |unit| self.search(2, unit));
        }
    }

    /// Takes a unit of a reading, and masks the tokens that end with it.
    fn search(&mut self, reading: usize, unit: Unit) {
        match unit.letter {
            None => {}
            Some(b' ') if self.place == Place::Header => {}
            Some(letter) => {
                let search = &mut self.searches[reading];
                if let Some(start) = search.take(self.tokens, letter, unit.start) {
                    cover(self.held, self.base, start, unit.end);
                }
            }
        }
    }
}

/// Masks the bytes between two offsets.
fn cover(held: &mut [u8], base: u64, start: u64, end: u64) {
    let at = |offset: u64| usize::try_from(offset.saturating_sub(base)).unwrap_or(usize::MAX);
    if let Some(token) = held.get_mut(at(start)..at(end)) {
        token.fill(MASK);
    }
}

#[cfg(test)]
mod tests;
