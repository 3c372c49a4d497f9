//! What the members of a group may do.

use host_test::retool::directory::PageRequest;
use host_test::retool::groups::{ChangeGroupRequest, EnsureGroupRequest};
use host_test::retool::types::{AccessSetting, Dialect};
use mock_retool::{Access, Fault, FaultKind, Group, Options, V2Options};
use serde_json::{Value, json};

use crate::support::acme::{ADA, JOAN, KEN, NEW, changed, written};
use crate::support::{World, changing, done, ensuring, failed, named, new_member};

over_every_dialect!(
    a_setting_that_the_dialect_lacks_is_refused_before_any_request,
    names_and_values_that_no_setting_has_are_invalid,
);

const LANDING_PAGE: &str = "0a0b0c0d-0000-4000-8000-00000000000f";

/// Every setting with a value that no new group has: its name, its value, and its name and value on
/// the wire of `/api/v2`.
fn settings() -> Vec<(&'static str, &'static str, &'static str, Value)> {
    vec![
        ("universal-app-access", "own", "universal_app_access", json!("own")),
        ("universal-resource-access", "use", "universal_resource_access", json!("use")),
        ("universal-workflow-access", "edit", "universal_workflow_access", json!("edit")),
        ("universal-query-library-access", "use", "universal_query_library_access", json!("use")),
        ("user-list-access", "true", "user_list_access", json!(true)),
        ("audit-log-access", "true", "audit_log_access", json!(true)),
        ("unpublished-release-access", "true", "unpublished_release_access", json!(true)),
        ("usage-analytics-access", "true", "usage_analytics_access", json!(true)),
        ("theme-access", "true", "theme_access", json!(true)),
        ("account-details-access", "true", "account_details_access", json!(true)),
        ("landing-page-app-id", LANDING_PAGE, "landing_page_app_id", json!(LANDING_PAGE)),
    ]
}

fn setting(name: &str, value: &str) -> AccessSetting {
    AccessSetting { name: name.into(), value: value.into() }
}

/// The settings of a request, in an order of its own.
fn requested() -> Vec<AccessSetting> {
    settings().iter().rev().map(|(name, value, ..)| setting(name, value)).collect()
}

fn listed() -> Vec<AccessSetting> {
    settings().iter().map(|(name, value, ..)| setting(name, value)).collect()
}

/// A group whose members may do all of it.
fn with_all_settings(group: Group) -> Group {
    Group {
        universal_app_access: "own".into(),
        access: Access {
            universal_resource_access: "use".into(),
            universal_workflow_access: "edit".into(),
            universal_query_library_access: "use".into(),
            user_list_access: true,
            audit_log_access: true,
            unpublished_release_access: true,
            usage_analytics_access: true,
            theme_access: true,
            account_details_access: true,
            landing_page_app_id: Some(LANDING_PAGE.into()),
        },
        ..group
    }
}

fn is_supported(dialect: Dialect, name: &str) -> bool {
    match dialect {
        Dialect::V1 => name == "universal-app-access",
        _ => dialect == Dialect::V2,
    }
}

async fn a_setting_that_the_dialect_lacks_is_refused_before_any_request(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let before = world.mock.state();
    for (name, value, ..) in settings() {
        if is_supported(dialect, name) {
            continue;
        }
        let access = vec![setting(name, value)];
        let ensure = EnsureGroupRequest { access: access.clone(), ..ensuring("Legal") };
        let existing = EnsureGroupRequest { access: access.clone(), ..ensuring("Support") };
        let change = ChangeGroupRequest {
            new_name: Some("Helpdesk".into()),
            access,
            add_members: vec![new_member(NEW)],
            ..changing(named("Support"))
        };
        for (case, detail) in [
            failed(world.tenant.ensure_group(&ensure).await),
            failed(world.tenant.ensure_group(&existing).await),
            failed(world.tenant.change_group(&change).await),
        ] {
            assert_eq!(
                (case, detail.code.as_str()),
                ("permanent unsupported", "operation-unsupported")
            );
            assert!(detail.message.contains(name), "{}", detail.message);
        }
    }
    assert!(world.requests().is_empty());
    assert_eq!(world.mock.state(), before);
}

async fn names_and_values_that_no_setting_has_are_invalid(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let app = || setting("universal-app-access", "use");
    for (bad, field) in [
        (setting("universal_app_access", "use"), "name"),
        (setting("everything", "true"), "name"),
        (app(), "name"),
        (setting("universal-query-library-access", "own"), "value"),
        (setting("theme-access", "yes"), "value"),
        (setting("landing-page-app-id", "none"), "value"),
    ] {
        let field = format!("request.access[1].{field}");
        let access = vec![app(), bad];
        let ensure = EnsureGroupRequest { access: access.clone(), ..ensuring("Legal") };
        let change = ChangeGroupRequest { access, ..changing(named("Support")) };
        for (case, detail) in [
            failed(world.tenant.ensure_group(&ensure).await),
            failed(world.tenant.change_group(&change).await),
        ] {
            assert_eq!(
                (case, detail.code.as_str(), detail.field.as_deref()),
                ("permanent invalid-input", "invalid-value", Some(&*field)),
            );
        }
    }
    assert!(world.requests().is_empty());
}

