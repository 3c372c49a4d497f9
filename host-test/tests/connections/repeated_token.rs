//! A server that repeats the token: what the component shows of it, if the token is in its
//! environment and if the host keeps it out.

use std::fmt::Debug;

use host_test::requests::by_email;
use host_test::retool::directory::PageRequest;
use host_test::retool::types::Dialect;
use host_test::{Answer, Tenant, TenantOptions, json};
use serde::Serialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::server::tenant;

/// Long enough that a part of it can be recognised too.
const TOKEN: &str = "retool_01hq3x/S3CR3T/tz9wv7t";
const PARTS: [&str; 3] = [TOKEN, "S3CR3T", "01hq3x"];

const PAGE: PageRequest =
    PageRequest { cursor: None, page_size: None, with_members: false, with_other_ids: false };

/// An answer of the server.
#[derive(Clone, Debug)]
struct Repeats {
    status: u16,
    /// The values of `x-request-id` and `www-authenticate`.
    header: String,
    body: String,
    /// The size of the chunks in which the body is sent.
    chunk: usize,
}

/// Serves this answer to every request. Returns the base URL.
async fn serve(answer: Repeats) -> (String, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let base_url = format!("http://{}", listener.local_addr().expect("an address"));
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        let mut connections = JoinSet::new();
        loop {
            let (stream, _) = listener.accept().await.expect("a connection");
            stream.set_nodelay(true).expect("a socket");
            connections.spawn(reply(stream, answer.clone()));
        }
    });
    (base_url, serving)
}

async fn reply(mut stream: TcpStream, answer: Repeats) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let Repeats { status, header, body, chunk } = answer;
    let mut text = format!(
        "HTTP/1.1 {status} Whatever\r\ncontent-type: application/json\r\nconnection: close\r\n\
         transfer-encoding: chunked\r\nx-request-id: {header}\r\nwww-authenticate: Bearer {header}\
         \r\n{}\r\n",
        if status == 429 { "retry-after: 11\r\n" } else { "" }
    )
    .into_bytes();
    for piece in body.as_bytes().chunks(chunk) {
        text.extend(format!("{:x}\r\n", piece.len()).bytes().chain(piece.iter().copied()));
        text.extend(b"\r\n");
    }
    text.extend(b"0\r\n\r\n");
    // The client may have seen enough.
    let _ = stream.write_all(&text).await;
    let _ = stream.shutdown().await;
}

/// The spellings of the token in a JSON text that the component decodes.
fn spellings() -> Vec<String> {
    let escaped: String = TOKEN.chars().map(|letter| format!("\\u{:04x}", letter as u32)).collect();
    vec![
        TOKEN.to_owned(),
        TOKEN.replace('/', "\\/"),
        TOKEN.replace('S', "\\u0053").replace('/', "\\u002F"),
        escaped.clone(),
        escaped.to_uppercase().replace("\\U", "\\u"),
        TOKEN.replace("S3", "S\\u200b3").replace('/', "\\/"),
        TOKEN.replace("S3", "S\u{200b}3"),
        TOKEN.replace("S3", "S\\n\\t3"),
        TOKEN.replace("S3", "S\\udb40\\udc413"),
        format!("Authorization: Bearer {TOKEN}"),
        format!("{}{TOKEN}", "x".repeat(190)),
    ]
}

