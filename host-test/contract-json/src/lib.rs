//! Reads values of the contract from JSON, for the host library, the command and the HTTP door.
//!
//! The types are those that bindings generate, with serde's derived implementations. This crate
//! makes one form of JSON of them: cases of variants have their WIT names (`end-user`), also if the
//! type has Rust's (`EndUser`); a case with a payload is an object of one key, one without is a
//! string; a record is an object, never an array. A whole number may be written with a fraction of
//! zero (`30.0`) or an exponent (`3e1`), as in JSON Schema. Errors name the field by its path, e.g.
//! `request.groups[1].name`.
//!
//! Nothing is held besides the text and the value: a tree of JSON takes many times the memory of its
//! text.
//!
//! ```
//! use contract_json::{Keys, from_slice};
//!
//! #[derive(Debug, serde::Deserialize)]
//! struct Request {
//!     email: String,
//!     admin: Option<bool>,
//! }
//!
//! let request: Request = from_slice(br#"{"email": "ada@example.com"}"#, Keys::Known).unwrap();
//! assert_eq!((&*request.email, request.admin), ("ada@example.com", None));
//! let refused = from_slice::<Request>(br#"{"email": 7}"#, Keys::Known).unwrap_err();
//! assert_eq!(refused.to_string(), "email must be a string");
//! ```
#![cfg_attr(not(test), no_std)]
#![deny(missing_docs)]

extern crate alloc;

mod enums;
mod name;
mod place;
mod raised;
mod read;
mod records;
mod refusal;
mod spelling;
#[cfg(test)]
mod tests;

pub use name::wit_name;
pub use read::{Keys, from_deserializer, from_slice};
pub use refusal::Refusal;
pub use spelling::path_in_json;
