//! Checks e-mail addresses.

use alloc::format;
use alloc::vec::Vec;
use core::fmt::Display;

use super::{excerpt, invalid};
use crate::domain::Email;
use crate::domain::text::has_invisible;
use crate::error::{Code, Result};

/// Checks an address, and returns it trimmed: 3 to 254 characters with one `@`.
///
/// Accepts plain addresses, with any letters and with the characters that RFC 5322 allows without
/// quotes (`o'brien+x@example.com`). Refuses quoted local parts, comments, display names, domain
/// literals and lists: they are more often mistakes than addresses.
pub fn email(field: &dyn Display, text: &str) -> Result<Email> {
    checked(field, Email::new(text))
}

/// Checks an address as [`email`] does.
pub fn checked(field: &dyn Display, email: Email) -> Result<Email> {
    match problem(email.as_str()) {
        None => Ok(email),
        Some(problem) => {
            let message = format!(
                "\"{}\" is not an e-mail address: {problem}. Give a plain address such as \
                 ada@example.com.",
                excerpt(email.as_str())
            );
            Err(invalid(Code::InvalidEmail, field, message))
        }
    }
}

/// The maximum number of former addresses of one person.
const MAX_FORMER: usize = 32;

/// Checks the addresses that a person had before `present`, which is left out where it is among
/// them.
pub fn former_emails(
    field: &dyn Display,
    given: Vec<Email>,
    present: &Email,
) -> Result<Vec<Email>> {
    if given.len() > MAX_FORMER {
        let message = format!("Give at most {MAX_FORMER} former addresses of one person.");
        return Err(invalid(Code::InvalidValue, field, message));
    }
    if !given.is_empty() && !present.is_address() {
        let message = "The present address is missing, so there is none to change a former address to. Give it too.";
        return Err(invalid(Code::InvalidValue, field, message));
    }
    let mut former: Vec<Email> = Vec::with_capacity(given.len());
    for (at, address) in given.into_iter().enumerate() {
        let address = checked(&format_args!("{field}[{at}]"), address)?;
        if address != *present && !former.contains(&address) {
            former.push(address);
        }
    }
    Ok(former)
}

fn problem(text: &str) -> Option<&'static str> {
    if text.chars().nth(254).is_some() {
        return Some("it has more than 254 characters");
    }
    let Some((local, domain)) = text.split_once('@') else {
        return Some("it has no @");
    };
    if domain.contains('@') {
        return Some("it has more than one @");
    }
    if local.is_empty() {
        return Some("there is nothing before the @");
    }
    if domain.is_empty() {
        return Some("there is nothing after the @");
    }
    if has_invisible(text) {
        return Some("it has a control character or an invisible character");
    }
    if text.contains(char::is_whitespace) {
        return Some("it has a space");
    }
    let is_refused =
        |c| matches!(c, '<' | '>' | '(' | ')' | '[' | ']' | ',' | ':' | ';' | '"' | '\\');
    if local.contains(is_refused) {
        return Some("it has a character that is not allowed before the @");
    }
    let in_domain =
        |c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    if !domain.chars().all(in_domain) || domain.split('.').any(str::is_empty) {
        return Some("what follows the @ is not a domain");
    }
    None
}
