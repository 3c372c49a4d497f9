use http_body_util::Full;
use wasmtime_wasi_io::bytes::Bytes;

use super::*;
use crate::retool::types::Dialect;

fn connection(api: Option<&str>, scim: Option<&str>) -> Connection {
    Connection {
        base_url: "https://acme.retool.com".to_owned(),
        dialect: Dialect::Auto,
        api_token_variable: api.map(str::to_owned),
        scim_token_variable: scim.map(str::to_owned),
    }
}

fn environment(variables: &[(&str, &str)]) -> Environment {
    let given = variables.iter().map(|&(name, value)| (name.to_owned(), value.into()));
    Environment::new(given.collect(), true)
}

const VARIABLES: [(&str, &str); 6] = [
    ("RETOOL_API_TOKEN", "hunter2-hunter2"),
    ("RETOOL_ACME_3", "another-token"),
    ("RETOOL_SCIM_TOKEN", ""),
    ("RETOOL_BROKEN", "secret\n"),
    ("RETOOL_WINDOW", "8"),
    ("RETOOL_EXPOSED_DEBUG", "1"),
];

fn visible(env: &Variables) -> Vec<(&str, &str)> {
    env.iter().map(|(name, value)| (name.as_str(), value.expose_secret())).collect()
}

fn sent(credentials: &Credentials, value: &str) -> String {
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, HeaderValue::try_from(value).expect("a value"));
    credentials.put_into(&mut headers);
    let value = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    value.expect("a value").to_owned()
}

#[test]
fn the_component_gets_placeholders_and_tunables_and_no_other_variable() {
    let environment = environment(&VARIABLES);
    let (env, _) = environment.of(&connection(None, None));
    let expected = [
        ("RETOOL_API_TOKEN", "placeholder-for-RETOOL_API_TOKEN"),
        ("RETOOL_SCIM_TOKEN", ""),
        ("RETOOL_WINDOW", "8"),
    ];
    assert_eq!(visible(&env), expected);

    let (env, _) = environment.of(&connection(Some("RETOOL_ACME_3"), Some("RETOOL_BROKEN")));
    let expected = [
        ("RETOOL_ACME_3", "placeholder-for-RETOOL_ACME_3"),
        ("RETOOL_BROKEN", "placeholder-for-RETOOL_BROKEN\n"),
        ("RETOOL_WINDOW", "8"),
    ];
    assert_eq!(visible(&env), expected);
}

#[test]
fn without_injection_the_environment_is_passed_on_as_it_is() {
    let given = VARIABLES.map(|(name, value)| (name.to_owned(), value.into()));
    let (env, credentials) = Environment::new(given.to_vec(), false).of(&connection(None, None));
    assert_eq!(visible(&env), VARIABLES);
    assert_eq!(sent(&credentials, "Bearer hunter2"), "Bearer hunter2");
}

#[test]
fn a_placeholder_is_replaced_only_if_it_is_the_whole_credential() {
    let connection = connection(None, Some("RETOOL_ACME_3"));
    let (_, credentials) = environment(&VARIABLES).of(&connection);
    let sent = |value: &str| sent(&credentials, value);
    assert_eq!(sent("Bearer placeholder-for-RETOOL_API_TOKEN"), "Bearer hunter2-hunter2");
    assert_eq!(sent("placeholder-for-RETOOL_ACME_3"), "another-token");
    for other in [
        "Bearer placeholder-for-RETOOL_API_TOKENS",
        "Bearer xplaceholder-for-RETOOL_API_TOKEN",
        "Bearer placeholder-for-RETOOL_WINDOW",
        "Bearer placeholder-for-RETOOL_BROKEN",
        "Bearer placeholder-for-RETOOL_EXPOSED_DEBUG",
        "Bearer",
    ] {
        assert_eq!(sent(other), other);
    }
}

#[test]
fn a_placeholder_in_another_header_is_not_replaced() {
    let (_, credentials) = environment(&VARIABLES).of(&connection(None, None));
    let placeholder = HeaderValue::from_static("placeholder-for-RETOOL_API_TOKEN");
    let mut headers = HeaderMap::new();
    headers.insert("x-copy", placeholder.clone());
    credentials.put_into(&mut headers);
    assert_eq!(headers.len(), 1);
    assert_eq!(headers.get("x-copy"), Some(&placeholder));
}

