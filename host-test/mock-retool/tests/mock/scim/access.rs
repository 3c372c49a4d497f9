//! Tokens, base paths and error responses.

use mock_retool::{Dialect, Mock, Options, ScimBase};
use serde_json::json;

use super::{Scim, refused};
use crate::client::{Client, start};

async fn status(mock: &Mock, token: &str, path: &str) -> u16 {
    Client::new(mock, Some(format!("Bearer {token}"))).get(path).await.status
}

#[tokio::test]
async fn scim_and_rest_have_separate_tokens() {
    let scim = Scim::start().await;
    for (token, rest, other) in [("mock-token", 200, 401), ("mock-scim-token", 401, 200)] {
        assert_eq!(status(&scim.mock, token, "/api/v1/users").await, rest, "{token}");
        assert_eq!(status(&scim.mock, token, "/scim/v2/Users").await, other, "{token}");
    }
    let before = scim.mock.state();
    for authorization in [None, Some("Bearer mock-token"), Some("Basic mock-scim-token"), Some("x")]
    {
        let client = Client::new(&scim.mock, authorization.map(str::to_owned));
        for path in ["Users", "Groups", "ServiceProviderConfig", "Schemas", "Nothing", ""] {
            let answer = client.get(&format!("/scim/v2/{path}")).await;
            refused(&answer, 401, None);
            assert_eq!(answer.header("www-authenticate"), "Bearer");
        }
        let path = format!("/scim/v2/Users/{}", scim.user(0));
        refused(&client.delete(&path).await, 401, None);
    }
    assert_eq!(scim.mock.state(), before);
}

#[tokio::test]
async fn the_token_comes_from_the_options_and_is_hidden_in_debug_output() {
    let options = Options { scim_token: "chosen-one".to_owned(), ..Options::default() };
    assert!(!format!("{options:?}").contains("chosen-one"));
    let (mock, _) = start(options).await;
    assert_eq!(mock.scim_token(), "chosen-one");
    assert_eq!(status(&mock, "chosen-one", "/scim/v2/Users").await, 200);
    assert_eq!(status(&mock, "mock-scim-token", "/scim/v2/Users").await, 401);

    let options = Options { scim_token: String::new(), ..Options::default() };
    let error = Mock::start(options).await.expect_err("an empty token is refused");
    assert!(error.to_string().contains("SCIM"), "{error}");
}

#[tokio::test]
async fn scim_is_served_below_the_bases_of_the_options() {
    for (scim_base, at_scim, at_api) in
        [(ScimBase::Both, 200, 200), (ScimBase::Scim, 200, 404), (ScimBase::ApiScim, 404, 200)]
    {
        let scim = Scim::with(Options { scim_base, ..Options::default() }).await;
        let status = async |base: &str| scim.client.get(&format!("{base}/Users")).await.status;
        assert_eq!(status("/scim/v2").await, at_scim, "{scim_base:?}");
        assert_eq!(status("/api/scim/v2").await, at_api, "{scim_base:?}");
    }
    let dialects = vec![Dialect::V1];
    let scim = Scim::with(Options { dialects, ..Options::default() }).await;
    assert_eq!(scim.get("/Users").await.status, 404);
}

#[tokio::test]
async fn a_prefix_is_part_of_every_location() {
    let prefix = "/retool".to_owned();
    let scim = Scim::with(Options { prefix, ..Options::default() }).await;
    let answer = scim.post("/Users", json!({"userName": "new@example.com"})).await;
    assert_eq!(answer.status, 201);
    assert!(scim.mock.base_url().ends_with("/retool"), "{}", scim.mock.base_url());
    let location = format!("{}/scim/v2/Users/{}", scim.mock.base_url(), super::id(&answer.body));
    assert_eq!(answer.header("location"), location);
}

#[tokio::test]
async fn an_instance_without_scim_returns_an_empty_404() {
    let scim = Scim::with(Options { scim_not_configured: true, ..Options::default() }).await;
    for base in ["/scim/v2", "/api/scim/v2"] {
        for path in ["/Users", "/Users/x", "/ServiceProviderConfig", "/", ""] {
            let answer = scim.client.get(&format!("{base}{path}")).await;
            assert_eq!((answer.status, answer.text.as_str()), (404, ""), "{base}{path}");
            assert_eq!(answer.header("content-type"), "", "{base}{path}");
        }
        let posted = scim.client.post(&format!("{base}/Users"), json!({"userName": "a@b.c"})).await;
        assert_eq!((posted.status, posted.text.as_str()), (404, ""));
    }
    assert_eq!(status(&scim.mock, "mock-token", "/api/v1/users").await, 200);
}

#[tokio::test]
async fn unknown_paths_and_methods_are_scim_errors() {
    let scim = Scim::start().await;
    for path in
        ["", "/", "/Users/", "/users", "/Users/x/y", "/Bulk", "/Users/%ff", "/Users/..%2fGroups"]
    {
        refused(&scim.get(path).await, 404, None);
    }
    for (method, path) in [("PUT", "/Users"), ("POST", "/Groups/x"), ("DELETE", "/Schemas")] {
        let answer = scim.send_with(method, path, &[], None).await;
        refused(&answer, 405, None);
    }
}

#[tokio::test]
async fn rest_ids_are_unknown_in_scim_and_scim_ids_in_rest() {
    let scim = Scim::start().await;
    let state = scim.mock.state();
    refused(&scim.get(&format!("/Users/{}", state.users[0].id)).await, 404, None);
    for id in ["4", "1", "04"] {
        refused(&scim.get(&format!("/Groups/{id}")).await, 404, None);
    }
    let rest = Client::new(&scim.mock, Some("Bearer mock-token".to_owned()));
    let path = format!("/api/v1/users/{}", state.users[0].scim_id());
    assert_eq!(rest.get(&path).await.status, 404);
}

#[tokio::test]
async fn a_body_must_be_a_json_object_with_a_json_content_type() {
    let scim = Scim::start().await;
    let group = r#"{"displayName": "New"}"#;
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/xml"] {
        let headers = [("content-type", kind)];
        let answer = scim.client.try_send_with("POST", "/scim/v2/Groups", &headers, group).await;
        refused(&answer.expect("an answer"), 415, None);
    }
    for body in ["[]", "{", "null", "\"x\"", "{\"displayName\": \"New\""] {
        let headers = [("content-type", "application/scim+json")];
        let answer = scim.client.try_send_with("POST", "/scim/v2/Groups", &headers, body).await;
        refused(&answer.expect("an answer"), 400, Some("invalidSyntax"));
    }
    assert!(scim.mock.state().group_named("New").is_none());
    for kind in ["application/json", "Application/SCIM+JSON;charset=utf-8"] {
        let headers = [("content-type", kind)];
        let answer = scim.client.try_send_with("POST", "/scim/v2/Groups", &headers, group).await;
        assert_eq!(answer.expect("an answer").status, 201, "{kind}");
    }
}
