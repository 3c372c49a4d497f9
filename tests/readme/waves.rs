//! Checks the calls in `docs/calls.md`: there is one for every function, and each is parsed as the
//! wasmtime command parses it.

use std::fs;
use std::path::Path;

use host_test::json::from_value;
use host_test::retool::types::{Connection, Dialect, Error};
use host_test::{Tenant, TenantOptions, error_case};
use mock_retool::{Mock, Options};
use wasm_wave::untyped::UntypedFuncCall;
use wasm_wave::value::{FuncType, Value, resolve_wit_func_type};
use wasm_wave::wasm::{WasmFunc, WasmTypeKind, WasmValue};
use wit_parser::{Resolve, WorldItem};

const DOCUMENT: &str = include_str!("../../docs/calls.md");
const BEGIN: &str = "<!-- begin: calls -->\n";
const END: &str = "<!-- end: calls -->";

/// The connection in all calls.
const CONNECTION: &str = r#"{base-url: "http://127.0.0.1:8080", dialect: v1}"#;

/// The calls that fail, with the code: one function is not of `/api/v1`, and the plan's digest stands
/// for one that depends on the mock's address.
const REFUSED: [(&str, &str); 2] =
    [("reset-two-factor", "operation-unsupported"), ("apply-plan", "plan-changed")];

