use std::cell::Cell;

use serde_json::Value;

use super::*;

/// The SHA-256 of `one`.
const ONE: &str = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed";

const PROVISION: &str = "/v1/lifecycle/provision";
const FIND: &str = "/v1/directory/find-user";

fn environment() -> Vec<(&'static str, String)> {
    let tokens = format!(
        r#"[{{"name": "n8n", "sha256": "{ONE}", "functions": ["directory/*"], "connections": ["a*"]}}]"#
    );
    let connections = r#"{"acme": {"base_url": "https://acme.retool.com", "dialect": "v2"}}"#;
    vec![(access::VARIABLE, tokens), (connections::VARIABLE, connections.to_owned())]
}

/// Returns the response, and whether the body was read.
fn answered(
    environment: Vec<(&str, String)>,
    (method, path): (&str, &str),
    authorization: &[&str],
    body: &str,
) -> (Response, bool) {
    let environment = environment.into_iter().map(|(name, value)| (name.to_owned(), value));
    let environment = Environment(environment.collect());
    let authorization: Vec<Vec<u8>> =
        authorization.iter().map(|value| value.as_bytes().to_vec()).collect();
    let request = Request { method, path, authorization: &authorization };
    let was_read = Cell::new(false);
    let response = answer(&environment, &request, |most| {
        was_read.set(true);
        if body.len() > most { Err(Problem::too_large(most)) } else { Ok(body.into()) }
    });
    (response, was_read.get())
}

fn code(response: &Response) -> String {
    let body: Value = serde_json::from_slice(&response.body).expect("JSON");
    assert_eq!(body["status"], response.status);
    assert!(response.headers.contains(&("content-type", "application/problem+json".to_owned())));
    body["code"].as_str().expect("a code").to_owned()
}

#[test]
fn without_tokens_only_the_health_is_answered() {
    for path in ["/", "/openapi.json", PROVISION, "/nothing"] {
        let (response, was_read) = answered(Vec::new(), ("GET", path), &["Bearer one"], "");
        assert_eq!((response.status, &*code(&response)), (401, "door-closed"), "{path}");
        assert!(!was_read);
    }
    assert_eq!(answered(Vec::new(), ("GET", "/healthz"), &[], "").0.status, 200);
}

#[test]
fn documents_are_open() {
    for path in ["/", "/openapi.json"] {
        let (response, _) = answered(environment(), ("GET", path), &[], "");
        assert_eq!(response.status, 200);
        let body: Value = serde_json::from_slice(&response.body).expect("JSON");
        assert!(body.is_object());
    }
}

#[test]
fn a_call_needs_one_valid_token_and_its_body_is_read_after_that() {
    for authorization in [&[][..], &["Bearer two"], &["Bearer one", "Bearer one"], &["Basic one"]] {
        let (response, was_read) = answered(environment(), ("POST", FIND), authorization, "{}");
        assert_eq!((response.status, &*code(&response)), (401, "token-required"));
        assert!(response.headers.contains(&("www-authenticate", "Bearer".to_owned())));
        assert!(!was_read);
    }
    let (response, was_read) = answered(environment(), ("POST", PROVISION), &["bearer one"], "{}");
    assert_eq!((response.status, &*code(&response)), (403, "function-refused"));
    assert!(!was_read);
}

#[test]
fn a_wrong_call_says_what_is_wrong_and_where() {
    for (body, status, expected, field) in [
        ("", 400, "not-json", None),
        ("{", 400, "not-json", None),
        ("[]", 422, "wrong-form", None),
        (r#"{"connection": "acme"}"#, 422, "wrong-form", Some("user")),
        (r#"{"connection": "acme", "user": ["email", "x"]}"#, 422, "wrong-form", Some("user")),
        (r#"{"connection": "acme", "user": {"email": 1}}"#, 422, "wrong-form", Some("user.email")),
        (
            r#"{"connection": "acme", "user": {"email": "x"}, "base_url": "x"}"#,
            422,
            "wrong-form",
            Some("base_url"),
        ),
        (
            r#"{"connection": "acme", "connection": "b", "user": {"email": "x"}}"#,
            422,
            "wrong-form",
            Some("connection"),
        ),
        (
            r#"{"connection": "abc", "user": {"email": "x"}}"#,
            422,
            "connection-unknown",
            Some("connection"),
        ),
        (
            r#"{"connection": "bcd", "user": {"email": "x"}}"#,
            403,
            "connection-refused",
            Some("connection"),
        ),
    ] {
        let (response, _) = answered(environment(), ("POST", FIND), &["Bearer one"], body);
        assert_eq!((response.status, &*code(&response)), (status, expected), "{body}");
        let document: Value = serde_json::from_slice(&response.body).expect("JSON");
        assert_eq!(document["field"].as_str(), field, "{document}");
        assert_eq!(document["permanent"], true);
    }
}

#[test]
fn a_body_that_is_too_large_is_refused() {
    let body = " ".repeat(101);
    let mut environment = environment();
    environment.push((MOST_BYTES, "100".to_owned()));
    let (response, _) = answered(environment, ("POST", FIND), &["Bearer one"], &body);
    assert_eq!((response.status, &*code(&response)), (413, "body-too-large"));
}

#[test]
fn other_methods_and_paths_are_refused() {
    let (response, _) = answered(environment(), ("GET", FIND), &[], "");
    assert_eq!((response.status, &*code(&response)), (405, "method-refused"));
    assert!(response.headers.contains(&("allow", "POST".to_owned())));
    let (response, _) = answered(environment(), ("POST", "/v2/x"), &["Bearer one"], "");
    assert_eq!((response.status, &*code(&response)), (404, "path-unknown"));
}

#[test]
fn a_wrong_configuration_is_no_failure_that_passes() {
    let mut environment = environment();
    environment[1].1 = r#"{"acme": {"base_url": "x"}}"#.to_owned();
    let body = r#"{"connection": "acme", "user": {"email": "x"}}"#;
    let (response, _) = answered(environment, ("POST", FIND), &["Bearer one"], body);
    assert_eq!((response.status, &*code(&response)), (424, "door-misconfigured"));
}

#[test]
fn the_log_has_no_value_of_the_caller() {
    let body = r#"{"connection": "a-secret", "user": {"email": "ada@example.com"}}"#;
    let (response, _) = answered(environment(), ("POST", FIND), &["Bearer one"], body);
    assert_eq!(
        response.log.as_deref(),
        Some(
            "door: function=directory/find-user token=n8n connection=- status=422 \
             code=connection-unknown request-id=-\n"
        )
    );
}
