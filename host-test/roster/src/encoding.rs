//! The encodings of a file.

use std::borrow::Cow;

use encoding_rs::{DecoderResult, UTF_8, WINDOWS_1252};

use crate::RosterError;

const UTF_8_MARK: &[u8] = b"\xef\xbb\xbf";
const UTF_16_MARKS: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];

/// How many bytes are searched for NUL, which text does not have.
const SEARCHED: usize = 4096;

/// The encoding of a file without a byte-order mark. With a mark, the mark says it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8.
    #[default]
    Utf8,
    /// Windows-1252, as spreadsheets save CSV in western Europe and America. It is never guessed,
    /// because any bytes are text in it.
    Windows1252,
}

/// Returns the text as UTF-8 and without its mark. UTF-8 is returned unchecked, so that an error can
/// name the cell.
pub(crate) fn decode(bytes: &[u8], encoding: Encoding) -> Result<Cow<'_, [u8]>, RosterError> {
    if let Some(message) = no_text(bytes) {
        return Err(RosterError::new(0, 0, message));
    }
    let marked = encoding_rs::Encoding::for_bom(bytes);
    let (encoding, mark) = marked.unwrap_or(match encoding {
        Encoding::Utf8 => (UTF_8, 0),
        Encoding::Windows1252 => (WINDOWS_1252, 0),
    });
    let bytes = &bytes[mark..];
    if encoding == UTF_8 {
        return Ok(Cow::Borrowed(bytes));
    }
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let most = decoder.max_utf8_buffer_length_without_replacement(bytes.len());
    let mut text = String::with_capacity(most.unwrap_or_default());
    match decoder.decode_to_string_without_replacement(bytes, &mut text, true) {
        (DecoderResult::InputEmpty, _) => Ok(Cow::Owned(text.into_bytes())),
        _ => {
            let name = encoding.name();
            let message =
                format!("the text is not {name} here; the file may be cut: export it again");
            Err(RosterError::new(line_ends(text.as_bytes()) + 1, 0, message))
        }
    }
}

/// Returns the bytes without a mark, for a look at the first characters.
pub(crate) fn without_mark(bytes: &[u8]) -> &[u8] {
    let marks = [UTF_8_MARK].into_iter().chain(UTF_16_MARKS);
    marks.into_iter().find_map(|mark| bytes.strip_prefix(mark)).unwrap_or(bytes)
}

/// Counts the line ends, of whatever kind.
pub(crate) fn line_ends(bytes: &[u8]) -> u64 {
    let ends = bytes.iter().enumerate().filter(|&(at, byte)| match byte {
        b'\n' => true,
        // Old spreadsheets write it without `\n`.
        b'\r' => bytes.get(at + 1) != Some(&b'\n'),
        _ => false,
    });
    ends.count() as u64
}

/// Returns what to do with a file that is no text.
fn no_text(bytes: &[u8]) -> Option<&'static str> {
    const WORKBOOK: &str = "the file is a workbook of a spreadsheet; save it as CSV (UTF-8)";
    match bytes {
        [b'P', b'K', 3, 4, ..] | [0xd0, 0xcf, 0x11, 0xe0, ..] => Some(WORKBOOK),
        _ if UTF_16_MARKS.iter().any(|mark| bytes.starts_with(mark)) => None,
        _ if bytes.iter().take(SEARCHED).any(|byte| *byte == 0) => {
            Some("the file is no text, or UTF-16 without a byte-order mark; save it as CSV (UTF-8)")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf_16(text: &str, big: bool) -> Vec<u8> {
        let unit = |unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() };
        let text: String = format!("\u{feff}{text}");
        text.encode_utf16().flat_map(unit).collect()
    }

    fn decoded(bytes: &[u8], encoding: Encoding) -> String {
        let text = decode(bytes, encoding).expect("a text").into_owned();
        String::from_utf8(text).expect("UTF-8")
    }

    #[test]
    fn utf_8_and_utf_16_are_read_by_their_marks() {
        for encoding in [Encoding::Utf8, Encoding::Windows1252] {
            assert_eq!(decoded("\u{feff}Zoë".as_bytes(), encoding), "Zoë");
            assert_eq!(decoded(&utf_16("Zoë 😀", false), encoding), "Zoë 😀");
            assert_eq!(decoded(&utf_16("Zoë 😀", true), encoding), "Zoë 😀");
        }
        assert_eq!(decoded("Zoë".as_bytes(), Encoding::Utf8), "Zoë");
    }

    #[test]
    fn windows_1252_is_read_if_it_is_asked_for() {
        assert_eq!(decoded(b"Zo\xeb \x80", Encoding::Windows1252), "Zoë €");
        assert_eq!(&*decode(b"Zo\xeb", Encoding::Utf8).expect("bytes"), b"Zo\xeb");
    }

    #[test]
    fn utf_16_that_is_cut_is_refused_with_its_line() {
        for big in [false, true] {
            let mut bytes = utf_16("a\r\nb\nc", big);
            bytes.pop();
            let error = decode(&bytes, Encoding::Utf8).expect_err("a refusal");
            assert_eq!(error.line, 3, "{error}");
            assert!(error.message.contains("the file may be cut"), "{error}");
        }
    }

    #[test]
    fn workbooks_and_binary_files_are_refused() {
        let error = |bytes: &[u8]| decode(bytes, Encoding::Utf8).expect_err("a refusal").message;
        assert!(error(b"PK\x03\x04zip").contains("save it as CSV"));
        assert!(error(b"\xd0\xcf\x11\xe0\xa1").contains("save it as CSV"));
        assert!(error(b"e\0m\0a\0i\0l\0").contains("UTF-16 without a byte-order mark"));
    }
}
