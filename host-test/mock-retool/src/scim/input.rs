//! Normalising the attributes that clients send.

use serde_json::Value;

use super::attr::Fields;
use super::error::{Kind, ScimError};
use super::schema::{Attribute, Kind as Type, ResourceType};

/// Normalises the attributes of a resource: names as in the schemas, the right types, and no
/// attributes without a value. Unknown attributes stay unchanged. Read-only attributes and secrets
/// are removed.
pub(super) fn canonical(kind: &ResourceType, sent: Fields) -> Result<Fields, ScimError> {
    let mut attributes = Fields::new();
    for (name, value) in sent {
        if let Some(extension) = kind.extension(&name) {
            let Value::Object(sent) = value else {
                if value.is_null() {
                    continue;
                }
                return Err(wrong(extension.id, "an object"));
            };
            let values = within(sent, |name| extension.attribute(name))?;
            if !values.is_empty() {
                attributes.insert(extension.id.to_owned(), Value::Object(values));
            }
            continue;
        }
        let definition = kind.attribute(&name);
        if definition.is_some_and(|attribute| attribute.is_read_only() || attribute.is_secret()) {
            continue;
        }
        if let Some((name, value)) = assigned(name, value, definition)? {
            attributes.insert(name, value);
        }
    }
    Ok(attributes)
}

/// Normalises the attributes or sub-attributes in an object.
fn within(
    sent: Fields,
    definition: impl Fn(&str) -> Option<&'static Attribute>,
) -> Result<Fields, ScimError> {
    let mut fields = Fields::new();
    for (name, value) in sent {
        let definition = definition(&name);
        if let Some((name, value)) = assigned(name, value, definition)? {
            fields.insert(name, value);
        }
    }
    Ok(fields)
}

/// Normalises the name and value of an attribute; `None` if it has no value.
fn assigned(
    name: String,
    value: Value,
    definition: Option<&'static Attribute>,
) -> Result<Option<(String, Value)>, ScimError> {
    let Some(attribute) = definition else {
        let is_empty = value.is_null() || value == Value::Array(Vec::new());
        return Ok((!is_empty).then_some((name, value)));
    };
    let value = if attribute.many { many(attribute, value)? } else { single(attribute, value)? };
    Ok(value.map(|value| (attribute.name.to_owned(), value)))
}

fn many(attribute: &'static Attribute, value: Value) -> Result<Option<Value>, ScimError> {
    let sent = match value {
        Value::Array(values) => values,
        value => vec![value],
    };
    let mut values = Vec::with_capacity(sent.len());
    for value in sent {
        values.extend(one(attribute, value)?);
    }
    Ok((!values.is_empty()).then_some(Value::Array(values)))
}

fn single(attribute: &'static Attribute, value: Value) -> Result<Option<Value>, ScimError> {
    match value {
        // Entra ID sends a manager in this form.
        Value::Array(mut values) if values.len() <= 1 => match values.pop() {
            Some(value) => one(attribute, value),
            None => Ok(None),
        },
        value => one(attribute, value),
    }
}

fn one(attribute: &'static Attribute, value: Value) -> Result<Option<Value>, ScimError> {
    let name = attribute.name;
    match (attribute.kind, value) {
        (_, Value::Null) => Ok(None),
        (Type::Text | Type::Time | Type::Reference(_), value @ Value::String(_)) => Ok(Some(value)),
        (Type::Text | Type::Time | Type::Reference(_), _) => Err(wrong(name, "a string")),
        (Type::Flag, value @ Value::Bool(_)) => Ok(Some(value)),
        // Entra ID sends "False".
        (Type::Flag, Value::String(text)) if text.eq_ignore_ascii_case("true") => {
            Ok(Some(Value::Bool(true)))
        }
        (Type::Flag, Value::String(text)) if text.eq_ignore_ascii_case("false") => {
            Ok(Some(Value::Bool(false)))
        }
        (Type::Flag, _) => Err(wrong(name, "a boolean")),
        (Type::Complex(_), Value::Object(sent)) => {
            let fields = within(sent, |part| attribute.part(part))?;
            Ok((!fields.is_empty()).then_some(Value::Object(fields)))
        }
        // A bare string is short for an object with this `value`.
        (Type::Complex(_), text @ Value::String(_)) if attribute.part("value").is_some() => {
            Ok(Some(Value::Object(Fields::from_iter([("value".to_owned(), text)]))))
        }
        (Type::Complex(_), _) => Err(wrong(name, "an object")),
    }
}

fn wrong(name: &str, expected: &str) -> ScimError {
    ScimError::bad(Kind::InvalidValue, format!("{name} must be {expected}"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::canonical;
    use crate::scim::schema::USER;

    fn read(sent: Value) -> Option<Value> {
        let Value::Object(sent) = sent else { panic!("an object") };
        canonical(&USER, sent).map(Value::Object).ok()
    }

    #[test]
    fn names_types_and_missing_values_are_normalised() {
        let sent = json!({
            "USERNAME": "ada",
            "Name": {"GIVENNAME": "Ada", "familyName": null, "shoeSize": 5},
            "emails": {"Value": "ada@example.com", "primary": "True"},
            "active": "False",
            "roles": [],
            "nickName": null,
            "badge": {"Colour": "red"},
            "urn:ietf:params:scim:schemas:extension:ENTERPRISE:2.0:User": {
                "EmployeeNumber": "7", "manager": [{"value": "m", "displayName": null}],
            },
        });
        let expected = json!({
            "userName": "ada",
            "name": {"givenName": "Ada", "shoeSize": 5},
            "emails": [{"value": "ada@example.com", "primary": true}],
            "active": false,
            "badge": {"Colour": "red"},
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
                "employeeNumber": "7", "manager": {"value": "m"},
            },
        });
        assert_eq!(read(sent), Some(expected));
    }

    #[test]
    fn read_only_attributes_and_secrets_are_removed() {
        let sent = json!({
            "id": "x", "schemas": [], "meta": {"resourceType": "User"}, "groups": [{"value": "g"}],
            "password": "secret", "title": "Boss",
        });
        assert_eq!(read(sent), Some(json!({"title": "Boss"})));
    }

    #[test]
    fn values_of_wrong_types_are_refused() {
        for sent in [
            json!({"userName": 7}),
            json!({"active": "yes"}),
            json!({"active": 0}),
            json!({"name": "Ada Byron"}),
            json!({"emails": [7]}),
            json!({"emails": [{"value": 7}]}),
            json!({"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": "7"}),
        ] {
            assert_eq!(read(sent.clone()), None, "{sent}");
        }
    }
}
