//! The details of every error: case, code, request, status, number of tries, subject, and what to
//! do about it.

use std::collections::BTreeSet;
use std::time::Duration;

use host_test::retool::directory::PageRequest;
use host_test::retool::groups::{ChangeGroupRequest, EnsureGroupRequest, RemoveGroupRequest};
use host_test::retool::lifecycle::{DeprovisionMode, ProvisionRequest};
use host_test::retool::synchronization::{AbsentPolicy, Step, StepKind};
use host_test::retool::types::{
    Attribute, Connection, Dialect, ErrorDetail, UserId, UserType, WayIn,
};
use host_test::{CancellationToken, HostError, Tenant, TenantOptions, requests};
use mock_retool::{Fault, FaultKind, Forbidden, Group, ListingOptions, Mock, Options, Scope, User};
use retool_lifecycle::error::Code;

use super::dialect::{current_roster, new_user};
use super::fault::{status, status_after};
use crate::support::acme::{ADA, GRACE, JOAN, KEN, NEW};
use crate::support::{
    World, arrival, by_email, changing, departure, done, ensuring, entry, failed, host, limit,
    membership, memberships, named, new_member, numbered, removing, roster,
};

const LIST_USERS: &str = "GET /api/v2/users";
const LIST_INVITES: &str = "GET /api/v2/user_invites";
const CREATE_USER: &str = "POST /api/v2/users";
const WRITE_USER: &str = "PATCH /api/v2/users/{id}";
const DELETE_USER: &str = "DELETE /api/v2/users/{id}";
const LIST_GROUPS: &str = "GET /api/v2/groups";
const CREATE_GROUP: &str = "POST /api/v2/groups";
const WRITE_GROUP: &str = "PATCH /api/v2/groups/{id}";
const DELETE_GROUP: &str = "DELETE /api/v2/groups/{id}";
const ADD_MEMBER: &str = "POST /api/v2/groups/{id}/members";
const REMOVE_MEMBER: &str = "DELETE /api/v2/groups/{id}/members/{userId}";

/// The expected details of an error. A detail that is not set must be absent.
#[derive(Clone, Copy, Default)]
struct Expected<'a> {
    case: &'a str,
    code: &'a str,
    request: Option<&'a str>,
    status: Option<u16>,
    attempts: u32,
    subject: Option<&'a str>,
    field: Option<&'a str>,
    /// Words in the message.
    says: &'a [&'a str],
}

/// Compares errors, and collects their codes.
#[derive(Default)]
struct Table {
    codes: BTreeSet<String>,
}

impl Table {
    fn expect(&mut self, what: &str, (case, detail): (&str, ErrorDetail), expected: Expected<'_>) {
        assert_eq!(
            (case, detail.code.as_str()),
            (expected.case, expected.code),
            "{what}: {detail:?}"
        );
        assert_eq!(detail.request.as_deref(), expected.request, "{what}");
        assert_eq!(detail.http_status, expected.status, "{what}");
        assert_eq!(detail.attempts, expected.attempts, "{what}");
        assert_eq!(detail.subject.as_deref(), expected.subject, "{what}");
        assert_eq!(detail.field.as_deref(), expected.field, "{what}");
        // Every response of the mock has a request id.
        assert_eq!(detail.request_id.is_some(), expected.status.is_some(), "{what}");
        for word in expected.says {
            assert!(detail.message.contains(word), "{what}: no {word:?} in {:?}", detail.message);
        }
        assert_is_advice(what, &detail.message);
        self.codes.insert(detail.code);
    }
}

/// Checks that the message has a sentence for what happened and one for what to do next.
fn assert_is_advice(what: &str, message: &str) {
    let sentences = message.matches(". ").count() + usize::from(message.ends_with('.'));
    assert!(
        sentences >= 2 || message.contains("; ") || message.contains("The server says"),
        "{what}: no advice in {message:?}"
    );
    assert!((20..600).contains(&message.len()), "{what}: {message:?}");
}

/// Returns a tenant with a wrong connection or environment.
fn tenant(mock: &Mock, env: &[(&str, &str)], change: impl FnOnce(&mut Connection)) -> Tenant {
    let mut options = TenantOptions::new(mock.base_url()).dialect(Dialect::V2);
    for (name, value) in env {
        options = options.env(*name, *value);
    }
    change(&mut options.connection);
    host().tenant(options)
}

fn first_page() -> PageRequest {
    PageRequest { cursor: None, page_size: None, with_members: false, with_other_ids: false }
}

fn renamed(email: &str) -> ProvisionRequest {
    ProvisionRequest { first_name: Some("Renamed".into()), ..arrival(email) }
}

fn members(group: &str, add: &[&str], remove: &[&str]) -> ChangeGroupRequest {
    ChangeGroupRequest {
        add_members: add.iter().copied().map(new_member).collect(),
        remove_members: remove.iter().copied().map(by_email).collect(),
        ..changing(named(group))
    }
}

fn legal() -> EnsureGroupRequest {
    ensuring("Legal")
}

fn removal(group: &str) -> RemoveGroupRequest {
    removing(named(group), false)
}

