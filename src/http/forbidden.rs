//! Why a server forbids a request. The status 403 alone does not say it: the token may lack a scope,
//! or the server throttles, or a seat is missing, or something in between answered. Headers, content
//! type and body decide. If they don't, the message lists the possible causes.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::status::{is_page, page};
use super::{Response, retry_after};
use crate::de::{Text, object};
use crate::error::Code;

/// How much of a body that is not JSON is searched.
const MAX_PLAIN: usize = 2048;

/// Returns the code and message of a response with the status 402 or 403. `scope` is the scope that
/// the request needs.
pub(super) fn check(response: &Response, scope: &str, now_unix_ms: u64) -> (Code, String) {
    let status = response.status;
    if retry_after::is_throttled(response, now_unix_ms) {
        return throttled(status);
    }
    if is_page(response) {
        return page(status);
    }
    let words = Words::of(response, scope);
    if words.throttled() {
        return throttled(status);
    }
    let (code, message) = if words.scope() {
        let message = format!(
            "The API token is not allowed to do this ({status}). It needs the scope {scope}; create a \
             token with it."
        );
        (Code::ScopeMissing, message)
    } else if words.last_owner() {
        let message = format!(
            "The server does not let the organisation lose its last owner or administrator \
             ({status}). Make another person one first."
        );
        (Code::LastOwner, message)
    } else if words.address() {
        let message = format!(
            "The server takes no requests from the address of this machine ({status}). Add it to \
             the list of allowed addresses."
        );
        (Code::AccessBlocked, message)
    } else if words.seats() {
        let message = format!(
            "The organisation has no seat left for this person ({status}). Free a seat or buy \
             one, then ask again."
        );
        (Code::SeatLimit, message)
    } else if words.plan() {
        let message = format!(
            "The plan of this organisation does not include this ({status}). Change the plan, or \
             do it in Retool."
        );
        (Code::OperationUnsupported, message)
    } else if status == 402 {
        let message = String::from(
            "The server asks for payment first (402). Possible causes: no seat is left, the plan \
             does not include this, or a bill is not paid. Look at the billing settings of Retool.",
        );
        (Code::OperationUnsupported, message)
    } else {
        // The tokens of SCIM have no such scopes.
        let token = match scope.contains(':') {
            true => format!("lacks the scope {scope}"),
            false => String::from("may not do this"),
        };
        let message = format!(
            "The server forbids this ({status}), and its response does not show why. Possible \
             causes: the token {token}; the plan does not include this part of the API; a list of \
             allowed addresses does not have this machine's; a proxy or a firewall in between \
             answered."
        );
        (Code::Forbidden, message)
    };
    (code, message)
}

/// Returns the code and message of a response that means: not now.
pub(super) fn throttled(status: u16) -> (Code, String) {
    let message = format!("The server takes no more requests for now ({status}). Try again later.");
    (Code::RateLimited, message)
}

/// The words of the server's explanation, in lower case.
struct Words {
    words: Vec<String>,
    /// Whether a header or the text names a missing scope.
    names_scope: bool,
}

impl Words {
    fn of(response: &Response, scope: &str) -> Self {
        let text = explanation(&response.body).to_lowercase();
        let challenge = response.www_authenticate.as_deref().unwrap_or_default();
        let names_scope = challenge.to_ascii_lowercase().contains("insufficient_scope")
            || text.contains("insufficient_scope")
            || (scope.contains(':') && text.contains(scope));
        let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        Words { words: words.map(String::from).collect(), names_scope }
    }

    fn has(&self, any: &[&str]) -> bool {
        self.words.iter().any(|word| any.contains(&word.as_str()))
    }

    /// Returns whether these words occur one after the other.
    fn has_phrase(&self, phrase: &[&str]) -> bool {
        self.words.windows(phrase.len()).any(|words| words == phrase)
    }

    fn throttled(&self) -> bool {
        self.has(&["ratelimit", "ratelimited", "throttled", "throttling"])
            || self.has_phrase(&["rate", "limit"])
            || self.has_phrase(&["rate", "limited"])
            || self.has_phrase(&["too", "many", "requests"])
    }

    fn scope(&self) -> bool {
        self.names_scope || self.has(&["scope", "scopes"])
    }

