//! The token: it is in no result, error or log, and is sent to the connection's origin only.

use std::fmt::Debug;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::time::Duration;

use host_test::retool::directory::PageRequest;
use host_test::retool::groups::ChangeGroupRequest;
use host_test::retool::lifecycle::DeprovisionMode;
use host_test::retool::types::Dialect;
use host_test::{Answer, Tenant, json};
use mock_retool::{Fault, FaultKind, LoggedRequest, Options, Scope};
use serde::Serialize;

use super::dialect::{change_method, current_roster, new_entry, new_user};
use super::fault::{status, status_after};
use crate::support::acme::{GRACE, JOAN, KEN, NEW};
use crate::support::{
    World, by_email, changing, departure, ensuring, host, memberships, named, new_member, options,
    removing, restoring,
};

over_v2_and_v1!(
    no_result_shows_the_token,
    no_failure_shows_the_token,
    no_missing_scope_shows_the_token
);

/// Long enough that a part of it can be recognised too.
const TOKEN: &str = "retool_01hq3xS3CR3Tz9wv7t";
const PARTS: [&str; 3] = [TOKEN, "S3CR3T", "retool_01hq"];

/// The results and errors of calls, in every form in which they are stored or printed.
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

async fn world(dialect: Dialect, scopes: &[Scope]) -> World {
    let options = Options { token: TOKEN.into(), scopes: scopes.to_vec(), ..Options::default() };
    let mut world = World::acme_over_with(dialect, options).await;
    // Without a SCIM token, of which the check of the connection would report more.
    world.tenant = world.over_with_env(dialect, &[]);
    world
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
    let mut request = current_roster(world);
    let mut new = new_entry("first@acme.example");
    new.groups = memberships([named("Legal")]);
    request.roster.push(new);
    let plan = tenant.plan_sync(&request).await;
    seen.add(&plan);
    if let Ok(Ok(plan)) = plan {
        for step in &plan.steps {
            seen.add(&tenant.apply_step(step).await);
        }
    }
    let mut second = new_entry("second@acme.example");
    second.groups = memberships([named("Legal")]);
    request.roster.push(second);
    seen.add(&tenant.sync(&request).await);
    let mut joining = new_user(NEW);
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

async fn no_result_shows_the_token(dialect: Dialect) {
    let world = world(dialect, &Scope::ALL).await;
    let seen = call_all(&world, &world.tenant).await;
    // `changes-since` may be unsupported. The other calls must return results, not errors.
    assert!(seen.failures <= 1, "{} failures", seen.failures);
    assert!(seen.texts.len() > 40);
    seen.assert_clean(&world.tenant, "success");
}

/// Returns the error of a server that repeats the header it refused.
fn echo(code: u16, message: &str) -> FaultKind {
    let body = format!(r#"{{"message":"{message}","error":"{message}"}}"#);
    FaultKind::Status { code, retry_after: None, body: Some(body) }
}

async fn no_failure_shows_the_token(dialect: Dialect) {
    let kinds = [
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
    let mut failures: Vec<(FaultKind, bool)> = kinds.map(|kind| (kind, false)).into();
    let escaped = TOKEN.replace('S', "\\u0053");
    for said in [
        format!("Invalid token {TOKEN}"),
        format!("Authorization: Bearer {TOKEN}"),
        format!("{}{TOKEN}", "x".repeat(190)),
        escaped,
        TOKEN.replace("S3", "S\\u200b3"),
    ] {
        failures.extend([400, 401, 403, 404, 500].map(|code| (echo(code, &said), false)));
        // The component can't recognise a token that it does not have.
        failures.extend([401, 500].map(|code| (echo(code, &said), true)));
    }
    let mut calls = tokio::task::JoinSet::new();
    for (kind, inject) in failures {
        calls.spawn(async move {
            for writes_only in [false, true] {
                let world = world(dialect, &Scope::ALL).await;
                // A short deadline: this test is about the texts, not about the retries. But if only
                // writes fail, there must be time for the reads before them.
                let deadline = if writes_only { "2000" } else { "400" };
                let env = [("RETOOL_DEADLINE_MS", deadline), ("RETOOL_MAX_ATTEMPTS", "2")];
                let mut options = options(&world.mock, dialect, &env);
                options.inject_credentials = inject;
                let tenant = host().tenant(options);
                let methods = match writes_only {
                    true => vec!["POST", change_method(dialect), "DELETE"],
                    false => vec!["GET"],
                };
                for method in methods {
                    world
                        .mock
                        .inject(Fault { method: Some(method.into()), ..Fault::new(kind.clone()) });
                }
                let seen = call_all(&world, &tenant).await;
                // A write whose reply can't be read is read back, and may have succeeded.
                let least = match kind {
                    _ if !writes_only => 2,
                    FaultKind::Status { .. } => 1,
                    _ => 0,
                };
                assert!(seen.failures >= least, "{kind:?}: {} failures", seen.failures);
                let requests = world.mock.requests();
                let is_hit = |request: &LoggedRequest| request.is_write() == writes_only;
                assert!(requests.iter().any(is_hit), "{kind:?}: it affected no request");
                seen.assert_clean(&tenant, &format!("{kind:?}, injected: {inject}"));
            }
        });
    }
    calls.join_all().await;
}

async fn no_missing_scope_shows_the_token(dialect: Dialect) {
    for missing in Scope::ALL {
        let scopes: Vec<_> = Scope::ALL.into_iter().filter(|scope| *scope != missing).collect();
        let world = world(dialect, &scopes).await;
        let seen = call_all(&world, &world.tenant).await;
        assert!(seen.failures >= 2, "{missing}");
        seen.assert_clean(&world.tenant, missing.name());
    }
}

/// Users of the component may put the token where its variable's name belongs, or into the URL.
#[tokio::test]
async fn a_token_in_the_wrong_place_is_not_repeated() {
    let world = world(Dialect::V2, &Scope::ALL).await;
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
        // An allowed variable name is repeated, and this token looks like one.
        if at != 1 {
            assert!(!text.contains("S3CR3T"), "{text}");
        }
    }
    assert_eq!(world.requests(), [""; 0]);
}

#[tokio::test]
async fn a_token_that_cannot_be_sent_is_not_shown_either() {
    for bad in [format!("{TOKEN}\n"), format!(" {TOKEN}"), format!("{TOKEN}ü")] {
        let world = world(Dialect::V2, &Scope::ALL).await;
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

/// The component sends requests to the connection's server only, wherever that redirects.
#[tokio::test]
async fn the_token_goes_to_the_connections_origin_alone() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").expect("a port");
    elsewhere.set_nonblocking(true).expect("a socket that does not wait");
    let address = elsewhere.local_addr().expect("its address");
    let world = world(Dialect::V2, &Scope::ALL).await;
    let places = [
        format!("http://{address}/api/v2/users"),
        format!("//{address}/api/v2/users"),
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
    assert_eq!(attempt.expect_err("no connection").kind(), ErrorKind::WouldBlock);
    assert!(!world.requests().is_empty());
}
