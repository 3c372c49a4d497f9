//! Answers that are too large, or nested too deep, to be taken as they come.

use host_test::retool::directory::PageRequest;
use host_test::retool::groups::ChangeGroupRequest;
use host_test::retool::lifecycle::{DeprovisionMode, ProvisionOutcome};
use host_test::retool::types::Dialect;
use host_test::{Answer, Limits, Tenant, TenantOptions};
use mock_retool::{Fault, FaultKind, Mock, Options};
use tokio::task::JoinSet;

use super::fault::{always, answer};
use crate::support::acme::{JOAN, NEW};
use crate::support::{
    World, arrival, by_email, changing, departure, done, ensuring, failed, host, memberships,
    named, new_member, roster_of,
};

const USERS: &str = "/api/v1/users";
const FIND: &str = "GET /api/v1/users";

fn first_page() -> PageRequest {
    PageRequest { cursor: None, page_size: None, with_members: false, with_other_ids: false }
}

/// A tenant whose component may have this much memory.
fn small(mock: &Mock, memory: usize, env: &[(&str, &str)]) -> Tenant {
    let mut options = TenantOptions::new(mock.base_url())
        .dialect(Dialect::V1)
        .env("RETOOL_API_TOKEN", mock.token())
        .limits(Limits { memory, ..Limits::default() });
    for (name, value) in env {
        options = options.env(*name, *value);
    }
    host().tenant(options)
}

/// 64 MiB, into a component that may have 24.
#[tokio::test]
async fn a_body_without_end_is_not_kept() {
    let world = World::acme().await;
    world.mock.inject(Fault::new(FaultKind::HugeBody(64 << 20)));
    let tenant = small(&world.mock, 24 << 20, &[]);
    let (case, detail) = failed(tenant.find_user(&by_email(JOAN)).await);
    assert_eq!((case, detail.code.as_str()), ("transient unavailable", "body-too-large"));
    assert!(detail.message.contains("RETOOL_MAX_BODY_BYTES"), "{}", detail.message);
    assert_eq!(world.requests(), [FIND], "what is too large once is too large again");
}

#[tokio::test]
async fn how_much_is_too_much_is_a_setting() {
    let world = World::acme().await;
    let length = 100_000;
    world.mock.inject(always("GET", "/api/v1/users/", FaultKind::HugeBody(length)));
    let request = departure(JOAN, DeprovisionMode::Disable);
    let under = world.tenant_with(&[("RETOOL_MAX_BODY_BYTES", &(length - 1).to_string())]);
    let (_, detail) = failed(under.deprovision(&request).await);
    assert_eq!(detail.code, "body-too-large");
    let exact = world.tenant_with(&[("RETOOL_MAX_BODY_BYTES", &length.to_string())]);
    let (_, detail) = failed(exact.deprovision(&request).await);
    assert_eq!(detail.code, "answer-unusable", "it was read, and is nobody");
}

#[tokio::test]
async fn an_announced_length_is_enough_to_refuse() {
    let world = World::with(Options { users: 200, ..Options::default() }).await;
    let tenant = world.tenant_with(&[("RETOOL_MAX_BODY_BYTES", "2048")]);
    let (case, detail) = failed(tenant.page_users(&first_page()).await);
    assert_eq!((case, detail.code.as_str()), ("transient unavailable", "body-too-large"));
    assert!(detail.message.contains("2048"), "{}", detail.message);
    let smaller = PageRequest { page_size: Some(2), ..first_page() };
    assert_eq!(done(tenant.page_users(&smaller).await).users.len(), 2);
}

/// Nesting costs a recursive reader its stack; here it costs nothing, and is kept.
#[tokio::test]
async fn nesting_ten_thousand_deep_is_no_trap() {
    let world = World::acme().await;
    world.mock.inject(always("GET", USERS, FaultKind::DeepJson(10_000)));
    assert_eq!(
        done(world.tenant.find_user(&by_email(JOAN)).await).expect("Joan").email.as_deref(),
        Some(JOAN)
    );
    assert_eq!(done(world.tenant.page_users(&first_page()).await).users.len(), 4);
    assert!(done(world.tenant.plan_sync(&roster_of(&world.mock)).await).steps.is_empty());

    // Where the whole record must be understood, what can't be is an error and not a trap.
    let mut change = arrival(JOAN);
    change.first_name = Some("Joanna".into());
    let before = world.person(JOAN);
    let answer = world.tenant.provision(&change).await.expect("an answer of the component");
    match answer {
        Ok(result) => assert_eq!(result.outcome, ProvisionOutcome::Updated),
        Err(_) => assert_eq!(world.person(JOAN), before),
    }

    let world = World::acme().await;
    world.mock.inject(always("POST", "/api/v1/", FaultKind::DeepJson(10_000)));
    let mut new = arrival(NEW);
    new.groups = memberships([named("Support")]);
    assert_eq!(done(world.tenant.provision(&new).await).outcome, ProvisionOutcome::Created);
}

