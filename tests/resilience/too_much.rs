//! Responses that are too large or nested too deep.

use host_test::retool::directory::PageRequest;
use host_test::retool::groups::ChangeGroupRequest;
use host_test::retool::lifecycle::{DeprovisionMode, ProvisionOutcome};
use host_test::retool::types::Dialect;
use host_test::{Answer, Limits, Tenant, TenantOptions};
use mock_retool::{Fault, FaultKind, Mock, Options};
use tokio::task::JoinSet;

use super::dialect::{api, change_method, current_roster, new_user, write_methods};
use super::fault::{always, answer};
use crate::support::acme::{JOAN, NEW};
use crate::support::{
    World, arrival, by_email, changing, departure, done, ensuring, failed, host, memberships,
    named, new_member,
};

over_v2_and_v1!(
    the_size_limit_is_a_setting,
    deep_nesting_does_not_trap,
    many_endless_bodies_are_not_kept,
    an_endless_acknowledgement_is_not_kept,
    deep_nesting_in_any_field_does_not_trap,
);

fn first_page() -> PageRequest {
    PageRequest { cursor: None, page_size: None, with_members: false, with_other_ids: false }
}

/// Returns a tenant whose component may use this many bytes of memory.
fn small(mock: &Mock, dialect: Dialect, memory: usize, env: &[(&str, &str)]) -> Tenant {
    let mut options = TenantOptions::new(mock.base_url())
        .dialect(dialect)
        .env("RETOOL_API_TOKEN", mock.token())
        .limits(Limits { memory, ..Limits::default() });
    for (name, value) in env {
        options = options.env(*name, *value);
    }
    host().tenant(options)
}

/// The body has 64 MiB, and the component may use 24.
#[tokio::test]
async fn an_endless_body_is_not_kept() {
    let world = World::acme().await;
    world.mock.inject(Fault::new(FaultKind::HugeBody(64 << 20)));
    let tenant = small(&world.mock, Dialect::V2, 24 << 20, &[]);
    let (case, detail) = failed(tenant.find_user(&by_email(JOAN)).await);
    assert_eq!((case, detail.code.as_str()), ("transient unavailable", "body-too-large"));
    assert!(detail.message.contains("RETOOL_MAX_BODY_BYTES"), "{}", detail.message);
    // The filter may have been ignored, so the users are listed, at once and then by page. None of
    // these requests is repeated.
    assert_eq!(
        world.requests_with_queries(),
        [
            "GET /api/v2/users?email=joan%40acme.example",
            "GET /api/v2/users?",
            "GET /api/v2/users?limit=100",
        ]
    );
}

#[tokio::test]
async fn an_endless_body_of_v1_is_not_kept() {
    let world = World::acme_over(Dialect::V1).await;
    world.mock.inject(Fault::new(FaultKind::HugeBody(64 << 20)));
    let tenant = small(&world.mock, Dialect::V1, 24 << 20, &[]);
    let (case, detail) = failed(tenant.find_user(&by_email(JOAN)).await);
    assert_eq!((case, detail.code.as_str()), ("transient unavailable", "body-too-large"));
    assert!(detail.message.contains("RETOOL_MAX_BODY_BYTES"), "{}", detail.message);
    assert_eq!(world.requests(), ["GET /api/v1/users"], "a repetition would be too large again");
}

