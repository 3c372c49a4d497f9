//! The mapping from HTTP status to the component's errors. Pure functions.

use alloc::format;
use alloc::string::String;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Missing, Response, Secret, forbidden};
use crate::de::{Text, object};
use crate::error::{Code, Error, Result};

/// The most characters of the server's own message that an error repeats.
const MAX_SAID: usize = 200;

/// The longest request id that is kept.
const MAX_REQUEST_ID: usize = 64;

/// What the mapping needs to know about the request.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    /// What a 404 means.
    pub missing: Missing,
    /// The scope that the request needs.
    pub scope: &'static str,
    /// The token, which must not be in any message.
    pub token: &'a Secret,
}

/// Checks whether a response can be used. Errors contain code, message, status and request id.
/// The client adds what else is known about the request. `now_unix_ms` is the time, in
/// milliseconds since the Unix epoch.
pub(super) fn check(response: &Response, asked: Asked<'_>, now_unix_ms: u64) -> Result<()> {
    let status = response.status;
    let (code, message) = match status {
        200..=299 if is_page(response) => page(status),
        200..=299 if !claims_json(response) => (
            Code::AnswerUnusable,
            String::from(
                "The server answered with something other than JSON. A login page, a proxy in \
                 between or a wrong base URL is likely: check that the base URL is the \
                 instance's own address and reaches it directly.",
            ),
        ),
        200..=299 => return Ok(()),
        300..=399 => (
            Code::Redirected,
            format!(
                "The server sends the request elsewhere ({status}), which is not followed. Give \
                 the address that it leads to as the base URL."
            ),
        ),
        401 => (Code::TokenRejected, token_rejected(response)),
        402 | 403 => forbidden::check(response, asked.scope, now_unix_ms),
        404 => not_found(response, asked.missing),
        407 | 511 => (
            Code::AccessBlocked,
            format!(
                "Something in between, such as a proxy, requires a login first ({status}). Give \
                 its credentials to the host that runs the component, or go around it."
            ),
        ),
        408 => (
            Code::ServerError,
            String::from("The server gave up waiting for the request (408). Try again."),
        ),
        429 => forbidden::throttled(status),
        400..=499 => (
            Code::ServerRefused,
            format!("The server refuses the request ({status}). Correct what it objects to."),
        ),
        _ if is_final(status) => (
            Code::OperationUnsupported,
            format!(
                "The server, or a proxy in between, does not support this request ({status}), so \
                 it was not done. Check the version of Retool, and that nothing in between \
                 changes requests."
            ),
        ),
        _ => (Code::ServerError, format!("The server failed ({status}). Try again later.")),
    };
    let mut message = message;
    if let Some(said) = said(&response.body, asked.token) {
        message.push_str(" The server says: ");
        message.push_str(&said);
    }
    let mut error = Error::new(code, message);
    error.http_status = Some(status);
    error.request_id = request_id(response, asked.token);
    error.refuses_form = refuses_form(&response.body);
    Err(error)
}

/// Returns whether a status of 500 and more is final: it says that the server, or a proxy in
/// between, does not support this request at all, and not that it failed for now.
fn is_final(status: u16) -> bool {
    matches!(status, 501 | 505 | 506 | 510 | 511)
}

/// Returns whether repeating the request may help, judging by the status alone.
pub(super) fn is_transient(status: u16) -> bool {
    status == 408 || (status >= 500 && !is_final(status))
}

/// Returns whether the status proves that a write was not applied: the server refuses it, does not
/// support it, or sends it elsewhere.
pub(super) fn proves_nothing_done(status: u16) -> bool {
    (300..=499).contains(&status) && status != 408 || is_final(status)
}

fn token_rejected(response: &Response) -> String {
    let mut message = String::from(
        "The server rejects the API token (401). Check that it is valid and of this instance.",
    );
    if is_page(response) {
        message.push_str(
            " The response is a page of HTML, so a proxy or a login page in between may have \
             answered instead.",
        );
    }
    message
}

/// Returns whether a response is a page of HTML, by its content type or by its first bytes.
pub(super) fn is_page(response: &Response) -> bool {
    let body = response.body.trim_ascii_start();
    let begins =
        |with: &[u8]| body.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
    let is_named = has_media_type(response, &["text/html", "application/xhtml+xml"]);
    begins(b"<!doctype html") || begins(b"<html") || (is_named && body.starts_with(b"<"))
}

/// Returns the code and message of a page of HTML.
pub(super) fn page(status: u16) -> (Code, String) {
    let message = format!(
        "The server answered with a page of HTML ({status}) and not as an API. Possible causes: \
         the plan or the version of this Retool does not include this part of the API; a login \
         page, a proxy or a firewall in between answered; or the base URL is not the instance's \
         own address."
    );
    (Code::HtmlPage, message)
}

