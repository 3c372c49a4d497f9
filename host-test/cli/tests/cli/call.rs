//! `call` and `schema`: every function, with JSON.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use boon::{Compiler, Schemas};
use serde_json::{Value, json};

use crate::command::{File, Ran, Server, command, run};

/// Runs `call` with a request on standard input.
fn call(server: &Server, function: &str, request: &Value) -> Ran {
    given(server, &["call", function, "--api=v1"], &request.to_string())
}

fn given(server: &Server, arguments: &[&str], input: &str) -> Ran {
    let mut child = server
        .command(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command");
    // A command that fails early does not read it.
    let _ = child.stdin.take().expect("its input").write_all(input.as_bytes());
    Ran::of(child.wait_with_output().expect("its output"))
}

/// Checks a value against a schema, and panics with what is wrong.
fn check(schema: &Value, value: &Value, what: &str) {
    let mut compiler = Compiler::new();
    compiler.add_resource("schema.json", schema.clone()).expect("a resource");
    let mut schemas = Schemas::new();
    let index = compiler.compile("schema.json", &mut schemas).expect("a schema");
    if let Err(error) = schemas.validate(value, index) {
        panic!("{what}: {error:#}\n{value:#}");
    }
}

/// Replaces each string `@FUNCTION/POINTER` with that part of an earlier result.
fn filled(request: &Value, results: &BTreeMap<String, Value>) -> Value {
    match request {
        Value::String(text) => match text.strip_prefix('@') {
            Some(reference) => {
                let (function, rest) = reference.split_once('/').unwrap_or((reference, ""));
                let pointer = if rest.is_empty() { String::new() } else { format!("/{rest}") };
                results[function].pointer(&pointer).expect(reference).clone()
            }
            None => request.clone(),
        },
        Value::Array(items) => items.iter().map(|item| filled(item, results)).collect(),
        Value::Object(members) => {
            members.iter().map(|(key, value)| (key.clone(), filled(value, results))).collect()
        }
        other => other.clone(),
    }
}

/// A call that every host makes: `examples/requests.md`.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Shared {
    function: String,
    request: Value,
    result: Option<Value>,
    error: Option<Value>,
}

/// Panics if a value lacks a part that it must have.
fn fits(part: &Value, value: &Value, place: &str) {
    match (part, value) {
        (Value::Object(parts), Value::Object(_)) => {
            for (key, part) in parts {
                fits(part, &value[key], &format!("{place}.{key}"));
            }
        }
        (Value::Array(parts), Value::Array(items)) => {
            assert_eq!(parts.len(), items.len(), "{place}: {value:#}");
            for (index, (part, item)) in parts.iter().zip(items).enumerate() {
                fits(part, item, &format!("{place}[{index}]"));
            }
        }
        _ => assert_eq!(part, value, "{place}"),
    }
}

#[test]
fn every_function_takes_and_returns_what_its_schema_says_and_every_host_expects() {
    let server = Server::start();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/requests.json");
    let requests = fs::read_to_string(file).expect("the requests");
    let requests: Vec<Shared> = serde_json::from_str(&requests).expect("requests");
    let listed = run(&["schema", "--json"]).json();
    let mut unnamed: BTreeSet<String> = serde_json::from_value(listed).expect("a list");
    let mut results = BTreeMap::new();
    for Shared { function, request, result, error } in requests {
        assert!(unnamed.remove(&function), "{function} is there twice, or is no function");
        let request = filled(&request, &results);
        let schema = run(&["schema", &function]).json();
        check(&schema["request"], &request, &format!("the request of {function}"));
        if let Some(part) = result {
            let ran = call(&server, &function, &request);
            assert_eq!(ran.exit, 0, "{function}: {ran:#?}");
            check(&schema["result"], &ran.json(), &format!("the result of {function}"));
            fits(&part, &ran.json(), &function);
            let name = function.rsplit('/').next().expect("a name").to_owned();
            results.insert(name, ran.json());
            continue;
        }
        let ran = given(&server, &["call", &function, "--api=v1", "--json"], &request.to_string());
        let mut got = ran.json()["error"].clone();
        fits(&error.expect("a result or an error"), &got, &function);
        let detail = got["permanent"].as_object_mut().expect("an error");
        // What the command adds for its user.
        detail.retain(|key, _| !["hint", "place"].contains(&key.as_str()));
        check(&schema["error"], &got, "the error");
    }
    assert!(unnamed.is_empty(), "no call of {unnamed:?}");
}

#[test]
fn a_request_comes_from_a_file_or_standard_input_and_a_function_has_two_names() {
    let server = Server::start();
    let request = json!({ "user": { "email": "nobody@example.com" } });
    let file = File::new("request.json", &request.to_string());
    for function in ["find-user", "directory/find-user"] {
        let ran = server.run(&["call", function, "--api=v1", "--request", file.path()]);
        assert_eq!((ran.exit, &*ran.stdout), (0, "null\n"), "{ran:#?}");
        let ran =
            given(&server, &["call", function, "--api=v1", "--request=-"], &request.to_string());
        assert_eq!((ran.exit, &*ran.stdout), (0, "null\n"), "{ran:#?}");
    }
}

