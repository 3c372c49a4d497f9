//! Tokens that the host puts into outgoing requests.

use host_test::HostError;
use host_test::requests::by_email;
use host_test::retool::types::Connection;

use crate::server::{Server, Service, TOKEN, options, tenant};

#[tokio::test]
async fn a_placeholder_is_replaced_with_the_token_in_outgoing_requests() {
    let server = Server::start(Service::new(3), None).await;
    let tenant = tenant(options(&format!("http://{}", server.address)).inject_credentials());
    let found = tenant.find_user(&by_email(server.service.first_email())).await.expect("the host");
    assert!(found.expect("the component").is_some());
    let expected = format!("Bearer {TOKEN}");
    let seen = server.service.seen();
    assert!(!seen.is_empty());
    assert!(seen.iter().all(|seen| seen.authorization.as_ref() == Some(&expected)), "{seen:?}");
}

#[tokio::test]
async fn the_token_of_the_variable_that_the_connection_names_is_injected() {
    let server = Server::start(Service::new(3), None).await;
    let options = options(&format!("http://{}", server.address))
        .env("RETOOL_OF_ACME", "another-token")
        .inject_credentials();
    let tenant = tenant(options);
    let named = Connection {
        api_token_variable: Some("RETOOL_OF_ACME".to_owned()),
        ..tenant.connection().clone()
    };
    let refused = tenant.with_connection(named).find_user(&by_email("ada@example.com")).await;
    assert!(refused.expect("the host").is_err(), "the server has another token");
    let seen = server.service.seen();
    assert_eq!(seen[0].authorization.as_deref(), Some("Bearer another-token"));
}

/// A new tunable of the component must not be withheld by a host that keeps the tokens to itself.
#[test]
fn the_host_knows_every_tunable_of_the_component() {
    assert_eq!(host_test::TUNABLES, retool_lifecycle::config::TUNABLES);
}

#[tokio::test]
async fn another_origin_gets_neither_the_token_nor_the_placeholder() {
    let own = Server::start(Service::new(3), None).await;
    let other = Server::start(Service::new(3), None).await;
    let tenant = tenant(options(&format!("http://{}", own.address)).inject_credentials());
    let elsewhere =
        Connection { base_url: format!("http://{}", other.address), ..tenant.connection().clone() };
    let refused = tenant.with_connection(elsewhere).find_user(&by_email("ada@example.com")).await;
    assert!(matches!(refused, Err(HostError::Egress { .. })), "{refused:?}");
    assert_eq!(other.service.connections(), 0);
}

#[tokio::test]
async fn an_invalid_token_is_the_same_error_with_and_without_injection() {
    let error = async |inject: bool| {
        let mut options = options("http://127.0.0.1:9");
        options.env = vec![("RETOOL_API_TOKEN".to_owned(), "in two\nlines".into())];
        options.inject_credentials = inject;
        let answer = tenant(options).find_user(&by_email("ada@example.com")).await;
        answer.expect("the host").expect_err("an error")
    };
    assert_eq!(error(true).await, error(false).await);
}