fn has_media_type(response: &Response, any: &[&str]) -> bool {
    let named = response.content_type.as_deref().map(media_type);
    named.is_some_and(|named| any.iter().any(|media| named.eq_ignore_ascii_case(media)))
}

fn not_found(response: &Response, missing: Missing) -> (Code, String) {
    match missing {
        // The API answers a 404 in JSON. An HTML page means that this is not the API.
        _ if has_media_type(response, &["text/html"]) => wrong_base(),
        Missing::BaseUrl => wrong_base(),
        Missing::User => (
            Code::UserNotFound,
            String::from(
                "There is no such user in this organisation (404). The user may have been \
                 deleted.",
            ),
        ),
        Missing::Group => (
            Code::GroupNotFound,
            String::from(
                "There is no such group in this organisation (404). The group may have been \
                 deleted.",
            ),
        ),
        Missing::Unspecified => (
            Code::ServerRefused,
            String::from(
                "Something that the request names does not exist (404). It may have been \
                 deleted.",
            ),
        ),
    }
}

fn wrong_base() -> (Code, String) {
    (
        Code::BaseUrlWrong,
        String::from(
            "No Retool API answers at this base URL (404). Check that it is the \
             address of a Retool instance, and its path prefix.",
        ),
    )
}

/// Returns the part of a `Content-Type` before its parameters.
fn media_type(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default().trim()
}

/// Returns whether the body is declared as JSON, has no declared type, or is empty.
fn claims_json(response: &Response) -> bool {
    if response.body.iter().all(u8::is_ascii_whitespace) {
        return true;
    }
    let Some(content_type) = &response.content_type else {
        return true;
    };
    let media = media_type(content_type).to_ascii_lowercase();
    matches!(&*media, "" | "application/json" | "text/json") || media.ends_with("+json")
}

/// Returns the request id, if there is one, cleaned and shortened for messages.
pub(super) fn request_id(response: &Response, token: &Secret) -> Option<String> {
    let visible: String =
        response.request_id.as_deref()?.chars().filter(char::is_ascii_graphic).collect();
    if visible.is_empty() || visible.contains(token.expose()) {
        return None;
    }
    Some(visible.chars().take(MAX_REQUEST_ID).collect())
}

/// The fields in which servers describe an error. SCIM uses `detail`.
#[derive(Deserialize)]
struct Words<'a> {
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    error: Option<&'a RawValue>,
    detail: Option<&'a RawValue>,
    #[serde(rename = "scimType")]
    scim_type: Option<&'a RawValue>,
}

/// SCIM's reasons that are about the form of a request.
const FORM: [&str; 4] = ["invalidSyntax", "invalidPath", "invalidFilter", "noTarget"];

/// Returns whether a SCIM error is about the form of the request; `None` if it has no reason.
fn refuses_form(body: &[u8]) -> Option<bool> {
    let words: Words<'_> = object(body).ok()?;
    let reason: Text<'_> = serde_json::from_str(words.scim_type?.get()).ok()?;
    (!reason.is_empty()).then(|| FORM.contains(&&*reason))
}

/// Returns the server's own message: the first of the fields that contains text.
fn said(body: &[u8], token: &Secret) -> Option<String> {
    let words: Words<'_> = object(body).ok()?;
    [words.message, words.error, words.detail].into_iter().flatten().find_map(|raw| {
        let text: Text<'_> = serde_json::from_str(raw.get()).ok()?;
        presentable(&text, token)
    })
}

/// Returns the server's text on one line and shortened. `None` if nothing is left or it contains
/// the token.
fn presentable(text: &str, token: &Secret) -> Option<String> {
    let clean: String = text.chars().filter(|c| !is_unprintable(*c)).collect();
    let clean = clean.trim();
    // Checks the whole text before it is cut, so that no part of the token can remain.
    if clean.is_empty() || clean.contains(token.expose()) {
        return None;
    }
    Some(without_links(clean).chars().take(MAX_SAID).collect())
}

/// Replaces links in a text. A link of an invitation lets anyone in who has it.
fn without_links(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    for part in text.split_inclusive(|c| !is_of_link(c)) {
        let end = part.char_indices().next_back().filter(|(_, c)| !is_of_link(*c));
        let (word, end) = part.split_at(end.map_or(part.len(), |(at, _)| at));
        kept.push_str(if is_link(word) { "(a link)" } else { word });
        kept.push_str(end);
    }
    kept
}

/// Returns whether a character may be inside a link.
fn is_of_link(c: char) -> bool {
    !(c.is_whitespace() || "\"'<>(),;".contains(c))
}

/// Returns whether a word is a link, with or without its host, or the part of one that is secret.
fn is_link(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    word.contains("://")
        || word.contains("%2f%2f")
        || word.contains('/') && word.contains('?')
        || word.contains("invite") && word.contains('=')
}

/// Returns whether a character is a control character, or hides text or changes its direction.
fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
        || matches!(c, '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests;