#[test]
fn a_function_without_a_request_reads_no_input() {
    let server = Server::start();
    let ran = server.run(&["call", "check-connection", "--api=v1"]);
    assert_eq!(ran.exit, 0, "{ran:#?}");
    assert_eq!(ran.json()["healthy"], true);
}

#[test]
fn a_wrong_request_is_wrong_usage_that_names_the_field_and_nothing_is_sent() {
    let server = Server::start();
    for (request, expected) in [
        ("{", "is not a request of this function: it is not JSON: EOF"),
        ("[]", "it must be an object"),
        ("{}", "user is missing"),
        (r#"{"user": {"email": 7}}"#, "user.email must be a string"),
        (r#"{"user": ["email", "x"]}"#, "user must be one of: email, id, login"),
        (r#"{"user": {"email": "x"}, "connection": "x"}"#, "connection is not known"),
        (r#"{"user": {"email": "x"}, "user": {"email": "y"}}"#, "user is given twice"),
    ] {
        let ran = given(&server, &["call", "find-user"], request);
        assert_eq!(ran.exit, 2, "{ran:#?}");
        assert!(ran.stderr.contains(expected), "{ran:#?}");
        assert!(ran.stderr.contains("standard input"), "{ran:#?}");
    }
    let ran = run(&["call", "no-such", "--base-url=http://127.0.0.1:1"]);
    assert_eq!(ran.exit, 2, "{ran:#?}");
    assert!(server.mock.requests().is_empty());
}

#[test]
fn a_whole_number_may_be_written_with_a_fraction_of_zero() {
    let server = Server::start();
    let request = |days: &str| {
        format!(
            r#"{{"request": {{"user": {{"email": "nobody@example.com"}}, "protected_people": [],
                "mode": {{"delete-once-disabled": {days}}}}}}}"#
        )
    };
    let ran = given(&server, &["call", "plan-deprovision", "--api=v1"], &request("30.5"));
    assert_eq!(ran.exit, 2, "{ran:#?}");
    assert!(
        ran.stderr.contains("request.mode.delete-once-disabled must be a whole number"),
        "{ran:#?}"
    );
    let ran = given(&server, &["call", "plan-deprovision", "--api=v1"], &request("30.0"));
    assert_eq!(ran.json()["outcome"], "already-gone", "{ran:#?}");
}

#[test]
fn an_error_of_the_component_names_the_field_as_the_file_spells_it() {
    let server = Server::start();
    let request = json!({ "request": {
        "user": { "email": "ada@example.com" }, "mode": "disable", "disabled_since": "yesterday",
        "protected_people": [],
    }});
    let file = File::new("request.json", &request.to_string());
    let ran = server.run(&["call", "deprovision", "--api=v1", "--json", "--request", file.path()]);
    assert_eq!(ran.exit, 2, "{ran:#?}");
    let place = ran.json()["error"]["permanent"]["place"].as_str().expect("a place").to_owned();
    assert!(place.ends_with("request.json, request.disabled_since"), "{place}");
    assert_eq!(server.writes(), 0);
}

#[test]
fn schema_lists_the_functions_and_prints_what_one_takes() {
    let listed = run(&["schema"]);
    assert!(listed.stdout.starts_with("lifecycle/provision\n"), "{listed:#?}");
    assert_eq!(
        listed.stdout.lines().count(),
        run(&["schema", "--json"]).json().as_array().map_or(0, Vec::len)
    );
    let schema = run(&["schema", "lifecycle/deprovision"]).json();
    assert_eq!(schema, run(&["schema", "deprovision", "--json"]).json());
    assert_eq!(schema["function"], "lifecycle/deprovision");
    let mode = &schema["request"]["$defs"]["deprovision-mode"];
    assert!(mode["description"].as_str().is_some_and(|text| text.contains("`disable`:")), "{mode}");
}

/// Runs the lines of a shell against this server, in a folder of their own, and returns what they
/// print.
fn shell(server: &Server, script: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let bin = Path::new(env!("CARGO_BIN_EXE_retool-lifecycle")).parent().expect("a folder");
    let path = format!("{}:{}", bin.display(), env::var("PATH").unwrap_or_default());
    let environment = command();
    let mut shell = Command::new("sh");
    shell.args(["-euc", script]).current_dir(folder.path()).env_clear();
    shell.envs(environment.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = shell
        .env("PATH", path)
        .env("RETOOL_BASE_URL", server.mock.base_url())
        .env("RETOOL_API_TOKEN", server.mock.token())
        .stdin(Stdio::null())
        .output()
        .expect("a shell");
    assert!(output.status.success(), "{script}: {output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn the_commands_in_the_docs_about_any_function_work() {
    let server = Server::start();
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/command.md");
    let page = fs::read_to_string(page).expect("the page");
    let (_, section) = page.split_once("\n## Any function\n").expect("the section");
    let (section, _) = section.split_once("\n## ").expect("another section");
    let mut script = String::new();
    for line in section.lines() {
        if let Some(line) = line.strip_prefix("$ ").or_else(|| line.strip_prefix("> ")) {
            script += line;
            script.push('\n');
        }
    }
    let printed = shell(&server, &script);
    assert!(printed.contains("\"outcome\": \"created\""), "{printed}");
    assert!(server.user("ada@example.com").is_some());
}
