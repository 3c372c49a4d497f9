//! Makes untrusted text printable. [`is_shown`] decides which characters may be shown; everything
//! that prints uses it.

use std::borrow::Cow;
use std::fmt::Write;

use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory};
use icu_properties::{CodePointMapData, CodePointSetData};

/// Returns whether a character may be shown as it is. All others are escaped, because a name could
/// change how a plan looks to its approver, or look like another name:
///
/// - control characters (C0 and C1), and the ends of lines and paragraphs;
/// - characters that change the writing direction, and all other format characters;
/// - characters that are invisible or empty: joiners, variation selectors, fillers, tags;
/// - spaces, except the ordinary one and the wide one of East Asian texts;
/// - characters for private use, and those that Unicode has not assigned.
pub fn is_shown(letter: char) -> bool {
    if letter.is_ascii() {
        return !letter.is_ascii_control();
    }
    let shown = match CodePointMapData::<GeneralCategory>::new().get(letter) {
        GeneralCategory::Control
        | GeneralCategory::Format
        | GeneralCategory::LineSeparator
        | GeneralCategory::ParagraphSeparator
        | GeneralCategory::PrivateUse
        | GeneralCategory::Surrogate
        | GeneralCategory::Unassigned => false,
        GeneralCategory::SpaceSeparator => letter == '\u{3000}',
        _ => true,
    };
    // These are empty, although Unicode counts them as letters, symbols or marks: the braille blank,
    // the object replacement character, two Egyptian blanks, the Khitan filler and the null notehead.
    let empty = matches!(
        letter,
        '\u{2800}' | '\u{fffc}' | '\u{13441}' | '\u{13442}' | '\u{16fe4}' | '\u{1d159}'
    );
    shown && !empty && !CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(letter)
}

/// Escapes every character that may not be shown, also the ends of lines.
pub fn printable(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_shown) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    text.chars().for_each(|letter| push(&mut escaped, letter));
    Cow::Owned(escaped)
}

/// Adds a character, escaped if it may not be shown.
fn push(escaped: &mut String, letter: char) {
    match letter {
        '\n' => escaped.push_str("\\n"),
        '\r' => escaped.push_str("\\r"),
        '\t' => escaped.push_str("\\t"),
        letter if is_shown(letter) => escaped.push(letter),
        letter => {
            // Writing to a String cannot fail.
            let _ = write!(escaped, "\\u{{{:x}}}", letter as u32);
        }
    }
}

/// Escapes the same characters in JSON, so that its value stays the same. Keeps line ends.
pub fn printable_json(json: &str) -> Cow<'_, str> {
    let kept = |letter: char| letter == '\n' || is_shown(letter);
    if json.chars().all(kept) {
        return Cow::Borrowed(json);
    }
    let mut escaped = String::with_capacity(json.len() + 8);
    for letter in json.chars() {
        if kept(letter) {
            escaped.push(letter);
        } else {
            for unit in letter.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        }
    }
    Cow::Owned(escaped)
}

/// Escapes the same characters in a text of several lines with colours. Keeps line ends and colours.
/// Values in such a text are made [`printable`] one by one; this is for those that were forgotten.
pub fn printable_painted(text: &str) -> Cow<'_, str> {
    if text.chars().all(|letter| letter == '\n' || is_shown(letter)) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let colour = colour(rest);
        match letter {
            _ if !colour.is_empty() => escaped.push_str(colour),
            '\n' => escaped.push('\n'),
            letter => push(&mut escaped, letter),
        }
        rest = &rest[colour.len().max(letter.len_utf8())..];
    }
    Cow::Owned(escaped)
}

/// Returns the escape sequence for a colour with which the text begins; empty if there is none.
fn colour(text: &str) -> &str {
    let Some(rest) = text.strip_prefix("\x1b[") else {
        return "";
    };
    let parameters = rest.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b';').count();
    let end = text.len() - rest.len() + parameters;
    if text[end..].starts_with('m') { &text[..=end] } else { "" }
}

