//! The token: in no result, no error and no log, and sent to the connection's origin alone.

use std::fmt::Debug;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::time::Duration;

use host_test::retool::directory::PageRequest;
use host_test::retool::groups::ChangeGroupRequest;
use host_test::retool::lifecycle::DeprovisionMode;
use host_test::{Answer, Tenant, json};
use mock_retool::{Fault, FaultKind, Options, Scope};
use serde::Serialize;

use super::fault::{status, status_after};
use crate::support::acme::{GRACE, JOAN, KEN, NEW};
use crate::support::{
    World, arrival, by_email, changing, departure, ensuring, entry, memberships, named, new_member,
    removing, restoring, roster_of,
};

/// Long enough that a part of it is recognised too.
const TOKEN: &str = "retool_01hq3xS3CR3Tz9wv7t";
const PARTS: [&str; 3] = [TOKEN, "S3CR3T", "retool_01hq"];

/// Everything that calls came to, as whoever keeps or prints it sees it.
#[derive(Default)]
struct Seen {
    texts: Vec<String>,
    failures: usize,
}

impl Seen {
    fn add<T: Debug + Serialize>(&mut self, answer: &Answer<T>) {
        self.texts.push(format!("{answer:?}"));
        self.texts.push(format!("{answer:#?}"));
        match answer {
            Ok(Ok(result)) => self.texts.push(json::value(result).expect("JSON").to_string()),
            Ok(Err(error)) => {
                self.failures += 1;
                self.texts.push(json::value(error).expect("JSON").to_string());
            }
            Err(error) => self.texts.push(error.to_string()),
        }
    }

    fn assert_clean(&self, tenant: &Tenant, what: &str) {
        let log = tenant.log();
        let shown = [format!("{tenant:?}"), format!("{:?}", tenant.connection())];
        for text in self.texts.iter().chain(&log).chain(&shown) {
            for part in PARTS {
                assert!(!text.contains(part), "{what}: {part} in {text}");
            }
        }
    }
}

async fn world(scopes: &[Scope]) -> World {
    World::acme_with(Options { token: TOKEN.into(), scopes: scopes.to_vec(), ..Options::default() })
        .await
}

/// Calls every function once.
async fn call_all(world: &World, tenant: &Tenant) -> Seen {
    let mut seen = Seen::default();
    let page =
        PageRequest { cursor: None, page_size: None, with_members: true, with_other_ids: false };
    seen.add(&tenant.check_connection().await);
    seen.add(&tenant.find_user(&by_email(JOAN)).await);
    seen.add(&tenant.page_users(&page).await);
    seen.add(&tenant.page_groups(&page).await);
    seen.add(&tenant.changes_since(None).await);
    let mut request = roster_of(&world.mock);
    let mut new = entry("first@acme.example");
    new.groups = memberships([named("Legal")]);
    request.roster.push(new);
    let plan = tenant.plan_sync(&request).await;
    seen.add(&plan);
    if let Ok(Ok(plan)) = plan {
        for step in &plan.steps {
            seen.add(&tenant.apply_step(step).await);
        }
    }
    let mut second = entry("second@acme.example");
    second.groups = memberships([named("Legal")]);
    request.roster.push(second);
    seen.add(&tenant.sync(&request).await);
    let mut joining = arrival(NEW);
    joining.groups = memberships([named("Support")]);
    seen.add(&tenant.provision(&joining).await);
    let gone = tenant.deprovision(&departure(KEN, DeprovisionMode::Delete)).await;
    seen.add(&gone);
    if let Ok(Ok(gone)) = gone
        && let Some(tombstone) = gone.tombstone
    {
        seen.add(&tenant.restore(&restoring([tombstone], true)).await);
    }
    let ensure = ensuring("Facilities");
    seen.add(&tenant.ensure_group(&ensure).await);
    let change = ChangeGroupRequest {
        new_name: Some("Money".into()),
        add_members: vec![new_member(GRACE)],
        ..changing(named("Finance"))
    };
    seen.add(&tenant.change_group(&change).await);
    let removal = removing(named("Money"), true);
    seen.add(&tenant.remove_group(&removal).await);
    seen
}

#[tokio::test]
async fn no_result_shows_the_token() {
    let world = world(&Scope::ALL).await;
    let seen = call_all(&world, &world.tenant).await;
    // `changes-since` may be unsupported; otherwise results were looked at, and not errors.
    assert!(seen.failures <= 1, "{} failures", seen.failures);
    assert!(seen.texts.len() > 40);
    seen.assert_clean(&world.tenant, "success");
}

