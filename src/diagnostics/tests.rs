use alloc::string::ToString;

use super::*;
use crate::http::{Method, Request, Response, TransportError};
use crate::session::Connection;
use crate::testing::platform::{FakePlatform, Reply};

const WANTED: [Wanted; 4] = [
    Wanted::Auto,
    Wanted::Dialect(Dialect::V2),
    Wanted::Dialect(Dialect::V1),
    Wanted::Dialect(Dialect::Scim),
];

/// Checks a connection to this server.
fn checked(wanted: Wanted, server: impl FnMut(&Request) -> Reply + 'static) -> Report {
    let fake = FakePlatform::new(server);
    let env = [
        ("RETOOL_API_TOKEN", "t0ken"),
        ("RETOOL_SCIM_TOKEN", "t0ken"),
        ("RETOOL_DEADLINE_MS", "5000"),
    ];
    let env = env.map(|(name, value)| (name.to_string(), value.to_string()));
    let connection = Connection {
        base_url: "https://acme.retool.com".to_string(),
        wanted,
        api_token_variable: None,
        scim_token_variable: None,
    };
    let session = Session::open(connection, &env, fake.platform()).expect("a session");
    fake.run(check(&session))
}

/// Replies as a server that speaks every dialect and has no user and no group.
fn empty(request: &Request) -> Reply {
    assert_eq!(request.method, Method::Get, "a check never writes");
    let path = request.path_and_query.split('?').next().unwrap_or_default();
    Reply::json(
        200,
        match path {
            "/api/v1/users" => r#"{"users":[],"total":0}"#,
            "/api/v1/groups" => r#"{"groups":[]}"#,
            "/scim/v2/Users" | "/scim/v2/Groups" => r#"{"totalResults":0,"Resources":[]}"#,
            _ => r#"{"success":true,"data":[],"total_count":0,"has_more":false}"#,
        },
    )
}

fn is_about_groups(request: &Request) -> bool {
    request.path_and_query.to_ascii_lowercase().contains("/groups")
}

fn status_of(report: &Report, name: &str) -> (Status, Option<Code>) {
    let check = report.checks.iter().find(|check| check.name == name).expect("a check");
    (check.status, check.code)
}

fn page(status: u16) -> Reply {
    Response {
        status,
        content_type: Some("text/html".to_string()),
        body: b"<!doctype html>Blocked".to_vec(),
        ..Response::default()
    }
    .into()
}

#[test]
fn a_connection_that_was_seen_to_work_is_healthy() {
    for wanted in WANTED {
        let report = checked(wanted, empty);
        assert!(report.healthy(), "{wanted:?}: {report:?}");
        assert_eq!(status_of(&report, "works"), (Status::Passed, None));
    }
}

/// Whatever every request gets, a server that never answered as Retool does is not healthy.
#[test]
fn a_server_that_never_works_is_not_healthy() {
    let replies: [(fn() -> Reply, Code); 17] = [
        (|| Reply::json(500, "{}"), Code::ServerError),
        (|| Reply::json(502, ""), Code::ServerError),
        (|| Reply::json(503, "{}"), Code::ServerError),
        (|| Reply::retry_after(503, "3600"), Code::ServerError),
        (|| Reply::json(429, "{}"), Code::RateLimited),
        (|| Reply::retry_after(429, "3600"), Code::RateLimited),
        (|| Reply::retry_after(403, "3600"), Code::RateLimited),
        (|| Reply::json(400, "{}"), Code::ServerRefused),
        (|| Reply::json(409, "{}"), Code::ServerRefused),
        (|| Reply::json(418, "{}"), Code::ServerRefused),
        (|| Reply::json(401, "{}"), Code::TokenRejected),
        (|| Reply::json(403, "{}"), Code::Forbidden),
        (|| Reply::json(403, r#"{"message":"no scope"}"#), Code::ScopeMissing),
        (|| Reply::json(501, "{}"), Code::OperationUnsupported),
        (|| Reply::json(302, ""), Code::Redirected),
        (|| Reply::fails(TransportError::Failed), Code::ConnectionFailed),
        (Reply::never, Code::DeadlineExceeded),
    ];
    for (reply, code) in replies {
        for wanted in WANTED {
            let report = checked(wanted, move |_| reply());
            assert!(!report.healthy(), "{wanted:?} {code:?}: {report:?}");
            assert_eq!(status_of(&report, "works"), (Status::Failed, Some(code)), "{wanted:?}");
            assert_eq!((report.user_count, report.group_count), (None, None));
            let silent = matches!(code, Code::ConnectionFailed | Code::DeadlineExceeded);
            let reachable = if silent { Status::Failed } else { Status::Passed };
            assert_eq!(status_of(&report, "reachable").0, reachable, "{wanted:?} {code:?}");
        }
    }
    for (reply, expected) in
        [(page(403), Code::HtmlPage), (page(200), Code::HtmlPage), (page(503), Code::ServerError)]
    {
        let response = reply.outcome.expect("a response");
        for wanted in WANTED {
            let response = response.clone();
            let report = checked(wanted, move |_| response.clone().into());
            assert!(!report.healthy(), "{wanted:?} {expected:?}: {report:?}");
            assert_eq!(status_of(&report, "works"), (Status::Failed, Some(expected)));
        }
    }
}

#[test]
fn one_listing_that_fails_is_enough_not_to_be_healthy() {
    for (groups, listed) in [(true, "Groups can't"), (false, "People can't")] {
        for wanted in &WANTED[1..] {
            let report = checked(*wanted, move |request| {
                if is_about_groups(request) == groups {
                    Reply::json(500, "{}")
                } else {
                    empty(request)
                }
            });
            assert!(!report.healthy(), "{wanted:?}: {report:?}");
            assert_eq!(status_of(&report, "works"), (Status::Failed, Some(Code::ServerError)));
            let works = report.checks.iter().find(|check| check.name == "works");
            assert!(works.expect("a check").detail.starts_with(listed));
            // What worked shows the rest.
            assert_eq!(status_of(&report, "token").0, Status::Passed);
            assert_eq!(status_of(&report, "dialect").0, Status::Passed);
        }
    }
}

#[test]
fn only_a_named_scope_shows_that_retool_answered() {
    for (body, shown) in [(r#"{"message":"it needs users:read"}"#, true), ("{}", false)] {
        for wanted in &WANTED[..3] {
            let report = checked(*wanted, move |_| Reply::json(403, body));
            let expected = if shown { Status::Passed } else { Status::Unknown };
            assert_eq!(status_of(&report, "token").0, expected, "{wanted:?} {body}");
            assert_eq!(status_of(&report, "dialect").0, expected, "{wanted:?} {body}");
            let scope = if shown { Status::Failed } else { Status::Unknown };
            assert_eq!(status_of(&report, "scope users:read").0, scope, "{wanted:?} {body}");
        }
    }
}