#[test]
fn debug_output_of_the_headers_hides_the_token() {
    let (_, credentials) = environment(&VARIABLES).of(&connection(None, None));
    let mut headers = HeaderMap::new();
    let value = HeaderValue::from_static("Bearer placeholder-for-RETOOL_API_TOKEN");
    headers.insert(AUTHORIZATION, value);
    credentials.put_into(&mut headers);
    assert!(!format!("{headers:?}").contains("hunter2"));
}

#[test]
fn a_token_that_is_too_short_to_be_masked_is_refused() {
    for (value, fails) in [("", false), ("1", true), ("1234567", true), ("12345678", false)] {
        let environment = environment(&[("RETOOL_SCIM_TOKEN", value)]);
        let (_, credentials) = environment.of(&connection(None, None));
        match credentials.check() {
            Ok(()) => assert!(!fails, "{value}"),
            Err(error) => {
                assert!(fails, "{value}");
                let error = error.to_string();
                assert!(error.contains("RETOOL_SCIM_TOKEN"), "{error}");
                assert!(!error.contains("1234567"), "{error}");
            }
        }
        let (_, other) = environment.of(&connection(None, Some("RETOOL_OTHER")));
        assert_eq!(other.check(), Ok(()), "no connection names it");
        // It would be in ordinary text of other connections.
        let expected = if value.len() < 8 { value } else { "********" };
        assert_eq!(masked(&other, value), expected);
    }
}

fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> Response<WasiBody> {
    let body = Full::new(Bytes::copy_from_slice(body.as_bytes()));
    let mut answer = Response::new(body.map_err(|never| match never {}).boxed_unsync());
    *answer.status_mut() = http::StatusCode::from_u16(status).expect("a status");
    for (name, value) in headers {
        answer.headers_mut().append(*name, HeaderValue::from_str(value).expect("a value"));
    }
    answer
}

#[tokio::test]
async fn a_token_is_masked_in_answers_of_every_status() {
    let (_, credentials) = environment(&VARIABLES).of(&connection(None, None));
    for status in [200, 201, 204, 302, 400, 401, 429, 500] {
        let body = r#"{"message":"hunter2\u002dhunter2"}"#;
        let headers = [("x-request-id", "hunter2 -hunter2"), ("retry-after", "11")];
        let masked = credentials.kept_out(answer(status, &headers, body));
        assert_eq!(masked.headers()["x-request-id"], "****************", "{status}");
        assert_eq!(masked.headers()["retry-after"], "11", "{status}");
        let masked = masked.into_body().collect().await.expect("a body").to_bytes();
        assert_eq!(masked, r#"{"message":"********************"}"#, "{status}");
    }
}

#[tokio::test]
async fn a_variable_that_is_no_token_changes_no_answer() {
    let variables = [("RETOOL_EXPOSED_DEBUG", "1"), ("RETOOL_OTHER", "a-second")];
    for tokens in [&[][..], &[("RETOOL_API_TOKEN", "hunter2-hunter2")]] {
        let environment = environment(&[&variables[..], tokens].concat());
        let (_, credentials) = environment.of(&connection(None, None));
        let (headers, body) = ([("retry-after", "11"), ("x-id", "a-second")], "a-second 1");
        let same = credentials.kept_out(answer(503, &headers, body));
        assert_eq!(same.headers()["retry-after"], "11");
        assert_eq!(same.headers()["x-id"], "a-second");
        assert_eq!(same.into_body().collect().await.expect("a body").to_bytes(), body);
    }
}

fn masked(credentials: &Credentials, value: &str) -> String {
    let body = Full::new(Bytes::new()).map_err(|never| match never {}).boxed_unsync();
    let answer = Response::builder().header("x-request-id", value).body(body).expect("an answer");
    let answer = credentials.kept_out(answer);
    answer.headers()["x-request-id"].to_str().expect("a value").to_owned()
}

/// A server or a cache in between may repeat what it got over another connection of the tenant.
#[test]
fn the_tokens_of_all_connections_of_a_tenant_are_masked() {
    let environment = environment(&VARIABLES);
    let (_, first) = environment.of(&connection(None, None));
    let (_, second) = environment.clone().of(&connection(Some("RETOOL_ACME_3"), None));
    for credentials in [&first, &second] {
        assert_eq!(masked(credentials, "hunter2-hunter2"), "*".repeat(15));
        assert_eq!(masked(credentials, "id-another-token"), "id-*************");
        // Nothing is injected that the connection does not name.
        assert_eq!(masked(credentials, "8"), "8");
    }
    assert_eq!(sent(&first, "placeholder-for-RETOOL_ACME_3"), "placeholder-for-RETOOL_ACME_3");
}
