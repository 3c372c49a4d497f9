//! JSON Schema of types.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value, json};
use wit_parser::{Case, Field, Type, TypeDefKind};

use crate::{Contract, Function, key, text};

/// The version of JSON Schema.
pub const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// The schemas of types, with references to named types.
pub(crate) struct Types<'a> {
    contract: &'a Contract,
    /// What a reference begins with, e.g. `#/$defs/`.
    prefix: &'static str,
    /// The named types that were referred to and have no schema yet.
    open: Vec<&'a str>,
    seen: BTreeSet<&'a str>,
}

/// Returns a schema that stands alone: the definitions that it refers to are in it.
pub(crate) fn document<'a>(
    contract: &'a Contract,
    of: impl FnOnce(&mut Types<'a>) -> Result<Value>,
) -> Result<Value> {
    let mut types = Types::new(contract, "#/$defs/");
    let mut schema = of(&mut types)?;
    let definitions = types.definitions()?;
    schema["$schema"] = DIALECT.into();
    if !definitions.is_empty() {
        schema["$defs"] = definitions.into();
    }
    check_titles(&schema)?;
    Ok(schema)
}

/// Fails if two titles differ at most in case and punctuation. Generators of code make names of
/// titles, and drop or number one of two that are the same.
pub(crate) fn check_titles(schema: &Value) -> Result<()> {
    fn check(value: &Value, seen: &mut BTreeSet<String>) -> Result<()> {
        if let Some(title) = value.get("title").and_then(Value::as_str) {
            let name = title.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
            let is_new = seen.insert(name.to_lowercase());
            ensure!(is_new, "two schemas have the title {title}, or nearly so");
        }
        match value {
            Value::Object(members) => members.values().try_for_each(|value| check(value, seen)),
            Value::Array(items) => items.iter().try_for_each(|item| check(item, seen)),
            _ => Ok(()),
        }
    }
    check(schema, &mut BTreeSet::new())
}

impl<'a> Types<'a> {
    pub(crate) fn new(contract: &'a Contract, prefix: &'static str) -> Self {
        Types { contract, prefix, open: Vec::new(), seen: BTreeSet::new() }
    }

    /// Returns the schemas of all types that were referred to, by name.
    pub(crate) fn definitions(mut self) -> Result<Map<String, Value>> {
        let mut definitions = Map::new();
        while let Some(name) = self.open.pop() {
            definitions.insert(name.to_owned(), self.definition(name)?);
        }
        Ok(definitions)
    }

    /// Returns the schema of a request.
    pub(crate) fn request(&mut self, function: Function<'a>) -> Result<Value> {
        let mut schema = Object::default();
        for parameter in &function.place.parameters {
            self.member(&mut schema, &parameter.name, parameter.ty, "")?;
        }
        // Not "request": most functions have a parameter of a type `…-request`.
        Ok(described(schema.schema(), &format!("{} parameters", function.name()), function.docs()))
    }

    /// Returns the schema of a result.
    pub(crate) fn result(&mut self, function: Function<'a>) -> Result<Value> {
        match function.place.result {
            Some(ty) => self.of(ty),
            None => Ok(json!({ "type": "null" })),
        }
    }

    /// Returns a reference to the type of this name.
    pub(crate) fn named(&mut self, name: &str) -> Result<Value> {
        let id = self.contract.types.get(name).with_context(|| format!("no type {name}"))?;
        self.of(Type::Id(*id))
    }

    fn definition(&mut self, name: &'a str) -> Result<Value> {
        let id = self.contract.types.get(name).with_context(|| format!("no type {name}"))?;
        let definition = &self.contract.resolve.types[*id];
        let docs = text(&definition.docs);
        Ok(match &definition.kind {
            TypeDefKind::Record(record) => {
                let mut schema = Object::default();
                for Field { name, ty, docs, .. } in &record.fields {
                    self.member(&mut schema, name, *ty, text(docs))?;
                }
                described(schema.schema(), name, docs)
            }
            TypeDefKind::Enum(cases) => {
                let names: Vec<&str> = cases.cases.iter().map(|case| case.name.as_str()).collect();
                let each = cases.cases.iter().map(|case| (case.name.as_str(), text(&case.docs)));
                described(json!({ "type": "string", "enum": names }), name, &listed(docs, each))
            }
            TypeDefKind::Variant(variant) => {
                let each = variant.cases.iter().map(|case| (case.name.as_str(), text(&case.docs)));
                let docs = listed(docs, each);
                let (bare, carrying): (Vec<_>, Vec<_>) =
                    variant.cases.iter().partition(|case| case.ty.is_none());
                let mut choices = Vec::new();
                if !bare.is_empty() {
                    let names: Vec<&str> = bare.iter().map(|case| case.name.as_str()).collect();
                    let choice = json!({ "type": "string", "enum": names });
                    choices.push(described(choice, &format!("{name} case"), ""));
                }
                for Case { name: case, ty, docs, .. } in carrying {
                    let mut object = Object::default();
                    let payload = ty.context("a case without payload")?;
                    object.required(case, self.described_member(payload, text(docs))?);
                    choices.push(described(object.schema(), &format!("{name} {case}"), ""));
                }
                described(json!({ "oneOf": choices }), name, &docs)
            }
            other => bail!("{name} is a {}, and has no form in JSON", other.as_str()),
        })
    }