/// Covers every code of the list, and no other code occurs.
#[tokio::test]
async fn every_error_code_has_the_details_of_the_contract() {
    let mut table = Table::default();
    environment(&mut table).await;
    addresses(&mut table).await;
    denied_by_the_server(&mut table).await;
    scopes(&mut table).await;
    input(&mut table).await;
    missing(&mut table).await;
    conflicts(&mut table).await;
    refusals(&mut table).await;
    unsupported(&mut table).await;
    failures(&mut table).await;
    forbidden(&mut table).await;
    let known: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str().to_owned()).collect();
    assert_eq!(table.codes, known);
}

async fn environment(table: &mut Table) {
    let mock = Mock::start(Options::default()).await.expect("a mock");
    let token = [("RETOOL_API_TOKEN", mock.token())];
    let denied = Expected { case: "permanent denied", ..Expected::default() };

    let missing = Expected { code: "token-missing", ..denied };
    let unset = tenant(&mock, &[], |_| {});
    let says = &["RETOOL_API_TOKEN"][..];
    table.expect(
        "unset",
        failed(unset.find_user(&by_email(JOAN)).await),
        Expected { says, ..missing },
    );
    let empty = tenant(&mock, &[("RETOOL_API_TOKEN", "")], |_| {});
    table.expect(
        "empty",
        failed(empty.find_user(&by_email(JOAN)).await),
        Expected { says, ..missing },
    );
    let other = tenant(&mock, &token, |connection| {
        connection.api_token_variable = Some("RETOOL_ACME".into());
    });
    let says = &["RETOOL_ACME"][..];
    table.expect(
        "another",
        failed(other.find_user(&by_email(JOAN)).await),
        Expected { says, ..missing },
    );

    let refused = Expected { code: "variable-refused", says: &["RETOOL_"], ..denied };
    for name in ["AWS_SECRET_ACCESS_KEY", "PATH", "RETOOL_", "retool_api_token", ""] {
        let env = [("AWS_SECRET_ACCESS_KEY", "s3cret"), ("PATH", "s3cret"), ("", "s3cret")];
        let other = tenant(&mock, &env, |connection| {
            connection.api_token_variable = Some(name.into());
        });
        table.expect(name, failed(other.find_user(&by_email(JOAN)).await), refused);
    }

    let invalid = Expected { code: "token-invalid", says: &["RETOOL_API_TOKEN"], ..denied };
    for token in ["mock-token\n", " mock-token", "mock\ttoken", "möck-token", "a\r\nHost: evil"] {
        let bad = tenant(&mock, &[("RETOOL_API_TOKEN", token)], |_| {});
        table.expect(token, failed(bad.find_user(&by_email(JOAN)).await), invalid);
    }

    let settings = [
        ("RETOOL_DEADLINE_MS", "0"),
        ("RETOOL_DEADLINE_MS", "3600001"),
        ("RETOOL_WINDOW", "65"),
        ("RETOOL_PAGE_SIZE", "1001"),
        ("RETOOL_MAX_BODY_BYTES", "1"),
        ("RETOOL_MAX_ATTEMPTS", "0"),
        ("RETOOL_MAX_ATTEMPTS", "many"),
        ("RETOOL_WINDOW", ""),
        ("RETOOL_WINDOW", "-1"),
    ];
    for (name, value) in settings {
        let bad = tenant(&mock, &[token[0], (name, value)], |_| {});
        let says = &[name, "default"][..];
        let expected = Expected { code: "setting-invalid", says, ..denied };
        table.expect(name, failed(bad.find_user(&by_email(JOAN)).await), expected);
    }
    assert_eq!(mock.requests(), []);
}

async fn addresses(table: &mut Table) {
    let mock = Mock::start(Options::default()).await.expect("a mock");
    let host = mock.base_url();
    let host = host.strip_prefix("http://").expect("plain HTTP");
    let denied = Expected {
        case: "permanent denied",
        field: Some("connection.base-url"),
        ..Expected::default()
    };
    let at = |base_url: &str| {
        tenant(&mock, &[("RETOOL_API_TOKEN", mock.token())], |connection| {
            connection.base_url = base_url.to_owned();
        })
    };
    let invalid = [
        String::new(),
        "acme.retool.com".into(),
        "ftp://acme.retool.com".into(),
        "https://".into(),
        "https://acme .retool.com".into(),
        format!("http://admin:hunter2@{host}"),
        format!("http://{host}/?token=hunter2"),
        format!("http://{host}#fragment"),
        format!("http://{host}/a/../b"),
        format!("http://{host}/api/v2"),
        format!("http://{host}/api/v1"),
        "https://acme.retool.com:99999".into(),
        "https://127.1".into(),
    ];
    for address in invalid {
        let error = failed(at(&address).find_user(&by_email(JOAN)).await);
        assert!(!error.1.message.contains("hunter2"), "{}", error.1.message);
        let expected = Expected { code: "base-url-invalid", says: &["https://"], ..denied };
        table.expect(&address, error, expected);
    }
    for address in
        ["http://acme.retool.com", "HTTP://10.0.0.7:3000", "http://127.0.0.1.evil.example"]
    {
        let expected = Expected { code: "https-required", says: &["https://"], ..denied };
        table.expect(address, failed(at(address).find_user(&by_email(JOAN)).await), expected);
        // A check of the connection sends nothing either.
        table.expect(address, failed(at(address).check_connection().await), expected);
    }
    assert_eq!(mock.requests(), []);
}

