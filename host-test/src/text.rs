//! Text from outside, made fit for a terminal.

use std::borrow::Cow;
use std::fmt::Write;

/// The text with everything escaped that would move a cursor, start a sequence, end a line or
/// turn the direction of writing, or would not be seen: a name in Retool must not be able to
/// rewrite the plan that somebody approves, or to pass for another.
pub fn shown(text: &str) -> Cow<'_, str> {
    if !text.chars().any(hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        match letter {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            letter if hidden(letter) => {
                // Writing to a String cannot fail.
                let _ = write!(shown, "\\u{{{:x}}}", letter as u32);
            }
            letter => shown.push(letter),
        }
    }
    Cow::Owned(shown)
}

/// JSON with the same letters escaped, so that it is still the same JSON. Its line ends stay.
pub fn shown_json(json: &str) -> Cow<'_, str> {
    let hidden = |letter: char| letter != '\n' && hidden(letter);
    if !json.chars().any(hidden) {
        return Cow::Borrowed(json);
    }
    let mut shown = String::with_capacity(json.len() + 8);
    for letter in json.chars() {
        if hidden(letter) {
            for unit in letter.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = write!(shown, "\\u{unit:04x}");
            }
        } else {
            shown.push(letter);
        }
    }
    Cow::Owned(shown)
}

/// The text as [`shown`], between quotation marks.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", shown(text).replace('"', "\\\""))
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
            assert_eq!(shown(text), text);
        }
    }

    #[test]
    fn what_would_act_on_a_terminal_is_escaped() {
        assert_eq!(shown("a\u{1b}[2Kb\rc\nd\te"), "a\\u{1b}[2Kb\\rc\\nd\\te");
        assert_eq!(shown("\u{9b}31m\u{7f}\0"), "\\u{9b}31m\\u{7f}\\u{0}");
        assert_eq!(shown("\u{202e}moc"), "\\u{202e}moc");
    }

    #[test]
    fn what_nobody_would_see_is_escaped() {
        for letter in ['\u{ad}', '\u{61c}', '\u{180e}', '\u{115f}', '\u{3164}', '\u{200b}'] {
            let name = format!("bo{letter}b");
            assert_eq!(shown(&name), format!("bo\\u{{{:x}}}b", letter as u32));
        }
    }

    #[test]
    fn json_is_the_same_after_escaping() {
        let value = serde_json::json!({"name": "a\u{202e}b\u{9b}\u{e0041}", "n": 1});
        let shown = shown_json(&format!("{value:#}")).into_owned();
        assert!(shown.contains("a\\u202eb\\u009b\\udb40\\udc41"), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).expect("JSON"), value);
    }

    #[test]
    fn a_quotation_cannot_be_left() {
        assert_eq!(quoted("a\" -> \"b"), r#""a\" -> \"b""#);
    }
}
