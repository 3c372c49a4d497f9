//! PATCH: RFC 7644, section 3.5.2, with the variants that Okta and Entra ID send.

mod apply;
mod forms;
mod members;

use serde_json::Value;

use super::attr::{AttrPath, Fields, field, is_urn};
use super::error::{Kind, ScimError};
use super::filter::{Path, read_path};
use super::schema::ResourceType;
pub(super) use forms::with_form_quirks;
pub(super) use members::with_removal_quirks;

/// One operation on one attribute.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Operation {
    op: Op,
    path: Path,
    /// Null if there is none.
    value: Value,
}

/// The kind of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    Add,
    Replace,
    Remove,
}

/// The content of a PATCH.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Patch {
    /// The operations, in order.
    pub(super) operations: Vec<Operation>,
    /// Whether every operation in the request had a path.
    pub(super) has_only_paths: bool,
    /// Whether any operation in the request had a path, except for removals.
    has_paths: bool,
}

impl Patch {
    /// Reads the body of a PATCH. An operation without a path becomes one operation for each
    /// attribute in its value. Read-only attributes in it are ignored, because clients send them
    /// together with others.
    pub(super) fn read(body: &Fields, kind: &'static ResourceType) -> Result<Self, ScimError> {
        let Some(Value::Array(sent)) = field(body, "Operations") else {
            return Err(ScimError::bad(Kind::InvalidSyntax, "Operations must be an array"));
        };
        let mut patch = Patch { operations: Vec::new(), has_only_paths: true, has_paths: false };
        for operation in sent {
            let Value::Object(operation) = operation else {
                return Err(ScimError::bad(Kind::InvalidSyntax, "An operation must be an object"));
            };
            patch.add(operation, kind)?;
        }
        Ok(patch)
    }

    /// Applies the operations to the attributes of a resource.
    pub(super) fn apply(
        &self,
        attributes: &mut Fields,
        kind: &'static ResourceType,
    ) -> Result<(), ScimError> {
        self.operations.iter().try_for_each(|operation| operation.apply(attributes, kind))
    }

    fn add(&mut self, sent: &Fields, kind: &'static ResourceType) -> Result<(), ScimError> {
        let op = op(field(sent, "op"))?;
        let value = field(sent, "value");
        if value.is_none() && op != Op::Remove {
            return Err(ScimError::bad(Kind::InvalidValue, "A value is missing"));
        }
        let value = value.cloned().unwrap_or_default();
        match field(sent, "path") {
            None | Some(Value::Null) => {
                self.has_only_paths = false;
                self.add_each(op, value, kind)
            }
            Some(Value::String(path)) => {
                self.has_paths |= op != Op::Remove;
                let path = read_path(path).map_err(|why| {
                    ScimError::bad(Kind::InvalidPath, format!("The path {path}: {why}"))
                })?;
                if is_read_only(&path.attribute, kind) {
                    let name = path.attribute.name;
                    return Err(ScimError::bad(Kind::Mutability, format!("{name} is read-only")));
                }
                self.operations.push(Operation { op, path, value });
                Ok(())
            }
            Some(_) => Err(ScimError::bad(Kind::InvalidPath, "A path must be a string")),
        }
    }

    /// Adds an operation without a path. The names in its value may be paths, as Entra ID writes
    /// them.
    fn add_each(
        &mut self,
        op: Op,
        value: Value,
        kind: &'static ResourceType,
    ) -> Result<(), ScimError> {
        if op == Op::Remove {
            return Err(ScimError::bad(Kind::NoTarget, "A remove operation needs a path"));
        }
        let Value::Object(attributes) = value else {
            return Err(ScimError::bad(
                Kind::InvalidValue,
                "The value of an operation without a path must be an object",
            ));
        };
        for (name, value) in attributes {
            // A name that looks like an attribute of an extension may be the URN of an extension.
            let is_extension = value.is_object() && is_urn(&name);
            let path = match read_path(&name) {
                Ok(path) if !(is_extension && path.attribute.definition(kind).is_none()) => path,
                _ => Path { attribute: AttrPath::whole(&name), filter: None },
            };
            if !is_read_only(&path.attribute, kind) {
                self.operations.push(Operation { op, path, value });
            }
        }
        Ok(())
    }
}

fn op(name: Option<&Value>) -> Result<Op, ScimError> {
    let name = name.and_then(Value::as_str).unwrap_or_default();
    match name.to_ascii_lowercase().as_str() {
        "add" => Ok(Op::Add),
        "replace" => Ok(Op::Replace),
        "remove" => Ok(Op::Remove),
        _ => Err(ScimError::bad(Kind::InvalidSyntax, "op must be add, replace or remove")),
    }
}

fn is_read_only(path: &AttrPath, kind: &ResourceType) -> bool {
    let Some(attribute) = path.definition(kind) else {
        return false;
    };
    let part = path.part.as_deref().and_then(|part| attribute.part(part));
    attribute.is_read_only() || part.is_some_and(|part| part.is_read_only())
}
