//! `attributes` and `excludedAttributes`: RFC 7644, section 3.9.

use serde_json::Value;

use super::attr::{AttrPath, Fields, spelling};

/// What every resource has, whatever is asked for.
const ALWAYS: [&str; 2] = ["schemas", "id"];

/// Which attributes to answer with; all of them by default.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Selection {
    only: Vec<AttrPath>,
    without: Vec<AttrPath>,
}

impl Selection {
    /// Reads one parameter of a query. Says whether it was one of these.
    pub(super) fn read(&mut self, name: &str, value: &str) -> bool {
        let list = if name.eq_ignore_ascii_case("attributes") {
            &mut self.only
        } else if name.eq_ignore_ascii_case("excludedAttributes") {
            &mut self.without
        } else {
            return false;
        };
        let names = value.split(',').map(str::trim).filter(|name| !name.is_empty());
        // What is no name is the name of nothing.
        list.extend(
            names.map(|name| AttrPath::read(name).unwrap_or_else(|| AttrPath::whole(name))),
        );
        true
    }

    /// Whether attributes are asked for by name.
    pub(super) fn is_explicit(&self) -> bool {
        !self.only.is_empty()
    }

    /// What is selected of a resource.
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

    /// What is kept of the value of an attribute.
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

/// Whether a path leads into this extension, or into none.
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

/// Only these parts of a value, or of each of many.
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
    fn only_what_is_named_is_kept() {
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
    fn what_is_excluded_is_left_out() {
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
    fn nothing_asked_is_everything() {
        assert_eq!(select(&[("attributes", "")]), select(&[]));
        assert!(!Selection::default().read("filter", "id pr"));
    }
}
