//! Makes untrusted text printable.

use std::borrow::Cow;
use std::fmt::Write;

/// Escapes every character that would move the cursor, start an escape sequence, end a line or
/// change the writing direction, and every invisible character. Without this, a name in Retool
/// could change how a plan looks to its approver, or look like another name.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(hidden) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        match letter {
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            letter if hidden(letter) => {
                // Writing to a String cannot fail.
                let _ = write!(escaped, "\\u{{{:x}}}", letter as u32);
            }
            letter => escaped.push(letter),
        }
    }
    Cow::Owned(escaped)
}

/// Escapes the same characters in JSON, so that its value stays the same. Keeps line ends.
pub fn printable_json(json: &str) -> Cow<'_, str> {
    let hidden = |letter: char| letter != '\n' && hidden(letter);
    if !json.chars().any(hidden) {
        return Cow::Borrowed(json);
    }
    let mut escaped = String::with_capacity(json.len() + 8);
    for letter in json.chars() {
        if hidden(letter) {
            for unit in letter.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        } else {
            escaped.push(letter);
        }
    }
    Cow::Owned(escaped)
}

/// Makes the text [`printable`] and puts it in quotation marks.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", printable(text).replace('"', "\\\""))
}

fn hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            // Soft hyphen, Arabic letter mark, Mongolian vowel separator, Hangul fillers.
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_text_of_any_script_is_kept() {
        for text in ["", "Ada Lovelace", "O'Brien", "Łukasz", "日本語", "🙂", "a\\b"] {
            assert_eq!(printable(text), text);
        }
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(printable("a\u{1b}[2Kb\rc\nd\te"), "a\\u{1b}[2Kb\\rc\\nd\\te");
        assert_eq!(printable("\u{9b}31m\u{7f}\0"), "\\u{9b}31m\\u{7f}\\u{0}");
        assert_eq!(printable("\u{202e}moc"), "\\u{202e}moc");
    }

    #[test]
    fn invisible_characters_are_escaped() {
        for letter in ['\u{ad}', '\u{61c}', '\u{180e}', '\u{115f}', '\u{3164}', '\u{200b}'] {
            let name = format!("bo{letter}b");
            assert_eq!(printable(&name), format!("bo\\u{{{:x}}}b", letter as u32));
        }
    }

    #[test]
    fn json_is_the_same_after_escaping() {
        let value = serde_json::json!({"name": "a\u{202e}b\u{9b}\u{e0041}", "n": 1});
        let escaped = printable_json(&format!("{value:#}")).into_owned();
        assert!(escaped.contains("a\\u202eb\\u009b\\udb40\\udc41"), "{escaped}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&escaped).expect("JSON"), value);
    }

    #[test]
    fn quotation_marks_in_quoted_text_are_escaped() {
        assert_eq!(quoted("a\" -> \"b"), r#""a\" -> \"b""#);
    }
}