/// Each function, and its arguments after the connection. In this order all calls succeed, except
/// those in [`REFUSED`]. If a call takes what another one returned, it is what a new mock returns.
const CALLS: [(&str, &str); 17] = [
    ("check-connection", ""),
    ("changes-since", "none"),
    (
        "provision",
        r#"{email: "ada@example.com", former-emails: [], first-name: "Ada", last-name: "Byron", user-type: default, attributes: [], clear: [], groups: [{group: name("Engineering")}], create-missing-groups: false, create-missing: true, update-existing: true, re-enable-disabled: false}"#,
    ),
    ("find-user", r#"email("ada@example.com")"#),
    ("page-users", "{page-size: 3, with-members: false, with-other-ids: false}"),
    ("page-groups", "{with-members: true, with-other-ids: false}"),
    (
        "deprovision",
        r#"{user: email("ada@example.com"), mode: disable-and-strip-groups, protected-people: [email("grace@example.com")]}"#,
    ),
    (
        "restore",
        r#"{tombstones: [{base-url: "http://127.0.0.1:8080", user: {id: v1("e03a841d-f2cc-4cc6-a90e-daabb342c312"), other-ids: [], email: "ada@example.com", first-name: "Ada", last-name: "Byron", user-type: default, admin: false, disabled: false, groups: [{id: rest("4"), name: "Engineering"}]}, recorded-at: "2026-01-05T09:00:00Z"}], re-create: false}"#,
    ),
    (
        "plan-sync",
        r#"{roster: [{user: email("ada@example.com"), former-emails: [], attributes: [], clear: [], groups: [{group: name("Weekend")}]}], policy: {create-missing: false, update-existing: true, re-enable-disabled: false, leave-disabled: true, absent: disable-then-delete(30), absence-scope: {domains: ["example.com"], members-of: [], spare-created-within-days: 7}, inactive-for-days: 180, memberships: add, managed-groups: [], create-missing-groups: true, guards: {required-admins: [], protected-people: [], allow-empty-roster: false}}, disabled-since: [{user: v1("e03a841d-f2cc-4cc6-a90e-daabb342c312"), since: "2025-11-01T00:00:00Z"}]}"#,
    ),
    (
        "apply-step",
        r#"{kind: create-group, organisation: "http://127.0.0.1:8080", dialect: v1, minimum-admins: 2, required-admins: [], group-name: "Weekend", changes: [], precondition: "b6a3ce2b88b0ccadbe903930c26530bee13d8120816b71f0116cb7bfcdbdd23b"}"#,
    ),
    (
        "sync",
        r#"{roster: [{user: email("grace@example.com"), former-emails: [], first-name: "Grace", last-name: "Hopper", user-type: end-user, attributes: [], clear: [], groups: [{group: name("Support")}]}], policy: {create-missing: true, update-existing: true, re-enable-disabled: false, absent: keep, memberships: add, managed-groups: [], create-missing-groups: false, guards: {user-removals: {percent: 5}, required-admins: [], protected-people: [], allow-empty-roster: false}}, disabled-since: []}"#,
    ),
    ("ensure-group", r#"{name: "Night", access: [{name: "universal-app-access", value: "use"}]}"#),
    (
        "change-group",
        r#"{group: name("Night"), new-name: "Night shift", access: [], add-members: [{user: email("grace@example.com")}], remove-members: [], protected-people: []}"#,
    ),
    (
        "remove-group",
        r#"{group: name("Night shift"), even-with-members: true, protected-people: []}"#,
    ),
    (
        "plan-deprovision",
        r#"{user: email("grace@example.com"), mode: delete, protected-people: []}"#,
    ),
    ("reset-two-factor", r#"{user: email("grace@example.com")}"#),
    (
        "apply-plan",
        r#"{plan: {digest: "0000000000000000000000000000000000000000000000000000000000000000", inputs-digest: "0000000000000000000000000000000000000000000000000000000000000000", organisation: "http://127.0.0.1:8080", dialect: v1, policy: {create-missing: false, update-existing: true, re-enable-disabled: false, absent: keep, memberships: add, managed-groups: [], create-missing-groups: false, guards: {required-admins: [], protected-people: [], allow-empty-roster: false}}, made-at: "2026-01-05T09:00:00Z", steps: [], withheld: [], tombstones: [], unchanged: 1, refusals: [], seats: [], guards: [], limitations: []}, approved-digest: "0000000000000000000000000000000000000000000000000000000000000000", first: 0}"#,
    ),
];

fn call(function: &str, rest: &str) -> String {
    let arguments = [CONNECTION, rest].into_iter().filter(|argument| !argument.is_empty());
    format!("{function}({})", arguments.collect::<Vec<_>>().join(", "))
}

fn table() -> String {
    let mut table = String::from("| function | call |\n| --- | --- |\n");
    for (function, rest) in CALLS {
        let call = call(function, rest);
        assert!(!call.contains(['|', '`', '\'', '\n']), "`{call}` would need quoting");
        table += &format!("| `{function}` | `{call}` |\n");
    }
    table
}

#[test]
fn the_table_of_calls_matches_the_parsed_calls() {
    let (before, rest) = DOCUMENT.split_once(BEGIN).expect("the beginning of the table");
    let (written, after) = rest.split_once(END).expect("the end of the table");
    let table = table();
    if std::env::var("UPDATE").is_ok_and(|update| update == "1") {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/calls.md");
        fs::write(file, format!("{before}{BEGIN}{table}{END}{after}")).expect("docs/calls.md");
        return;
    }
    assert_eq!(written, table, "`UPDATE=1 cargo test --test readme waves` writes the table");
}

/// Returns every exported function with its type, from `wit/`.
fn functions() -> Vec<(String, FuncType)> {
    let mut resolve = Resolve::default();
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("wit");
    let (package, _) = resolve.push_dir(&wit).expect("the contract");
    let world = resolve.select_world(&[package], Some("plugin")).expect("the world");
    let interfaces = resolve.worlds[world].exports.values().map(|item| match item {
        WorldItem::Interface { id, .. } => &resolve.interfaces[*id],
        _ => panic!("only interfaces are exported"),
    });
    let typed = |(name, function)| {
        (String::clone(name), resolve_wit_func_type(&resolve, function).expect("its type"))
    };
    interfaces.flat_map(|interface| interface.functions.iter().map(typed)).collect()
}

/// Parses a call's arguments as the wasmtime command does.
fn parse(call: &str, function: &FuncType) -> Vec<Value> {
    let parsed = UntypedFuncCall::parse(call).unwrap_or_else(|error| panic!("{call}: {error}"));
    let types: Vec<_> = function.params().collect();
    parsed.to_wasm_params(&types).unwrap_or_else(|error| panic!("{call}: {error}"))
}

#[test]
fn every_function_has_a_call_that_wasmtime_can_parse() {
    let functions = functions();
    assert_eq!(functions.len(), CALLS.len());
    for (name, function) in &functions {
        let row = CALLS.iter().find(|(function, _)| function == name);
        let (_, rest) = row.unwrap_or_else(|| panic!("{name} has no call"));
        assert_eq!(parse(&call(name, rest), function).len(), function.params().count());
    }
}

/// Converts a value to JSON in the form that `host_test::json` reads.
fn json(value: &Value) -> serde_json::Value {
    let snake = |name: &str| name.replace('-', "_");
    match value.kind() {
        WasmTypeKind::Bool => value.unwrap_bool().into(),
        WasmTypeKind::U32 => value.unwrap_u32().into(),
        WasmTypeKind::String => value.unwrap_string().into(),
        WasmTypeKind::Enum => value.unwrap_enum().into(),
        WasmTypeKind::Option => value.unwrap_option().map_or(serde_json::Value::Null, |v| json(&v)),
        WasmTypeKind::List => value.unwrap_list().map(|item| json(&item)).collect(),
        WasmTypeKind::Record => {
            value.unwrap_record().map(|(name, field)| (snake(&name), json(&field))).collect()
        }
        WasmTypeKind::Variant => match value.unwrap_variant() {
            (case, Some(payload)) => serde_json::json!({ case: json(&payload) }),
            (case, None) => case.into(),
        },
        kind => panic!("the calls have no {kind}"),
    }
}

/// Returns the argument after the connection.
fn argument<T: serde::de::DeserializeOwned>(arguments: &[Value]) -> T {
    from_value(json(&arguments[1])).expect("a request")
}

/// Makes a call of a function. Returns its error.
async fn failure(tenant: &Tenant, name: &str, with: &[Value]) -> Option<Error> {
    let failed = match name {
        "check-connection" => tenant.check_connection().await.map(|r| r.err()),
        "changes-since" => {
            tenant.changes_since(argument::<Option<String>>(with).as_deref()).await.map(|r| r.err())
        }
        "provision" => tenant.provision(&argument(with)).await.map(|r| r.err()),
        "find-user" => tenant.find_user(&argument(with)).await.map(|r| r.err()),
        "page-users" => tenant.page_users(&argument(with)).await.map(|r| r.err()),
        "page-groups" => tenant.page_groups(&argument(with)).await.map(|r| r.err()),
        "deprovision" => tenant.deprovision(&argument(with)).await.map(|r| r.err()),
        "plan-deprovision" => tenant.plan_deprovision(&argument(with)).await.map(|r| r.err()),
        "restore" => tenant.restore(&argument(with)).await.map(|r| r.err()),
        "reset-two-factor" => tenant.reset_two_factor(&argument(with)).await.map(|r| r.err()),
        "plan-sync" => tenant.plan_sync(&argument(with)).await.map(|r| r.err()),
        "apply-step" => tenant.apply_step(&argument(with)).await.map(|r| r.err()),
        "sync" => tenant.sync(&argument(with)).await.map(|r| r.err()),
        "apply-plan" => tenant.apply_plan(&argument(with)).await.map(|r| r.err()),
        "ensure-group" => tenant.ensure_group(&argument(with)).await.map(|r| r.err()),
        "change-group" => tenant.change_group(&argument(with)).await.map(|r| r.err()),
        "remove-group" => tenant.remove_group(&argument(with)).await.map(|r| r.err()),
        _ => panic!("{name} is not called"),
    };
    failed.expect("an answer")
}

#[tokio::test]
async fn the_calls_succeed_in_their_order() {
    let mock = Mock::start(Options::default()).await.expect("a mock server");
    let options = TenantOptions::new(mock.base_url())
        .dialect(Dialect::V1)
        .env("RETOOL_API_TOKEN", mock.token());
    let tenant = &crate::support::host().tenant(options);
    let functions = functions();
    for (name, rest) in CALLS {
        let call = call(name, rest).replace("http://127.0.0.1:8080", &mock.base_url());
        let (_, function) = functions.iter().find(|(of, _)| of == name).expect("a function");
        let failed = failure(tenant, name, &parse(&call, function)).await;
        let code =
            failed.as_ref().and_then(|error| error_case(error).1).map(|detail| &*detail.code);
        let expected = REFUSED.iter().find(|(of, _)| *of == name).map(|(_, code)| *code);
        assert_eq!(code, expected, "{call}: {failed:?}");
    }
}

#[tokio::test]
async fn the_calls_by_what_they_do_succeed_in_their_order() {
    let mock = Mock::start(Options::default()).await.expect("a mock server");
    let functions = functions();
    let (_, section) = DOCUMENT.split_once("## Calls by what they do").expect("the section");
    let calls: Vec<&str> = { section.lines() }
        .filter(|line| line.starts_with("| "))
        .filter_map(|line| line.split('`').nth(1))
        .collect();
    assert!(calls.len() >= 10, "{}", calls.len());
    for call in calls {
        assert!(!call.contains(['|', '\'']), "{call} would need quoting");
        let (name, _) = call.split_once('(').expect("a call");
        let call = call.replace("http://127.0.0.1:8080", &mock.base_url());
        let (_, function) = functions.iter().find(|(of, _)| of == name).expect("a function");
        let with = parse(&call, function);
        let connection: Connection = from_value(json(&with[0])).expect("a connection");
        let options = TenantOptions::new(mock.base_url())
            .dialect(connection.dialect)
            .env("RETOOL_API_TOKEN", mock.token());
        let tenant = crate::support::host().tenant(options);
        let failed = failure(&tenant, name, &with).await;
        assert!(failed.is_none(), "{call}: {failed:?}");
    }
    let state = mock.state();
    assert_eq!(state.invitations, ["new@example.com", "other@example.com"]);
    let ada = state.user_by_email("ada.king@example.com").expect("Ada");
    assert_eq!((ada.last_name.as_deref(), ada.metadata.len()), (Some("King"), 0));
}
