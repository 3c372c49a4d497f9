//! Attribute names, and how to find attributes in a resource.

use serde_json::{Map, Value};

use super::schema::{Attribute, ResourceType, SCHEMAS};

/// The fields of a JSON object.
pub(super) type Fields = Map<String, Value>;

/// An attribute name: `userName`, `name.givenName`, or with a URN before it,
/// `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct AttrPath {
    /// The URN of the extension; `None` for attributes of the resource itself.
    pub(super) extension: Option<String>,
    /// The attribute, or the URN of an extension for the whole extension.
    pub(super) name: String,
    /// The sub-attribute.
    pub(super) part: Option<String>,
}

impl AttrPath {
    /// Reads a name. Drops the URN of a core schema, which adds nothing. Returns `None` if the text
    /// is not an attribute name.
    pub(super) fn read(text: &str) -> Option<AttrPath> {
        if let Some(schema) = SCHEMAS.iter().find(|schema| schema.id.eq_ignore_ascii_case(text)) {
            return is_extension(schema.id).then(|| AttrPath::whole(schema.id));
        }
        let (urn, rest) = split_urn(text)?;
        let extension = match urn {
            Some(urn) if is_extension(urn) => Some(urn.to_owned()),
            _ => None,
        };
        let (name, part) = match rest.split_once('.') {
            Some((name, part)) => (name, Some(part)),
            None => (rest, None),
        };
        let is_name = is_name(name) && part.is_none_or(is_name);
        is_name.then(|| AttrPath {
            extension,
            name: name.to_owned(),
            part: part.map(str::to_owned),
        })
    }

    /// Returns the path of a whole attribute or extension, without parsing the name.
    pub(super) fn whole(name: &str) -> AttrPath {
        AttrPath { extension: None, name: name.to_owned(), part: None }
    }

    /// Finds the value in a resource. Ignores the sub-attribute.
    pub(super) fn find<'a>(&self, resource: &'a Fields) -> Option<&'a Value> {
        let fields = match &self.extension {
            Some(urn) => field(resource, urn)?.as_object()?,
            None => resource,
        };
        field(fields, &self.name)
    }

    /// Finds the definition of the attribute. Ignores the sub-attribute.
    pub(super) fn definition(&self, kind: &ResourceType) -> Option<&'static Attribute> {
        match &self.extension {
            Some(urn) => kind.extension(urn)?.attribute(&self.name),
            None => kind.attribute(&self.name),
        }
    }
}

/// Finds the field with this name, in any case.
pub(super) fn field<'a>(fields: &'a Fields, name: &str) -> Option<&'a Value> {
    fields.get(name).or_else(|| {
        fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    })
}

/// Returns the name of an existing field in its existing case, or the given name if there is no
/// such field.
pub(super) fn spelling(fields: &Fields, name: &str) -> String {
    if fields.contains_key(name) {
        return name.to_owned();
    }
    fields.keys().find(|key| key.eq_ignore_ascii_case(name)).map_or(name, String::as_str).to_owned()
}

/// Whether this begins like a URN.
pub(super) fn is_urn(text: &str) -> bool {
    text.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("urn:"))
}

/// Splits a text into the URN before a name, if any, and the name. An unknown URN ends at the last
/// colon.
fn split_urn(text: &str) -> Option<(Option<&str>, &str)> {
    if !is_urn(text) {
        return Some((None, text));
    }
    let known = SCHEMAS.iter().find_map(|schema| {
        let prefix = text.get(..schema.id.len())?;
        let rest = text[prefix.len()..].strip_prefix(':')?;
        prefix.eq_ignore_ascii_case(schema.id).then_some((Some(schema.id), rest))
    });
    known.or_else(|| text.rsplit_once(':').map(|(urn, rest)| (Some(urn), rest)))
}

/// Whether the attributes of a schema are in their own object.
fn is_extension(urn: &str) -> bool {
    const CORE: &str = "urn:ietf:params:scim:schemas:core:";
    !urn.get(..CORE.len()).is_some_and(|prefix| prefix.eq_ignore_ascii_case(CORE))
}

fn is_name(text: &str) -> bool {
    let text = text.strip_prefix('$').unwrap_or(text);
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_'))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::AttrPath;

    const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

    fn path(extension: Option<&str>, name: &str, part: Option<&str>) -> Option<AttrPath> {
        Some(AttrPath {
            extension: extension.map(str::to_owned),
            name: name.to_owned(),
            part: part.map(str::to_owned),
        })
    }

    #[test]
    fn names_are_split_into_urn_attribute_and_sub_attribute() {
        let cases = [
            ("userName", path(None, "userName", None)),
            ("name.givenName", path(None, "name", Some("givenName"))),
            ("members.$ref", path(None, "members", Some("$ref"))),
            (
                "urn:ietf:params:scim:schemas:core:2.0:User:name.familyName",
                path(None, "name", Some("familyName")),
            ),
            (
                "URN:ietf:params:scim:schemas:extension:ENTERPRISE:2.0:user:manager.value",
                path(Some(ENTERPRISE), "manager", Some("value")),
            ),
            (
                "urn:acme:1.0:User:badge.number",
                path(Some("urn:acme:1.0:User"), "badge", Some("number")),
            ),
            (ENTERPRISE, path(None, ENTERPRISE, None)),
        ];
        for (text, expected) in cases {
            assert_eq!(AttrPath::read(text), expected, "{text}");
        }
    }

    #[test]
    fn invalid_names_are_refused() {
        for text in ["", ".", "a.", ".a", "a.b.c", "1st", "a b", "ä", "$", "urn:", "urn:x:", "a$b"]
        {
            assert_eq!(AttrPath::read(text), None, "{text}");
        }
    }

    #[test]
    fn values_are_found_in_any_case() {
        let Value::Object(resource) = json!({"userName": "a", ENTERPRISE: {"employeeNumber": "7"}})
        else {
            panic!("an object");
        };
        let find = |text: &str| AttrPath::read(text).and_then(|path| path.find(&resource).cloned());
        assert_eq!(find("USERNAME"), Some(json!("a")));
        assert_eq!(find(&format!("{ENTERPRISE}:employeenumber")), Some(json!("7")));
        assert_eq!(find("employeeNumber"), None);
    }
}