async fn the_size_limit_is_a_setting(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let length = 100_000;
    let one_user = format!("{}/", world.users_path());
    world.mock.inject(always("GET", &one_user, FaultKind::HugeBody(length)));
    let request = departure(JOAN, DeprovisionMode::Disable);
    let under =
        world.over_with_env(dialect, &[("RETOOL_MAX_BODY_BYTES", &(length - 1).to_string())]);
    let (_, detail) = failed(under.deprovision(&request).await);
    assert_eq!(detail.code, "body-too-large");
    let exact = world.over_with_env(dialect, &[("RETOOL_MAX_BODY_BYTES", &length.to_string())]);
    let (_, detail) = failed(exact.deprovision(&request).await);
    assert_eq!(detail.code, "answer-unusable", "it was read, and is not a user");
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

/// A recursive parser needs stack for nesting. This one does not, and keeps the nested value.
async fn deep_nesting_does_not_trap(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    world.mock.inject(always("GET", world.users_path(), FaultKind::DeepJson(10_000)));
    assert_eq!(
        done(world.tenant.find_user(&by_email(JOAN)).await).expect("Joan").email.as_deref(),
        Some(JOAN)
    );
    assert_eq!(done(world.tenant.page_users(&first_page()).await).users.len(), 4);
    assert!(done(world.tenant.plan_sync(&current_roster(&world)).await).steps.is_empty());

    // Where the whole record must be parsed, too deep nesting is an error and not a trap.
    let mut change = arrival(JOAN);
    change.first_name = Some("Joanna".into());
    let before = world.person(JOAN);
    let answer = world.tenant.provision(&change).await.expect("an answer of the component");
    match answer {
        Ok(result) => assert_eq!(result.outcome, ProvisionOutcome::Updated),
        Err(_) => assert_eq!(world.person(JOAN), before),
    }

    let world = World::acme_over(dialect).await;
    world.mock.inject(always("POST", api(dialect), FaultKind::DeepJson(10_000)));
    let mut new = new_user(NEW);
    new.groups = memberships([named("Support")]);
    assert_eq!(done(world.tenant.provision(&new).await).outcome, ProvisionOutcome::Created);
}

/// Eight bodies at a time, the width of the window, with at most 8 MiB each.
async fn many_endless_bodies_are_not_kept(dialect: Dialect) {
    let world = World::with_over(dialect, Options { users: 100, ..Options::default() }).await;
    let request = current_roster(&world);
    let (path, env): (_, &[_]) = match dialect {
        // The pages after the first.
        Dialect::V1 => (world.users_path().to_owned(), &[("RETOOL_PAGE_SIZE", "5")]),
        // Pages have no numbers, so they are read one by one. But users whose record in the list
        // is short are read individually.
        _ => {
            world.mock.inject(Fault::new(FaultKind::OmitInLists("active".into())));
            (format!("{}/", world.users_path()), &[])
        }
    };
    world.mock.inject(Fault { skip: 1, ..always("GET", &path, FaultKind::HugeBody(64 << 20)) });
    let tenant = small(&world.mock, dialect, 128 << 20, env);
    let (case, detail) = failed(tenant.plan_sync(&request).await);
    assert_eq!((case, detail.code.as_str()), ("transient unavailable", "body-too-large"));
    let sent = world.requests().iter().filter(|request| request[4..].starts_with(&path)).count();
    assert!(sent > 2, "only one at a time");
}

/// Nothing was written, which the component can't know. It reports the write as unknown, and
/// changes no other user.
async fn an_endless_acknowledgement_is_not_kept(dialect: Dialect) {
    for method in ["POST", change_method(dialect)] {
        let world = World::acme_over(dialect).await;
        let before = world.mock.state();
        world.mock.inject(always(method, api(dialect), FaultKind::HugeBody(64 << 20)));
        let tenant = small(&world.mock, dialect, 24 << 20, &[]);
        let mut request = if method == "POST" { new_user(NEW) } else { arrival(JOAN) };
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

/// Returns responses nested deeper than any stack, where a list, a record, an id or a text is
/// expected.
fn too_deep(dialect: Dialect) -> Vec<FaultKind> {
    let depth = 10_000;
    let arrays = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let objects = format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
    let (lists, fields): (&[&str], &[&str]) = match dialect {
        Dialect::V1 => (
            &["users", "groups", "members"],
            &["id", "email", "name", "groups", "success", "isAdmin"],
        ),
        _ => (
            &["data"],
            &["id", "email", "name", "groups", "success", "is_admin", "active", "members", "data"],
        ),
    };
    let mut kinds = Vec::new();
    for nested in [&arrays, &objects, &"[".repeat(depth)] {
        for list in lists {
            kinds.push(answer(&format!(r#"{{"{list}":{nested},"total":1,"total_count":1}}"#)));
        }
        for field in fields {
            kinds.push(answer(&format!(r#"{{"{field}":{nested}}}"#)));
            let record = format!(r#"{{"id":"u","email":"a@x.example","{field}":{nested}}}"#);
            kinds.push(answer(&match dialect {
                Dialect::V1 => format!(r#"{{"users":[{record}],"total":1}}"#),
                _ => format!(r#"{{"success":true,"data":[{record}],"total_count":1}}"#),
            }));
            if dialect != Dialect::V1 {
                kinds.push(answer(&format!(r#"{{"success":true,"data":{record}}}"#)));
            }
        }
        kinds.push(answer(nested));
    }
    // The text of a refusal is parsed too.
    let refusal = format!(r#"{{"message":{arrays},"error":{objects}}}"#);
    kinds.push(FaultKind::Status { code: 422, retry_after: None, body: Some(refusal) });
    kinds
}

/// Makes calls that may fail, but must not be ended by the host.
async fn call_without_trap(dialect: Dialect, kind: FaultKind, method: &str) {
    fn assert_answered<T>(answer: Answer<T>, kind: &FaultKind, method: &str) {
        if let Err(error) = answer {
            let kind: String = format!("{kind:?}").chars().take(200).collect();
            panic!("{method} {kind}: {error}");
        }
    }
    let world = World::acme_over(dialect).await;
    let request = current_roster(&world);
    world.mock.inject(always(method, api(dialect), kind.clone()));
    // One try is enough to see whether the component traps.
    let tenant = small(&world.mock, dialect, 8 << 20, &[("RETOOL_MAX_ATTEMPTS", "1")]);
    match method {
        "GET" => {
            assert_answered(tenant.find_user(&by_email(JOAN)).await, &kind, method);
            assert_answered(tenant.page_groups(&first_page()).await, &kind, method);
            assert_answered(tenant.changes_since(None).await, &kind, method);
            assert_answered(tenant.plan_sync(&request).await, &kind, method);
            assert_answered(tenant.check_connection().await, &kind, method);
        }
        "POST" => {
            let mut new = new_user(NEW);
            new.groups = memberships([named("Support")]);
            assert_answered(tenant.provision(&new).await, &kind, method);
            let legal = ensuring("Legal");
            assert_answered(tenant.ensure_group(&legal).await, &kind, method);
        }
        "DELETE" => {
            let request = departure(JOAN, DeprovisionMode::Delete);
            assert_answered(tenant.deprovision(&request).await, &kind, method);
        }
        _ => {
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
    }
    assert!(!world.requests().is_empty());
}

async fn deep_nesting_in_any_field_does_not_trap(dialect: Dialect) {
    let mut calls = JoinSet::new();
    for kind in too_deep(dialect) {
        for method in ["GET"].into_iter().chain(write_methods(dialect)) {
            calls.spawn(call_without_trap(dialect, kind.clone(), method));
        }
    }
    calls.join_all().await;
}