async fn denied_by_the_server(table: &mut Table) {
    let world = World::acme().await;
    let mock = &world.mock;
    let denied = Expected { case: "permanent denied", attempts: 1, ..Expected::default() };

    let other = tenant(mock, &[("RETOOL_API_TOKEN", "another")], |_| {});
    let rejected = Expected { code: "token-rejected", status: Some(401), says: &["401"], ..denied };
    let expected = Expected { request: Some(LIST_USERS), subject: Some(JOAN), ..rejected };
    table.expect("find", failed(other.find_user(&by_email(JOAN)).await), expected);
    let expected = Expected { request: Some(LIST_INVITES), ..rejected };
    table.expect("page", failed(other.page_users(&first_page()).await), expected);
    table.expect("plan", failed(other.plan_sync(&current_roster(&world)).await), expected);
    let expected = Expected { request: Some(LIST_GROUPS), ..rejected };
    table.expect("groups", failed(other.page_groups(&first_page()).await), expected);

    let misdirected = tenant(mock, &[("RETOOL_API_TOKEN", mock.token())], |connection| {
        connection.base_url += "/wrong/place/";
    });
    let wrong =
        Expected { code: "base-url-wrong", status: Some(404), says: &["base URL"], ..denied };
    let expected = Expected { request: Some(LIST_USERS), subject: Some(JOAN), ..wrong };
    table.expect("find", failed(misdirected.find_user(&by_email(JOAN)).await), expected);
    let gone = departure(JOAN, DeprovisionMode::Delete);
    table.expect("deprovision", failed(misdirected.deprovision(&gone).await), expected);
    let expected = Expected { subject: Some(NEW), ..expected };
    table.expect("provision", failed(misdirected.provision(&new_user(NEW)).await), expected);
    let expected = Expected { request: Some(LIST_USERS), ..wrong };
    table.expect("sync", failed(misdirected.sync(&current_roster(&world)).await), expected);
    let expected = Expected { request: Some(LIST_GROUPS), ..wrong };
    table.expect("ensure", failed(misdirected.ensure_group(&legal()).await), expected);

    mock.inject(Fault::new(FaultKind::Redirect("https://elsewhere.example".into())));
    let expected = Expected {
        code: "redirected",
        status: Some(302),
        request: Some(LIST_USERS),
        subject: Some(JOAN),
        says: &["base URL"],
        ..denied
    };
    table.expect("redirect", failed(world.tenant.find_user(&by_email(JOAN)).await), expected);
}

async fn scopes(table: &mut Table) {
    async fn without(scope: Scope) -> World {
        let scopes = Scope::ALL.into_iter().filter(|other| *other != scope).collect();
        World::acme_with(Options { scopes, ..Options::default() }).await
    }
    let lacking = Expected {
        case: "permanent denied",
        code: "scope-missing",
        status: Some(403),
        attempts: 1,
        ..Expected::default()
    };

    let world = without(Scope::UsersRead).await;
    let tenant = &world.tenant;
    let expected = Expected { request: Some(LIST_INVITES), says: &["users:read"], ..lacking };
    table.expect("plan", failed(tenant.plan_sync(&current_roster(&world)).await), expected);
    table.expect("page", failed(tenant.page_users(&first_page()).await), expected);
    let expected = Expected { request: Some(LIST_USERS), subject: Some(JOAN), ..expected };
    table.expect("find", failed(tenant.find_user(&by_email(JOAN)).await), expected);

    let world = without(Scope::UsersWrite).await;
    let tenant = &world.tenant;
    let expected = Expected { says: &["users:write"], ..lacking };
    let create = Expected { request: Some(CREATE_USER), subject: Some(NEW), ..expected };
    table.expect("create", failed(tenant.provision(&new_user(NEW)).await), create);
    let update = Expected { request: Some(WRITE_USER), subject: Some(JOAN), ..expected };
    table.expect("update", failed(tenant.provision(&renamed(JOAN)).await), update);
    let disable = departure(JOAN, DeprovisionMode::Disable);
    table.expect("disable", failed(tenant.deprovision(&disable).await), update);
    let delete = Expected { request: Some(DELETE_USER), subject: Some(JOAN), ..expected };
    let gone = departure(JOAN, DeprovisionMode::Delete);
    table.expect("delete", failed(tenant.deprovision(&gone).await), delete);

    let world = without(Scope::GroupsRead).await;
    let tenant = &world.tenant;
    let expected = Expected { request: Some(LIST_GROUPS), says: &["groups:read"], ..lacking };
    table.expect("groups", failed(tenant.page_groups(&first_page()).await), expected);
    table.expect("plan", failed(tenant.plan_sync(&current_roster(&world)).await), expected);
    let mut joining = new_user(NEW);
    joining.groups = memberships([named("Support")]);
    table.expect("join", failed(tenant.provision(&joining).await), expected);
    assert!(!world.has(NEW), "it fails before anything is written");

    let world = without(Scope::GroupsWrite).await;
    let tenant = &world.tenant;
    let expected = Expected { says: &["groups:write"], ..lacking };
    let create = Expected { request: Some(CREATE_GROUP), subject: Some("Legal"), ..expected };
    table.expect("ensure", failed(tenant.ensure_group(&legal()).await), create);
    let delete = Expected { request: Some(DELETE_GROUP), subject: Some("Finance"), ..expected };
    table.expect("remove", failed(tenant.remove_group(&removal("Finance")).await), delete);
    let update = Expected { request: Some(WRITE_GROUP), subject: Some("Finance"), ..expected };
    let rename =
        ChangeGroupRequest { new_name: Some("Money".into()), ..members("Finance", &[], &[]) };
    table.expect("rename", failed(tenant.change_group(&rename).await), update);
    let add = Expected { request: Some(ADD_MEMBER), subject: Some(JOAN), ..expected };
    let adding = members("Finance", &[JOAN], &[]);
    table.expect("add", failed(tenant.change_group(&adding).await), add);
    let remove = Expected { request: Some(REMOVE_MEMBER), subject: Some(JOAN), ..expected };
    let removing = members("Support", &[], &[JOAN]);
    table.expect("remove member", failed(tenant.change_group(&removing).await), remove);
}