    /// Adds a field of a record, or a parameter.
    pub(crate) fn member(
        &mut self,
        object: &mut Object,
        name: &str,
        ty: Type,
        docs: &str,
    ) -> Result<()> {
        let schema = self.described_member(ty, docs)?;
        let key = key(name);
        if self.contract.is_option(ty) {
            object.optional(&key, schema);
        } else {
            object.required(&key, schema);
        }
        Ok(())
    }

    fn described_member(&mut self, ty: Type, docs: &str) -> Result<Value> {
        let mut schema = self.of(ty)?;
        if !docs.is_empty() {
            schema["description"] = docs.into();
        }
        Ok(schema)
    }

    /// Returns the schema of a type: of a named one, a reference.
    fn of(&mut self, ty: Type) -> Result<Value> {
        let contract = self.contract;
        if let Some(name) = contract.type_name(ty) {
            if self.seen.insert(name) {
                self.open.push(name);
            }
            return Ok(json!({ "$ref": format!("{}{name}", self.prefix) }));
        }
        Ok(match (ty, contract.kind(ty)) {
            (Type::Bool, _) => json!({ "type": "boolean" }),
            (Type::String, _) => json!({ "type": "string" }),
            (Type::U8, _) => integer(u8::MAX.into()),
            (Type::U16, _) => integer(u16::MAX.into()),
            (Type::U32, _) => integer(u32::MAX),
            (_, Some(TypeDefKind::List(item))) => {
                json!({ "type": "array", "items": self.of(*item)? })
            }
            (_, Some(TypeDefKind::Option(some))) => or_null(self.of(*some)?),
            (other, _) => bail!("{other:?} has no form in JSON"),
        })
    }
}

/// An object that has no other keys than these.
#[derive(Default)]
pub(crate) struct Object {
    properties: Map<String, Value>,
    required: Vec<Value>,
}

impl Object {
    pub(crate) fn optional(&mut self, key: &str, schema: Value) {
        self.properties.insert(key.to_owned(), schema);
    }

    pub(crate) fn required(&mut self, key: &str, schema: Value) {
        self.required.push(key.into());
        self.optional(key, schema);
    }

    pub(crate) fn schema(self) -> Value {
        json!({
            "type": "object",
            "properties": self.properties,
            "required": self.required,
            "additionalProperties": false,
        })
    }
}

/// Adds a title, which generators of code make a name of, and a description.
pub(crate) fn described(mut schema: Value, title: &str, docs: &str) -> Value {
    schema["title"] = title.into();
    if !docs.is_empty() {
        schema["description"] = docs.into();
    }
    schema
}

/// Adds the documentation of the cases to that of the type.
fn listed<'a>(docs: &str, cases: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut all = docs.to_owned();
    all.push('\n');
    for (name, docs) in cases.filter(|(_, docs)| !docs.is_empty()) {
        // A line of a list goes on where it is indented.
        all += &format!("\n- `{name}`: {}", docs.replace('\n', "\n  "));
    }
    all.trim().to_owned()
}

/// Returns the schema of a whole number. JSON Schema counts `30.0` as one, and so do the readers.
fn integer(most: u32) -> Value {
    json!({ "type": "integer", "minimum": 0, "maximum": most })
}

fn or_null(mut schema: Value) -> Value {
    match schema["type"].as_str() {
        // The other keywords, e.g. `maximum`, say nothing about null.
        Some(ty) => {
            schema["type"] = json!([ty, "null"]);
            schema
        }
        None => json!({ "anyOf": [schema, { "type": "null" }] }),
    }
}
