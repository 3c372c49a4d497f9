//! How texts that identify people and groups are compared: addresses, logins and names.
//!
//! Nothing else in the crate folds case or normalises text.

use alloc::borrow::Cow;
use alloc::string::String;

use unicode_normalization::{UnicodeNormalization, is_nfc};

/// Returns the key for comparisons: trimmed, without case, in Unicode NFC.
///
/// Letters that are written in different ways are equal (`é` as one character or as two). Letters
/// that only look alike are not: `ß` is not `ss`, the dotless `ı` is not `i`, and full-width forms
/// are not ASCII. So the keys of two people are never merged for a resemblance.
pub fn key(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    let is_key = text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
    match is_key {
        true => Cow::Borrowed(text),
        false if text.is_ascii() => Cow::Owned(text.to_ascii_lowercase()),
        false => Cow::Owned(fold(text.nfc())),
    }
}

/// Returns what a name looks like: its [`key`] without invisible characters, and with every kind
/// of space as the same. A reader can't distinguish two groups with one such key.
pub fn look(name: &str) -> String {
    let visible = name.chars().filter(|c| !is_invisible(*c));
    let visible: String = visible.map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
    key(&visible).into_owned()
}

/// Removes case, letter by letter: a letter's key must not depend on its place in a word, as it
/// does for the Greek sigma in `str::to_lowercase`.
fn fold(text: impl Iterator<Item = char>) -> String {
    let folded: String = text.flat_map(char::to_lowercase).map(other_lower_case).collect();
    if is_nfc(&folded) { folded } else { folded.nfc().collect() }
}

/// Returns the usual form of a letter that has two lower-case forms (Unicode's simple case folding).
fn other_lower_case(c: char) -> char {
    match c {
        'ς' => 'σ',
        'ſ' => 's',
        'µ' => 'μ',
        'ϐ' => 'β',
        'ϑ' => 'θ',
        'ϕ' => 'φ',
        'ϖ' => 'π',
        'ϰ' => 'κ',
        'ϱ' => 'ρ',
        'ϵ' => 'ε',
        'ẛ' => 'ṡ',
        other => other,
    }
}

/// Returns whether a text has only visible ASCII characters and spaces, as most texts do. Then no
/// character needs a closer look.
pub fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// Returns whether a text has a character that is [invisible](is_invisible).
pub fn has_invisible(text: &str) -> bool {
    !is_plain(text) && text.contains(is_invisible)
}

/// Returns whether a character is not visible, or changes the direction of others: control
/// characters, separators of lines, Unicode's default-ignorable characters, those for private use,
/// and some that are empty although they count as letters or symbols.
pub fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
            // Empty: braille, object replacement, Egyptian, Khitan and musical.
            | '\u{2800}' | '\u{fffc}' | '\u{13441}' | '\u{13442}' | '\u{16fe4}' | '\u{1d159}'
            // Private use.
            | '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_text_in_two_forms_has_one_key() {
        for (one, other) in [
            ("josé@example.com", "jose\u{301}@example.com"),
            ("JOSÉ@EXAMPLE.COM", "jose\u{301}@example.com"),
            ("JOSE\u{301}@x", "josé@x"),
            ("Ångström", "a\u{30a}ngstro\u{308}m"),
            ("\u{212b}ngström", "ångström"),
            ("\u{212a}elvin", "kelvin"),
            ("ΟΔΥΣΣΕΥΣ", "οδυσσευς"),
            ("οδυσσευσ", "Οδυσσευς"),
            ("STRAẞE", "straße"),
            ("ÉTÉ", " e\u{301}te\u{301} "),
            // The marks may be written in another order.
            ("q\u{307}\u{323}", "Q\u{323}\u{307}"),
            ("각", "\u{1100}\u{1161}\u{11a8}"),
            ("ǅ", "ǆ"),
            ("Ѐ", "е\u{300}"),
            ("Ada@Example.com", "ada@example.com"),
        ] {
            assert_eq!(key(one), key(other), "{one} and {other}");
            assert_eq!(key(&key(one)), key(one), "the key of the key of {one}");
        }
    }

    #[test]
    fn texts_that_only_look_alike_have_different_keys() {
        for (one, other) in [
            ("straße", "strasse"),
            ("ısparta", "isparta"),
            ("İstanbul", "istanbul"),
            ("ａｄａ@example.com", "ada@example.com"),
            ("а@example.com", "a@example.com"),
            ("ﬁnance", "finance"),
            ("eng\u{200b}", "eng"),
            ("jose@example.com", "josé@example.com"),
        ] {
            assert_ne!(key(one), key(other), "{one} and {other}");
        }
    }

    #[test]
    fn names_that_look_the_same_have_one_look() {
        for (one, other) in [
            ("Eng", "Eng\u{200b}"),
            ("Eng", "e\u{ad}n\u{2060}g\u{feff}"),
            ("Data Team", "data\u{a0}team"),
            ("Café", "Cafe\u{301}"),
            ("Café", "CAFE\u{200d}\u{301}"),
            ("Eng", "\u{202d}Eng\u{202c}"),
            ("Eng", "Eng\u{fe0f}"),
            ("Eng", "\u{3164}Eng"),
            ("Eng", "Eng\u{2800}"),
            ("Eng", "Eng\u{e000}"),
        ] {
            assert_eq!(look(one), look(other), "{one:?} and {other:?}");
        }
        assert_ne!(look("Eng"), look("Ops"));
        assert_ne!(look("Eng 1"), look("Eng 2"));
    }
}
