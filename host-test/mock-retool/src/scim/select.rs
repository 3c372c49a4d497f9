//! `attributes` and `excludedAttributes`: RFC 7644, section 3.9.

use serde_json::Value;

use super::attr::{AttrPath, Fields, spelling};

/// The attributes that are always returned.
const ALWAYS: [&str; 2] = ["schemas", "id"];

/// The attributes to return; all by default.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Selection {
    only: Vec<AttrPath>,
    without: Vec<AttrPath>,
}

impl Selection {
    /// Reads a query parameter. Returns whether it was one of the two.
    pub(super) fn read(&mut self, name: &str, value: &str) -> bool {
        let list = if name.eq_ignore_ascii_case("attributes") {
            &mut self.only
        } else if name.eq_ignore_ascii_case("excludedAttributes") {
            &mut self.without
        } else {
            return false;
        };
        let names = value.split(',').map(str::trim).filter(|name| !name.is_empty());
        // An invalid name matches no attribute.
        list.extend(
            names.map(|name| AttrPath::read(name).unwrap_or_else(|| AttrPath::whole(name))),
        );
        true
    }

    /// Whether attributes are requested by name.
    pub(super) fn is_explicit(&self) -> bool {
        !self.only.is_empty()
    }

    /// Returns the selected attributes of a resource.
    pub(super) fn of(&self, resource: Fields) -> Fields {
        let mut selected = if self.only.is_empty() { resource } else { self.keep(resource) };
        for path in &self.without {
            match &path.extension {
                None => leave_out(&mut selected, path),
                Some(urn) => {
                    let urn = spelling(&selected, urn);
                    if let Some(Value::Object(fields)) = selected.get_mut(&urn) {
                        leave_out(fields, path);
                        if fields.is_empty() {
                            selected.remove(&urn);
                        }
                    }
                }
            }
        }
        selected
    }

    fn keep(&self, resource: Fields) -> Fields {
        let mut kept = Fields::new();
        for (name, value) in resource {
            let value = if ALWAYS.contains(&name.as_str()) {
                Some(value)
            } else if self.only.iter().any(|path| is_in(path, Some(&name))) {
                self.keep_in_extension(&name, value)
            } else {
                self.keep_of(None, &name, value)
            };
            if let Some(value) = value {
                kept.insert(name, value);
            }
        }
        kept
    }

    fn keep_in_extension(&self, urn: &str, value: Value) -> Option<Value> {
        let Value::Object(fields) = value else {
            return None;
        };
        let kept: Fields = fields
            .into_iter()
            .filter_map(|(name, value)| {
                self.keep_of(Some(urn), &name, value).map(|value| (name, value))
            })
            .collect();
        (!kept.is_empty()).then_some(Value::Object(kept))
    }

    /// Returns the selected parts of an attribute's value.
    fn keep_of(&self, extension: Option<&str>, name: &str, value: Value) -> Option<Value> {
        let paths: Vec<&AttrPath> = self
            .only
            .iter()
            .filter(|path| is_in(path, extension) && path.name.eq_ignore_ascii_case(name))
            .collect();
        if paths.is_empty() || paths.iter().any(|path| path.part.is_none()) {
            return (!paths.is_empty()).then_some(value);
        }
        let is_kept = |part: &str| {
            paths.iter().any(|path| {
                path.part.as_deref().is_some_and(|kept| kept.eq_ignore_ascii_case(part))
            })
        };
        Some(retain(value, is_kept))
    }
}

/// Whether a path is in this extension, or in none if `extension` is `None`.
fn is_in(path: &AttrPath, extension: Option<&str>) -> bool {
    match (&path.extension, extension) {
        (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
        (None, None) => true,
        _ => false,
    }
}

fn leave_out(fields: &mut Fields, path: &AttrPath) {
    let name = spelling(fields, &path.name);
    match &path.part {
        _ if ALWAYS.contains(&name.as_str()) => {}
        None => {
            fields.remove(&name);
        }
        Some(left_out) => {
            if let Some(value) = fields.remove(&name) {
                fields.insert(name, retain(value, |part| !part.eq_ignore_ascii_case(left_out)));
            }
        }
    }
}

/// Keeps only these parts of a value, or of each value of an array.
fn retain(value: Value, is_kept: impl Fn(&str) -> bool + Copy) -> Value {
    match value {
        Value::Object(mut fields) => {
            fields.retain(|part, _| is_kept(part));
            Value::Object(fields)
        }
        Value::Array(values) => {
            Value::Array(values.into_iter().map(|value| retain(value, is_kept)).collect())
        }
        plain => plain,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Selection;

    const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

    fn select(parameters: &[(&str, &str)]) -> Value {
        let Value::Object(user) = json!({
            "schemas": ["s"], "id": "1", "userName": "ada",
            "name": {"givenName": "Ada", "familyName": "Byron"},
            "emails": [{"value": "a", "type": "work"}, {"value": "b", "type": "home"}],
            ENTERPRISE: {"department": "Sales", "manager": {"value": "m", "displayName": "M"}},
        }) else {
            panic!("an object");
        };
        let mut selection = Selection::default();
        for (name, value) in parameters {
            assert!(selection.read(name, value), "{name}");
        }
        Value::Object(selection.of(user))
    }

    #[test]
    fn only_named_attributes_are_kept() {
        assert_eq!(
            select(&[("attributes", "USERNAME, name.familyName,emails.value,nothing")]),
            json!({
                "schemas": ["s"], "id": "1", "userName": "ada", "name": {"familyName": "Byron"},
                "emails": [{"value": "a"}, {"value": "b"}],
            })
        );
        assert_eq!(
            select(&[("attributes", &format!("{ENTERPRISE}:manager.value"))]),
            json!({"schemas": ["s"], "id": "1", ENTERPRISE: {"manager": {"value": "m"}}})
        );
        let whole = select(&[("attributes", ENTERPRISE)]);
        assert_eq!(whole[ENTERPRISE]["department"], "Sales");
        assert_eq!(whole.get("userName"), None);
        assert_eq!(select(&[("attributes", "a b")]), json!({"schemas": ["s"], "id": "1"}));
    }

    #[test]
    fn excluded_attributes_are_removed() {
        let excluded =
            format!("emails,name.GivenName,id,{ENTERPRISE}:department,{ENTERPRISE}:manager");
        assert_eq!(
            select(&[("excludedattributes", &excluded)]),
            json!({
                "schemas": ["s"], "id": "1", "userName": "ada", "name": {"familyName": "Byron"},
            })
        );
    }

    #[test]
    fn everything_is_returned_by_default() {
        assert_eq!(select(&[("attributes", "")]), select(&[]));
        assert!(!Selection::default().read("filter", "id pr"));
    }
}
