//! The OpenAPI document of the HTTP door (`examples/http`).

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value, json};
use wit_parser::TypeDefKind;

use crate::problems::{DOOR_ERRORS, KINDS, STATUSES, Status};
use crate::schema::{DIALECT, Object, Types, check_titles, described};
use crate::{Contract, Function, text};

/// The field of `error-detail` that a problem document calls `detail`.
const MESSAGE: &str = "message";

/// Returns an OpenAPI 3.1 document: each function is `POST /v1/{interface}/{function}`, with the
/// name of a connection beside its request. Errors are problem documents (RFC 9457); their statuses
/// and examples are those of [`STATUSES`], [`DOOR_ERRORS`] and [`KINDS`].
///
/// Fails if two schemas or titles have one name, or if [`KINDS`] are not those of the contract.
pub fn openapi(contract: &Contract) -> Result<Value> {
    let mut types = Types::new(contract, "#/components/schemas/");
    let mut paths = Map::new();
    let mut bodies = Map::new();
    for function in contract.functions() {
        let body = format!("{}-call", function.name());
        bodies.insert(body.clone(), call(&mut types, function)?);
        paths.insert(function_path(function), operation(&mut types, function, &body)?);
    }
    paths.extend(documents().map(|(path, operation)| (path.to_owned(), operation)));
    let problem = problem(contract, &mut types)?;
    bodies.insert("problem".to_owned(), problem);
    let mut schemas = types.definitions()?;
    for (name, schema) in bodies {
        ensure!(!schemas.contains_key(&name), "a type has the name {name}");
        schemas.insert(name, schema);
    }
    let schemas = Value::from(schemas);
    check_titles(&schemas)?;
    check_kinds(contract)?;
    let (_, version) = contract.package().split_once('@').context("the WIT has no version")?;
    Ok(json!({
        "openapi": "3.1.0",
        "jsonSchemaDialect": DIALECT,
        "info": {
            "title": "Retool user lifecycle",
            "version": version,
            "description": format!(
                "The functions of `{}` over HTTP. Clients go by `permanent` and `code` of a problem. \
                 A status of 500 or above without `application/problem+json` comes from the host: \
                 call again.",
                contract.package()
            ),
        },
        "servers": [{ "url": "/" }],
        "security": [{ "token": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            "schemas": schemas,
            "responses": responses(),
        },
    }))
}

/// Returns the body of a function's request.
fn call<'a>(types: &mut Types<'a>, function: Function<'a>) -> Result<Value> {
    let mut schema = types.request(function)?;
    schema["properties"]["connection"] = json!({
        "type": "string",
        "description": "The name of a connection that the operator has configured.",
    });
    if let Some(required) = schema["required"].as_array_mut() {
        required.insert(0, "connection".into());
    }
    if let Some(schema) = schema.as_object_mut() {
        schema.remove("description");
    }
    Ok(described(schema, &format!("{} call", function.name()), ""))
}

fn operation<'a>(types: &mut Types<'a>, function: Function<'a>, body: &str) -> Result<Value> {
    let reference = format!("#/components/schemas/{body}");
    let success = json!({
        "description": "The result.",
        "content": { "application/json": { "schema": types.result(function)? } },
    });
    // A path that is in this document exists, and takes this method.
    let statuses = STATUSES.iter().filter(|status| status.number != 405);
    let mut operation = json!({
        "operationId": function.rust_name(),
        "tags": [function.interface()],
        "requestBody": {
            "required": true,
            "content": { "application/json": { "schema": { "$ref": reference } } },
        },
        "responses": answers(success, statuses),
    });
    let docs = function.docs();
    if let Some(summary) = docs.split(['.', ';']).next() {
        operation["summary"] = summary.replace('\n', " ").into();
    }
    operation["description"] = docs.into();
    Ok(json!({ "post": operation }))
}

fn function_path(function: Function<'_>) -> String {
    format!("/v1/{}", function.path())
}

