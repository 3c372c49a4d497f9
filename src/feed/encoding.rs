//! The encoding of a cursor as text: a header, the content, and a checksum.
//!
//! The parts are: version (1 byte), total length (4 bytes, little-endian), digest of the
//! organisation (8 bytes), content, and the first 8 bytes of the SHA-256 of everything before.
//! Every version of the format must keep version, length and checksum in these places. Then each
//! version can distinguish a cursor of another version from a damaged cursor.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use sha2::{Digest, Sha256};

use super::Organisation;
use crate::error::{Code, Error, Result};

const VERSION: u8 = 2;
const LENGTH: usize = size_of::<u32>();
const DIGEST: usize = 8;
const HEAD: usize = 1 + LENGTH + DIGEST;
const CHECKSUM: usize = 8;

/// The number of characters at the start that contain version and length.
const START: usize = 8;

/// The longest cursor in characters: 12 MiB of bytes, about 300,000 users.
const MAX_TEXT: usize = 16 << 20;
const MAX_BYTES: usize = MAX_TEXT / 4 * 3;

/// Makes a cursor. `write` appends its content. Fails with `operation-unsupported` for an
/// organisation that is too large.
pub fn seal(organisation: &Organisation, write: impl FnOnce(&mut Vec<u8>)) -> Result<String> {
    let mut bytes = Vec::from([VERSION, 0, 0, 0, 0]);
    bytes.extend_from_slice(&organisation.digest()[..DIGEST]);
    write(&mut bytes);
    let length = bytes.len() + CHECKSUM;
    if length > MAX_BYTES {
        return Err(Error::new(
            Code::OperationUnsupported,
            format!(
                "The organisation is too large for a cursor: it would have {length} bytes, and the \
                 most is {MAX_BYTES}. Compare listings of page-users."
            ),
        ));
    }
    bytes[1..=LENGTH].copy_from_slice(&(length as u32).to_le_bytes());
    let checksum = checksum(&bytes);
    bytes.extend_from_slice(&checksum);
    Ok(BASE64URL.encode(&bytes))
}

/// Checks and decodes a cursor. [`content`] returns the content of the result. Fails with
/// `cursor-invalid`.
pub fn open(cursor: &str, organisation: &Organisation) -> Result<Vec<u8>> {
    if cursor.len() > MAX_TEXT {
        return Err(invalid(&format!(
            "is too long: {} characters, and the longest has {MAX_TEXT}",
            cursor.len()
        )));
    }
    if cursor.len() < START {
        return Err(cut_short());
    }
    let start = decode(cursor.get(..START).ok_or_else(damaged)?)?;
    let [_, length @ ..] = start.first_chunk::<{ 1 + LENGTH }>().ok_or_else(damaged)?;
    let length = u32::from_le_bytes(*length) as usize;
    if !(HEAD + CHECKSUM..=MAX_BYTES).contains(&length) {
        return Err(damaged());
    }
    if base64::encoded_len(length, false).is_none_or(|letters| cursor.len() < letters) {
        return Err(cut_short());
    }
    let bytes = decode(cursor)?;
    if bytes.len() != length {
        return Err(damaged());
    }
    let (checked, sum) = bytes.split_at(length - CHECKSUM);
    if checksum(checked) != *sum {
        return Err(damaged());
    }
    if checked[0] != VERSION {
        return Err(invalid(&format!(
            "is of version {} of the format, and this version of the component reads {VERSION}",
            checked[0]
        )));
    }
    if checked[1 + LENGTH..HEAD] != organisation.digest()[..DIGEST] {
        return Err(invalid(
            "is of another organisation: it was given out for another base URL or another dialect",
        ));
    }
    Ok(bytes)
}

/// Returns the content between header and checksum.
pub fn content(opened: &[u8]) -> &[u8] {
    opened.get(HEAD..opened.len().saturating_sub(CHECKSUM)).unwrap_or_default()
}

/// Decodes base64 with the URL alphabet and without padding. Only one text is accepted for each
/// sequence of bytes.
pub(super) fn decode(text: &str) -> Result<Vec<u8>> {
    BASE64URL.decode(text).map_err(|_| damaged())
}

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM] {
    let mut checksum = [0; CHECKSUM];
    checksum.copy_from_slice(&Sha256::digest(bytes)[..CHECKSUM]);
    checksum
}

/// Returns the error for a cursor that was altered, or that was never given out.
pub fn damaged() -> Error {
    invalid("is damaged, or not one that this function gave out")
}

fn cut_short() -> Error {
    invalid("was cut short: its end is missing")
}

fn invalid(why: &str) -> Error {
    let message = format!(
        "The cursor {why}. Start again without one; what changed meanwhile must then be found by comparing listings."
    );
    Error::new(Code::CursorInvalid, message).in_field("cursor")
}