#[tokio::test]
async fn a_new_group_gets_every_setting_in_its_creation() {
    let world = World::acme_over(Dialect::V2).await;
    let request = EnsureGroupRequest { access: requested(), ..ensuring("Legal") };
    let result = done(world.tenant.ensure_group(&request).await);
    assert_eq!(written(&result.writes), ["group-created Legal [Legal]"]);
    assert_eq!(result.group.access, listed());
    let mut sent = json!({"name": "Legal"});
    for (_, _, name, value) in settings() {
        sent[name] = value;
    }
    assert_eq!(world.body_of_the_write(), sent);
    let legal = world.group("Legal");
    assert_eq!(legal, with_all_settings(legal.clone()));
}

/// Such a server sets them by a change.
#[tokio::test]
async fn settings_that_a_creation_ignores_are_set_by_a_change() {
    let v2 = V2Options { creation_sets_access: false, ..V2Options::default() };
    let options = Options { v2, ..Options::default() };
    let world = World::acme_over_with(Dialect::V2, options).await;
    let request = EnsureGroupRequest { access: requested(), ..ensuring("Legal") };
    let result = done(world.tenant.ensure_group(&request).await);
    assert!(result.created);
    assert_eq!(
        written(&result.writes),
        ["group-created Legal [Legal]", "group-updated Legal [Legal]"]
    );
    assert_eq!(result.group.access, listed());
    let legal = world.group("Legal");
    assert_eq!(legal, with_all_settings(legal.clone()));
    world.mock.clear_requests();
    let again = done(world.tenant.ensure_group(&ensuring("Legal")).await);
    assert_eq!((again.created, again.group.access), (false, listed()));
    assert!(world.writes().is_empty());
    // If the second request fails, the error says what is missing.
    let refusal = FaultKind::Status { code: 400, retry_after: None, body: None };
    world.mock.inject(Fault { method: Some("PATCH".into()), ..Fault::new(refusal) });
    let request = EnsureGroupRequest { access: requested(), ..ensuring("Night") };
    let (_, detail) = failed(world.tenant.ensure_group(&request).await);
    assert!(detail.message.contains("`change-group`"), "{}", detail.message);
    assert_eq!(written(&detail.writes), ["group-created Night [Night]"]);
}

#[tokio::test]
async fn each_setting_is_changed_alone_and_the_rest_is_kept() {
    for (name, value, path, sent) in settings() {
        let world = World::acme_over(Dialect::V2).await;
        let before = world.group("Support");
        let request =
            ChangeGroupRequest { access: vec![setting(name, value)], ..changing(named("Support")) };
        let result = done(world.tenant.change_group(&request).await);
        let [change] = &changed(&result.changes)[..] else { panic!("{:?}", result.changes) };
        assert!(change.starts_with(name) && change.ends_with(value), "{change}");
        assert_eq!(written(&result.writes), ["group-updated Support [Support]"]);
        assert!(result.group.access.contains(&setting(name, value)));
        let operations = json!([{"op": "replace", "path": format!("/{path}"), "value": sent}]);
        assert_eq!(world.body_of_the_write(), json!({"operations": operations}));

        let after = world.group("Support");
        let mut expected = json!(before);
        match name {
            "universal-app-access" => expected["universal_app_access"] = sent,
            _ => expected["access"][path] = sent,
        }
        expected["updated_at"] = json!(after.updated_at);
        assert_eq!(json!(after), expected, "{name}");
        assert_eq!(world.members_of("Support"), [ADA, JOAN, KEN]);

        world.mock.clear_requests();
        let again = done(world.tenant.change_group(&request).await);
        assert!(again.changes.is_empty() && again.writes.is_empty(), "{name}");
        assert!(world.writes().is_empty());
    }
}

#[tokio::test]
async fn all_settings_are_changed_with_one_request() {
    let world = World::acme_over(Dialect::V2).await;
    let request = ChangeGroupRequest { access: requested(), ..changing(named("Support")) };
    let result = done(world.tenant.change_group(&request).await);
    assert_eq!(result.changes.len(), 11);
    assert_eq!(world.count_of_writes(), 1);
    let support = world.group("Support");
    assert_eq!(support, with_all_settings(support.clone()));
    let first =
        PageRequest { cursor: None, page_size: None, with_members: false, with_other_ids: false };
    let page = done(world.tenant.page_groups(&first).await);
    let listed_group = page.groups.iter().find(|group| group.name == "Support");
    assert_eq!(listed_group.map(|group| &group.access), Some(&listed()));
}