    /// Returns whether an owner or administrator is named as the last one.
    fn last_owner(&self) -> bool {
        let is_owner = |word: &String| word.starts_with("owner") || word.starts_with("admin");
        (0..self.words.len()).any(|at| {
            let (before, rest) = self.words.split_at(at + 1);
            let follows = |within: usize| rest.iter().take(within).any(is_owner);
            match before {
                [.., word] if word == "last" || word == "sole" => follows(3),
                [.., least, one] if least == "least" && one == "one" => follows(3),
                // "Only the owner can" says something else.
                [.., the, only] if the == "the" && only == "only" => follows(2),
                _ => false,
            }
        })
    }

    fn address(&self) -> bool {
        let is_listed = self.has(&["allowlist", "allowlisted", "whitelist", "whitelisted"])
            || self.has_phrase(&["allow", "list"])
            || self.has_phrase(&["allowed", "addresses"]);
        // A list of domains or of email addresses is about the person.
        let is_of_people = self.has(&["domain", "domains", "email", "emails"]);
        self.has(&["ip", "ips"]) || is_listed && !is_of_people
    }

    fn seats(&self) -> bool {
        self.has(&["seat", "seats"])
            || self.has_phrase(&["user", "limit"])
            || self.has_phrase(&["limit", "of", "users"])
            || self.has_phrase(&["number", "of", "users"])
            || self.has_phrase(&["no", "licenses"])
            || self.has_phrase(&["no", "licences"])
    }

    fn plan(&self) -> bool {
        self.has(&["plan", "plans", "tier", "upgrade", "subscription", "license", "licence"])
    }
}

/// The fields in which servers explain an error.
#[derive(Deserialize)]
struct Explained<'a> {
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    error: Option<&'a RawValue>,
    detail: Option<&'a RawValue>,
    title: Option<&'a RawValue>,
    reason: Option<&'a RawValue>,
    code: Option<&'a RawValue>,
    errors: Option<&'a RawValue>,
}

