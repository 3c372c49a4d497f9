use mock_retool::{Options, Scope};

use crate::client::{Client, raw, start};

#[tokio::test]
async fn without_the_right_token_nothing_is_served() {
    let (mock, _) = start(Options::default()).await;
    let before = mock.state();
    for authorization in [
        None,
        Some("Bearer other-token"),
        Some("Bearer"),
        Some("mock-token"),
        Some("Basic mock-token"),
        Some("Bearer mock-token2"),
    ] {
        let client = Client::new(&mock, authorization.map(str::to_owned));
        let read = client.get("/api/v1/users").await;
        assert_eq!(read.status, 401, "{authorization:?}");
        assert!(!read.message().contains("mock-token"));
        let path = format!("/api/v1/users/{}", before.users[0].id);
        assert_eq!(client.delete(&path).await.status, 401, "{authorization:?}");
    }
    assert_eq!(mock.state(), before);
}

#[tokio::test]
async fn each_request_needs_its_scope_and_the_error_names_it() {
    let requests = [
        ("GET", "/users", "", Scope::UsersRead),
        ("GET", "/users/x", "", Scope::UsersRead),
        ("POST", "/users", "{}", Scope::UsersWrite),
        ("PUT", "/users/x", "{}", Scope::UsersWrite),
        ("DELETE", "/users/x", "", Scope::UsersWrite),
        ("GET", "/groups", "", Scope::GroupsRead),
        ("GET", "/groups/4", "", Scope::GroupsRead),
        ("POST", "/groups", "{}", Scope::GroupsWrite),
        ("PUT", "/groups/4", "{}", Scope::GroupsWrite),
        ("DELETE", "/groups/4", "", Scope::GroupsWrite),
        ("GET", "/groups/4/members", "", Scope::GroupsRead),
        ("POST", "/groups/4/members", "{}", Scope::GroupsWrite),
        ("DELETE", "/groups/4/members/x", "", Scope::GroupsWrite),
    ];
    for missing in Scope::ALL {
        let (mock, client) = start(Options {
            scopes: Scope::ALL.into_iter().filter(|scope| *scope != missing).collect(),
            ..Options::default()
        })
        .await;
        let before = mock.state();
        for (method, path, body, needed) in requests {
            let what = format!("{method} {path} without {missing}");
            // It would be served and change the state, which is compared in the end.
            if needed != missing && method == "DELETE" {
                continue;
            }
            let answer = client.send(method, &format!("/api/v1{path}"), body).await;
            assert_eq!(answer.status == 403, needed == missing, "{what}");
            if needed == missing {
                assert!(answer.message().contains(needed.name()), "{what}");
            }
        }
        assert_eq!(mock.state(), before);
    }
}

#[tokio::test]
async fn unknown_paths_and_wrong_methods_get_errors_in_json() {
    let (_mock, client) = start(Options::default()).await;
    for path in [
        "/",
        "/api/v1",
        "/api/v1/",
        "/api/v1/people",
        "/api/v1/users/",
        "/api/v1/users/x/groups",
        "/api/v3/users",
    ] {
        let answer = client.get(path).await;
        assert_eq!((answer.status, answer.message()), (404, "Not found"), "{path}");
    }
    for (method, path) in [
        ("PATCH", "/api/v1/users/x"),
        ("DELETE", "/api/v1/users"),
        ("PUT", "/api/v1/groups/4/members"),
    ] {
        let answer = client.send(method, path, "{}").await;
        assert_eq!(
            (answer.status, answer.message()),
            (405, "Method not allowed"),
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn every_response_has_a_unique_request_id() {
    let (_mock, client) = start(Options::default()).await;
    let mut ids = Vec::new();
    for path in ["/api/v1/users", "/api/v1/users/x", "/nowhere"] {
        ids.push(client.get(path).await.header("x-request-id").to_owned());
    }
    assert!(ids.iter().all(|id| !id.is_empty()));
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 3);
}

#[tokio::test]
async fn a_body_needs_the_content_type_json() {
    let (mock, _) = start(Options::default()).await;
    let (received, _) = raw(
        &mock,
        "POST /api/v1/groups HTTP/1.1\r\nhost: mock\r\nauthorization: Bearer mock-token\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: 15\r\n\
         connection: close\r\n\r\n{\"name\": \"Team\"}",
    )
    .await;
    assert!(received.starts_with("HTTP/1.1 415 "), "{received}");
    assert!(mock.state().group_named("Team").is_none());
}

#[test]
fn scopes_are_parsed_from_their_names() {
    for scope in Scope::ALL {
        assert_eq!(scope.to_string().parse(), Ok(scope));
    }
    let unknown = "users:admin".parse::<Scope>().expect_err("not a scope");
    assert!(unknown.to_string().contains("users:write"));
}

#[test]
fn options_do_not_show_the_token() {
    let options = Options { token: "secret".to_owned(), ..Options::default() };
    assert!(!format!("{options:?}").contains("secret"));
}
