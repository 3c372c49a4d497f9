//! Applying an operation.

use std::collections::HashMap;

use serde_json::Value;

use super::{Op, Operation};
use crate::scim::attr::{AttrPath, Fields, field, spelling};
use crate::scim::error::{Kind, ScimError};
use crate::scim::filter::{Filter, Matching};
use crate::scim::schema::{Attribute, ResourceType};

impl Operation {
    /// Changes the attributes of a resource. The types of the values are checked after all
    /// operations.
    pub(super) fn apply(
        &self,
        attributes: &mut Fields,
        kind: &'static ResourceType,
    ) -> Result<(), ScimError> {
        let path = &self.path.attribute;
        if let Some(extension) = kind.extension(&path.name)
            && path.extension.is_none()
            && self.op != Op::Remove
            && let Value::Object(values) = &self.value
        {
            // A whole extension: set each attribute separately.
            return values.iter().try_for_each(|(name, value)| {
                let attribute = AttrPath {
                    extension: Some(extension.id.to_owned()),
                    name: name.clone(),
                    part: None,
                };
                self.at(attributes, &attribute, value, kind)
            });
        }
        self.at(attributes, path, &self.value, kind)
    }

    fn at(
        &self,
        attributes: &mut Fields,
        path: &AttrPath,
        value: &Value,
        kind: &'static ResourceType,
    ) -> Result<(), ScimError> {
        let definition = path.definition(kind);
        let name = definition.map_or(path.name.as_str(), |attribute| attribute.name);
        let fields = match &path.extension {
            None => &mut *attributes,
            Some(urn) => inner(attributes, kind.extension(urn).map_or(urn, |schema| schema.id))?,
        };
        let name = spelling(fields, name);
        let present = fields.remove(&name).unwrap_or_default();
        let target = Target { definition, part: path.part.as_deref() };
        let after = match &self.path.filter {
            Some(filter) => target.among(self.op, present, filter, value)?,
            None => target.all(self.op, present, value)?,
        };
        if !is_unassigned(&after) {
            fields.insert(name, after);
        }
        if let Some(urn) = &path.extension {
            let urn = spelling(attributes, urn);
            if attributes.get(&urn).is_some_and(is_unassigned) {
                attributes.remove(&urn);
            }
        }
        Ok(())
    }
}

/// An attribute, or a sub-attribute of it.
struct Target<'a> {
    definition: Option<&'static Attribute>,
    part: Option<&'a str>,
}

impl Target<'_> {
    /// Returns the attribute after an operation on the whole attribute.
    fn all(&self, op: Op, present: Value, value: &Value) -> Result<Value, ScimError> {
        let op = if value.is_null() { Op::Remove } else { op };
        match (self.part, present) {
            (Some(part), Value::Array(mut values)) => {
                for entry in &mut values {
                    self.set(op, entry, part, value)?;
                }
                values.retain(|value| !is_unassigned(value));
                Ok(Value::Array(values))
            }
            (Some(part), mut present) => {
                self.set(op, &mut present, part, value)?;
                Ok(if self.is_many() && !present.is_null() {
                    Value::Array(vec![present])
                } else {
                    present
                })
            }
            (None, present) if self.is_many() || self.looks_many(&present, value) => {
                let present = values(present);
                Ok(Value::Array(match op {
                    Op::Replace => distinct(Vec::new(), self.entries(value)),
                    Op::Add => distinct(present, self.entries(value)),
                    Op::Remove if value.is_null() => Vec::new(),
                    Op::Remove => {
                        let named = self.entries(value);
                        let index = Index::of(&named);
                        let is_named = |entry: &Value| index.find(&named, entry).is_some();
                        present.into_iter().filter(|entry| !is_named(entry)).collect()
                    }
                }))
            }
            (None, present) => Ok(match (op, present, value) {
                (Op::Remove, _, _) => Value::Null,
                // The other parts stay.
                (_, Value::Object(mut fields), Value::Object(given)) => {
                    merge(&mut fields, given);
                    Value::Object(fields)
                }
                _ => value.clone(),
            }),
        }
    }

    /// Returns the attribute after an operation on the values that match a filter.
    fn among(
        &self,
        op: Op,
        present: Value,
        filter: &Filter,
        value: &Value,
    ) -> Result<Value, ScimError> {
        if !self.is_many() && (self.definition.is_some() || present.is_object()) {
            return Err(ScimError::bad(
                Kind::InvalidPath,
                "A filter is only allowed on an attribute with many values",
            ));
        }
        let op = if value.is_null() { Op::Remove } else { op };
        let mut values = values(present);
        let holds =
            |entry: &Value| Matching::default().holds_for_value(filter, entry, self.definition);
        if op != Op::Remove && !values.iter().any(holds) {
            // RFC 7644 requires that `replace` fails here. `add` creates the value that the filter
            // describes.
            let example = filter.example().filter(|_| op == Op::Add).ok_or_else(|| {
                ScimError::bad(Kind::NoTarget, "The path does not match any value")
            })?;
            values.push(Value::Object(example));
        }
        if let (Op::Remove, None) = (op, self.part) {
            values.retain(|entry| !holds(entry));
            return Ok(Value::Array(values));
        }
        let mut chosen = Vec::new();
        for (at, entry) in values.iter_mut().enumerate().filter(|(_, entry)| holds(entry)) {
            chosen.push(at);
            match (self.part, op, &mut *entry, value) {
                (Some(part), _, entry, _) => self.set(op, entry, part, value)?,
                (None, Op::Add, Value::Object(fields), Value::Object(given)) => {
                    merge(fields, given);
                }
                (None, _, entry, _) => *entry = value.clone(),
            }
        }
        // At most one value is primary.
        if chosen.iter().any(|at| is_primary(&values[*at])) {
            for (at, entry) in values.iter_mut().enumerate() {
                if !chosen.contains(&at) {
                    demote(entry);
                }
            }
        }
        values.retain(|value| !is_unassigned(value));
        Ok(Value::Array(values))
    }

    /// Sets or removes a sub-attribute of one value.
    fn set(&self, op: Op, entry: &mut Value, part: &str, value: &Value) -> Result<(), ScimError> {
        if entry.is_null() && op != Op::Remove {
            *entry = Value::Object(Fields::new());
        }
        let fields = match entry {
            Value::Object(fields) => fields,
            Value::Null => return Ok(()),
            _ => {
                return Err(ScimError::bad(
                    Kind::InvalidPath,
                    format!("The value is not an object, so it has no {part}"),
                ));
            }
        };
        let known = self.definition.and_then(|attribute| attribute.part(part));
        let name = spelling(fields, known.map_or(part, |known| known.name));
        if op == Op::Remove {
            fields.remove(&name);
        } else {
            fields.insert(name, value.clone());
        }
        Ok(())
    }

    fn is_many(&self) -> bool {
        self.definition.is_some_and(|attribute| attribute.many)
    }

    /// Whether an unknown attribute looks multi-valued, because its current or new value is an
    /// array.
    fn looks_many(&self, present: &Value, value: &Value) -> bool {
        self.definition.is_none() && (present.is_array() || value.is_array())
    }

    /// Returns the values in a request: an array, or one value. A bare string of a complex
    /// attribute becomes its `value`.
    fn entries(&self, value: &Value) -> Vec<Value> {
        let is_complex = self.definition.is_some_and(|attribute| !attribute.parts().is_empty());
        values(value.clone())
            .into_iter()
            .map(|entry| match entry {
                Value::String(_) if is_complex => {
                    Value::Object(Fields::from_iter([("value".to_owned(), entry)]))
                }
                other => other,
            })
            .collect()
    }
}