/// The bodies in which the servers of a dialect explain an error.
fn explained(dialect: Dialect, message: &str) -> String {
    match dialect {
        Dialect::Scim => format!(
            r#"{{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"400","detail":"{message}"}}"#
        ),
        _ => format!(r#"{{"success":false,"message":"{message}","error":"{message}"}}"#),
    }
}

fn open(base_url: &str, dialect: Dialect, inject: bool) -> Tenant {
    let mut options = TenantOptions::new(base_url)
        .dialect(dialect)
        .env("RETOOL_API_TOKEN", TOKEN)
        .env("RETOOL_SCIM_TOKEN", TOKEN)
        .env("RETOOL_MAX_ATTEMPTS", "1")
        .env("RETOOL_DEADLINE_MS", "5000");
    options.inject_credentials = inject;
    tenant(options)
}

fn check<T: Debug + Serialize>(answer: &Answer<T>, what: &str) {
    let mut texts = vec![format!("{answer:?}")];
    match answer {
        Ok(Ok(result)) => texts.push(json::value(result).expect("JSON").to_string()),
        Ok(Err(error)) => texts.push(json::value(error).expect("JSON").to_string()),
        Err(error) => texts.push(error.to_string()),
    }
    for text in texts {
        // Nothing that a reader of the text takes for the token, either.
        let visible: String = text.chars().filter(|letter| letter.is_ascii_graphic()).collect();
        for part in PARTS {
            assert!(!text.contains(part), "{part} in {text}: {what}");
            assert!(!visible.contains(part), "{part} in {text}: {what}");
        }
    }
}

async fn calls_show_no_token(answer: Repeats, dialect: Dialect, inject: bool) {
    let what = format!("{dialect:?}, inject {inject}, {answer:?}");
    let (base_url, _serving) = serve(answer).await;
    let tenant = open(&base_url, dialect, inject);
    check(&tenant.find_user(&by_email("ada@example.com")).await, &what);
    check(&tenant.page_users(&PAGE).await, &what);
    let log = tenant.log().concat();
    assert!(PARTS.iter().all(|part| !log.contains(part)), "{log}: {what}");
}

#[tokio::test]
async fn injection_hides_every_token_that_the_component_would_hide() {
    let mut calls = JoinSet::new();
    let statuses = [200, 400, 401, 403, 422, 500];
    for dialect in [Dialect::V1, Dialect::V2, Dialect::Scim] {
        for (number, spelled) in spellings().into_iter().enumerate() {
            // Each spelling with some of the statuses, and each status with some of the spellings.
            for status in [0, 3].map(|more| statuses[(number + more) % statuses.len()]) {
                let message = format!("No {spelled} here");
                let answer = Repeats {
                    status,
                    header: [TOKEN, "retool_01hq3x /S3CR3T/ tz9wv7t"][number % 2].to_owned(),
                    body: explained(dialect, &message),
                    chunk: 1 + number % 4,
                };
                for inject in [false, true] {
                    let answer = answer.clone();
                    calls.spawn(calls_show_no_token(answer, dialect, inject));
                }
            }
        }
        while calls.join_next().await.transpose().expect("no failure").is_some() {}
    }
}

/// Lists one person whose name is the token, in a good answer.
fn listed(dialect: Dialect, name: &str) -> String {
    match dialect {
        Dialect::Scim => format!(
            r#"{{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":1,
            "startIndex":1,"itemsPerPage":1,"Resources":[{{"id":"1","userName":"ada@example.com",
            "active":true,"name":{{"givenName":"{name}","familyName":"L"}},
            "emails":[{{"value":"ada@example.com","primary":true}}]}}]}}"#
        ),
        Dialect::V1 => format!(
            r#"{{"users":[{{"id":1,"email":"ada@example.com","firstName":"{name}","lastName":"L",
            "isDisabled":false,"isAdmin":false,"userType":"default"}}],"total":1}}"#
        ),
        _ => format!(
            r#"{{"success":true,"data":[{{"id":"user_1","email":"ada@example.com",
            "first_name":"{name}","last_name":"L","active":true,"is_admin":false,
            "user_type":"default","metadata":{{}},"created_at":"2026-01-01T00:00:00.000Z"}}],
            "total_count":1,"has_more":false,"next_token":null}}"#
        ),
    }
}

#[tokio::test]
async fn an_injected_token_is_masked_in_good_answers_too() {
    for dialect in [Dialect::V1, Dialect::V2, Dialect::Scim] {
        for (number, spelled) in spellings().into_iter().enumerate() {
            let answer = Repeats {
                status: 200,
                header: "an-id".to_owned(),
                body: listed(dialect, &spelled),
                chunk: 1 + number % 4,
            };
            let (base_url, _serving) = serve(answer).await;
            let listed = open(&base_url, dialect, true).page_users(&PAGE).await;
            check(&listed, &format!("{dialect:?}, {spelled}"));
            let listed = listed.expect("the host").expect("the component");
            let name = listed.users[0].first_name.as_deref().expect("a name");
            assert!(name.contains("*".repeat(TOKEN.len()).as_str()), "{dialect:?}: {name}");
        }
    }
}

#[tokio::test]
async fn a_token_in_percent_encoding_is_masked_too() {
    let encoded = TOKEN.replace('/', "%2F").replace('S', "%53");
    let body = explained(Dialect::V1, &format!("no https://x.example/?token={encoded} here"));
    let answer = Repeats { status: 401, header: encoded, body, chunk: 3 };
    calls_show_no_token(answer.clone(), Dialect::V1, true).await;
    let (base_url, _serving) = serve(answer).await;
    let found = open(&base_url, Dialect::V1, true).find_user(&by_email("ada@example.com")).await;
    let error = format!("{:?}", found.expect("the host").expect_err("a refusal"));
    assert!(!error.contains("%53") && !error.contains("hq3x"), "{error}");
}

#[tokio::test]
async fn a_variable_that_no_connection_names_changes_no_answer() {
    let answer = Repeats {
        status: 429,
        header: "id-1-11".to_owned(),
        body: explained(Dialect::V1, "In 11 seconds, or 1 minute."),
        chunk: 100,
    };
    let (base_url, _serving) = serve(answer).await;
    let options = TenantOptions::new(&base_url)
        .dialect(Dialect::V1)
        .env("RETOOL_API_TOKEN", TOKEN)
        .env("RETOOL_EXPOSED_DEBUG", "1")
        .env("RETOOL_DEADLINE_MS", "1000")
        .inject_credentials();
    let found = tenant(options).find_user(&by_email("ada@example.com")).await;
    let error = format!("{:?}", found.expect("the host").expect_err("a refusal"));
    assert!(error.contains("11000") && error.contains("id-1-11"), "{error}");
}

#[tokio::test]
async fn a_token_that_is_too_short_to_be_masked_sends_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let base_url = format!("http://{}", listener.local_addr().expect("an address"));
    let options = TenantOptions::new(&base_url).env("RETOOL_API_TOKEN", "s3cr3t");
    let error = tenant(options.inject_credentials()).find_user(&by_email("ada@x.com")).await;
    let error = error.expect_err("a refusal").to_string();
    assert!(error.contains("RETOOL_API_TOKEN") && !error.contains("s3cr3t"), "{error}");
    let accepted = tokio::select! {
        biased;
        accepted = listener.accept() => Some(accepted),
        () = std::future::ready(()) => None,
    };
    assert!(accepted.is_none());
}
