use std::cell::Cell;

use std::collections::BTreeMap;

use serde_json::Value;

use super::*;
use crate::bindings::user_lifecycle::retool::types::{Connection, Dialect, Error};
use crate::configuration::MOST_BYTES;
use crate::connections;
use crate::problem::BODY_INCOMPLETE;

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
fn the_limit_of_the_body_is_that_of_the_variable() {
    let body = " ".repeat(101);
    let mut environment = environment();
    environment.push((MOST_BYTES, "100".to_owned()));
    let (response, _) = answered(environment.clone(), ("POST", FIND), &["Bearer one"], &body);
    assert_eq!((response.status, &*code(&response)), (413, "request-too-large"));
    // It is read, and is not JSON.
    let (response, _) = answered(environment, ("POST", FIND), &["Bearer one"], &body[1..]);
    assert_eq!((response.status, &*code(&response)), (400, "not-json"));
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
fn with_a_wrong_configuration_nothing_is_answered_and_the_health_says_so() {
    let token = &environment()[0].1;
    let two = token.replace("}]", "},") + token.trim_start_matches('[');
    let connections = environment()[1].1.clone();
    let doubled = connections.replace("}}", "}, ") + connections.trim_start_matches('{');
    for (variable, value, what) in [
        (access::VARIABLE, "[{}]", "has another form at [0]"),
        (access::VARIABLE, &two, "has a sha256 a second time at [1]"),
        (connections::VARIABLE, r#"{"acme": {"base_url": "x"}}"#, "has another form"),
        (connections::VARIABLE, &doubled, "has a name twice"),
        (MOST_BYTES, "16MB", "is not a number of bytes from 1 to 4294967295"),
    ] {
        let mut environment = environment();
        environment.retain(|(name, _)| *name != variable);
        environment.push((variable, value.to_owned()));
        for (method, path) in [
            ("GET", "/healthz"),
            ("GET", "/"),
            ("GET", "/openapi.json"),
            ("POST", FIND),
            ("GET", "/x"),
        ] {
            let (response, was_read) =
                answered(environment.clone(), (method, path), &["Bearer one"], "{}");
            assert_eq!(
                (response.status, &*code(&response)),
                (424, "door-misconfigured"),
                "{value}"
            );
            assert!(!was_read);
            let body = String::from_utf8_lossy(&response.body).into_owned();
            assert!(body.contains(variable), "{body}");
            let log = response.log.expect("lines");
            let (line, mistake) = log.split_once('\n').expect("two lines");
            assert!(line.ends_with("status=424 code=door-misconfigured request-id=-"), "{log}");
            assert_eq!(mistake, format!("door: {variable} {what}\n"));
        }
    }
}

#[test]
fn the_log_has_what_was_asked_for_and_no_value_of_the_caller() {
    let body = r#"{"connection": "a-secret", "user": {"email": "ada@example.com"}}"#;
    let log = |path, authorization| {
        let method = if path == "/openapi.json" { "DELETE" } else { "POST" };
        answered(environment(), (method, path), &[authorization], body).0.log.expect("a line")
    };
    assert_eq!(
        log(FIND, "Bearer one"),
        "door: function=directory/find-user token=n8n connection=- status=422 \
         code=connection-unknown request-id=-\n"
    );
    assert_eq!(
        log(FIND, "Bearer secret"),
        "door: function=directory/find-user token=- connection=- status=401 code=token-required \
         request-id=-\n"
    );
    for (path, status, code) in [
        ("/v1/directory/secret", 404, "path-unknown"),
        ("/secret\ndoor: x", 404, "path-unknown"),
        ("/openapi.json", 405, "method-refused"),
    ] {
        assert_eq!(
            log(path, "Bearer one"),
            format!("door: path=- token=- connection=- status={status} code={code} request-id=-\n")
        );
    }
    assert_eq!(answered(environment(), ("GET", "/healthz"), &[], "").0.log, None);
}

#[test]
fn an_id_in_the_log_is_one_word() {
    let asked = Route::Health;
    let entry = Entry { asked: &asked, token: "t", connection: "c".to_owned() };
    let id =
        |id| entry.line(503, "x", Some(id)).split_once("request-id=").map(|(_, id)| id.to_owned());
    assert_eq!(id("f3-9:A").as_deref(), Some("f3-9:A\n"));
    for wrong in ["", "a b", "a\ndoor: x", &"x".repeat(129)] {
        assert_eq!(id(wrong).as_deref(), Some("-\n"), "{wrong}");
    }
}

/// Each error of the door is made, and must be the example of it in the OpenAPI document.
#[test]
fn the_examples_of_the_openapi_document_are_what_the_door_answers() {
    let mut made = BTreeMap::new();
    let mut add = |body: &[u8]| {
        let document: Value = serde_json::from_slice(body).expect("JSON");
        made.insert(document["code"].as_str().expect("a code").to_owned(), document);
    };
    let user = r#"{"connection": "acme", "user": {"email": "x"}}"#;
    for (asked, authorization, body) in [
        (("POST", FIND), "Bearer one", "{"),
        (("POST", FIND), "Bearer two", user),
        (("POST", PROVISION), "Bearer one", user),
        (("POST", FIND), "Bearer one", &user.replace("acme", "other")),
        (("POST", FIND), "Bearer one", &user.replace("acme", "a")),
        (("POST", FIND), "Bearer one", r#"{"connection": "acme"}"#),
        (("POST", "/nothing"), "Bearer one", user),
        (("GET", FIND), "Bearer one", ""),
        (("POST", FIND), "Bearer one", &" ".repeat((16 << 20) + 1)),
    ] {
        add(&answered(environment(), asked, &[authorization], body).0.body);
    }
    add(&answered(Vec::new(), ("GET", "/"), &[], "").0.body);
    let wrong = vec![(connections::VARIABLE, "x".to_owned())];
    add(&answered(wrong, ("GET", "/"), &[], "").0.body);
    add(&Problem::own(BODY_INCOMPLETE).json());
    let connection = Connection {
        base_url: String::new(),
        dialect: Dialect::Auto,
        api_token_variable: None,
        scim_token_variable: None,
    };
    add(&Problem::of(Error::ExecutionFailed, &connection).json());

    let document: Value = serde_json::from_str(OPENAPI).expect("JSON");
    let responses = document["components"]["responses"].as_object().expect("responses");
    let mut examples = BTreeMap::new();
    for response in responses.values() {
        let all = &response["content"]["application/problem+json"]["examples"];
        for (code, example) in all.as_object().into_iter().flatten() {
            examples.insert(code.clone(), example["value"].clone());
        }
    }
    for (code, document) in &made {
        assert_eq!(examples.remove(code).as_ref(), Some(document), "{code}");
    }
    // What is left are errors of the contract, an example for each kind.
    let kinds: Vec<&Value> = examples.values().map(|example| &example["kind"]).collect();
    assert_eq!(kinds.len(), 8, "{kinds:?}");
}
