//! What separates the cells of a CSV file.

/// What may separate cells, the most usual first.
const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// Returns the separator that the first line names as `sep=;`, and the bytes of that line.
pub(crate) fn named(bytes: &[u8]) -> Option<(u8, usize)> {
    let end = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
    let line = &bytes[..end.unwrap_or(bytes.len())];
    let inner = line.strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\""));
    let (name, separator) = inner.unwrap_or(line).split_at_checked(4)?;
    match separator {
        [separator] if name.eq_ignore_ascii_case(b"sep=") && may_separate(*separator) => {
            Some((*separator, line.len()))
        }
        _ => None,
    }
}

fn may_separate(byte: u8) -> bool {
    byte == b'\t' || (byte.is_ascii_punctuation() && byte != b'"')
}

/// Finds the separator in the header: the one that is there most often outside quotes. Lines of
/// nothing but separators are skipped.
pub(crate) fn found(bytes: &[u8]) -> u8 {
    let mut counts = [0_u64; SEPARATORS.len()];
    let (mut quoted, mut text) = (false, false);
    for byte in bytes {
        let separator = SEPARATORS.iter().position(|separator| separator == byte);
        match (byte, separator) {
            (b'"', _) => (quoted, text) = (!quoted, true),
            _ if quoted => {}
            (b'\n' | b'\r', _) if text => break,
            (b'\n' | b'\r', _) => counts = Default::default(),
            (_, Some(at)) => counts[at] += 1,
            _ => text |= !byte.is_ascii_whitespace(),
        }
    }
    let most = counts.iter().max().copied().unwrap_or_default();
    let at = counts.iter().position(|count| *count == most).unwrap_or_default();
    SEPARATORS[at]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_separator_is_the_most_frequent_one_of_the_header_outside_quotes() {
        for (header, separator) in [
            ("email,groups", b','),
            ("email;groups\na,b,c", b';'),
            ("email\tgroups", b'\t'),
            ("email|groups", b'|'),
            ("email;\"Last Name, First Name, Middle Name\"", b';'),
            ("\"one\nline, two\";groups\na,b,c", b';'),
            (";;;\r\n \r\nemail,groups", b','),
            ("email", b','),
            ("", b','),
        ] {
            assert_eq!(found(header.as_bytes()), separator, "{header:?}");
        }
    }

    #[test]
    fn a_first_line_may_name_the_separator() {
        assert_eq!(named(b"sep=;\r\nemail"), Some((b';', 5)));
        assert_eq!(named(b"SEP=\t\nemail"), Some((b'\t', 5)));
        assert_eq!(named(b"\"sep=^\"\nemail"), Some((b'^', 7)));
        for none in ["sep=", "sep=ab\n", "sep=a\n", "sep=\"\n", "email\nsep=;", "", "s"] {
            assert_eq!(named(none.as_bytes()), None, "{none:?}");
        }
    }
}
