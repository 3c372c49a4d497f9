use mock_retool::{Dialect, InviteOptions, MetadataPaths, Mock, Options, Scope, V2Options};
use serde_json::json;

use crate::client::{Client, raw, start};

#[tokio::test]
async fn without_the_right_token_nothing_is_served() {
    let (mock, _) = start(Options::default()).await;
    let before = mock.state();
    for authorization in [None, Some("Bearer other-token"), Some("Basic mock-token")] {
        let client = Client::new(&mock, authorization.map(str::to_owned));
        for (method, path) in [
            ("GET", "/api/v2/users".to_owned()),
            ("DELETE", format!("/api/v2/users/{}", before.users[0].sid())),
            ("GET", "/api/v2/groups/99".to_owned()),
        ] {
            let answer = client.send(method, &path, "").await;
            assert_eq!(answer.status, 401, "{authorization:?} {path}");
            assert_eq!(answer.body["success"], false);
            assert!(!answer.message().contains("mock-token"));
        }
    }
    assert_eq!(mock.state(), before);
}

#[tokio::test]
async fn each_request_needs_its_scope_and_the_error_names_it() {
    let requests = [
        ("GET", "/users", "", Scope::UsersRead),
        ("GET", "/users/x", "", Scope::UsersRead),
        ("POST", "/users", "{}", Scope::UsersWrite),
        ("PATCH", "/users/x", "{}", Scope::UsersWrite),
        ("DELETE", "/users/x", "", Scope::UsersWrite),
        ("POST", "/users/x/logout", "", Scope::UsersWrite),
        ("GET", "/groups", "", Scope::GroupsRead),
        ("GET", "/groups/99", "", Scope::GroupsRead),
        ("POST", "/groups", "{}", Scope::GroupsWrite),
        ("PUT", "/groups/99", "{}", Scope::GroupsWrite),
        ("PATCH", "/groups/99", "{}", Scope::GroupsWrite),
        ("DELETE", "/groups/99", "", Scope::GroupsWrite),
        ("POST", "/groups/99/members", "{}", Scope::GroupsWrite),
        ("DELETE", "/groups/99/members/x", "", Scope::GroupsWrite),
        ("POST", "/groups/99/user_invites", "{}", Scope::GroupsWrite),
        ("DELETE", "/groups/99/user_invites/9", "", Scope::GroupsWrite),
        ("GET", "/user_invites", "", Scope::UsersRead),
        ("GET", "/user_invites/9", "", Scope::UsersRead),
        ("POST", "/user_invites", "{}", Scope::UsersWrite),
        ("DELETE", "/user_invites/9", "", Scope::UsersWrite),
    ];
    for missing in Scope::ALL {
        let scopes = Scope::ALL.into_iter().filter(|scope| *scope != missing).collect();
        let (mock, client) = start(Options { scopes, ..Options::default() }).await;
        let before = mock.state();
        for (method, path, body, needed) in requests {
            let what = format!("{method} {path} without {missing}");
            let answer = client.send(method, &format!("/api/v2{path}"), body).await;
            assert_eq!(answer.status == 403, needed == missing, "{what}: {}", answer.status);
            if needed == missing {
                assert_eq!(answer.body["success"], false, "{what}");
                assert!(answer.message().contains(needed.name()), "{what}");
            }
        }
        assert_eq!(mock.state(), before);
    }
}

#[tokio::test]
async fn unknown_paths_and_wrong_methods_get_errors_of_this_dialect() {
    let (_mock, client) = start(Options::default()).await;
    for path in [
        "/api/v2",
        "/api/v2/",
        "/api/v2/people",
        "/api/v2/users/",
        "/api/v2/users/x/groups",
        "/api/v2/groups/4/invites",
    ] {
        let answer = client.get(path).await;
        let expected = json!({"success": false, "message": "Not found"});
        assert_eq!((answer.status, answer.body), (404, expected), "{path}");
    }
    for (method, path) in [
        ("PUT", "/api/v2/users/x"),
        ("DELETE", "/api/v2/users"),
        ("GET", "/api/v2/groups/4/members"),
        ("GET", "/api/v2/users/x/logout"),
    ] {
        let answer = client.send(method, path, "{}").await;
        let expected = json!({"success": false, "message": "Method not allowed"});
        assert_eq!((answer.status, answer.body), (405, expected), "{method} {path}");
    }
}