/// One case of each code. The module `input` has the others.
async fn input(table: &mut Table) {
    let world = World::acme().await;
    let tenant = &world.tenant;
    let invalid = Expected { case: "permanent invalid-input", ..Expected::default() };
    let page = |cursor: Option<&str>, page_size| PageRequest {
        cursor: cursor.map(str::to_owned),
        page_size,
        ..first_page()
    };

    let expected = Expected { code: "invalid-email", field: Some("user.email"), ..invalid };
    table.expect("email", failed(tenant.find_user(&by_email("nobody")).await), expected);
    let mut request = new_user(NEW);
    request.first_name = Some("x".repeat(10_000));
    let expected = Expected { code: "invalid-text", field: Some("request.first-name"), ..invalid };
    table.expect("name", failed(tenant.provision(&request).await), expected);
    let days = departure(JOAN, DeprovisionMode::DeleteOnceDisabled(0));
    let expected = Expected { code: "invalid-value", field: Some("request.mode"), ..invalid };
    table.expect("days", failed(tenant.deprovision(&days).await), expected);
    let request = roster(vec![entry(JOAN), entry("Joan@Acme.Example")]);
    let expected = Expected {
        code: "duplicate-person",
        field: Some("request.roster[1].user.email"),
        subject: Some("Joan@Acme.Example"),
        says: &["request.roster[0]"],
        ..invalid
    };
    table.expect("twice", failed(tenant.sync(&request).await), expected);
    let mut request = new_user(NEW);
    request.groups = memberships([named("Support"), named(" Support ")]);
    let expected =
        Expected { code: "duplicate-group", field: Some("request.groups[1]"), ..invalid };
    table.expect("group twice", failed(tenant.provision(&request).await), expected);
    request.groups = memberships([named("Support"), numbered(5)]);
    let expected =
        Expected { code: "group-by-name-and-id", field: Some("request.groups[1]"), ..invalid };
    table.expect("both ways", failed(tenant.provision(&request).await), expected);
    let mut request = roster(vec![entry(JOAN)]);
    request.span = Some(host_test::retool::synchronization::EmailSpan {
        start: Some("k".into()),
        before: None,
    });
    let expected = Expected {
        code: "outside-span",
        field: Some("request.roster[0].user.email"),
        subject: Some(JOAN),
        ..invalid
    };
    table.expect("span", failed(tenant.plan_sync(&request).await), expected);
    let expected =
        Expected { code: "page-size-out-of-range", field: Some("page.page-size"), ..invalid };
    table.expect("page", failed(tenant.page_users(&page(None, Some(0))).await), expected);
    let expected = Expected { code: "cursor-invalid", field: Some("page.cursor"), ..invalid };
    table.expect("cursor", failed(tenant.page_users(&page(Some("?"), None)).await), expected);
    let expected = Expected { code: "step-invalid", field: Some("step.user"), ..invalid };
    let step = step(&world.mock, StepKind::UpdateUser, JOAN, None);
    table.expect("step", failed(tenant.apply_step(&step).await), expected);
    assert_eq!(world.requests(), [""; 0]);

    // This is the only one that depends on the existing users.
    let mut request = new_user(NEW);
    request.user_type = None;
    let expected = Expected {
        code: "user-type-required",
        field: Some("request.user-type"),
        subject: Some(NEW),
        ..invalid
    };
    table.expect("seat", failed(tenant.provision(&request).await), expected);
    assert_eq!(world.writes(), []);
}

