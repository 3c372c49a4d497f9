//! Tenants that may only reach public addresses.

use host_test::requests::by_email;
use host_test::retool::types::Error;
use host_test::{HostError, Proxies, TenantOptions};

use crate::server::{Authority, Server, Service, options, tenant};

#[tokio::test]
async fn a_server_at_an_address_that_is_not_public_gets_no_connection() {
    let authority = Authority::new();
    let tls = authority.tls("localhost", &["http/1.1"]);
    let plain = Server::start(Service::new(3), None).await;
    let secured = Server::start(Service::new(3), Some(tls)).await;
    for (server, url) in [
        (&plain, format!("http://127.0.0.1:{}", plain.port())),
        (&plain, format!("http://localhost:{}", plain.port())),
        (&secured, format!("https://localhost:{}", secured.port())),
        (&secured, format!("https://[::ffff:127.0.0.1]:{}", secured.port())),
        (&secured, format!("https://[64:ff9b::7f00:1]:{}", secured.port())),
    ] {
        let options = options(&url).ca_certificates(authority.certificates());
        let tenant = tenant(options.public_addresses_only());
        let answer = tenant.find_user(&by_email("ada@example.com")).await.expect("the host");
        let error = answer.expect_err("an error");
        assert!(!matches!(error, Error::ExecutionFailed), "{url}: {error:?}");
        let log = tenant.log().join("\n");
        assert!(log.contains("the server's address is not public"), "{url}: {log}");
        assert_eq!(server.service.connections(), 0, "{url}");
    }
    // Without the option, this server is reached.
    let tenant = tenant(options(&format!("http://127.0.0.1:{}", plain.port())));
    tenant.find_user(&by_email(plain.service.first_email())).await.expect("the host").expect("one");
    assert_eq!(plain.service.connections(), 1);
}

fn through(proxy: &str, no: &str) -> TenantOptions {
    let proxies = Proxies::new("", proxy, no).expect("a proxy");
    options("https://acme.retool.example").proxies(proxies)
}

#[tokio::test]
async fn a_proxy_for_the_origin_is_refused_because_it_would_choose_the_address() {
    let proxy = Server::start(Service::new(3), None).await;
    let url = format!("http://user:hunter2@127.0.0.1:{}", proxy.port());
    let tenant = tenant(through(&url, "").public_addresses_only());
    let expected = |function| HostError::ProxyChoosesAddress {
        function,
        origin: "https://acme.retool.example:443".to_owned(),
    };
    let error = tenant.find_user(&by_email("ada@example.com")).await.expect_err("a refusal");
    assert_eq!(error, expected("find-user"));
    assert!(!error.may_have_written());
    assert!(!error.to_string().contains("hunter2"), "{error}");
    assert_eq!(tenant.instantiate().await, Err(expected("instantiate")));
    assert_eq!(proxy.service.connections(), 0);
}

#[tokio::test]
async fn a_proxy_that_is_not_for_the_origin_is_no_reason_to_refuse() {
    let url = "http://127.0.0.1:9";
    let exempt = tenant(through(url, "retool.example").public_addresses_only());
    assert_eq!(exempt.instantiate().await, Ok(()));
    let allowed = tenant(through(url, ""));
    assert_eq!(allowed.instantiate().await, Ok(()));
}
