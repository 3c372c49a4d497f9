//! The OpenAPI document of the HTTP door (`examples/http`).

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};
use wit_parser::TypeDefKind;

use crate::schema::{DIALECT, Object, Types, described};
use crate::{Contract, Function, text};

/// The field of `error-detail` that a problem document calls `detail`.
const MESSAGE: &str = "message";

/// Returns an OpenAPI 3.1 document: each function is `POST /v1/{interface}/{function}`, with the
/// name of a connection beside its request. Errors are problem documents (RFC 9457).
pub fn openapi(contract: &Contract) -> Result<Value> {
    let mut types = Types::new(contract, "#/components/schemas/");
    let mut paths = Map::new();
    let mut bodies = Map::new();
    for function in contract.functions() {
        let body = format!("{}-call", function.name());
        bodies.insert(body.clone(), call(&mut types, function)?);
        paths.insert(format!("/v1/{}", function.path()), operation(&mut types, function, &body)?);
    }
    for (path, operation) in documents() {
        paths.insert(path.to_owned(), operation);
    }
    let problem = problem(contract, &mut types)?;
    let mut schemas = types.definitions()?;
    schemas.append(&mut bodies);
    schemas.insert("problem".to_owned(), problem);
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
            "responses": {
                "problem": problem_response("It failed."),
                "later": {
                    "description": "It may be made again after `Retry-After`.",
                    "headers": { "Retry-After": {
                        "description": "How many seconds to wait.",
                        "schema": { "type": "integer", "minimum": 1 },
                    } },
                    "content": problem_content(),
                },
            },
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
    let mut operation = json!({
        "operationId": function.rust_name(),
        "tags": [function.interface()],
        "requestBody": {
            "required": true,
            "content": { "application/json": { "schema": { "$ref": reference } } },
        },
        "responses": {
            "200": {
                "description": "The result.",
                "content": { "application/json": { "schema": types.result(function)? } },
            },
            "429": { "$ref": "#/components/responses/later" },
            "503": { "$ref": "#/components/responses/later" },
            "default": { "$ref": "#/components/responses/problem" },
        },
    });
    let docs = function.docs();
    if let Some(summary) = docs.split(['.', ';']).next() {
        operation["summary"] = summary.replace('\n', " ").into();
    }
    operation["description"] = docs.into();
    Ok(json!({ "post": operation }))
}

/// Returns the operations that are no functions.
fn documents() -> [(&'static str, Value); 3] {
    let get = |id: &str, summary: &str| {
        json!({ "get": {
            "operationId": id,
            "summary": summary,
            "tags": ["about"],
            "security": [],
            "responses": {
                "200": {
                    "description": summary,
                    "content": { "application/json": { "schema": { "type": "object" } } },
                },
                "default": { "$ref": "#/components/responses/problem" },
            },
        } })
    };
    [
        ("/", get("index", "What this is")),
        ("/healthz", get("health", "Whether it answers")),
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

fn problem_response(description: &str) -> Value {
    json!({ "description": description, "content": problem_content() })
}

fn problem_content() -> Value {
    json!({ "application/problem+json": { "schema": { "$ref": "#/components/schemas/problem" } } })
}