async fn missing(table: &mut Table) {
    let world = World::acme().await;
    let tenant = &world.tenant;
    let missing = Expected { case: "permanent not-found", ..Expected::default() };
    let mut request = new_user(NEW);
    request.create_missing = false;
    let expected = Expected { code: "user-not-found", subject: Some(NEW), ..missing };
    table.expect("user", failed(tenant.provision(&request).await), expected);
    let adding = members("Finance", &[NEW], &[]);
    table.expect("member", failed(tenant.change_group(&adding).await), expected);

    let mut request = new_user(NEW);
    request.groups = memberships([named("Legal")]);
    let expected = Expected { code: "group-not-found", subject: Some("Legal"), ..missing };
    table.expect("by name", failed(tenant.provision(&request).await), expected);
    let changing = members("Legal", &[], &[]);
    table.expect("change", failed(tenant.change_group(&changing).await), expected);
    let mut request = current_roster(&world);
    request.roster[0].groups.push(membership(named("Legal")));
    request.policy.create_missing_groups = false;
    table.expect("sync", failed(tenant.sync(&request).await), expected);
    let mut request = new_user(NEW);
    request.groups = memberships([numbered(4711)]);
    request.create_missing_groups = true;
    let expected = Expected { subject: Some("4711"), ..expected };
    table.expect("by id", failed(tenant.provision(&request).await), expected);

    let mut request = arrival(JOAN);
    request.attributes = vec![Attribute { name: "team".into(), value: "blue".into() }];
    let expected = Expected {
        code: "attribute-not-found",
        subject: Some(JOAN),
        field: Some("request.attributes"),
        says: &["team"],
        ..missing
    };
    table.expect("attribute", failed(tenant.provision(&request).await), expected);
    assert_eq!(world.writes(), []);
}

async fn conflicts(table: &mut Table) {
    let conflict = Expected { case: "permanent conflict", ..Expected::default() };

    let world = World::acme().await;
    world.mock.edit(|acme| {
        let double = acme.user_by_email(JOAN).expect("Joan").clone();
        acme.users.push(User { id: "another".into(), email: "JOAN@acme.example".into(), ..double });
        acme.create_group(Group::new("Support"));
    });
    let expected = Expected { code: "ambiguous-user", subject: Some(JOAN), ..conflict };
    table.expect("two people", failed(world.tenant.find_user(&by_email(JOAN)).await), expected);
    table.expect("two people", failed(world.tenant.provision(&renamed(JOAN)).await), expected);
    let gone = departure(JOAN, DeprovisionMode::Delete);
    table.expect("two people", failed(world.tenant.deprovision(&gone).await), expected);
    let expected = Expected { code: "ambiguous-group", subject: Some("Support"), ..conflict };
    let ensure = ensuring("Support");
    table.expect("two groups", failed(world.tenant.ensure_group(&ensure).await), expected);
    table.expect(
        "two groups",
        failed(world.tenant.remove_group(&removal("Support")).await),
        expected,
    );
    let mut joining = new_user(NEW);
    joining.groups = memberships([named("Support")]);
    table.expect("two groups", failed(world.tenant.provision(&joining).await), expected);
    assert_eq!(world.writes(), []);

    let world = World::acme().await;
    let expected = Expected {
        code: "similar-group",
        subject: Some("support"),
        says: &["Support", "support"],
        ..conflict
    };
    let similar = failed(world.tenant.ensure_group(&ensuring("support")).await);
    table.expect("a similar group", similar, expected);

    let listing = ListingOptions { odd_records: vec![GRACE.into()], ..ListingOptions::default() };
    let world = World::acme_with(Options { listing, ..Options::default() }).await;
    let expected = Expected { code: "record-unreadable", subject: Some(GRACE), ..conflict };
    let gone = departure(GRACE, DeprovisionMode::Disable);
    table.expect("an odd record", failed(world.tenant.deprovision(&gone).await), expected);

    let world = World::acme().await;
    let mut gone = departure(JOAN, DeprovisionMode::Delete);
    gone.expected_id = Some(world.user_id(GRACE));
    let expected = Expected {
        code: "wrong-person",
        subject: Some(JOAN),
        field: Some("request.expected-id"),
        ..conflict
    };
    table.expect("another id", failed(world.tenant.deprovision(&gone).await), expected);
    let rename =
        ChangeGroupRequest { new_name: Some("Support".into()), ..members("Finance", &[], &[]) };
    let expected = Expected { code: "name-taken", subject: Some("Support"), ..conflict };
    table.expect("name", failed(world.tenant.change_group(&rename).await), expected);
    assert_eq!(world.writes(), []);

    // The mock does not let a built-in group be renamed, and says so.
    let rename =
        ChangeGroupRequest { new_name: Some("Editors".into()), ..members("editor", &[], &[]) };
    let expected = Expected {
        code: "server-refused",
        request: Some(WRITE_GROUP),
        status: Some(400),
        attempts: 1,
        subject: Some("editor"),
        says: &["400", "The server says: A built-in group"],
        ..conflict
    };
    table.expect("built in", failed(world.tenant.change_group(&rename).await), expected);

    let world = World::acme().await;
    world.mock.inject(Fault::new(FaultKind::StaleReads { requests: 1000 }));
    let mut joining = arrival(GRACE);
    joining.groups = memberships([named("Finance")]);
    let expected =
        Expected { code: "not-verified", subject: Some(GRACE), says: &["Finance"], ..conflict };
    table.expect("not held", failed(world.tenant.provision(&joining).await), expected);
}