/// Returns the object with this name in another object. Creates it if it is missing.
fn inner<'a>(fields: &'a mut Fields, name: &str) -> Result<&'a mut Fields, ScimError> {
    let name = spelling(fields, name);
    fields
        .entry(name.clone())
        .or_insert_with(|| Value::Object(Fields::new()))
        .as_object_mut()
        .ok_or_else(|| ScimError::bad(Kind::InvalidPath, format!("{name} is not an extension")))
}

/// Sets these fields, and removes fields whose value is null.
fn merge(fields: &mut Fields, given: &Fields) {
    for (name, value) in given {
        let name = spelling(fields, name);
        if value.is_null() {
            fields.remove(&name);
        } else {
            fields.insert(name, value.clone());
        }
    }
}

fn values(value: Value) -> Vec<Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(values) => values,
        one => vec![one],
    }
}

/// Adds values that are not present yet, and merges those that are. If an added value is primary,
/// the others become non-primary.
fn distinct(mut values: Vec<Value>, added: Vec<Value>) -> Vec<Value> {
    let mut index = Index::of(&values);
    for entry in added {
        if is_primary(&entry) {
            values.iter_mut().for_each(demote);
        }
        match index.find(&values, &entry) {
            Some(at) => {
                if let (Value::Object(present), Value::Object(entry)) = (&mut values[at], &entry) {
                    merge(present, entry);
                }
            }
            None => {
                index.add(values.len(), &entry);
                values.push(entry);
            }
        }
    }
    values
}

/// Indexes of values by their `value`, for speed: groups may have thousands of members.
struct Index(HashMap<Option<String>, Vec<usize>>);

impl Index {
    fn of(values: &[Value]) -> Self {
        let mut index = Index(HashMap::new());
        values.iter().enumerate().for_each(|(at, value)| index.add(at, value));
        index
    }

    fn add(&mut self, at: usize, value: &Value) {
        self.0.entry(Index::key(value)).or_default().push(at);
    }

    /// Finds the index of the same value.
    fn find(&self, values: &[Value], value: &Value) -> Option<usize> {
        let places = self.0.get(&Index::key(value))?;
        places.iter().copied().find(|at| is_same(&values[*at], value))
    }

    /// Returns the key of a value. Equal values have equal keys.
    fn key(value: &Value) -> Option<String> {
        let key = value.as_object().and_then(|fields| field(fields, "value"));
        key.and_then(Value::as_str).map(str::to_owned)
    }
}

/// Whether two values of an attribute are the same: they agree in `value`, and in `type` if both
/// have one. Descriptive parts such as `display` may differ.
fn is_same(one: &Value, other: &Value) -> bool {
    let (Value::Object(one), Value::Object(other)) = (one, other) else {
        return one == other;
    };
    let agree = |name| match (field(one, name), field(other, name)) {
        (Some(Value::String(one)), Some(Value::String(other))) => one == other,
        _ => true,
    };
    match (field(one, "value"), field(other, "value")) {
        (Some(value), Some(another)) => value == another && agree("type"),
        _ => one == other,
    }
}

fn is_primary(value: &Value) -> bool {
    value.as_object().and_then(|fields| field(fields, "primary")).is_some_and(|primary| {
        primary == true || primary.as_str().is_some_and(|text| text.eq_ignore_ascii_case("true"))
    })
}

fn demote(value: &mut Value) {
    if is_primary(value)
        && let Value::Object(fields) = value
    {
        let name = spelling(fields, "primary");
        fields.insert(name, Value::Bool(false));
    }
}

/// Whether this value means that an attribute has no value.
fn is_unassigned(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(values) => values.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}