/// Makes the text [`printable`] and puts it in quotation marks.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", printable(text).replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A name with a character that is not shown must not look like another name to the component.
    #[test]
    fn what_is_not_shown_is_invisible_to_the_component_too() {
        let categories = CodePointMapData::<GeneralCategory>::new();
        let wrong: Vec<char> = ('\0'..=char::MAX)
            .filter(|&letter| !is_shown(letter))
            // The component compares all spaces as one, and takes what Unicode does not know yet.
            .filter(|&letter| {
                !matches!(
                    categories.get(letter),
                    GeneralCategory::SpaceSeparator | GeneralCategory::Unassigned
                )
            })
            // Some characters of format are visible, for example signs around Arabic numbers.
            .filter(|&letter| {
                categories.get(letter) != GeneralCategory::Format
                    || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(letter)
            })
            .filter(|&letter| !retool_lifecycle::domain::text::is_invisible(letter))
            .collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    #[test]
    fn ordinary_text_of_any_script_is_kept() {
        for text in [
            "",
            "Ada Lovelace",
            "O'Brien",
            "Łukasz",
            "Zoe\u{308}",
            "日本語",
            "山田\u{3000}太郎",
            "한국어",
            "עברית",
            "العربية",
            "हिन्दी",
            "ไทย",
            "🙂",
            "1 → 2, −3 …",
            "a\\b",
        ] {
            assert_eq!(printable(text), text);
            assert_eq!(printable_json(text), text);
            assert_eq!(printable_painted(text), text);
        }
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(printable("a\u{1b}[2Kb\rc\nd\te"), "a\\u{1b}[2Kb\\rc\\nd\\te");
        assert_eq!(printable("\u{9b}31m\u{7f}\0\u{85}"), "\\u{9b}31m\\u{7f}\\u{0}\\u{85}");
        assert_eq!(printable("\u{202e}moc"), "\\u{202e}moc");
        let control = (0..0x20).chain(0x7f..0xa0);
        assert!(control.filter_map(char::from_u32).all(|letter| !is_shown(letter)));
    }

    #[test]
    fn invisible_characters_are_escaped() {
        let ranges = [
            0xad..=0xad,
            0x34f..=0x34f,
            0x61c..=0x61c,
            0x115f..=0x1160,
            0x17b4..=0x17b5,
            0x180b..=0x180f,
            0x200b..=0x200f,
            0x2028..=0x202e,
            0x2060..=0x206f,
            0x2800..=0x2800,
            0x3164..=0x3164,
            0x13441..=0x13442,
            0xfe00..=0xfe0f,
            0xfeff..=0xfeff,
            0xffa0..=0xffa0,
            0xfff0..=0xfffc,
            0x16fe4..=0x16fe4,
            0x1bca0..=0x1bca3,
            0x1d159..=0x1d159,
            0x1d173..=0x1d17a,
            0xe0000..=0xe0fff,
        ];
        for letter in ranges.into_iter().flatten().filter_map(char::from_u32) {
            let name = format!("bo{letter}b");
            assert_eq!(printable(&name), format!("bo\\u{{{:x}}}b", letter as u32));
        }
    }

    #[test]
    fn spaces_that_look_like_another_and_characters_without_a_meaning_are_escaped() {
        for letter in ['\u{a0}', '\u{1680}', '\u{2000}', '\u{200a}', '\u{202f}', '\u{205f}'] {
            assert!(!is_shown(letter), "{letter:?}");
        }
        for letter in ['\u{e000}', '\u{f8ff}', '\u{10ffff}', '\u{378}', '\u{ffff}', '\u{fdd0}'] {
            assert!(!is_shown(letter), "{letter:?}");
        }
    }

    #[test]
    fn json_is_the_same_after_escaping() {
        let value = serde_json::json!({"name": "a\u{202e}b\u{9b}\u{e0041}\u{fe0f}\u{7f}", "n": 1});
        let escaped = printable_json(&format!("{value:#}")).into_owned();
        assert!(escaped.contains("a\\u202eb\\u009b\\udb40\\udc41\\ufe0f\\u007f"), "{escaped}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&escaped).expect("JSON"), value);
    }

    #[test]
    fn colours_and_line_ends_of_a_painted_text_are_kept_and_nothing_else() {
        let painted = "\u{1b}[1;31merror:\u{1b}[0m one\n\u{1b}[mtwo\n";
        assert_eq!(printable_painted(painted), painted);
        assert_eq!(
            printable_painted("a\u{1b}[2Kb\u{1b}]0;x\u{7}\r\n\u{1b}[38;5;1"),
            "a\\u{1b}[2Kb\\u{1b}]0;x\\u{7}\\r\n\\u{1b}[38;5;1"
        );
        assert_eq!(printable_painted("\u{9b}31m\u{202e}\u{1b}"), "\\u{9b}31m\\u{202e}\\u{1b}");
    }

    #[test]
    fn quotation_marks_in_quoted_text_are_escaped() {
        assert_eq!(quoted("a\" -> \"b"), r#""a\" -> \"b""#);
    }
}