async fn refusals(table: &mut Table) {
    let world = World::acme().await;
    let tenant = &world.tenant;
    let refused = Expected { case: "permanent refused", ..Expected::default() };

    // Two users to remove. Over `/api/v2` Ken is not one, because he is disabled.
    world.add("max@acme.example", &[]);
    let mut request = roster(vec![entry(ADA), entry(GRACE)]);
    request.policy.absent = AbsentPolicy::Delete;
    limit(&mut request.policy.guards.user_removals).percent = Some(0);
    limit(&mut request.policy.guards.user_removals).floor = Some(1);
    let tripped = Expected { code: "guard-tripped", ..refused };
    let expected = Expected { says: &["2 of 4 enabled people", "limit is 1"], ..tripped };
    table.expect("guard", failed(tenant.sync(&request).await), expected);
    let expected = Expected { says: &["3 people", "limit is 1"], ..tripped };
    table.expect("v1 guard", failed(world.over(Dialect::V1).sync(&request).await), expected);

    let plan = done(tenant.plan_sync(&roster(vec![entry(ADA)])).await);
    let asked = requests::apply_plan(plan.clone(), plan.digest);
    let mut altered = asked.clone();
    altered.plan.unchanged += 1;
    let expected = Expected { code: "plan-changed", field: Some("request.plan"), ..refused };
    table.expect("altered", failed(tenant.apply_plan(&altered).await), expected);
    let other = World::acme().await;
    let (code, field) = ("wrong-organisation", Some("request.plan.organisation"));
    let expected = Expected { code, field, ..refused };
    table.expect("elsewhere", failed(other.tenant.apply_plan(&asked).await), expected);
    let (code, field) = ("wrong-dialect", Some("request.plan.dialect"));
    let expected = Expected { code, field, ..refused };
    table.expect("dialect", failed(world.over(Dialect::V1).apply_plan(&asked).await), expected);

    let mut gone = departure(JOAN, DeprovisionMode::Delete);
    gone.protected_people = vec![by_email("JOAN@acme.example")];
    let expected = Expected { code: "protected-person", subject: Some(JOAN), ..refused };
    table.expect("protected", failed(tenant.deprovision(&gone).await), expected);

    let mut gone = departure(ADA, DeprovisionMode::Disable);
    gone.minimum_admins = Some(2);
    let field = Some("request.minimum-admins");
    let expected = Expected { code: "last-admin", subject: Some(ADA), field, ..refused };
    table.expect("last", failed(tenant.deprovision(&gone).await), expected);

    let mut back = arrival(KEN);
    back.re_enable_disabled = false;
    let expected = Expected { code: "user-disabled", subject: Some(KEN), ..refused };
    table.expect("disabled", failed(tenant.provision(&back).await), expected);

    let expected = Expected {
        code: "group-has-members",
        subject: Some("Support"),
        says: &["3 members"],
        ..refused
    };
    table.expect("members", failed(tenant.remove_group(&removal("Support")).await), expected);
    assert_eq!(world.writes(), []);
}

async fn unsupported(table: &mut Table) {
    let world = World::acme().await;
    let mock = &world.mock;
    let unsupported = Expected { case: "permanent unsupported", ..Expected::default() };
    let expected = Expected { code: "operation-unsupported", ..unsupported };
    let user_type = Expected { field: Some("request.user-type"), subject: Some(NEW), ..expected };
    let mut end_user = new_user(NEW);
    end_user.user_type = Some(UserType::EndUser);
    let expected = Expected { says: &["end-user"], ..user_type };
    table.expect("end user", failed(world.tenant.provision(&end_user).await), expected);
    let mut mobile = new_user(NEW);
    mobile.user_type = Some(UserType::Mobile);
    let expected = Expected { says: &["mobile"], ..user_type };
    table.expect("mobile", failed(world.over(Dialect::V1).provision(&mobile).await), expected);
    assert_eq!(world.requests(), [""; 0]);

    // /api/v2 can't make a user an administrator.
    let mut admin = arrival(JOAN);
    admin.admin = Some(true);
    let expected = Expected {
        field: Some("request.admin"),
        subject: Some(JOAN),
        says: &["admin"],
        ..expected
    };
    table.expect("admin", failed(world.tenant.provision(&admin).await), expected);
    let mut nameless = new_user(NEW);
    nameless.last_name = None;
    let expected = Expected {
        case: "permanent invalid-input",
        code: "name-required",
        field: Some("request.last-name"),
        subject: Some(NEW),
        ..Expected::default()
    };
    table.expect("nameless", failed(world.tenant.provision(&nameless).await), expected);

    // The server has no SCIM.
    let bare = World::acme_with(Options { scim_not_configured: true, ..Options::default() }).await;
    let scim = tenant(&bare.mock, &[("RETOOL_SCIM_TOKEN", bare.mock.scim_token())], |connection| {
        connection.dialect = Dialect::Scim;
    });
    let expected = Expected {
        code: "scim-unavailable",
        request: Some("GET /api/scim/v2/Users"),
        status: Some(404),
        attempts: 1,
        subject: Some(JOAN),
        says: &["2.32.1", "SSO"],
        ..unsupported
    };
    table.expect("scim", failed(scim.find_user(&by_email(JOAN)).await), expected);
    assert!(world.writes().is_empty());
    world.requests();

    // `auto` fails closed: it asks the server, and does not guess.
    let misdirected = tenant(mock, &[("RETOOL_API_TOKEN", mock.token())], |connection| {
        connection.base_url += "/wrong";
        connection.dialect = Dialect::Auto;
    });
    let base_url = format!("{}/wrong", mock.base_url());
    let expected = Expected {
        code: "dialect-unsupported",
        request: Some("GET /api/v1/users"),
        status: Some(404),
        attempts: 1,
        subject: Some(&base_url),
        says: &["/api/v1", "base URL"],
        ..unsupported
    };
    table.expect("auto", failed(misdirected.provision(&new_user(NEW)).await), expected);
    assert_eq!(world.requests(), ["GET /wrong/api/v2/users", "GET /wrong/api/v1/users"]);
}