/// As it is when a server repeats the header that it did not like.
fn echo(code: u16, message: &str) -> FaultKind {
    let body = format!(r#"{{"message":"{message}","error":"{message}"}}"#);
    FaultKind::Status { code, retry_after: None, body: Some(body) }
}

#[tokio::test]
async fn no_failure_shows_the_token() {
    let mut kinds = vec![
        status(500),
        status(503),
        status_after(429, "3600"),
        status(401),
        status(403),
        status(404),
        status(422),
        FaultKind::Html200,
        FaultKind::InvalidJson,
        FaultKind::HugeBody(9 << 20),
        FaultKind::Redirect(format!("https://evil.example/?{TOKEN}")),
        FaultKind::Reset,
        FaultKind::ResetInBody,
        FaultKind::Truncate,
        FaultKind::LoseReply,
        FaultKind::Drip { bytes_per_tick: 1, tick: Duration::from_millis(20) },
    ];
    let escaped = TOKEN.replace('S', "\\u0053");
    for said in [
        format!("Invalid token {TOKEN}"),
        format!("Authorization: Bearer {TOKEN}"),
        format!("{}{TOKEN}", "x".repeat(190)),
        escaped,
        TOKEN.replace("S3", "S\\u200b3"),
    ] {
        kinds.extend([400, 401, 403, 404, 500].map(|code| echo(code, &said)));
    }
    let mut calls = tokio::task::JoinSet::new();
    for kind in kinds {
        calls.spawn(async move {
            for writes_only in [false, true] {
                let world = world(&Scope::ALL).await;
                // A short time: what is looked at is what is said, not how often it is tried.
                let tenant = world
                    .tenant_with(&[("RETOOL_DEADLINE_MS", "400"), ("RETOOL_MAX_ATTEMPTS", "2")]);
                let methods = if writes_only { vec!["POST", "PUT", "DELETE"] } else { vec!["GET"] };
                for method in methods {
                    world
                        .mock
                        .inject(Fault { method: Some(method.into()), ..Fault::new(kind.clone()) });
                }
                let seen = call_all(&world, &tenant).await;
                // Most writes whose reply can't be read are read back, and succeed.
                let least = if writes_only { 1 } else { 2 };
                assert!(seen.failures >= least, "{kind:?}: {} failures", seen.failures);
                seen.assert_clean(&tenant, &format!("{kind:?}"));
            }
        });
    }
    calls.join_all().await;
}

#[tokio::test]
async fn no_missing_scope_shows_the_token() {
    for missing in Scope::ALL {
        let scopes: Vec<_> = Scope::ALL.into_iter().filter(|scope| *scope != missing).collect();
        let world = world(&scopes).await;
        let seen = call_all(&world, &world.tenant).await;
        assert!(seen.failures >= 2, "{missing}");
        seen.assert_clean(&world.tenant, missing.name());
    }
}

/// People put the token where its name belongs, or into the address.
#[tokio::test]
async fn a_token_in_the_wrong_place_is_not_repeated() {
    let world = world(&Scope::ALL).await;
    let mut connections = vec![world.tenant.connection().clone(); 4];
    connections[0].api_token_variable = Some(TOKEN.into());
    connections[1].api_token_variable = Some(TOKEN.to_uppercase());
    connections[2].base_url = format!("https://{TOKEN}@acme.retool.com");
    connections[3].base_url = format!("https://acme.retool.com/?token={TOKEN}");
    for (at, connection) in connections.into_iter().enumerate() {
        let tenant = world.tenant.with_connection(connection);
        let answer = tenant.find_user(&by_email(JOAN)).await;
        let Ok(Err(error)) = answer else { panic!("{answer:?}") };
        let text = format!("{error:?}");
        // A name that may be read is named: it has the form of one.
        if at != 1 {
            assert!(!text.contains("S3CR3T"), "{text}");
        }
    }
    assert_eq!(world.requests(), [""; 0]);
}

#[tokio::test]
async fn a_token_that_cannot_be_sent_is_not_shown_either() {
    for bad in [format!("{TOKEN}\n"), format!(" {TOKEN}"), format!("{TOKEN}ü")] {
        let world = world(&Scope::ALL).await;
        let tenant = world.tenant_with(&[("RETOOL_OTHER", &bad)]);
        let mut connection = tenant.connection().clone();
        connection.api_token_variable = Some("RETOOL_OTHER".into());
        let tenant = tenant.with_connection(connection);
        let mut seen = Seen::default();
        seen.add(&tenant.find_user(&by_email(JOAN)).await);
        assert_eq!(seen.failures, 1);
        seen.assert_clean(&tenant, "a token with white space");
        assert_eq!(world.requests(), [""; 0]);
    }
}

/// Nobody but the connection's server is talked to, wherever it sends the component.
#[tokio::test]
async fn the_token_goes_to_the_connections_origin_alone() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").expect("a port");
    elsewhere.set_nonblocking(true).expect("a socket that does not wait");
    let address = elsewhere.local_addr().expect("its address");
    let world = world(&Scope::ALL).await;
    let places = [
        format!("http://{address}/api/v1/users"),
        format!("//{address}/api/v1/users"),
        format!("http://127.0.0.1:{}@{address}/", address.port()),
    ];
    for place in places {
        world.mock.clear_faults();
        world.mock.inject(Fault::new(FaultKind::Redirect(place)));
        let seen = call_all(&world, &world.tenant).await;
        assert!(seen.failures >= 8, "{}", seen.failures);
    }
    // A connection that had been made would be waiting here.
    let attempt = elsewhere.accept().map(|(_, from)| from);
    assert_eq!(attempt.expect_err("nobody").kind(), ErrorKind::WouldBlock);
    assert!(!world.requests().is_empty());
}
