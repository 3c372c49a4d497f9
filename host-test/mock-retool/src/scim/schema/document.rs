//! The definitions as resources of `/Schemas` and `/ResourceTypes`.

use serde_json::{Map, Value, json};

use super::{Access, Attribute, Kind, ResourceType, Schema};

/// Builds the resource of a schema, without `meta.location`.
pub(in crate::scim) fn schema(schema: &Schema) -> Map<String, Value> {
    object(json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
        "id": schema.id,
        "name": schema.name,
        "description": schema.description,
        "attributes": schema.attributes.iter().map(attribute).collect::<Vec<_>>(),
        "meta": { "resourceType": "Schema" },
    }))
}

/// Builds the resource of a resource type, without `meta.location`.
pub(in crate::scim) fn resource_type(kind: &ResourceType) -> Map<String, Value> {
    let extensions: Vec<Value> = kind
        .extensions
        .iter()
        .map(|extension| json!({ "schema": extension.id, "required": false }))
        .collect();
    object(json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
        "id": kind.name,
        "name": kind.name,
        "endpoint": format!("/{}", kind.endpoint),
        "description": kind.description,
        "schema": kind.core.id,
        "schemaExtensions": extensions,
        "meta": { "resourceType": "ResourceType" },
    }))
}

fn attribute(attribute: &Attribute) -> Value {
    let mut document = object(json!({
        "name": attribute.name,
        "type": match attribute.kind {
            Kind::Text => "string",
            Kind::Flag => "boolean",
            Kind::Time => "dateTime",
            Kind::Reference(_) => "reference",
            Kind::Complex(_) => "complex",
        },
        "multiValued": attribute.many,
        "description": attribute.description,
        "required": attribute.required,
        "mutability": match attribute.access {
            Access::ReadWrite => "readWrite",
            Access::ReadOnly => "readOnly",
            Access::WriteOnly => "writeOnly",
        },
        "returned": if attribute.is_secret() { "never" } else { "default" },
        "uniqueness": if attribute.unique { "server" } else { "none" },
    }));
    match attribute.kind {
        Kind::Text => {
            document.insert("caseExact".to_owned(), json!(attribute.case_exact));
        }
        Kind::Reference(to) => {
            document.insert("caseExact".to_owned(), json!(attribute.case_exact));
            document.insert("referenceTypes".to_owned(), json!(to));
        }
        Kind::Complex(parts) => {
            let parts = parts.iter().map(self::attribute).collect::<Vec<_>>();
            document.insert("subAttributes".to_owned(), Value::Array(parts));
        }
        Kind::Flag | Kind::Time => {}
    }
    if !attribute.canonical.is_empty() {
        document.insert("canonicalValues".to_owned(), json!(attribute.canonical));
    }
    Value::Object(document)
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