/// Eight at a time, the width of the window, of at most 8 MiB each.
#[tokio::test]
async fn many_bodies_without_end_are_not_kept_either() {
    let world = World::with(Options { users: 100, ..Options::default() }).await;
    let request = roster_of(&world.mock);
    world.mock.inject(Fault { skip: 1, ..always("GET", USERS, FaultKind::HugeBody(64 << 20)) });
    let tenant = small(&world.mock, 128 << 20, &[("RETOOL_PAGE_SIZE", "5")]);
    let (case, detail) = failed(tenant.plan_sync(&request).await);
    assert_eq!((case, detail.code.as_str()), ("transient unavailable", "body-too-large"));
    assert!(world.requests().len() > 2, "there was but one at a time");
}

/// Nothing was done, which the component can't know: it says so, and nobody else is touched.
#[tokio::test]
async fn an_acknowledgement_without_end_is_not_kept_either() {
    for method in ["POST", "PUT"] {
        let world = World::acme().await;
        let before = world.mock.state();
        world.mock.inject(always(method, "/api/v1/", FaultKind::HugeBody(64 << 20)));
        let tenant = small(&world.mock, 24 << 20, &[]);
        let mut request = arrival(if method == "POST" { NEW } else { JOAN });
        request.first_name = Some("Other".into());
        let (case, detail) = failed(tenant.provision(&request).await);
        assert_eq!(
            (case, detail.code.as_str()),
            ("transient unavailable", "body-too-large"),
            "{method}"
        );
        assert_eq!(detail.writes.len(), 1, "{method}: {:?}", detail.writes);
        assert_eq!(world.mock.state(), before, "{method}");
        let writes = world.writes().len();
        assert!(writes <= 3, "{method}: {writes} tries");
    }
}

/// Nested deeper than any stack, where a list, a record, an id or a text is expected.
fn too_deep() -> Vec<FaultKind> {
    let depth = 10_000;
    let arrays = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let objects = format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
    let mut kinds = Vec::new();
    for nested in [&arrays, &objects, &"[".repeat(depth)] {
        for list in ["users", "groups", "members"] {
            kinds.push(answer(&format!(r#"{{"{list}":{nested},"total":1}}"#)));
        }
        for field in ["id", "email", "name", "groups", "success", "isAdmin"] {
            kinds.push(answer(&format!(r#"{{"{field}":{nested}}}"#)));
            kinds.push(answer(&format!(
                r#"{{"users":[{{"id":"u","email":"a@x.example","{field}":{nested}}}],"total":1}}"#
            )));
        }
        kinds.push(answer(nested));
    }
    // The words of a refusal are looked for too.
    let refusal = format!(r#"{{"message":{arrays},"error":{objects}}}"#);
    kinds.push(FaultKind::Status { code: 422, retry_after: None, body: Some(refusal) });
    kinds
}

/// Calls that may fail, but not be ended by the host.
async fn ends_no_call(kind: FaultKind, method: &str) {
    fn assert_answered<T>(answer: Answer<T>, kind: &FaultKind, method: &str) {
        if let Err(error) = answer {
            let kind: String = format!("{kind:?}").chars().take(200).collect();
            panic!("{method} {kind}: {error}");
        }
    }
    let world = World::acme().await;
    let request = roster_of(&world.mock);
    world.mock.inject(always(method, "/api/v1/", kind.clone()));
    // Once is enough: what is looked at is whether it is borne.
    let tenant = small(&world.mock, 8 << 20, &[("RETOOL_MAX_ATTEMPTS", "1")]);
    match method {
        "GET" => {
            assert_answered(tenant.find_user(&by_email(JOAN)).await, &kind, method);
            assert_answered(tenant.page_groups(&first_page()).await, &kind, method);
            assert_answered(tenant.changes_since(None).await, &kind, method);
            assert_answered(tenant.plan_sync(&request).await, &kind, method);
            assert_answered(tenant.check_connection().await, &kind, method);
        }
        "POST" => {
            let mut new = arrival(NEW);
            new.groups = memberships([named("Support")]);
            assert_answered(tenant.provision(&new).await, &kind, method);
            let legal = ensuring("Legal");
            assert_answered(tenant.ensure_group(&legal).await, &kind, method);
        }
        "PUT" => {
            let mut change = arrival(JOAN);
            change.first_name = Some("Joanna".into());
            assert_answered(tenant.provision(&change).await, &kind, method);
            let rename = ChangeGroupRequest {
                new_name: Some("Money".into()),
                add_members: vec![new_member(JOAN)],
                ..changing(named("Finance"))
            };
            assert_answered(tenant.change_group(&rename).await, &kind, method);
        }
        _ => {
            let request = departure(JOAN, DeprovisionMode::Delete);
            assert_answered(tenant.deprovision(&request).await, &kind, method);
        }
    }
    assert!(!world.requests().is_empty());
}

#[tokio::test]
async fn nesting_where_something_else_is_expected_ends_no_call() {
    let mut calls = JoinSet::new();
    for kind in too_deep() {
        for method in ["GET", "POST", "PUT", "DELETE"] {
            calls.spawn(ends_no_call(kind.clone(), method));
        }
    }
    calls.join_all().await;
}