async fn failures(table: &mut Table) {
    let world = World::acme().await;
    world.mock.inject(Fault { method: Some("POST".into()), ..Fault::new(FaultKind::LoseReply) });
    let mut request = arrival(NEW);
    request.create_missing = true;
    (request.first_name, request.last_name, request.user_type) = (None, None, None);
    request.way_in = Some(WayIn::Invitation);
    request.skip_lookup = Some(true);
    let expected = Expected {
        case: "permanent conflict",
        code: "outcome-unknown",
        request: Some("POST /api/v2/user_invites"),
        attempts: 1,
        subject: Some(NEW),
        says: &["twice"],
        ..Expected::default()
    };
    table.expect("unseen", failed(world.tenant.provision(&request).await), expected);

    let at_users = Expected {
        case: "transient unavailable",
        request: Some(LIST_USERS),
        subject: Some(JOAN),
        ..Expected::default()
    };
    let cases = [
        (
            status(500),
            Expected { code: "server-error", status: Some(500), attempts: 3, ..at_users },
        ),
        (FaultKind::Reset, Expected { code: "connection-failed", attempts: 3, ..at_users }),
        (
            FaultKind::Html200,
            Expected {
                case: "permanent unsupported",
                code: "html-page",
                status: Some(200),
                attempts: 1,
                says: &["plan", "proxy", "base URL"],
                ..at_users
            },
        ),
        (
            FaultKind::InvalidJson,
            Expected { code: "answer-unusable", status: Some(200), attempts: 1, ..at_users },
        ),
        // The filter may have been ignored, so the list of all users is requested next, by page.
        // That request is not about one user.
        (
            FaultKind::HugeBody(9 << 20),
            Expected { code: "body-too-large", attempts: 1, subject: None, ..at_users },
        ),
        (
            FaultKind::Drip { bytes_per_tick: 1, tick: Duration::from_millis(50) },
            Expected { code: "deadline-exceeded", attempts: 1, ..at_users },
        ),
        (
            status_after(429, "3600"),
            Expected {
                case: "transient rate-limited",
                code: "rate-limited",
                status: Some(429),
                attempts: 1,
                ..at_users
            },
        ),
    ];
    for (kind, expected) in cases {
        let world = World::acme().await;
        let hurried = [("RETOOL_DEADLINE_MS", "900")];
        let late = expected.code == "deadline-exceeded";
        let tenant = world.tenant_with(if late { &hurried } else { &[] });
        world.mock.inject(Fault::new(kind.clone()));
        table.expect(
            &format!("{kind:?}"),
            failed(tenant.find_user(&by_email(JOAN)).await),
            expected,
        );
    }
    let world = World::acme().await;
    let stop = CancellationToken::new();
    stop.cancel();
    let tenant = world.tenant.with_stop(stop);
    let expected = Expected { code: "call-stopped", attempts: 0, ..at_users };
    // While other tests have every place of the host, the host itself ends the call.
    let answer = loop {
        match tenant.find_user(&by_email(JOAN)).await {
            Err(HostError::Stopped { .. }) => tokio::task::yield_now().await,
            answer => break answer,
        }
    };
    table.expect("stopped", failed(answer), expected);
    assert!(world.mock.requests().is_empty());

    let world = World::acme_over(Dialect::V1).await;
    world.mock.inject(Fault::new(FaultKind::HugeBody(9 << 20)));
    let expected = Expected {
        code: "body-too-large",
        attempts: 1,
        request: Some("GET /api/v1/users"),
        ..at_users
    };
    table.expect("v1 body", failed(world.tenant.find_user(&by_email(JOAN)).await), expected);

    let world = World::with(Options { users: 60, ..Options::default() }).await;
    // So low a limit that the users are read by page.
    let env = [("RETOOL_PAGE_SIZE", "10"), ("RETOOL_MAX_BODY_BYTES", "20000")];
    let tenant = world.tenant_with(&env);
    world.mock.inject(Fault::new(FaultKind::RepeatPage));
    let expected = Expected {
        case: "transient unavailable",
        code: "listing-incomplete",
        subject: Some("users"),
        ..Expected::default()
    };
    table.expect("pages", failed(tenant.plan_sync(&current_roster(&world)).await), expected);
}

