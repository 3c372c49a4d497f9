//! Encoding of JSON that is sent.

use alloc::string::String;
use alloc::vec::Vec;

use serde::Serialize;

/// Encodes a value as JSON. Its serialization must be infallible: texts, flags, numbers, and
/// lists and structs of them.
pub fn to_json(value: &(impl Serialize + ?Sized)) -> String {
    serde_json::to_string(value).expect("texts, flags and numbers are always JSON")
}

/// Encodes a value as a JSON body.
pub fn to_body(value: &impl Serialize) -> Vec<u8> {
    to_json(value).into_bytes()
}
