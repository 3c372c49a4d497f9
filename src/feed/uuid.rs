//! UUIDs in 16 bytes instead of 36 letters.

use alloc::string::String;

/// Where the hyphens are, counted in bytes.
const HYPHENS_BEFORE: [usize; 4] = [4, 6, 8, 10];

/// The bytes of a UUID; `None` for any text that [`unpack`] would not give back to the letter.
pub fn pack(text: &str) -> Option<[u8; 16]> {
    let mut letters = text.bytes();
    let mut packed = [0; 16];
    for (at, byte) in packed.iter_mut().enumerate() {
        if HYPHENS_BEFORE.contains(&at) && letters.next()? != b'-' {
            return None;
        }
        *byte = digit(letters.next()?)? << 4 | digit(letters.next()?)?;
    }
    letters.next().is_none().then_some(packed)
}

fn digit(letter: u8) -> Option<u8> {
    match letter {
        b'0'..=b'9' => Some(letter - b'0'),
        b'a'..=b'f' => Some(letter - b'a' + 10),
        _ => None,
    }
}

/// A UUID in small letters.
pub fn unpack(packed: &[u8; 16]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(36);
    for (at, byte) in packed.iter().enumerate() {
        if HYPHENS_BEFORE.contains(&at) {
            text.push('-');
        }
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_comes_back() {
        let text = "00112233-4455-6677-8899-aabbccddeeff";
        let packed = pack(text).expect("a UUID");
        assert_eq!(packed[..3], [0x00, 0x11, 0x22]);
        assert_eq!(unpack(&packed), text);
    }

    #[test]
    fn what_would_not_come_back_to_the_letter_is_not_packed() {
        for text in [
            "",
            "00112233-4455-6677-8899-AABBCCDDEEFF",
            "00112233-4455-6677-8899-aabbccddeef",
            "00112233-4455-6677-8899-aabbccddeeff0",
            "00112233445566778899aabbccddeeff",
            "0011223-34455-6677-8899-aabbccddeeff",
            "00112233-4455-6677-8899-aabbccddeegg",
            "user_0123456789abcdef",
            "00112233-4455-6677-8899-aabbccddeeé",
        ] {
            assert_eq!(pack(text), None, "{text}");
        }
    }
}