#[tokio::test]
async fn a_body_needs_the_content_type_json() {
    let (mock, _) = start(Options::default()).await;
    let (received, _) = raw(
        &mock,
        "POST /api/v2/groups HTTP/1.1\r\nhost: mock\r\nauthorization: Bearer mock-token\r\n\
         content-type: text/plain\r\ncontent-length: 15\r\nconnection: close\r\n\r\n\
         {\"name\": \"Team\"}",
    )
    .await;
    assert!(received.starts_with("HTTP/1.1 415 "), "{received}");
    assert!(received.contains("\"success\":false"), "{received}");
    assert!(mock.state().group_named("Team").is_none());
}

#[tokio::test]
async fn a_dialect_that_is_not_served_does_not_exist() {
    let served =
        |dialects: &[Dialect]| Options { dialects: dialects.to_vec(), ..Options::default() };
    for (dialects, v1, v2) in [
        (&Dialect::ALL[..], 200, 200),
        (&[Dialect::V1], 200, 404),
        (&[Dialect::V2], 404, 200),
        (&[Dialect::Scim], 404, 404),
        (&[], 404, 404),
    ] {
        let (_mock, client) = start(served(dialects)).await;
        assert_eq!(client.get("/api/v1/users").await.status, v1, "{dialects:?}");
        let answer = client.get("/api/v2/users").await;
        assert_eq!(answer.status, v2, "{dialects:?}");
        if v2 == 404 {
            assert_eq!(answer.body, json!({"message": "Not found"}), "like any unknown path");
        }
    }
}

#[tokio::test]
async fn everything_is_below_the_prefix() {
    for prefix in ["/retool", "retool/", "/a%20b/retool/", "/{id}/*"] {
        let options = Options { prefix: prefix.to_owned(), ..Options::default() };
        let mock = Mock::start(options).await.expect("a free port");
        let base = mock.base_url();
        let prefix = format!("/{}", prefix.trim_matches('/'));
        assert!(base.ends_with(&prefix), "{base}");
        if prefix.contains('{') {
            // The client can't send this path, but it must not break the server.
            continue;
        }
        let client = Client::new(&mock, Some("Bearer mock-token".to_owned()));
        let list = client.get("/api/v2/users?limit=5").await;
        assert_eq!(list.body["data"].as_array().map(Vec::len), Some(5), "the query stays");
        assert_eq!(client.get("/api/v1/users").await.body["total"], 12);
        let made = client.post("/api/v2/groups", json!({"name": "Team"})).await;
        assert_eq!(made.status, 200);
        let logged = mock.requests();
        assert_eq!(logged[0].path, format!("{prefix}/api/v2/users"), "as it was sent");
        assert_eq!(logged[2].body, json!({"name": "Team"}));
    }
}

#[tokio::test]
async fn paths_without_the_prefix_are_not_found() {
    let options = Options { prefix: "/retool".to_owned(), ..Options::default() };
    let mock = Mock::start(options).await.expect("a free port");
    for path in
        ["/api/v2/users", "/retoolx/api/v2/users", "/retool", "/retool/", "/other/api/v2/users"]
    {
        let sent = format!(
            "GET {path} HTTP/1.1\r\nhost: mock\r\nauthorization: Bearer mock-token\r\n\
             connection: close\r\n\r\n"
        );
        let address = mock.base_url().replace("/retool", "");
        let (received, _) = crate::client::raw_to(&address, &sent).await;
        assert!(received.starts_with("HTTP/1.1 404 "), "{path}: {received}");
    }
}

#[test]
fn the_default_server_is_the_newest_and_serves_all_dialects() {
    let options = Options::default();
    assert_eq!(options.dialects, [Dialect::V1, Dialect::V2, Dialect::Scim]);
    let newest = V2Options {
        logout: true,
        seat_type: true,
        user_invites: true,
        invites: InviteOptions::default(),
        creation_sets_access: true,
        changes_group_admins: true,
        user_attributes: true,
        two_factor_reset: true,
        metadata_paths: MetadataPaths::Known,
        removes_names: true,
        shows_defaults: false,
    };
    assert_eq!(options.v2, newest);
    assert_eq!(options.prefix, "");
    let debug = format!("{:?}", Options { token: "secret".to_owned(), ..options });
    assert!(debug.contains("user_invites") && !debug.contains("secret"));
}