/// Returns the operations that are no functions.
fn documents() -> [(&'static str, Value); 3] {
    let get = |id: &str, summary: &str| {
        let success = json!({
            "description": summary,
            "content": { "application/json": { "schema": { "type": "object" } } },
        });
        let statuses = STATUSES.iter().filter(|status| [401, 424].contains(&status.number));
        json!({ "get": {
            "operationId": id,
            "summary": summary,
            "tags": ["about"],
            "security": [],
            "responses": answers(success, statuses),
        } })
    };
    [
        ("/", get("index", "What this is")),
        ("/healthz", get("health", "Whether it answers, and is configured correctly")),
        ("/openapi.json", get("description", "This document")),
    ]
}

/// Returns the schema of a problem: that of RFC 9457, and the fields of `error-detail`. `detail`
/// is its `message`.
fn problem<'a>(contract: &'a Contract, types: &mut Types<'a>) -> Result<Value> {
    let mut schema = Object::default();
    for (key, ty, docs) in [
        ("type", "string", "Always `about:blank`: `code` says more."),
        ("title", "string", "The status, in words."),
        ("detail", "string", "For people: what happened, and what to do next."),
        ("permanent", "boolean", "Whether it fails again until something is changed."),
    ] {
        schema.required(key, json!({ "type": ty, "description": docs }));
    }
    schema.required("status", json!({ "type": "integer", "minimum": 400, "maximum": 599 }));
    let detail = contract.types.get("error-detail").context("there is no error-detail")?;
    let TypeDefKind::Record(record) = &contract.resolve.types[*detail].kind else {
        bail!("error-detail is no record");
    };
    for field in record.fields.iter().filter(|field| field.name != MESSAGE) {
        types.member(&mut schema, &field.name, field.ty, text(&field.docs))?;
    }
    Ok(described(schema.schema(), "problem", "Why there is no result."))
}

/// Returns the responses of an operation: its success, and these statuses. Others are possible, as
/// the host may answer itself.
fn answers<'a>(success: Value, statuses: impl Iterator<Item = &'a Status>) -> Value {
    let mut answers = Map::from_iter([("200".to_owned(), success)]);
    let reference = |name: &str| json!({ "$ref": format!("#/components/responses/{name}") });
    for status in statuses {
        answers.insert(status.number.to_string(), reference(&response_name(status)));
    }
    answers.insert("default".to_owned(), reference("problem"));
    answers.into()
}

fn response_name(status: &Status) -> String {
    status.title.to_lowercase().replace(' ', "-")
}

/// Returns the response of every status with its examples, and that of all others.
fn responses() -> Value {
    let mut responses = Map::new();
    for status in STATUSES {
        let mut response = problem_response(status.when, examples(status));
        if [429, 503].contains(&status.number) {
            response["headers"] = json!({ "Retry-After": {
                "description": "How many seconds to wait.",
                "schema": { "type": "integer", "minimum": 1 },
            } });
        }
        responses.insert(response_name(status), response);
    }
    responses.insert("problem".to_owned(), problem_response("It failed.", Map::new()));
    responses.into()
}

/// Returns examples of problems with a status, by their codes.
fn examples(status: &Status) -> Map<String, Value> {
    let own = DOOR_ERRORS
        .iter()
        .filter(|error| error.status == status.number)
        .map(|error| (error.code, error.message, error.permanent, error.kind, error.field));
    let kinds = KINDS.iter().filter_map(|kind| {
        let example = &kind.example;
        let number = if example.permanent { kind.permanent } else { kind.transient };
        let field = (kind.name == "invalid-input").then_some("request.email");
        let example = (example.code, example.message, example.permanent, kind.name, field);
        (number == status.number).then_some(example)
    });
    let each = own.chain(kinds).map(|(code, message, permanent, kind, field)| {
        let problem = json!({
            "type": "about:blank",
            "title": status.title,
            "status": status.number,
            "detail": message,
            "permanent": permanent,
            "kind": kind,
            "code": code,
            "subject": null,
            "field": field,
            "request": null,
            "request_id": null,
            "http_status": null,
            "attempts": 0,
            "retry_after_ms": null,
            "writes": [],
            "tombstones": [],
        });
        (code.to_owned(), json!({ "value": problem }))
    });
    each.collect()
}

fn problem_response(description: &str, examples: Map<String, Value>) -> Value {
    let mut content = json!({ "schema": { "$ref": "#/components/schemas/problem" } });
    if !examples.is_empty() {
        content["examples"] = examples.into();
    }
    json!({ "description": description, "content": { "application/problem+json": content } })
}

/// Fails if the table of kinds does not have exactly those of the contract, in their order.
fn check_kinds(contract: &Contract) -> Result<()> {
    let kinds = contract.types.get("error-kind").context("there is no error-kind")?;
    let TypeDefKind::Enum(kinds) = &contract.resolve.types[*kinds].kind else {
        bail!("error-kind is no enumeration");
    };
    let same = kinds.cases.iter().map(|case| case.name.as_str()).eq(KINDS.iter().map(|k| k.name));
    ensure!(same, "the kinds of src/problems.rs are not those of the contract");
    Ok(())
}