/// Returns the text in which the server explains an error: the known fields of a JSON object, or
/// the beginning of a body that is not JSON.
fn explanation(body: &[u8]) -> String {
    let Ok(explained) = object::<Explained<'_>>(body) else {
        return String::from_utf8_lossy(&body[..body.len().min(MAX_PLAIN)]).into_owned();
    };
    let Explained { message, error, detail, title, reason, code, errors } = explained;
    let mut all = String::new();
    for raw in [message, error, detail, title, reason, code, errors].into_iter().flatten() {
        all.push(' ');
        match serde_json::from_str::<Text<'_>>(raw.get()) {
            Ok(text) => all.push_str(&text),
            // An object or a list, with the text somewhere in it.
            Err(_) => all.extend(raw.get().chars().take(MAX_PLAIN)),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    fn checked(response: &Response) -> (Code, String) {
        check(response, "users:write", 0)
    }

    fn answer(status: u16, content_type: &str, body: &str) -> Response {
        Response {
            status,
            content_type: Some(content_type.to_string()),
            body: body.as_bytes().to_vec(),
            ..Response::default()
        }
    }

    fn code(body: &str) -> Code {
        checked(&answer(403, "application/json", body)).0
    }

    #[test]
    fn the_servers_words_decide_about_the_reason() {
        let cases = [
            ("The access token lacks the scope users:write", Code::ScopeMissing),
            ("Missing scopes", Code::ScopeMissing),
            ("users:write is required", Code::ScopeMissing),
            ("insufficient_scope", Code::ScopeMissing),
            ("You have exceeded a secondary rate limit", Code::RateLimited),
            ("Too many requests, slow down.", Code::RateLimited),
            ("Request was throttled.", Code::RateLimited),
            ("You have used all 50 seats of your plan", Code::SeatLimit),
            ("Seat limit reached", Code::SeatLimit),
            ("user_limit_exceeded", Code::SeatLimit),
            ("No licenses left", Code::SeatLimit),
            ("Cannot disable the last owner of the organization", Code::LastOwner),
            ("The last enabled administrator can't be removed", Code::LastOwner),
            ("There must be at least one active admin", Code::LastOwner),
            ("This user is the only admin.", Code::LastOwner),
            ("Sole owner", Code::LastOwner),
            ("Your IP is not on the allowlist", Code::AccessBlocked),
            ("The email domain example.org is not on the allowlist", Code::Forbidden),
            ("This email is not among the allowed addresses", Code::Forbidden),
            ("Requests from 203.0.113.9 are not in the IP allow list", Code::AccessBlocked),
            ("This feature is not included in your plan", Code::OperationUnsupported),
            ("Upgrade to Enterprise", Code::OperationUnsupported),
            ("Only the owner can do this", Code::Forbidden),
            ("Only admins may change users", Code::Forbidden),
            ("The last name is too long for an import", Code::Forbidden),
            ("Forbidden", Code::Forbidden),
            ("You do not have permission to do this", Code::Forbidden),
            ("", Code::Forbidden),
        ];
        for (said, expected) in cases {
            for body in [
                format!(r#"{{"message":"{said}"}}"#),
                format!(r#"{{"success":false,"error":"{said}"}}"#),
                format!(r#"{{"schemas":[],"status":"403","detail":"{said}"}}"#),
                format!(r#"{{"error":{{"message":"{said}"}}}}"#),
                format!(r#"{{"errors":[{{"detail":"{said}"}}]}}"#),
                said.to_string(),
                said.to_uppercase(),
            ] {
                assert_eq!(code(&body), expected, "{body}");
            }
        }
    }

    #[test]
    fn without_a_reason_the_message_lists_possible_causes() {
        for body in ["", "{}", "[]", r#"{"message":17}"#, "no"] {
            let (code, message) = checked(&answer(403, "application/json", body));
            assert_eq!(code, Code::Forbidden, "{body}");
            for cause in ["users:write", "plan", "allowed addresses", "proxy", "firewall"] {
                assert!(message.contains(cause), "{cause}: {message}");
            }
        }
    }

    #[test]
    fn headers_count_before_the_body() {
        let scope = r#"{"message":"lacks the scope"}"#;
        let with = |change: fn(&mut Response)| {
            let mut response = answer(403, "application/json", scope);
            change(&mut response);
            checked(&response).0
        };
        let some = |text: &str| Some(text.to_string());
        assert_eq!(
            with(|response| response.retry_after = Some("9".to_string())),
            Code::RateLimited
        );
        assert_eq!(
            with(|response| response.rate_limit_reset = Some("1767603620".to_string())),
            Code::RateLimited
        );
        assert_eq!(
            with(|response| response.rate_limit_remaining = Some("0".to_string())),
            Code::RateLimited
        );
        let mut response = answer(403, "application/json", "{}");
        response.www_authenticate = some(r#"Bearer error="insufficient_scope", scope="x""#);
        assert_eq!(checked(&response).0, Code::ScopeMissing);
        // The rate limit is not used up.
        let mut response = answer(403, "application/json", scope);
        response.rate_limit_reset = some("1767603620");
        response.rate_limit_remaining = some("41");
        assert_eq!(checked(&response).0, Code::ScopeMissing);
    }

    #[test]
    fn a_page_is_no_answer_of_the_api_whatever_it_says() {
        for (content_type, body) in [
            ("text/html", "<h1>403 Forbidden</h1> Your plan, your seats, your IP, your scope"),
            ("text/html; charset=utf-8", "\n <!DOCTYPE html>"),
            ("application/xhtml+xml", "<html/>"),
            ("text/plain", "<!doctype html><title>Blocked</title>"),
            ("application/json", "<HTML><body>Access denied</body></HTML>"),
        ] {
            let (code, message) = checked(&answer(403, content_type, body));
            assert_eq!(code, Code::HtmlPage, "{content_type}");
            assert!(message.contains("(403)") && message.contains("firewall"), "{message}");
        }
    }

    #[test]
    fn a_402_is_about_seats_or_the_plan() {
        assert_eq!(checked(&answer(402, "application/json", "{}")).0, Code::OperationUnsupported);
        let seats = answer(402, "application/json", r#"{"message":"No seats left"}"#);
        assert_eq!(checked(&seats).0, Code::SeatLimit);
    }

    #[test]
    fn a_body_of_any_bytes_is_searched_without_a_panic() {
        let long = "é".repeat(5000);
        for body in [long.as_bytes(), &[0xff; 5000], b"\x00\x00", "\u{1e9e}\u{130}".as_bytes()] {
            let response = Response { status: 403, body: body.to_vec(), ..Response::default() };
            assert_eq!(checked(&response).0, Code::Forbidden);
        }
    }
}
