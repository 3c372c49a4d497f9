//! Connections are reused, and shared by the calls of a tenant.

use host_test::Limits;
use host_test::requests::by_email;

use crate::server::{Server, Service, options, tenant};

#[tokio::test]
async fn a_listing_opens_no_more_connections_than_its_window() {
    let server = Server::start(Service::new(300), None).await;
    let options = options(&format!("http://{}", server.address))
        .env("RETOOL_WINDOW", "4")
        .env("RETOOL_PAGE_SIZE", "5");
    let changes = tenant(options).changes_since(None).await;
    changes.expect("the host").expect("the component");
    let requests = server.service.seen().len();
    assert!(requests > 60, "{requests} requests");
    let connections = server.service.connections();
    assert!(connections <= 4, "{connections} connections for {requests} requests");
}

#[tokio::test]
async fn a_listing_with_the_largest_window_is_within_the_default_limits() {
    let server = Server::start(Service::new(1_000), None).await;
    // Some are left for requests with a body, which need a few more.
    let limits = Limits { resources: Limits::default().resources * 2 / 3, ..Limits::default() };
    let options = options(&format!("http://{}", server.address))
        .env("RETOOL_WINDOW", "64")
        .env("RETOOL_PAGE_SIZE", "2")
        .limits(limits);
    let changes = tenant(options).changes_since(None).await;
    changes.expect("the host").expect("the component");
    let requests = server.service.seen().len();
    assert!(requests > 500, "{requests} requests");
}

#[tokio::test]
async fn consecutive_calls_use_one_connection() {
    let server = Server::start(Service::new(3), None).await;
    let email = server.service.first_email();
    let tenant = tenant(options(&format!("http://{}", server.address)).env("RETOOL_WINDOW", "1"));
    for _ in 0..5 {
        let found =
            tenant.find_user(&by_email(&email)).await.expect("the host").expect("the component");
        assert!(found.is_some());
    }
    assert!(server.service.seen().len() >= 5);
    assert_eq!(server.service.connections(), 1);
}

#[tokio::test]
async fn tenants_do_not_share_connections() {
    let server = Server::start(Service::new(3), None).await;
    let email = server.service.first_email();
    for count in 1..=3 {
        let tenant = tenant(options(&format!("http://{}", server.address)));
        tenant.find_user(&by_email(&email)).await.expect("the host").expect("the component");
        assert_eq!(server.service.connections(), count);
    }
}

#[tokio::test]
async fn the_host_header_is_the_one_of_the_base_url() {
    let server = Server::start(Service::new(3), None).await;
    let email = server.service.first_email();
    let tenant = tenant(options(&format!("http://{}", server.address)));
    tenant.find_user(&by_email(&email)).await.expect("the host").expect("the component");
    let seen = server.service.seen();
    assert_eq!(seen[0].host.as_deref(), Some(server.address.to_string().as_str()));
    assert!(seen[0].uri.starts_with("/api/v1/"), "{seen:?}");
}
