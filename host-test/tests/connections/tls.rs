//! TLS: trust and protocol negotiation.

use host_test::requests::by_email;
use host_test::retool::types::{Error, ErrorKind};
use hyper::Version;

use crate::server::{Authority, Server, Service, options, tenant};

async fn server(authority: &Authority, protocols: &[&str]) -> (Server, String) {
    let tls = authority.tls("localhost", protocols);
    let server = Server::start(Service::new(300), Some(tls)).await;
    let url = format!("https://localhost:{}", server.port());
    (server, url)
}

#[tokio::test]
async fn a_server_is_trusted_if_its_authority_was_added() {
    let authority = Authority::new();
    let (server, url) = server(&authority, &["http/1.1"]).await;
    let tenant = tenant(options(&url).ca_certificates(authority.certificates()));
    let email = server.service.first_email();
    let found =
        tenant.find_user(&by_email(&email)).await.expect("the host").expect("the component");
    assert_eq!(found.expect("a user").email, Some(email));
    assert_eq!(server.service.seen()[0].version, Version::HTTP_11);
}

#[tokio::test]
async fn a_server_of_another_authority_gets_no_request() {
    let (server, url) = server(&Authority::named("one"), &["http/1.1"]).await;
    // The second has the same name and another key, as if the authority had been recreated.
    for other in [Authority::named("another"), Authority::named("one")] {
        let tenant = tenant(options(&url).ca_certificates(other.certificates()));
        let answer = tenant.find_user(&by_email("ada@example.com")).await.expect("the host");
        let error = answer.expect_err("no trust");
        let Error::Transient(detail) = &error else { panic!("{error:?}") };
        assert_eq!(detail.kind, ErrorKind::Unavailable, "{error:?}");
        let log = tenant.log().concat();
        assert!(log.contains("authority is not trusted by this machine"), "{log}");
        assert!(log.contains("give its certificate"), "{log}");
    }
    assert!(server.service.seen().is_empty());
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let authority = Authority::new();
    let tls = authority.tls("elsewhere.example", &["http/1.1"]);
    let server = Server::start(Service::new(3), Some(tls)).await;
    let options = options(&format!("https://localhost:{}", server.port()));
    let tenant = tenant(options.ca_certificates(authority.certificates()));
    tenant.find_user(&by_email("ada@example.com")).await.expect("the host").expect_err("no trust");
    let log = tenant.log().concat();
    assert!(log.contains("the certificate is not of this server"), "{log}");
    assert!(server.service.seen().is_empty());
}

#[tokio::test]
async fn a_certificate_for_an_ip_address_is_trusted() {
    let authority = Authority::new();
    let tls = authority.tls("127.0.0.1", &["http/1.1"]);
    let server = Server::start(Service::new(3), Some(tls)).await;
    let options = options(&format!("https://127.0.0.1:{}", server.port()));
    let tenant = tenant(options.ca_certificates(authority.certificates()));
    let found = tenant.find_user(&by_email(server.service.first_email())).await.expect("the host");
    assert!(found.expect("the component").is_some());
}

#[tokio::test]
async fn http_2_is_used_if_offered_and_needs_one_connection() {
    let authority = Authority::new();
    let (server, url) = server(&authority, &["h2", "http/1.1"]).await;
    let options = options(&url)
        .ca_certificates(authority.certificates())
        .env("RETOOL_WINDOW", "8")
        .env("RETOOL_PAGE_SIZE", "5");
    let tenant = tenant(options);
    let email = server.service.first_email();
    tenant.find_user(&by_email(&email)).await.expect("the host").expect("the component");
    let connections = server.service.connections();
    tenant.changes_since(None).await.expect("the host").expect("the component");

    let seen = server.service.seen();
    assert!(seen.len() > 60, "{} requests", seen.len());
    assert!(seen.iter().all(|seen| seen.version == Version::HTTP_2));
    // The server's name is only in the pseudo-header.
    assert!(seen.iter().all(|seen| seen.host.is_none() && seen.uri.starts_with(&url)));
    assert_eq!(server.service.connections(), connections, "the listing opened more");
    use host_test::requests::by_email;
}
