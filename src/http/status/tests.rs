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
    let token = Secret::new("t0ken-value".to_string());
    check(response, Asked { missing, scope: "users:write", token: &token }, 0)
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
        (402, Code::OperationUnsupported),
        (403, Code::Forbidden),
        (405, Code::ServerRefused),
        (407, Code::AccessBlocked),
        (408, Code::ServerError),
        (409, Code::ServerRefused),
        (410, Code::ServerRefused),
        (413, Code::ServerRefused),
        (422, Code::ServerRefused),
        (429, Code::RateLimited),
        (499, Code::ServerRefused),
        (500, Code::ServerError),
        (501, Code::OperationUnsupported),
        (503, Code::ServerError),
        (505, Code::OperationUnsupported),
        (511, Code::AccessBlocked),
        (520, Code::ServerError),
        (100, Code::ServerError),
        (0, Code::ServerError),
    ];
    for (status, code) in cases {
        let error = error(status, Missing::User);
        assert_eq!((error.code, error.http_status), (code, Some(status)));
    }
    for status in [200, 201, 202, 204, 206] {
        assert_eq!(checked(&answer(status, Some("application/json"), "{}"), Missing::User), Ok(()));
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
fn a_good_status_with_a_body_that_is_not_json_is_an_error() {
    let odd = ["text/html", "text/plain", "application/jsonp", "json"];
    let cases = odd.map(|content_type| (content_type, "hello", Code::AnswerUnusable));
    let pages = [
        ("text/html", " <h1>Log in</h1>", Code::HtmlPage),
        ("Text/HTML; charset=utf-8", "<!-- --><html>", Code::HtmlPage),
        ("application/xhtml+xml", "<?xml version='1.0'?>", Code::HtmlPage),
        ("text/plain", "\r\n<!DOCTYPE HTML>", Code::HtmlPage),
        ("application/json", "<html>", Code::HtmlPage),
    ];
    for (content_type, body, code) in cases.into_iter().chain(pages) {
        let error = checked(&answer(200, Some(content_type), body), Missing::User).unwrap_err();
        assert_eq!((error.code, error.http_status), (code, Some(200)), "{content_type}");
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
fn links_are_never_repeated() {
    for (said, kept) in [
        (
            "Already invited: https://acme.retool.com/auth/signup?invite=s3cret.",
            "Already invited: (a link)",
        ),
        (r#"see \"/auth/signup?token=s3cret\""#, r#"see "(a link)""#),
        (r"<a href='https:\/\/x.y\/s3cret'>here</a>", "<a href='(a link)'>here</a>"),
        ("https%3A%2F%2Facme%2Fs3cret is open", "(a link) is open"),
        ("(invite=s3cret)", "((a link))"),
        (r"HTTPS://ACME/s3cret\u200bs3cret", "(a link)"),
        ("either/or, and limit=5", "either/or, and limit=5"),
    ] {
        let message = message(&format!(r#"{{"message":"{said}"}}"#));
        assert!(message.ends_with(&format!(" The server says: {kept}")), "{message}");
        assert!(!message.contains("s3cret"), "{message}");
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
    for status in [400, 401, 403, 404, 407, 409, 422, 429] {
        assert!(!is_transient(status) && proves_nothing_done(status), "{status}");
    }
    for status in [300, 301, 302, 303, 304, 307, 308, 501, 505, 506, 510, 511] {
        assert!(!is_transient(status) && proves_nothing_done(status), "{status}");
    }
    for status in [0, 100, 199, 200, 299] {
        assert!(!is_transient(status) && !proves_nothing_done(status), "{status}");
    }
}
