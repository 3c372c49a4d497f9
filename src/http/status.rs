//! The mapping from HTTP status to the component's errors. Pure functions.

use alloc::format;
use alloc::string::String;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Missing, Response, Secret};
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
/// The client adds what else is known about the request.
pub(super) fn check(response: &Response, asked: Asked<'_>) -> Result<()> {
    let status = response.status;
    let (code, message) = match status {
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
        401 => (
            Code::TokenRejected,
            String::from(
                "The server rejects the API token (401). Check that it is valid and of this \
                 instance.",
            ),
        ),
        403 => (
            Code::ScopeMissing,
            format!(
                "The API token is not allowed to do this (403). It needs the scope {}; create a \
                 token with it.",
                asked.scope
            ),
        ),
        404 => not_found(response, asked.missing),
        408 => (
            Code::ServerError,
            String::from("The server gave up waiting for the request (408). Try again."),
        ),
        429 => (
            Code::RateLimited,
            String::from("The server takes no more requests for now (429). Try again later."),
        ),
        400..=499 => (
            Code::ServerRefused,
            format!("The server refuses the request ({status}). Correct what it objects to."),
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
    Err(error)
}

/// Returns whether repeating the request may help, judging by the status alone.
pub(super) fn is_transient(status: u16) -> bool {
    // 501 and 505 mean that the server does not support this request at all.
    status == 408 || (status >= 500 && !matches!(status, 501 | 505))
}

/// Returns whether the status proves that a write was not applied.
pub(super) fn proves_nothing_done(status: u16) -> bool {
    (400..=499).contains(&status) && status != 408
}

fn not_found(response: &Response, missing: Missing) -> (Code, String) {
    // The API answers a 404 in JSON. An HTML page means that this is not the API.
    let page = response
        .content_type
        .as_deref()
        .is_some_and(|text| media_type(text).eq_ignore_ascii_case("text/html"));
    match missing {
        _ if page => wrong_base(),
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
    Some(clean.chars().take(MAX_SAID).collect())
}

/// Returns whether a character is a control character, or hides text or changes its direction.
fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
        || matches!(c, '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    fn answer(status: u16, content_type: Option<&str>, body: &str) -> Response {
        Response {
            status,
            content_type: content_type.map(ToString::to_string),
            body: body.as_bytes().to_vec(),
            ..Response::default()
        }
    }

    fn checked(response: &Response, missing: Missing) -> Result<()> {
        check(
            response,
            Asked { missing, scope: "users:write", token: &Secret::new("t0ken-value".to_string()) },
        )
    }

    fn error(status: u16, missing: Missing) -> Error {
        checked(&answer(status, Some("application/json"), "{}"), missing).unwrap_err()
    }

    #[test]
    fn each_status_has_its_code() {
        let cases = [
            (300, Code::Redirected),
            (301, Code::Redirected),
            (304, Code::Redirected),
            (308, Code::Redirected),
            (400, Code::ServerRefused),
            (401, Code::TokenRejected),
            (403, Code::ScopeMissing),
            (405, Code::ServerRefused),
            (408, Code::ServerError),
            (409, Code::ServerRefused),
            (410, Code::ServerRefused),
            (413, Code::ServerRefused),
            (422, Code::ServerRefused),
            (429, Code::RateLimited),
            (499, Code::ServerRefused),
            (500, Code::ServerError),
            (501, Code::ServerError),
            (503, Code::ServerError),
            (520, Code::ServerError),
            (100, Code::ServerError),
            (0, Code::ServerError),
        ];
        for (status, code) in cases {
            let error = error(status, Missing::User);
            assert_eq!((error.code, error.http_status), (code, Some(status)));
        }
        for status in [200, 201, 202, 204, 206] {
            assert_eq!(
                checked(&answer(status, Some("application/json"), "{}"), Missing::User),
                Ok(())
            );
        }
    }

    #[test]
    fn a_404_is_mapped_to_what_is_missing() {
        assert_eq!(error(404, Missing::BaseUrl).code, Code::BaseUrlWrong);
        assert_eq!(error(404, Missing::User).code, Code::UserNotFound);
        assert_eq!(error(404, Missing::Group).code, Code::GroupNotFound);
        assert_eq!(error(404, Missing::Unspecified).code, Code::ServerRefused);
        for content_type in ["text/html", "Text/HTML; charset=utf-8"] {
            let page = answer(404, Some(content_type), "<pre>Cannot GET /api/v1/users/1</pre>");
            assert_eq!(checked(&page, Missing::User).unwrap_err().code, Code::BaseUrlWrong);
        }
        let bare = answer(404, None, "");
        assert_eq!(checked(&bare, Missing::User).unwrap_err().code, Code::UserNotFound);
    }

    #[test]
    fn a_403_names_the_missing_scope() {
        assert!(error(403, Missing::User).message.contains("users:write"));
    }

    #[test]
    fn a_good_status_with_a_body_that_is_not_json_is_an_error() {
        for content_type in
            ["text/html", "text/html; charset=utf-8", "text/plain", "application/jsonp", "json"]
        {
            let error =
                checked(&answer(200, Some(content_type), "<html>"), Missing::User).unwrap_err();
            assert_eq!(
                (error.code, error.http_status),
                (Code::AnswerUnusable, Some(200)),
                "{content_type}"
            );
            assert!(error.message.contains("base URL"), "{}", error.message);
        }
        let good = [
            None,
            Some("application/json"),
            Some("Application/JSON ; charset=utf-8"),
            Some("application/scim+json"),
            // The type of SCIM responses in Okta's documentation.
            Some("text/json;charset=UTF-8"),
        ];
        for content_type in good {
            assert_eq!(
                checked(&answer(200, content_type, "{}"), Missing::User),
                Ok(()),
                "{content_type:?}"
            );
        }
        for empty in ["", " \r\n"] {
            assert_eq!(checked(&answer(204, Some("text/html"), empty), Missing::User), Ok(()));
        }
    }

    fn message(body: &str) -> String {
        checked(&answer(400, Some("application/json"), body), Missing::User)
            .unwrap_err()
            .message
            .clone()
    }

    #[test]
    fn the_servers_message_is_repeated_if_it_is_plain_text() {
        for body in [
            r#"{"message":"email is taken"}"#,
            r#"{"success":false,"error":"email is taken","x":[1,{}]}"#,
            r#"{"message":{"a":1},"error":"email is taken"}"#,
            r#"{"schemas":[],"status":"409","scimType":"uniqueness","detail":"email is taken"}"#,
            r#"{"message":"","error":" email is\u0020taken\n"}"#,
            r#"{"message":null,"error":"em\u0000ail\u202e is\u001b taken"}"#,
        ] {
            assert!(
                message(body).ends_with(" The server says: email is taken"),
                "{body}: {}",
                message(body)
            );
        }
        for body in [
            "",
            "{}",
            "<html>",
            "[]",
            "null",
            r#""x""#,
            r#"{"error":{"message":"x"}}"#,
            r#"{"error":"\n"}"#,
            "\u{0}",
        ] {
            assert!(!message(body).contains("says"), "{body}: {}", message(body));
        }
    }

    #[test]
    fn a_long_server_message_is_cut_at_a_character() {
        let long = format!(r#"{{"message":"{}"}}"#, "ü".repeat(5000));
        let message = message(&long);
        assert_eq!(message.chars().filter(|c| *c == 'ü').count(), MAX_SAID);
    }

    #[test]
    fn the_token_is_never_repeated() {
        let pad = "x".repeat(MAX_SAID - 4);
        for said in [
            "your token t0ken-value is bad",
            r"t0ken\u002dvalue",
            r"t0ken\u0000-\u200bvalue",
            &format!("{pad}t0ken-value"),
        ] {
            let message = message(&format!(r#"{{"message":"{said}"}}"#));
            assert!(!message.contains("t0k") && !message.contains("says"), "{message}");
        }
    }

    #[test]
    fn the_request_id_is_short_visible_ascii() {
        let id = |text: &str| {
            let mut response = answer(500, None, "");
            response.request_id = Some(text.to_string());
            checked(&response, Missing::User).unwrap_err().request_id.clone()
        };
        assert_eq!(id("abc-123").as_deref(), Some("abc-123"));
        assert_eq!(id(" a\r\nb\u{1b}[0mü ").as_deref(), Some("ab[0m"));
        assert_eq!(id(&"a".repeat(65)), Some("a".repeat(64)));
        assert_eq!(id(""), None);
        assert_eq!(id(&format!("{}t0ken-value", "a".repeat(60))), None);
    }

    #[test]
    fn transient_statuses_and_statuses_that_prove_no_effect() {
        for status in [408, 500, 502, 503, 504, 520] {
            assert!(is_transient(status) && !proves_nothing_done(status), "{status}");
        }
        for status in [400, 401, 403, 404, 409, 422, 429] {
            assert!(!is_transient(status) && proves_nothing_done(status), "{status}");
        }
        for status in [301, 303, 501, 505] {
            assert!(!is_transient(status) && !proves_nothing_done(status), "{status}");
        }
    }
}