/// The server, or something in between, does not let the request pass.
async fn forbidden(table: &mut Table) {
    let at_users = Expected {
        case: "permanent denied",
        request: Some(LIST_USERS),
        status: Some(403),
        attempts: 1,
        subject: Some(JOAN),
        ..Expected::default()
    };
    let conflict = Expected { case: "permanent conflict", ..at_users };
    let cases = [
        (status(403), Expected { code: "forbidden", says: &["users:read", "proxy"], ..at_users }),
        (
            FaultKind::Forbidden(Forbidden::Address),
            Expected { code: "access-blocked", says: &["address"], ..at_users },
        ),
        (
            status(407),
            Expected { code: "access-blocked", status: Some(407), says: &["proxy"], ..at_users },
        ),
        (
            FaultKind::Forbidden(Forbidden::Seats),
            Expected { code: "seat-limit", says: &["seat"], ..conflict },
        ),
        (
            FaultKind::Forbidden(Forbidden::LastOwner),
            Expected { code: "last-owner", says: &["owner"], ..conflict },
        ),
    ];
    for (kind, expected) in cases {
        let world = World::acme().await;
        world.mock.inject(Fault::new(kind.clone()));
        let failure = failed(world.tenant.find_user(&by_email(JOAN)).await);
        table.expect(&format!("{kind:?}"), failure, expected);
    }
}

fn step(mock: &Mock, kind: StepKind, email: &str, user: Option<&str>) -> Step {
    Step {
        kind,
        organisation: mock.base_url(),
        dialect: Dialect::V2,
        minimum_admins: 2,
        required_admins: Vec::new(),
        email: Some(email.into()),
        user: user.map(|id| UserId::V2(id.into())),
        group_name: None,
        group: None,
        group_admin: None,
        changes: Vec::new(),
        precondition: String::new(),
    }
}

#[tokio::test]
async fn auto_finds_the_dialect_of_the_server() {
    use mock_retool::Dialect::{V1, V2};
    for (served, spoken) in [(vec![V1, V2], Dialect::V2), (vec![V1], Dialect::V1)] {
        let world = World::acme_with(Options { dialects: served, ..Options::default() }).await;
        let mock = &world.mock;
        let auto = tenant(mock, &[("RETOOL_API_TOKEN", mock.token())], |connection| {
            connection.dialect = Dialect::Auto;
        });
        let mut request = current_roster(&world);
        request.policy.guards.minimum_admins = Some(0);
        for person in &mut request.roster {
            person.user_type = None;
        }
        assert_eq!(done(auto.plan_sync(&request).await).dialect, spoken);
        assert!(done(auto.find_user(&by_email(JOAN)).await).is_some());
    }
}

/// Another server at the base URL is not taken for Retool.
#[tokio::test]
async fn auto_does_not_guess() {
    let world = World::acme().await;
    let mock = &world.mock;
    let auto = tenant(mock, &[("RETOOL_API_TOKEN", mock.token())], |connection| {
        connection.dialect = Dialect::Auto;
    });
    for (kind, case) in [
        (status(404), "permanent unsupported"),
        (FaultKind::Html200, "permanent unsupported"),
        (FaultKind::Redirect("/login".into()), "permanent denied"),
        (status(401), "permanent denied"),
        (status(500), "transient unavailable"),
    ] {
        mock.clear_faults();
        mock.inject(Fault::new(kind.clone()));
        let (reported, _) = failed(auto.provision(&new_user(NEW)).await);
        assert_eq!(reported, case, "{kind:?}");
    }
    assert_eq!(world.writes(), []);
    assert!(!world.has(NEW));
}

/// A server at a wrong path answers 404 to every request. This does not mean that a user is gone.
#[tokio::test]
async fn a_wrong_base_url_is_not_taken_for_a_missing_user() {
    let world = World::acme().await;
    let mock = &world.mock;
    let misdirected = tenant(mock, &[("RETOOL_API_TOKEN", mock.token())], |connection| {
        connection.base_url += "/wrong";
    });
    let mut request = roster(vec![entry(ADA), entry(GRACE), entry(KEN)]);
    request.roster[2].first_name = Some("Kenneth".into());
    request.roster[1].groups.push(membership(named("Finance")));
    request.policy.absent = AbsentPolicy::Delete;
    let plan = done(world.tenant.plan_sync(&request).await);
    let mut kinds = BTreeSet::new();
    for step in &plan.steps {
        kinds.insert(format!("{:?}", step.kind));
        // The plan is for the right base URL. This changes it to the wrong one.
        let organisation = format!("{}/wrong", step.organisation);
        let misdirected_step = Step { organisation, ..step.clone() };
        let (case, detail) = failed(misdirected.apply_step(&misdirected_step).await);
        assert_eq!(
            (case, detail.code.as_str()),
            ("permanent denied", "base-url-wrong"),
            "{:?}",
            step.kind
        );
    }
    assert_eq!(kinds.len(), 3, "{kinds:?}");
    for step in &plan.steps {
        done(world.tenant.apply_step(step).await);
    }
    // `/api/v2` can't delete, so the plan disables.
    assert!(world.person(JOAN).is_disabled);
}
